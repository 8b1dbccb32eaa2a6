"""What the custodian keeps of sealed facts: salt and text, under their commitment. Erasing one is deleting its row."""

import secrets
from dataclasses import dataclass
from typing import final

from amana.log.entry_forms import Sealed
from amana.log.seal import SALT_BYTES, read_salt, seal, write_salt
from amana.terms.database import Transaction, text

PUT = "INSERT INTO opening (commitment, salt, field, value) VALUES (:commitment, :salt, :field, :value)"
GET = "SELECT salt, field, value FROM opening WHERE commitment = :commitment"
ERASE = "DELETE FROM opening WHERE commitment = :commitment"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """A sealed fact with all that opens it."""

    commitment: str
    salt: bytes
    field: str
    value: str

    def __repr__(self) -> str:
        return f"Opening({self.field})"


def sealed(**facts: str) -> tuple[Opening, ...]:
    """Each fact under a fresh salt, by name. What no text can hold (half a character) is replaced."""
    made = [(name, secrets.token_bytes(SALT_BYTES), fact.encode(errors="replace").decode()) for name, fact in sorted(facts.items())]
    return tuple(Opening(commitment=seal(value, salt=salt), salt=salt, field=name, value=value) for name, salt, value in made)


def pairs(openings: tuple[Opening, ...]) -> Sealed:
    """What an entry tells of them."""
    return tuple((each.field, each.commitment) for each in openings)


def put(run: Transaction, openings: tuple[Opening, ...]) -> None:
    """Keep them: durable with the transaction."""
    for each in openings:
        run.change(PUT, {"commitment": each.commitment, "salt": write_salt(each.salt), "field": each.field, "value": each.value})


def get(run: Transaction, commitment: str) -> Opening | None:
    """What opens that commitment; None when it was erased."""
    found = run.rows(GET, {"commitment": commitment})
    if not found:
        return None
    salt, field, value = (text(each) for each in found[0])
    return Opening(commitment=commitment, salt=read_salt(salt), field=field, value=value)


def erase(run: Transaction, commitment: str) -> int:
    """Forget what opens it, for ever; how many rows that were. The database overwrites what it deletes (`secure_delete`)."""
    return run.change(ERASE, {"commitment": commitment})
