"""What the custodian keeps of sealed facts: salt and text, under their commitment. Erasing one is deleting its row."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from typing import final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amana.log.entry_forms import Sealed
from amana.log.seal import SALT_BYTES, read_salt, seal, write_salt
from amana.terms.database import Transaction, text
from amana.terms.refusal import Fault

PUT = "INSERT INTO opening (commitment, field, opening, locked) VALUES (:commitment, :field, :opening, :locked)"
GET = "SELECT field, opening, locked FROM opening WHERE commitment = :commitment"
SALT_CHARACTERS = 44
NONCE_BYTES = 12
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


def put(run: Transaction, openings: tuple[Opening, ...], *, vault: "Vault | None" = None) -> None:
    """Keep them: durable with the transaction. `vault`: of questions, whose text stands nowhere else; decisions and jobs have tables."""
    for each in openings:
        plain = f"{write_salt(each.salt)}{each.value}"
        kept = plain if vault is None else vault.lock(plain, name=f"{each.field} {each.commitment}")
        run.change(PUT, {"commitment": each.commitment, "field": each.field, "opening": kept, "locked": int(vault is not None)})


def get(run: Transaction, commitment: str, *, vault: "Vault") -> Opening | None:
    """What opens that commitment; None when it was erased."""
    found = run.rows(GET, {"commitment": commitment})
    if not found:
        return None
    field, kept = (text(each) for each in found[0][:2])
    plain = vault.unlock(kept, name=f"{field} {commitment}") if found[0][2] else kept
    return Opening(commitment=commitment, salt=read_salt(plain[:SALT_CHARACTERS]), field=field, value=plain[SALT_CHARACTERS:])


def erase(run: Transaction, commitment: str) -> int:
    """Forget what opens it, for ever; how many rows that were. The database overwrites what it deletes (`secure_delete`)."""
    return run.change(ERASE, {"commitment": commitment})


@final
class Vault:
    """Encrypts what is kept of questions: whoever takes the disk reads none of them. `key`: 32 secret bytes of the node."""

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(hmac.digest(key, b"openings", "sha256"))

    def lock(self, plain: str, *, name: str) -> str:
        """AES-256-GCM under a random nonce, bound to that name, in base64."""
        nonce = secrets.token_bytes(NONCE_BYTES)
        return base64.b64encode(nonce + self._cipher.encrypt(nonce, plain.encode(), name.encode())).decode("ascii")

    def unlock(self, kept: str, *, name: str) -> str:
        """What was locked under that name. Errors: Fault when it is not what this node locked."""
        try:
            whole = base64.b64decode(kept, validate=True)
            return self._cipher.decrypt(whole[:NONCE_BYTES], whole[NONCE_BYTES:], name.encode()).decode()
        except (ValueError, InvalidTag):
            raise Fault(id=secrets.token_hex(8)) from None
