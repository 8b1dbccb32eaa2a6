"""Models at the desk in a real browser: light and sound in every language, and the whole way of a card without a script."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from amana.client.text import load
from amana.node.service import open_service
from amana.terms.ids import ModelId
from amana.terms.model_card import TRANSLATED
from tests.browser.pages import needs_browser, page_of
from tests.browser.portal import LANGUAGES, WIDTHS, Portal, bytes_of, check_page, portal
from tests.models import card, new_model

pytestmark = [pytest.mark.browser, needs_browser]
PAGE_BYTES_MAX = 20_000


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Portal, ModelId, ModelId]]:
    """A portal with a model that was described, and one that was not."""
    with portal(tmp_path_factory.mktemp("desk models")) as made:
        service = open_service(made.folder)
        of = service.versions()[0]
        models = [
            service.models.add(
                new_model(project=made.project, permit=made.permit, dataset="test", version=of.id, custodian=of.dataset.custodian, entry=0)
            )
            for _ in range(2)
        ]
        member = service.sign_in.by_session(made.sessions["member"], now=service.now())
        service.models.describe(member, model=models[0], card=card())
        service.close()
        yield made, models[0], models[1]


def press(page: Page, code: str, language: str) -> None:
    page.get_by_role("button", name=load(language).say(code), exact=True).click()


@pytest.mark.parametrize("language", LANGUAGES)
def test_list_model_and_form_are_sound_and_light_in_every_language(served: tuple[Portal, ModelId, ModelId], language: str) -> None:
    """Light: as they are at first; a card that is full weighs what people wrote."""
    portal_of, described, bare = served
    seen = (
        ("member", "/desk/models"), ("custodian", f"/desk/models/{described}"), ("member", f"/desk/models/{bare}/card"),
        ("member", f"/desk/models/{bare}"), ("custodian", "/desk"), ("member", f"/desk/applications/{portal_of.project}"),
    )  # fmt: skip
    for who, path in seen:
        with page_of(language=language, width=WIDTHS[0]) as page:
            portal_of.sign_in(page, who)
            assert bytes_of(page, portal_of.at(path, language=language)) <= PAGE_BYTES_MAX, path
            for width in (320, *WIDTHS):
                page.set_viewport_size({"width": width, "height": 800})
                check_page(page)
    with page_of(language=language, width=WIDTHS[0]) as page:
        portal_of.sign_in(page, "member")
        page.goto(portal_of.at(f"/desk/models/{described}/card", language=language))
        check_page(page)


@pytest.mark.parametrize(("language", "scripts"), [("ar", False), ("fr", True)])
def test_a_card_is_written_mended_judged_and_registered(served: tuple[Portal, ModelId, ModelId], language: str, scripts: bool) -> None:
    portal_of, _, _ = served
    service = open_service(portal_of.folder)
    of = service.versions()[0]
    new = new_model(
        project=portal_of.project, permit=portal_of.permit, dataset="test", version=of.id, custodian=of.dataset.custodian, entry=0
    )
    model = service.models.add(new)
    service.close()
    with page_of(language=language, width=360, scripts=scripts) as page:
        portal_of.sign_in(page, "member")
        page.goto(portal_of.at(f"/desk/models/{model}/card", language=language))
        for name in TRANSLATED:
            page.fill(f"#{name}_{language}", f"{name}: نصّ")
        page.select_option("#category", "impactful")
        page.fill("#provider", "Université")
        press(page, "page.apply.save", language)
        expect(page.locator(".refused")).to_contain_text(load(language).word("card", "contact"))
        expect(page.locator(f"#decides_{language}")).to_have_value("decides: نصّ")
        page.fill("#contact", "ai@clinic.example")
        press(page, "page.apply.save", language)
        expect(page.locator("main .lead")).to_have_text(load(language).say("page.model.next.trained"))
    with page_of(language=language, width=360, scripts=scripts) as page:
        portal_of.sign_in(page, "custodian")
        page.goto(portal_of.at("/desk", language=language))
        page.locator(f'main a[href="/{language}/desk/models/{model}"]').click()
        page.fill("#assess_reasons", "lu en entier")
        press(page, "page.model.do.assess", language)
        expect(page.locator("main .state").first).to_have_text(load(language).word("state", "assessed"))
    with page_of(language=language, width=360, scripts=scripts) as page:
        portal_of.sign_in(page, "member")
        page.goto(portal_of.at(f"/desk/models/{model}", language=language))
        expect(page.locator("blockquote")).to_have_text("lu en entier")
        press(page, "page.model.do.register", language)
        expect(page.locator("main .state").first).to_have_text(load(language).word("state", "registered"))
        page.locator(f'main a[href="/{language}/ai/{model}"]').click()
        expect(page.locator("h1")).to_have_text("name: نصّ")
