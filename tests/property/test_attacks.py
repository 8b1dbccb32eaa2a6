"""Known attacks, re-created at the level of parse, check, bound and release: each is refused, bounded or learns nothing."""

from fractions import Fraction
from itertools import count
from typing import Any

import pytest

from amana.privacy.bound import Choice, bound
from amana.privacy.loss import NANO
from amana.privacy.price import Aim, RhoCap
from amana.privacy.release import answer
from amana.query.check import check
from amana.query.infer import columns_of
from amana.query.parse import parse
from amana.query.plan import BoundedPlan, KeyValue, UnknownKeys
from amana.terms.ids import NanoRho
from amana.terms.refusal import Refusal
from tests.noise.testers import chance_at_least
from tests.parts import COUNT_VISITS, SCHEMA, FakeEngine, FakeLog, asking, kernel, ledger_at, version
from tests.property.distance import assert_claims_hold, results
from tests.property.grow import SCHEMA as SMALL
from tests.property.grow import Database, published


def bounded(sql: str, choice: Choice | None = None, schema: Any = SCHEMA) -> BoundedPlan:
    return bound(check(parse(sql, schema), schema), schema, choice=choice or Choice(), groups_max=10_000)


def refused(sql: str) -> str:
    with pytest.raises(Refusal) as found:
        bounded(sql)
    return found.value.code


VISITS = count()
"""Keys of visits: no two are alike."""


def person(**more: Any) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
    from datetime import date

    row = {"ward": "a", "cost": 40, "stay": 4, "day": date(2024, 1, 1), "note": "x", "urgent": True}
    visits = more.pop("visits", ({}, {}, {}))
    who = {"side": "east", "size": 5, **more}
    return who, tuple({**row, "visit": next(VISITS), **visit} for visit in visits)


def gap(sql: str, database: Database, gone: int, choice: Choice | None = None) -> tuple[BoundedPlan, Any, Any]:
    """The exact bounded results with and without one unit; the claims are checked."""
    plan = bounded(sql, choice, SMALL)
    smaller = {unit: rows for unit, rows in database.items() if unit != gone}
    one, other = results(plan, published(database)), results(plan, published(smaller))
    assert_claims_hold(plan, one, other)
    return plan, one, other


# --- naming a unit ---


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) AS n FROM visits WHERE patient = 17",
        "SELECT COUNT(*) AS n FROM visits WHERE patient_id = 17",
        "SELECT COUNT(*) AS n FROM visits WHERE patient_id = 'p17'",
        "SELECT COUNT(*) AS n FROM visits WHERE patient IN (17, 18)",
        "SELECT COUNT(*) AS n FROM visits WHERE patient > 17",
        "SELECT COUNT(*) AS n FROM visits WHERE visit BETWEEN 1 AND 5",
        "SELECT COUNT(*) AS n FROM visits WHERE CAST(patient AS VARCHAR) LIKE '1%'",
        "SELECT COUNT(*) AS n FROM visits WHERE LENGTH(patient_id) = 3",
        "SELECT SUM(CASE WHEN patient = 17 THEN 1 ELSE 0 END) AS n FROM visits",
        "SELECT SUM(CASE WHEN patient_id = 17 THEN 1/0 ELSE 0 END) AS n FROM visits",
        "SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient",
        "SELECT visit, COUNT(*) AS n FROM visits GROUP BY visit",
        "SELECT COALESCE(patient_id, visit), COUNT(*) AS n FROM visits GROUP BY 1",
        "SELECT SUM(patient) AS n FROM visits",
        "SELECT MIN(patient_id) AS n FROM visits",
        "SELECT MEDIAN(visit) AS n FROM visits",
        "SELECT SUM(m) AS n FROM (SELECT patient, MAX(visit) AS m FROM visits GROUP BY patient) AS t",
    ],
)
def test_an_identifier_has_no_literal_no_order_and_no_value(sql: str) -> None:
    assert refused(sql)


# --- averaging and differencing ---


