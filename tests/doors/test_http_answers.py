"""Datasets and questions over HTTP: what is public, what needs a permit, and answers that say the same in JSON, in Arrow and again."""

import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.ipc
import pyarrow.parquet
import pytest

from amana.client.summary import read_summary
from amana.client.text import LANGUAGES
from amana.policy.people import Scope
from tests.doors.http_node import SQL, HttpNode, http_node, session_of

ARROW = "application/vnd.apache.arrow.stream"
PARQUET = "application/vnd.apache.parquet"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("http") / "node", settings="http_rows_max = 3\n") as made:
        yield made


def ask(node: HttpNode, sql: str = SQL, *, key: str, who: str = "member", **body: str) -> dict[str, object]:
    reply = node.client.post("/api/v1/questions", json={"sql": sql, **body}, headers=node.headers(who, Idempotency_Key=key))
    assert reply.status_code == 200, reply.text
    found: dict[str, object] = reply.json()
    return found


def test_a_stranger_sees_what_is_public_of_a_dataset(node: HttpNode) -> None:
    cards = node.client.get("/api/v1/datasets").json()
    assert [card["name"] for card in cards["items"]] == ["test"] and cards["next"] is None
    assert set(cards["items"][0]["title"]) == set(LANGUAGES)
    found = node.client.get("/api/v1/datasets/test").json()
    assert (found["custodian"], found["retention"], found["promise"]["unit"]) == ("Tests", "2099-12-31", "patient")
    columns = {column["name"]: column for column in found["tables"][0]["columns"]}
    assert columns["cost"]["domain"] == {"kind": "number", "nullable": True, "low": 0.0, "high": 100.0, "step": 0.1}
    assert columns["region"]["domain"]["members"] == ["Atlas", "Coast", "Desert"] and columns["region"]["source"] == "Map"
    profile = node.client.get("/api/v1/datasets/test/profile").json()["tables"][0]
    assert abs(profile["rows"] - 3000) < 1000 and {column["name"] for column in profile["columns"]} >= {"region", "cost"}
    whole = node.client.get("/api/v1/datasets/test/profile").json()
    assert read_summary(whole) == node.service.node.profile_summary("test"), "whoever reads it over HTTP sees what the folder shows"


def test_a_dataset_that_is_not_there_is_not_found(node: HttpNode) -> None:
    for path in ("", "/profile", "/budget"):
        reply = node.client.get(f"/api/v1/datasets/nothing{path}")
        assert (reply.status_code, reply.json()["name"]) == (404, "node.unknown_dataset")


