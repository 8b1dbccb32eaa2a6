"""Noisy sums by cell, and what they tell before anything is fitted: which cells are large enough, which columns have a signal."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from amana.learn.problem import Problem
from amana.privacy.rounds import Measured
from amana.query.plan import PublicKeys
from amana.terms.model import UNIT, FeatureKind, Task

Vector: TypeAlias = NDArray[np.float64]
LEAST_DEVIATIONS = 4.0
"""A cell of its own holds at least as many rows as four standard deviations of the noise."""
CELLS_MAX = 150
"""And at least this part of all rows."""
SIGNAL_MIN = 1.0
"""Standard deviations by which the cells of a column must differ more than noise does, to be kept."""
VARIANCE_FACTOR, VARIANCE_MIN = 1.5, {Task.CLASSIFICATION: 0.04, Task.REGRESSION: 0.5}
"""What is believed of effects before fitting: a little more than was seen, and at least that. Units: of the dispersion."""
SEEN_VARIANCE, SEEN_DEVIATIONS = 0.1, 2.0
"""A column of a number is left out only where effects of this variance, of the dispersion, would have shown by so many deviations: before
the target is cut off, noise may hide them all."""
ITERATIONS = 8
DISPERSION_MIN, DISPERSION_MAX = 4e-4, 0.25
"""Of a target, in squared widths of its interval."""
CHANCE_MIN = 0.02
ROWS_BELIEVED = 20.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Marginal:
    """Of one group of cells: rows, sum of (target - middle of its interval) and how many noisy numbers were added up, by cell."""

    counts: Vector
    labels: Vector
    added: Vector


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Marginals:
    """`count_deviation`, `label_deviation`: of the noise on a single number. `rows`, `mean`: over all groups; the target's
    unit is its interval. `dispersion`: variance of a row about its score, over the curvature `curvature` of the loss at the mean."""

    task: Task
    groups: tuple[Marginal, ...]
    count_deviation: float
    label_deviation: float
    rows: float
    mean: float
    dispersion: float
    curvature: float

    @property
    def intercept(self) -> float:
        """The score that the mean alone gives."""
        return float(np.log(self.mean / (1 - self.mean))) if self.task is Task.CLASSIFICATION else self.mean


def vector_of(measured: Measured, place: int, cells: int) -> Vector:
    """A sum by cell, whatever keys the kernel enumerated."""
    found = np.zeros(cells)
    keys = measured.private.bounded.keys
    assert isinstance(keys, PublicKeys), "a course has public keys only"
    for key, value in zip(keys.combinations, measured.cells[place], strict=True):
        assert isinstance(key[0], int)
        found[key[0]] += value
    return found


def marginals_of(problem: Problem, measured: Sequence[Measured], cells: Sequence[int], *, dispersion: float | None) -> Marginals:
    """Read a round of counts and labels. `dispersion`: of the target about its mean, where it was measured; at most that of 0 and 1."""
    groups = tuple(
        Marginal(counts=vector_of(one, 0, size), labels=vector_of(one, 1, size) / UNIT, added=np.ones(size))
        for one, size in zip(measured, cells, strict=True)
    )
    scales = measured[0].private.scales
    rows = max(1.0, float(np.mean([group.counts.sum() for group in groups])))
    mean = float(np.mean([group.labels.sum() for group in groups])) / rows + 0.5
    classes = problem.task is Task.CLASSIFICATION
    mean = min(max(mean, CHANCE_MIN if classes else 0.0), 1 - CHANCE_MIN if classes else 1.0)
    return Marginals(
        task=problem.task,
        groups=groups,
        count_deviation=scales[0],
        label_deviation=scales[1] / UNIT,
        rows=rows,
        mean=mean,
        dispersion=1.0 if classes else min(max(dispersion or DISPERSION_MAX, DISPERSION_MIN), DISPERSION_MAX),
        curvature=mean * (1 - mean) if classes else 1.0,
    )


def merged_cells(problem: Problem, marginals: Marginals) -> tuple[tuple[int, ...], ...]:
    """For each feature, the group of each cell: neighbours together until they hold enough rows; small members with what is missing.
    Where nothing can be missing, that cell goes with the last."""
    least = max(LEAST_DEVIATIONS * marginals.count_deviation, marginals.rows / CELLS_MAX)
    found: list[tuple[int, ...]] = []
    for feature, missing, group in zip(problem.features, problem.missing, marginals.groups, strict=True):
        counts = [float(count) for count in group.counts]
        groups = _neighbours(counts, least) if feature.kind is FeatureKind.NUMBER else _members(counts, least)
        found.append(groups if missing else (*groups[:-1], max(groups[:-1])))
    return tuple(found)


def _neighbours(counts: list[float], least: float) -> tuple[int, ...]:
    groups, number, held = [0] * len(counts), 0, 0.0
    for place, count in enumerate(counts[:-1]):
        groups[place], held = number, held + count
        if held >= least:
            number, held = number + 1, 0.0
    last = max(0, number - 1)  # what is left at the upper end joins its neighbour
    groups[:-1] = [min(group, last) for group in groups[:-1]]
    groups[-1] = last + 1
    return tuple(groups)


def _members(counts: list[float], least: float) -> tuple[int, ...]:
    large = [place for place, count in enumerate(counts[:-1]) if count >= least]
    return tuple(large.index(place) if place in large else len(large) for place in range(len(counts)))


def merged(marginals: Marginals, groups: Sequence[Sequence[int]]) -> tuple[Marginal, ...]:
    """The marginals of the groups."""
    found: list[Marginal] = []
    for marginal, group in zip(marginals.groups, groups, strict=True):
        place, cells = np.asarray(group), max(group) + 1
        counts, labels, added = (
            np.bincount(place, weights=values, minlength=cells).astype(np.float64)
            for values in (marginal.counts, marginal.labels, marginal.added)
        )
        found.append(Marginal(counts=np.maximum(counts, 2 * marginals.count_deviation), labels=labels, added=added))
    return tuple(found)


def signal_of(marginals: Marginals, marginal: Marginal) -> tuple[float, float]:
    """(variance believed of the effects of its cells, how far they differ beyond noise in standard deviations, or unseen could).

    The variance is that of a random effect whose estimates have known errors, by moments with weights 1/(error + variance)²."""
    held = marginal.counts * marginals.curvature
    shift = marginals.mean - 0.5
    effects = (marginal.labels - shift * marginal.counts) / held
    noise = marginal.added * (marginals.label_deviation**2 + shift**2 * marginals.count_deviation**2)
    errors = noise / held**2 + marginals.dispersion / held
    variance, least = 0.25 * marginals.dispersion, 1e-4 * marginals.dispersion
    for _ in range(ITERATIONS):
        weights = 1 / (errors + variance) ** 2
        variance = max(least, float((weights * (effects**2 - errors)).sum() / weights.sum()))
    beyond = float((effects**2 / errors).sum() - len(effects)) / float(np.sqrt(2 * len(effects)))
    believed = min(max(VARIANCE_FACTOR * variance, VARIANCE_MIN[marginals.task] * marginals.dispersion), marginals.dispersion)
    would_show = float((SEEN_VARIANCE * marginals.dispersion / errors).sum()) / float(np.sqrt(2 * len(effects)))
    if marginals.task is Task.REGRESSION and would_show < SEEN_DEVIATIONS:
        beyond = max(beyond, SEEN_DEVIATIONS)
    return believed, beyond
