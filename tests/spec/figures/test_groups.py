"""Figures, section 2: groups, levels and histograms."""

import pytest

from amana.query.expr import Column
from amana.query.plan import Key, Plan
from tests.spec.conftest import Ask
from tests.spec.notation import of_expr, of_figure

GROUPS = {
    "by a column": ("SELECT ward, COUNT(*) FROM visits GROUP BY ward", {"ward": "visits.ward"}),
    "by two columns": ("SELECT ward, region, COUNT(*) FROM visits GROUP BY ward, region", {"ward": "visits.ward", "region": "visits.region"}),
    "by position": ("SELECT ward, COUNT(*) FROM visits GROUP BY 1", {"ward": "visits.ward"}),
    "by alias": ("SELECT year(day) AS y, COUNT(*) FROM visits GROUP BY y", {"y": "(year visits.day)"}),
    "by an expression": ("SELECT year(day), COUNT(*) FROM visits GROUP BY year(day)", {"column_1": "(year visits.day)"}),
    "by all that is no aggregate": ("SELECT ward, year(day) AS y, COUNT(*) FROM visits GROUP BY ALL",
                                    {"ward": "visits.ward", "y": "(year visits.day)"}),
    "by months": ("SELECT date_trunc('month', day) AS m, COUNT(*) FROM visits GROUP BY m", {"m": "(trunc month visits.day)"}),
    "by a case": ("SELECT CASE WHEN cost > 100 THEN 'much' ELSE 'little' END AS size, COUNT(*) FROM visits GROUP BY size",
                  {"size": "(case (> visits.cost 100)→'much' else 'little')"}),
    "by a truth value": ("SELECT urgent, COUNT(*) FROM visits GROUP BY urgent", {"urgent": "visits.urgent"}),
    "by unknown text": ("SELECT note, COUNT(*) FROM visits GROUP BY note", {"note": "visits.note"}),
    "a column comes before an alias": ("SELECT ward AS region, COUNT(*) FROM visits GROUP BY region, ward",
                                       {"column": "visits.region", "region": "visits.ward"}),
    "a key need not be shown": ("SELECT COUNT(*) FROM visits GROUP BY ward", {"ward": "visits.ward"}),
    "names of tables do not matter": ("SELECT visits.ward, COUNT(*) FROM visits GROUP BY ward", {"ward": "visits.ward"}),
    "parentheses do not matter": ("SELECT ward, COUNT(*) FROM visits GROUP BY (ward)", {"ward": "visits.ward"}),
    "twice is once": ("SELECT ward, COUNT(*) FROM visits GROUP BY ward, 1", {"ward": "visits.ward"}),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "keys"), [pytest.param(*row, id=name) for name, row in GROUPS.items()])
def test_groups(clinic: Ask, sql: str, keys: dict[str, str]) -> None:
    plan = clinic(sql)
    assert sorted(of_expr(expr) for _, expr in plan.keys) == sorted(keys.values())
    assert plan.sets == ()


LEVELS = {
    "rollup": ("ROLLUP (ward, region)", ((0, 1), (0,), ())),
    "rollup of one": ("ROLLUP (ward)", ((0,), ())),
    "a column beside rollup is in every level": ("region, ROLLUP (ward)", ((0, 1), (0,))),
    "cube": ("CUBE (ward, region)", ((0, 1), (0,), (1,), ())),
    "grouping sets": ("GROUPING SETS ((ward), (region), ())", ((0,), (1,), ())),
    "grouping sets of several columns": ("GROUPING SETS ((ward, region), ward)", ((0, 1), (0,))),
    "columns that roll up together": ("ROLLUP ((ward, region))", ((0, 1), ())),
    "two rollups make all pairs": ("ROLLUP (ward), ROLLUP (region)", ((0, 1), (0,), (1,), ())),
}


@pytest.mark.parametrize(("group", "sets"), [pytest.param(*row, id=name) for name, row in LEVELS.items()])
def test_levels(clinic: Ask, group: str, sets: tuple[tuple[int, ...], ...]) -> None:
    assert clinic(f"SELECT COUNT(*), SUM(cost) FROM visits GROUP BY {group}").sets == sets


def test_a_histogram_is_one_more_key_the_lower_edge(clinic: Ask) -> None:
    plan = clinic("SELECT HISTOGRAM(cost, 20) FROM visits")
    assert [(name, of_expr(expr)) for name, expr in plan.keys] == [("bin", "(+ (* (// (- visits.cost 0.00) 500.01) 500.01) 0.00)")]
    assert [(name, of_figure(figure)) for name, figure in plan.figures] == [("bin", "key0"), ("count", "total[0]")]


def test_a_histogram_may_stand_beside_keys(clinic: Ask) -> None:
    plan = clinic("SELECT ward, HISTOGRAM(score, 11) FROM visits GROUP BY ward ORDER BY ward, bin")
    assert [name for name, _ in plan.keys] == ["ward", "bin"]
    assert [name for name, _ in plan.figures] == ["ward", "bin", "count"]
    assert plan.order == ((0, False), (1, False))


def test_a_grouped_count_shows_its_key(clinic: Ask) -> None:
    plan: Plan = clinic("SELECT COUNT(*) AS n, ward FROM visits GROUP BY ward")
    assert plan.keys == (("ward", Column(name="visits.ward")),)
    assert plan.figures[1] == ("ward", Key(index=0))


def test_a_histogram_finds_a_name_for_its_bins_whatever_is_taken(clinic: Ask) -> None:
    plan = clinic("SELECT region AS bin, ward AS bin_2, urgent AS bin_2_edge, HISTOGRAM(score) FROM visits GROUP BY region, ward, urgent")
    assert len({name for name, _ in plan.keys}) == 4
