"""Notices: what happened that concerns a person. Written in the transaction that makes it happen, for everybody but who did it.

A notice holds no word of an application: a kind, and where to look. Of a pause after faults, and of its end, nobody is told.
"""

import secrets
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Final, final

from amana.log.programme_kinds import VERDICTS
from amana.policy.people import Asker, Role
from amana.policy.projects import PermitRecord, Project
from amana.policy.rights import Action, check
from amana.policy.things import ModelOf, Node
from amana.policy.transitions import ModelEvent, OutputEvent, PermitEvent, ProjectEvent
from amana.terms.database import Database, Row, Transaction, Value, moment, moment_or_none, text, text_or_none
from amana.terms.ids import OrganisationId, PermitId, PersonId, ProjectId

ADD = """INSERT INTO notice (id, person, at, kind, project, permit, commitment, mail)
VALUES (:id, :person, :at, :kind, :project, :permit, :commitment, :mail)"""
REACHED = "SELECT 1 FROM contact WHERE person = :person AND confirmed_at IS NOT NULL"
THERE = "SELECT 1 FROM person WHERE id = :person AND disabled_at IS NULL"
UNREAD_ONE = "SELECT 1 FROM notice WHERE person = :person AND project = :project AND kind = :kind AND read_at IS NULL LIMIT 1"
UNREAD_KIND = "SELECT 1 FROM notice WHERE person = :person AND kind = :kind AND read_at IS NULL LIMIT 1"
OF_ROLE = "SELECT person FROM person_role WHERE role = :role ORDER BY person LIMIT 500"
OF_CUSTODIAN = """SELECT person.id FROM person JOIN person_role ON person_role.person = person.id
WHERE person.organisation = :organisation AND person_role.role = 'custodian' ORDER BY person.id LIMIT 500"""
VERIFIERS = """SELECT person.id FROM person JOIN person_role ON person_role.person = person.id
WHERE person_role.role = 'verifier' AND person.organisation <> :owner AND person.organisation <> :bringer ORDER BY person.id LIMIT 500"""
PLANNERS = """SELECT person.id FROM person JOIN person_role ON person_role.person = person.id
WHERE person.organisation = :organisation AND person_role.role = 'planner' ORDER BY person.id LIMIT 500"""
CUSTODIANS_OF = "SELECT DISTINCT custodian FROM permit WHERE project = :project AND granted_by IS NOT NULL ORDER BY custodian"
OF_PERSON = """SELECT id, at, kind, project, permit, commitment, read_at FROM notice WHERE person = :person
ORDER BY at DESC, id DESC LIMIT :limit"""
UNREAD = """SELECT id, at, kind, project, permit, commitment, read_at FROM notice WHERE person = :person AND read_at IS NULL
ORDER BY at DESC, id DESC LIMIT :limit"""
READ = "UPDATE notice SET read_at = :at WHERE person = :person AND read_at IS NULL"
READ_OF = "UPDATE notice SET read_at = :at WHERE person = :person AND project = :project AND read_at IS NULL"
READ_COMMITMENT = (
    "UPDATE notice SET read_at = :at WHERE person = :person AND commitment = :commitment AND kind <> :kind AND read_at IS NULL"
)
READ_KIND = "UPDATE notice SET read_at = :at WHERE person = :person AND kind = :kind AND read_at IS NULL"
PURGE = "DELETE FROM notice WHERE at < :before"
COMMENT: Final = "comment"
TO_TEAM: Mapping[ProjectEvent | PermitEvent, str] = MappingProxyType(
    {
        **{
            event: f"project_{event.value}"
            for event in (
                ProjectEvent.REVIEW, ProjectEvent.RETURN, ProjectEvent.APPROVE, ProjectEvent.REJECT, ProjectEvent.SUSPEND,
                ProjectEvent.RESUME, ProjectEvent.REVOKE, ProjectEvent.EXPIRE,
            )
        },
        **{
            event: f"permit_{event.value}"
            for event in (
                PermitEvent.RETURN, PermitEvent.GRANT, PermitEvent.REFUSE, PermitEvent.WIDEN, PermitEvent.SUSPEND, PermitEvent.RESUME,
                PermitEvent.REVOKE, PermitEvent.EXHAUST, PermitEvent.EXPIRE,
            )
        },
    }
)  # fmt: skip
"""The kinds that applicant and members are told of."""
OF_OUTPUTS: Mapping[OutputEvent, str] = MappingProxyType(
    {event: f"output_{event.value}" for event in (OutputEvent.PUBLISH, OutputEvent.RETRACT)}
)
"""The kinds that the team and the custodians are told of: what the public reads from then on, or no more."""
TO_ASSESS: Final = f"model_{ModelEvent.DESCRIBE.value}"
OF_MODELS: Mapping[ModelEvent, str] = MappingProxyType(
    {
        event: f"model_{event.value}"
        for event in (
            ModelEvent.ASSESS, ModelEvent.REGISTER, ModelEvent.SERVE, ModelEvent.SUSPEND, ModelEvent.RESUME, ModelEvent.RETIRE,
        )
    }
)  # fmt: skip
"""The kinds that the team and the custodians of the data are told of."""
TO_VERIFY: Final = "evidence_submit"
OF_VERDICTS: Mapping[str, str] = MappingProxyType({verdict: f"evidence_{verdict}" for verdict in VERDICTS})
"""The kinds that plan owners are told of: what another organisation found of what they brought."""
FIGURE_REFUSED: Final = "figure_refused"
"""The kind that they are told of when the node asked for a private figure again and was refused."""
KINDS = (
    *TO_TEAM.values(), *OF_OUTPUTS.values(), *OF_MODELS.values(), TO_ASSESS, "project_submit", "permit_request", COMMENT, TO_VERIFY,
    *OF_VERDICTS.values(), FIGURE_REFUSED,
)  # fmt: skip
PAGE_MAX = 50


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """`project`, `commitment`: one of both, which it is about."""

    id: str
    at: datetime
    kind: str
    project: ProjectId | None
    permit: PermitId | None
    commitment: str | None
    read_at: datetime | None

    @property
    def path(self) -> str:
        """The page where she sees what it is about, after the language."""
        return path_of(self.kind, project=self.project or "", commitment=self.commitment or "")


