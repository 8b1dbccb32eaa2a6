"""A device that holds passkeys, in software: it signs what a browser gives it, or something else when a test tells it to."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field

import cbor2
import pytest
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256

from amana.node.passkeys import PasskeyId
from amana.terms.refusal import Refusal
from tests.signing import AMAL, T0, URL, Desk, at

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class Key:
    """One passkey inside the device."""

    private: EllipticCurvePrivateKey
    id: bytes
    handle: bytes
    counter: int = 0

    @property
    def cose(self) -> bytes:
        """The public key as RFC 9053 writes it."""
        numbers = self.private.public_key().public_numbers()
        return cbor2.dumps({1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")})


@dataclass
class Authenticator:
    """What a test may bend: where the browser thinks it is, whom it asks for, and how the user proved herself."""

    origin: str = URL
    host: str = "data.example.org"
    flags: int = PRESENT | VERIFIED
    step: int = 1
    foreign_frame: bool = False
    with_handle: bool = True
    keys: list[Key] = field(default_factory=list)

    def create(self, options: str) -> str:
        """`navigator.credentials.create`: a new passkey and its first answer."""
        asked = json.loads(options)
        assert asked["authenticatorSelection"]["userVerification"] == asked["authenticatorSelection"]["residentKey"] == "required"
        key = Key(private=generate_private_key(SECP256R1()), id=secrets.token_bytes(16), handle=unb64(asked["user"]["id"]))
        self.keys.append(key)
        data = self.data(key, ATTESTED) + bytes(16) + len(key.id).to_bytes(2, "big") + key.id + key.cose
        return self.answer(
            key,
            {
                "clientDataJSON": b64(self.client("webauthn.create", asked["challenge"])),
                "attestationObject": b64(cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})),
            },
        )

    def get(self, options: str, *, key: Key | None = None) -> str:
        """`navigator.credentials.get`: the answer of one passkey."""
        asked = json.loads(options)
        assert asked["userVerification"] == "required"
        key = key or self.keys[0]
        key.counter += self.step
        data, client = self.data(key, 0), self.client("webauthn.get", asked["challenge"])
        signature = key.private.sign(data + hashlib.sha256(client).digest(), ECDSA(SHA256()))
        said = {"clientDataJSON": b64(client), "authenticatorData": b64(data), "signature": b64(signature)}
        return self.answer(key, said | ({"userHandle": b64(key.handle)} if self.with_handle else {}))

    def data(self, key: Key, more: int) -> bytes:
        return hashlib.sha256(self.host.encode()).digest() + bytes([self.flags | more]) + key.counter.to_bytes(4, "big")

    def client(self, kind: str, challenge: str) -> bytes:
        return json.dumps({"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": self.foreign_frame}).encode()

    def answer(self, key: Key, response: dict[str, str]) -> str:
        return json.dumps({"id": b64(key.id), "rawId": b64(key.id), "type": "public-key", "response": response})


def enrol(desk: Desk, device: Authenticator, person: str = AMAL) -> PasskeyId:
    session = desk.enrolment(person)  # type: ignore[arg-type]
    begun = desk.sign_in.passkeys.begin_registration(session, now=T0)
    return desk.sign_in.passkeys.finish_registration(session, begun.secret.reveal(), device.create(begun.options), label="phone", now=T0)


def sign_in(desk: Desk, device: Authenticator, *, minutes: float = 0) -> str:
    begun = desk.sign_in.passkeys.begin_sign_in(now=at(minutes=minutes))
    return desk.sign_in.passkeys.finish_sign_in(begun.secret.reveal(), device.get(begun.options), now=at(minutes=minutes)).reveal()


def not_accepted(attempt: Callable[[], object]) -> bool:
    with pytest.raises(Refusal) as refusal:
        attempt()
    assert dict(refusal.value.parameters) == {"url": URL}
    return refusal.value.code == "passkey.not_accepted"
