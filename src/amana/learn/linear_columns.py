"""The columns of the linear learner: lines over cells and members of choices; their moments, and their gradients."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, sqrt
from typing import final

import numpy as np

from amana.learn.first_round import CLIP_DEVIATIONS
from amana.learn.marginals import CHANCE_MIN, Vector, vector_of
from amana.learn.problem import Problem
from amana.learn.stages import measures_of
from amana.learn.texts import BUCKET, each_once, in_buckets, scored, text_in
from amana.learn.words import (
    AIM,
    GRADIENT,
    HALF,
    call,
    cell_of,
    read_over,
    rows_with,
    score_of,
    sums_by,
    sums_over,
    whole,
    with_gradient,
)
from amana.privacy.rounds import Measure, Measured
from amana.query.check import ONE
from amana.query.expr import Case, Column, Expr, Lookup, Op
from amana.query.plan import Plan, Project, Relation, RowSum
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Feature, FeatureKind, Task

CUT_DEVIATIONS = {Task.CLASSIFICATION: 2.0, Task.REGRESSION: 2.5}
"""A standardised number counts up to this many standard deviations."""
VARIANCE_MIN = {Task.CLASSIFICATION: 0.01, Task.REGRESSION: 0.002}
"""Of a line whose ends are -1 and 1."""
SHARE_MIN = 0.003
TEXT_WEIGHT = 8
"""How much more is spent on the sums of a text than on those of another column: there are many, and they are noisier."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Moments:
    """What round 0 gave. Shapes: `centres`, `variances`, `slopes` for each column, standardised; `lines`: for each feature that is a
    line, its values by cell, in 1/1024. `slopes`: sums of (target - mean) times the column. `clip` in 1/1024."""

    rows: float
    mean: float
    dispersion: float
    clip: int
    lines: tuple[tuple[int, ...] | None, ...]
    centres: Vector
    variances: Vector
    slopes: Vector


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """`starts`: of each feature its first column. A line has one, and one more where it may be missing; a choice one for each cell, a text
    one for each bucket."""

    problem: Problem
    lines: tuple[tuple[int, ...] | None, ...]
    starts: tuple[int, ...]
    size: int

    @property
    def text(self) -> int | None:
        """The place of the text."""
        return text_in(self.problem.features)

    @property
    def repeating(self) -> tuple[str, ...]:
        """The column that tells the copies of a row apart, where there is a text."""
        return () if self.text is None else (BUCKET,)

    @property
    def weights(self) -> Vector:
        """How much of a round each column costs, of what all of its plans cost."""
        own = [TEXT_WEIGHT if place == self.text else 1 for place in range(len(self.problem.features))]
        by_column = np.repeat(own, [self.width(place) for place in range(len(own))])
        return np.asarray(by_column / (1 + sum(own)), dtype=np.float64)

    @property
    def repeated(self) -> Vector:
        """For each column, how many columns of its feature one row may be in."""
        most = [1 if feature.grams is None else feature.grams.most for feature in self.problem.features]
        return np.repeat(most, [self.width(place) for place in range(len(most))]).astype(np.float64)

    def measures(self, plans: Sequence[Plan], nano_rho: NanoRho) -> tuple[Measure, ...]:
        """These plans of all columns, at that cost."""
        texts = [any(expr == Column(name=BUCKET) for _, expr in plan.keys) for plan in plans]
        return measures_of(plans, nano_rho, weights=[TEXT_WEIGHT if text else 1 for text in texts])

    def width(self, place: int) -> int:
        """Columns of a feature."""
        if self.lines[place] is None:
            return self.problem.features[place].cells
        return 2 if self.problem.missing[place] else 1

    def tables(self, moments: Moments, effects: Vector) -> list[list[float]]:
        """For each feature, what it adds to the score in each of its cells."""
        found: list[list[float]] = []
        for place, (feature, line, start) in enumerate(zip(self.problem.features, moments.lines, self.starts, strict=True)):
            if line is None:
                found.append([float(effects[start + cell]) for cell in range(feature.cells)])
                continue
            slope, unknown = float(effects[start]), float(effects[start + 1]) if self.problem.missing[place] else 0.0
            found.append([*(slope * value / UNIT for value in line[:-1]), unknown])
        return found

    def gradient(self, measured: Sequence[Measured]) -> tuple[float, Vector]:
        """(sum of the gradient, its sum with each column)."""
        (together,), each = self.read(measured, alone=1, sums=1)
        return together / UNIT**2, np.concatenate([sums[0] for sums in each]) / UNIT**2

    def read(self, measured: Sequence[Measured], *, alone: int, sums: int) -> tuple[list[float], list[list[Vector]]]:
        """(the first `alone` sums over all rows, for each feature its sums by column). Lines that are never missing have no key: their
        sums, so many each, follow those over all rows."""
        together, others = read_over(measured)
        at, keyed, found = alone, iter(others), list[list[Vector]]()
        for place in range(len(self.problem.features)):
            width = self.width(place)
            if width == 1:
                found.append([np.array([value]) for value in together[at : at + sums]])
                at += sums
            else:
                one = next(keyed)
                found.append([vector_of(one, index, width) for index in range(len(one.cells))])
        return together[:alone], found


