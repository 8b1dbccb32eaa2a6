"""People as the database has them now: read anew at each request, so that a change holds at the next one."""

from datetime import datetime

from amana.policy.people import Accreditation, Asker, Person, Role, Token
from amana.terms.database import Transaction, text, text_or_none
from amana.terms.ids import AccreditationId, OrganisationId, PersonId

PERSON = "SELECT name, organisation, language FROM person WHERE id = :person AND disabled_at IS NULL"
ROLES = "SELECT role FROM person_role WHERE person = :person ORDER BY role"
ACCREDITATIONS = """SELECT id, granted_by, valid_from, valid_until, revoked_at FROM accreditation
WHERE person = :person ORDER BY valid_from, id"""
HOLD = "UPDATE person SET name = name WHERE id = :person AND disabled_at IS NULL"


def hold(run: Transaction, person: PersonId) -> bool:
    """Let nobody else change what this person holds until the transaction ends. False when she is not there or disabled."""
    return run.change(HOLD, {"person": person}) == 1


def read_person(run: Transaction, person: PersonId) -> Person | None:
    """Nobody when she is disabled."""
    found = run.rows(PERSON, {"person": person})
    if not found:
        return None
    name, organisation, language = found[0]
    return Person(
        id=person,
        name=text(name),
        organisation=OrganisationId(text(organisation)),
        language=text(language),
        roles=tuple(Role(role) for (role,) in run.rows(ROLES, {"person": person})),
    )


def read_asker(
    run: Transaction, person: PersonId, *, signed_in_at: datetime, stepped_up_at: datetime | None, token: Token | None
) -> Asker | None:
    """The person with her accreditations, past ones too. Nobody when she is disabled."""
    found = read_person(run, person)
    if found is None:
        return None
    accreditations = tuple(
        Accreditation(
            id=AccreditationId(text(name)),
            person=person,
            granted_by=PersonId(text(granted_by)),
            valid_from=datetime.fromisoformat(text(valid_from)),
            valid_until=datetime.fromisoformat(text(valid_until)),
            revoked_at=when(text_or_none(revoked_at)),
        )
        for name, granted_by, valid_from, valid_until, revoked_at in run.rows(ACCREDITATIONS, {"person": person})
    )
    return Asker(person=found, accreditations=accreditations, signed_in_at=signed_in_at, stepped_up_at=stepped_up_at, token=token)


def when(written: str | None) -> datetime | None:
    """A moment of a column that may be NULL."""
    return None if written is None else datetime.fromisoformat(written)
