"""Bounds of plans whose right value is known by hand."""

import pytest

from amana.privacy.bound import MAGNITUDE_MAX, Choice, bound
from amana.query.check import check
from amana.query.expr import Column, Fixed, Literal
from amana.query.infer import columns_of
from amana.query.parse import parse
from amana.query.plan import BoundedPlan, Plan, PublicKeys, RowSum, Scan, UnitCount, UnknownKeys
from amana.query.scales import interval, scale_of
from amana.query.tables import scans_of
from amana.terms.refusal import Refusal
from tests.parts import SCHEMA


def bounded(sql: str, choice: Choice | None = None, *, groups_max: int = 10_000) -> BoundedPlan:
    return bound(check(parse(sql, SCHEMA), SCHEMA), SCHEMA, choice=choice or Choice(), groups_max=groups_max)


ROWS = [
    # SQL, choice, (l1, l2²) of the first sum, keys one unit can touch
    ("SELECT COUNT(*) AS n FROM visits v", Choice(), (20, 400), 1),
    ("SELECT COUNT(*) AS n FROM visits v", Choice(keep=(("v", 5),)), (5, 25), 1),
    ("SELECT COUNT(*) AS n FROM visits v WHERE urgent", Choice(left=3), (3, 9), 1),
    ("SELECT COUNT(*) AS n FROM visits v JOIN wards w ON v.ward = w.ward", Choice(keep=(("w", 1),)), (40, 1600), 1),
    ("SELECT COUNT(*) AS n FROM visits v", Choice(within=(("v", "ward", 2),)), (20, 400), 1),
    ("SELECT COUNT(*) AS n FROM (SELECT cost FROM visits v) AS t", Choice(within=(("v", "ward", 2),)), (20, 400), 1),
    (
        "SELECT COUNT(*) AS n FROM (SELECT ward AS a, ward AS b FROM visits v) AS t WHERE a = 'a'",
        Choice(within=(("v", "ward", 2),)),
        (2, 4),
        1,
    ),
    ("SELECT ward, urgent, COUNT(*) AS n FROM visits v GROUP BY ward, urgent", Choice(within=(("v", "ward", 2),)), (20, 40), 15),
    ("SELECT SUM(stay) AS n FROM visits v", Choice(clamps=((-6, 4),)), (6, 36), 1),
    ("SELECT SUM(stay) AS n FROM visits v", Choice(keep=(("v", 1),), clamps=((-40, 40),)), (9, 81), 1),
    ("SELECT COUNT(DISTINCT ward) AS n FROM visits v", Choice(), (20, 400), 1),
    ("SELECT COUNT(*) AS n FROM patients", Choice(), (1, 1), 1),
    ("SELECT COUNT(DISTINCT patient) AS n FROM visits v", Choice(), (1, 1), 1),
    ("SELECT ward, COUNT(*) AS n FROM visits v GROUP BY ward", Choice(), (20, 400), 5),
    ("SELECT ward, COUNT(*) AS n FROM visits v GROUP BY ward", Choice(within=(("v", "ward", 2),)), (20, 40), 5),
    ("SELECT ward, COUNT(*) AS n FROM visits v WHERE ward = 'a' GROUP BY ward", Choice(within=(("v", "ward", 2),)), (2, 4), 1),
    ("SELECT ward = 'a' AS x, COUNT(*) AS n FROM visits v GROUP BY 1", Choice(within=(("v", "ward", 2),)), (20, 400), 3),
    ("SELECT ward, COUNT(DISTINCT patient) AS n FROM visits v GROUP BY ward", Choice(), (5, 5), 5),
    ("SELECT SUM(stay) AS n FROM visits v", Choice(clamps=((-4, 6),)), (6, 36), 1),
    ("SELECT ward, SUM(stay) AS n FROM visits v GROUP BY ward", Choice(clamps=((-4, 6),)), (30, 180), 5),
    ("SELECT p.region, COUNT(*) AS n FROM visits v JOIN patients p ON v.patient_id = p.id GROUP BY p.region", Choice(), (20, 400), 1),
    ("SELECT COUNT(*) AS n FROM visits v JOIN wards w ON v.ward = w.ward", Choice(), (40, 1600), 1),
    ("SELECT COUNT(*) AS n FROM visits v LEFT JOIN wards w ON v.ward = w.ward", Choice(), (40, 1600), 1),
    ("SELECT COUNT(*) AS n FROM patients p LEFT JOIN visits v ON p.id = v.patient_id", Choice(keep=(("v", 1),)), (1, 1), 1),
    ("SELECT COUNT(*) AS n FROM patients p LEFT JOIN visits v ON p.id = v.patient_id", Choice(), (20, 400), 1),
    ("SELECT COUNT(*) AS n FROM visits v JOIN visits x ON v.patient = x.patient", Choice(), (400, 160_000), 1),
    ("SELECT COUNT(*) AS n FROM (SELECT stay FROM visits v UNION ALL SELECT stay FROM visits x) AS t", Choice(), (40, 1600), 1),
    ("SELECT SUM(n) AS n FROM (SELECT patient, COUNT(*) AS n FROM visits v GROUP BY patient) AS t", Choice(), (20, 400), 1),
    ("SELECT SUM(n) AS n FROM (SELECT patient, COUNT(*) AS n FROM visits v GROUP BY patient) AS t", Choice(keep=(("v", 3),)), (3, 9), 1),
]


