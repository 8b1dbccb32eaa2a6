"""Which columns hang together, and how cells are grouped: chosen from noisy tables that were paid for, never from rows (PRIVACY 17).

The network is a tree over the columns, each of which also hangs on the target: tree-augmented naive Bayes.
Source: Chow & Liu 1968; Friedman, Geiger & Goldszmidt 1997.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import TypeAlias, final

import numpy as np

from amana.learn.contingency import Counts
from amana.terms.model import Feature, FeatureKind

Pair: TypeAlias = tuple[int, int]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Network:
    """`order`: the columns, each after the one it hangs on. `parents[column]`: None for the first."""

    order: tuple[int, ...]
    parents: Mapping[int, int | None]


def pairs_of(columns: Sequence[int]) -> tuple[Pair, ...]:
    """Every two columns once, the lower number first."""
    return tuple(combinations(sorted(columns), 2))


def network_of(columns: Sequence[int], tables: Mapping[Pair, Counts], *, first: int) -> Network:
    """The tree of the largest sum of (conditional) mutual information. Shapes: a third axis of a table is the target."""
    weights = {pair: information(table) for pair, table in tables.items()}
    order, parents = [first], {first: None}
    found: dict[int, int | None] = dict(parents)
    left = [column for column in columns if column != first]
    while left:
        _, _, _, parent, column = max(
            (weights[min(known, new), max(known, new)], -known, -new, known, new) for known in order for new in left
        )
        order.append(column)
        found[column] = parent
        left.remove(column)
    return Network(order=tuple(order), parents=found)


def information(table: Counts) -> float:
    """Mutual information of the first two axes, given the third where there is one. Units: nats."""
    layers = table if table.ndim == 3 else table[:, :, None]
    whole = max(float(layers.sum()), 1e-300)
    one, two, three = layers.sum(axis=1, keepdims=True), layers.sum(axis=0, keepdims=True), layers.sum(axis=(0, 1), keepdims=True)
    there = layers > 0
    ratio = np.where(there, layers * three / np.where(there, one * two, 1.0), 1.0)
    return float((layers * np.log(ratio)).sum()) / whole


def groups_of(feature: Feature, counts: Counts, *, missing: bool, most: int) -> tuple[int, ...]:
    """The group of each cell, at most `most` in all: each cell its own where they suffice, else numbers by neighbours of about
    equal weight, choices by the most frequent with one group for the rest. What is missing (the last cell) keeps a group of its own."""
    inner, room = counts[:-1], most - int(missing)
    if len(inner) <= room:
        groups = list(range(len(inner)))
    elif feature.kind is FeatureKind.NUMBER:
        weight = np.maximum(inner, float(np.maximum(inner, 0.0).sum()) / (1000 * len(inner)) + 1e-9)
        middles = (np.cumsum(weight) - weight / 2) / weight.sum()
        _, places = np.unique(np.minimum((middles * room).astype(int), room - 1), return_inverse=True)
        groups = [int(place) for place in places]
    else:
        large = sorted(sorted(range(len(inner)), key=lambda cell: (-float(inner[cell]), cell))[: room - 1])
        groups = [large.index(cell) if cell in large else len(large) for cell in range(len(inner))]
    return (*groups, max(groups) + 1 if missing else max(groups))


def gathered(counts: Counts, groups: Sequence[int]) -> Counts:
    """Counts of cells as counts of groups, along the first axis."""
    found = np.zeros((max(groups) + 1, *counts.shape[1:]))
    np.add.at(found, np.asarray(groups), counts)
    return found
