"""What the identity provider sends: checked whole, and bounded in size and time."""

import hashlib
import hmac
import json
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest
from joserfc.jwk import RSAKey

from amana.node.identity_provider import Client, IdentityProvider, Visit, is_safe
from amana.node.sign_in import open_provider
from amana.terms.refusal import Refusal
from tests.authenticator import b64
from tests.provider import EC, ISSUER, RSA, Provider, link, reason, sign_in
from tests.signing import T0, URL, Desk, desk_at, settings_of


@pytest.fixture
def provider() -> Provider:
    return Provider()


@pytest.fixture
def lite(tmp_path: Path, provider: Provider) -> Iterator[Desk]:
    """For what is refused before the database is asked: one of them is enough. Amal has linked her identity."""
    made = desk_at(tmp_path / "node", provider=provider.opened())
    link(made, provider)
    yield made
    made.database.close()


@pytest.mark.parametrize("algorithm", ["RS256", "ES256"])
def test_two_algorithms_are_accepted(lite: Desk, provider: Provider, algorithm: str) -> None:
    provider.algorithm = algorithm
    assert sign_in(lite, provider)


def test_a_forged_signature_is_refused(lite: Desk, provider: Provider) -> None:
    provider.signer, provider.kid = RSAKey.generate_key(2048, {"kid": "rsa"}), "rsa"
    assert reason(lambda: sign_in(lite, provider)) == "bad_signature"
    provider.kid = "unknown"
    assert reason(lambda: sign_in(lite, provider)) == "invalid_key_id"


def unsigned(header: dict[str, object], provider: Provider, key: bytes | None = None) -> Callable[[dict[str, str]], str]:
    """A token under another algorithm than the two."""

    def sign(asked: dict[str, str]) -> str:
        assert provider.now is not None
        moment = int(provider.now.timestamp())
        claims = {"iss": ISSUER, "sub": "sub-amal", "aud": "amana", "iat": moment, "exp": moment + 300, "nonce": asked["nonce"]}
        text = f"{b64(json.dumps(header).encode())}.{b64(json.dumps(claims).encode())}"
        return f"{text}.{'' if key is None else b64(hmac.new(key, text.encode(), hashlib.sha256).digest())}"

    return sign


@pytest.mark.parametrize(
    ("header", "key"),
    [
        ({"alg": "none"}, None),
        ({"alg": "none", "kid": "rsa"}, None),
        ({"alg": "NONE"}, None),
        ({"alg": "HS256", "kid": "rsa"}, RSA.as_pem(private=False)),
        ({"alg": "HS256", "kid": "rsa"}, json.dumps(RSA.as_dict(private=False)).encode()),
        ({"alg": "RS256", "kid": "ec"}, b"x"),
        ({"alg": ["none"], "kid": "rsa"}, None),
        ({"kid": "rsa"}, None),
        ({"alg": "RS256", "kid": "rsa", "jwk": EC.as_dict(private=False)}, b"x"),
    ],
)
def test_the_token_does_not_choose_how_it_is_checked(
    lite: Desk, provider: Provider, header: dict[str, object], key: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider, "sign", unsigned(header, provider, key))
    assert reason(lambda: sign_in(lite, provider))


CLAIMS: dict[str, tuple[dict[str, object], str]] = {
    "another nonce": ({"nonce": "x"}, "nonce"),
    "no nonce": ({"nonce": None}, "nonce"),
    "another audience": ({"aud": "somebody"}, "aud"),
    "no audience": ({"aud": None}, "aud"),
    "several audiences without the authorised party": ({"aud": ["amana", "other"]}, "azp"),
    "another authorised party": ({"azp": "other"}, "azp"),
    "another issuer": ({"iss": "https://id.example.org/other"}, "iss"),
    "no issuer": ({"iss": None}, "iss"),
    "over": ({"exp": int(T0.timestamp()) - 61}, "exp"),
    "no end": ({"exp": None}, "exp"),
    "from the future": ({"iat": int(T0.timestamp()) + 3600}, "iat"),
    "not yet": ({"nbf": int(T0.timestamp()) + 3600}, "nbf"),
    "no subject": ({"sub": None}, "sub"),
    "an empty subject": ({"sub": ""}, "sub"),
    "a subject that is no text": ({"sub": 7}, "sub"),
    "a subject without end": ({"sub": "x" * 256}, "sub"),
    "another access token": ({"at_hash": "AAAA"}, "at_hash"),
    "a time that is none": ({"auth_time": "now"}, "auth_time"),
}


@pytest.mark.parametrize(("claims", "why"), CLAIMS.values(), ids=CLAIMS)
def test_every_claim_is_checked(lite: Desk, provider: Provider, claims: dict[str, object], why: str) -> None:
    provider.claims = claims
    assert reason(lambda: sign_in(lite, provider)) in {why, "expired_token"}


def test_several_audiences_are_fine_when_this_node_is_the_authorised_party(lite: Desk, provider: Provider) -> None:
    provider.claims = {"aud": ["amana", "other"], "azp": "amana"}
    assert sign_in(lite, provider)


@pytest.mark.parametrize("token", ["", ".", "..", "a.b.c", "é", "x" * 200_000, 7, None, {"a": 1}])
def test_what_is_no_token_is_refused(lite: Desk, provider: Provider, token: object, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider, "sign", lambda asked: token)
    assert reason(lambda: sign_in(lite, provider))


