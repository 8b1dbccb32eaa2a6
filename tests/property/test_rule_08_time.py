"""PRIVACY 8: an answer leaves at a time fixed before the run, whatever the run did; what is too late is a fault at that time."""

from dataclasses import replace

import pytest

from amana.privacy.bound import Choice, bound
from amana.privacy.release import answer, plan_release
from amana.privacy.schedule import Schedule, seconds_of
from amana.query.check import check
from amana.query.parse import parse
from amana.terms.refusal import Fault, Refusal
from tests.parts import SCHEDULE, SCHEMA, FakeClock, FakeEngine, FakeLog, asking, held, kernel, ledger_at, version


def left_at(work_s: float, cells: int, *, failure: Exception | None = None) -> float:
    of, clock = version(), FakeClock(at_s=100.0)

    def work() -> None:
        clock.at_s += work_s
        if failure is not None:
            raise failure

    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (cells,)}, before=work), clock=clock)
        try:
            answer(asking(of), parts)
        except Fault:
            pass
    return clock.elapsed()


def test_answers_and_faults_leave_at_the_same_public_time() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        bounded = plan_release(asking(of), kernel(ledger, FakeEngine(cells={}))).bounded
    promised = 100.0 + seconds_of(bounded, SCHEMA, SCHEDULE)
    times = {left_at(0.0, 5), left_at(0.3, 5), left_at(0.0, 10**9), left_at(0.2, 5, failure=ValueError("row 17"))}
    assert times == {promised}


def test_a_run_that_is_late_is_a_fault_and_its_rows_are_never_shown() -> None:
    of, clock = version(), FakeClock()

    def slow() -> None:
        clock.at_s += 1e4

    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (5,)}, before=slow), clock=clock)
        with pytest.raises(Fault):
            answer(asking(of), parts)
        assert ledger.earlier(next(iter(_questions(ledger)))) == ()


def _questions(ledger) -> list[str]:  # type: ignore[no-untyped-def]
    return [row[0] for row in held(ledger, "SELECT question FROM charge")]


def test_the_time_of_release_does_not_read_the_data() -> None:
    """It is a function of the bounded plan, the schema and the schedule: there is nothing else to read."""
    from inspect import signature

    assert list(signature(seconds_of).parameters) == ["bounded", "schema", "schedule"]


def test_the_schedule_counts_the_rows_that_a_join_of_a_table_with_itself_makes() -> None:
    tables = Schedule(rows=(("visits", 1_000_000),), rows_per_s=1e6, base_s=0.1, tick_s=0.1, most_s=600.0)
    once, twice = (
        seconds_of(bound(check(parse(sql, SCHEMA), SCHEMA), SCHEMA, choice=Choice(), groups_max=10), SCHEMA, tables)
        for sql in ("SELECT COUNT(*) FROM visits", "SELECT COUNT(*) FROM visits a JOIN visits b ON a.patient = b.patient")
    )
    most = next(table.rows_per_unit_max for table in SCHEMA.tables if table.name == "visits")
    assert twice - once >= most, "each row may meet all rows of its unit"


def test_a_question_that_may_take_longer_than_the_node_gives_is_refused_before_the_charge() -> None:
    released = version()
    with ledger_at(":memory:", released) as ledger:
        short = kernel(ledger, FakeEngine(cells={}))
        short = replace(short, schedule=replace(SCHEDULE, most_s=0.4))
        with pytest.raises(Refusal, match=r"ask\.too_long") as refused:
            answer(asking(released), short)
        assert refused.value.parameters == {"seconds": 1, "most": 0}
        assert held(ledger, "SELECT id FROM charge") == []


def test_what_the_log_and_its_witnesses_take_is_not_taken_from_the_time_of_the_run() -> None:
    of, clock = version(), FakeClock(at_s=100.0)

    def slow() -> None:
        clock.at_s += 3600.0

    with ledger_at(":memory:", of) as ledger:
        parts = kernel(ledger, FakeEngine(cells={(): (5,)}), log=FakeLog(before=slow), clock=clock)
        bounded = plan_release(asking(of), parts).bounded
        answer(asking(of), parts)
    assert clock.elapsed() == 3700.0 + seconds_of(bounded, SCHEMA, SCHEDULE)
