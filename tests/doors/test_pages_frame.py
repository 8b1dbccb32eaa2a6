"""What every page has around it: tokens of forms, headers, packing, what is kept and for whom, errors in the reader's language."""

import asyncio
import gzip
import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from pathlib import Path

import pytest
from fastapi import Response
from starlette.testclient import TestClient

import amana.web.app
from amana.client.text import LANGUAGES, load
from amana.node.service import Service, open_service
from amana.policy.rights import Action
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.app import build
from amana.web.context import COOKIE
from amana.web.pages.forms import read_form
from amana.web.pages.portal import PAGES
from amana.web.pages.reader import NONCE_BYTES, Reader
from amana.web.pages.render import page
from amana.web.pages.route import Filled, Mine, gone_to, personal_pages
from amana.web.pages.shelf import FRESH_S, KEPT_MAX, Shelf
from tests.doors.http_node import lay_down, populate, session_of
from tests.house.test_routes import ROUTES

PUBLIC = ("/", "/privacy", "/accessibility", "/vulnerabilities", "/datasets")
AWAY = ({"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"})
probe = personal_pages()
changed: list[str] = []


@probe.get("/desk/probe", openapi_extra=doing(Action.SEE_PUBLIC))
def ask(reader: Mine) -> Response:
    """A page that gives its token out, as a form does."""
    return Response(reader.token(), media_type="text/html")


@probe.post("/desk/probe", openapi_extra=doing(Action.SEE_PUBLIC))
def change(reader: Mine, form: Filled) -> Response:
    """A change."""
    changed.append(form.text("what"))
    return gone_to(reader, "/desk/probe")


@probe.get("/desk/secret", openapi_extra=doing(Action.SEE_PUBLIC))
def secret(reader: Mine) -> Response:
    """A page with her name."""
    return page(reader, "refused.html", failure=RuntimeError(reader.who.person.name), told=str)


@dataclass(frozen=True, kw_only=True)
class World:
    client: TestClient
    service: Service
    sessions: dict[str, str]

    def cookie(self, who: str) -> dict[str, str]:
        return {"Cookie": f"{COOKIE}={self.sessions[who]}"}

    def token(self, who: str) -> str:
        return self.client.get("/en/desk/probe", headers=self.cookie(who)).text


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("frame") / "node"
    lay_down(folder, settings='public_url = "https://node.example"\n')
    service = open_service(folder)
    people, *_ = populate(service)
    sessions = {name: session_of(service, people[name]) for name in ("member", "custodian")}
    with pytest.MonkeyPatch.context() as changing:
        changing.setattr(amana.web.app, "PAGES", (probe, *PAGES))
        app = build(service)
    with TestClient(app, base_url="https://node.example", raise_server_exceptions=False, follow_redirects=False) as client:
        yield World(client=client, service=service, sessions=sessions)
    service.close()


# --- forms ---


def test_a_form_changes_something_with_a_token_of_its_own_session_only(world: World) -> None:
    changed.clear()
    token = world.token("member")
    wrong = token[: 2 * NONCE_BYTES] + "0" * (len(token) - 2 * NONCE_BYTES)
    for name, given in {"none": "", "wrong": wrong, "cut": token[:-1], "another's": world.token("custodian"), "long": token * 9}.items():
        refused = world.client.post("/en/desk/probe", data={"form": given, "what": name}, headers=world.cookie("member"))
        assert refused.status_code in {403, 422, 400}, name
    assert changed == []
    done = world.client.post("/en/desk/probe", data={"form": token, "what": "right"}, headers=world.cookie("member"))
    assert (done.status_code, done.headers["location"], changed) == (303, "/en/desk/probe", ["right"])


def test_a_token_is_another_each_time_so_that_the_length_of_packed_pages_tells_nothing_of_it(world: World) -> None:
    tokens = [world.token("member") for _ in range(5)]
    assert len(set(tokens)) == len({token[:8] for token in tokens}) == 5


@pytest.mark.parametrize("away", AWAY)
def test_a_form_of_another_site_changes_nothing_even_with_a_token(world: World, away: dict[str, str]) -> None:
    changed.clear()
    token = world.token("member")
    refused = world.client.post("/en/desk/probe", data={"form": token, "what": "x"}, headers={**world.cookie("member"), **away})
    assert refused.status_code == 403 and changed == []


def test_a_stranger_is_led_to_the_sign_in_page_and_back(world: World) -> None:
    for method in ("GET", "POST"):
        led = world.client.request(method, "/ar/desk/probe")
        assert (led.status_code, led.headers["location"], led.headers["cache-control"]) == (
            303,
            "/ar/sign-in?next=/ar/desk/probe",
            "no-store",
        )


