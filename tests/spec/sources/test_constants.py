"""Sources, section 3: a subquery that asks for one figure stands for it, as a constant; public tables alone are read too."""

import pytest

from amana.query.expr import Fixed
from amana.query.plan import Plan
from amana.terms.refusal import Refusal
from tests.spec.conftest import CLINIC, Ask, read
from tests.spec.notation import of_relation

MEAN = "(SELECT AVG(cost) FROM visits)"
CONSTANT = Fixed(units=-12_345_000, scale=6)
WRITTEN = "-12.345"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT COUNT(*) FROM visits WHERE cost > {}",
        "SELECT COUNT(*) FROM visits WHERE cost BETWEEN {} AND 2 * {} + 1",
        "SELECT SUM(CASE WHEN cost > {} THEN 1 ELSE 0 END) FROM visits",
        "SELECT SUM(greatest(cost, ({}))) FROM visits",
        "SELECT ward, COUNT(*) FROM visits GROUP BY ward HAVING AVG(cost) > {}",
        "SELECT ward, AVG(cost) / {} AS ratio FROM visits GROUP BY ward",
        "SELECT AVG(n) FROM (SELECT patient, COUNT(*) AS n FROM visits WHERE cost > {} GROUP BY patient) AS per",
    ],
)
def test_the_figure_takes_the_place_of_the_subquery(sql: str) -> None:
    assert read(sql.replace("{}", MEAN), CLINIC, constant=CONSTANT) == read(sql.replace("{}", WRITTEN), CLINIC)


def test_a_figure_that_is_null_compares_as_null_does() -> None:
    assert read(f"SELECT COUNT(*) FROM visits WHERE cost > {MEAN}", CLINIC, constant=None) == read(
        "SELECT COUNT(*) FROM visits WHERE cost > NULL", CLINIC
    )


def test_one_inside_another_is_answered_first() -> None:
    asked: list[Plan] = []
    nested = f"SELECT COUNT(*) FROM visits WHERE cost > (SELECT AVG(cost) FROM visits WHERE cost < {MEAN})"
    from amana.query.parse import parse

    def scalar(plan: Plan) -> Fixed:
        asked.append(plan)
        return Fixed(units=5)

    plan = parse(nested, CLINIC, scalar=scalar)
    assert [of_relation(one.source) for one in asked] == ["visits", "visits | (< visits.cost 5)"]
    assert of_relation(plan.source) == "visits | (> visits.cost 5)"


def test_without_somebody_who_answers_it_is_refused() -> None:
    from amana.query.parse import parse

    with pytest.raises(Refusal) as caught:
        parse(f"SELECT COUNT(*) FROM visits WHERE cost > {MEAN}", CLINIC)
    assert caught.value.code == "sql.scalar_subquery"


def test_public_tables_are_read_alone_and_may_be_grouped_by_their_keys(clinic: Ask) -> None:
    plan = clinic("SELECT region, COUNT(*), SUM(population) FROM regions GROUP BY region")
    assert of_relation(plan.source) == "regions"
