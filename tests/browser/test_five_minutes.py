"""Five minutes of each user in the invented country of the demo, from her first page to her last; the pages of `docs/how-to` show the
pictures that are taken on the way.

AMANA_TEST_RENEW_PICTURES=1 takes them anew: look at them before they are kept.
"""

import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Page, expect

from amana.client.text import load
from amana.web.context import COOKIE
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, check_page

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.slow]

ROOT = Path(__file__).parent.parent.parent
PICTURES = ROOT / "docs" / "how-to" / "pictures"
RENEW = os.environ.get("AMANA_TEST_RENEW_PICTURES") == "1"
PICTURE_BYTES_MAX = 60_000
COLOURS = 32
SQL = "SELECT setting, AVG(mark) AS mark FROM marks JOIN pupils USING (pupil_id) GROUP BY setting"
TITLES = {"ar": "هل تكفي العيادات؟", "fr": "Les cliniques suffisent-elles ?"}
WORKED = {
    "ar": "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region",
    "fr": "SELECT sex, COUNT(*) AS visits FROM visits GROUP BY sex",
}


@dataclass(frozen=True, kw_only=True)
class Country:
    """The demo, served. `links`: a one-time link of each person; `sessions`: of those who used theirs, what their browsers keep."""

    address: str
    links: dict[str, str]
    sessions: dict[str, str] = field(default_factory=dict[str, str])

    def at(self, path: str, *, language: str) -> str:
        return f"{self.address}/{language}{path}"


@contextmanager
def serving(folder: Path) -> Generator[Country]:
    with socket.create_server(("localhost", 0)) as free:
        port = free.getsockname()[1]
    address = f"http://localhost:{port}"
    command = [sys.executable, "-m", "amana", "serve", "--folder", str(folder), "--host", "localhost", "--port", str(port)]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env={**os.environ, "AMANA_PUBLIC_URL": address})
    try:
        assert server.stderr is not None and "http://" in server.stderr.readline()
        links = {each.name: f"{address}/sign-in#{each.read_text('utf-8').rpartition('#')[2]}" for each in (folder / "links").iterdir()}
        yield Country(address=address, links=links)
    finally:
        server.terminate()
        server.wait(30)


@pytest.fixture(scope="module")
def country(demo_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Country]:
    folder = tmp_path_factory.mktemp("country") / "demo-data"
    shutil.copytree(demo_folder, folder)
    with serving(folder) as found:
        yield found


def pictured(page: Page, name: str, *, height: int = 900) -> None:
    """The upper part of the page as a small picture of the how-to pages."""
    check_page(page)
    if not RENEW:
        assert (PICTURES / f"{name}.png").stat().st_size <= PICTURE_BYTES_MAX
        return
    page.evaluate("scrollTo(0, 0)")
    size = page.viewport_size
    assert size is not None
    shot = page.screenshot(full_page=True, clip={"x": 0, "y": 0, "width": size["width"], "height": height})
    PICTURES.mkdir(exist_ok=True)
    Image.open(BytesIO(shot)).convert("RGB").quantize(COLOURS).save(PICTURES / f"{name}.png", optimize=True)


