"""One table of rules answers "may I?" and "what may I?", and denies by default."""

from dataclasses import replace
from datetime import timedelta

import pytest

from amana.policy.people import Asker, Role, Scope
from amana.policy.projects import Job
from amana.policy.purposes import Match, Outcome
from amana.policy.rights import RULES, Action, allowed, check, may, offered
from amana.policy.things import CommitmentOf, DatasetOf, EvidenceOf, MemberOf, ModelOf, Node, OutputOf, PermitOf, RoleOf, Thing
from amana.policy.transitions import ModelState, OutputState, PermitState, ProjectState, RunState
from amana.terms.ids import JobId, ProjectId
from amana.terms.refusal import Refusal
from tests.people import (
    CENTRE,
    CLINIC,
    NOW,
    PARTS,
    UNIVERSITY,
    accreditation,
    asker,
    model,
    output,
    person,
    pid,
    project,
    record,
    review,
    vote,
    with_token,
)

DATASET = DatasetOf(name="clinic", custodian=CLINIC)
PERMIT = PermitOf(record=record(), project=project())
REQUESTED = PermitOf(record=record(PermitState.REQUESTED), project=project())
SUBMITTED = project(ProjectState.SUBMITTED)
REVIEWED = replace(SUBMITTED, reviews=(review("reviewer"), review("second")))
CHECKING = OutputOf(output=output(), project=project())
PROMISED = CommitmentOf(plan="national-ai", commitment="training", owner=UNIVERSITY)
BROUGHT = EvidenceOf(evidence="e-1", owner=UNIVERSITY, organisation=UNIVERSITY, submitted_by=pid("planner"), verified=False)
EVERYBODY = tuple(PARTS)
OVERSEERS = {"custodian", "decider"}


def model_in(state: ModelState) -> ModelOf:
    return ModelOf(model=model(state), project=project())


def refused(action: Action, who: Asker | None, *, on: Thing) -> str:
    with pytest.raises(Refusal) as caught:
        check(action, who, on=on, now=NOW)
    return caught.value.code


def who_may(action: Action, *, on: Thing) -> set[str]:
    return {name for name in EVERYBODY if may(action, asker(name), on=on, now=NOW)}


def test_every_action_has_one_rule() -> None:
    assert set(RULES) == set(Action)


