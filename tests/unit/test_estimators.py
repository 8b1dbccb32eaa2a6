"""Estimators: scikit-learn's form over a node that keeps its rows."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

import amana
from amana.client.estimators import PrivateClassifier, PrivateRegressor, PrivateSynthesiser
from amana.local.door import Door, open_folder
from amana.node.wiring import publish
from amana.terms.refusal import Refusal
from amana.terms.training import Specification
from tests.unit.publishing import HEAD, VISITS

ROWS = "SELECT cost, cost > 50 AS dear FROM visits"
TWO = "SELECT cost, cost > 50 AS dear, cost > 25 AS half FROM visits"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    folder = tmp_path_factory.mktemp("estimators")
    (folder / "visits.csv").write_text("person,cost\n" + "".join(f"p{unit},{unit % 101}\n" for unit in range(3000)), encoding="utf-8")
    (folder / "node").mkdir()
    publish(folder / "node", [folder / "visits.csv"], HEAD + VISITS)
    with open_folder(folder / "node", language="en") as door:
        yield door


def test_a_classifier_learns_where_the_rows_are_and_predicts_here(node: Door) -> None:
    model = PrivateClassifier(node, learner="linear").fit(dataset="test", target="dear", sql=ROWS, share="10%")
    (_, low), (_, high) = model.predict_proba([{"cost": 5}, {"cost": 95}])
    assert low < 0.5 < high and model.predict([{"cost": 5}, {"cost": "95"}]) == [False, True]
    assert model.cost_.share == pytest.approx(0.1, rel=1e-6) and {metric.name for metric in model.metrics_} >= {"auc", "accuracy"}
    again = PrivateClassifier(node, learner="linear").fit(dataset="test", target="dear", sql=ROWS, share="10%")
    assert again.cost_.recalled and again.model_ == model.model_


@pytest.mark.parametrize(("estimator", "target", "within"), [(PrivateClassifier, "dear", "15%"), (PrivateRegressor, "cost", 0.3)])
def test_quality_is_known_about_as_well_as_was_asked_and_no_more_is_paid(
    node: Door, estimator: type[PrivateClassifier] | type[PrivateRegressor], target: str, within: str | float
) -> None:
    model = estimator(node, learner="linear").fit(dataset="test", target=target, sql=TWO, within=within, share="60%")
    score, half = model.metrics_[0], 0.15 if within == "15%" else 0.3
    assert score.value - score.low < 2 * half, "what is attained may miss"
    assert 0 < model.cost_.share < 0.6
    wider = Specification(dataset="test", target=target, sql=TWO, within="40%", learner="linear")
    foreseen = [node.foresee(replace(wider, within=width), share="60%") for width in ("40%", "30%", "")]
    halves = [each.half for each in foreseen]
    assert halves[0] == pytest.approx(0.4, rel=0.02) and halves[1] == pytest.approx(0.3, rel=0.02)
    assert foreseen[0].cost.share < foreseen[1].cost.share < foreseen[2].cost.share == pytest.approx(0.6)
    assert halves[2] is not None and halves[2] < 0.3


def test_a_target_of_the_other_kind_is_refused_before_anything_is_paid(node: Door) -> None:
    spent = node.budget("test").spent_nrho
    with pytest.raises(Refusal, match="other_task"):
        PrivateRegressor(node).fit(dataset="test", target="dear", sql=ROWS)
    assert node.budget("test").spent_nrho == spent


def test_attempts_are_learned_in_their_order(node: Door) -> None:
    attempts = "SELECT cost, cost % 2 = 0 AS even, cost > 50 AS dear FROM visits"
    model = PrivateClassifier(node, skill="even", order="cost", rows_per_unit=2).fit(
        dataset="test", target="dear", sql=attempts, share="10%"
    )
    assert model.model_.learner == "performance-factors" and model.trained_.rows_per_unit == 2
    ((_, chance),) = model.predict_proba([{"even": True, "successes": 0, "failures": 0}])
    assert 0.1 < chance < 0.9


def test_parameters_are_those_of_the_constructor_so_that_an_estimator_can_be_copied() -> None:
    model = PrivateClassifier(None, learner="trees", features=["cost"], seed=3)  # type: ignore[arg-type]
    copy = PrivateClassifier(**model.get_params())
    assert copy.get_params() == model.get_params() and copy.set_params(seed=4).seed == 4
    with pytest.raises(ValueError, match="colour"):
        copy.set_params(colour="red")
    assert amana.PrivateClassifier is PrivateClassifier and amana.PrivateRegressor is PrivateRegressor


def test_a_synthesiser_makes_rows_where_the_data_are_and_gives_them_here(node: Door) -> None:
    maker = PrivateSynthesiser(node, columns=["cost"], rows=400).fit(dataset="test", share="10%")
    rows = maker.sample()
    assert len(rows) == 400 and maker.sample(3) == rows[:3]
    assert sum(float(row["cost"] or 0) > 50 for row in rows) == pytest.approx(200, abs=20)  # noise may leave a row or two without a cost
    assert all(0 <= error <= 1 for _, error in maker.report_) and maker.cost_.share == pytest.approx(0.1, rel=1e-6)
    copy = PrivateSynthesiser(**maker.get_params())
    assert copy.fit(dataset="test", share="10%").cost_.recalled and copy.sample() == rows


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"target": "nobody"}, "learn.no_column"),
        ({"target": "cost"}, "learn.no_features"),
        ({"target": "dear", "sql": ROWS, "skill": "cost"}, "learn.no_order"),
        ({"target": "cost", "table": "nobody"}, "learn.no_table"),
        ({"target": "dear", "sql": ROWS, "table": "visits"}, "learn.table_and_sql"),
        ({"target": "dear", "sql": ROWS, "groups": ["age"]}, "learn.group_not_used"),
        ({"target": "dear", "sql": ROWS, "within": "0.1%", "share": "2%"}, "learn.not_within"),
        ({"target": "dear", "sql": ROWS, "within": "close"}, "budget.precision_malformed"),
        ({"target": "dear", "sql": "SELECT nobody FROM visits"}, "sql.unknown_column"),
        ({"target": "dear", "sql": f"{ROWS}) AS t, (SELECT cost AS other FROM visits"}, "sql.duplicate_name"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_paid(node: Door, fields: dict[str, object], code: str) -> None:
    spent = node.budget("test").spent_nrho
    groups, skill = fields.pop("groups", ()), fields.pop("skill", "")
    with pytest.raises(Refusal) as refused:
        PrivateClassifier(node, groups=groups, skill=skill).fit(dataset="test", **fields)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert node.budget("test").spent_nrho == spent


def test_a_refusal_of_the_rows_points_into_the_select(node: Door) -> None:
    with pytest.raises(Refusal) as refused:
        PrivateClassifier(node).fit(dataset="test", target="dear", sql="SELECT cost,\n  nobody AS dear\nFROM visits -- of the clinic")
    assert refused.value.where is not None and (refused.value.where.line, refused.value.where.column) == (2, 3)
