"""What each column adds to a model's score, told as people read it."""

from dataclasses import replace

import pytest

from amana.client.model_shapes import shapes_of
from amana.terms.model import Effect, Feature, FeatureKind, Part, Task, Tree
from tests.models import MODEL
from tests.unit.models import some_model


def test_columns_come_with_the_largest_reach_first_and_values_as_people_write_them() -> None:
    age, stay = shapes_of(MODEL)
    assert (age.name, stay.name) == ("age", "stay")
    assert [(step.values, round(1024 * step.adds)) for step in age.steps] == [
        ("… 20", -400), ("20 – 40", -100), ("40 – 65", 200), ("65 …", 700), (None, 0),
    ]  # fmt: skip
    assert [step.values for step in stay.steps] == ["short", "<long>", None]
    assert age.reach == pytest.approx(1100 / 1024) and age.least.values == "… 20" and age.line == "▁▃▅█▄"


def test_neighbours_that_add_the_same_are_told_once() -> None:
    age = replace(MODEL, parts=(Effect(features=(0,), values=(5, 5, 7, 7, 5)),))
    (shape,) = shapes_of(age)
    assert [step.values for step in shape.steps] == ["… 40", "40 …", None]


def test_dates_truths_and_decimals_are_told_as_such() -> None:
    features = (
        Feature(name="since", kind=FeatureKind.NUMBER, edges=(365,), dates=True),
        Feature(name="smokes", kind=FeatureKind.BOOLEAN),
        Feature(name="dose", kind=FeatureKind.NUMBER, edges=(150,), decimals=2),
    )
    parts = tuple(Effect(features=(place,), values=(0, 1 + place, 0)) for place in range(3))
    told = {each.name: [step.values for step in each.steps] for each in shapes_of(replace(MODEL, features=features, parts=parts))}
    assert told == {
        "since": ["… 1971-01-01", "1971-01-01 …", None],
        "smokes": ["false", "true", None],
        "dose": ["… 1.50", "1.50 …", None],
    }


def test_a_regression_is_told_in_units_of_its_target() -> None:
    model = replace(MODEL, task=Task.REGRESSION, low=0, high=20_480, decimals=1, parts=MODEL.parts[:1])
    assert shapes_of(model)[0].most.adds == pytest.approx(700 * 2)


def test_what_adds_nothing_is_left_out() -> None:
    assert [shape.name for shape in shapes_of(replace(MODEL, parts=(*MODEL.parts[1:], Effect(features=(0,), values=(3,) * 5))))] == ["stay"]


@pytest.mark.parametrize("other", [Tree(splits=((0, (1,)),), leaves=(1, 2)), Effect(features=(0, 1), values=tuple(range(15)))])
def test_a_model_that_is_no_sum_of_columns_is_not_drawn_as_one(other: Part) -> None:
    assert shapes_of(replace(MODEL, parts=(*MODEL.parts, other))) == ()


@pytest.mark.parametrize("seed", range(5))
def test_any_model_has_finite_shapes(seed: int) -> None:
    model = some_model(seed, parts=40)
    parts = tuple(part for part in model.parts if isinstance(part, Effect) and len(part.features) == 1)
    shapes = shapes_of(replace(model, parts=parts))
    assert shapes
    for shape in shapes:
        assert shape.reach > 0 and len(shape.line) == len(shape.steps)
