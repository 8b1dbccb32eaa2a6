"""API tokens: what a program shows in a person's name, for less than she may herself and for a time."""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from re import fullmatch
from typing import cast, final

from amana.node.askers import hold, read_asker
from amana.node.audit import note
from amana.node.secret import Kind, Secret, hash_of, new_secret
from amana.policy.people import Asker, Scope, Token
from amana.terms.database import Database, Row, Transaction, moment, moment_or_none, text, text_or_none, whole
from amana.terms.ids import PersonId, TokenId
from amana.terms.refusal import Refusal

LABEL_LENGTH_MAX = 100
HELD_COUNT_MAX = 50
LINK_LABEL = "demonstration link"
"""Of tokens that were given for a demo link; it means something on a demo node only."""

MAKE = """INSERT INTO token (id, hash, person, label, scopes, allowance, created_at, expires_at)
VALUES (:id, :hash, :person, :label, :scopes, :allowance, :now, :expires)"""
PURGE = "DELETE FROM token WHERE person = :person AND expires_at <= :now"
COUNT = "SELECT CAST(COUNT(*) AS INTEGER) FROM token WHERE person = :person AND revoked_at IS NULL"
FIND = """SELECT id, person, scopes, expires_at, revoked_at, label, allowance, created_at FROM token
WHERE hash = :hash AND revoked_at IS NULL AND created_at <= :now AND expires_at > :now"""
LIST = """SELECT id, person, scopes, expires_at, revoked_at, label, allowance, created_at FROM token
WHERE person = :person ORDER BY created_at, id"""
BY_ID = """SELECT id, person, scopes, expires_at, revoked_at, label, allowance, created_at FROM token
WHERE id = :id AND person = :person"""
ALLOWANCE = "SELECT allowance FROM token WHERE id = :id"
REVOKE = "UPDATE token SET revoked_at = :now WHERE id = :id AND person = :person AND revoked_at IS NULL"
REVOKE_ALL = "UPDATE token SET revoked_at = :now WHERE person = :person AND revoked_at IS NULL"


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

    def make(self, asker: Asker, *, label: str, scopes: Sequence[Scope], days: int, allowance: str | None, now: datetime) -> Made:
        """A token of a person who is signed in herself, and strongly: it outlives her session.

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
                expires_at=now + timedelta(days=days),
            ),
            label=read_label(label),
            allowance=None if allowance is None else _share(allowance),
            created_at=now,
        )
        secret = new_secret(Kind.TOKEN)
        with self._database.transaction() as run:
            self._keep(run, held, secret, now=now)
        return Made(held=held, secret=secret)

    def by_token(self, secret: str, *, now: datetime) -> Asker:
        """Who asks through a program: signed in at this very request, never stepped up; but one of a demo link is, as its session is.

        Errors: Refusal sign_in.needed, whatever is the matter with the secret or the person.
        """
        with self._database.reading() as run:
            found = run.rows(FIND, {"hash": hash_of(Kind.TOKEN, secret), "now": moment(now)})
            token = _held(found[0]).token if found else None
            of_link = bool(found) and text(found[0][5]) == LINK_LABEL
            if of_link and not self._demo:  # as its session ends where links open no sessions any more
                token = None
            strong = now if of_link and self._demo else None
            asker = None if token is None else read_asker(run, token.owner, signed_in_at=now, stepped_up_at=strong, token=token)
        if asker is None:
            raise Refusal("sign_in.needed")
        return asker

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
        """End one of her tokens, from the next request on. Errors: Refusal token.not_by_token, token.unknown."""
        _herself(asker)
        person = asker.person.id
        with self._database.transaction() as run:
            if run.change(REVOKE, {"id": token, "person": person, "now": moment(now)}) != 1:
                raise Refusal("token.unknown", token=token[:60])
            note(run, at=now, actor=person, action="revoke", thing=f"token {token}", subject=person, was="valid", now_is="revoked")

    def _keep(self, run: Transaction, held: Held, secret: Secret, *, now: datetime) -> None:
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


def _share(written: str) -> Fraction:
    """An exact share from "10%", "0.1" or "1/10"."""
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
