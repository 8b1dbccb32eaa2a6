"""Quantiles from a noisy tree of counts: make it consistent, make its ranks rise, read the quantile and its interval.

A tree may be drawn in part: below a node that cannot hold the sought quantile nothing is drawn, and the node counts as one
wide bin. Post-processing: only released counts and public facts (grid, branch, noise variance) come in.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TypeAlias, final

from amana.query.intervals import NORMAL
from amana.query.plan import BinCount, levels_in
from amana.query.released import NoisyTree

Levels: TypeAlias = Sequence[Sequence[float | None]]
"""Counts of each level, coarsest first; the last has all bins. None: not drawn. Siblings are drawn together or not at all."""

_RANK_WINDOW = 0.05  # of all rows, on either side, over which the density at a predicted quantile is taken
_OPEN_DEVIATIONS = 3.0  # a node is opened while the quantile may lie in it by that many standard deviations of its rank
_OPEN_MAX = 32  # more nodes than that hold the quantile already: finer ones would resolve nothing but noise


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileFigure:
    """Units: of the value's own grid. `gain`: standard deviation of the quantile for noise of deviation 1 on each node."""

    value: float
    low: float
    high: float
    gain: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ranks:
    """A consistent tree as ranks. Shapes: `edges[i]` in bins from the left, rising from 0 to the number of bins;
    `below[i]` the count left of it; `spans[level]` bins in a node; `variances[level][node]` of a node from itself and
    all below, for noise of variance 1 a node (None: not drawn)."""

    edges: tuple[int, ...]
    below: tuple[float, ...]
    spans: tuple[int, ...]
    variances: tuple[tuple[float | None, ...], ...]

    @property
    def total(self) -> float:
        return self.below[-1]


def levels_of(bins: Sequence[float], *, branch: int) -> tuple[tuple[float, ...], ...]:
    """The tree of exact counts over these bins, in the shape of a `NoisyCell`."""
    levels = [tuple(bins)]
    while len(levels[0]) > branch:
        finer = levels[0]
        levels.insert(0, tuple(sum(finer[start : start + branch]) for start in range(0, len(finer), branch)))
    return tuple(levels)


def levels_like(total: float, below: Callable[[float], float], *, shape: BinCount, probabilities: Sequence[float]) -> NoisyTree:
    """The tree of a total of which the share `below(place)` lies left of each place, drawn only where these quantiles lie.

    Units: `place` in bins from the left.
    """
    levels: list[list[float | None]] = []
    for level in range(levels_in(shape)):
        nodes = shape.bins // shape.branch ** (levels_in(shape) - 1 - level)
        span = shape.bins // nodes
        drawn = set(range(nodes)) if level == 0 else set[int]()
        for probability in probabilities:
            first = _last_below(nodes, span, below, probability) // shape.branch * shape.branch
            drawn.update(range(first, min(nodes, first + shape.branch)))
        counts: list[float | None] = [None] * nodes
        for node in drawn:
            counts[node] = total * (below((node + 1) * span) - below(node * span))
        levels.append(counts)
    return tuple(map(tuple, levels))


def _last_below(nodes: int, span: int, below: Callable[[float], float], probability: float) -> int:
    """The last of these nodes left of which lies no more than that share."""
    low, high = 0, nodes - 1
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if below(middle * span) <= probability else (low, middle - 1)
    return low


