"""The researcher's five minutes in a real browser: permit, try, price, run, more precise, files, Python; with and without scripts."""

import ast
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pandas
import pytest
from playwright.sync_api import Page, Request

from tests.browser.pages import context_of, needs_browser
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal
from tests.browser.test_chart import LABELS

pytestmark = [pytest.mark.browser, needs_browser]

FIRST_VIEW_BYTES_MAX = 20_000
LINE = "Object.defineProperty(navigator, 'connection', {value: {saveData: false, effectiveType: '4g'}, configurable: true})"
"""A browser on a busy machine may take it for a slow line."""
EXPECTED = ("status of 4",)
"""What a browser says of refusals that are shown, and of a worker that a page does without."""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("workbench")) as made:
        yield made


@contextmanager
def workbench(site: Portal, *, language: str, width: int = 1280, scripts: bool = True) -> Iterator[Page]:
    """A browser that is signed in; what a page complains of, and a question in an address that is asked for, fail the test."""
    with context_of(language=language, width=width, scripts=scripts) as context:
        context.add_init_script(LINE)
        if scripts:
            context.grant_permissions(["clipboard-read", "clipboard-write"])
        page = context.new_page()
        complaints: list[str] = []
        told: list[str] = []

        def heard(request: Request) -> None:
            told.append(request.url.partition("#")[0] + str(request.headers.get("referer", "")))

        page.on("request", heard)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda said: complaints.append(said.text) if said.type in {"error", "warning"} else None)
        site.sign_in(page, "member")
        yield page
        assert [each for each in complaints if not any(text in each for text in EXPECTED)] == []
        assert [each for each in told if re.search(r"select|visits", each, re.IGNORECASE)] == []


def question(language: str, width: int, *, scripts: bool) -> str:
    """Another one for each run, so that each one pays."""
    return f"SELECT region, COUNT(*) AS visits FROM visits WHERE cost > {len(language) + width % 7 + 10 * scripts} GROUP BY region"


def write(page: Page, sql: str) -> None:
    """Into the editor where it opened, else into the box."""
    page.click("#sql")
    editor = page.locator(".cm-content")
    editor.wait_for()
    page.keyboard.press("Control+a")
    page.keyboard.insert_text(sql)
    assert page.input_value("#sql") == sql, "the box is what the form sends"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", ["ar", "fr"])
def test_five_minutes_of_a_researcher(site: Portal, language: str, width: int) -> None:
    sql = question(language, width, scripts=True)
    with workbench(site, language=language, width=width) as page:
        page.goto(site.at("/desk/work", language=language))
        assert page.locator(".card svg").count() == 1, "her permit, with what is left of it"
        check_page(page)
        page.click("main summary")
        check_page(page)
        write(page, sql)
        check_page(page)
        page.click("button[value=try]")
        page.wait_for_selector("#outcome table")
        check_page(page)
        page.click("button[value=preview]")
        page.wait_for_selector("#outcome .choice ul")
        assert page.locator("#outcome .choice ul").count() == 3
        check_page(page)
        page.check("input[value='10%']")
        page.click("button[value=run]")
        page.wait_for_url(re.compile(r"/desk/work/q-[0-9a-f]{16}$"))
        assert page.evaluate(LABELS) == []
        check_page(page)
        with page.expect_download() as file:
            page.click("text=.csv")
        frame = pandas.read_csv(io.StringIO(Path(file.value.path()).read_text("utf-8")))
        assert list(frame.columns) == ["region", "visits", "visits_lo", "visits_hi"]
        page.click("[data-copy]")
        page.wait_for_selector("#copied:not([hidden])")
        copied = page.evaluate("navigator.clipboard.readText()")
        assert sql in copied and ast.parse(copied)
        first = page.url
        page.click("button:has-text('± 5 %')")
        page.wait_for_url(lambda url: "/q-" in url and url != first)
        page.wait_for_selector("table")
        check_page(page)
        page.goto(site.at("/desk/work/history", language=language))
        assert page.locator(".card").count() >= 2
        check_page(page)


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_five_minutes_without_scripts(site: Portal, language: str) -> None:
    sql = question(language, 360, scripts=False)
    with workbench(site, language=language, width=360, scripts=False) as page:
        page.goto(site.at("/desk/work", language=language))
        page.fill("#sql", sql)
        page.click("button[value=try]")
        page.wait_for_selector("#outcome table")
        assert page.input_value("#sql") == sql
        page.click("button[value=preview]")
        assert page.locator("#outcome .choice ul").count() == 3
        page.check("input[value='10%']")
        page.click("button[value=run]")
        page.wait_for_url(re.compile(r"/desk/work/q-[0-9a-f]{16}$"))
        assert page.locator("svg[role=img]").count() == 2 and page.locator("table").count() == 1
        page.click("button:has-text('± 5 %')")  # a step that the rest of the permit pays, whatever bounds are chosen for it
        page.wait_for_selector("table")
        assert sql in page.inner_text("#python")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_page_of_questions_is_light_and_easy_to_reach(site: Portal, language: str, width: int) -> None:
    for path in ("/desk/work", "/desk/work/history"):
        with workbench(site, language=language, width=width) as page:
            assert bytes_of(page, site.at(path, language=language)) <= FIRST_VIEW_BYTES_MAX
            check_page(page)


