"""PRIVACY 5: joins keep rows inside one unit, and contributions multiply as the bound says; met by the worst database there is."""

import pytest

from amana.privacy.bound import Choice
from tests.property.test_attacks import gap, person

FULL = {1: person(), 2: person(visits=({},)), 3: person(visits=())}
WORST = [
    # SQL, the unit's full contribution, the l1 that is claimed for it
    ("SELECT COUNT(*) AS n FROM visits v JOIN people p ON v.person_id = p.id", 3, 3),
    ("SELECT COUNT(*) AS n FROM people p JOIN visits v ON p.id = v.person_id", 3, 3),
    ("SELECT COUNT(*) AS n FROM people p LEFT JOIN visits v ON p.id = v.person_id", 3, 3),
    ("SELECT COUNT(*) AS n FROM visits v LEFT JOIN people p ON v.person_id = p.id", 3, 3),
    ("SELECT COUNT(*) AS n FROM visits v JOIN visits x ON v.person = x.person", 9, 9),
    ("SELECT COUNT(*) AS n FROM visits v LEFT JOIN visits x ON v.person = x.person", 9, 9),
    ("SELECT COUNT(*) AS n FROM visits v LEFT JOIN visits x ON v.person = x.person AND v.ward = x.ward AND x.stay > 0", 9, 9),
    ("SELECT COUNT(*) AS n FROM visits v JOIN visits x ON v.visit = x.visit", 3, 3),
    ("SELECT COUNT(*) AS n FROM visits v JOIN wards w ON v.ward = w.ward", 6, 6),
    ("SELECT COUNT(*) AS n FROM wards w JOIN visits v ON v.ward = w.ward", 6, 6),
    ("SELECT COUNT(*) AS n FROM visits v LEFT JOIN wards w ON v.ward = w.ward", 6, 6),
    ("SELECT COUNT(*) AS n FROM visits v JOIN people p ON v.person_id = p.id JOIN sides s ON p.side = s.side", 3, 3),
    ("SELECT COUNT(*) AS n FROM visits v WHERE EXISTS (SELECT 1 FROM people p WHERE p.person = v.person)", 3, 3),
    ("SELECT COUNT(*) AS n FROM visits v WHERE v.person NOT IN (SELECT p.person FROM people p WHERE p.size < 0)", 3, 3),
    ("SELECT COUNT(*) AS n FROM visits v WHERE v.ward IN (SELECT w.ward FROM wards w)", 3, 3),
]


@pytest.mark.parametrize(("sql", "contribution", "claimed"), WORST)
def test_the_bound_of_a_join_is_reached_by_the_worst_unit_and_never_passed(sql: str, contribution: int, claimed: int) -> None:
    plan, one, other = gap(sql, FULL, 1)
    assert one[()][0] - other[()][0] == contribution
    assert plan.sums[0].l1 == claimed and plan.sums[0].l2_squared == claimed**2


@pytest.mark.parametrize("unit", [1, 2, 3])
def test_a_left_join_counts_the_row_that_finds_no_partner(unit: int) -> None:
    sql = "SELECT COUNT(*) AS n FROM people p LEFT JOIN visits v ON p.id = v.person_id AND v.stay > 99"
    plan, one, other = gap(sql, FULL, unit, Choice(keep=(("v", 1),)))
    assert one[()][0] - other[()][0] == 1 == plan.sums[0].l1


def test_removing_a_unit_leaves_the_joined_rows_of_all_others_as_they_were() -> None:
    sql = "SELECT p.size, COUNT(*) AS n FROM people p LEFT JOIN visits v ON p.id = v.person_id GROUP BY p.size"
    sizes = {1: person(size=-2), 2: person(size=0), 3: person(size=3)}
    _, one, other = gap(sql, sizes, 2)
    assert {key: cells for key, cells in one.items() if key != (0,)} == other


def test_a_left_join_keeps_its_unmatched_rows_even_where_each_right_row_meets_one_left_row_at_most() -> None:
    sql = "SELECT COUNT(*) AS n FROM visits v LEFT JOIN visits x ON v.visit = x.visit"
    plan, one, other = gap(sql, FULL, 1, Choice(keep=(("x", 1),)))
    assert one[()][0] - other[()][0] == 3 == plan.sums[0].l1


def test_a_left_join_shows_two_values_where_its_right_side_has_one() -> None:
    """One value a unit on the right, and NULL for the rows that do not match: two keys."""
    sql = (
        "SELECT p.side, COUNT(DISTINCT v.person) AS n FROM visits v LEFT JOIN people p ON v.person_id = p.id AND v.stay > 0 GROUP BY p.side"
    )
    plan, one, other = gap(sql, {1: person(visits=({"stay": 4}, {"stay": -3}))}, 1)
    assert len(one) == 2 and not other and plan.keys_per_unit >= 2  # NULL is a key more than the one value
