"""A process that is killed at any step of a job, or at any moment: no job is charged twice, run twice, lost or stuck."""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from amana.node.service import Service, open_service
from amana.terms.ids import JobId
from tests.clinic import asker, change, database_of, publish_clinic, question, rows

STEPS = {
    "check": "done",  # before its turn: nothing is spent
    "admitted": "done",  # not charged
    "charged": "failed",  # the charge stands and nobody knows for which job
    "told": "failed",  # the charge stands, the log was not written
    "engine": "failed",
    "noise": "failed",
    "settled": "done",  # the rows are in the ledger
    "finished": "done",
}
KILLED_AT = """
# Runs one job and kills itself at a step of it.
import os, signal, sys
from pathlib import Path
from amana.engines.duckdb import DuckDbEngine
from amana.node import job_runs
from amana.node.job_runs import JobRuns
from amana.node.lengthy import TellingLog
from amana.node.service import Service, open_service
from amana.privacy.ledger import Ledger
from amana.terms.ids import JobId
folder, job, step = Path(sys.argv[1]), JobId(sys.argv[2]), sys.argv[3]
def die(*given, **named):
    os.kill(os.getpid(), signal.SIGKILL)
def dying_after(owner, name):
    real = getattr(owner, name)
    def call(*given, **named):
        real(*given, **named)
        die()
    setattr(owner, name, call)
service = open_service(folder)
match step:
    case "check": dying_after(Service, "check_job")
    case "admitted": Service.ask = die
    case "charged": TellingLog.append = die
    case "told": dying_after(JobRuns, "_started")
    case "engine": DuckDbEngine.run = die
    case "noise": Ledger.settle = die
    case "settled": dying_after(Ledger, "settle")
    case "finished": dying_after(JobRuns, "_finished")
service._runs.run(job)
sys.exit("not killed")
"""
SERVER = """
# A server of jobs whose engine is slow, and writes down each time it touches data.
import sys, time
from pathlib import Path
from amana.engines.duckdb import DuckDbEngine
from amana.node.service import open_service
folder = Path(sys.argv[1])
real = DuckDbEngine.run
def run(self, bounded, **named):
    with (folder / "touched").open("a") as out:
        out.write(repr(bounded.plan.source) + "\\n")
    time.sleep(0.1)
    return real(self, bounded, **named)
DuckDbEngine.run = run
service = open_service(folder)
service.work()
print("ready", flush=True)
while service.jobs.open():
    time.sleep(0.1)
service.close()
"""
JOBS = 10
KILLS = 4


