"""Fitting a sum of tables by noisy gradients: rounds of preconditioned steps with momentum, and the average of most of them.

The prior of an effect has a variance found beforehand, and neighbouring cells are believed alike. Both are held against the
noise of all rounds together: a cell whose gradient is mostly noise is drawn to its neighbours and to nothing. Source: the
average is Polyak and Juditsky 1992; the ridge is the posterior of a normal effect seen through normal noise.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf
from typing import final

import numpy as np
from numpy.typing import NDArray

from amana.learn.marginals import ROWS_BELIEVED, Marginal, Marginals, Vector
from amana.terms.model import Task

SMOOTH = 0.5
"""Standard deviation between neighbouring cells, in that of the effects."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`overlap`: so many groups may say the same, and the step is not too long. `warm`: share of what each group alone would explain, taken
    as the start. `averaged`: the part of the rounds, from the last, that is averaged."""

    step: float
    momentum: float
    overlap: float
    warm: float
    averaged: float

    def step_of(self, groups: int) -> float:
        """The step for so many groups."""
        return self.step * min(1.0, self.overlap / groups)


PACES = {
    Task.CLASSIFICATION: Pace(step=0.3, momentum=0.5, overlap=inf, warm=0.5, averaged=0.8),
    Task.REGRESSION: Pace(step=0.3, momentum=0.5, overlap=8.0, warm=0.0, averaged=0.7),
}
"""What columns say of a number mostly overlaps, and its noise is larger: it starts from nothing."""
CHANCES = (0.02, 0.98)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """One group: `inverse` of (curvature + prior), and the prior itself. Shapes: square in its cells."""

    inverse: NDArray[np.float64]
    prior: NDArray[np.float64]
    start: Vector


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """Effects by group and cell, and the intercept. Units: logits, or the width of the target's interval."""

    effects: tuple[Vector, ...]
    intercept: float


def block_of(marginals: Marginals, marginal: Marginal, *, variance: float, noise: float, chained: int) -> Block:
    """`noise`: variance of one gradient averaged over all rounds; `variance`: of an effect, before fitting.
    `chained`: so many cells lie in a row, each next to the one before."""
    counts, labels = marginal.counts, marginal.labels
    curvature = counts * marginals.curvature
    if marginals.task is Task.CLASSIFICATION:  # each cell has a curvature of its own
        chance = np.clip((labels + counts / 2 + ROWS_BELIEVED * marginals.mean) / (counts + ROWS_BELIEVED), *CHANCES)
        curvature = counts * chance * (1 - chance)
    weights = (marginals.dispersion + noise / curvature) / variance
    prior = np.diag(weights)
    for place in range(chained - 1):
        tie = float(min(weights[place], weights[place + 1])) / SMOOTH**2
        prior[place : place + 2, place : place + 2] += tie * np.array([[1.0, -1.0], [-1.0, 1.0]])
    inverse = np.linalg.inv(np.diag(curvature) + prior).astype(np.float64)
    return Block(inverse=inverse, prior=prior, start=PACES[marginals.task].warm * (inverse @ (labels - (marginals.mean - 0.5) * counts)))


def follow(marginals: Marginals, blocks: Sequence[Block], gradients: Sequence[Sequence[Vector]]) -> tuple[Fit, Fit]:
    """(where the next gradient is wanted, the average of the last rounds) after these rounds of gradients by group."""
    effects = [block.start for block in blocks]
    speeds = [np.zeros_like(block.start) for block in blocks]
    intercept, speed = marginals.intercept, 0.0
    pace, rounds = PACES[marginals.task], len(gradients)
    step = pace.step_of(len(blocks))
    total = [np.zeros_like(block.start) for block in blocks]
    summed, counted = 0.0, 0
    for number, gradient in enumerate(gradients):
        off = float(np.mean([one.sum() for one in gradient])) / (marginals.rows * marginals.curvature)
        for place, (block, one) in enumerate(zip(blocks, gradient, strict=True)):
            speeds[place] = pace.momentum * speeds[place] + step * (block.inverse @ (one - block.prior @ effects[place]))
            effects[place] = effects[place] + speeds[place]
        speed = pace.momentum * speed + pace.step * off
        intercept += speed
        if number >= rounds * (1 - pace.averaged):
            total = [one + other for one, other in zip(total, effects, strict=True)]
            summed, counted = summed + intercept, counted + 1
    now = Fit(effects=tuple(effects), intercept=intercept)
    if not counted:
        return now, now
    return now, Fit(effects=tuple(one / counted for one in total), intercept=summed / counted)
