"""API tokens: what a program shows in a person's name, for less than she may herself and for a time."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from fractions import Fraction
from re import fullmatch
from typing import cast, final

from amana.node.askers import hold, read_asker
from amana.node.audit import note
from amana.node.secret import Kind, Secret, hash_of, new_secret
from amana.policy.people import Asker, Scope, Token
from amana.policy.rights import Action, may
from amana.terms.database import Database, Row, Transaction, moment, moment_or_none, text, text_or_none, whole
from amana.terms.ids import PersonId, TokenId
from amana.terms.refusal import Refusal

LABEL_LENGTH_MAX = 100
HELD_COUNT_MAX = 50
DEMO_LASTS = timedelta(days=1)
"""What is made in a session of a demo link ends so long after it began."""

MAKE = """INSERT INTO token (id, hash, person, label, scopes, allowance, created_at, expires_at, origin)
VALUES (:id, :hash, :person, :label, :scopes, :allowance, :now, :expires, :origin)"""
PURGE = "DELETE FROM token WHERE person = :person AND expires_at <= :now"
COUNT = "SELECT CAST(COUNT(*) AS INTEGER) FROM token WHERE person = :person AND revoked_at IS NULL"
FIND = """SELECT id, person, scopes, expires_at, revoked_at, label, allowance, created_at, origin FROM token
WHERE hash = :hash AND revoked_at IS NULL AND created_at <= :now AND expires_at > :now"""
STOPPED = """SELECT person.id FROM token JOIN person ON person.id = token.person
WHERE token.hash = :hash AND token.revoked_at >= person.disabled_at AND token.created_at <= :now AND token.expires_at > :now"""
LIST = """SELECT id, person, scopes, expires_at, revoked_at, label, allowance, created_at FROM token
WHERE person = :person ORDER BY created_at, id"""
BY_ID = """SELECT id, person, scopes, expires_at, revoked_at, label, allowance, created_at FROM token
WHERE id = :id AND person = :person"""
ANY_BY_ID = """SELECT id, person, scopes, expires_at, revoked_at, label, allowance, created_at FROM token WHERE id = :id"""
ALLOWANCE = "SELECT allowance FROM token WHERE id = :id"
REVOKE = "UPDATE token SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL"
REVOKE_ALL = "UPDATE token SET revoked_at = :now WHERE person = :person AND revoked_at IS NULL"


class Origin(Enum):
    """How a token came to be. PERSON: made by somebody who signed in herself. DEMO: made in a session of a demo link. LINK: given for
    a demo link, and stepped up as its session is. The last two mean something on a demo node only."""

    PERSON = "person"
    DEMO = "demo"
    LINK = "link"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A token as its owner sees it. `allowance`: the share of her permits that an assistant may spend with it."""

    token: Token
    label: str
    allowance: Fraction | None
    created_at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A new token, with the secret that is shown this once."""

    held: Held
    secret: Secret


@final
class Tokens:
    """All tokens of a node."""

    def __init__(self, database: Database, *, days_max: int, demo: bool) -> None:
        """`demo`: whether this node is one, where links open whole sessions."""
        self._database, self._days_max, self._demo = database, days_max, demo

    def make(
        self, asker: Asker, *, label: str, scopes: Sequence[Scope], days: int, allowance: str | None, now: datetime, for_link: bool = False
    ) -> Made:
        """A token of a person who is signed in herself, and strongly: it outlives her session, but not a demonstration.

        `for_link`: in exchange for a demo link, whose session it stands for.
        Errors: Refusal token.not_by_token, sign_in.step_up_needed, token.bad_label, token.no_scope, token.bad_days,
        token.bad_allowance, token.too_many, sign_in.needed.
        """
        _herself(asker)
        if not asker.stepped_up(now):
            raise Refusal("sign_in.step_up_needed")
        if not scopes:
            raise Refusal("token.no_scope", known=", ".join(scope.value for scope in Scope))
        if not 1 <= days <= self._days_max:
            raise Refusal("token.bad_days", days=days, days_max=self._days_max)
        held = Held(
            token=Token(
                id=TokenId(secrets.token_hex(16)),
                owner=asker.person.id,
                scopes=tuple(scope for scope in Scope if scope in scopes),
                expires_at=min(now + timedelta(days=days), asker.signed_in_at + DEMO_LASTS) if asker.demo else now + timedelta(days=days),
            ),
            label=read_label(label),
            allowance=None if allowance is None else read_allowance(allowance),
            created_at=now,
        )
        assert asker.demo or not for_link, "a link gives a session first"
        origin = Origin.LINK if for_link else Origin.DEMO if asker.demo else Origin.PERSON
        secret = new_secret(Kind.TOKEN)
        with self._database.transaction() as run:
            self._keep(run, held, secret, origin=origin, now=now)
        return Made(held=held, secret=secret)

    def by_token(self, secret: str, *, now: datetime) -> Asker:
        """Who asks through a program: signed in at this very request, never stepped up; but one of a demo link is, as its session is.

        Errors: Refusal sign_in.needed, whatever is the matter with the secret; rights.person_disabled for whoever shows one that was
        good until its person was disabled.
        """
        shown = {"hash": hash_of(Kind.TOKEN, secret), "now": moment(now)}
        with self._database.reading() as run:
            found = run.rows(FIND, shown)
            origin = Origin(found[0][8]) if found else None
            if origin is not None and (origin is Origin.PERSON or self._demo):
                token, strong = _held(found[0][:8]).token, now if origin is Origin.LINK else None
                asker = read_asker(run, token.owner, signed_in_at=now, stepped_up_at=strong, token=token)
                if asker is not None:
                    return asker
            if run.rows(STOPPED, shown):
                raise Refusal("rights.person_disabled")
        raise Refusal("sign_in.needed")

    def allowance(self, token: TokenId) -> Fraction | None:
        """The share of each permit that may be spent with that token; None where nothing but the permit limits it.

        Errors: Refusal sign_in.needed for a token that is forgotten: it must not become one without a limit.
        """
        with self._database.reading() as run:
            found = run.rows(ALLOWANCE, {"id": token})
        if not found:
            raise Refusal("sign_in.needed")
        written = text_or_none(found[0][0])
        return None if written is None else Fraction(written)

    def held(self, asker: Asker) -> tuple[Held, ...]:
        """The person's tokens, oldest first, revoked ones too. Errors: Refusal token.not_by_token."""
        _herself(asker)
        with self._database.reading() as run:
            return tuple(_held(row) for row in run.rows(LIST, {"person": asker.person.id}))

    def revoke(self, asker: Asker, token: TokenId, *, now: datetime) -> None:
        """End a token, from the next request on: one of hers, or any by an operator, who knows it by its id.

        Errors: Refusal token.not_by_token; token.unknown, the same for another's token as for none.
        """
        _herself(asker)
        with self._database.transaction() as run:
            found = run.rows(ANY_BY_ID, {"id": token})
            held = _held(found[0]).token if found else None
            if held is None or not may(Action.REVOKE_TOKEN, asker, on=held, now=now):
                raise Refusal("token.unknown", token=token[:60])
            if run.change(REVOKE, {"id": token, "now": moment(now)}) != 1:
                raise Refusal("token.unknown", token=token[:60])
            actor, thing = asker.person.id, f"token {token}"
            note(run, at=now, actor=actor, action="revoke", thing=thing, subject=held.owner, was="valid", now_is="revoked")

    def _keep(self, run: Transaction, held: Held, secret: Secret, *, origin: Origin, now: datetime) -> None:
        person = held.token.owner
        if not hold(run, person):
            raise Refusal("sign_in.needed")
        run.change(PURGE, {"person": person, "now": moment(now)})
        if whole(run.rows(COUNT, {"person": person})[0][0]) >= HELD_COUNT_MAX:
            raise Refusal("token.too_many", count_max=HELD_COUNT_MAX)
        scopes = json.dumps([scope.value for scope in held.token.scopes])
        row = {
            "id": held.token.id,
            "hash": hash_of(Kind.TOKEN, secret.reveal()),
            "person": person,
            "label": held.label,
            "scopes": scopes,
            "allowance": None if held.allowance is None else str(held.allowance),
            "now": moment(now),
            "expires": moment(held.token.expires_at),
            "origin": origin.value,
        }
        run.change(MAKE, row)
        note(run, at=now, actor=person, action="make", thing=f"token {held.token.id}", subject=person, was="", now_is=scopes)