PERSONAL = [name for name, _ in ROUTES if "/{language:language}/desk" in name] + [
    "GET /{language:language}/desk/probe",
    "POST /{language:language}/desk/probe",
]


@pytest.mark.parametrize("name", PERSONAL)
def test_every_personal_page_leads_a_stranger_away_and_takes_no_form_without_its_token(world: World, name: str) -> None:
    method, path = name.split(" ", 1)
    address = re.sub(r"\{[^}]*\}", "x", path.replace("{language:language}", "fr"))
    led = world.client.request(method, address)
    assert (led.status_code, led.headers["location"].partition("?")[0]) == (303, "/fr/sign-in")
    if method != "GET":
        for who in world.sessions:
            refused = world.client.request(method, address, data={"form": "guess"}, headers=world.cookie(who))
            assert refused.status_code == 403 and load("fr").say("http.cross_site") in unescape(refused.text)


# --- headers ---


@pytest.mark.parametrize(
    "path", [*(f"/fr{path}" for path in PUBLIC), "/fr/nowhere", "/fr/desk/probe", "/static/portal.css", "/api/v1/datasets"]
)
def test_every_response_bears_what_keeps_browsers_safe(world: World, path: str) -> None:
    found = world.client.get(path, headers=world.cookie("member")).headers
    assert found["strict-transport-security"] == "max-age=31536000"
    assert (found["x-content-type-options"], found["x-frame-options"], found["referrer-policy"]) == ("nosniff", "DENY", "no-referrer")
    policy = found["content-security-policy"]
    assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "base-uri 'none'" in policy
    assert path.startswith(("/api", "/static")) or "unsafe" not in policy or path == "/fr/desk/probe"


def test_a_node_that_is_reached_unencrypted_does_not_promise_encryption(tmp_path: Path) -> None:
    lay_down(tmp_path / "node")
    service = open_service(tmp_path / "node")
    with TestClient(build(service)) as client:
        assert "strict-transport-security" not in client.get("/en/accessibility").headers
    service.close()


# --- what is kept ---


@pytest.mark.parametrize("path", PUBLIC)
def test_a_public_page_is_packed_named_and_the_same_for_everybody(world: World, path: str) -> None:
    address = f"/en{path}"
    plain = world.client.get(address, headers={"Accept-Encoding": "identity"})
    packed = world.client.get(address, headers={"Accept-Encoding": "gzip"})
    assert plain.status_code == 200 and "content-encoding" not in plain.headers
    assert (packed.headers["content-encoding"], packed.content) == ("gzip", plain.content)
    assert int(packed.headers["content-length"]) == len(gzip.compress(plain.content, 6, mtime=0)) < len(plain.content)
    assert packed.headers["cache-control"] == "public, max-age=0, must-revalidate"
    for headers in ({}, world.cookie("member"), world.cookie("custodian"), {"Accept-Language": "ar"}, {"Authorization": "Bearer x"}):
        again = world.client.get(address, headers=headers)
        assert again.content == plain.content and "set-cookie" not in again.headers
    known = world.client.get(address, headers={"If-None-Match": plain.headers["etag"], **world.cookie("member")})
    assert (known.status_code, known.content, known.headers["etag"]) == (304, b"", plain.headers["etag"])
    assert known.headers["content-security-policy"] == plain.headers["content-security-policy"], "it replaces the one that was kept"
    assert world.client.get(address, headers={"If-None-Match": '"another"'}).status_code == 200


def test_the_sign_in_page_is_the_same_for_everybody_and_kept_by_nobody(world: World) -> None:
    """It is asked for with as many pages to come back to as somebody can think of."""
    found = [world.client.get("/en/sign-in", headers=headers) for headers in ({}, world.cookie("member"))]
    assert found[0].content == found[1].content and {each.headers["cache-control"] for each in found} == {"no-store"}


def test_every_link_of_a_public_page_leads_somewhere(world: World) -> None:
    seen, waiting = set[str](), ["/ar/", "/en/"]
    while waiting:
        path = waiting.pop().partition("#")[0].replace("&amp;", "&")
        if path in seen or not path:
            continue
        seen.add(path)
        found = world.client.get(path, follow_redirects=False)
        personal = re.match(r"/(ar|en|fr|zgh)/desk(/|$)", path) is not None
        assert found.status_code == (303 if personal else 200), path
        if "text/html" in found.headers.get("content-type", "") and re.match(r"/(ar|en)/", path):
            waiting += re.findall(r'(?:href|src)="(/[^"]*)"', found.text)
    assert len(seen) > 60


def test_a_part_of_a_message_is_not_filled_again(world: World) -> None:
    reader = Reader(language="en", path="/", service=world.service)
    assert str(reader.tell("page.home.checkpoint", entries="{at} <b>", at="now")).startswith("{at} &lt;b&gt; entries")


