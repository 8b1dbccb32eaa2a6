"""What OpenDP's MST takes for each pair of columns that it chooses, and the loss at which these shares add up. Standard library only.

Source: opendp.extras.mbi 0.16, `make_contingency_table` and `MST.make_marginals`."""

import math
from fractions import Fraction

NANO, ONEWAY_SPLIT, LESS_MAX = 10**9, 0.5, 1000


def shares(rho: float, *, columns: int, measure_split: float) -> tuple[float, float]:
    """(what the choice of pairs may spend, what its equal shares spend together). One pair less is chosen than there are columns."""
    pairs = _less(rho - rho * ONEWAY_SPLIT, steps=2)
    chosen = _less(pairs - pairs * measure_split, steps=2)
    return chosen, _added_up(_less(chosen / (columns - 1), steps=1), times=columns - 1)


def loss_that_fits(nano_rho: int, *, columns: int, measure_split: float) -> float | None:
    """The largest loss, in whole billionths, of which the shares are together no more than they may be; else it refuses them, after the
    first counts. None where there is none a millionth below. Units: of the answer, rho."""
    for less in range(LESS_MAX):
        may, spent = shares((nano_rho - less) / NANO, columns=columns, measure_split=measure_split)
        if spent <= may:
            return (nano_rho - less) / NANO
    return None


def _less(number: float, *, steps: int) -> float:
    """So many floating-point numbers below this one."""
    for _ in range(steps):
        number = math.nextafter(number, -math.inf)
    return number


def _added_up(part: float, *, times: int) -> float:
    """The sum of so many equal parts, each addition rounded up, as a sum of losses is."""
    total = 0.0
    for _ in range(times):
        rounded = total + part
        total = math.nextafter(rounded, math.inf) if Fraction(rounded) < Fraction(total) + Fraction(part) else rounded
    return total
