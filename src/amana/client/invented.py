"""Synthetic tables as files: comma-separated values, and the same rows as Parquet with what is told of them inside.

A receipt commits to the CSV. From the Parquet file the same CSV is written again, byte for byte, so that one receipt serves both; a
file whose cells are not those that the CSV says is refused. What else is told in the file, no receipt proves.
"""

import csv
import io
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, cast, final

from amana.client.arrow import METADATA, arrow_file, arrow_table
from amana.client.wire import Json, a_list, a_text, a_whole, an_object, misread
from amana.terms.answer import CellType
from amana.terms.refusal import Refusal

TYPES = (CellType.TEXT, CellType.INTEGER, CellType.NUMBER, CellType.BOOLEAN, CellType.DATE)
DECIMALS_MAX = 18
DIGITS_MAX = 38
"""Of a number that no float can hold, in Parquet."""
CELLS_MAX = 10**8
CHARACTERS_MAX = 2**30
"""Of a table that is read: a small file can hold more than a machine."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class InventedColumn:
    """`decimals`: how many digits of a number stand after the point."""

    name: str
    type: CellType
    decimals: int = 0


def write_columns(columns: Sequence[InventedColumn]) -> list[dict[str, object]]:
    """As they travel."""
    return [{"name": each.name, "type": each.type.value, "decimals": each.decimals} for each in columns]


def read_columns(value: object) -> tuple[InventedColumn, ...]:
    """Errors: Refusal client.not_understood."""
    return tuple(_column(an_object(each, "columns")) for each in a_list(value, "columns"))


def write_csv(columns: Sequence[InventedColumn], rows: Sequence[Sequence[object]]) -> str:
    """The table as comma-separated values; NULL is nothing. Shapes: each row has a cell for each column."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([each.name for each in columns])
    writer.writerows([_written(cell, each) for cell, each in zip(row, columns, strict=True)] for row in rows)
    return out.getvalue()


def write_parquet(text: str, columns: Sequence[InventedColumn], *, about: Mapping[str, object]) -> bytes:
    """The CSV as a Parquet file, with `about` and its columns under the key `amana` of its metadata.

    Errors: Refusal client.library_missing.
    """
    _, *rows = csv.reader(io.StringIO(text, newline=""))
    parts: list[tuple[str, CellType, Sequence[object]]] = []
    long: list[int] = []
    for place, each in enumerate(columns):
        texts = [row[place] or None for row in rows]
        cells = [_read(text, each) for text in texts]
        if all(_written(cell, each) == (text or "") for cell, text in zip(cells, texts, strict=True)):
            parts.append((each.name, each.type, cells))
        else:
            long.append(place)
            parts.append((each.name, CellType.TEXT, texts))
    table = arrow_table(parts, about={**about, "columns": write_columns(columns)})
    for place in long:
        table = _decimal(table, place, columns[place])
    return arrow_file(table)


def read_parquet(content: bytes) -> tuple[str, Json]:
    """The CSV that such a file was made of, and what is told in it.

    Errors: Refusal client.library_missing; client.not_understood, also for a cell that the CSV would tell otherwise, and for a table
    that is too large.
    """
    try:
        from arro3.io import read_parquet as read
    except ImportError:
        raise Refusal("client.library_missing", library="arro3-io", extra="arrow") from None
    try:
        batches: Any = read(io.BytesIO(content))
        metadata = cast("Mapping[bytes, bytes]", batches.schema.metadata)
        about = an_object(json.loads(metadata.get(METADATA, b"null")), "about")
        columns = read_columns(about.get("columns"))
        if [each.name for each in columns] != list(batches.schema.names):
            raise misread("columns")
        return _again(columns, batches), about
    except Refusal:
        raise
    except Exception:  # noqa: BLE001 - its reader has many names for what it cannot read
        raise misread("parquet") from None


def _again(columns: Sequence[InventedColumn], batches: Iterable[Any]) -> str:
    """The CSV, of some rows after the others, so that what is too large stops early."""
    out, cells_count = io.StringIO(newline=""), 0
    out.write(write_csv(columns, ()))
    writer = csv.writer(out, lineterminator="\n")
    for batch in batches:
        cells_count += batch.num_rows * max(1, len(columns))
        if cells_count > CELLS_MAX or out.tell() > CHARACTERS_MAX:
            raise misread("rows")
        told = [[_told(cell.as_py(), each) for cell in batch.column(place)] for place, each in enumerate(columns)]
        writer.writerows(zip(*told, strict=True))
    return out.getvalue()


def _told(cell: object, column: InventedColumn) -> str:
    """As the CSV says it. Errors: Refusal client.not_understood, where the cell says more than that, or is of another type."""
    text = _written(cell, column)
    read = Decimal(text) if text and isinstance(cell, Decimal) else _read(text, column)
    if cell != read or type(cell) is not type(read) or (isinstance(read, Decimal) and column.type is not CellType.NUMBER):
        raise misread("rows")
    return text


def _decimal(table: Any, place: int, column: InventedColumn) -> Any:
    """The table with numbers as they are written in a column whose numbers no float can hold."""
    from arro3.core import DataType, Field

    kind: Any = DataType.decimal128(DIGITS_MAX, column.decimals)
    return table.set_column(place, Field(column.name, kind, nullable=True), table.column(place).cast(kind))


def _column(found: Json) -> InventedColumn:
    kind, decimals = a_text(found.get("type"), "columns.type"), a_whole(found.get("decimals"), "columns.decimals")
    if kind not in {each.value for each in TYPES} or not 0 <= decimals <= DECIMALS_MAX:
        raise misread("columns.type")
    return InventedColumn(name=a_text(found.get("name"), "columns.name"), type=CellType(kind), decimals=decimals)


def _written(cell: object, column: InventedColumn) -> str:
    match cell:
        case None:
            return ""
        case bool():
            return "true" if cell else "false"
        case date():
            return cell.isoformat()
        case float() | Decimal():
            return f"{cell:.{column.decimals}f}"
        case _:
            return str(cell)


def _read(text: str | None, column: InventedColumn) -> object:
    if not text:
        return None
    match column.type:
        case CellType.INTEGER:
            return int(text)
        case CellType.NUMBER:
            return float(text)
        case CellType.BOOLEAN:
            return text == "true"
        case CellType.DATE:
            return date.fromisoformat(text)
        case _:
            return text
