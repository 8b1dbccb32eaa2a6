"""A database that is lost in the middle of a question: nobody pays twice, no permit is paused for it, nothing stays open."""

import shutil
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from amana.node.database import CONNECTION_WAIT_S, LOST_WAIT_S, NodeDatabase, open_database
from amana.node.service import open_service
from amana.terms.database import Transaction
from amana.terms.refusal import Fault, Refusal
from tests.clinic import database_of, rows
from tests.crash.losing import Losing, Moment, once
from tests.crash.running import get, running, send
from tests.doors.http_node import HttpNode, http_node, lay_down, populate

PAID = "SELECT state FROM charge WHERE permit LIKE 'permit m-%' ORDER BY charged_at"
COUNTED = "SELECT SUM(faults) FROM account"
BEGUN = "SELECT key FROM request_key WHERE state = 'begun' AND worker <> ''"
LOST_S_MAX = 10.0
BODY = {"sql": "SELECT COUNT(*) AS n FROM visits WHERE cost < 30", "within": "30%"}


@contextmanager
def losing(node: HttpNode, verb: str, table: str, moment: Moment, *, away: int = 0) -> Iterator[None]:
    """All parts of the node see the same lost database."""
    lossy = Losing(node.service.database, once(verb, table, moment), away=away)
    parts: tuple[Any, ...] = (node.service._wired.ledger, node.service.repeats)
    for part in parts:
        part._database = lossy
    try:
        yield
    finally:
        for part in parts:
            part._database = node.service.database


def held_by(node: HttpNode, sql: str) -> list[Any]:
    with node.service.database.reading() as run:
        return run.rows(sql, {})


@pytest.mark.parametrize(
    ("table", "verb", "moment", "away"),
    [("charge", "insert", "after", 0), ("charge", "insert", "after", 9), ("charge", "update", "before", 9)],
)
def test_one_key_never_pays_twice_for_a_question_whose_database_was_lost(
    tmp_path: Path, table: str, verb: str, moment: Moment, away: int
) -> None:
    with http_node(tmp_path / "node", settings="tend_ms = 3600000\n") as node:
        with losing(node, verb, table, moment, away=away):
            first = node.client.post("/api/v1/questions", json=BODY, headers=node.headers(idempotency_key="k"))
        assert first.status_code == 500 and "fault" in first.json(), "a charge may stand, so no refusal says that nothing was spent"
        again = node.client.post("/api/v1/questions", json=BODY, headers=node.headers(idempotency_key="k"))
        assert again.status_code == 500
        node.service.tend()
        assert held_by(node, PAID) == [("faulted",)] and held_by(node, COUNTED) == [(0,)] and held_by(node, BEGUN) == []
        fresh = node.client.post("/api/v1/questions", json=BODY, headers=node.headers(idempotency_key="k2"))
        assert fresh.status_code == 200 and held_by(node, PAID) == [("faulted",), ("settled",)]


def test_an_answer_is_given_though_its_outcome_could_not_be_written_down_and_given_again(tmp_path: Path) -> None:
    with http_node(tmp_path / "node") as node:
        with losing(node, "update", "request_key", "before", away=3):
            first = node.client.post("/api/v1/questions", json=BODY, headers=node.headers(idempotency_key="k"))
        again = node.client.post("/api/v1/questions", json=BODY, headers=node.headers(idempotency_key="k"))
        assert first.status_code == again.status_code == 200 and first.json()["rows"] == again.json()["rows"]
        assert held_by(node, PAID) == [("settled",)]


def test_a_key_whose_end_could_not_be_written_is_put_down_for_other_processes(tmp_path: Path) -> None:
    with http_node(tmp_path / "node", settings="tend_ms = 3600000\n") as node:
        with losing(node, "update", "request_key", "before", away=3):
            node.client.post("/api/v1/questions", json=BODY, headers=node.headers(idempotency_key="k"))
        assert held_by(node, BEGUN) == [("k",)], "others would wait for this process"
        node.service.tend()
        assert held_by(node, BEGUN) == []


