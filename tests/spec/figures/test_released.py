"""Figures, section 3: arithmetic, HAVING, ORDER BY and LIMIT, on released figures only."""

import pytest

from tests.spec.conftest import Ask
from tests.spec.notation import of_figure

FIGURES = {
    "a ratio of sums": ("SUM(cost) / SUM(score)", "(/ total[0] total[1])"),
    "a percentage": ("100.0 * COUNT_IF(urgent) / COUNT(*)", "(/ (* 100.0 total[0]) total[1])"),
    "a difference": ("SUM(cost) - SUM(score)", "(- total[0] total[1])"),
    "a sum of figures": ("SUM(cost) + 1", "(+ total[0] 1.0)"),
    "a negative figure": ("-SUM(cost)", "(neg total[0])"),
    "a rounded figure": ("ROUND(AVG(cost), 1)", "(round mean[0 1] 1.0)"),
    "a figure rounded to whole numbers": ("ROUND(AVG(cost))", "(round mean[0 1] 0.0)"),
    "an absolute figure": ("ABS(SUM(cost) - 5)", "(abs (- total[0] 5.0))"),
    "a root": ("SQRT(AVG(cost))", "(sqrt mean[0 1])"),
    "a cast of a figure changes nothing": ("CAST(SUM(cost) AS DOUBLE)", "total[0]"),
    "coalesce": ("COALESCE(AVG(cost), 0)", "(coalesce mean[0 1] 0.0)"),
    "nullif keeps from dividing by zero": ("SUM(cost) / NULLIF(COUNT(score), 0)", "(/ total[0] (case (= total[1] 0.0) None total[1]))"),
    "case": ("CASE WHEN COUNT(*) > 100 THEN AVG(cost) END", "(case (> total[0] 100.0) mean[1 0] None)"),
    "case with text": ("CASE WHEN COUNT(*) > 100 THEN 'many' ELSE 'few' END", "(case (> total[0] 100.0) 'many' 'few')"),
    "if": ("IF(COUNT(*) > 100, 1, 0)", "(case (> total[0] 100.0) 1.0 0.0)"),
    "a constant": ("COUNT(*), 1", "total[0]"),
    "a figure may be compared": ("COUNT(*) BETWEEN 5 AND 10", "(and (>= total[0] 5.0) (<= total[0] 10.0))"),
    "in a list": ("COUNT(*) IN (1, 2)", "(or (= total[0] 1.0) (= total[0] 2.0))"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*row, id=name) for name, row in FIGURES.items()])
def test_arithmetic(clinic: Ask, sql: str, meaning: str) -> None:
    assert of_figure(clinic(f"SELECT {sql} FROM visits").figures[0][1]) == meaning


HAVING = {
    "a figure": ("COUNT(*) > 100", "(> total[0] 100.0)"),
    "a figure that is not selected": ("AVG(cost) > 5", "(> mean[1 0] 5.0)"),
    "an alias": ("n > 100", "(> total[0] 100.0)"),
    "a key": ("ward <> 'eye'", "(<> key0 'eye')"),
    "and, or, not": ("n > 1 AND (n < 5 OR NOT ward = 'eye')", "(and (> total[0] 1.0) (or (< total[0] 5.0) (not (= key0 'eye'))))"),
    "is not null": ("AVG(score) IS NOT NULL", "(not (is null mean[1 2]))"),
}


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*row, id=name) for name, row in HAVING.items()])
def test_having(clinic: Ask, sql: str, meaning: str) -> None:
    plan = clinic(f"SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward HAVING {sql}")
    assert plan.having is not None
    assert of_figure(plan.having) == meaning


ORDER = {
    "an alias": ("n", ((1, False),)),
    "descending": ("n DESC", ((1, True),)),
    "a position": ("2 DESC", ((1, True),)),
    "a key": ("ward", ((0, False),)),
    "the figure itself": ("COUNT(*) DESC", ((1, True),)),
    "several": ("n DESC, ward", ((1, True), (0, False))),
    "NULLS LAST is what happens anyway": ("n DESC NULLS LAST", ((1, True),)),
}


@pytest.mark.parametrize(("sql", "order"), [pytest.param(*row, id=name) for name, row in ORDER.items()])
def test_order(clinic: Ask, sql: str, order: tuple[tuple[int, bool], ...]) -> None:
    plan = clinic(f"SELECT ward, COUNT(*) AS n FROM visits GROUP BY ward ORDER BY {sql} LIMIT 2")
    assert plan.order == order
    assert plan.limit == 2


def test_columns_have_names_of_their_own(clinic: Ask) -> None:
    plan = clinic("SELECT ward, COUNT(*), COUNT(*), AVG(cost), SUM(cost) / 2, COUNT(DISTINCT patient) FROM visits GROUP BY ward")
    assert [name for name, _ in plan.figures] == ["ward", "count", "count_2", "avg_cost", "column_5", "count_distinct_patient"]
