"""From the noisy counts of all rounds to tables that are believed and agree with each other in what they share."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import pi, sqrt
from typing import final

import numpy as np
from numpy.typing import NDArray

from amana.learn.contingency import Counts, Noisy, fitted, on_simplex, pooled, read, rows_in, shrunk
from amana.learn.network import Table
from amana.learn.structure import Pair, gathered, groups_of
from amana.learn.synthesis import Synthesis
from amana.privacy.rounds import Measured, Rounds


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """What round 1 decided. `groups[column]`: the group of each cell. `layers`: of each group of the target, the coarse group that
    is told apart in every pair. `active[column]`: groups that hold more than noise."""

    groups: tuple[tuple[int, ...], ...]
    layers: tuple[int, ...]
    active: tuple[int, ...]

    def sizes(self) -> list[int]:
        """Groups of each column."""
        return [max(groups) + 1 for groups in self.groups]

    def coarse(self, target: int | None) -> tuple[tuple[int, ...], ...]:
        """The groups, those of the target coarse."""
        return tuple(
            tuple(self.layers[group] for group in groups) if column == target else groups for column, groups in enumerate(self.groups)
        )


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Believed counts. `single[column]` by group, `cells[column]` by cell; `aimed[column]` by group and group of the target;
    `pairs` by groups of two columns and, where there is a target, its coarse group. `noise`: expected total variation between
    what is believed and the truth, by columns. Units: `rows`, how many rows there are by the noisy counts."""

    grouping: Grouping
    rows: float
    single: tuple[Counts, ...]
    cells: tuple[Counts, ...]
    aimed: Mapping[int, Counts]
    pairs: Mapping[Pair, Counts]
    noise: Mapping[tuple[int, ...], float]


def grouping_of(spec: Synthesis, singles: Sequence[Measured]) -> Grouping:
    """Groups of cells, from the noisy counts of single columns."""
    groups: list[tuple[int, ...]] = []
    active: list[int] = []
    layers: tuple[int, ...] = ()
    for column, measured in enumerate(singles):
        noisy, feature, possible = read(measured, (spec.cells(column),)), spec.features[column], spec.possible[column]
        padded = np.append(noisy.counts, [0.0] * (feature.cells - len(noisy.counts)))
        chosen = groups_of(feature, padded, missing=possible[-1], most=spec.groups_max)
        held, variance = gathered(padded, chosen), gathered(np.full(len(padded), noisy.deviation**2), chosen)
        groups.append(chosen)
        active.append(max(2, int((held > np.sqrt(variance)).sum())))
        if column == spec.target:
            shown = held if possible[-1] else np.append(held, 0.0)
            layers = groups_of(feature, shown, missing=possible[-1], most=spec.layers_max)[: len(held)]
    return Grouping(groups=tuple(groups), layers=layers, active=tuple(active))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Counted:
    """All noisy counts by group; single columns also by cell."""

    fine: tuple[Noisy, ...]
    aimed: Mapping[int, Noisy]
    pairs: Mapping[Pair, Noisy]
    exact: bool
    """Whether the layers of pairs are the groups of the target."""


def fit_of(spec: Synthesis, done: Rounds) -> Fit:
    """What is believed after all rounds."""
    grouping = grouping_of(spec, done[0])
    counted = _counted(spec, grouping, done)
    rows = rows_in([*counted.fine, *counted.aimed.values(), *counted.pairs.values()])
    noise: dict[tuple[int, ...], float] = {}
    single: list[Counts] = []
    for column in range(len(spec.names)):
        counts, variances = pooled(_singles(spec, grouping, counted, column))
        single.append(on_simplex(counts, variances, total=rows, possible=_possible_groups(spec, grouping, column)))
        noise[column,] = float(np.sqrt(variances).sum()) * sqrt(2 / pi) / 2 / rows
    aimed: dict[int, Counts] = {}
    for column in counted.aimed:
        assert spec.target is not None
        believed, error = _believed(_aimed(counted, column), np.outer(single[column], single[spec.target]) / rows)
        aimed[column] = fitted(believed, [((0,), single[column]), ((1,), single[spec.target])])
        noise[_key(column, spec.target)] = error / 2 / rows
    pairs: dict[Pair, Counts] = {}
    for pair, table in counted.pairs.items():
        pairs[pair], error = _pair(spec, grouping, (single, aimed), pair, table)
        noise[pair] = error / 2 / rows
    cells = tuple(_cells(spec, grouping, column, counted.fine[column], single[column]) for column in range(len(spec.names)))
    return Fit(grouping=grouping, rows=rows, single=tuple(single), cells=cells, aimed=aimed, pairs=pairs, noise=noise)