def test_a_stranger_takes_the_invented_sample_home_as_csv_or_parquet(node: HttpNode, tmp_path: Path) -> None:
    (own,) = node.service.node.sample("test", folder=tmp_path, table="visits", form="csv")
    path = "/api/v1/datasets/test/sample?table=Visits"
    reply = node.client.get(path)
    assert reply.content == own.read_bytes() and reply.headers["content-type"].startswith("text/csv")
    again = node.client.get(path, headers={"If-None-Match": reply.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    for wanted in ({"params": {"table": "visits", "form": "parquet"}}, {"params": {"table": "visits"}, "headers": {"Accept": PARQUET}}):
        file = node.client.get("/api/v1/datasets/test/sample", **wanted)  # type: ignore[arg-type]
        assert file.headers["content-type"] == PARQUET and file.headers["etag"] != reply.headers["etag"]
        assert pyarrow.parquet.read_table(io.BytesIO(file.content)).column_names == ["person", "region", "cost"]
    refused = node.client.get("/api/v1/datasets/test/sample?table=visit")
    assert (refused.status_code, refused.json()["name"]) == (404, "sample.unknown_table")
    assert node.client.get("/api/v1/datasets/nothing/sample?table=visits").status_code == 404
    assert not list((node.service.node._wired.store.spill).glob("sample-*")), "nothing is left behind"


def test_the_budget_tells_what_each_project_took(node: HttpNode) -> None:
    before = node.client.get("/api/v1/datasets/test/budget").json()
    cost = ask(node, "SELECT AVG(cost) AS cost FROM visits", key="budget")["cost"]
    assert isinstance(cost, dict) and cost["loss_nrho"] > 0
    after = node.client.get("/api/v1/datasets/test/budget").json()
    assert after["spent_nrho"] - before["spent_nrho"] == cost["loss_nrho"] and after["left_nrho"] + after["spent_nrho"] == after["cap_nrho"]
    took = [{entry["project"]: entry["loss_nrho"] for entry in budget["by"]} for budget in (before, after)]
    assert took[1][node.project] - took[0].get(node.project, 0) == cost["loss_nrho"]
    assert sum(took[1].values()) == after["spent_nrho"]


def test_an_answer_is_the_same_in_json_and_in_arrow(node: HttpNode) -> None:
    answer = ask(node, key="shape")
    assert [column["kind"] for column in answer["columns"]] == ["key", "figure"]  # type: ignore[attr-defined]
    headers = node.headers(Idempotency_Key="shape-as-arrow", Accept=ARROW)
    reply = node.client.post("/api/v1/questions", json={"sql": SQL}, headers=headers)
    assert reply.headers["content-type"] == ARROW
    table = pyarrow.ipc.open_stream(reply.content).read_all()
    assert table.column_names == ["region", "visits", "visits_lo", "visits_hi"]
    rows = [[row["region"], {"value": row["visits"], "low": row["visits_lo"], "high": row["visits_hi"]}] for row in table.to_pylist()]
    assert rows == answer["rows"]
    about = json.loads(table.schema.metadata[b"amana"])
    assert about["cost"]["recalled"] and about["digest"] == answer["digest"] and about["receipt"]["permit"] == node.permit


def test_a_preview_costs_nothing_and_says_what_asking_will_cost(node: HttpNode) -> None:
    sql, spent = "SELECT region, AVG(cost) AS cost FROM visits GROUP BY region", node.spent()
    preview = node.client.post("/api/v1/questions/preview", json={"sql": sql}, headers=node.headers("outsider")).json()
    assert node.spent() == spent
    answer = ask(node, sql, key="preview")
    assert answer["cost"]["loss_nrho"] == preview["cost"]["loss_nrho"] == node.spent() - spent  # type: ignore[index]


def test_a_preview_prices_what_was_asked_before_for_those_who_may_ask_and_for_nobody_else(node: HttpNode) -> None:
    sql = "SELECT region, COUNT(*) AS n, AVG(cost) AS cost FROM visits WHERE cost > 44 GROUP BY region"

    def price(who: str, within: str) -> int:
        found = node.client.post("/api/v1/questions/preview", json={"sql": sql, "within": within}, headers=node.headers(who))
        cost: int = found.json()["cost"]["loss_nrho"]
        return cost

    full, finer = price("member", "20%"), price("member", "19%")
    ask(node, sql, key="before", within="20%")
    assert price("member", "20%") == 0 and price("outsider", "20%") == full and price("outsider", "19%") == finer
    difference, spent = price("member", "19%"), node.spent()
    assert 0 < difference < finer
    ask(node, sql, key="finer", within="19%")
    assert node.spent() - spent == difference, "what a preview says is what is paid"


def test_a_preview_says_when_neither_the_budget_nor_the_permit_could_pay(node: HttpNode) -> None:
    body = {"sql": "SELECT COUNT(*) AS n FROM visits WHERE cost < 3"}

    def beyond(who: str, share: str) -> set[str]:
        found = node.client.post("/api/v1/questions/preview", json={**body, "share": share}, headers=node.headers(who)).json()
        return {note["code"] for note in found["notes"] if note["code"].startswith("note.beyond")}

    assert beyond("member", "100%") == beyond("outsider", "100%") == {"note.beyond_population"}
    assert beyond("member", "60%") == {"note.beyond_permit"} and beyond("outsider", "60%") == beyond("member", "5%") == set()
    refused = node.client.post("/api/v1/questions", json={**body, "share": "60%"}, headers=node.headers(Idempotency_Key="beyond"))
    assert refused.json()["name"] == "budget.permit_exhausted"


def test_a_share_of_the_budget_stands_in_place_of_a_precision(node: HttpNode) -> None:
    answer = ask(node, "SELECT COUNT(*) AS n FROM visits WHERE cost < 50", key="share", share="1%")
    assert 0 < answer["cost"]["loss_nrho"] <= answer["cost"]["cap_nrho"] // 100  # type: ignore[index]
    both = node.client.post("/api/v1/questions/preview", json={"sql": SQL, "within": "5%", "share": "1%"}, headers=node.headers())
    assert (both.status_code, both.json()["name"]) == (422, "budget.precision_and_share")


def test_a_dry_run_is_for_everybody_and_spends_nothing(node: HttpNode) -> None:
    spent = node.spent()
    answer = node.client.post("/api/v1/questions/dry-run", json={"sql": SQL}).json()
    assert answer["dry_run"] and answer["digest"] == "" and len(answer["rows"]) == 3 and node.spent() == spent


def test_redraws_are_free_and_only_of_what_was_answered(node: HttpNode) -> None:
    ask(node, key="redraws")
    spent, body = node.spent(), {"sql": SQL, "draws": 5}
    found = node.client.post("/api/v1/questions/simulate", json=body, headers=node.headers()).json()
    assert found["columns"] == ["visits"] and len(found["draws"]) == 5 and len(found["draws"][0]) == 3 and node.spent() == spent
    fresh = {"sql": "SELECT COUNT(*) AS n FROM visits WHERE cost > 77", "draws": 5}
    refused = node.client.post("/api/v1/questions/simulate", json=fresh, headers=node.headers())
    assert (refused.status_code, refused.json()["name"]) == (422, "ask.not_answered")


def test_a_refusal_points_into_the_question_in_the_language_of_the_reader(node: HttpNode) -> None:
    titles = set()
    for language in LANGUAGES:
        headers = {**node.headers(Idempotency_Key="wrong"), "Accept-Language": f"{language};q=0.9, xx"}
        reply = node.client.post("/api/v1/questions", json={"sql": "SELECT COUNT(*) FROM visit"}, headers=headers)
        problem = reply.json()
        assert reply.headers["content-type"] == "application/problem+json" and reply.headers["content-language"] == language
        assert (reply.status_code, problem["code"], problem["where"]) == (422, "AMA-104", {"line": 1, "column": 22, "length": 5})
        titles.add(problem["title"])
    assert len(titles) == len(LANGUAGES)


def test_a_stranger_asks_nothing_and_somebody_without_a_permit_neither(node: HttpNode) -> None:
    body, spent = {"sql": "SELECT COUNT(*) AS n FROM visits WHERE cost > 31"}, node.spent()
    public = {"sql": "SELECT SUM(people) AS people FROM regions"}
    stranger = node.client.post("/api/v1/questions", json=public)
    assert (stranger.status_code, stranger.json()["name"]) == (401, "rights.sign_in_needed"), "exact, but it is work all the same"
    for path in ("questions", "questions/preview", "questions/simulate"):
        reply = node.client.post(f"/api/v1/{path}", json={**body, **({"draws": 2} if "simulate" in path else {})})
        assert (reply.status_code, reply.headers["www-authenticate"]) == (401, "Bearer"), path
    wrong = node.client.post("/api/v1/questions", json=body, headers={"Authorization": "Bearer amana_wrong", "Idempotency-Key": "w"})
    assert (wrong.status_code, wrong.json()["name"]) == (401, "sign_in.needed")
    for who in ("outsider", "custodian", "decider", "operator"):
        reply = node.client.post("/api/v1/questions", json=body, headers=node.headers(who, Idempotency_Key="none"))
        assert (reply.status_code, reply.json()["name"]) == (403, "permit.none"), who
        named = node.client.post("/api/v1/questions", json={**body, "permit": node.permit}, headers=node.headers(who, Idempotency_Key="n"))
        assert named.status_code == 403, who
    assert node.spent() == spent


def test_an_assistants_token_spends_no_more_than_its_share(node: HttpNode) -> None:
    sign_in, session = node.service.sign_in, session_of(node.service, node.people["member"])
    now = node.service.now()
    asker = sign_in.by_session(session, now=now)
    made = sign_in.tokens.make(asker, label="assistant", scopes=(Scope.READ, Scope.ASK), days=1, allowance="0.001%", now=now)
    headers = {"Authorization": f"Bearer {made.secret.reveal()}", "Idempotency-Key": "assistant"}
    reply = node.client.post("/api/v1/questions", json={"sql": "SELECT COUNT(*) AS n FROM visits WHERE cost > 12"}, headers=headers)
    assert (reply.status_code, reply.json()["name"]) == (409, "budget.allowance_exhausted")


def test_rows_beyond_the_limit_are_left_off_with_a_note(node: HttpNode) -> None:
    sql = "SELECT region, cost > 50 AS dear, COUNT(*) AS n FROM visits GROUP BY region, cost > 50"
    answer = ask(node, sql, key="many")
    assert len(answer["rows"]) == 3  # type: ignore[arg-type]
    (note,) = [note for note in answer["notes"] if note["code"] == "note.rows_left_off"]  # type: ignore[attr-defined]
    assert note["parameters"]["most"] == 3 and note["parameters"]["rows"] > 3
