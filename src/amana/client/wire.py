"""Answers as they travel between a node and its clients, both ways."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import TypeAlias, cast

from amana.client.cost import Cost, Note
from amana.terms.answer import AnswerTable, CellType, Estimate, Shown
from amana.terms.refusal import Refusal

Json: TypeAlias = Mapping[str, object]
"""An object of JSON, not looked into yet."""


def write_head(
    table: AnswerTable, *, cost: Cost, notes: Sequence[Note], version: str, digest: str, receipt: Json, invented: bool
) -> dict[str, object]:
    """All of an answer but its rows."""
    return {
        "columns": [_column(name, kind) for name, kind in zip(table.columns, table.types, strict=True)],
        "cost": write_cost(cost),
        "notes": [{"code": code, "parameters": dict(parameters)} for code, parameters in notes],
        "version": version,
        "digest": digest,
        "dry_run": invented,
        "receipt": dict(receipt) or None,
    }


def write_cost(cost: Cost) -> dict[str, object]:
    """What an answer took."""
    return {
        "loss_nrho": cost.loss_nrho, "delta_units": cost.delta_units, "cap_nrho": cost.cap_nrho,
        "spent_nrho": cost.spent_nrho, "recalled": cost.recalled,
    }  # fmt: skip


def _column(name: str, kind: CellType) -> Json:
    figure = kind is CellType.FIGURE
    return {"name": name, "kind": "figure" if figure else "key", "type": "number" if figure else kind.value}


def write_rows(table: AnswerTable) -> list[list[object]]:
    """The rows of an answer: a figure with the ends of its interval, dates and moments as ISO 8601 text."""
    return [[_written(cell) for cell in row] for row in table.rows]


def _written(cell: Shown) -> object:
    if isinstance(cell, Estimate):
        return {"value": cell.value, "low": cell.low, "high": cell.high}
    return cell.isoformat() if isinstance(cell, date) else cell


# --- reading: whatever a server sends becomes a true value or a refusal ---


def misread(part: str) -> Refusal:
    """What was sent is not in the form that this client knows."""
    return Refusal("client.not_understood", part=part[:80])


def an_object(value: object, part: str) -> Json:
    if not isinstance(value, dict):
        raise misread(part)
    return cast("Json", value)


def a_list(value: object, part: str) -> list[object]:
    if not isinstance(value, list):
        raise misread(part)
    return cast("list[object]", value)


def a_text(value: object, part: str) -> str:
    if not isinstance(value, str):
        raise misread(part)
    return value


def a_whole(value: object, part: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise misread(part)
    return value


def a_number(value: object, part: str) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise misread(part)
    return float(value)


def number_or_none(value: object, part: str) -> float | None:
    return None if value is None else a_number(value, part)


def read_cost(value: object) -> Cost:
    """`cost` of an answer or a preview."""
    found = an_object(value, "cost")
    return Cost(
        loss_nrho=a_whole(found.get("loss_nrho"), "cost.loss_nrho"),
        cap_nrho=a_whole(found.get("cap_nrho"), "cost.cap_nrho"),
        spent_nrho=a_whole(found.get("spent_nrho"), "cost.spent_nrho"),
        delta_units=a_whole(found.get("delta_units", 0), "cost.delta_units"),
        recalled=found.get("recalled") is True,
    )


def read_notes(value: object) -> tuple[Note, ...]:
    """`notes`: codes and parameters."""
    notes: list[Note] = []
    for one in a_list(value if value is not None else [], "notes"):
        note = an_object(one, "notes")
        parameters = an_object(note.get("parameters") or {}, "notes.parameters")
        kept = tuple((name, given) for name, given in parameters.items() if isinstance(given, (str, int)))
        notes.append((a_text(note.get("code"), "notes.code"), kept))
    return tuple(notes)


def read_table(answer: Json) -> AnswerTable:
    """The rows of an answer, each cell in its column's type."""
    columns = [an_object(one, "columns") for one in a_list(answer.get("columns"), "columns")]
    rows = [a_list(row, "rows") for row in a_list(answer.get("rows"), "rows")]
    if any(len(row) != len(columns) for row in rows):
        raise misread("rows")
    types = [_type(column, [row[index] for row in rows]) for index, column in enumerate(columns)]
    return AnswerTable(
        columns=tuple(a_text(column.get("name"), "columns.name") for column in columns),
        rows=tuple(tuple(_read(cell, kind) for cell, kind in zip(row, types, strict=True)) for row in rows),
        types=tuple(types),
    )


def _type(column: Json, cells: Sequence[object]) -> CellType:
    if column.get("kind") == "figure":
        return CellType.FIGURE
    try:
        kind = CellType(a_text(column.get("type"), "columns.type"))
    except ValueError:
        raise misread("columns.type") from None
    # JSON has one kind of number: a column of whole ones is one of integers, unless the node says more.
    whole = [cell for cell in cells if cell is not None]
    return CellType.INTEGER if kind is CellType.NUMBER and whole and all(isinstance(cell, int) for cell in whole) else kind


def _read(cell: object, kind: CellType) -> Shown:
    if kind is CellType.FIGURE:
        found = an_object(cell, "rows")
        value, low, high = (number_or_none(found.get(end), "rows") for end in ("value", "low", "high"))
        return Estimate(value=value, low=low, high=high)
    if cell is None:
        return None
    match kind:
        case CellType.TEXT:
            return a_text(cell, "rows")
        case CellType.INTEGER:
            return a_whole(cell, "rows")
        case CellType.NUMBER:
            return a_number(cell, "rows")
        case CellType.BOOLEAN if isinstance(cell, bool):
            return cell
        case CellType.DATE | CellType.MOMENT:
            try:
                return (date if kind is CellType.DATE else datetime).fromisoformat(a_text(cell, "rows"))
            except ValueError:
                raise misread("rows") from None
        case _:
            raise misread("rows")


def read_draws(value: object) -> list[list[list[float | None]]]:
    """`draws` of a simulation: draws by rows by figures."""
    return [
        [[number_or_none(cell, "draws") for cell in a_list(row, "draws")] for row in a_list(draw, "draws")]
        for draw in a_list(value, "draws")
    ]
