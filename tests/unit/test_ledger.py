"""The ledger's own file: caps for life, conditions held by the database itself, integers only."""

import sqlite3
from dataclasses import replace
from pathlib import Path

import pytest

from amana.privacy.ledger import INTEGER_MAX, Balance, Ledger, Pending
from amana.query.released import NoiseKind, NoisyTable, SumNoise
from amana.terms.ids import DeltaUnits, NanoRho, PopulationName
from amana.terms.refusal import Refusal
from tests.crash.test_ledger_machine import asked, costing, rows
from tests.parts import FakeClock, connect, leave, ledger_at, version


def test_a_cap_is_for_life(tmp_path: Path) -> None:
    with ledger_at(tmp_path / "ledger", version(cap_nrho=100)) as ledger:
        ledger.open_population(version(cap_nrho=100).dataset.population)
        for other in (version(cap_nrho=101), version(cap_nrho=99), version(cap_nrho=100, cap_delta=1)):
            with pytest.raises(Refusal, match="cap_changed"):
                ledger.open_population(other.dataset.population)


@pytest.mark.parametrize(("nano_rho", "delta"), [(101, 0), (0, 51), (2**63, 0), (0, 2**63), (2**200, 0)])
def test_too_much_of_either_currency_is_refused_and_nothing_is_spent(nano_rho: int, delta: int) -> None:
    of = version(cap_nrho=100, cap_delta=50)
    with ledger_at(":memory:", of) as ledger:
        with pytest.raises(Refusal, match="population_exhausted"):
            ledger.charge(leave(of), costing(nano_rho, delta), asked("a"), now=FakeClock().now())
        balance = ledger.balance(of.dataset.population.name)
        assert balance is not None and (balance.spent_nrho, balance.spent_delta) == (0, 0)
        assert ledger.recall(asked("a").digest) is None


def test_both_caps_can_be_spent_to_the_last_unit() -> None:
    of = version(cap_nrho=100, cap_delta=50)
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(100, 50), asked("a"), now=FakeClock().now())
        with pytest.raises(Refusal):
            ledger.charge(leave(of), costing(0, 1), asked("b"), now=FakeClock().now())
        ledger.charge(leave(of), costing(0, 0), asked("c"), now=FakeClock().now())


def test_a_permit_has_caps_of_its_own() -> None:
    of = version(cap_nrho=100)
    small = replace(leave(of), id="small", cap_nrho=10)
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(small)
        with pytest.raises(Refusal, match="permit_exhausted"):
            ledger.charge(small, costing(11), asked("a"), now=FakeClock().now())
        balance = ledger.balance(of.dataset.population.name)
        assert balance is not None and balance.spent_nrho == 0, "neither is spent when one refuses"
        ledger.charge(small, costing(10), asked("a"), now=FakeClock().now())
        with pytest.raises(Refusal, match="permit_exhausted"):
            ledger.charge(small, costing(1), asked("b"), now=FakeClock().now())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE population SET spent_nrho = cap_nrho + 1",
        "UPDATE population SET spent_delta = cap_delta + 1",
        "UPDATE population SET spent_nrho = -1",
        "UPDATE permit SET spent_nrho = cap_nrho + 1",
        "UPDATE charge SET nrho = -1",
        "UPDATE charge SET state = 'refunded'",
        "UPDATE charge SET state = 'settled'",
        "UPDATE charge SET released = 'rows'",
        "UPDATE charge SET nrho = 1.5",
        "UPDATE charge SET population = 'nobody'",
        "DELETE FROM population",
    ],
)
def test_the_database_itself_holds_the_conditions(statement: str) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(5), asked("a"), now=FakeClock().now())
        with pytest.raises(sqlite3.IntegrityError):
            ledger._connection.execute(statement)


def test_commits_are_fully_synchronised(tmp_path: Path) -> None:
    with ledger_at(tmp_path / "ledger", version()) as ledger:
        assert ledger._connection.execute("PRAGMA synchronous").fetchone() == (2,)
        assert ledger._connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        assert ledger._connection.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_a_charge_is_settled_once() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        charge = ledger.charge(leave(of), costing(5), asked("a"), now=FakeClock().now())
        assert isinstance(ledger.recall(asked("a").digest), Pending)
        ledger.settle(charge, rows(1))
        with pytest.raises(AssertionError):
            ledger.settle(charge, rows(2))
        ledger.fault(charge, leave(of))
        ledger.abandon(charge)
        found = ledger.recall(asked("a").digest)
        assert found is not None and not isinstance(found, Pending) and found.released == rows(1)