@pytest.mark.parametrize(("sql", "choice", "reach", "keys"), ROWS)
def test_a_plan_has_the_bound_that_a_hand_gives(sql: str, choice: Choice, reach: tuple[int, int], keys: int) -> None:
    found = bounded(sql, choice)
    index = 0
    assert (found.sums[index].l1, found.sums[index].l2_squared) == reach
    assert found.keys_per_unit == keys


def test_a_second_wish_for_the_same_scan_is_not_granted_and_bounds_nothing() -> None:
    """A choice is not trusted: only the truncation that the scan carries may make the sensitivity smaller."""
    sql = "SELECT ward, COUNT(*) AS n FROM visits v GROUP BY ward"
    found = bounded(sql, Choice(within=(("v", "ward", 7), ("v", "ward", 1))))
    assert (found.sums[0].l1, found.sums[0].l2_squared) == (20, 140)


def test_unknown_keys_count_one_unit_once_and_every_key_it_may_hold() -> None:
    found = bounded("SELECT note, COUNT(*) AS n FROM visits v GROUP BY note")
    assert isinstance(found.keys, UnknownKeys)
    assert (found.keys.witness_high, found.keys.keys_per_unit) == (1, 20)
    rows = bounded("SELECT note, COUNT(*) AS n FROM visits v GROUP BY note", Choice(witness_units=False))
    assert isinstance(rows.keys, UnknownKeys)
    assert (rows.keys.witness_high, rows.keys.keys_per_unit) == (20, 20)


@pytest.mark.parametrize(("most", "high"), [(3, 3), (300, 20)])
def test_rows_that_decide_on_unknown_keys_count_as_far_as_they_are_clamped(most: int, high: int) -> None:
    found = bounded("SELECT note, COUNT(*) AS n FROM visits v GROUP BY note", Choice(witness_units=False, clamps=((0, most),)))
    assert isinstance(found.keys, UnknownKeys)
    assert (found.keys.witness, found.keys.witness_high, len(found.sums)) == (0, high, 1)


def test_units_are_counted_once_more_when_no_sum_of_the_question_can_decide_on_unknown_keys() -> None:
    found = bounded("SELECT note, SUM(cost) AS n FROM visits v GROUP BY note")
    assert isinstance(found.keys, UnknownKeys)
    assert (found.keys.witness, found.keys.witness_high) == (1, 1)
    assert found.sums[1].sum == UnitCount(condition=Literal(value=True))


def test_the_grid_and_the_reach_of_each_kind_of_sum() -> None:
    """(scale, low, high, per unit and key, cells of one unit)"""
    found = bounded("SELECT COUNT(DISTINCT patient) AS n, COUNT(DISTINCT ward) AS w, MEDIAN(stay) AS m, SUM(cost) AS s FROM visits v")
    assert [(total.scale, total.low, total.high, total.per_unit, total.cells, total.grain) for total in found.sums] == [
        (0, 0, 1, False, 1, 1), (0, 0, 1, False, 20, 1), (0, 0, 1, False, 20, 1), (2, 0, 50_000, False, 1, 1),
    ]  # fmt: skip
    assert bounded("SELECT MEDIAN(cost) AS m FROM visits v").sums[0].scale == 2
    assert bounded("SELECT MEDIAN(born) AS m FROM patients").sums[0].scale == 0


