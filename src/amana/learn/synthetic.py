"""A synthetic table from noisy counts: three rounds of marginals, a network, and rows that agree with all that was counted.

- Round 1 counts single columns; round 2 columns with the target; round 3 every pair of columns (with the target), each at the share
  of the loss that its number of filled cells asks for. Nothing is selected: what hangs together is post-processing (PRIVACY 17).
- `finish` is a function of the noisy counts and of a given source of chance. No row of the data has a part in it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import floor
from typing import final

import numpy as np

from amana.learn.contingency import Counts
from amana.learn.fit import Fit, fit_of, grouping_of, tables_of
from amana.learn.network import Rows, Table, chosen, drawn, raked
from amana.learn.structure import Network, Pair, information, network_of
from amana.learn.synthesis import Synthesis, counts_by
from amana.learn.synthetic_table import SyntheticTable, table_of
from amana.privacy.rounds import Measure, Rounds
from amana.query.check import size_of
from amana.query.plan import Plan
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course, RoundCap
from amana.terms.ids import NanoRho

DRAWN_LEAST, DRAWN_MOST, DRAWN_PER_ROW = 60_000, 400_000, 3
"""Rows of the network that are weighted, for each row that is wanted."""
ACTIVE_POWER = 2 / 3
"""The error of a table grows with its filled cells times the noise; the least sum of errors at one loss has shares of this power."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Synthesiser:
    """The learner of one synthetic table."""

    synthesis: Synthesis

    @property
    def course(self) -> Course:
        """Rounds that have plans, as large as they can be."""
        spec = self.synthesis
        nodes, most = size_of(spec.rows(spec.fine)) + 2, spec.groups_max
        single = sum(spec.cells(column) for column in range(len(spec.names)))
        aimed = 0 if spec.target is None else min(spec.cells(spec.target), most)
        sizes = (single, aimed * sum(min(spec.cells(column), most) for column in spec.others), spec.cells_of_pairs(most))
        return Course(
            name=canonical_bytes(self).decode(),
            rounds=tuple(
                RoundCap(nano_rho=cost, cells_max=size, nodes_max=nodes) for cost, size in zip(spec.costs, sizes, strict=True) if cost
            ),
        )

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """The plans of the next round, a function of the noisy counts so far."""
        spec = self.synthesis
        costs = [number for number, cost in enumerate(spec.costs) if cost]
        stage = costs[len(done)]
        cost = spec.costs[stage]
        if stage == 0:
            rows = spec.rows(spec.fine)
            return _priced([counts_by(rows, (column,)) for column in range(len(spec.names))], cost, [1.0] * len(spec.names))
        grouping = grouping_of(spec, done[0])
        if stage == 1:
            assert spec.target is not None
            rows = spec.rows(grouping.groups)
            return _priced([counts_by(rows, (column, spec.target)) for column in spec.others], cost, [1.0] * len(spec.others))
        third = () if spec.target is None else (spec.target,)
        rows = spec.rows(grouping.coarse(spec.target))
        weights = [float(grouping.active[one] * grouping.active[two]) ** ACTIVE_POWER for one, two in spec.pairs]
        return _priced([counts_by(rows, (*pair, *third)) for pair in spec.pairs], cost, weights)

    def finish(self, done: Rounds, *, rows: int, chance: np.random.Generator) -> SyntheticTable:
        """So many invented rows. The same counts and a generator in the same state give the same table."""
        spec = self.synthesis
        fit = fit_of(spec, done)
        count = min(max(DRAWN_LEAST, DRAWN_PER_ROW * rows), DRAWN_MOST)
        candidates, order = _candidates(spec, fit, count=count, chance=chance)
        weights = raked(candidates, tables_of(spec, fit, layer=len(spec.names)), chance)
        made = chosen(candidates, weights, count=rows, order=order, chance=chance)
        return table_of(spec, fit, made, chance)


def _priced(plans: Sequence[Plan], cost: NanoRho, weights: Sequence[float]) -> tuple[Measure, ...]:
    """These plans, each at its share of the cost."""
    whole = sum(weights)
    costs = [max(1, floor(cost * (weight / whole))) for weight in weights]
    costs[costs.index(max(costs))] -= max(0, sum(costs) - cost)
    return tuple(Measure(plan=plan, nano_rho=NanoRho(each)) for plan, each in zip(plans, costs, strict=True))


def _candidates(spec: Synthesis, fit: Fit, *, count: int, chance: np.random.Generator) -> tuple[Rows, tuple[int, ...]]:
    """(rows of the network, its order). With a target there is one column more: the coarse group of the target."""
    layer = len(spec.names)
    tables: dict[int, Table] = {}
    if spec.target is None:
        first = max(
            spec.others, key=lambda column: max((information(fit.pairs[pair]) for pair in spec.pairs if column in pair), default=0.0)
        )
        network = network_of(spec.others, fit.pairs, first=first)
        tables[first] = ((), fit.single[first])
    else:
        whole = fit.single[spec.target]
        layers = np.array(fit.grouping.layers)
        split = np.zeros((int(layers.max()) + 1, len(whole)))
        split[layers, np.arange(len(whole))] = whole
        tables[layer], tables[spec.target] = ((), split.sum(axis=1)), ((layer,), split)
        network = Network(order=(), parents={})
        if spec.others:
            first = max(spec.others, key=lambda column: information(fit.aimed[column]))
            network = network_of(spec.others, fit.pairs, first=first)
            tables[first] = ((spec.target,), fit.aimed[first].T)
        network = Network(order=(layer, spec.target, *network.order), parents=network.parents)
    for column, parent in network.parents.items():
        if parent is not None:
            tables[column] = _given(fit.pairs, parent, column, layer)
    rows = drawn(network, tables, count=count, width=layer + (spec.target is not None), chance=chance)
    return rows, network.order


def _given(pairs: Mapping[Pair, Counts], parent: int, column: int, layer: int) -> Table:
    """The table of a column given its parent and, where there is a target, the coarse group of that."""
    counts = pairs[min(parent, column), max(parent, column)]
    counts = counts if parent < column else np.swapaxes(counts, 0, 1)
    return ((parent,), counts) if counts.ndim == 2 else ((parent, layer), np.swapaxes(counts, 1, 2))
