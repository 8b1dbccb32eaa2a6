"""A synthetic table as it leaves, with what is known of its errors without looking at the data again."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

from amana.catalog.domains import NumberDomain
from amana.client.invented import InventedColumn, write_csv
from amana.learn.contingency import Cells, Counts, distance_of
from amana.learn.fit import Fit
from amana.learn.network import Rows, counts_of
from amana.learn.synthesis import Synthesis
from amana.learn.synthetic_values import Value, type_of, values_in


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """Of one or two columns. `noise`: expected total variation between what is believed of them and the truth, from the noise alone;
    `fit`: total variation between the synthetic table and what is believed. The truth is expected within the sum of both."""

    columns: tuple[str, ...]
    noise: float
    fit: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Utility:
    """`rows`: how many rows the data have, by the noisy counts. All figures are computed from noisy counts."""

    rows: float
    single: tuple[Agreement, ...]
    pairs: tuple[Agreement, ...]

    @property
    def mean(self) -> Mapping[str, float]:
        """Means over columns and over pairs."""
        return {
            f"{kind}_{part}": float(np.mean([getattr(one, part) for one in found])) if found else 0.0
            for kind, found in (("single", self.single), ("pairs", self.pairs))
            for part in ("noise", "fit")
        }


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SyntheticTable:
    """Shapes: `columns[i]` has one value for each row, as `header[i]` says."""

    header: tuple[InventedColumn, ...]
    columns: tuple[tuple[Value, ...], ...]
    utility: Utility

    @property
    def names(self) -> tuple[str, ...]:
        """Of its columns."""
        return tuple(each.name for each in self.header)

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return len(self.columns[0])

    def csv(self) -> str:
        """The table as a file of comma-separated values; NULL is nothing."""
        return write_csv(self.header, list(zip(*self.columns, strict=True)))


def table_of(spec: Synthesis, fit: Fit, rows: Rows, chance: np.random.Generator) -> SyntheticTable:
    """Rows of groups as rows of values. Shapes: `rows` has a column of groups for each column of the synthesis, and may have more."""
    columns: list[tuple[Value, ...]] = []
    for place, (feature, domain) in enumerate(zip(spec.features, spec.domains, strict=True)):
        groups = np.array(fit.grouping.groups[place][: spec.cells(place)])
        cells = _cells(rows[:, place], groups, fit.cells[place], chance)
        columns.append(values_in(feature, domain, cells, chance))
    return SyntheticTable(
        header=tuple(
            InventedColumn(name=name, type=type_of(domain), decimals=domain.scale if isinstance(domain, NumberDomain) else 0)
            for name, domain in zip(spec.names, spec.domains, strict=True)
        ),
        columns=tuple(columns),
        utility=utility_of(spec, fit, rows),
    )


def utility_of(spec: Synthesis, fit: Fit, rows: Rows) -> Utility:
    """How well the rows agree with what is believed, and how far that may be from the truth."""
    sizes = fit.grouping.sizes()
    single = tuple(
        Agreement(columns=(name,), noise=fit.noise[place,], fit=distance_of(counts_of(rows, (place,), (sizes[place],)), fit.single[place]))
        for place, name in enumerate(spec.names)
    )
    pairs: list[Agreement] = []
    for columns, believed in _pairs(spec, fit):
        counts = counts_of(rows, columns, believed.shape)
        names = tuple(spec.names[column] for column in columns)
        key = (min(columns), max(columns))
        pairs.append(Agreement(columns=names, noise=fit.noise[key], fit=distance_of(counts, believed)))
    return Utility(rows=fit.rows, single=single, pairs=tuple(pairs))


def _pairs(spec: Synthesis, fit: Fit) -> list[tuple[tuple[int, int], Counts]]:
    found = [(pair, counts if counts.ndim == 2 else counts.sum(axis=2)) for pair, counts in fit.pairs.items()]
    if spec.target is not None:
        found += [((column, spec.target), counts) for column, counts in fit.aimed.items()]
    return found


def _cells(rows: NDArray[np.int32], groups: Cells, counts: Counts, chance: np.random.Generator) -> Cells:
    """A cell for each row of groups: within a group in the proportions of its cells, to within one row."""
    found: Cells = np.zeros(len(rows), dtype=np.intp)
    for group in np.unique(rows):
        here, cells = np.flatnonzero(rows == group), np.flatnonzero(groups == group)
        if len(cells) == 1:
            found[here] = cells[0]
            continue
        ends: Counts = np.cumsum(counts[cells])
        even: Counts = (chance.permutation(len(here)) + chance.random()) * (ends[-1] / len(here))
        places: Cells = np.searchsorted(ends, even, side="right")
        found[here] = cells[np.minimum(places, int(np.flatnonzero(counts[cells])[-1]))]
    return found
