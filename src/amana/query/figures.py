"""From noisy sums to the answer: figures with intervals, levels of totals, HAVING, ORDER BY and LIMIT.

Everything here is post-processing: it sees released sums and public facts, never the data.
"""

import math
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import TypeAlias, final

from amana.catalog.domains import BooleanDomain, DateDomain, Domain, MomentDomain, NumberDomain
from amana.query.formula import NUMBERS, Row, Sources, Value, is_estimate, read_figure, sources
from amana.query.intervals import NOISELESS, Grain, grain
from amana.query.noisy import Gradient, Noisy
from amana.query.plan import BinCount, Constant, Figure, FigureCall, FigureOp, Key, KeyValue, Plan, Statistic, quantiles_of
from amana.query.quantiles import levels_like, levels_of
from amana.query.released import NoisyCell, NoisyTable, SumNoise
from amana.terms.answer import AnswerTable, CellType, Estimate, Shown


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Predicted counts of bins: of `total` the share `shares[i]` lies left of `edges[i]`. Units: edges in bins, rising."""

    total: float
    edges: tuple[float, ...]
    shares: tuple[float, ...]

    def below(self, place: float) -> float:
        """The share left of that place; between two edges rows are spread evenly."""
        at = bisect_right(self.edges, place)
        if at == 0 or at == len(self.edges):
            return 0.0 if at == 0 else 1.0
        low, high = self.edges[at - 1], self.edges[at]
        return self.shares[at - 1] + (self.shares[at] - self.shares[at - 1]) * (place - low) / (high - low)


Expected: TypeAlias = float | tuple[float, ...] | Curve
"""A predicted sum in units of 10**-decimals; for a BinCount the predicted counts of all finest bins, or their total
(then spread evenly), or their curve."""

_EPOCH = datetime(1970, 1, 1)


def figures(plan: Plan, released: NoisyTable, key_domains: tuple[Domain, ...]) -> AnswerTable:
    """The answer to a question from its noisy sums.

    Shapes: one domain for each key of the plan; columns are the plan's figures. A number with noise is shown as an
    `Estimate`, any other figure as itself; a key that a total does not tell apart is None.
    """
    shapes = [is_estimate(figure) for _, figure in plan.figures]
    return AnswerTable(
        columns=tuple(name for name, _ in plan.figures),
        rows=tuple(tuple(map(_show, values, shapes)) for _, values in kept_rows(plan, released, key_domains)),
        types=tuple(_type_of(figure, key_domains) for _, figure in plan.figures),
    )


def kept_rows(plan: Plan, released: NoisyTable, key_domains: tuple[Domain, ...]) -> list[tuple[int, tuple[Value, ...]]]:
    """What HAVING, ORDER BY and LIMIT leave: for each row its place in `rows_over`, and its figures."""
    assert len(key_domains) == len(plan.keys), key_domains
    assert len(released.noise) == len(plan.sums), released.noise
    known = sources(plan, decimals=tuple(noise.decimals for noise in released.noise))
    readers = [read_figure(figure, known) for _, figure in plan.figures]
    having = read_figure(plan.having, known) if plan.having is not None else None
    kept = [
        (place, tuple(_finite(reader(row)) for reader in readers))
        for place, row in enumerate(rows_over(plan, released, known, key_domains))
        if having is None or having(row) is True
    ]
    for index, descending in reversed(plan.order):
        kept = _ordered(kept, index, descending=descending)
    return kept[: plan.limit]


def predicted(plan: Plan, expected: tuple[Expected, ...], decimals: tuple[int, ...]) -> tuple[float | None, ...]:
    """The value of each figure at predicted sums; None for a figure that is no number there."""
    return tuple(None if found is None else found.value for found in _at(plan, expected, decimals)[1])


def weights(plan: Plan, expected: tuple[Expected, ...], decimals: tuple[int, ...]) -> tuple[tuple[float, ...], ...]:
    """How much each figure's variance grows with each sum's: variance of figure j = sum over i of weights[j][i] * variance i.

    The squared derivatives of the figures at predicted sums (the delta method). Keys count as NULL here.
    Shapes: figures by sums; a figure that is no number, or has no noise, gives zeros.
    Units: variances of sums in 10**(-2 decimals), as the noise is added; of a BinCount, of one node in squared counts.
    """
    known, found = _at(plan, expected, decimals)
    rows: list[tuple[float, ...]] = []
    for figure in found:
        row = [0.0] * len(plan.sums)
        gradient: Gradient = figure.gradient if figure is not None else {}
        for source, slope in gradient.items():
            index = known.sum_of(source)
            raw = slope if isinstance(plan.sums[index], BinCount) else slope / 10 ** decimals[index]
            row[index] += raw * raw
        rows.append(tuple(row) if all(map(math.isfinite, row)) else (0.0,) * len(plan.sums))
    return tuple(rows)


def is_one_number(plan: Plan) -> bool:
    """Whether the answer is a single figure: no keys, one number."""
    return not plan.keys and len(plan.figures) == 1 and is_estimate(plan.figures[0][1]) and plan.having is None and plan.limit != 0


def growth(plan: Plan, expected: tuple[Expected, ...], decimals: tuple[int, ...]) -> tuple[tuple[float, float], ...]:
    """How much each figure grows when all sums grow alike, and when they grow apart, each in the worst direction.

    Of a total both are all of it; alike, a mean, a ratio and a quantile do not grow at all. Units: the figure's own, for sums
    that double; of a figure that is no number, 0.
    """
    _, found = _at(plan, expected, decimals)
    grown: list[tuple[float, float]] = []
    for figure in found:
        gradient: Gradient = figure.gradient if figure is not None else {}
        parts = [slope * _whole(expected[source]) / 10 ** decimals[source] for source, slope in gradient.items() if source < len(plan.sums)]
        alike, apart = math.fsum(parts), math.fsum(map(abs, parts))
        grown.append((alike, apart) if math.isfinite(apart) else (0.0, 0.0))
    return tuple(grown)


def _whole(value: Expected) -> float:
    if isinstance(value, Curve):
        return value.total
    return math.fsum(value) if isinstance(value, tuple) else value


def spread(plan: Plan, expected: tuple[Expected, ...], variances: tuple[float, ...], decimals: tuple[int, ...]) -> tuple[float | None, ...]:
    """The predicted standard deviation of each figure for noise of these variances; None for a figure that is no number.

    Units: as in `weights`; the answer in the figure's own units.
    """
    values = predicted(plan, expected, decimals)
    return tuple(
        None if value is None else math.sqrt(math.fsum(weight * variance for weight, variance in zip(row, variances, strict=True)))
        for value, row in zip(values, weights(plan, expected, decimals), strict=True)
    )


def _at(plan: Plan, expected: tuple[Expected, ...], decimals: tuple[int, ...]) -> tuple[Sources, list[Noisy | None]]:
    """Each figure at predicted sums, without noise: its value and gradient."""
    known = sources(plan, decimals=decimals)
    cells = tuple(_predicted_cell(plan, index, value) for index, value in enumerate(expected))
    row = Row(cells=cells, grains=(NOISELESS,) * known.count(), keys=(None,) * len(plan.keys))
    found: list[Noisy | None] = []
    for _, figure in plan.figures:
        value = read_figure(figure, known)(row) if is_estimate(figure) else None
        if isinstance(value, (int, float)):
            value = Noisy(float(value), {}, float(value), float(value))
        found.append(value if isinstance(value, Noisy) and math.isfinite(value.value) else None)
    return known, found


def _predicted_cell(plan: Plan, index: int, value: Expected) -> NoisyCell:
    shape = plan.sums[index]
    if not isinstance(shape, BinCount):
        assert isinstance(value, (int, float))
        return value
    if isinstance(value, tuple):
        return levels_of(value, branch=shape.branch)
    wanted = tuple(statistic.parameter for statistic in quantiles_of(plan) if statistic.sums == (index,))
    if isinstance(value, Curve):
        return levels_like(value.total, value.below, shape=shape, probabilities=wanted)
    return levels_like(value, lambda place: place / shape.bins, shape=shape, probabilities=wanted)


# --- rows: the released groups, or the levels of totals over them ---


def rows_over(plan: Plan, released: NoisyTable, known: Sources, key_domains: tuple[Domain, ...]) -> Iterable[Row]:
    """Rows in the order of their keys; a total comes after what it sums, after NULL."""
    if not plan.sets:
        grains = _grains(plan, known, released.noise, terms=1)
        for key, cells in zip(released.keys, released.cells, strict=True):
            yield Row(cells=cells, grains=grains, keys=tuple(map(_shown_key, key, key_domains)))
        return
    totals: list[tuple[tuple[tuple[int, KeyValue], ...], list[tuple[NoisyCell, ...]]]] = []
    for level in plan.sets:
        kept = frozenset(level)
        groups: dict[tuple[tuple[int, KeyValue], ...], list[tuple[NoisyCell, ...]]] = {}
        for key, cells in zip(released.keys, released.cells, strict=True):
            place = tuple(_place(value) if index in kept else (2, 0) for index, value in enumerate(key))
            groups.setdefault(place, []).append(cells)
        totals.extend(groups.items())
    by_terms: dict[int, tuple[Grain, ...]] = {}
    for place, parts in sorted(totals, key=lambda total: total[0]):
        terms = len(parts)
        if terms not in by_terms:
            by_terms[terms] = _grains(plan, known, released.noise, terms=terms)
        keys = tuple(_shown_key(value, domain) if rank == 0 else None for (rank, value), domain in zip(place, key_domains, strict=True))
        yield Row(cells=tuple(map(_total, zip(*parts, strict=True))), grains=by_terms[terms], keys=keys)


def _place(value: KeyValue) -> tuple[int, KeyValue]:
    """Sorts a key: values, then NULL (then, with rank 2, totals)."""
    return (1, 0) if value is None else (0, value)


def _total(cells: Sequence[NoisyCell]) -> float:
    """The sum of released cells, exact when they are whole. (Trees have no totals: `query/check.py` refuses them.)"""
    whole = [cell for cell in cells if not isinstance(cell, tuple)]
    assert len(whole) == len(cells)
    return sum(whole)


def _grains(plan: Plan, known: Sources, noise: tuple[SumNoise, ...], *, terms: int) -> tuple[Grain, ...]:
    """The noise of every source, in the units that `formula` computes in; a tree's nodes are whole counts."""
    found: list[Grain] = []
    for source in range(known.count()):
        index = known.sum_of(source)
        own = noise[index]
        if isinstance(plan.sums[index], BinCount):
            node = grain(SumNoise(kind=own.kind, scale=own.scale, decimals=0), terms=terms)
            # The gain of a quantile stands for many nodes, whose sum is near normal and on no grid that would show.
            found.append(Grain(variance=node.variance, excess=0.0, step=0.0, half=node.half))
        else:
            found.append(grain(own, terms=terms))
    return tuple(found)


