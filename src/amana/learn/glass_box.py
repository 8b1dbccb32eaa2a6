"""The glass box: one curve for each column, added up. Its plots are all there is to the model.

Round 0 counts rows and targets by fine cells of every column. From it alone follow the cells that are kept, the columns that are
kept and what is believed of their effects; then rounds of gradients by cell (`additive.py`).
Source: the additive models of Hastie and Tibshirani 1986, boosted privately by Nori, Caruana, Bu, Shen and Kulkarni 2021;
here all columns step together, with momentum.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from amana.learn.additive import Block, block_of, follow
from amana.learn.first_round import clip_of, first_marginals, first_plans, first_rows, model_of
from amana.learn.marginals import SIGNAL_MIN, Marginal, Marginals, Vector, merged, merged_cells, signal_of, vector_of
from amana.learn.problem import Problem
from amana.learn.stages import Shares, cap_of, measures_of, noise_of, shares_of
from amana.learn.words import GRADIENT, cell_of, rows_with, score_of, sums_by, with_gradient
from amana.privacy.rounds import Measure, Measured, Rounds
from amana.query.expr import Column
from amana.query.plan import Project
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Effect, FeatureKind, Model

FIRST = 0.15
"""Share of the loss for round 0."""
ROUNDS = 24


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """What round 0 decided. Shapes: one of `groups`, `blocks`, `sizes` for each of the `kept` features. `clip` in 1/1024."""

    marginals: Marginals
    kept: tuple[int, ...]
    groups: tuple[tuple[int, ...], ...]
    cells: tuple[Marginal, ...]
    blocks: tuple[Block, ...]
    clip: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Gradient:
    """Where a gradient is wanted, beside the effects. Units: `intercept` as of scores, `clip` in 1/1024."""

    intercept: float
    clip: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class GlassBox:
    """`rounds`: of gradients."""

    name: ClassVar[str] = "glass-box"
    problem: Problem
    nano_rho: NanoRho
    rounds: int = ROUNDS

    @property
    def course(self) -> Course:
        """All rounds, as large as they can be with every fine cell of every column kept."""
        problem = self.problem
        cells = sum(feature.cells for feature in problem.features)
        fine = [tuple(range(feature.cells)) for feature in problem.features]
        nothing = [np.zeros(feature.cells) for feature in problem.features]
        largest = _stepped(problem, range(len(fine)), fine, nothing, Gradient(intercept=0.0, clip=UNIT))
        first, *others = self._shares
        return Course(
            name=canonical_bytes(self).decode(),
            rounds=(
                cap_of(first, cells=2 * cells + 1, sources=[first_rows(problem)]),
                *(cap_of(share, cells=cells, sources=[largest]) for share in others),
            ),
        )

    @property
    def _shares(self) -> Shares:
        return shares_of(self.nano_rho, first=FIRST, rounds=self.rounds)

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """Counts and targets by cell; then gradients by kept cell."""
        if not done:
            return measures_of(first_plans(self.problem), self._shares[0])
        begun = self._begin(done[0])
        now, _ = follow(begun.marginals, begun.blocks, _gradients(begun, done[1:]))
        at = Gradient(intercept=now.intercept, clip=begun.clip)
        rows = _stepped(self.problem, begun.kept, begun.groups, now.effects, at)
        return measures_of([sums_by(rows, f"c{place}", Column(name=GRADIENT)) for place in begun.kept], self._shares[len(done)])

    def finish(self, done: Rounds) -> Model:
        """The average of most rounds, its curves centred so that the intercept is the score of a usual row."""
        problem, begun = self.problem, self._begin(done[0])
        _, fit = follow(begun.marginals, begun.blocks, _gradients(begun, done[1:]))
        intercept, parts = fit.intercept, list[Effect]()
        for place, groups, marginal, effect in zip(begun.kept, begun.groups, begun.cells, fit.effects, strict=True):
            usual = float((marginal.counts * effect).sum() / marginal.counts.sum())
            intercept += usual
            parts.append(Effect(features=(place,), values=tuple(round((float(effect[group]) - usual) * UNIT) for group in groups)))
        return model_of(problem, learner="glass-box", intercept=intercept, parts=tuple(parts))

    def _begin(self, measured: tuple[Measured, ...]) -> Begun:
        problem = self.problem
        marginals = first_marginals(problem, measured)
        groups = merged_cells(problem, marginals)
        cells = merged(marginals, groups)
        signals = [signal_of(marginals, marginal) for marginal in cells]
        strongest = max(range(len(signals)), key=lambda place: signals[place][1])
        kept = tuple(
            place for place, (_, beyond) in enumerate(signals) if place == strongest or beyond > SIGNAL_MIN and len(cells[place].counts) > 1
        )
        clip = clip_of(marginals)
        noise = noise_of(self._shares[1:], groups=len(kept), reach=problem.rows_per_unit * clip / UNIT)
        blocks = tuple(
            block_of(
                marginals, cells[place], variance=signals[place][0], noise=noise, chained=_chained(problem, place, len(cells[place].counts))
            )
            for place in kept
        )
        return Begun(
            marginals=marginals,
            kept=kept,
            groups=tuple(groups[place] for place in kept),
            cells=tuple(cells[place] for place in kept),
            blocks=blocks,
            clip=clip,
        )


def _chained(problem: Problem, place: int, cells: int) -> int:
    """How many cells of a column lie in a row: none of a choice, and what is missing lies beside them."""
    if problem.features[place].kind is not FeatureKind.NUMBER:
        return 0
    return cells - 1 if problem.missing[place] else cells


def _gradients(begun: Begun, done: Rounds) -> list[list[Vector]]:
    return [[vector_of(one, 0, len(cells.counts)) / UNIT for one, cells in zip(measured, begun.cells, strict=True)] for measured in done]


def _stepped(problem: Problem, kept: Sequence[int], groups: Sequence[Sequence[int]], effects: Sequence[Vector], at: Gradient) -> Project:
    """The kept columns as groups of cells, and the gradient where the effects are."""
    names = [f"c{place}" for place in kept]
    cells = [
        cell_of(problem.features[place], problem.columns[place], group, missing=problem.missing[place])
        for place, group in zip(kept, groups, strict=True)
    ]
    rows = rows_with(problem, list(zip(names, cells, strict=True)))
    tables = [[round(float(value) * UNIT) for value in effect] for effect in effects]
    score = score_of(round(at.intercept * UNIT), [(Column(name=name), table) for name, table in zip(names, tables, strict=True)])
    return with_gradient(problem, rows, names, score, clip=at.clip)
