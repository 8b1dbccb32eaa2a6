"""When an answer leaves: fixed before the run from public facts (PRIVACY 8)."""

from dataclasses import dataclass
from math import ceil
from typing import assert_never, final

from amana.catalog.schema import Schema
from amana.query.infer import table_of
from amana.query.plan import BoundedPlan, Filter, Join, PerUnit, Project, PublicKeys, Relation, Scan, Union, Window


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Schedule:
    """Public facts of time. `rows`: (table, rows as published or profiled); `rows_per_s`: rows one step handles in a second,
    set low enough that an overrun, which is a fault, is rare; answers leave on multiples of `tick_s`."""

    rows: tuple[tuple[str, int], ...]
    rows_per_s: float
    base_s: float
    tick_s: float


def seconds_of(bounded: BoundedPlan, schema: Schema, schedule: Schedule) -> float:
    """Seconds from the charge to the release: a function of the plan and of public facts."""
    rows = _work(bounded.plan.source, schema, dict(schedule.rows)) * (1 + len(bounded.plan.keys))
    cells = len(bounded.sums) * (len(bounded.keys.combinations) if isinstance(bounded.keys, PublicKeys) else 10_000)
    seconds = schedule.base_s + rows / schedule.rows_per_s + cells / 20_000
    return ceil(seconds / schedule.tick_s) * schedule.tick_s


def _work(relation: Relation, schema: Schema, rows: dict[str, int]) -> float:
    """Rows handled, each step counted; heavier steps count more."""
    match relation:
        case Scan():
            return float(rows.get(table_of(relation, schema).name, 0))
        case Filter() | Project():
            return _work(relation.source, schema, rows)
        case PerUnit() | Window():
            return 4 * _work(relation.source, schema, rows)
        case Join():
            return 2 * (_work(relation.left, schema, rows) + _work(relation.right, schema, rows))
        case Union():
            return sum(_work(part, schema, rows) for part in relation.parts)
        case _:
            assert_never(relation)
