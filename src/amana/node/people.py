"""Organisations, people, roles and accreditations: read fresh at each request, each change checked, audited and all or nothing."""

import secrets
from collections.abc import Callable
from datetime import datetime
from typing import Protocol, final

from amana.node.audit import MACHINE, note
from amana.node.programme_record import note_accreditation
from amana.node.settings import LANGUAGES
from amana.policy.people import Accreditation, Asker, Organisation, OrganisationKind, Person, Role
from amana.policy.rights import Action, check
from amana.policy.things import Node, RoleOf
from amana.terms.database import Database, DuplicateError, Row, Transaction, Value, moment, moment_or_none, text
from amana.terms.ids import AccreditationId, OrganisationId, PersonId
from amana.terms.refusal import Refusal

ORGANISATIONS = "SELECT id, name, kind FROM organisation ORDER BY name"
ORGANISATION = "SELECT id, name, kind FROM organisation WHERE id = :id OR name = :id ORDER BY CASE WHEN id = :id THEN 0 ELSE 1 END"
ADD_ORGANISATION = "INSERT INTO organisation (id, name, kind) VALUES (:id, :name, :kind)"
PERSON = "SELECT id, name, organisation, language, disabled_at FROM person WHERE id = :id"
PEOPLE = "SELECT id, name, organisation, language, disabled_at FROM person WHERE id > :after ORDER BY id LIMIT :limit"
HOLD = "UPDATE person SET name = name WHERE id = :id"
ADD_PERSON = "INSERT INTO person (id, name, organisation, language) VALUES (:id, :name, :organisation, :language)"
SHUT_OUT = "UPDATE person SET disabled_at = :at WHERE id = :id AND disabled_at IS NULL"
ENABLE = "UPDATE person SET disabled_at = NULL WHERE id = :id AND disabled_at IS NOT NULL"
ROLES = "SELECT role FROM person_role WHERE person = :id ORDER BY role"
ADD_ROLE = "INSERT INTO person_role (person, role, given_by) VALUES (:id, :role, :by)"
REMOVE_ROLE = "DELETE FROM person_role WHERE person = :id AND role = :role"
ACCREDITATIONS = """SELECT id, person, granted_by, valid_from, valid_until, revoked_at FROM accreditation
WHERE person = :id ORDER BY valid_from, id"""
ACCREDITATION = "SELECT id, person, granted_by, valid_from, valid_until, revoked_at FROM accreditation WHERE id = :id"
ACCREDIT = """INSERT INTO accreditation (id, person, granted_by, valid_from, valid_until)
VALUES (:id, :person, :by, :valid_from, :valid_until)"""
REVOKE = "UPDATE accreditation SET revoked_at = :at WHERE id = :id AND revoked_at IS NULL"
PAGE_MAX = 200
NAME_LENGTH_MAX = 200


class CutOff(Protocol):
    """`node.sign_in.cut_off`, which reads people itself."""

    def __call__(self, run: Transaction, person: PersonId, *, actor: str, now: datetime) -> None: ...


