"""What a published node tells the public log: promise before use, refused questions, and jobs up to their charge."""

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from amana.log.entries import read_entry
from amana.log.look import find_entry, published_now
from amana.log.read import FolderReader
from amana.node import openings
from amana.node.openings import Vault
from amana.node.service import Service, open_service
from amana.policy.transitions import PermitEvent
from amana.terms.codes import CODES
from amana.terms.refusal import Fault, Refusal
from tests.clinic import OTHER, OWNER, PERMIT, asker, change, database_of, publish_clinic, question, rows
from tests.log_entries import history_of

pytestmark = pytest.mark.slow


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("AMANA_DATABASE", database_of(os.environ.get("AMANA_TEST_DATABASE", "sqlite")))
    monkeypatch.setenv("AMANA_DEADLINE_BASE_MS", "1500")
    publish_clinic(tmp_path / "node")
    return tmp_path / "node"


@pytest.fixture
def service(folder: Path) -> Iterator[Service]:
    with closing(open_service(folder)) as opened:
        yield opened


def told(folder: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in lines(folder)]


def lines(folder: Path) -> list[bytes]:
    """Every entry of the node's log, as it stands there."""
    reader = FolderReader(folder / "log")
    found = [find_entry(reader, index=index) for index in range(published_now(reader)[1].size)]
    written = [each.entry for each in found if each is not None]
    assert all(read_entry(line) for line in written)
    return written


def test_the_promise_stands_before_any_use_and_the_version_when_it_serves(folder: Path, service: Service) -> None:
    kinds = [entry["kind"] for entry in told(folder)]
    uses = kinds.count("use")
    assert kinds == ["key", "population", *["use"] * uses, "dataset", "listing"] and uses > 0
    history_of(lines(folder)[1:])
    assert {entry["verb"] for entry in told(folder) if entry["kind"] == "use"} == {"profile"}
    service.ask(asker(service), asked=question())
    assert [entry["kind"] for entry in told(folder)] == [*kinds, "use"], "an opened node tells neither of them again"


def test_a_node_from_before_the_log_tells_promise_and_version_before_the_next_use(folder: Path) -> None:
    for name in ("log", "log.parts"):
        shutil.rmtree(folder / name, ignore_errors=True)
    for name in ("log.journal", "log.spent", "keys/log.key", "keys/log.signed"):
        (folder / name).unlink(missing_ok=True)
    change(folder, "DELETE FROM outbox_once")
    with closing(open_service(folder)) as service:
        service.ask(asker(service), asked=question())
    assert [entry["kind"] for entry in told(folder)] == ["key", "population", "dataset", "use"]


def test_a_question_that_right_or_budget_refuse_is_told_and_one_that_is_wrong_is_not(folder: Path, service: Service) -> None:
    before = len(told(folder))
    dear, wrong = replace(question(), share="60%"), replace(question(), sql="SELECT nothing FROM visits")
    codes = []
    for who, asked in ((OWNER, dear), (OTHER, question(1)), (OWNER, wrong)):
        with pytest.raises(Refusal) as refused:
            service.ask(asker(service, who), asked=asked)
        codes.append(refused.value.code)
    assert codes[:2] == ["budget.permit_exhausted", "rights.member_needed"] and not codes[2].startswith(("budget", "rights"))
    entries = told(folder)[before:]
    assert [(entry["kind"], entry["code"], entry["permit"]) for entry in entries] == [
        ("refused", CODES[code].number, PERMIT) for code in codes[:2]
    ]
    with service.database.reading() as run:
        for entry, who in zip(entries, (OWNER, OTHER), strict=True):
            sealed = entry["sealed"]
            assert isinstance(sealed, dict)
            opened = openings.get(run, sealed["person"], vault=Vault(service._wired.store.digest_key))
            assert opened is not None and opened.value == who


def test_a_refusal_that_cannot_be_told_is_a_fault(folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def lost(*_: object, **__: object) -> None:
        raise Refusal("node.database_lost", cause="test")

    monkeypatch.setattr(openings, "put", lost)
    with pytest.raises(Fault):
        service.ask(asker(service, OTHER), asked=question())


def test_a_refusal_that_the_log_does_not_take_now_is_told_later(folder: Path, service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: bytes, **__: object) -> None:
        raise Fault(id="disk full")

    with monkeypatch.context() as patched:
        patched.setattr(service._wired.log, "append", full)
        with pytest.raises(Refusal, match="member_needed"):
            service.ask(asker(service, OTHER), asked=question())
        assert [entry["kind"] for entry in told(folder)][-1] == "listing"
    service.tend()
    assert [entry["kind"] for entry in told(folder)][-1] == "refused"


def test_nothing_of_a_pause_is_told(folder: Path, service: Service) -> None:
    change(folder, "UPDATE account SET faults = 2 WHERE name = 'permit m-1'")
    before = told(folder)
    job = service.jobs.submit(asker(service), question(3), dataset="test", seconds=0.1).record.id
    for _ in range(2):
        with pytest.raises(Refusal, match="permit_paused|permit.suspended"):
            service.ask(asker(service), asked=question())
    assert rows(folder, "SELECT state FROM permit") == [("suspended",)]
    service._runs.run(job)
    assert service.jobs.job(asker(service), job=job).state == "failed"
    service.permits.note_spending(PERMIT, event=PermitEvent.PAUSE)
    assert [(entry["kind"], entry["event"]) for entry in told(folder)[len(before) :]] == [("run", "receive")]


def test_a_job_is_told_up_to_its_charge(folder: Path, service: Service) -> None:
    before = len(told(folder))
    done, cancelled, refused = (
        service.jobs.submit(asker(service), asked, dataset="test", seconds=1.5).record.id
        for asked in (question(1), question(2), replace(question(3), share="60%"))
    )
    service.jobs.cancel(asker(service), job=cancelled)
    service._runs.run(done)
    service._runs.run(refused)
    assert service.jobs.job(asker(service), job=done).state == "done"
    entries = told(folder)[before:]
    code = CODES["budget.permit_exhausted"].number
    assert [(entry["run"], entry["event"], entry["code"]) for entry in entries if entry["kind"] == "run"] == [
        (done, "receive", 0),
        (cancelled, "receive", 0),
        (refused, "receive", 0),
        (cancelled, "cancel", 0),
        (done, "admit", 0),
        (refused, "admit", 0),
        (refused, "refuse", code),
    ]
    assert [entry["kind"] for entry in entries].count("use") == 1
    assert {entry["kind"] for entry in entries} <= {"run", "use"}, "a job's own entry says that it was refused"
    shown = b"".join(lines(folder)).decode()
    assert "SELECT" not in shown and OWNER not in shown
