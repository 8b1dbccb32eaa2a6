"""Axes: numbers turned so that they move apart. Measures of one body move together; a slope along their difference is then found as fast
as one along their sum, and what a row adds to it is bounded at the scale of the difference.

Sums of products of two axes, under noise, say how to turn them. A direction whose spread is less than the noise is stretched as far as
the noise lets be known, and measured again. Source: sufficient statistics whose ridge follows from the noise on the smallest
eigenvalue, Wang 2018; here the noise is a floor under each eigenvalue, so that no ridge is needed where the spread is known.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import final

import numpy as np
from numpy.typing import NDArray

from amana.learn.linear_columns import Columns, Moments, rows_of
from amana.learn.marginals import Vector
from amana.learn.words import AIM, GRADIENT, added, between, call, read_over, score_of, sums_by, sums_over, whole, with_gradient
from amana.privacy.rounds import Measured
from amana.query.expr import Column, Expr, Fixed, Lookup, Op
from amana.query.plan import Plan, Project, RowSum
from amana.terms.model import UNIT

TURNED_MAX = 32
"""Numbers that are turned: those with the strongest slopes. Products grow with the square."""
FLOOR = 0.5
"""Of the largest eigenvalue that noise alone is expected to have."""
HALF_SQUARE = UNIT * UNIT // 2
"""A square lies between 0 and 1: less a half, it is half as sensitive."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Axes:
    """Shapes: `places` of features that are lines, in the order of `weights`' columns; `weights` of each axis by line, `offsets` of each
    axis. An axis of a row is the weighted sum of its lines and the offset, cut off at -1 and 1. `turned`: so many axes, the first,
    move apart. `spread`: variance of an axis at most, in that of a standardised number."""

    places: tuple[int, ...]
    weights: NDArray[np.float64]
    offsets: Vector
    turned: int
    spread: float


def first_axes(columns: Columns, moments: Moments | None) -> Axes:
    """The lines as they are. Without moments: the most that can be asked about them."""
    lines = [place for place, line in enumerate(columns.lines) if line is not None]
    count = len(lines)
    turned = min(count, TURNED_MAX)
    if moments is None:
        weights = np.eye(count)
        weights[:turned, :turned] = 1.0
        return Axes(places=tuple(lines), weights=weights, offsets=np.ones(count), turned=turned, spread=1.0)
    strength = {place: abs(float(moments.slopes[columns.starts[place]])) for place in lines}
    lines.sort(key=lambda place: (-strength[place], place))
    return Axes(places=tuple(lines), weights=np.eye(count), offsets=np.zeros(count), turned=turned, spread=1.0)


def turned_axes(axes: Axes, measured: Sequence[Measured], *, rows: float, cut: float) -> Axes:
    """Axes that move apart, from the sums of `products`. `cut`: standard deviations of a number at which a line is 1."""
    (sums, _), count = read_over(measured), axes.turned
    means = np.array(sums[:count]) / UNIT / rows
    spread = np.diag(np.array(sums[count : 2 * count]) / UNIT**2 / rows + HALF_SQUARE / UNIT**2)
    for (one, other), value in zip(combinations(range(count), 2), sums[2 * count :], strict=True):
        spread[one, other] = spread[other, one] = value / UNIT**2 / rows
    noise = measured[-1].private.scales[-1] / UNIT**2 / rows * cut**2
    floor = FLOOR * 2 * noise * sqrt(count)
    values, vectors = np.linalg.eigh((spread - np.outer(means, means)) * cut**2)
    wide = max(1.0, floor)  # where little is known, nothing is made smaller than it was
    turn = (vectors / np.sqrt(np.maximum(values, max(floor, 1e-6)) / wide)).T
    weights, offsets = axes.weights.copy(), axes.offsets.copy()
    weights[:count] = turn @ axes.weights[:count]
    offsets[:count] = turn @ (axes.offsets[:count] - means)
    return Axes(places=axes.places, weights=weights, offsets=offsets, turned=count, spread=wide)


def products(columns: Columns, lines: Sequence[tuple[int, ...] | None], axes: Axes) -> list[Plan]:
    """Sums of each axis, of its square less a half, of each two axes' product."""
    names = [f"a{axis}" for axis in range(axes.turned)]
    rows = _with_axes(rows_of(columns), lines, axes, names, ())
    each = [Column(name=name) for name in names]
    squares = [RowSum(value=call(Op.ABS, call(Op.MUL, axis, axis)), centre=Fixed(units=HALF_SQUARE)) for axis in each]
    both = [RowSum(value=call(Op.MUL, one, other)) for one, other in combinations(each, 2)]
    return sums_over(rows, [*(RowSum(value=axis) for axis in each), *squares, *both])


def stepped_along(
    columns: Columns, lines: Sequence[tuple[int, ...] | None], axes: Axes, tables: Sequence[Sequence[float]], *, intercept: float, clip: int
) -> list[Plan]:
    """The gradient where these tables are: alone and times each axis; by cell of each choice, by whether a line is missing."""
    problem = columns.problem
    keys = [f"c{place}" if line is None else f"m{place}" for place, line in enumerate(columns.lines) if columns.width(place) > 1]
    parts = [(Column(name=f"c{place}"), [round(value * UNIT) for value in table]) for place, table in enumerate(tables)]
    rows = rows_of(columns)
    read = [name for name, _ in rows.columns if name != AIM]
    source = with_gradient(problem, rows, read, score_of(round(intercept * UNIT), parts), clip=clip)
    names = [f"a{axis}" for axis in range(len(axes.places))]
    turned = _with_axes(source, lines, axes, names, (*keys, GRADIENT))
    off = Column(name=GRADIENT)
    alone = call(Op.MUL, off, whole(UNIT))
    along = [call(Op.MUL, off, Column(name=name)) for name in names]
    return [*sums_over(turned, [RowSum(value=value) for value in (alone, *along)]), *(sums_by(turned, key, alone) for key in keys)]


def _with_axes(rows: Project, lines: Sequence[tuple[int, ...] | None], axes: Axes, names: Sequence[str], kept: Sequence[str]) -> Project:
    """The axes of each row, and these columns."""
    passed = tuple((name, Column(name=name)) for name in kept)
    read = list[tuple[str, Expr]]()
    for number, place in enumerate(axes.places):
        line = lines[place]
        assert line is not None
        read.append((f"l{number}", Lookup(index=Column(name=f"c{place}"), values=(*line[:-1], 0))))
    single = Project(source=rows, columns=(*read, *passed))
    found = list[tuple[str, Expr]]()
    for name, weights, offset in zip(names, axes.weights, axes.offsets, strict=False):
        whole_weights = [round(float(weight) * UNIT) for weight in weights]
        terms: list[Expr] = [whole(round(float(offset) * UNIT * UNIT))]
        terms += [call(Op.MUL, Column(name=f"l{line}"), whole(weight)) for line, weight in enumerate(whole_weights) if weight]
        found.append((name, between(call(Op.INT_DIV, added(terms), whole(UNIT)), -UNIT, UNIT)))
    return Project(source=single, columns=(*found, *passed))
