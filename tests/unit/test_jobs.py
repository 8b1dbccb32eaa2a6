"""Long questions as jobs: which are, who sees them, what their turn does, what their progress tells."""

from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread

import pytest

from amana.engines.duckdb import DuckDbEngine
from amana.node.answers import Answered
from amana.node.jobs import JobView
from amana.node.service import Service, open_service
from amana.policy.people import Scope
from amana.terms.ids import JobId
from amana.terms.refusal import Fault, Refusal
from tests.clinic import OTHER, all_are_jobs, asker, change, look, question, rows, submit, wait

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return all_are_jobs(tmp_path, monkeypatch)


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with closing(open_service(folder)) as opened:
        yield opened


def refused(act: object, *given: object, **named: object) -> str:
    with pytest.raises(Refusal) as error:
        act(*given, **named)  # type: ignore[operator]
    return error.value.code


def moves(folder: Path, job: JobId) -> list[object]:
    return [action for (action,) in rows(folder, f"SELECT action FROM audit WHERE subject = '{job}' ORDER BY at")]


@pytest.mark.usefixtures("each_database")
def test_a_job_runs_through_its_life_and_each_step_is_noted(folder: Path, service: Service) -> None:
    job = submit(service)
    assert ((now := look(service, job)).state, now.stage, now.position, now.progress) == ("queued", "queued", 1, 0.0)
    service._runs.run(job)
    done = look(service, job)
    assert (done.state, done.stage, done.position, done.progress, done.over) == ("done", "released", None, 1.0, True)
    assert moves(folder, job) == ["receive", "admit", "reserve", "start", "finish", "settle"]
    assert done.record.started_at is not None and done.record.ready_at is not None
    assert done.record.ready_at - done.record.started_at == timedelta(seconds=0.1)
    answered = service.jobs.answer(asker(service), job=job)
    assert (answered.digest, answered.cost_nrho > 0, answered.recalled) == (done.record.digest, True, False)


