"""Privacy loss in words: what it can change in the odds of someone who guesses about one person."""

import math

from amana.client.figures import digits_after

NRHO_PER_RHO = 1_000_000_000
DELTA_SHOWN = 1e-6
"""The failure probability at which a loss is shown as odds."""


def epsilon_of(loss_nrho: int) -> float:
    """An epsilon that `loss_nrho` never exceeds, but with probability `DELTA_SHOWN`; rounded up.

    Source: Bun and Steinke 2016, "Concentrated Differential Privacy", proposition 1.3.
    """
    rho = loss_nrho / NRHO_PER_RHO
    return math.nextafter(rho + 2 * math.sqrt(rho * -math.log(DELTA_SHOWN)), math.inf)


def odds_percent(epsilon: float) -> float:
    """Even odds (50 %) about one unit's presence become at most this, after an (epsilon, δ) release. Units: per cent, rounded up
    so that what is left to 100 keeps a digit."""
    left = 100 / (1 + math.exp(min(epsilon, 700.0)))
    digits = min(max(1, -math.floor(math.log10(left))), 12)
    return min(100.0, 100 - math.floor(left * 10.0**digits) / 10.0**digits)


def right_of_100(loss_nrho: int) -> int:
    """Of 100 who guess whether one unit is in the data, so many at most say that it is when it is; then `100 - right_of_100` at least say
    so when it is not, if they are right as often either way. Half of them is chance alone; rounded up.

    What may leave with the unit and without it are sqrt(rho / 2) apart at most, and sqrt(1 - exp(-rho)), beside the failure probability.
    Sources: Bun and Steinke 2016 (the divergence is rho at most); the inequalities of Pinsker, and of Bretagnolle and Huber.
    """
    if loss_nrho <= 0:
        return 50
    rho = loss_nrho / NRHO_PER_RHO
    distance = min(1.0, math.sqrt(rho / 2), math.sqrt(-math.expm1(-rho))) + DELTA_SHOWN
    return min(100, math.ceil(50 * (1 + distance)))


def odds(sure_percent: float) -> dict[str, str]:
    """The two sides of a guess that was 50:50, for the message."""
    left = 100 - sure_percent
    digits = max(1, digits_after(left) - 1)
    return {"present": f"{sure_percent:.{digits}f}", "absent": f"{left:.{digits}f}"}
