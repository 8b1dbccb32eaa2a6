"""Rows from a network, weighted until they agree with every believed table, and drawn so that counts come out even.

The weighted rows are the network times one factor for each cell of each table: the distribution nearest to the network among
those that agree with all tables, on the rows that were drawn. Source: Csiszár 1975 (I-projections); Deville & Särndal 1992 (raking).
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from amana.learn.contingency import Cells, Counts
from amana.learn.structure import Network

Rows: TypeAlias = NDArray[np.int32]
Table: TypeAlias = tuple[tuple[int, ...], Counts]
"""Columns, and the counts by their cells."""
GOLDEN = 0.6180339887498949
SWEEPS = (0.5, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25, 0.25, 0.25, 0.1, 0.1, 0.1, 0.1)
"""How far each sweep goes towards each table: tables that disagree are met half way at last."""
FACTOR_MAX = 4.0


def place_of(rows: Rows, columns: Sequence[int], shape: Sequence[int]) -> NDArray[np.int32]:
    """The number of the cell that each row has in the table of these columns."""
    place: NDArray[np.int32] = np.zeros(len(rows), dtype=np.int32)
    for column, cells in zip(columns, shape, strict=True):
        place = place * np.int32(cells) + rows[:, column]
    return place


def drawn(network: Network, tables: Mapping[int, Table], *, count: int, width: int, chance: np.random.Generator) -> Rows:
    """Rows of the network. `tables[column]`: given columns and, last, the column itself; `width`: columns of a row.

    Within rows that agree on the given columns, cells are dealt in their proportions to within one row, spread evenly over what
    the rows differ in: less uneven than independent draws."""
    rows: Rows = np.zeros((count, width), dtype=np.int32)
    known: list[int] = []
    for column in network.order:
        given, counts = tables[column]
        proportions = counts.reshape(-1, counts.shape[-1])
        group = place_of(rows, given, counts.shape[:-1])
        keys: list[Counts | NDArray[np.int32]] = [chance.random(count), *(rows[:, one] for one in known), group]
        order = np.lexsort(keys)
        starts: list[int] = np.flatnonzero(np.diff(group[order], prepend=-1)).tolist()
        for start, end in pairwise((*starts, count)):
            rows[order[start:end], column] = _dealt(proportions[group[order[start]]], end - start, chance)
        known.append(column)
    return rows


def _dealt(proportions: Counts, count: int, chance: np.random.Generator) -> Cells:
    """That many cells: their numbers are the proportions to within one, in an even mixture."""
    mixture: Counts = np.asarray((chance.random() + np.arange(count) * GOLDEN) % 1.0, dtype=np.float64)
    even: Counts = np.asarray((np.argsort(np.argsort(mixture)) + chance.random()) / count, dtype=np.float64)
    ends: Counts = np.cumsum(proportions / proportions.sum(), dtype=np.float64)
    places: Cells = np.searchsorted(ends, even, side="right")
    return np.minimum(places, int(np.flatnonzero(proportions)[-1]))


def raked(rows: Rows, tables: Sequence[Table], chance: np.random.Generator) -> Counts:
    """Weights under which the rows agree with the tables as well as they can."""
    weights: Counts = np.ones(len(rows))
    for power in SWEEPS:
        order: list[int] = chance.permutation(len(tables)).tolist()
        for columns, counts in (tables[number] for number in order):
            place = place_of(rows, columns, counts.shape)
            held = np.bincount(place, weights, minlength=counts.size)
            aim: Counts = counts.ravel() * (float(weights.sum()) / float(counts.sum()))
            factor: Counts = np.where(held > 0, aim / np.maximum(held, 1e-300), 1.0) ** power
            weights *= np.clip(factor, 1 / FACTOR_MAX, FACTOR_MAX)[place]
    weights *= len(rows) / float(weights.sum())
    return weights


def chosen(rows: Rows, weights: Counts, *, count: int, order: Sequence[int], chance: np.random.Generator) -> Rows:
    """That many of the rows, as often as their weights say to within one, along an order in which neighbours are alike."""
    along = np.lexsort([rows[:, column] for column in reversed(order)])
    ends: Counts = np.cumsum(weights[along], dtype=np.float64)
    even: Counts = np.asarray(np.arange(count) + chance.random(), dtype=np.float64) * (float(ends[-1]) / count)
    places: Cells = np.searchsorted(ends, even, side="right")
    picked: Rows = rows[along[np.minimum(places, len(rows) - 1)]]
    return picked[chance.permutation(count)]


def counts_of(rows: Rows, columns: Sequence[int], shape: Sequence[int]) -> Counts:
    """How many rows each cell of a table holds."""
    size = int(np.prod(shape))
    return np.bincount(place_of(rows, columns, shape), minlength=size).astype(np.float64).reshape(tuple(shape))