def signed_in(page: Page, country: Country, who: str) -> None:
    """By her one-time link the first time, by the session that it opened from then on."""
    if who in country.sessions:
        page.context.add_cookies([{"name": COOKIE, "value": country.sessions[who], "url": country.address}])
        return
    page.goto(country.links[who])
    expect(page.locator("#desk")).to_be_visible()
    country.sessions[who] = next(str(each.get("value")) for each in page.context.cookies() if each.get("name") == COOKIE)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_citizen_finds_what_is_done_with_data_and_checks_it(country: Country, language: str) -> None:
    say = load(language).say
    with page_of(language=language, width=360) as page:
        page.goto(country.address)
        expect(page.locator("html")).to_have_attribute("lang", language)
        if language in {"ar", "fr"}:
            pictured(page, f"citizen-home-{language}")
        page.locator('main a[href$="/datasets/school"]').click()
        page.wait_for_url(f"**/{language}/datasets/school")
        check_page(page)
        page.locator('main a[href*="/projects/p-"]').first.click()
        page.wait_for_url("**/projects/p-*")
        check_page(page)
        used = page.locator('main a[href*="/log/"]')
        assert used.count() >= 3, "what the log says of it"
        page.goto(country.at("/uses", language=language))
        page.locator('main a[href*="/log/"]').first.click()
        page.wait_for_url(re.compile(r"/log/\d+$"))
        page.locator("#check").click()
        expect(page.locator("#verdict")).to_have_text(say("page.verify.good"))
        if language in {"ar", "fr"}:
            pictured(page, f"citizen-verify-{language}", height=1100)


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_researcher_tries_applies_is_permitted_and_asks(country: Country, language: str) -> None:
    """With her reviewers, decider and custodian, each in a browser of her own."""
    say = load(language).say
    with page_of(language=language) as page:
        page.goto(country.at("/datasets/clinic", language=language))
        pictured(page, f"researcher-dataset-{language}", height=1400)
        page.locator(f'main a[href="/{language}/datasets/clinic/try"]').first.click()
        page.locator("main form button").first.click()
        expect(page.locator("#answer table")).to_be_visible()
        pictured(page, f"researcher-try-{language}", height=1200)
    with page_of(language=language) as page:
        signed_in(page, country, "researcher")
        page.goto(country.at("/desk/applications/new?dataset=clinic", language=language))
        page.fill(f"#title_{language}", TITLES[language])
        page.fill(f"#lay_summary_{language}", TITLES[language])
        for purpose in ("HMB", "dpv:ScientificResearch"):
            page.check(f"input[name=purpose][value='{purpose}']")
        page.fill("#ethics_reference", "14/2026")
        for place in range(1, page.locator("[id^=answer_clinic_]").count() + 1):
            page.fill(f"#answer_clinic_{place}", "…")
        pictured(page, f"researcher-apply-{language}", height=1400)
        page.get_by_role("button", name=say("page.apply.submit"), exact=True).click()
        expect(page.locator("main .state").first).to_have_text(load(language).word("state", "submitted"))
        project = page.url.rpartition("/")[2]
    for who in ("reviewer", "second-reviewer", "decider"):
        with page_of(language=language) as page:
            signed_in(page, country, who)
            page.goto(country.at(f"/desk/applications/{project}", language=language))
            if who == "decider":
                page.fill("#decision_reasons", "…")
                page.get_by_role("button", name=say("page.decide.approve"), exact=True).click()
                expect(page.locator("main .state").first).to_have_text(load(language).word("state", "approved"))
            else:
                page.check("input[name=verdict][value=approve]")
                page.fill("#review_reasons", "…")
                page.get_by_role("button", name=say("page.application.give_review"), exact=True).click()
    with page_of(language=language) as page:
        signed_in(page, country, "researcher")
        page.goto(country.at(f"/desk/applications/{project}", language=language))
        page.select_option("#of_dataset", "clinic")
        page.get_by_role("button", name=say("page.application.request_button"), exact=True).click()
        expect(page.locator(".steps [aria-current=step]")).to_contain_text(say("page.turn.custodian"))
        pictured(page, f"researcher-stages-{language}")
    with page_of(language=language) as page:
        signed_in(page, country, "custodian")
        page.goto(country.at("/desk/custodian", language=language))
        pictured(page, f"custodian-desk-{language}", height=1100)
        page.locator('.card a[href*="/desk/custodian/permits/"]').first.click()
        page.get_by_role("button", name=say("page.custodian.grant_button"), exact=True).click()
        expect(page.locator(".state").first).to_have_text(load(language).word("state", "active"))
        page.goto(country.at("/desk/custodian/rules", language=language))
        page.locator("#rules").fill((ROOT / "examples" / "demo" / "clinic.toml").read_text("utf-8"))
        page.get_by_role("button", name=say("page.rules.check"), exact=True).click()
        expect(page.locator("#found .good")).to_be_visible()
        pictured(page, f"custodian-rules-{language}", height=1100)
    with page_of(language=language) as page:
        signed_in(page, country, "researcher")
        page.goto(country.at("/desk/work", language=language) + "#sql=" + WORKED[language].replace(" ", "%20"))
        expect(page.locator("#sql")).to_have_value(re.compile("SELECT"))
        if page.locator("#permit").count():  # of several projects, the one that pays
            wanted = page.locator("#permit option", has_text=TITLES[language]).first.get_attribute("value")
            page.select_option("#permit", wanted)
        page.click("button[value=preview]")
        page.wait_for_selector("#outcome .choice ul")
        pictured(page, f"researcher-preview-{language}", height=1300)
        page.click("button[value=run]")
        page.wait_for_url(re.compile(r"/desk/work/q-[0-9a-f]{16}$"))
        expect(page.locator("svg[role=img]").first).to_be_visible()
        assert "amana.connect" in page.inner_text("#python")
        pictured(page, f"researcher-answer-{language}", height=1500)


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_the_authority_sees_that_the_log_holds_and_takes_its_records(country: Country, language: str) -> None:
    say = load(language).say
    with page_of(language=language) as page:
        signed_in(page, country, "auditor")
        page.goto(country.at("/desk/oversight", language=language))
        page.get_by_role("button", name=say("page.oversight.verify"), exact=True).click()
        expect(page.locator("#verification .good")).to_be_visible()
        pictured(page, f"oversight-{language}", height=1200)
        with page.expect_download() as file:
            page.locator('a[href$="processing-record.csv"]').first.click()
        assert "clinic" in Path(file.value.path()).read_text("utf-8")
        page.goto(country.at("/desk/oversight/decisions", language=language))
        expect(page.locator("main table tbody tr").first).to_be_visible()
        check_page(page)
