"""Losses are exact integers, rounded up; a threshold's delta is never less than the true tail."""

import math
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.privacy.loss import DELTA_ONE, NANO, Event, EventKind, epsilon_of, event_of, levels_of, loss_of, threshold_for
from amana.query.check import ONE
from amana.query.plan import BinCount, BoundedSum, RowSum
from amana.query.released import NoiseKind
from amana.terms.ids import DeltaUnits, NanoRho

scales = st.floats(1 / 16, 2.0**40).map(lambda x: float(np.float32(x)))


def a_sum(l1: int, l2_squared: int, *, bins: int = 0, grain: int = 1, cells: int = 1) -> BoundedSum:
    total = BinCount(value=ONE, low=0, width=1, bins=bins) if bins else RowSum(value=ONE)
    return BoundedSum(sum=total, scale=0, low=0, high=1, per_unit=False, l1=l1, l2_squared=l2_squared, cells=cells, grain=grain)


@given(l1=st.integers(0, 10**9), l2_squared=st.integers(0, 10**18), scale=scales)
def test_the_loss_of_a_gaussian_is_the_exact_ratio_rounded_up(l1: int, l2_squared: int, scale: float) -> None:
    nano_rho, delta = loss_of((event_of(a_sum(l1, l2_squared), NoiseKind.GAUSSIAN, scale),))
    exact = Fraction(l2_squared) / (2 * Fraction(scale) ** 2) * NANO
    assert exact <= nano_rho < exact + 1 and delta == 0


@given(l1=st.integers(0, 10**9), scale=scales)
def test_the_loss_of_a_laplace_is_half_the_square_of_its_epsilon_rounded_up(l1: int, scale: float) -> None:
    nano_rho, _ = loss_of((event_of(a_sum(l1, 0), NoiseKind.LAPLACE, scale),))
    exact = (Fraction(l1) / Fraction(scale)) ** 2 / 2 * NANO
    assert exact <= nano_rho < exact + 1


@pytest.mark.parametrize(("kind", "event"), [(NoiseKind.GAUSSIAN, EventKind.GAUSSIAN), (NoiseKind.LAPLACE, EventKind.LAPLACE)])
def test_an_event_names_the_mechanism_that_ran(kind: NoiseKind, event: EventKind) -> None:
    """The price of both is the same function of sensitivity and scale; an accountant to come tells them apart by name."""
    assert event_of(a_sum(1, 1), kind, 1.0).kind is event


@given(st.lists(st.tuples(st.integers(0, 10**6), scales), min_size=1, max_size=5))
def test_events_add_and_each_is_rounded_up(parts: list[tuple[int, float]]) -> None:
    events = tuple(event_of(a_sum(1, squared), NoiseKind.GAUSSIAN, scale) for squared, scale in parts)
    assert loss_of(events)[0] == sum(loss_of((event,))[0] for event in events)
    assert loss_of(events)[0] >= sum(Fraction(e.sensitivity_squared) / (2 * e.scale**2) for e in events) * NANO


def test_every_level_of_a_tree_of_bins_is_paid() -> None:
    assert [levels_of(a_sum(1, 1, bins=bins)) for bins in (1, 16, 256, 4096)] == [1, 1, 2, 3]
    one, three = (loss_of((event_of(a_sum(1, 1, bins=bins), NoiseKind.GAUSSIAN, 8.0),))[0] for bins in (16, 4096))
    assert three == 3 * one


