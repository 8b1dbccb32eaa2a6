"""The desks of the programme: a plan owner brings what is missing, a verifier of another house compares the very file."""

import re
from collections.abc import Iterator
from datetime import timedelta
from html import unescape
from pathlib import Path

import pytest

from amana.client.text import LANGUAGES, load
from amana.policy.transitions import PermitEvent
from tests.doors.desk_forms import Browser
from tests.doors.http_node import publish_visits, session_of
from tests.programme import SHA, Carried, carried

HERE = "/desk/programme/training"
SEEN = "/desk/programme/people-seen"


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Carried]:
    with carried(tmp_path / "node") as made:
        made.adopt()
        yield made


def browser(world: Carried, who: str) -> Browser:
    return Browser(node=world.node, cookie=session_of(world.node.service, world.ids[who]))


def say(code: str, **parts: str) -> str:
    return load("en").say(code, **parts)


def words(html: str) -> str:
    return unescape(re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html)))


def fields(world: Carried, **changed: str) -> dict[str, str]:
    today = world.node.service.now().date().isoformat()
    document = {"title": "A report", "sha256": SHA, "link": "https://university.example/report", "note": "Two courses."}
    return {"indicator": "trained", "do": "document", "value": "40", "on": today, **document, **changed}


def waiting(world: Carried) -> str:
    (found,) = (each for each in world.node.service.programme.brought("training") if each.verdict is None)
    return f"/desk/verify/{found.id}"


def test_what_is_missing_is_on_her_desk_and_a_document_goes_to_a_verifier_and_back(world: Carried) -> None:
    planner, verifier = browser(world, "planner"), browser(world, "verifier")
    desk = words(planner.get("/desk").text)
    assert say("page.desk.await.bring") in desk and f'href="/en{HERE}"' in planner.get("/desk").text
    listed = planner.get("/desk/programme").text
    assert f'href="/en{HERE}"' in listed and say("page.commitments.missing") in listed and load("en").word("status", "done") in listed
    page = planner.get(HERE).text
    assert say("page.commitments.lacks") in page and "a report of who was trained" in page and "sha256sum" in page
    assert planner.send(f"{HERE}/evidence", seen_on=HERE, **fields(world)).headers["location"].endswith(HERE)
    assert say("page.commitments.bring_document") in planner.get(HERE).text
    assert f'href="/en{HERE}"' not in planner.get("/desk").text, "now it is a verifier's turn"
    mine = verifier.get("/desk")
    path = waiting(world)
    assert f'href="/en{path}"' in mine.text and say("page.desk.await.verify") in mine.text and say("notice.evidence_submit") in mine.text
    assert path in verifier.get("/desk/verify").text
    assert say("notice.evidence_submit") not in verifier.get("/desk").text, "whoever saw it has read of it"
    seen = verifier.get(path).text
    for shown in ("40", SHA, "https://university.example/report", "a report of who was trained", "University", "Two courses."):
        assert shown in seen, shown
    reply = verifier.send(path, do="confirm", reasons="Page 4 names them.", sha256=SHA)
    assert reply.headers["location"].endswith("/desk/verify")
    assert world.statuses()["training"] == "done"
    assert say("notice.evidence_confirm") in planner.get("/desk").text
    page = planner.get(HERE).text
    assert "Page 4 names them." in page and "Inspectorate" in page and load("en").word("fact", "confirm") in page
    assert say("notice.evidence_confirm") not in planner.get("/desk").text


def test_what_was_rejected_is_told_with_its_reasons_and_is_missing_again(world: Carried) -> None:
    planner, verifier = browser(world, "planner"), browser(world, "verifier")
    planner.send(f"{HERE}/evidence", seen_on=HERE, **fields(world))
    assert verifier.send(waiting(world), do="reject", reasons="Page 4 names nobody.", sha256=SHA).status_code == 303
    page = words(planner.get(HERE).text)
    assert "Page 4 names nobody." in page and load("en").word("evidence", "rejected") in page and say("page.commitments.lacks") in page
    assert world.statuses()["training"] == "no_evidence"


@pytest.mark.parametrize("who", ["insider", "planner", "decider", "stranger", "member"])
def test_who_is_of_the_owners_house_or_no_verifier_sees_no_document_to_judge(world: Carried, who: str) -> None:
    browser(world, "planner").send(f"{HERE}/evidence", seen_on=HERE, **fields(world))
    path, visitor = waiting(world), browser(world, who)
    assert visitor.get(path).status_code == 403
    assert (
        visitor.send(path, token=visitor.token("/desk/notices" if who == "verifier" else "/desk/settings"), do="confirm").status_code == 403
    )
    assert path not in visitor.get("/desk/verify").text and path not in visitor.get("/desk").text
    assert world.statuses()["training"] == "no_evidence"