def path_of(kind: str, *, project: str, commitment: str) -> str:
    """See `Notice.path`. A custodian signs at her own desk, and a verifier finds at hers all that waits."""
    if commitment:
        return "/desk/verify" if kind == TO_VERIFY else f"/desk/programme/{commitment}"
    place = "#outputs" if kind in OF_OUTPUTS.values() else "#models" if kind in (TO_ASSESS, *OF_MODELS.values()) else ""
    return "/desk/custodian" if kind == "permit_request" else f"/desk/applications/{project}{place}"


@final
class Notices:
    """The notices of whoever asks. Errors: as `policy.rights.check`."""

    def __init__(self, database: Database, now: Callable[[], datetime]) -> None:
        self._database, self._now = database, now

    def latest(self, asker: Asker | None, *, unread: bool = False) -> tuple[Notice, ...]:
        """Her latest, those that she has not read only if so wished."""
        person = self._person(asker)
        with self._database.reading() as run:
            return read_notices(run, person, sql=UNREAD if unread else OF_PERSON)

    def read(self, asker: Asker | None, *, project: ProjectId | None = None) -> None:
        """She has seen them: all, or those of a project."""
        values: dict[str, Value] = {"person": self._person(asker), "at": moment(self._now())}
        with self._database.transaction() as run:
            if project is None:
                run.change(READ, values)
            else:
                run.change(READ_OF, {**values, "project": project})

    def read_of_commitment(self, asker: Asker | None, *, commitment: str) -> None:
        """She has seen what was found of evidence for it."""
        values: dict[str, Value] = {"person": self._person(asker), "at": moment(self._now()), "commitment": commitment}
        with self._database.transaction() as run:
            run.change(READ_COMMITMENT, {**values, "kind": TO_VERIFY})

    def read_waiting(self, asker: Asker | None) -> None:
        """She has seen which documents wait."""
        values: dict[str, Value] = {"person": self._person(asker), "at": moment(self._now())}
        with self._database.transaction() as run:
            run.change(READ_KIND, {**values, "kind": TO_VERIFY})

    def purge(self, *, older_than: timedelta) -> int:
        """Forget those of long ago."""
        with self._database.transaction() as run:
            return run.change(PURGE, {"before": moment(self._now() - older_than)})

    def _person(self, asker: Asker | None) -> PersonId:
        check(Action.SEE_NOTICES, asker, on=Node(), now=self._now())
        assert asker is not None
        return asker.person.id


