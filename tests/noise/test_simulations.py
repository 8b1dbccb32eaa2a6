"""Redraws of an answer spread as its intervals say, one figure alone and several together."""

import math
from dataclasses import replace
from random import Random

import numpy as np
import pytest

from amana.catalog.domains import ChoiceDomain, Domain
from amana.query.expr import Column
from amana.query.figures import figures
from amana.query.plan import Constant, FigureCall, FigureOp, KeyValue, Plan, Released, Scan
from amana.query.quantiles import levels_of
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, NoisyTree, SumNoise
from amana.query.simulate import DRAWS_ROWS_MAX, draws_max, noise_like, simulate
from amana.terms.answer import Estimate
from tests.noise.test_intervals_cover import BINS, COUNT, COUNT_WOMEN, DECIMALS, KINDS, MEAN_X, SCALES, SHAPE, SUMS, N, call, figure, truth

DRAWS = 4000
INSIDE = (0.935, 0.968)


def released(kind: NoiseKind, seed: int, *, groups: int = 1, scale: float = 1.0) -> NoisyTable:
    chance, rng = Random(seed), np.random.default_rng(seed)
    noise = tuple(SumNoise(kind=kind, scale=s * scale, decimals=d) for s, d in zip(SCALES, DECIMALS, strict=True))
    rows: list[tuple[NoisyCell, ...]] = []
    for _ in range(groups):
        sums, bins = truth(rng)
        tree: NoisyTree = tuple(
            tuple(count + noise_like(noise[BINS], chance) for count in level)
            for level in levels_of([int(c) for c in bins], branch=SHAPE.branch)
        )
        rows.append((*(cell + noise_like(own, chance) for cell, own in zip(sums, noise, strict=False)), tree))
    keys: tuple[tuple[KeyValue, ...], ...] = tuple((f"g{index}",) for index in range(groups)) if groups > 1 else ((),)
    return NoisyTable(keys=keys, cells=tuple(rows), noise=noise)


def plan(*shown: FigureCall | object, **more: object) -> Plan:
    named = tuple((f"f{index}", one) for index, one in enumerate(shown))
    return Plan(source=Scan(table="t", alias="t"), keys=(), sums=SUMS, figures=named, **more)  # type: ignore[arg-type]


def columns(asked: Plan, table: NoisyTable, *, seed: int = 1, domains: tuple[Domain, ...] = (), draws: int = DRAWS) -> np.ndarray:
    """Draws by rows by figures."""
    made = simulate(asked, table, domains, draws=draws, chance=Random(seed))
    return np.array([[[math.nan if cell is None else cell for cell in row] for row in draw] for draw in made])


@pytest.mark.parametrize("kind", NoiseKind)
def test_simulated_noise_is_that_of_the_release(kind: NoiseKind) -> None:
    for scale in (0.5, 2.0, 100.0):
        drawn = np.array([noise_like(SumNoise(kind=kind, scale=scale, decimals=0), Random(7 + index)) for index in range(20_000)])
        decay = math.exp(-1 / scale)
        weights = {k: math.exp(-k * k / (2 * scale * scale)) for k in range(-9, 10)}
        small = sum(k * k * w for k, w in weights.items()) / sum(weights.values())
        variance = 2 * decay / (1 - decay) ** 2 if kind is NoiseKind.LAPLACE else scale**2 if scale > 1 else small
        assert drawn.var() == pytest.approx(variance, rel=0.06)
        assert abs(drawn.mean()) < 5 * math.sqrt(variance / len(drawn))


@pytest.mark.parametrize("name", KINDS)
@pytest.mark.parametrize("kind", NoiseKind)
def test_redraws_of_a_figure_lie_in_its_interval_95_times_in_100(name: str, kind: NoiseKind) -> None:
    asked, table = plan(KINDS[name]), released(kind, 11)
    (cell,) = figures(asked, table, ()).rows[0]
    assert isinstance(cell, Estimate) and cell.value is not None and cell.low is not None and cell.high is not None
    drawn = columns(asked, table)[:, 0, 0]
    inside = float(np.mean((drawn >= cell.low) & (drawn <= cell.high)))
    assert INSIDE[0] <= inside <= INSIDE[1], (inside, cell)


@pytest.mark.parametrize("probability", [0.1, 0.5, 0.75])
def test_redraws_of_a_quantile_lie_in_its_interval(probability: float) -> None:
    asked, inside = plan(figure(Released.QUANTILE, BINS, parameter=probability)), list[float]()
    for seed in range(12):
        table = released(NoiseKind.GAUSSIAN, seed)
        (cell,) = figures(asked, table, ()).rows[0]
        assert isinstance(cell, Estimate) and cell.low is not None and cell.high is not None
        drawn = columns(asked, table, seed=seed, draws=150)[:, 0, 0]
        inside.append(float(np.mean((drawn >= cell.low) & (drawn <= cell.high))))
    assert 0.93 <= np.mean(inside) <= 0.97, inside


