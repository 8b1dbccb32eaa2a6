"""Numbers that carry where their noise comes from: a value, its gradient over the noisy sums, and its 95 % interval.

The gradient is what makes intervals of compound figures right: `a - a` has none, `a / b` knows that both share a count.
Errors: none; what cannot be computed is None.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias, final

from amana.query.intervals import Grain, factor, ratio_reach

Gradient: TypeAlias = Mapping[int, float]
"""Derivatives by source of noise: the sums of the plan first, then its quantiles."""
Grains: TypeAlias = Sequence[Grain]


@final
@dataclass(frozen=True, slots=True)
class Noisy:
    value: float
    gradient: Gradient
    low: float
    high: float


Number: TypeAlias = Noisy | float


def reach(gradient: Gradient, grains: Grains) -> tuple[float, float, float]:
    """Variance, 95 % factor and half of the least step of a figure with that gradient (the delta method)."""
    variance, fourth, step = 0.0, 0.0, math.inf
    for source, slope in gradient.items():
        grain = grains[source]
        part = slope * slope * grain.variance
        variance += part
        fourth += part * part * grain.excess
        step = min(step, abs(slope) * grain.step)
    if not variance > 0:
        return 0.0, factor(0.0), 0.0
    # Noise on a grid: half a step more, or the interval would end short of the next value that can occur.
    return variance, factor(fourth / (variance * variance)) if fourth else factor(0.0), step / 2


def delta(value: float, gradient: Gradient, grains: Grains) -> Noisy:
    """A figure whose interval comes from its gradient alone."""
    variance, width, step = reach(gradient, grains)
    margin = width * math.sqrt(variance) + step
    return Noisy(value, gradient, value - margin, value + margin)


def ratio(value: float, gradient: Gradient, grains: Grains, *, denominator: float, below: Gradient) -> Noisy | None:
    """A figure that is a quotient, `gradient` being its own and `below` its denominator's: Fieller's interval.

    None when the denominator is not significantly different from 0.
    """
    variance, width, step = reach(gradient, grains)
    denominator_variance = covariance = 0.0
    for source, slope in below.items():
        part = slope * grains[source].variance
        denominator_variance += slope * part
        covariance += gradient.get(source, 0.0) * part
    found = ratio_reach(
        variance=variance,
        covariance=covariance,
        denominator=denominator,
        denominator_variance=denominator_variance,
        factor=width,
    )
    return None if found is None else Noisy(value, gradient, value - found[0] - step, value + found[1] + step)


def value_of(number: Number) -> float:
    return number.value if isinstance(number, Noisy) else number


def combine(left: Gradient, right: Gradient, *, by: tuple[float, float]) -> Gradient:
    """by[0] * left + by[1] * right."""
    joined = {source: by[0] * slope for source, slope in left.items()}
    for source, slope in right.items():
        joined[source] = joined.get(source, 0.0) + by[1] * slope
    return joined


def _line(number: Noisy, *, by: float, plus: float = 0.0) -> Noisy:
    """by * number + plus: exact on the interval too."""
    ends = sorted((by * number.low + plus, by * number.high + plus))
    return Noisy(by * number.value + plus, {source: by * slope for source, slope in number.gradient.items()}, ends[0], ends[1])


def add(left: Number, right: Number, grains: Grains) -> Number:
    if isinstance(left, Noisy):
        if isinstance(right, Noisy):
            return delta(left.value + right.value, combine(left.gradient, right.gradient, by=(1.0, 1.0)), grains)
        return _line(left, by=1.0, plus=right)
    return _line(right, by=1.0, plus=left) if isinstance(right, Noisy) else left + right


def negate(number: Number) -> Number:
    return _line(number, by=-1.0) if isinstance(number, Noisy) else -number


def multiply(left: Number, right: Number, grains: Grains) -> Number:
    if isinstance(left, Noisy):
        if isinstance(right, Noisy):
            return delta(left.value * right.value, combine(left.gradient, right.gradient, by=(right.value, left.value)), grains)
        return _line(left, by=right)
    return _line(right, by=left) if isinstance(right, Noisy) else left * right


def divide(left: Number, right: Number, grains: Grains) -> Number | None:
    """None when the denominator is 0 or, for its noise, may be."""
    below = value_of(right)
    if below == 0:
        return None
    if not isinstance(right, Noisy):
        return _line(left, by=1 / below) if isinstance(left, Noisy) else left / below
    above: Gradient = left.gradient if isinstance(left, Noisy) else {}
    value = value_of(left) / below
    gradient = combine(above, right.gradient, by=(1 / below, -value / below))
    return ratio(value, gradient, grains, denominator=below, below=right.gradient)


def absolute(number: Number) -> Number:
    if not isinstance(number, Noisy):
        return abs(number)
    if number.low >= 0 or number.high <= 0:
        return _line(number, by=-1.0 if number.high <= 0 else 1.0)
    sign = math.copysign(1.0, number.value)
    gradient = {source: sign * slope for source, slope in number.gradient.items()}
    return Noisy(abs(number.value), gradient, 0.0, max(-number.low, number.high))


def clip(number: Noisy, *, low: float, high: float) -> Noisy:
    """The same figure, known to lie in [low, high] whatever the noise says."""

    def inside(value: float) -> float:
        return min(max(value, low), high)

    return Noisy(inside(number.value), number.gradient, inside(number.low), inside(number.high))


def root(number: Number) -> Number | None:
    """The square root; of a negative number None."""
    if not isinstance(number, Noisy):
        return math.sqrt(number) if number >= 0 else None
    if number.value < 0:
        return None
    high = math.sqrt(max(number.high, 0.0))
    value = math.sqrt(number.value)
    # At 0 the slope is infinite: the chord to the upper end says how far the noise reaches.
    slope = 0.5 / value if value > 0 else (1 / high if high > 0 else 0.0)
    gradient = {source: slope * rise for source, rise in number.gradient.items()}
    return Noisy(value, gradient, math.sqrt(max(number.low, 0.0)), high)


def rounded(number: Number, *, digits: int) -> Number:
    """Half away from zero; the ends are rounded alike, so the interval holds the rounded truth as often as before."""
    power = 10.0 ** min(max(digits, -18), 18)

    def snap(value: float) -> float:
        scaled = abs(value) * power
        return math.copysign(math.floor(scaled + 0.5) / power, value) if scaled < 2**52 else value

    if not isinstance(number, Noisy):
        return snap(number)
    return Noisy(snap(number.value), number.gradient, snap(number.low), snap(number.high))
