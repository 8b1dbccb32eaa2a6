"""The pages of data in a real browser: in four languages, on phones and wide screens, with JavaScript and without."""

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from amana.client.text import load
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal

pytestmark = [pytest.mark.browser, needs_browser]

PATHS = ("/", "/datasets", "/datasets/test", "/datasets/test/try", "/search?q=test", "/search?q=zebra")
FIRST_VIEW_BYTES_MAX = 20_000
FIRST_DRY_RUN_MS_MAX = 60_000
"""It makes the invented rows, which later ones find made."""
CLIPPED = """() => [...document.querySelectorAll("svg")].flatMap((svg) => {
  const frame = svg.viewBox.baseVal, boxes = [...svg.querySelectorAll("text")].map((text) => text.getBBox());
  const out = boxes.filter((box) => box.x < -0.5 || box.y < -0.5 || box.x + box.width > frame.width + 0.5 || box.y + box.height > frame.height + 2);
  const over = boxes.filter((one, place) => boxes.some((two, other) => other > place
    && one.x < two.x + two.width && two.x < one.x + one.width && one.y < two.y + two.height && two.y < one.y + one.height));
  return [...out, ...over].map((box) => svg.ariaLabel + JSON.stringify(box));
})"""
"""Labels that leave their picture, or lie on one another."""


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("data")) as made:
        yield made


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_of_data_are_whole_and_small(served: Portal, language: str, width: int) -> None:
    with page_of(language=language, width=width) as page:
        for path in PATHS:
            page.goto(served.at(path, language=language))
            page.evaluate("document.querySelectorAll('details').forEach((each) => { each.open = true; })")
            check_page(page)
            assert page.evaluate(CLIPPED) == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_view_is_at_most_twenty_thousand_bytes(served: Portal, language: str) -> None:
    sizes = {}
    for path in PATHS:
        with page_of(language=language, width=360) as page:
            sizes[path] = bytes_of(page, served.at(path, language=language))
    assert {path: size for path, size in sizes.items() if size > FIRST_VIEW_BYTES_MAX} == {}


def addresses_of(page: Page) -> list[str]:
    """Every address that the page asks a server for, from now on."""
    asked: list[str] = []
    page.on("request", lambda request: asked.append(f"{request.url} {request.headers.get('referer', '')}"))
    return asked


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_question_is_answered_in_place_and_stands_in_no_address_that_a_server_sees(served: Portal, language: str) -> None:
    with page_of(language=language, width=360) as page:
        asked = addresses_of(page)
        page.goto(served.at("/datasets/test/try", language=language))
        page.evaluate("window.same = true")
        page.fill("#sql", "SELECT region, COUNT(*) AS zebras FROM visits GROUP BY region")
        expect(page).to_have_url(re.compile("#sql=.*zebras"))
        page.click("main form button")
        expect(page.locator("#answer table")).to_contain_text("zebras", timeout=FIRST_DRY_RUN_MS_MAX)
        assert page.evaluate("window.same") is True
        expect(page.locator("#answer")).to_be_focused()
        check_page(page)
        page.reload()
        expect(page.locator("#sql")).to_have_value("SELECT region, COUNT(*) AS zebras FROM visits GROUP BY region")
        assert any("/try" in each for each in asked) and not any("zebras" in each for each in asked)


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_refused_question_is_told_in_place_and_the_place_is_marked(served: Portal, language: str) -> None:
    with page_of(language=language, width=360) as page:
        page.goto(served.at("/datasets/test/try", language=language))
        page.fill("#sql", "SELECT SUM(zebra) FROM visits")
        page.click("main form button")
        expect(page.locator("#answer pre.refused mark")).to_have_text("zebra", timeout=FIRST_DRY_RUN_MS_MAX)
        expect(page.locator("#answer [role=alert]")).to_contain_text("zebra")
        check_page(page)


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_everything_works_without_javascript(served: Portal, language: str) -> None:
    with page_of(language=language, width=360) as complaining:
        browser = complaining.context.browser
        assert browser is not None
        page = browser.new_context(java_script_enabled=False, viewport={"width": 360, "height": 800}).new_page()
        asked = addresses_of(page)
        page.goto(served.at("/", language=language))
        page.fill("#q", "atlas" if language == "fr" else "visits")
        page.click("main [role=search] button")
        page.goto(served.at("/search?q=visits", language=language))
        page.click("main .card a")
        page.click("main a.button >> nth=0")
        page.click("main form button")
        expect(page.locator("#answer table")).to_contain_text("Atlas", timeout=FIRST_DRY_RUN_MS_MAX)
        expect(page.locator("#answer")).to_contain_text(load(language).say("page.answer.invented"))
        assert not any("SELECT" in each for each in asked)


def test_a_fragment_that_holds_no_question_leaves_the_example(served: Portal) -> None:
    with page_of() as page:
        for fragment in ("#main", "#sql=", "#sql=%E0%A4%A"):
            page.goto(served.at(f"/datasets/test/try{fragment}"))
            page.reload()
            assert "FROM visits" in page.input_value("#sql") or fragment.endswith("A4%A")