@pytest.mark.parametrize(
    "document",
    [
        {"issuer": "https://id.example.org"},
        {"issuer": None},
        {"token_endpoint": "http://id.example.org/token"},
        {"token_endpoint": None},
        {"jwks_uri": "file:///keys"},
        {"jwks_uri": "https://["},
        {"authorization_endpoint": 7},
    ],
)
def test_a_document_that_leads_elsewhere_is_refused(lite: Desk, provider: Provider, document: dict[str, object]) -> None:
    provider.document = document
    assert reason(lambda: sign_in(lite, provider)) in {"issuer", *document}


def test_the_client_proves_itself_as_the_provider_asks(lite: Desk, provider: Provider, tmp_path: Path) -> None:
    sign_in(lite, provider)
    asked = [each for each in provider.requests if each.method == "POST"][-1]
    assert b64decode(asked.headers["authorization"].removeprefix("Basic ")) == b"amana:s3cret" and b"s3cret" not in asked.content
    provider.document = {"token_endpoint_auth_methods_supported": ["client_secret_post"]}
    sign_in(lite, provider)
    asked = [each for each in provider.requests if each.method == "POST"][-1]
    assert b"client_secret=s3cret" in asked.content and "authorization" not in asked.headers
    public = desk_at(tmp_path / "node", provider=provider.opened(secret=""))
    sign_in(public, provider)
    asked = [each for each in provider.requests if each.method == "POST"][-1]
    assert b"client_id=amana" in asked.content and b"client_secret" not in asked.content and "authorization" not in asked.headers
    public.database.close()


def test_the_client_secret_is_read_from_its_file_and_shown_nowhere(tmp_path: Path) -> None:
    (tmp_path / "oidc.secret").write_text("s3cret\n")
    settings = settings_of(tmp_path, oidc_issuer=ISSUER, oidc_client_id="amana", oidc_client_secret_file="oidc.secret")
    provider = open_provider(settings, httpx.Client(), elapsed=time.monotonic)
    assert provider is not None and provider._client.secret == "s3cret"
    assert "s3cret" not in repr(provider._client) + repr(provider) + repr(settings) and provider._client.redirect == f"{URL}/sign-in/oidc"
    for content in (None, "", " \n"):
        (tmp_path / "oidc.secret").unlink(missing_ok=True)
        if content is not None:
            (tmp_path / "oidc.secret").write_text(content)
        with pytest.raises(Refusal, match=r"settings\.bad_value"):
            open_provider(settings, httpx.Client(), elapsed=time.monotonic)


class Bad(BaseHTTPRequestHandler):
    """Answers that never end, come drop by drop, lead away, or break off."""

    seen: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        kind = self.path.split("/")[1]
        Bad.seen.append(self.path)
        try:
            if kind == "redirect":
                self.send_response(302)
                self.send_header("Location", "/elsewhere")
                self.end_headers()
                return
            self.send_response({"down": 503, "gone": 404}.get(kind, 200))
            self.end_headers()
            pieces = {"huge": [b"x" * 65536] * 400, "drip": [b" "] * 600, "text": [b"<html>"], "list": [b"[]"], "deep": [b"[" * 200_000]}
            for piece in pieces.get(kind, []):
                self.wfile.write(piece)
                time.sleep(0.05 if kind == "drip" else 0)
            if kind == "silent":
                time.sleep(3)
        except OSError:
            pass

    def log_message(self, *words: object) -> None:
        """Quiet."""


@pytest.fixture(scope="module")
def bad() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Bad)
    server.timeout = 1
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("huge", "oidc.provider_lost"),
        ("drip", "oidc.provider_lost"),
        ("silent", "oidc.provider_lost"),
        ("down", "oidc.provider_lost"),
        ("gone", "oidc.not_accepted"),
        ("redirect", "oidc.not_accepted"),
        ("text", "oidc.not_accepted"),
        ("list", "oidc.not_accepted"),
        ("deep", "oidc.not_accepted"),
        ("empty", "oidc.not_accepted"),
    ],
)
def test_a_provider_that_answers_badly_takes_little_time_and_memory(
    bad: str, kind: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("amana.node.identity_provider.WHOLE_S", 0.5)
    monkeypatch.setattr("amana.node.identity_provider.READ_S", 0.5)
    client = Client(issuer=f"{bad}/{kind}", id="amana", redirect=f"{URL}/sign-in/oidc")
    provider = IdentityProvider(client, httpx.Client(), elapsed=time.monotonic)
    started = time.monotonic()
    with pytest.raises(Refusal) as refusal:
        provider.address(Visit(state="s", nonce="n", verifier="v" * 43), fresh=False)
    assert refusal.value.code == code and time.monotonic() - started < 2.0
    assert not any("elsewhere" in path for path in Bad.seen)


def test_a_provider_that_is_not_there_is_a_refusal() -> None:
    provider = IdentityProvider(Client(issuer="http://127.0.0.1:1", id="amana", redirect=URL), httpx.Client(), elapsed=time.monotonic)
    with pytest.raises(Refusal, match=r"oidc\.provider_lost"):
        provider.redeem("code", Visit(state="s", nonce="n", verifier="v" * 43), now=T0)


def test_secrets_travel_encrypted_or_inside_the_machine() -> None:
    assert [is_safe(url) for url in ("https://a.org/x", "http://localhost:1/x", "http://127.0.0.1/", "http://[::1]/")] == [True] * 4
    assert not any(is_safe(url) for url in ("http://a.org/x", "ftp://localhost/x", "http://localhost.a.org/", "x", "", "https"))
