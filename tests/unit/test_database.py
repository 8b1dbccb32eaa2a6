"""The node's database: the same schema on SQLite and PostgreSQL, changed in numbered steps, refused when it is not known."""

import multiprocessing
import os
import shutil
import tempfile
import threading
from datetime import UTC, datetime
from pathlib import Path

import pytest

from amana.node import migrations
from amana.node.database import open_database
from amana.node.migrations import Step, migrate, steps
from amana.node.workers import Worker
from amana.terms.database import DuplicateError
from amana.terms.refusal import Refusal
from tests.clinic import ROWS
from tests.parts import connect

NOW = datetime(2025, 1, 1, tzinfo=UTC)
APPLY = "INSERT INTO migration (number, name, digest, applied_at) VALUES (:number, :name, '', '')"


@pytest.mark.usefixtures("each_database")
def test_a_schema_is_brought_up_to_date_once(tmp_path: Path) -> None:
    database = connect(tmp_path / "one")
    assert migrate(database, now=NOW) == 0
    with database.reading() as run:
        assert [number for (number,) in run.rows("SELECT number FROM migration ORDER BY number", {})] == [each.number for each in steps()]
    database.close()


@pytest.mark.usefixtures("each_database")
def test_a_step_that_fails_leaves_nothing_of_any_step(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    database = connect(tmp_path / "one")
    further = (
        Step(number=len(steps()) + 1, name="good", sql="CREATE TABLE good (x INTEGER)"),
        Step(number=len(steps()) + 2, name="bad", sql="CREATE"),
    )
    known = steps()
    monkeypatch.setattr(migrations, "steps", lambda: (*known, *further))
    with pytest.raises(Exception, match="(?i)syntax|incomplete"):
        migrate(database, now=NOW)
    monkeypatch.setattr(migrations, "steps", lambda: (*known, further[0]))
    assert migrate(database, now=NOW) == 1
    database.close()


@pytest.mark.usefixtures("each_database")
def test_a_table_that_is_made_anew_keeps_its_rows_and_what_refers_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    known = steps()
    (last,) = (each for each in known if each.name == "schema/returned.sql")
    monkeypatch.setattr(migrations, "steps", lambda: known[: last.number - 1])
    database = connect(tmp_path / "one")
    notice = "INSERT INTO notice (id, person, at, kind, project, permit, mail) VALUES ('n-1', 'p-owner', '2', 'permit_grant', 'p-1', 'm-1', 'none')"
    with database.transaction() as run:
        for statement in (*ROWS, notice):
            run.change(statement, {})
        before = run.rows("SELECT * FROM permit", {})
    monkeypatch.setattr(migrations, "steps", lambda: known)
    assert migrate(database, now=NOW) == len(known) - last.number + 1
    with database.reading() as run:
        assert run.rows("SELECT * FROM permit", {}) == before != []
        assert run.rows("SELECT id, person, at, kind, project, permit, mail, commitment FROM notice", {}) == [
            ("n-1", "p-owner", "2", "permit_grant", "p-1", "m-1", "none", None)
        ]
    for statement, wrong in (
        ("DELETE FROM permit", "foreign key"),
        ("UPDATE permit SET state = 'lost'", "check"),
        ("UPDATE permit SET state = 'returned'", "check"),
        ("UPDATE permit SET granted_by = applicant", "check"),
        ("UPDATE notice SET permit = 'm-2'", "foreign key"),
        ("UPDATE notice SET project = NULL", "check"),
        ("UPDATE notice SET commitment = 'training'", "check"),
    ):
        with pytest.raises(Exception, match=f"(?i){wrong}"), database.transaction() as run:
            run.change(statement, {})
    with database.transaction() as run:
        assert run.change("UPDATE permit SET state = 'returned', granted_by = NULL", {}) == 1
    with pytest.raises(DuplicateError), database.transaction() as run:
        run.change(
            "INSERT INTO permit SELECT 'm-2', project, applicant, project_version, dataset, population, custodian, state, share_asked,"
            " cap_nrho, cap_delta, valid_until, granted_by, reasons FROM permit",
            {},
        )
    database.close()


@pytest.mark.usefixtures("each_database")
@pytest.mark.parametrize("change", ["UPDATE migration SET digest = 'x' WHERE number = 1", APPLY])
def test_a_database_of_another_version_is_refused(tmp_path: Path, change: str) -> None:
    database = connect(tmp_path / "one")
    with database.transaction() as run:
        run.change(change, {"number": 999, "name": "later"} if ":number" in change else {})
    with pytest.raises(Refusal, match="schema_unknown"):
        migrate(database, now=NOW)
    database.close()


@pytest.mark.usefixtures("each_database")
def test_a_transaction_that_fails_leaves_nothing_and_a_taken_key_is_told(tmp_path: Path) -> None:
    database = connect(tmp_path / "one")
    values = {"number": 1000, "name": "x"}
    with pytest.raises(ZeroDivisionError), database.transaction() as run:
        fail(run.change(APPLY, values))
    with database.transaction() as run:
        assert run.change(APPLY, values) == 1
    with pytest.raises(DuplicateError), database.transaction() as run:
        run.change(APPLY, values)
    database.close()


def test_a_server_that_does_not_answer_is_a_refusal_without_its_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amana.node.database.BUSY_S", 0.2)
    with pytest.raises(Refusal, match="database_lost") as refused:
        open_database("postgresql://me@127.0.0.1:1/none", folder=Path())
    assert "127" not in str(refused.value)


@pytest.mark.slow
def test_a_server_that_ends_is_a_refusal_and_serves_again_when_it_is_back(tmp_path: Path) -> None:
    pgserver = pytest.importorskip("pgserver")
    if os.environ.get("AMANA_TEST_POSTGRES"):
        pytest.skip("only a server of our own may be stopped")
    place = tempfile.mkdtemp(prefix="amana-pg-")  # its server is another user, who may not enter the folders of pytest
    server = pgserver.get_server(place)
    database = open_database(server.get_uri(), folder=tmp_path)
    migrate(database, now=NOW)
    server.cleanup()
    with pytest.raises(Refusal, match="database_lost"), database.transaction() as run:
        run.rows("SELECT 1", {})
    again = pgserver.get_server(place)
    with database.reading() as run:
        assert run.rows("SELECT CAST(COUNT(*) AS INTEGER) FROM migration", {}) == [(len(steps()),)]
    database.close()
    again.cleanup()
    shutil.rmtree(place, ignore_errors=True)


def test_a_disk_without_room_is_a_refusal(tmp_path: Path) -> None:
    database = open_database("sqlite", folder=tmp_path)
    migrate(database, now=NOW)
    with database.transaction() as run:
        run.rows("PRAGMA max_page_count = 1", {})
    with pytest.raises(Refusal, match="database_lost"), database.transaction() as run:
        run.change(APPLY, {"number": 999, "name": "x" * 10_000_000})
    database.close()


def fail(changed: int) -> None:
    raise ZeroDivisionError


def hold(folder: str, told: "multiprocessing.queues.Queue[str]") -> None:
    worker = Worker(Path(folder))
    told.put(worker.name)
    threading.Event().wait()


def test_a_killed_worker_is_known_to_have_ended(tmp_path: Path) -> None:
    told: multiprocessing.Queue[str] = multiprocessing.get_context("spawn").Queue()
    child = multiprocessing.get_context("spawn").Process(target=hold, args=(str(tmp_path), told))
    child.start()
    name = told.get(timeout=30)
    own = Worker(tmp_path)
    assert own.alive(name)
    child.kill()
    child.join()
    assert not own.alive(name) and not own.alive("nobody")
    own.close()
