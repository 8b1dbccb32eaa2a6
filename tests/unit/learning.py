"""A small invented table with a known signal, and learners over it through the kernel, with a ledger in memory."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from math import exp
from pathlib import Path
from random import Random
from typing import Any

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.schema import Column, Schema, Table
from amana.engines.duckdb import DuckDbEngine
from amana.learn.problem import Problem, problem_of
from amana.privacy.bound import Choice
from amana.privacy.kernel import Training
from amana.privacy.rounds import Learner, Rounds, train
from amana.terms.model import Feature, FeatureKind, Model
from tests.databases import write_store
from tests.parts import SCHEDULE, kernel, leave, ledger_at, version

PEOPLE = Table(
    name="people",
    private=True,
    unit_column="id",
    rows_per_unit_max=1,
    columns=(
        Column(name="id", domain=KeyDomain()),
        Column(name="age", domain=NumberDomain(scale=0, low=0, high=100)),
        Column(name="income", domain=NumberDomain(scale=2, low=0, high=10_000_000, nullable=True)),
        Column(name="place", domain=ChoiceDomain(members=("city", "coast", "hills", "none"), nullable=True)),
        Column(name="smokes", domain=BooleanDomain(nullable=True)),
        Column(name="since", domain=DateDomain(low=date(2000, 1, 1), high=date(2019, 12, 31))),
        Column(name="note", domain=TextDomain(length_max=10)),
        Column(name="ill", domain=ChoiceDomain(members=("no", "yes"), nullable=True)),
        Column(name="cost", domain=NumberDomain(scale=1, low=0, high=2_000)),
    ),
)
SCHEMA = Schema(unit="person", tables=(PEOPLE,))
PEOPLE_COUNT = 1_500
Row = dict[str, Any]


def people(seed: int = 1) -> list[Row]:
    """The old, the poor and those who smoke are ill more often, and cost more."""
    chance, rows = Random(seed), list[Row]()
    for number in range(PEOPLE_COUNT):
        age, smokes = chance.randint(0, 100), chance.choice((True, False, None))
        income = None if chance.random() < 0.1 else int(100 * exp(chance.gauss(8, 1)))
        place = chance.choice(("city", "coast", "hills", None))
        score = (age - 50) / 12 + (1.5 if smokes else 0) - (1 if income is None else (income > 300_000) * 1.5) + (place == "hills") - 0.5
        ill = None if chance.random() < 0.05 else "yes" if chance.random() < 1 / (1 + exp(-score)) else "no"
        cost = min(max(round(800 + 120 * score + chance.gauss(0, 100)), 0), 2_000)
        rows.append({
            "id": number, "age": age, "income": income, "place": place, "smokes": smokes, "note": "x", "ill": ill, "cost": cost,
            "since": date(2000, 1, 1) + timedelta(days=chance.randint(0, 7_000)), "u": number, "r": 1,
        })  # fmt: skip
    return rows


def problem(*, target: str = "ill", positive: str = "yes", features: tuple[str, ...] = (), units: float = PEOPLE_COUNT) -> Problem:
    named = features or ("age", "income", "place", "smokes", "since")
    return problem_of(PEOPLE, target=target, positive=positive if target in ("ill", "place") else "", features=named, units=units)


@contextmanager
def store(folder: Path, rows: list[Row], *, schema: Schema = SCHEMA) -> Iterator[DuckDbEngine]:
    write_store({"people": rows}, folder / "store", key="secret", schema=schema)  # type: ignore[dict-item]
    engine = DuckDbEngine(folder / "store", key="secret", schema=schema, memory_bytes_max=2**28, threads=1, folder_spill=folder / "spill")
    try:
        yield engine
    finally:
        engine.close()


def rounds_of(learner: Learner, engine: DuckDbEngine, *, schema: Schema = SCHEMA) -> Rounds:
    """All rounds, paid from a ledger of their own."""
    of = version(schema=schema, cap_nrho=10**15)
    use = Training(permit=leave(of), version=of, choice=Choice(keep=(("t", 1),)))
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, engine), schedule=replace(SCHEDULE, rows=(("people", PEOPLE_COUNT),), base_s=300.0))  # type: ignore[arg-type]
        return train(use, learner, parts).rounds


def cells(features: tuple[Feature, ...], row: Row) -> tuple[int, ...]:
    """The cells of a row, as a clinic without the node would read them."""
    read = []
    for feature in features:
        value = row[feature.name]
        if isinstance(value, date):
            value = (value - date(1970, 1, 1)).days
        assert feature.kind is not FeatureKind.NUMBER or value is None or isinstance(value, int)
        read.append(feature.cell(value))
    return tuple(read)


def area(model: Model, rows: list[Row]) -> float:
    """The area under the curve."""
    known = [(model.score(cells(model.features, row)), row["ill"] == "yes") for row in rows if row["ill"] is not None]
    yes, no = [score for score, ill in known if ill], [score for score, ill in known if not ill]
    return sum((one > other) + (one == other) / 2 for one in yes for other in no) / (len(yes) * len(no))


def explained(model: Model, rows: list[Row]) -> float:
    """R² of the costs."""
    truth = [row["cost"] / 10 for row in rows]
    mean = sum(truth) / len(truth)
    left = sum((model.predict(cells(model.features, row)) - value) ** 2 for row, value in zip(rows, truth, strict=True))
    return 1 - left / sum((value - mean) ** 2 for value in truth)
