"""How sure a score may be. Weights that are drawn to nothing, as those of a text must be, order rows well and say too little of each. A
few last sums tell by which factor the whole score is to be stretched, and no order changes.

Source: the slope of a calibration by a logistic line, Platt 1999; a Newton step on noisy sums, held back as far as they are noise.
"""

from collections.abc import Sequence
from math import ceil, sqrt

from amana.learn.linear_columns import Columns, Moments, located
from amana.learn.marginals import Vector
from amana.learn.texts import each_once
from amana.learn.words import AIM, GRADIENT, between, call, read_over, sums_over, whole, with_gradient
from amana.privacy.rounds import Measured
from amana.query.expr import Column, Op
from amana.query.plan import Plan, Project, RowSum
from amana.terms.model import UNIT, Task

ROUNDS, SHARE = 3, 0.1
"""How many, and their share of the loss."""
SUMS = 3
REACH_DEVIATIONS, REACH_MIN = 3.0, 0.05
"""A score counts up to that many of its deviations, were its columns alone."""
FACTOR_MIN, FACTOR_MAX = 0.5, 3.0
SQUARES_MIN = 0.02
CENTRED = 0.7
"""Of the step that the mean asks for."""
SCORE = "s"


def reach_of(moments: Moments, effects: Vector) -> float:
    """How far from its middle a score counts, in its own unit."""
    return max(REACH_MIN, REACH_DEVIATIONS * sqrt(float((effects**2 * moments.variances).sum())))


def stretching(columns: Columns, moments: Moments | None, effects: Vector, *, intercept: float) -> list[Plan]:
    """Sums of the gradient, of it times the score less its middle, and of the square of that. Without moments: as large as they can be."""
    problem = columns.problem
    source, score, clip = located(columns, moments, effects, intercept=intercept)
    rows = Project(source=source, columns=((AIM, Column(name=AIM)), *_bucket(columns), (SCORE, score)))
    kept = (*(name for name, _ in _bucket(columns)), SCORE)
    rows = with_gradient(problem, rows, kept, Column(name=SCORE), clip=clip)
    reach = UNIT if moments is None else ceil(reach_of(moments, effects) * UNIT)
    off = between(call(Op.SUB, Column(name=SCORE), whole(round(intercept * UNIT))), -reach, reach)
    along = call(Op.INT_DIV, call(Op.MUL, off, whole(UNIT)), whole(reach))
    sums = (call(Op.MUL, Column(name=GRADIENT), whole(UNIT)), call(Op.MUL, Column(name=GRADIENT), along), call(Op.MUL, along, along))
    return sums_over(each_once(rows, problem.features), [RowSum(value=value) for value in sums])


def _bucket(columns: Columns) -> tuple[tuple[str, Column], ...]:
    return tuple((name, Column(name=name)) for name in columns.repeating)


def stretched(
    columns: Columns, moments: Moments, effects: Vector, intercept: float, measured: Sequence[Measured], *, noise: float
) -> tuple[Vector, float]:
    """(effects, intercept) after such sums. `noise`: the variance of one of them, of numbers from -1 to 1."""
    (off, along, squares), _ = read_over(measured)
    classes = columns.problem.task is Task.CLASSIFICATION
    steepness, spread = (moments.mean * (1 - moments.mean), 1.0) if classes else (1.0, moments.dispersion)
    reach = reach_of(moments, effects)
    curvature = steepness * min(max(squares / UNIT**2, SQUARES_MIN * moments.rows), moments.rows) * reach**2
    variance = (noise * reach**2 + spread * curvature) / curvature**2
    factor = 1 + along / UNIT**2 * reach / curvature / (1 + variance)
    return effects * min(max(factor, FACTOR_MIN), FACTOR_MAX), intercept + CENTRED * off / UNIT**2 / (moments.rows * steepness)
