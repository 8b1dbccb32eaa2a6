"""Who may do what: ONE table of rules, which answers "may I?" (`check`, `may`) and "what may I?" (`allowed`, `offered`).

Deny by default: an action that no rule allows on a thing is refused. The order of the checks: is this an action on that thing;
is she still who she was (person, session, token); may her token; does she stand in the right relation; is it none of her own; is
she accredited; does the thing's state allow it; its own conditions; a step-up last, so that nobody is asked for one in vain.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from types import MappingProxyType
from typing import TypeAlias, final

from amana.policy import conditions as need
from amana.policy.people import Accreditation, Asker, Person, Scope, Token, Who
from amana.policy.projects import Job, Project
from amana.policy.things import (
    CommitmentOf,
    DatasetOf,
    EvidenceOf,
    MemberOf,
    ModelOf,
    Node,
    OutputOf,
    PermitOf,
    RoleOf,
    Thing,
    check_possible,
    project_of,
    stands,
)
from amana.policy.transitions import Event, ModelEvent, OutputEvent, PermitEvent, ProjectEvent, RunEvent, rule_of
from amana.terms.refusal import Refusal


class Action(Enum):
    """Everything that people do on a node. SEE_PUBLIC: datasets, profiles, budgets, registers."""

    SEE_PUBLIC = "see_public"
    DRY_RUN = "dry_run"
    PREVIEW = "preview"
    ASK = "ask"
    SEE_JOB = "see_job"
    CANCEL_JOB = "cancel_job"
    CREATE_PROJECT = "create_project"
    SEE_PROJECT = "see_project"
    EDIT_PROJECT = "edit_project"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"
    SUBMIT_PROJECT = "submit_project"
    WITHDRAW_PROJECT = "withdraw_project"
    CHANGE_PURPOSE = "change_purpose"
    CLOSE_PROJECT = "close_project"
    REVIEW_PROJECT = "review_project"
    RETURN_PROJECT = "return_project"
    APPROVE_PROJECT = "approve_project"
    REJECT_PROJECT = "reject_project"
    SUSPEND_PROJECT = "suspend_project"
    RESUME_PROJECT = "resume_project"
    REVOKE_PROJECT = "revoke_project"
    COMMENT_PROJECT = "comment_project"
    REQUEST_PERMIT = "request_permit"
    SEE_PERMIT = "see_permit"
    RETURN_PERMIT = "return_permit"
    REVISE_PERMIT = "revise_permit"
    GRANT_PERMIT = "grant_permit"
    REFUSE_PERMIT = "refuse_permit"
    WIDEN_PERMIT = "widen_permit"
    SUSPEND_PERMIT = "suspend_permit"
    RESUME_PERMIT = "resume_permit"
    REVOKE_PERMIT = "revoke_permit"
    PUBLISH_DATASET = "publish_dataset"
    RAISE_CAP = "raise_cap"
    ROTATE_KEYS = "rotate_keys"
    ADD_ORGANISATION = "add_organisation"
    ADD_PERSON = "add_person"
    SEE_PEOPLE = "see_people"
    DISABLE_PERSON = "disable_person"
    ENABLE_PERSON = "enable_person"
    GIVE_ROLE = "give_role"
    REVOKE_ROLE = "revoke_role"
    ACCREDIT = "accredit"
    REVOKE_ACCREDITATION = "revoke_accreditation"
    MAKE_TOKEN = "make_token"  # noqa: S105 - the name of an action
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - the name of an action
    KEEP_SETTINGS = "keep_settings"
    SEE_NOTICES = "see_notices"
    SEE_AUDIT = "see_audit"
    EXPORT_RECORD = "export_record"
    ADD_OUTPUT = "add_output"
    SEE_OUTPUT = "see_output"
    PROPOSE_OUTPUT = "propose_output"
    VOTE_OUTPUT = "vote_output"
    PUBLISH_OUTPUT = "publish_output"
    RETRACT_OUTPUT = "retract_output"
    SEE_MODEL = "see_model"
    DESCRIBE_MODEL = "describe_model"
    ASSESS_MODEL = "assess_model"
    REVISE_MODEL = "revise_model"
    REGISTER_MODEL = "register_model"
    SERVE_MODEL = "serve_model"
    SUSPEND_MODEL = "suspend_model"
    RESUME_MODEL = "resume_model"
    RETIRE_MODEL = "retire_model"
    ADOPT_PLAN = "adopt_plan"
    SUBMIT_EVIDENCE = "submit_evidence"
    VERIFY_EVIDENCE = "verify_evidence"
    DROP_COMMITMENT = "drop_commitment"
    RESUME_COMMITMENT = "resume_commitment"
    OPEN_CONSULTATION = "open_consultation"
    CLOSE_CONSULTATION = "close_consultation"
    COMMENT_PLAN = "comment_plan"
    MODERATE_COMMENT = "moderate_comment"
    ANSWER_COMMENT = "answer_comment"

    @property
    def word(self) -> str:
        """The code of the word for it in a refusal."""
        return f"word.action.{self.value}"


Condition: TypeAlias = Callable[[Asker, Thing, datetime], None]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """Who may do one action on things of these kinds.

    `who`: any one of these relations is enough. `scope`: what a token needs; None: no token will do. `aside`: whoever is or was in
    the project may not. `event`: what it makes happen; the thing's state must allow it. `conditions`: all must hold.
    """

    action: Action
    on: tuple[type, ...]
    who: tuple[Who, ...]
    scope: Scope | None
    step_up: bool = False
    accredited: bool = False
    aside: bool = False
    event: Event | None = None
    conditions: tuple[Condition, ...] = ()


def _by(event: Event, rule: Rule) -> Rule:
    """The rule of an action that moves a thing: who may and the step-up are those of the table of transitions."""
    who, step_up = rule_of(event)
    return replace(rule, who=who, step_up=step_up, event=event)


def _project(
    action: Action, event: ProjectEvent, scope: Scope, *conditions: Condition, aside: bool = False, accredited: bool = False
) -> Rule:
    rule = Rule(action=action, on=(Project,), who=(), scope=scope, aside=aside, accredited=accredited, conditions=conditions)
    return _by(event, rule)


def _permit(action: Action, event: PermitEvent, *conditions: Condition) -> Rule:
    return _by(event, Rule(action=action, on=(PermitOf,), who=(), scope=Scope.GOVERN, aside=True, conditions=conditions))


def _output(action: Action, event: OutputEvent, scope: Scope, *conditions: Condition, aside: bool = False) -> Rule:
    return _by(event, Rule(action=action, on=(OutputOf,), who=(), scope=scope, aside=aside, conditions=conditions))


def _model(action: Action, event: ModelEvent, scope: Scope, *conditions: Condition, aside: bool = False) -> Rule:
    return _by(event, Rule(action=action, on=(ModelOf,), who=(), scope=scope, aside=aside, conditions=conditions))


def _plain(action: Action, on: type, who: tuple[Who, ...], scope: Scope | None, *conditions: Condition) -> Rule:
    return Rule(action=action, on=(on,), who=who, scope=scope, conditions=conditions)


def _strong(action: Action, on: type, who: Who, scope: Scope, *conditions: Condition) -> Rule:
    """One that needs a step-up."""
    return replace(_plain(action, on, (who,), scope, *conditions), step_up=True)


_GRANTING = (need.project_open, need.dataset_reviewed, need.purposes_current, need.purposes_allowed)
_RULES = (
    Rule(action=Action.SEE_PUBLIC, on=(Node, DatasetOf), who=(Who.ANYONE,), scope=None),
    Rule(action=Action.DRY_RUN, on=(Node, DatasetOf), who=(Who.ANYONE,), scope=None),
    Rule(action=Action.PREVIEW, on=(Node, DatasetOf), who=(Who.PERSON,), scope=Scope.READ),
    # Asking, and one's own runs
    Rule(
        action=Action.ASK,
        on=(PermitOf,),
        who=(Who.MEMBER,),
        scope=Scope.ASK,
        accredited=True,
        conditions=(need.permit_usable, need.purposes_current),
    ),
    Rule(action=Action.SEE_JOB, on=(Job,), who=(Who.OWNER,), scope=Scope.READ, accredited=True),
    _by(RunEvent.CANCEL, Rule(action=Action.CANCEL_JOB, on=(Job,), who=(), scope=Scope.ASK)),
    # Applying
    _plain(Action.CREATE_PROJECT, Node, (Who.RESEARCHER,), Scope.APPLY),
    Rule(
        action=Action.SEE_PROJECT,
        on=(Project, PermitOf),
        who=(Who.MEMBER, Who.REVIEWER, Who.DECIDER, Who.CUSTODIAN, Who.AUDITOR),
        scope=Scope.READ,
        conditions=(need.seen_by_others,),
    ),
    Rule(
        action=Action.COMMENT_PROJECT,
        on=(Project,),
        who=(Who.MEMBER, Who.REVIEWER, Who.DECIDER, Who.CUSTODIAN),
        scope=Scope.APPLY,
        conditions=(need.seen_by_others,),
    ),
    _project(Action.EDIT_PROJECT, ProjectEvent.EDIT, Scope.APPLY),
    _by(
        ProjectEvent.ADD_MEMBER,
        Rule(action=Action.ADD_MEMBER, on=(MemberOf,), who=(), scope=Scope.APPLY, conditions=(need.fit_to_join,)),
    ),
    _by(
        ProjectEvent.REMOVE_MEMBER,
        Rule(action=Action.REMOVE_MEMBER, on=(MemberOf,), who=(), scope=Scope.APPLY, conditions=(need.fit_to_leave,)),
    ),
    _project(Action.SUBMIT_PROJECT, ProjectEvent.SUBMIT, Scope.APPLY, need.complete, accredited=True),
    _project(Action.WITHDRAW_PROJECT, ProjectEvent.WITHDRAW, Scope.APPLY),
    _project(Action.CHANGE_PURPOSE, ProjectEvent.CHANGE_PURPOSE, Scope.APPLY),
    _project(Action.CLOSE_PROJECT, ProjectEvent.CLOSE, Scope.APPLY),
    _project(Action.REQUEST_PERMIT, ProjectEvent.REQUEST_PERMIT, Scope.APPLY, need.project_open, accredited=True),
    _by(
        PermitEvent.REVISE,
        Rule(
            action=Action.REVISE_PERMIT,
            on=(PermitOf,),
            who=(),
            scope=Scope.APPLY,
            accredited=True,
            conditions=(need.project_open, need.dataset_reviewed),
        ),
    ),
    # Reviewing and deciding: never one's own, and not both
    _project(Action.REVIEW_PROJECT, ProjectEvent.REVIEW, Scope.REVIEW, need.not_reviewed_yet, aside=True),
    _project(Action.RETURN_PROJECT, ProjectEvent.RETURN, Scope.GOVERN, need.not_reviewer, aside=True),
    _project(Action.APPROVE_PROJECT, ProjectEvent.APPROVE, Scope.GOVERN, need.not_reviewer, need.reviewed_enough, aside=True),
    _project(Action.REJECT_PROJECT, ProjectEvent.REJECT, Scope.GOVERN, need.not_reviewer, need.reviewed_enough, aside=True),
    _project(Action.SUSPEND_PROJECT, ProjectEvent.SUSPEND, Scope.GOVERN, aside=True),
    _project(Action.RESUME_PROJECT, ProjectEvent.RESUME, Scope.GOVERN, aside=True),
    _project(Action.REVOKE_PROJECT, ProjectEvent.REVOKE, Scope.GOVERN, aside=True),
    # The custodian's own word on each permit
    _plain(Action.SEE_PERMIT, PermitOf, (Who.MEMBER, Who.CUSTODIAN, Who.DECIDER, Who.AUDITOR), Scope.READ),
    _permit(Action.RETURN_PERMIT, PermitEvent.RETURN),
    _permit(Action.GRANT_PERMIT, PermitEvent.GRANT, *_GRANTING),
    _permit(Action.REFUSE_PERMIT, PermitEvent.REFUSE),
    _permit(Action.WIDEN_PERMIT, PermitEvent.WIDEN, *_GRANTING),
    _permit(Action.SUSPEND_PERMIT, PermitEvent.SUSPEND),
    _permit(Action.RESUME_PERMIT, PermitEvent.RESUME, *_GRANTING),
    _permit(Action.REVOKE_PERMIT, PermitEvent.REVOKE),
    _strong(Action.PUBLISH_DATASET, DatasetOf, Who.CUSTODIAN, Scope.PUBLISH),
    _strong(Action.RAISE_CAP, DatasetOf, Who.CUSTODIAN, Scope.PUBLISH),
    # The machine and its people. An operator adds people; what they may do is for a decider to say.
    _strong(Action.ROTATE_KEYS, Node, Who.OPERATOR, Scope.OPERATE),
    _plain(Action.ADD_ORGANISATION, Node, (Who.OPERATOR,), Scope.OPERATE),
    _plain(Action.ADD_PERSON, Node, (Who.OPERATOR,), Scope.OPERATE),
    _plain(Action.SEE_PEOPLE, Node, (Who.OPERATOR, Who.DECIDER, Who.AUDITOR), Scope.READ),
    _plain(Action.DISABLE_PERSON, Person, (Who.OPERATOR, Who.DECIDER), Scope.OPERATE, need.not_herself),
    _plain(Action.ENABLE_PERSON, Person, (Who.DECIDER,), Scope.GOVERN, need.not_herself),
    _strong(Action.GIVE_ROLE, RoleOf, Who.DECIDER, Scope.GOVERN, need.not_herself, need.roles_compatible),
    _plain(Action.REVOKE_ROLE, RoleOf, (Who.DECIDER,), Scope.GOVERN, need.not_herself),
    _plain(Action.ACCREDIT, Person, (Who.DECIDER,), Scope.GOVERN, need.not_herself),
    _plain(Action.REVOKE_ACCREDITATION, Accreditation, (Who.DECIDER,), Scope.GOVERN, need.not_herself),
    # A token makes no tokens: a stolen one must not outlive its own end.
    _plain(Action.MAKE_TOKEN, Node, (Who.PERSON,), None),
    _plain(Action.REVOKE_TOKEN, Token, (Who.OWNER, Who.OPERATOR), None),
    # What is one's own: how one is reached, and what one is told
    _plain(Action.KEEP_SETTINGS, Node, (Who.PERSON,), None),
    _plain(Action.SEE_NOTICES, Node, (Who.PERSON,), Scope.READ),
    _plain(Action.SEE_AUDIT, Node, (Who.AUDITOR,), Scope.READ),
    Rule(action=Action.EXPORT_RECORD, on=(Node, DatasetOf), who=(Who.AUDITOR, Who.CUSTODIAN), scope=Scope.READ),
    # What is said in public of released answers: texts, code, derivations
    _plain(Action.ADD_OUTPUT, Project, (Who.MEMBER,), Scope.APPLY, need.past_first_draft),
    _plain(Action.SEE_OUTPUT, OutputOf, (Who.MEMBER, Who.REVIEWER, Who.DECIDER), Scope.READ, need.output_seen),
    _output(Action.PROPOSE_OUTPUT, OutputEvent.PROPOSE, Scope.APPLY),
    _output(Action.VOTE_OUTPUT, OutputEvent.VOTE, Scope.REVIEW, need.not_voted_yet, aside=True),
    _output(Action.PUBLISH_OUTPUT, OutputEvent.PUBLISH, Scope.GOVERN, aside=True),
    _output(Action.RETRACT_OUTPUT, OutputEvent.RETRACT, Scope.APPLY),
    # AI systems: the team describes and registers; others assess, and say when it serves
    _plain(Action.SEE_MODEL, ModelOf, (Who.MEMBER, Who.CUSTODIAN, Who.DECIDER, Who.AUDITOR), Scope.READ),
    _model(Action.DESCRIBE_MODEL, ModelEvent.DESCRIBE, Scope.APPLY),
    _model(Action.ASSESS_MODEL, ModelEvent.ASSESS, Scope.GOVERN, need.described, need.not_describer, aside=True),
    _model(Action.REVISE_MODEL, ModelEvent.REVISE, Scope.APPLY),
    _model(Action.REGISTER_MODEL, ModelEvent.REGISTER, Scope.APPLY),
    _model(Action.SERVE_MODEL, ModelEvent.SERVE, Scope.GOVERN, aside=True),
    _model(Action.SUSPEND_MODEL, ModelEvent.SUSPEND, Scope.GOVERN, aside=True),
    _model(Action.RESUME_MODEL, ModelEvent.RESUME, Scope.GOVERN, aside=True),
    _model(Action.RETIRE_MODEL, ModelEvent.RETIRE, Scope.APPLY),
    # The national programme: its owner brings evidence, another organisation verifies it, and no status is for anybody to set
    _strong(Action.ADOPT_PLAN, Node, Who.DECIDER, Scope.GOVERN),
    _plain(Action.SUBMIT_EVIDENCE, CommitmentOf, (Who.PLANNER,), Scope.GOVERN),
    _strong(Action.VERIFY_EVIDENCE, EvidenceOf, Who.VERIFIER, Scope.GOVERN, need.other_organisation, need.not_verified_yet),
    _strong(Action.DROP_COMMITMENT, CommitmentOf, Who.DECIDER, Scope.GOVERN),
    _plain(Action.RESUME_COMMITMENT, CommitmentOf, (Who.DECIDER,), Scope.GOVERN),
    # Comments on a version before it is adopted: without an account by a letter, else in one's organisation's name
    _strong(Action.OPEN_CONSULTATION, Node, Who.DECIDER, Scope.GOVERN),
    _strong(Action.CLOSE_CONSULTATION, Node, Who.DECIDER, Scope.GOVERN),
    _plain(Action.COMMENT_PLAN, Node, (Who.PERSON,), Scope.APPLY),
    _plain(Action.MODERATE_COMMENT, Node, (Who.DECIDER,), Scope.GOVERN),
    Rule(action=Action.ANSWER_COMMENT, on=(Node, CommitmentOf), who=(Who.DECIDER, Who.PLANNER), scope=Scope.GOVERN),
)

RULES: Mapping[Action, Rule] = MappingProxyType({rule.action: rule for rule in _RULES})

_NEEDED: Mapping[Who, str] = MappingProxyType(
    {
        Who.OWNER: "rights.owner_needed",
        Who.RESEARCHER: "rights.researcher_needed",
        Who.APPLICANT: "rights.applicant_needed",
        Who.MEMBER: "rights.member_needed",
        Who.AUTHOR: "rights.author_needed",
        Who.REVIEWER: "rights.reviewer_needed",
        Who.DECIDER: "rights.decider_needed",
        Who.CUSTODIAN: "rights.custodian_needed",
        Who.OPERATOR: "rights.operator_needed",
        Who.AUDITOR: "rights.auditor_needed",
        Who.PLANNER: "rights.planner_needed",
        Who.VERIFIER: "rights.verifier_needed",
    }
)
"""The refusal for whoever stands in none of a rule's relations: the first of them says what is missing."""