def test_averaging_the_same_question_gives_the_same_noise_and_other_questions_pay_each_time() -> None:
    """One-hot averaging: asking again is recalled; asking in many guises spends the budget until it is gone."""
    of = version(cap_nrho=3 * NANO // 100)
    with ledger_at(":memory:", of) as ledger:
        engine, log = FakeEngine(cells={(): (100,)}), FakeLog()
        parts = kernel(ledger, engine, log=log)
        target = RhoCap(nano_rho=NanoRho(NANO // 100))
        first = answer(asking(of, COUNT_VISITS, target=target), parts)
        for _ in range(5):
            again = answer(asking(of, COUNT_VISITS, target=target), parts)
            assert again.recalled and again.released == first.released
        for guise in range(2):
            answer(asking(of, parse(f"SELECT SUM(1) AS n FROM visits WHERE stay > -{4 + guise}", SCHEMA), target=target), parts)
        with pytest.raises(Refusal, match="population_exhausted"):
            answer(asking(of, parse("SELECT SUM(1) AS n FROM visits WHERE stay > -9", SCHEMA), target=target), parts)
        assert len(engine.runs) == 3 and [entry.cost_nrho > 0 for entry in log.entries] == [True, *[False] * 5, True, True]


@pytest.mark.slow
def test_two_counts_that_differ_by_one_unit_differ_by_fresh_noise_not_by_the_unit() -> None:
    """Differencing by one: the two noises are independent, so the difference shows the unit no better than both prices allow."""
    from math import sqrt

    runs, of = 400, version(cap_nrho=2**60)
    target = RhoCap(nano_rho=NanoRho(NANO // 8))
    wide, narrow = COUNT_VISITS, parse("SELECT COUNT(*) AS n FROM visits WHERE stay > -3", SCHEMA)

    def difference(unit: int) -> float:
        with ledger_at(":memory:", of) as ledger:
            one = answer(asking(of, wide, target=target), kernel(ledger, FakeEngine(cells={(): (100 + unit,)})))
            two = answer(asking(of, narrow, target=target), kernel(ledger, FakeEngine(cells={(): (100,)})))
        return one.released.cells[0][0] - two.released.cells[0][0]  # type: ignore[operator]

    sigma = 20 / sqrt(2 / 8)
    seen = sum(difference(20) > 10 for _ in range(runs))
    assert chance_at_least(runs - seen, runs) > 0.05, "a real differencing attack would always see the unit"
    spread = [difference(0) for _ in range(100)]
    assert max(spread) - min(spread) > 2 * sigma


# --- joins and sets ---


def test_not_in_with_a_null_drops_nobody_else() -> None:
    """SQL's NOT IN is empty for everybody once one row of the subquery is NULL: one unit would decide for all."""
    database = {1: person(), 2: person(visits=({"ward": None},)), 3: person(visits=())}
    sql = "SELECT COUNT(*) AS n FROM people p WHERE p.person NOT IN (SELECT v.person FROM visits v WHERE v.urgent)"
    _, one, other = gap(sql, database, 2)
    assert one[()][0] == 1 and abs(one[()][0] - other[()][0]) <= 1


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) AS n FROM wards w WHERE NOT EXISTS (SELECT 1 FROM visits v WHERE v.ward = w.ward)",
        "SELECT COUNT(*) AS n FROM wards w WHERE w.ward NOT IN (SELECT v.ward FROM visits v)",
        "SELECT COUNT(*) AS n FROM wards w WHERE EXISTS (SELECT 1 FROM visits v WHERE v.ward = w.ward)",
        "SELECT COUNT(*) AS n FROM wards w LEFT JOIN visits v ON v.ward = w.ward",
        "SELECT COUNT(*) AS n FROM visits v JOIN patients p ON v.ward = p.region",
        "SELECT COUNT(*) AS n FROM visits v JOIN visits x ON v.ward = x.ward",
        "SELECT COUNT(*) AS n FROM patients p WHERE p.region IN (SELECT v.ward FROM visits v)",
        "SELECT COUNT(*) AS n FROM visits v JOIN wards w ON v.stay = w.floor",
        "SELECT COUNT(*) AS n FROM visits v CROSS JOIN wards w",
        "SELECT COUNT(*) AS n FROM wards",
        "SELECT COUNT(*) AS n FROM (SELECT ward FROM visits UNION ALL SELECT ward FROM wards) AS t",
    ],
)
def test_a_join_that_ties_one_unit_to_another_or_to_the_public_is_refused(sql: str) -> None:
    assert refused(sql)


def test_a_public_key_that_repeats_multiplies_the_bound() -> None:
    once, twice = (bounded(f"SELECT COUNT(*) AS n FROM visits v {join}").sums[0] for join in ("", "JOIN wards w ON v.ward = w.ward"))
    assert (twice.l1, twice.l2_squared) == (2 * once.l1, 4 * once.l2_squared)


def test_a_union_of_a_table_with_itself_adds_the_bounds() -> None:
    sql = "SELECT COUNT(*) AS n FROM (SELECT v.stay FROM visits v UNION ALL SELECT v.stay FROM visits v) AS t"
    plan, one, other = gap(sql, {1: person()}, 1, Choice(keep=(("v", 2),)))
    assert plan.sums[0].l1 == 2 + 3 == one[()][0] - other[()][0], "the second part has an alias, and so a bound, of its own"


def test_a_unit_that_matches_many_rows_of_its_own_multiplies() -> None:
    plan, one, other = gap("SELECT COUNT(*) AS n FROM visits v JOIN visits x ON v.person = x.person", {1: person()}, 1)
    assert plan.sums[0].l1 == 9 == one[()][0] - other[()][0]


# --- groups ---


def test_an_occurrence_bound_does_not_hold_for_a_function_of_its_column() -> None:
    """Three wards with one row each fall into one group of `ward IS NOT NULL`: m for the ward is not m for the function."""
    database = {1: person(visits=({"ward": "a"}, {"ward": "b"}, {"ward": "c"}))}
    within = Choice(within=(("v", "ward", 1),))
    for sql in (
        "SELECT ward IS NULL AS k, COUNT(*) AS n FROM visits v GROUP BY 1",
        "SELECT CASE WHEN ward = 'a' THEN 'x' ELSE 'y' END AS k, COUNT(*) AS n FROM visits v GROUP BY 1",
        "SELECT UPPER(ward) AS k, COUNT(*) AS n FROM visits v GROUP BY 1",
        "SELECT urgent, COUNT(*) AS n FROM visits v GROUP BY urgent",
    ):
        plan, _, _ = gap(sql, database, 1, within)
        assert plan.sums[0].l2_squared == 9


def test_asking_for_an_absent_member_looks_and_costs_like_a_present_one() -> None:
    """Enum probing: which members exist is public policy, and a literal that is none of them is only a false condition."""
    of, found = version(), []
    for member in ("a", "no such ward"):
        with ledger_at(":memory:", of) as ledger:
            plan = parse(f"SELECT COUNT(*) AS n FROM visits WHERE ward = '{member}'", SCHEMA)
            done = answer(asking(of, plan), kernel(ledger, FakeEngine(cells={(): (0,)})))
            found.append((done.cost_nrho, done.cost_delta, done.released.noise, done.released.keys, done.table.columns))
    assert found[0] == found[1]


def test_a_member_nobody_has_is_released_like_any_other_key() -> None:
    of = version()
    with ledger_at(":memory:", of) as ledger:
        plan = parse("SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward", SCHEMA)
        done = answer(asking(of, plan), kernel(ledger, FakeEngine(cells={("a",): (500,)})))
    assert [key[0] for key in done.released.keys] == ["a", "b", "c", "d", None]


@pytest.mark.parametrize("clause", ["LIMIT 1", "ORDER BY n DESC", "ORDER BY n DESC LIMIT 2", "HAVING COUNT(*) > 250"])
def test_limit_order_and_having_act_on_released_figures_only(clause: str) -> None:
    """The engine is asked the same whatever the clause, all keys get noise, and the choice is made among noisy figures."""
    of = version()
    with ledger_at(":memory:", of) as ledger:
        engine = FakeEngine(cells={(ward,): (200 + i,) for i, ward in enumerate("abcd")})
        plan = parse(f"SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward {clause}", SCHEMA)
        done = answer(asking(of, plan, target=RhoCap(nano_rho=NanoRho(NANO // 100))), kernel(ledger, engine))
    ran = engine.runs[0]
    assert len(ran.keys.combinations) == len(done.released.keys) == 5  # type: ignore[union-attr]
    plain = bounded("SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward")
    assert (ran.plan.source, ran.sums, ran.keys) == (plain.plan.source, plain.sums, plain.keys)
    shown = {row[0]: row[1].value for row in done.table.rows}  # type: ignore[union-attr]
    noisy = dict(zip((key[0] for key in done.released.keys), (row[0] for row in done.released.cells), strict=True))
    assert all(noisy[ward] == value for ward, value in shown.items())  # type: ignore[index]


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) AS n FROM (SELECT * FROM visits ORDER BY cost DESC LIMIT 1) AS t",
        "SELECT COUNT(*) AS n FROM (SELECT ward FROM visits GROUP BY ward HAVING COUNT(*) > 5) AS t",
        "SELECT COUNT(*) AS n FROM visits WHERE cost > (SELECT AVG(cost) FROM visits)",
        "SELECT SUM(r) AS n FROM (SELECT ROW_NUMBER() OVER (ORDER BY cost) AS r FROM visits) AS t",
        "SELECT SUM(r) AS n FROM (SELECT COUNT(*) OVER (PARTITION BY ward) AS r FROM visits) AS t",
        "SELECT COUNT(*) AS n FROM visits USING SAMPLE 10",
        "SELECT COUNT(*) AS n FROM visits WHERE RANDOM() < 0.5",
        "SELECT FIRST(cost) AS n FROM visits",
        "SELECT ANY_VALUE(cost) AS n FROM visits",
        "SELECT STRING_AGG(note) AS n FROM visits",
        "SELECT COUNT(*) AS n FROM (SELECT DISTINCT ward FROM visits) AS t",
        "SELECT SUM(DISTINCT cost) AS n FROM visits",
        "SELECT LENGTH(REPEAT(note, 1000000000)) AS n FROM visits",
    ],
)
def test_what_is_not_inside_one_unit_is_refused_and_never_dropped(sql: str) -> None:
    assert refused(sql)


# --- bounds that do not survive ---


def test_a_redefined_column_loses_its_old_bound() -> None:
    wide = bounded("SELECT SUM(stay) AS n FROM (SELECT stay * 1000 AS stay FROM visits) AS t").sums[0]
    assert (wide.low, wide.high) == (-3000, 9000) and wide.l1 == 20 * 9000
    narrow = bounded("SELECT SUM(stay) AS n FROM (SELECT stay * 1000 AS stay FROM visits WHERE stay < 3) AS t").sums[0]
    assert (narrow.low, narrow.high) == (-3000, 2000)
    swapped = bounded("SELECT SUM(stay) AS n FROM (SELECT cost AS stay FROM visits WHERE stay < 1) AS t").sums[0]
    assert swapped.high == 50_000


def test_a_bound_between_two_grid_points_counts_no_wrong_grid() -> None:
    """Found by reading: y in {0, 4} of `y <= 5`, then 0 - y and y - 5 share no grid, though both once claimed the step 4."""
    sql = """SELECT COUNT(*) AS n FROM (
      SELECT person, CASE WHEN urgent THEN 0 - y ELSE y - 5 END AS k
      FROM (SELECT person, urgent, stay * 4 AS y FROM visits) AS t WHERE y >= 0 AND y <= 5 GROUP BY person, k) AS s"""
    rows = ({"stay": 0, "urgent": True}, {"stay": 1, "urgent": True}, {"stay": 0, "urgent": False})
    plan, one, other = gap(sql, {1: person(visits=rows)}, 1)
    assert one[()][0] - other[()][0] == 3 <= plan.sums[0].l1


def test_two_truncations_chained_bound_no_more_than_both() -> None:
    """Rank and occurrence rank are stored facts of a row; neither is computed after the other, so removing a unit moves no rank."""
    rows = tuple({"ward": ward} for ward in ("a", "a", "b"))
    choice = Choice(keep=(("v", 2),), within=(("v", "ward", 1),))
    plan, one, other = gap("SELECT ward, COUNT(*) AS n FROM visits v GROUP BY ward", {1: person(visits=rows), 2: person()}, 1, choice)
    assert (plan.sums[0].l1, plan.sums[0].l2_squared) == (2, 2)


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT SUM(CAST('NaN' AS DOUBLE)) AS n FROM visits",
        "SELECT SUM(CAST(note AS DOUBLE)) AS n FROM visits",
        "SELECT SUM(CAST(note AS DECIMAL(18,2))) AS n FROM visits",
        "SELECT SUM(TRY_CAST(note AS INTEGER)) AS n FROM visits",
        "SELECT SUM(1 / stay) AS n FROM visits",
        "SELECT SUM(9223372036854775807 * stay) AS n FROM visits",
    ],
)
def test_casts_overflow_and_nan_are_null_or_a_number_in_the_interval_or_refused_before_the_data(sql: str) -> None:
    """A cast or overflow oracle would make an error, or NaN, of one row."""
    try:
        plan = bounded(sql)
    except Refusal:
        return
    total = plan.sums[0]
    assert -(2**100) < total.low <= total.high < 2**100


@pytest.mark.parametrize("text", ["NaN", "inf", "-inf", "1e308", "99999999999999999999", "0x10", "", " 7 ", "1.5"])
def test_a_text_that_is_no_number_changes_no_result_by_more_than_the_bound(text: str) -> None:
    rows = ({"note": text[:3]}, {"note": text[:3]}, {})
    gap("SELECT SUM(TRY_CAST(note AS DECIMAL(4,1))) AS n, COUNT(*) AS c FROM visits", {1: person(visits=rows), 2: person()}, 1)


def test_division_by_zero_of_one_unit_is_null_and_stops_nobody() -> None:
    database = {1: person(visits=({"stay": 0},)), 2: person(visits=({"stay": 2},))}
    _, one, other = gap("SELECT SUM(6 / stay) AS n FROM visits", database, 1)
    assert one == other


def test_a_key_that_only_few_hold_is_behind_a_threshold() -> None:
    sql, of = "SELECT note, COUNT(*) AS n FROM visits GROUP BY note", version()
    assert isinstance(bounded(sql).keys, UnknownKeys)
    cells: dict[tuple[KeyValue, ...], Any] = {("Ann has flu",): (1, 1), ("flu",): (10**6, 10**6)}
    with ledger_at(":memory:", of) as ledger:
        aim = Aim(weights=((1.0, 0.0),), half_widths=(1.0,))
        done = answer(asking(of, parse(sql, SCHEMA), aim=aim), kernel(ledger, FakeEngine(cells=cells)))
    assert done.released.keys == (("flu",),) and done.cost_delta > 0


def test_covariance_reconstruction_costs_what_its_sums_cost() -> None:
    """Many covariances of one table are many sums: each is bounded by the product of its columns' ends, and each is paid."""
    plan = bounded("SELECT COVAR_POP(stay, cost) AS c, VAR_POP(stay) AS v FROM visits")
    for total in plan.sums:
        assert total.l1 == 20 * max(abs(total.low), abs(total.high))
    of = version(cap_nrho=2**60)
    with ledger_at(":memory:", of) as ledger:
        parsed = parse("SELECT COVAR_POP(stay, cost) AS c, VAR_POP(stay) AS v FROM visits", SCHEMA)
        exact = {(): tuple(0 for _ in parsed.sums)}
        done = answer(asking(of, parsed), kernel(ledger, FakeEngine(cells=exact)))
    price = sum(Fraction(t.l2_squared) / (2 * Fraction(n.scale) ** 2) for t, n in zip(plan.sums, done.released.noise, strict=True))
    assert done.cost_nrho >= price * NANO


def test_columns_of_a_question_never_hold_a_value_of_the_data() -> None:
    plan = parse("SELECT ward, SUM(cost) AS n FROM visits GROUP BY ward", SCHEMA)
    assert set(columns_of(plan.source, SCHEMA)) == {
        f"visits.{c}" for c in ("visit", "patient_id", "ward", "note", "cost", "stay", "urgent", "patient")
    }
