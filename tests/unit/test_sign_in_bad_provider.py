"""Identity providers that answer badly, slowly or not at all: little time and memory, and one refusal."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import httpx
import pytest

from amana.node.identity_provider import Client, IdentityProvider, Visit, is_safe
from amana.node.sign_in import open_provider
from amana.terms.refusal import Refusal
from tests.provider import ISSUER
from tests.signing import T0, URL, settings_of


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
