"""What a release costs: exact integers of nano-rho and of 2**-64, rounded up. Proof: `loss.md`.

Source: Bun & Steinke 2016 (zCDP, propositions 1.4, 1.6, lemma 2.3); Canonne, Kamath & Steinke 2020 (discrete Gaussian, theorem 4,
proposition 25). Events are kept for accountants to come; for display epsilon(delta) is derived by dp-accounting.
"""

from dataclasses import dataclass
from enum import Enum
from fractions import Fraction
from math import erfc, exp, isqrt, sqrt
from typing import final

from amana.query.plan import BinCount, BoundedSum, levels_in
from amana.query.released import NoiseKind
from amana.terms.ids import DeltaUnits, NanoRho

NANO = 10**9
DELTA_ONE = 2**64
SCALE_MAX = 2.0**52
"""Larger noise would come near the ends of 64-bit integers; sums in coarser units are asked for instead."""


NO_DELTA = DeltaUnits(0)


class EventKind(Enum):
    """Kinds are never removed or redefined: the ledger holds events of every year."""

    GAUSSIAN = "gaussian/1"
    LAPLACE = "laplace/1"
    THRESHOLD = "threshold/1"
    COURSE = "course/1"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One mechanism as run. GAUSSIAN: `sensitivity_squared` (L2) and `scale` = sigma, `times` nodes levels; LAPLACE: `sensitivity_squared`
    (the square of L1) and `scale` = b; COURSE: Gaussian rounds, each chosen from those before, which together cost what a Gaussian of
    these two numbers costs; THRESHOLD: `delta_units`. Scales are exact ratios of the binary numbers used."""

    kind: EventKind
    sensitivity_squared: int = 0
    scale: Fraction = Fraction(1)
    times: int = 1
    delta_units: DeltaUnits = NO_DELTA


def levels_of(total: BoundedSum) -> int:
    """Levels of the tree that a bin count releases; 1 for a plain sum."""
    return levels_in(total.sum) if isinstance(total.sum, BinCount) else 1


def reach_of(total: BoundedSum) -> tuple[int, int]:
    """(L1, squared L2) sensitivity of the sum counted in grains."""
    if total.grain == 1:
        return total.l1, total.l2_squared
    return -(-total.l1 // total.grain) + total.cells, (isqrt(total.l2_squared) // total.grain + 1 + isqrt(total.cells) + 1) ** 2


def event_of(total: BoundedSum, kind: NoiseKind, scale: float) -> Event:
    """The event of adding noise of that scale to every cell of the sum, counted in grains.

    Rounding to grains moves two neighbouring cells apart by less than one grain more, and at most `cells` of them, so
    L1 grows by `cells` and L2 by the root of `cells` (triangle inequality).
    """
    l1, squared = reach_of(total)
    name = EventKind.GAUSSIAN if kind is NoiseKind.GAUSSIAN else EventKind.LAPLACE
    reach = squared if kind is NoiseKind.GAUSSIAN else l1**2
    return Event(kind=name, sensitivity_squared=reach, scale=Fraction(scale) / total.grain, times=levels_of(total))


def loss_of(events: tuple[Event, ...]) -> tuple[NanoRho, DeltaUnits]:
    """The loss of all events together, each rounded up."""
    return NanoRho(sum(map(_nano_rho, events))), DeltaUnits(sum(event.delta_units for event in events))


def _nano_rho(event: Event) -> int:
    # Gaussian: rho = D2² / (2 sigma²). Laplace: epsilon = D1 / b, and epsilon-DP is (epsilon²/2)-zCDP.
    # A threshold has no sensitivity: nothing.
    exact = event.times * Fraction(event.sensitivity_squared * NANO) / (2 * event.scale**2)
    return -(-exact.numerator // exact.denominator)


def threshold_for(*, kind: NoiseKind, scale: float, witness_high: int, keys: int, delta_units: DeltaUnits) -> tuple[int, DeltaUnits]:
    """The least threshold under which keys of one unit alone stay, but with chance `delta_units`; and the delta it truly costs.

    A key that only this unit holds counts at most `witness_high`; the unit holds at most `keys` such keys, and the chance
    that any of them passes is at most the sum of the chances.
    """
    low = high = 1
    while _pass_units(high, kind, scale, keys) > delta_units:
        high *= 2
        assert high < 2**60
    while low < high:
        middle = (low + high) // 2
        low, high = (middle + 1, high) if _pass_units(middle, kind, scale, keys) > delta_units else (low, middle)
    return witness_high + low, DeltaUnits(_pass_units(low, kind, scale, keys))


def _pass_units(excess: int, kind: NoiseKind, scale: float, keys: int) -> int:
    """keys * P[noise >= excess], rounded up, in units of 2**-64. `excess`: at least 1."""
    if kind is NoiseKind.LAPLACE:
        chance = exp(-excess / scale)
    else:
        # P[discrete >= m] <= P[continuous >= m - 1] (Canonne, Kamath & Steinke 2020, proposition 25)
        chance = erfc((excess - 1) / (scale * sqrt(2))) / 2
    return int(keys * chance * (1 + 1e-9) * DELTA_ONE) + 1  # floating point errs by far less than 1e-9


def epsilon_of(*, nano_rho: NanoRho, delta_units: DeltaUnits, delta: float) -> float:
    """epsilon such that the spent (rho, delta') is (epsilon, delta)-DP, for display. `delta` must exceed delta'."""
    from dp_accounting.dp_event import ZCDpEvent  # heavy, and for display only
    from dp_accounting.rdp import RdpAccountant

    left = delta - delta_units / DELTA_ONE
    assert left > 0
    accountant = RdpAccountant()
    accountant.compose(ZCDpEvent(nano_rho / NANO))
    return float(accountant.get_epsilon(left))
