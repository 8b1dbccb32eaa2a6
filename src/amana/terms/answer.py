"""What a user takes away: estimates with their intervals."""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A released figure and its 95 % interval, for noise only (PRIVACY 20). None: cannot be computed from the noisy sums."""

    value: float | None
    low: float | None
    high: float | None


Shown: TypeAlias = Estimate | str | int | float | bool | date | datetime | None
"""A cell of an answer: an estimate, or the value of a key."""


class CellType(Enum):
    """What a column holds, known from the question and the schema, also where every cell is NULL."""

    FIGURE = "figure"  # numbers with intervals: `Estimate`
    TEXT = "text"
    INTEGER = "integer"
    NUMBER = "number"
    BOOLEAN = "boolean"
    DATE = "date"
    MOMENT = "moment"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTable:
    """Shapes: each row has one cell for each of `columns`; `types` one for each column, read off the cells where nobody told."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]
    types: tuple[CellType, ...] = ()

    def __post_init__(self) -> None:
        if not self.types:
            seen = tuple(_seen([row[index] for row in self.rows]) for index in range(len(self.columns)))
            object.__setattr__(self, "types", seen)
        assert len(self.types) == len(self.columns), self.types


def _seen(cells: list[Shown]) -> CellType:
    """The type that these cells have."""
    kinds = {_type_of(cell) for cell in cells if cell is not None}
    if kinds == {CellType.INTEGER, CellType.NUMBER}:
        return CellType.NUMBER
    return kinds.pop() if len(kinds) == 1 else CellType.TEXT


def _type_of(cell: Shown) -> CellType:
    match cell:
        case Estimate():
            return CellType.FIGURE
        case bool():
            return CellType.BOOLEAN
        case int():
            return CellType.INTEGER
        case float():
            return CellType.NUMBER
        case datetime():
            return CellType.MOMENT
        case date():
            return CellType.DATE
        case _:
            return CellType.TEXT
