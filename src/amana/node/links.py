"""One-time links: the only way in for somebody who has no passkey yet, and the way into the demo.

The secret stands behind the `#` of the link: a browser does not send that part, so no proxy and no log of requests sees it.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import final

from amana.node.askers import hold
from amana.node.audit import note
from amana.node.secret import Kind, Secret, hash_of, new_secret
from amana.node.sessions import Method, Sessions
from amana.terms.database import Database, Transaction, moment, text
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal


class LinkKind(Enum):
    """ENROL: to register a passkey or an identity. DEMO: a whole session, where the node's settings allow it."""

    ENROL = "enrol"
    DEMO = "demo"


LASTS = {LinkKind.ENROL: timedelta(hours=24), LinkKind.DEMO: timedelta(days=7)}

INVITE = """INSERT INTO sign_in_link (id, hash, person, kind, created_at, expires_at)
VALUES (:id, :hash, :person, :kind, :now, :expires)"""
VOID = "DELETE FROM sign_in_link WHERE person = :person AND kind = :kind"
VOID_ALL = "DELETE FROM sign_in_link WHERE person = :person AND used_at IS NULL"
USE = """UPDATE sign_in_link SET used_at = :now
WHERE hash = :hash AND used_at IS NULL AND created_at <= :now AND expires_at > :now RETURNING id, kind"""
WHOSE = "SELECT person FROM sign_in_link WHERE hash = :hash"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """What a link gave: a session of that kind."""

    kind: LinkKind
    session: Secret


@final
class Links:
    """Made by somebody who may invite, opened once by the one who was invited."""

    def __init__(self, database: Database, sessions: Sessions, *, public_url: str, demo: bool) -> None:
        self._database, self._sessions, self._public_url, self._demo = database, sessions, public_url, demo

    def invite(self, person: PersonId, *, kind: LinkKind, actor: str, now: datetime) -> Secret:
        """A new link's secret; an earlier link of the kind for the same person opens nothing any more.

        Errors: Refusal sign_in.links_off for a demo link on a node that is no demo, sign_in.unknown_person.
        """
        if kind is LinkKind.DEMO and not self._demo:
            raise Refusal("sign_in.links_off")
        made, name = new_secret(Kind.LINK), secrets.token_hex(16)
        row = {"id": name, "hash": hash_of(Kind.LINK, made.reveal()), "person": person, "kind": kind.value}
        with self._database.transaction() as run:
            if not hold(run, person):
                raise Refusal("sign_in.unknown_person", person=person[:60])
            run.change(VOID, {"person": person, "kind": kind.value})
            run.change(INVITE, {**row, "now": moment(now), "expires": moment(now + LASTS[kind])})
            note(run, at=now, actor=actor, action="invite", thing=f"link {name}", subject=person, was="", now_is=kind.value)
        return made

    def address(self, secret: Secret) -> str:
        """What the invited person opens in her browser."""
        return f"{self._public_url}/sign-in#{secret.reveal()}"

    def open(self, secret: str, *, now: datetime, only: LinkKind | None = None) -> Opened:
        """Use a link up; one of another kind than `only` stays as it is.

        Errors: Refusal sign_in.link_void, the same for a wrong, a used and an old one; sign_in.browser_needed.
        """
        hashed = hash_of(Kind.LINK, secret)
        with self._database.transaction() as run:
            # The person is held before the link, as everywhere: two who wait for each other would wait for ever.
            whose = run.rows(WHOSE, {"hash": hashed})
            if not whose or not hold(run, PersonId(text(whose[0][0]))):
                raise Refusal("sign_in.link_void")
            found = run.rows(USE, {"hash": hashed, "now": moment(now)})
            if not found or (found[0][1] == LinkKind.DEMO.value and not self._demo):
                raise Refusal("sign_in.link_void")
            person, name, kind = PersonId(text(whose[0][0])), text(found[0][0]), LinkKind(found[0][1])
            if only is not None and kind is not only:
                raise Refusal("sign_in.browser_needed")
            note(run, at=now, actor=person, action="open", thing=f"link {name}", subject=person, was=kind.value, now_is="used")
            method, stepped_up = (Method.DEMO, now) if kind is LinkKind.DEMO else (Method.ENROL, None)
            return Opened(kind=kind, session=self._sessions.open(run, person, method=method, stepped_up=stepped_up, now=now))


def void_links(run: Transaction, person: PersonId) -> int:
    """Let no open link of a person open anything; how many there were."""
    return run.change(VOID_ALL, {"person": person})
