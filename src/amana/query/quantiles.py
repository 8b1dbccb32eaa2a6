"""Quantiles from a noisy tree of counts: make it consistent, make its ranks rise, read the quantile and its interval.

Post-processing: only released counts and public facts (grid, branch, noise variance) come in.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from typing import TypeAlias, final

from amana.query.intervals import NORMAL
from amana.query.plan import BinCount

Levels: TypeAlias = Sequence[Sequence[float]]
"""Counts of each level, coarsest first; the last has all bins."""

_RANK_WINDOW = 0.05  # of all rows, on either side, over which the density at a predicted quantile is taken


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class QuantileFigure:
    """Units: of the value's own grid. `gain`: standard deviation of the quantile for noise of deviation 1 on each node."""

    value: float
    low: float
    high: float
    gain: float


def levels_of(bins: Sequence[float], *, branch: int) -> tuple[tuple[float, ...], ...]:
    """The tree of exact counts over these bins, in the shape of a `NoisyCell`."""
    levels = [tuple(bins)]
    while len(levels[0]) > branch:
        finer = levels[0]
        levels.insert(0, tuple(sum(finer[start : start + branch]) for start in range(0, len(finer), branch)))
    return tuple(levels)


@lru_cache(maxsize=256)
def _depth(bins: int, branch: int) -> int:
    return 1 if bins <= branch else 1 + _depth(bins // branch, branch)


@lru_cache(maxsize=256)
def _upward_variances(depth: int, branch: int) -> tuple[float, ...]:
    """Variance of each level's node from itself and all below, for noise of variance 1 a node; coarsest first."""
    found = [1.0]
    for _ in range(depth - 1):
        found.insert(0, branch * found[0] / (1 + branch * found[0]))
    return tuple(found)


def consistent(levels: Levels, *, branch: int) -> list[float]:
    """The least-squares estimate of the bins: each parent equals the sum of its children.

    Shapes: as a `NoisyCell`; the answer has one count for each bin.
    Source: Hay, Rastogi, Miklau, Suciu, Boosting the accuracy of differentially private histograms through consistency
    (PVLDB 2010), section 4; here without a root, each coarsest node being the root of its own tree.
    """
    variances = _upward_variances(len(levels), branch)
    upward: list[Sequence[float]] = [levels[-1]]
    for level in range(len(levels) - 2, -1, -1):
        below = branch * variances[level + 1]
        own_share = below / (1 + below)
        children = upward[0]
        sums = [math.fsum(children[start : start + branch]) for start in range(0, len(children), branch)]
        upward.insert(0, [own_share * own + (1 - own_share) * total for own, total in zip(levels[level], sums, strict=True)])
    best: Sequence[float] = upward[0]
    for level in range(1, len(levels)):
        children, finer = upward[level], list[float]()
        for node, total in enumerate(best):
            siblings = children[node * branch : (node + 1) * branch]
            shift = (total - math.fsum(siblings)) / branch
            finer.extend(count + shift for count in siblings)
        best = finer
    return list(best)


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


def rank_variance(edge: float, *, probability: float, shape: BinCount) -> float:
    """Variance of (count below the edge - probability * all), for noise of variance 1 a node.

    Units: `edge` in bins from the left, fractions allowed. In the least-squares tree what a child has more than its share
    of the parent is independent of the parent, so the variance is a sum over the path from the top to the edge.
    """
    variances = _upward_variances(_depth(shape.bins, shape.branch), shape.branch)
    width = shape.bins
    total = 0.0
    inside = edge
    for level, variance in enumerate(variances):
        nodes = min(shape.branch, width)
        width //= nodes
        full = min(int(inside // width), nodes - 1)
        inside -= full * width
        part = inside / width
        if level == 0:
            total += variance * (full * (1 - probability) ** 2 + (part - probability) ** 2 + (nodes - full - 1) * probability * probability)
        else:
            total += variance * (full + part * part - (full + part) ** 2 / nodes)
    return total


def ranks_of(levels: Levels, *, branch: int) -> tuple[float, ...]:
    """The consistent count below each edge of the bins. Shapes: one more than there are bins; the last is the count of all."""
    return tuple(accumulate(consistent(levels, branch=branch), initial=0.0))


def quantile(ranks: Sequence[float], *, shape: BinCount, probability: float, variance: float) -> QuantileFigure | None:
    """The quantile and its 95 % interval; None when the count is not significantly positive.

    The interval holds each bin that the noisy ranks do not exclude, whole: it covers for whatever lies inside a bin.
    Shapes: `ranks` as `ranks_of` gives them.
    Units: `variance` of the noise of one node, in squared counts. With variance 0 (a prediction) the gain is that of the given counts.
    """
    total = ranks[-1]
    if not total > NORMAL * math.sqrt(variance * rank_variance(shape.bins, probability=0.0, shape=shape)):
        return None
    excess = rising([rank - probability * total for rank in ranks])
    place = _crossing(excess, 0.0)
    value = _value_at(place, shape)

    def doubt(edge: int) -> float:
        return NORMAL * math.sqrt(variance * rank_variance(edge, probability=probability, shape=shape))

    first = last = min(int(place), shape.bins - 1)
    while first > 0 and excess[first] >= -doubt(first):
        first -= 1
    while last < shape.bins - 1 and excess[last + 1] <= doubt(last + 1):
        last += 1
    low, high = float(shape.low + first * shape.width), float(shape.low + (last + 1) * shape.width - 1)
    if variance > 0:
        gain = (high - low) / (2 * NORMAL * math.sqrt(variance))
    else:
        deviation = math.sqrt(rank_variance(place, probability=probability, shape=shape))
        gain = deviation * _slope(excess, probability=probability, total=total) * shape.width
    return QuantileFigure(value=value, low=low, high=high, gain=gain)


def _crossing(rising_ranks: Sequence[float], target: float) -> float:
    """Where, in bins from the left, the ranks pass the target; the middle of a flat stretch that lies on it."""
    bins = len(rising_ranks) - 1
    left, right = bisect_left(rising_ranks, target), bisect_right(rising_ranks, target)
    if left == right:  # between edges left - 1 and left
        if left == 0:
            return 0.0
        if left > bins:
            return float(bins)
        before, after = rising_ranks[left - 1], rising_ranks[left]
        return left - 1 + (target - before) / (after - before)
    return (left + right - 1) / 2


def _slope(excess: Sequence[float], *, probability: float, total: float) -> float:
    """Bins that the quantile moves for each row that its rank is wrong by, over a window so that gaps do not decide."""
    below, above = min(_RANK_WINDOW, probability) * total, min(_RANK_WINDOW, 1 - probability) * total
    bins = _crossing(excess, above) - _crossing(excess, -below)
    return max(bins, 1.0) / (below + above)


def _value_at(place: float, shape: BinCount) -> float:
    """The value at that place: a bin holds `width` values of the grid, the first at its left edge."""
    index = min(int(place), shape.bins - 1)
    return shape.low + index * shape.width + (place - index) * (shape.width - 1)
