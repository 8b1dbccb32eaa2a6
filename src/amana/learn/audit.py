"""What an audit of a learner's mechanism says: how much two worlds, with and without one privacy unit, were told apart.

An auditor who sees all noisy sums, and knows everything but the noise, adds up the log-likelihood ratio of both worlds. For
Gaussian noise it is normal with variance mu² and mean ±mu²/2, where mu² is twice the loss in rho that the canary uses. From many
trainings in each world mu is estimated, and from its lower confidence end the epsilon that was surely lost. The judgement is
parametric: it believes that the ratios are normal (PRIVACY 21).

Source: Dong, Roth and Su 2022 (Gaussian differential privacy, corollary 2.13); Nasr et al. 2023 (tight auditing).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from math import exp, sqrt
from pathlib import Path
from statistics import NormalDist, fmean, variance
from typing import final

from amana.terms import training_facts as facts
from amana.terms.model import Task

NORMAL = NormalDist()
PUBLISHED = Path(__file__).parent / "audits.json"
"""As `make attacks` measured them last."""
CONFIDENCE = 0.95
FORECAST = "forecast"
"""What the forecaster is called there, beside the learners."""
OF_NUMBER = " of a number"
"""Follows the name of a learner where it predicts a number: it then asks for other sums, and is audited apart."""


class Verdict(Enum):
    HOLDS = "holds"
    VIOLATED = "violated"
    NO_EVIDENCE = "no_evidence"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Audit:
    """`claim`: the epsilon promised, at `delta`. `lower`: what was surely lost, with 95 % confidence. `control`: the same of a
    mechanism with half the noise, which the test must catch. `runs`: trainings in each world."""

    learner: str
    claim: float
    delta: float
    lower: float
    control: float
    runs: int

    @property
    def verdict(self) -> Verdict:
        """HOLDS only if the same test catches the mechanism with half the noise: else it shows nothing."""
        if self.control <= self.claim:
            return Verdict.NO_EVIDENCE
        return Verdict.HOLDS if self.lower <= self.claim else Verdict.VIOLATED


def epsilon_lower(without: Sequence[float], with_canary: Sequence[float], *, delta: float, confidence: float = CONFIDENCE) -> float:
    """The epsilon that was surely lost at `delta`, from the log-likelihood ratios of trainings in each world.

    Shapes: at least 8 of each. Errors: assertion.
    """
    n, m = len(without), len(with_canary)
    assert min(n, m) >= 8
    pooled = sqrt(((n - 1) * variance(without) + (m - 1) * variance(with_canary)) / (n + m - 2))
    if pooled == 0:
        return 0.0
    apart = (fmean(with_canary) - fmean(without)) / pooled
    spread = sqrt(1 / n + 1 / m + apart**2 / (2 * (n + m)))  # of a standardised difference of means (Hedges and Olkin 1985)
    return epsilon_of_mu(apart - NORMAL.inv_cdf(confidence) * spread, delta=delta)


def epsilon_of_mu(mu: float, *, delta: float) -> float:
    """The least epsilon for which mu-Gaussian privacy is (epsilon, delta); 0 for what cannot be told apart."""
    if mu <= 0 or _delta_of(0.0, mu) <= delta:
        return 0.0
    low, high = 0.0, 1.0
    while _delta_of(high, mu) > delta:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if _delta_of(middle, mu) > delta else (low, middle)
    return low


def _delta_of(epsilon: float, mu: float) -> float:
    far = NORMAL.cdf(-epsilon / mu - mu / 2)
    return NORMAL.cdf(-epsilon / mu + mu / 2) - (exp(epsilon) * far if far > 0 else 0.0)


def audit_name(learner: str, task: Task) -> str:
    """What the audit of that learner at that task is called."""
    return learner if task is Task.CLASSIFICATION else f"{learner}{OF_NUMBER}"


def published_audits() -> tuple[Audit, ...]:
    """What the audits of this version of the program found."""
    return tuple(Audit(**each) for each in json.loads(PUBLISHED.read_text(encoding="utf-8"))["audits"])


def published_audit(learner: str, task: Task = Task.CLASSIFICATION) -> facts.Audit | None:
    """What the audit of this version of the program found for that learner at that task, as a card shows it; None where it was not
    audited. What makes synthetic tables or forecasts has no task."""
    name = audit_name(learner, task)
    audit = next((each for each in published_audits() if each.learner == name), None)
    if audit is None:
        return None
    return facts.Audit(
        attack="canary",
        claimed=audit.claim,
        lower_bound=audit.lower,
        delta=audit.delta,
        confidence=CONFIDENCE,
        control_caught=audit.verdict is not Verdict.NO_EVIDENCE,
    )
