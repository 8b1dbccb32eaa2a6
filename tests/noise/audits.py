"""A white-box audit of a learner at its own mechanism: many trainings on a tiny invented table, with and without one more person.

Who audits sees every noisy sum and knows all but the noise. In each round the plans follow from what was released before, so that
what the person adds to each sum is known, and the log-likelihood ratio of both worlds is a sum over rounds.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from random import Random
from typing import Any

import pytest

from amana.catalog.domains import BooleanDomain, ChoiceDomain, KeyDomain, NumberDomain
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.engines.engine import SumTable
from amana.engines.reference import ReferenceEngine, ReferenceTables, StoredRow
from amana.learn.audit import Audit, epsilon_lower
from amana.privacy import rounds
from amana.privacy.bound import Choice
from amana.privacy.kernel import Training
from amana.privacy.loss import epsilon_of
from amana.privacy.noise import noisy
from amana.privacy.price import price_course
from amana.privacy.rounds import Learner, train
from amana.query.plan import BoundedPlan
from amana.terms.exact import Exact
from amana.terms.ids import DeltaUnits
from tests.parts import FakeEngine, kernel, leave, ledger_at, version

DELTA = 1e-5
PEOPLE = 24
MEMBERS = ("a", "b", "c")
SCHEMA = Schema(
    unit="person",
    tables=(
        Table(
            name="people",
            private=True,
            unit_column="who",
            rows_per_unit_max=1,
            columns=(
                Column(name="who", domain=KeyDomain()),
                Column(name="kind", domain=ChoiceDomain(members=MEMBERS)),
                Column(name="size", domain=NumberDomain(scale=0, low=0, high=100)),
                Column(name="score", domain=NumberDomain(scale=0, low=0, high=50)),
                Column(name="yes", domain=BooleanDomain()),
            ),
        ),
    ),
)
CANARY: StoredRow = {"u": PEOPLE, "r": 1, "who": "canary", "kind": "c", "size": 100, "score": 50, "yes": True}
"""Unlike everybody: alone in its member, at the end of every interval."""


def profile() -> Profile:
    """As large as a small town's, so that a learner treats the table as one worth learning from."""
    wide = tuple(
        (name, Histogram(low=0, width=1, counts=tuple(1000 / bins for _ in range(bins)), missing=0.0))
        for name, bins in (("kind", 3), ("size", 101), ("score", 51), ("yes", 2))
    )
    return Profile(
        tables=(TableProfile(table="people", units=1000.0, rows=1000.0, rows_edges=(1, 2), units_by_rows=(1000.0,), columns=wide),)
    )


def people() -> list[StoredRow]:
    """Everybody but the canary: invented, the same in each audit."""
    chance = Random(20261130)
    return [
        {
            "u": unit,
            "r": 1,
            "who": f"p{unit}",
            "kind": chance.choice(MEMBERS[:2]),
            "size": chance.randint(0, 60),
            "score": chance.randint(0, 30),
            "yes": chance.random() < 0.3,
        }
        for unit in range(PEOPLE)
    ]


@dataclass
class Worlds:
    """An engine over both worlds. Gives the sums of one of them, and keeps what the canary adds to each and what is there without."""

    with_canary: bool
    without: ReferenceEngine = field(init=False)
    with_: ReferenceEngine = field(init=False)
    seen: list[list[tuple[SumTable, SumTable]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        rows = people()
        tables: tuple[ReferenceTables, ...] = ({"people": rows}, {"people": [*rows, CANARY]})
        self.without, self.with_ = (ReferenceEngine(one, schema=SCHEMA) for one in tables)

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        return self.run_all((bounded,), groups_max=groups_max, seconds_max=seconds_max)[0]

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        both = [engine.run_all(plans, groups_max=groups_max, seconds_max=seconds_max) for engine in (self.without, self.with_)]
        self.seen.append([(a.open_for_noise(), b.open_for_noise()) for a, b in zip(*both, strict=True)])
        return both[int(self.with_canary)]


def ratio(learner: Learner, *, with_canary: bool) -> float:
    """The log-likelihood ratio of one training, of the world with the canary over that without."""
    of, worlds = version(cap_nrho=10**12, schema=SCHEMA, name="audited"), Worlds(with_canary=with_canary)
    use = Training(permit=leave(of), version=of, choice=getattr(learner, "choice", Choice()))
    with ledger_at(":memory:", of) as ledger:
        taken = train(use, learner, replace(kernel(ledger, FakeEngine(cells={})), engine=worlds))
    total = 0.0
    for done, seen in zip(taken.rounds, worlds.seen, strict=True):
        for measured, (without, with_) in zip(done, seen, strict=True):
            keys: Any = measured.private.bounded.keys
            for place, key in enumerate(keys.combinations):
                zeros = (0,) * len(measured.private.scales)
                for index, scale in enumerate(measured.private.scales):
                    base, more = (world.cells.get(key, zeros)[index] for world in (without, with_))
                    assert isinstance(base, int) and isinstance(more, int)
                    added = more - base
                    total += added * (measured.cells[index][place] - base - added / 2) / scale**2
    return total


@contextmanager
def half_the_noise() -> Iterator[None]:
    """The control: a mechanism that adds half of what it says."""

    def halved(private: Any, exact: Any) -> Any:
        return noisy(replace(private, scales=tuple(scale / 2 for scale in private.scales)), exact)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rounds, "noisy", halved)
        yield


def audit(name: str, make: Callable[[], Learner], *, runs: int) -> Audit:
    """Train `runs` times in each world, with the mechanism and with the control."""
    cost = price_course(make().course).nano_rho

    def lower() -> float:
        ratios = [[ratio(make(), with_canary=with_canary) for _ in range(runs)] for with_canary in (False, True)]
        return epsilon_lower(*ratios, delta=DELTA)

    found = lower()
    with half_the_noise():
        control = lower()
    claim = epsilon_of(nano_rho=cost, delta_units=DeltaUnits(0), delta=DELTA)
    assert claim < inf
    return Audit(learner=name, claim=claim, delta=DELTA, lower=found, control=control, runs=runs)
