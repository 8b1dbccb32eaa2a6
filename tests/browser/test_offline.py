"""Reading again without a network: public pages that were read, and never a page of a person."""

import re
import threading
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
from playwright.sync_api import BrowserContext, Page, expect, sync_playwright

from amana.client.text import load
from amana.web.pages.assets import assets
from tests.browser.pages import CHROMIUM, needs_browser
from tests.browser.portal import check_page, portal

pytestmark = [pytest.mark.browser, needs_browser]
PAGES_MAX = 60
KEPT = """async () => {
  const found = [];
  for (const name of await caches.keys()) for (const each of await (await caches.open(name)).keys()) found.push(new URL(each.url).pathname);
  return found; }"""
WORKING = "navigator.serviceWorker.ready.then((found) => found.active.state === 'activated' || new Promise((good) => found.active.onstatechange = good))"


@contextmanager
def browser_of(language: str) -> Generator[BrowserContext]:
    """A browser whose console nobody listens to: it tells of what it could not fetch."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser.new_context(locale=language, viewport={"width": 360, "height": 800})
        browser.close()


def kept(page: Page) -> list[str]:
    found: list[str] = page.evaluate(KEPT)
    return found


def goes_on(page: Page, path: str) -> None:
    """Wait until the worker has kept that page."""
    page.wait_for_function(f"({KEPT})().then((found) => found.includes({path!r}))")


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_what_everybody_may_read_is_read_again_and_what_is_hers_is_not(tmp_path: Path, language: str) -> None:
    with browser_of(language) as context, ExitStack() as serving:
        served = serving.enter_context(portal(tmp_path))
        page = context.new_page()
        page.goto(served.at("/projects", language=language))
        page.evaluate(WORKING)
        goes_on(page, f"/{language}/projects")
        page.goto(served.at("/log", language=language))
        goes_on(page, f"/{language}/log")
        served.sign_in(page, "applicant")
        for path in ("/desk", "/desk/projects", "/sign-in"):
            page.goto(served.at(path, language=language))
        assert not [path for path in kept(page) if re.match(r"/(ar|en|fr|zgh)/(desk|sign-in)|/api", path)]
        serving.close()  # the server stops
        catalogue = load(language)
        page.goto(served.at("/projects", language=language))
        expect(page.locator("h1")).to_have_text(catalogue.say("page.projects.title"))
        expect(page.locator("main > p#kept")).to_contain_text(catalogue.say("page.offline.kept").partition("{")[0])
        assert page.evaluate("document.styleSheets[0].cssRules.length") > 10, "the kept page has its styles"
        check_page(page)
        for path in ("/desk", "/desk/projects", "/sign-in", "/ai"):
            page.goto(served.at(path, language=language))
            expect(page.locator("h1")).to_have_text(catalogue.say("page.offline.title"))
            expect(page.locator("#kept")).to_be_hidden()
        check_page(page)


class Hostile(BaseHTTPRequestHandler):
    """A server that calls everything public, or nothing: the worker must not rely on one alone."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        keep = "private, no-store" if "secret" in path else "public, max-age=0"
        body, media = f"<!doctype html><title>x</title><main><h1>{path}</h1></main>".encode(), "text/html; charset=utf-8"
        if path == "/offline.js":
            body, media = assets()["offline.js"].body, "text/javascript; charset=utf-8"
        self.send_response(404 if "missing" in path else 200)
        for name, value in (("Content-Type", media), ("Cache-Control", keep), ("Content-Length", str(len(body)))):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that the library gives
        """Nothing."""


@pytest.fixture
def hostile() -> Iterator[str]:
    server = ThreadingHTTPServer(("localhost", 0), Hostile)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://localhost:{server.server_port}"
    server.shutdown()


def test_neither_a_personal_address_nor_a_page_that_is_not_called_public_is_kept(hostile: str) -> None:
    with browser_of("fr") as context:
        page = context.new_page()
        page.goto(f"{hostile}/fr/a")
        page.evaluate("navigator.serviceWorker.register('/offline.js')")
        page.evaluate(WORKING)
        wanted = (
            "/fr/b",
            "/fr/desk",
            "/fr/desk/x",
            "/ar/desk/y?z=1",
            "/fr/sign-in",
            "/fr/search",
            "/fr/secret",
            "/fr/missing",
            "/api/v1/x",
        )
        for path in (*wanted, "/fr/last"):
            page.goto(hostile + path)
        goes_on(page, "/fr/last")
        assert sorted(set(kept(page))) == ["/fr/a", "/fr/b", "/fr/last", "/fr/offline"]


def test_so_many_pages_are_kept_and_the_oldest_goes_first(hostile: str) -> None:
    with browser_of("fr") as context:
        page = context.new_page()
        page.goto(f"{hostile}/fr/0")
        page.evaluate("navigator.serviceWorker.register('/offline.js')")
        page.evaluate(WORKING)
        for number in range(PAGES_MAX + 3):
            page.goto(f"{hostile}/fr/{number}")
        goes_on(page, f"/fr/{PAGES_MAX + 2}")
        found = [path for path in kept(page) if path != "/fr/offline"]
        assert len(found) == PAGES_MAX and "/fr/0" not in found and "/fr/2" not in found and "/fr/3" in found
