"""For every question that the manual accepts, no unit changes what DuckDB gives by more than the kernel claims.

The questions are overheard from the tests of `tests/spec`. Each is executed on a small database D and on D without each of its units,
republished **from the source** under the same key (PRIVACY 3). Caps are lowered, so that a claim too small by one row is met.
"""

import importlib
import itertools
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from inspect import signature
from pathlib import Path
from random import Random
from typing import Any

import duckdb
import pytest

from amana.catalog.domains import BooleanDomain, ChoiceDomain, NumberDomain, TextDomain
from amana.catalog.schema import Schema, Table
from amana.engines.compile import compile_plan
from amana.engines.connection import connect
from amana.engines.duckdb import empty_cells, read_statement
from amana.engines.reference import ReferenceTables, StoredRow
from amana.privacy.bound import Choice, bound
from amana.query.check import check
from amana.query.infer import columns_of
from amana.query.plan import BoundedPlan, Plan, PublicKeys, RowSum, UnitCount
from amana.query.scales import interval
from amana.query.tables import is_private, scans_of
from amana.terms.refusal import Refusal
from tests.databases import _code, _number_occurrences, _ranked, fill
from tests.property.distance import Results, assert_claims_hold
from tests.spec.conftest import CLINIC, TPCH, read
from tests.spec.refusals.test_examples import EXAMPLES
from tests.spec.test_same_as_sql import QUESTIONS

KEY, UNITS, ROWS_MAX = b"the rank key of the tests", 4, 3
OCCURRENCE: dict[str, tuple[str, ...]] = {"visits": ("ward", "region"), "orders": ("o_orderstatus",)}
SPEC = Path(__file__).parents[1] / "spec"


def small(schema: Schema) -> Schema:
    """The same tables with caps that units reach."""
    caps = {table.name: ROWS_MAX + (table.path.parent in OCCURRENCE) for table in schema.tables if table.path}
    tables = (replace(t, rows_per_unit_max=caps.get(t.name, 1), occurrence=OCCURRENCE.get(t.name, ())) for t in schema.tables)
    return replace(schema, tables=tuple(tables))


SCHEMAS = {"clinic": small(CLINIC), "tpch": small(TPCH)}


def overheard() -> list[tuple[str, str]]:
    """Every question that a test of the manual asks: (schema, SQL)."""
    asked = [("clinic", sql) for sql in (*QUESTIONS, *EXAMPLES.values())]
    asked += [("tpch", path.read_text("utf-8")) for path in sorted((SPEC / "tpch").glob("*.sql"))]

    def clinic(sql: str) -> Plan:
        asked.append(("clinic", sql))
        return read(sql, CLINIC)

    for path in sorted(SPEC.glob("*/test_*.py")):
        module = importlib.import_module(".".join(path.relative_to(SPEC.parents[1]).with_suffix("").parts))
        for name, test in vars(module).items():
            if name.startswith("test_") and "clinic" in signature(test).parameters and path.parent.name != "refusals":
                for row in [row.values for mark in getattr(test, "pytestmark", ()) for row in mark.args[1]] or [()]:
                    test(clinic, *row)
    return list(dict.fromkeys(asked))


