"""Learners through the kernel: they find a signal that is there, stay within their course, and make nothing of noise alone."""

from collections.abc import Iterator
from dataclasses import replace
from math import isfinite

import pytest

from amana.engines.duckdb import DuckDbEngine
from amana.learn.assessed import Assessed, assessed
from amana.learn.choose import Chosen, learner_for
from amana.learn.glass_box import GlassBox
from amana.learn.linear import Linear
from amana.learn.performance_factors import PerformanceFactors
from amana.learn.problem import Problem
from amana.learn.sufficient_statistics import Statistics
from amana.learn.trees import Trees
from amana.terms.ids import NanoRho
from amana.terms.model import Effect, FeatureKind, Task
from amana.terms.training import LEARNERS
from tests.unit.learning import area, cells, explained, people, problem, rounds_of, store

PLENTY, LITTLE = NanoRho(20 * 10**9), NanoRho(200_000)
TRAINED, OTHERS = people(1), people(2)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbEngine]:
    with store(tmp_path_factory.mktemp("people"), TRAINED) as opened:
        yield opened


def short(learner: Chosen) -> Chosen:
    """Of fewer rounds: tests have little time."""
    match learner:
        case GlassBox() | PerformanceFactors() | Statistics():
            return replace(learner, rounds=10)
        case Linear():
            return replace(learner, rounds=12 if learner.problem.task is Task.REGRESSION else 6)
        case Trees():
            return replace(learner, rounds=8, trees=10)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_learner_finds_the_signal_in_rows_it_never_saw(engine: DuckDbEngine, name: str) -> None:
    learner = short(learner_for(problem(), name, nano_rho=PLENTY))
    model = learner.finish(rounds_of(learner, engine))
    assert model.learner == name and area(model, OTHERS) > {"linear": 0.85, "statistics": 0.85, "glass-box": 0.86, "trees": 0.80}[name]


@pytest.mark.parametrize("name", ["linear", "statistics"])
def test_a_gradient_that_is_cut_off_leaves_the_mean_where_it_is(engine: DuckDbEngine, name: str) -> None:
    learner = short(learner_for(problem(target="place", positive="hills", features=("age", "smokes")), name, nano_rho=PLENTY))
    model = learner.finish(rounds_of(learner, engine))
    there = [row for row in OTHERS if row["place"] is not None]
    rate, told = sum(row["place"] == "hills" for row in there), sum(model.predict(cells(model.features, row)) for row in there)
    assert told / len(there) == pytest.approx(rate / len(there), abs=0.04), "cut off at half, it would be 0.08 less"


@pytest.mark.parametrize(("name", "least"), [("linear", 0.7), ("statistics", 0.7), ("glass-box", 0.6), ("trees", 0.35)])
def test_a_number_is_predicted_too(engine: DuckDbEngine, name: str, least: float) -> None:
    learner = short(learner_for(problem(target="cost"), name, nano_rho=PLENTY))
    assert explained(learner.finish(rounds_of(learner, engine)), OTHERS) > least


@pytest.mark.parametrize("target", ["ill", "cost"])
@pytest.mark.parametrize("name", LEARNERS)
def test_under_much_noise_a_course_is_kept_and_a_model_is_whole_numbers(engine: DuckDbEngine, name: str, target: str) -> None:
    learner = replace(short(learner_for(problem(target=target), name, nano_rho=LITTLE)), rounds=2)
    done = rounds_of(learner, engine)
    caps = learner.course.rounds
    assert len(done) == len(caps) and sum(cap.nano_rho for cap in caps) <= LITTLE
    model = learner.finish(done)
    assert model == learner.finish(done), "a function of what left"
    assert all(isfinite(value) for part in model.parts for value in (part.values if isinstance(part, Effect) else part.leaves))


def test_with_noise_alone_the_linear_learner_says_little(engine: DuckDbEngine) -> None:
    learner = learner_for(problem(), "linear", nano_rho=LITTLE)
    model = learner.finish(rounds_of(learner, engine))
    widest = max(abs(value) for part in model.parts if isinstance(part, Effect) for value in part.values)
    assert widest < 2_000, "nothing is worth two logits that nobody saw"


