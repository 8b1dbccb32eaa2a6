"""The sign-in page in a real browser: a link, a passkey, a token; and what of it works without JavaScript."""

import re
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from amana.client.connect import connect
from amana.client.text import LANGUAGES, load
from amana.node.links import LinkKind
from amana.node.service import open_service
from amana.policy.transitions import PermitEvent
from amana.terms.ids import PermitId, PersonId
from amana.web.context import COOKIE
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import WIDTHS, check_page
from tests.doors.http_node import lay_down, populate, session_of

pytestmark = [pytest.mark.browser, needs_browser]


@dataclass(frozen=True, kw_only=True)
class Served:
    """`member`: her session."""

    address: str
    folder: Path
    custodian: PersonId
    member: str
    permit: PermitId

    def link(self, kind: LinkKind = LinkKind.ENROL) -> str:
        """A new link of the custodian."""
        service = open_service(self.folder)
        try:
            link = service.sign_in.links.invite(self.custodian, kind=kind, actor="machine", now=service.now())
        finally:
            service.close()
        return f"{self.address}/sign-in#{link.reveal()}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node in a process of its own, whose one permit was suspended. Its custodian reads French."""
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("browser") / "node"
    address = f"http://localhost:{port}"
    lay_down(folder, settings=f'public_url = "{address}"\n')
    service = open_service(folder)
    people, _, _, permit = populate(service)
    custodian = service.sign_in.by_session(session_of(service, people["custodian"]), now=service.now())
    with service.database.transaction() as run:
        run.change("UPDATE person SET language = 'fr' WHERE id = :id", {"id": people["custodian"]})
    service.permits.act(custodian, permit=permit, event=PermitEvent.SUSPEND, reasons="")
    member = session_of(service, people["member"])
    service.close()
    with serving(folder, port):
        yield Served(address=address, folder=folder, custodian=people["custodian"], member=member, permit=permit)


