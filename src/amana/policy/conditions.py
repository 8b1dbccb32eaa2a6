"""Conditions of single rules, beyond who somebody is: each returns, or raises the Refusal that says what is missing."""

from datetime import datetime

from amana.policy.people import Accreditation, Asker, Person, Role, Who, compatible
from amana.policy.projects import REVIEWS_NEEDED, VOTES_NEEDED, PermitRecord, Project, votes_counted
from amana.policy.purposes import Outcome
from amana.policy.things import EvidenceOf, MemberOf, ModelOf, OutputOf, PermitOf, RoleOf, Thing, project_of, stands
from amana.policy.transitions import OutputState, PermitState, ProjectState
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal


def seen_by_others(asker: Asker, on: Thing, _: datetime) -> None:
    """A draft is its team's own. Errors: Refusal rights.member_needed."""
    if _project(on).state is ProjectState.DRAFT and not stands(Who.MEMBER, asker, on=on):
        raise Refusal("rights.member_needed", action="word.action.see_project")


def output_seen(asker: Asker, on: Thing, _: datetime) -> None:
    """An output that was never proposed is its team's own. Errors: Refusal rights.member_needed."""
    assert isinstance(on, OutputOf)
    if on.output.state is OutputState.RELEASED and not stands(Who.MEMBER, asker, on=on):
        raise Refusal("rights.member_needed", action="word.action.see_output")


def complete(_: Asker, on: Thing, now: datetime) -> None:
    """A project that people can judge. Errors: Refusal project.incomplete, which names the fields."""
    project = _project(on)
    wanting = {
        "title": not any(text.strip() for _, text in project.title),
        "lay_summary": not any(text.strip() for _, text in project.lay_summary),
        "purposes": not project.purposes,
        "datasets": not project.datasets,
        "ends_on": project.ends_on <= now,
    }
    if any(wanting.values()):
        raise Refusal("project.incomplete", fields=", ".join(name for name, missing in wanting.items() if missing))


def fit_to_join(_: Asker, on: Thing, _now: datetime) -> None:
    """Errors: Refusal project.member_unfit, project.member_judged."""
    assert isinstance(on, MemberOf)
    if Role.RESEARCHER not in on.person.roles or on.person.disabled_at is not None:
        raise Refusal("project.member_unfit", person=on.person.name)
    if on.project.judged_by(on.person.id):
        raise Refusal("project.member_judged", person=on.person.name)


def fit_to_leave(_: Asker, on: Thing, _now: datetime) -> None:
    """Errors: Refusal project.applicant_stays."""
    assert isinstance(on, MemberOf)
    if on.person.id == on.project.applicant or on.person.id not in on.project.members:
        raise Refusal("project.applicant_stays", person=on.person.name)


def not_reviewed_yet(asker: Asker, on: Thing, _: datetime) -> None:
    """Errors: Refusal review.already_given."""
    if asker.person.id in _project(on).reviewers():
        raise Refusal("review.already_given")


def not_reviewer(asker: Asker, on: Thing, _: datetime) -> None:
    """Author ≠ checker ≠ decider. Errors: Refusal review.decider_reviewed."""
    if any(each.reviewer == asker.person.id for each in _project(on).reviews):
        raise Refusal("review.decider_reviewed")


def reviewed_enough(_: Asker, on: Thing, _now: datetime) -> None:
    """Two reviews of this version, by people who have no part in the project. Errors: Refusal review.too_few."""
    project = _project(on)
    given = sum(1 for reviewer in project.reviewers() if not project.involves(reviewer))
    if given < REVIEWS_NEEDED:
        raise Refusal("review.too_few", given=given, needed=REVIEWS_NEEDED)


def project_open(_: Asker, on: Thing, now: datetime) -> None:
    """An approved or active project that has not ended. Errors: as `check_project`."""
    check_project(_project(on), now=now, states=(ProjectState.APPROVED, ProjectState.ACTIVE))


def past_first_draft(_: Asker, on: Thing, _now: datetime) -> None:
    """Submitted once and not waiting for a decision: nobody has answers to make something of before. Errors: Refusal project.waiting."""
    project = _project(on)
    if project.version == 0 or project.state in (ProjectState.SUBMITTED, ProjectState.RETURNED, ProjectState.REJECTED):
        raise Refusal("project.waiting", project=project.id, state=f"word.state.{project.state.value}")


def purposes_current(_: Asker, on: Thing, _now: datetime) -> None:
    """The purposes are those that the permit was requested for. Errors: Refusal permit.purpose_changed."""
    assert isinstance(on, PermitOf)
    if on.record.project_version != on.project.version:
        raise Refusal("permit.purpose_changed", permit=on.record.id, project=on.project.id)


def dataset_reviewed(_: Asker, on: Thing, _now: datetime) -> None:
    """The project, as it was reviewed last, still names the dataset of the permit. Errors: Refusal project.other_dataset."""
    assert isinstance(on, PermitOf)
    if on.record.dataset not in on.project.datasets:
        names = ", ".join(on.project.datasets)
        raise Refusal("project.other_dataset", project=on.project.id, dataset=on.record.dataset, datasets=names)


