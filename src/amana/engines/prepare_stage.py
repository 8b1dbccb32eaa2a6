"""One table read and typed: every value on its grid, inside its bounds, and for each row the events that it met."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import duckdb

from amana.catalog.domains import ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.rules import OutOfBounds, Reading
from amana.catalog.rules_columns import ColumnReading
from amana.catalog.schema import Column, Table
from amana.engines.connection import identifier
from amana.engines.prepare_columns import given, outside, stored, undeclared, valued, within
from amana.engines.prepare_files import TableFile, why_unread
from amana.engines.prepare_report import ColumnReport, Count
from amana.terms.refusal import Refusal

FLAGS_PER_COLUMN = 3
COLUMNS_PER_WORD = 20
UNDECLARED_COUNTED_MAX = 100_000
"""Different undeclared values of one column that are counted; more are reported as this many."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """A table read and typed: `name` is its temporary table, `keep` the condition on the rows that stay."""

    table: Table
    name: str
    keep: str
    keys_as_text: bool
    rows_read: int
    counts: tuple[Count, ...]
    columns: tuple[ColumnReport, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Events:
    """Rows by column: `missing`; `wrong`: no value of the declared kind; `beyond`: outside the bounds, or taken for `other`."""

    missing: int
    wrong: int
    beyond: int


def stage(file: TableFile, reading: Reading, name: str, *, keys_as_text: bool, connection: duckdb.DuckDBPyConnection) -> Staged:
    """Read the table into the temporary table `name`. Errors: `files.*` and `publish.value_*` refusals."""
    table = file.table
    kept = [f"{stored(f'v{number}', column.domain)} AS {identifier('c_' + column.name)}" for number, column in enumerate(table.columns)]
    words = math.ceil(len(table.columns) / COLUMNS_PER_WORD)
    flags: list[list[str]] = [[] for _ in range(words)]
    normal: list[list[str]] = [[] for _ in flags]
    for number, (column, how) in enumerate(zip(table.columns, reading.columns, strict=True)):
        flags[number // COLUMNS_PER_WORD] += _flags(number, column, how)
        clean = f"NOT e{number} AND " if _stands_for_others(column, how) else ""
        normal[number // COLUMNS_PER_WORD].append(clean + within(f"v{number}", column.domain))
    # Nearly every row is without any event: one conjunction spares it the sum of flags.
    summed = [
        f"CAST(CASE WHEN {' AND '.join(clean)} THEN 0 ELSE {' + '.join(parts)} END AS BIGINT) AS f{position}"
        for position, (clean, parts) in enumerate(zip(normal, flags, strict=True))
    ]
    read = _read(file, reading, keys_as_text=keys_as_text)
    try:
        connection.execute(f"CREATE TEMP TABLE {name} AS SELECT {', '.join((*kept, *summed))} FROM {read}")
    except duckdb.Error as error:
        refusal = why_unread(file, error, connection=connection)
        if refusal is None:
            raise
        raise refusal from None  # the database's own words may hold values of rows, or a password
    rows_read, events = _count(table, name, words=words, connection=connection)
    if rows_read == 0:
        raise Refusal("files.empty", file=file.name)
    _refuse_values(file, reading, events, read, connection)
    masks = [0] * words
    for number, column in enumerate(table.columns):
        for offset, drop in enumerate(_drops(table, column, reading)):
            if drop:
                masks[number // COLUMNS_PER_WORD] |= _bit(number) << offset
    keep = " AND ".join(f"(s.f{position} & {mask}) = 0" for position, mask in enumerate(masks) if mask) or "TRUE"
    return Staged(
        table=table,
        name=name,
        keep=keep,
        keys_as_text=keys_as_text,
        rows_read=rows_read,
        counts=_counts(table, reading, events),
        columns=_reports(file, reading, events, read, connection),
    )


def _read(file: TableFile, reading: Reading, *, keys_as_text: bool) -> str:
    """FROM … with, for each column, g: as the file gives it, v: valued, m: whether it is missing, e: whether `other` stands for it."""
    givens: list[str] = []
    values: list[str] = []
    for number, (column, how, source) in enumerate(zip(file.table.columns, reading.columns, file.sources, strict=True)):
        givens.append(f"{given(source, domain=column.domain, missing=reading.missing)} AS g{number}")
        value = valued(f"g{number}", source=source, domain=column.domain, reading=how, keys_as_text=keys_as_text)
        values.append(f"g{number}, g{number} IS NULL AS m{number}, {value} AS v{number}")
        if _stands_for_others(column, how):
            values.append(f"{undeclared(f'g{number}', column.domain)} AS e{number}")
    return f"(SELECT {', '.join(values)} FROM (SELECT {', '.join(givens)} FROM {file.scan}))"


def _stands_for_others(column: Column, how: ColumnReading) -> bool:
    return isinstance(column.domain, ChoiceDomain) and bool(column.domain.members) and how.other is not None


def _bit(number: int) -> int:
    return 1 << (FLAGS_PER_COLUMN * (number % COLUMNS_PER_WORD))


def _flags(number: int, column: Column, how: ColumnReading) -> list[str]:
    bit = _bit(number)
    beyond = f"e{number}" if _stands_for_others(column, how) else outside(f"v{number}", column.domain)
    parts = [f"CASE WHEN m{number} THEN {bit} WHEN v{number} IS NULL THEN {bit * 2} ELSE 0 END"]
    if beyond is not None:
        parts.append(f"CASE WHEN {beyond} THEN {bit * 4} ELSE 0 END")
    return parts


def _count(table: Table, name: str, *, words: int, connection: duckdb.DuckDBPyConnection) -> tuple[int, list[_Events]]:
    """Rows read, and the events of each column."""
    listed = ", ".join(f"f{position}" for position in range(words))
    rows = [tuple(map(int, row)) for row in connection.execute(f"SELECT {listed}, count(*) FROM {name} GROUP BY {listed}").fetchall()]

    def found(number: int, offset: int) -> int:
        return sum(row[-1] for row in rows if row[number // COLUMNS_PER_WORD] & (_bit(number) << offset))

    events = [_Events(missing=found(n, 0), wrong=found(n, 1), beyond=found(n, 2)) for n in range(len(table.columns))]
    return sum(row[-1] for row in rows), events


def _needed(table: Table, column: Column) -> bool:
    return column.name == table.unit_column or not column.domain.nullable


def _drops(table: Table, column: Column, reading: Reading) -> tuple[bool, bool, bool]:
    """Whether a row is left out for a missing, a wrong, an outside value. A value that `other` stands for is inside."""
    needed = _needed(table, column)
    return needed, needed, reading.out_of_bounds is OutOfBounds.DROP and not isinstance(column.domain, ChoiceDomain)


def _told(table: Table, column: Column, events: _Events) -> tuple[tuple[str, int], ...]:
    """The events that rules decide about, with their rows: a value that may be missing is no event."""
    beyond = 0 if isinstance(column.domain, ChoiceDomain) else events.beyond
    return ("missing", events.missing if _needed(table, column) else 0), ("wrong", events.wrong), ("outside", beyond)


def _refuse_values(file: TableFile, reading: Reading, events: Sequence[_Events], read: str, connection: duckdb.DuckDBPyConnection) -> None:
    if reading.out_of_bounds is not OutOfBounds.REFUSE:
        return
    for number, (column, found) in enumerate(zip(file.table.columns, events, strict=True)):
        for event, rows in _told(file.table, column, found):
            if rows:
                condition = {"missing": f"m{number}", "wrong": f"NOT m{number} AND v{number} IS NULL"}.get(event)
                first = _first_row(condition or outside(f"v{number}", column.domain) or "FALSE", read, connection)
                raise Refusal(
                    f"publish.value_{event}",
                    where=None,
                    table=file.table.name,
                    column=column.name,
                    rows=rows,
                    file=file.name,
                    row=first,
                    **_wanted(column.domain),
                )


def _first_row(condition: str, read: str, connection: duckdb.DuckDBPyConnection) -> int:
    """The first row of the file for which that is true, from 1: read once more, in the file's order."""
    connection.execute("SET preserve_insertion_order = true")
    connection.execute("SET threads = 1")
    numbered = f"SELECT row_number() OVER () AS n, {condition} AS found FROM {read}"
    row = connection.execute(f"SELECT min(n) FROM ({numbered}) WHERE found").fetchone()
    assert row is not None and isinstance(row[0], int)
    return row[0]


