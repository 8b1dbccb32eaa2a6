"""From raw files to one encrypted version file: typed, on the grid, bounded, with dense units and secret ranks.

Everything here is unit-wise: taking all rows of one unit out of the files changes no stored row of another, nor its rank.
The layout is docs/decisions/0001-store-layout.md. SQL is assembled here from rules and file schemas, never from rows
(except members of public tables, whose rows concern nobody).
"""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import final

import duckdb

from amana.catalog.domains import ChoiceDomain, KeyDomain, TextDomain
from amana.catalog.rules import Rules, members_from_rows
from amana.catalog.schema import Column, Dataset, Schema, Table
from amana.engines.connection import create_store, identifier, storage_failed
from amana.engines.prepare_columns import enum_of, is_day, stored_type, year_of
from amana.engines.prepare_files import Form, TableFile, open_files
from amana.engines.prepare_postgres import ALIAS
from amana.engines.prepare_progress import Progress, Step, quiet, stage_of, watched
from amana.engines.prepare_rank import Order, Written, message
from amana.engines.prepare_report import Count, TableReport
from amana.engines.prepare_stage import Staged, stage
from amana.terms.refusal import Refusal

PUBLIC_MEMBERS_MAX = 20_000
INTEGER_UNITS_MAX = 2**31


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """`dataset` has the members of its public tables; `reports` in the order of the tables."""

    dataset: Dataset
    reports: tuple[TableReport, ...]


def prepare(
    rules: Rules,
    files: Sequence[Path | str],
    *,
    connection: duckdb.DuckDBPyConnection,
    target: Path,
    target_key: str,
    rank_key: bytes,
    progress: Progress = quiet,
) -> Prepared:
    """Write `target`, a new encrypted file that holds every table of the rules.

    `connection` must be fresh, may read files, and spills encrypted. Errors: `files.*` and `publish.*` refusals; on any
    failure the target is not complete and the caller removes it.
    """
    opened = open_files(rules, files, connection=connection)
    for setting in ("preserve_insertion_order = false", "enable_progress_bar = true", "enable_progress_bar_print = false"):
        connection.execute(f"SET {setting}")
    staged = _stage_all(rules, opened, progress, connection)
    create_store(connection, target, key=target_key, alias="made")
    private = {name: each for name, each in staged.items() if each.table.private}
    with watched(stage_of(Step.UNITS, tables=len(staged)), progress, connection=connection):
        _number_units(private, rules, rank_key, connection)
    reports: dict[str, TableReport] = {}
    tables: dict[str, Table] = {}
    public = [name for name in staged if name not in private]
    for place, name in enumerate((*_parents_first(private), *public)):
        with watched(stage_of(Step.WRITE, tables=len(staged), table=name, place=place), progress, connection=connection):
            if name in private:
                tables[name], reports[name] = private[name].table, _write_private(private[name], private, rank_key, connection)
            else:
                tables[name], reports[name] = _write_public(staged[name], connection)
    connection.execute("DETACH made")
    schema = Schema(unit=rules.dataset.schema.unit, tables=tuple(tables[name] for name in staged))
    return Prepared(dataset=replace(rules.dataset, schema=schema), reports=tuple(reports[name] for name in staged))


def _stage_all(rules: Rules, opened: Sequence[TableFile], progress: Progress, connection: duckdb.DuckDBPyConnection) -> dict[str, Staged]:
    """Every table read and typed, those of a database as they were at one moment."""
    keys_as_text = any(column.key_text for reading in rules.readings for column in reading.columns)
    staged: dict[str, Staged] = {}
    connection.execute("BEGIN TRANSACTION")  # one transaction here is one snapshot there
    try:
        for place, file in enumerate(opened):
            name, reading = file.table.name, rules.reading(file.table.name)
            with watched(stage_of(Step.READ, tables=len(opened), table=name, place=place), progress, connection=connection):
                staged[name] = stage(file, reading, f"stage_{place}", keys_as_text=keys_as_text, connection=connection)
        _let_go(opened, connection)
    except BaseException:
        # Closing with a transaction open on a server that is gone would end the process.
        with suppress(duckdb.Error):
            connection.rollback()
        raise
    return staged


def _let_go(opened: Sequence[TableFile], connection: duckdb.DuckDBPyConnection) -> None:
    """End the snapshot; nothing is read from the database any more."""
    relations = [file.name for file in opened if file.form is Form.POSTGRES]
    try:
        connection.execute("COMMIT")
        if relations:
            connection.execute(f"DETACH {ALIAS}")
    except duckdb.Error as error:
        if not relations or storage_failed(error):
            raise
        raise Refusal("files.postgres_lost", relation=relations[-1]) from None


# --- units and ranks ---


