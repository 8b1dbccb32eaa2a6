"""Trees: oblivious trees whose splits are drawn by a public seed, and whose leaves learn from noisy gradients, all at once.

Round 0 counts by cell, as the glass box does. Splits are drawn from its cells, more often on columns that showed a signal; round 1
counts rows and targets by leaf; then rounds of gradients by leaf. No split looks at a row: noise is spent on leaves alone.
Source: Maddock, Cormode, Wang, Maple and Jha 2022 (totally random trees, batches); here every tree steps in every round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from typing import ClassVar, final

import numpy as np

from amana.learn.additive import Block, block_of, follow
from amana.learn.first_round import clip_of, first_marginals, first_plans, first_rows, model_of
from amana.learn.marginals import Marginals, Vector, marginals_of, merged, merged_cells, signal_of, vector_of
from amana.learn.problem import Problem
from amana.learn.stages import Shares, cap_of, measures_of, noise_of, shares_of
from amana.learn.words import AIM, GRADIENT, HALF, call, cell_of, leaf_of, rows_with, score_of, sums_by, whole, with_gradient
from amana.privacy.rounds import Measure, Measured, Rounds
from amana.query.check import ONE
from amana.query.expr import Column, Op
from amana.query.plan import Project
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, FeatureKind, Model, Tree

FIRST, LEAVES = 0.1, 0.1
"""Shares of the loss for round 0 and round 1."""
ROUNDS = 16
TREES, DEPTH = 24, 3
SIGNAL_MAX = 20.0
"""A column is drawn in proportion to its signal, up to that many standard deviations, and at least 1."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What round 0 decided. Shapes: `groups`, for each feature the group of each cell; splits are (feature, groups that say yes)."""

    dispersion: float
    groups: tuple[tuple[int, ...], ...]
    trees: tuple[tuple[tuple[int, tuple[int, ...]], ...], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Trees:
    """`seed`: of the splits, public. `rounds`: of gradients."""

    name: ClassVar[str] = "trees"
    problem: Problem
    nano_rho: NanoRho
    seed: int = 0
    rounds: int = ROUNDS
    trees: int = TREES
    depth: int = DEPTH

    @property
    def course(self) -> Course:
        """All rounds, as large as they can be with every fine cell of every column kept."""
        problem = self.problem
        cells, leaves = sum(feature.cells for feature in problem.features), self.trees * 2**self.depth
        widest = max(range(len(problem.features)), key=lambda place: problem.features[place].cells)
        fine = tuple(tuple(range(feature.cells)) for feature in problem.features)
        split = (widest, tuple(range(problem.features[widest].cells)))
        largest = self._rows(Grown(dispersion=0.25, groups=fine, trees=((split,) * self.depth,) * self.trees))
        nothing = [np.zeros(2**self.depth) for _ in range(self.trees)]
        stepped = self._stepped(largest, nothing, intercept=0.0, clip=UNIT)
        first, second, *others = self._shares
        return Course(
            name=canonical_bytes(self).decode(),
            rounds=(
                cap_of(first, cells=2 * cells + 1, sources=[first_rows(problem)]),
                cap_of(second, cells=2 * leaves, sources=[largest]),
                *(cap_of(share, cells=leaves, sources=[stepped]) for share in others),
            ),
        )

    @property
    def _shares(self) -> Shares:
        first, *rest = shares_of(self.nano_rho, first=FIRST, rounds=1)
        return (first, *shares_of(rest[0], first=LEAVES / (1 - FIRST), rounds=self.rounds))

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """Counts by cell, counts by leaf, then gradients by leaf."""
        share = self._shares[len(done)]
        if not done:
            return measures_of(first_plans(self.problem), share)
        grown = self._grow(done[0])
        rows = self._rows(grown)
        if len(done) == 1:
            off = call(Op.SUB, Column(name=AIM), whole(HALF))
            return measures_of([sums_by(rows, f"t{tree}", ONE, off) for tree in range(self.trees)], share)
        marginals, blocks = self._blocks(grown, done[1])
        now, _ = follow(marginals, blocks, self._gradients(done[2:]))
        source = self._stepped(rows, now.effects, intercept=now.intercept, clip=clip_of(marginals))
        return measures_of([sums_by(source, f"t{tree}", Column(name=GRADIENT)) for tree in range(self.trees)], share)

    def finish(self, done: Rounds) -> Model:
        """The average of most rounds; splits told by fine cells."""
        grown = self._grow(done[0])
        marginals, blocks = self._blocks(grown, done[1])
        _, fit = follow(marginals, blocks, self._gradients(done[2:]))
        parts = tuple(
            Tree(
                splits=tuple(
                    (feature, tuple(cell for cell, group in enumerate(grown.groups[feature]) if group in yes)) for feature, yes in splits
                ),
                leaves=tuple(round(float(value) * UNIT) for value in leaves),
            )
            for splits, leaves in zip(grown.trees, fit.effects, strict=True)
        )
        return model_of(self.problem, learner="trees", intercept=fit.intercept, parts=parts)

    def _grow(self, measured: tuple[Measured, ...]) -> Grown:
        marginals = first_marginals(self.problem, measured)
        groups = merged_cells(self.problem, marginals)
        signals = [signal_of(marginals, marginal)[1] for marginal in merged(marginals, groups)]
        usable = [place for place, group in enumerate(groups) if max(group) > 0] or [0]  # where noise hides all, a tree has one leaf
        draw = Random(self.seed)  # noqa: S311 - public randomness: it decides which splits are tried, and protects nothing
        weights = [min(max(signals[place], 1.0), SIGNAL_MAX) for place in usable]
        trees = tuple(
            tuple(self._split(draw, draw.choices(usable, weights)[0], groups) for _ in range(self.depth)) for _ in range(self.trees)
        )
        return Grown(dispersion=marginals.dispersion, groups=groups, trees=trees)

    def _split(self, draw: Random, place: int, groups: Sequence[Sequence[int]]) -> tuple[int, tuple[int, ...]]:
        last = max(groups[place])
        if not last:
            return place, ()
        if self.problem.features[place].kind is FeatureKind.NUMBER:
            return place, tuple(range(draw.randint(1, last), last + 1))
        return place, tuple(sorted(draw.sample(range(last + 1), draw.randint(1, last))))

    def _rows(self, grown: Grown) -> Project:
        """The leaf of every tree, and the target."""
        problem = self.problem
        read = zip(problem.features, problem.columns, grown.groups, problem.missing, strict=True)
        cells = [(f"c{place}", cell_of(one, column, group, missing=missing)) for place, (one, column, group, missing) in enumerate(read)]
        leaves = [(f"t{tree}", leaf_of(splits)) for tree, splits in enumerate(grown.trees)]
        return Project(source=rows_with(problem, cells), columns=(*leaves, (AIM, Column(name=AIM))))

    def _stepped(self, rows: Project, effects: Sequence[Vector], *, intercept: float, clip: int) -> Project:
        names = [f"t{tree}" for tree in range(self.trees)]
        tables = [[round(float(value) * UNIT) for value in effect] for effect in effects]
        parts = [(Column(name=name), table) for name, table in zip(names, tables, strict=True)]
        return with_gradient(self.problem, rows, names, score_of(round(intercept * UNIT), parts), clip=clip)

    def _blocks(self, grown: Grown, measured: tuple[Measured, ...]) -> tuple[Marginals, list[Block]]:
        sizes = [2**self.depth] * self.trees
        marginals = marginals_of(self.problem, measured, sizes, dispersion=grown.dispersion)
        cells = merged(marginals, [range(size) for size in sizes])
        reach = self.problem.rows_per_unit * clip_of(marginals) / UNIT
        noise = noise_of(self._shares[2:], groups=self.trees, reach=reach)
        return marginals, [
            block_of(marginals, marginal, variance=signal_of(marginals, marginal)[0], noise=noise, chained=0) for marginal in cells
        ]

    def _gradients(self, done: Rounds) -> list[list[Vector]]:
        return [[vector_of(one, 0, 2**self.depth) / UNIT for one in measured] for measured in done]