def test_health_says_that_the_database_is_lost(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise Refusal("node.database_lost", cause="Test")

    with http_node(tmp_path / "node") as node:
        assert node.client.get("/healthz").json() == {"state": "serving"}
        monkeypatch.setattr(node.service, "check", lost)
        reply = node.client.get("/healthz")
        assert (reply.status_code, reply.json()["name"]) == (503, "node.database_lost")


def test_whoever_tends_the_node_writes_down_the_code_of_what_failed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost() -> None:
        raise Refusal("node.database_lost", cause="Test")

    with http_node(tmp_path / "node", settings="tend_ms = 100\n") as node:
        monkeypatch.setattr(node.service, "tend", lost)
        time.sleep(0.5)
    assert '"cause": "node.database_lost", "event": "tend"' in (tmp_path / "node" / "node.log").read_text()


@contextmanager
def own_server() -> Iterator[tuple[Path, Any]]:
    """A server that may be stopped: its folder, and what starts it."""
    pgserver = pytest.importorskip("pgserver")
    place = Path(tempfile.mkdtemp(prefix="amana-pg-"))
    try:
        yield place, pgserver.get_server
    finally:
        pgserver.get_server(place).cleanup()
        shutil.rmtree(place, ignore_errors=True)


def cut_off(database: NodeDatabase, run: Transaction) -> None:
    """The server ends the connection of that transaction, and nobody is told before it is used again."""
    run.rows("SELECT 1", {})
    with database.reading() as other:
        other.rows("SELECT CAST(pg_terminate_backend(pid) AS TEXT) FROM pg_stat_activity WHERE state = 'idle in transaction'", {})


def ended_while_read(database: NodeDatabase, run: Transaction) -> None:
    ((backend,),) = run.rows("SELECT pg_backend_pid()", {})
    with database.reading() as other:
        other.rows("SELECT CAST(pg_terminate_backend(:backend) AS TEXT)", {"backend": backend})
    run.rows("SELECT 1", {})


@pytest.mark.slow
def test_a_commit_whose_connection_ends_before_its_word_is_a_fault(tmp_path: Path) -> None:
    with own_server() as (place, start):
        database = open_database(start(place).get_uri(), folder=tmp_path)
        with pytest.raises(Fault), database.transaction() as run:
            cut_off(database, run)
        with pytest.raises(Refusal, match="database_lost"), database.reading() as run:
            ended_while_read(database, run)
        database.close()


@pytest.mark.slow
def test_only_the_first_waits_long_for_a_server_that_is_lost(tmp_path: Path) -> None:
    with own_server() as (place, start):
        running = start(place)
        database = open_database(running.get_uri(), folder=tmp_path)
        running.cleanup()
        with pytest.raises(Refusal, match="database_lost"), database.reading() as run:
            run.rows("SELECT 1", {})
        for wait_s_max in (CONNECTION_WAIT_S, LOST_WAIT_S, LOST_WAIT_S):
            begun = time.monotonic()
            with pytest.raises(Refusal, match="database_lost"), database.reading():
                pass
            assert time.monotonic() - begun < wait_s_max + 1.5
        database.close()


@pytest.mark.slow
def test_a_server_whose_database_is_stopped_says_so_soon_and_goes_on_when_it_is_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "node"
    with own_server() as (place, start):
        database = start(place)
        monkeypatch.setenv("AMANA_DATABASE", database_of(database.get_uri()))
        lay_down(folder, settings="job_after_ms = 1500\ndeadline_base_ms = 1200\ntend_ms = 300\n")
        service = open_service(folder)
        _, tokens, _, permit = populate(service)
        service.close()
        who = {"token": tokens["member"], "wait_s": 30.0}

        def ask(url: str, number: int, *, what: str = "COUNT(*)") -> tuple[float, Any]:
            begun = time.monotonic()
            body = {"sql": f"SELECT {what} AS n FROM visits WHERE cost < {number}", "share": "0.2%", "permit": permit}
            got = send(url, "POST", "/api/v1/questions", body=body, key=f"k{number}", **who)  # type: ignore[arg-type]
            return time.monotonic() - begun, got

        with running(folder, workers=2) as server, ThreadPoolExecutor(8) as pool:
            assert ask(server.url, 60, what="MEDIAN(cost)")[1].status == 202
            asked = [pool.submit(ask, server.url, number) for number in range(10, 16)]
            time.sleep(0.7)
            database.cleanup()
            for took, got in (each.result() for each in asked):
                assert got.status in {500, 503} and took < LOST_S_MAX
                assert b"psycopg" not in got.body and b"connection" not in got.body
            took, got = timed_get(server.url, "/healthz")
            assert (got.status, got.name) == (503, "node.database_lost") and took < LOST_S_MAX
            took, got = ask(server.url, 70)
            assert (got.status, got.name) == (503, "node.database_lost") and took < LOST_S_MAX
            time.sleep(1.0)
            start(place)
            until = time.monotonic() + LOST_S_MAX
            while get(server.url, "/healthz").status != 200:
                assert time.monotonic() < until
                time.sleep(0.2)
            assert_all_ended(server.url, tokens["member"])
            time.sleep(2.0)  # the other process may have looked later
            assert {ask(server.url, number)[1].status for number in range(10, 16)} <= {200, 500}
            assert ask(server.url, 70)[1].status == 200
            assert get(server.url, f"/api/v1/permits/{permit}", token=tokens["member"]).json["state"] == "active"
            assert server.stop() == 0
        said, noted = server.said.read_text(), (folder / "node.log").read_text()
        assert len(said.splitlines()) == 2, said
        assert "socket" not in noted and "connection" not in noted
        assert set(rows(folder, PAID)) == {("settled",), ("faulted",)}
        assert len(rows(folder, PAID)) <= 8 and rows(folder, "SELECT CAST(SUM(faults) AS INTEGER) FROM account") == [(0,)]
        assert rows(folder, BEGUN) == []


def timed_get(url: str, path: str) -> tuple[float, Any]:
    begun = time.monotonic()
    got = get(url, path)
    return time.monotonic() - begun, got


def assert_all_ended(url: str, token: str) -> None:
    """Each job, soon."""
    until = time.monotonic() + 2 * LOST_S_MAX
    while True:
        got = get(url, "/api/v1/jobs", token=token)
        states = {job["state"] for job in got.json["items"]} if got.status == 200 else {"running"}
        if states <= {"done", "failed"}:
            return
        assert time.monotonic() < until, states
        time.sleep(0.3)
