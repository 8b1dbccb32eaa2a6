"""A line by sufficient statistics: sums of products of columns first, then of products with what is left of the target, a few times.

Round 0 measures moments, as `linear.py` does. Two rounds of products of two numbers turn the numbers into axes that move apart
(`axes.py`). Along these, a gradient is nearly the whole way to the line of best fit, and what noise hides in one direction does not
hold up the others. For numbers that move together, where descent along the columns themselves is slow.
Source: Wang 2018 (adaptive sufficient statistics), asked once; here the products with the target are asked again around the fit so far,
so that noise in the products of columns only slows the way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log
from typing import ClassVar, final

import numpy as np

from amana.learn.axes import TURNED_MAX, Axes, first_axes, products, stepped_along, turned_axes
from amana.learn.first_round import model_of
from amana.learn.linear_columns import CUT_DEVIATIONS, Columns, Moments, columns_of, first_linear, moments_of
from amana.learn.marginals import Vector, vector_of
from amana.learn.problem import Problem
from amana.learn.stages import Shares, cap_of, measures_of, noise_of, shares_of
from amana.learn.words import read_over
from amana.privacy.rounds import Measure, Measured, Rounds
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Effect, Model, Task

FIRST, PRODUCTS = 0.15, 0.15
"""Shares of the loss for round 0, and for each round of products."""
TURNS = 2
ROUNDS = 12
"""Of gradients."""
STEP, MOMENTUM = 0.5, 0.5
GROUPS_STEP = 6
"""So many groups of columns may say the same, and the step is not too long."""
AVERAGED = 0.5
"""The part of the rounds, from the last, that is averaged."""
DEVIATION = 1.0
"""Believed of effects before fitting, of a standardised column, in logits or in standard deviations of the target."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class At:
    """A fit. Shapes: `along` each axis, `effects` of each column that is no line."""

    along: Vector
    effects: Vector
    intercept: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Statistics:
    """`rounds`: of gradients."""

    name: ClassVar[str] = "statistics"
    problem: Problem
    nano_rho: NanoRho
    rounds: int = ROUNDS

    @property
    def course(self) -> Course:
        """All rounds."""
        columns = columns_of(self.problem)
        axes, tables = first_axes(columns, None), [[0.0] * feature.cells for feature in self.problem.features]
        stepped = stepped_along(columns, columns.lines, axes, tables, intercept=0.0, clip=UNIT)
        wide = columns.size + len(self.problem.features) + 1
        first, *others = self._shares
        caps = [cap_of(first, cells=3 * wide, sources=[first_linear(columns)[0].source])]
        turns = self._turns(columns)
        if turns:
            plans = products(columns, columns.lines, axes)
            caps += [cap_of(share, cells=sum(len(plan.sums) for plan in plans), sources=[plans[0].source]) for share in others[:turns]]
        caps += [cap_of(share, cells=wide, sources=[stepped[0].source]) for share in others[turns:]]
        return Course(name=canonical_bytes(self).decode(), rounds=tuple(caps))

    @property
    def _shares(self) -> Shares:
        turns = self._turns(columns_of(self.problem))
        first, each = (NanoRho(floor(self.nano_rho * share)) for share in (FIRST, PRODUCTS))
        left = NanoRho(self.nano_rho - first - turns * each)
        return (first, *(each,) * turns, *shares_of(left, first=0.0, rounds=self.rounds)[1:])

    @staticmethod
    def _turns(columns: Columns) -> int:
        return TURNS if sum(line is not None for line in columns.lines) > 1 else 0

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """Moments; products of numbers; then gradients along the axes."""
        columns = columns_of(self.problem)
        share, turns = self._shares[len(done)], self._turns(columns)
        if not done:
            return measures_of(first_linear(columns), share)
        moments = moments_of(columns, done[0])
        axes = self._axes(columns, moments, done[1 : 1 + turns])
        if len(done) <= turns:
            return measures_of(products(columns, moments.lines, axes), share)
        at, _ = self._follow(columns, moments, axes, done[1 + turns :])
        tables, intercept = _tables(columns, moments, axes, at)
        return measures_of(stepped_along(columns, moments.lines, axes, tables, intercept=intercept, clip=moments.clip), share)

    def finish(self, done: Rounds) -> Model:
        """The average of the last rounds, as a table over the cells of each feature."""
        columns = columns_of(self.problem)
        moments, turns = moments_of(columns, done[0]), self._turns(columns)
        axes = self._axes(columns, moments, done[1 : 1 + turns])
        _, at = self._follow(columns, moments, axes, done[1 + turns :])
        tables, intercept = _tables(columns, moments, axes, at)
        parts = tuple(Effect(features=(place,), values=tuple(round(value * UNIT) for value in table)) for place, table in enumerate(tables))
        return model_of(self.problem, learner=self.name, intercept=intercept, parts=parts)

    def _axes(self, columns: Columns, moments: Moments, done: Rounds) -> Axes:
        axes = first_axes(columns, moments)
        for measured in done:
            axes = turned_axes(axes, measured, rows=moments.rows, cut=CUT_DEVIATIONS[self.problem.task])
        return axes

    def _follow(self, columns: Columns, moments: Moments, axes: Axes, done: Rounds) -> tuple[At, At]:
        """(where the next gradient is wanted, the average over the last rounds)."""
        problem, lines = self.problem, len(axes.places)
        classes = problem.task is Task.CLASSIFICATION
        bend, dispersion = (moments.mean * (1 - moments.mean), 1.0) if classes else (1.0, moments.dispersion)
        variance = axes.spread / CUT_DEVIATIONS[problem.task] ** 2
        variances = np.concatenate([np.full(lines, variance), moments.variances])
        curvature = moments.rows * bend * variances
        groups = lines + sum(columns.width(place) > 1 for place in range(len(problem.features)))
        blocks = 2 + sum(columns.width(place) > 1 for place in range(len(problem.features))) + max(0, lines - TURNED_MAX)
        noise = noise_of(self._shares[-self.rounds :], groups=groups + 1, reach=problem.rows_per_unit * moments.clip / UNIT)
        ridge = (dispersion + noise / curvature) * variances / (DEVIATION**2 * dispersion)
        step = STEP * min(1.0, GROUPS_STEP / blocks)
        effects, intercept = np.zeros(lines + columns.size), log(moments.mean / (1 - moments.mean)) if classes else moments.mean
        speeds, speed, summed, total, counted = np.zeros_like(effects), 0.0, np.zeros_like(effects), 0.0, 0
        for number, measured in enumerate(done):
            off, gradient = _gradient(columns, moments, measured, lines)
            speeds = MOMENTUM * speeds + step * (gradient - ridge * effects) / (curvature + ridge)
            speed = MOMENTUM * speed + step * off / (moments.rows * bend)
            effects, intercept = effects + speeds, intercept + speed
            if number >= len(done) * (1 - AVERAGED):
                summed, total, counted = summed + effects, total + intercept, counted + 1
        now = At(along=effects[:lines], effects=effects[lines:], intercept=intercept)
        if not counted:
            return now, now
        return now, At(along=summed[:lines] / counted, effects=summed[lines:] / counted, intercept=total / counted)


