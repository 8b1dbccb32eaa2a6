"""The public log, projects and registers in a real browser; and the check of an entry, which any flipped byte must fail."""

import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, Route, expect

from amana.client.text import load
from amana.log.look import published_now
from amana.log.read import FolderReader
from tests.browser.pages import needs_browser, page_of, plain_page
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal

pytestmark = [pytest.mark.browser, needs_browser]
FIRST_VIEW_BYTES_MAX = 20_000
STEPS = ("key", "signature", "witnesses", "entry", "tile", "tree", "memory")
VERIFY_MS_MAX = 20_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("log pages")) as made:
        yield made


def paths_of(served: Portal) -> tuple[str, ...]:
    size = published_now(FolderReader(served.folder / "log"))[1].size
    return ("/log", "/log/0", f"/log/{size - 1}", "/projects", f"/projects/{served.project}", "/uses", "/ai", "/offline")


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_public_pages_are_sound_in_every_language_and_width(served: Portal, language: str, width: int) -> None:
    with page_of(language=language, width=width) as page:
        for path in paths_of(served):
            page.goto(served.at(path, language=language))
            check_page(page)


def test_the_first_view_of_each_page_is_light(served: Portal) -> None:
    sizes: dict[str, int] = {}
    for path in paths_of(served):
        with page_of(language="ar") as page:
            sizes[path] = bytes_of(page, served.at(path, language="ar"))
    assert {path: size for path, size in sizes.items() if size > FIRST_VIEW_BYTES_MAX} == {}


def test_without_javascript_the_commands_are_there_and_no_button(served: Portal) -> None:
    with plain_page(scripts=False) as page:
        page.goto(served.at("/log/0", language="ar"))
        expect(page.locator("#check")).to_be_hidden()
        expect(page.locator("#command pre")).to_contain_text(f"amana log verify {served.address}/log")
        page.goto(served.at("/log"))
        expect(page.locator("ul.told li").first).to_be_visible()


def verify(page: Page) -> None:
    page.locator("#check").click()
    expect(page.locator("#verdict")).to_be_visible(timeout=VERIFY_MS_MAX)


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_an_entry_is_checked_in_the_browser_and_remembered(served: Portal, language: str) -> None:
    catalogue = load(language)
    with page_of(language=language, width=360) as page:
        page.goto(served.at("/log/3", language=language))
        verify(page)
        expect(page.locator("#verdict")).to_have_text(catalogue.say("page.verify.good"))
        expect(page.locator("#step-witnesses span")).to_have_text(catalogue.say("page.verify.witnesses.none"))
        expect(page.locator("#steps .bad")).to_have_count(0)
        expect(page.locator("#found")).to_contain_text('"kind"')
        check_page(page)
        page.goto(served.at("/log/0", language=language))
        verify(page)
        expect(page.locator("#verdict")).to_have_text(catalogue.say("page.verify.good"))
        remembered = catalogue.say("page.verify.memory.good").partition("{")[0]
        expect(page.locator("#step-memory span")).to_contain_text(remembered)


def flipped(at: int) -> Callable[[bytes], bytes]:
    def flip(content: bytes) -> bytes:
        place = at % len(content)
        return content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :]

    return flip


def signature_flipped(content: bytes) -> bytes:
    """A letter in the middle of the log's own signature becomes another one."""
    place = content.rindex(b" ") + 40
    return content[:place] + (b"B" if content[place : place + 1] == b"A" else b"A") + content[place + 1 :]


def key_flipped(content: bytes) -> bytes:
    place = content.rindex(b"+") + 10
    return content[:place] + (b"B" if content[place : place + 1] == b"A" else b"A") + content[place + 1 :]


def loose_quorum(content: bytes) -> bytes:
    """A group that nobody has to sign for, which a reader of policies refuses."""
    return content.replace(b"quorum none", b"group g 0\nquorum g")


def other_quorum(content: bytes) -> bytes:
    return content.replace(b"quorum none", b"quorum nobody")


def nothing(_: bytes) -> bytes:
    return b""


def one_missing(content: bytes) -> bytes:
    return content[:-32]