def revoke_all(run: Transaction, person: PersonId, *, actor: str, now: datetime) -> int:
    """End every token of a person; how many there were."""
    ended = run.change(REVOKE_ALL, {"person": person, "now": moment(now)})
    if ended:
        note(run, at=now, actor=actor, action="revoke", thing="every token", subject=person, was=str(ended), now_is="revoked")
    return ended


def read_token(run: Transaction, token: TokenId, *, owner: PersonId) -> Token | None:
    """The token as it is now, also one that ended; None once it is forgotten."""
    found = run.rows(BY_ID, {"id": token, "person": owner})
    return _held(found[0]).token if found else None


def read_label(label: str) -> str:
    """A name that a person gives to what she holds. Errors: Refusal token.bad_label."""
    short = label.strip()
    if not short or len(short) > LABEL_LENGTH_MAX or not short.isprintable():
        raise Refusal("token.bad_label", length_max=LABEL_LENGTH_MAX)
    return short


def _herself(asker: Asker) -> None:
    if asker.token is not None:
        raise Refusal("token.not_by_token")


def read_allowance(written: str) -> Fraction:
    """An exact share from "10%", "0.1" or "1/10". Errors: Refusal token.bad_allowance."""
    plain = written.strip()
    if fullmatch(r"[0-9]{1,4}(\.[0-9]{1,6})?%?|[0-9]{1,7}/[1-9][0-9]{0,6}", plain):
        share = Fraction(plain.removesuffix("%")) / (100 if plain.endswith("%") else 1)
        if 0 < share <= 1:
            return share
    raise Refusal("token.bad_allowance", text=written[:40])


def _held(row: Row) -> Held:
    name, person, scopes, expires_at, revoked_at, label, allowance, created_at = row
    written = text_or_none(allowance)
    return Held(
        token=Token(
            id=TokenId(text(name)),
            owner=PersonId(text(person)),
            scopes=tuple(Scope(scope) for scope in cast("list[str]", json.loads(text(scopes)))),
            expires_at=datetime.fromisoformat(text(expires_at)),
            revoked_at=moment_or_none(revoked_at),
        ),
        label=text(label),
        allowance=None if written is None else Fraction(written),
        created_at=datetime.fromisoformat(text(created_at)),
    )
