"""The programme over HTTP: evidence is brought by who promised, verified by another organisation, and a status follows from it alone."""

import hashlib
import os
import secrets
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from httpx2 import Response

from amana.policy.people import Scope
from tests.clinic import database_of
from tests.programme import SHA, Carried, carried, plan_text

B = "/api/v1/programme"
DOCUMENT = {"sha256": SHA, "title": "A report", "link": "https://university.example/report"}


@pytest.fixture
def world(tmp_path: Path) -> Iterator[Carried]:
    with carried(tmp_path / "node") as made:
        yield made


def headers(world: Carried, who: str, **more: str) -> dict[str, str]:
    """By a token of a link of the demo, which counts as stepped up."""
    asker, service = world.asker(who), world.node.service
    tokens = service.sign_in.tokens
    made = tokens.make(asker, label="t", scopes=tuple(Scope), days=1, allowance=None, now=service.now(), for_link=True)
    return {"Authorization": f"Bearer {made.secret.reveal()}", **more}


def send(world: Carried, who: str, path: str, body: dict[str, Any], **more: str) -> Response:
    return world.node.client.post(f"{B}{path}", json=body, headers=headers(world, who, **more))


def stated(**changed: object) -> dict[str, Any]:
    return {"indicator": "trained", "on": "2026-01-15", "value": "40", "document": DOCUMENT, **changed}


def judged(**changed: object) -> dict[str, Any]:
    return {"verdict": "confirm", "reasons": "Page 4 names them.", "sha256": SHA, **changed}


def brought(world: Carried) -> str:
    reply = send(world, "planner", "/evidence", stated(on=world.node.service.now().date().isoformat()))
    assert reply.status_code == 201, reply.text
    return str(reply.json()["id"])


def refused(reply: Response, code: str, status: int) -> None:
    assert (reply.status_code, reply.json()["name"]) == (status, code), reply.text


def test_a_plan_is_adopted_evidence_brought_verified_and_the_status_follows(world: Carried) -> None:
    reply = send(world, "decider", "/plan", {"plan": plan_text()})
    assert reply.status_code == 201 and reply.json()["commitments"] == 3 and len(reply.json()["digest"]) == 64
    assert world.statuses()["training"] == "no_evidence"
    evidence = brought(world)
    waits = world.node.client.get(f"{B}/evidence", headers=headers(world, "verifier")).json()["items"]
    assert [(each["id"], each["against"], each["verdict"]) for each in waits] == [(evidence, "unverified", None)]
    assert world.node.client.get(f"{B}/evidence", headers=headers(world, "insider")).json()["items"] == []
    done = send(world, "verifier", f"/evidence/{evidence}/verification", judged())
    assert done.status_code == 200 and done.json()["verdict"] == "confirm" and done.json()["verifier"] == "Inspectorate"
    assert world.statuses()["training"] == "done"
    public = world.node.client.get(f"{B}/evidence/{evidence}").json()
    assert (public["value"], public["document"], public["against"]) == ("40", DOCUMENT, "")
    assert public["entry"] is not None and public["verdict_entry"] > public["entry"], "anybody finds both in the log"
    assert world.node.client.get(f"{B}/evidence", headers=headers(world, "verifier")).json()["items"] == []


def test_a_claim_is_shown_and_weighs_nothing_and_nobody_verifies_it(world: Carried) -> None:
    world.adopt()
    reply = send(world, "planner", "/evidence", stated(document=None))
    assert reply.status_code == 201 and (reply.json()["basis"], reply.json()["against"]) == ("E4", "claim")
    assert world.statuses()["training"] == "no_evidence"
    refused(send(world, "verifier", f"/evidence/{reply.json()['id']}/verification", judged()), "programme.not_a_document", 422)


def test_a_private_figure_is_asked_under_a_permit_once_for_one_key_and_nobody_types_it(world: Carried) -> None:
    world.adopt()
    about, key = {"indicator": "seen", "permit": world.node.permit}, {"Idempotency-Key": "once"}
    refused(send(world, "planner", "/measurements", about), "http.key_needed", 422)
    first = send(world, "planner", "/measurements", about, **key)
    assert first.status_code == 201 and first.json()["basis"] == "E2", first.text
    assert float(first.json()["low"]) < float(first.json()["value"]) < float(first.json()["high"])
    spent = world.node.spent()
    asker = world.asker("planner")
    assert send(world, "planner", "/measurements", about, **key).json() == first.json()
    assert send(world, "planner", "/measurements", about, **{"Idempotency-Key": "twice"}).json()["id"] == first.json()["id"]
    assert world.node.spent() == spent and asker is not None
    assert world.statuses()["people-seen"] == "done"
    refused(send(world, "planner", "/evidence", stated(indicator="seen")), "programme.evidence_wrong", 422)