@pytest.mark.parametrize(
    ("pattern", "change", "step"),
    [
        ("**/log/log.vkey", key_flipped, "key"),
        ("**/log/checkpoint", signature_flipped, "signature"),
        ("**/log/checkpoint", flipped(-1), "signature"),
        ("**/log/checkpoint", flipped(3), "signature"),
        ("**/log/policy", nothing, "witnesses"),
        ("**/log/policy", other_quorum, "witnesses"),
        ("**/log/policy", loose_quorum, "witnesses"),
        ("**/log/tile/entries/**", flipped(30), "tile"),
        ("**/log/tile/entries/**", flipped(-40), "tile"),
        ("**/log/tile/entries/**", flipped(0), "entry"),
        ("**/log/tile/0/**", flipped(2 * 32 + 5), "tile"),
        ("**/log/tile/0/**", flipped(-1), "tile"),
        ("**/log/tile/0/**", one_missing, "tile"),
    ],
)
def test_a_flipped_byte_fails_and_the_step_is_named(served: Portal, pattern: str, change: Callable[[bytes], bytes], step: str) -> None:
    def changed(route: Route) -> None:
        route.fulfill(body=change(route.fetch().body()))

    with plain_page() as page:
        page.route(pattern, changed)
        page.goto(served.at("/log/2"))
        verify(page)
        expect(page.locator("#verdict")).to_have_text(load("en").say("page.verify.bad"))
        expect(page.locator("#steps .bad")).to_have_count(1)
        expect(page.locator(f"#step-{step} span")).to_have_text(load("en").say(f"page.verify.{step}.bad"))
        expect(page.locator("#found")).to_be_hidden()
        assert page.evaluate("Object.keys(localStorage).length") == 0, "what does not hold is not remembered"


def test_every_byte_of_the_entry_itself_counts(served: Portal) -> None:
    with plain_page() as page:
        bundles: list[bytes] = []

        def changed(route: Route) -> None:
            body = route.fetch().body()
            bundles.append(body)
            first = 2 + int.from_bytes(body[:2], "big")
            route.fulfill(body=flipped(first + 2 + 100)(body))  # within entry 1

        page.route("**/log/tile/entries/**", changed)
        page.goto(served.at("/log/1"))
        verify(page)
        expect(page.locator("#step-entry span")).to_have_text(load("en").say("page.verify.entry.bad"))
        assert bundles


def test_a_page_that_tells_of_another_entry_than_the_log_holds_is_found_out(served: Portal) -> None:
    def changed(route: Route) -> None:
        body = route.fetch().text()
        route.fulfill(body=re.sub(r'data-leaf="[0-9a-f]{4}', 'data-leaf="0000', body), content_type="text/html; charset=utf-8")

    with plain_page() as page:
        page.route("**/en/log/2", changed)
        page.goto(served.at("/log/2"))
        verify(page)
        expect(page.locator("#step-entry span")).to_have_text(load("en").say("page.verify.entry.bad"))


def test_a_log_with_another_past_than_the_one_seen_before_is_found_out(served: Portal) -> None:
    with plain_page() as page:
        page.goto(served.at("/log/2"))
        verify(page)
        page.evaluate("""() => { for (const name of Object.keys(localStorage)) {
            const held = JSON.parse(localStorage[name]);
            localStorage[name] = JSON.stringify({ ...held, size: held.size - 1 }); } }""")
        verify(page)
        expect(page.locator("#step-memory span")).to_have_text(load("en").say("page.verify.memory.bad"))


@pytest.mark.parametrize("changed", ["print", "origin"])
def test_a_log_under_another_key_or_name_is_not_taken_for_the_one_seen_before(served: Portal, changed: str) -> None:
    with plain_page() as page:
        page.goto(served.at("/log/2"))
        verify(page)
        page.evaluate(
            """(changed) => { for (const name of Object.keys(localStorage)) {
            localStorage[name] = JSON.stringify({ ...JSON.parse(localStorage[name]), [changed]: "another" }); } }""",
            changed,
        )
        before = page.evaluate("JSON.stringify(localStorage)")
        for _ in range(2):
            page.locator("#check").click()
            expect(page.locator("#verdict")).to_have_text(load("en").say("page.verify.bad"))
            expect(page.locator("#found")).to_be_hidden()
        assert page.evaluate("JSON.stringify(localStorage)") == before, "nothing is remembered over it"


def test_what_cannot_be_read_is_no_lie(served: Portal) -> None:
    with plain_page() as page:
        page.goto(served.at("/log/2"))
        page.route("**/log/checkpoint", lambda route: route.abort())
        verify(page)
        expect(page.locator("#verdict")).to_have_text(load("en").say("page.verify.unreachable"))
        expect(page.locator("#steps .bad")).to_have_count(0)


def test_where_the_browser_has_no_such_signatures_the_command_stays(served: Portal) -> None:
    with plain_page() as page:
        page.add_init_script("Object.defineProperty(globalThis.crypto, 'subtle', { value: undefined })")
        page.goto(served.at("/log/2"))
        expect(page.locator("#check")).to_be_hidden()
        expect(page.locator("#command pre")).to_be_visible()


def test_the_lines_without_our_programs_check_the_signature(served: Portal, tmp_path: Path) -> None:
    with plain_page() as page:
        page.goto(served.at("/log"))
        lines = page.locator("#shell").text_content()
    assert lines
    found = subprocess.run(["bash", "-euo", "pipefail", "-c", lines], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "Signature Verified Successfully" in found.stdout
