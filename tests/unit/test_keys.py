"""Public keys come from declared domains, in order, NULL last; the rows never decide them."""

from datetime import date, timedelta

from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, DateStep, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.privacy.keys import sort_key
from amana.query.kinds import truncated
from amana.query.members import values_of

EPOCH = date(1970, 1, 1)


def test_values_are_those_of_the_domain_with_null_last() -> None:
    assert values_of(NumberDomain(scale=1, low=-1, high=5, step=3), values_max=9) == (-1, 2, 5)
    assert values_of(ChoiceDomain(members=("a", "b"), nullable=True), values_max=9) == ("a", "b", None)
    assert values_of(BooleanDomain(nullable=True), values_max=9) == (False, True, None)


def test_what_cannot_be_listed_is_unknown() -> None:
    assert values_of(TextDomain(length_max=3), values_max=9) is None
    assert values_of(KeyDomain(), values_max=9) is None
    low = __import__("datetime").datetime(2024, 1, 1)
    assert values_of(MomentDomain(low=low, high=low), values_max=9) is None
    assert values_of(NumberDomain(scale=0, low=0, high=9), values_max=9) is None
    assert values_of(DateDomain(low=date(1, 1, 1), high=date(9999, 12, 31)), values_max=9) is None


@given(low=st.dates(date(1900, 1, 1), date(2100, 1, 1)), days=st.integers(0, 900), step=st.sampled_from(DateStep))
def test_every_day_of_a_domain_falls_on_one_of_its_keys(low: date, days: int, step: DateStep) -> None:
    high = low + timedelta(days=days)
    keys = values_of(DateDomain(low=low, high=high, step=step), values_max=10_000)
    assert keys is not None and list(keys) == sorted(set(keys))  # type: ignore[type-var]
    assert {(truncated(low + timedelta(days=i), step) - EPOCH).days for i in range(days + 1)} == set(keys)


def test_the_last_day_of_the_calendar_is_no_trouble() -> None:
    keys = values_of(DateDomain(low=date(9999, 11, 1), high=date.max, step=DateStep.MONTH), values_max=100)
    assert keys is not None and len(keys) == 2


def test_released_keys_are_ordered_by_value_alone() -> None:
    keys = [(None, "a"), (2, None), (2, "b"), (1, "z")]
    assert sorted(keys, key=sort_key) == [(1, "z"), (2, "b"), (2, None), (None, "a")]
