"""Models at the desk: a card is written there, judged there, and what was typed stays while it is wrong."""

import re
from collections.abc import Iterator

import pytest

from amana.client.text import LANGUAGES, load
from amana.policy.people import Asker
from amana.policy.transitions import ModelEvent
from amana.terms.ids import ModelId
from amana.terms.model_card import TRANSLATED
from tests.doors.desk_forms import Browser, browser_of
from tests.doors.http_node import HttpNode, http_node, session_of
from tests.models import card, new_model

PLAIN = {"category": "impactful", "provider": "University of Tests", "contact": "ai@clinic.example", "deployer": "Clinic of Tests"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("desk models") / "node") as made:
        yield made


def asker(node: HttpNode, who: str) -> Asker:
    return node.service.sign_in.by_session(session_of(node.service, node.people[who]), now=node.service.now())


def trained(node: HttpNode, *, described: bool = False) -> ModelId:
    of = node.service.versions()[0]
    made = node.service.models.add(
        new_model(project=node.project, permit=node.permit, dataset="test", version=of.id, custodian=of.dataset.custodian, entry=0)
    )
    if described:
        node.service.models.describe(asker(node, "member"), model=made, card=card())
    return made


def fields(**changed: str) -> dict[str, str | list[str]]:
    """What a whole form sends: every field, in four languages."""
    said = {f"{name}_{language}": f"{name} in {language}" for name in TRANSLATED for language in LANGUAGES}
    return {**said, **PLAIN, "assessment": "", "website": "https://clinic.example/ai", **changed}


def say(code: str) -> str:
    return load("en").say(code)


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


def act(who: Browser, model: ModelId, do: str, reasons: str = "") -> int:
    return who.send(f"/desk/models/{model}", do=do, reasons=reasons).status_code


def test_a_card_in_four_languages_goes_from_the_form_into_the_register_and_out_of_service(node: HttpNode) -> None:
    model = trained(node)
    member, custodian = browser_of(node, "member"), browser_of(node, "custodian")
    assert say("page.model.next.undescribed") in member.get("/desk/models").text
    assert member.send(f"/desk/models/{model}/card", **fields()).headers["location"].endswith(f"/desk/models/{model}")
    shown = node.service.models.model(asker(node, "member"), model=model)
    assert shown.card is not None and dict(shown.card.decides) == {each: f"decides in {each}" for each in LANGUAGES}
    assert (shown.card.website, shown.card.category) == ("https://clinic.example/ai", "impactful")
    assert act(custodian, model, "assess", "read in full") == 303
    seen = member.get(f"/desk/models/{model}").text
    assert "read in full" in seen and say("page.model.do.register") in seen
    assert act(member, model, "register") == 303
    assert act(custodian, model, "serve") == 303
    assert "decides in ar" in node.client.get(f"/ar/ai/{model}").text
    assert act(custodian, model, "suspend") == 422, "whoever stops it says why"
    assert act(custodian, model, "suspend", "Too many false calls.") == 303
    assert "Too many false calls." in member.get(f"/desk/models/{model}").text
    assert act(custodian, model, "resume") == 303
    assert act(member, model, "retire", "Replaced by a better one.") == 303
    told = words(member.get(f"/desk/models/{model}").text)
    assert say("page.model.next.retired") in told and say("page.custodian.your_decision") not in told


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_missing_is_named_in_her_language_and_all_that_was_typed_stays(node: HttpNode, language: str) -> None:
    model, catalogue = trained(node), load(language)
    member = browser_of(node, "member")
    sent = {name: "" if name.startswith("objection") else value for name, value in fields().items()} | {"contact": ""}
    path = f"/desk/models/{model}/card"
    held = {"form": member.token(path), **sent}
    reply = node.client.post(f"/{language}{path}", data=held, headers={"Cookie": f"amana_session={member.cookie}"})
    assert reply.status_code == 422
    told = words(reply.text)
    assert catalogue.word("card", "objection") in told and catalogue.word("card", "contact") in told
    for name in TRANSLATED:
        assert name == "objection" or f"{name} in zgh" in reply.text
    assert 'value="Clinic of Tests"' in reply.text and '<option value="impactful" selected>' in reply.text
    assert "word." not in told and "page." not in told
    assert node.service.models.model(asker(node, "member"), model=model).card is None