def test_rows_come_back_as_they_were() -> None:
    released = NoisyTable(
        keys=(("a", 1, True, None), ("é\"'", -5, False, None)),
        cells=((2**90, -0.1, ((1.0, 2.0), (3, 4, 5))), (0, 1e300, ((), ()))),
        noise=tuple(SumNoise(kind=kind, scale=scale, decimals=3) for kind in NoiseKind for scale in (0.0625, 2.0**90)),
    )
    of = version()
    with ledger_at(":memory:", of) as ledger:
        charge = ledger.charge(leave(of), costing(5), asked("a"), now=FakeClock().now())
        ledger.settle(charge, released)
        (found,) = ledger.earlier(asked("a").question)
        assert found.released == released


def test_a_population_and_a_permit_that_were_never_entered_spend_nothing(tmp_path: Path) -> None:
    of = version()
    ledger = Ledger(connect(tmp_path / "ledger"))
    with pytest.raises(Refusal):
        ledger.charge(leave(of), costing(1), asked("a"), now=FakeClock().now())
    ledger.open_population(of.dataset.population)
    with pytest.raises(Refusal):
        ledger.charge(leave(of), costing(1), asked("a"), now=FakeClock().now())
    ledger.close()


def test_a_refusal_says_what_was_asked_and_what_is_left() -> None:
    of = version(cap_nrho=100)
    small, name = replace(leave(of), id="small", cap_nrho=10), of.dataset.population.name
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(small)
        ledger.charge(small, costing(4), asked("a"), now=FakeClock().now())
        with pytest.raises(Refusal) as permit:
            ledger.charge(small, costing(7), asked("b"), now=FakeClock().now())
        with pytest.raises(Refusal) as population:
            ledger.charge(leave(of), costing(97), asked("b"), now=FakeClock().now())
        with pytest.raises(Refusal) as unknown:
            ledger.charge(replace(leave(of), population=PopulationName("nobody")), costing(1), asked("b"), now=FakeClock().now())
        with pytest.raises(Refusal) as nobody:
            ledger.charge(replace(leave(of), id="nobody"), costing(1), asked("b"), now=FakeClock().now())
    assert permit.value.parameters == {"permit": "small", "asked": 7, "left": 6}
    assert population.value.parameters == {"population": name, "asked": 97, "left": 96}
    assert unknown.value.parameters == {"population": "nobody", "asked": 1, "left": 0}
    assert nobody.value.parameters == {"permit": "nobody", "asked": 1, "left": 0}


def test_a_permit_spends_its_delta_to_the_last_unit_and_no_further() -> None:
    of = version(cap_delta=50)
    small = replace(leave(of), id="small", cap_delta=10)
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(small)
        ledger.charge(small, costing(1, 6), asked("a"), now=FakeClock().now())
        with pytest.raises(Refusal, match="permit_exhausted"):
            ledger.charge(small, costing(1, 5), asked("b"), now=FakeClock().now())
        ledger.charge(small, costing(1, 4), asked("b"), now=FakeClock().now())
        assert ledger.balance(of.dataset.population.name) == Balance(
            cap_nrho=NanoRho(10**9), spent_nrho=NanoRho(2), cap_delta=DeltaUnits(50), spent_delta=DeltaUnits(10)
        )


def test_the_largest_cap_that_the_database_can_hold_can_be_spent_at_once() -> None:
    of = version(cap_nrho=INTEGER_MAX, cap_delta=INTEGER_MAX)
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(INTEGER_MAX, INTEGER_MAX), asked("a"), now=FakeClock().now())


def test_a_ledger_is_behind_its_log_when_either_currency_of_any_population_is_less() -> None:
    of = version()
    name = of.dataset.population.name
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(5, 7), asked("a"), now=FakeClock().now())
        for logged in ({}, {name: (5, 7)}, {name: (4, 6)}, {"another": (0, 0)}):
            ledger.check_against_log(logged)
        for logged in ({name: (6, 7)}, {name: (5, 8)}, {name: (0, 8)}, {name: (5, 7), "another": (1, 0)}, {"another": (0, 1)}):
            with pytest.raises(Refusal, match="ledger_behind_log"):
                ledger.check_against_log(logged)


def test_a_ledger_that_was_closed_spends_nothing_and_an_error_is_shown_as_it_is() -> None:
    def fail(run: sqlite3.Connection) -> None:
        run.execute("ROLLBACK")  # as the database does by itself when the disk is full
        raise ZeroDivisionError

    of = version()
    with ledger_at(":memory:", of) as ledger:
        with pytest.raises(ZeroDivisionError), ledger._transaction() as run:
            fail(run)
        ledger.close()
        with pytest.raises(sqlite3.ProgrammingError):
            ledger.charge(leave(of), costing(1), asked("a"), now=FakeClock().now())
