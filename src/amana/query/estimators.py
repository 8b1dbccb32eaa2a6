"""Statistics of released sums: each with its gradient over those sums and its interval.

Every statistic but CORR is a quotient whose denominator is noisy, so its interval is Fieller's; `None` when the
denominator is not significantly positive. Sums are of centred values; a centre comes back here, exactly.
Units: sums and centres in the value's own units (already divided by 10**decimals).
"""

import math
from collections.abc import Sequence
from typing import TypeAlias

from amana.query.noisy import Gradient, Grains, Noisy, clip, delta, ratio, reach, root
from amana.query.plan import Released

Slopes: TypeAlias = tuple[float, ...]
"""Derivatives by the statistic's sums, in their order."""


def estimate(kind: Released, sums: Sequence[float], centres: Sequence[float], *, sources: tuple[int, ...], grains: Grains) -> Noisy | None:
    """One statistic of noisy sums. Shapes: `sums`, `centres` and `sources` in the order `Released` names them."""
    count = sums[-1]
    if not _firm(count, {sources[-1]: 1.0}, grains):
        return None
    match kind:
        case Released.MEAN:
            mean = sums[0] / count
            return _quotient(centres[0] + mean, (1 / count, -mean / count), count, (0.0, 1.0), sources, grains)
        case Released.VARIANCE_SAMP | Released.STDDEV_SAMP | Released.VARIANCE_POP | Released.STDDEV_POP:
            freed = 1 if kind in (Released.VARIANCE_SAMP, Released.STDDEV_SAMP) else 0
            total, slopes = _co_total((sums[0], sums[0], sums[1], count), centres[1])
            variance = _spread(total, (slopes[0] + slopes[1], slopes[2], slopes[3]), count - freed, sources, grains)
            if variance is None:
                return None
            variance = clip(variance, low=0.0, high=math.inf)
            found = variance if kind in (Released.VARIANCE_SAMP, Released.VARIANCE_POP) else root(variance)
            assert found is None or isinstance(found, Noisy)
            return found
        case Released.COVAR_SAMP | Released.COVAR_POP:
            freed = 1 if kind is Released.COVAR_SAMP else 0
            total, slopes = _co_total((sums[0], sums[1], sums[2], count), centres[2])
            return _spread(total, slopes, count - freed, sources, grains)
        case Released.SLOPE | Released.INTERCEPT:
            return _line(kind, sums, centres, sources=sources, grains=grains)
        case Released.CORR:
            return _correlation(sums, centres, sources=sources, grains=grains)
        case Released.TOTAL | Released.QUANTILE:
            raise AssertionError(kind)


def _gradient(slopes: Slopes, sources: tuple[int, ...]) -> Gradient:
    """By source: a sum that stands in two places counts once, with both slopes."""
    gradient: dict[int, float] = {}
    for source, slope in zip(sources, slopes, strict=True):
        gradient[source] = gradient.get(source, 0.0) + slope
    return gradient


def _firm(value: float, gradient: Gradient, grains: Grains) -> bool:
    """Whether the value is significantly positive."""
    variance, width, _ = reach(gradient, grains)
    return value > 0 and value * value > width * width * variance


def _quotient(value: float, slopes: Slopes, denominator: float, below: Slopes, sources: tuple[int, ...], grains: Grains) -> Noisy | None:
    return ratio(value, _gradient(slopes, sources), grains, denominator=denominator, below=_gradient(below, sources))


def _co_total(sums: tuple[float, float, float, float], centre: float) -> tuple[float, Slopes]:
    """Sum of (x - mean of x)(y - mean of y) from the sums of x, y, xy and 1, and its slopes by them."""
    x, y, product, count = sums
    mean_x, mean_y = x / count, y / count
    return count * centre + product - x * mean_y, (-mean_y, -mean_x, 1.0, centre + mean_x * mean_y)


def _spread(total: float, slopes: Slopes, degrees: float, sources: tuple[int, ...], grains: Grains) -> Noisy | None:
    """total / degrees, the last slope being by the count, of which the degrees of freedom are a constant less."""
    below = (0.0,) * (len(slopes) - 1) + (1.0,)
    if not _firm(degrees, _gradient(below, sources), grains):
        return None
    value = total / degrees
    own = (*(slope / degrees for slope in slopes[:-1]), (slopes[-1] - value) / degrees)
    return _quotient(value, own, degrees, below, sources, grains)


def _line(kind: Released, sums: Sequence[float], centres: Sequence[float], *, sources: tuple[int, ...], grains: Grains) -> Noisy | None:
    """Slope or intercept of the regression of y on x; sums of x, y, xy, x² and 1."""
    x, y, product, square, count = sums
    joint, up = _co_total((x, y, product, count), centres[2])
    own, down = _co_total((x, x, square, count), centres[3])
    above: Slopes = (up[0], up[1], up[2], 0.0, up[3])
    below: Slopes = (down[0] + down[1], 0.0, 0.0, down[2], down[3])
    if not _firm(own, _gradient(below, sources), grains):
        return None
    rise = joint / own
    slopes = tuple((over - rise * under) / own for over, under in zip(above, below, strict=True))
    if kind is Released.SLOPE:
        return _quotient(rise, slopes, own, below, sources, grains)
    at = centres[0] + x / count
    mean = y / count
    by_means: Slopes = (-rise / count, 1 / count, 0.0, 0.0, (rise * x / count - mean) / count)
    slopes = tuple(by_mean - at * slope for by_mean, slope in zip(by_means, slopes, strict=True))
    return _quotient(centres[1] + mean - rise * at, slopes, own, below, sources, grains)


def _correlation(sums: Sequence[float], centres: Sequence[float], *, sources: tuple[int, ...], grains: Grains) -> Noisy | None:
    """The correlation from the sums of x, y, xy, x², y² and 1; its interval is all of [-1, 1] when a variance may be 0."""
    x, y, product, square_x, square_y, count = sums
    joint, slopes = _co_total((x, y, product, count), centres[2])
    total_x, down_x = _co_total((x, x, square_x, count), centres[3])
    total_y, down_y = _co_total((y, y, square_y, count), centres[4])
    if not (total_x > 0 and total_y > 0):
        return None
    size = math.sqrt(total_x) * math.sqrt(total_y)
    value = joint / size
    by_x: Slopes = (down_x[0] + down_x[1], 0.0, 0.0, down_x[2], 0.0, down_x[3])
    by_y: Slopes = (0.0, down_y[0] + down_y[1], 0.0, 0.0, down_y[2], down_y[3])
    by_joint: Slopes = (slopes[0], slopes[1], slopes[2], 0.0, 0.0, slopes[3])
    own = tuple(
        over / size - value / 2 * (under_x / total_x + under_y / total_y)
        for over, under_x, under_y in zip(by_joint, by_x, by_y, strict=True)
    )
    found = clip(delta(value, _gradient(own, sources), grains), low=-1.0, high=1.0)
    if _firm(total_x, _gradient(by_x, sources), grains) and _firm(total_y, _gradient(by_y, sources), grains):
        return found
    return Noisy(found.value, found.gradient, -1.0, 1.0)
