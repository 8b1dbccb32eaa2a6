"""The register of AI systems in a real browser: sound, light and readable in every language."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect

from amana.client.text import load
from amana.node.service import open_service
from amana.policy.transitions import ModelEvent
from amana.terms.ids import ModelId
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal
from tests.models import card, new_model

pytestmark = [pytest.mark.browser, needs_browser]
FIRST_VIEW_BYTES_MAX = 20_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Portal, ModelId]]:
    with portal(tmp_path_factory.mktemp("ai pages")) as made:
        service = open_service(made.folder)  # beside the server, as a training would be
        of = service.versions()[0]
        new = new_model(project=made.project, permit=made.permit, dataset="test", version=of.id, custodian=of.dataset.custodian, entry=0)
        model = service.models.add(new)
        who = {name: service.sign_in.by_session(secret, now=service.now()) for name, secret in made.sessions.items()}
        service.models.describe(who["member"], model=model, card=card())
        steps = ((ModelEvent.ASSESS, "custodian"), (ModelEvent.REGISTER, "member"), (ModelEvent.SERVE, "custodian"))
        for event, name in steps:
            service.models.act(who[name], model=model, event=event)
        service.close()
        yield made, model


@pytest.mark.parametrize("language", LANGUAGES)
def test_register_and_card_are_sound_and_light_in_every_language(served: tuple[Portal, ModelId], language: str) -> None:
    portal_of, model = served
    for path in ("/ai", f"/ai/{model}", f"/ai/{model}/shapes"):
        with page_of(language=language, width=WIDTHS[0]) as page:
            assert bytes_of(page, portal_of.at(path, language=language)) <= FIRST_VIEW_BYTES_MAX, path
            for width in (320, *WIDTHS):
                page.set_viewport_size({"width": width, "height": 800})
                check_page(page)


def test_a_citizen_finds_how_to_object_and_checks_an_entry(served: tuple[Portal, ModelId]) -> None:
    portal_of, model = served
    with page_of(language="ar", width=360) as page:
        page.goto(portal_of.at("/ai?state=in_service", language="ar"))
        page.locator(f'main a[href="/ar/ai/{model}"]').click()
        expect(page.get_by_role("heading", name=load("ar").say("page.ai.object"))).to_be_visible()
        page.locator("main ul.told a").first.click()
        expect(page.locator("main")).to_contain_text(model)
        page.locator("#check").click()
        expect(page.locator("#verdict")).to_have_text(load("ar").say("page.verify.good"))
