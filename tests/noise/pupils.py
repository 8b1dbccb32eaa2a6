"""Where performance factors are audited: pupils with eight attempts each, all of them kept, with what came before them."""

from dataclasses import dataclass

from amana.catalog.domains import BooleanDomain, ChoiceDomain, KeyDomain, NumberDomain
from amana.catalog.profile import Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.engines.reference import StoredRow
from amana.learn.attempts import ATTEMPTS_KEPT
from amana.learn.performance_factors import PerformanceFactors
from amana.learn.wanted import model_wanted, rows_wanted
from amana.privacy.bound import Choice
from amana.privacy.rounds import Measure, Rounds
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.training import Specification
from tests.noise.audits import Stage

ATTEMPTS = Table(
    name="attempts",
    private=True,
    unit_column="pupil",
    rows_per_unit_max=ATTEMPTS_KEPT,
    columns=(
        Column(name="pupil", domain=KeyDomain()),
        Column(name="skill", domain=ChoiceDomain(members=("add", "take"))),
        Column(name="at", domain=NumberDomain(scale=0, low=0, high=100)),
        Column(name="right", domain=BooleanDomain()),
    ),
)
SCHEMA = Schema(unit="pupil", tables=(ATTEMPTS,))
PROFILE = Profile(
    tables=(TableProfile(table="attempts", units=1000.0, rows=8000.0, rows_edges=(8, 9), units_by_rows=(1000.0,), columns=()),)
)


def attempts(pupil: int, skill: str, right: str) -> list[StoredRow]:
    """One attempt for each letter: "1" is right."""
    return [
        {"u": pupil, "r": place + 1, "pupil": pupil, "skill": skill, "at": place, "right": letter == "1"}
        for place, letter in enumerate(right)
    ]


PUPILS = Stage(
    schema=SCHEMA,
    everybody=[
        (attempts(1, "add", "00000000"), 60),
        (attempts(2, "add", "00001000"), 40),
        (attempts(3, "take", "00000010"), 40),
    ],
    canary=attempts(9, "add", "11111111"),
)
"""The canary is right where everybody is wrong: a model that learns from many stays wrong about each of its attempts."""


@dataclass(frozen=True, kw_only=True)
class OfPupils:
    """Performance factors with where they are audited."""

    learner: PerformanceFactors
    stage: Stage = PUPILS
    choice: Choice = Choice(left=ATTEMPTS_KEPT)  # noqa: RUF009 - frozen

    @property
    def course(self) -> Course:
        return self.learner.course

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        return self.learner.propose(done)


def factors_of_pupils(nano_rho: NanoRho) -> OfPupils:
    wanted = Specification(dataset="audited", target="right", skill="skill", order="at")
    rows = rows_wanted(wanted, SCHEMA, PROFILE, source=None)
    made = model_wanted(wanted, rows, nano_rho=nano_rho, groups_max=100_000)
    assert made.choice == Choice(left=ATTEMPTS_KEPT)
    learner = made.assessed.learner
    assert isinstance(learner, PerformanceFactors)
    return OfPupils(learner=PerformanceFactors(problem=learner.problem, nano_rho=nano_rho, rounds=3))