def test_a_question_travels_behind_the_hash_of_a_link(site: Portal) -> None:
    with workbench(site, language="fr") as page:
        page.goto(site.at("/desk/work", language="fr"))
        page.fill("#sql", "SELECT COUNT(*) AS n FROM visits")
        page.wait_for_url(re.compile("#sql=SELECT"))
        link = page.url
        page.goto("about:blank")
        page.goto(link)
        assert page.input_value("#sql") == "SELECT COUNT(*) AS n FROM visits"
        page.click(".languages [lang=ar]")
        page.wait_for_url(re.compile("/ar/desk/work#sql="))
        assert page.input_value("#sql") == "SELECT COUNT(*) AS n FROM visits"


def test_whoever_has_to_sign_in_first_keeps_her_question(site: Portal) -> None:
    with workbench(site, language="fr") as page:
        page.context.clear_cookies()
        page.goto(site.at("/desk/work", language="fr") + "#sql=SELECT%201")
        page.wait_for_url(re.compile("/fr/sign-in"))
        page.wait_for_selector("#passkey:visible")
        assert page.inner_text("#alert") == "", "a question is not taken for a link"


def test_the_editor_completes_names_and_lets_the_keyboard_out(site: Portal) -> None:
    with workbench(site, language="ar", width=360) as page:
        page.goto(site.at("/desk/work", language="ar"))
        write(page, "SELECT COUNT(*) AS n FROM ")
        page.keyboard.type("vis")
        page.wait_for_selector(".cm-tooltip-autocomplete [aria-selected=true]")
        page.wait_for_timeout(200)  # what has just opened takes no key, lest it take one that was meant for the text
        page.keyboard.press("Enter")
        assert page.input_value("#sql").endswith("FROM visits")
        page.keyboard.press("Escape")
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.tagName") != "DIV", "the focus left the editor"
        page.click("main summary")
        page.click("button.insert:has-text('regions')")
        assert page.input_value("#sql").endswith("visitsregions "), "a name is put where one writes"
        assert page.locator(".cm-content").evaluate("(box) => getComputedStyle(box).direction") == "ltr"


def test_no_editor_is_loaded_on_a_line_that_saves_data(site: Portal) -> None:
    with workbench(site, language="fr") as page:
        page.add_init_script("Object.defineProperty(navigator, 'connection', {value: {saveData: true, effectiveType: '4g'}})")
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.goto(site.at("/desk/work", language="fr"))
        page.fill("#sql", "SELECT 1")
        page.wait_for_timeout(500)
        assert page.locator(".cm-content").count() == 0 and not any("editor.js" in url for url in asked)


def test_a_wrong_question_is_underlined_beside_what_was_typed(site: Portal) -> None:
    with workbench(site, language="ar") as page:
        page.goto(site.at("/desk/work", language="ar"))
        write(page, "SELECT regiom, COUNT(*) AS n FROM visits GROUP BY region")
        page.click("button[value=preview]")
        page.wait_for_selector("mark")
        assert page.inner_text("mark") == "regiom"
        assert page.evaluate("document.activeElement.id") == "outcome", "the focus goes to what is new"
        check_page(page)