@given(l1=st.integers(1, 2**60), root=st.integers(1, 2**40), cells=st.integers(1, 1000), bits=st.integers(1, 12))
def test_rounding_to_grains_is_paid(l1: int, root: int, cells: int, bits: int) -> None:
    """|round(x) - round(y)| <= |x - y| / grain + 1 in each of the cells that change (PRIVACY 18)."""
    grain = 2**bits
    gauss = event_of(a_sum(l1, root**2, grain=grain, cells=cells), NoiseKind.GAUSSIAN, 2.0**41)
    laplace = event_of(a_sum(l1, root**2, grain=grain, cells=cells), NoiseKind.LAPLACE, 2.0**41)
    assert math.isqrt(gauss.sensitivity_squared) >= Fraction(root, grain) + Fraction(math.isqrt(cells))
    assert gauss.sensitivity_squared >= (root / grain + math.sqrt(cells)) ** 2 * (1 - 1e-12)
    assert laplace.sensitivity_squared == (-(-l1 // grain) + cells) ** 2
    assert math.isqrt(gauss.sensitivity_squared) <= root // grain + math.isqrt(cells) + 2  # no more than the proof needs
    assert gauss.scale * grain == Fraction(2.0**41)


def tail(kind: NoiseKind, scale: float, excess: int) -> float:
    """P[noise >= excess] of the discrete distribution, by summation."""
    reach = max(excess, 0) + int(60 * scale) + 200
    points = np.arange(-reach, reach + 1, dtype=np.float64)
    mass = np.exp(-(points**2) / (2 * scale**2)) if kind is NoiseKind.GAUSSIAN else np.exp(-np.abs(points) / scale)
    return math.fsum(mass[points >= excess][::-1]) / math.fsum(mass)


@pytest.mark.parametrize("kind", list(NoiseKind))
@pytest.mark.parametrize("scale", [1 / 16, 0.3, 0.5, 1.0, 2.7, 15.0, 120.0])
@pytest.mark.parametrize("keys", [1, 7, 1000])
@pytest.mark.parametrize("delta", [2**-20, 1e-9, 1e-14])
def test_the_delta_of_a_threshold_covers_the_true_chance_over_all_keys(kind: NoiseKind, scale: float, keys: int, delta: float) -> None:
    allowed = DeltaUnits(int(delta * DELTA_ONE))
    threshold, charged = threshold_for(kind=kind, scale=scale, witness_high=5, keys=keys, delta_units=allowed)
    true = keys * tail(kind, scale, threshold - 5)
    assert true * DELTA_ONE <= charged <= allowed
    # and it is no more careful than the proof needs: two steps lower would break the promise
    assert keys * tail(kind, scale, threshold - 5 - 2) > delta * 0.5 or threshold <= 5 + 2


@pytest.mark.parametrize("keys", [1, 7, 1000])
@pytest.mark.parametrize("allowed", [5, 2**60])
def test_the_delta_of_a_threshold_is_above_the_exact_tail_by_more_than_floating_point_can_err(keys: int, allowed: int) -> None:
    threshold, charged = threshold_for(kind=NoiseKind.LAPLACE, scale=9.0, witness_high=0, keys=keys, delta_units=DeltaUnits(allowed))
    exact = keys * (Decimal(-threshold) / 9).exp() * DELTA_ONE
    assert exact * (1 + Decimal("5e-10")) < charged <= exact * (1 + Decimal("2e-9")) + 1


@pytest.mark.parametrize("kind", list(NoiseKind))
def test_a_threshold_that_costs_exactly_what_is_allowed_is_taken(kind: NoiseKind) -> None:
    allowed = DeltaUnits(int(1e-9 * DELTA_ONE))
    threshold, charged = threshold_for(kind=kind, scale=9.0, witness_high=5, keys=7, delta_units=allowed)
    assert threshold_for(kind=kind, scale=9.0, witness_high=5, keys=7, delta_units=charged) == (threshold, charged)
    lower, dearer = threshold_for(kind=kind, scale=9.0, witness_high=5, keys=7, delta_units=DeltaUnits(allowed * 2))
    assert lower < threshold and dearer > allowed, "the least threshold that is allowed, not a higher one"


@pytest.mark.parametrize("kind", list(NoiseKind))
def test_where_there_is_hardly_any_noise_one_more_than_the_highest_is_enough(kind: NoiseKind) -> None:
    assert threshold_for(kind=kind, scale=1 / 64, witness_high=5, keys=1, delta_units=DeltaUnits(2**63 + 2**40))[0] == 5 + 1


def test_a_threshold_event_costs_delta_and_no_rho() -> None:
    assert loss_of((Event(kind=EventKind.THRESHOLD, delta_units=DeltaUnits(9)),)) == (0, 9)


@pytest.mark.parametrize(("rho", "delta"), [(0.01, 1e-6), (0.1, 1e-9), (1.0, 1e-6)])
def test_epsilon_for_display_lies_between_the_exact_gaussian_and_the_simple_bound(rho: float, delta: float) -> None:
    shown = epsilon_of(nano_rho=NanoRho(int(rho * NANO)), delta_units=DeltaUnits(0), delta=delta)
    assert shown <= rho + 2 * math.sqrt(rho * math.log(1 / delta)) + 1e-9  # Bun & Steinke 2016, proposition 1.3
    # a Gaussian of the same rho really loses that much, so nothing smaller may be shown
    mu = math.sqrt(2 * rho)

    def phi(x: float) -> float:
        return math.erfc(-x / math.sqrt(2)) / 2

    real = phi(mu / 2 - shown / mu) - math.exp(shown) * phi(-mu / 2 - shown / mu)
    assert real <= delta


def test_epsilon_of_nothing_is_nothing_and_spent_delta_is_taken_off() -> None:
    assert epsilon_of(nano_rho=NanoRho(0), delta_units=DeltaUnits(5), delta=1e-6) == 0.0
    half = DeltaUnits(int(0.5e-6 * DELTA_ONE))
    assert epsilon_of(nano_rho=NanoRho(10**7), delta_units=half, delta=1e-6) > epsilon_of(
        nano_rho=NanoRho(10**7), delta_units=DeltaUnits(0), delta=1e-6
    )
