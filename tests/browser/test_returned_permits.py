"""A custodian returns a request for a permit, and the team asks anew: in a real browser, in four languages."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from amana.client.text import load
from amana.node.service import open_service
from amana.policy.transitions import PermitState
from amana.terms.ids import PermitId, ProjectId
from tests.browser.pages import needs_browser, page_of, plain_page
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal
from tests.browser.test_desks import BYTES_MAX, request, state_of

pytestmark = [pytest.mark.browser, needs_browser]
expect.set_options(timeout=30_000)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    with portal(tmp_path_factory.mktemp("returned")) as made:
        yield made


def project_of(served: Portal, permit: PermitId) -> ProjectId:
    service = open_service(served.folder)
    try:
        return service.permits.place(permit).project.id
    finally:
        service.close()


@pytest.mark.parametrize("script", [True, False])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_request_goes_back_to_the_team_and_comes_again(served: Portal, language: str, script: bool) -> None:
    say, word, permit = load(language).say, load(language).word, request(served, "Returned")
    with plain_page(language=language, scripts=script) as page:
        served.sign_in(page, "custodian")
        page.goto(served.at(f"/desk/custodian/permits/{permit}", language=language))
        page.get_by_text(say("page.custodian.return"), exact=True).click()
        page.locator("#return-reasons").fill("أي أشهر؟ Which months?")
        page.get_by_role("button", name=say("page.custodian.return_button"), exact=True).click()
        expect(page.locator(".state").first).to_have_text(word("state", "returned"))
    project = project_of(served, permit)
    with plain_page(language=language, scripts=script) as page:
        served.sign_in(page, "applicant")
        page.goto(served.at(f"/desk/applications/{project}", language=language))
        expect(page.locator(".note").filter(has_text="Which months?")).to_be_visible()
        expect(page.locator("[aria-current=step]")).to_contain_text(say("page.step.request"))
        page.locator(f"#share_{permit}").fill("10%")
        page.get_by_role("button", name=say("page.application.revise"), exact=True).click()
        expect(page.locator(f"#share_{permit}")).to_have_count(0)
        expect(page.locator("[aria-current=step]")).to_contain_text(say("page.step.sign"))
    assert state_of(served, permit) is PermitState.REQUESTED


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_page_of_a_returned_request_is_light_and_easy_to_reach(served: Portal, language: str, width: int) -> None:
    permit = request(served, "Returned")
    with page_of(language=language, width=width) as page:
        served.sign_in(page, "custodian")
        page.goto(served.at(f"/desk/custodian/permits/{permit}", language=language))
        page.get_by_text(load(language).say("page.custodian.return"), exact=True).click()
        check_page(page)
        page.locator("#return-reasons").fill("Which months?")
        page.get_by_role("button", name=load(language).say("page.custodian.return_button"), exact=True).click()
        expect(page.locator(".state").first).to_have_text(load(language).word("state", "returned"))
    with page_of(language=language, width=width) as page:
        served.sign_in(page, "applicant")
        assert bytes_of(page, served.at(f"/desk/applications/{project_of(served, permit)}", language=language)) <= BYTES_MAX
        check_page(page)
