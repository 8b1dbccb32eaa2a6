"""A private profile in figures that people read, as values: each figure with its interval."""

from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, final

from amana.terms.answer import Estimate

Value: TypeAlias = float | date
"""A number, or a day or moment (`datetime` is a `date`)."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Quantile:
    """The value that this share of rows, or of units, does not exceed. `half_width`: in the unit of the values, days for dates."""

    share: float
    value: Value
    low: Value
    high: Value
    half_width: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnSummary:
    """`missing` is a share. `quantiles`: of columns that have an order, on a grid of so many `decimals`. `members`: of choices and
    booleans, with their shares."""

    name: str
    kind: str
    missing: Estimate
    decimals: int = 0
    quantiles: tuple[Quantile, ...] = ()
    members: tuple[tuple[str, Estimate], ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TableSummary:
    """`groups_per_unit`: for each occurrence column the mean number of different values of one unit."""

    table: str
    units: Estimate
    rows: Estimate
    rows_per_unit: tuple[Quantile, ...]
    groups_per_unit: tuple[tuple[str, Estimate], ...]
    columns: tuple[ColumnSummary, ...]
