"""Ctrl-C while the database works ends the work at once, as an interrupt: no fault, no failure of a library."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from amana.engines import duckdb as engine_room
from amana.engines.connection import connect
from amana.engines.duckdb import DuckDbEngine
from amana.engines.prepare_progress import Progress, Stage, Step, quiet, stage_of, watched
from amana.privacy.bound import Choice, bound
from amana.query.check import check
from amana.query.parse import parse
from tests.databases import SCHEMA, grown, republish, write_store

LONG = "SELECT sum(length(sha256(CAST(a.range * b.range AS VARCHAR)))) FROM (FROM many) a, range(400) b"
"""Half a minute or more, in tasks of several threads."""
PRESSED_S = 0.3
SOON_S = 5.0


@pytest.fixture
def pressed() -> Iterator[threading.Timer]:
    """Ctrl-C, once this is started and a moment has passed. What runs the tests may have turned it off."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    timer = threading.Timer(PRESSED_S, os.kill, (os.getpid(), signal.SIGINT))
    yield timer
    timer.cancel()
    signal.signal(signal.SIGINT, before)


def told(stage: Stage) -> None:
    """A bar that nobody sees."""


@pytest.mark.parametrize("progress", [quiet, told])
def test_ctrl_c_ends_a_step_of_a_publishing_at_once(tmp_path: Path, pressed: threading.Timer, progress: Progress) -> None:
    connection = connect(tmp_path, memory_bytes_max=2**29, threads=2)
    connection.execute("CREATE TEMP TABLE many AS FROM range(500_000)")
    connection.execute("BEGIN TRANSACTION")
    begun = time.monotonic()
    pressed.start()
    with pytest.raises(KeyboardInterrupt), watched(stage_of(Step.READ, tables=1), progress, connection=connection):
        connection.execute(f"CREATE TEMP TABLE made AS {LONG}")
    connection.rollback()
    connection.close()
    assert time.monotonic() - begun < SOON_S


def test_ctrl_c_ends_a_question_as_an_interrupt_and_not_as_a_fault(
    tmp_path: Path, pressed: threading.Timer, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_long(cursor: duckdb.DuckDBPyConnection, *_: object, **__: object) -> None:
        cursor.execute(LONG.replace("many", "range(500_000)"))

    monkeypatch.setattr(engine_room, "read_statement", read_long)
    write_store(republish(grown(1, patients=3), b"key"), tmp_path / "store", key="secret", schema=SCHEMA)
    engine = DuckDbEngine(
        tmp_path / "store", key="secret", schema=SCHEMA, memory_bytes_max=2**28, threads=2, folder_spill=tmp_path / "spill"
    )
    asked = bound(check(parse("SELECT COUNT(*) AS n FROM visits", SCHEMA), SCHEMA), SCHEMA, choice=Choice(), groups_max=10)
    begun = time.monotonic()
    pressed.start()
    with pytest.raises(KeyboardInterrupt):
        engine.run(asked, groups_max=10, seconds_max=60)
    engine.close()
    assert time.monotonic() - begun < SOON_S
