"""Invented attempts at exercises, whose chances are known, as a table of pupils."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from math import exp, log1p
from pathlib import Path
from random import Random
from typing import Any

from amana.catalog.domains import BooleanDomain, ChoiceDomain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.profile import Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.engines.duckdb import DuckDbEngine
from amana.learn.wanted import WantedModel, model_wanted, rows_wanted
from amana.privacy.kernel import Training
from amana.privacy.rounds import Rounds, train
from amana.terms.ids import NanoRho
from amana.terms.model import Model
from amana.terms.training import Specification
from tests.databases import write_store
from tests.parts import SCHEDULE, kernel, leave, ledger_at, version

SKILLS = ("area", "line", "sum")
ATTEMPTS_MAX = 24
ATTEMPTS = Table(
    name="attempts",
    private=True,
    unit_column="pupil",
    rows_per_unit_max=ATTEMPTS_MAX,
    columns=(
        Column(name="pupil", domain=KeyDomain()),
        Column(name="skill", domain=ChoiceDomain(members=SKILLS)),
        Column(name="at", domain=NumberDomain(scale=0, low=0, high=100)),
        Column(name="right", domain=BooleanDomain(nullable=True)),
        Column(name="mark", domain=ChoiceDomain(members=("good", "poor"))),
        Column(name="seconds", domain=NumberDomain(scale=0, low=0, high=100)),
        Column(name="note", domain=TextDomain(length_max=10)),
    ),
)
SCHEMA = Schema(unit="pupil", tables=(ATTEMPTS,))
BASES, GAINS, LOSSES = (-0.6, 0.0, 0.6), (1.0, 0.8, 0.6), (-0.2, 0.0, 0.2)
"""Of each skill: the first chance in logits, and what log(1 + successes) and log(1 + failures) add."""
PUPILS = 400
Row = dict[str, Any]


def pupils(seed: int = 1, *, many: int = PUPILS) -> list[Row]:
    """Each tries between 6 and 24 times; one outcome in twenty is not known. In the order in which nothing happened."""
    chance, rows = Random(seed), list[Row]()
    for pupil in range(many):
        past = {skill: [0, 0] for skill in SKILLS}
        made = list[Row]()
        for at in range(chance.randint(6, ATTEMPTS_MAX)):
            skill = chance.randrange(len(SKILLS))
            successes, failures = past[SKILLS[skill]]
            logit = BASES[skill] + GAINS[skill] * log1p(successes) + LOSSES[skill] * log1p(failures)
            right: bool | None = chance.random() < 1 / (1 + exp(-logit))
            if chance.random() < 0.05:
                right = None
            made.append({
                "u": pupil, "r": 0, "pupil": pupil, "skill": SKILLS[skill], "at": at, "right": right, "seconds": at, "note": "x",
                "mark": "good" if right else "poor", "successes": successes, "failures": failures,
            })  # fmt: skip
            if right is not None:
                past[SKILLS[skill]][0 if right else 1] += 1
        chance.shuffle(made)
        rows += [{**row, "r": rank + 1} for rank, row in enumerate(made)]
    return rows


def stored(rows: list[Row]) -> list[Row]:
    """Rows as a table holds them: without what came before."""
    return [{name: value for name, value in row.items() if name not in ("successes", "failures")} for row in rows]


def profile(units: float = PUPILS) -> Profile:
    table = TableProfile(table="attempts", units=units, rows=units * 15, rows_edges=(1,), units_by_rows=(units,), columns=())
    return Profile(tables=(table,))


def specification(**changes: Any) -> Specification:
    return replace(Specification(dataset="school", target="right", skill="skill", order="at"), **changes)


def wanted(of: Specification, *, nano_rho: NanoRho, units: float = PUPILS) -> WantedModel:
    return model_wanted(of, rows_wanted(of, SCHEMA, profile(units), source=None), nano_rho=nano_rho, groups_max=100_000)


@contextmanager
def store(folder: Path, rows: list[Row]) -> Iterator[DuckDbEngine]:
    write_store({"attempts": stored(rows)}, folder / "store", key="secret", schema=SCHEMA)  # type: ignore[dict-item]
    engine = DuckDbEngine(folder / "store", key="secret", schema=SCHEMA, memory_bytes_max=2**28, threads=1, folder_spill=folder / "spill")
    try:
        yield engine
    finally:
        engine.close()


def rounds_of(learner: WantedModel, engine: DuckDbEngine) -> Rounds:
    """All rounds, paid from a ledger of their own."""
    of = version(schema=SCHEMA, cap_nrho=10**15)
    use = Training(permit=leave(of), version=of, choice=learner.choice)
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, engine), schedule=replace(SCHEDULE, rows=(("attempts", 10_000),), base_s=100.0))  # type: ignore[arg-type]
        return train(use, learner, parts).rounds


def score(model: Model, row: Row) -> float:
    """Of one attempt, in logits."""
    return model.score(tuple(feature.cell(row[feature.name]) for feature in model.features)) / 1024


def truth(row: Row) -> float:
    """The logit that the row was drawn with."""
    skill = SKILLS.index(row["skill"])
    return BASES[skill] + GAINS[skill] * log1p(row["successes"]) + LOSSES[skill] * log1p(row["failures"])
