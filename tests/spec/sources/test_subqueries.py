"""Sources, section 2: subqueries, WITH, UNION ALL, EXISTS and IN."""

import pytest

from tests.spec.conftest import Ask
from tests.spec.notation import of_relation

SUBQUERIES = {
    "a subquery shows its columns under its alias": (
        "SELECT AVG(t.double) FROM (SELECT cost * 2 AS double FROM visits) AS t",
        "visits | show t.double: (* visits.cost 2)"),
    "a subquery may go without alias": (
        "SELECT AVG(double) FROM (SELECT cost * 2 AS double FROM visits)",
        "visits | show subquery.double: (* visits.cost 2)"),
    "a subquery filters inside, the question outside": (
        "SELECT COUNT(*) FROM (SELECT cost FROM visits WHERE urgent) AS t WHERE cost > 5",
        "visits | visits.urgent | show t.cost: visits.cost | (> t.cost 5)"),
    "names of columns after the alias": (
        "SELECT AVG(x) FROM (SELECT cost, score FROM visits) AS t (x, y)",
        "visits | show t.x: visits.cost, t.y: visits.score"),
    "a column may lose its first name": (
        "SELECT AVG(x) FROM (SELECT cost AS x FROM visits) AS t",
        "visits | show t.x: visits.cost"),
    "a star in a subquery": (
        "SELECT AVG(price) FROM (SELECT s.* FROM prescriptions s) AS t JOIN drugs USING (drug)",
        ("prescriptions as s | show t.prescription: s.prescription, t.visit: s.visit, t.drug: s.drug, t.doses: s.doses, t.patient: s.patient"
        " | inner (drugs) on t.drug=drugs.drug")),
    "with": (
        "WITH u AS (SELECT cost FROM visits WHERE urgent) SELECT AVG(cost) FROM u",
        "visits | visits.urgent | show u.cost: visits.cost"),
    "with, and column names": (
        "WITH u (x) AS (SELECT cost FROM visits) SELECT AVG(x) FROM u",
        "visits | show u.x: visits.cost"),
    "a WITH name may use an earlier one": (
        "WITH u AS (SELECT cost FROM visits WHERE urgent), w AS (SELECT cost + 1 AS more FROM u) SELECT AVG(more) FROM w",
        "visits | visits.urgent | show u.cost: visits.cost | show w.more: (+ u.cost 1)"),
    "a WITH name hides a table of that name": (
        "WITH visits AS (SELECT cost FROM visits WHERE urgent) SELECT AVG(cost) FROM visits",
        "visits as visits_2 | visits_2.urgent | show visits.cost: visits_2.cost"),
    "MATERIALIZED changes no answer": (
        "WITH u AS MATERIALIZED (SELECT cost FROM visits) SELECT AVG(cost) FROM u",
        "visits | show u.cost: visits.cost"),
    "union all": (
        "SELECT AVG(c) FROM (SELECT cost AS c FROM visits WHERE urgent UNION ALL SELECT cost FROM visits WHERE score > 5) AS t",
        ("(visits | visits.urgent | show t.c: visits.cost) ∪ "
        "(visits as visits_2 | (> visits_2.score 5) | show t.cost: visits_2.cost | show t.c: t.cost)")),
    "union all of three, in parentheses": (
        "SELECT COUNT(*) FROM ((SELECT day FROM visits) UNION ALL (SELECT day FROM visits) UNION ALL SELECT birth AS day FROM patients) AS t",
        "(visits | show t.day: visits.day) ∪ (visits as visits_2 | show t.day: visits_2.day) ∪ (patients | show t.day: patients.birth)"),
    "union all in WITH": (
        "WITH t AS (SELECT day FROM visits UNION ALL SELECT birth AS day FROM patients) SELECT COUNT(*) FROM t",
        "(visits | show t.day: visits.day) ∪ (patients | show t.day: patients.birth)"),
    "from may come first": ("FROM visits SELECT COUNT(*)", "visits"),
    "the whole question in parentheses": ("(SELECT COUNT(*) FROM visits)", "visits"),
    "a semicolon at the end": ("SELECT COUNT(*) FROM visits;", "visits"),
}  # fmt: skip
MEMBERSHIPS = {
    "exists": (
        "SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient)",
        "patients as p | semi (visits as v) on p.patient=v.patient"),
    "not exists": (
        "SELECT COUNT(*) FROM patients p WHERE NOT EXISTS (SELECT * FROM visits v WHERE v.patient = p.patient)",
        "patients as p | anti (visits as v) on p.patient=v.patient"),
    "conditions inside stay inside": (
        "SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient AND v.urgent)",
        "patients as p | semi (visits as v | v.urgent) on p.patient=v.patient"),
    "other conditions on both sides are checked pair by pair": (
        "SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient AND v.day > p.birth)",
        "patients as p | semi (visits as v) on p.patient=v.patient and (> v.day p.birth)"),
    "an alias inside may hide one outside": (
        "SELECT COUNT(*) FROM visits WHERE EXISTS (SELECT 1 FROM prescriptions s WHERE s.visit = visits.visit AND doses > 5)",
        "visits | semi (prescriptions as s | (> s.doses 5)) on visits.visit=s.visit"),
    "exists beside other conditions": (
        "SELECT COUNT(*) FROM patients p WHERE sex = 'f' AND EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient) AND weight > 50",
        "patients as p | (and (= p.sex 'f') (> p.weight 50)) | semi (visits as v) on p.patient=v.patient"),
    "exists inside exists": (
        ("SELECT COUNT(*) FROM patients p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.patient = p.patient"
        " AND EXISTS (SELECT 1 FROM prescriptions s WHERE s.visit = v.visit))"),
        "patients as p | semi (visits as v | semi (prescriptions as s) on v.visit=s.visit) on p.patient=v.patient"),
    "in": (
        "SELECT COUNT(*) FROM patients WHERE patient IN (SELECT patient FROM visits WHERE urgent)",
        "patients | semi (visits | visits.urgent) on patients.patient=visits.patient"),
    "not in": (
        "SELECT COUNT(*) FROM patients WHERE patient NOT IN (SELECT patient FROM visits)",
        "patients | anti (visits) on patients.patient=visits.patient"),
    "in, of public rows": (
        "SELECT COUNT(*) FROM visits WHERE region IN (SELECT region FROM regions WHERE country = 'coast')",
        "visits | semi (regions | (= regions.country 'coast')) on visits.region=regions.region"),
    "in, of several columns": (
        "SELECT COUNT(*) FROM visits WHERE (patient, region) IN (SELECT patient, region FROM patients)",
        "visits | semi (patients) on visits.patient=patients.patient, visits.region=patients.region"),
    "in, of what is grouped by the unit": (
        "SELECT COUNT(*) FROM patients WHERE patient IN (SELECT patient FROM visits GROUP BY patient HAVING COUNT(*) > 3)",
        ("patients | semi (visits | per unit subquery.patient: unit; subquery.measure1: count 1 | (> subquery.measure1 3)"
        " | show subquery.patient: subquery.patient) on patients.patient=subquery.patient")),
    "in, of what is grouped by a key of the unit's rows": (
        "SELECT COUNT(*) FROM visits WHERE visit IN (SELECT visit FROM prescriptions GROUP BY visit HAVING SUM(doses) > 30)",
        ("visits | semi (prescriptions | per unit subquery.visit: prescriptions.visit; subquery.measure1: sum prescriptions.doses"
        " | (> subquery.measure1 30) | show subquery.visit: subquery.visit) on visits.visit=subquery.visit")),
    "a table may be named again inside": (
        "SELECT COUNT(*) FROM visits WHERE patient IN (SELECT patient FROM visits WHERE urgent)",
        "visits | semi (visits as visits_2 | visits_2.urgent) on visits.patient=visits_2.patient"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*pair, id=name) for name, pair in (SUBQUERIES | MEMBERSHIPS).items()])
def test_sources(clinic: Ask, sql: str, meaning: str) -> None:
    assert of_relation(clinic(sql).source) == meaning
