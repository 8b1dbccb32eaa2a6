"""The round that the learners over cells begin with: rows and targets by fine cell of every column."""

from collections.abc import Sequence
from dataclasses import replace
from math import ceil, sqrt
from typing import assert_never

from amana.learn.marginals import DISPERSION_MAX, DISPERSION_MIN, Marginals, marginals_of
from amana.learn.problem import Problem
from amana.learn.words import AIM, HALF, call, cell_of, rows_with, sums_by, whole
from amana.privacy.rounds import Measured
from amana.query.check import ONE
from amana.query.expr import Column, Op
from amana.query.plan import Plan, Project
from amana.terms.model import TABLE_ABS_MAX, UNIT, Effect, Model, Part, Task, Tree

CLIP_DEVIATIONS = 1.5
"""A residual of a regression counts up to this many standard deviations of the target."""


def first_rows(problem: Problem) -> Project:
    """Every column as its fine cell."""
    read = zip(problem.features, problem.columns, problem.missing, strict=True)
    cells = [(f"c{place}", cell_of(one, column, range(one.cells), missing=missing)) for place, (one, column, missing) in enumerate(read)]
    return rows_with(problem, cells)


def first_plans(problem: Problem) -> list[Plan]:
    """Rows and (target - middle) by cell; in a regression also the mean square of (target - middle)."""
    rows, off = first_rows(problem), call(Op.SUB, Column(name=AIM), whole(HALF))
    plans = [sums_by(rows, f"c{place}", ONE, off) for place in range(len(problem.features))]
    if problem.task is Task.REGRESSION:
        plans.append(sums_by(rows, "", call(Op.INT_DIV, call(Op.MUL, off, off), whole(HALF))))
    return plans


def first_marginals(problem: Problem, measured: tuple[Measured, ...]) -> Marginals:
    """What the round gave."""
    features, cells = len(problem.features), [feature.cells for feature in problem.features]
    plain = marginals_of(problem, measured[:features], cells, dispersion=None)
    if problem.task is Task.CLASSIFICATION:
        return plain
    squares = measured[features].cells[0][0] / (2 * UNIT)
    dispersion = squares / plain.rows - (plain.mean - 0.5) ** 2
    return replace(plain, dispersion=min(max(dispersion, DISPERSION_MIN), DISPERSION_MAX))


def clip_of(marginals: Marginals) -> int:
    """Where a gradient is cut off. Units: 1/1024."""
    if marginals.task is Task.CLASSIFICATION:
        return UNIT
    return min(UNIT, ceil(CLIP_DEVIATIONS * sqrt(marginals.dispersion) * UNIT))


def model_of(problem: Problem, *, learner: str, intercept: float, parts: tuple[Part, ...]) -> Model:
    """The model as it leaves: whatever noise made of it, a file can hold it. Units: `intercept` in logits or in widths of the target's
    interval."""
    (start,) = _held([round(intercept * UNIT)])
    return Model(
        task=problem.task,
        learner=learner,
        target=problem.target,
        positive=problem.positive,
        low=problem.low,
        high=problem.high,
        decimals=problem.decimals,
        features=problem.features,
        intercept=start,
        parts=tuple(map(_held_part, parts)),
    )


def _held_part(part: Part) -> Part:
    match part:
        case Effect():
            return replace(part, values=_held(part.values))
        case Tree():
            return replace(part, leaves=_held(part.leaves))
        case _:
            assert_never(part)


def _held(values: Sequence[int]) -> tuple[int, ...]:
    return tuple(min(max(value, -TABLE_ABS_MAX), TABLE_ABS_MAX) for value in values)
