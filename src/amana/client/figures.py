"""A figure and its interval as text: only the digits that the noise leaves meaningful."""

import math

from amana.terms.answer import Estimate, Shown

GROUP = "\N{NO-BREAK SPACE}"
"""Digits are 0 to 9 in all four languages, decimals follow a point, dates are written 2027-12-31 (ISO 8601), as in the files and
commands that a reader writes. This stands between groups of three digits,
as a comma or a point would be read differently from one language to the other (ISO 80000-1)."""


def show(cell: Shown) -> str:
    """A cell for people: a key as it is, a figure as `12 345 ± 67`, or with both ends when they are not equally far."""
    match cell:
        case Estimate(value=None):
            return "–"
        case Estimate(value=float(value), low=float(low), high=float(high)):
            return _with_interval(value, low, high)
        case Estimate(value=value):
            return number(float(value or 0), digits_after(abs(value or 0) / 1000))
        case None:
            return "NULL"
        case bool():
            return "true" if cell else "false"
        case float():
            return number(cell, digits_after(abs(cell) / 1000))
        case _:
            return str(cell)


def _with_interval(value: float, low: float, high: float) -> str:
    if not all(map(math.isfinite, (value, low, high))):
        return f"{number(value, 0)} [{number(low, 0)}; {number(high, 0)}]"
    below, above = value - low, high - value
    digits = digits_after(max(below, above))
    if abs(below - above) <= 0.05 * max(below, above):
        return f"{number(value, digits)} ± {number(max(below, above), digits)}"
    return f"{number(value, digits)} [{number(low, digits)}; {number(high, digits)}]"


def digits_after(width: float) -> int:
    """Digits after the point so that an uncertainty of `width` shows two digits; negative ones are not rounded away."""
    if width <= 0 or not math.isfinite(width):
        return 0
    return min(max(1 - math.floor(math.log10(width)), 0), 12)


def number(value: float, digits: int) -> str:
    """The number with that many digits after the point, in groups of three."""
    if not math.isfinite(value):
        return "∞" if value > 0 else "-∞" if value < 0 else "–"
    shown = f"{value:,.{digits}f}".replace(",", GROUP)
    return shown.removeprefix("-") if not any(digit in shown for digit in "123456789") else shown


def percent(share: float) -> str:
    """A share as per cent with two meaningful digits."""
    if share <= 0:
        return "0 %"
    if share < 0.000001:
        return "< 0.0001 %"
    return f"{number(100 * share, max(digits_after(100 * share), 0))} %"
