"""Attacks on synthetic tables of an invented population: none works, and each works on a copy of the data."""

from collections.abc import Mapping

import numpy as np
import pytest

from amana.learn.attacks import CAUGHT, Attacked, Risk
from amana.learn.audit import Verdict
from amana.learn.synthesis import Synthesis
from tests.attacks.invented import NAMES, PEOPLE, cells, population, spec_of_all
from tests.attacks.leaks import found_of_tables
from tests.attacks.synthetic import Rows, attacked


@pytest.fixture(scope="module")
def spec() -> Synthesis:
    return spec_of_all()


@pytest.fixture(scope="module")
def halves(spec: Synthesis) -> tuple[Rows, Rows]:
    """Those who are in the data, and as many of the same population who are not."""
    inside, outside = (cells(spec, list(population(seed).values())) for seed in (1, 2))
    return inside, outside


@pytest.fixture(scope="module")
def found() -> Mapping[str, Attacked]:
    return found_of_tables()


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
    strangers = cells(spec_of_all(), list(population(7).values()))
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