def columns_of(problem: Problem) -> Columns:
    """The columns of a problem."""
    lines = tuple(_line(feature) for feature in problem.features)
    widths = [
        feature.cells if line is None else 2 if missing else 1
        for feature, line, missing in zip(problem.features, lines, problem.missing, strict=True)
    ]
    starts = tuple(int(start) for start in np.cumsum([0, *widths[:-1]]))
    return Columns(problem=problem, lines=lines, starts=starts, size=sum(widths))


def _line(feature: Feature) -> tuple[int, ...] | None:
    """Values from -1 to 1 over the cells of a number, at their middles; -1 and 1 for two members; the last is of what is missing."""
    if feature.kind is FeatureKind.BOOLEAN or len(feature.members) == 2:
        return (-UNIT, UNIT, UNIT)
    if feature.kind in (FeatureKind.CHOICE, FeatureKind.TEXT):
        return None
    edges = feature.edges
    if len(edges) < 2:
        return (*(range(-UNIT, UNIT + 1, 2 * UNIT) if edges else (0,)), UNIT)
    ends = (2 * edges[0] - edges[1], *edges, 2 * edges[-1] - edges[-2])
    middles = [(one + other) / 2 for one, other in pairwise(ends)]
    low, width = middles[0], max(middles) - middles[0]
    return (*(round(UNIT * (2 * (at - low) / width - 1)) for at in middles), UNIT)


def rows_of(columns: Columns) -> Project:
    """Every feature as its fine cell, and whether a line is missing."""
    problem = columns.problem
    cells: list[tuple[str, Expr]] = []
    for place, (feature, column, missing) in enumerate(zip(problem.features, problem.columns, problem.missing, strict=True)):
        cells.append((f"c{place}", cell_of(feature, column, range(feature.cells), missing=missing)))
        if columns.lines[place] is not None and missing:
            cells.append((f"m{place}", Case(branches=((call(Op.IS_NULL, column), whole(1)),), otherwise=whole(0))))
    return rows_with(problem, cells)


def _plans(columns: Columns, rows: Relation, alone: Sequence[Expr], sums: Sequence[Sequence[Expr]]) -> list[Plan]:
    """The sums of each feature, by its key; those without one after the sums over all rows. (Also of round 0 both over rows in buckets: the
    time of all rounds is foretold from it.)"""
    together, plans, repeated = list(alone), list[Plan](), rows
    rows = each_once(rows, columns.problem.features)
    for place, wanted in enumerate(sums):
        if place == columns.text:
            plans.append(sums_by(repeated, BUCKET, *wanted))
        elif columns.lines[place] is None:
            plans.append(sums_by(rows, f"c{place}", *wanted))
        elif columns.problem.missing[place]:
            plans.append(sums_by(rows, f"m{place}", *wanted))
        else:
            together += wanted
    return [*sums_over(rows, [RowSum(value=value) for value in together]), *plans]


def first_linear(columns: Columns) -> list[Plan]:
    """Rows and targets; of each line the sums of x, x², x·target, of each cell of a choice rows and targets. (Target less its middle.)"""
    rows, off = in_buckets(rows_of(columns), columns.problem.features), call(Op.SUB, Column(name=AIM), whole(HALF))
    squares = [call(Op.INT_DIV, call(Op.MUL, off, off), whole(HALF))] if columns.problem.task is Task.REGRESSION else []
    sums: list[tuple[Expr, ...]] = []
    for place, line in enumerate(columns.lines):
        x = ONE if line is None else Lookup(index=Column(name=f"c{place}"), values=line)
        sums.append((ONE, off) if line is None else (x, call(Op.MUL, x, x), call(Op.MUL, x, off)))
    return _plans(columns, rows, [ONE, off, *squares], sums)


