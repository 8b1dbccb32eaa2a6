"""PRIVACY 2: every event costs rho and delta, both rounded up, both charged to the population and to the permit."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.privacy.bound import Choice, bound
from amana.privacy.loss import DELTA_ONE, NANO
from amana.privacy.price import Aim, RhoCap, price
from amana.privacy.release import answer
from amana.query.check import check
from amana.query.parse import parse
from amana.query.plan import UnknownKeys
from amana.query.released import NoiseKind
from amana.terms.ids import DeltaUnits, NanoRho
from tests.parts import SCHEMA, FakeEngine, FakeLog, asking, balance_of, held, kernel, leave, ledger_at, version
from tests.unit.test_loss import tail

BY_NOTE = "SELECT note, COUNT(*) AS n FROM visits GROUP BY note"
AIM = Aim(weights=((1.0, 0.0),), half_widths=(1.0,))


def test_unknown_keys_charge_delta_to_population_permit_and_log_alike() -> None:
    of, log = version(), FakeLog()
    with ledger_at(":memory:", of) as ledger:
        done = answer(asking(of, parse(BY_NOTE, SCHEMA), aim=AIM), kernel(ledger, FakeEngine(cells={}), log=log))
        balance = balance_of(ledger, of)
        (permit,) = held(ledger, f"SELECT spent_nrho, spent_delta FROM account WHERE name = 'permit {leave(of).id}'")
    assert done.cost_delta > 0
    spent = (done.cost_nrho, done.cost_delta)
    assert spent == (balance.spent_nrho, balance.spent_delta) == permit == (log.entries[0].cost_nrho, log.entries[0].cost_delta)


def test_when_delta_is_spent_unknown_keys_are_refused_though_rho_is_left() -> None:
    from amana.terms.refusal import Refusal

    of = version(cap_nrho=2**60, cap_delta=10)
    with ledger_at(":memory:", of) as ledger:
        with pytest.raises(Refusal, match="population_exhausted"):
            answer(asking(of, parse(BY_NOTE, SCHEMA), aim=AIM), kernel(ledger, FakeEngine(cells={})))
        answer(asking(of), kernel(ledger, FakeEngine(cells={(): (5,)})))


@given(keep=st.integers(1, 20), delta=st.sampled_from((2**30, 2**40, 2**50)), units=st.booleans())
def test_the_delta_of_a_threshold_covers_all_keys_that_one_unit_can_hold(keep: int, delta: int, units: bool) -> None:
    choice = Choice(keep=(("visits", keep),), witness_units=units)
    bounded = bound(check(parse(BY_NOTE, SCHEMA), SCHEMA), SCHEMA, choice=choice, groups_max=100)
    assert isinstance(bounded.keys, UnknownKeys) and bounded.keys.keys_per_unit == keep
    private = price(bounded, RhoCap(nano_rho=NanoRho(NANO)), aim=AIM, threshold_delta=DeltaUnits(delta))
    scale, threshold = private.scales[bounded.keys.witness], private.threshold
    assert threshold is not None
    highest = 1 if units else keep
    assert private.delta_units >= keep * tail(NoiseKind.GAUSSIAN, scale, threshold - highest) * DELTA_ONE


def test_rho_is_rounded_up_for_every_sum_of_a_question() -> None:
    plan = check(parse("SELECT COUNT(*) AS n, SUM(cost) AS s, COUNT(DISTINCT patient) AS u FROM visits", SCHEMA), SCHEMA)
    bounded = bound(plan, SCHEMA, choice=Choice(), groups_max=100)
    private = price(
        bounded, RhoCap(nano_rho=NanoRho(10)), aim=Aim(weights=((1.0,) * 3,), half_widths=(1.0,)), threshold_delta=DeltaUnits(0)
    )
    exact = sum(Fraction(t.l2_squared) / (2 * Fraction(s) ** 2) for t, s in zip(bounded.sums, private.scales, strict=True)) * NANO
    assert exact <= private.nano_rho <= 10