def check(action: Action, asker: Asker | None, *, on: Thing, now: datetime) -> None:
    """Return if the asker may do this to that thing at this moment. None: a stranger, who has not signed in.

    Errors: Refusal rights.* and those of `conditions.py`; each says what is missing.
    """
    rule = RULES.get(action)
    if rule is None or not isinstance(on, rule.on):
        raise Refusal("rights.not_on_this", action=action.word)
    if Who.ANYONE in rule.who:
        return
    if asker is None:
        raise Refusal("rights.sign_in_needed", action=action.word)
    _check_presence(rule, asker, now=now)
    if not any(stands(who, asker, on=on) for who in rule.who):
        raise unfit(rule)
    project = project_of(on)
    if rule.aside and project is not None and project.involves(asker.person.id):
        raise Refusal("rights.own_project", action=action.word, project=project.id)
    if rule.accredited and not asker.accredited(now):
        raise Refusal("rights.not_accredited", action=action.word)
    if rule.event is not None:
        check_possible(on, event=rule.event)
    for condition in rule.conditions:
        condition(asker, on, now)
    if rule.step_up and not asker.stepped_up(now):
        raise Refusal("rights.step_up_needed", action=action.word)


def unfit(rule: Rule) -> Refusal:
    """What whoever stands in none of a rule's relations is told."""
    return Refusal(_NEEDED[rule.who[0]], action=rule.action.word)


