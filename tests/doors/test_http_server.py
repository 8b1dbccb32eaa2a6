"""A real server: it is there in seconds, is killed in the middle of questions, and no key pays twice; the Python client speaks to it."""

import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

import amana
from amana.node.service import open_service
from amana.terms.refusal import Refusal
from tests.doors.http_node import SQL, lay_down, populate

START_S_MAX = 20.0
SLOW = "deadline_base_ms = 2400\njob_after_ms = 600000\n"
"""Each answer leaves 2.4 s after its charge, so that a kill falls in between; on a busy machine all of them can keep that time."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("server") / "node"
    lay_down(made, settings=SLOW)
    return made


@pytest.fixture(scope="module")
def token(folder: Path) -> str:
    service = open_service(folder)
    tokens = populate(service)[1]
    service.close()
    return tokens["member"]


@contextmanager
def served(folder: Path, *, workers: int = 1) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """`amana serve`: its address and its process."""
    command = [sys.executable, "-m", "amana", "serve", "--folder", str(folder), "--port", "0", "--workers", str(workers)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)
    begun = time.monotonic()
    try:
        assert process.stderr is not None
        line = process.stderr.readline()
        found = re.search(r"http://[\d.:]+", line)
        assert found, line + process.stderr.read()
        assert time.monotonic() - begun < START_S_MAX
        yield found[0], process
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def below(cost: int) -> dict[str, str]:
    return {"sql": f"SELECT COUNT(*) AS n FROM visits WHERE cost < {cost}", "within": "30%"}


def ask(url: str, token: str, number: int) -> tuple[int, str]:
    """Status and body, or 0 for a connection that broke."""
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": f"key-{number}"}
    try:
        reply = httpx.post(f"{url}/api/v1/questions", json=below(number), headers=headers, timeout=60)
    except httpx.TransportError:
        return 0, ""
    return reply.status_code, reply.text


def charges(folder: Path) -> tuple[Counter[str], int, int]:
    """Charges by question, how many are still open, and whether what was spent is their sum."""
    service = open_service(folder)
    try:
        with service.database.reading() as run:
            found = run.rows("SELECT question, state, nrho FROM charge WHERE permit LIKE 'permit m-%'", {})
            spent = run.rows("SELECT spent_nrho FROM account WHERE name LIKE 'permit m-%'", {})
    finally:
        service.close()
    assert int(str(spent[0][0])) == sum(int(str(nrho)) for _, _, nrho in found)
    return Counter(str(question) for question, _, _ in found), sum(state == "charged" for _, state, _ in found), len(found)


@pytest.mark.slow
def test_a_server_that_is_killed_in_the_middle_charges_each_key_once(folder: Path, token: str) -> None:
    numbers = range(1, 25)
    with ThreadPoolExecutor(len(numbers)) as pool:
        with served(folder) as (url, process):
            asked = []
            for number in numbers:  # so that the kill finds some answered, some charged and some not yet asked
                asked.append(pool.submit(ask, url, token, number))
                time.sleep(0.16)
                if number == 18:
                    process.kill()
            before = [each.result() for each in asked]
        with served(folder) as (url, process):
            first = list(pool.map(lambda number: ask(url, token, number), numbers))
            again = list(pool.map(lambda number: ask(url, token, number), numbers))
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=60) == 0
    assert {status for status, _ in first} == {200, 500} and first == again, "each key has one outcome, however often it is sent"
    assert all(then == now for then, now in zip(before, first, strict=True) if then[0] == 200), "what was answered stays so"
    by_question, running, total = charges(folder)
    assert running == 0 and max(by_question.values()) == 1, "no question was charged twice under its key"
    assert sum(status == 200 for status, _ in first) <= total == len(by_question) <= len(numbers)


@pytest.mark.slow
def test_several_processes_share_one_folder_and_a_key(folder: Path, token: str) -> None:
    with served(folder, workers=3) as (url, process):
        with ThreadPoolExecutor(30) as pool:
            replies = list(pool.map(lambda number: ask(url, token, 40 + number % 3), range(30)))
        assert {status for status, _ in replies} == {200}
        assert len({body for _, body in replies}) == 3
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=60) == 0
    assert max(charges(folder)[0].values()) == 1


@pytest.mark.slow
def test_the_python_client_asks_a_real_server(folder: Path, token: str) -> None:
    with served(folder) as (url, _), amana.connect(url, token) as connection:
        assert [card.name for card in connection.datasets()] == ["test"]
        preview = connection.preview(SQL, within="30%")
        result = connection.sql(SQL, within="30%")
        assert result.columns == ("region", "visits") and result.cost.loss_nrho == preview.cost_nrho > 0
        assert connection.sql(SQL, within="30%").cost.recalled and len(result.simulate(3)) == 3
        assert connection.dry_run(SQL).invented and connection.budget("test").spent_nrho == result.cost.spent_nrho
        assert connection.profile("test")[0].table == "visits" and connection.dataset("test")["custodian"] == "Tests"
        with pytest.raises(Refusal) as refused:
            connection.sql("SELECT COUNT(*) FROM visit")
        assert refused.value.code == "sql.unknown_table" and refused.value.where is not None


@pytest.mark.slow
def test_a_server_that_is_told_to_stop_finishes_what_runs(folder: Path, token: str) -> None:
    with ThreadPoolExecutor(1) as pool, served(folder) as (url, process):
        httpx.get(f"{url}/healthz")
        asked = pool.submit(ask, url, token, 60)
        time.sleep(1.0)
        process.send_signal(signal.SIGINT)
        assert asked.result()[0] == 200 and process.wait(timeout=60) == 0


def test_a_taken_address_is_a_refusal(tmp_path: Path) -> None:
    import socket

    from amana.web.server import serve

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        for port in (taken.getsockname()[1], 70_000):
            with pytest.raises(Refusal, match="cannot_listen"):
                serve(tmp_path, host="127.0.0.1", port=port, workers=1, ready=print)
