"""Which learner: the one that is asked for, or by a rule on public facts. It looks at no score, so it costs nothing (PRIVACY 16)."""

from math import sqrt
from typing import TypeAlias

from amana.learn.glass_box import GlassBox
from amana.learn.linear import Linear, rounds_for
from amana.learn.performance_factors import PerformanceFactors
from amana.learn.problem import FEATURES_FINE, Problem
from amana.learn.sufficient_statistics import Statistics
from amana.learn.texts import text_in
from amana.learn.trees import Trees
from amana.privacy.loss import NANO
from amana.terms.ids import NanoRho
from amana.terms.model import Task
from amana.terms.refusal import Refusal
from amana.terms.training import AUTO, LEARNERS, SEQUENCES

Chosen: TypeAlias = GlassBox | Linear | PerformanceFactors | Statistics | Trees
UNITS_FOR_CURVES = 2_000.0
"""Units, times the root of rho, from which curves can be told from noise; with fewer, a slope is all that can."""


def learner_for(problem: Problem, name: str, *, nano_rho: NanoRho, seed: int = 0) -> Chosen:
    """The learner of that name; "auto" takes the line for a text, sums of products for regressions, the line for few units or many
    columns, else the glass box.

    Errors: Refusal learn.no_learner, learn.text_linear.
    """
    chosen, text = automatic(problem, nano_rho=nano_rho) if name == AUTO else name, text_in(problem.features)
    if text is not None and chosen != "linear" and chosen in (*LEARNERS, SEQUENCES):
        raise Refusal("learn.text_linear", column=problem.features[text].name, learner=chosen)
    match chosen:
        case "linear":
            return Linear(problem=problem, nano_rho=nano_rho, rounds=rounds_for(problem, nano_rho))
        case "statistics":
            return Statistics(problem=problem, nano_rho=nano_rho)
        case "glass-box":
            return GlassBox(problem=problem, nano_rho=nano_rho)
        case "trees":
            return Trees(problem=problem, nano_rho=nano_rho, seed=seed)
        case "performance-factors":
            return PerformanceFactors(problem=problem, nano_rho=nano_rho)
        case _:
            raise Refusal("learn.no_learner", name=name, known=", ".join((AUTO, *LEARNERS, SEQUENCES)))


def automatic(problem: Problem, *, nano_rho: NanoRho) -> str:
    """The name of the learner that public facts speak for."""
    if text_in(problem.features) is not None:
        return "linear"
    if problem.task is Task.REGRESSION:
        return "statistics"
    if len(problem.features) > FEATURES_FINE:
        return "linear"
    return "linear" if problem.units * sqrt(nano_rho / NANO) < UNITS_FOR_CURVES else "glass-box"
