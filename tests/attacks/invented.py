"""An invented population, of which some people are in the data and as many are not."""

from random import Random

import numpy as np

from amana.catalog.domains import ChoiceDomain, NumberDomain
from amana.learn.synthesis import Synthesis, synthesis_of
from amana.terms.ids import NanoRho
from tests.attacks.synthetic import Rows
from tests.counted import schema_of

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
    """The cells of people, as attacks see them."""
    return np.array(
        [[feature.cell(value) for value in values] for feature, values in zip(spec.features, columns, strict=True)], dtype=np.int32
    ).T  # type: ignore[arg-type]


def spec_of_all() -> Synthesis:
    """A synthesis of every column at an epsilon of one."""
    return synthesis_of(schema_of(DOMAINS).tables[0], nano_rho=EPSILON_ONE)
