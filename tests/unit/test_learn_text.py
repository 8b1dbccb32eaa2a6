"""A text as a feature: words are found within noise, read alike in the engine and offline, and a unit changes no more than is paid for."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pandas
import pytest

from amana.catalog.domains import BooleanDomain, ChoiceDomain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.profile import Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.client.explain import describe
from amana.client.model_file import SignedModel as Signed
from amana.client.model_file import open_model, read_model, write_content, write_model
from amana.client.predict import Scorer, cells_of, read_cell
from amana.client.text import LANGUAGES, load
from amana.engines.duckdb import DuckDbEngine
from amana.engines.reference import ReferenceEngine
from amana.learn.linear import Linear
from amana.learn.quality import _scored
from amana.learn.texts import GRAMS
from amana.learn.wanted import WantedModel, model_wanted, rows_wanted
from amana.learn.words import sums_by
from amana.privacy.bound import bound
from amana.privacy.kernel import Training
from amana.privacy.rounds import Rounds, train
from amana.query.check import check
from amana.query.expr import Column as Named
from amana.query.plan import Relation, Scan, Union
from amana.terms.ids import NanoRho
from amana.terms.model import Effect, Feature, FeatureKind, Model
from amana.terms.refusal import Refusal
from amana.terms.training import LEARNERS, Specification
from tests.databases import write_store
from tests.parts import SCHEDULE, kernel, leave, ledger_at, version

NOTES_MAX = 3
NOTES = Table(
    name="notes",
    private=True,
    unit_column="patient",
    rows_per_unit_max=NOTES_MAX,
    columns=(
        Column(name="patient", domain=KeyDomain()),
        Column(name="note", domain=TextDomain(length_max=60, nullable=True)),
        Column(name="reply", domain=TextDomain(length_max=10)),
        Column(name="age", domain=NumberDomain(scale=0, low=0, high=100)),
        Column(name="ward", domain=ChoiceDomain(members=("a", "b", "c"), nullable=True)),
        Column(name="urgent", domain=BooleanDomain(nullable=True)),
        Column(name="cost", domain=NumberDomain(scale=0, low=0, high=100)),
    ),
)
SCHEMA = Schema(unit="patient", tables=(NOTES,))
PLAIN, ALARMING = ("السلام", "شكرا بزاف", "rendez-vous", "كولشي مزيان", "merci"), ("كنحس بالألم", "النزيف", "douleur forte")
PLENTY, LITTLE = NanoRho(20 * 10**9), NanoRho(300_000)
PATIENTS = 900
Row = dict[str, Any]


def notes(seed: int, *, many: int = PATIENTS) -> list[Row]:
    """Urgent is what alarms, and sometimes whoever is old; a note in twenty is empty, an outcome in twenty unknown."""
    chance, rows = Random(seed), list[Row]()
    for patient in range(many):
        for rank in range(chance.randint(1, NOTES_MAX)):
            alarming, age = chance.random() < 0.4, chance.randrange(100)
            said = [chance.choice(PLAIN), chance.choice(ALARMING if alarming else PLAIN), chance.choice(PLAIN)]
            chance.shuffle(said)
            silent = chance.random() < 0.05
            urgent = (alarming and not silent) if chance.random() < 0.9 else age > 60
            rows.append({
                "u": patient, "r": rank + 1, "patient": patient, "note": None if silent else " ".join(said), "reply": "ok", "age": age,
                "ward": chance.choice(("a", "b", "c", None)), "urgent": None if chance.random() < 0.05 else urgent,
                "cost": min(100, 30 + 40 * urgent + chance.randrange(10)),
            })  # fmt: skip
    return rows


LEARNED, OTHERS = notes(1), [row for row in notes(2, many=300) if row["urgent"] is not None]


def specification(**changes: Any) -> Specification:
    return replace(Specification(dataset="clinic", target="urgent", features=("note",)), **changes)


def wanted(of: Specification, *, nano_rho: NanoRho, source: Relation | None = None) -> WantedModel:
    table = TableProfile(table="notes", units=PATIENTS, rows=2 * PATIENTS, rows_edges=(1,), units_by_rows=(PATIENTS,), columns=())
    rows = rows_wanted(of, SCHEMA, Profile(tables=(table,)), source=source)
    return model_wanted(of, rows, nano_rho=nano_rho, groups_max=100_000)


def short(made: WantedModel, *, rounds: int = 4) -> WantedModel:
    """Of fewer rounds: tests have little time."""
    learner = made.assessed.learner
    assert isinstance(learner, Linear)
    fewer = replace(made.assessed, learner=replace(learner, rounds=rounds))
    return replace(made, assessed=fewer, course=fewer.course)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbEngine]:
    folder = tmp_path_factory.mktemp("notes")
    write_store({"notes": LEARNED}, folder / "store", key="secret", schema=SCHEMA)  # type: ignore[dict-item]
    opened = DuckDbEngine(folder / "store", key="secret", schema=SCHEMA, memory_bytes_max=2**28, threads=1, folder_spill=folder / "spill")
    yield opened
    opened.close()


def rounds_of(learner: WantedModel, engine: DuckDbEngine) -> Rounds:
    """All rounds, paid from a ledger of their own."""
    of = version(schema=SCHEMA, cap_nrho=10**15)
    use = Training(permit=leave(of), version=of, choice=learner.choice)
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, engine), schedule=replace(SCHEDULE, rows=(("notes", 10_000),), base_s=100.0), groups_max=10_000)  # type: ignore[arg-type]
        return train(use, learner, parts).rounds


def area(model: Model, rows: list[Row]) -> float:
    scores = Scorer(model).scores([cells_of(model, row) for row in rows])
    pairs = [(a > b) + (a == b) / 2 for a, x in zip(scores, rows, strict=True) if x["urgent"] for b, y in zip(scores, rows, strict=True) if not y["urgent"]]  # fmt: skip
    return sum(pairs) / len(pairs)


@pytest.fixture(scope="module")
def learned(engine: DuckDbEngine) -> tuple[WantedModel, Rounds]:
    made = short(wanted(specification(features=("note", "age", "ward"), groups=("ward",), rows_per_unit=2), nano_rho=PLENTY), rounds=6)
    return made, rounds_of(made, engine)


def test_words_are_found_within_noise_beside_other_columns(learned: tuple[WantedModel, Rounds]) -> None:
    made, done = learned
    model = made.finish(done)
    assert made.name == "linear" and made.rows_per_unit == 2, "the automatic choice for a text"
    assert area(model, OTHERS) > 0.9
    told = {(metric.name, metric.group): metric.value for metric in made.quality(done)}
    assert told["auc", ""] == pytest.approx(area(model, OTHERS), abs=0.04) and ("auc", "a") in told
    said = {"age": 30, "ward": "a"}
    alarmed, calm = (model.predict(cells_of(model, {**said, "note": note})) for note in ("النَّزيفُ", "شكراً"))
    assert alarmed > 0.75 and calm < 0.25, "sure, though every weight is small; vowel signs change nothing"
    assert told["accuracy", ""] > 0.85
    assert model.predict(cells_of(model, {**said, "note": None})) == model.predict(cells_of(model, {**said, "note": ""}))


def test_the_engine_scores_every_row_as_the_file_does(learned: tuple[WantedModel, Rounds]) -> None:
    made, done = learned
    problem, model = made.assessed.learner.problem, read_model(write_model(made.finish(done)))
    plan = check(sums_by(_scored(problem, model), "", Named(name="s")), SCHEMA, nodes_max=10**6)
    bounded = bound(plan, SCHEMA, choice=made.choice, groups_max=1000)
    rows = notes(7, many=12)
    found = ReferenceEngine({"notes": rows}, schema=SCHEMA).run(bounded, groups_max=1000, seconds_max=60).open_for_noise()
    kept = [row for row in rows if row["r"] <= 2 and row["urgent"] is not None]
    assert found.cells[()] == (sum(model.score(cells_of(model, row)) for row in kept),)


def test_scores_are_the_same_by_rows_and_by_columns_and_in_each_form_of_file(learned: tuple[WantedModel, Rounds], tmp_path: Path) -> None:
    made, done = learned
    model = made.finish(done)
    rows = [cells_of(model, row) for row in OTHERS]
    assert len(rows) > 200, "so many that NumPy adds"
    assert Scorer(model).scores(rows) == [model.score(row) for row in rows] == [Scorer(model).score(row) for row in rows]
    for suffix in (".json", ".safetensors"):
        (tmp_path / f"m{suffix}").write_bytes(write_content(Signed(model=model), suffix=suffix))
        assert open_model(tmp_path / f"m{suffix}") == model
    with pytest.raises(Refusal) as refused:
        write_content(Signed(model=model), suffix=".onnx")
    assert refused.value.code == "model.text_not_in_onnx" and refused.value.parameters["column"] == "note"


@pytest.mark.parametrize("value", [None, float("nan"), Decimal("NaN"), Decimal("sNaN"), pandas.NA, pandas.NaT])
def test_what_programs_write_for_no_text_is_no_text(value: Any) -> None:
    note = Feature(name="note", kind=FeatureKind.TEXT, grams=GRAMS)
    assert read_cell(note, value) == ((0,), True) and read_cell(note, "nan") != ((0,), True)


def test_a_number_is_predicted_from_a_text_too(engine: DuckDbEngine) -> None:
    made = short(wanted(specification(target="cost"), nano_rho=PLENTY), rounds=20)
    model = made.finish(rounds_of(made, engine))
    costs = [row["cost"] for row in OTHERS]
    mean = sum(costs) / len(costs)
    left = sum((model.predict(cells_of(model, row)) - row["cost"]) ** 2 for row in OTHERS)
    assert 1 - left / sum((cost - mean) ** 2 for cost in costs) > 0.4


def test_under_much_noise_little_is_said(engine: DuckDbEngine) -> None:
    made = short(wanted(specification(), nano_rho=LITTLE), rounds=2)
    done = rounds_of(made, engine)
    assert len(done) == len(made.course.rounds) and sum(cap.nano_rho for cap in made.course.rounds) <= LITTLE
    (effect,) = made.finish(done).parts
    assert isinstance(effect, Effect) and len(effect.values) == GRAMS.buckets
    assert max(map(abs, effect.values)) < 500, "no bucket is worth half a logit that nobody saw"


def test_a_patient_changes_no_sum_of_a_round_by_more_than_is_paid_for(engine: DuckDbEngine) -> None:
    made = short(wanted(specification(features=("note", "age"), rows_per_unit=3), nano_rho=PLENTY), rounds=1)
    done, rows = rounds_of(made, engine), notes(4, many=6)
    largest = 0.0
    for patient in (2, 3, 5):
        engines = [ReferenceEngine({"notes": some}, schema=SCHEMA) for some in (rows, [row for row in rows if row["patient"] != patient])]
        for measure in (*made.propose(()), *made.propose(done[:1])):
            bounded = bound(check(measure.plan, SCHEMA, nodes_max=10**6), SCHEMA, choice=made.choice, groups_max=10_000)
            found = [one.run(bounded, groups_max=10_000, seconds_max=60).open_for_noise().cells for one in engines]
            for place, total in enumerate(bounded.sums):
                with_her, without = ({key: float(sums[place]) for key, sums in cells.items()} for cells in found)  # type: ignore[arg-type]
                change = sum((value - without.get(key, 0.0)) ** 2 for key, value in with_her.items())
                assert change <= total.l2_squared
                largest = max(largest, change / total.l2_squared)
    assert largest > 0.05, "the bound is not much too large"


def test_the_noise_of_a_bucket_grows_with_the_root_of_the_buckets_of_a_row() -> None:
    made = wanted(specification(rows_per_unit=2), nano_rho=PLENTY)
    plans = [measure.plan for measure in made.propose(())]
    bounds = [bound(check(plan, SCHEMA), SCHEMA, choice=made.choice, groups_max=10_000).sums[0] for plan in plans]
    assert [total.l2_squared for total in bounds] == [4, 4 * GRAMS.most], "all rows; by bucket"


BOTH = Union(parts=(Scan(table="notes", alias="t"), Scan(table="notes", alias="t")))


@pytest.mark.parametrize(
    ("changes", "source", "code"),
    [
        ({"features": ("note", "reply")}, None, "learn.one_text"),
        ({"learner": "trees"}, None, "learn.text_linear"),
        ({"learner": "statistics", "target": "cost"}, None, "learn.text_linear"),
        ({"learner": "glass-box"}, None, "learn.text_linear"),
        ({"groups": ("note",)}, None, "learn.group_not_used"),
        ({"rows_per_unit": 6}, BOTH, "learn.text_of_groups"),
        ({"target": "reply", "features": ("age",)}, None, "learn.no_domain"),
    ],
)
def test_what_cannot_be_read_is_refused_before_anything_is_paid(changes: dict[str, Any], source: Relation | None, code: str) -> None:
    with pytest.raises(Refusal) as refused:
        wanted(specification(**changes), nano_rho=PLENTY, source=source)
    assert refused.value.code == code
    for language in LANGUAGES:
        assert "word." not in describe(refused.value, asked="", catalogue=load(language))


@pytest.mark.parametrize("learner", LEARNERS)
def test_a_text_is_left_out_unless_it_is_named(learner: str) -> None:
    made = wanted(specification(features=(), learner=learner), nano_rho=PLENTY)
    assert [feature.name for feature in made.assessed.learner.problem.features] == ["age", "ward", "cost"]
