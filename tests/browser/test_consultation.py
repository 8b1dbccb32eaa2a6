"""Somebody reads a version of the plan, comments without an account, confirms by her letter and reads the answer: in a real browser."""

import re
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

import pytest
from playwright.sync_api import expect

from amana.client.text import load
from amana.node.plan_comments import Said
from amana.node.service import Service, open_service
from amana.policy.people import Asker, OrganisationKind
from amana.programme.consultation import ACCEPTED, CommentAnswer
from tests.browser.pages import needs_browser, page_of, plain_page
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal
from tests.doors.http_node import session_of
from tests.mail_server import MailServer, mail_server
from tests.programme import plan_text

pytestmark = [pytest.mark.browser, needs_browser]
expect.set_options(timeout=30_000)
BYTES_MAX = 20_000
LETTER_WAIT_S = 30
PAGES = ("/programme/consultations", "/programme/consultations/small-1", "/programme/consultations/small-1/training")


@dataclass(frozen=True, kw_only=True)
class Served:
    portal: Portal
    mail: MailServer

    def letter(self, address: str) -> str:
        """The link in the letter to that address, when it has come."""
        until = time.monotonic() + LETTER_WAIT_S
        while time.monotonic() < until:
            for letter in self.mail.letters:
                if letter["To"] == address:
                    found = re.search(r"https?://\S+/programme/comments/[0-9a-f]+", letter.get_content())
                    assert found is not None
                    return found[0]
            time.sleep(0.1)
        raise AssertionError("no letter came")


def decider(service: Service, served: Portal) -> Asker:
    return service.sign_in.by_session(session_of(service, served.people["decider"]), now=service.now())


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with mail_server() as mail:
        settings = f'mail_host = "127.0.0.1"\nmail_port = {mail.port}\nmail_tls = "none"\nmail_from = "amana@node.example"\ntend_ms = 200\n'
        with portal(tmp_path_factory.mktemp("consultation"), settings=settings) as made:
            service = open_service(made.folder)
            service.people.add_organisation(None, name="Inspectorate", kind=OrganisationKind.AUTHORITY)
            until = service.now().date() + timedelta(days=9)
            service.consultations.open(decider(service, made), content=plan_text().encode(), until=until)
            service.close()
            yield Served(portal=made, mail=mail)


@pytest.mark.parametrize(("language", "scripts"), [("ar", False), ("fr", True)])
def test_a_comment_is_written_confirmed_by_a_letter_and_answered(served: Served, language: str, scripts: bool) -> None:
    catalogue, address, words = load(language), f"{language}@village.example", f"نريد تكوينًا في القرى ({language})"
    say = catalogue.say
    with plain_page(language=language, scripts=scripts) as page:
        page.goto(served.portal.at("/programme/consultations", language=language))
        page.locator("main .card a").first.click()
        page.locator("main .card a[href$='/training']").click()
        page.get_by_label(say("page.consultation.words"), exact=True).fill(words)
        page.get_by_label(say("page.consultation.category_field")).select_option("citizen")
        page.get_by_label(say("page.consultation.address"), exact=True).fill(address)
        page.get_by_role("button", name=say("page.consultation.send")).click()
        expect(page.get_by_role("status")).to_have_text(say("page.consultation.sent"))
        link = served.letter(address)
        page.goto(link)
        expect(page.get_by_text(words)).to_be_visible()
        page.get_by_role("button", name=say("page.comment.confirm")).click()
        expect(page.get_by_role("status")).to_have_text(say("page.comment.waiting"))
        service = open_service(served.portal.folder)
        try:
            comments, who = service.consultations.comments, decider(service, served.portal)
            (waiting,) = [each for each in comments.awaiting(who) if each.words == words]
            comments.moderate(who, comment=waiting.id, decision="published")
            answer = CommentAnswer(outcome=ACCEPTED, changed=("training",), reason="سيكون في كل قرية.")
            comments.answer(who, comment=waiting.id, answer=answer)
        finally:
            service.close()
        page.goto(link)
        expect(page.get_by_text("سيكون في كل قرية.")).to_be_visible()
        expect(page.get_by_text(catalogue.word("outcome", "accepted"))).to_be_visible()
        page.goto(served.portal.at(f"{PAGES[2]}?page=1&seen={language}", language=language))
        expect(page.get_by_text(words)).to_be_visible()


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_of_a_consultation_is_small_and_easy_to_reach_for_everybody(served: Served, language: str, path: str) -> None:
    with page_of(language=language, width=WIDTHS[0]) as page:
        assert bytes_of(page, served.portal.at(path, language=language)) <= BYTES_MAX
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            check_page(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_desk_of_consultations_is_easy_to_reach_for_everybody(served: Served, language: str) -> None:
    service = open_service(served.portal.folder)
    try:
        who = service.sign_in.by_session(session_of(service, served.portal.people["member"]), now=service.now())
        said = Said(plan="small", version=1, statement="", language=language, words=f"Call me@home.example ({language}).")
        service.consultations.comments.write(who, said=said)
    finally:
        service.close()
    with page_of(language=language, width=WIDTHS[0]) as page:
        served.portal.sign_in(page, "decider")
        page.goto(served.portal.at("/desk/consultation", language=language))
        expect(page.locator("main article").first).to_be_visible()
        for width in WIDTHS:
            page.set_viewport_size({"width": width, "height": 800})
            check_page(page)