def read_notices(run: Transaction, person: PersonId, *, sql: str = OF_PERSON) -> tuple[Notice, ...]:
    """The latest of a person."""
    return tuple(_notice(row) for row in run.rows(sql, {"person": person, "limit": PAGE_MAX}))


def tell_of_project(run: Transaction, project: Project, *, event: ProjectEvent, actor: str, at: datetime) -> None:
    """A transition of a project, or a review of it: to the team; a submission to who may judge it, a review to who decides."""
    if event in TO_TEAM:
        _tell(run, project.members, kind=TO_TEAM[event], project=project.id, actor=actor, at=at)
    if event is ProjectEvent.REVIEW:
        outside = [each for each in _of_role(run, Role.DECIDER) if not project.involves(each)]
        _tell(run, outside, kind=TO_TEAM[event], project=project.id, actor=actor, at=at)
    if event is ProjectEvent.SUBMIT:
        judges = (*_of_role(run, Role.REVIEWER), *_of_role(run, Role.DECIDER))
        outside = [each for each in judges if not project.involves(each) and not _unread(run, each, "project_submit", project.id)]
        _tell(run, outside, kind="project_submit", project=project.id, actor=actor, at=at)


def tell_of_request(run: Transaction, permit: PermitRecord, *, actor: str, at: datetime) -> None:
    """A permit was asked for: to its custodians."""
    people = _custodians(run, permit.custodian)
    _tell(run, people, kind="permit_request", project=permit.project, permit=permit.id, actor=actor, at=at)


def tell_of_permit(run: Transaction, permit: PermitRecord, *, project: Project, event: PermitEvent, actor: str, at: datetime) -> None:
    """A transition of a permit: to the team of its project."""
    if event in TO_TEAM:
        _tell(run, project.members, kind=TO_TEAM[event], project=project.id, permit=permit.id, actor=actor, at=at)


def tell_of_output(run: Transaction, project: Project, *, event: OutputEvent, actor: str, at: datetime) -> None:
    """An output was published, or taken back: to the team, and to the custodians who granted a permit for what it was made of."""
    if event in OF_OUTPUTS:
        organisations = [OrganisationId(text(name)) for (name,) in run.rows(CUSTODIANS_OF, {"project": project.id})]
        custodians = [person for each in organisations for person in _custodians(run, each)]
        _tell(run, (*project.members, *custodians), kind=OF_OUTPUTS[event], project=project.id, actor=actor, at=at)


def tell_of_model(run: Transaction, on: ModelOf, *, event: ModelEvent, actor: str, at: datetime) -> None:
    """Words that wait for an assessment: to who may give it; what became of a model: to its team, and to the custodians of its data. Of a
    model without a project, nobody is told: who may assess it finds it at her desk."""
    if on.project is None:
        return
    project, custodians = on.project, _custodians(run, on.model.custodian)
    if event is ModelEvent.DESCRIBE:
        outside = [each for each in (*custodians, *_of_role(run, Role.DECIDER)) if not project.involves(each)]
        waiting = [each for each in outside if not _unread(run, each, TO_ASSESS, project.id)]
        _tell(run, waiting, kind=TO_ASSESS, project=project.id, actor=actor, at=at)
    if event in OF_MODELS:
        _tell(run, (*project.members, *custodians), kind=OF_MODELS[event], project=project.id, actor=actor, at=at)


