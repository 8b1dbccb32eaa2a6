"""The ledger's own file: caps for life, conditions held by the database itself, integers only."""

import sqlite3
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from amana.catalog.schema import Period, Version
from amana.node.database import SqliteDatabase
from amana.policy.permit import Allowance
from amana.privacy.ledger import CLOCK_BACK_MAX, INTEGER_MAX, Balance, Ledger, Pending, Standing, account_of
from amana.query.released import NoiseKind, NoisyTable, SumNoise
from amana.terms.database import Transaction
from amana.terms.ids import DeltaUnits, NanoRho, PopulationName
from amana.terms.refusal import Refusal
from tests.crash.test_ledger_machine import asked, costing, rows
from tests.parts import FakeClock, balance_of, connect, leave, ledger_at, nobody, version

pytestmark = pytest.mark.usefixtures("each_database")


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
        balance = balance_of(ledger, of)
        assert (balance.spent_nrho, balance.spent_delta) == (0, 0)
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
        balance = balance_of(ledger, of)
        assert balance.spent_nrho == 0, "neither is spent when one refuses"
        ledger.charge(small, costing(10), asked("a"), now=FakeClock().now())
        with pytest.raises(Refusal, match="permit_exhausted"):
            ledger.charge(small, costing(1), asked("b"), now=FakeClock().now())


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE account SET spent_nrho = cap_nrho + 1",
        "UPDATE account SET spent_delta = cap_delta + 1",
        "UPDATE account SET spent_nrho = -1",
        "UPDATE account SET faults = -1",
        "UPDATE charge SET nrho = -1",
        "UPDATE charge SET state = 'refunded'",
        "UPDATE charge SET state = 'settled'",
        "UPDATE charge SET released = 'rows'",
        "UPDATE charge SET population = 'nobody'",
        "DELETE FROM population",
    ],
)
def test_the_database_itself_holds_the_conditions(statement: str) -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(5), asked("a"), now=FakeClock().now())
        with pytest.raises(Exception, match=r"(?i)constraint|cannot store") as held, ledger._database.transaction() as run:
            run.change(statement, {})
        assert type(held.value).__name__ in {"IntegrityError", "CheckViolation", "ForeignKeyViolation"}


def test_the_database_holds_whole_numbers_only() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(5), asked("a"), now=FakeClock().now())
        try:
            with ledger._database.transaction() as run:
                run.change("UPDATE charge SET nrho = 1.5", {})
        except sqlite3.IntegrityError:
            pass  # PostgreSQL rounds
        with ledger._database.reading() as run:
            [(stored,)] = run.rows("SELECT nrho FROM charge", {})
        assert type(stored) is int


def test_commits_are_fully_synchronised(tmp_path: Path) -> None:
    with ledger_at(tmp_path / "ledger", version()) as ledger, ledger._database.reading() as run:
        if isinstance(ledger._database, SqliteDatabase):
            assert [run.rows(f"PRAGMA {name}", {}) for name in ("synchronous", "journal_mode", "foreign_keys")] == [
                [(2,)],
                [("wal",)],
                [(1,)],
            ]
        else:
            assert run.rows("SHOW synchronous_commit", {}) == [("on",)]


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
    ledger = Ledger(connect(tmp_path / "ledger"), worker="other")
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
    assert permit.value.parameters == {"permit": "small", "asked": 7, "left": 6, "percent": "117"}
    whose = {"population": name, "dataset": of.dataset.name}
    assert population.value.parameters == {**whose, "asked": 97, "left": 96, "percent": "102"}
    assert unknown.value.parameters == {**whose, "population": "nobody", "asked": 1, "left": 0, "percent": "∞"}
    assert nobody.value.parameters == {"permit": "nobody", "asked": 1, "left": 0, "percent": "∞"}


