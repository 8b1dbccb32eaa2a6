"""Passkeys (WebAuthn): a key in the person's device signs a challenge; nothing that can be stolen from here signs her in.

Source: W3C Web Authentication, level 3, sections 7.1 and 7.2; the checks are those of `webauthn`, and here the ones it leaves to us:
the user handle, requests from foreign frames, the counter under concurrent use, and whose credential it is.
"""

import hashlib
import json
import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import NewType, final
from urllib.parse import urlsplit

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    base64url_to_bytes,
    bytes_to_base64url,
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from amana.node.askers import hold, read_enabled
from amana.node.audit import note
from amana.node.ceremonies import LASTS, Purpose, begin, take
from amana.node.secret import Secret, derive
from amana.node.sessions import Method, Session, Sessions
from amana.node.tokens import read_label
from amana.node.ways import keep_another_way
from amana.policy.people import Asker
from amana.terms.database import Database, Transaction, Value, moment, moment_or_none, text, whole
from amana.terms.ids import PersonId
from amana.terms.refusal import Refusal

PasskeyId = NewType("PasskeyId", str)

ANSWER_LENGTH_MAX = 65_536
HELD_COUNT_MAX = 20

ADD = """INSERT INTO passkey (id, credential, person, public_key, counter, label, created_at)
VALUES (:id, :credential, :person, :key, :counter, :label, :now) ON CONFLICT (credential) DO NOTHING"""
COUNT = "SELECT CAST(COUNT(*) AS INTEGER) FROM passkey WHERE person = :person"
FIND = "SELECT id, person, public_key, counter FROM passkey WHERE credential = :credential"
OF = "SELECT id, credential, label, created_at, used_at FROM passkey WHERE person = :person ORDER BY created_at, id"
USE = """UPDATE passkey SET counter = :counter, used_at = :now
WHERE id = :id AND (counter < :counter OR (counter = 0 AND :counter = 0))"""
REMOVE = "DELETE FROM passkey WHERE id = :id AND person = :person"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Passkey:
    """One that a person registered, as she sees it in a list."""

    id: PasskeyId
    label: str
    created_at: datetime
    used_at: datetime | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """`options`: JSON for the browser's `navigator.credentials`. `secret`: comes back with the answer."""

    options: str
    secret: Secret


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Proved:
    """A credential that signed, before its counter is kept."""

    id: str
    person: PersonId
    counter: int