@final
class People:
    """Who there is on this node. Errors: every method that changes something raises the refusals of `policy.rights.check`."""

    def __init__(self, database: Database, now: Callable[[], datetime], *, cut_off: CutOff) -> None:
        """`cut_off`: ends every session, token and open link of a person."""
        self._database, self._now, self._cut_off = database, now, cut_off

    def organisations(self) -> tuple[Organisation, ...]:
        """All of them, by name."""
        with self._database.reading() as run:
            return tuple(_organisation(row) for row in run.rows(ORGANISATIONS, {}))

    def organisation(self, name: str) -> Organisation | None:
        """By its id or its name."""
        with self._database.reading() as run:
            return find_organisation(run, name)

    def person(self, person: PersonId) -> Person:
        """Errors: Refusal node.not_found."""
        with self._database.reading() as run:
            return read_person(run, person)

    def people(self, *, after: str = "", limit: int = PAGE_MAX) -> tuple[Person, ...]:
        """A page of them, by id."""
        with self._database.reading() as run:
            rows = run.rows(PEOPLE, {"after": after, "limit": min(limit, PAGE_MAX)})
            return tuple(_person(run, row) for row in rows)

    def accreditations(self, person: PersonId) -> tuple[Accreditation, ...]:
        """Those she ever had."""
        with self._database.reading() as run:
            return read_accreditations(run, person)

    def add_organisation(self, asker: Asker | None, *, name: str, kind: OrganisationKind) -> OrganisationId:
        """`asker`: None on the node's own machine. Errors: Refusal node.name_taken, node.bad_value."""
        at = self._now()
        if asker is not None:
            check(Action.ADD_ORGANISATION, asker, on=Node(), now=at)
        _named(name)
        made = OrganisationId(f"o-{secrets.token_hex(4)}")
        try:
            with self._database.transaction() as run:
                run.change(ADD_ORGANISATION, {"id": made, "name": name, "kind": kind.value})
                _note(run, asker, at=at, action="add_organisation", thing="organisation", subject=made, now_is=kind.value)
        except DuplicateError:
            raise Refusal("node.name_taken", name=name) from None
        return made

    def add_person(self, asker: Asker | None, *, name: str, organisation: str, language: str) -> PersonId:
        """`organisation`: its id or its name. Errors: Refusal node.not_found, node.bad_value."""
        at = self._now()
        if asker is not None:
            check(Action.ADD_PERSON, asker, on=Node(), now=at)
        _named(name)
        if language not in LANGUAGES:
            raise Refusal("node.bad_value", field="language", wanted="word.one_of", known=", ".join(LANGUAGES))
        made = PersonId(f"u-{secrets.token_hex(6)}")
        with self._database.transaction() as run:
            found = find_organisation(run, organisation)
            if found is None:
                raise Refusal("node.not_found", thing="word.thing.organisation", name=organisation[:80])
            run.change(ADD_PERSON, {"id": made, "name": name, "organisation": found.id, "language": language})
            _note(run, asker, at=at, action="add_person", thing="person", subject=made, now_is="enabled")
        return made

    def disable(self, asker: Asker | None, *, person: PersonId) -> None:
        """She stops at her next request, and her queued runs never start; what she held to sign in with is over for good."""
        at = self._now()
        with self._database.transaction() as run:
            found = read_person(run, person)
            if asker is not None:
                check(Action.DISABLE_PERSON, asker, on=found, now=at)
            if run.change(SHUT_OUT, {"id": person, "at": moment(at)}):
                self._cut_off(run, person, actor=MACHINE if asker is None else asker.person.id, now=at)
                _note(run, asker, at=at, action="disable_person", thing="person", subject=person, was="enabled", now_is="disabled")

    def enable(self, asker: Asker | None, *, person: PersonId) -> None:
        """Undo `disable`."""
        at = self._now()
        with self._database.transaction() as run:
            found = read_person(run, person)
            if asker is not None:
                check(Action.ENABLE_PERSON, asker, on=found, now=at)
            if run.change(ENABLE, {"id": person}):
                _note(run, asker, at=at, action="enable_person", thing="person", subject=person, was="disabled", now_is="enabled")

    def give_role(self, asker: Asker | None, *, person: PersonId, role: Role) -> None:
        """`asker`: None on the node's own machine, where the first decider comes from. Errors: Refusal rights.roles_conflict."""
        at = self._now()
        with self._database.transaction() as run:
            run.change(HOLD, {"id": person})  # two roles that exclude each other are not given at once
            given = RoleOf(person=read_person(run, person), role=role)
            if asker is not None:
                check(Action.GIVE_ROLE, asker, on=given, now=at)
            if role in given.person.roles:
                return
            if asker is None and (Role.OPERATOR in given.person.roles or (role is Role.OPERATOR and given.person.roles)):
                raise Refusal("rights.roles_conflict", person=given.person.name)
            run.change(ADD_ROLE, {"id": person, "role": role.value, "by": None if asker is None else asker.person.id})
            _note(run, asker, at=at, action="give_role", thing="person", subject=person, now_is=role.value)

    def revoke_role(self, asker: Asker, *, person: PersonId, role: Role) -> None:
        """Take a role away."""
        at = self._now()
        with self._database.transaction() as run:
            check(Action.REVOKE_ROLE, asker, on=RoleOf(person=read_person(run, person), role=role), now=at)
            if run.change(REMOVE_ROLE, {"id": person, "role": role.value}):
                _note(run, asker, at=at, action="revoke_role", thing="person", subject=person, was=role.value)

    def accredit(self, asker: Asker | None, *, person: PersonId, valid_until: datetime) -> AccreditationId:
        """Answer for a person until that moment. Errors: Refusal node.bad_value for a moment that is over."""
        at = self._now()
        made = AccreditationId(f"a-{secrets.token_hex(6)}")
        with self._database.transaction() as run:
            found = read_person(run, person)
            if asker is not None:
                check(Action.ACCREDIT, asker, on=found, now=at)
            if valid_until <= at:
                raise Refusal("node.bad_value", field="valid_until", wanted="word.future")
            values: dict[str, Value] = {"id": made, "person": person, "by": None if asker is None else asker.person.id}
            run.change(ACCREDIT, {**values, "valid_from": moment(at), "valid_until": moment(valid_until)})
            _note(run, asker, at=at, action="accredit", thing="accreditation", subject=made, now_is=f"until {valid_until.date()}")
            note_accreditation(run, made, person=person, event="grant", until=valid_until, at=at)
        return made

    def revoke_accreditation(self, asker: Asker, *, accreditation: AccreditationId) -> None:
        """It stops at the next request."""
        at = self._now()
        with self._database.transaction() as run:
            found = run.rows(ACCREDITATION, {"id": accreditation})
            if not found:
                raise Refusal("node.not_found", thing="word.thing.accreditation", name=accreditation[:80])
            check(Action.REVOKE_ACCREDITATION, asker, on=_accreditation(found[0]), now=at)
            if run.change(REVOKE, {"id": accreditation, "at": moment(at)}):
                _note(run, asker, at=at, action="revoke_accreditation", thing="accreditation", subject=accreditation, was="valid")
                ended = _accreditation(found[0])
                note_accreditation(run, accreditation, person=ended.person, event="revoke", until=ended.valid_until, at=at)