def located(columns: Columns, moments: Moments | None, effects: Vector, *, intercept: float) -> tuple[Relation, Expr, int]:
    """(the rows, in the buckets of their text; the score of each where the effects are; where a gradient is cut off). Without moments: as
    large as such rows can be."""
    problem, rows = columns.problem, rows_of(columns)
    clip, start = UNIT, 0
    tables = [[0.0] * feature.cells for feature in problem.features]
    if moments is not None:
        clip, start = moments.clip, round((intercept - float(moments.centres @ effects)) * UNIT)
        tables = columns.tables(moments, effects)
    parts = [(Column(name=f"c{place}"), [round(value * UNIT) for value in table]) for place, table in enumerate(tables)]
    if columns.text is None:
        return rows, score_of(start, parts), clip
    _, values = parts.pop(columns.text)
    return *scored(rows, problem.features, score_of(start, parts), values), clip


def stepped(columns: Columns, moments: Moments | None, effects: Vector, *, intercept: float) -> list[Plan]:
    """The gradient where the effects are, alone and times each column. Without moments: the largest that such plans can be."""
    rows, score, clip = located(columns, moments, effects, intercept=intercept)
    lines = columns.lines if moments is None else moments.lines
    names = [*(name for name, _ in rows_of(columns).columns if name != AIM), *columns.repeating]
    source = with_gradient(columns.problem, rows, names, score, clip=clip)
    alone = call(Op.MUL, Column(name=GRADIENT), whole(UNIT))
    sums = [
        (alone if line is None else call(Op.MUL, Column(name=GRADIENT), Lookup(index=Column(name=f"c{place}"), values=line)),)
        for place, line in enumerate(lines)
    ]
    return _plans(columns, source, [alone], sums)


def moments_of(columns: Columns, measured: Sequence[Measured]) -> Moments:
    """Standardise: of each line its values less the mean, over a few standard deviations, cut off at -1 and 1."""
    problem = columns.problem
    total, each = columns.read(measured, alone=2 if problem.task is Task.CLASSIFICATION else 3, sums=3)
    rows = max(1.0, total[0])
    mean = min(max(total[1] / UNIT / rows + 0.5, CHANCE_MIN), 1 - CHANCE_MIN)
    dispersion, clip = 0.25, ceil(max(mean, 1 - mean) * UNIT)  # so far is a row from the mean at most: beyond, noise is saved
    if problem.task is Task.REGRESSION:
        dispersion = min(max(total[2] / (2 * UNIT) / rows - (mean - 0.5) ** 2, 4e-4), 0.25)
        clip = min(UNIT, ceil(CLIP_DEVIATIONS * sqrt(dispersion) * UNIT))
    lines: list[tuple[int, ...] | None] = []
    centres, variances, slopes = np.zeros(columns.size), np.zeros(columns.size), np.zeros(columns.size)
    for place, (line, read) in enumerate(zip(columns.lines, each, strict=True)):
        first, width = columns.starts[place], columns.width(place)
        at = slice(first, first + width)
        counts, labels = (read[0], read[1] / UNIT) if line is None else (read[0] / UNIT, read[2] / UNIT**2)
        share = np.clip(counts / rows, SHARE_MIN, 1 - SHARE_MIN)
        centres[at], variances[at] = share, share * (1 - share)
        slopes[at] = labels - share * rows * (mean - 0.5)
        if line is None:
            lines.append(None)
            continue
        missing, unknown = (float(counts[1]), float(labels[1])) if width > 1 else (0.0, 0.0)
        present = max(rows - missing, rows * SHARE_MIN)
        middle = min(max(float(counts[0]) / present, -1.0), 1.0)
        variance = max(float(read[1][0]) / UNIT**2 / present - middle**2, VARIANCE_MIN[problem.task])
        unit = CUT_DEVIATIONS[problem.task] * sqrt(variance)
        lines.append((*(round(UNIT * min(max((value / UNIT - middle) / unit, -1.0), 1.0)) for value in line[:-1]), UNIT))
        centres[first], variances[first] = 0.0, min(variance / unit**2, 1.0) * present / rows
        against = float(labels[0]) - middle * (total[1] / UNIT - unknown)
        slopes[first] = (against - (mean - 0.5) * (float(counts[0]) - middle * present)) / unit
    return Moments(
        rows=rows, mean=mean, dispersion=dispersion, clip=clip, lines=tuple(lines), centres=centres, variances=variances, slopes=slopes
    )  # fmt: skip