def test_a_permit_spends_its_delta_to_the_last_unit_and_no_further() -> None:
    of = version(cap_delta=50)
    small = replace(leave(of), id="small", cap_delta=10)
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(small)
        ledger.charge(small, costing(1, 6), asked("a"), now=FakeClock().now())
        with pytest.raises(Refusal, match="permit_exhausted"):
            ledger.charge(small, costing(1, 5), asked("b"), now=FakeClock().now())
        ledger.charge(small, costing(1, 4), asked("b"), now=FakeClock().now())
        assert balance_of(ledger, of) == Balance(
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
    def fail(run: Transaction) -> None:
        run.rows("ROLLBACK", {})  # as SQLite does by itself when the disk is full
        raise ZeroDivisionError

    of = version()
    with ledger_at(":memory:", of) as ledger:
        if isinstance(ledger._database, SqliteDatabase):
            with pytest.raises(ZeroDivisionError), ledger._database.transaction() as run:
                fail(run)
        ledger.close()
        with pytest.raises((sqlite3.ProgrammingError, Refusal)):
            ledger.charge(leave(of), costing(1), asked("a"), now=FakeClock().now())


def in_period(period: Period | None, *, cap_nrho: int = 100) -> Version:
    of = version(cap_nrho=cap_nrho)
    return replace(of, dataset=replace(of.dataset, population=replace(of.dataset.population, period=period)))


@pytest.mark.parametrize(
    ("period", "last", "first"),
    [
        (Period.YEAR, datetime(2025, 12, 31, 23, 59, tzinfo=UTC), datetime(2026, 1, 1, tzinfo=UTC)),
        (Period.QUARTER, datetime(2025, 3, 31, 23, 59, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)),
        (Period.MONTH, datetime(2025, 3, 31, 23, 59, tzinfo=UTC), datetime(2025, 4, 1, tzinfo=UTC)),
    ],
)
def test_a_promise_for_each_period_is_full_again_when_the_next_one_begins(period: Period, last: datetime, first: datetime) -> None:
    of = in_period(period)
    wide = replace(leave(of), id="wide", cap_nrho=NanoRho(1000))
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(wide)
        ledger.charge(wide, costing(100), asked("a"), now=last)
        with pytest.raises(Refusal, match="population_exhausted"):
            ledger.charge(wide, costing(1), asked("b"), now=last)
        ledger.charge(wide, costing(60), asked("b"), now=first)
        assert ledger.balance(of.dataset.population, now=last).spent_nrho == 100
        assert ledger.balance(of.dataset.population, now=first).spent_nrho == 60
        with pytest.raises(Refusal, match="ledger_behind_log"):
            ledger.check_against_log({of.dataset.population.name: (161, 0)})
        ledger.check_against_log({of.dataset.population.name: (160, 0)})


def test_a_promise_for_life_has_no_periods_and_cannot_become_another() -> None:
    of = in_period(None)
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(100), asked("a"), now=datetime(2025, 1, 1, tzinfo=UTC))
        with pytest.raises(Refusal, match="population_exhausted"):
            ledger.charge(leave(of), costing(1), asked("b"), now=datetime(2095, 1, 1, tzinfo=UTC))
        with pytest.raises(Refusal, match="cap_changed"):
            ledger.open_population(in_period(Period.YEAR).dataset.population)


def test_the_months_of_a_quarter_share_one_account() -> None:
    names = {account_of("p", "quarter", now=datetime(2025, month, 9, tzinfo=UTC)) for month in (4, 5, 6)}
    assert names == {"population p 2025-Q2"}
    assert account_of("p", "quarter", now=datetime(2025, 12, 9, tzinfo=UTC)) == "population p 2025-Q4"


def test_a_clock_that_went_back_spends_nothing() -> None:
    of, noon = in_period(Period.MONTH), datetime(2025, 4, 1, 12, tzinfo=UTC)
    with ledger_at(":memory:", of) as ledger:
        ledger.charge(leave(of), costing(1), asked("a"), now=noon)
        ledger.charge(leave(of), costing(1), asked("b"), now=noon - CLOCK_BACK_MAX)
        with pytest.raises(Refusal, match="clock_went_back"):
            ledger.charge(leave(of), costing(1), asked("c"), now=noon - CLOCK_BACK_MAX - timedelta(seconds=1))
        ledger.charge(leave(of), costing(1), asked("c"), now=noon)
        assert ledger.balance(of.dataset.population, now=noon).spent_nrho == 3


def test_an_assistant_spends_from_its_allowance_and_from_the_permit_above_it() -> None:
    of = version(cap_nrho=100)
    person = replace(leave(of), id="person", cap_nrho=NanoRho(50))
    assistant = replace(person, allowance=Allowance(id="helper", cap_nrho=NanoRho(10), cap_delta=DeltaUnits(5)))
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(assistant)
        ledger.charge(assistant, costing(7, 5), asked("a"), now=FakeClock().now())
        with pytest.raises(Refusal, match="allowance_exhausted") as refused:
            ledger.charge(assistant, costing(4), asked("b"), now=FakeClock().now())
        assert refused.value.parameters == {"permit": "person", "asked": 4, "left": 3, "percent": "134"}
        with pytest.raises(Refusal, match="allowance_exhausted"):
            ledger.charge(assistant, costing(0, 1), asked("b"), now=FakeClock().now())
        ledger.charge(person, costing(43), asked("b"), now=FakeClock().now())
        with pytest.raises(Refusal, match="permit_exhausted"):
            ledger.charge(assistant, costing(1), asked("c"), now=FakeClock().now())
        assert ledger.balance_of(person).spent_nrho == balance_of(ledger, of).spent_nrho == 50
        own = ledger.balance_of(Allowance(id="helper", cap_nrho=NanoRho(10), cap_delta=DeltaUnits(5)))
        assert (own.cap_nrho, own.spent_nrho, own.cap_delta, own.spent_delta) == (10, 7, 5, 5)
        unused = ledger.balance_of(Allowance(id="another", cap_nrho=NanoRho(10), cap_delta=DeltaUnits(5)))
        assert (unused.cap_nrho, unused.spent_nrho) == (10, 0)


