"""The sign-in page in a real browser: a link, a passkey, a token, and a signature that asks the device again."""

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
from tests.browser.pages import needs_browser, page_of
from tests.doors.http_node import lay_down, populate, session_of

pytestmark = [pytest.mark.browser, needs_browser]


@dataclass(frozen=True, kw_only=True)
class Served:
    address: str
    folder: Path
    custodian: PersonId
    permit: PermitId

    def link(self) -> str:
        """A new enrolment link of the custodian."""
        service = open_service(self.folder)
        try:
            link = service.sign_in.links.invite(self.custodian, kind=LinkKind.ENROL, actor="machine", now=service.now())
        finally:
            service.close()
        return f"{self.address}/sign-in#{link.reveal()}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A node in a process of its own, whose one permit was suspended: the custodian may resume it."""
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    folder = tmp_path_factory.mktemp("browser") / "node"
    address = f"http://localhost:{port}"
    lay_down(folder, settings=f'public_url = "{address}"\n')
    service = open_service(folder)
    people, _, _, permit = populate(service)
    custodian = service.sign_in.by_session(session_of(service, people["custodian"]), now=service.now())
    service.permits.act(custodian, permit=permit, event=PermitEvent.SUSPEND, reasons="")
    service.close()
    with serving(folder, port):
        yield Served(address=address, folder=folder, custodian=people["custodian"], permit=permit)


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


def test_whoever_comes_with_a_link_keeps_a_passkey_signs_in_with_it_and_signs_a_permit(served: Served) -> None:
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
        waiting = page.locator("#waiting li")
        expect(waiting).to_have_count(1)
        waiting.get_by_role("button").click()
        expect(waiting).to_have_count(0)
        page.locator("#sign-out").click()
        expect(page.locator("#passkey")).to_be_visible()
    with connect(served.address, assistant) as lent:
        told = lent.assistant()
        assert told is not None and told.allowance == "1/10"
    with connect(served.address, token) as custodian:
        assert custodian.assistant() is None
        assert custodian.read("permits", served.permit)["state"] == "active"


def test_a_link_opens_once(served: Served) -> None:
    link = served.link()
    for seen, opened in ((("#register", True)), (("#register", False))):
        with page_of() as page:
            page.goto(link)
            if opened:
                expect(page.locator(seen)).to_be_visible()
            else:
                expect(page.locator("#alert")).not_to_be_empty()


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_speaks_the_language_of_the_reader_and_fits_a_small_screen(served: Served, language: str) -> None:
    with page_of(language=language, width=360) as page:
        page.goto(f"{served.address}/sign-in")
        expect(page.locator("#passkey")).to_have_text(load(language).say("page.sign_in.with_passkey"))
        assert page.evaluate("getComputedStyle(document.body).direction") == ("rtl" if language == "ar" else "ltr")
        assert page.evaluate("document.documentElement.scrollWidth") <= 360
