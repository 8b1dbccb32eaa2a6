"""What publishing found in the rows: true counts for the custodian's eyes only, never logged or stored (PRIVACY 15)."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Rows with one event: `missing`, `wrong` or `outside` values of a column, `no unit`, `no parent`, `beyond cap`."""

    event: str
    column: str
    rows: int
    dropped: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnReport:
    """One column. Units: rows, but for `members`, the number of different values that are not declared (counted up to a limit).

    `missing`: no value · `wrong`: a value that is not of the declared kind · `outside`: beyond the bounds, of which `clamped` were
    brought to the bound · `undeclared`: a value that is no declared member.
    """

    column: str
    missing: int
    wrong: int
    outside: int
    clamped: int
    undeclared: int
    members: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """One table. Shapes: `columns` in the order of the table's."""

    table: str
    rows_read: int
    rows_kept: int
    counts: tuple[Count, ...]
    columns: tuple[ColumnReport, ...]
    units: int
    rows_per_unit_largest: int
