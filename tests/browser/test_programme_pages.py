"""The programme in a real browser, with the plan that ships: sound, light and readable in every language; evidence and check a click away."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from amana.client.text import load
from amana.node.service import open_service
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal
from tests.shipped_plan import REGIONS, adopt_shipped

pytestmark = [pytest.mark.browser, needs_browser]
FIRST_VIEW_BYTES_MAX = 20_000
PATHS = (
    "/programme",
    "/programme?page=2",
    "/programme?theme=research",
    "/programme/commitments/remote-health",
    "/programme/commitments/clean-computing",
    "/programme/commitments/institute-opens",
    "/programme/commitments/data-platforms",
    "/programme/indicators/health-data-sets",
    "/programme/indicators/refused-share",
    "/programme/indicators/site-energy",
    "/programme/indicators/rural-households-online",
    "/programme/agreements",
    "/programme/agreements/nador-institute",
    "/programme/events/conference",
    "/programme/map",
    "/",
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("programme pages"), settings=f'programme_regions = "{REGIONS}"\n') as made:
        service = open_service(made.folder)  # beside the server, as another worker would be
        adopt_shipped(service)
        service.close()
        yield made


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", PATHS)
def test_a_first_view_is_small_and_easy_to_reach_for_everybody(served: Portal, language: str, path: str) -> None:
    with page_of(language=language, width=WIDTHS[0]) as page:
        assert bytes_of(page, served.at(path, language=language)) <= FIRST_VIEW_BYTES_MAX
        if language in {"ar", "fr"}:
            for width in (320, *WIDTHS):
                page.set_viewport_size({"width": width, "height": 800})
                check_page(page)
            page.emulate_media(color_scheme="dark")
            check_page(page)


@pytest.mark.parametrize("language", ["ar", "fr"])
def test_a_citizen_finds_the_evidence_of_a_commitment_and_checks_it(served: Portal, language: str) -> None:
    catalogue = load(language)
    with page_of(language=language, width=WIDTHS[0]) as page:
        page.goto(served.at("/", language=language))
        page.locator(f'main a[href="/{language}/programme"]').click()
        page.locator(f'main a[href="/{language}/programme/commitments/teachers-skills"]').click()
        expect(page.locator("main .state").first).to_have_text(catalogue.word("status", "on_track"))
        page.locator(f'main a[href="/{language}/programme/indicators/teachers-trained"]').click()
        expect(page.locator("main")).to_contain_text("Report of the year")
        page.locator("#check").click()
        expect(page.locator("#verdict")).to_have_text(catalogue.say("page.verify.good"))


def test_a_filter_is_a_link_and_what_is_filtered_stays_chosen(served: Portal) -> None:
    with page_of(scripts=False) as page:
        page.goto(served.at("/programme"))
        page.locator(".stand a", has_text="no evidence").click()
        page.wait_for_url("**/programme?status=no_evidence")
        assert set(page.locator(".told .state").all_text_contents()) == {"no evidence"}
        page.locator("main nav a", has_text="Research").click()
        page.wait_for_url("**/programme?theme=research&status=no_evidence")
        assert set(page.locator(".told .state").all_text_contents()) == {"no evidence"}


def test_a_badge_stands_as_a_picture_on_the_page_of_somebody_else(served: Portal) -> None:
    with page_of() as page:
        page.set_content(f'<img src="{served.address}/programme/commitments/teachers-skills/badge.svg?language=ar" alt="">')
        page.wait_for_function("document.images[0].complete")
        width, height = page.evaluate("[document.images[0].naturalWidth, document.images[0].naturalHeight]")
        assert width > 120 and height == 24