def pool(domain: Any) -> list[Any]:
    """Few values, so that rows meet in joins; the ends of the domain among them."""
    if isinstance(domain, NumberDomain):
        return [v for v in (domain.low, domain.high, 1, 5, (domain.low + domain.high) // 2) if domain.low <= v <= domain.high]
    if isinstance(domain, ChoiceDomain | BooleanDomain):
        return list(getattr(domain, "members", (True, False)))
    if isinstance(domain, TextDomain):
        return ["pain", "a cat", "7", ""]
    return [domain.low, domain.high, domain.low + timedelta(days=400), domain.low + timedelta(days=700)]


def grown(schema: Schema, seed: int) -> dict[str, list[StoredRow]]:
    """Rows before publishing. The first unit has more rows than any cap, the last its own row alone."""
    chance, serial = Random(seed), itertools.count(1000)
    source: dict[str, list[StoredRow]] = {}

    def row(table: Table, **given: Any) -> StoredRow:
        rest = [c for c in table.columns if c.name not in given]
        return given | {c.name: None if c.domain.nullable and chance.random() < 0.2 else chance.choice(pool(c.domain)) for c in rest}

    for table in schema.tables:
        domains = {column.name: column.domain for column in table.columns}
        keys = [] if table.private else itertools.product(*(dict.fromkeys(pool(domains[name])) for name in table.key))
        source[table.name] = [row(table, **dict(zip(table.key, key, strict=True))) for key in keys if chance.random() < 0.8]
        parents = source[table.path.parent] if table.path is not None else [{}] * (UNITS * table.private)
        for place, parent in enumerate(parents):
            on = {here: parent[there] for here, there in table.path.on} if table.path is not None else {}
            for n in range(1 if not on else (5, 3, 2, 0)[place] if len(parents) == UNITS else chance.randint(0, 2)):
                fresh = {name: n + 1 if isinstance(domains[name], NumberDomain) else next(serial) for name in table.key if name not in on}
                source[table.name].append(row(table, **on, **fresh))
    return source


def owners(source: dict[str, list[StoredRow]], schema: Schema) -> dict[str, list[Any]]:
    """The source key of the unit of each private row."""
    found: dict[str, list[Any]] = {}
    for table in schema.tables:
        if table.unit_column is not None:
            found[table.name] = [row[table.unit_column] for row in source[table.name]]
        elif table.path is not None:
            there = [name for _, name in table.path.on]
            of = {tuple(r[n] for n in there): u for r, u in zip(source[table.path.parent], found[table.path.parent], strict=True)}
            found[table.name] = [of[tuple(row[here] for here, _ in table.path.on)] for row in source[table.name]]
    return found


def published(source: dict[str, list[StoredRow]], schema: Schema, *, without: Any = None) -> ReferenceTables:
    """The store of the source, or of the source without one unit: its ranks follow from the key and from each unit's own rows."""
    of, stored = owners(source, schema), {}
    units = sorted({unit for held in of.values() for unit in held} - {without}, key=lambda unit: _code(KEY, "units", unit))
    for table in schema.tables:
        rows: list[StoredRow] = [] if table.private else list(source[table.name])
        for number, unit in enumerate(units if table.private else ()):
            held = [row for row, owner in zip(source[table.name], of[table.name], strict=True) if owner == unit]
            kept = _ranked(held, KEY, table.name, unit)[: table.rows_per_unit_max]
            rows += [{**row, "u": number, "r": rank} for rank, row in enumerate(kept, start=1)]
        _number_occurrences(rows, table.occurrence)
        stored[table.name] = rows
    return stored


def choices(plan: Plan, schema: Schema, chance: Random) -> Iterator[Choice]:
    """No bound but the caps; then some of any kind."""
    columns, scans = columns_of(plan.source, schema), [scan for scan in scans_of(plan.source) if is_private(scan, schema)]
    yield Choice()
    for _ in range(3):
        declared = [(scan.alias, name) for scan in scans for name in OCCURRENCE.get(scan.table, ())]
        reaches = [max(map(abs, interval(total, columns)[1:])) if isinstance(total, RowSum) else None for total in plan.sums]
        clamps = tuple((-chance.randint(0, r), chance.randint(0, r)) if r and chance.random() < 0.6 else None for r in reaches)
        keep = tuple((scan.alias, chance.randint(1, ROWS_MAX)) for scan in scans if chance.random() < 0.4)
        within = tuple((alias, name, chance.randint(1, 2)) for alias, name in declared if chance.random() < 0.3)
        left, units = chance.choice((None, None, 1, 2)), chance.random() < 0.5
        yield Choice(keep=keep, within=within, clamps=clamps if chance.random() < 0.7 else (), left=left, witness_units=units)


def results(connection: duckdb.DuckDBPyConnection, asked: BoundedPlan, schema: Schema, catalog: str) -> Results:
    found = {} if asked.plan.keys else {(): empty_cells(asked)}
    for statement in compile_plan(asked, schema=schema, catalog=catalog):
        read_statement(connection, statement, asked, found, groups_max=10**6)
    allowed = set(asked.keys.combinations) if isinstance(asked.keys, PublicKeys) else found.keys()
    return {key: tuple(cells) for key, cells in found.items() if key in allowed}


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[duckdb.DuckDBPyConnection]:
    """D stands in catalogue `<schema>0`, D without its i-th unit in `<schema>i`."""
    connection = connect(tmp_path_factory.mktemp("spill"), memory_bytes_max=2**30, threads=1)
    for name, schema in SCHEMAS.items():
        source = grown(schema, 7)
        units = {unit for held in owners(source, schema).values() for unit in held}
        for place, gone in enumerate((None, *sorted(units))):
            connection.execute(f"ATTACH ':memory:' AS {name}{place}")
            fill(connection, published(source, schema, without=gone), catalog=f"{name}{place}", schema=schema)
    yield connection
    connection.close()


def assert_cells_hold(asked: BoundedPlan, one: Results, other: Results) -> None:
    """L-infinity where it is claimed, and the number of cells that change."""
    zeros = (0,) * len(asked.sums)
    for index, total in enumerate(asked.sums):
        if isinstance(total.sum, RowSum | UnitCount):
            gaps = [one.get(key, zeros)[index] - other.get(key, zeros)[index] for key in one.keys() | other.keys()]  # type: ignore[operator]
            assert sum(gap != 0 for gap in gaps) <= total.cells, ("cells", total)
            if total.per_unit or isinstance(total.sum, UnitCount):
                assert all(total.low <= gap <= total.high for gap in gaps), ("clamp", gaps, total)


@pytest.mark.slow
def test_no_question_of_the_manual_lets_a_unit_change_more_than_is_claimed(opened: duckdb.DuckDBPyConnection) -> None:
    chance, compared, moved = Random(3), 0, 0
    for name, sql in overheard():
        schema = SCHEMAS[name]
        with suppress(Refusal):  # queries of TPC-H that are refused, and those of public tables alone
            plan = check(read(sql, schema), schema)
            for choice in choices(plan, schema, chance):
                asked = bound(plan, schema, choice=choice, groups_max=10_000 if plan.sets or not plan.keys else chance.choice((8, 10_000)))
                whole = results(opened, asked, schema, f"{name}0")
                for place in range(1, UNITS + 1):
                    less = results(opened, asked, schema, f"{name}{place}")
                    try:
                        assert_claims_hold(asked, whole, less)
                        assert_cells_hold(asked, whole, less)
                    except AssertionError as broken:
                        raise AssertionError(f"{sql}\n{choice}\nwithout unit {place}: {broken}") from broken
                    moved += whole != less
                compared += 1
    assert compared > 1400 and moved > 2 * compared, "questions that find no rows would show nothing"
