"""The queue of jobs: each runs once and in order, none is lost with a process or a database, and what it keeps is its owner's."""

import os
import subprocess
import sys
import time
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from amana.engines.duckdb import DuckDbEngine
from amana.node.answers import Answered
from amana.node.job_runs import JobRuns
from amana.node.service import Service, open_service
from amana.policy.people import Asker
from amana.terms.ids import JobId
from amana.terms.refusal import Refusal
from tests.clinic import OWNER, all_are_jobs, look, put, rows, submit, wait

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return all_are_jobs(tmp_path, monkeypatch)


@pytest.mark.usefixtures("each_database")
def test_the_queue_runs_every_job_once_and_in_order(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_JOBS_RUNNING_MAX", "1")
    service = open_service(folder)
    first = [submit(service, number) for number in range(3)]
    service.work()  # takes up what was put before
    jobs = first + [put(service, number).record.id for number in range(3, 5)]
    over = [wait(service, job).record for job in jobs]
    assert service.close() == 0
    assert [record.digest is not None for record in over] == [True] * 5
    ends = [record.over_at for record in over]
    assert ends == sorted(end for end in ends if end is not None)
    assert rows(folder, "SELECT CAST(COUNT(*) AS INTEGER) FROM charge WHERE permit = 'permit m-1'") == [(5,)]


@pytest.mark.slow
def test_a_clean_stop_lets_jobs_finish_and_keeps_the_others_for_the_next_start(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_JOBS_RUNNING_MAX", "1")
    monkeypatch.setenv("AMANA_DEADLINE_BASE_MS", "800")
    service = open_service(folder)
    service.work()
    jobs = [put(service, number).record.id for number in range(3)]
    wait(service, jobs[0], until=lambda view: view.stage == "running")
    assert service.close() == 0
    service = open_service(folder)
    assert [look(service, job).state for job in jobs] == ["done", "queued", "queued"]
    service.work()
    assert [wait(service, job).state for job in jobs] == ["done"] * 3
    service.close()


@pytest.mark.slow
def test_a_stop_waits_for_a_job_no_longer_than_it_may_and_says_how_many_run_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_HTTP_STOP_MS_MAX", "1")
    monkeypatch.setenv("AMANA_DEADLINE_BASE_MS", "10000")
    begun, ended = Event(), Event()

    def slow(*given: object, **named: object) -> object:
        begun.set()
        ended.wait(30)
        raise InterruptedError

    service = open_service(folder)
    service.work()
    monkeypatch.setattr(DuckDbEngine, "run", slow)
    put(service)
    assert begun.wait(10)
    assert service.close() == 1
    ended.set()


def lost_at_first(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The database is lost at the first turn of a job; one item for each turn."""
    real, tries = Service.ask, list[int]()

    def lost_once(self: Service, asker: Asker | None, **named: Any) -> Answered:
        if "seconds_max" not in named:
            tries.append(1)
            if len(tries) == 1:
                raise Refusal("node.database_lost", cause="OperationalError")
        return real(self, asker, **named)

    monkeypatch.setattr(Service, "ask", lost_once)
    return tries


def test_a_job_whose_turn_was_in_vain_gets_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tries = lost_at_first(monkeypatch)
    monkeypatch.setattr("amana.node.job_queue.TIDY_S", 0.3)
    service = open_service(folder)
    service.work()
    assert wait(service, put(service).record.id).state == "done"
    assert len(tries) == 2
    service.close()


def test_a_job_whose_queue_lost_the_word_of_its_turn_gets_another(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from dbos._sys_db import SystemDatabase

    tries, ends, write = lost_at_first(monkeypatch), list[int](), SystemDatabase.update_workflow_outcome

    def unwritten_once(self: SystemDatabase, *args: Any, **named: Any) -> None:
        ends.append(1)
        if len(ends) == 1:
            raise OSError("the connection is lost")
        write(self, *args, **named)

    monkeypatch.setattr(SystemDatabase, "update_workflow_outcome", unwritten_once)
    monkeypatch.setattr("amana.node.job_queue.TIDY_S", 0.3)
    service = open_service(folder)
    service.work()
    job = put(service).record.id  # it is over before the queue has written so
    assert wait(service, job, until=lambda view: view.over and len(ends) >= 2).state == "done"
    assert len(tries) == 2
    service.close()


def test_a_job_that_is_handed_out_twice_has_one_turn(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, goes_on, ended = Event(), Event(), Event()

    def run(self: JobRuns, job: JobId) -> None:
        assert not begun.is_set(), "a second turn"
        begun.set()
        goes_on.wait(20)
        ended.set()

    monkeypatch.setattr(JobRuns, "run", run)
    service = open_service(folder)
    service.work()
    job = submit(service)
    assert begun.wait(20) and service._queue is not None
    service._queue._take(job)
    assert job in service._queue._turns, "the first still has it"
    goes_on.set()
    assert ended.wait(20)
    service.close()


def test_a_queue_that_takes_no_job_keeps_nobody_waiting_and_gets_it_later(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from amana.node.job_queue import JobQueue

    real, tries = JobQueue._hand_out, list[JobId]()

    def lost_once(self: JobQueue, job: JobId) -> None:
        tries.append(job)
        if len(tries) == 1:
            raise OSError("no room")
        real(self, job)

    monkeypatch.setattr(JobQueue, "_hand_out", lost_once)
    monkeypatch.setattr("amana.node.job_queue.TIDY_S", 0.3)
    service = open_service(folder)
    service.work()
    view = put(service)
    assert wait(service, view.record.id).state == "done" and tries == [view.record.id] * 2
    service.close()


def test_the_library_of_queues_is_loaded_by_servers_only(tmp_path: Path) -> None:
    probe = (
        "import sys, contextlib\n"
        "import amana.node.service, amana.node.wiring, amana.node.jobs, amana.node.job_runs\n"
        "from amana.cli.main import main\n"
        "with contextlib.suppress(SystemExit): main(['ask', '--help'])\n"
        "main(['datasets', '--folder', sys.argv[1]])\n"
        "print('dbos' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", probe, str(tmp_path)], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_what_the_queue_keeps_is_read_by_its_owner_only_and_holds_no_question(folder: Path) -> None:
    service = open_service(folder)
    service.work()
    job = put(service, 33).record.id
    if os.environ["AMANA_DATABASE"] == "sqlite":
        file = folder / "jobs.sqlite"
        assert file.stat().st_mode & 0o777 == 0o600
        until = time.monotonic() + 10
        while job.encode() not in (held := file.read_bytes()):
            assert time.monotonic() < until
        assert job.encode() in held and b"visits" not in held and OWNER.encode() not in held
    wait(service, job)
    service.close()