def _counts(table: Table, reading: Reading, events: Sequence[_Events]) -> tuple[Count, ...]:
    counts: list[Count] = []
    for column, found in zip(table.columns, events, strict=True):
        is_unit = column.name == table.unit_column
        for (event, rows), dropped in zip(_told(table, column, found), _drops(table, column, reading), strict=True):
            if rows:
                counts.append(Count(event="no unit" if is_unit else event, column=column.name, rows=rows, dropped=dropped))
    return tuple(counts)


def _reports(
    file: TableFile, reading: Reading, events: Sequence[_Events], read: str, connection: duckdb.DuckDBPyConnection
) -> tuple[ColumnReport, ...]:
    made: list[ColumnReport] = []
    for number, (column, how, found) in enumerate(zip(file.table.columns, reading.columns, events, strict=True)):
        choice = isinstance(column.domain, ChoiceDomain)
        others = found.beyond if _stands_for_others(column, how) else found.wrong if choice else 0
        outside_rows = 0 if choice else found.beyond
        made.append(
            ColumnReport(
                column=column.name,
                missing=found.missing,
                wrong=0 if choice else found.wrong,
                outside=outside_rows,
                clamped=0 if reading.out_of_bounds is OutOfBounds.DROP else outside_rows,
                undeclared=others,
                members=_undeclared_members(number, column, read, connection) if others else 0,
            )
        )
    return tuple(made)


def _undeclared_members(number: int, column: Column, read: str, connection: duckdb.DuckDBPyConnection) -> int:
    condition = undeclared(f"g{number}", column.domain)
    distinct = f"SELECT DISTINCT g{number} FROM {read} WHERE {condition} LIMIT {UNDECLARED_COUNTED_MAX}"
    row = connection.execute(f"SELECT count(*) FROM ({distinct})").fetchone()
    assert row is not None
    return int(row[0])


def _wanted(domain: Domain) -> dict[str, str | int]:
    match domain:
        case NumberDomain():
            return {"wanted": f"{domain.low / 10**domain.scale:g} … {domain.high / 10**domain.scale:g}"}
        case DateDomain() | MomentDomain():
            return {"wanted": f"{domain.low.isoformat()} … {domain.high.isoformat()}"}
        case ChoiceDomain():
            return {"wanted": "word.members", "number": len(domain.members)}
        case TextDomain():
            return {"wanted": "word.characters_at_most", "number": domain.length_max}
        case KeyDomain():
            return {"wanted": "word.identifier_declared"}
        case _:
            return {"wanted": "word.true_or_false"}