@pytest.mark.parametrize("website", ["javascript:alert(1)", "clinic.example", "https://clinic example"])
def test_an_address_that_is_none_is_refused(node: HttpNode, website: str) -> None:
    model = trained(node)
    reply = browser_of(node, "member").send(f"/desk/models/{model}/card", **fields(website=website))
    assert reply.status_code == 422 and say("word.card.website") in words(reply.text)


def test_a_text_that_is_too_long_and_a_weight_that_nobody_knows_are_refused(node: HttpNode) -> None:
    model, member = trained(node), browser_of(node, "member")
    path = f"/desk/models/{model}/card"
    assert member.send(path, **fields(decides_en="x" * 5_001)).status_code == 422
    assert member.send(path, **fields(category="grave")).status_code == 422
    assert act(member, model, "describe") == 422 and act(member, model, "destroy") == 422


def test_who_judges_finds_it_at_her_desk_and_who_wrote_it_does_not(node: HttpNode) -> None:
    model = trained(node, described=True)
    link = f'href="/en/desk/models/{model}"'
    for who in ("custodian", "decider"):
        assert link in browser_of(node, who).get("/desk").text, who
    assert link not in browser_of(node, "member").get("/desk").text
    assert say("page.model.do.assess") not in browser_of(node, "member").get(f"/desk/models/{model}").text
    assert act(browser_of(node, "custodian"), model, "assess") == 303
    assert link in browser_of(node, "member").get("/desk").text, "to register"
    assert act(browser_of(node, "member"), model, "register") == 303
    assert link in browser_of(node, "custodian").get("/desk").text, "to put in service"


def test_the_page_of_a_project_leads_to_its_models(node: HttpNode) -> None:
    model = trained(node, described=True)
    page = browser_of(node, "applicant").get(f"/desk/applications/{node.project}").text
    assert f'href="/en/desk/models/{model}"' in page and 'id="models"' in page
    assert 'href="/en/desk/models"' in browser_of(node, "member").get("/desk/work").text


def test_a_grave_step_asks_first_who_she_is_and_keeps_her_reasons(node: HttpNode) -> None:
    model = trained(node, described=True)
    custodian = browser_of(node, "custodian")
    custodian.forget_step_up()
    reply = custodian.send(f"/desk/models/{model}", do="assess", reasons="read in full")
    assert reply.status_code == 403 and "strong=1" in reply.text and "read in full" in reply.text


def test_a_long_list_goes_on(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amana.web.pages.models.SHOWN", 1)
    made = {trained(node), trained(node)}
    auditor, path, seen = browser_of(node, "auditor"), "/desk/models", set[str]()
    for _ in range(100):
        text = auditor.get(path).text
        seen |= set(re.findall(r"/en/desk/models/(s-[0-9a-f]+)", text))
        more = re.search(r'rel="next" href="/en([^"]+)"', text)
        if more is None:
            break
        path = more[1]
    assert made <= seen


def test_everything_of_a_model_that_waits_is_told_to_who_must_act(node: HttpNode) -> None:
    model = trained(node)
    service = node.service

    def kinds(who: str) -> list[str]:
        return [each.kind for each in service.notices.latest(asker(node, who), unread=True) if each.kind.startswith("model_")]

    for who in ("custodian", "decider", "member", "applicant"):
        service.notices.read(asker(node, who))
    service.models.describe(asker(node, "member"), model=model, card=card())
    service.models.describe(asker(node, "member"), model=model, card=card())
    assert kinds("custodian") == kinds("decider") == ["model_describe"], "once while it is not read"
    assert kinds("applicant") == []
    service.models.act(asker(node, "custodian"), model=model, event=ModelEvent.ASSESS)
    assert kinds("member") == kinds("applicant") == ["model_assess"]
    page = browser_of(node, "member").get("/desk").text
    assert f"/desk/applications/{node.project}#models" in page and say("notice.model_assess") in page
    browser_of(node, "member").get(f"/desk/models/{model}")
    assert kinds("member") == [], "whoever saw it has read of it"
