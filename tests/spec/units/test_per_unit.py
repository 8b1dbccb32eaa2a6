"""Units, section 1: aggregating within each privacy unit first, and over the units then."""

import pytest

from amana.query.expr import Column, Fixed, Literal
from amana.query.plan import PerUnit, Plan, Released, RowSum, Scan, Statistic, UnitFunction, UnitMeasure
from tests.spec.conftest import Ask
from tests.spec.notation import of_relation

GROUPED = {
    "a count for each unit": (
        "SELECT AVG(n) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient) AS t",
        "visits | per unit t.patient: unit; t.n: count 1"),
    "the unit need not be shown": (
        "SELECT AVG(n) FROM (SELECT COUNT(*) AS n FROM visits GROUP BY patient) AS t",
        "visits | per unit t.n: count 1"),
    "a sum, a least and a largest": (
        "SELECT AVG(a), AVG(b), AVG(c) FROM (SELECT SUM(cost) AS a, MIN(cost) AS b, MAX(cost) AS c FROM visits GROUP BY patient) AS t",
        "visits | per unit t.a: sum visits.cost; t.b: min visits.cost; t.c: max visits.cost"),
    "a mean": ("SELECT AVG(m) FROM (SELECT AVG(score) AS m FROM visits GROUP BY patient) AS t", "visits | per unit t.m: mean visits.score"),
    "a count of values": ("SELECT AVG(n) FROM (SELECT COUNT(score) AS n FROM visits GROUP BY patient) AS t",
                          "visits | per unit t.n: count visits.score"),
    "a count of distinct values": ("SELECT AVG(n) FROM (SELECT COUNT(DISTINCT ward) AS n FROM visits GROUP BY patient) AS t",
                                   "visits | per unit t.n: count distinct visits.ward"),
    "count_if": ("SELECT AVG(n) FROM (SELECT COUNT_IF(urgent) AS n FROM visits GROUP BY patient) AS t",
                 "visits | per unit t.n: count (case visits.urgent→1 else null)"),
    "filter": ("SELECT AVG(n) FROM (SELECT SUM(cost) FILTER (WHERE urgent) AS n FROM visits GROUP BY patient) AS t",
               "visits | per unit t.n: sum (case visits.urgent→visits.cost else null)"),
    "truth values are added as 0 and 1": ("SELECT AVG(n) FROM (SELECT SUM(urgent) AS n FROM visits GROUP BY patient) AS t",
                                          "visits | per unit t.n: sum (to number visits.urgent 0)"),
    "other keys beside the unit": (
        "SELECT ward, AVG(n) FROM (SELECT patient, ward, COUNT(*) AS n FROM visits GROUP BY patient, ward) AS t GROUP BY ward",
        "visits | per unit t.patient: unit; t.ward: visits.ward; t.n: count 1"),
    "a key that is an expression": (
        "SELECT y, AVG(n) FROM (SELECT year(day) AS y, COUNT(*) AS n FROM visits GROUP BY patient, year(day)) AS t GROUP BY y",
        "visits | per unit t.y: (year visits.day); t.n: count 1"),
    "a key by its alias": (
        "SELECT y, AVG(n) FROM (SELECT year(day) AS y, COUNT(*) AS n FROM visits GROUP BY patient, y) AS t GROUP BY y",
        "visits | per unit t.y: (year visits.day); t.n: count 1"),
    "keys by position": (
        "SELECT ward, AVG(n) FROM (SELECT patient, ward, COUNT(*) AS n FROM visits GROUP BY 1, 2) AS t GROUP BY ward",
        "visits | per unit t.patient: unit; t.ward: visits.ward; t.n: count 1"),
    "group by all": (
        "SELECT AVG(n) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY ALL) AS t",
        "visits | per unit t.patient: unit; t.n: count 1"),
    "a key of a private table decides the unit": (
        "SELECT AVG(n) FROM (SELECT visit, SUM(doses) AS n FROM prescriptions GROUP BY visit) AS t",
        "prescriptions | per unit t.visit: prescriptions.visit; t.n: sum prescriptions.doses"),
    "the other side of a left join is counted where it is there": (
        ("SELECT n, COUNT(*) FROM (SELECT p.patient, COUNT(v.visit) AS n FROM patients p LEFT JOIN visits v USING (patient)"
        " GROUP BY p.patient) AS t GROUP BY n"),
        "patients as p | left (visits as v) on p.patient=v.patient | per unit t.patient: unit; t.n: count v.visit"),
    "expressions over aggregates": (
        "SELECT AVG(r) FROM (SELECT SUM(cost) / COUNT(*) AS r FROM visits GROUP BY patient) AS t",
        "visits | per unit t.measure1: sum visits.cost; t.measure2: count 1 | show t.r: (/ t.measure1 t.measure2)"),
    "dates differ by days": (
        "SELECT AVG(span) FROM (SELECT MAX(day) - MIN(day) AS span FROM visits GROUP BY patient) AS t",
        "visits | per unit t.measure1: max visits.day; t.measure2: min visits.day | show t.span: (days between t.measure2 t.measure1)"),
    "having": (
        "SELECT COUNT(*) FROM (SELECT patient FROM visits GROUP BY patient HAVING COUNT(*) >= 3) AS t",
        "visits | per unit t.patient: unit; t.measure1: count 1 | (>= t.measure1 3) | show t.patient: t.patient"),
    "having by alias": (
        "SELECT COUNT(*) FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient HAVING n >= 3) AS t",
        "visits | per unit t.patient: unit; t.n: count 1 | (>= t.n 3)"),
    "distinct units": (
        "SELECT COUNT(*) FROM (SELECT DISTINCT patient FROM visits) AS t", "visits | per unit t.patient: unit"),
    "distinct units and values": (
        "SELECT ward, COUNT(*) FROM (SELECT DISTINCT patient, ward FROM visits WHERE urgent) AS t GROUP BY ward",
        "visits | visits.urgent | per unit t.patient: unit; t.ward: visits.ward"),
    "aggregates of aggregates": (
        ("SELECT AVG(m) FROM (SELECT patient, MAX(n) AS m FROM (SELECT patient, ward, COUNT(*) AS n FROM visits GROUP BY patient, ward) AS a"
        " GROUP BY patient) AS b"),
        "visits | per unit a.patient: unit; a.ward: visits.ward; a.n: count 1 | per unit b.patient: unit; b.m: max a.n"),
    "what was grouped may be joined on the unit": (
        ("SELECT sex, AVG(n) FROM patients p JOIN (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient) AS t"
        " ON p.patient = t.patient GROUP BY sex"),
        "patients as p | inner (visits | per unit t.patient: unit; t.n: count 1) on p.patient=t.patient"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*pair, id=name) for name, pair in GROUPED.items()])
def test_aggregation_within_units(clinic: Ask, sql: str, meaning: str) -> None:
    assert of_relation(clinic(sql).source) == meaning


def test_the_mean_number_of_visits_as_a_whole_plan(clinic: Ask) -> None:
    assert clinic("SELECT AVG(n) AS mean FROM (SELECT patient, COUNT(*) AS n FROM visits GROUP BY patient) AS t") == Plan(
        source=PerUnit(
            source=Scan(table="visits", alias="visits"),
            keys=(),
            measures=(UnitMeasure(name="t.n", function=UnitFunction.COUNT, value=Literal(value=Fixed(units=1))),),
            unit_name="t.patient",
        ),
        keys=(),
        sums=(RowSum(value=Column(name="t.n"), centre=Fixed(units=25)), RowSum(value=Literal(value=Fixed(units=1)))),
        figures=(("mean", Statistic(kind=Released.MEAN, sums=(0, 1))),),
    )
