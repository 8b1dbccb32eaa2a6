"""The whole door: a subquery that stands for a number is charged and shown; public tables are exact and free."""

from pathlib import Path

import pytest

import amana
from amana.terms.refusal import Refusal
from tests.parts import logged_entries

MEAN = "SELECT AVG(cost) AS mean FROM visits WHERE year = 2023 AND age < 71"
"""Asked by nobody else in these tests, who share one folder."""
ABOVE = f"SELECT COUNT(*) AS n FROM visits WHERE cost > ({MEAN})"


@pytest.mark.slow
def test_a_subquery_is_a_use_of_its_own_and_the_same_question_is_free(own_demo_folder: Path) -> None:
    with amana.open(own_demo_folder) as node:
        before = len(logged_entries(own_demo_folder))
        preview = node.preview(ABOVE, within="7%")
        first = node.sql(ABOVE, within="7%")
        uses = logged_entries(own_demo_folder)[before:]
        assert len(uses) == 2
        costs = [int(use["cost_nrho"]) for use in uses]
        assert first.cost.loss_nrho == sum(costs) and min(costs) > 0
        assert preview.cost_nrho == pytest.approx(first.cost.loss_nrho, rel=0.2), "a preview adds both costs"
        (note,) = [dict(parameters) for code, parameters in first.notes if code == "note.constant"]
        value = float(str(note["value"]).split(" ")[0])
        mean = node.sql(MEAN, within="7%")
        assert mean.cost.recalled and mean.rows[0]["mean"].value == pytest.approx(value, rel=1e-6)
        again = node.sql(ABOVE, within="7%")
        assert again.cost.loss_nrho == 0 and again.rows == first.rows


@pytest.mark.slow
def test_of_subqueries_inside_each_other_the_innermost_is_released_first_and_no_prediction_is_left(own_demo_folder: Path) -> None:
    with amana.open(own_demo_folder) as node:
        above = "SELECT AVG(age) AS mean FROM visits WHERE cost > (SELECT AVG(cost) FROM visits)"
        found = node.sql(f"SELECT COUNT(*) AS n FROM visits WHERE age > ({above})", within="9%")
        inner, outer = [str(dict(parameters)["value"]).split(" ")[0] for code, parameters in found.notes if code == "note.constant"]
        assert node.sql("SELECT AVG(cost) AS mean FROM visits", within="9%").rows[0]["mean"].value == pytest.approx(float(inner), rel=1e-6)
        again = node.sql(above, within="9%")
        assert again.cost.loss_nrho == 0 and again.rows[0]["mean"].value == pytest.approx(float(outer), rel=1e-6)
        direct = node.sql(f"SELECT COUNT(*) AS n FROM visits WHERE age > {round(again.rows[0]['mean'].value, 6):.6f}", within="9%")
        assert direct.cost.recalled and direct.rows == found.rows


@pytest.mark.slow
def test_nothing_is_paid_for_a_subquery_of_a_question_that_is_refused(own_demo_folder: Path) -> None:
    with amana.open(own_demo_folder) as node:
        spent = node.budget("clinic").spent_nrho
        for sql in (f"{ABOVE} AND nothing = 1", f"{ABOVE} GROUP BY patient"):
            with pytest.raises(Refusal):
                node.sql(sql, within="7%")
        assert node.budget("clinic").spent_nrho == spent


@pytest.mark.slow
def test_public_tables_are_exact_free_and_never_mixed_with_private_ones(own_demo_folder: Path) -> None:
    with amana.open(own_demo_folder) as node:
        spent = node.budget("clinic").spent_nrho
        log = logged_entries(own_demo_folder)
        found = node.sql("SELECT region, COUNT(*) AS n, SUM(population) AS people FROM provinces GROUP BY region")
        assert sum(row["n"] for row in found.rows) == 75 and all(isinstance(row["people"], (int, float)) for row in found.rows)
        assert ("note.public", ()) in found.notes and found.cost.loss_nrho == 0
        assert node.preview("SELECT COUNT(*) FROM provinces").cost_nrho == 0
        assert node.explain("SELECT COUNT(*) FROM provinces").lines[0][0] == "plan"
        assert node.budget("clinic").spent_nrho == spent and logged_entries(own_demo_folder) == log
        for hidden in (
            "SELECT COUNT(*) FROM provinces p WHERE EXISTS (SELECT 1 FROM visits v WHERE v.region = p.region)",
            "SELECT COUNT(*) FROM provinces p WHERE p.province NOT IN (SELECT province FROM patients)",
        ):
            with pytest.raises(Refusal):
                node.sql(hidden)
