"""What noisy sums of a series tell: where its values lie, what corrects the season, and how far off a forecast was."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, hypot, sqrt
from typing import final

import numpy as np

from amana.learn.marginals import Vector
from amana.learn.series import Series, calendar_of
from amana.privacy.price import Z95
from amana.terms.forecast import WEIGHT_ABS_MAX, Error
from amana.terms.model import UNIT

TAIL = 0.02
"""Of the values, on either side, and of what the season leaves: what lies beyond is cut off."""
SURE_DEVIATIONS = 3.0
"""And more rows than so many standard deviations of their noise: with more of it, the more is cut off, and nothing said of errors."""
BELIEVED = 0.7
"""Standard deviation believed of effects before fitting: of a standardised column, in that of what the season leaves."""
POSSIBLE_DEVIATIONS = 0.5
"""An interval ends where rows beyond it, and so many standard deviations of their noise, may be as many as it leaves out."""
OFF_REACHES = 1.25
"""Errors count up to so many times what the season leaves at their horizon: a larger one counts as that."""
MAGNITUDES = (4, 8, 16, 24, 32, 48, 64, 96, 128)
"""Edges of errors, in 1/64 of what the season leaves."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """Values are read as their distance from `centre`, at most `width`; `reaches`: for each horizon, at most how far off the value one
    season ago counts. `seen`: whether all were found beyond noise; else nothing is corrected. Units: of the value's grid."""

    centre: int
    width: int
    reaches: tuple[int, ...]
    seen: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """Noisy rows by cell. Shapes: `edges` has one more, with both ends. `noise`: standard deviation of that on each count."""

    edges: tuple[int, ...]
    counts: Vector
    noise: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Correction:
    """As the fields of `terms.forecast.Horizon`."""

    intercept: int
    weights: tuple[int, ...]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]