def test_a_form_holds_text_and_no_nul() -> None:
    with pytest.raises(Refusal, match="http.bad_request"):
        read_form(b"a=x%00y").text("a")
    assert read_form(b"a=x%0Ay").text("a") == "x\ny"


def test_whoever_has_to_sign_in_comes_back_to_the_very_page(world: World) -> None:
    led = world.client.get("/en/desk/settings?code=ab12", follow_redirects=False).headers["location"]
    assert led == "/en/sign-in?next=/en/desk/settings%3Fcode%3Dab12"
    assert 'value="/en/desk/settings?code=ab12"' in world.client.get(led).text
    assert "evil" not in world.client.get("/en/sign-in?next=/en/desk?x=//evil").text.partition("<main")[2].partition("</main>")[0]


def test_a_personal_page_is_kept_by_nobody(world: World) -> None:
    found = world.client.get("/en/desk/probe", headers=world.cookie("member"))
    assert found.headers["cache-control"] == "no-store" and "etag" not in found.headers and "Cookie" in found.headers["vary"]


def test_a_page_that_refuses_is_not_kept(world: World) -> None:
    found = world.client.get("/en/nowhere")
    assert (found.status_code, found.headers["cache-control"]) == (404, "no-store")


def test_the_shelf_has_an_end_however_many_addresses_are_asked_for() -> None:
    shelf, written = Shelf(), []

    async def fill() -> None:
        for number in range(3 * KEPT_MAX):

            async def write(status: int = 404 if number % 3 == 0 else 200) -> Response:
                written.append(status)
                return Response("x", status_code=status)

            await shelf.get(f"/en/search?q={number}", write)

    asyncio.run(fill())
    assert len(written) == 3 * KEPT_MAX
    assert len(shelf._kept) <= KEPT_MAX and len(shelf._writing) <= KEPT_MAX


def test_a_kept_page_is_written_anew_when_it_is_no_longer_fresh_and_once_for_all_who_wait() -> None:
    now, written = [0.0], list[int]()
    shelf = Shelf(elapsed=lambda: now[0])

    async def write() -> Response:
        written.append(len(written))
        await asyncio.sleep(0.01)
        return Response(str(len(written)))

    async def ask_all() -> None:
        first = await asyncio.gather(*(shelf.get("/en/", write) for _ in range(20)))
        assert {each.response.body for each in first} == {b"1"}
        now[0] += FRESH_S / 2
        assert (await shelf.get("/en/", write)).response.body == b"1"
        now[0] += FRESH_S
        later = await asyncio.gather(*(shelf.get("/en/", write) for _ in range(20)))
        assert {each.response.body for each in later} <= {b"1", b"2"} and len(written) == 2

    asyncio.run(ask_all())


# --- languages ---


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_refusal_is_a_page_in_the_language_of_its_reader(world: World, language: str) -> None:
    found = world.client.get(f"/{language}/nowhere", headers={"Accept-Language": "en"})
    assert f'<html lang="{language}"' in found.text and found.headers["content-language"] == language
    assert load(language).say("http.no_route", path="/nowhere") in unescape(found.text)
    assert not re.search(r"Traceback|\.py\b", found.text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_first_page_is_in_the_language_that_the_browser_likes_best(world: World, language: str) -> None:
    found = world.client.get("/", headers={"Accept-Language": f"de, {language};q=0.8, en;q=0.1"})
    assert found.status_code == 200 and f'<html lang="{language}"' in found.text
    assert "Accept-Language" in found.headers["vary"], "no shared cache gives it to whoever reads another language"
    assert found.headers["content-encoding"] == "gzip"


def test_an_unforeseen_failure_is_a_page_that_tells_nothing_of_it(world: World) -> None:
    found = world.client.get("/fr/desk/secret", headers=world.cookie("member"))
    assert found.status_code in {200, 500} and "Traceback" not in found.text and found.headers["cache-control"] == "no-store"


def test_a_file_is_kept_for_good_under_its_own_digest_only(world: World) -> None:
    style = re.search(r"/static/portal\.css\?[0-9a-f]{12}", world.client.get("/en/").text)
    assert style
    assert "immutable" in world.client.get(style[0]).headers["cache-control"]
    assert world.client.get("/static/portal.css?000000000000").headers["cache-control"] == "no-cache"
    assert world.client.get("/static/../pages/home.py").status_code == world.client.get("/static/README.md").status_code == 404
    text = world.client.get(style[0]).text
    named = re.findall(r"url\((/static/[^)]+)\)", text)
    assert {name.partition("?")[0] for name in named} >= {f"/static/{name}" for name in ("arabic.woff2", "tifinagh.woff2", "icon.svg")}
    assert "asset(" not in text and all("immutable" in world.client.get(name).headers["cache-control"] for name in named)