def test_figures_that_share_sums_are_redrawn_together() -> None:
    share = call(FigureOp.DIV, COUNT_WOMEN, COUNT)
    asked = plan(MEAN_X, MEAN_X, COUNT, COUNT_WOMEN, call(FigureOp.SUB, COUNT, COUNT_WOMEN), share)
    table = released(NoiseKind.GAUSSIAN, 5)
    cells = figures(asked, table, ()).rows[0]
    drawn = columns(asked, table)[:, 0, :]
    assert np.array_equal(drawn[:, 0], drawn[:, 1]), "the same figure twice"
    assert np.array_equal(drawn[:, 2] - drawn[:, 3], drawn[:, 4]), "a difference is that of the same draw"
    assert np.allclose(drawn[:, 3] / drawn[:, 2], drawn[:, 5])
    difference = cells[4]
    assert isinstance(difference, Estimate) and difference.high is not None and difference.low is not None
    assert np.std(drawn[:, 2] - drawn[:, 3]) == pytest.approx((difference.high - difference.low) / 2 / 1.96, rel=0.05)


def test_a_difference_of_means_over_one_count_has_the_spread_of_its_own_interval() -> None:
    """The noise of the count moves both means alike: two intervals added in quadrature would be wrong."""
    other = figure(Released.MEAN, N + 6, N)  # the share of women, over the same count
    scaled = call(FigureOp.MUL, other, Constant(value=50.0))
    asked, table = plan(MEAN_X, scaled, call(FigureOp.SUB, MEAN_X, scaled)), released(NoiseKind.GAUSSIAN, 8)
    table = replace(table, noise=(replace(table.noise[0], scale=120.0), *(replace(own, scale=own.scale / 10) for own in table.noise[1:])))
    halves = [
        (cell.high - cell.low) / 2 for cell in figures(asked, table, ()).rows[0] if isinstance(cell, Estimate) and cell.high and cell.low
    ]
    drawn = columns(asked, table)[:, 0, :]
    apart = float(np.std(drawn[:, 0] - drawn[:, 1])) * 1.96
    assert apart == pytest.approx(halves[2], rel=0.05)
    assert math.hypot(halves[0], halves[1]) > 1.1 * halves[2]


def test_totals_are_the_sums_of_their_redrawn_parts_in_the_order_of_the_answer() -> None:
    parts = plan(COUNT)
    asked = replace(parts, keys=(("g", Column(name="t.g")),), sums=SUMS[:1], sets=((0,), ()), order=((0, True),))
    table = released(NoiseKind.LAPLACE, 3, groups=3)
    table = NoisyTable(keys=table.keys, cells=tuple(row[:1] for row in table.cells), noise=table.noise[:1])
    domains = (ChoiceDomain(members=("g0", "g1", "g2")),)
    drawn = columns(asked, table, domains=domains, draws=500)[:, :, 0]
    assert drawn.shape == (500, 4)
    assert np.array_equal(drawn[:, 0], drawn[:, 1:].sum(axis=1)), "the total is the largest, so it stands first"


def test_what_was_null_or_left_out_stays_so() -> None:
    table = released(NoiseKind.GAUSSIAN, 2, groups=3)
    none = call(FigureOp.DIV, COUNT, Constant(value=0.0))
    asked = replace(plan(COUNT, none), keys=(("g", Column(name="t.g")),), order=((0, False),), limit=2)
    domains = (ChoiceDomain(members=("g0", "g1", "g2")),)
    made = simulate(asked, table, domains, draws=3, chance=Random(1))
    assert [len(draw) for draw in made] == [2, 2, 2]
    assert {row[1] for draw in made for row in draw} == {None}
    released_counts = [cell.value for row in figures(asked, table, domains).rows for cell in row[:1] if isinstance(cell, Estimate)]
    assert np.abs(np.array([row[0] for row in made[0]]) - np.array(released_counts)).max() < 6 * SCALES[0]


def test_draws_times_rows_are_limited() -> None:
    narrow = replace(plan(COUNT), sums=SUMS[:1], keys=(("g", Column(name="t.g")),))
    table = released(NoiseKind.GAUSSIAN, 2, groups=4)
    table = NoisyTable(keys=table.keys, cells=tuple(row[:1] for row in table.cells), noise=table.noise[:1])
    domains = (ChoiceDomain(members=("g0", "g1", "g2", "g3")),)
    assert draws_max(narrow, table, domains) == DRAWS_ROWS_MAX // 4
    assert draws_max(replace(narrow, limit=1), table, domains) == DRAWS_ROWS_MAX, "groups that are not shown are not redrawn"
    assert draws_max(replace(narrow, sets=((),)), table, domains) == DRAWS_ROWS_MAX // 4, "a total needs all its parts"
    trees = replace(plan(COUNT), keys=())
    assert draws_max(trees, released(NoiseKind.GAUSSIAN, 2), ()) < DRAWS_ROWS_MAX
