"""When an answer leaves: fixed before the run from public facts (PRIVACY 8)."""

from dataclasses import dataclass
from math import ceil
from typing import assert_never, final

from amana.catalog.schema import Schema
from amana.query.infer import rows_of
from amana.query.plan import BinCount, BoundedPlan, Filter, Join, JoinKind, PerUnit, Project, PublicKeys, Relation, Scan, Union, Window
from amana.query.tables import is_private, scans_of, table_of
from amana.terms.refusal import Refusal

UNKNOWN_KEYS = 10_000
COMPARED_PER_ROW = 10
"""Pairs that EXISTS compares in the time of one row that a join makes."""
CELLS_PER_S = 20_000.0
"""Noise drawn and rows written in a second, at least."""


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


def seconds_of(bounded: BoundedPlan, schema: Schema, schedule: Schedule) -> float:
    """Seconds from the charge to the release: a function of the plan and of public facts."""
    per_unit = 3 if any(total.per_unit for total in bounded.sums) else 0
    rows = _steps(bounded.plan.source, schema, dict(schedule.rows), depth=1 + len(bounded.plan.keys) + per_unit)
    keys = len(bounded.keys.combinations) if isinstance(bounded.keys, PublicKeys) else UNKNOWN_KEYS
    cells = keys * sum(2 * total.sum.bins if isinstance(total.sum, BinCount) else 1 for total in bounded.sums)
    seconds = schedule.base_s + rows / schedule.rows_per_s + cells / CELLS_PER_S
    return ceil(seconds / schedule.tick_s) * schedule.tick_s


def _multiplied(join: Join, schema: Schema, rows: dict[str, int]) -> float:
    """Rows that a join makes beyond those of its sides, at most: of every left row as many as one unit has on the right."""
    if not (is_private(join.left, schema) and is_private(join.right, schema)):
        return 0.0
    left, right = rows_of(join.left, schema), rows_of(join.right, schema)
    compared = join.kind in (JoinKind.SEMI, JoinKind.ANTI)
    if compared and join.residual is None or not compared and rows_of(join, schema) <= left + right:
        return 0.0
    whole = min(_scanned(join.left, rows) * right, _scanned(join.right, rows) * left)
    return whole / COMPARED_PER_ROW if compared else whole


def _scanned(relation: Relation, rows: dict[str, int]) -> float:
    return float(max((rows.get(scan.table, 0) for scan in scans_of(relation)), default=0))


def _steps(relation: Relation, schema: Schema, rows: dict[str, int], *, depth: int) -> float:
    """Rows handled: those of every scan once for each step above it that sorts, groups or joins them."""
    match relation:
        case Scan():
            return float(depth * rows.get(table_of(relation, schema).name, 0))
        case Filter() | Project():
            return _steps(relation.source, schema, rows, depth=depth)
        case PerUnit() | Window():
            return _steps(relation.source, schema, rows, depth=depth + 3)
        case Join():
            sides = sum(_steps(side, schema, rows, depth=depth + 1) for side in (relation.left, relation.right))
            return sides + depth * _multiplied(relation, schema, rows)
        case Union():
            return sum(_steps(part, schema, rows, depth=depth) for part in relation.parts)
        case _:
            assert_never(relation)