def read_person(run: Transaction, person: PersonId) -> Person:
    """The person as she is at this moment. Errors: Refusal node.not_found."""
    found = run.rows(PERSON, {"id": person})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.person", name=person[:80])
    return _person(run, found[0])


def read_accreditations(run: Transaction, person: PersonId) -> tuple[Accreditation, ...]:
    """Those of that person, valid or not."""
    return tuple(_accreditation(row) for row in run.rows(ACCREDITATIONS, {"id": person}))


def find_organisation(run: Transaction, name: str) -> Organisation | None:
    """By its id or its name."""
    found = run.rows(ORGANISATION, {"id": name})
    return _organisation(found[0]) if found else None


def _person(run: Transaction, row: Row) -> Person:
    name, shown, organisation, language, disabled_at = row
    roles = tuple(Role(text(role)) for (role,) in run.rows(ROLES, {"id": name}))
    return Person(
        id=PersonId(text(name)),
        name=text(shown),
        organisation=OrganisationId(text(organisation)),
        language=text(language),
        roles=roles,
        disabled_at=moment_or_none(disabled_at),
    )


def _organisation(row: Row) -> Organisation:
    return Organisation(id=OrganisationId(text(row[0])), name=text(row[1]), kind=OrganisationKind(text(row[2])))


def _accreditation(row: Row) -> Accreditation:
    name, person, granted_by, valid_from, valid_until, revoked_at = row
    return Accreditation(
        id=AccreditationId(text(name)),
        person=PersonId(text(person)),
        granted_by=None if granted_by is None else PersonId(text(granted_by)),
        valid_from=datetime.fromisoformat(text(valid_from)),
        valid_until=datetime.fromisoformat(text(valid_until)),
        revoked_at=moment_or_none(revoked_at),
    )


def _named(name: str) -> None:
    if not 0 < len(name) <= NAME_LENGTH_MAX or not name.isprintable() or name != name.strip():
        raise Refusal("node.bad_value", field="name", wanted="word.printable", number=NAME_LENGTH_MAX)


def _note(
    run: Transaction, asker: Asker | None, *, at: datetime, action: str, thing: str, subject: str, was: str = "", now_is: str = ""
) -> None:
    actor = MACHINE if asker is None else asker.person.id
    note(run, at=at, actor=actor, action=action, thing=thing, subject=subject, was=was, now_is=now_is)