@final
class Passkeys:
    """Registration and sign-in of one node, which browsers know by the host of its public address."""

    def __init__(self, database: Database, sessions: Sessions, *, public_url: str) -> None:
        self._database, self._sessions, self._origin = database, sessions, public_url
        self._host = urlsplit(public_url).hostname or ""

    def begin_registration(self, session: str, *, now: datetime) -> Begun:
        """For somebody who came with an enrolment link, or is stepped up. Her registered devices are told to pass.

        Errors: Refusal sign_in.needed, sign_in.step_up_needed, passkey.too_many, sign_in.busy.
        """
        with self._database.transaction() as run:
            found = self._sessions.enrolling(run, session, now=now)
            person = read_enabled(run, found.person)
            credentials = self._credentials(run, found.person)
        assert person is not None, "she was held a moment ago"
        if len(credentials) >= HELD_COUNT_MAX:
            raise Refusal("passkey.too_many", count_max=HELD_COUNT_MAX)
        secret = begin(self._database, Purpose.PASSKEY_REGISTER, session=found.id, now=now)
        options = generate_registration_options(
            rp_id=self._host,
            rp_name="Amana",
            user_id=handle_of(person.id),
            user_name=person.name,
            challenge=derive(secret.reveal(), "challenge"),
            timeout=_milliseconds(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=credentials,
        )
        return Begun(options=options_to_json(options), secret=secret)

    def finish_registration(self, session: str, secret: str, answer: str, *, label: str, now: datetime) -> PasskeyId:
        """Keep the new passkey. An enrolment is over with it: she signs in with the passkey next.

        Errors: Refusal passkey.not_accepted, passkey.taken, passkey.too_many, token.bad_label, sign_in.needed, sign_in.step_up_needed.
        """
        short = read_label(label)
        ceremony = take(self._database, secret, now=now)
        if ceremony is None or ceremony.purpose is not Purpose.PASSKEY_REGISTER:
            raise self._no()
        try:
            self._check_frame(parse_registration_credential_json(_bounded(answer)).response.client_data_json)
            verified = verify_registration_response(
                credential=answer,
                expected_challenge=derive(secret, "challenge"),
                expected_rp_id=self._host,
                expected_origin=self._origin,
                require_user_verification=True,
            )
        except Exception as error:  # whatever an answer makes the library raise, it is not accepted
            raise self._no() from error
        with self._database.transaction() as run:
            found = self._sessions.enrolling(run, session, now=now)
            if found.id != ceremony.session:
                raise self._no()
            if whole(run.rows(COUNT, {"person": found.person})[0][0]) >= HELD_COUNT_MAX:
                raise Refusal("passkey.too_many", count_max=HELD_COUNT_MAX)
            name = PasskeyId(secrets.token_hex(16))
            row: dict[str, Value] = {
                "id": name,
                "credential": bytes_to_base64url(verified.credential_id),
                "person": found.person,
                "key": bytes_to_base64url(verified.credential_public_key),
                "counter": verified.sign_count,
                "label": short,
                "now": moment(now),
            }
            if run.change(ADD, row) != 1:
                raise Refusal("passkey.taken")
            note(run, at=now, actor=found.person, action="add", thing=f"passkey {name}", subject=found.person, was="", now_is="valid")
            if found.method is Method.ENROL:
                self._sessions.end(run, found, now=now)
        return name

    def begin_sign_in(self, *, now: datetime) -> Begun:
        """No name is asked: the device knows whose passkey it holds. Errors: Refusal sign_in.busy."""
        return self._begin(Purpose.PASSKEY_SIGN_IN, session="", allowed=[], now=now)

    def finish_sign_in(self, secret: str, answer: str, *, now: datetime) -> Secret:
        """A new session, stepped up. Errors: Refusal passkey.not_accepted."""
        proved = self._prove(secret, answer, purpose=Purpose.PASSKEY_SIGN_IN, session="", now=now)
        with self._database.transaction() as run:
            if not hold(run, proved.person):
                raise self._no()
            self._use(run, proved, now=now)
            return self._sessions.open(run, proved.person, method=Method.PASSKEY, stepped_up=now, now=now)

    def begin_step_up(self, session: str, *, now: datetime) -> Begun:
        """For somebody who is signed in. Errors: Refusal sign_in.needed, sign_in.busy."""
        with self._database.transaction() as run:
            found = self._sessions.full(run, session, now=now)
            allowed = self._credentials(run, found.person)
        return self._begin(Purpose.PASSKEY_STEP_UP, session=found.id, allowed=allowed, now=now)

    def finish_step_up(self, session: str, secret: str, answer: str, *, now: datetime) -> Secret:
        """The session under a new secret, stepped up. Errors: Refusal passkey.not_accepted, sign_in.needed."""
        with self._database.transaction() as run:
            found = self._sessions.full(run, session, now=now)
        proved = self._prove(secret, answer, purpose=Purpose.PASSKEY_STEP_UP, session=found.id, now=now)
        if proved.person != found.person:
            raise self._no()
        with self._database.transaction() as run:
            current: Session = self._sessions.full(run, session, now=now)
            self._use(run, proved, now=now)
            return self._sessions.step_up(run, current, now=now)

    def held(self, asker: Asker) -> tuple[Passkey, ...]:
        """The person's passkeys, oldest first. Errors: Refusal token.not_by_token."""
        if asker.token is not None:
            raise Refusal("token.not_by_token")
        with self._database.reading() as run:
            return tuple(
                Passkey(
                    id=PasskeyId(text(name)),
                    label=text(label),
                    created_at=datetime.fromisoformat(text(created_at)),
                    used_at=moment_or_none(used_at),
                )
                for name, _, label, created_at, used_at in run.rows(OF, {"person": asker.person.id})
            )

    def remove(self, session: str, passkey: PasskeyId, *, now: datetime) -> None:
        """Take one away, never the last way to sign in.

        Errors: Refusal passkey.unknown, sign_in.last_way, sign_in.needed, sign_in.step_up_needed.
        """
        with self._database.transaction() as run:
            found = self._sessions.full(run, session, now=now)
            if not found.stepped_up(now):
                raise Refusal("sign_in.step_up_needed")
            if run.change(REMOVE, {"id": passkey, "person": found.person}) != 1:
                raise Refusal("passkey.unknown", passkey=passkey[:60])
            keep_another_way(run, found.person)
            thing = f"passkey {passkey}"
            note(run, at=now, actor=found.person, action="remove", thing=thing, subject=found.person, was="valid", now_is="removed")

    def _begin(self, purpose: Purpose, *, session: str, allowed: list[PublicKeyCredentialDescriptor], now: datetime) -> Begun:
        secret = begin(self._database, purpose, session=session, now=now)
        options = generate_authentication_options(
            rp_id=self._host,
            challenge=derive(secret.reveal(), "challenge"),
            timeout=_milliseconds(),
            allow_credentials=allowed,
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return Begun(options=options_to_json(options), secret=secret)

    def _prove(self, secret: str, answer: str, *, purpose: Purpose, session: str, now: datetime) -> _Proved:
        """The credential that signed this ceremony's challenge. Whatever is wrong, the ceremony is used up."""
        ceremony = take(self._database, secret, now=now)
        if ceremony is None or ceremony.purpose is not purpose or ceremony.session != session:
            raise self._no()
        try:
            given = parse_authentication_credential_json(_bounded(answer))
            self._check_frame(given.response.client_data_json)
            credential, handle = bytes_to_base64url(given.raw_id), given.response.user_handle
        except Exception as error:  # as above
            raise self._no() from error
        with self._database.reading() as run:
            found = run.rows(FIND, {"credential": credential})
        if not found:
            raise self._no()
        name, person, key, counter = text(found[0][0]), PersonId(text(found[0][1])), text(found[0][2]), whole(found[0][3])
        if handle != handle_of(person) and not (handle is None and purpose is Purpose.PASSKEY_STEP_UP):
            raise self._no()  # a device that was asked for no name tells whose key it holds
        try:
            verified = verify_authentication_response(
                credential=given,
                expected_challenge=derive(secret, "challenge"),
                expected_rp_id=self._host,
                expected_origin=self._origin,
                credential_public_key=base64url_to_bytes(key),
                credential_current_sign_count=counter,
                require_user_verification=True,
            )
        except Exception as error:  # as above
            raise self._no() from error
        return _Proved(id=name, person=person, counter=verified.new_sign_count)

    def _use(self, run: Transaction, proved: _Proved, *, now: datetime) -> None:
        """Keep the counter. One that does not grow is of a copied key, or the passkey is gone meanwhile."""
        if run.change(USE, {"id": proved.id, "counter": proved.counter, "now": moment(now)}) != 1:
            raise self._no()

    def _credentials(self, run: Transaction, person: PersonId) -> list[PublicKeyCredentialDescriptor]:
        rows = run.rows(OF, {"person": person})
        return [PublicKeyCredentialDescriptor(id=base64url_to_bytes(text(credential))) for _, credential, *_ in rows]

    def _check_frame(self, client_data: bytes) -> None:
        """A page of another site may not sign somebody in inside a frame."""
        if parse_client_data_json(client_data).cross_origin:
            raise ValueError("a frame of another origin")

    def _no(self) -> Refusal:
        return Refusal("passkey.not_accepted", url=self._origin)


def handle_of(person: PersonId) -> bytes:
    """What a device keeps to know the person again: nothing that tells who she is to whoever reads the device."""
    return hashlib.sha256(f"amana passkey of {person}".encode()).digest()


def _bounded(answer: str) -> str:
    if len(answer) > ANSWER_LENGTH_MAX or not isinstance(json.loads(answer), dict):
        raise ValueError("not an answer of a browser")
    return answer


def _milliseconds() -> int:
    return int(LASTS.total_seconds() * 1000)
