"""Whatever noise a learner is shown, what it proposes next stays within the course that was paid for: else a training fails after its charge."""

from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest

from amana.catalog.domains import BooleanDomain, ChoiceDomain, Domain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.profile import Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.client.model_file import read_model, write_model
from amana.learn.quality import Bins, classified
from amana.learn.wanted import model_wanted, rows_wanted, table_wanted
from amana.privacy.rounds import Learner, Measured, Rounds, _plans
from amana.terms.ids import NanoRho
from amana.terms.model import TABLE_ABS_MAX
from amana.terms.training import LEARNERS, SEQUENCES, Specification, Synthesis

GROUPS_MAX = 100_000
NUMBER = NumberDomain(scale=0, low=0, high=100, nullable=True)
TARGETS: dict[str, Domain] = {
    "number": NumberDomain(scale=0, low=0, high=1000),
    "boolean": BooleanDomain(nullable=True),
    "single": ChoiceDomain(members=("a",)),
}
COLUMNS: dict[str, tuple[Domain, ...]] = {
    "one": (NUMBER,),
    "constant": (NumberDomain(scale=0, low=5, high=5),),
    "three": (NUMBER, BooleanDomain(), ChoiceDomain(members=("a", "b", "c"), nullable=True)),
    "members": (ChoiceDomain(members=tuple(f"m{place:03}" for place in range(200))),) * 2,
}


def schema_of(columns: tuple[Domain, ...], target: Domain, *, rows: int) -> Schema:
    named = tuple(Column(name=f"x{place}", domain=domain) for place, domain in enumerate(columns))
    who, aim = Column(name="who", domain=KeyDomain()), Column(name="y", domain=target)
    return Schema(
        unit="person",
        tables=(Table(name="people", private=True, unit_column="who", rows_per_unit_max=rows, columns=(who, *named, aim)),),
    )


def profile_of(units: float) -> Profile:
    table = TableProfile(table="people", units=units, rows=3 * units, rows_edges=(1, 99), units_by_rows=(units,), columns=())
    return Profile(tables=(table,))


def followed(learner: Learner, choice: object, schema: Schema, *, seed: int) -> Rounds:
    """All rounds of its course, where nothing but noise is ever found. Errors: Refusal or Fault of the kernel."""
    chance, done = np.random.default_rng(seed), cast("Rounds", ())
    training = cast("Any", SimpleNamespace(version=SimpleNamespace(dataset=SimpleNamespace(schema=schema)), choice=choice))
    kernel = cast("Any", SimpleNamespace(groups_max=GROUPS_MAX))
    while len(done) < len(learner.course.rounds):
        found: list[Measured] = []
        for plan in _plans(training, learner, kernel, done):
            keys = cast("Any", plan.bounded.keys).combinations
            found.append(
                Measured(private=plan, cells=tuple(tuple(float(round(chance.normal(0, scale))) for _ in keys) for scale in plan.scales))
            )
        done = (*done, tuple(found))
    return done


NINETEEN = (NUMBER,) * 19
"""One more, and their products are no longer the sums of one plan."""
CASES = [(columns, target, 10**5 if place % 2 else 10**10) for place, columns in enumerate(COLUMNS) for target in TARGETS]


@pytest.mark.parametrize(("columns", "target", "nano_rho"), CASES)
@pytest.mark.parametrize("learner", LEARNERS)
def test_a_learner_that_sees_only_noise_asks_for_no_more_than_was_paid(learner: str, target: str, columns: str, nano_rho: int) -> None:
    schema = schema_of(COLUMNS.get(columns, NINETEEN), TARGETS[target], rows=3)
    units = 1.0 if nano_rho == 10**5 else 1e6
    positive = "a" if target == "single" else ""
    wanted = Specification(dataset="d", target="y", positive=positive, learner=learner, groups=("x0",), rows_per_unit=2)
    made = model_wanted(
        wanted, rows_wanted(wanted, schema, profile_of(units), source=None), nano_rho=NanoRho(nano_rho), groups_max=GROUPS_MAX
    )
    done = followed(made, made.choice, schema, seed=nano_rho)
    assert made.finish(done).target == "y"
    assert all(metric.low <= metric.value <= metric.high for metric in made.quality(done))