def widest(series: Series) -> Scale:
    """The whole interval of the value: what holds before anything was measured."""
    return Scale(centre=(series.low + series.high) // 2, width=series.width, reaches=(series.width,) * len(series.horizons), seen=False)


def nothing(series: Series) -> Correction:
    """The season alone."""
    lengths = {name: len(values) for name, values in calendar_of(series)}
    return Correction(
        intercept=0, weights=(0,) * len(series.lags), hours=(0,) * lengths.get("hour", 0), weekdays=(0,) * lengths.get("weekday", 0)
    )


def scale_of(series: Series, values: Cells, seasonal: Sequence[Cells]) -> Scale:
    """From the cells of values, and of how far off the value one season ago was at each horizon."""
    low, high, tails = _tail(values), _tail(_turned(values)), [_tail(_turned(cells)) for cells in seasonal]
    reaches = tuple(max(1, ceil(reach)) for reach in tails if reach is not None)
    if low is None or high is None or len(reaches) < len(tails) or low >= high:
        return widest(series)
    return Scale(centre=round((low + high) / 2), width=ceil((high - low) / 2), reaches=reaches, seen=True)


def _turned(cells: Cells) -> Cells:
    return Cells(edges=cells.edges[::-1], counts=cells.counts[::-1], noise=cells.noise)


def _tail(cells: Cells) -> float | None:
    """Beyond which, coming from the first edge, `TAIL` of the rows lie, and surely not noise alone; None where nothing is sure."""
    wanted, before, edges = TAIL * max(float(cells.counts.sum()), 1.0), 0.0, cells.edges
    for place, count in enumerate(cells.counts):
        sure = wanted + SURE_DEVIATIONS * cells.noise * sqrt(place + 1)
        if before + count >= sure:
            inside = min(max((sure - before) / count, 0.0), 1.0) if count > 0 else 0.0
            return edges[place] + inside * (edges[place + 1] - edges[place])
        before += float(count)
    return None


def corrections_of(
    series: Series, scale: Scale, *, products: Vector, products_noise: float, slopes: Sequence[Vector], slopes_noise: Sequence[float]
) -> tuple[Correction, ...]:
    """For each horizon the ridge regression of what the season leaves.

    Shapes: `products`: of the columns with each other, square, in rows; `slopes`: for each horizon, of the columns with what the season
    leaves, in units of the grid times rows. The first column is 1 everywhere.
    """
    if not scale.seen:
        return (nothing(series),) * len(slopes)
    columns = len(products)
    values, vectors = np.linalg.eigh(_alike(series, products))
    least = products_noise * sqrt(columns)  # the size of a random symmetric matrix: smaller eigenvalues are noise
    moments = (vectors * np.maximum(values, least)) @ vectors.T
    held = np.maximum(np.diag(products), least)
    rows = held[0]
    found: list[Correction] = []
    for slope, noise, reach in zip(slopes, slopes_noise, scale.reaches, strict=True):
        deviation = reach / 2
        believed = (BELIEVED * deviation) ** 2 * rows / held
        unsure = noise**2 + (products_noise * deviation * BELIEVED) ** 2 * columns
        ridge = (deviation**2 + unsure / held) / believed
        effects = np.linalg.solve(moments + np.diag(ridge), slope)
        found.append(_correction(series, [float(effect) for effect in effects]))
    return tuple(found)


def _alike(series: Series, products: Vector) -> Vector:
    """The same, where lags equally far apart move together alike: the mean of all such pairs carries less noise."""
    lags, found = series.lags, products.copy()
    last = 1 + len(lags)
    apart = np.abs(np.subtract.outer(lags, lags))
    for steps in np.unique(apart):
        found[1:last, 1:last][apart == steps] = products[1:last, 1:last][apart == steps].mean()
    found[0, 1:last] = found[1:last, 0] = products[0, 1:last].mean()
    return found


def _correction(series: Series, effects: Sequence[float]) -> Correction:
    """Effects of columns as whole numbers, those of the calendar added up by hour and weekday."""
    lags = effects[1 : 1 + len(series.lags)]
    tables: dict[str, list[float]] = {}
    for effect, (name, wave) in zip(effects[1 + len(series.lags) :], calendar_of(series), strict=True):
        table = tables.setdefault(name, [0.0] * len(wave))
        for place, value in enumerate(wave):
            table[place] += effect * value
    hours, weekdays = (tuple(_whole(value) for value in tables.get(name, [])) for name in ("hour", "weekday"))
    return Correction(
        intercept=_whole(effects[0] * UNIT), weights=tuple(_whole(effect * UNIT) for effect in lags), hours=hours, weekdays=weekdays
    )


def _whole(value: float) -> int:
    return round(min(max(value, -WEIGHT_ABS_MAX), WEIGHT_ABS_MAX))


def error_edges(reach: int) -> tuple[int, ...]:
    """Edges of the cells of errors, in 1/1024 of the grid: fine near 0. The outer cells take what is beyond."""
    sizes = [UNIT * reach * size // 64 for size in MAGNITUDES]
    return (*(-size for size in reversed(sizes)), 0, *sizes)


def read_errors(edges: Sequence[int], counts: Vector, *, noise: float, width: int) -> Cells:
    """The cells between these edges, the outer ones up to what an error can be. Units: `width` of the value's interval, on its grid."""
    return Cells(edges=(min(-UNIT * width, edges[0]), *edges, max(UNIT * width, edges[-1])), counts=counts, noise=noise)


def error_of(size: float, rows: float, *, size_noise: float, rows_noise: float) -> Error:
    """A mean of sizes from their sum and from how many they are, both noisy.

    Units: `size` in those of the mean; standard deviations of the noise on each.
    """
    rows = max(rows, 1.0)
    value = max(size, 0.0) / rows
    noise = Z95 * hypot(size_noise, value * rows_noise) / rows
    return Error(value=value, low=max(0.0, value - noise), high=value + noise)


def offsets_of(cells: Cells) -> tuple[int, int, int, int]:
    """(low 95, low 80, high 80, high 95): between these ends lay 95 % and 80 % of the errors, and rather more where noise hides it; where
    even the rows are not surely more than noise, all that an error can be."""
    rows, edges = float(cells.counts.sum()), cells.edges
    if rows <= SURE_DEVIATIONS * cells.noise * sqrt(len(cells.counts)):
        return edges[0], edges[0], edges[-1], edges[-1]
    (low_95, low_80), (high_95, high_80) = (
        [_first_beyond(each, share * rows) for share in (0.025, 0.1)] for each in (cells, _turned(cells))
    )
    low_80, high_80 = sorted((floor(low_80), ceil(high_80)))
    low_80, high_80 = min(low_80, 0), max(high_80, 0)  # noise may leave no rows on one side: the forecast itself is always inside
    return min(floor(low_95), low_80), low_80, high_80, max(ceil(high_95), high_80)


def _first_beyond(cells: Cells, wanted: float) -> float:
    """Where, coming from the first edge, so many rows may lie further out."""
    before, edges = 0.0, cells.edges
    for place, count in enumerate(cells.counts):
        possible = wanted - POSSIBLE_DEVIATIONS * cells.noise * sqrt(place + 1)
        if before + count >= possible:
            inside = min(max((possible - before) / count, 0.0), 1.0) if count > 0 else 0.0
            return edges[place] + inside * (edges[place + 1] - edges[place])
        before += float(count)
    return float(edges[-1])
