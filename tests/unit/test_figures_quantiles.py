"""The tree of counts: consistency, its variance and the reading of quantiles."""

import random
import statistics
from bisect import bisect_right
from itertools import pairwise

import pytest

from amana.query.expr import Column
from amana.query.plan import BinCount
from amana.query.quantiles import Levels, Ranks, levels_of, opened, quantile, rank_variance, ranks_of, rising


def shape(bins: int, branch: int, *, low: int = 0, width: int = 1) -> BinCount:
    return BinCount(value=Column(name="t.x"), low=low, width=width, bins=bins, branch=branch)


def consistent(levels: Levels, *, branch: int) -> list[float]:
    below = ranks_of(levels, branch=branch).below
    return [right - left for left, right in pairwise(below)]


def test_a_tree_without_noise_stays_as_it_is() -> None:
    bins = [3.0, 0.0, 7.0, 1.0, 2.0, 2.0, 0.0, 5.0]
    assert consistent(levels_of(bins, branch=2), branch=2) == pytest.approx(bins)


def test_the_levels_of_a_tree_are_the_sums_of_their_children() -> None:
    assert levels_of((1, 2, 3, 4, 5, 6, 7, 8), branch=2) == ((10, 26), (3, 7, 11, 15), (1, 2, 3, 4, 5, 6, 7, 8))
    assert levels_of((1, 2, 3), branch=4) == ((1, 2, 3),)


def test_consistency_is_the_least_squares_solution() -> None:
    # One parent of two bins, all with the same noise: the normal equations solved by hand.
    levels = ((10.0,), (3.0, 4.0))
    found = consistent(levels, branch=2)
    # minimise (a - 3)² + (b - 4)² + (a + b - 10)²: a = 4, b = 5
    assert found == pytest.approx([4.0, 5.0])


def test_ranks_are_made_to_rise_by_pooling_what_falls() -> None:
    assert rising([1.0, 3.0, 2.0, 2.0, 5.0]) == pytest.approx([1.0, 7 / 3, 7 / 3, 7 / 3, 5.0])
    assert rising([]) == []