def test_a_planner_of_another_house_sees_neither_the_commitment_nor_a_form_of_it(world: Carried) -> None:
    stranger = browser(world, "stranger")
    assert stranger.get(HERE).status_code == 403 and HERE not in stranger.get("/desk/programme").text
    token = stranger.token("/desk/settings")
    assert stranger.send(f"{HERE}/evidence", token=token, **fields(world)).status_code == 403
    assert stranger.send(f"{HERE}/decide", token=token, do="drop", reasons="x").status_code == 403
    assert world.node.service.programme.brought("training") == ()


def test_another_file_is_refused_with_all_that_was_typed_and_a_second_verdict_finds_nothing(world: Carried) -> None:
    browser(world, "planner").send(f"{HERE}/evidence", seen_on=HERE, **fields(world))
    verifier, path = browser(world, "verifier"), waiting(world)
    reply = verifier.send(path, do="confirm", reasons="Page 4 names them.", sha256="0" * 64)
    assert reply.status_code == 422 and "Page 4 names them." in reply.text and SHA in reply.text
    assert verifier.send(path, do="confirm", reasons=" ", sha256=SHA).status_code == 422
    assert verifier.send(path, do="perhaps", reasons="x", sha256=SHA).status_code == 422
    token = verifier.token(path)
    assert verifier.send(path, do="confirm", reasons="Page 4 names them.", sha256=SHA.upper()).status_code == 303, "digits are digits"
    again = verifier.send(path, token=token, do="reject", reasons="I thought again.", sha256=SHA)
    assert again.status_code == 422 and verifier.get(path).status_code == 422


def test_a_verdict_asks_first_who_she_is_and_keeps_her_words(world: Carried) -> None:
    browser(world, "planner").send(f"{HERE}/evidence", seen_on=HERE, **fields(world))
    verifier, path = browser(world, "verifier"), waiting(world)
    verifier.forget_step_up()
    reply = verifier.send(path, do="confirm", reasons="Page 4 names them.", sha256=SHA)
    assert reply.status_code == 403 and "strong=1" in reply.text and "Page 4 names them." in reply.text


def test_a_private_figure_is_priced_before_it_is_asked_and_asked_under_her_permit(world: Carried) -> None:
    planner, about = browser(world, "planner"), {"indicator": "seen", "permit": world.node.permit}
    before = world.node.spent()
    assert "SELECT region, COUNT(*) AS visits" in planner.get(SEEN).text
    priced = planner.send(f"{SEEN}/figure", seen_on=SEEN, do="preview", **about)
    assert priced.status_code == 200 and "visits" in priced.text and "± " in priced.text and "%" in words(priced.text)
    assert world.node.spent() == before, "a price is free"
    assert planner.send(f"{SEEN}/figure", seen_on=SEEN, do="measure", **about).status_code == 303
    assert world.node.spent() > before and world.statuses()["people-seen"] == "done"
    page = words(planner.get(SEEN).text)
    assert load("en").word("fact", "E2") in page
    for bad in ("m-0123456789ab", ""):
        assert planner.send(f"{SEEN}/figure", seen_on=SEEN, do="measure", indicator="seen", permit=bad).status_code in {403, 404, 422}
    assert planner.send(f"{HERE}/figure", seen_on=HERE, do="preview", indicator="trained", permit=world.node.permit).status_code == 422
    assert planner.send(f"{HERE}/figure", seen_on=HERE, do="measure", **about).status_code == 404, "it is of another commitment"


def test_a_decider_drops_with_reasons_and_takes_up_again_and_meanwhile_no_evidence_is_taken(world: Carried) -> None:
    decider, planner = browser(world, "decider"), browser(world, "planner")
    assert f'href="/en{HERE}"' in decider.get("/desk/programme").text
    assert 'name="indicator"' not in decider.get(HERE).text, "she brings nothing"
    assert decider.send(f"{HERE}/decide", seen_on=HERE, do="drop", reasons="").status_code == 422
    token = planner.token(HERE)
    assert decider.send(f"{HERE}/decide", seen_on=HERE, do="drop", reasons="No money.").status_code == 303
    assert world.statuses()["training"] == "dropped"
    page = planner.get(HERE).text
    assert say("page.commitments.dropped") in page and 'name="indicator"' not in page
    assert planner.send(f"{HERE}/evidence", token=token, **fields(world)).status_code == 422
    assert f'href="/en{HERE}"' not in planner.get("/desk").text, "nothing is missing of what is given up"
    assert decider.send(f"{HERE}/decide", seen_on=HERE, do="resume", reasons="There is money.").status_code == 303
    assert world.statuses()["training"] == "no_evidence"
    assert planner.send(f"{HERE}/decide", seen_on=HERE, do="drop", reasons="No.").status_code == 403


