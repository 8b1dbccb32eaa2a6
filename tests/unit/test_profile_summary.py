"""What people read of a profile: quantiles that hold the true ones inside their intervals, shares, and the noise of each figure."""

from dataclasses import replace
from datetime import date, datetime
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.catalog.summary import SHARES, summarise
from amana.node.profile import BINS, rows_edges
from amana.terms.summary import ColumnSummary, TableSummary

COST = NumberDomain(scale=2, low=-500, high=99_999, nullable=True)
TABLE = Table(
    name="visits",
    private=True,
    unit_column="person",
    rows_per_unit_max=8,
    occurrence=("ward",),
    columns=(
        Column(name="person", domain=KeyDomain()),
        Column(name="cost", domain=COST),
        Column(name="day", domain=DateDomain(low=date(2020, 1, 1), high=date(2020, 1, 10))),
        Column(
            name="at", domain=MomentDomain(low=datetime.fromisoformat("2020-01-01T06:00:00"), high=datetime.fromisoformat("2020-01-03"))
        ),
        Column(name="ward", domain=ChoiceDomain(members=("eye", "heart"))),
        Column(name="urgent", domain=BooleanDomain(nullable=True)),
        Column(name="note", domain=TextDomain(length_max=5, nullable=True)),
    ),
)
SCHEMA = Schema(unit="patient", tables=(TABLE,))
EDGES = rows_edges(8)


def profile(**histograms: Histogram) -> TableProfile:
    units = (100.0, 0.0, 100.0, *[0.0] * (len(EDGES) - 3))
    return TableProfile(
        table="visits", units=200.0, rows=400.0, rows_edges=EDGES, units_by_rows=units, columns=tuple(histograms.items()),
        groups_per_unit=(("ward", 1.5),), groups_deviations=(0.1,), units_deviation=2.0,
    )  # fmt: skip


def summary(of: TableProfile) -> TableSummary:
    (made,) = summarise(SCHEMA, Profile(tables=(of,)))
    return made


def column(of: TableProfile, name: str) -> ColumnSummary:
    return next(each for each in summary(of).columns if each.name == name)


@given(st.integers(0, 2**32), st.integers(20, 400), st.sampled_from((0.0, 3.0)))
def test_the_true_quantile_lies_in_the_interval_that_is_shown(seed: int, rows: int, deviation: float) -> None:
    chance = Random(seed)
    values = sorted(min(COST.high, max(COST.low, int(chance.gauss(20_000, 15_000)))) for _ in range(rows))
    width = -(-(COST.high - COST.low + 1) // BINS)
    counts = [0.0] * BINS
    for value in values:
        counts[(value - COST.low) // width] += 1
    # Noise of half its deviation, always upwards where it moves most: what stands in the interval 95 times in 100 stands here each time.
    drawn = tuple(count + (deviation / 2 if place == BINS // 2 else 0.0) for place, count in enumerate(counts))
    found = column(profile(cost=Histogram(low=COST.low, width=width, counts=drawn, missing=0.0, deviation=deviation)), "cost")
    for one in found.quantiles:
        assert isinstance(one.low, float) and isinstance(one.high, float) and isinstance(one.value, float)
        below, reached = (sum(value < round(100 * one.low) for value in values), sum(value <= round(100 * one.high) for value in values))
        assert below <= one.share * rows + 1e-9 and one.share * rows <= reached + 1e-9
        assert -5 <= one.low <= one.value <= one.high <= 999.99
        assert one.half_width == pytest.approx(max(one.value - one.low, one.high - one.value))
    assert [one.share for one in found.quantiles] == list(SHARES)
    assert [one.value for one in found.quantiles] == sorted(one.value for one in found.quantiles)


def test_more_noise_makes_wider_intervals_and_a_bin_is_never_narrowed() -> None:
    counts = tuple(float(100 + place) for place in range(10))
    widths = []
    for deviation in (0.0, 20.0, 200.0):
        day = Histogram(low=18_262, width=1, counts=counts, missing=0.0, deviation=deviation)
        widths.append([one.half_width for one in column(profile(day=day), "day").quantiles])
    assert widths[0] == [0.0] * 5, "a bin of one day says the day"
    assert all(narrow <= wide for narrow, wide in zip(widths[1], widths[2], strict=True)) and sum(widths[1]) < sum(widths[2])
    coarse = Histogram(low=18_262, width=5, counts=(30.0, 30.0), missing=0.0)
    assert all((one.high - one.low).days == 4 for one in column(profile(day=coarse), "day").quantiles)  # type: ignore[operator, union-attr]


def test_days_and_moments_come_as_such_and_stay_inside_their_bounds() -> None:
    at = Histogram(low=18_262 * 86_400, width=86_400, counts=(10.0, 0.0, 10.0), missing=0.0)
    found = column(profile(at=at), "at").quantiles
    assert found[0].low == datetime.fromisoformat("2020-01-01T06:00:00") and found[-1].high == datetime.fromisoformat("2020-01-03")
    assert all(isinstance(one.value, datetime) for one in found)


def test_a_column_of_noise_alone_says_no_more_than_its_bounds() -> None:
    found = column(profile(cost=Histogram(low=-500, width=1571, counts=(-3.0,) * 64, missing=-2.0, deviation=4.0)), "cost")
    assert {(one.low, one.high) for one in found.quantiles} == {(-5.0, 999.99)}
    assert found.missing.value == 0.0


def test_missing_values_have_their_noise_and_required_ones_none() -> None:
    found = column(profile(urgent=Histogram(low=0, width=1, counts=(50.0, 25.0), missing=25.0, deviation=1.0)), "urgent")
    assert found.missing.value == 0.25 and found.missing.low is not None and 0.22 < found.missing.low < 0.25
    assert [(name, share.value) for name, share in found.members] == [("false", 0.5), ("true", 0.25)]
    ward = column(profile(ward=Histogram(low=0, width=1, counts=(1.0, 3.0), missing=5.0, deviation=1.0)), "ward")
    assert (ward.missing.low, ward.missing.high) == (0.0, 0.0) and ward.quantiles == ()
    noted = replace(profile(), presence=(("note", Histogram(low=0, width=1, counts=(30.0,), missing=10.0, deviation=0.0)),))
    assert column(noted, "note").missing.value == 0.25 and column(noted, "note").missing.low is None, "an older profile kept no noise"


def test_units_rows_and_groups_carry_the_noise_of_their_release() -> None:
    found = summary(profile())
    assert found.units.high is not None and found.units.high - 200 == pytest.approx(1.959964 * 2.0 * len(EDGES) ** 0.5)
    assert found.rows.high is not None and found.units.high < found.rows.high
    (name, groups), *_ = found.groups_per_unit
    assert (name, groups.value) == ("ward", 1.5) and groups.low == pytest.approx(1.5 - 0.1959964)
    assert [one.value for one in found.rows_per_unit] == [1.0, 1.0, 1.0, 3.0, 3.0]
