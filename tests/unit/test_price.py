"""Prices: the cheapest split reaches what was asked, a cap is never exceeded, and nothing but a refusal comes of odd aims."""

from dataclasses import replace
from fractions import Fraction
from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import minimize

from amana.privacy.loss import DELTA_ONE, NANO, SCALE_MAX, levels_of
from amana.privacy.price import Z95, Aim, PrivatePlan, PureCap, RhoCap, Wanted, assemble, more_precise, noise_factor, price
from amana.query.check import ONE
from amana.query.plan import BinCount, BoundedPlan, BoundedSum, Plan, PublicKeys, RowSum, Scan, UnknownKeys
from amana.query.released import NoiseKind
from amana.terms.ids import DeltaUnits, NanoRho
from amana.terms.refusal import Refusal

DELTA = DeltaUnits(DELTA_ONE // 10**9)
sizes = st.tuples(st.integers(1, 10**6), st.integers(1, 10**9))


def bounded(*reaches: tuple[int, int], unknown: bool = False, bins: int = 0) -> BoundedPlan:
    shape = BinCount(value=ONE, low=0, width=1, bins=bins) if bins else RowSum(value=ONE)
    sums = tuple(BoundedSum(sum=shape, scale=0, low=0, high=1, per_unit=False, l1=l1, l2_squared=l2, cells=1) for l1, l2 in reaches)
    plan = Plan(source=Scan(table="visits", alias="v"), keys=(), sums=tuple(one.sum for one in sums), figures=())
    keys = UnknownKeys(witness=0, witness_high=3, keys_per_unit=4) if unknown else PublicKeys(combinations=((),))
    return BoundedPlan(plan=plan, sums=sums, keys=keys, keys_per_unit=4)


def priced(of: BoundedPlan, target: Wanted | RhoCap | PureCap, aim: Aim) -> PrivatePlan:
    return price(of, target, aim=aim, threshold_delta=DELTA)


def test_the_split_between_sums_is_the_cheapest_for_the_sum_of_squared_relative_errors() -> None:
    of = bounded((3, 9), (100, 10_000), (7, 40))
    aim = Aim(weights=((1.0, 0.0, 0.0), (0.01, 0.2, 0.0), (0.0, 0.3, 2.0)), half_widths=(5.0, 20.0, 3.0))
    private = priced(of, RhoCap(nano_rho=NanoRho(NANO // 10)), aim)

    def error(variances: list[float]) -> float:
        return sum(
            sum(w * v for w, v in zip(row, variances, strict=True)) / half**2
            for row, half in zip(aim.weights, aim.half_widths, strict=True)
        )

    def loss(logs: list[float]) -> list[float]:  # variances at a total loss of 0.1, whatever the shape
        rho = sum(total.l2_squared / (2 * 2.718281828**x) for total, x in zip(of.sums, logs, strict=True))
        return [2.718281828**x * rho / 0.1 for x in logs]

    best = minimize(lambda logs: error(loss(logs)), [1.0, 1.0, 1.0], method="Nelder-Mead", options={"xatol": 1e-9, "fatol": 1e-12})
    ours = error([scale**2 for scale in private.scales])
    assert ours == pytest.approx(best.fun, rel=1e-4)


@given(st.lists(sizes, min_size=1, max_size=4), st.floats(1e-3, 1e4))
def test_wanted_half_widths_are_reached_but_for_rounding_up(reaches: list[tuple[int, int]], half: float) -> None:
    count = len(reaches)
    aim = Aim(weights=tuple(tuple(float(i == j) for j in range(count)) for i in range(count)), half_widths=(half,) * count)
    private = priced(bounded(*reaches), Wanted(), aim)
    smallest = min(private.scales)
    for deviation in noise_factor(private, aim):
        assert Z95 * deviation <= half * (1 + 1e-6) or smallest <= 0.0626
    assert max(Z95 * deviation for deviation in noise_factor(private, aim)) >= half * (1 - 1e-6) or smallest > 0


@given(st.lists(sizes, min_size=1, max_size=5), st.integers(1, 10**9), st.booleans(), st.sampled_from((0, 16, 256)))
def test_a_cap_of_rho_is_never_exceeded_and_is_nearly_used(reaches: list[tuple[int, int]], cap: int, unknown: bool, bins: int) -> None:
    of = bounded(*reaches, unknown=unknown and not bins, bins=bins)
    aim = Aim(weights=((1.0,) * len(reaches),), half_widths=(1.0,))
    try:
        private = priced(of, RhoCap(nano_rho=NanoRho(cap)), aim)
    except Refusal as refusal:
        assert refusal.code == "budget.precision_unreachable"
        return
    assert private.nano_rho <= cap
    assert private.nano_rho >= cap * 0.999 - 2 * len(reaches) or min(private.scales) <= 0.0626 or cap < 100
    assert private.delta_units <= DELTA


@given(st.lists(sizes, min_size=1, max_size=5), st.fractions(Fraction(1, 1000), 10), st.sampled_from((0, 256)))
def test_a_cap_of_pure_epsilon_is_never_exceeded(reaches: list[tuple[int, int]], epsilon: Fraction, bins: int) -> None:
    of = bounded(*reaches, bins=bins)
    private = priced(of, PureCap(epsilon=epsilon), Aim(weights=((1.0,) * len(reaches),), half_widths=(1.0,)))
    spent = sum(Fraction(total.l1 * levels_of(total)) / Fraction(scale) for total, scale in zip(of.sums, private.scales, strict=True))
    assert private.kind is NoiseKind.LAPLACE
    assert spent <= epsilon * (1 + Fraction(1, 10**12))


@pytest.mark.parametrize("half", [1e-12, 1e-3, 1e15, 1e18, 1e30, 1e60])
@pytest.mark.parametrize("unknown", [False, True])
def test_any_wanted_half_width_gives_a_plan_or_a_refusal(half: float, unknown: bool) -> None:
    try:
        private = priced(bounded((3, 9), (5, 25), unknown=unknown), Wanted(), Aim(weights=((1.0, 0.0),), half_widths=(half,)))
    except Refusal as refusal:
        assert refusal.code == "budget.precision_unreachable"
    else:
        assert max(private.scales) <= SCALE_MAX


@pytest.mark.parametrize("cap", [0, 1, 2, 3])
def test_a_cap_too_small_to_be_shared_is_refused_or_kept(cap: int) -> None:
    aim = Aim(weights=((1.0, 1.0),), half_widths=(1.0,))
    try:
        assert priced(bounded((3, 9), (500, 9_000)), RhoCap(nano_rho=NanoRho(cap)), aim).nano_rho <= cap
    except Refusal as refusal:
        assert refusal.code == "budget.precision_unreachable" and cap < 2


def test_a_sum_that_no_figure_shows_still_gets_noise() -> None:
    private = priced(bounded((3, 9), (5, 25)), Wanted(), Aim(weights=((1.0, 0.0),), half_widths=(3.0,)))
    assert 0 < max(private.scales) < inf and private.nano_rho > 0


@given(first=st.floats(1.0, 1e5), second=st.floats(1.0, 1e5))
def test_more_precise_pays_the_difference_and_reaches_the_promised_variance(first: float, second: float) -> None:
    of = bounded((3, 9), (4, 16))
    old = assemble(of, NoiseKind.GAUSSIAN, (max(first, second) * 1.25, max(first, second) * 2.0), threshold_delta=DELTA)
    new = assemble(of, NoiseKind.GAUSSIAN, (min(first, second), min(first, second) * 1.5), threshold_delta=DELTA)
    further = more_precise(new, old)
    assert further is not None
    assert old.nano_rho + further.nano_rho <= new.nano_rho * (1 + 1e-6) + 6
    for scale, one, two in zip(new.scales, old.scales, further.scales, strict=True):
        assert 1 / (1 / one**2 + 1 / two**2) == pytest.approx(scale**2, rel=1e-6)


def test_what_is_precise_enough_is_not_measured_again_and_unknown_keys_pay_no_second_threshold() -> None:
    of = bounded((3, 9))
    old, worse = (assemble(of, NoiseKind.GAUSSIAN, (scale,), threshold_delta=DELTA) for scale in (10.0, 20.0))
    assert more_precise(worse, old) is None and more_precise(old, old) is None
    finer = assemble(of, NoiseKind.GAUSSIAN, (5.0,), threshold_delta=DELTA)
    further = more_precise(finer, old)
    assert further is not None and further.delta_units == 0 and further.threshold is None


def test_price_and_mechanism_are_one_value_and_nothing_else_makes_a_price() -> None:
    private = priced(bounded((3, 9)), Wanted(), Aim(weights=((1.0,),), half_widths=(3.0,)))
    again = assemble(private.bounded, private.kind, private.scales, threshold_delta=DELTA)
    assert again == private and replace(private) == private