def _gradient(columns: Columns, moments: Moments, measured: Sequence[Measured], lines: int) -> tuple[float, Vector]:
    """(sum of the gradient, its sums along axes and by column): a column of a choice less its mean. That of a line is nothing, its axes
    stand for it."""
    (sums, others), by_column = read_over(measured), np.zeros(columns.size)
    together, keyed = np.array(sums) / UNIT**2, iter(others)
    off = float(together[0])
    for place, (line, start) in enumerate(zip(columns.lines, columns.starts, strict=True)):
        width = columns.width(place)
        if width > 1:
            first = 0 if line is None else 1
            at = slice(start + first, start + width)
            by_column[at] = vector_of(next(keyed), 0, width)[first:] / UNIT**2 - moments.centres[at] * off
    assert len(together) == 1 + lines
    return off, np.concatenate([together[1:], by_column])


def _tables(columns: Columns, moments: Moments, axes: Axes, at: At) -> tuple[list[list[float]], float]:
    """What each feature adds in each of its cells, and the intercept beside them."""
    effects = at.effects.copy()
    slopes = at.along @ axes.weights
    intercept = at.intercept + float(at.along @ axes.offsets) - float(moments.centres @ effects)
    for place, slope in zip(axes.places, slopes, strict=True):
        effects[columns.starts[place]] = slope
    return columns.tables(moments, effects), intercept
