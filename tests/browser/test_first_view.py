"""The first view of every public page: its bytes, its keys; and small pictures of it."""

import os
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image, ImageChops
from playwright.sync_api import Page, expect

from amana.client.text import load
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal

pytestmark = [pytest.mark.browser, needs_browser]

PAGES = ["/", "/privacy", "/accessibility", "/vulnerabilities", "/sign-in", "/ai", "/offline"]
"""Public pages that have no test of their own: whoever makes one adds it here."""
BYTES_MAX = 20_000
GOLDEN = Path(__file__).parent / "golden"
PICTURED = ["/", "/privacy", "/datasets/test"]
GOLDEN_BYTES_MAX = 40_000
CELLS = 24
"""A picture is compared by so many grey blocks in a row: other machines have other fonts, not another structure."""
BLOCK_DIFFERENCE_MAX = 60
BLOCKS_DIFFERENT_MAX = 0.15


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("view")) as found:
        yield found


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_first_view_is_small_and_easy_to_reach_for_everybody(served: Portal, language: str, path: str) -> None:
    with page_of(language=language, width=WIDTHS[0]) as page:
        assert bytes_of(page, served.at(path, language=language)) <= BYTES_MAX
        for width in (320, *WIDTHS):
            page.set_viewport_size({"width": width, "height": 800})
            check_page(page)
        page.emulate_media(color_scheme="dark")
        check_page(page)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_home_page_is_used_by_keyboard_alone(served: Portal, language: str) -> None:
    with page_of(language=language, width=WIDTHS[0]) as page:
        page.goto(served.at("/", language=language))
        reached = [_next(page) for _ in range(10)]
        assert reached[0] == "a#main" and "summary" in reached[2], reached
        assert [each for each in reached if each.startswith("a/")][1:5] == [f"a/{each}/" for each in ("ar", "zgh", "fr", "en")], reached
        assert "input" in reached, reached
        page.locator("#q").focus()
        page.keyboard.type("visits")
        page.keyboard.press("Enter")
        page.wait_for_url("**/search?q=visits")


def _next(page: Page) -> str:
    page.keyboard.press("Tab")
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") != "none", "whoever uses keys sees where she is"
    return str(page.evaluate("(document.activeElement.tagName.toLowerCase() + (document.activeElement.getAttribute('href') || ''))"))


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_menu_opens_by_keyboard_and_leads_on_and_the_skip_link_loads_nothing_anew(served: Portal, language: str) -> None:
    with page_of(language=language, width=WIDTHS[0]) as page:
        page.goto(served.at("/", language=language))
        page.evaluate("window.same = true")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "main"
        menu = page.locator("header details a[href$='/privacy']")
        assert menu.text_content() == load(language).say("page.menu.privacy")
        expect(menu).to_be_hidden()
        page.locator("header summary").focus()
        page.keyboard.press("Enter")
        expect(menu).to_be_visible()
        check_page(page)
        assert page.evaluate("window.same"), "a link within the page loads nothing"
        menu.press("Enter")
        page.wait_for_url("**/privacy")
        assert page.locator("header [aria-current=page]").get_attribute("href") == f"/{language}/privacy"


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_without_javascript_the_menu_opens_and_on_a_wide_screen_it_is_always_there(served: Portal, language: str) -> None:
    with page_of(language=language, width=WIDTHS[0], scripts=False) as page:
        page.goto(served.at("/", language=language))
        menu = page.locator("header details a").first
        expect(menu).to_be_hidden()
        header = page.locator("header").bounding_box()
        assert header is not None and header["height"] <= 120, "the menu leaves the screen to the page"
        page.locator("header summary").click()
        expect(menu).to_be_visible()
        page.set_viewport_size({"width": WIDTHS[1], "height": 800})
        page.reload()
        box = menu.bounding_box()
        assert box is not None and box["height"] >= 24
        expect(page.locator("header summary")).to_be_hidden()
        tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
        links = {node["name"]["value"] for node in tree if node["role"]["value"] == "link" and not node["ignored"]}
        assert load(language).say("page.menu.projects") in links, "whoever hears the page finds the menu, too"


def test_a_page_that_has_not_changed_is_shown_again_as_it_was(served: Portal) -> None:
    with page_of() as page:
        page.goto(served.at("/privacy"))
        colour = "getComputedStyle(document.querySelector('header')).backgroundColor"
        first = page.evaluate(colour)
        page.reload()
        assert page.evaluate(colour) == first != "rgba(0, 0, 0, 0)", "its style is not forbidden by the answer that nothing has changed"


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("language", ["ar", "fr"])
def test_what_a_finger_must_hit_is_large_enough(served: Portal, language: str, path: str) -> None:
    """WCAG 2.2, 2.5.8: 24 by 24, but for links within a sentence."""
    with page_of(language=language, width=WIDTHS[0]) as page:
        page.goto(served.at(path, language=language))
        page.locator("header summary").click()
        small = page.evaluate("""[...document.querySelectorAll("header a, footer a, summary, button, input:not([type=hidden])")]
            .filter((each) => each.checkVisibility()).map((each) => [each.outerHTML.slice(0, 90), each.getBoundingClientRect()])
            .filter(([, box]) => box.width < 24 || box.height < 24).filter(([html]) => !html.includes("skip")).map(([html]) => html)""")
        assert small == []


@pytest.mark.parametrize("path", PICTURED)
@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_page_looks_as_it_did(served: Portal, language: str, path: str) -> None:
    """AMANA_TEST_RENEW_PICTURES=1 takes the pictures anew: look at them before they are kept."""
    kept = GOLDEN / f"{path.strip('/').replace('/', '-') or 'home'}-{language}.png"
    with page_of(language=language, width=WIDTHS[0]) as page:
        page.goto(served.at(path, language=language))
        seen = Image.open(BytesIO(page.screenshot(clip={"x": 0, "y": 0, "width": WIDTHS[0], "height": 1200}, full_page=True))).convert("L")
    if os.environ.get("AMANA_TEST_RENEW_PICTURES") == "1":
        GOLDEN.mkdir(exist_ok=True)
        seen.quantize(16).save(kept, optimize=True)
    assert kept.stat().st_size <= GOLDEN_BYTES_MAX
    before = Image.open(kept).convert("L")
    assert before.size == seen.size
    size = (CELLS, CELLS * seen.height // seen.width)
    differences = ImageChops.difference(before.resize(size, Image.Resampling.BOX), seen.resize(size, Image.Resampling.BOX)).tobytes()
    assert sum(each > BLOCK_DIFFERENCE_MAX for each in differences) <= BLOCKS_DIFFERENT_MAX * len(differences)