@pytest.mark.parametrize(
    "changed",
    [
        {"value": "many"}, {"value": "1" * 19}, {"value": ""}, {"link": "javascript:alert(1)"}, {"link": "https://x.example/ y"}, {"title": ""},
        {"title": "x" * 301}, {"title": "a\x07b"}, {"sha256": "guess"}, {"sha256": ""}, {"on": "soon"}, {"on": ""}, {"note": "x" * 2_001},
        {"note": "\u202ereport"}, {"indicator": "nothing"}, {"indicator": "seen"},
    ],
)  # fmt: skip
def test_hostile_words_are_refused_and_what_else_was_typed_stays(one: Carried, changed: dict[str, str]) -> None:
    planner = browser(one, "planner")
    reply = planner.send(f"{HERE}/evidence", seen_on=HERE, **fields(one, **changed))
    assert reply.status_code in {404, 422}, reply.text
    assert 'href="javascript:' not in reply.text
    assert "indicator" in changed or "Two courses." in reply.text or "note" in changed
    assert one.node.service.programme.brought("training") == ()


def test_a_day_to_come_is_refused(one: Carried) -> None:
    tomorrow = one.node.service.now().date() + timedelta(days=1)
    reply = browser(one, "planner").send(f"{HERE}/evidence", seen_on=HERE, **fields(one, on=tomorrow.isoformat()))
    assert reply.status_code == 422 and load("en").word("evidence", "future") in words(reply.text)


@pytest.fixture(scope="module")
def one(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    """One node for all of them: nothing of it changes."""
    with carried(tmp_path_factory.mktemp("hostile desk") / "node") as made:
        made.adopt()
        yield made


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_desks_speak_her_language_and_so_does_the_audit(world: Carried, language: str) -> None:
    """Every page of both, with something on it, and no code of a message."""
    planner, verifier, auditor = browser(world, "planner"), browser(world, "verifier"), browser(world, "auditor")
    planner.send(f"{HERE}/evidence", seen_on=HERE, **fields(world))
    planner.send(f"{HERE}/evidence", seen_on=HERE, **fields(world, do="claim"))
    first = waiting_document(world)
    pages = [planner.get(path, language=language).text for path in ("/desk", "/desk/programme", HERE, SEEN)]
    pages += [verifier.get(path, language=language).text for path in ("/desk", "/desk/verify", first)]
    verifier.send(first, do="reject", reasons="No.", sha256=SHA)
    browser(world, "decider").send(f"{HERE}/decide", seen_on=HERE, do="drop", reasons="No money.")
    browser(world, "decider").send(f"{HERE}/decide", seen_on=HERE, do="resume", reasons="Some money.")
    pages += [planner.get(HERE, language=language).text]
    audit = unescape(auditor.get("/desk/oversight/decisions?thing=everything", language=language).text)
    for text in (*pages, audit):
        assert not re.search(r"\b(?:word|page|notice)\.[a-z_]+\.", words(text)), words(text)
    catalogue = load(language)
    done = ("plan.adopt_plan", "evidence.submit", "evidence.reject", "commitment.drop", "commitment.resume")
    for word in done:
        assert catalogue.word("audit", word) in audit, word
    assert catalogue.word("audited", "commitment") in audit and catalogue.word("fact", "E3") in audit


@pytest.mark.parametrize("language", LANGUAGES)
def test_whoever_promised_reads_that_her_figure_could_not_be_asked_for_again(world: Carried, language: str) -> None:
    service, catalogue = world.node.service, load(language)
    note, told = catalogue.say("page.commitments.refused_again"), catalogue.say("notice.figure_refused")
    world.measure()
    assert note not in unescape(browser(world, "planner").get(SEEN, language=language).text)
    service.permits.act(world.asker("custodian"), permit=world.node.permit, event=PermitEvent.SUSPEND, reasons="enough")
    publish_visits(service.settings.folder, rows=2000)
    service.tend()
    assert told in unescape(browser(world, "planner").get("/desk", language=language).text)
    assert note in unescape(browser(world, "planner").get(SEEN, language=language).text)
    service.permits.act(world.asker("custodian"), permit=world.node.permit, event=PermitEvent.RESUME, reasons="looked at")
    world.measure()
    assert note not in unescape(browser(world, "planner").get(SEEN, language=language).text)


def waiting_document(world: Carried) -> str:
    (found,) = (each for each in world.node.service.programme.brought("training") if each.basis == "E3")
    return f"/desk/verify/{found.id}"


def test_a_desk_without_a_plan_says_so(tmp_path: Path) -> None:
    with carried(tmp_path / "node") as bare:
        for who, path, code in (("planner", "/desk/programme", "commitments"), ("verifier", "/desk/verify", "verifying")):
            page = browser(bare, who).get(path)
            assert page.status_code == 200 and say(f"page.{code}.none") in page.text
            assert browser(bare, who).get("/desk").status_code == 200
        assert browser(bare, "planner").get(HERE).status_code == 404