def test_the_glass_box_leaves_out_columns_without_a_signal_and_shows_the_others_by_cell(engine: DuckDbEngine) -> None:
    learner = short(learner_for(problem(), "glass-box", nano_rho=PLENTY))
    model = learner.finish(rounds_of(learner, engine))
    curves = {model.features[part.features[0]].name: part for part in model.parts if isinstance(part, Effect)}
    assert "age" in curves and "since" not in curves
    age = curves["age"].values
    assert age[0] < age[len(age) // 2] < age[-2], "the old are ill more often"


def test_a_curve_says_nothing_of_what_can_never_be_missing(engine: DuckDbEngine) -> None:
    of = problem()
    learner = short(learner_for(of, "glass-box", nano_rho=PLENTY))
    model = learner.finish(rounds_of(learner, engine))
    for part in model.parts:
        assert isinstance(part, Effect)
        place = part.features[0]
        if not of.missing[place] and of.features[place].kind is FeatureKind.NUMBER:
            assert part.values[-1] == part.values[-2]


def test_quality_is_measured_in_the_same_course_for_all_and_for_each_group(engine: DuckDbEngine) -> None:
    of = problem()
    made = assessed(of, "linear", nano_rho=PLENTY, groups=(place_of(of, "place"),))
    made = replace(made, learner=short(made.learner))
    assert sum(cap.nano_rho for cap in made.course.rounds) <= PLENTY
    done = rounds_of(made, engine)
    model, quality = made.finish(done), made.quality(done)
    everybody, members = quality[0], quality[1:]
    scores = {score.metric: score for score in everybody.scores}
    known = [row for row in TRAINED if row["ill"] is not None]
    assert everybody.rows == pytest.approx(len(known), rel=0.02)
    assert (
        scores["auc"].value == pytest.approx(area(model, TRAINED), abs=0.02)
        and scores["auc"].low < area(model, TRAINED) < scores["auc"].high + 0.02
    )
    assert scores["positive_rate"].value == pytest.approx(sum(row["ill"] == "yes" for row in known) / len(known), abs=0.02)
    assert [(one.group, one.member) for one in members] == [("place", member) for member in ("city", "coast", "hills", "none", "")]
    assert members[3].scores == (), "of nobody nothing is told"
    off = sum(one.rows * abs(one.share - one.chance) for one in everybody.calibration) / sum(one.rows for one in everybody.calibration)
    assert off < 0.1 and len(everybody.calibration) > 3


def test_the_groups_of_a_boolean_are_named_as_they_are(engine: DuckDbEngine) -> None:
    of = problem()
    made = assessed(of, "linear", nano_rho=PLENTY, groups=(place_of(of, "smokes"),))
    made = replace(made, learner=replace(made.learner, rounds=1))
    rates = {
        one.member: score.value
        for one in made.quality(rounds_of(made, engine))
        for score in one.scores
        if one.group and score.metric == "positive_rate"
    }
    for member, smokes in (("true", True), ("false", False), ("", None)):
        own = [row["ill"] == "yes" for row in TRAINED if row["smokes"] is smokes and row["ill"] is not None]
        assert rates[member] == pytest.approx(sum(own) / len(own), abs=0.03)


def test_quality_of_a_regression_is_what_it_explains(engine: DuckDbEngine) -> None:
    made = assessed(problem(target="cost"), "linear", nano_rho=PLENTY)
    made = replace(made, learner=short(made.learner))
    done = rounds_of(made, engine)
    (score,) = made.quality(done)[0].scores
    assert score.metric == "r2" and score.value == pytest.approx(explained(made.finish(done), TRAINED), abs=0.05)


@pytest.mark.parametrize("name", LEARNERS)
def test_a_course_with_quality_is_as_large_as_it_says(engine: DuckDbEngine, name: str) -> None:
    made: Assessed = assessed(problem(), name, nano_rho=LITTLE)
    rounds = rounds_of(replace(made, learner=replace(short(made.learner), rounds=1)), engine)
    assert len(rounds) == {"linear": 3, "statistics": 5, "glass-box": 3, "trees": 4}[name]


def test_other_seeds_draw_other_trees_and_the_same_seed_the_same() -> None:
    one, other = (learner_for(problem(), "trees", nano_rho=PLENTY, seed=seed) for seed in (1, 2))
    assert one.course.name != other.course.name
    assert one.course == learner_for(problem(), "trees", nano_rho=PLENTY, seed=1).course


def place_of(of: Problem, name: str) -> int:
    return next(place for place, feature in enumerate(of.features) if feature.name == name)