@contextmanager
def serving(folder: Path, port: int) -> Iterator[None]:
    command = [sys.executable, "-m", "amana", "serve", "--folder", str(folder), "--host", "localhost", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None and "http://" in server.stderr.readline()
        yield
    finally:
        server.terminate()
        server.wait(30)


def test_whoever_comes_with_a_link_keeps_a_passkey_signs_in_with_it_and_makes_tokens(served: Served) -> None:
    with page_of() as page:
        page.goto(f"{served.address}/sign-in")
        page.goto(served.link())  # on the page that is open already
        expect(page.locator("#register")).to_be_visible()
        assert page.url == f"{served.address}/sign-in", "the link does not stay in the history"
        page.locator("#label").fill("test device")
        page.locator("#register").click()
        page.locator("#passkey").click()
        expect(page.locator("#name")).to_have_text("Custodian")
        page.locator("#step-up").click()
        expect(page.locator("#alert")).to_be_empty()
        page.locator("#token-label").fill("command line")
        page.locator("#make-token").click()
        expect(page.locator("#token")).to_have_text(re.compile("^amana_"))
        token = page.locator("#token").inner_text()
        page.locator("#token-share").fill("10%")
        page.locator("#make-token").click()
        expect(page.locator("#token")).not_to_have_text(token)
        assistant = page.locator("#token").inner_text()
        assert page.locator("#desk").get_attribute("href") == "/fr/desk", "the desk is in her own language"
        page.locator("#sign-out").click()
        expect(page.locator("#passkey")).to_be_visible()
    with connect(served.address, assistant) as lent:
        told = lent.assistant()
        assert told is not None and told.allowance == "1/10"
    with connect(served.address, token) as custodian:
        assert custodian.assistant() is None
        assert custodian.read("permits", served.permit)["state"] == "suspended"


def test_a_link_opens_once(served: Served) -> None:
    link = served.link()
    for seen, opened in ((("#register", True)), (("#register", False))):
        with page_of() as page:
            page.goto(link)
            if opened:
                expect(page.locator(seen)).to_be_visible()
            else:
                expect(page.locator("#alert")).not_to_be_empty()


@pytest.mark.parametrize("kind", [LinkKind.DEMO, LinkKind.ENROL])
def test_a_link_from_elsewhere_makes_nobody_who_is_signed_in_somebody_else(served: Served, kind: LinkKind) -> None:
    link, told = served.link(kind), load("en").say("page.sign_in.link_unused")
    with page_of() as page:
        page.context.add_cookies([{"name": COOKIE, "value": served.member, "url": served.address}])
        for opened_there in (False, True):
            if opened_there:  # on the page that is open already
                page.goto(f"{served.address}/sign-in")
                expect(page.locator("#unused")).to_be_hidden()
            page.goto(link)
            expect(page.locator("#name")).to_have_text("Member")
            expect(page.locator("#unused")).to_have_text(told)
            expect(page.locator("#unused")).to_be_visible()
            check_page(page)
            assert page.url == f"{served.address}/sign-in", "the link does not stay in the history"
            assert [each["value"] for each in page.context.cookies() if each["name"] == COOKIE] == [served.member]
        page.locator("#sign-out").click() if kind is LinkKind.ENROL else page.context.clear_cookies()
        page.goto(link)
        expect(page.locator("#register" if kind is LinkKind.ENROL else "#desk")).to_be_visible()


def test_a_link_that_is_pasted_opens_as_one_that_is_followed(served: Served) -> None:
    with page_of() as page:
        page.goto(f"{served.address}/en/sign-in")
        page.get_by_label(load("en").say("page.sign_in.link")).fill(served.link())
        page.locator("#by-link button").click()
        expect(page.locator("#register")).to_be_visible()
        expect(page.locator("#by-link")).to_be_hidden()
        assert page.locator("#link").input_value() == "", "the link does not stay in the page"


@pytest.mark.parametrize(
    ("wanted", "led"), [("", "/fr/desk"), ("/en/desk/ask", "/en/desk/ask"), ("https://elsewhere.example/en/desk", "/fr/desk")]
)
def test_without_javascript_a_link_that_is_pasted_leads_to_the_desk(served: Served, wanted: str, led: str) -> None:
    with page_of(language="ar", width=360, scripts=False) as page:
        page.goto(f"{served.address}/ar/sign-in?next={wanted}")
        expect(page.locator(".note")).to_have_text(load("ar").say("page.sign_in.no_script"))
        assert page.locator("#passkey").is_hidden()
        page.locator("#link").fill(served.link(LinkKind.DEMO))
        page.locator("#by-link button").click()
        page.wait_for_url(f"{served.address}{led}")
        (session,) = (cookie for cookie in page.context.cookies() if cookie["name"] == COOKIE)
        assert session["httpOnly"] and session["sameSite"] == "Lax"


def test_without_javascript_a_link_for_a_passkey_is_not_used_up(served: Served) -> None:
    link = served.link()
    with page_of(language="fr", scripts=False) as page:
        page.goto(f"{served.address}/fr/sign-in")
        page.locator("#link").fill(link)
        page.locator("#by-link button").click()
        assert load("fr").say("sign_in.script_needed") in page.locator("[role=alert]").last.inner_text()
    with page_of() as page:
        page.goto(link)
        expect(page.locator("#register")).to_be_visible()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_of_the_page_is_easy_to_reach_for_everybody(served: Served, language: str, width: int) -> None:
    with page_of(language=language, width=width) as page:
        page.goto(f"{served.address}/{language}/sign-in")
        expect(page.locator("#passkey")).to_be_visible()
        check_page(page)
        page.goto(f"{served.address}/{language}/sign-in#{served.link().rpartition('#')[2]}")
        expect(page.locator("#register")).to_be_visible()
        check_page(page)
        page.goto(f"{served.address}/{language}/sign-in#{served.link(LinkKind.DEMO).rpartition('#')[2]}")
        expect(page.locator("#desk")).to_be_visible()
        check_page(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_language_of_the_reader_and_fits_a_small_screen(served: Served, language: str) -> None:
    with page_of(language=language, width=360) as page:
        page.goto(f"{served.address}/sign-in")
        expect(page.locator("#passkey")).to_have_text(load(language).say("page.sign_in.with_passkey"))
        assert page.evaluate("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
