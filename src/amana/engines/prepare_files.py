"""Which file or relation holds which table, and that it can be read: known before any row is."""

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import final

import duckdb

from amana.catalog.rules import Reading, Rules
from amana.catalog.schema import Table
from amana.engines.connection import identifier, quoted, storage_failed
from amana.engines.prepare_columns import Source, accepted_kinds, source_of
from amana.engines.prepare_postgres import Database, Relation, attach_database, find_relation, is_database, relation_named
from amana.terms.refusal import Refusal

HEADER_BYTES_MAX = 2**20
UNREADABLE = (duckdb.InvalidInputException, duckdb.IOException, duckdb.SerializationException, duckdb.ConversionException)


class Form(Enum):
    """How a table is written."""

    CSV = "CSV"
    PARQUET = "Parquet"
    POSTGRES = "PostgreSQL"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TableFile:
    """One file or relation and the SQL that reads it. `path` is None for a relation. Shapes: one source for each column of the
    table, in its order."""

    table: Table
    name: str
    form: Form
    path: Path | None
    scan: str
    sources: tuple[Source, ...]


def open_files(rules: Rules, files: Sequence[Path | str], *, connection: duckdb.DuckDBPyConnection) -> tuple[TableFile, ...]:
    """Every table's file or relation, in the order of the schema. Only names and types of columns are read here. `files`: a
    text that starts as a PostgreSQL address is one; everything else is a path.

    Errors: a `files.*` refusal for what is missing, empty, unreadable, left over, or without a declared column.
    """
    paths = [Path(each) for each in files if not is_database(each)]
    addresses = [str(each) for each in files if is_database(each)]
    for path in paths:
        _check(path)
    if len(addresses) > 1:
        raise Refusal("files.postgres_url")
    found = _match(rules, paths)
    database = attach_database(addresses[0], connection=connection) if addresses else None
    opened: list[TableFile] = []
    for table, reading in zip(rules.dataset.schema.tables, rules.readings, strict=True):
        if table.name in found:
            opened.append(_open(table, reading, found[table.name], connection=connection))
        elif database is not None and reading.file is None:
            opened.append(_open_relation(table, reading, database, connection=connection))
        else:
            expected = reading.file or (reading.relation and f"postgresql://…/… ({reading.relation})")
            expected = expected or f"{table.name}.parquet or {table.name}.csv"
            raise Refusal("files.table_without_file", table=table.name, expected=expected)
    return tuple(opened)


def _check(path: Path) -> None:
    try:
        if not path.is_file():
            raise Refusal("files.missing", file=str(path))
        with path.open("rb") as opened:
            if not opened.read(1):
                raise Refusal("files.empty", file=path.name)
    except OSError:  # not allowed, or a disk that fails
        raise Refusal("files.not_allowed", file=str(path)) from None


def _match(rules: Rules, files: Sequence[Path]) -> Mapping[str, Path]:
    found: dict[str, Path] = {}
    for path in files:
        named = [reading.table for reading in rules.readings if reading.file == path.name]
        unnamed = [reading.table for reading in rules.readings if reading.file is None and reading.relation is None]
        stems = [name for name in unnamed if name.lower() == path.name.partition(".")[0].lower()]
        tables = named or stems
        if not tables or tables[0] in found:
            known = ", ".join(reading.file or reading.table for reading in rules.readings)
            raise Refusal("files.for_no_table", file=path.name, tables=known)
        found[tables[0]] = path
    return found


def _open(table: Table, reading: Reading, path: Path, *, connection: duckdb.DuckDBPyConnection) -> TableFile:
    form = Form.PARQUET if path.suffix.lower() == ".parquet" else Form.CSV
    if form is Form.CSV:
        names = reading.csv.names or _header(path, delimiter=reading.csv.delimiter)
        scan, written = _csv_scan(path, reading, names), dict.fromkeys(names, "VARCHAR")
    else:
        scan = f"read_parquet({_path_sql(path)}, hive_partitioning=false)"
        try:
            written = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()}
        except UNREADABLE:
            raise _unreadable(path, form, "") from None
    sources = _sources(table, reading, written, file=path.name)
    return TableFile(table=table, name=path.name, form=form, path=path, scan=scan, sources=sources)


def _open_relation(table: Table, reading: Reading, database: Database, *, connection: duckdb.DuckDBPyConnection) -> TableFile:
    relation: Relation = find_relation(database, relation_named(reading, table), connection=connection)
    sources = _sources(table, reading, relation.written, file=relation.name)
    scan = relation.scan(tuple(source.name for source in sources))
    return TableFile(table=table, name=relation.name, form=Form.POSTGRES, path=None, scan=scan, sources=sources)


def _sources(table: Table, reading: Reading, written: Mapping[str, str], *, file: str) -> tuple[Source, ...]:
    lower = {name.lower(): name for name in written}
    sources: list[Source] = []
    for column, how in zip(table.columns, reading.columns, strict=True):
        name = how.written if how.written in written else lower.get(how.written.lower())
        if name is None:
            raise Refusal("files.column_missing", file=file, table=table.name, column=how.written, found=_listed(written))
        source = source_of(name, written[name])
        wanted = accepted_kinds(column.domain, key_text=how.key_text)
        if source.kind not in wanted:
            raise Refusal("files.column_kind", file=file, table=table.name, column=name, found=written[name][:60], wanted=", ".join(wanted))
        sources.append(source)
    return tuple(sources)


def _header(path: Path, *, delimiter: str) -> tuple[str, ...]:
    """The names in the first line; a name that comes again gets its place added, so that each is one column."""
    try:
        with path.open("rb") as opened:
            line = opened.readline(HEADER_BYTES_MAX).decode("utf-8-sig")
        names = [name for row in csv.reader([line], delimiter=delimiter) for name in row]
    except (UnicodeDecodeError, csv.Error):
        raise _unreadable(path, Form.CSV, "") from None
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


def why_unread(file: TableFile, error: duckdb.Error, *, connection: duckdb.DuckDBPyConnection) -> Refusal | None:
    """Why reading that table failed, without any word of its content; None if the file is not at fault."""
    if storage_failed(error):
        return None
    if file.path is None:
        return Refusal("files.postgres_lost", relation=file.name)
    if not isinstance(error, UNREADABLE):
        return None
    connection.rollback()
    columns = ", ".join(f"max(hash({identifier(source.name)}))" for source in file.sources)
    try:
        connection.execute(f"SELECT {columns} FROM {file.scan}").fetchall()
    except UNREADABLE as again:
        return _unreadable(file.path, file.form, str(again))
    return None


def _unreadable(path: Path, form: Form, words: str) -> Refusal:
    """`words`: what the database said; only the number of the line is taken from it."""
    if form is not Form.CSV:
        return Refusal("files.unreadable", file=path.name, form=form.value)
    with path.open("rb") as opened:
        for number, line in enumerate(opened, start=1):
            try:
                line.decode("utf-8")
            except UnicodeDecodeError:
                return Refusal("files.not_utf8", file=path.name, line=number)
    line_number = re.search(r"CSV Error on Line: (\d+)", words)
    if line_number:
        return Refusal("files.csv_line", file=path.name, line=int(line_number[1]))
    return Refusal("files.unreadable", file=path.name, form=form.value)