def _shown_key(value: KeyValue, domain: Domain) -> Value:
    if value is None or isinstance(value, (str, bool)):
        return value
    match domain:
        case NumberDomain(scale=scale):
            return value / 10**scale if scale else value
        case DateDomain():
            return date(1970, 1, 1) + timedelta(days=value)
        case MomentDomain():
            return _EPOCH + timedelta(seconds=value)
        case _:
            return value


# --- what is shown ---


def _type_of(figure: Figure, key_domains: tuple[Domain, ...]) -> CellType:
    """What the column holds, whatever its cells turn out to be."""
    if is_estimate(figure):
        return CellType.FIGURE
    match figure:
        case Key(index=index):
            return _type_in(key_domains[index])
        case Constant(value=value):
            return CellType.BOOLEAN if isinstance(value, bool) else CellType.NUMBER if isinstance(value, (int, float)) else CellType.TEXT
        case FigureCall(op=FigureOp.CASE | FigureOp.COALESCE as op, args=args):
            results = (*args[1::2], args[-1]) if op is FigureOp.CASE else args
            kinds = {_type_of(result, key_domains) for result in results if result != Constant(value=None)}
            return kinds.pop() if len(kinds) == 1 else CellType.NUMBER if kinds == {CellType.INTEGER, CellType.NUMBER} else CellType.TEXT
        case FigureCall(op=op):
            return CellType.NUMBER if op in NUMBERS else CellType.BOOLEAN
        case Statistic():
            return CellType.FIGURE


