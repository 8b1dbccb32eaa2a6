"""A learner and, in one round more of the same course, the quality of what it learned."""

from dataclasses import dataclass
from math import prod
from typing import final

from amana.learn.choose import Chosen, learner_for
from amana.learn.first_round import model_of
from amana.learn.performance_factors import PerformanceFactors
from amana.learn.problem import Problem
from amana.learn.quality import Quality, quality_cap, quality_measures, quality_of
from amana.learn.trees import Trees
from amana.privacy.rounds import Measure, Rounds
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.model import Effect, Model, Tree

QUALITY_SHARE = 0.1
"""Share of the loss that goes to measuring quality."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Assessed:
    """`learner` costs what is left of the loss. `groups`: places of features for whose members quality is measured apart."""

    learner: Chosen
    nano_rho: NanoRho
    groups: tuple[int, ...] = ()

    @property
    def course(self) -> Course:
        """The rounds of the learner, and one more."""
        taken = self.learner.course
        problem = self.learner.problem
        cap = quality_cap(problem, self.groups, nano_rho=self.nano_rho, model=_largest(self.learner))
        return Course(name=canonical_bytes(self).decode(), rounds=(*taken.rounds, cap))

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """What the learner wants; at the end, its model against the rows."""
        if len(done) < len(self.learner.course.rounds):
            return self.learner.propose(done)
        return quality_measures(self.learner.problem, self.learner.finish(done), self.groups, nano_rho=self.nano_rho)

    def finish(self, done: Rounds) -> Model:
        """The model."""
        return self.learner.finish(done[:-1])

    def quality(self, done: Rounds) -> tuple[Quality, ...]:
        """How good it is, for all rows and for each member of the groups."""
        return quality_of(self.learner.problem, self.finish(done), self.groups, done[-1], nano_rho=self.nano_rho)


def assessed(problem: Problem, name: str, *, nano_rho: NanoRho, groups: tuple[int, ...] = (), seed: int = 0) -> Assessed:
    """The learner of that name, or the automatic one, with its quality; together they cost `nano_rho`.

    Errors: Refusal learn.no_learner.
    """
    share = NanoRho(round(nano_rho * QUALITY_SHARE))
    return Assessed(learner=learner_for(problem, name, nano_rho=NanoRho(nano_rho - share), seed=seed), nano_rho=share, groups=groups)


def _largest(learner: Chosen) -> Model:
    """A model with as many parts as this learner makes at most."""
    problem = learner.problem
    if isinstance(learner, Trees):
        widest = max(range(len(problem.features)), key=lambda place: problem.features[place].cells)
        split = (widest, tuple(range(problem.features[widest].cells)))
        tree = Tree(splits=(split,) * learner.depth, leaves=(0,) * 2**learner.depth)
        return model_of(problem, learner="", intercept=0.0, parts=(tree,) * learner.trees)
    own: list[tuple[int, ...]] = [(place,) for place in range(len(problem.features))]
    if isinstance(learner, PerformanceFactors):
        own = [(0,), (0, 1), (0, 2)]
    effects = tuple(Effect(features=places, values=(0,) * prod(problem.features[place].cells for place in places)) for places in own)
    return model_of(problem, learner="", intercept=0.0, parts=effects)
