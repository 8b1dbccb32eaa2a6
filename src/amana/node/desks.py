"""What the desks of custodians and auditors read beside the things themselves: bounded looks, nothing changes."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, final

from amana.node.audit import Note, note_of
from amana.node.people import read_accreditations, read_person
from amana.node.permits import Serving
from amana.node.project_rows import read_permit
from amana.policy.people import Asker, Person, Role
from amana.policy.rights import RULES, Action, check, may, unfit
from amana.policy.things import Node, PermitOf
from amana.policy.transitions import PermitState
from amana.register.over_time import OverTime, Spent
from amana.terms.database import Database, moment, text, whole
from amana.terms.ids import PermitId, PersonId
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

PERMITS_OF = """SELECT permit.id, MAX(audit.at) FROM permit LEFT JOIN audit
ON audit.subject = permit.id AND audit.thing = 'permit' AND audit.action IN ('request', 'revise')
WHERE permit.custodian = :custodian AND permit.state NOT IN ('refused', 'expired', 'revoked')
GROUP BY permit.id ORDER BY MAX(audit.at), permit.id LIMIT :limit"""
REQUESTED_AT = "SELECT MAX(at) FROM audit WHERE subject = :id AND thing = 'permit' AND action IN ('request', 'revise')"
PROMISED = """SELECT CAST(COALESCE(SUM(cap_nrho), 0) AS INTEGER) FROM permit
WHERE population = :population AND state IN ('granted', 'active', 'exhausted', 'suspended')"""
STOPPED = """SELECT id, at, actor, action, thing, subject, was, now_is FROM audit
WHERE (action IN ('pause', 'suspend', 'revoke', 'disable_person', 'revoke_accreditation', 'revoke_role', 'erase'))
AND (at < :at OR (at = :at AND id < :id)) ORDER BY at DESC, id DESC LIMIT :limit"""
ENDING = """SELECT person, MAX(valid_until) FROM accreditation WHERE revoked_at IS NULL
GROUP BY person HAVING MAX(valid_until) < :until ORDER BY MAX(valid_until), person LIMIT :limit"""
PERMITS_MAX = 500
PEOPLE_MAX = 200
EXPIRY_DAYS = 90
IN_FORCE = frozenset({PermitState.GRANTED, PermitState.ACTIVE, PermitState.EXHAUSTED, PermitState.SUSPENDED})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A permit of a custodian's organisation. `since`: when it was requested last, None where no note says so."""

    place: PermitOf
    since: datetime | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """Somebody whose accreditation has ended, or ends soon."""

    person: Person
    until: datetime


@final
class Desks:
    """Errors: Refusal rights.* for whoever has no such desk."""

    def __init__(self, service: "Service", *, now: Callable[[], datetime]) -> None:
        self._service, self._now = service, now
        self._database: Database = service.database
        self._counting, self._over_time = Lock(), OverTime()

    def spent(self, population: str) -> Spent | None:
        """What was spent of a population's budget, day by day, by the public log."""
        with self._counting:
            return self._counted().spent(population)

    def refusals(self, *, since: str) -> tuple[tuple[str, int, int], ...]:
        """Questions that a budget or a right refused from that day on. Shapes: (day, code, count), the latest first."""
        with self._counting:
            return self._counted().refusals(since=since)

    def permits(self, asker: Asker) -> tuple[Asked, ...]:
        """Those of her organisation that are open or in force, the longest waiting first. Errors: Refusal rights.custodian_needed."""
        if Role.CUSTODIAN not in asker.person.roles:
            raise unfit(RULES[Action.GRANT_PERMIT])
        serving, at = Serving(self._service.datasets()), self._now()
        with self._database.reading() as run:
            rows = run.rows(PERMITS_OF, {"custodian": asker.person.organisation, "limit": PERMITS_MAX})
            found = tuple(
                Asked(
                    place=read_permit(run, PermitId(text(name)), terms=serving.terms),
                    since=None if since is None else datetime.fromisoformat(text(since)),
                )
                for name, since in rows
            )
        return tuple(each for each in found if may(Action.SEE_PERMIT, asker, on=each.place, now=at))

    def permit(self, asker: Asker, permit: PermitId) -> Asked:
        """One of them. Errors: Refusal rights.*, node.not_found."""
        place = self._service.permits.permit(asker, permit=permit)
        if Role.CUSTODIAN not in asker.person.roles or place.record.custodian != asker.person.organisation:
            raise unfit(RULES[Action.GRANT_PERMIT])
        with self._database.reading() as run:
            since = run.rows(REQUESTED_AT, {"id": permit})[0][0]
        return Asked(place=place, since=None if since is None else datetime.fromisoformat(text(since)))

    def promised_nrho(self, population: str) -> int:
        """The sum of what the permits in force may spend of a population's budget. Units: nano-rho."""
        with self._database.reading() as run:
            return whole(run.rows(PROMISED, {"population": population})[0][0])

    def stopped(self, asker: Asker, *, before: tuple[str, str], limit: int) -> tuple[Note, ...]:
        """What was paused, suspended, revoked or disabled, the latest first. Errors: Refusal rights.auditor_needed."""
        check(Action.SEE_AUDIT, asker, on=Node(), now=self._now())
        with self._database.reading() as run:
            return tuple(note_of(row) for row in run.rows(STOPPED, {"at": before[0], "id": before[1], "limit": limit}))

    def ending(self, asker: Asker) -> tuple[Ending, ...]:
        """Whose last accreditation has ended or ends within 90 days, the earliest first. Errors: Refusal rights.*."""
        at = self._now()
        check(Action.SEE_PEOPLE, asker, on=Node(), now=at)
        with self._database.reading() as run:
            rows = run.rows(ENDING, {"until": moment(at + timedelta(days=EXPIRY_DAYS)), "limit": PEOPLE_MAX})
            return tuple(
                Ending(person=read_person(run, PersonId(text(person))), until=datetime.fromisoformat(text(until))) for person, until in rows
            )

    def accredited_until(self, people: Iterable[Person]) -> dict[str, datetime]:
        """The latest end of the accreditations of each that has one."""
        with self._database.reading() as run:
            ends = {each.id: [held.valid_until for held in read_accreditations(run, each.id) if held.revoked_at is None] for each in people}
        return {person: max(found) for person, found in ends.items() if found}

    def names(self, asker: Asker, people: Iterable[str]) -> dict[str, str]:
        """The names of persons, where the asker may see who there is; of others, nothing."""
        if not may(Action.SEE_PEOPLE, asker, on=Node(), now=self._now()):
            return {}
        found: dict[str, str] = {}
        with self._database.reading() as run:
            for each in dict.fromkeys(people):
                try:
                    found[each] = read_person(run, PersonId(each)).name
                except Refusal:
                    continue  # the machine, the node itself, or no person
        return found

    def _counted(self) -> OverTime:
        """The log only grows, so what was added is never added again. Call it while nobody else counts."""
        for entry in self._service.entries(start=self._over_time.size):
            self._over_time.add(entry)
        return self._over_time