@pytest.mark.parametrize(
    ("action", "on", "who"),
    [
        (Action.SEE_PUBLIC, DATASET, set(EVERYBODY)),
        (Action.PREVIEW, DATASET, set(EVERYBODY)),
        (Action.ASK, PERMIT, {"applicant", "member"}),
        (Action.CREATE_PROJECT, Node(), {"applicant", "member", "stranger"}),
        (Action.SEE_PROJECT, project(ProjectState.DRAFT), {"applicant", "member"}),
        (Action.SEE_PROJECT, SUBMITTED, {"applicant", "member", "reviewer", "second", "decider", "auditor"}),
        (Action.SEE_PROJECT, PERMIT, {"applicant", "member", "reviewer", "second", "decider", "auditor", "custodian"}),
        (Action.COMMENT_PROJECT, project(ProjectState.DRAFT), {"applicant", "member"}),
        (Action.COMMENT_PROJECT, SUBMITTED, {"applicant", "member", "reviewer", "second", "decider"}),
        (
            Action.COMMENT_PROJECT,
            replace(SUBMITTED, custodians=(CLINIC,)),
            {"applicant", "member", "reviewer", "second", "decider", "custodian"},
        ),
        (Action.EDIT_PROJECT, project(ProjectState.DRAFT), {"applicant", "member"}),
        (Action.EDIT_PROJECT, SUBMITTED, set()),
        (Action.SUBMIT_PROJECT, project(ProjectState.RETURNED), {"applicant"}),
        (Action.WITHDRAW_PROJECT, SUBMITTED, {"applicant"}),
        (Action.CHANGE_PURPOSE, project(), {"applicant"}),
        (Action.CHANGE_PURPOSE, project(ProjectState.SUSPENDED), set()),
        (Action.CLOSE_PROJECT, project(), {"applicant"}),
        (Action.REVIEW_PROJECT, SUBMITTED, {"reviewer", "second"}),
        (Action.RETURN_PROJECT, SUBMITTED, {"decider"}),
        (Action.APPROVE_PROJECT, SUBMITTED, set()),
        (Action.APPROVE_PROJECT, REVIEWED, {"decider"}),
        (Action.REJECT_PROJECT, REVIEWED, {"decider"}),
        (Action.SUSPEND_PROJECT, project(), {"decider"}),
        (Action.RESUME_PROJECT, project(ProjectState.SUSPENDED), {"decider"}),
        (Action.REVOKE_PROJECT, project(), {"decider"}),
        (Action.REQUEST_PERMIT, project(ProjectState.APPROVED), {"applicant"}),
        (Action.SEE_PERMIT, PERMIT, {"applicant", "member", "custodian", "decider", "auditor"}),
        (Action.RETURN_PERMIT, REQUESTED, {"custodian"}),
        (Action.REVISE_PERMIT, PermitOf(record=record(PermitState.RETURNED), project=project()), {"applicant"}),
        (Action.REVISE_PERMIT, PermitOf(record=record(PermitState.RETURNED), project=project(ProjectState.SUSPENDED)), set()),
        (Action.GRANT_PERMIT, REQUESTED, {"custodian"}),
        (Action.REFUSE_PERMIT, REQUESTED, {"custodian"}),
        (Action.WIDEN_PERMIT, PERMIT, {"custodian"}),
        (Action.SUSPEND_PERMIT, PERMIT, {"custodian"}),
        (Action.RESUME_PERMIT, PermitOf(record=record(PermitState.SUSPENDED), project=project()), {"custodian"}),
        (Action.REVOKE_PERMIT, PERMIT, {"custodian"}),
        (Action.PUBLISH_DATASET, DATASET, {"custodian"}),
        (Action.RAISE_CAP, DATASET, {"custodian"}),
        (Action.ROTATE_KEYS, Node(), {"operator"}),
        (Action.ADD_ORGANISATION, Node(), {"operator"}),
        (Action.ADD_PERSON, Node(), {"operator"}),
        (Action.SEE_PEOPLE, Node(), {"operator", "decider", "auditor"}),
        (Action.DISABLE_PERSON, person("stranger"), {"operator", "decider"}),
        (Action.ENABLE_PERSON, person("stranger"), {"decider"}),
        (Action.GIVE_ROLE, RoleOf(person=person("stranger"), role=Role.REVIEWER), {"decider"}),
        (Action.REVOKE_ROLE, RoleOf(person=person("stranger"), role=Role.RESEARCHER), {"decider"}),
        (Action.ACCREDIT, person("stranger"), {"decider"}),
        (Action.REVOKE_ACCREDITATION, accreditation("stranger"), {"decider"}),
        (Action.MAKE_TOKEN, Node(), set(EVERYBODY)),
        (Action.KEEP_SETTINGS, Node(), set(EVERYBODY)),
        (Action.SEE_NOTICES, Node(), set(EVERYBODY)),
        (Action.SEE_AUDIT, Node(), {"auditor"}),
        (Action.EXPORT_RECORD, Node(), {"auditor"}),
        (Action.EXPORT_RECORD, DATASET, {"auditor", "custodian"}),
        (Action.ADD_MEMBER, MemberOf(person=person("stranger"), project=project()), {"applicant"}),
        (Action.REMOVE_MEMBER, MemberOf(person=person("member"), project=project()), {"applicant"}),
        (Action.ADD_OUTPUT, project(), {"applicant", "member"}),
        (Action.SEE_OUTPUT, CHECKING, {"applicant", "member", "reviewer", "second", "decider"}),
        (Action.SEE_OUTPUT, OutputOf(output=output(OutputState.RELEASED), project=project()), {"applicant", "member"}),
        (Action.PROPOSE_OUTPUT, OutputOf(output=output(OutputState.RELEASED), project=project()), {"member"}),
        (Action.VOTE_OUTPUT, CHECKING, {"reviewer", "second"}),
        (Action.PUBLISH_OUTPUT, OutputOf(output=output(OutputState.APPROVED), project=project()), {"decider"}),
        (Action.RETRACT_OUTPUT, OutputOf(output=output(OutputState.PUBLISHED), project=project()), {"member", "decider"}),
        (
            Action.SEE_MODEL,
            model_in(ModelState.TRAINED),
            {"applicant", "member", "decider", "custodian", "auditor"},
        ),
        (Action.DESCRIBE_MODEL, model_in(ModelState.TRAINED), {"applicant", "member"}),
        (Action.DESCRIBE_MODEL, model_in(ModelState.REGISTERED), set()),
        (Action.ASSESS_MODEL, model_in(ModelState.TRAINED), OVERSEERS),
        (Action.REVISE_MODEL, model_in(ModelState.ASSESSED), {"applicant", "member"}),
        (Action.REGISTER_MODEL, model_in(ModelState.ASSESSED), {"applicant", "member"}),
        (Action.REGISTER_MODEL, model_in(ModelState.TRAINED), set()),
        (Action.SERVE_MODEL, model_in(ModelState.REGISTERED), OVERSEERS),
        (Action.SUSPEND_MODEL, model_in(ModelState.IN_SERVICE), OVERSEERS),
        (Action.RESUME_MODEL, model_in(ModelState.SUSPENDED), OVERSEERS),
        (Action.RETIRE_MODEL, model_in(ModelState.IN_SERVICE), {"applicant", "member", "custodian"}),
        (Action.ADOPT_PLAN, Node(), {"decider"}),
        (Action.SUBMIT_EVIDENCE, PROMISED, {"planner"}),
        (Action.SUBMIT_EVIDENCE, replace(PROMISED, owner=CENTRE), set()),
        (Action.VERIFY_EVIDENCE, BROUGHT, {"verifier"}),
        (Action.VERIFY_EVIDENCE, replace(BROUGHT, owner=CENTRE), {"verifier"}),
        (Action.VERIFY_EVIDENCE, replace(BROUGHT, owner=CLINIC), set()),
        (Action.VERIFY_EVIDENCE, replace(BROUGHT, verified=True), set()),
        (Action.VERIFY_EVIDENCE, replace(BROUGHT, submitted_by=pid("verifier")), set()),
        (Action.DROP_COMMITMENT, PROMISED, {"decider"}),
        (Action.RESUME_COMMITMENT, PROMISED, {"decider"}),
    ],
)
def test_an_action_is_for_these_people_and_for_nobody_else(action: Action, on: Thing, who: set[str]) -> None:
    assert who_may(action, on=on) == who


