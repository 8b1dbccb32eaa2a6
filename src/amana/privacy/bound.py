"""How much one privacy unit can change what a plan measures: clamps, truncation, stability, sensitivity. Proof: `bound.md`.

`Choice` says which bounds to use. Any choice is sound; a better one only gives smaller errors, so whoever chooses is not trusted.
"""

from dataclasses import dataclass, replace
from math import isqrt
from typing import assert_never, final

from amana.catalog.schema import Schema
from amana.privacy.keys import public_keys
from amana.query.check import ONE, is_ranked
from amana.query.expr import Call, Column, Fixed, Literal, Op
from amana.query.infer import columns_of, is_single, rows_of, visible_domain
from amana.query.kinds import Columns, size_of
from amana.query.plan import (
    BinCount,
    BoundedPlan,
    BoundedSum,
    Buckets,
    DistinctCount,
    Filter,
    Join,
    PerUnit,
    Plan,
    Project,
    PublicKeys,
    Relation,
    RowSum,
    Scan,
    Sum,
    Union,
    UnitCount,
    UnknownKeys,
    Window,
    WindowFunction,
    WindowMeasure,
)
from amana.query.scales import interval, scale_of
from amana.query.tables import nodes_of, scans_of, table_of
from amana.terms.refusal import Refusal

MAGNITUDE_MAX = 2**80
"""Largest that all rows of one unit can add up to, in units, clamped or not: then sums over 2**47 units stay inside 128 bits."""


LEFT_NUMBER = "\0left"
"""Column of the kernel's own numbering; no name of a question holds a NUL."""
GRAIN_BITS = 30
"""A sum whose sensitivity needs more binary digits is rounded to that many before noise, so that noise fits in 64 bits."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Bounds chosen from public facts.

    `keep`: rows kept per unit, by scan alias. `within`: (scan alias, declared occurrence column, rows kept per unit and value
    of it). `left`: rows kept of each unit of those that joins and filters leave. `clamps`: for each sum of the plan, None to
    bound rows, or (low, high) of one unit's contribution to one key, in units of the sum's scale, holding 0. `witness_units`:
    count units, not rows, for the threshold of unknown keys.
    """

    keep: tuple[tuple[str, int], ...] = ()
    within: tuple[tuple[str, str, int], ...] = ()
    clamps: tuple[tuple[int, int] | None, ...] = ()
    left: int | None = None
    witness_units: bool = True


def bound(plan: Plan, schema: Schema, *, choice: Choice, groups_max: int) -> BoundedPlan:
    """The plan with truncated scans, and for each sum the largest change that one unit can make.

    Errors: Refusal plan.groups_too_many, plan.unbounded.
    """
    source = _truncate(plan.source, choice, schema)
    if choice.left is not None and is_ranked(source):
        source = _keep_of_left(source, choice.left)
    keys = public_keys(plan, schema, groups_max=groups_max)
    if keys is None and (not plan.keys or plan.sets):
        raise Refusal("plan.groups_too_many", groups=groups_max)
    sums, clamps = plan.sums, choice.clamps or (None,) * len(plan.sums)
    assert len(clamps) == len(sums)
    witness = -1
    if keys is None:
        sums, clamps, witness = _with_witness(sums, clamps, choice)
    bounded_plan = replace(plan, source=source, sums=sums)
    rows, per_key = _rows(bounded_plan, choice, schema)
    per_unit = _keys_per_unit(bounded_plan, schema, rows, keys)
    columns = columns_of(source, schema)
    bounds = tuple(_bound_sum(total, clamp, columns, rows, per_key, per_unit) for total, clamp in zip(sums, clamps, strict=True))
    released = keys or UnknownKeys(witness=witness, witness_high=_witness_high(bounds[witness], per_key), keys_per_unit=per_unit)
    return BoundedPlan(plan=bounded_plan, sums=bounds, keys=released, keys_per_unit=per_unit)


def _keep_of_left(relation: Relation, most: int) -> Relation:
    """At most that many rows of each unit, those of lowest stored rank: one more window and filter, bounded as any other."""
    assert most >= 1
    numbered = Window(source=relation, measures=(WindowMeasure(name=LEFT_NUMBER, function=WindowFunction.ROW_NUMBER, value=ONE),))
    few = Call(op=Op.LE, args=(Column(name=LEFT_NUMBER), Literal(value=Fixed(units=most))))
    return Filter(source=numbered, predicate=few)


def _truncate(relation: Relation, choice: Choice, schema: Schema) -> Relation:
    match relation:
        case Scan():
            table = table_of(relation, schema)
            wanted = next((most for alias, most in choice.keep if alias == relation.alias), None)
            within = next(((column, most) for alias, column, most in choice.within if alias == relation.alias), None)
            if not table.private:
                return relation
            assert wanted is None or wanted >= 1
            assert within is None or (within[0] in table.occurrence and within[1] >= 1)
            return replace(relation, keep=wanted, keep_within=within)
        case Join():
            return replace(relation, left=_truncate(relation.left, choice, schema), right=_truncate(relation.right, choice, schema))
        case Union():
            return replace(relation, parts=tuple(_truncate(part, choice, schema) for part in relation.parts))
        case Filter() | Project() | PerUnit() | Window() | Buckets():
            return replace(relation, source=_truncate(relation.source, choice, schema))
        case _:
            assert_never(relation)


