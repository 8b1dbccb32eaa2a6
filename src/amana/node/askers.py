"""People as the database has them now: read anew at each request, so that a change holds at the next one."""

from datetime import datetime

from amana.node.people import read_accreditations, read_person
from amana.policy.people import Asker, Person, Token
from amana.terms.database import Transaction
from amana.terms.ids import PersonId

HOLD = "UPDATE person SET name = name WHERE id = :person AND disabled_at IS NULL"


def hold(run: Transaction, person: PersonId) -> bool:
    """Let nobody else change what this person holds until the transaction ends. False when she is not there or disabled."""
    return run.change(HOLD, {"person": person}) == 1


def read_enabled(run: Transaction, person: PersonId) -> Person | None:
    """Nobody when she is disabled. Errors: Refusal node.not_found."""
    found = read_person(run, person)
    return found if found.disabled_at is None else None


def read_asker(
    run: Transaction, person: PersonId, *, signed_in_at: datetime, stepped_up_at: datetime | None, token: Token | None, demo: bool = False
) -> Asker | None:
    """The person with her accreditations, past ones too. Nobody when she is disabled. Errors: Refusal node.not_found."""
    found = read_enabled(run, person)
    if found is None:
        return None
    accreditations = read_accreditations(run, person)
    return Asker(
        person=found, accreditations=accreditations, signed_in_at=signed_in_at, stepped_up_at=stepped_up_at, token=token, demo=demo
    )