def test_a_stranger_who_has_not_signed_in_sees_what_is_public_and_nothing_else() -> None:
    assert allowed(None, on=DATASET, now=NOW) == (Action.SEE_PUBLIC, Action.DRY_RUN)
    assert allowed(None, on=PERMIT, now=NOW) == ()
    assert refused(Action.ASK, None, on=PERMIT) == "rights.sign_in_needed"


def test_an_action_on_a_thing_of_another_kind_is_refused() -> None:
    assert refused(Action.ASK, asker("member"), on=Node()) == "rights.not_on_this"


def test_an_operator_neither_grants_nor_judges_nor_asks_nor_reads_a_project() -> None:
    operator = asker("operator")
    things = (PERMIT, REQUESTED, SUBMITTED, REVIEWED, project(), CHECKING, DATASET, *map(model_in, ModelState))
    found = {action for on in things for action in allowed(operator, on=on, now=NOW)}
    assert found == {Action.SEE_PUBLIC, Action.DRY_RUN, Action.PREVIEW}


def test_an_operator_gets_no_other_role_and_nobody_else_becomes_one() -> None:
    assert refused(Action.GIVE_ROLE, asker("decider"), on=RoleOf(person=person("operator"), role=Role.DECIDER)) == "rights.roles_conflict"
    assert refused(Action.GIVE_ROLE, asker("decider"), on=RoleOf(person=person("stranger"), role=Role.OPERATOR)) == "rights.roles_conflict"
    with pytest.raises(AssertionError):
        person("operator", Role.OPERATOR, Role.AUDITOR)


def test_nobody_gives_herself_a_role_or_an_accreditation() -> None:
    decider = asker("decider")
    assert refused(Action.GIVE_ROLE, decider, on=RoleOf(person=decider.person, role=Role.CUSTODIAN)) == "rights.not_self"
    assert refused(Action.ACCREDIT, decider, on=decider.person) == "rights.not_self"
    assert refused(Action.REVOKE_ACCREDITATION, decider, on=accreditation("decider")) == "rights.not_self"