@pytest.mark.parametrize(("bins", "branch"), [(64, 4), (16, 16), (27, 3)])
@pytest.mark.parametrize("probability", [0.0, 0.3, 0.5])
def test_the_variance_of_a_rank_is_what_simulated_trees_show(bins: int, branch: int, probability: float) -> None:
    draw = random.Random(5)
    zero = levels_of((0.0,) * bins, branch=branch)
    trees = [ranks_of([[draw.gauss(0, 1) for _ in level] for level in zero], branch=branch) for _ in range(3000)]
    for edge in (1, bins // 3, bins // 2, bins):
        ranks = [tree.below[edge] - probability * tree.total for tree in trees]
        claimed = rank_variance(trees[0], edge, probability=probability, branch=branch)
        assert statistics.pvariance(ranks, 0) == pytest.approx(claimed, rel=0.12)


@pytest.mark.parametrize("place", [4, 9, 10.5, 16, 26])
def test_the_variance_of_a_rank_in_a_tree_that_is_drawn_in_part_is_what_simulated_trees_show(place: float) -> None:
    draw = random.Random(6)

    def tree() -> Levels:  # of 27 bins: below the second node all is drawn, below its first child too
        drawn = ([True] * 3, [False] * 3 + [True] * 3 + [False] * 3, [False] * 9 + [True] * 3 + [False] * 15)
        return [[draw.gauss(0, 1) if there else None for there in level] for level in drawn]

    trees = [ranks_of(tree(), branch=3) for _ in range(3000)]
    assert trees[0].edges == (0, 9, 10, 11, 12, 15, 18, 27)

    def left_of(ranks: Ranks) -> float:
        at = bisect_right(ranks.edges, place) - 1
        inside = (place - ranks.edges[at]) / (ranks.edges[at + 1] - ranks.edges[at])
        return ranks.below[at] + inside * (ranks.below[at + 1] - ranks.below[at])

    found = [left_of(ranks) - 0.4 * ranks.total for ranks in trees]
    claimed = rank_variance(trees[0], place, probability=0.4, branch=3)
    assert statistics.pvariance(found, 0) == pytest.approx(claimed, rel=0.12)


def test_a_tree_is_opened_where_the_quantile_may_lie_and_nowhere_else() -> None:
    of = shape(256, 16)
    even = [100.0] * 16
    assert opened([even], shape=of, probabilities=(0.5,), variance=1e-6) == (7, 8)
    assert opened([even], shape=of, probabilities=(0.1, 0.9), variance=1e-6) == (1, 14)
    wide = opened([even], shape=of, probabilities=(0.5,), variance=400.0)
    assert set(wide) > {7, 8} and len(wide) < 10
    counts: list[float | None] = [None] * 112 + [50.0] * 32 + [None] * 112
    assert opened([even, counts], shape=shape(4096, 16), probabilities=(0.5,), variance=1e-6) == (127, 128)
    assert opened([even], shape=of, probabilities=(), variance=1.0) == ()


def test_nothing_is_opened_once_nodes_are_finer_than_the_noise() -> None:
    even = [100.0] * 16
    fine: list[float | None] = [6.25] * 256
    assert len(opened([even], shape=shape(4096, 16), probabilities=(0.5,), variance=10_000.0)) > 10
    assert opened([even, fine], shape=shape(4096, 16), probabilities=(0.5,), variance=10_000.0) == ()


def test_a_bin_of_one_value_is_that_value() -> None:
    bins = [0.0] * 16
    bins[5] = 100.0
    found = quantile(ranks_of(levels_of(bins, branch=4), branch=4), shape=shape(16, 4, low=40), probability=0.5, variance=0.0)
    assert found is not None
    assert (found.value, found.low, found.high) == (45.0, 45.0, 45.0)


def test_a_quantile_inside_a_wide_bin_is_interpolated_and_so_is_its_interval() -> None:
    found = quantile(
        ranks_of(levels_of((0.0, 100.0, 0.0, 0.0), branch=4), branch=4), shape=shape(4, 4, width=11), probability=0.25, variance=1.0
    )
    assert found is not None
    assert found.value == pytest.approx(11 + 2.5)
    assert 11.0 < found.low < found.value < found.high < 21.0
    assert found.value - found.low == pytest.approx(found.high - found.value, rel=0.1)


def test_a_quantile_between_two_groups_far_apart_lies_in_the_gap_and_its_interval_holds_both() -> None:
    bins = [0.0] * 16
    bins[2] = bins[13] = 100.0
    found = quantile(ranks_of(levels_of(bins, branch=4), branch=4), shape=shape(16, 4), probability=0.5, variance=4.0)
    assert found is not None
    assert found.low == 2.0
    assert found.high == 13.0
    assert 2 < found.value < 13


def test_the_extremes_are_the_ends_of_what_is_there() -> None:
    bins = [0.0, 50.0, 50.0, 0.0]
    low = quantile(ranks_of(levels_of(bins, branch=4), branch=4), shape=shape(4, 4), probability=0.01, variance=0.0)
    high = quantile(ranks_of(levels_of(bins, branch=4), branch=4), shape=shape(4, 4), probability=0.99, variance=0.0)
    assert low is not None
    assert high is not None
    assert (low.value, high.value) == (1.0, 2.0)


def test_no_rows_have_no_quantile() -> None:
    assert quantile(ranks_of(levels_of((0.0,) * 16, branch=4), branch=4), shape=shape(16, 4), probability=0.5, variance=1.0) is None
    assert quantile(ranks_of(levels_of((-9.0,) * 16, branch=4), branch=4), shape=shape(16, 4), probability=0.5, variance=0.0) is None