def may(action: Action, asker: Asker | None, *, on: Thing, now: datetime) -> bool:
    """Whether `check` would let it pass."""
    try:
        check(action, asker, on=on, now=now)
    except Refusal:
        return False
    return True


def allowed(asker: Asker | None, *, on: Thing, now: datetime) -> tuple[Action, ...]:
    """Everything that this asker may do to that thing at this moment."""
    return tuple(action for action in RULES if may(action, asker, on=on, now=now))


def offered(asker: Asker, *, on: Thing, now: datetime) -> tuple[Action, ...]:
    """What she may do once she has stepped up: the buttons of a page."""
    return allowed(replace(asker, stepped_up_at=now), on=on, now=now)


def _check_presence(rule: Rule, asker: Asker, *, now: datetime) -> None:
    """The person, and what speaks for her at this request: a session, or a token within its scopes."""
    token = asker.token
    if asker.person.disabled_at is not None:
        raise Refusal("rights.person_disabled")
    if token is None:
        if not asker.signed_in(now):
            raise Refusal("rights.session_old")
        return
    if not token.valid(now):
        raise Refusal("rights.token_ended", token=token.id)
    if rule.scope is None:
        raise Refusal("rights.no_token", action=rule.action.word)
    if rule.scope not in token.scopes:
        raise Refusal("rights.token_scope", token=token.id, scope=rule.scope.value, action=rule.action.word)
