"""From an empty form to an approved project with a talk and a return, in a real browser; without a script; and without a connection."""

from collections.abc import Iterator
from re import compile as pattern

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect

from amana.client.text import load
from amana.node.service import open_service
from tests.browser.asking import asking_portal
from tests.browser.pages import browser as the_browser
from tests.browser.pages import needs_browser
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page

pytestmark = [pytest.mark.browser, needs_browser]
expect.set_options(timeout=30_000)
PAGE_BYTES_MAX = 20_000
TITLES = {"ar": "أين تنقص العيادات؟", "fr": "Où manque-t-il des cliniques ?"}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with asking_portal(tmp_path_factory.mktemp("applications")) as made:
        yield made


@pytest.fixture(scope="module")
def browser() -> Browser:
    return the_browser()


class Visit:
    """One person's browser; what its pages complain of fails the test."""

    def __init__(self, browser: Browser, served: Portal, who: str, *, language: str, width: int = 1280, script: bool = True) -> None:
        self.served, self.language, self.catalogue = served, language, load(language)
        self.context: BrowserContext = browser.new_context(
            locale=language, viewport={"width": width, "height": 800}, java_script_enabled=script
        )
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        served.sign_in(self.page, who)

    def go(self, path: str) -> None:
        self.page.goto(self.served.at(path, language=self.language))

    def press(self, code: str) -> None:
        self.page.get_by_role("button", name=self.catalogue.say(code), exact=True).click()

    def done(self) -> None:
        self.context.close()
        assert self.complaints == []


def fill(visit: Visit, *, answers: tuple[str, ...] = ("Nous.", "Par région.")) -> None:
    """The form of an application, for the dataset that asks."""
    page, language = visit.page, visit.language
    page.fill(f"#title_{language}", TITLES[language])
    page.fill(f"#lay_summary_{language}", TITLES[language] * 3)
    page.check("input[name=purpose][value=HMB]")
    page.check("input[name=dataset][value=clinic]")
    for place, answer in enumerate(answers, start=1):
        page.fill(f"#answer_clinic_{place}", answer)


def state_of(visit: Visit, state: str) -> None:
    expect(visit.page.locator("main .state").first).to_have_text(visit.catalogue.word("state", state))


def judged(browser: Browser, served: Portal, path: str, *, language: str, script: bool) -> None:
    """Two reviews and the approval."""
    for who in ("reviewer", "second"):
        visit = Visit(browser, served, who, language=language, script=script)
        visit.go("/desk")
        visit.page.get_by_role("link", name=TITLES[language]).first.click()
        visit.page.check("input[name=verdict][value=approve]")
        visit.page.fill("#review_reasons", "clair")
        visit.press("page.application.give_review")
        expect(visit.page.get_by_text("clair").first).to_be_visible()
        visit.done()
    decider = Visit(browser, served, "decider", language=language, script=script)
    decider.go(path)
    decider.press("page.decide.approve")
    state_of(decider, "approved")
    decider.done()


@pytest.mark.parametrize(("language", "script"), [("ar", True), ("fr", True), ("fr", False)])
def test_an_application_goes_from_an_empty_form_to_a_permit_request(served: Portal, browser: Browser, language: str, script: bool) -> None:
    applicant = Visit(browser, served, "applicant", language=language, script=script)
    applicant.go("/desk/applications/new?dataset=clinic")
    expect(applicant.page.locator("input[name=dataset][value=clinic]")).to_be_checked()
    fill(applicant, answers=("Nous.",))
    applicant.press("page.apply.submit")
    expect(applicant.page.locator(".refused")).to_contain_text("2")
    applicant.page.fill("#answer_clinic_2", "Par région.")
    applicant.press("page.apply.submit")
    state_of(applicant, "submitted")
    path = applicant.page.url.partition(f"/{language}")[2]
    current = applicant.page.locator(".steps [aria-current=step]")
    expect(current).to_contain_text(applicant.catalogue.say("page.turn.reviewers"))

    decider = Visit(browser, served, "decider", language=language, script=script)
    decider.go(path)
    decider.page.fill("textarea[name=words]", "Quels mois ?")
    decider.press("page.application.send")
    expect(decider.page.locator(".says")).to_contain_text("Quels mois ?")
    decider.press("page.decide.return")
    expect(decider.page.locator(".refused")).to_be_visible()  # whoever gets it back is told why
    decider.page.fill("#decision_reasons", "Dites quels mois.")
    decider.press("page.decide.return")
    state_of(decider, "returned")
    decider.done()

    applicant.go("/desk")
    expect(applicant.page.locator("#notices")).to_contain_text(applicant.catalogue.say("notice.project_return"))
    applicant.page.locator("#notices a").first.click()
    expect(applicant.page.locator(".note")).to_contain_text("Dites quels mois.")
    expect(applicant.page.locator(".says")).to_contain_text("Quels mois ?")
    applicant.page.fill("textarea[name=words]", "Tous.")
    applicant.press("page.application.send")
    expect(applicant.page.locator(".says")).to_have_count(2)
    applicant.page.get_by_role("link", name=applicant.catalogue.say("page.application.edit"), exact=True).click()
    applicant.page.fill(f"#lay_summary_{language}", "Tous les mois.")
    applicant.press("page.apply.submit")
    state_of(applicant, "submitted")

    judged(browser, served, path, language=language, script=script)
    applicant.go(path)
    applicant.page.select_option("#of_dataset", "clinic")
    applicant.press("page.application.request_button")
    expect(applicant.page.locator(".steps [aria-current=step]")).to_contain_text(applicant.catalogue.say("page.turn.custodian"))
    applicant.press("page.act.close")
    state_of(applicant, "closed")
    applicant.done()


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_applications_can_be_used_by_everybody_and_is_light(
    served: Portal, browser: Browser, language: str, width: int
) -> None:
    one = f"/desk/applications/{served.project}"
    pages = ("/desk", "/desk/applications", "/desk/applications/new?dataset=clinic", one, "/desk/settings")
    for who, path in (*(("applicant", path) for path in pages), ("decider", one), ("custodian", "/desk"), ("auditor", "/desk")):
        visit = Visit(browser, served, who, language=language, width=width)
        assert bytes_of(visit.page, served.at(path, language=language)) <= PAGE_BYTES_MAX
        check_page(visit.page)
        visit.done()


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_purposes_are_checked_before_anything_is_sent(served: Portal, browser: Browser, language: str) -> None:
    visit = Visit(browser, served, "member", language=language, width=360)
    visit.go("/desk/applications/new?dataset=clinic")
    visit.page.check("input[name=purpose][value=NRES]")
    visit.press("page.apply.check")
    expect(visit.page.locator("#fits")).to_contain_text(visit.catalogue.say("page.fit.forbidden"))
    check_page(visit.page)
    visit.page.uncheck("input[name=purpose][value=NRES]")
    for purpose in ("HMB", "dpv:ScientificResearch"):
        visit.page.check(f"input[name=purpose][value='{purpose}']")
    visit.page.fill("#ethics_reference", "CERB-2026-17")
    visit.press("page.apply.check")
    expect(visit.page.locator("#fits")).to_contain_text(visit.catalogue.say("page.fit.allowed"))
    visit.done()


