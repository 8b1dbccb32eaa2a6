"""PRIVACY 12 while the database is lost: a commit without a word may stand, so nothing is drawn or paid twice, and nobody is blamed."""

import pytest

from amana.privacy.ledger import Pending
from amana.privacy.release import answer
from amana.terms.refusal import Fault, Refusal
from tests.crash.losing import Losing, once
from tests.parts import FakeEngine, asking, balance_of, held, kernel, ledger_at, nobody, version

CHARGES = "SELECT state FROM charge ORDER BY charged_at"
FAULTS = "SELECT faults FROM account WHERE kind = 'permit'"


def test_a_charge_whose_commit_has_no_word_is_a_fault_and_is_closed_by_the_normal_recovery() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger._database = Losing(ledger._database, once("insert", "charge", "after"))
        with pytest.raises(Fault):
            answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
        spent = balance_of(ledger, of).spent_nrho
        assert spent > 0 and held(ledger, CHARGES) == [("charged",)], "it may stand, and here it does"
        assert ledger.recover(alive=nobody) == 1 and held(ledger, CHARGES) == [("faulted",)]
        assert held(ledger, FAULTS) == [(0,)]
        again = answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
        assert not again.recalled and balance_of(ledger, of).spent_nrho == 2 * spent, "a new draw has a new charge"


def test_a_charge_that_was_not_committed_is_a_refusal_and_costs_nothing() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger._database = Losing(ledger._database, once("insert", "charge", "before"))
        with pytest.raises(Refusal, match="database_lost"):
            answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
        assert balance_of(ledger, of).spent_nrho == 0 and held(ledger, CHARGES) == []


def test_rows_whose_commit_has_no_word_leave_if_they_are_there() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger._database = Losing(ledger._database, once("update", "charge", "after"))
        first = answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
        again = answer(asking(of), kernel(ledger, FakeEngine(cells={(): (5,)})))
        assert again.recalled and again.released == first.released and held(ledger, CHARGES) == [("settled",)]


def test_rows_whose_commit_has_no_word_do_not_leave_if_they_are_not_there() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger._database = Losing(ledger._database, once("update", "charge", "at"))
        with pytest.raises(Fault):
            answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
        assert held(ledger, CHARGES) == [("faulted",)] and held(ledger, FAULTS) == [(0,)]


def test_rows_that_cannot_be_looked_for_are_a_fault_and_the_next_asker_recalls_them() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger._database = Losing(ledger._database, once("update", "charge", "after"), away=1)
        with pytest.raises(Fault):
            answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
        assert held(ledger, CHARGES) == [("settled",)] and held(ledger, FAULTS) == [(0,)]
        assert ledger.recover(alive=nobody) == 0
        spent = balance_of(ledger, of).spent_nrho
        assert answer(asking(of), kernel(ledger, FakeEngine(cells={(): (5,)}))).recalled
        assert balance_of(ledger, of).spent_nrho == spent


@pytest.mark.parametrize("away", [0, 1, 5])
def test_a_database_that_is_lost_when_rows_are_settled_pauses_no_permit(away: int) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        for _ in range(3):
            lossy = Losing(ledger._database, once("update", "charge", "before"), away=away)
            ledger._database = lossy
            with pytest.raises(Fault):
                answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
            ledger._database = lossy.database
            ledger.recover(alive=nobody)
        assert held(ledger, FAULTS) == [(0,)] and held(ledger, CHARGES) == [("faulted",)] * 3
        found = answer(asking(of), kernel(ledger, FakeEngine(cells={(): (1000,)})))
        assert not found.recalled and not isinstance(ledger.recall(found.digest), Pending)