def _type_in(domain: Domain) -> CellType:
    match domain:
        case NumberDomain(scale=scale, low=low, high=high):
            return CellType.NUMBER if scale or max(-low, high) >= 2**63 else CellType.INTEGER
        case BooleanDomain():
            return CellType.BOOLEAN
        case DateDomain():
            return CellType.DATE
        case MomentDomain():
            return CellType.MOMENT
        case _:
            return CellType.TEXT


def _finite(value: Value) -> Value:
    """None in place of what overflowed."""
    if isinstance(value, Noisy):
        return value if math.isfinite(value.value + value.low + value.high) else None
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _show(value: Value, estimate: bool) -> Shown:  # noqa: FBT001 - mapped over columns
    if isinstance(value, Noisy):
        return Estimate(value=value.value, low=value.low, high=value.high)
    if not estimate:
        return value
    if isinstance(value, (int, float)):
        return Estimate(value=float(value), low=float(value), high=float(value))  # a constant branch: no noise in it
    return Estimate(value=None, low=None, high=None)


def _ordered(rows: list[tuple[int, tuple[Value, ...]]], index: int, *, descending: bool) -> list[tuple[int, tuple[Value, ...]]]:
    """Stable, so that what ties keeps the order before; NULL last either way."""

    def key(row: tuple[int, tuple[Value, ...]]) -> float | str | date:
        value = row[1][index]
        assert value is not None
        return value.value if isinstance(value, Noisy) else value

    present = [row for row in rows if row[1][index] is not None]
    absent = [row for row in rows if row[1][index] is None]
    return sorted(present, key=key, reverse=descending) + absent
