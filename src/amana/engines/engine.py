"""What the kernel asks of an engine: exact bounded sums, bit-identical whichever engine computes them (PRIVACY 4)."""

from dataclasses import dataclass
from typing import Protocol, TypeAlias, final

from amana.query.plan import BoundedPlan, KeyValue
from amana.terms.exact import Exact

Cell: TypeAlias = int | tuple[int, ...]
"""One exact sum; for a BinCount the counts of its finest bins, all of them, in order."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SumTable:
    """Shapes: `cells[key]` has one cell for each of `BoundedPlan.sums`. Keys that no row has are absent; for a plan
    without keys the one key is the empty tuple. Order carries nothing: the kernel sorts."""

    cells: dict[tuple[KeyValue, ...], tuple[Cell, ...]]


class Engine(Protocol):
    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        """The exact bounded sums.

        Errors: any failure, more than `groups_max` groups or more than `seconds_max` seconds raise `Fault`; the cause
        goes to the node's own log, never to the asker.
        """
        ...

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        """The same for each of several plans, in their order, within that time together. Those that share a relation may be
        computed in one pass over it.

        Errors: as of `run`; `groups_max` is of each plan.
        """
        ...