@pytest.mark.parametrize(
    ("column", "centre", "found"),
    [
        ("visits.stay", Fixed(units=15, scale=1), (1, -30 - 15, 90 - 15)),
        ("visits.cost", Fixed(units=5), (2, -500, 50_000 - 500)),
        ("visits.cost", Fixed(units=7, scale=2), (2, -7, 50_000 - 7)),
    ],
)
def test_a_centre_and_a_value_meet_on_the_finer_grid(column: str, centre: Fixed, found: tuple[int, int, int]) -> None:
    columns = columns_of(Scan(table="visits", alias="visits"), SCHEMA)
    total = RowSum(value=Column(name=column), centre=centre)
    assert interval(total, columns) == found
    assert scale_of(total, columns) == found[0]


@pytest.mark.parametrize(("units", "grain"), [(10**6, 1), (2**30 // 20, 1), (2**30 // 20 + 1, 2), (10**15, 2**25)])
def test_a_sum_is_counted_in_grains_so_large_that_thirty_digits_hold_its_sensitivity(units: int, grain: int) -> None:
    plan = Plan(source=Scan(table="visits", alias="v"), keys=(), sums=(RowSum(value=Literal(value=Fixed(units=units))),), figures=())
    assert bound(plan, SCHEMA, choice=Choice(), groups_max=10).sums[0].grain == grain


@pytest.mark.parametrize(("more", "fits"), [(0, True), (1, False)])
def test_the_rows_of_a_unit_may_add_up_to_the_largest_magnitude_and_no_further(more: int, fits: bool) -> None:
    huge = RowSum(value=Literal(value=Fixed(units=MAGNITUDE_MAX // 16 + more)))
    plan = Plan(source=Scan(table="visits", alias="v"), keys=(), sums=(huge,), figures=())
    if fits:
        assert bound(plan, SCHEMA, choice=Choice(keep=(("v", 16),)), groups_max=10).sums[0].l1 == MAGNITUDE_MAX
    else:
        with pytest.raises(Refusal, match=r"plan\.unbounded"):
            bound(plan, SCHEMA, choice=Choice(keep=(("v", 16),)), groups_max=10)


def test_keys_that_policy_knows_are_public_and_all_released() -> None:
    found = bounded("SELECT ward, urgent, COUNT(*) AS n FROM visits v GROUP BY ward, urgent")
    assert isinstance(found.keys, PublicKeys) and len(found.keys.combinations) == 5 * 3


@pytest.mark.parametrize("sets", ["ROLLUP (ward, urgent)", "GROUPING SETS ((ward), (ward, urgent))"])
def test_levels_of_totals_over_too_many_keys_are_refused(sets: str) -> None:
    with pytest.raises(Refusal, match=r"plan\.groups_too_many"):
        bounded(f"SELECT ward, urgent, COUNT(*) AS n FROM visits v GROUP BY {sets}", groups_max=10)


def test_only_private_tables_are_truncated() -> None:
    found = bounded("SELECT COUNT(*) AS n FROM visits v JOIN wards w ON v.ward = w.ward", Choice(keep=(("v", 2), ("w", 1)), within=()))
    keeps = {scan.alias: scan.keep for scan in scans_of(found.plan.source)}
    assert keeps == {"v": 2, "w": None}


def test_a_sum_too_large_for_the_engines_is_refused() -> None:
    with pytest.raises(Refusal, match=r"plan\.(unbounded|number_too_large)"):
        bounded(f"SELECT SUM({'*'.join(['cost'] * 7)}) AS n FROM visits v")


@pytest.mark.parametrize("clamp", [(1, 5), (-5, -1)])
def test_a_clamp_that_leaves_zero_out_is_never_accepted(clamp: tuple[int, int]) -> None:
    with pytest.raises(AssertionError):
        bounded("SELECT SUM(stay) AS n FROM visits v", Choice(clamps=(clamp,)))


def test_a_clamp_does_not_let_the_rows_of_a_unit_add_up_beyond_what_a_sum_can_hold() -> None:
    huge = RowSum(value=Literal(value=Fixed(units=10**30)))
    plan = Plan(source=Scan(table="visits", alias="v"), keys=(), sums=(huge,), figures=())
    for clamps in ((None,), ((0, 1000),)):
        with pytest.raises(Refusal) as caught:
            bound(plan, SCHEMA, choice=Choice(clamps=clamps), groups_max=10)
        assert caught.value.code == "plan.unbounded"