def _rows(plan: Plan, choice: Choice, schema: Schema) -> tuple[int, int]:
    """(rows one unit can have, rows it can have in one key combination).

    Rows with one value of an occurrence column S come from at most m rows of its scan, so wherever S itself is a key, or a
    filter leaves S one value, the relation over a scan of m rows bounds them (PRIVACY 6: S itself, not a function of it).
    A column that few rows of a unit show alike bounds them where it is a key itself.
    """
    columns = columns_of(plan.source, schema)
    alike = [most for _, expr in plan.keys if isinstance(expr, Column) and (most := columns[expr.name].alike) is not None]
    rows = rows_of(plan.source, schema)
    per_key = min(rows, *alike) if alike else rows
    for alias, name, most in () if _numbers_rows(plan.source) else choice.within:
        scans = [scan for scan in scans_of(plan.source) if scan.alias == alias]
        if len(scans) != 1 or scans[0].keep_within != (name, most):
            continue  # a second wish for the same scan was not granted, so it bounds nothing
        fewer = rows_of(
            _truncate(plan.source, replace(choice, keep=((alias, min(most, scans[0].keep or most)), *choice.keep)), schema), schema
        )
        same = [visible for visible, info in columns.items() if info.alias == alias and info.origin == (scans[0].table, name)]
        if any(size_of(columns[visible].domain) == 1 for visible in same):
            rows = min(rows, fewer)
        if any(isinstance(expr, Column) and expr.name in same for _, expr in plan.keys):
            per_key = min(per_key, fewer)
    return rows, min(rows, per_key)


def _numbers_rows(relation: Relation) -> bool:
    """Whether a window of the question counts or numbers rows: those with other values of S too, so that fewer rows of a scan
    do not bound what it shows. (The kernel's own numbering stands above everything.)"""
    return any(isinstance(node, Window) and node.measures[0].name != LEFT_NUMBER for node in nodes_of(relation))


def _with_witness(
    sums: tuple[Sum, ...], clamps: tuple[tuple[int, int] | None, ...], choice: Choice
) -> tuple[tuple[Sum, ...], tuple[tuple[int, int] | None, ...], int]:
    """The sum that decides which unknown keys are many enough; counted once more if the question does not ask for it."""
    for index, total in enumerate(sums):
        if isinstance(total, UnitCount) and total.condition == Literal(value=True):
            return sums, clamps, index
        if not choice.witness_units and isinstance(total, RowSum) and total.value == ONE and total.centre.units == 0:
            return sums, clamps, index
    return (*sums, UnitCount(condition=Literal(value=True))), (*clamps, None), len(sums)


def _witness_high(witness: BoundedSum, rows: int) -> int:
    if isinstance(witness.sum, UnitCount):
        return 1
    return min(witness.high, rows) if witness.per_unit else rows


def _keys_per_unit(plan: Plan, schema: Schema, rows: int, keys: PublicKeys | None) -> int:
    """How many key combinations one unit's rows can touch."""
    columns = columns_of(plan.source, schema)
    combinations = 1
    for _, expr in plan.keys:
        if not is_single(expr, columns):
            combinations *= size_of(visible_domain(expr, columns))
    return max(1, min(rows, combinations, len(keys.combinations) if keys is not None else rows))


def _bound_sum(total: Sum, clamp: tuple[int, int] | None, columns: Columns, rows: int, per_key: int, keys: int) -> BoundedSum:
    match total:
        case RowSum():
            scale, low, high = interval(total, columns)
            largest = max(abs(low), abs(high))
            if rows * largest > MAGNITUDE_MAX:
                raise Refusal("plan.unbounded")
            if clamp is None:
                l2_squared = rows * per_key * largest**2  # sum of squares <= largest one * sum
                return _bounded(total, scale, (low, high), per_unit=False, l1=rows * largest, l2_squared=l2_squared, cells=keys)
            # a clamp that holds 0 never lengthens a contribution, so both bounds hold: |c| <= most, and all |c| of a unit <= rows * largest
            assert clamp[0] <= 0 <= clamp[1]
            most = min(max(-clamp[0], clamp[1]), per_key * largest)
            l1 = min(keys * most, rows * largest)
            return _bounded(total, scale, clamp, per_unit=True, l1=l1, l2_squared=most * l1, cells=keys)
        case UnitCount():
            return _bounded(total, 0, (0, 1), per_unit=False, l1=keys, l2_squared=keys, cells=keys)
        case DistinctCount() | BinCount():
            return _bounded(total, scale_of(total, columns), (0, 1), per_unit=False, l1=rows, l2_squared=rows * per_key, cells=rows)
        case _:
            assert_never(total)


def _bounded(total: Sum, scale: int, interval: tuple[int, int], *, per_unit: bool, l1: int, l2_squared: int, cells: int) -> BoundedSum:
    low, high = interval
    grain = 1 if isinstance(total, BinCount) else 1 << max(0, isqrt(l2_squared).bit_length() - GRAIN_BITS)
    return BoundedSum(sum=total, scale=scale, low=low, high=high, per_unit=per_unit, l1=l1, l2_squared=l2_squared, cells=cells, grain=grain)
