"""How good a model is, from one more round: rows by score and class, for all and for each member of declared groups.

Scores are of the rows that were learned from. What a model of this loss can have learned by heart is bounded by the guarantee itself,
so they are a little kind, not wrong; the intervals are for noise only (PRIVACY 20). Source: the area under the curve as a rank
statistic, Hanley and McNeil 1982; its variance by the delta method over independent noisy counts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, exp, floor, inf, sqrt
from typing import final

import numpy as np
from numpy.typing import NDArray

from amana.learn.problem import BOOLEANS, Problem
from amana.learn.stages import measures_of
from amana.learn.texts import each_once, scored, text_in
from amana.learn.words import AIM, HALF, between, call, cell_of, leaf_of, rows_with, score_of, whole
from amana.privacy.loss import NANO
from amana.privacy.price import Z95
from amana.privacy.rounds import Measure, Measured
from amana.query.check import size_of
from amana.query.expr import Case, Column, Expr, Op
from amana.query.plan import Plan, Project, PublicKeys, Relation, RowSum
from amana.terms.course import RoundCap
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Effect, Feature, FeatureKind, Model, Part, Task, Tree

BINS_MIN, BINS_MAX = 8, 40
CELLS_PER_MEMBER = 2 * BINS_MAX
"""Noisy numbers that are measured of each member of a group, at most."""
UNITS_PER_BIN = 40.0
"""Units, times the root of rho, for which one more bin of scores pays."""
SPREAD = 2.5
"""Bins reach that many standard deviations of the score, were every cell as usual as the others."""
ROWS_DEVIATIONS = 3.0
"""Nothing is told of a class whose rows are fewer than so many standard deviations of their noise."""
LOGIT_ABS_MAX = 700.0
"""Beyond, a chance is 0 or 1 to the last bit, and its exponential may be no number."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """Shapes: (low, high) is a 95 % interval, for noise only. `deviation`: the standard deviation that the noise gives it."""

    metric: str
    value: float
    low: float
    high: float
    deviation: float = 0.0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Rows whose score lies in one bin: the chance the model gave them, how many there are and the share that is positive. All noisy."""

    chance: float
    rows: float
    share: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """`group`, `member`: whose rows these are; both empty for all. `rows`: noisy. `calibration` is empty for a regression."""

    group: str
    member: str
    rows: float
    scores: tuple[Score, ...]
    calibration: tuple[Reliability, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Bins:
    """Bins of scores from `start`, 0 among their inner ends; the outer ones take what is beyond. Units: 1/1024."""

    start: int
    width: int
    count: int


def bin_count(problem: Problem, *, nano_rho: NanoRho) -> int:
    """How many bins of scores pay."""
    return round(min(max(problem.units * sqrt(nano_rho / NANO) / UNITS_PER_BIN, BINS_MIN), BINS_MAX))


def bins_of(problem: Problem, model: Model, *, nano_rho: NanoRho) -> Bins:
    """As many bins as the noise lets be told apart, where the scores of this model lie and as far as 0: who is chosen is read off bins."""
    count = bin_count(problem, nano_rho=nano_rho)
    tables = [part.values if isinstance(part, Effect) else part.leaves for part in model.parts]
    deviation = sqrt(sum(float(np.var(table)) for table in tables))
    centre = model.intercept + sum(float(np.mean(table)) for table in tables)
    low, high = min(centre - SPREAD * deviation, 0.0), max(centre + SPREAD * deviation, 0.0)
    width = max(1, ceil((high - low) / count))
    return Bins(start=max(min(floor(low / width), -1), 1 - count) * width, width=width, count=count)


def quality_cap(problem: Problem, groups: Sequence[int], *, nano_rho: NanoRho, model: Model) -> RoundCap:
    """The cap of the round, for a model at most as large as this one. `groups`: places of features."""
    plans = quality_plans(problem, model, groups, bins=Bins(start=0, width=1, count=BINS_MAX))
    members = 1 + sum(problem.features[place].cells for place in groups)
    return RoundCap(nano_rho=nano_rho, cells_max=2 * BINS_MAX * members, nodes_max=size_of(plans[0].source))


def quality_measures(problem: Problem, model: Model, groups: Sequence[int], *, nano_rho: NanoRho) -> tuple[Measure, ...]:
    """One plan for all rows, and one for each group."""
    return measures_of(quality_plans(problem, model, groups, bins=bins_of(problem, model, nano_rho=nano_rho)), nano_rho)


def quality_plans(problem: Problem, model: Model, groups: Sequence[int], *, bins: Bins) -> list[Plan]:
    """Classification: rows by class and score. Regression: rows, and sums of target, its square and the squared residual."""
    rows = _scored(problem, model)
    names = ["", *(f"c{place}" for place in groups)]
    cells: list[list[tuple[str, Expr]]] = [[(name, Column(name=name))] if name else [] for name in names]
    if problem.task is Task.CLASSIFICATION:
        inside = between(Column(name="s"), bins.start, bins.start + bins.width * bins.count - 1)
        place = call(Op.INT_DIV, call(Op.SUB, inside, whole(bins.start)), whole(bins.width))
        classes = Case(branches=((call(Op.EQ, Column(name=AIM), whole(UNIT)), whole(1)),), otherwise=whole(0))
        keys: list[tuple[str, Expr]] = [("class", classes), ("bin", place)]
        return [Plan(source=rows, keys=(*cell, *keys), sums=(RowSum(value=whole(1)),), figures=()) for cell in cells]
    off = call(Op.SUB, Column(name=AIM), whole(HALF))
    residual = between(call(Op.SUB, Column(name=AIM), between(Column(name="s"), 0, UNIT)), -HALF, HALF)
    squares = [call(Op.INT_DIV, call(Op.MUL, one, one), whole(UNIT)) for one in (off, residual)]
    sums: list[Expr] = [whole(1), off, *squares]
    return [Plan(source=rows, keys=tuple(cell), sums=tuple(RowSum(value=one) for one in sums), figures=()) for cell in cells]


def quality_of(
    problem: Problem, model: Model, groups: Sequence[int], measured: Sequence[Measured], *, nano_rho: NanoRho
) -> tuple[Quality, ...]:
    """Read the round: of all rows, then of each member of each group."""
    bins = bins_of(problem, model, nano_rho=nano_rho)
    found = [_read(problem, bins, "", "", measured[0], None)]
    for place, one in zip(groups, measured[1:], strict=True):
        feature = problem.features[place]
        for cell in range(feature.cells - (0 if problem.missing[place] else 1)):
            member = member_of(feature, cell)
            found.append(_read(problem, bins, feature.name, member, one, cell))
    return tuple(found)


def member_of(feature: Feature, cell: int) -> str:
    """Who is in a cell: a member, true or false, an interval of numbers; empty for what is missing."""
    if cell == feature.cells - 1:
        return ""
    match feature.kind:
        case FeatureKind.CHOICE:
            return feature.members[cell]
        case FeatureKind.BOOLEAN:
            return BOOLEANS[1 - cell]  # cell 1 is of those who are
        case FeatureKind.TEXT:
            raise AssertionError("texts are no groups")
        case FeatureKind.NUMBER:
            ends = [f"{edge / 10**feature.decimals:g}" for edge in feature.edges]
            return f"[{ends[cell - 1] if cell else '…'}, {ends[cell] if cell < len(ends) else '…'})"


def _scored(problem: Problem, model: Model) -> Project:
    """Every column as its cell, the target, the score."""
    read = zip(problem.features, problem.columns, problem.missing, strict=True)
    cells = [(f"c{place}", cell_of(one, column, range(one.cells), missing=missing)) for place, (one, column, missing) in enumerate(read)]
    text, rows = text_in(problem.features), rows_with(problem, cells)
    told = [part for part in model.parts if isinstance(part, Effect) and part.features == (text,)]
    score = score_of(model.intercept, [_looked_up(problem, part) for part in model.parts if part not in told])
    source: Relation = rows
    if told:
        values = [sum(column) for column in zip(*(part.values for part in told), strict=True)]
        source, score = scored(rows, problem.features, score, values)
        source = each_once(source, problem.features)
    names = (*(name for name, _ in cells), AIM)
    return Project(source=source, columns=(*((name, Column(name=name)) for name in names), ("s", score)))


def _looked_up(problem: Problem, part: Part) -> tuple[Expr, Sequence[int]]:
    """The place in a part's table, and the table."""
    match part:
        case Effect():
            place: Expr = whole(0)
            for feature in part.features:
                place = call(Op.ADD, call(Op.MUL, place, whole(problem.features[feature].cells)), Column(name=f"c{feature}"))
            return place if len(part.features) > 1 else Column(name=f"c{sum(part.features)}"), part.values
        case Tree():
            return leaf_of(part.splits), part.leaves


def _read(problem: Problem, bins: Bins, group: str, member: str, one: Measured, cell: int | None) -> Quality:
    """The part of a plan's cells that is of that cell of its group; all of them where there is no group."""
    keys = one.private.bounded.keys
    assert isinstance(keys, PublicKeys), "a course has public keys only"
    own = [at for at, key in enumerate(keys.combinations) if cell is None or key[0] == cell]
    sums = [np.array([column[at] for at in own]) for column in one.cells]
    if problem.task is Task.REGRESSION:
        scores, rows = explained_by([float(total[0]) for total in sums], one.private.scales)
        return Quality(group=group, member=member, rows=rows, scores=scores, calibration=())
    counts = np.zeros((2, bins.count))
    for at, value in zip(own, sums[0], strict=True):
        label, place = keys.combinations[at][-2:]
        assert isinstance(label, int) and isinstance(place, int)
        counts[label, place] = value
    scores, calibration = classified(counts, one.private.scales[0], bins)
    return Quality(group=group, member=member, rows=float(counts.sum()), scores=scores, calibration=calibration)


def classified(counts: NDArray[np.float64], noise: float, bins: Bins) -> tuple[tuple[Score, ...], tuple[Reliability, ...]]:
    """What counts of rows tell whose noise has that deviation. Shapes: `counts` by class and bin. Of too few rows nothing is told."""
    no, yes = counts
    none, some = float(no.sum()), float(yes.sum())
    if min(none, some) < ROWS_DEVIATIONS * noise * sqrt(bins.count):
        return (), ()
    below = np.concatenate([[0.0], np.cumsum(no)[:-1]]) + no / 2
    above = some - np.cumsum(yes) + yes / 2
    area = float((yes * below).sum()) / (none * some)
    slopes = np.concatenate([above / (none * some) - area / none, below / (none * some) - area / some])
    ends = bins.start + bins.width * np.arange(bins.count)
    sides = np.concatenate([np.where(ends < 0, 1.0, 0.0), np.where(ends < 0, 0.0, 1.0)])
    right = float((sides * counts.ravel()).sum()) / (none + some)
    rate = some / (none + some)
    scores: tuple[Score, ...] = (
        _score("auc", area, noise * float(np.sqrt((slopes**2).sum()))),
        _score("accuracy", right, noise * float(np.sqrt(((sides - right) ** 2).sum())) / (none + some)),
        _score("positive_rate", rate, noise * sqrt(bins.count * (rate**2 + (1 - rate) ** 2)) / (none + some)),
    )
    chosen = ends >= 0
    scores += (
        _rate("selection_rate", float((no + yes)[chosen].sum()), none + some, cells=2 * int(chosen.sum()), of=2 * bins.count, noise=noise),
        _rate("true_positive_rate", float(yes[chosen].sum()), some, cells=int(chosen.sum()), of=bins.count, noise=noise),
        _rate("false_positive_rate", float(no[chosen].sum()), none, cells=int(chosen.sum()), of=bins.count, noise=noise),
    )
    rows = no + yes
    calibration = tuple(
        Reliability(
            chance=1 / (1 + exp(-min(max((float(end) + bins.width / 2) / UNIT, -LOGIT_ABS_MAX), LOGIT_ABS_MAX))),
            rows=float(rows[place]),
            share=min(max(float(yes[place] / rows[place]), 0.0), 1.0),
        )
        for place, end in enumerate(ends)
        if rows[place] > ROWS_DEVIATIONS * noise
    )
    return scores, calibration


def explained_by(sums: Sequence[float], scales: Sequence[float]) -> tuple[tuple[Score, ...], float]:
    """From rows, sums of the target less its middle, of its square, of the squared residual."""
    rows = max(sums[0], 1.0)
    off, squares, left = sums[1] / UNIT, sums[2] / UNIT, sums[3] / UNIT
    spread = max(squares - off**2 / rows, 1e-9 * rows)
    explained = 1 - left / spread
    noise = [scales[0], *(scale / UNIT for scale in scales[1:])]
    slopes = (left / spread**2 * (off / rows) ** 2, -left / spread**2 * 2 * off / rows, left / spread**2, -1 / spread)
    deviation = sqrt(sum((slope * scale) ** 2 for slope, scale in zip(slopes, noise, strict=True)))
    return (_score("r2", explained, deviation),), rows


def _rate(metric: str, part: float, whole: float, *, cells: int, of: int, noise: float) -> Score:
    """A part of the rows as a share. `cells`, `of`: how many noisy counts make the part, and the whole."""
    rate = part / whole
    return _score(metric, rate, noise * sqrt(cells * (1 - rate) ** 2 + (of - cells) * rate**2) / whole)


def _score(metric: str, value: float, deviation: float) -> Score:
    low = -inf if metric == "r2" else 0.0
    ends = (min(max(end, low), 1.0) for end in (value, value - Z95 * deviation, value + Z95 * deviation))
    return Score(**dict(zip(("value", "low", "high"), ends, strict=True)), metric=metric, deviation=deviation)
