"""The status of a commitment: one rule after another, and never better than what is surely shown."""

from dataclasses import replace
from datetime import date, timedelta
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.programme.plan import DOWN, UP, Indicator, Milestone, Target, period_of
from amana.programme.plan_file import read_plan
from amana.programme.status import Observation, Standing, Status, measure_of, standing_of, sure_of
from tests.programme import plan_text

COMMITMENT = read_plan(plan_text().encode()).commitments[2]
START = date(2025, 7, 2)


def target(year: int, value: int) -> Target:
    period = period_of(str(year))
    assert period is not None
    return Target(period=period, value=Fraction(value))


def indicator(direction: str = UP, **values: int) -> Indicator:
    """Targets by year, such as y2026=10; up from 0, or down from 100."""
    targets = tuple(target(int(name[1:]), value) for name, value in values.items())
    baseline = Fraction(0 if direction == UP else 100)
    return replace(
        COMMITMENT.indicators[0], direction=direction, baseline=baseline, baseline_on=START, targets=targets or (target(2026, 10), target(2027, 20))
    )  # fmt: skip


def observed(value: int, *, low: int | None = None, high: int | None = None, on: date = date(2026, 3, 1), against: str = "") -> Observation:
    return Observation(
        indicator="trained", basis="E3", on=on, value=Fraction(value), low=None if low is None else Fraction(low),
        high=None if high is None else Fraction(high), evidence="e-1", entry=7, entries=(), organisation="A", verifier="B", against=against,
        document="0" * 64,
    )  # fmt: skip


def standing(
    *observations: Observation, of: Indicator | None = None, today: date = date(2026, 6, 30), milestone: tuple[date, int] | None = None,
    dropped: int | None = None, due: date = date(2027, 12, 31),
) -> Standing:  # fmt: skip
    chosen = of or indicator()
    steps = () if milestone is None else (Milestone(id="m", title=(), due=milestone[0], indicator=chosen.id, value=Fraction(milestone[1])),)
    commitment = replace(COMMITMENT, indicators=(chosen,), milestones=steps, due=due)
    return standing_of(commitment, (measure_of(chosen, observations, today=today),), dropped=dropped, today=today)


def test_nothing_that_weighs_is_no_evidence_however_late_it_is() -> None:
    assert standing().status is Status.NO_EVIDENCE
    assert standing(observed(50, against="claim"), today=date(2030, 1, 1)).status is Status.NO_EVIDENCE


@pytest.mark.parametrize(
    ("value", "today", "expected"),
    [
        (7, date(2026, 6, 30), Status.ON_TRACK),  # a straight way from 0 to 10 is at 6.64 by then
        (6, date(2026, 6, 30), Status.STARTED),
        (9, date(2027, 1, 1), Status.LATE),
        (10, date(2027, 1, 1), Status.STARTED),
        (11, date(2027, 1, 1), Status.ON_TRACK),
        (20, date(2026, 6, 30), Status.DONE),
        (19, date(2028, 1, 1), Status.LATE),
    ],
)
def test_what_was_reached_is_compared_with_a_straight_way_through_the_targets(value: int, today: date, expected: Status) -> None:
    assert standing(observed(value), today=today).status is expected


@pytest.mark.parametrize(
    ("value", "today", "expected"),
    [
        (95, date(2026, 6, 30), Status.STARTED),
        (90, date(2026, 6, 30), Status.ON_TRACK),
        (91, date(2027, 1, 1), Status.LATE),
        (80, date(2026, 6, 30), Status.DONE),
    ],
)
def test_downwards_less_is_better(value: int, today: date, expected: Status) -> None:
    assert standing(observed(value), of=indicator(DOWN, y2026=90, y2027=80), today=today).status is expected


def test_only_the_unfavourable_end_of_an_interval_counts() -> None:
    assert standing(observed(21, low=19, high=23)).status is Status.ON_TRACK
    assert standing(observed(22, low=20, high=24)).status is Status.DONE
    falling = indicator(DOWN, y2026=90, y2027=80)
    assert standing(observed(79, low=77, high=81), of=falling).status is Status.ON_TRACK
    assert standing(observed(78, low=76, high=80), of=falling).status is Status.DONE


def test_a_milestone_that_is_due_makes_late_and_one_that_is_open_keeps_from_done() -> None:
    assert standing(observed(8), milestone=(date(2026, 5, 1), 9)).status is Status.LATE
    assert standing(observed(9), milestone=(date(2026, 5, 1), 9)).status is Status.ON_TRACK
    assert standing(observed(20), milestone=(date(2027, 5, 1), 25)).status is not Status.DONE


def test_a_commitment_whose_day_is_over_is_late_unless_it_is_done() -> None:
    assert standing(observed(19), due=date(2026, 6, 29)).status is Status.LATE
    assert standing(observed(20), due=date(2026, 6, 29)).status is Status.DONE


def test_what_is_dropped_is_dropped_whatever_was_reached() -> None:
    assert standing(observed(20), dropped=9).status is Status.DROPPED


def test_the_latest_day_counts_and_of_one_day_the_latest_entry() -> None:
    later = replace(observed(3, on=date(2026, 4, 1)), entry=9)
    assert standing(observed(20), later).status is Status.STARTED
    assert standing(observed(20), replace(observed(3), entry=8)).status is Status.STARTED


numbers = st.integers(-50, 200)


@given(value=numbers, width=st.integers(0, 30), today=st.dates(date(2025, 8, 1), date(2029, 1, 1)), direction=st.sampled_from((UP, DOWN)))
def test_a_wider_interval_never_makes_a_status_better(value: int, width: int, today: date, direction: str) -> None:
    order = (Status.LATE, Status.STARTED, Status.ON_TRACK, Status.DONE)
    of = indicator() if direction == UP else indicator(DOWN, y2026=90, y2027=80)
    wide, exact = (standing(observed(value, low=value - each, high=value + each), of=of, today=today) for each in (width, 0))
    assert order.index(wide.status) <= order.index(exact.status)
    assert wide.measures[0].current is not None
    assert of.reaches(Fraction(value), wanted=sure_of(wide.measures[0].current, of))


@given(value=numbers, days=st.integers(1, 400))
def test_time_alone_never_makes_a_status_better(value: int, days: int) -> None:
    order = (Status.LATE, Status.STARTED, Status.ON_TRACK, Status.DONE)
    today = date(2026, 1, 15)
    before, after = (standing(observed(value), today=each).status for each in (today, today + timedelta(days=days)))
    assert order.index(after) <= order.index(before) or before is Status.LATE
