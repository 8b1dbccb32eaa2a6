"""What is to be learned, from public facts: grids that follow from domains, and a row's cell is the same in the engine and in the model."""

from datetime import date
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, NumberDomain
from amana.catalog.schema import Column, Table
from amana.engines.reference_values import Value, value_of
from amana.learn.choose import automatic, learner_for
from amana.learn.glass_box import GlassBox
from amana.learn.linear import Linear
from amana.learn.problem import feature_of, problem_of
from amana.learn.words import CHANCES, REACH, STEP, cell_of, leaf_of, score_of
from amana.query.expr import Column as Named
from amana.terms.ids import NanoRho
from amana.terms.model import END_ABS_MAX, UNIT, FeatureKind, Task
from amana.terms.refusal import Refusal
from tests.unit.learning import PEOPLE, cells, people, problem


@pytest.mark.parametrize(
    ("given", "code"),
    [
        ({"target": "fate"}, "learn.no_column"),
        ({"target": "note"}, "learn.no_domain"),
        ({"target": "id"}, "learn.no_domain"),
        ({"target": "ill", "positive": "yes", "features": ("age", "id")}, "learn.no_domain"),
        ({"target": "ill"}, "learn.no_positive"),
        ({"target": "ill", "positive": "maybe"}, "learn.no_positive"),
        ({"target": "smokes", "positive": "yes"}, "learn.no_positive"),
        ({"target": "since"}, "learn.target_single"),
        ({"target": "ill", "positive": "yes", "features": ("age", "ill")}, "learn.no_features"),
    ],
)
def test_what_cannot_be_learned_is_refused_before_anything_is_paid(given: dict[str, object], code: str) -> None:
    with pytest.raises(Refusal) as refused:
        problem_of(PEOPLE, units=10.0, **given)  # type: ignore[arg-type]
    assert refused.value.code == code


def test_a_column_without_declared_values_is_left_out_unless_it_is_named() -> None:
    found = problem_of(PEOPLE, target="ill", positive="yes", units=10.0)
    assert [feature.name for feature in found.features] == ["age", "income", "place", "smokes", "since", "cost"]
    assert found.missing == (False, True, True, True, False, False) and found.target_missing


@given(st.integers(-1_000, 1_000), st.integers(0, 10**9), st.integers(0, 4))
def test_edges_lie_inside_the_domain_and_rise(low: int, width: int, scale: int) -> None:
    feature = feature_of("x", NumberDomain(scale=scale, low=low, high=low + width))
    assert list(feature.edges) == sorted(set(feature.edges))
    assert all(low < edge <= low + width for edge in feature.edges)


ROWS = people()


@given(st.sampled_from(ROWS))
def test_an_expression_gives_the_cell_that_the_model_reads(row: dict[str, object]) -> None:
    of = problem()
    for feature, column, missing, wanted in zip(of.features, of.columns, of.missing, cells(of.features, row), strict=True):
        seen = value_of(cell_of(feature, column, range(feature.cells), missing=missing), read(row))
        assert seen == wanted, feature


@given(st.sampled_from(ROWS), st.data())
def test_cells_that_are_one_group_count_as_one(row: dict[str, object], data: st.DataObject) -> None:
    of = problem()
    place = data.draw(st.integers(0, len(of.features) - 1))
    feature = of.features[place]
    if feature.kind is FeatureKind.NUMBER:
        groups = sorted(data.draw(st.lists(st.integers(0, 5), min_size=feature.cells, max_size=feature.cells)))
    else:
        groups = data.draw(st.lists(st.integers(0, 5), min_size=feature.cells, max_size=feature.cells))
    seen = value_of(cell_of(feature, of.columns[place], groups, missing=of.missing[place]), read(row))
    assert seen == groups[cells(of.features, row)[place]]


@given(
    st.lists(st.tuples(st.integers(0, 3), st.sets(st.integers(0, 4), min_size=1)), min_size=1, max_size=4),
    st.lists(st.integers(0, 4), min_size=4, max_size=4),
)
def test_a_leaf_is_the_sum_of_the_levels_that_say_yes(splits: list[tuple[int, set[int]]], at: list[int]) -> None:
    row: dict[str, Value] = {f"c{place}": Fraction(cell) for place, cell in enumerate(at)}
    seen = value_of(leaf_of(tuple((place, tuple(sorted(yes))) for place, yes in splits)), row)
    assert seen == sum(1 << level for level, (place, yes) in enumerate(splits) if at[place] in yes)


def test_a_score_is_the_intercept_and_what_each_cell_adds() -> None:
    score = score_of(7, [(Named(name="a"), (1, 10)), (Named(name="b"), (100, 1000, 10_000))])
    assert value_of(score, {"a": Fraction(1), "b": Fraction(2)}) == 7 + 10 + 10_000


def test_chances_are_those_of_the_logistic_curve_within_half_a_step() -> None:
    assert len(CHANCES) == 2 * REACH // STEP + 1 and min(CHANCES) >= 0 and max(CHANCES) <= UNIT
    assert CHANCES[len(CHANCES) // 2] in (UNIT // 2, UNIT // 2 + 2) and list(CHANCES) == sorted(CHANCES)


@pytest.mark.parametrize(("units", "made"), [(300.0, Linear), (5_000.0, Linear), (40_000.0, GlassBox)])
def test_the_automatic_choice_looks_at_public_facts_only(units: float, made: type) -> None:
    assert isinstance(learner_for(problem(units=units), "auto", nano_rho=NanoRho(30_000_000)), made)


def test_a_regression_is_a_line_and_an_unknown_learner_is_refused() -> None:
    assert automatic(problem(target="cost", units=1e6), nano_rho=NanoRho(10**9)) == "statistics"
    with pytest.raises(Refusal, match="learn.no_learner"):
        learner_for(problem(), "oracle", nano_rho=NanoRho(1))


def test_a_target_of_one_value_is_refused() -> None:
    table = Table(
        name="t", private=True,
        columns=(Column(name="x", domain=NumberDomain(scale=0, low=3, high=3)), Column(name="y", domain=ChoiceDomain(members=("a",)))),
    )  # fmt: skip
    with pytest.raises(Refusal, match="learn.target_single"):
        problem_of(table, target="x", units=1.0)
    assert problem_of(table, target="y", positive="a", units=1.0).task is Task.CLASSIFICATION


def test_a_target_whose_ends_no_model_file_holds_is_refused_before_anything_is_paid() -> None:
    for low, high in ((0, END_ABS_MAX + 1), (-END_ABS_MAX - 1, 0)):
        columns = (Column(name="x", domain=NumberDomain(scale=0, low=low, high=high)), Column(name="b", domain=BooleanDomain()))
        with pytest.raises(Refusal, match="learn.numbers_large"):
            problem_of(Table(name="t", private=True, columns=columns), target="x", units=1.0)
        assert problem_of(Table(name="t", private=True, columns=columns), target="b", units=1.0)  # a feature may be so large


def read(row: dict[str, object]) -> dict[str, Value]:
    """The row as the reference engine holds it."""
    found: dict[str, Value] = {}
    for column in PEOPLE.columns:
        value = row[column.name]
        if isinstance(column.domain, NumberDomain) and value is not None:
            assert isinstance(value, int)
            value = Fraction(value, 10**column.domain.scale)
        assert value is None or isinstance(value, bool | Fraction | str | date | int)
        found[f"t.{column.name}"] = value
    return found
