"""What rounds cost and how large they are: the caps of a course, and whole nano-rho shared among plans."""

from collections.abc import Iterable, Sequence
from math import floor
from typing import TypeAlias

from amana.privacy.loss import NANO
from amana.privacy.rounds import Measure
from amana.query.check import size_of
from amana.query.plan import Plan, Relation
from amana.terms.course import RoundCap
from amana.terms.ids import NanoRho

Shares: TypeAlias = tuple[NanoRho, ...]


def shares_of(nano_rho: NanoRho, *, first: float, rounds: int) -> Shares:
    """What each round may cost: the first its part, the others alike; together at most all."""
    start = floor(nano_rho * first)
    each = (nano_rho - start) // rounds
    return (NanoRho(start), *(NanoRho(each) for _ in range(rounds)))


def measures_of(plans: Sequence[Plan], nano_rho: NanoRho, *, weights: Sequence[int] | None = None) -> tuple[Measure, ...]:
    """These plans, each at the cost that its number of sums gives it, times its weight."""
    shares = [len(plan.sums) * weight for plan, weight in zip(plans, weights or (1,) * len(plans), strict=True)]
    assert nano_rho >= sum(shares), "each sum costs a nano-rho at least"
    return tuple(Measure(plan=plan, nano_rho=NanoRho(nano_rho * share // sum(shares))) for plan, share in zip(plans, shares, strict=True))


def noise_of(shares: Sequence[NanoRho], *, groups: int, reach: float) -> float:
    """Variance of the noise on one sum, averaged over rounds at these costs. `reach`: what a unit changes in one sum of each group."""
    return reach**2 * groups / (2 * sum(shares) / NANO)


def cap_of(nano_rho: NanoRho, *, cells: int, sources: Iterable[Relation]) -> RoundCap:
    """The cap of a round over relations that are at most as large as these, with at most so many noisy numbers."""
    return RoundCap(nano_rho=nano_rho, cells_max=cells, nodes_max=sum(map(size_of, sources)))
