"""A result as an Arrow table, by the small library arro3: nothing needs pyarrow."""

import io
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from amana.terms.answer import CellType
from amana.terms.refusal import Refusal

METADATA = b"amana"
"""Key of the schema's metadata under which all of an answer but its rows stands, as JSON."""
_EPOCH = date(1970, 1, 1)
_MICROSECOND = timedelta(microseconds=1)


def arrow_table(columns: Sequence[tuple[str, CellType, Sequence[object]]], *, about: Mapping[str, object]) -> Any:
    """An `arro3.core.Table`. Shapes: (name, type, cells) for each column; every column may hold NULL.

    Errors: Refusal client.library_missing.
    """
    try:
        from arro3.core import Array, DataType, Field, Schema, Table
    except ImportError:
        raise Refusal("client.library_missing", library="arro3-core", extra="arrow") from None
    # Dates and moments are made as the whole numbers that Arrow stores, then named what they are.
    plans: dict[CellType, tuple[Callable[[Any], object], Any, Any]] = {
        CellType.TEXT: (str, DataType.string(), None),
        CellType.INTEGER: (int, DataType.int64(), None),
        CellType.NUMBER: (float, DataType.float64(), None),
        CellType.FIGURE: (float, DataType.float64(), None),
        CellType.BOOLEAN: (bool, DataType.bool(), None),
        CellType.DATE: (_days, DataType.int32(), DataType.date32()),
        CellType.MOMENT: (_microseconds, DataType.int64(), DataType.timestamp("us")),
    }
    arrays: list[Any] = []
    fields: list[Any] = []
    for name, kind, cells in columns:
        read, stored, shown = plans[kind]
        made: Any = Array([None if cell is None else read(cell) for cell in cells], stored)
        arrays.append(made if shown is None else made.cast(shown))
        fields.append(Field(name, shown or stored, nullable=True))
    metadata = {METADATA: json.dumps(about, ensure_ascii=False, default=str, allow_nan=False).encode()}
    made_of: Any = Table  # its stubs leave types open
    return made_of.from_arrays(arrays, schema=Schema(fields).with_metadata(metadata))


def arrow_stream(table: Any) -> bytes:
    """The table as an IPC stream, not compressed. Errors: Refusal client.library_missing."""
    try:
        from arro3.io import write_ipc_stream
    except ImportError:
        raise Refusal("client.library_missing", library="arro3-io", extra="arrow") from None
    out = io.BytesIO()
    write_ipc_stream(table, out, compression=None)
    return out.getvalue()


def arrow_file(table: Any) -> bytes:
    """The table as a Parquet file. Errors: Refusal client.library_missing."""
    try:
        from arro3.io import write_parquet
    except ImportError:
        raise Refusal("client.library_missing", library="arro3-io", extra="arrow") from None
    out = io.BytesIO()
    write_parquet(table, out)
    return out.getvalue()


def _days(day: date) -> int:
    return (day - _EPOCH).days


def _microseconds(moment: datetime) -> int:
    """Moments of tables have no zone."""
    return (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC)) // _MICROSECOND