def test_a_short_question_is_answered_at_once_and_a_long_one_is_a_job(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AMANA_JOB_AFTER_MS", "2000")
    service = open_service(folder)
    try:
        assert isinstance(service.put(asker(service), asked=question(1)), Answered)
        service.work()
        assert isinstance(service.put(asker(service), asked=question(2)), Answered)
        seconds = service.node.predicted_s(question(3).sql, within="20%")
        assert 0.1 <= seconds <= 2.0
        service.settings = replace(service.settings, job_after_ms=round(1e3 * seconds) - 1)
        made = service.put(asker(service), asked=question(3))
        assert isinstance(made, JobView) and made.record.predicted_ms == round(1e3 * seconds)
        wait(service, made.record.id)
        assert isinstance(service.put(asker(service), asked=question(3)), Answered), "its rows are in the ledger"
        assert refused(service.put, asker(service, OTHER), asked=question(4)) == "rights.member_needed", "before it is queued"
    finally:
        assert service.close() == 0


def test_only_its_owner_sees_cancels_or_reads_a_job(service: Service) -> None:
    job, other = submit(service), asker(service, OTHER)
    for act in (service.jobs.job, service.jobs.cancel, service.jobs.answer):
        assert refused(act, other, job=job) == refused(act, asker(service), job=JobId("j-none")) == "node.not_found"
        assert refused(act, None, job=job) == refused(act, None, job=JobId("j-none")) == "rights.sign_in_needed"
    assert service.jobs.jobs(other) == ()
    assert refused(service.jobs.jobs, None) == "rights.sign_in_needed"
    assert [view.record.id for view in service.jobs.jobs(asker(service))] == [job]


@pytest.mark.usefixtures("each_database")
def test_a_job_is_cancelled_before_its_turn_only(folder: Path, service: Service) -> None:
    job, second = submit(service), submit(service, 1)
    assert look(service, second).position == 2
    cancelled = service.jobs.cancel(asker(service), job=job)
    assert (cancelled.state, cancelled.stage, cancelled.over) == ("cancelled", "stopped", True)
    assert look(service, second).position == 1
    service._runs.run(job)  # it is in the queue still
    assert look(service, job).state == "cancelled"
    assert refused(service.jobs.answer, asker(service), job=job) == "job.cancelled"
    assert refused(service.jobs.cancel, asker(service), job=job) == "lifecycle.not_possible"
    assert moves(folder, job) == ["receive", "cancel"]
    assert rows(folder, "SELECT id FROM charge WHERE permit = 'permit m-1'") == []


def test_a_job_whose_turn_has_come_is_cancelled_no_more(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    job, said = submit(service), list[str]()

    def checking(*given: object, **named: object) -> Answered:
        assert look(service, job).stage == "checking"
        said.append(refused(service.jobs.cancel, asker(service), job=job))
        raise Refusal("permit.none", dataset="test")

    monkeypatch.setattr(Service, "ask", checking)
    service._runs.run(job)
    assert said == ["job.begun"]
    assert refused(service.jobs.answer, asker(service), job=job) == "permit.none"


def test_a_running_job_tells_its_schedule_and_nothing_else(folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    real, begun, go = DuckDbEngine.run, Event(), Event()

    def slow(*given: object, **named: object) -> object:
        begun.set()
        go.wait(10)
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(DuckDbEngine, "run", slow)
    job = submit(service, seconds=1000.0)
    turn = Thread(target=service._runs.run, args=(job,))
    turn.start()
    assert begun.wait(10)
    view = look(service, job)
    assert (view.state, view.stage) == ("running", "running")
    assert 0 <= view.progress < 0.05, "a thousand seconds are foreseen"
    later = replace(
        view.record, started_at=view.record.made_at - timedelta(seconds=500), ready_at=view.record.made_at + timedelta(seconds=500)
    )
    assert 0.49 < service.jobs._view(later).progress < 0.52
    late = replace(later, ready_at=view.record.made_at)
    assert service.jobs._view(late).progress == 0.99, "never over before it is"
    assert refused(service.jobs.cancel, asker(service), job=job) == "lifecycle.not_possible"
    assert refused(service.jobs.answer, asker(service), job=job) == "job.not_over"
    go.set()
    turn.join()
    assert look(service, job).over


def test_a_refusal_at_its_turn_ends_a_job_with_its_reason(folder: Path, service: Service) -> None:
    job = submit(service)
    change(folder, "UPDATE permit SET state = 'suspended' WHERE id = 'm-1'")
    service._runs.run(job)
    view = look(service, job)
    assert (view.state, view.stage, moves(folder, job)) == ("failed", "stopped", ["receive", "refuse"])
    assert refused(service.jobs.answer, asker(service), job=job) == "permit.suspended"
    assert rows(folder, "SELECT id FROM charge WHERE permit = 'permit m-1'") == []


def test_a_job_is_refused_when_the_budget_is_gone_by_its_turn(folder: Path, service: Service) -> None:
    job = submit(service)
    change(folder, "UPDATE account SET cap_nrho = 1 WHERE name = 'permit m-1'")
    service._runs.run(job)
    assert (look(service, job).state, moves(folder, job)) == ("failed", ["receive", "admit", "refuse"])
    assert refused(service.jobs.answer, asker(service), job=job) == "budget.permit_exhausted"


def test_a_job_that_fails_after_its_charge_shows_a_fault_and_nothing_else(
    folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*given: object, **named: object) -> object:
        raise ValueError("row 7 of Mrs B.")

    monkeypatch.setattr(DuckDbEngine, "run", broken)
    job = submit(service)
    service._runs.run(job)
    view = look(service, job)
    assert (view.state, view.stage) == ("failed", "stopped")
    assert moves(folder, job) == ["receive", "admit", "reserve", "start", "fail", "settle"]
    with pytest.raises(Fault) as fault:
        service.jobs.answer(asker(service), job=job)
    assert fault.value.id == view.record.fault
    assert "Mrs B." not in (folder / "node.log").read_text()
    service._runs.run(job)
    assert rows(folder, "SELECT state FROM charge WHERE permit = 'permit m-1'") == [("faulted",)]


def test_the_answer_of_a_version_that_serves_no_more_is_gone(folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    job = submit(service)
    service._runs.run(job)
    change(folder, "DELETE FROM charge WHERE permit = 'permit m-1'")  # as the digest of another version finds nothing
    assert refused(service.jobs.answer, asker(service), job=job) == "job.superseded"


def test_a_lost_database_says_nothing_of_a_job(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    job, real = submit(service), Service.ask

    def lost(*given: object, **named: object) -> Answered:
        raise Refusal("node.database_lost", cause="OperationalError")

    monkeypatch.setattr(Service, "ask", lost)
    assert refused(service._runs.run, job) == "node.database_lost"
    assert look(service, job).stage == "checking"
    monkeypatch.setattr(Service, "ask", real)
    service._runs.run(job)
    assert look(service, job).state == "done"


@pytest.mark.usefixtures("each_database")
def test_one_person_and_the_node_have_so_many_jobs_at_most(service: Service) -> None:
    service.settings = replace(service.settings, jobs_person_max=2, jobs_open_max=3)
    jobs = [submit(service, number) for number in range(2)]
    assert refused(submit, service, 2) == "job.too_many_of_one"
    service.jobs.submit(asker(service, OTHER), question(3), dataset="test", seconds=1.0)
    service.settings = replace(service.settings, jobs_person_max=9)
    assert refused(submit, service, 4) == "job.too_many"
    service.jobs.cancel(asker(service), job=jobs[0])
    submit(service, 5)


def test_a_job_that_was_over_long_ago_is_forgotten_and_what_it_cost_is_not(folder: Path, service: Service) -> None:
    old, late, waiting = (submit(service, number) for number in range(3))
    for job in (old, late):
        service._runs.run(job)
    change(folder, f"UPDATE job SET over_at = '2020-01-01T00:00:00.000000+00:00' WHERE id = '{old}'")
    service.tend()
    assert {name for (name,) in rows(folder, "SELECT id FROM job")} == {late, waiting}
    assert rows(folder, "SELECT state FROM charge WHERE permit = 'permit m-1'") == [("settled",)] * 2


def test_a_job_whose_end_could_not_be_written_is_ended_without_its_queue(
    folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise Refusal("node.database_lost", cause="Test")

    job = submit(service)
    with monkeypatch.context() as patched:
        patched.setattr(service._runs, "_finished", lost)
        assert refused(service._runs.run, job) == "node.database_lost"
    assert look(service, job).state == "running"
    service.tend()
    assert look(service, job).state == "done"
    assert rows(folder, "SELECT state FROM charge WHERE permit = 'permit m-1'") == [("settled",)]


def test_a_request_sent_again_after_a_crash_finds_its_job(service: Service) -> None:
    before = service.now()
    job = submit(service, 7)
    found = service.jobs.same(asker(service), replace(question(7), permit=None), since=before)
    assert found is not None and found.record.id == job
    assert service.jobs.same(asker(service), question(8), since=before) is None
    assert service.jobs.same(asker(service), question(7), since=service.now()) is None
    assert service.jobs.same(asker(service, OTHER), question(7), since=before) is None


def test_a_job_speaks_with_the_token_that_put_it_and_no_longer_than_that(folder: Path, service: Service) -> None:
    herself = replace(asker(service), stepped_up_at=service.now())
    made = service.sign_in.tokens.make(herself, label="t", scopes=(Scope.READ, Scope.ASK), days=1, allowance=None, now=service.now())
    program = service.sign_in.by_token(made.secret.reveal(), now=service.now())
    good, bad, forgotten = (service.jobs.submit(program, question(number), dataset="test", seconds=0.1).record.id for number in range(3))
    service._runs.run(good)
    change(folder, "UPDATE token SET revoked_at = '2026-01-01T00:00:00.000000+00:00'")
    service._runs.run(bad)
    change(folder, "DELETE FROM token")
    service._runs.run(forgotten)
    assert [look(service, job).state for job in (good, bad, forgotten)] == ["done", "failed", "failed"]
    for job in (bad, forgotten):
        assert refused(service.jobs.answer, asker(service), job=job) == "rights.token_ended"