def test_products_of_many_numbers_likewise() -> None:
    test_a_learner_that_sees_only_noise_asks_for_no_more_than_was_paid("statistics", "number", "nineteen", 10**5)


@pytest.mark.parametrize("nano_rho", [10**5, 10**10])
@pytest.mark.parametrize("target", TARGETS)
@pytest.mark.parametrize("features", [("x0",), ("x0", "x1", "x2")])
def test_a_learner_that_reads_a_text_likewise(features: tuple[str, ...], target: str, nano_rho: int) -> None:
    schema = schema_of((TextDomain(length_max=80, nullable=True), NUMBER, ChoiceDomain(members=("a", "b"))), TARGETS[target], rows=3)
    positive, groups = "a" if target == "single" else "", features[2:]
    wanted = Specification(dataset="d", target="y", positive=positive, features=features, groups=groups, rows_per_unit=2)
    rows = rows_wanted(wanted, schema, profile_of(1.0 if nano_rho == 10**5 else 1e6), source=None)
    made = model_wanted(wanted, rows, nano_rho=NanoRho(nano_rho), groups_max=GROUPS_MAX)
    done = followed(made, made.choice, schema, seed=nano_rho)
    assert made.name == "linear" and made.finish(done).target == "y"
    assert all(metric.low <= metric.value <= metric.high for metric in made.quality(done))


@pytest.mark.parametrize("features", [("x0",), ("x1", "x2")])
def test_what_noise_alone_makes_can_be_written_and_told(features: tuple[str, ...]) -> None:
    schema = schema_of((TextDomain(length_max=80), NUMBER, ChoiceDomain(members=("a", "b"))), TARGETS["boolean"], rows=1000)
    wanted = Specification(dataset="d", target="y", features=features, learner="linear", rows_per_unit=1000)
    rows = rows_wanted(wanted, schema, profile_of(100.0), source=None)
    made = model_wanted(wanted, rows, nano_rho=NanoRho(10**5), groups_max=GROUPS_MAX)
    beyond = 0
    for seed in range(6):
        done = followed(made, made.choice, schema, seed=seed)
        model = made.finish(done)
        beyond += abs(model.intercept) == TABLE_ABS_MAX
        assert read_model(write_model(model)) == model
    assert beyond, "noise did go further than a file can hold"


def test_chances_are_told_of_scores_as_far_as_they_can_be() -> None:
    bins = Bins(start=-8 * 2**30, width=2**30, count=9)
    counts = np.full((2, 9), 1000.0)
    scores, calibration = classified(counts, 1.0, bins)
    assert scores and calibration[0].chance == pytest.approx(0.0) and calibration[-1].chance == 1.0


@pytest.mark.parametrize("nano_rho", [10**5, 10**10])
@pytest.mark.parametrize("learner", [SEQUENCES, *(name for name in LEARNERS if name != "statistics")])
def test_a_learner_of_attempts_likewise(learner: str, nano_rho: int) -> None:
    skills = ChoiceDomain(members=("add", "take"))
    schema = schema_of((skills, NumberDomain(scale=0, low=0, high=100)), BooleanDomain(nullable=True), rows=12)
    wanted = Specification(dataset="d", target="y", learner=learner, skill="x0", order="x1", groups=("x0",))
    rows = rows_wanted(wanted, schema, profile_of(300.0), source=None)
    made = model_wanted(wanted, rows, nano_rho=NanoRho(nano_rho), groups_max=GROUPS_MAX)
    assert made.finish(followed(made, made.choice, schema, seed=1)).target == "y"


@pytest.mark.parametrize(
    ("columns", "target", "nano_rho"),
    [(columns, "y" if wanted == "boolean" else "", rho) for columns, wanted, rho in CASES if wanted != "single"],
)
def test_a_maker_of_synthetic_rows_likewise(target: str, columns: str, nano_rho: int) -> None:
    schema = schema_of(COLUMNS[columns], TARGETS["boolean"], rows=3)
    wanted = Synthesis(dataset="d", target=target, rows=50)
    made = table_wanted(wanted, rows_wanted(wanted, schema, profile_of(300.0), source=None), nano_rho=NanoRho(nano_rho))
    done = followed(made, made.choice, schema, seed=2)
    assert made.maker.finish(done, rows=50, chance=np.random.default_rng(3)).rows == 50
