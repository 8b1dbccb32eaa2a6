"""A small identity provider for tests: it signs in whom it is told, and lies when it is told to."""

import hashlib
import json
from base64 import urlsafe_b64encode
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, RSAKey

from amana.node.ceremonies import Purpose
from amana.node.identity_provider import Client, IdentityProvider
from amana.node.oidc import Back
from amana.terms.refusal import Refusal
from tests.signing import AMAL, T0, URL, Desk, at

ISSUER = "https://id.example.org/realm"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"})
EC = ECKey.generate_key("P-256", {"kid": "ec"})


def answer(status: int, said: object) -> httpx.Response:
    """As it comes from a network: not read yet."""
    return httpx.Response(status, content=iter([json.dumps(said).encode()]))


@dataclass
class Provider:
    """What it knows of each code, and what a test changes in its answers."""

    subject: str = "sub-amal"
    issuer: str = ISSUER
    algorithm: str = "RS256"
    auth_at: datetime | None = None
    acr: str | None = None
    claims: dict[str, object] = field(default_factory=dict)
    document: dict[str, object] = field(default_factory=dict)
    signer: RSAKey | ECKey | None = None
    kid: str | None = None
    token: str | None = None
    asked: dict[str, str] = field(default_factory=dict)
    requests: list[httpx.Request] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    now: datetime | None = None

    def visit(self, address: str, *, now: datetime) -> tuple[str, str]:
        """The browser comes and signs in: (state, code)."""
        parts = urlsplit(address)
        assert address.startswith("https://id.example.org/authorize?")
        self.asked = {name: values[0] for name, values in parse_qs(parts.query, strict_parsing=True).items()}
        code = f"code-{len(self.codes)}"
        self.codes[code], self.now = self.asked, now
        return self.asked["state"], code

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        match request.method, request.url.path:
            case "GET", "/realm/.well-known/openid-configuration":
                place = "https://id.example.org"
                document = {"issuer": self.issuer, "authorization_endpoint": f"{place}/authorize", "token_endpoint": f"{place}/token"}
                return answer(200, {**document, "jwks_uri": f"{place}/keys", **self.document})
            case "GET", "/keys":
                return answer(200, {"keys": [RSA.as_dict(private=False), EC.as_dict(private=False)]})
            case "POST", "/token":
                return self.exchange({name: values[0] for name, values in parse_qs(request.content.decode()).items()})
            case _:
                return answer(404, None)

    def exchange(self, form: dict[str, str]) -> httpx.Response:
        asked = self.codes.pop(form["code"], None)
        if asked is None or form["redirect_uri"] != asked["redirect_uri"]:
            return answer(400, {"error": "invalid_grant"})
        digest = urlsafe_b64encode(hashlib.sha256(form["code_verifier"].encode()).digest()).rstrip(b"=").decode()
        if (digest, asked["code_challenge_method"]) != (asked["code_challenge"], "S256"):
            return answer(400, {"error": "invalid_grant"})
        return answer(200, {"access_token": "at", "token_type": "Bearer", "id_token": self.token or self.sign(asked)})

    def sign(self, asked: dict[str, str]) -> str:
        assert self.now is not None
        at = int(self.now.timestamp())
        claims: dict[str, object] = {
            "iss": self.issuer,
            "sub": self.subject,
            "aud": "amana",
            "iat": at,
            "exp": at + 300,
            "nonce": asked["nonce"],
        }
        if self.auth_at is not None:
            claims["auth_time"] = int(self.auth_at.timestamp())
        if self.acr is not None:
            claims["acr"] = self.acr
        claims = {name: value for name, value in {**claims, **self.claims}.items() if value is not None}
        key = self.signer or (RSA if self.algorithm == "RS256" else EC)
        return jwt.encode({"alg": self.algorithm, "kid": self.kid or key.kid}, claims, key, algorithms=[self.algorithm])

    def opened(self, *, secret: str = "s3cret", acr: str = "") -> IdentityProvider:
        """The provider as the node sees it."""
        client = Client(issuer=ISSUER, id="amana", redirect=f"{URL}/sign-in/oidc", secret=secret, step_up_acr=acr)
        return IdentityProvider(client, httpx.Client(transport=httpx.MockTransport(self)), elapsed=lambda: 0.0)


def link(desk: Desk, provider: Provider, *, subject: str = "sub-amal", person: str = AMAL) -> Back:
    provider.subject = subject
    session = desk.enrolment(person)  # type: ignore[arg-type]
    sent = desk.sign_in.oidc.begin_link(session, now=T0)
    state, code = provider.visit(sent.address, now=T0)
    return desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session=session, now=T0)


def sign_in(desk: Desk, provider: Provider, *, minutes: float = 0) -> str:
    sent = desk.sign_in.oidc.begin_sign_in(now=at(minutes=minutes))
    state, code = provider.visit(sent.address, now=at(minutes=minutes))
    back = desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session="", now=at(minutes=minutes))
    assert back.session is not None and back.purpose is Purpose.OIDC_SIGN_IN
    return back.session.reveal()


def step_up(desk: Desk, provider: Provider, session: str, *, minutes: float) -> str:
    sent = desk.sign_in.oidc.begin_step_up(session, now=at(minutes=minutes))
    state, code = provider.visit(sent.address, now=at(minutes=minutes))
    back = desk.sign_in.oidc.finish(sent.secret.reveal(), state=state, code=code, session=session, now=at(minutes=minutes))
    assert back.session is not None and back.purpose is Purpose.OIDC_STEP_UP
    return back.session.reveal()


def reason(attempt: Callable[[], object]) -> str:
    """Why what the provider sent was not accepted."""
    with pytest.raises(Refusal) as refusal:
        attempt()
    assert refusal.value.code == "oidc.not_accepted", refusal.value
    return str(refusal.value.parameters["reason"])
