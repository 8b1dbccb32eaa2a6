"""The register of AI systems for people and for programs: a card that a citizen reads, and no safety out of a missed control."""

import re
from collections.abc import Iterator

import pytest

from amana.client.model_file import read_model
from amana.client.text import LANGUAGES, load
from amana.node import ai_register
from amana.node.models import NewModel
from amana.policy.people import Asker
from amana.policy.transitions import ModelEvent
from amana.terms.ids import ModelId
from tests.doors.http_node import HttpNode, http_node, session_of
from tests.models import card, new_model


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("ai") / "node") as made:
        yield made


def asker(node: HttpNode, who: str) -> Asker:
    return node.service.sign_in.by_session(session_of(node.service, node.people[who]), now=node.service.now())


def registered(node: HttpNode, *, caught: bool = True, serving: bool = False) -> ModelId:
    models, of = node.service.models, node.service.versions()[0]
    new: NewModel = new_model(
        project=node.project, permit=node.permit, dataset="test", version=of.id, custodian=of.dataset.custodian, entry=0, caught=caught
    )
    made = models.add(new)
    models.describe(asker(node, "member"), model=made, card=card())
    models.act(asker(node, "custodian"), model=made, event=ModelEvent.ASSESS)
    models.act(asker(node, "member"), model=made, event=ModelEvent.REGISTER)
    if serving:
        models.act(asker(node, "custodian"), model=made, event=ModelEvent.SERVE)
    return made


def words(html: str) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_says_what_it_decides_who_answers_and_how_to_object(node: HttpNode, language: str) -> None:
    model = registered(node, serving=True)
    reply = node.client.get(f"/{language}/ai/{model}")
    assert reply.status_code == 200
    told = words(reply.text)
    for said in (
        "Whom a nurse calls first.",
        "A nurse decides on every call.",
        "Write to the clinic",
        "ai@clinic.example",
        "Clinic of Tests",
    ):
        assert said in told
    assert "0.870" in told and "0.850 – 0.890" in told and "sex: women" in told
    assert "word." not in told and "page." not in told
    assert f'href="/{language}/log/' in reply.text
    listed = node.client.get(f"/{language}/ai?state=in_service").text
    assert f"/{language}/ai/{model}" in listed and "Return visits" in words(listed) or language == "fr"


def test_an_audit_whose_control_was_missed_is_shown_as_no_evidence(node: HttpNode) -> None:
    told = words(node.client.get(f"/en/ai/{registered(node, caught=False)}").text)
    assert "No evidence." in told and "An attack on invented data shows" not in told
    assert "did not catch even a copy of the data" in told and "no leak" not in told
    caught = words(node.client.get(f"/en/ai/{registered(node)}").text)
    assert "succeeds -2.0 points in 100 oftener [-5.0; 1.0], no leak" in caught
    assert "An attack on invented data shows at least ε = 0.71" in words(node.client.get(f"/en/ai/{registered(node)}").text)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_card_draws_what_each_column_adds_and_a_page_tells_it_as_tables(node: HttpNode, language: str) -> None:
    model = registered(node)
    card_page = node.client.get(f"/{language}/ai/{model}").text
    assert card_page.count("<figure") == 2 and card_page.count('<svg role="img" aria-label=') == 2
    heights = [int(found) for found in re.findall(r'<svg role="img"[^>]* height="(\d+)"', card_page)]
    assert heights == [64 + 18, 12 + 18], "both to the scale of the column that adds most: 1,100 and 200 of 1,024"
    assert load(language).word("learner", "linear") in words(card_page)
    assert f'href="/{language}/ai/{model}/shapes"' in card_page and "<script" not in card_page.partition("<main")[2]
    reply = node.client.get(f"/{language}/ai/{model}/shapes")
    assert reply.status_code == 200
    told = words(reply.text)
    for said in ("65 …", "+0.68", "20 – 40", "-0.10", "&lt;long&gt;"):
        assert said in told, said
    assert "page." not in told and "<long>" not in reply.text
    assert node.client.get(f"/{language}/ai/s-none/shapes").status_code == 404


def test_a_model_is_read_once_however_its_drawings_are_asked_for(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    model, read = registered(node), list[str]()
    monkeypatch.setattr(ai_register, "read_model", lambda text: (read.append(text), read_model(text))[1])
    for language in LANGUAGES:
        assert node.client.get(f"/{language}/ai/{model}").status_code == 200
        assert node.client.get(f"/{language}/ai/{model}/shapes").status_code == 200
    for number in (2, 3, 1000):
        assert node.client.get(f"/en/ai/{model}/shapes?page={number}").status_code == 404, "beyond the last page"
    assert len(read) == 1


def test_what_is_not_registered_has_no_page_and_no_document(node: HttpNode) -> None:
    of = node.service.versions()[0]
    made = node.service.models.add(
        new_model(project=node.project, permit=node.permit, dataset="test", version=of.id, custodian=of.dataset.custodian, entry=0)
    )
    for path in (
        f"/en/ai/{made}",
        f"/en/ai/{made}/shapes",
        "/en/ai/s-none",
        f"/api/v1/ai-systems/{made}",
        f"/api/v1/ai-systems/{made}/cyclonedx",
    ):
        assert node.client.get(path).status_code == 404, path


def test_programs_read_the_register_in_every_form(node: HttpNode) -> None:
    model = registered(node)
    listed = node.client.get("/api/v1/ai-systems.json").json()
    assert model in {each["id"] for each in listed["systems"]}
    assert node.client.get(f"/api/v1/ai-systems/{model}").json()["system"]["state"] == "registered"
    assert model in node.client.get("/api/v1/ai-systems.csv").text
    assert node.client.get("/api/v1/ai-systems.json", params={"state": "retired"}).json()["systems"] == []
    kinds = {"cyclonedx": "application/vnd.cyclonedx+json", "hub": "text/markdown", "atrs": "application/json"}
    for form, media in kinds.items():
        reply = node.client.get(f"/api/v1/ai-systems/{model}/{form}")
        assert reply.status_code == 200 and reply.headers["content-type"].startswith(media), form
    french = node.client.get(f"/api/v1/ai-systems/{model}/algoritmeregister", params={"language": "fr"}).json()
    assert french["goal"] == "Prévoit les appels de suivi."
    assert node.client.get(f"/api/v1/ai-systems/{model}/pickle").status_code == 422


def test_the_register_in_one_state_is_whole_however_many_there_are(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    made = {registered(node) for _ in range(3)}
    monkeypatch.setattr("amana.node.ai_register.PAGE_MAX", 2)
    monkeypatch.setattr("amana.node.models.PAGE_MAX", 2)
    listed = node.client.get("/api/v1/ai-systems.json", params={"state": "registered"}).json()["systems"]
    assert made <= {each["id"] for each in listed} and len({each["id"] for each in listed}) == len(listed)


def test_the_entries_of_a_system_stand_in_the_log_and_name_it(node: HttpNode) -> None:
    model = registered(node)
    entries = node.service.ai_register.system(None, model=model).entries
    assert len(entries) == 2
    told = words(node.client.get(f"/en/log/{entries[-1]}").text)
    assert model in told and "The team enters the model in the public register." in told
