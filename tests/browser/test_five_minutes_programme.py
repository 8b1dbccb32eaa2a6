"""Five minutes with the national plan: a citizen follows one commitment to its evidence and checks it."""

import re

import pytest
from playwright.sync_api import expect

from amana.client.text import load
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, check_page
from tests.browser.test_five_minutes import Country, country, pictured

pytestmark = [pytest.mark.browser, needs_browser, pytest.mark.slow]
__all__ = ["country"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_citizen_follows_one_commitment_to_its_evidence_and_checks_it(country: Country, language: str) -> None:
    catalogue = load(language)
    with page_of(language=language, width=360) as page:
        page.goto(country.address)
        page.locator(f'main a[href="/{language}/programme"]').first.click()
        page.wait_for_url(f"**/{language}/programme")
        expect(page.locator("html")).to_have_attribute("lang", language)
        if language == "ar":
            pictured(page, "programme-ar", height=1100)
        page.goto(country.at("/programme?theme=health", language=language))
        page.locator(f'main a[href="/{language}/programme/commitments/remote-health"]').first.click()
        page.wait_for_url("**/programme/commitments/remote-health")
        expect(page.locator("main")).to_contain_text(catalogue.word("status", "started"))
        if language == "fr":
            pictured(page, "programme-commitment-fr", height=1300)
        page.locator('main a[href$="/programme/indicators/clinics-connected"]').first.click()
        page.wait_for_url("**/programme/indicators/clinics-connected")
        check_page(page)
        page.locator("#check").first.click()
        expect(page.locator("#verdict").first).to_have_text(catalogue.say("page.verify.good"))
        if language == "fr":
            pictured(page, "programme-evidence-fr", height=1300)
        page.locator('main a[href*="/log/"]').first.click()
        page.wait_for_url(re.compile(r"/log/\d+$"))
        page.locator("#check").click()
        expect(page.locator("#verdict")).to_have_text(catalogue.say("page.verify.good"))