def _number_units(private: Mapping[str, Staged], rules: Rules, rank_key: bytes, connection: duckdb.DuckDBPyConnection) -> None:
    """Table `units` (k, u): each source key of a unit and its dense number, in an order that carries nothing."""
    parts = [
        f"SELECT {identifier('c_' + each.table.unit_column)} AS k FROM {each.name} s WHERE {each.keep}"
        for each in private.values()
        if each.table.unit_column is not None
    ]
    if not parts:
        assert all(rules.reading(name).row_is_unit for name in private)
        return
    order = Order(rank_key, purpose="units").of(message([Written(sql="t", text=True, nullable=False)]))
    connection.execute(f"CREATE TEMP TABLE keys AS SELECT DISTINCT CAST(k AS VARCHAR) AS t, k FROM ({' UNION ALL '.join(parts)})")
    units = int(_one(connection, "SELECT count(*) FROM keys"))
    kind = "INTEGER" if units < INTEGER_UNITS_MAX else "BIGINT"
    numbered = f"CAST(row_number() OVER (ORDER BY {order}) - 1 AS {kind})"
    connection.execute(f"CREATE TEMP TABLE units AS SELECT k, {numbered} AS u FROM keys")


def _parents_first(private: Mapping[str, Staged]) -> list[str]:
    ordered: list[str] = []
    while len(ordered) < len(private):
        ready = [n for n, s in private.items() if n not in ordered and (s.table.path is None or s.table.path.parent in ordered)]
        assert ready, "rules refuse circles"
        ordered += ready
    return ordered


def _write_private(each: Staged, private: Mapping[str, Staged], rank_key: bytes, connection: duckdb.DuckDBPyConnection) -> TableReport:
    table = each.table
    counts = list(each.counts)
    kept = int(_one(connection, f"SELECT count(*) FROM {each.name} s WHERE {each.keep}"))
    if table.key:
        _check_key(each, connection)
    ranked = "rank_" + each.name
    _rank(each, private, ranked, rank_key, connection)
    resolved, units, largest = (
        int(value or 0)
        for value in connection.execute(
            f"SELECT coalesce(sum(n), 0), count(*), max(n) FROM (SELECT count(*) AS n FROM {ranked} GROUP BY u)"
        ).fetchall()[0]
    )
    assert resolved <= kept, "each row has one unit"
    if resolved < kept:
        counts.append(Count(event="no parent", column="", rows=kept - resolved, dropped=True))
    if largest > table.rows_per_unit_max:
        beyond = int(_one(connection, f"SELECT count(*) FROM {ranked} WHERE r > {table.rows_per_unit_max}"))
        connection.execute(f"DELETE FROM {ranked} WHERE r > {table.rows_per_unit_max}")
        counts.append(Count(event="beyond cap", column="", rows=beyond, dropped=True))
        resolved -= beyond
    if resolved == 0:
        raise Refusal("publish.no_rows_left", table=table.name, rows=each.rows_read)
    occurrence = "".join(
        f", CAST(row_number() OVER (PARTITION BY k.u, s.{identifier('c_' + name)} ORDER BY k.r) AS INTEGER) AS {identifier('o_' + name)}"
        for name in table.occurrence
    )
    columns = ", ".join(f"s.{identifier('c_' + column.name)}" for column in table.columns)
    connection.execute(
        f"CREATE TABLE made.{identifier(table.name)} AS SELECT k.u, k.r{occurrence}, {columns} "
        f"FROM {each.name} s JOIN {ranked} k ON s.rowid = k.id ORDER BY {_laid_down(table)}"
    )
    return TableReport(
        table=table.name,
        rows_read=each.rows_read,
        rows_kept=resolved,
        counts=tuple(counts),
        columns=each.columns,
        units=units,
        rows_per_unit_largest=largest,
    )


def _laid_down(table: Table) -> str:
    # By year of the first declared date, then unit: questions about a period skip most blocks, and rows of a unit stay
    # close enough for grouping by unit. Chosen from the schema alone.
    day = next((column for column in table.columns if is_day(column.domain)), None)
    year = "" if day is None else f"{year_of('s.' + identifier('c_' + day.name), day.domain)}, "
    return f"{year}k.u, k.r"


def _check_key(each: Staged, connection: duckdb.DuckDBPyConnection) -> None:
    names = ", ".join(identifier("c_" + name) for name in each.table.key)
    repeated = int(
        _one(connection, f"SELECT count(*) FROM (SELECT 1 FROM {each.name} s WHERE {each.keep} GROUP BY {names} HAVING count(*) > 1)")
    )
    if repeated:
        raise Refusal("publish.key_repeated", table=each.table.name, key=", ".join(each.table.key), keys=repeated)