def test_a_permit_pays_for_its_own_population_only() -> None:
    of, other = version(name="one"), version(name="two")
    with ledger_at(":memory:", of) as ledger:
        ledger.open_population(other.dataset.population)
        with pytest.raises(Refusal):
            ledger.charge(replace(leave(of), population=other.dataset.population.name), costing(1), asked("a"), now=FakeClock().now())


def test_what_each_permit_spent_is_told_apart() -> None:
    of = version()
    small = replace(leave(of), id="small")
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(small)
        for permit, cost, name in ((small, 3, "a"), (leave(of), 5, "b"), (small, 4, "c")):
            ledger.charge(permit, costing(cost, 1), asked(name), now=FakeClock().now())
        spent = {each.permit: (each.nano_rho, each.delta_units) for each in ledger.spent_by_permit(of.dataset.population.name)}
        assert spent == {"small": (7, 2), leave(of).id: (5, 1)}
        assert ledger.spent_by_permit("nobody") == ()


def test_a_permit_that_was_reviewed_after_two_faults_may_ask_again() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        for name in ("a", "b"):
            ledger.fault(ledger.charge(leave(of), costing(1), asked(name), now=FakeClock().now()), leave(of))
        with pytest.raises(Refusal, match="permit_paused"):
            ledger.charge(leave(of), costing(1), asked("c"), now=FakeClock().now())
        ledger.reviewed(leave(of).id)
        ledger.charge(leave(of), costing(1), asked("c"), now=FakeClock().now())


def test_recovery_closes_what_nobody_runs_and_leaves_what_a_living_process_runs(tmp_path: Path) -> None:
    of = version()
    with ledger_at(tmp_path / "ledger", of) as one:
        running = one.charge(leave(of), costing(1), asked("a"), now=FakeClock().now())
        other = Ledger(connect(tmp_path / "ledger"), worker="other")
        assert other.recover(alive=lambda worker: True) == one.recover(alive=nobody) == 0
        one.settle(running, rows(1))
        lost = one.charge(leave(of), costing(1), asked("b"), now=FakeClock().now())
        assert other.recover(alive=nobody) == 1
        with pytest.raises(AssertionError):
            one.settle(lost, rows(2))
        assert one.recall(asked("b").digest) is None
        other.close()


def test_a_permit_is_widened_and_never_narrowed() -> None:
    of = version(cap_nrho=100)
    small = replace(leave(of), id="small", cap_nrho=NanoRho(10), cap_delta=DeltaUnits(10))
    with ledger_at(":memory:", of) as ledger:
        ledger.open_permit(small)
        for nrho, delta, caps in ((20, 15, (20, 15)), (5, 30, (20, 15)), (30, 5, (20, 15)), (20, 16, (20, 16))):
            ledger.open_account(small.id, population=small.population, cap_nrho=NanoRho(nrho), cap_delta=DeltaUnits(delta))
            balance = ledger.balance_of(small)
            assert (balance.cap_nrho, balance.cap_delta) == caps
        ledger.charge(replace(small, cap_nrho=NanoRho(20)), costing(20), asked("a"), now=FakeClock().now())


def test_a_charge_tells_what_it_leaves_of_the_account_that_paid() -> None:
    of = version(cap_nrho=100, cap_delta=50)
    with ledger_at(":memory:", of) as ledger:
        first = ledger.charge(leave(of), costing(30, 10), asked("a"), now=FakeClock().now())
        second = ledger.charge(leave(of), costing(70, 0), asked("b"), now=FakeClock().now())
        assert first.standing == Standing(period="life", left_nrho=NanoRho(70), left_delta=DeltaUnits(40))
        assert second.standing == Standing(period="life", left_nrho=NanoRho(0), left_delta=DeltaUnits(40))
        assert ledger.standing(of.dataset.population, now=FakeClock().now()) == second.standing


@pytest.mark.parametrize(("period", "told"), [(Period.YEAR, "2025"), (Period.QUARTER, "2025-Q3"), (Period.MONTH, "2025-07")])
def test_a_charge_tells_of_which_period_the_account_is(period: Period, told: str) -> None:
    of = version(cap_nrho=100)
    population = replace(of.dataset.population, period=period)
    with ledger_at(":memory:", replace(of, dataset=replace(of.dataset, population=population))) as ledger:
        before = ledger.standing(population, now=FakeClock().now())
        made = ledger.charge(leave(of), costing(30), asked("a"), now=FakeClock().now())
        assert (before.period, before.left_nrho, made.standing.period, made.standing.left_nrho) == (told, 100, told, 70)
        assert ledger.standing(population, now=FakeClock().now() + timedelta(days=400)).left_nrho == 100
