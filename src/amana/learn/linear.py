"""The linear learner: one slope for each number, one value for each member of a choice. For few units, and for columns that move together.

Round 0 measures moments, so that every number is standardised from noisy sums and cut off at a few standard deviations; then
rounds of gradient sums with momentum. The ridge grows with the noise: what is mostly noise is drawn to nothing.
Source: gradient descent under zCDP, Bassily, Smith and Thakurta 2014; the ridge as in `additive.py`.
"""

from dataclasses import dataclass
from math import floor, log, sqrt
from typing import ClassVar, final

import numpy as np

from amana.learn.first_round import model_of
from amana.learn.linear_columns import Columns, Moments, columns_of, first_linear, moments_of, stepped
from amana.learn.marginals import Vector
from amana.learn.problem import Problem
from amana.learn.stages import Shares, cap_of, measures_of, noise_of, shares_of
from amana.learn.stretch import ROUNDS, SHARE, SUMS, stretched, stretching
from amana.learn.texts import text_in
from amana.privacy.loss import NANO
from amana.privacy.rounds import Measure, Rounds
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Effect, Model, Task

ROUNDS_MIN, ROUNDS_MAX = 4, 16
UNITS_PER_ROUND = 60
"""Units, times the root of rho, for which one more round pays."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Pace:
    """`first`: share of the loss for round 0; `warm`: share of what each column alone would explain, as the start; `averaged`: the part
    of the rounds, from the last, that is averaged; `deviation`: believed of effects before fitting, of a standardised column,
    in logits or in standard deviations of the target."""

    first: float
    step: float
    momentum: float
    warm: float
    averaged: float
    deviation: float


PACES = {
    Task.CLASSIFICATION: Pace(first=0.4, step=0.3, momentum=0.5, warm=0.5, averaged=0.8, deviation=0.2),
    Task.REGRESSION: Pace(first=0.2, step=0.15, momentum=0.8, warm=0.0, averaged=0.5, deviation=0.5),
}
TEXT_DEVIATION = 0.15
"""Of the deviation of other columns: the columns of a text are many, and most of them say little."""
REGRESSION_ROUNDS = 40
"""Measures of one body move together: their differences are found slowly."""


def rounds_for(problem: Problem, nano_rho: NanoRho) -> int:
    """Rounds of gradients, from public facts."""
    if problem.task is Task.REGRESSION:
        return REGRESSION_ROUNDS
    return round(min(max(problem.units * sqrt(nano_rho / NANO) / UNITS_PER_ROUND, ROUNDS_MIN), ROUNDS_MAX))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Linear:
    """`rounds`: of gradients. Where a text is read, a few more stretch the score."""

    name: ClassVar[str] = "linear"
    problem: Problem
    nano_rho: NanoRho
    rounds: int

    @property
    def course(self) -> Course:
        """All rounds. They are alike in size."""
        columns = columns_of(self.problem)
        plans = first_linear(columns)
        nothing = np.zeros(columns.size)
        largest = stepped(columns, None, nothing, intercept=0.0)
        (first, *others), after = self._shares, stretching(columns, None, nothing, intercept=0.0)
        cells = 3 * (columns.size + len(columns.problem.features) + 1)
        return Course(
            name=canonical_bytes(self).decode(),
            rounds=(
                cap_of(first, cells=cells, sources={plan.source for plan in plans}),
                *(cap_of(share, cells=cells, sources={plan.source for plan in largest}) for share in others[: self.rounds]),
                *(cap_of(share, cells=SUMS, sources=[after[0].source]) for share in others[self.rounds :]),
            ),
        )

    @property
    def _shares(self) -> Shares:
        stretch = NanoRho(floor(self.nano_rho * SHARE) // ROUNDS) if text_in(self.problem.features) is not None else NanoRho(0)
        rest = NanoRho(self.nano_rho - stretch * ROUNDS)
        return (*shares_of(rest, first=PACES[self.problem.task].first, rounds=self.rounds), *(stretch,) * (ROUNDS if stretch else 0))

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """Moments; then gradients by column."""
        columns = columns_of(self.problem)
        if not done:
            return columns.measures(first_linear(columns), self._shares[0])
        moments = moments_of(columns, done[0])
        effects, intercept, average = self._follow(columns, moments, done[1 : 1 + self.rounds])
        if len(done) > self.rounds:
            effects, intercept = self._stretch(columns, moments, average, done)
            return measures_of(stretching(columns, moments, effects, intercept=intercept), self._shares[len(done)])
        return columns.measures(stepped(columns, moments, effects, intercept=intercept), self._shares[len(done)])

    def finish(self, done: Rounds) -> Model:
        """The average of the last rounds, as a table over the cells of each feature."""
        columns = columns_of(self.problem)
        moments = moments_of(columns, done[0])
        _, _, average = self._follow(columns, moments, done[1 : 1 + self.rounds])
        effects, intercept = self._stretch(columns, moments, average, done)
        parts: list[Effect] = []
        for place, table in enumerate(columns.tables(moments, effects)):
            parts.append(Effect(features=(place,), values=tuple(round(value * UNIT) for value in table)))
        return model_of(self.problem, learner="linear", intercept=intercept - float(moments.centres @ effects), parts=tuple(parts))

    def _stretch(self, columns: Columns, moments: Moments, found: tuple[Vector, float], done: Rounds) -> tuple[Vector, float]:
        """(effects, intercept) after the rounds that stretch the score."""
        reach = self.problem.rows_per_unit * moments.clip / UNIT
        for measured, share in zip(done[1 + self.rounds :], self._shares[1 + self.rounds :], strict=False):
            found = stretched(columns, moments, *found, measured, noise=noise_of([share], groups=SUMS, reach=reach))
        return found

    def _follow(self, columns: Columns, moments: Moments, done: Rounds) -> tuple[Vector, float, tuple[Vector, float]]:
        """(effects, intercept) where the next gradient is wanted, and averaged over the last rounds."""
        pace, problem = PACES[self.problem.task], self.problem
        classes = problem.task is Task.CLASSIFICATION
        curvature = moments.rows * moments.variances * (moments.mean * (1 - moments.mean) if classes else 1.0)
        reach = problem.rows_per_unit * moments.clip / UNIT
        noise = noise_of(self._shares[1 : 1 + self.rounds], groups=1, reach=reach) * columns.repeated / columns.weights
        deviations = np.where(columns.repeated > 1, TEXT_DEVIATION, 1.0) * pace.deviation
        believed = deviations**2 * (1.0 if classes else moments.dispersion) / moments.variances
        ridge = ((1.0 if classes else moments.dispersion) + noise / curvature) / believed
        inverse = 1 / (curvature + ridge)
        effects = pace.warm * inverse * moments.slopes
        intercept = log(moments.mean / (1 - moments.mean)) if classes else moments.mean
        speeds, speed = np.zeros_like(effects), 0.0
        summed, total, counted = np.zeros_like(effects), 0.0, 0
        steps = moments.rows * (moments.mean * (1 - moments.mean) if classes else 1.0)
        for number, measured in enumerate(done):
            off, gradient = columns.gradient(measured)
            speeds = pace.momentum * speeds + pace.step * inverse * (gradient - moments.centres * off - ridge * effects)
            speed = 0.5 * speed + 0.3 * off / steps
            effects, intercept = effects + speeds, intercept + speed
            if number >= len(done) * (1 - pace.averaged):
                summed, total, counted = summed + effects, total + intercept, counted + 1
        average = (summed / counted, total / counted) if counted else (effects, intercept)
        return effects, intercept, average
