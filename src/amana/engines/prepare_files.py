"""Which file holds which table, and that it can be read: known before any row is."""

import csv
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import final

import duckdb

from amana.catalog.rules import Reading, Rules
from amana.catalog.schema import Table
from amana.engines.connection import identifier, quoted
from amana.engines.prepare_columns import Source, accepted_kinds, source_of
from amana.terms.refusal import Refusal

HEADER_BYTES_MAX = 2**20
UNREADABLE = (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException, duckdb.ConversionException)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """One file and the SQL that reads it. Shapes: one source for each column of the table, in its order."""

    table: Table
    path: Path
    is_csv: bool
    scan: str
    sources: tuple[Source, ...]


def open_files(rules: Rules, files: Sequence[Path], *, connection: duckdb.DuckDBPyConnection) -> tuple[TableFile, ...]:
    """Every table's file, in the order of the schema. Only names and types of columns are read here.

    Errors: a `files.*` refusal for a file that is missing, empty, unreadable, left over, or without a declared column.
    """
    for path in files:
        if not path.is_file():
            raise Refusal("files.missing", file=str(path))
        if path.stat().st_size == 0:
            raise Refusal("files.empty", file=path.name)
    found = _match(rules, files)
    return tuple(
        _open(table, reading, found[table.name], connection=connection)
        for table, reading in zip(rules.dataset.schema.tables, rules.readings, strict=True)
    )


def _match(rules: Rules, files: Sequence[Path]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for path in files:
        named = [reading.table for reading in rules.readings if reading.file == path.name]
        stems = [r.table for r in rules.readings if r.file is None and r.table.lower() == path.name.partition(".")[0].lower()]
        tables = named or stems
        if not tables or tables[0] in found:
            known = ", ".join(reading.file or reading.table for reading in rules.readings)
            raise Refusal("files.for_no_table", file=path.name, tables=known)
        found[tables[0]] = path
    for reading in rules.readings:
        if reading.table not in found:
            expected = reading.file or f"{reading.table}.parquet or {reading.table}.csv"
            raise Refusal("files.table_without_file", table=reading.table, expected=expected)
    return found


def _open(table: Table, reading: Reading, path: Path, *, connection: duckdb.DuckDBPyConnection) -> TableFile:
    is_csv = path.suffix.lower() != ".parquet"
    if is_csv:
        names = reading.csv.names or _header(path, delimiter=reading.csv.delimiter)
        scan, written = _csv_scan(path, reading, names), dict.fromkeys(names, "VARCHAR")
    else:
        scan = f"read_parquet({_path_sql(path)}, hive_partitioning=false)"
        try:
            written = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
        except UNREADABLE:
            raise unreadable(path, is_csv=is_csv) from None
    lower = {name.lower(): name for name in written}
    sources: list[Source] = []
    for column, how in zip(table.columns, reading.columns, strict=True):
        name = how.written if how.written in written else lower.get(how.written.lower())
        if name is None:
            raise Refusal("files.column_missing", file=path.name, table=table.name, column=how.written, found=_listed(written))
        source = source_of(name, written[name])
        wanted = accepted_kinds(column.domain, key_text=how.key_text)
        if source.kind not in wanted:
            raise Refusal(
                "files.column_kind", file=path.name, table=table.name, column=name, found=written[name][:60], wanted=", ".join(wanted)
            )
        sources.append(source)
    return TableFile(table=table, path=path, is_csv=is_csv, scan=scan, sources=tuple(sources))


def _header(path: Path, *, delimiter: str) -> tuple[str, ...]:
    """The names in the first line; a name that comes again gets its place added, so that each is one column."""
    try:
        with path.open("rb") as opened:
            line = opened.readline(HEADER_BYTES_MAX).decode("utf-8-sig")
        names = [name for row in csv.reader([line], delimiter=delimiter) for name in row]
    except (UnicodeDecodeError, csv.Error):
        raise unreadable(path, is_csv=True) from None
    return tuple(name if name not in names[:place] else f"{name}_{place + 1}" for place, name in enumerate(names))


def _csv_scan(path: Path, reading: Reading, names: Sequence[str]) -> str:
    # Nothing is sniffed: the form of a file must not depend on its rows.
    columns = ", ".join(f"{quoted(name)}: 'VARCHAR'" for name in names)
    return (
        f"read_csv({_path_sql(path)}, auto_detect=false, columns={{{columns}}}, delim={quoted(reading.csv.delimiter)}, quote='\"', "
        f"escape='\"', header={'false' if reading.csv.names else 'true'}, ignore_errors=false, null_padding=false, "
        f"strict_mode=true, hive_partitioning=false)"
    )


def _path_sql(path: Path) -> str:
    # Characters that DuckDB takes for a pattern stand in brackets, so that a path is always one file.
    return quoted("".join(f"[{letter}]" if letter in "*?[" else letter for letter in str(path.resolve())))


def _listed(names: Mapping[str, str]) -> str:
    shown = ", ".join(list(names)[:40])
    return shown if len(names) <= 40 else shown + ", …"


def readable(file: TableFile, *, connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the whole file can be read, each declared column of each row; decides who is at fault after a failure."""
    columns = ", ".join(f"max(hash({identifier(source.name)}))" for source in file.sources)
    try:
        connection.execute(f"SELECT {columns} FROM {file.scan}").fetchall()
    except UNREADABLE:
        return False
    return True


def unreadable(path: Path, *, is_csv: bool) -> Refusal:
    """Why a file cannot be read, without any word of its content."""
    if not is_csv:
        return Refusal("files.unreadable", file=path.name, form="Parquet")
    with path.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return Refusal("files.not_utf8", file=path.name, line=number)
    return Refusal("files.unreadable", file=path.name, form="CSV")