def tables_of(spec: Synthesis, fit: Fit, *, layer: int) -> tuple[Table, ...]:
    """Everything that rows must agree with. `layer`: the number of the column that holds the coarse group of the target."""
    third = () if spec.target is None else (layer,)
    pairs: list[Table] = [((*pair, *third), counts) for pair, counts in fit.pairs.items()]
    finer = spec.target is not None and len(fit.single[spec.target]) > max(fit.grouping.layers) + 1
    if spec.target is not None and (finer or not pairs):
        pairs += [((column, spec.target), counts) for column, counts in fit.aimed.items()]
    return tuple(pairs)


def _counted(spec: Synthesis, grouping: Grouping, done: Rounds) -> _Counted:
    rounds = dict(zip([stage for stage, cost in enumerate(spec.costs) if cost], done, strict=True))
    sizes, layers = grouping.sizes(), () if spec.target is None else (max(grouping.layers) + 1,)
    fine = tuple(read(measured, (spec.cells(column),)) for column, measured in enumerate(rounds[0]))
    aimed: dict[int, Noisy] = {}
    if spec.target is not None:
        for column, measured in zip(spec.others, rounds.get(1, ()), strict=False):
            aimed[column] = read(measured, (sizes[column], sizes[spec.target]))
    pairs = {
        (one, two): read(measured, (sizes[one], sizes[two], *layers))
        for (one, two), measured in zip(spec.pairs, rounds.get(2, ()), strict=True)
    }
    return _Counted(fine=fine, aimed=aimed, pairs=pairs, exact=spec.target is not None and layers == (sizes[spec.target],))


def _singles(spec: Synthesis, grouping: Grouping, counted: _Counted, column: int) -> list[tuple[Counts, Counts]]:
    """Every noisy version of the counts of one column by group."""
    fine, groups = counted.fine[column], grouping.groups[column][: spec.cells(column)]
    parts = [(gathered(fine.counts, groups), gathered(np.full(len(groups), fine.deviation**2), groups))]
    if column == spec.target:
        parts += [noisy.along((1,)) for noisy in counted.aimed.values()]
        parts += [noisy.along((2,)) for noisy in counted.pairs.values() if counted.exact]
        return parts
    if column in counted.aimed:
        parts.append(counted.aimed[column].along((0,)))
    return parts + [noisy.along((pair.index(column),)) for pair, noisy in counted.pairs.items() if column in pair]


def _aimed(counted: _Counted, column: int) -> list[tuple[Counts, Counts]]:
    """Every noisy version of the counts by column and target."""
    parts = [counted.aimed[column].along((0, 1))]
    if counted.exact:
        parts += [noisy.along((pair.index(column), 2)) for pair, noisy in counted.pairs.items() if column in pair]
    return parts


def _pair(
    spec: Synthesis, grouping: Grouping, known: tuple[Sequence[Counts], Mapping[int, Counts]], pair: Pair, noisy: Noisy
) -> tuple[Counts, float]:
    """(counts of two columns and the layers of the target, expected error of the counts of the two columns alone)."""
    single, aimed = known
    one, two = pair
    if spec.target is None:
        expected = np.outer(single[one], single[two]) / single[one].sum()
        counts, error = _believed([noisy.along((0, 1))], expected)
        return fitted(counts, [((0,), single[one]), ((1,), single[two])]), error
    left, right = (gathered(aimed[column].T, grouping.layers).T for column in pair)
    whole = gathered(single[spec.target], grouping.layers)
    expected = left[:, None, :] * right[None, :, :] / np.maximum(whole, 1e-9)
    counts, _ = _believed([noisy.along((0, 1, 2))], expected)
    _, error = _believed([noisy.along((0, 1))], expected.sum(axis=2))
    return fitted(counts, [((0, 2), left), ((1, 2), right)]), error


def _believed(parts: Sequence[tuple[Counts, Counts]], expected: Counts) -> tuple[Counts, float]:
    counts, variances = pooled(parts)
    found = shrunk(counts, expected, variances)
    return found.counts, found.error


def _possible_groups(spec: Synthesis, grouping: Grouping, column: int) -> NDArray[np.bool_]:
    possible = np.array(spec.possible[column], dtype=np.float64)
    return gathered(possible, grouping.groups[column]) > 0


def _cells(spec: Synthesis, grouping: Grouping, column: int, fine: Noisy, single: Counts) -> Counts:
    """Believed counts by cell, which add up to those of the groups. An impossible cell is empty."""
    count, groups = spec.cells(column), np.array(grouping.groups[column][: spec.cells(column)])
    possible = np.array(spec.possible[column][:count])
    found = on_simplex(fine.counts, np.full(count, fine.deviation**2), total=float(single.sum()), possible=possible)
    held = gathered(found, groups.tolist())
    found *= (single / np.maximum(held, 1e-300))[groups]
    return found


def _key(column: int, other: int) -> tuple[int, int]:
    return min(column, other), max(column, other)
