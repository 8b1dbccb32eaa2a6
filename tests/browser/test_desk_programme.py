"""The desks of the programme in a real browser: sound in every language, and a file whose digest is computed there and that never leaves."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pytest
from playwright.sync_api import Page, Request, expect

from amana.client.text import load
from amana.node.service import Service, open_service
from amana.node.statements import Stated
from amana.policy.people import OrganisationKind, Role
from amana.programme.evidence import Shown
from amana.terms.ids import EvidenceId
from amana.web.context import COOKIE
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, check_page, portal
from tests.doors.http_node import session_of
from tests.programme import plan_text

pytestmark = [pytest.mark.browser, needs_browser]
REPORT = b"Forty people were trained; their names stand on page 4.\n"
SHA = hashlib.sha256(REPORT).hexdigest()
HERE = "/desk/programme/training"


@dataclass(frozen=True, kw_only=True)
class Desks:
    """`sessions`: of a planner, a verifier and a decider."""

    portal: Portal
    sessions: dict[str, str]

    def sign_in(self, page: Page, who: str) -> None:
        page.context.add_cookies([{"name": COOKIE, "value": self.sessions[who], "url": self.portal.address}])

    def open(self, page: Page, who: str, path: str, language: str) -> None:
        self.sign_in(page, who)
        page.goto(self.portal.at(path, language=language))

    def brought(self) -> EvidenceId:
        """One more document that waits."""
        service = open_service(self.portal.folder)
        try:
            return state(service, self.sessions["planner"])
        finally:
            service.close()


def state(service: Service, session: str) -> EvidenceId:
    asker = service.sign_in.by_session(session, now=service.now())
    shown = Shown(sha256=SHA, title="Report of the first courses", link="https://university.example/reports/first-courses.pdf")
    note = "Two courses, in two towns."
    stated = Stated(indicator="trained", on=service.now().date(), value=Fraction(40), shown=shown, note=note)
    return service.programme.state(asker, stated=stated)


@pytest.fixture(scope="module")
def desks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desks]:
    with portal(tmp_path_factory.mktemp("desk programme")) as made:
        service = open_service(made.folder)
        people = service.people
        people.add_organisation(None, name="Inspectorate", kind=OrganisationKind.AUTHORITY)
        ids = {"decider": made.people["decider"], "planner": made.people["member"]}
        ids["verifier"] = people.add_person(None, name="Verifier", organisation="Inspectorate", language="en")
        people.give_role(None, person=ids["verifier"], role=Role.VERIFIER)
        people.give_role(None, person=ids["planner"], role=Role.PLANNER)
        sessions = {name: session_of(service, person) for name, person in ids.items()}
        decider = service.sign_in.by_session(sessions["decider"], now=service.now())
        service.programme.adopt(decider, content=plan_text().encode())
        service.close()
        yield Desks(portal=made, sessions=sessions)


@pytest.mark.parametrize("language", LANGUAGES)
def test_both_desks_are_sound_in_every_language(desks: Desks, language: str) -> None:
    evidence = desks.brought()
    seen = (
        ("planner", "/desk"), ("planner", "/desk/programme"), ("planner", HERE), ("planner", "/desk/programme/people-seen"),
        ("decider", HERE), ("verifier", "/desk"), ("verifier", "/desk/verify"), ("verifier", f"/desk/verify/{evidence}"),
    )  # fmt: skip
    for who, path in seen:
        with page_of(language=language, width=WIDTHS[0]) as page:
            desks.open(page, who, path, language)
            page.evaluate("for (const part of document.querySelectorAll('main details')) part.open = true")
            for width in (320, *WIDTHS):
                page.set_viewport_size({"width": width, "height": 800})
                check_page(page)


@pytest.mark.parametrize(("language", "scripts"), [("ar", True), ("en", False)])
def test_a_document_is_named_by_its_digest_and_verified_by_the_same_and_the_file_stays(
    desks: Desks, tmp_path: Path, language: str, scripts: bool
) -> None:
    file, other = tmp_path / "report.pdf", tmp_path / "other.pdf"
    file.write_bytes(REPORT)
    other.write_bytes(REPORT + b"!")
    say, sent = load(language).say, list[bytes]()

    def note(request: Request) -> None:
        sent.append(request.post_data_buffer or b"")

    with page_of(language=language, width=360, scripts=scripts) as page:
        page.on("request", note)
        desks.open(page, "planner", HERE, language)
        form = page.locator("form", has=page.locator("#trained-sha256"))
        if not form.is_visible():  # something waits already, so it is folded
            page.get_by_text(say("page.commitments.bring_document")).first.click()
        form.locator("#trained-document-value").fill("40")
        form.locator("#trained-document-on").fill("2026-01-15")
        form.locator("#trained-title").fill("تقرير الدورات الأولى")
        choose(page, "trained-sha256", file, scripts=scripts)
        form.locator("button").click()
        expect(page.locator(f"section.says code:text-is('{SHA}')").first).to_be_visible()
    with page_of(language=language, width=360, scripts=scripts) as page:
        page.on("request", note)
        desks.open(page, "verifier", "/desk/verify", language)
        page.get_by_role("link", name="تقرير الدورات الأولى").last.click()
        if scripts:
            page.set_input_files("#sha256_file", other)
            expect(page.locator("[data-said=other]")).to_be_visible()
            page.set_input_files("#sha256_file", file)
            expect(page.locator("[data-said=same]")).to_be_visible()
        else:
            expect(page.locator("#sha256_file")).to_be_hidden()
            page.fill("#sha256", SHA)
        page.fill("#reasons", "الصفحة 4 تسميهم.")
        page.get_by_role("button", name=say("page.verifying.confirm")).click()
        expect(page.locator("h1")).to_have_text(say("page.verifying.title"))
    assert REPORT.strip() not in b"".join(sent)
    with page_of(language=language, width=360, scripts=scripts) as page:
        desks.open(page, "planner", HERE, language)
        expect(page.locator("section.says blockquote").first).to_have_text("الصفحة 4 تسميهم.")


def choose(page: Page, field: str, file: Path, *, scripts: bool) -> None:
    """By the file where her browser computes the digest, else by what the command wrote."""
    if scripts:
        page.set_input_files(f"#{field}_file", file)
        expect(page.locator(f"#{field}")).to_have_value(SHA)
    else:
        page.fill(f"#{field}", SHA)
