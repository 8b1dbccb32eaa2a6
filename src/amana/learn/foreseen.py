"""How precisely quality will be known, before anything is spent: its round, over rows such as public facts let expect.

Nobody knows how well a model will do before it is trained; an area of 0.8 and an explained half are supposed. What is attained is
measured, shown, and may miss (PRIVACY 11).
"""

from dataclasses import dataclass
from math import erf, inf, sqrt
from typing import final

import numpy as np

from amana.catalog.profile import Histogram
from amana.learn.problem import Problem
from amana.learn.quality import Bins, Score, bin_count, classified, explained_by
from amana.learn.words import HALF
from amana.privacy.loss import NANO
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Task

DISTANCE = 1.19
"""Between the scores of the two classes, in standard deviations of each, where the area is 0.8."""
REACH = 3.0
"""Bins go that many standard deviations beyond both."""
UNEXPLAINED = 0.5
DEVIATION = 1 / 6
"""Of a target between 0 and 1 of which no profile is known: its bell fills the interval."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """`rows`: how many will be scored. `rate`: the share of the positive class. `variance`: of the target of a regression, from 0 to 1."""

    rows: float
    rate: float = 0.5
    variance: float = DEVIATION**2


def expected_of(problem: Problem, histogram: Histogram | None, *, code: int, rows: float) -> Expected:
    """What the profile says of the target, whose positive class has that code; halves and bells where it says nothing."""
    counts = np.maximum(np.array(() if histogram is None else histogram.counts), 0.0)
    if histogram is None or counts.sum() <= 0:
        return Expected(rows=rows)
    shares = counts / counts.sum()
    if problem.task is Task.CLASSIFICATION:
        rate = float(shares[min((code - histogram.low) // histogram.width, len(shares) - 1)])
        return Expected(rows=rows, rate=min(max(rate, 1 / rows), 1 - 1 / rows))
    middles = (histogram.low + histogram.width * (np.arange(len(shares)) + 0.5) - problem.low) / (problem.high - problem.low)
    variance = float((shares * middles**2).sum() - (shares * middles).sum() ** 2)
    return Expected(rows=rows, variance=min(max(variance, 1e-4), 0.25))


def half_width(problem: Problem, expected: Expected, *, plans: int, nano_rho: NanoRho) -> float:
    """Half of the 95 % interval of the first score, were quality measured at this loss by that many plans; infinite where nothing could
    be told. Units: those of the score, whose best is 1."""
    rho = nano_rho / NANO / plans
    if rho <= 0:
        return inf
    reach = problem.rows_per_unit
    if problem.task is Task.CLASSIFICATION:
        scores = _classes(problem, expected, reach / sqrt(2 * rho), nano_rho)
    else:
        scores = _value(expected, reach, rho)
    return scores[0].value - scores[0].low if scores else inf


def loss_within(problem: Problem, expected: Expected, half: float, *, plans: int, most: NanoRho) -> NanoRho | None:
    """The smallest loss of the quality round at which the first score will be known so well; None if `most` does not do."""
    low, high = 0, int(most)
    if half_width(problem, expected, plans=plans, nano_rho=most) > half:
        return None
    while high - low > 1:
        middle = (low + high) // 2
        enough = half_width(problem, expected, plans=plans, nano_rho=NanoRho(middle)) <= half
        low, high = (low, middle) if enough else (middle, high)
    return NanoRho(high)


def _classes(problem: Problem, expected: Expected, noise: float, nano_rho: NanoRho) -> tuple[Score, ...]:
    """Two bells at a distance, cut into bins."""
    count = bin_count(problem, nano_rho=nano_rho)
    edges = np.linspace(-REACH, DISTANCE + REACH, count + 1)
    below = np.array([[0.5 + 0.5 * erf((edge - middle) / sqrt(2)) for edge in edges] for middle in (0.0, DISTANCE)])
    counts = np.diff(below, axis=1) * expected.rows * np.array([[1 - expected.rate], [expected.rate]])
    return classified(counts, noise, Bins(start=0, width=1, count=count))[0]


def _value(expected: Expected, reach: int, rho: float) -> tuple[Score, ...]:
    """Rows, and sums of the target less its middle, of its square and of the squared residual, as the plan bounds them."""
    squares = expected.variance * expected.rows * UNIT
    sums = (expected.rows, 0.0, squares, UNEXPLAINED * squares)
    bounds = (1, HALF, HALF * HALF // UNIT, HALF * HALF // UNIT)
    return explained_by(sums, [reach * bound * sqrt(len(bounds) / (2 * rho)) for bound in bounds])[0]
