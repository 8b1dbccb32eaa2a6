"""A white-box audit of a learner at its own mechanism: many trainings on a tiny invented table, with and without one more person.

Who audits sees every noisy sum and knows all but the noise. In each round the plans follow from what was released before, so that
what the person adds to each sum is known, and the log-likelihood ratio of both worlds is a sum over rounds.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

import pytest

from amana.catalog.domains import BooleanDomain, ChoiceDomain, KeyDomain, NumberDomain
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.engines.engine import SumTable
from amana.engines.reference import ReferenceEngine, StoredRow
from amana.learn.audit import CONFIDENCE, Audit, epsilon_lower
from amana.privacy import rounds
from amana.privacy.bound import Choice
from amana.privacy.kernel import Training
from amana.privacy.loss import epsilon_of
from amana.privacy.noise import noisy
from amana.privacy.price import price_course
from amana.privacy.rounds import Learner, Measure, Rounds, train
from amana.query.plan import BoundedPlan
from amana.terms.course import Course
from amana.terms.exact import Exact
from amana.terms.ids import DeltaUnits
from tests.parts import FakeEngine, kernel, leave, ledger_at, version

DELTA = 1e-5
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
CANARY: StoredRow = {"u": 9, "r": 1, "who": "canary", "kind": "c", "size": 100, "score": 50, "yes": True}
"""Like everybody in what is predicted from, and unlike them in what is predicted: a model that learns from many stays wrong about it, so
that it adds nearly as much to every sum as anybody can."""


def profile() -> Profile:
    """As large as a small town's, so that a learner treats the table as one worth learning from."""
    wide = tuple(
        (name, Histogram(low=0, width=1, counts=tuple(1000 / bins for _ in range(bins)), missing=0.0))
        for name, bins in (("kind", 3), ("size", 101), ("score", 51), ("yes", 2))
    )
    return Profile(
        tables=(TableProfile(table="people", units=1000.0, rows=1000.0, rows_edges=(1, 2), units_by_rows=(1000.0,), columns=wide),)
    )


def people() -> list[tuple[StoredRow, int]]:
    """Everybody but the canary, alike in groups: rows, and how many have each. Invented, the same in each audit."""
    chance = Random(20261130)
    return [
        (
            {
                "u": group,
                "r": 1,
                "who": f"p{group}",
                "kind": kind,
                "size": chance.randint(90, 100),
                "score": chance.randint(0, 5),
                "yes": yes,
            },
            many,
        )
        for group, (kind, yes, many) in enumerate((("c", False, 60), ("c", False, 57), ("c", True, 3), ("b", False, 15), ("a", False, 15)))
    ]


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a learner is audited: everybody as groups of alike units, each with its rows and how many there are of it; and the canary."""

    schema: Schema
    everybody: Sequence[tuple[Sequence[StoredRow], int]]
    canary: Sequence[StoredRow]


@dataclass
class Worlds:
    """An engine over both worlds. Gives the sums of one of them, and keeps what the canary adds to each and what is there without. Sums
    add up over people, so that whoever is alike is looked at once."""

    stage: Stage
    with_canary: bool
    seen: list[list[tuple[SumTable, SumTable]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        alone, schema = [*self.stage.everybody, (self.stage.canary, 1)], self.stage.schema
        self.engines = [(ReferenceEngine({schema.tables[0].name: list(rows)}, schema=schema), many) for rows, many in alone]

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        return self.run_all((bounded,), groups_max=groups_max, seconds_max=seconds_max)[0]

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        both: list[tuple[SumTable, SumTable]] = []
        for bounded in plans:
            found = [
                (engine.run(bounded, groups_max=groups_max, seconds_max=seconds_max).open_for_noise(), many)
                for engine, many in self.engines
            ]
            both.append((added(found[:-1]), added(found)))
        self.seen.append(both)
        return tuple(Exact(pair[int(self.with_canary)]) for pair in both)


def added(parts: Sequence[tuple[SumTable, int]]) -> SumTable:
    """The sums of all parts, each as often as it stands there."""
    total: dict[Any, list[int]] = {}
    for table, many in parts:
        for key, cells in table.cells.items():
            sums = total.setdefault(key, [0] * len(cells))
            for index, cell in enumerate(cells):
                assert isinstance(cell, int)
                sums[index] += many * cell
    return SumTable(cells={key: tuple(sums) for key, sums in total.items()})


@dataclass(frozen=True, kw_only=True)
class Planned:
    """A learner with its course, worked out once for a training, as it is for people: the kernel looks at it in every round."""

    learner: Learner
    course: Course

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        return self.learner.propose(done)


PEOPLE = Stage(schema=SCHEMA, everybody=[([row], many) for row, many in people()], canary=[CANARY])


def ratio(learner: Learner, *, with_canary: bool) -> float:
    """The log-likelihood ratio of one training, of the world with the canary over that without."""
    stage: Stage = getattr(learner, "stage", PEOPLE)
    of, worlds = version(cap_nrho=10**12, schema=stage.schema, name="audited"), Worlds(stage=stage, with_canary=with_canary)
    use = Training(permit=leave(of), version=of, choice=getattr(learner, "choice", Choice()))
    with ledger_at(":memory:", of) as ledger:
        taken = train(
            use,
            Planned(learner=learner, course=learner.course),
            replace(kernel(ledger, FakeEngine(cells={}), groups_max=100_000), engine=worlds),
        )
    total = 0.0
    for done, seen in zip(taken.rounds, worlds.seen, strict=True):
        for measured, (without, with_) in zip(done, seen, strict=True):
            keys: Any = measured.private.bounded.keys
            for place, key in enumerate(keys.combinations):
                zeros = (0,) * len(measured.private.scales)
                for index, scale in enumerate(measured.private.scales):
                    base, more = (world.cells.get(key, zeros)[index] for world in (without, with_))
                    assert isinstance(base, int) and isinstance(more, int)
                    change = more - base
                    total += change * (measured.cells[index][place] - base - change / 2) / scale**2
    return total


@contextmanager
def half_the_noise() -> Iterator[None]:
    """The control: a mechanism that adds half of what it says."""

    def halved(private: Any, exact: Any) -> Any:
        return noisy(replace(private, scales=tuple(scale / 2 for scale in private.scales)), exact)

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(rounds, "noisy", halved)
        yield


def ratios(make: Callable[[], Learner], *, runs: int) -> tuple[list[float], list[float]]:
    """The ratios of so many trainings in each world: without the canary, and with it."""
    without, with_canary = ([ratio(make(), with_canary=here) for _ in range(runs)] for here in (False, True))
    return without, with_canary


def audit(name: str, make: Callable[[], Learner], *, runs: int, confidence: float = CONFIDENCE) -> Audit:
    """Train `runs` times in each world, with the mechanism and with the control. `confidence`: of the bound on the mechanism."""
    cost = price_course(make().course).nano_rho
    lower = epsilon_lower(*ratios(make, runs=runs), delta=DELTA, confidence=confidence)
    with half_the_noise():
        control = epsilon_lower(*ratios(make, runs=runs), delta=DELTA)
    claim = epsilon_of(nano_rho=cost, delta_units=DeltaUnits(0), delta=DELTA)
    return Audit(learner=name, claim=claim, delta=DELTA, lower=lower, control=control, runs=runs)
