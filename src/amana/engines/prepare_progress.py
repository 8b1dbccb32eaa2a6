"""How far a publishing is, for the custodian's own terminal: true progress, which nobody else may see (PRIVACY 8)."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from enum import Enum
from threading import Event, Thread
from typing import TypeAlias, final

import duckdb

from amana.engines.connection import interruptible

LOOK_EVERY_S = 0.2


class Step(Enum):
    """What is being done; `READ` and `WRITE` once for each table."""

    READ = "read"
    UNITS = "units"
    WRITE = "write"
    PROFILE = "profile"
    SWITCH = "switch"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A step that has begun: the `number`-th of `count`. `table` is empty for a step of all tables. `share`: the part of the step
    that is done, None where the database cannot tell."""

    step: Step
    table: str
    number: int
    count: int
    share: float | None = None


Progress: TypeAlias = Callable[[Stage], None]


def quiet(stage: Stage) -> None:
    """Tells nobody."""


def stage_of(step: Step, *, tables: int, table: str = "", place: int = 0) -> Stage:
    """The stage of that step. `place`: of the table, from 0."""
    before = {
        Step.READ: place,
        Step.UNITS: tables,
        Step.WRITE: tables + 1 + place,
        Step.PROFILE: 2 * tables + 1,
        Step.SWITCH: 2 * tables + 2,
    }
    return Stage(step=step, table=table, number=before[step] + 1, count=2 * tables + 3)


@contextmanager
def watched(stage: Stage, progress: Progress, *, connection: duckdb.DuckDBPyConnection) -> Generator[None, None, None]:
    """Tell that the stage has begun and, while statements run on the connection, what share of them is done."""
    progress(stage)
    if progress is quiet:
        with interruptible(connection):
            yield
        return
    ended = Event()

    def look() -> None:
        while not ended.wait(LOOK_EVERY_S):
            percent = connection.query_progress()
            if percent >= 0:  # -1 while nothing is known
                progress(replace(stage, share=min(1.0, percent / 100)))

    watcher = Thread(target=look, daemon=True)
    watcher.start()
    try:
        with interruptible(connection):
            yield
    finally:
        ended.set()
        watcher.join()
