"""PRIVACY 11: more precise pays the difference and combines; only Gaussian answers of the same plan, bounds and version do."""

from dataclasses import replace
from fractions import Fraction
from math import sqrt
from statistics import pstdev

import pytest

from amana.privacy.bound import Choice
from amana.privacy.loss import NANO
from amana.privacy.price import Aim, PureCap, RhoCap, Target
from amana.privacy.release import answer
from amana.query.parse import parse
from amana.terms.ids import NanoRho, VersionId
from tests.parts import SCHEMA, FakeEngine, FakeLog, asking, balance_of, kernel, ledger_at, version

COARSE, FINE = (RhoCap(nano_rho=NanoRho(NANO // part)) for part in (100, 20))


def test_the_difference_is_paid_within_a_millionth_and_the_result_is_as_precise_as_promised() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (100,)}))
        first, second = (answer(asking(of, target=target), parts) for target in (COARSE, FINE))
        third = answer(asking(of, target=COARSE), parts)
    with ledger_at(":memory:", of) as ledger:
        direct = answer(asking(of, target=FINE), kernel(ledger, FakeEngine(cells={(): (100,)})))
    assert first.cost_nrho + second.cost_nrho == pytest.approx(direct.cost_nrho, rel=1e-6)
    assert second.released.noise[0].scale == pytest.approx(direct.released.noise[0].scale, rel=1e-6)
    assert third.recalled and third.cost_nrho == 0, "what is known more precisely is not measured again"


def test_the_combined_noise_has_the_promised_spread() -> None:
    of, values = version(), []
    for _ in range(400):
        with ledger_at(":memory:", of) as ledger:
            parts = kernel(ledger, FakeEngine(cells={(): (100,)}))
            answer(asking(of, target=COARSE), parts)
            values.append(answer(asking(of, target=FINE), parts).released)
    scale = values[0].noise[0].scale
    spread = pstdev(value.cells[0][0] for value in values)  # type: ignore[misc]
    assert abs(spread / scale - 1) < 4.5 / sqrt(2 * len(values))


def test_unknown_keys_are_public_the_second_time_and_cost_no_delta_again() -> None:
    of, sql = version(), "SELECT note, COUNT(*) AS n FROM visits GROUP BY note"
    aim = Aim(weights=((1.0, 0.0),), half_widths=(1.0,))
    with ledger_at(":memory:", of) as ledger:
        engine = FakeEngine(cells={("flu",): (10**6, 10**6), ("rare",): (1, 1)})
        parts = kernel(ledger, engine)
        first, second = (answer(asking(of, parse(sql, SCHEMA), target=target, aim=aim), parts) for target in (COARSE, FINE))
    assert first.cost_delta > 0 == second.cost_delta
    assert first.released.keys == second.released.keys == (("flu",),), "a key that did not pass stays away"


@pytest.mark.parametrize("change", ["choice", "version", "plan"])
def test_other_bounds_another_version_or_plan_pay_in_full(change: str) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (100,)}))
        answer(asking(of, target=COARSE), parts)
        other = {
            "choice": asking(of, target=FINE, choice=Choice(keep=(("v", 3),))),
            "version": asking(replace(of, id=VersionId("later")), target=FINE),
            "plan": asking(of, parse("SELECT COUNT(*) AS n FROM visits WHERE stay > 0", SCHEMA), target=FINE),
        }[change]
        done = answer(other, parts)
    assert done.cost_nrho == pytest.approx(NANO // 20, rel=1e-4) and not done.recalled


def test_laplace_answers_never_combine() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (100,)}))
        targets: list[Target] = [PureCap(epsilon=Fraction(1, part)) for part in (10, 5)]
        costs = [answer(asking(of, target=target), parts).cost_nrho for target in targets]
    assert costs == [pytest.approx(NANO / 200, rel=1e-4), pytest.approx(NANO / 50, rel=1e-4)]


def test_many_refinements_cost_together_what_the_last_costs_alone() -> None:
    of, log = version(), FakeLog()
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (100,)}), log=log)
        for part in (1000, 500, 200, 60, 20):
            last = answer(asking(of, target=RhoCap(nano_rho=NanoRho(NANO // part))), parts)
        balance = balance_of(ledger, of)
    assert balance.spent_nrho == pytest.approx(NANO // 20, rel=1e-5)
    assert last.released.noise[0].scale == pytest.approx(20 / sqrt(2 / 20), rel=1e-5)
    assert sum(entry.cost_nrho for entry in log.entries) == balance.spent_nrho


def test_other_names_another_order_and_a_limit_are_the_same_question() -> None:
    of = version()
    texts = (
        "SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward",
        "SELECT ward AS w, COUNT(*) AS people FROM visits GROUP BY 1 ORDER BY 2 DESC LIMIT 1",
    )
    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={}))
        first, second = (answer(asking(of, parse(sql, SCHEMA), target=COARSE), parts) for sql in texts)
    assert not first.recalled and second.recalled and second.cost_nrho == 0
    assert second.table.columns == ("w", "people") and len(second.table.rows) == 1
    assert second.table.rows[0][1] in {row[1] for row in first.table.rows}, "the same noisy rows, only shown otherwise"