def _rank(each: Staged, private: Mapping[str, Staged], ranked: str, rank_key: bytes, connection: duckdb.DuckDBPyConnection) -> None:
    """Table `ranked` (id, u, r): the kept rows that have a unit, by their row in the staged table."""
    table = each.table
    order = Order(rank_key, purpose=f"rows of {table.name}")
    source = _with_unit(each, private, connection)
    alone = table.unit_column is None and table.path is None
    named = {column.name: column for column in table.columns}
    content = [
        Written(sql=f"s.{identifier('c_' + name)}", text=_is_text(named[name], each), nullable=named[name].domain.nullable)
        for name in table.key or named
    ]
    if alone:  # each row is a unit: its number is its place in the secret order, its rank is 1
        coded = f"SELECT s.rowid AS id, {order.of(message(content))} AS h FROM {source}"
        number, rank = "CAST(row_number() OVER (ORDER BY h) - 1 AS INTEGER)", "CAST(1 AS INTEGER)"
    else:
        text = message([Written(sql="CAST(o.k AS VARCHAR)", text=True, nullable=False), *content])
        coded = f"SELECT s.rowid AS id, o.u, {order.of(text)} AS h FROM {source}"
        number, rank = "u", "CAST(row_number() OVER (PARTITION BY u ORDER BY h) AS INTEGER)"
    if not table.key:
        # Rows of a unit with the same content have the same code; the second and later ones get the code of their number.
        again = message([Written(sql="CAST(h AS VARCHAR)", text=True, nullable=False)], duplicate_sql="d")
        same = "h" if alone else "u, h"
        numbered = f"SELECT *, row_number() OVER (PARTITION BY {same}) AS d FROM ({coded})"
        coded = f"SELECT * REPLACE (CASE WHEN d = 1 THEN h ELSE {order.of(again)} END AS h) FROM ({numbered})"
    connection.execute(f"CREATE TEMP TABLE {ranked} AS SELECT id, {number} AS u, {rank} AS r FROM ({coded})")


def _with_unit(each: Staged, private: Mapping[str, Staged], connection: duckdb.DuckDBPyConnection) -> str:
    """FROM … WHERE for the kept rows `s` joined to their owners `o` (k: the unit's source key, u: its number)."""
    table = each.table
    if table.unit_column is not None:
        return f"{each.name} s JOIN units o ON s.{identifier('c_' + table.unit_column)} = o.k WHERE {each.keep}"
    if table.path is None:
        return f"{each.name} s WHERE {each.keep}"
    parent = private[table.path.parent]
    keys = ", ".join(f"p.{identifier('c_' + there)}" for _, there in table.path.on)
    connection.execute(
        f"CREATE TEMP TABLE owners_{each.name} AS SELECT {keys}, units.k, units.u FROM {parent.name} p "
        f"JOIN rank_{parent.name} a ON p.rowid = a.id JOIN units ON a.u = units.u"
    )
    on = " AND ".join(f"s.{identifier('c_' + here)} = o.{identifier('c_' + there)}" for here, there in table.path.on)
    return f"{each.name} s JOIN owners_{each.name} o ON {on} WHERE {each.keep}"


def _is_text(column: Column, each: Staged) -> bool:
    return isinstance(column.domain, TextDomain) or (isinstance(column.domain, KeyDomain) and each.keys_as_text)


# --- public tables ---


def _write_public(each: Staged, connection: duckdb.DuckDBPyConnection) -> tuple[Table, TableReport]:
    table = each.table
    names = ", ".join(identifier("c_" + name) for name in table.key)
    largest = int(_one(connection, f"SELECT max(n) FROM (SELECT count(*) AS n FROM {each.name} GROUP BY {names})"))
    if largest > table.multiplicity:
        raise Refusal("publish.multiplicity", table=table.name, key=", ".join(table.key), rows=largest, declared=table.multiplicity)
    columns = tuple(_with_members(each, column, connection) for column in table.columns)
    selected: list[str] = []
    for before, after in zip(table.columns, columns, strict=True):
        name = identifier("c_" + after.name)
        coded = f"CAST(enum_code(CAST({name} AS {_members(after)})) AS {stored_type(after.domain)}) AS {name}"
        selected.append(name if after is before else coded)
    connection.execute(f"CREATE TABLE made.{identifier(table.name)} AS SELECT {', '.join(selected)} FROM {each.name} ORDER BY {names}")
    report = TableReport(
        table=table.name,
        rows_read=each.rows_read,
        rows_kept=each.rows_read,
        counts=each.counts,
        columns=each.columns,
        units=0,
        rows_per_unit_largest=0,
    )
    return replace(table, columns=columns), report


def _members(column: Column) -> str:
    return enum_of(column.domain.members) if isinstance(column.domain, ChoiceDomain) else ""


def _with_members(each: Staged, column: Column, connection: duckdb.DuckDBPyConnection) -> Column:
    """The column with its members from the rows, where the rules leave them to the rows and they are few enough."""
    asked = members_from_rows(each.table, column)
    if not asked and not isinstance(column.domain, TextDomain):
        return column
    name = identifier("c_" + column.name)
    distinct = f"SELECT DISTINCT {name} FROM {each.name} WHERE {name} IS NOT NULL LIMIT {PUBLIC_MEMBERS_MAX + 1}"
    members = tuple(sorted(str(row[0]) for row in connection.execute(distinct).fetchall()))
    if len(members) > PUBLIC_MEMBERS_MAX or not members:
        if asked:
            raise Refusal("publish.members_too_many", table=each.table.name, column=column.name, members_max=PUBLIC_MEMBERS_MAX)
        return column
    return replace(column, domain=ChoiceDomain(members=members, nullable=column.domain.nullable))


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> str | int:
    row = connection.execute(sql).fetchone()
    assert row is not None
    value = row[0]
    assert isinstance(value, str | int)
    return value
