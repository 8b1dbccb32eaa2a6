"""How a training is to go: what each round may cost and how large it may be, fixed before the first. Public."""

from dataclasses import dataclass
from typing import final

from amana.terms.ids import NanoRho


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RoundCap:
    """What one round may cost, how many noisy numbers it may give, and how many parts its plans' expressions may have."""

    nano_rho: NanoRho
    cells_max: int
    nodes_max: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Course:
    """All rounds of a training, fixed before the first. `name`: canonical bytes of what will be proposed, so that the same course
    of the same learner is recalled and never paid again."""

    name: str
    rounds: tuple[RoundCap, ...]
