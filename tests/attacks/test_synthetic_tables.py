"""Attacks on synthetic tables of an invented population: none works, and each works on a copy of the data."""

from collections.abc import Mapping
from random import Random

import numpy as np
import pytest

from amana.catalog.domains import ChoiceDomain, NumberDomain
from amana.learn.audit import Verdict
from amana.learn.synthesis import Synthesis, synthesis_of
from amana.learn.synthetic import Synthesiser
from amana.terms.ids import NanoRho
from tests.attacks.synthetic import CAUGHT, Attacked, Risk, Rows, attacked
from tests.counted import counted, schema_of

PEOPLE = 1_000
MEMBERS = tuple("abcdefgh")
NAMES = ("place", "work", "age", "years", "illness", "visits", "secret")
DOMAINS = {
    name: ChoiceDomain(members=MEMBERS) if name in ("place", "work", "illness", "secret") else NumberDomain(scale=0, low=0, high=11)
    for name in NAMES
}
EPSILON_ONE = NanoRho(30_552_742)


def population(seed: int) -> dict[str, list[object]]:
    """People whose columns hang together, but whose secret is their own affair."""
    chance = Random(seed)
    columns: dict[str, list[object]] = {name: [] for name in NAMES}
    for _ in range(PEOPLE):
        place, age = chance.randrange(8), min(int(chance.expovariate(0.25)), 11)
        work = (place + int(chance.expovariate(0.8))) % 8
        columns["place"].append(MEMBERS[place])
        columns["work"].append(MEMBERS[work])
        columns["age"].append(age)
        columns["years"].append(min(11, max(0, age + chance.randint(-3, 3))))
        columns["illness"].append(MEMBERS[(age // 3 + int(chance.expovariate(0.7))) % 8])
        columns["visits"].append(min(11, int(chance.expovariate(0.3))))
        columns["secret"].append(chance.choice(MEMBERS))
    return columns


def cells(spec: Synthesis, columns: list[list[object]]) -> Rows:
    return np.array(
        [[feature.cell(value) for value in values] for feature, values in zip(spec.features, columns, strict=True)], dtype=np.int32
    ).T  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def spec() -> Synthesis:
    return synthesis_of(schema_of(DOMAINS).tables[0], nano_rho=EPSILON_ONE)


@pytest.fixture(scope="module")
def halves(spec: Synthesis) -> tuple[Rows, Rows]:
    """Those who are in the data, and as many of the same population who are not."""
    inside, outside = (cells(spec, list(population(seed).values())) for seed in (1, 2))
    return inside, outside


@pytest.fixture(scope="module")
def found(spec: Synthesis, halves: tuple[Rows, Rows]) -> Mapping[str, Attacked]:
    learner = Synthesiser(synthesis=spec)
    done = counted(learner, schema_of(DOMAINS), population(1))  # type: ignore[arg-type]
    table = learner.finish(done, rows=PEOPLE, chance=np.random.default_rng(3))
    return attack(cells(spec, [list(column) for column in table.columns]), halves)


def attack(made: Rows, halves: tuple[Rows, Rows]) -> Mapping[str, Attacked]:
    return attacked(made, *halves, secret=NAMES.index("secret"), chance=np.random.default_rng(4))


@pytest.mark.parametrize("name", ["singling_out", "linking", "inference"])
def test_a_synthetic_table_tells_no_more_of_those_who_were_in_the_data_and_a_copy_is_caught(
    found: Mapping[str, Attacked], name: str
) -> None:
    assert found[name].control.caught, "else the attack shows nothing"
    assert found[name].verdict is Verdict.HOLDS
    assert found[name].risk.excess[0] <= 0.02 and found[name].risk.excess[1] < found[name].control.excess[0] / 2


@pytest.mark.parametrize("kept", [1.0, 0.5])
def test_a_table_that_copies_people_is_judged_a_leak(halves: tuple[Rows, Rows], kept: float) -> None:
    """All of them, or half of them among people of the same population who are in no data."""
    strangers = cells(synthesis_of(schema_of(DOMAINS).tables[0], nano_rho=EPSILON_ONE), list(population(7).values()))
    count = int(kept * PEOPLE)
    found = attack(np.concatenate([halves[0][:count], strangers[count:]]), halves)
    assert {one.verdict for one in found.values()} == {Verdict.VIOLATED}


def test_an_attack_that_a_copy_withstands_is_no_evidence() -> None:
    nothing = Risk(inside=(50, 500), outside=(50, 500))
    assert Attacked(risk=nothing, control=nothing).verdict is Verdict.NO_EVIDENCE


def test_an_excess_is_the_interval_of_the_difference_of_two_rates() -> None:
    low, high = Risk(inside=(56, 70), outside=(48, 80)).excess
    assert (low, high) == (pytest.approx(0.0524, abs=1e-4), pytest.approx(0.3339, abs=1e-4))  # Newcombe 1998, table II, case a, method 10
    assert Risk(inside=(400, 500), outside=(100, 500)).caught and not Risk(inside=(10, 20), outside=(8, 20)).caught and CAUGHT < 0.2
