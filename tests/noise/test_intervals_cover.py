"""The 95 % intervals of every kind of figure cover the noise-free figure in 94 to 96.5 % of releases.

Noise is simulated here, from a seed: the kernel's own draws are tested in tests/noise on their own. The truth is the same
figure of the un-noised sums, so truncation (which is no noise) plays no part.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from amana.catalog.domains import NumberDomain
from amana.query.expr import Column, Fixed, Literal
from amana.query.figures import figures, predicted
from amana.query.intervals import grain
from amana.query.plan import BinCount, Constant, FigureCall, FigureOp, Plan, Released, RowSum, Scan, Statistic, Sum
from amana.query.quantiles import levels_of, opened
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, SumNoise
from amana.terms.answer import Estimate, Shown

RELEASES = 4000
COVERED = (0.94, 0.965)
PEOPLE = 3000
SHAPE = BinCount(value=Column(name="t.x"), low=0, width=4, bins=256, branch=16)
FINE = BinCount(value=Column(name="t.x"), low=0, width=1, bins=4096, branch=16)
PROBABILITIES = (0.5, 0.75, 0.1)
NUMBERS = NumberDomain(scale=0, low=0, high=10**6)


def row_sum(centre: int = 0, scale: int = 0) -> RowSum:
    return RowSum(value=Literal(value=Fixed(units=1)), centre=Fixed(units=centre, scale=scale))


def figure(kind: Released, *sums: int, parameter: float = 0.0) -> Statistic:
    return Statistic(kind=kind, sums=sums, parameter=parameter)


def call(op: FigureOp, *args: Statistic | FigureCall | Constant) -> FigureCall:
    return FigureCall(op=op, args=args)


# Sums, by index: people, x, x², y, y², xy, women, bins of x. x is centred at 500.00 (scale 2), y at 40 (scale 0).
SUMS: tuple[Sum, ...] = (row_sum(), row_sum(50000, 2), row_sum(), row_sum(40), row_sum(), row_sum(), row_sum(), SHAPE)
DECIMALS = (0, 2, 4, 0, 0, 2, 0, 0)
N, X, XX, Y, YY, XY, WOMEN, BINS = range(8)
# Standard deviations in units of 10**-decimals, about a thirtieth of what each sum would need to hide its figure.
SCALES = (30.0, 900_000.0, 2.2e10, 700.0, 30_000.0, 2.0e7, 30.0, 8.0)

TOTAL_X = figure(Released.TOTAL, X)
COUNT, COUNT_WOMEN = figure(Released.TOTAL, N), figure(Released.TOTAL, WOMEN)
MEAN_X, MEAN_Y = figure(Released.MEAN, X, N), figure(Released.MEAN, Y, N)
KINDS: dict[str, Statistic | FigureCall] = {
    "count": COUNT,
    "mean": MEAN_X,
    "variance": figure(Released.VARIANCE_SAMP, X, XX, N),
    "variance of population": figure(Released.VARIANCE_POP, Y, YY, N),
    "standard deviation": figure(Released.STDDEV_SAMP, X, XX, N),
    "standard deviation of population": figure(Released.STDDEV_POP, Y, YY, N),
    "covariance": figure(Released.COVAR_SAMP, X, Y, XY, N),
    "covariance of population": figure(Released.COVAR_POP, X, Y, XY, N),
    "correlation": figure(Released.CORR, X, Y, XY, XX, YY, N),
    "slope": figure(Released.SLOPE, X, Y, XY, XX, N),
    "intercept": figure(Released.INTERCEPT, X, Y, XY, XX, N),
    "ratio": call(FigureOp.DIV, COUNT_WOMEN, COUNT),
    "share in percent, rounded": call(
        FigureOp.ROUND, call(FigureOp.MUL, Constant(value=100.0), call(FigureOp.DIV, COUNT_WOMEN, COUNT)), Constant(value=3.0)
    ),
    "difference": call(FigureOp.SUB, COUNT, COUNT_WOMEN),
    "ratio of means": call(FigureOp.DIV, MEAN_X, MEAN_Y),
    "coefficient of variation": call(FigureOp.DIV, figure(Released.STDDEV_SAMP, X, XX, N), MEAN_X),
    "product": call(FigureOp.MUL, COUNT, MEAN_X),
}


def truth(rng: np.random.Generator) -> tuple[list[int], np.ndarray]:
    """True sums of an invented population, exact, and its bins."""
    x = np.clip(np.round(rng.normal(520, 150, PEOPLE)), 0, 1023).astype(int)
    y = np.clip(np.round(45 + 0.03 * (x - 500) + rng.normal(0, 6, PEOPLE)), 0, 120).astype(int)
    x_centred, y_centred = (x - 500) * 100, y - 40
    women = rng.random(PEOPLE) < 0.4
    products = (x_centred, x_centred**2, y_centred, y_centred**2, x_centred * y_centred, women)
    bins = np.bincount(x // SHAPE.width, minlength=SHAPE.bins)
    return [PEOPLE, *(int(values.sum()) for values in products)], bins


def noisy(rng: np.random.Generator, cell: int, scale: float, *, kind: NoiseKind) -> list[int]:
    draw = rng.normal(0, scale, RELEASES) if kind is NoiseKind.GAUSSIAN else rng.laplace(0, scale, RELEASES)
    return [cell + int(step) for step in np.rint(draw)]


def noisy_tree(rng: np.random.Generator, bins: np.ndarray, scale: float, shape: BinCount) -> NoisyCell:
    """As the kernel draws it: level by level, below nodes that may hold one of the quantiles."""
    found: list[tuple[float | None, ...]] = []
    for level in levels_of(bins.tolist(), branch=shape.branch):
        counts = (level + np.rint(rng.normal(0, scale, len(level))).astype(int)).tolist()
        parents = opened(found, shape=shape, probabilities=PROBABILITIES, variance=2 * scale**2) if found else range(shape.bins)
        drawn = {parent * shape.branch + child for parent in parents for child in range(shape.branch)}
        found.append(tuple(count if node in drawn else None for node, count in enumerate(counts)))
    return tuple(found)


def question(*shown: Statistic | FigureCall, sets: tuple[tuple[int, ...], ...] = (), keys: int = 1) -> Plan:
    return Plan(
        source=Scan(table="t", alias="t"),
        keys=tuple((f"k{i}", Column(name=f"t.k{i}")) for i in range(keys)),
        sums=SUMS,
        figures=tuple((f"f{i}", each) for i, each in enumerate(shown)),
        sets=sets,
    )


def released(cells: list[tuple[NoisyCell, ...]], keys: list[tuple[int, ...]], *, kind: NoiseKind) -> NoisyTable:
    noise = tuple(SumNoise(kind=kind, scale=scale, decimals=decimals) for scale, decimals in zip(SCALES, DECIMALS, strict=True))
    return NoisyTable(keys=tuple(keys), cells=tuple(cells), noise=noise)


def share(rows: tuple[tuple[Shown, ...], ...], targets: Sequence[float]) -> float:
    """The share of rows whose last interval holds its target."""
    held = 0
    for row, target in zip(rows, targets, strict=True):
        estimate = row[-1]
        assert isinstance(estimate, Estimate) and estimate.low is not None and estimate.high is not None
        held += estimate.low - 1e-9 * abs(target) <= target <= estimate.high + 1e-9 * abs(target)
    return held / len(rows)


def coverage(shown: Statistic | FigureCall, *, kind: NoiseKind = NoiseKind.GAUSSIAN) -> float:
    """The share of independent releases (one for each key) whose interval holds the figure of the true sums."""
    rng = np.random.default_rng(20250702)
    sums, bins = truth(rng)
    tree = levels_of(bins.tolist(), branch=SHAPE.branch)
    columns = [noisy(rng, cell, scale, kind=kind) for cell, scale in zip(sums, SCALES[:BINS], strict=True)]
    cells: list[tuple[NoisyCell, ...]] = [(*row, tree) for row in zip(*columns, strict=True)]
    plan = question(shown)
    (target,) = predicted(plan, (*map(float, sums), tuple(map(float, bins))), DECIMALS)
    assert target is not None
    answer = figures(plan, released(cells, [(i,) for i in range(RELEASES)], kind=kind), (NUMBERS,))
    return share(answer.rows, [target] * RELEASES)


@pytest.mark.parametrize("name", KINDS)
def test_intervals_under_gaussian_noise_cover_as_often_as_they_say(name: str) -> None:
    assert COVERED[0] <= coverage(KINDS[name]) <= COVERED[1]


@pytest.mark.parametrize("name", ["count", "mean", "ratio", "difference", "variance", "slope"])
def test_intervals_under_laplace_noise_cover_as_often_as_they_say(name: str) -> None:
    assert COVERED[0] <= coverage(KINDS[name], kind=NoiseKind.LAPLACE) <= COVERED[1]


@pytest.mark.parametrize("kind", list(NoiseKind))
@pytest.mark.parametrize("shown", [COUNT, call(FigureOp.DIV, COUNT_WOMEN, COUNT), MEAN_X], ids=["count", "ratio", "mean"])
def test_intervals_of_rollup_totals_cover_as_often_as_they_say(kind: NoiseKind, shown: Statistic | FigureCall) -> None:
    rng = np.random.default_rng(3)
    sums, _ = truth(rng)
    parts = 3
    columns = [
        [noisy(rng, cell // parts, scale / parts, kind=kind) for _ in range(parts)] for cell, scale in zip(sums, SCALES, strict=False)
    ]
    keys = [(i, part) for i in range(RELEASES) for part in range(parts)]
    cells: list[tuple[NoisyCell, ...]] = [tuple(column[part][i] for column in columns) for i, part in keys]
    noise = tuple(
        SumNoise(kind=kind, scale=scale / parts, decimals=decimals) for scale, decimals in zip(SCALES[:BINS], DECIMALS[:BINS], strict=True)
    )
    plan = replace(question(shown, sets=((0,),), keys=2), sums=SUMS[:BINS])
    (target,) = predicted(plan, tuple(float(cell // parts * parts) for cell in sums), DECIMALS[:BINS])
    assert target is not None
    answer = figures(plan, NoisyTable(keys=tuple(keys), cells=tuple(cells), noise=noise), (NUMBERS, NUMBERS))
    assert len(answer.rows) == RELEASES
    assert COVERED[0] <= share(answer.rows, [target] * RELEASES) <= COVERED[1]


def quantile_coverage(shape: BinCount, *, people: int, scale: float, releases: int) -> dict[tuple[float, str], float]:
    """Coverage by probability, of the figure without noise and of the data's own quantile; quantiles share each released tree."""
    rng = np.random.default_rng(11)
    span = shape.width * shape.bins
    values = np.clip(np.round(rng.normal(0.51 * span, 0.15 * span, people)), 0, span - 1).astype(int)
    bins = np.bincount(values // shape.width, minlength=shape.bins)
    plan = Plan(
        source=Scan(table="t", alias="t"),
        keys=(("k", Column(name="t.k")),),
        sums=(shape,),
        figures=tuple((f"q{p}", figure(Released.QUANTILE, 0, parameter=p)) for p in PROBABILITIES),
    )
    table = NoisyTable(
        keys=tuple((i,) for i in range(releases)),
        cells=tuple((noisy_tree(rng, bins, scale, shape),) for _ in range(releases)),
        noise=(SumNoise(kind=NoiseKind.GAUSSIAN, scale=scale, decimals=0),),
    )
    rows = figures(plan, table, (NUMBERS,)).rows
    smooth = predicted(plan, (tuple(map(float, bins)),), (0,))
    own = np.sort(values)[[int(np.ceil(p * people)) - 1 for p in PROBABILITIES]]
    shown = [tuple(row[: i + 1] for row in rows) for i in range(len(PROBABILITIES))]
    return {
        (p, kind): share(shown[i], [float(targets[i] or 0.0)] * releases)
        for kind, targets in (("figure without noise", smooth), ("quantile of the data", own))
        for i, p in enumerate(PROBABILITIES)
    }


@pytest.mark.slow
def test_intervals_of_quantiles_cover_as_often_as_they_say_when_bins_are_fine() -> None:
    held = quantile_coverage(FINE, people=30_000, scale=150.0, releases=3000)
    assert all(COVERED[0] <= share <= COVERED[1] for share in held.values()), held


@pytest.mark.slow
def test_intervals_of_quantiles_cover_as_often_as_they_say_when_bins_are_coarse() -> None:
    held = quantile_coverage(SHAPE, people=PEOPLE, scale=8.0, releases=3000)
    assert all(COVERED[0] <= share <= COVERED[1] for share in held.values()), held


@pytest.mark.parametrize("scale", [0.3, 0.7, 1.0, 1.7, 3.2, 9.9, 29.0, 31.0])
@pytest.mark.parametrize("kind", list(NoiseKind))
@pytest.mark.parametrize("terms", [1, 2, 7])
def test_intervals_of_totals_keep_their_promise_when_the_noise_is_only_a_few_steps(kind: NoiseKind, scale: float, terms: int) -> None:
    # Exact: the distribution of the sum of `terms` discrete draws, by convolution.
    steps = np.arange(-400, 401)
    single = np.exp(-(steps**2) / (2 * scale**2)) if kind is NoiseKind.GAUSSIAN else np.exp(-np.abs(steps) / scale)
    single /= single.sum()
    total = single
    for _ in range(terms - 1):
        total = np.convolve(total, single, mode="same")
    half = grain(SumNoise(kind=kind, scale=scale, decimals=0), terms=terms).half
    # Between two neighbouring ends coverage jumps; a total of several may fall short of 95 % by the normal approximation only.
    assert total[np.abs(steps) <= half].sum() >= (0.95 if terms == 1 else 0.945)
    assert total[np.abs(steps) <= half - 1].sum() < 0.95 or half == 0