@pytest.mark.parametrize("inside", ["member", "applicant"])
@pytest.mark.parametrize(
    ("action", "on"),
    [
        (Action.REVIEW_PROJECT, SUBMITTED),
        (Action.APPROVE_PROJECT, REVIEWED),
        (Action.REJECT_PROJECT, REVIEWED),
        (Action.RESUME_PROJECT, project(ProjectState.SUSPENDED)),
        (Action.GRANT_PERMIT, REQUESTED),
        (Action.WIDEN_PERMIT, PERMIT),
        (Action.VOTE_OUTPUT, CHECKING),
        (Action.PUBLISH_OUTPUT, OutputOf(output=output(OutputState.APPROVED), project=project())),
        (Action.ASSESS_MODEL, model_in(ModelState.TRAINED)),
        (Action.SERVE_MODEL, model_in(ModelState.REGISTERED)),
        (Action.RESUME_MODEL, model_in(ModelState.SUSPENDED)),
    ],
)
def test_a_member_never_acts_on_her_own_project_whatever_her_roles(inside: str, action: Action, on: Thing) -> None:
    every = (Role.RESEARCHER, Role.REVIEWER, Role.DECIDER, Role.CUSTODIAN, Role.AUDITOR)
    insider = asker(inside, *every)
    insider = replace(insider, person=replace(insider.person, organisation=CLINIC))
    assert refused(action, insider, on=on) == "rights.own_project"


def test_who_was_a_member_once_does_not_judge_the_project_later() -> None:
    left = replace(SUBMITTED, former=(pid("reviewer"),))
    assert refused(Action.REVIEW_PROJECT, asker("reviewer"), on=left) == "rights.own_project"


def test_who_judged_a_project_does_not_join_it() -> None:
    judged = replace(project(), reviews=(review("stranger"),))
    assert refused(Action.ADD_MEMBER, asker("applicant"), on=MemberOf(person=person("stranger"), project=judged)) == "project.member_judged"
    decided = replace(project(), deciders=(pid("stranger"),))
    assert (
        refused(Action.ADD_MEMBER, asker("applicant"), on=MemberOf(person=person("stranger"), project=decided)) == "project.member_judged"
    )


def test_a_member_is_an_enabled_researcher_and_the_applicant_stays() -> None:
    applicant = asker("applicant")
    assert refused(Action.ADD_MEMBER, applicant, on=MemberOf(person=person("auditor"), project=project())) == "project.member_unfit"
    gone = replace(person("stranger"), disabled_at=NOW)
    assert refused(Action.ADD_MEMBER, applicant, on=MemberOf(person=gone, project=project())) == "project.member_unfit"
    assert refused(Action.REMOVE_MEMBER, applicant, on=MemberOf(person=applicant.person, project=project())) == "project.applicant_stays"


def test_a_decision_needs_two_reviews_of_this_version_by_people_outside() -> None:
    decider = asker("decider")
    assert refused(Action.APPROVE_PROJECT, decider, on=replace(SUBMITTED, reviews=(review("reviewer"),))) == "review.too_few"
    old = replace(REVIEWED, version=2)
    assert refused(Action.APPROVE_PROJECT, decider, on=old) == "review.too_few"
    same = replace(SUBMITTED, reviews=(review("reviewer"), review("reviewer")))
    assert refused(Action.APPROVE_PROJECT, decider, on=same) == "review.too_few"
    inside = replace(REVIEWED, former=(pid("second"),))
    assert refused(Action.APPROVE_PROJECT, decider, on=inside) == "review.too_few"


def test_a_reviewer_reviews_a_version_once_and_does_not_decide() -> None:
    both = asker("reviewer", Role.REVIEWER, Role.DECIDER)
    assert refused(Action.REVIEW_PROJECT, both, on=REVIEWED) == "review.already_given"
    assert refused(Action.APPROVE_PROJECT, both, on=REVIEWED) == "review.decider_reviewed"
    assert may(Action.REVIEW_PROJECT, both, on=replace(REVIEWED, version=2), now=NOW)