def projects_called(served: Portal, title: str) -> int:
    service = open_service(served.folder)
    try:
        with service.database.reading() as run:
            return sum(1 for (held,) in run.rows("SELECT title FROM project", {}) if title in str(held))
    finally:
        service.close()


def test_a_form_begun_without_a_connection_is_kept_and_sent_once(served: Portal, browser: Browser) -> None:
    visit = Visit(browser, served, "outsider", language="fr")
    visit.go("/desk/applications/new")
    fill(visit)
    visit.page.fill("#title_fr", "Écrit hors ligne")
    visit.context.set_offline(True)
    visit.press("page.apply.save")
    expect(visit.page.locator("#keep")).to_contain_text(visit.catalogue.say("page.keep.waits"))
    visit.page.fill("#title_fr", "Écrit hors ligne, et mieux")
    assert projects_called(served, "hors ligne") == 0
    visit.context.set_offline(False)
    visit.page.wait_for_url(pattern(r"/fr/desk/applications/p-[0-9a-f]+$"))
    expect(visit.page.locator("h1")).to_have_text("Écrit hors ligne, et mieux")
    assert projects_called(served, "hors ligne") == 1
    visit.go("/desk/applications/new")
    expect(visit.page.locator("#title_fr")).to_have_value("")
    visit.done()


def test_an_answer_that_was_lost_on_its_way_makes_no_second_project(served: Portal, browser: Browser) -> None:
    visit = Visit(browser, served, "outsider", language="fr")
    visit.go("/desk/applications/new")
    fill(visit)
    visit.page.fill("#title_fr", "Réponse perdue")
    lost: list[int] = []

    def lose(route: object) -> None:
        """Let the node do it, and cut the line before its answer is here."""
        if lost:
            route.continue_()  # type: ignore[attr-defined]
            return
        lost.append(route.fetch(max_redirects=0).status)  # type: ignore[attr-defined]
        route.abort("connectionreset")  # type: ignore[attr-defined]

    visit.page.route("**/desk/applications/new", lambda route: lose(route) if route.request.method == "POST" else route.continue_())
    visit.press("page.apply.save")
    expect(visit.page.locator("#keep")).to_contain_text(visit.catalogue.say("page.keep.waits"))
    assert lost == [303] and projects_called(served, "Réponse perdue") == 1
    visit.page.evaluate("dispatchEvent(new Event('online'))")
    visit.page.wait_for_url(pattern(r"/fr/desk/applications/p-[0-9a-f]+$"))
    assert projects_called(served, "Réponse perdue") == 1
    visit.done()


def test_what_was_typed_is_there_again_and_is_forgotten_at_signing_out(served: Portal, browser: Browser) -> None:
    visit = Visit(browser, served, "member", language="ar")
    visit.go("/desk/applications/new")
    visit.page.fill("#title_ar", "بداية")
    visit.page.check("input[name=purpose][value=GRU]")
    visit.go("/desk/applications")
    visit.page.locator("#kept a").click()
    expect(visit.page.locator("#title_ar")).to_have_value("بداية")
    expect(visit.page.locator("input[name=purpose][value=GRU]")).to_be_checked()
    expect(visit.page.locator("#keep")).to_contain_text(visit.catalogue.say("page.keep.restored"))
    check_page(visit.page)
    service = open_service(served.folder)
    from tests.doors.http_node import session_of

    kept, other = served.sessions["member"], session_of(service, served.people["member"])
    service.close()
    visit.context.clear_cookies()
    visit.context.add_cookies([{"name": "amana_session", "value": other, "url": served.address}])
    visit.go("/desk/settings")
    visit.press("page.sign_in.sign_out")
    visit.page.wait_for_url(pattern(r"/ar/$"))
    assert visit.page.evaluate("Object.keys(localStorage).filter((name) => name.startsWith('amana-form:')).length") == 0
    assert kept
    visit.done()
