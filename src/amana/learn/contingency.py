"""Noisy tables of counts, and what is believed of the true ones: post-processing of what left the kernel.

A cell is believed to hold what independence (or conditional independence) expects of it, times a ratio. How such ratios are spread
is estimated from the cells of the table itself, with the known noise, and each cell is put at the mean of what remains possible:
empirical Bayes on a grid of ratios. Source: Efron 2016, "Empirical Bayes deconvolution estimates"; Koenker & Mizera 2014.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import pi
from typing import TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from amana.privacy.rounds import Measured
from amana.query.plan import PublicKeys

Counts: TypeAlias = NDArray[np.float64]
Cells: TypeAlias = NDArray[np.intp]
RATIOS: Counts = np.concatenate([[0.0], np.geomspace(0.02, 60.0, 70)])
WIDTHS: Counts = RATIOS * 0.07
"""What a cell may hold, as a multiple of what is expected of it: a mixture of nothing and of normal parts that overlap."""
SIZES = (0.1, 0.5, 2.0, 8.0, 32.0)
"""Cells whose expectations lie between the same two of these, in standard deviations of the noise, share a spread of ratios."""
STEPS = 60
PRIOR_CELLS = 2.0
"""The spread that is believed before any cell is seen counts as so many cells."""
LEAST = 1e-6
"""Rows that every possible cell holds at least, so that proportions are defined."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Noisy:
    """Counts with noise of one standard deviation in each cell."""

    counts: Counts
    deviation: float

    @property
    def total(self) -> tuple[float, float]:
        """All rows, and the variance of that."""
        return float(self.counts.sum()), self.counts.size * self.deviation**2

    def along(self, axes: Sequence[int]) -> tuple[Counts, Counts]:
        """The counts summed over all other axes, and their variance."""
        others = tuple(axis for axis in range(self.counts.ndim) if axis not in axes)
        summed: Counts = np.asarray(self.counts.sum(axis=others))
        return summed, np.full(summed.shape, self.deviation**2 * self.counts.size / summed.size)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Believed:
    """What the true counts are taken to be. `error`: expected sum over cells of the distance to the truth. Units: rows."""

    counts: Counts
    error: float


def read(measured: Measured, shape: tuple[int, ...]) -> Noisy:
    """A released table by cell numbers; cells that are no public key are empty for certain."""
    keys = measured.private.bounded.keys
    assert isinstance(keys, PublicKeys)
    counts = np.zeros(shape)
    counts[tuple(np.array(keys.combinations, dtype=np.intp).T)] = measured.cells[0]
    return Noisy(counts=counts, deviation=measured.private.scales[0])


def pooled(parts: Sequence[tuple[Counts, Counts]]) -> tuple[Counts, Counts]:
    """Several noisy versions of the same counts as one: (counts, variances) weighted by precision."""
    precision: Counts = np.sum([1 / variance for _, variance in parts], axis=0)
    weighted: Counts = np.sum([counts / variance for counts, variance in parts], axis=0)
    variance: Counts = 1 / precision
    return weighted * variance, variance


def on_simplex(counts: Counts, variances: Counts, *, total: float, possible: NDArray[np.bool_]) -> Counts:
    """The nearest counts, by precision, that are not negative, add up to `total` and are 0 where no row can be."""
    weights = np.where(possible, variances, 0.0)
    reach = (total + float(np.abs(counts).max())) / float(weights[possible].min())
    lowest, highest = -reach, reach
    for _ in range(100):
        shift = (lowest + highest) / 2
        if float(np.maximum(counts - shift * weights, 0.0)[possible].sum()) > total:
            lowest = shift
        else:
            highest = shift
    kept: Counts = np.where(possible, np.maximum(counts - lowest * weights, LEAST), 0.0)
    kept *= total / float(kept.sum())
    return kept


def shrunk(counts: Counts, expected: Counts, variances: Counts) -> Believed:
    """The mean of what each cell may hold, given its noisy count and what is expected of it. Shapes: all alike."""
    noisy, middle, deviations = counts.ravel(), expected.ravel(), np.sqrt(variances.ravel())
    found: Counts = np.zeros_like(noisy)
    error = 0.0
    sizes = np.searchsorted(SIZES, middle / deviations)
    for size in np.unique(sizes[middle > 0]):
        here = np.flatnonzero((sizes == size) & (middle > 0))
        off: Counts = noisy[here, None] - middle[here, None] * RATIOS
        own, noise = (middle[here, None] * WIDTHS) ** 2, deviations[here, None] ** 2
        distance: Counts = off**2 / (2 * (own + noise)) + np.log(own + noise) / 2
        posterior = _posterior(np.exp(distance.min(axis=1, keepdims=True) - distance))
        within: Counts = np.maximum(noisy[here, None] - off * (noise / (own + noise)), 0.0)
        mean: Counts = (posterior * within).sum(axis=1)
        found[here] = mean
        spread: Counts = np.sqrt((within - mean[:, None]) ** 2 + own * noise / (own + noise) * (2 / pi))
        error += float((posterior * spread).sum())
    return Believed(counts=found.reshape(counts.shape), error=error)


def _posterior(likelihood: Counts) -> Counts:
    """Of each part in each cell, after the spread of ratios was fitted to all cells by expectation and maximisation."""
    spread: Counts = np.exp(-(np.log(np.maximum(RATIOS, 0.01)) ** 2) / 2) + 0.02
    first = spread / spread.sum()
    spread = first
    posterior = likelihood
    for _ in range(STEPS):
        posterior = likelihood * spread
        posterior /= posterior.sum(axis=1, keepdims=True)
        spread = (posterior.sum(axis=0) + PRIOR_CELLS * first) / (len(likelihood) + PRIOR_CELLS)
    return posterior


def fitted(counts: Counts, margins: Sequence[tuple[tuple[int, ...], Counts]], *, sweeps: int = 20) -> Counts:
    """The table scaled until its sums over all but these axes are the margins. Shapes: margins keep the order of axes.

    Source: Deming & Stephan 1940 (iterative proportional fitting)."""
    table: Counts = np.maximum(counts, LEAST)
    for _ in range(sweeps):
        for axes, margin in margins:
            others = tuple(axis for axis in range(table.ndim) if axis not in axes)
            now = table.sum(axis=others, keepdims=True)
            table = table * (np.expand_dims(margin, others) / np.maximum(now, LEAST**2))
    return table


def distance_of(one: Counts, other: Counts) -> float:
    """Total variation between two tables of counts."""
    return float(np.abs(one / one.sum() - other / other.sum()).sum()) / 2


def rows_in(tables: Sequence[Noisy]) -> float:
    """How many rows there are, by every table together; at least one."""
    totals = [table.total for table in tables]
    return max(1.0, sum(total / variance for total, variance in totals) / sum(1 / variance for _, variance in totals))
