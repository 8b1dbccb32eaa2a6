"""Real-looking values out of cells: members of choices, numbers and dates on the declared grid inside their cell, NULL."""

from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from typing import TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, DateStep, NumberDomain
from amana.learn.problem import EPOCH, Learnable
from amana.query.members import values_of
from amana.terms.answer import CellType
from amana.terms.model import Feature

Value: TypeAlias = str | int | bool | Decimal | date | None
DAYS_MAX = 4_000_000
"""More days than the calendar has."""


def type_of(domain: Learnable) -> CellType:
    """How a column of that domain is shown."""
    match domain:
        case NumberDomain():
            return CellType.INTEGER if domain.scale == 0 else CellType.NUMBER
        case DateDomain():
            return CellType.DATE
        case BooleanDomain():
            return CellType.BOOLEAN
        case ChoiceDomain():
            return CellType.TEXT
        case _:
            assert_never(domain)


def possible_cells(feature: Feature, domain: Learnable) -> tuple[bool, ...]:
    """For each cell whether any value of the domain lies in it."""
    match domain:
        case NumberDomain() | DateDomain():
            inner = tuple(end > start for start, end in _spans(feature, _grid(domain)))
        case ChoiceDomain() | BooleanDomain():
            inner = (True,) * (feature.cells - 1)
        case _:
            assert_never(domain)
    return (*inner, domain.nullable)


def values_in(feature: Feature, domain: Learnable, cells: NDArray[np.intp], chance: np.random.Generator) -> tuple[Value, ...]:
    """A value of the domain for each cell, every one that lies in the cell as likely as the others."""
    numbers: list[int] = cells.tolist()
    missing = feature.cells - 1
    match domain:
        case ChoiceDomain():
            return tuple(None if cell == missing else domain.members[cell] for cell in numbers)
        case BooleanDomain():
            return tuple(None if cell == missing else bool(cell) for cell in numbers)
        case NumberDomain() | DateDomain():
            grid = _grid(domain)
            spans = np.array((*_spans(feature, grid), (0, 1)), dtype=np.int64)
            sizes = np.maximum(spans[:, 1] - spans[:, 0], 1)
            places: list[int] = (spans[cells, 0] + chance.integers(0, sizes[cells])).tolist()
            return tuple(None if cell == missing else _value(domain, grid[place]) for cell, place in zip(numbers, places, strict=True))
        case _:
            assert_never(domain)


def _grid(domain: NumberDomain | DateDomain) -> Sequence[int]:
    """All values in order: units of a number, days since 1970."""
    if isinstance(domain, NumberDomain):
        return range(domain.low, domain.high + 1, domain.step)
    low, high = ((end - EPOCH).days for end in (domain.low, domain.high))
    if domain.step is DateStep.DAY:
        return range(low, high + 1)
    days = values_of(domain, values_max=DAYS_MAX)
    assert days is not None
    inside = tuple(max(low, int(day)) for day in days if day is not None)
    return inside or (low,)


def _spans(feature: Feature, grid: Sequence[int]) -> tuple[tuple[int, int], ...]:
    """For each cell but the missing one, which places of the grid lie in it: (first, one after the last)."""
    ends = [_first_at_least(grid, edge) for edge in feature.edges]
    return tuple(zip((0, *ends), (*ends, len(grid)), strict=True))


def _first_at_least(grid: Sequence[int], edge: int) -> int:
    low, high = 0, len(grid)
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if grid[middle] < edge else (low, middle)
    return low


def _value(domain: NumberDomain | DateDomain, place: int) -> Value:
    if isinstance(domain, DateDomain):
        return EPOCH + timedelta(days=place)
    return place if domain.scale == 0 else Decimal(place).scaleb(-domain.scale)
