"""The private profile of a dataset version: noisy figures, released and charged once, public for ever."""

from dataclasses import dataclass
from typing import final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Noisy counts of values in `bins` of equal `width` from `low`; `missing` counts NULLs. Units: of the domain's grid
    (days for dates, seconds for moments, member codes for choices), `counts` in rows of a sample with one row a unit.
    `deviation`: the standard deviation of the noise on each count, 0 where it was not kept."""

    low: int
    width: int
    counts: tuple[float, ...]
    missing: float
    deviation: float = 0.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """One private table. `rows_edges[i] <= rows of a unit < rows_edges[i + 1]` for `units_by_rows[i]` units (noisy)."""

    table: str
    units: float
    rows: float
    rows_edges: tuple[int, ...]
    units_by_rows: tuple[float, ...]
    columns: tuple[tuple[str, Histogram], ...]
    groups_per_unit: tuple[tuple[str, float], ...] = ()
    """For each declared occurrence column: the mean number of distinct values a unit has (noisy)."""
    presence: tuple[tuple[str, Histogram], ...] = ()
    """For each text and key column that may be missing: how often it is. One bin holds every value; nothing is told of them."""
    units_deviation: float = 0.0
    """Standard deviation of the noise on each of `units_by_rows`."""
    groups_deviations: tuple[float, ...] = ()
    """Standard deviations of the noise on `groups_per_unit`."""

    def histogram(self, column: str) -> Histogram | None:
        """The noisy histogram of that column, or None."""
        return next((histogram for name, histogram in self.columns if name == column), None)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    tables: tuple[TableProfile, ...]

    def table(self, name: str) -> TableProfile | None:
        """The profile of that table, or None for a public one."""
        return next((table for table in self.tables if table.table == name), None)