def purposes_allowed(_: Asker, on: Thing, _now: datetime) -> None:
    """Errors: Refusal permit.purpose_forbidden."""
    assert isinstance(on, PermitOf)
    if on.record.match.outcome is Outcome.FORBIDDEN:
        raise Refusal("permit.purpose_forbidden", permit=on.record.id, dataset=on.record.dataset)


def permit_usable(_: Asker, on: Thing, now: datetime) -> None:
    """Project active, permit active, neither past its end, and granted by somebody outside the project.

    Errors: Refusal project.*, permit.*.
    """
    assert isinstance(on, PermitOf)
    check_project(on.project, now=now, states=(ProjectState.ACTIVE,))
    _check_record(on.record, now=now)
    if on.record.granted_by is not None and on.project.involves(on.record.granted_by):
        raise Refusal("permit.granted_by_member", permit=on.record.id, project=on.project.id)


def not_voted_yet(asker: Asker, on: Thing, _: datetime) -> None:
    """Two votes by two people. Errors: Refusal output.voted, output.votes_full."""
    assert isinstance(on, OutputOf)
    if any(vote.voter == asker.person.id for vote in on.output.votes_now()):
        raise Refusal("output.voted")
    if len(votes_counted(on.output, project=on.project)) >= VOTES_NEEDED:
        raise Refusal("output.votes_full")


def described(_: Asker, on: Thing, _now: datetime) -> None:
    """Nobody judges a system of which nothing is said. Errors: Refusal model.not_described."""
    assert isinstance(on, ModelOf)
    if on.model.described_by is None:
        raise Refusal("model.not_described", model=on.model.id)


def not_describer(asker: Asker, on: Thing, _: datetime) -> None:
    """Author ≠ checker. Errors: Refusal model.own_words."""
    assert isinstance(on, ModelOf)
    if on.model.described_by == asker.person.id:
        raise Refusal("model.own_words", model=on.model.id)


def other_organisation(asker: Asker, on: Thing, _: datetime) -> None:
    """Neither the organisation that made the commitment nor the one that brought the evidence verifies it.

    Errors: Refusal programme.own_evidence.
    """
    assert isinstance(on, EvidenceOf)
    if asker.person.organisation in {on.owner, on.organisation} or asker.person.id == on.submitted_by:
        raise Refusal("programme.own_evidence", evidence=on.evidence)


def not_verified_yet(_: Asker, on: Thing, _now: datetime) -> None:
    """Errors: Refusal programme.verified."""
    assert isinstance(on, EvidenceOf)
    if on.verified:
        raise Refusal("programme.verified", evidence=on.evidence)


def not_herself(asker: Asker, on: Thing, _: datetime) -> None:
    """Nobody gives herself anything. Errors: Refusal rights.not_self."""
    if asker.person.id == _concerned(on):
        raise Refusal("rights.not_self")


def roles_compatible(_: Asker, on: Thing, _now: datetime) -> None:
    """Errors: Refusal rights.roles_conflict."""
    assert isinstance(on, RoleOf)
    if not compatible((*on.person.roles, on.role)):
        raise Refusal("rights.roles_conflict", person=on.person.name)


def check_project(project: Project, *, now: datetime, states: tuple[ProjectState, ...]) -> None:
    """The project is in one of these states and has not ended: the date counts even before the node has noted it.

    Errors: Refusal project.waiting, project.suspended, project.ended.
    """
    if project.state is ProjectState.SUSPENDED:
        raise Refusal("project.suspended", project=project.id)
    waiting = (ProjectState.DRAFT, ProjectState.SUBMITTED, ProjectState.RETURNED, ProjectState.APPROVED)
    if project.state in waiting and project.state not in states:
        raise Refusal("project.waiting", project=project.id, state=f"word.state.{project.state.value}")
    if project.state not in states or now >= project.ends_on:
        raise Refusal("project.ended", project=project.id, date=project.ends_on.date().isoformat())


def _check_record(record: PermitRecord, *, now: datetime) -> None:
    match record.state:
        case PermitState.REQUESTED | PermitState.GRANTED:
            raise Refusal("permit.waiting", permit=record.id, dataset=record.dataset)
        case PermitState.RETURNED:
            raise Refusal("permit.returned", permit=record.id, dataset=record.dataset)
        case PermitState.REFUSED:
            raise Refusal("permit.refused", permit=record.id, dataset=record.dataset)
        case PermitState.EXHAUSTED:
            raise Refusal("permit.exhausted", permit=record.id)
        case PermitState.SUSPENDED:
            raise Refusal("permit.suspended", permit=record.id)
        case PermitState.REVOKED:
            raise Refusal("permit.revoked", permit=record.id, dataset=record.dataset)
        case PermitState.EXPIRED:
            raise _expired(record)
        case PermitState.ACTIVE:
            if now >= record.valid_until:
                raise _expired(record)


def _expired(record: PermitRecord) -> Refusal:
    return Refusal("permit.expired", permit=record.id, date=record.valid_until.date().isoformat())


def _project(on: Thing) -> Project:
    project = project_of(on)
    assert project is not None
    return project


def _concerned(on: Thing) -> PersonId | None:
    match on:
        case Person():
            return on.id
        case RoleOf():
            return on.person.id
        case Accreditation():
            return on.person
        case _:
            return None
