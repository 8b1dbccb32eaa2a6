"""A custodian's rules file, parsed once into values. Strict: a field that is not known, missing or wrong is refused, never guessed.

Types, members and bounds are declared here with their public source and never taken from private rows (PRIVACY 9).
The form is described in docs/reference/rules.md.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from typing import cast, final

from amana.catalog.domains import ChoiceDomain, KeyDomain, TextDomain
from amana.catalog.rules_columns import ColumnReading, read_column
from amana.catalog.rules_fields import Fields, Problems, place_in_toml
from amana.catalog.rules_heading import read_heading, read_population, read_title
from amana.catalog.schema import Column, Dataset, Path, Schema, Table
from amana.terms.refusal import Place, Refusal

TEXT_LENGTH_MAX = 4_000_000
TABLES_MAX = 100
COLUMNS_MAX = 500
ROWS_PER_UNIT_MAX = 1_000_000
MULTIPLICITY_MAX = 10_000
ROW_UNIT = "row"
OF_UNIT = ("unit", "parent", "parent_key", "rows_per_unit_max")
OF_PRIVACY = (*OF_UNIT, "occurrence", "out_of_bounds", "source", "multiplicity")
"""The fields of a table that hang on whether it is private."""


class OutOfBounds(Enum):
    """What happens to a row with a value outside its bounds. A required value that is missing is dropped or refused."""

    CLAMP = "clamp"
    DROP = "drop"
    REFUSE = "refuse"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CsvForm:
    """`names`: the columns in order, when the file has no header line."""

    delimiter: str = ","
    names: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How one table is read. `file`: name of its file, `relation`: name of its relation in a PostgreSQL database ("schema.table"),
    where they are not the table's own. `missing`: texts that mean no value. `row_is_unit`: each row is a privacy unit of its
    own. Shapes: `columns` in the order of the table's."""

    table: str
    file: str | None
    relation: str | None
    csv: CsvForm
    missing: tuple[str, ...]
    out_of_bounds: OutOfBounds
    row_is_unit: bool
    columns: tuple[ColumnReading, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """A dataset and how its files are read. Shapes: one reading for each table, in the same order. The members of a public
    table's choices are empty until its rows are read."""

    dataset: Dataset
    readings: tuple[Reading, ...]

    def reading(self, table: str) -> Reading:
        """How that table is read."""
        return next(reading for reading in self.readings if reading.table == table)


def read_rules(text: str) -> Rules:
    """The rules. Errors: `Refusal` for the first wrong field; `problems_of` gives all of them."""
    rules, problems = _read(text)
    if rules is None:
        raise problems[0]
    return rules


def problems_of(text: str) -> tuple[Refusal, ...]:
    """Everything that is wrong with a rules file, field by field; empty if it is right."""
    return _read(text)[1]


def _read(text: str) -> tuple[Rules | None, tuple[Refusal, ...]]:
    if len(text) > TEXT_LENGTH_MAX:
        return None, (Refusal("rules.too_long", length=len(text), length_max=TEXT_LENGTH_MAX),)
    try:
        values = tomllib.loads(text, parse_float=Decimal)
    except (tomllib.TOMLDecodeError, RecursionError, ArithmeticError, ValueError) as error:
        return None, (_not_toml(text, error),)
    problems = Problems(text)
    root = Fields(values, "", problems)
    heading = read_heading(root.part("dataset"))
    population = read_population(root.part("population"))
    tables = _tables(root, unit=population.unit if population else "")
    root.close()
    if not problems.found:
        _check_paths(tuple(table for table, _ in tables), tuple(reading for _, reading in tables), problems)
    if problems.found:
        return None, tuple(problems.found)
    assert heading is not None and population is not None
    dataset = Dataset(
        name=heading.name,
        title=heading.title,
        custodian=heading.custodian,
        controller=heading.controller,
        legal_basis=heading.legal_basis,
        purposes=heading.purposes,
        retention=heading.retention,
        population=population,
        schema=Schema(unit=population.unit, tables=tuple(table for table, _ in tables)),
        processing=heading.processing,
        themes=heading.themes,
        checklist=heading.checklist,
    )
    return Rules(dataset=dataset, readings=tuple(reading for _, reading in tables)), ()


def _not_toml(text: str, error: Exception) -> Refusal:
    line, column = place_in_toml(text, error)
    return Refusal("rules.not_toml", where=Place(line=line, column=column), line=line, column=column)


def _tables(root: Fields, *, unit: str) -> list[tuple[Table, Reading]]:
    written = root.raw("table")
    if not isinstance(written, list) or not written or not all(isinstance(item, dict) for item in cast("list[object]", written)):
        root.problems.add("rules.missing_field", "table", example="[[table]]")
        return []
    items = cast("list[dict[str, object]]", written)
    if len(items) > TABLES_MAX:
        root.problems.add("rules.bad_value", "table", value=str(len(items)), wanted="word.rules.tables", number=TABLES_MAX)
        return []
    tables: list[tuple[Table, Reading]] = []
    names: set[str] = set()
    for position, item in enumerate(items, start=1):
        name = item.get("name")
        fields = Fields(item, f"table.{name if isinstance(name, str) and name else position}", root.problems)
        read = _table(fields, unit=unit)
        if isinstance(name, str) and name.lower() in names:
            root.problems.add("rules.duplicate_name", fields.at("name"), name=name)
        names.add(str(name).lower())
        if read is not None:
            tables.append(read)
    return tables


def _table(fields: Fields, *, unit: str) -> tuple[Table, Reading] | None:
    before = len(fields.problems.found)
    name = fields.name("name", example="visits")
    private = fields.truth("private")
    title = read_title(fields, required=False)
    file = fields.text("file", required=False)
    relation = fields.text("relation", required=False)
    if file is not None and relation is not None:
        fields.problems.add("rules.file_and_relation", fields.at("relation"), table=name or "?", file=file, relation=relation)
    csv = _csv(fields.part("csv", required=False))
    missing = fields.texts("missing")
    key = fields.texts("key", required=private is False)
    columns = _columns(fields, unit=unit, private=private is True)
    path, unit_column, rows_max, occurrence, multiplicity = (None, None, 1, cast("tuple[str, ...]", ()), 1)
    source = ""
    out_of_bounds: str | None = OutOfBounds.REFUSE.value
    if private:
        path, unit_column, rows_max = _unit(fields)
        occurrence = fields.texts("occurrence")
        out_of_bounds = fields.word("out_of_bounds", tuple(each.value for each in OutOfBounds))
    elif private is False:
        source = fields.text("source", example="Census 2024, table 3", length_max=1000) or ""
        multiplicity = fields.whole("multiplicity", low=1, high=MULTIPLICITY_MAX) or 1
    else:
        fields.allow(*OF_PRIVACY)
    fields.close()
    if name is None or private is None or out_of_bounds is None or len(fields.problems.found) > before:
        return None
    table = Table(
        name=name,
        private=private,
        # What bounds a public table's columns is the document that the table is, unless they name another.
        columns=tuple(replace(column, source=column.source or source) for column, _ in columns),
        unit_column=None if unit_column == ROW_UNIT else unit_column,
        path=path,
        key=key,
        multiplicity=multiplicity,
        occurrence=occurrence,
        rows_per_unit_max=rows_max,
        title=title,
        source=source,
    )
    reading = Reading(
        table=name,
        file=file,
        relation=relation,
        csv=csv,
        missing=missing,
        out_of_bounds=OutOfBounds(out_of_bounds),
        row_is_unit=unit_column == ROW_UNIT,
        columns=tuple(reading for _, reading in columns),
    )
    return table, reading


def _csv(fields: Fields | None) -> CsvForm:
    if fields is None:
        return CsvForm()
    delimiter = fields.word("delimiter", (",", ";", "|", ":", "tab"), default=",")
    names = fields.texts("names")
    fields.close()
    return CsvForm(delimiter="\t" if delimiter == "tab" else delimiter or ",", names=names)


def _columns(fields: Fields, *, unit: str, private: bool) -> list[tuple[Column, ColumnReading]]:
    part = fields.part("columns")
    if part is None:
        return []
    if not 1 <= len(part.names()) <= COLUMNS_MAX:
        fields.problems.add("rules.bad_value", part.path, value=str(len(part.names())), wanted="word.rules.columns", number=COLUMNS_MAX)
        return []
    columns: list[tuple[Column, ColumnReading]] = []
    names: set[str] = set()
    for name in part.names():
        if name.lower() in names:
            fields.problems.add("rules.duplicate_name", part.at(name), name=name)
        if private and name.lower() == unit.lower():
            fields.problems.add("rules.unit_word_taken", part.at(name), name=name)
        names.add(name.lower())
        column = part.part(name)
        read = read_column(name, column, private=private) if column is not None else None
        if read is not None:
            columns.append(read)
    return columns


def _unit(fields: Fields) -> tuple[Path | None, str | None, int]:
    """The step to the parent or the unit's column, and the cap of rows; both None once a problem is noted."""
    if fields.has("unit") == fields.has("parent"):
        fields.allow(*OF_UNIT)  # one problem is enough
        fields.problems.add("rules.no_unit", fields.path)
        return None, None, 1
    if fields.has("unit"):
        unit = fields.text("unit", example="patient_id")
        if unit == ROW_UNIT:
            return None, unit, 1
        return None, unit, fields.whole("rows_per_unit_max", low=1, high=ROWS_PER_UNIT_MAX) or 1
    parent = fields.text("parent", example="orders")
    pairs = fields.part("parent_key")
    rows_max = fields.whole("rows_per_unit_max", low=1, high=ROWS_PER_UNIT_MAX) or 1
    if parent is None or pairs is None:
        return None, None, rows_max
    on = tuple((here, pairs.text(here, example="id") or "") for here in pairs.names())
    if not on:
        fields.problems.add("rules.missing_field", pairs.path, example='{ order_id = "id" }')
    return Path(parent=parent, on=on), None, rows_max


def _check_paths(tables: tuple[Table, ...], readings: tuple[Reading, ...], problems: Problems) -> None:
    """Names that point to other tables and columns, once every table is right in itself."""
    by_name = {table.name: table for table in tables}
    private = [table for table in tables if table.private]
    if not private:
        problems.add("rules.no_unit", "table")
    for table, reading in zip(tables, readings, strict=True):
        path = f"table.{table.name}"
        for field, names in (("key", table.key), ("occurrence", table.occurrence)):
            for name in names:
                column = table.column(name)
                if column is None:
                    problems.add("rules.unknown_name", f"{path}.{field}", name=name, known=_names(table))
                elif field == "key" and column.domain.nullable:
                    problems.add("rules.column_kind", f"{path}.columns.{name}", name=name, wanted="word.rules.never_nullable")
                elif field == "occurrence" and isinstance(column.domain, TextDomain):
                    problems.add("rules.column_kind", f"{path}.columns.{name}", name=name, wanted="word.rules.occurrence")
        if table.unit_column is not None:
            _check_key_column(table, table.unit_column, f"{path}.unit", problems)
        if reading.row_is_unit and len(private) > 1:
            problems.add("rules.row_unit_alone", f"{path}.unit", table=table.name)
        if table.path is not None:
            _check_parent(table, table.path, by_name, problems)


def _check_parent(table: Table, step: Path, by_name: Mapping[str, Table], problems: Problems) -> None:
    path = f"table.{table.name}.parent"
    parent = by_name.get(step.parent)
    if parent is None or not parent.private:
        known = ", ".join(name for name, other in by_name.items() if other.private and other is not table)
        problems.add("rules.unknown_name", path, name=step.parent, known=known)
        return
    for here, there in step.on:
        _check_key_column(table, here, f"{path}_key", problems)
        _check_key_column(parent, there, f"{path}_key", problems)
    if sorted(there for _, there in step.on) != sorted(parent.key):
        declared = ", ".join(f'"{name}"' for name in parent.key)
        problems.add("rules.parent_key", f"{path}_key", table=table.name, parent=parent.name, key=declared or "–")
    seen = [table.name]
    while parent is not None and parent.path is not None:
        seen.append(parent.name)
        if parent.path.parent in seen:
            problems.add("rules.path_circle", path, tables=" → ".join((*seen, parent.path.parent)))
            return
        parent = by_name.get(parent.path.parent)


def _check_key_column(table: Table, name: str, path: str, problems: Problems) -> None:
    column = table.column(name)
    if column is None:
        problems.add("rules.unknown_name", path, name=name, known=_names(table))
    elif not isinstance(column.domain, KeyDomain):
        problems.add("rules.column_kind", f"table.{table.name}.columns.{name}", name=name, wanted="word.rules.kind_key")


def _names(table: Table) -> str:
    return ", ".join(column.name for column in table.columns)


def members_from_rows(table: Table, column: Column) -> bool:
    """Whether the members of that choice are taken from the rows: in a public table only, where none are declared."""
    return not table.private and isinstance(column.domain, ChoiceDomain) and not column.domain.members
