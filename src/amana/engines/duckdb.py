"""The default engine: DuckDB over one published, encrypted version, kept open and warm between questions."""

import secrets
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any, TypeAlias, final

import duckdb
import structlog

from amana.catalog.domains import ChoiceDomain, Domain
from amana.catalog.schema import Schema
from amana.engines.compile import CellColumn, Shared, Statement, compile_plan, compile_shared
from amana.engines.connection import SPILL_BYTES_MAX, attach_store, connect, interruptible, seal
from amana.engines.engine import Cell, SumTable
from amana.query.plan import BinCount, BoundedPlan, KeyValue
from amana.terms.exact import Exact
from amana.terms.refusal import Fault

CATALOG = "store"
EPOCH = date(1970, 1, 1)
FETCH_ROWS = 10_000
INTERRUPT_AGAIN_S = 0.05
LOG = structlog.get_logger("amana.engine")
Found: TypeAlias = dict[tuple[KeyValue, ...], list[Cell]]


@final
class DuckDbEngine:
    """An engine over one store file. Threads may run plans at the same time, each on a cursor of its own.

    Units: `memory_bytes_max`, `spill_bytes_max` in bytes. Errors: StoreUnreadableError when the file cannot be opened with that key.
    """

    def __init__(
        self,
        store: Path,
        *,
        key: str,
        schema: Schema,
        memory_bytes_max: int,
        threads: int,
        folder_spill: Path,
        spill_bytes_max: int = SPILL_BYTES_MAX,
    ) -> None:
        self._schema = schema
        self._cursors = threading.Lock()
        self._running = 0
        self._connection = connect(folder_spill, memory_bytes_max=memory_bytes_max, threads=threads, spill_bytes_max=spill_bytes_max)
        try:
            attach_store(self._connection, store, key=key, alias=CATALOG)
            seal(self._connection)
        except BaseException:
            self._connection.close()
            raise

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        """See `Engine.run`. The answer is the same for any number of threads: everything added is an integer."""
        return self.run_all((bounded,), groups_max=groups_max, seconds_max=seconds_max)[0]

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        """See `Engine.run_all`."""
        try:
            with self._cursor(seconds_max) as cursor, interruptible(cursor):
                found: list[Found] = [{} if bounded.plan.keys else {(): empty_cells(bounded)} for bounded in plans]
                shared, alone = compile_shared(plans, schema=self._schema, catalog=CATALOG) if len(plans) > 1 else ((), (0,))
                for place in alone:
                    for statement in compile_plan(plans[place], schema=self._schema, catalog=CATALOG):
                        read_statement(cursor, statement, plans[place], found[place], groups_max=groups_max)
                for each in shared:
                    read_shared(cursor, each, plans, found, groups_max=groups_max)
                return tuple(Exact(SumTable(cells={key: tuple(cells) for key, cells in one.items()})) for one in found)
        except Exception as cause:  # noqa: BLE001 - whatever went wrong, outside it is a fault and nothing more
            fault = Fault(id=secrets.token_hex(8))
            # a library's message may quote values of rows: only the kind of the failure is kept
            LOG.error("engine.fault", fault=fault.id, cause=type(cause).__name__)  # noqa: TRY400 - hence no traceback
        raise fault

    def sql_of(self, bounded: BoundedPlan) -> tuple[str, ...]:
        """The statements that `run` would execute, for reading."""
        return tuple(statement.sql for statement in compile_plan(bounded, schema=self._schema, catalog=CATALOG))

    @property
    def running(self) -> int:
        """How many plans run now."""
        with self._cursors:
            return self._running

    def close(self) -> None:
        """Close the store; running plans end as faults."""
        self._connection.close()

    @contextmanager
    def _cursor(self, seconds_max: float) -> Generator[duckdb.DuckDBPyConnection]:
        """A cursor that is interrupted, as often as it takes, once the time is over."""
        with self._cursors:
            cursor = self._connection.cursor()
            self._running += 1
        done = threading.Event()

        def watch() -> None:
            wait_s = seconds_max
            while not done.wait(wait_s):
                cursor.interrupt()
                wait_s = INTERRUPT_AGAIN_S

        watcher = threading.Thread(target=watch, name="amana-engine-deadline", daemon=True)
        watcher.start()
        try:
            yield cursor
        finally:
            done.set()
            watcher.join()
            cursor.close()
            with self._cursors:
                self._running -= 1


@final
class GroupsTooManyError(Exception):
    """More groups than public facts allow."""


def empty_cells(bounded: BoundedPlan) -> list[Cell]:
    return [(0,) * total.sum.bins if isinstance(total.sum, BinCount) else 0 for total in bounded.sums]


def read_statement(
    cursor: duckdb.DuckDBPyConnection,
    statement: Statement,
    bounded: BoundedPlan,
    found: Found,
    *,
    groups_max: int,
) -> None:
    """Add what one statement finds to the cells."""
    cursor.execute(statement.sql)
    width = len(statement.keys)
    while rows := cursor.fetchmany(FETCH_ROWS):
        for row in rows:
            key = tuple(_key(value, domain) for value, domain in zip(row[:width], statement.keys, strict=True))
            _add(row, statement.cells, _cells_at(key, bounded, found, groups_max=groups_max))


def read_shared(
    cursor: duckdb.DuckDBPyConnection, shared: Shared, plans: Sequence[BoundedPlan], found: Sequence[Found], *, groups_max: int
) -> None:
    """Add what a statement for several plans finds to the cells of each."""
    statement = shared.statement
    cursor.execute(statement.sql)
    while rows := cursor.fetchmany(FETCH_ROWS):
        for row in rows:
            place, at, cells = shared.sets[row[-1]]
            key = tuple(_key(row[column], statement.keys[column]) for column in at)
            _add(row, cells, _cells_at(key, plans[place], found[place], groups_max=groups_max))


def _cells_at(key: tuple[KeyValue, ...], bounded: BoundedPlan, found: Found, *, groups_max: int) -> list[Cell]:
    cells = found.get(key)
    if cells is None:
        cells = found[key] = empty_cells(bounded)
        if len(found) > groups_max:
            raise GroupsTooManyError
    return cells


def _add(row: Sequence[Any], read: Sequence[CellColumn], cells: list[Cell]) -> None:
    for cell in read:
        if cell.bins:
            cells[cell.index] = _counts(row[cell.bin] or (), row[cell.column] or (), cell.bins)
            continue
        value = row[cell.column] or 0
        cells[cell.index] = cell.factor * value - (cell.centre * row[cell.count] if cell.count is not None else 0)


def _counts(places: Sequence[int | None], counts: Sequence[int], bins: int) -> tuple[int, ...]:
    """The counts of all bins, in order, from those that hold rows."""
    found = [0] * bins
    for place, count in zip(places, counts, strict=True):
        if place is not None:
            found[place] = count
    return tuple(found)


def _key(value: object, domain: Domain) -> KeyValue:
    match value:
        case date():
            return (value - EPOCH).days
        case int() if isinstance(domain, ChoiceDomain):
            return domain.members[value]
        case None | bool() | int() | str():
            return value
        case _:
            raise TypeError(type(value).__name__)
