"""What is begun with a browser and finished once: a passkey's challenge, a visit to the identity provider.

The browser keeps one secret of its own (a cookie that scripts cannot read, or the page's memory). Challenge, state, nonce and PKCE
verifier are derived from it, so that the database holds nothing of them but the hash of the secret. A ceremony stands there until it
is used, once, or is over; another browser than the one that began cannot finish it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import final

from amana.node.secret import Kind, Secret, hash_of, new_secret
from amana.terms.database import Database, moment, text, whole
from amana.terms.refusal import Refusal

LASTS = timedelta(minutes=5)
OPEN_COUNT_MAX = 100_000

BEGIN = """INSERT INTO ceremony (hash, purpose, session, created_at, expires_at)
VALUES (:hash, :purpose, :session, :now, :expires)"""
PURGE = "DELETE FROM ceremony WHERE expires_at <= :now"
COUNT = "SELECT CAST(COUNT(*) AS INTEGER) FROM ceremony"
TAKE = """DELETE FROM ceremony WHERE hash = :hash AND created_at <= :now AND expires_at > :now
RETURNING purpose, session, created_at"""


class Purpose(Enum):
    """What a ceremony may end in."""

    PASSKEY_SIGN_IN = "passkey sign in"
    PASSKEY_STEP_UP = "passkey step up"
    PASSKEY_REGISTER = "passkey register"
    OIDC_SIGN_IN = "oidc sign in"
    OIDC_STEP_UP = "oidc step up"
    OIDC_LINK = "oidc link"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ceremony:
    """One that was begun here. `session`: the id of the session that it is for, "" before sign-in."""

    purpose: Purpose
    session: str
    begun_at: datetime


def begin(database: Database, purpose: Purpose, *, session: str, now: datetime) -> Secret:
    """The browser's secret for one ceremony. Errors: Refusal sign_in.busy when too many are open."""
    made = new_secret(Kind.CEREMONY)
    row = {"hash": hash_of(Kind.CEREMONY, made.reveal()), "purpose": purpose.value, "session": session}
    with database.transaction() as run:
        run.change(PURGE, {"now": moment(now)})
        if whole(run.rows(COUNT, {})[0][0]) >= OPEN_COUNT_MAX:
            raise Refusal("sign_in.busy")
        run.change(BEGIN, {**row, "now": moment(now), "expires": moment(now + LASTS)})
    return made


def take(database: Database, secret: str, *, now: datetime) -> Ceremony | None:
    """Use it up, whatever comes of it afterwards. None when it was never begun, is over or was used."""
    with database.transaction() as run:
        found = run.rows(TAKE, {"hash": hash_of(Kind.CEREMONY, secret), "now": moment(now)})
    if not found:
        return None
    purpose, session, begun_at = found[0]
    return Ceremony(purpose=Purpose(purpose), session=text(session), begun_at=datetime.fromisoformat(text(begun_at)))
