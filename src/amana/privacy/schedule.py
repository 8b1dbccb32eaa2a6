"""When an answer leaves: fixed before the run from public facts (PRIVACY 8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import final

from amana.catalog.schema import Schema
from amana.query.plan import BinCount, BoundedPlan, PublicKeys
from amana.query.work import steps_of
from amana.terms.course import Course
from amana.terms.refusal import Refusal

UNKNOWN_KEYS = 10_000
CELLS_PER_S = 20_000.0
"""Noise drawn and rows written in a second, at least."""


ROUND_S = 1.0
"""For what a learner computes from one round, and for compiling the next: so much that a busy machine is in time, since a fault is paid."""
NODE_S = 4e-4
"""For checking, bounding and compiling a part of an expression."""
NODES_PER_STEP = 16
"""Parts of row expressions that are computed in the time of one step."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Public facts of time. `rows`: (table, rows as published or profiled); `rows_per_s`: rows one step handles in a second,
    set low enough that an overrun, which is a fault, is rare; answers leave on multiples of `tick_s`; none is given more than `most_s`."""

    rows: tuple[tuple[str, int], ...]
    rows_per_s: float
    base_s: float
    tick_s: float
    most_s: float


def check_time(bounded: BoundedPlan, schema: Schema, schedule: Schedule) -> None:
    """Return if the question can be given the time it may need. Errors: Refusal ask.too_long."""
    needed = seconds_of(bounded, schema, schedule)
    if needed > schedule.most_s:
        raise Refusal("ask.too_long", seconds=ceil(needed), most=int(schedule.most_s))


def seconds_of_course(course: Course, first: Sequence[BoundedPlan], schema: Schema, schedule: Schedule) -> float:
    """Seconds from the charge to the release of all rounds together. Each passes over the rows of the `first` round's plans, once for
    each relation of theirs, and once for every part of their expressions. (Few parts are of rows in the buckets of their text: they are
    counted among the steps.)

    Errors: Refusal ask.too_long.
    """
    known, sources = dict(schedule.rows), {bounded.plan.source for bounded in first}
    rows = sum(steps_of(source, schema, known, depth=1) for source in sources)
    plain = max((steps_of(source, schema, known, depth=1, repeated=False) for source in sources), default=0.0)
    node_s = NODE_S + plain / NODES_PER_STEP / schedule.rows_per_s
    steps = sum(cap.nodes_max * node_s + cap.cells_max / CELLS_PER_S for cap in course.rounds)
    needed = schedule.base_s + len(course.rounds) * (ROUND_S + rows / schedule.rows_per_s) + steps
    if needed > schedule.most_s:
        raise Refusal("ask.too_long", seconds=ceil(needed), most=int(schedule.most_s))
    return ceil(needed / schedule.tick_s) * schedule.tick_s


def seconds_of(bounded: BoundedPlan, schema: Schema, schedule: Schedule) -> float:
    """Seconds from the charge to the release: a function of the plan and of public facts."""
    per_unit = 3 if any(total.per_unit for total in bounded.sums) else 0
    rows = steps_of(bounded.plan.source, schema, dict(schedule.rows), depth=1 + len(bounded.plan.keys) + per_unit)
    keys = len(bounded.keys.combinations) if isinstance(bounded.keys, PublicKeys) else UNKNOWN_KEYS
    cells = keys * sum(2 * total.sum.bins if isinstance(total.sum, BinCount) else 1 for total in bounded.sums)
    seconds = schedule.base_s + rows / schedule.rows_per_s + cells / CELLS_PER_S
    return ceil(seconds / schedule.tick_s) * schedule.tick_s