def ranks_of(levels: Levels, *, branch: int) -> Ranks:
    """The least-squares estimate of the drawn tree, in which each parent equals the sum of its children, as ranks.

    Shapes: as a `NoisyCell`; the coarsest level is drawn whole. Source: Hay, Rastogi, Miklau, Suciu, Boosting the accuracy of
    differentially private histograms through consistency (PVLDB 2010), section 4; here without a root, each coarsest node
    being the root of its own tree, and with siblings of unequal variance, who share what they lack by their variances.
    """
    upward: list[list[float | None]] = [list(level) for level in levels]
    variances: list[list[float | None]] = [[None if count is None else 1.0 for count in level] for level in levels]
    for level in range(len(levels) - 2, -1, -1):
        for node, own in enumerate(upward[level]):
            if own is None or upward[level + 1][node * branch] is None:
                continue
            family = slice(node * branch, (node + 1) * branch)
            doubt, counts = math.fsum(_drawn(variances[level + 1][family])), _drawn(upward[level + 1][family])
            variances[level][node] = doubt / (1 + doubt)
            upward[level][node] = (doubt * own + math.fsum(counts)) / (1 + doubt)
    edges, counted = [0], list[float]()
    spans = tuple(len(levels[-1]) // len(level) for level in levels)

    def descend(level: int, node: int, count: float) -> None:
        family = slice(node * branch, (node + 1) * branch)
        counts = _drawn(upward[level + 1][family]) if level + 1 < len(levels) else []
        if not counts:
            edges.append((node + 1) * spans[level])
            counted.append(count)
            return
        doubts = _drawn(variances[level + 1][family])
        lacking, doubt = count - math.fsum(counts), math.fsum(doubts)
        for child, (own, variance) in enumerate(zip(counts, doubts, strict=True)):
            descend(level + 1, node * branch + child, own + lacking * variance / doubt)

    for node, count in enumerate(_drawn(upward[0])):
        descend(0, node, count)
    below = tuple(accumulate(counted, initial=0.0))
    return Ranks(edges=tuple(edges), below=below, spans=spans, variances=tuple(map(tuple, variances)))


def _drawn(counts: Sequence[float | None]) -> list[float]:
    """The counts, or none of them where they were not drawn."""
    return [count for count in counts if count is not None]


def rising(values: Sequence[float]) -> list[float]:
    """The nearest sequence that never falls (least squares, by pooling neighbours that fall)."""
    means: list[float] = []
    sizes: list[int] = []
    for value in values:
        mean, size = value, 1
        while means and means[-1] > mean:
            other, others = means.pop(), sizes.pop()
            mean = (mean * size + other * others) / (size + others)
            size += others
        means.append(mean)
        sizes.append(size)
    return [mean for mean, size in zip(means, sizes, strict=True) for _ in range(size)]


def rank_variance(ranks: Ranks, place: float, *, probability: float, branch: int) -> float:
    """Variance of (count left of the place - probability * all), for noise of variance 1 a node.

    Units: `place` in bins from the left; inside a bin (or a node that was not opened) counts are taken as spread evenly. In the
    least-squares tree what a child has beyond its share of the parent is independent of the parent, so the variance is a sum
    over the path from the node that holds the place to the top: with u the variances of siblings and w the share of each
    that lies left, a family adds sum(w² u) - (sum(w u))² / sum(u), and its parent lies left by sum(w u) / sum(u).
    """
    level, path = 0, list[int]()
    while level < len(ranks.spans):
        node = min(int(place // ranks.spans[level]), len(ranks.variances[level]) - 1)
        if ranks.variances[level][node] is None:
            break
        path.append(node)
        level += 1
    left = min(1.0, place / ranks.spans[level - 1] - path[-1])
    total = 0.0
    for level in range(len(path) - 1, 0, -1):
        first = path[level] // branch * branch
        siblings = _drawn(ranks.variances[level][first : first + branch])
        whole, own = math.fsum(siblings[: path[level] - first]), siblings[path[level] - first]
        doubt = math.fsum(siblings)
        share = (whole + left * own) / doubt
        total += whole + left * left * own - share * share * doubt
        left = share
    for node, variance in enumerate(_drawn(ranks.variances[0])):
        share = 1.0 if node < path[0] else left if node == path[0] else 0.0
        total += (share - probability) ** 2 * variance
    return total


def quantile(ranks: Ranks, *, shape: BinCount, probability: float, variance: float) -> QuantileFigure | None:
    """The quantile and its 95 % interval for noise only; None when the count is not significantly positive.

    Inside a bin values are taken as spread evenly, by the quantile and by the ends of its interval alike.
    Units: `variance` of the noise of one node, in squared counts. With variance 0 (a prediction) the gain is that of the given counts.
    """
    total, branch = ranks.total, shape.branch
    if not total > NORMAL * math.sqrt(variance * rank_variance(ranks, shape.bins, probability=0.0, branch=branch)):
        return None
    excess = rising([rank - probability * total for rank in ranks.below])
    place = _crossing(ranks.edges, excess, 0.0)
    first, last = _reach(ranks, excess, place, probability=probability, deviation=NORMAL * math.sqrt(variance), branch=branch)
    low, high = _value_at(first, shape), _value_at(last, shape)
    if variance > 0:
        gain = (high - low) / (2 * NORMAL * math.sqrt(variance))
    else:
        deviation = math.sqrt(rank_variance(ranks, place, probability=probability, branch=branch))
        gain = deviation * _slope(ranks.edges, excess, probability=probability, total=total) * shape.width
    return QuantileFigure(value=_value_at(place, shape), low=low, high=high, gain=gain)


def opened(levels: Levels, *, shape: BinCount, probabilities: Sequence[float], variance: float) -> tuple[int, ...]:
    """The nodes of the last of these levels whose children are worth drawing: those that may hold a sought quantile.

    Shapes: `levels` are the coarsest of a tree, drawn so far. Units: `variance` of the noise of one node.
    """
    ranks, last = ranks_of(levels, branch=shape.branch), levels[-1]
    found: set[int] = set()
    for probability in probabilities:
        excess = rising([rank - probability * ranks.total for rank in ranks.below])
        place = _crossing(ranks.edges, excess, 0.0)
        deviation = _OPEN_DEVIATIONS * math.sqrt(variance)
        low, high = _reach(ranks, excess, place, probability=probability, deviation=deviation, branch=shape.branch)
        inside = range(min(int(low), len(last) - 1), min(int(high), len(last) - 1) + 1)
        if len(inside) <= _OPEN_MAX:
            found.update(node for node in inside if last[node] is not None)
    return tuple(sorted(found))


def _reach(
    ranks: Ranks, excess: Sequence[float], place: float, *, probability: float, deviation: float, branch: int
) -> tuple[float, float]:
    """Where, left and right of the place, the ranks are too far from the sought one for noise of that deviation a node."""
    edges, top = ranks.edges, len(ranks.edges) - 1

    def beyond(at: int, side: int) -> float:
        return side * excess[at] - deviation * math.sqrt(rank_variance(ranks, edges[at], probability=probability, branch=branch))

    def end(at: int, side: int) -> float:
        gap = beyond(at, side)
        while gap <= 0 and 0 < at < top:
            at += side
            gap = beyond(at, side)
        if gap <= 0:
            return float(edges[at])
        within = gap / (gap - min(0.0, beyond(at - side, side)))
        return edges[at] + (edges[at - side] - edges[at]) * within

    low = end(min(bisect_right(edges, place) - 1, top - 1), -1)
    high = end(max(bisect_left(edges, place), 1), 1)
    return min(low, place), max(high, place)


def _crossing(edges: Sequence[int], rising_ranks: Sequence[float], target: float) -> float:
    """Where, in bins from the left, the ranks pass the target; the middle of a flat stretch that lies on it."""
    left, right = bisect_left(rising_ranks, target), bisect_right(rising_ranks, target)
    if left < right:
        return (edges[left] + edges[right - 1]) / 2
    if left == 0:
        return 0.0
    if left == len(edges):
        return float(edges[-1])
    before, after = rising_ranks[left - 1], rising_ranks[left]
    return edges[left - 1] + (edges[left] - edges[left - 1]) * (target - before) / (after - before)


def _slope(edges: Sequence[int], excess: Sequence[float], *, probability: float, total: float) -> float:
    """Bins that the quantile moves for each row that its rank is wrong by, over a window so that gaps do not decide."""
    below, above = min(_RANK_WINDOW, probability) * total, min(_RANK_WINDOW, 1 - probability) * total
    bins = _crossing(edges, excess, above) - _crossing(edges, excess, -below)
    return max(bins, 1.0) / (below + above)


def _value_at(place: float, shape: BinCount) -> float:
    """The value at that place: a bin holds `width` values of the grid, the first at its left edge."""
    index = min(int(place), shape.bins - 1)
    return shape.low + index * shape.width + (place - index) * (shape.width - 1)