def tell_of_comment(run: Transaction, project: Project, *, others: Iterable[PersonId], actor: str, at: datetime) -> None:
    """Something was said about a project: to the team, and to those who said something themselves. Who has an unread one gets no other."""
    people = [each for each in dict.fromkeys((*project.members, *others)) if not _unread(run, each, COMMENT, project.id)]
    _tell(run, people, kind=COMMENT, project=project.id, actor=actor, at=at)


def tell_of_evidence(run: Transaction, *, commitment: str, whose: tuple[OrganisationId, OrganisationId], actor: str, at: datetime) -> None:
    """A document waits: to who may verify it. `whose`: who promised, and who brought it. Who has an unread notice gets no other."""
    found = run.rows(VERIFIERS, {"owner": whose[0], "bringer": whose[1]})
    people = [PersonId(text(person)) for (person,) in found]
    waiting = [each for each in people if not run.rows(UNREAD_KIND, {"person": each, "kind": TO_VERIFY})]
    _tell(run, waiting, kind=TO_VERIFY, commitment=commitment, actor=actor, at=at)


def tell_of_verdict(run: Transaction, *, commitment: str, owner: OrganisationId, verdict: str, actor: str, at: datetime) -> None:
    """Somebody found that evidence holds, or that it does not: to the plan owners of the organisation that promised."""
    _tell(run, _planners(run, owner), kind=OF_VERDICTS[verdict], commitment=commitment, actor=actor, at=at)


def tell_of_figure(run: Transaction, *, commitment: str, owner: OrganisationId, at: datetime) -> None:
    """A private figure was asked for again, for new data, and refused: to the plan owners of the organisation that promised."""
    _tell(run, _planners(run, owner), kind=FIGURE_REFUSED, commitment=commitment, actor="node", at=at)


def _tell(
    run: Transaction,
    people: Iterable[PersonId],
    *,
    kind: str,
    project: ProjectId | None = None,
    permit: PermitId | None = None,
    commitment: str | None = None,
    actor: str,
    at: datetime,
) -> None:
    for person in dict.fromkeys(people):
        if person != actor and run.rows(THERE, {"person": person}):
            mail = "waits" if run.rows(REACHED, {"person": person}) else "none"
            values: dict[str, Value] = {"id": f"n-{secrets.token_hex(8)}", "person": person, "at": moment(at), "kind": kind, "mail": mail}
            run.change(ADD, {**values, "project": project, "permit": permit, "commitment": commitment})


def _unread(run: Transaction, person: PersonId, kind: str, project: ProjectId) -> bool:
    return bool(run.rows(UNREAD_ONE, {"person": person, "project": project, "kind": kind}))


def _of_role(run: Transaction, role: Role) -> tuple[PersonId, ...]:
    return tuple(PersonId(text(person)) for (person,) in run.rows(OF_ROLE, {"role": role.value}))


def _custodians(run: Transaction, organisation: OrganisationId) -> tuple[PersonId, ...]:
    return tuple(PersonId(text(person)) for (person,) in run.rows(OF_CUSTODIAN, {"organisation": organisation}))


def _planners(run: Transaction, organisation: OrganisationId) -> tuple[PersonId, ...]:
    return tuple(PersonId(text(person)) for (person,) in run.rows(PLANNERS, {"organisation": organisation}))


def _notice(row: Row) -> Notice:
    name, at, kind, project, permit, commitment, read_at = row
    about, held = text_or_none(project), text_or_none(permit)
    return Notice(
        id=text(name), at=datetime.fromisoformat(text(at)), kind=text(kind), project=None if about is None else ProjectId(about),
        permit=None if held is None else PermitId(held), commitment=text_or_none(commitment), read_at=moment_or_none(read_at),
    )  # fmt: skip
