"""Sign-in with the organisation's identity provider. Nobody gets an account by it: an identity is linked by a person we know."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType, final

from amana.node.askers import hold
from amana.node.audit import note
from amana.node.ceremonies import Ceremony, Purpose, begin, take
from amana.node.identity_provider import LEEWAY_S, IdentityProvider, Known, Visit
from amana.node.secret import Secret, derive
from amana.node.sessions import Method, Sessions
from amana.node.ways import keep_another_way
from amana.policy.people import Asker
from amana.terms.database import Database, Transaction, moment, text
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

IdentityId = NewType("IdentityId", str)

FIND = "SELECT person FROM identity WHERE issuer = :issuer AND subject = :subject"
LINK = """INSERT INTO identity (id, issuer, subject, person, linked_at)
VALUES (:id, :issuer, :subject, :person, :now) ON CONFLICT (issuer, subject) DO NOTHING"""
OF = "SELECT id, issuer, linked_at FROM identity WHERE person = :person ORDER BY linked_at, id"
REMOVE = "DELETE FROM identity WHERE id = :id AND person = :person"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """One that a person linked, as she sees it in a list."""

    id: IdentityId
    issuer: str
    linked_at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """`address`: where the browser goes. `secret`: kept in a cookie of this browser until it comes back."""

    address: str
    secret: Secret


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Back:
    """What the visit was for. `session`: its new secret after a sign-in or step-up."""

    purpose: Purpose
    session: Secret | None


@final
class Oidc:
    """Visits to the provider that the settings name, if they name one."""

    def __init__(self, database: Database, sessions: Sessions, provider: IdentityProvider | None, *, step_up_acr: str) -> None:
        self._database, self._sessions, self._provider, self._step_up_acr = database, sessions, provider, step_up_acr

    def begin_sign_in(self, *, now: datetime) -> Sent:
        """Errors: Refusal oidc.not_set, oidc.provider_lost, oidc.not_accepted, sign_in.busy."""
        return self._begin(Purpose.OIDC_SIGN_IN, session="", now=now)

    def begin_step_up(self, session: str, *, now: datetime) -> Sent:
        """Errors: as of `begin_sign_in`, and sign_in.needed."""
        with self._database.transaction() as run:
            found = self._sessions.full(run, session, now=now)
        return self._begin(Purpose.OIDC_STEP_UP, session=found.id, now=now)

    def begin_link(self, session: str, *, now: datetime) -> Sent:
        """For somebody who came with an enrolment link, or is stepped up.

        Errors: as of `begin_sign_in`, and sign_in.needed, sign_in.step_up_needed.
        """
        with self._database.transaction() as run:
            found = self._sessions.enrolling(run, session, now=now)
        return self._begin(Purpose.OIDC_LINK, session=found.id, now=now)

    def finish(self, secret: str, *, state: str, code: str, session: str, now: datetime) -> Back:
        """The browser is back. `session`: the secret of the session that it has, "" for none.

        Errors: Refusal oidc.not_accepted, oidc.provider_lost, oidc.unknown_identity, oidc.taken, sign_in.needed, sign_in.step_up_needed.
        """
        provider = self._required()
        ceremony, visit = take(self._database, secret, now=now), _visit(secret)
        if ceremony is None or not hmac.compare_digest(state.encode("utf-8", "replace"), visit.state.encode()):
            raise self._no("state")
        if not code:
            raise self._no("code")
        match ceremony.purpose:
            case Purpose.OIDC_SIGN_IN:
                return self._sign_in(provider.redeem(code, visit, now=now), now=now)
            case Purpose.OIDC_STEP_UP:
                return self._step_up(ceremony, provider.redeem(code, visit, now=now), session=session, now=now)
            case Purpose.OIDC_LINK:
                return self._link(ceremony, provider.redeem(code, visit, now=now), session=session, now=now)
            case _:
                raise self._no("state")  # a passkey's ceremony

    def held(self, asker: Asker) -> tuple[Identity, ...]:
        """The person's identities, oldest first. Errors: Refusal token.not_by_token."""
        if asker.token is not None:
            raise Refusal("token.not_by_token")
        with self._database.reading() as run:
            return tuple(
                Identity(id=IdentityId(text(name)), issuer=text(issuer), linked_at=datetime.fromisoformat(text(linked_at)))
                for name, issuer, linked_at in run.rows(OF, {"person": asker.person.id})
            )

    def remove(self, session: str, identity: IdentityId, *, now: datetime) -> None:
        """Unlink one, never the last way to sign in.

        Errors: Refusal oidc.unknown, sign_in.last_way, sign_in.needed, sign_in.step_up_needed.
        """
        with self._database.transaction() as run:
            found = self._sessions.full(run, session, now=now)
            if not found.stepped_up(now):
                raise Refusal("sign_in.step_up_needed")
            if run.change(REMOVE, {"id": identity, "person": found.person}) != 1:
                raise Refusal("oidc.unknown", identity=identity[:60])
            keep_another_way(run, found.person)
            thing = f"identity {identity}"
            note(run, at=now, actor=found.person, action="remove", thing=thing, subject=found.person, was="linked", now_is="removed")

    def _begin(self, purpose: Purpose, *, session: str, now: datetime) -> Sent:
        provider = self._required()
        secret = begin(self._database, purpose, session=session, now=now)
        address = provider.address(_visit(secret.reveal()), fresh=purpose is Purpose.OIDC_STEP_UP)
        return Sent(address=address, secret=secret)

    def _sign_in(self, known: Known, *, now: datetime) -> Back:
        with self._database.transaction() as run:
            person = self._person(run, known)
            if person is None or not hold(run, person):
                raise Refusal("oidc.unknown_identity", issuer=self._required().issuer)
            made = self._sessions.open(run, person, method=Method.OIDC, stepped_up=None, now=now)
        return Back(purpose=Purpose.OIDC_SIGN_IN, session=made)

    def _step_up(self, ceremony: Ceremony, known: Known, *, session: str, now: datetime) -> Back:
        """The provider must have asked her again since she left, in the way that the settings name."""
        at = known.authenticated_at
        leeway = timedelta(seconds=LEEWAY_S)
        if at is None or not ceremony.begun_at - leeway <= at <= now + leeway:
            raise self._no("auth_time")
        if self._step_up_acr and known.acr != self._step_up_acr:
            raise self._no("acr")
        with self._database.transaction() as run:
            found = self._sessions.full(run, session, now=now)
            if found.id != ceremony.session or self._person(run, known) != found.person:
                raise self._no("sub")
            return Back(purpose=ceremony.purpose, session=self._sessions.step_up(run, found, now=now))

    def _link(self, ceremony: Ceremony, known: Known, *, session: str, now: datetime) -> Back:
        name, issuer = secrets.token_hex(16), self._required().issuer
        with self._database.transaction() as run:
            found = self._sessions.enrolling(run, session, now=now)
            if found.id != ceremony.session:
                raise self._no("state")
            row = {"id": name, "issuer": issuer, "subject": known.subject, "person": found.person, "now": moment(now)}
            if run.change(LINK, row) != 1:
                raise Refusal("oidc.taken", issuer=issuer)
            thing = f"identity {name}"
            note(run, at=now, actor=found.person, action="link", thing=thing, subject=found.person, was="", now_is="linked")
            if found.method is Method.ENROL:
                self._sessions.end(run, found, now=now)
        return Back(purpose=ceremony.purpose, session=None)

    def _person(self, run: Transaction, known: Known) -> PersonId | None:
        found = run.rows(FIND, {"issuer": self._required().issuer, "subject": known.subject})
        return PersonId(text(found[0][0])) if found else None

    def _required(self) -> IdentityProvider:
        if self._provider is None:
            raise Refusal("oidc.not_set")
        return self._provider

    def _no(self, reason: str) -> Refusal:
        return Refusal("oidc.not_accepted", issuer=self._required().issuer, reason=reason)


def _visit(secret: str) -> Visit:
    """State, nonce and PKCE verifier of one browser's visit: three texts that tell nothing of each other or of the secret."""
    state, nonce, verifier = (_text(derive(secret, purpose)) for purpose in ("state", "nonce", "verifier"))
    return Visit(state=state, nonce=nonce, verifier=verifier)


def _text(digest: bytes) -> str:
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
