"""PRIVACY 17: COUNT(DISTINCT x) is sound with k, whatever values units share; bounds, keys and splits are chosen from public facts."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.profile import Profile, TableProfile
from amana.node.answers import Explanation
from amana.node.ask import Node
from amana.privacy.bound import Choice, bound
from amana.query.check import check
from amana.query.parse import parse
from amana.query.plan import BoundedPlan, DistinctCount
from amana.terms.refusal import Refusal
from tests.property.distance import assert_claims_hold, results, without
from tests.property.grow import ROWS_MAX, SCHEMA, Database, databases, published
from tests.property.test_attacks import person
from tests.property.test_rule_10_digests import ROWS
from tests.property.test_rule_10_digests import published as publish_rows
from tests.property.test_rule_15_profile import OTHERS

DISTINCT = (
    "SELECT COUNT(DISTINCT note) AS n FROM visits v",
    "SELECT COUNT(DISTINCT ward) AS n FROM visits v WHERE urgent",
    "SELECT side, COUNT(DISTINCT note) AS n FROM people p JOIN visits v ON v.person_id = p.id GROUP BY side",
    "SELECT ward, COUNT(DISTINCT day) AS n, COUNT(*) AS c FROM visits v GROUP BY ward",
    "SELECT note, COUNT(DISTINCT ward) AS n FROM visits v GROUP BY note",
    "SELECT COUNT(DISTINCT floor) AS n FROM visits v JOIN wards w ON w.ward = v.ward",
    "SELECT COUNT(DISTINCT stay * 2 + cost) AS n FROM visits v LEFT JOIN people p ON v.person_id = p.id",
    "SELECT COUNT(DISTINCT most) AS n FROM (SELECT person, MAX(stay) AS most FROM visits v GROUP BY person) AS t",
)


def bounded(sql: str, choice: Choice) -> BoundedPlan:
    return bound(check(parse(sql, SCHEMA), SCHEMA), SCHEMA, choice=choice, groups_max=10_000)


@given(
    database=databases(),
    sql=st.sampled_from(DISTINCT),
    keep=st.sampled_from((None, 1, 2)),
    within=st.sampled_from((None, 1, 2)),
    left=st.sampled_from((None, 1, 2)),
    shared=st.booleans(),
)
def test_no_unit_moves_a_count_of_distinct_values_by_more_than_it_may_hold(
    database: Database, sql: str, keep: int | None, within: int | None, left: int | None, shared: bool
) -> None:
    if shared:  # everybody has somebody's rows: then no value goes away with one unit
        rows = next(iter(database.values()))[1]
        database = {u: (who, tuple({**row, "visit": 100 * u + i} for i, row in enumerate(rows))) for u, (who, _) in database.items()}
    choice = Choice(keep=(("v", keep),) if keep else (), within=(("v", "ward", within),) if within else (), left=left)
    asked = bounded(sql, choice)
    whole = results(asked, published(database))
    for _, smaller in without(database):
        assert_claims_hold(asked, whole, results(asked, published(smaller)))


@pytest.mark.parametrize("keep", [1, 2, ROWS_MAX])
@pytest.mark.parametrize("others", ["nobody else", "others share one value", "others share all values"])
def test_the_bound_is_k_and_is_reached_by_values_that_nobody_shares(keep: int, others: str) -> None:
    mine = person(visits=({"note": "a"}, {"note": "b"}, {"note": "c"}))
    shared: dict[str, tuple[dict[str, Any], ...]] = {
        "nobody else": (),
        "others share one value": ({"note": "a"},),
        "others share all values": ({"note": "a"}, {"note": "b"}, {"note": "c"}),
    }
    asked = bounded(DISTINCT[0], Choice(keep=(("v", keep),)))
    total = asked.sums[0]
    assert isinstance(total.sum, DistinctCount) and (total.l1, total.l2_squared, total.cells) == (keep, keep**2, keep)
    alone = {2: person(visits=shared[others])}
    gap = results(asked, published({1: mine, **alone}))[()][0] - results(asked, published(alone)).get((), (0,))[0]  # type: ignore[operator]
    assert 0 <= gap <= total.l1 and (others != "nobody else" or gap == keep)


def test_it_is_not_the_sum_of_its_units_which_is_the_declared_exception() -> None:
    asked = bounded(DISTINCT[0], Choice())
    both = {1: person(visits=({"note": "a"},)), 2: person(visits=({"note": "a"},))}
    apart = [results(asked, published({unit: rows}))[()][0] for unit, rows in both.items()]
    assert results(asked, published(both))[()][0] == 1 and sum(apart) == 2  # type: ignore[arg-type]


# --- what is chosen, is chosen from public facts ---

QUESTIONS = (
    "SELECT ward, COUNT(*) AS n, AVG(cost) AS m FROM visits GROUP BY ward",
    "SELECT note, COUNT(*) AS n FROM visits GROUP BY note",
    "SELECT SUM(cost) AS s FROM visits WHERE cost < 500",
    "SELECT MEDIAN(cost) AS m, COUNT(DISTINCT note) AS d FROM visits",
    "SELECT AVG(t) AS m FROM (SELECT patient, SUM(cost) AS t FROM visits GROUP BY patient) AS u",
)


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Node, Node]]:
    """Two nodes whose rows have nothing in common."""
    made = [publish_rows(tmp_path_factory.mktemp("node") / "data", rows) for rows in (ROWS, OTHERS)]
    yield made[0], made[1]
    for node in made:
        node.close()


def given_profile(node: Node, profile: Profile) -> None:
    """As if the noise of publishing had made this profile."""
    schedule = [(table.table, round(table.rows)) for table in profile.tables]
    wired = node._wired
    wired._opened = {
        o.version.id: replace(o, profile=profile, kernel=replace(o.kernel, schedule=replace(o.kernel.schedule, rows=tuple(schedule))))
        for o in wired.opened()
    }


def chosen(node: Node, sql: str) -> object:
    """Everything that is decided before the data: plan, bounds, keys, threshold, scales, loss, SQL, expected errors, notes; or the refusal."""
    try:
        return node.explain(sql, within="20%"), node.preview(sql, within="20%")
    except Refusal as refusal:
        return refusal.code, dict(refusal.parameters)


def few(profile: Profile) -> Profile:
    """Another profile: every unit has one row."""
    tables = [replace(t, rows=t.units, units_by_rows=(t.units, *(0.0 for _ in t.units_by_rows[1:]))) for t in profile.tables]
    return Profile(tables=tuple(tables))


def crowded() -> Profile:
    """1000 units, most with two rows, some with the five that the rules allow."""
    return Profile(
        tables=(
            TableProfile(
                table="visits",
                units=1000.0,
                rows=2500.0,
                rows_edges=(1, 2, 3, 4, 5),
                units_by_rows=(100.0, 700.0, 0.0, 0.0, 200.0),
                columns=(),
            ),
        )
    )


@pytest.mark.parametrize("sql", QUESTIONS)
def test_bounds_keys_and_splits_are_the_same_for_databases_of_the_same_profile(sql: str, nodes: tuple[Node, Node]) -> None:
    one, other = nodes
    own = one._wired.opened()[0].profile
    for profile in (crowded(), few(crowded()), own):
        for node in nodes:
            given_profile(node, profile)
        assert chosen(one, sql) == chosen(other, sql)


def test_another_profile_leads_to_other_choices_so_the_comparison_can_see(nodes: tuple[Node, Node]) -> None:
    seen = []
    for profile in (crowded(), few(crowded())):
        given_profile(nodes[0], profile)
        seen.append([chosen(nodes[0], sql) for sql in QUESTIONS])
    assert all(one != other for one, other in zip(*seen, strict=True))
    assert all(isinstance(one, tuple) and isinstance(one[0], Explanation) for one in seen[0]), "and all of them are accepted"


def test_the_keys_that_are_released_do_not_hang_on_which_keys_have_rows(nodes: tuple[Node, Node], tmp_path: Path) -> None:
    """All rows of one node are in one ward; both wards are answered in both."""
    for node in nodes:
        rows = node.ask("SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward", within="±2000").table.rows
        assert [row[0] for row in rows] == ["eye", "heart"]
