"""The ways in which a person can sign in: at least one must stay, or only an invitation helps her."""

from amana.terms.database import Transaction
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

WAYS = "SELECT id FROM passkey WHERE person = :person UNION ALL SELECT id FROM identity WHERE person = :person"


def keep_another_way(run: Transaction, person: PersonId) -> None:
    """Called after one was taken away, while the person is held. Errors: Refusal sign_in.last_way."""
    if not run.rows(WAYS, {"person": person}):
        raise Refusal("sign_in.last_way")
