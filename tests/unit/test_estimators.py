"""Estimators: scikit-learn's form over a node that keeps its rows."""

from collections.abc import Iterator

import pytest

import amana
from amana.client.estimators import PrivateClassifier, PrivateRegressor
from amana.local.door import Door, open_folder
from amana.node.wiring import publish
from amana.terms.refusal import Refusal
from tests.unit.publishing import HEAD, VISITS

ROWS = "SELECT cost, cost > 50 AS dear FROM visits"


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


def test_a_target_of_the_other_kind_is_refused_before_anything_is_paid(node: Door) -> None:
    spent = node.budget("test").spent_nrho
    with pytest.raises(Refusal, match="other_task"):
        PrivateRegressor(node).fit(dataset="test", target="dear", sql=ROWS)
    assert node.budget("test").spent_nrho == spent


def test_parameters_are_those_of_the_constructor_so_that_an_estimator_can_be_copied() -> None:
    model = PrivateClassifier(None, learner="trees", features=["cost"], seed=3)  # type: ignore[arg-type]
    copy = PrivateClassifier(**model.get_params())
    assert copy.get_params() == model.get_params() and copy.set_params(seed=4).seed == 4
    with pytest.raises(ValueError, match="colour"):
        copy.set_params(colour="red")
    assert amana.PrivateClassifier is PrivateClassifier and amana.PrivateRegressor is PrivateRegressor


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"target": "nobody"}, "learn.no_column"),
        ({"target": "cost"}, "learn.no_features"),
        ({"target": "cost", "table": "nobody"}, "learn.no_table"),
        ({"target": "dear", "sql": ROWS, "table": "visits"}, "learn.table_and_sql"),
        ({"target": "dear", "sql": ROWS, "groups": ["age"]}, "learn.group_not_used"),
        ({"target": "dear", "sql": "SELECT nobody FROM visits"}, "sql.unknown_column"),
        ({"target": "dear", "sql": f"{ROWS}) AS t, (SELECT cost AS other FROM visits"}, "sql.duplicate_name"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_paid(node: Door, fields: dict[str, object], code: str) -> None:
    spent = node.budget("test").spent_nrho
    groups = fields.pop("groups", ())
    with pytest.raises(Refusal) as refused:
        PrivateClassifier(node, groups=groups).fit(dataset="test", **fields)  # type: ignore[arg-type]
    assert refused.value.code == code
    assert node.budget("test").spent_nrho == spent


def test_a_refusal_of_the_rows_points_into_the_select(node: Door) -> None:
    with pytest.raises(Refusal) as refused:
        PrivateClassifier(node).fit(dataset="test", target="dear", sql="SELECT cost,\n  nobody AS dear\nFROM visits -- of the clinic")
    assert refused.value.where is not None and (refused.value.where.line, refused.value.where.column) == (2, 3)
