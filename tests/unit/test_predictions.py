"""What is predicted from the private profile, and the bounds that are chosen by it. Wrong predictions cost precision, not privacy."""

from dataclasses import replace
from fractions import Fraction

import pytest

from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.node.choose import Chosen, choose
from amana.node.profile import rows_edges
from amana.privacy.price import Wanted
from amana.query.check import check
from amana.query.parse import parse
from amana.query.predict import crowd_of
from amana.terms.precision import Precision
from amana.terms.refusal import Refusal
from tests.parts import SCHEMA

EDGES = rows_edges(20)
BY_ROWS = {1: 400.0, 2: 300.0, 4: 200.0, 6: 100.0}
ROWS, SQUARES = sum(n * units for n, units in BY_ROWS.items()), sum(n * n * units for n, units in BY_ROWS.items())
VISITS = TableProfile(
    table="visits",
    units=1000.0,
    rows=ROWS,
    rows_edges=EDGES,
    units_by_rows=tuple(BY_ROWS.get(edge, 0.0) for edge in EDGES),
    columns=(
        ("cost", Histogram(low=0, width=782, counts=(900.0, 90.0, *[0.0] * 61, 10.0), missing=0.0)),
        ("ward", Histogram(low=0, width=1, counts=(250.0, 250.0, 250.0, 250.0), missing=0.0)),
    ),
)
PATIENTS = TableProfile(table="patients", units=1000.0, rows=1000.0, rows_edges=(1,), units_by_rows=(1000.0,), columns=())
PROFILE = Profile(tables=(PATIENTS, VISITS))
PART = Precision(amount=Fraction(1, 20), relative=True)
NUMBERED = (
    "SELECT AVG(cost) AS a, COUNT(*) AS n FROM (SELECT cost, row_number() OVER (PARTITION BY patient ORDER BY stay) AS r FROM visits) AS t"
)


def chosen(sql: str, *, within: Precision = PART, profile: Profile = PROFILE) -> Chosen:
    return choose(check(parse(sql, SCHEMA), SCHEMA), SCHEMA, profile, within=within, target=Wanted(), groups_max=10_000)


def predicted(sql: str, *, within: Precision = PART) -> dict[str, float | None]:
    return dict(chosen(sql, within=within).figures)


def test_a_table_joined_with_itself_on_the_unit_has_the_squares_of_the_rows() -> None:
    sql = "SELECT COUNT(*) AS n FROM visits a JOIN visits b ON a.patient = b.patient"
    assert predicted(sql)["n"] == pytest.approx(SQUARES)
    assert chosen(sql).lost_share < 0.01


def test_a_left_join_that_multiplies_keeps_rows_without_a_partner() -> None:
    sql = "SELECT COUNT(*) AS n FROM visits a LEFT JOIN visits b ON a.patient = b.patient AND b.ward = 'a'"
    found = predicted(sql)["n"]
    assert found is not None and ROWS < found < SQUARES


def test_rows_of_the_first_number_are_one_for_each_unit() -> None:
    assert predicted(f"{NUMBERED} WHERE r = 1")["n"] == pytest.approx(1000)
    assert predicted(f"{NUMBERED} WHERE r = 4")["n"] == pytest.approx(300, rel=0.2)
    assert predicted(f"{NUMBERED} WHERE r <= 2")["n"] == pytest.approx(1600)
    assert predicted(f"{NUMBERED} WHERE r < 3")["n"] == pytest.approx(1600)


def test_noise_in_empty_bins_is_not_taken_for_units_with_many_rows() -> None:
    noisy = tuple(BY_ROWS.get(edge, 3.0 if at % 2 else -3.0) for at, edge in enumerate(EDGES))
    profile = Profile(tables=(PATIENTS, replace(VISITS, units_by_rows=noisy)))
    crowd = crowd_of(parse("SELECT COUNT(*) AS n FROM visits", SCHEMA).source, SCHEMA, profile)
    assert max(rows for rows, _ in crowd.spread) < 9
    assert crowd.rows == pytest.approx(ROWS, rel=0.05)
    assert all(most <= 9 for _, most in chosen("SELECT AVG(cost) AS a FROM visits", profile=profile).choice.keep)


def test_units_with_many_rows_are_seen_though_no_bin_of_theirs_stands_out() -> None:
    spread = tuple(BY_ROWS.get(edge, 0.0) if edge < 9 else 8.0 for edge in EDGES)
    profile = Profile(tables=(PATIENTS, replace(VISITS, units_by_rows=(*spread[:2], -3.0, *spread[3:]))))
    crowd = crowd_of(parse("SELECT COUNT(*) AS n FROM visits", SCHEMA).source, SCHEMA, profile)
    assert max(rows for rows, _ in crowd.spread) > 15


@pytest.mark.parametrize("condition", ["CAST(note AS INTEGER) IS NULL", "NOT urgent IS NULL AND CAST(note AS INTEGER) IS NULL"])
def test_a_filter_that_nobody_can_predict_may_keep_all_rows(condition: str) -> None:
    found = chosen(f"SELECT COUNT(*) AS n FROM visits WHERE {condition}")
    whole = chosen("SELECT COUNT(*) AS n FROM visits")
    for clamp in found.choice.clamps:
        assert clamp is not None and clamp[1] >= 6
    assert not found.choice.keep or found.choice.keep[0][1] >= 6 or found.choice.keep == whole.choice.keep


def test_a_share_of_nothing_is_refused_and_a_width_is_not() -> None:
    sql = "SELECT COUNT(*) AS n FROM visits WHERE ward = 'nowhere'"
    with pytest.raises(Refusal) as caught:
        chosen(sql)
    assert (caught.value.code, caught.value.parameters["reason"]) == ("budget.precision_unreachable", "word.imprecise.prediction")
    assert chosen(sql, within=Precision(amount=Fraction(100), relative=False)).aim.half_widths == (100.0,)


def test_a_share_of_a_date_is_one_of_the_dates_that_policy_declares() -> None:
    declared = 105 * 365.25
    (half,) = chosen("SELECT MEDIAN(born) AS m FROM patients").aim.half_widths
    assert half == pytest.approx(declared / 20, rel=0.15)


@pytest.mark.parametrize(("probability", "low", "high"), [(0.5, 3.0, 5.0), (0.95, 7.82, 15.64), (0.999, 490.0, 500.5)])
def test_a_quantile_is_predicted_where_the_profile_has_it(probability: float, low: float, high: float) -> None:
    found = predicted(f"SELECT QUANTILE_CONT(cost, {probability}) AS q FROM visits")["q"]
    assert found is not None and low <= found <= high


def test_what_a_window_makes_of_rows_is_not_clamped_by_a_guess() -> None:
    steps = "SELECT cost - lag(cost) OVER (PARTITION BY patient ORDER BY stay) AS g FROM visits"
    assert chosen(f"SELECT AVG(g) AS a FROM ({steps}) AS t").lost_share < 0.01