def test_a_dropped_commitment_takes_no_evidence_and_no_question_is_charged_for_it(world: Carried) -> None:
    world.adopt()
    for name in ("training", "people-seen"):
        reply = send(world, "decider", f"/commitments/{name}/drop", {"reasons": "No money."})
        assert reply.status_code == 200 and reply.json()["status"] == "dropped"
    refused(send(world, "planner", "/evidence", stated()), "programme.dropped", 422)
    before = world.node.spent()
    about = {"indicator": "seen", "permit": world.node.permit}
    refused(send(world, "planner", "/measurements", about, **{"Idempotency-Key": "k"}), "programme.dropped", 422)
    assert world.node.spent() == before
    refused(send(world, "decider", "/commitments/training/drop", {"reasons": "Again."}), "programme.dropped", 422)
    assert send(world, "decider", "/commitments/training/resume", {"reasons": "There is money."}).json()["status"] == "no_evidence"
    refused(send(world, "decider", "/commitments/training/resume", {"reasons": "Again."}), "programme.not_dropped", 422)
    assert send(world, "planner", "/evidence", stated()).status_code == 201


def test_a_verifier_of_the_owners_house_is_refused_and_so_is_a_planner_of_another(world: Carried) -> None:
    world.adopt()
    evidence = brought(world)
    refused(send(world, "insider", f"/evidence/{evidence}/verification", judged()), "programme.own_evidence", 403)
    refused(send(world, "planner", f"/evidence/{evidence}/verification", judged()), "rights.verifier_needed", 403)
    refused(send(world, "stranger", "/evidence", stated()), "rights.planner_needed", 403)
    refused(send(world, "planner", "/commitments/training/drop", {"reasons": "It is late."}), "rights.decider_needed", 403)
    refused(send(world, "planner", "/plan", {"plan": plan_text(version=2)}), "rights.decider_needed", 403)
    assert world.statuses()["training"] == "no_evidence"


def test_another_file_is_refused_and_so_is_a_second_verification(world: Carried) -> None:
    world.adopt()
    evidence = brought(world)
    other = hashlib.sha256(b"another report").hexdigest()
    refused(send(world, "verifier", f"/evidence/{evidence}/verification", judged(sha256=other)), "programme.other_document", 422)
    assert send(world, "verifier", f"/evidence/{evidence}/verification", judged(verdict="reject")).status_code == 200
    refused(send(world, "verifier", f"/evidence/{evidence}/verification", judged()), "programme.verified", 422)
    public = world.node.client.get(f"{B}/evidence/{evidence}").json()
    assert (public["verdict"], public["against"], public["reasons"]) == ("reject", "rejected", "Page 4 names them.")
    assert world.statuses()["training"] == "no_evidence"


@pytest.fixture
def on_each(tmp_path: Path, each_database: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Carried]:
    """The node on each database."""
    assert each_database in {"sqlite", "postgres"}
    monkeypatch.setenv("AMANA_DATABASE", database_of(os.environ.get("AMANA_TEST_DATABASE", "sqlite")))
    with carried(tmp_path / "node") as made:
        yield made


def test_of_two_verifiers_at_once_one_wins(on_each: Carried) -> None:
    world = on_each
    world.adopt()
    for _ in range(3):
        evidence, both = brought(world), Barrier(2)
        held = [headers(world, "verifier"), headers(world, "verifier")]

        def verify(held: dict[str, str], evidence: str = evidence, both: Barrier = both) -> int:
            both.wait()
            return world.node.client.post(f"{B}/evidence/{evidence}/verification", json=judged(), headers=held).status_code

        with ThreadPoolExecutor(2) as pool:
            assert sorted(pool.map(verify, held)) == [200, 422]
        told = [entry for entry in world.node.service.entries() if entry["kind"] == "verification" and entry["evidence"] == evidence]
        assert len(told) == 1


@pytest.mark.parametrize(
    "changed",
    [
        {"value": "1" * 19}, {"value": "1.0000000001"}, {"value": "١٢"}, {"value": "1e9"}, {"value": "NaN"}, {"value": 12}, {"value": ""},
        {"on": "soon"}, {"on": 20_000}, {"on": "2026-02-30"}, {"on": "2026-01-15T00:00:00"}, {"indicator": "nothing"}, {"indicator": "a" * 81},
        {"note": "x" * 2_001}, {"note": "a\x07b"}, {"note": "\u202emoney"}, {"note": "\x00"}, {"note": "\x1b[2J"}, {"colour": "red"},
        {"document": {**DOCUMENT, "link": "javascript:alert(1)"}}, {"document": {**DOCUMENT, "link": "https://a b"}},
        {"document": {**DOCUMENT, "link": "https://x.example/\n"}}, {"document": {**DOCUMENT, "link": f"https://{'x' * 500}"}},
        {"document": {**DOCUMENT, "link": "data:text/html,x"}}, {"document": {**DOCUMENT, "title": "a\nb"}},
        {"document": {**DOCUMENT, "title": "\u2067x"}}, {"document": {**DOCUMENT, "title": "  "}},
        {"document": {**DOCUMENT, "title": "x" * 301}}, {"document": {**DOCUMENT, "sha256": SHA.upper()}},
        {"document": {**DOCUMENT, "sha256": SHA[1:]}}, {"document": {**DOCUMENT, "sha256": f"{SHA}\n"}}, {"document": "report.pdf"},
    ],
)  # fmt: skip
def test_hostile_evidence_is_refused_and_nothing_of_it_is_kept(hostile: Carried, changed: dict[str, object]) -> None:
    before = kept(hostile)
    reply = send(hostile, "planner", "/evidence", stated(**changed))
    assert reply.status_code in {404, 422}, reply.text
    assert kept(hostile) == before