def test_a_permit_whose_purposes_are_forbidden_cannot_be_granted() -> None:
    forbidden = PermitOf(record=record(PermitState.REQUESTED, match=Match(outcome=Outcome.FORBIDDEN, reasons=())), project=project())
    assert refused(Action.GRANT_PERMIT, asker("custodian"), on=forbidden) == "permit.purpose_forbidden"


def test_a_permit_requested_for_earlier_purposes_cannot_be_granted() -> None:
    changed = PermitOf(record=record(PermitState.REQUESTED), project=project(version=2))
    assert refused(Action.GRANT_PERMIT, asker("custodian"), on=changed) == "permit.purpose_changed"


def test_a_permit_of_a_project_that_is_not_approved_cannot_be_granted() -> None:
    early = PermitOf(record=record(PermitState.REQUESTED), project=SUBMITTED)
    assert refused(Action.GRANT_PERMIT, asker("custodian"), on=early) == "project.waiting"


def test_an_incomplete_project_cannot_be_submitted_and_the_fields_are_named() -> None:
    empty = replace(project(ProjectState.DRAFT), lay_summary=(("en", " "),), purposes=(), ends_on=NOW)
    with pytest.raises(Refusal) as caught:
        check(Action.SUBMIT_PROJECT, asker("applicant"), on=empty, now=NOW)
    assert caught.value.parameters["fields"] == "lay_summary, purposes, ends_on"


@pytest.mark.parametrize("state", [RunState.RECEIVED, RunState.ADMITTED])
def test_a_job_is_seen_and_cancelled_by_its_owner_alone_before_it_is_charged(state: RunState) -> None:
    job = Job(id=JobId("job-1"), owner=pid("member"), state=state)
    assert who_may(Action.SEE_JOB, on=job) == who_may(Action.CANCEL_JOB, on=job) == {"member"}
    assert refused(Action.CANCEL_JOB, asker("member"), on=replace(job, state=RunState.RESERVED)) == "lifecycle.not_possible"


def test_two_people_vote_once_each_and_no_third() -> None:
    once = OutputOf(output=output(OutputState.CHECKING, vote("reviewer")), project=project())
    assert refused(Action.VOTE_OUTPUT, asker("reviewer"), on=once) == "output.voted"
    twice = OutputOf(output=output(OutputState.CHECKING, vote("reviewer"), vote("second")), project=project())
    assert refused(Action.VOTE_OUTPUT, asker("stranger", Role.REVIEWER), on=twice) == "output.votes_full"


@pytest.mark.parametrize("action", [action for action, rule in RULES.items() if rule.step_up])
def test_a_step_up_is_asked_for_last_and_only_where_it_would_help(action: Action) -> None:
    things: dict[Action, tuple[str, Thing]] = {
        Action.GRANT_PERMIT: ("custodian", REQUESTED),
        Action.WIDEN_PERMIT: ("custodian", PERMIT),
        Action.RESUME_PERMIT: ("custodian", PermitOf(record=record(PermitState.SUSPENDED), project=project())),
        Action.PUBLISH_DATASET: ("custodian", DATASET),
        Action.RAISE_CAP: ("custodian", DATASET),
        Action.ROTATE_KEYS: ("operator", Node()),
        Action.GIVE_ROLE: ("decider", RoleOf(person=person("stranger"), role=Role.REVIEWER)),
        Action.PUBLISH_OUTPUT: ("decider", OutputOf(output=output(OutputState.APPROVED), project=project())),
        Action.ASSESS_MODEL: ("decider", model_in(ModelState.TRAINED)),
        Action.SERVE_MODEL: ("custodian", model_in(ModelState.REGISTERED)),
        Action.RESUME_MODEL: ("custodian", model_in(ModelState.SUSPENDED)),
        **{each: ("decider", Node()) for each in (Action.ADOPT_PLAN, Action.OPEN_CONSULTATION, Action.CLOSE_CONSULTATION)},
        Action.VERIFY_EVIDENCE: ("verifier", BROUGHT),
        Action.DROP_COMMITMENT: ("decider", PROMISED),
    }
    name, on = things[action]
    whom = asker(name, Role.VERIFIER) if name == "verifier" else asker(name)
    for moment in (None, NOW - timedelta(minutes=10), NOW + timedelta(minutes=1)):
        stale = replace(whom, stepped_up_at=moment)
        assert refused(action, stale, on=on) == "rights.step_up_needed"
        assert action in offered(stale, on=on, now=NOW)
    assert refused(action, replace(asker("stranger"), stepped_up_at=None), on=on) != "rights.step_up_needed"


