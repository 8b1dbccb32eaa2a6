"""Signing in over HTTP: links, passkeys, the identity provider, tokens; what cookies look like, and what a page may run."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from html import escape, unescape
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from starlette.testclient import TestClient

from amana.client.text import LANGUAGES, load
from amana.node.links import LinkKind
from amana.node.service import Service
from amana.policy.people import Scope
from amana.terms.refusal import Refusal
from amana.web.app import build
from amana.web.context import COOKIE
from amana.web.sign_in import VISIT
from tests.authenticator import Authenticator
from tests.provider import ISSUER, Provider
from tests.signing import AMAL, T0, URL, Desk, desk_at, settings_of

B = "/api/v1"


@dataclass(frozen=True, kw_only=True)
class Browser:
    """One browser before one node, and what stands behind the node."""

    desk: Desk
    client: TestClient

    def post(self, path: str, status: int, **body: Any) -> Any:
        reply = self.client.post(f"{B}{path}", json=body)
        assert reply.status_code == status, reply.text
        return reply.json() if reply.content else None

    def state(self) -> str:
        return str(self.client.get(f"{B}/sign-in").json()["state"])

    def link(self, kind: LinkKind) -> str:
        made = self.desk.sign_in.links.invite(AMAL, kind=kind, actor="machine", now=T0)
        return self.desk.sign_in.links.address(made)

    def passkey(self, device: Authenticator) -> None:
        """Register one with an enrolment link, and sign in with it."""
        self.post("/sign-in/open", 200, link=self.link(LinkKind.ENROL))
        begun = self.post("/passkeys/begin", 200)
        self.post("/passkeys", 201, secret=begun["secret"], answer=device.create(begun["options"]), label="phone")
        begun = self.post("/sign-in/passkey/begin", 200)
        self.post("/sign-in/passkey/finish", 204, secret=begun["secret"], answer=device.get(begun["options"]))


def browser_at(place: Path, *, provider: Provider | None = None, **changes: Any) -> Browser:
    desk = desk_at(place, provider=None if provider is None else provider.opened(), **changes)
    service = SimpleNamespace(settings=settings_of(**changes), sign_in=desk.sign_in, now=lambda: T0)
    client = TestClient(build(cast("Service", service)), base_url=URL, raise_server_exceptions=False, follow_redirects=False)
    return Browser(desk=desk, client=client)


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    made = browser_at(tmp_path / "node.sqlite")
    yield made
    made.desk.database.close()


def test_a_demo_link_is_exchanged_once_for_a_token_that_may_do_what_its_session_could(browser: Browser) -> None:
    link = browser.link(LinkKind.DEMO)
    made = browser.post("/sign-in/link", 200, link=link)
    asker = browser.desk.sign_in.by_token(made["token"], now=T0)
    assert asker.person.id == AMAL and asker.token is not None
    assert asker.token.scopes == tuple(Scope) and asker.stepped_up(T0)
    assert made["expires_at"] == asker.token.expires_at.isoformat()
    assert browser.post("/sign-in/link", 403, link=link)["name"] == "sign_in.link_void"
    assert browser.state() == "stranger", "the exchange leaves no session behind"
    assert browser.desk.rows("SELECT COUNT(*) FROM session WHERE ended_at IS NULL") == [(0,)]


def test_a_token_of_a_demo_link_is_worth_nothing_where_links_open_no_sessions(tmp_path: Path) -> None:
    made = browser_at(tmp_path / "node.sqlite")
    token = made.post("/sign-in/link", 200, link=made.link(LinkKind.DEMO))["token"]
    plain = browser_at(tmp_path / "node.sqlite", sign_in_links="enrol")
    assert made.desk.sign_in.by_token(token, now=T0).stepped_up(T0)
    with pytest.raises(Refusal, match="sign_in.needed"):
        plain.desk.sign_in.by_token(token, now=T0)


def test_a_token_that_is_called_like_those_of_demo_links_may_no_more_for_that(browser: Browser) -> None:
    browser.post("/sign-in/open", 200, link=browser.link(LinkKind.DEMO))
    made = browser.post("/tokens", 201, label="demonstration link", scopes=["read"])["token"]
    assert not browser.desk.sign_in.by_token(made, now=T0).stepped_up(T0)


def test_a_demo_link_is_exchanged_for_an_assistants_token_that_reads_and_asks_within_its_share(browser: Browser) -> None:
    link = browser.link(LinkKind.DEMO)
    assert browser.post("/sign-in/link", 403, link=link, allowance="half")["name"] == "token.bad_allowance"
    made = browser.post("/sign-in/link", 200, link=link, allowance="10%")
    asker = browser.desk.sign_in.by_token(made["token"], now=T0)
    assert asker.token is not None and asker.token.scopes == (Scope.READ, Scope.ASK) and not asker.stepped_up(T0)
    assert browser.desk.sign_in.tokens.allowance(asker.token.id) == Fraction(1, 10)
    assert asker.token.expires_at == T0 + timedelta(days=1)


def test_nothing_that_a_demo_session_makes_outlives_the_demonstration(tmp_path: Path) -> None:
    made = browser_at(tmp_path / "node.sqlite")
    made.post("/sign-in/open", 200, link=made.link(LinkKind.DEMO))
    token = made.post("/tokens", 201, label="laptop", scopes=["read", "ask"], days=90)
    assert token["expires_at"] == (T0 + timedelta(days=1)).isoformat()
    for path, body in (("/passkeys/begin", {}), ("/sign-in/oidc", {"purpose": "link"})):
        assert made.post(path, 403, **body)["name"] in {"sign_in.not_in_demo", "oidc.not_set"}
    plain = browser_at(tmp_path / "node.sqlite", sign_in_links="enrol")
    assert made.desk.sign_in.by_token(token["token"], now=T0)
    with pytest.raises(Refusal, match="sign_in.needed"):
        plain.desk.sign_in.by_token(token["token"], now=T0)


def test_a_passkey_makes_a_token_for_as_long_as_the_settings_say(browser: Browser) -> None:
    browser.passkey(Authenticator())
    made = browser.post("/tokens", 201, label="laptop", scopes=["read", "ask"], days=90)
    assert made["expires_at"] == (T0 + timedelta(days=90)).isoformat()


def test_a_link_to_register_is_no_token_and_stays_good(browser: Browser) -> None:
    link = browser.link(LinkKind.ENROL)
    assert browser.post("/sign-in/link", 403, link=link)["name"] == "sign_in.browser_needed"
    assert browser.post("/sign-in/open", 200, link=link) == {"kind": "enrol"}
    assert browser.state() == "registering"


def test_a_passkey_is_registered_used_and_asked_for_again(browser: Browser) -> None:
    device = Authenticator()
    browser.passkey(device)
    assert browser.state() == "signed-in"
    begun = browser.post("/sign-in/step-up/begin", 200)
    browser.post("/sign-in/step-up/finish", 204, secret=begun["secret"], answer=device.get(begun["options"]))
    (held,) = browser.client.get(f"{B}/passkeys").json()["items"]
    assert held["label"] == "phone"
    assert browser.client.delete(f"{B}/passkeys/{held['id']}").json()["name"] == "sign_in.last_way"
    browser.post("/sign-out", 204)
    assert browser.state() == "stranger"


def test_a_device_that_lies_signs_nobody_in(browser: Browser) -> None:
    device = Authenticator()
    browser.passkey(device)
    browser.post("/sign-out", 204)
    device.origin = "https://evil.example"
    begun = browser.post("/sign-in/passkey/begin", 200)
    told = browser.post("/sign-in/passkey/finish", 403, secret=begun["secret"], answer=device.get(begun["options"]))
    assert told["name"] == "passkey.not_accepted" and browser.state() == "stranger"


def test_a_session_travels_in_a_cookie_that_no_script_and_no_other_site_uses(browser: Browser) -> None:
    reply = browser.client.post(f"{B}/sign-in/open", json={"link": browser.link(LinkKind.DEMO)})
    cookie = SimpleCookie(reply.headers["set-cookie"])[COOKIE]
    assert (cookie["httponly"], cookie["secure"], cookie["samesite"], cookie["path"]) == (True, True, "lax", "/")
    assert reply.headers["cache-control"] == "no-store"
    assert cookie.value not in reply.text


def test_without_https_the_cookie_travels_all_the_same(tmp_path: Path) -> None:
    made = browser_at(tmp_path / "node.sqlite", public_url="http://localhost:8321")
    reply = made.client.post(f"{B}/sign-in/open", json={"link": made.link(LinkKind.DEMO)})
    assert not SimpleCookie(reply.headers["set-cookie"])[COOKIE]["secure"]


@pytest.mark.parametrize("headers", [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}])
def test_no_other_site_signs_anybody_in_or_out(browser: Browser, headers: dict[str, str]) -> None:
    for path, body in (("/sign-in/open", {"link": browser.link(LinkKind.DEMO)}), ("/sign-out", {}), ("/sign-in/passkey/begin", {})):
        assert browser.client.post(f"{B}{path}", json=body, headers=headers).json()["name"] == "http.cross_site"


def test_the_identity_provider_signs_in_whom_somebody_linked(tmp_path: Path) -> None:
    provider = Provider()
    browser = browser_at(tmp_path / "node.sqlite", provider=provider, oidc_issuer=ISSUER)
    browser.post("/sign-in/open", 200, link=browser.link(LinkKind.ENROL))
    for purpose in ("link", "sign-in"):
        sent = browser.client.post(f"{B}/sign-in/oidc", json={"purpose": purpose})
        cookie = SimpleCookie(sent.headers["set-cookie"])[VISIT]
        assert (cookie["httponly"], cookie["samesite"], cookie["path"]) == (True, "lax", "/sign-in/oidc")
        state, code = provider.visit(sent.json()["address"], now=T0)
        back = browser.client.get("/sign-in/oidc", params={"state": state, "code": code})
        assert (back.status_code, back.headers["location"]) == (303, "/sign-in")
    assert browser.state() == "signed-in"
    told = browser.client.get("/sign-in/oidc", params={"state": "guess", "code": "guess"})
    assert told.json()["name"] == "oidc.not_accepted"


def test_a_token_is_made_by_a_person_shown_once_and_ended(browser: Browser) -> None:
    browser.post("/sign-in/open", 200, link=browser.link(LinkKind.DEMO))
    made = browser.post("/tokens", 201, label="laptop", scopes=["read", "ask"], days=30, allowance="10%")
    assert made["token"].startswith("amana_") and (made["allowance"], made["scopes"]) == ("1/10", ["read", "ask"])
    (shown,) = browser.client.get(f"{B}/tokens").json()["items"]
    assert "token" not in shown and shown["id"] == made["id"]
    by_token = {"Authorization": f"Bearer {made['token']}"}
    for method, path, body in (("POST", "/tokens", {"label": "x", "scopes": ["read"]}), ("GET", "/tokens", None)):
        assert browser.client.request(method, f"{B}{path}", json=body, headers=by_token).json()["name"] == "rights.no_token"
    assert browser.client.delete(f"{B}/tokens/{made['id']}").status_code == 204
    assert browser.client.get(f"{B}/tokens", headers=by_token).json()["name"] == "sign_in.needed"


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_its_readers_language_and_runs_only_its_own_script(browser: Browser, language: str) -> None:
    reply = browser.client.get("/sign-in", headers={"Accept-Language": language})
    page, policy = reply.text, reply.headers["content-security-policy"]
    assert f'<html lang="{language}" dir="{"rtl" if language == "ar" else "ltr"}">' in page
    assert "unsafe" not in policy and "default-src 'none'" in policy and "script-src 'self'" in policy
    assert re.findall(r"<script[^>]*>(.*?)</script>", page, re.DOTALL) == ["", ""]
    assert not re.search(r"\son\w+=|style=|javascript:|\$\w", page)
    addresses = re.findall(r'(?:src|href|action)="([^"]*)"', page)
    assert all(re.match(r"/[a-z#]|#", address) for address in addresses)
    files = [address for address in addresses if address.startswith("/static/")]
    assert len(files) == 4 and all(browser.client.get(address).status_code == 200 for address in files)


def test_every_button_of_the_page_has_an_act_and_every_act_a_route(browser: Browser) -> None:
    page, script = browser.client.get("/sign-in").text, browser.client.get("/static/sign-in.js").text
    acts = script[script.index("const acts = {") : script.index("};", script.index("const acts = {"))]
    for button in re.findall(r'<button[^>]* id="([a-z-]+)"', page):
        assert re.search(rf'^  "?{button}"?[:,]', acts, re.MULTILINE), button
    for name in re.findall(r'byId\("([a-z-]+)"\)', script):
        assert f'id="{name}"' in page, name
    routes = set(browser.client.app.openapi()["paths"])  # type: ignore[attr-defined]
    used = set(re.findall(r'call\("[A-Z]+", "([^"]+)"', script))
    used |= {
        f"/sign-in/{way}/{step}"
        for way in re.findall(r'prove\("([^"]+)"', script)
        for step in re.findall(r"`/sign-in/\$\{path\}/([a-z]+)`", script)
    }
    assert len(used) > 10 and {f"{B}{path}" for path in used} <= routes


def test_a_pasted_link_opens_a_session_and_leads_to_the_desk_of_its_person(browser: Browser) -> None:
    wrong = browser.client.post("/fr/sign-in", data={"link": "https://node.example/sign-in#guess"})
    assert wrong.status_code == 403 and load("fr").say("sign_in.link_void") in unescape(wrong.text) and "set-cookie" not in wrong.headers
    for wanted, led in (
        ("/ar/desk/ask", "/ar/desk/ask"),
        ("//elsewhere.example/", "desk"),
        ("/ar/desk//x", "desk"),
        ("/en/desk\\x", "desk"),
    ):
        link = browser.link(LinkKind.DEMO)
        made = browser.client.post("/fr/sign-in", data={"link": link, "next": wanted})
        own = f"/{browser.desk.sign_in.by_session(browser.client.cookies[COOKIE], now=T0).person.language}/desk"
        assert (made.status_code, made.headers["location"]) == (303, led if led != "desk" else own)
        assert "HttpOnly" in made.headers["set-cookie"] and made.headers["cache-control"] == "no-store"
        assert browser.client.post("/fr/sign-in", data={"link": link}).status_code == 403, "it holds once"


def test_a_pasted_link_for_a_passkey_is_kept_for_a_browser_that_can_use_it(browser: Browser) -> None:
    link = browser.link(LinkKind.ENROL)
    refused = browser.client.post("/en/sign-in", data={"link": link})
    assert refused.status_code == 403 and load("en").say("sign_in.script_needed") in unescape(refused.text)
    browser.post("/sign-in/open", 200, link=link)


def test_a_pasted_link_from_a_page_of_another_site_opens_nothing(browser: Browser) -> None:
    link = browser.link(LinkKind.DEMO)
    for away in ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert browser.client.post("/en/sign-in", data={"link": link}, headers=away).status_code == 403
    assert browser.client.post("/en/sign-in", data={"link": link}).status_code == 303


def test_without_a_script_the_identity_provider_is_reached_and_links_whoever_came_with_a_link(tmp_path: Path) -> None:
    provider = Provider(auth_at=T0)
    browser = browser_at(tmp_path / "node.sqlite", provider=provider, oidc_issuer=ISSUER)
    linking = browser.client.post("/en/sign-in", data={"link": browser.link(LinkKind.ENROL)})
    assert linking.status_code == 200 and 'name="purpose" value="link"' in linking.text
    for purpose in ("link", "sign-in", "step-up"):
        sent = browser.client.post("/en/sign-in/provider", data={"purpose": purpose})
        address = sent.headers["refresh"].removeprefix("0; url=")
        assert sent.status_code == 200 and f'href="{escape(address)}"' in sent.text
        state, code = provider.visit(address, now=T0)
        assert browser.client.get("/sign-in/oidc", params={"state": state, "code": code}).status_code == 303
    assert browser.state() == "signed-in"
    assert 'value="step-up"' in browser.client.get("/en/sign-in?strong=1").text