def test_evidence_of_a_day_to_come_is_refused(hostile: Carried) -> None:
    tomorrow = hostile.node.service.now().date() + timedelta(days=1)
    refused(send(hostile, "planner", "/evidence", stated(on=tomorrow.isoformat())), "programme.evidence_wrong", 422)


@pytest.mark.parametrize(
    "changed",
    [
        {"verdict": "perhaps"}, {"reasons": ""}, {"reasons": "   "}, {"reasons": "x" * 2_001}, {"reasons": "a\x1bb"}, {"sha256": "guess"},
        {"reasons": "\u202ex"}, {"sha256": ""},
    ],
)  # fmt: skip
def test_a_hostile_verdict_is_refused(hostile: Carried, changed: dict[str, object]) -> None:
    evidence = brought(hostile)
    assert send(hostile, "verifier", f"/evidence/{evidence}/verification", judged(**changed)).status_code == 422
    assert hostile.node.client.get(f"{B}/evidence/{evidence}").json()["verdict"] is None


@pytest.mark.parametrize("plan", ["", "plan = ", "x" * 2_000, 'plan = "small"\nstatus = "done"', plan_text(owner="Nobody", version=2)])
def test_a_hostile_plan_is_refused_and_the_adopted_one_stays(hostile: Carried, plan: str) -> None:
    before = hostile.node.service.programme_state.plan()
    assert send(hostile, "decider", "/plan", {"plan": plan}).status_code == 422
    assert hostile.node.service.programme_state.plan() == before


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    """One node for all of them: nothing of it changes."""
    with carried(tmp_path_factory.mktemp("hostile") / "node") as made:
        made.adopt()
        yield made


def kept(world: Carried) -> list[object]:
    with world.node.service.database.reading() as run:
        return [run.rows(f"SELECT COUNT(*) FROM {table}", {}) for table in ("evidence", "document", "notice")]


def test_a_request_that_is_sent_again_brings_evidence_once(world: Carried) -> None:
    world.adopt()
    held = headers(world, "planner", **{"Idempotency-Key": secrets.token_hex(8)})
    first, second = (world.node.client.post(f"{B}/evidence", json=stated(), headers=held) for _ in range(2))
    assert first.json() == second.json() and second.headers["Idempotency-Replayed"] == "true"
    assert len(world.node.service.programme.brought("training")) == 1


def test_what_waits_and_what_was_found_is_told_to_who_must_know(on_each: Carried) -> None:
    world, notices = on_each, on_each.node.service.notices

    def told(who: str) -> list[tuple[str, str]]:
        found = notices.latest(world.asker(who), unread=True)
        return [(each.kind, each.path) for each in found if each.kind.startswith("evidence_")]

    world.adopt()
    first, second = brought(world), brought(world)
    assert told("verifier") == [("evidence_submit", "/desk/verify")], "once while it is not read"
    assert told("insider") == told("stranger") == told("planner") == []
    notices.read_waiting(world.asker("verifier"))
    world.verify(first)
    world.verify(second, verdict="reject")
    path = "/desk/programme/training"
    assert sorted(told("planner")) == [("evidence_confirm", path), ("evidence_reject", path)]
    assert told("stranger") == told("verifier") == []
    notices.read_of_commitment(world.asker("planner"), commitment="open-data")
    assert len(told("planner")) == 2, "those of another commitment stay"
    notices.read_of_commitment(world.asker("planner"), commitment="training")
    assert told("planner") == []
    world.measure()
    world.measure()
    assert len(world.node.service.programme.brought("people-seen")) == 1, "one answer is one piece of evidence, on either database"


def test_a_long_queue_is_told_in_pages_and_what_is_her_own_hides_nothing_of_it(world: Carried) -> None:
    world.adopt()
    made = {world.state(each) for each in range(1, 8)}
    seen, path = set[str](), f"{B}/evidence?limit=3"
    held = headers(world, "verifier")
    for _ in range(4):
        found = world.node.client.get(path, headers=held).json()
        seen |= {each["id"] for each in found["items"]}
        if found["next"] is None:
            break
        path = f"{B}/evidence?limit=3&cursor={found['next']}"
    assert seen == made