def test_a_disabled_person_is_refused_whatever_else_is_true_even_if_the_clock_goes_back() -> None:
    gone = replace(asker("member"), person=replace(person("member"), disabled_at=NOW + timedelta(days=1)))
    assert refused(Action.ASK, gone, on=PERMIT) == "rights.person_disabled"
    assert allowed(gone, on=Node(), now=NOW) == (Action.SEE_PUBLIC, Action.DRY_RUN)


def test_an_accreditation_that_ended_or_was_revoked_stops_the_next_question() -> None:
    ended = replace(accreditation("member"), valid_until=NOW)
    revoked = replace(accreditation("member"), revoked_at=NOW - timedelta(days=1))
    early = replace(accreditation("member"), valid_from=NOW + timedelta(seconds=1))
    for accreditations in ((), (ended,), (revoked,), (early,)):
        assert refused(Action.ASK, replace(asker("member"), accreditations=accreditations), on=PERMIT) == "rights.not_accredited"


def test_a_session_ends_and_a_sign_in_of_tomorrow_is_none() -> None:
    for moment in (NOW - timedelta(hours=12), NOW + timedelta(seconds=1)):
        assert refused(Action.ASK, replace(asker("member"), signed_in_at=moment), on=PERMIT) == "rights.session_old"


def test_a_token_does_what_its_scopes_say_and_makes_no_tokens() -> None:
    reading = with_token(asker("member"), Scope.READ)
    assert refused(Action.ASK, reading, on=PERMIT) == "rights.token_scope"
    assert may(Action.SEE_PROJECT, reading, on=PERMIT, now=NOW)
    every = with_token(asker("member"), *Scope)
    assert may(Action.ASK, every, on=PERMIT, now=NOW)
    assert refused(Action.MAKE_TOKEN, every, on=Node()) == "rights.no_token"


def test_a_token_that_expired_or_was_revoked_is_refused_also_with_a_fresh_session() -> None:
    who = with_token(asker("member"), *Scope)
    assert who.token is not None
    for token in (replace(who.token, expires_at=NOW), replace(who.token, revoked_at=NOW + timedelta(days=1))):
        assert refused(Action.ASK, replace(who, token=token), on=PERMIT) == "rights.token_ended"


def test_a_token_is_revoked_by_its_owner_or_by_an_operator() -> None:
    token = with_token(asker("member"), Scope.ASK).token
    assert token is not None
    assert who_may(Action.REVOKE_TOKEN, on=token) == {"member", "operator"}


def test_a_permit_and_an_output_go_with_their_own_project() -> None:
    other = replace(project(), id=ProjectId("project-2"))
    with pytest.raises(AssertionError):
        PermitOf(record=record(), project=other)
    with pytest.raises(AssertionError):
        OutputOf(output=output(), project=other)


def test_a_model_of_which_nothing_is_said_is_not_assessed_nor_by_who_said_it() -> None:
    silent = ModelOf(model=replace(model(), described_by=None), project=project())
    assert refused(Action.ASSESS_MODEL, asker("custodian"), on=silent) == "model.not_described"
    own = ModelOf(model=replace(model(), project=None, described_by=pid("custodian")), project=None)
    assert refused(Action.ASSESS_MODEL, asker("custodian"), on=own) == "model.own_words"
    assert who_may(Action.ASSESS_MODEL, on=own) == {"decider"}


def test_the_people_of_a_custodian_are_the_team_of_what_it_trained_itself() -> None:
    own = ModelOf(model=replace(model(), project=None, described_by=None), project=None)
    assert who_may(Action.DESCRIBE_MODEL, on=own) == {"custodian"}
    assert who_may(Action.DESCRIBE_MODEL, on=model_in(ModelState.TRAINED)) == {"applicant", "member"}
