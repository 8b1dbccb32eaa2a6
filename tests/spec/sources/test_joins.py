"""Sources, section 1: tables and joins. The tree starts at the finest private table, whatever the order written."""

import pytest

from amana.query.expr import Column, Fixed, Literal
from amana.query.parse import parse
from amana.query.plan import Join, JoinKind, Plan, Released, RowSum, Scan, Statistic
from tests.spec.conftest import CLINIC, Ask
from tests.spec.notation import of_relation

JOINS = {
    "one table": ("visits", "visits"),
    "an alias": ("visits AS v", "visits as v"),
    "an alias without AS": ("visits v", "visits as v"),
    "an alias in capitals": ("visits V", "visits as v"),
    "private to its parent": ("visits v JOIN patients p ON v.patient = p.patient",
                              "visits as v | inner (patients as p) on v.patient=p.patient"),
    "the child comes first, though written last": ("patients p JOIN visits v ON v.patient = p.patient",
                                                   "visits as v | inner (patients as p) on v.patient=p.patient"),
    "INNER is the same": ("visits v INNER JOIN patients p ON p.patient = v.patient",
                          "visits as v | inner (patients as p) on v.patient=p.patient"),
    "using": ("visits JOIN patients USING (patient)", "visits | inner (patients) on visits.patient=patients.patient"),
    "a comma, tied in WHERE": ("visits v, patients p WHERE v.patient = p.patient",
                               "visits as v | inner (patients as p) on v.patient=p.patient"),
    "cross join, tied in WHERE": ("visits v CROSS JOIN patients p WHERE v.patient = p.patient",
                                  "visits as v | inner (patients as p) on v.patient=p.patient"),
    "three tables down the path": (
        "patients p, visits v, prescriptions s WHERE p.patient = v.patient AND v.visit = s.visit",
        "prescriptions as s | inner (visits as v) on s.visit=v.visit | inner (patients as p) on v.patient=p.patient"),
    "private to public": ("visits v JOIN regions r ON v.region = r.region", "visits as v | inner (regions as r) on v.region=r.region"),
    "public written first": ("regions r JOIN visits v ON v.region = r.region", "visits as v | inner (regions as r) on v.region=r.region"),
    "one public table twice": (
        "visits v JOIN regions a ON v.region = a.region JOIN patients p ON p.patient = v.patient JOIN regions b ON p.region = b.region",
        ("visits as v | inner (regions as a) on v.region=a.region | inner (patients as p) on v.patient=p.patient"
        " | inner (regions as b) on p.region=b.region")),
    "two equalities make one join": (
        "visits v JOIN patients p ON v.patient = p.patient AND v.region = p.region",
        "visits as v | inner (patients as p) on v.patient=p.patient, v.region=p.region"),
    "other conditions of an inner join filter its rows": (
        "visits v JOIN patients p ON v.patient = p.patient AND v.day > p.birth",
        "visits as v | inner (patients as p) on v.patient=p.patient | (> v.day p.birth)"),
    "left join": ("patients p LEFT JOIN visits v ON p.patient = v.patient", "patients as p | left (visits as v) on p.patient=v.patient"),
    "left outer join": ("patients p LEFT OUTER JOIN visits v USING (patient)",
                        "patients as p | left (visits as v) on p.patient=v.patient"),
    "a left condition on the right side chooses partners": (
        "patients p LEFT JOIN visits v ON p.patient = v.patient AND v.urgent",
        "patients as p | left (visits as v | v.urgent) on p.patient=v.patient"),
    "a left condition on both sides is checked pair by pair": (
        "patients p LEFT JOIN visits v ON p.patient = v.patient AND v.day > p.birth",
        "patients as p | left (visits as v) on p.patient=v.patient and (> v.day p.birth)"),
    "where stands after a left join": (
        "patients p LEFT JOIN visits v ON p.patient = v.patient WHERE v.visit IS NULL",
        "patients as p | left (visits as v) on p.patient=v.patient | (is null v.visit)"),
    "a left join beside an inner one": (
        "patients p JOIN visits v ON v.patient = p.patient LEFT JOIN regions r ON p.region = r.region",
        "visits as v | inner (patients as p) on v.patient=p.patient | left (regions as r) on p.region=r.region"),
    "semi join": ("patients p SEMI JOIN visits v ON p.patient = v.patient", "patients as p | semi (visits as v) on p.patient=v.patient"),
    "anti join": ("patients p ANTI JOIN visits v USING (patient)", "patients as p | anti (visits as v) on p.patient=v.patient"),
    "a join in parentheses": (
        "prescriptions s JOIN (visits v JOIN patients p USING (patient)) ON s.visit = v.visit",
        "prescriptions as s | inner (visits as v | inner (patients as p) on v.patient=p.patient) on s.visit=v.visit"),
    "an equality common to all branches of OR ties the tables": (
        "visits v, regions r WHERE (v.region = r.region AND v.urgent) OR (v.region = r.region AND r.population > 5)",
        "visits as v | inner (regions as r) on v.region=r.region | (or v.urgent (> r.population 5))"),
    "an inner join to what was left joined": (
        "patients p LEFT JOIN visits v USING (patient) JOIN regions r ON r.region = v.region",
        "patients as p | left (visits as v) on p.patient=v.patient | inner (regions as r) on v.region=r.region"),
    "a table joined to itself": (
        "visits a JOIN visits b ON a.visit = b.visit",
        "visits as a | inner (visits as b) on a.visit=b.visit"),
}  # fmt: skip


@pytest.mark.parametrize(("sql", "meaning"), [pytest.param(*pair, id=name) for name, pair in JOINS.items()])
def test_joins(clinic: Ask, sql: str, meaning: str) -> None:
    assert of_relation(clinic(f"SELECT COUNT(*) FROM {sql}").source) == meaning


def test_a_join_as_a_whole_plan(clinic: Ask) -> None:
    plan = clinic("SELECT r.country, COUNT(*) AS visits FROM regions r, visits WHERE r.region = visits.region GROUP BY r.country")
    assert plan == Plan(
        source=Join(
            left=Scan(table="visits", alias="visits"),
            right=Scan(table="regions", alias="r"),
            kind=JoinKind.INNER,
            on=(("visits.region", "r.region"),),
        ),
        keys=(("country", Column(name="r.country")),),
        sums=(RowSum(value=Literal(value=Fixed(units=1))),),
        figures=(("country", plan.figures[0][1]), ("visits", Statistic(kind=Released.TOTAL, sums=(0,)))),
    )


def test_the_unit_word_needs_no_table_in_front(clinic: Ask) -> None:
    plan = clinic("SELECT COUNT(DISTINCT patient) FROM visits JOIN prescriptions USING (visit)")
    assert of_relation(plan.source) == "prescriptions | inner (visits) on prescriptions.visit=visits.visit"


def test_a_table_tied_only_to_a_left_joined_one_waits_for_it() -> None:
    plan = parse("SELECT COUNT(*) FROM patients p LEFT JOIN visits v USING (patient) JOIN prescriptions s ON s.visit = v.visit", CLINIC)
    assert (
        of_relation(plan.source)
        == "patients as p | left (visits as v) on p.patient=v.patient | inner (prescriptions as s) on v.visit=s.visit"
    )
