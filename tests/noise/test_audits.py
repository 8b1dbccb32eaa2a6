"""Each learner is audited at its own mechanism, and the same test must catch it with half the noise (PRIVACY 21)."""

from dataclasses import dataclass
from math import sqrt
from random import Random

import pytest

from amana.learn.audit import Audit, Verdict, epsilon_lower, epsilon_of_mu, published_audit
from amana.privacy.rounds import Learner, Measure, Rounds
from amana.query.expr import Column, Fixed, Literal
from amana.query.plan import Plan, RowSum, Scan
from amana.terms.course import Course, RoundCap
from amana.terms.ids import NanoRho
from amana.terms.model import Task
from tests.noise.audits import audit, half_the_noise, ratio
from tests.noise.learners import LEARNERS

NRHO = 2_000_000_000
RUNS, LEARNER_RUNS = 40, 40
ALPHA = 1e-5
"""Chance of a false alarm of one learner; its control is judged at 95 %, and missed as rarely."""
THOUSANDS = RowSum(value=Literal(value=Fixed(units=1000)))
"""People by the thousand: the grid of whole numbers is then fine beside the noise, and the ratio normal."""


@dataclass
class Counting:
    """Counts people by kind, twice: the least that a learner can be."""

    loss: int = NRHO
    rounds: int = 2

    @property
    def course(self) -> Course:
        cap = RoundCap(nano_rho=NanoRho(self.loss // self.rounds), cells_max=3, nodes_max=9)
        return Course(name="counting", rounds=(cap,) * self.rounds)

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        assert len(done) < self.rounds
        plan = Plan(source=Scan(table="people", alias="t"), keys=(("kind", Column(name="t.kind")),), sums=(THOUSANDS,), figures=())
        return (Measure(plan=plan, nano_rho=NanoRho(self.loss // self.rounds)),)


def test_the_ratio_of_a_training_is_normal_with_the_mean_that_its_loss_says() -> None:
    ratios = [[ratio(Counting(loss=500_000_000), with_canary=here) for _ in range(120)] for here in (False, True)]
    for values, sign in zip(ratios, (-1, 1), strict=True):
        mean = sum(values) / len(values)
        spread = sqrt(sum((value - mean) ** 2 for value in values) / (len(values) - 1))
        assert abs(mean - sign * 0.5) < 4 / sqrt(120) and abs(spread - 1) < 4 / sqrt(2 * 120)  # mu² = 2 rho = 1


def test_a_mechanism_that_keeps_its_word_passes_and_half_its_noise_is_caught() -> None:
    found = audit("counting", Counting, runs=RUNS, confidence=1 - ALPHA)
    assert found.verdict is Verdict.HOLDS and found.lower > found.claim / 10, "it is not only safe, the test sees what is lost"


def test_a_control_that_is_not_caught_is_no_evidence() -> None:
    blind = Audit(learner="x", claim=1.0, delta=1e-5, lower=0.0, control=0.9, runs=8)
    assert blind.verdict is Verdict.NO_EVIDENCE
    assert Audit(learner="x", claim=1.0, delta=1e-5, lower=1.1, control=2.0, runs=8).verdict is Verdict.VIOLATED


def test_few_runs_at_a_small_loss_show_nothing_and_say_so() -> None:
    """A control with so little to see is seen by chance in 6.5 % of audits: in most of eleven, once in 30,000 runs of this test."""
    found = [audit("counting", lambda: Counting(loss=1_000_000), runs=8).verdict for _ in range(11)]
    assert found.count(Verdict.NO_EVIDENCE) > 5


def test_what_is_surely_lost_is_rarely_more_than_what_is_lost() -> None:
    chance, mu, beyond = Random(5), 1.0, 0
    for _ in range(400):
        without, with_ = ([chance.gauss(sign * mu**2 / 2, mu) for _ in range(60)] for sign in (-1, 1))
        beyond += epsilon_lower(without, with_, delta=1e-5) > epsilon_of_mu(mu, delta=1e-5)
    assert beyond <= 0.05 * 400 + 4 * sqrt(400 * 0.05 * 0.95)


def test_the_curve_of_a_gaussian_is_that_of_the_paper() -> None:
    assert epsilon_of_mu(1.0, delta=1e-5) == pytest.approx(4.3772, abs=1e-3)  # Dong, Roth and Su 2022, corollary 2.13, solved by bisection
    assert epsilon_of_mu(0.0, delta=1e-5) == 0.0


def test_the_control_really_adds_half(monkeypatch: pytest.MonkeyPatch) -> None:
    learner: Learner = Counting(loss=50_000_000)
    with half_the_noise():
        ratios = [ratio(learner, with_canary=False) for _ in range(120)]
    mean = sum(ratios) / len(ratios)
    spread = sqrt(sum((value - mean) ** 2 for value in ratios) / (len(ratios) - 1))
    assert abs(spread / sqrt(0.1) - 0.5) < 0.5 * 4 / sqrt(240)  # the score is in units of the noise that it says it has


@pytest.mark.slow
@pytest.mark.parametrize("name", LEARNERS)
def test_every_learner_keeps_its_word_and_with_half_the_noise_is_caught(name: str) -> None:
    found = audit(name, LEARNERS[name], runs=LEARNER_RUNS, confidence=1 - ALPHA)
    assert found.verdict is Verdict.HOLDS, found


def test_what_cards_show_was_measured_of_every_learner() -> None:
    classes = [(learner, Task.CLASSIFICATION) for learner in ("linear", "glass-box", "trees", "performance-factors")]
    for learner, task in (*classes, ("linear", Task.REGRESSION), ("statistics", Task.REGRESSION)):
        shown = published_audit(learner, task)
        assert shown is not None and shown.control_caught and shown.lower_bound <= shown.claimed
    for learner, task in (("trees", Task.REGRESSION), ("statistics", Task.CLASSIFICATION), ("somebody else's", Task.CLASSIFICATION)):
        assert published_audit(learner, task) is None, "an audit of one task says nothing of another"
