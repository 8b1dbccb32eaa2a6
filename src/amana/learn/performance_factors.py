"""Performance factors: how likely the next attempt at a skill succeeds, from how often one was right and wrong at it before.

chance = logistic(b + g·f(successes) + r·f(failures)), with b, g and r of each skill; f(n) = log(1 + n), so that the first
attempts teach most. Round 0 counts rows and targets, for all and by skill; then rounds of gradient sums with momentum, for all skills
together and for each apart. What a skill has of its own is drawn to nothing as far as its gradient is noise, so that skills of
few attempts are believed to be as all are.
Source: Pavlik, Cen and Koedinger 2009; the ridge as in `additive.py`, for three numbers that move together.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, log1p, sqrt
from typing import ClassVar, TypeAlias, final

import numpy as np
from numpy.typing import NDArray

from amana.learn.attempts import COUNTED_MAX
from amana.learn.first_round import model_of
from amana.learn.marginals import CHANCE_MIN, ROWS_BELIEVED, Marginal, Marginals, Vector, signal_of, vector_of
from amana.learn.problem import Problem
from amana.learn.stages import Shares, measures_of, shares_of
from amana.learn.words import AIM, GRADIENT, HALF, call, cell_of, rows_with, sums_by, whole, with_gradient
from amana.privacy.loss import NANO
from amana.privacy.rounds import Measure, Measured, Rounds
from amana.query.check import ONE, size_of
from amana.query.expr import Column, Expr, Lookup, Op
from amana.query.plan import Plan, Project
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course, RoundCap
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Effect, Model, Task
from amana.terms.training import SEQUENCES

FIRST = 0.3
"""Share of the loss for round 0."""
ROUNDS = 16
STEP, MOMENTUM, AVERAGED = 0.3, 0.5, 0.8
TOGETHER, BASE, SLOPES = 3, 4, 2
"""How the loss of a round is shared: sums over all rows; the gradient by skill; by skill, times the two counts."""
UNITS_PER_SKILL = 100.0
"""Units, times the root of rho, for each skill, from which its own slopes can be told from noise; with fewer all skills share theirs."""
SLOPE_DEVIATION = 0.2
"""Believed of how slopes of skills differ, in logits over half the width of a count."""
COMMON_DEVIATION = 2.0
REACH_DEVIATIONS, REACH_MIN = 2.0, 0.2
"""A count goes on to count up to that many standard deviations above its mean; at least up to that part of the most."""
VARIANCE_MIN = 0.003
Square: TypeAlias = NDArray[np.float64]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What round 0 gave. Shapes: `lines` of the counts by cell, from -1024 to 1024; `common` one matrix, `own` one for each cell of the
    skill: (inverse of curvature and prior, prior), of base and two slopes; `start` by cell of the skill. Units: logits."""

    intercept: float
    lines: tuple[tuple[int, ...], tuple[int, ...]]
    common: tuple[Square, Square]
    own: tuple[Square, Square]
    start: Vector


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PerformanceFactors:
    """`problem`: its features are the skill, and the successes and failures before. `rounds`: of gradients."""

    name: ClassVar[str] = SEQUENCES
    problem: Problem
    nano_rho: NanoRho
    rounds: int = ROUNDS

    @property
    def course(self) -> Course:
        """All rounds. They are alike in size."""
        skills = self.problem.features[0].cells
        nothing = np.zeros((skills, 3))
        lines = tuple((0,) * feature.cells for feature in self.problem.features[1:])
        first, *others = self._shares
        begun, stepped = size_of(_rows(self.problem)), size_of(_stepped(self.problem, lines, nothing))
        return Course(
            name=canonical_bytes(self).decode(),
            rounds=(
                RoundCap(nano_rho=first, cells_max=6 + 2 * skills, nodes_max=begun),
                *(RoundCap(nano_rho=share, cells_max=3 + 3 * skills, nodes_max=stepped) for share in others),
            ),
        )

    @property
    def _shares(self) -> Shares:
        return shares_of(self.nano_rho, first=FIRST, rounds=self.rounds)

    @property
    def _weights(self) -> tuple[int, ...]:
        """Whether each skill has slopes of its own is known before the first row."""
        units = self.problem.units * sqrt(self.nano_rho / NANO)
        return (TOGETHER, BASE, SLOPES) if units >= UNITS_PER_SKILL * self.problem.features[0].cells else (TOGETHER, BASE)

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """Counts and moments; then gradients of all rows, and by skill."""
        if not done:
            return measures_of(_first_plans(self.problem), self._shares[0])
        begun = self._begin(done[0])
        now, _ = self._follow(begun, done[1:])
        rows, weights = _stepped(self.problem, begun.lines, now), self._weights
        share = self._shares[len(done)]
        plans = _step_plans(rows, begun.lines)[: len(weights)]
        return tuple(
            Measure(plan=plan, nano_rho=NanoRho(share * weight // sum(weights))) for plan, weight in zip(plans, weights, strict=True)
        )

    def finish(self, done: Rounds) -> Model:
        """The average of most rounds: what each skill adds, and what each count adds by skill."""
        begun = self._begin(done[0])
        _, effects = self._follow(begun, done[1:])
        whole_numbers = np.rint(effects * UNIT).astype(int)
        slopes = [
            tuple(int(int(slope) * value / UNIT) for slope in whole_numbers[:, 1 + place] for value in line)
            for place, line in enumerate(begun.lines)
        ]
        intercept = begun.intercept
        bases = tuple(int(base) - round(intercept * UNIT) for base in whole_numbers[:, 0])
        parts = (Effect(features=(0,), values=bases), *(Effect(features=(0, 1 + place), values=slopes[place]) for place in range(2)))
        return model_of(self.problem, learner=self.name, intercept=intercept, parts=parts)

    def _noise(self, weight: int, sums: int) -> float:
        """Variance of the noise on one sum of a plan of that weight, averaged over all rounds."""
        return self.problem.rows_per_unit**2 * sums * sum(self._weights) / (weight * 2 * sum(self._shares[1:]) / NANO)

    def _begin(self, measured: tuple[Measured, ...]) -> Begun:
        problem, (together, by_skill) = self.problem, measured
        skills = problem.features[0].cells
        scale, label_scale = by_skill.private.scales[0], by_skill.private.scales[1] / UNIT
        sums = [column[0] for column in together.cells]
        rows = max(sums[0], 1.0)
        mean = min(max(sums[1] / UNIT / rows + 0.5, CHANCE_MIN), 1 - CHANCE_MIN)
        curvature = mean * (1 - mean)
        lines, moments = _lines(problem, rows, sums[2:])
        counts = np.maximum(vector_of(by_skill, 0, skills), 2 * scale)
        marginal = Marginal(counts=counts, labels=vector_of(by_skill, 1, skills) / UNIT, added=np.ones(skills))
        marginals = Marginals(
            task=Task.CLASSIFICATION, groups=(marginal,), count_deviation=scale, label_deviation=label_scale, rows=rows, mean=mean,
            dispersion=1.0, curvature=curvature,
        )  # fmt: skip
        variance, _ = signal_of(marginals, marginal)
        chance = np.clip((marginal.labels + counts / 2 + ROWS_BELIEVED * mean) / (counts + ROWS_BELIEVED), CHANCE_MIN, 1 - CHANCE_MIN)
        held = counts * chance * (1 - chance)
        shift = mean - 0.5
        errors = (label_scale**2 + (shift * scale) ** 2) / (counts * curvature) ** 2 + 1 / held
        start = (marginal.labels - shift * counts) / (counts * curvature) * variance / (variance + errors)
        weights = dict(enumerate(self._weights))
        slopes = SLOPE_DEVIATION**2 if 2 in weights else 0.0
        noise = [self._noise(BASE, 1), *(self._noise(SLOPES, 2) if slopes else 0.0,) * 2]
        believed = np.array([variance, slopes, slopes])
        return Begun(
            intercept=log(mean / (1 - mean)),
            lines=lines,
            common=_drawn(rows * curvature * moments, np.full(3, COMMON_DEVIATION**2), np.full(3, self._noise(TOGETHER, 3))),
            own=_drawn(held[:, None, None] * moments, believed, np.array(noise)),
            start=start,
        )

    def _follow(self, begun: Begun, done: Rounds) -> tuple[Vector, Vector]:
        """(effects where the next gradient is wanted, averaged over the last rounds). Shapes: skill x (base, two slopes)."""
        (step, prior), (steps, priors) = begun.common, begun.own
        common, own = np.zeros(3), np.zeros((len(begun.start), 3))
        own[:, 0] = begun.start
        speed, speeds, summed, counted = np.zeros(3), np.zeros_like(own), np.zeros_like(own), 0
        base = np.array([begun.intercept, 0.0, 0.0])
        for number, measured in enumerate(done):
            together, *by_skill = measured
            gradient = np.array([column[0] for column in together.cells]) / UNIT**2
            apart = np.zeros_like(own)
            columns = [vector_of(one, place, len(own)) / UNIT**2 for one in by_skill for place in range(len(one.cells))]
            apart[:, : len(columns)] = np.stack(columns, axis=1)
            speed = MOMENTUM * speed + STEP * step @ (gradient - prior @ common)
            speeds = MOMENTUM * speeds + STEP * _times(steps, apart - _times(priors, own))
            common, own = common + speed, own + speeds
            if number >= len(done) * (1 - AVERAGED):
                summed, counted = summed + base + common + own, counted + 1
        now = base + common + own
        return now, summed / counted if counted else now


def _times(matrices: Square, vectors: Vector) -> Vector:
    """Each matrix times its vector."""
    return (matrices @ vectors[:, :, None])[:, :, 0]


def _drawn(curvature: Square, believed: Vector, noise: Vector) -> tuple[Square, Square]:
    """(inverse of curvature and prior, prior): the prior of effects of these variances, held against the noise of their gradient. Nothing
    is left of an effect that is believed to be none. Shapes: any number of matrices."""
    used = np.flatnonzero(believed)
    square = curvature[..., used[:, None], used]
    prior = (np.eye(len(used)) + noise[used][:, None] * np.linalg.inv(square)) / believed[used]
    inverse, whole_prior = np.zeros_like(curvature), np.zeros_like(curvature)
    inverse[..., used[:, None], used], whole_prior[..., used[:, None], used] = np.linalg.inv(square + prior), prior
    return inverse, whole_prior


# --- what is measured ---


def _fine() -> tuple[int, ...]:
    """f of a count, from 0 to 1024."""
    return tuple(round(UNIT * log1p(count) / log1p(COUNTED_MAX)) for count in range(COUNTED_MAX + 1))


def _of_cells(problem: Problem, place: int, values: Sequence[int]) -> tuple[int, ...]:
    """Values of counts as values of the cells of that feature; what is missing is as the first attempt."""
    edges = problem.features[place].edges
    return (*(values[count] for count in (0, *edges)), values[0])


def _lines(problem: Problem, rows: float, sums: Sequence[float]) -> tuple[tuple[tuple[int, ...], tuple[int, ...]], Square]:
    """(each count as a line from -1024 to 1024, mean products of 1 and the two lines), from sums of f and f² of each."""
    lines, moments = list[tuple[int, ...]](), np.eye(3)
    for place in (0, 1):
        mean = min(max(sums[2 * place] / UNIT / rows, 0.0), 1.0)
        deviation = sqrt(max(sums[2 * place + 1] / UNIT**2 / rows - mean**2, VARIANCE_MIN))
        reach = min(max(mean + REACH_DEVIATIONS * deviation, REACH_MIN), 1.0)
        line = [round(UNIT * (2 * min(value / UNIT / reach, 1.0) - 1)) for value in _fine()]
        lines.append(_of_cells(problem, 1 + place, line))
        centre, spread = 2 * mean / reach - 1, min(2 * deviation / reach, 1.0)
        moments[0, 1 + place] = moments[1 + place, 0] = centre
        moments[1 + place, 1 + place] = centre**2 + spread**2
    moments[1, 2] = moments[2, 1] = moments[0, 1] * moments[0, 2]
    return (lines[0], lines[1]), moments


def _rows(problem: Problem) -> Project:
    read = zip(problem.features, problem.columns, problem.missing, strict=True)
    cells = [(f"c{place}", cell_of(one, column, range(one.cells), missing=missing)) for place, (one, column, missing) in enumerate(read)]
    return rows_with(problem, cells)


def _first_plans(problem: Problem) -> list[Plan]:
    """Rows, targets less their middle, f and f² of each count; rows and targets by skill."""
    rows, off = _rows(problem), call(Op.SUB, Column(name=AIM), whole(HALF))
    sums: list[Expr] = [ONE, off]
    for place in (1, 2):
        count = Lookup(index=Column(name=f"c{place}"), values=_of_cells(problem, place, _fine()))
        sums += [count, call(Op.MUL, count, count)]
    return [sums_by(rows, "", *sums), sums_by(rows, "c0", ONE, off)]


def _stepped(problem: Problem, lines: Sequence[tuple[int, ...]], effects: Vector) -> Project:
    """The cells, and the gradient where the effects are."""
    tables = [tuple(round(float(value) * UNIT) for value in column) for column in effects.T]
    base, *slopes = (Lookup(index=Column(name="c0"), values=table) for table in tables)
    score: Expr = base
    for slope, count in zip(slopes, _counts(lines), strict=True):
        score = call(Op.ADD, score, call(Op.INT_DIV, call(Op.MUL, slope, count), whole(UNIT)))
    return with_gradient(problem, _rows(problem), ("c0", "c1", "c2"), score, clip=UNIT)


def _counts(lines: Sequence[tuple[int, ...]]) -> list[Lookup]:
    return [Lookup(index=Column(name=f"c{1 + place}"), values=line) for place, line in enumerate(lines)]


def _step_plans(rows: Project, lines: Sequence[tuple[int, ...]]) -> list[Plan]:
    """The gradient times 1 and times both counts: over all rows, and by skill."""
    gradient = Column(name=GRADIENT)
    alone, timed = call(Op.MUL, gradient, whole(UNIT)), [call(Op.MUL, gradient, count) for count in _counts(lines)]
    return [sums_by(rows, "", alone, *timed), sums_by(rows, "c0", alone), sums_by(rows, "c0", *timed)]
