"""Units, section 2: window functions, over the rows of one unit."""

import pytest

from tests.spec.conftest import Ask
from tests.spec.notation import of_relation

WINDOWS = {
    "the first row of each unit": (
        "SELECT AVG(cost) FROM (SELECT cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY day) AS nth FROM visits) AS t WHERE nth = 1",
        "visits | window t.window1: row_number 1 by () order (visits.day) | show t.cost: visits.cost, t.nth: t.window1 | (= t.nth 1)"),
    "descending": (
        "SELECT AVG(cost) FROM (SELECT cost, ROW_NUMBER() OVER (PARTITION BY patient ORDER BY day DESC) AS nth FROM visits) AS t WHERE nth = 1",
        "visits | window t.window1: row_number 1 by () order (visits.day desc) | show t.cost: visits.cost, t.nth: t.window1 | (= t.nth 1)"),
    "within the unit and more": (
        "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY patient, ward ORDER BY day) AS nth FROM visits) AS t WHERE nth = 1",
        "visits | window t.window1: row_number 1 by (visits.ward) order (visits.day) | show t.nth: t.window1 | (= t.nth 1)"),
    "a key of the unit's rows decides the unit": (
        "SELECT COUNT(*) FROM (SELECT ROW_NUMBER() OVER (PARTITION BY visit ORDER BY doses) AS nth FROM prescriptions) AS t WHERE nth = 1",
        ("prescriptions | window t.window1: row_number 1 by (prescriptions.visit) order (prescriptions.doses)"
        " | show t.nth: t.window1 | (= t.nth 1)")),
    "the row before": (
        "SELECT AVG(gap) FROM (SELECT day - LAG(day) OVER (PARTITION BY patient ORDER BY day) AS gap FROM visits) AS t",
        "visits | window t.window1: lag visits.day by () order (visits.day) | show t.gap: (days between t.window1 visits.day)"),
    "two rows before": (
        "SELECT AVG(x) FROM (SELECT LAG(cost, 2) OVER (PARTITION BY patient ORDER BY day) AS x FROM visits) AS t",
        "visits | window t.window1: lag 2 visits.cost by () order (visits.day) | show t.x: t.window1"),
    "the row after": (
        "SELECT AVG(x) FROM (SELECT LEAD(cost) OVER (PARTITION BY patient ORDER BY day) AS x FROM visits) AS t",
        "visits | window t.window1: lead visits.cost by () order (visits.day) | show t.x: t.window1"),
    "a running sum": (
        "SELECT MAX(x) FROM (SELECT SUM(cost) OVER (PARTITION BY patient ORDER BY day) AS x FROM visits) AS t",
        "visits | window t.window1: sum visits.cost by () order (visits.day) | show t.x: t.window1"),
    "a count of the whole partition": (
        "SELECT AVG(x) FROM (SELECT COUNT(*) OVER (PARTITION BY patient) AS x FROM visits) AS t",
        "visits | window t.window1: count 1 by () order () | show t.x: t.window1"),
    "the largest of the partition": (
        "SELECT COUNT(*) FROM (SELECT cost, MAX(cost) OVER (PARTITION BY patient) AS x FROM visits) AS t WHERE cost = x",
        "visits | window t.window1: max visits.cost by () order () | show t.cost: visits.cost, t.x: t.window1 | (= t.cost t.x)"),
    "the same window twice is computed once": (
        ("SELECT AVG(x), AVG(y) FROM (SELECT MIN(cost) OVER (PARTITION BY patient) AS x, MIN(cost) OVER (PARTITION BY patient) + 1 AS y"
        " FROM visits) AS t"),
        "visits | window t.window1: min visits.cost by () order () | show t.x: t.window1, t.y: (+ t.window1 1)"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*pair, id=name) for name, pair in WINDOWS.items()])
def test_windows(clinic: Ask, sql: str, meaning: str) -> None:
    assert of_relation(clinic(sql).source) == meaning