@pytest.fixture
def folder(tmp_path: Path, each_database: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A clinic of which every question is a job of 0.3 s."""
    monkeypatch.setenv("AMANA_DATABASE", database_of(os.environ.get("AMANA_TEST_DATABASE", "sqlite")))
    monkeypatch.setenv("AMANA_JOB_AFTER_MS", "0")
    monkeypatch.setenv("AMANA_DEADLINE_BASE_MS", "300")
    publish_clinic(tmp_path / "node")
    return tmp_path / "node"


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    """Of this process, which only looks and puts."""
    opened = open_service(folder)
    yield opened
    opened.close()


def submit(service: Service, number: int) -> JobId:
    return service.jobs.submit(asker(service), question(number), dataset="test", seconds=0.3).record.id


def charges(folder: Path) -> list[tuple[object, ...]]:
    return list(rows(folder, "SELECT state, question FROM charge WHERE permit = 'permit m-1' ORDER BY charged_at"))


@pytest.mark.slow
def test_a_kill_at_any_step_of_a_job_charges_it_at_most_once_and_ends_it(folder: Path, service: Service) -> None:
    for number, (step, end) in enumerate(STEPS.items()):
        job = submit(service, number)
        done = subprocess.run([sys.executable, "-c", KILLED_AT, str(folder), job, step], capture_output=True, text=True, check=False)
        assert done.returncode == -signal.SIGKILL, step + done.stderr[-2000:]
        service._runs.run(job)  # what the queue of another process does
        view = service.jobs.job(asker(service), job=job)
        assert (view.over, view.state) == (True, end), step
        state, _ = charges(folder)[-1]
        assert state == {"done": "settled", "failed": "faulted"}[end], step
        assert len(charges(folder)) == number + 1, step
        if end == "done":
            assert service.jobs.answer(asker(service), job=job).cost_nrho >= 0
        service._runs.run(job)  # handed out once more: nothing happens
        assert len(charges(folder)) == number + 1, step


def test_a_charge_of_another_job_does_not_count_as_its_own(folder: Path, service: Service) -> None:
    first, second = submit(service, 50), submit(service, 51)
    done = subprocess.run([sys.executable, "-c", KILLED_AT, str(folder), first, "admitted"], capture_output=True, check=False)
    assert done.returncode == -signal.SIGKILL
    service._runs.run(second)
    service._runs.run(first)
    assert [service.jobs.job(asker(service), job=job).state for job in (first, second)] == ["done", "done"]


@pytest.mark.slow
def test_servers_killed_at_random_moments_lose_no_job_and_run_none_twice(folder: Path, service: Service) -> None:
    moments = random.Random(11)
    jobs = [submit(service, number) for number in range(JOBS)]
    for _ in range(KILLS):
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(folder)], stdout=subprocess.PIPE, text=True)
        assert server.stdout is not None and server.stdout.readline() == "ready\n"
        time.sleep(moments.uniform(0.1, 1.2))
        server.send_signal(signal.SIGKILL)
        server.wait()
        server.stdout.close()
    jobs += [submit(service, number) for number in (JOBS, JOBS + 1)]
    queued = [job for job in jobs if service.jobs.job(asker(service), job=job).state == "queued"]
    last = subprocess.run([sys.executable, "-c", SERVER, str(folder)], capture_output=True, text=True, check=False, timeout=60)
    assert last.returncode == 0, last.stderr[-2000:]
    views = [service.jobs.job(asker(service), job=job) for job in jobs]
    assert all(view.over for view in views)
    assert {view.state for view in views} <= {"done", "failed"}
    assert all(view.state == "done" for view in views if view.record.id in queued)
    states = Counter(state for state, _ in charges(folder))
    per_question = Counter(name for _, name in charges(folder))
    assert set(per_question.values()) == {1}, "no question was charged twice"
    assert states == Counter(
        {"settled": sum(view.state == "done" for view in views), "faulted": sum(view.state == "failed" for view in views)}
    )
    touched = Counter((folder / "touched").read_text().splitlines())
    assert set(touched.values()) == {1}, "no question touched the data twice"
    for view in views:
        if view.state == "done":
            assert service.jobs.answer(asker(service), job=view.record.id).digest == view.record.digest


def test_a_queued_job_of_somebody_who_is_disabled_meanwhile_is_refused_and_costs_nothing(folder: Path, service: Service) -> None:
    disabled, ended = submit(service, 1), submit(service, 2)
    change(folder, "UPDATE person SET disabled_at = '2026-01-01T00:00:00.000000+00:00' WHERE id = 'p-owner'")
    service._runs.run(disabled)
    change(
        folder, "UPDATE person SET disabled_at = NULL WHERE id = 'p-owner'",
        "UPDATE accreditation SET valid_until = '2026-01-01T00:00:00.000000+00:00' WHERE person = 'p-owner'",
    )  # fmt: skip
    service._runs.run(ended)
    codes = rows(folder, "SELECT state, refusal FROM job ORDER BY made_at")
    assert [state for state, _ in codes] == ["refused", "refused"]
    assert [code in str(found) for code, (_, found) in zip(("rights.person_disabled", "rights.not_accredited"), codes, strict=True)] == [
        True,
        True,
    ]
    assert charges(folder) == []
