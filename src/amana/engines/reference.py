"""A plain engine over Python rows: slow, obviously right, the definition of what a plan means.

It shares only `terms`, `catalog` and `query` with the other engines; `tests/engines` holds them equal to it.
"""

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from fractions import Fraction
from functools import cmp_to_key
from math import trunc
from typing import TypeAlias, assert_never, final

from amana.catalog.domains import DateDomain, Domain, MomentDomain, NumberDomain
from amana.catalog.schema import Schema, Table
from amana.engines.engine import Cell, SumTable
from amana.engines.reference_values import Unit, Value, compare, value_of
from amana.query.infer import columns_of, visible_domain
from amana.query.plan import (
    BinCount,
    BoundedPlan,
    BoundedSum,
    Buckets,
    DistinctCount,
    Filter,
    Join,
    JoinKind,
    KeyValue,
    PerUnit,
    Project,
    Relation,
    RowSum,
    Scan,
    Union,
    UnitCount,
    UnitFunction,
    UnitMeasure,
    Window,
    WindowFunction,
    WindowMeasure,
)
from amana.query.tables import is_private, table_of
from amana.terms.exact import Exact
from amana.terms.refusal import Fault

StoredValue: TypeAlias = int | str | bool | date | datetime | None
StoredRow: TypeAlias = Mapping[str, StoredValue]
"""A published row: columns by their names, for a private table also `u`, `r` and `o_<column>` where declared.

Units: a number is an int in units of its grid; a moment is a `datetime` in whole seconds; a choice is its text."""
ReferenceTables: TypeAlias = Mapping[str, Sequence[StoredRow]]
EPOCH = date(1970, 1, 1)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`unit` is None for a public row. `ranks`: the stored ranks of the private scans below, None where LEFT found no row."""

    values: Mapping[str, Value]
    unit: int | None
    ranks: tuple[int | None, ...] = ()


@final
class ReferenceEngine:
    """An engine over rows in memory."""

    def __init__(self, tables: ReferenceTables, *, schema: Schema) -> None:
        self._tables = tables
        self._schema = schema

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        """See `Engine.run`. Time is not limited: this engine is for tests and small tables."""
        assert seconds_max > 0
        plan = bounded.plan
        domains = [visible_domain(expr, columns_of(plan.source, self._schema)) for _, expr in plan.keys]
        groups: dict[tuple[KeyValue, ...], list[Row]] = {} if plan.keys else {(): []}
        for row in self._rows(plan.source):
            key = tuple(key_value(value_of(expr, row.values), domain) for (_, expr), domain in zip(plan.keys, domains, strict=True))
            groups.setdefault(key, []).append(row)
        if len(groups) > groups_max:
            raise Fault(id=secrets.token_hex(8))
        cells = {key: tuple(self._cell(total, rows, plan.source) for total in bounded.sums) for key, rows in groups.items()}
        return Exact(SumTable(cells=cells))

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        """See `Engine.run_all`."""
        return tuple(self.run(bounded, groups_max=groups_max, seconds_max=seconds_max) for bounded in plans)

    # --- sums ---

    def _cell(self, bounded: BoundedSum, rows: Sequence[Row], source: Relation) -> Cell:
        match bounded.sum:
            case RowSum():
                return _row_sum(bounded, bounded.sum, rows)
            case UnitCount() as total:
                return len({row.unit for row in rows if value_of(total.condition, row.values) is True})
            case DistinctCount() as total:
                return len({value_of(total.value, row.values) for row in rows} - {None})
            case BinCount() as total:
                domain = visible_domain(total.value, columns_of(source, self._schema))
                counts = [0] * total.bins
                for row in rows:
                    value = value_of(total.value, row.values)
                    if value is not None:
                        counts[min(max((on_grid(value, domain) - total.low) // total.width, 0), total.bins - 1)] += 1
                return tuple(counts)
            case _:
                assert_never(bounded.sum)

    # --- relations ---

    def _rows(self, relation: Relation) -> list[Row]:
        match relation:
            case Scan():
                return self._scan(relation)
            case Filter():
                return [row for row in self._rows(relation.source) if value_of(relation.predicate, row.values) is True]
            case Project():
                return [
                    Row(values={name: value_of(expr, row.values) for name, expr in relation.columns}, unit=row.unit, ranks=row.ranks)
                    for row in self._rows(relation.source)
                ]
            case Join():
                return self._join(relation)
            case Union():
                return [Row(values=row.values, unit=row.unit) for part in relation.parts for row in self._rows(part)]
            case PerUnit():
                return self._per_unit(relation)
            case Window():
                return self._window(relation)
            case Buckets():
                return [
                    Row(values={**row.values, relation.name: Fraction(bucket)}, unit=row.unit, ranks=row.ranks)
                    for row in self._rows(relation.source)
                    for bucket in relation.grams.of(_text(row.values[relation.text]))
                ]
            case _:
                assert_never(relation)

    def _scan(self, scan: Scan) -> list[Row]:
        table = table_of(scan, self._schema)
        rows: list[Row] = []
        for stored in self._tables[table.name]:
            values = {f"{scan.alias}.{column.name}": _read(stored[column.name], column.domain) for column in table.columns}
            if not table.private:
                rows.append(Row(values=values, unit=None))
                continue
            unit, rank = _whole(stored["u"]), _whole(stored["r"])
            if scan.keep is not None and rank > scan.keep:
                continue
            if scan.keep_within is not None and _whole(stored[f"o_{scan.keep_within[0]}"]) > scan.keep_within[1]:
                continue
            for name in _unit_columns(table, self._schema):
                source = stored[name]
                assert isinstance(source, int | str)
                values[f"{scan.alias}.{name}"] = Unit(unit, source)
            if table.column(self._schema.unit) is None:
                values[f"{scan.alias}.{self._schema.unit}"] = Unit(unit)
            rows.append(Row(values=values, unit=unit, ranks=(rank,)))
        return rows

    def _join(self, join: Join) -> list[Row]:
        partners = self._rows(join.right)
        right_columns = columns_of(join.right, self._schema)
        nothing = Row(values=dict.fromkeys(right_columns), unit=None, ranks=(None,) * self._ranks(join.right))
        result: list[Row] = []
        for row in self._rows(join.left):
            met = [_beside(row, other) for other in partners if _agree(row, other, join.on)]
            if join.residual is not None:
                met = [both for both in met if value_of(join.residual, both.values) is True]
            match join.kind:
                case JoinKind.INNER:
                    result += met
                case JoinKind.LEFT:
                    result += met or [_beside(row, nothing)]
                case JoinKind.SEMI:
                    result += [row] if met else []
                case JoinKind.ANTI:
                    result += [] if met else [row]
                case _:
                    assert_never(join.kind)
        return result

    def _ranks(self, relation: Relation) -> int:
        """How many ranks the rows of a relation carry."""
        match relation:
            case Scan():
                return int(is_private(relation, self._schema))
            case Filter() | Project() | Window() | Buckets():
                return self._ranks(relation.source)
            case Join():
                right = 0 if relation.kind in (JoinKind.SEMI, JoinKind.ANTI) else self._ranks(relation.right)
                return self._ranks(relation.left) + right
            case Union() | PerUnit():
                return 0
            case _:
                assert_never(relation)

    def _per_unit(self, relation: PerUnit) -> list[Row]:
        groups: dict[tuple[Value, ...], list[Row]] = {}
        for row in self._rows(relation.source):
            key = (None if row.unit is None else Unit(row.unit), *(value_of(expr, row.values) for _, expr in relation.keys))
            groups.setdefault(key, []).append(row)
        columns = columns_of(relation.source, self._schema)
        result: list[Row] = []
        for grouped, rows in groups.items():
            unit, key = grouped[0], grouped[1:]
            assert isinstance(unit, Unit)
            values: dict[str, Value] = {} if relation.unit_name is None else {relation.unit_name: unit}
            values |= {name: value for (name, _), value in zip(relation.keys, key, strict=True)}
            for measure in relation.measures:
                values[measure.name] = _measured(measure, rows, visible_domain(measure.value, columns))
            result.append(Row(values=values, unit=unit.number))
        return result

    def _window(self, relation: Window) -> list[Row]:
        rows = self._rows(relation.source)
        added: list[dict[str, Value]] = [{} for _ in rows]
        for measure in relation.measures:
            parts: dict[tuple[Value, ...], list[int]] = {}
            for index, row in enumerate(rows):
                unit = None if row.unit is None else Unit(row.unit)
                parts.setdefault((unit, *(value_of(expr, row.values) for expr in measure.partition)), []).append(index)
            for part in parts.values():
                part.sort(key=lambda index: _place(measure, rows[index]))
                values = [value_of(measure.value, rows[index].values) for index in part]
                for position, index in enumerate(part):
                    added[index][measure.name] = _windowed(measure, values, position)
        return [Row(values={**row.values, **more}, unit=row.unit, ranks=row.ranks) for row, more in zip(rows, added, strict=True)]


# --- values between the store, the expressions and the keys ---


def _read(stored: StoredValue, domain: Domain) -> Value:
    if isinstance(domain, NumberDomain) and stored is not None:
        return Fraction(_whole(stored), 10**domain.scale)
    return stored


def _text(value: Value) -> str | None:
    assert value is None or isinstance(value, str)
    return value


def _whole(stored: StoredValue) -> int:
    assert isinstance(stored, int)
    return stored


def on_grid(value: Value, domain: Domain) -> int:
    """A number, date or moment as an integer. Units: 10**-scale; days; seconds since 1970."""
    match domain, value:
        case (NumberDomain(), Fraction()):
            units: Fraction = value * 10**domain.scale
            assert units.denominator == 1, "inference gives a scale that holds every value"
            return units.numerator
        case (MomentDomain(), datetime()):
            elapsed = value - datetime(1970, 1, 1)
            return elapsed // timedelta(seconds=1)
        case (DateDomain(), date()):
            return value.toordinal() - EPOCH.toordinal()
        case _:
            raise AssertionError(domain)


def key_value(value: Value, domain: Domain) -> KeyValue:
    """A key as it is shown outside the engine."""
    if value is None or isinstance(value, bool | str):
        return value
    return on_grid(value, domain)


def _unit_columns(table: Table, schema: Schema) -> set[str]:
    """Columns that hold the unit's source key: the declared one, and those that lead to it along the path."""
    if table.path is None:
        return {table.unit_column} if table.unit_column is not None else set()
    parent = schema.table(table.path.parent)
    assert parent is not None
    leading = {here for here, there in table.path.on if there in _unit_columns(parent, schema)}
    return leading | ({table.unit_column} if table.unit_column is not None else set())


def _agree(left: Row, right: Row, on: Sequence[tuple[str, str]]) -> bool:
    pairs = [(left.values[one], right.values[other]) for one, other in on]
    return all(a is not None and b is not None and compare(a, b) == 0 for a, b in pairs)


def _beside(left: Row, right: Row) -> Row:
    unit = left.unit if left.unit is not None else right.unit
    return Row(values={**left.values, **right.values}, unit=unit, ranks=left.ranks + right.ranks)


# --- sums and measures over rows ---


def _row_sum(bounded: BoundedSum, total: RowSum, rows: Iterable[Row]) -> int:
    centre = Fraction(total.centre.units, 10**total.centre.scale)
    by_unit: dict[int | None, Fraction] = {}
    for row in rows:
        value = value_of(total.value, row.values)
        if value is not None:
            assert isinstance(value, Fraction)
            by_unit[row.unit] = by_unit.get(row.unit, Fraction(0)) + value - centre
    units = [contribution * 10**bounded.scale for contribution in by_unit.values()]
    assert all(contribution.denominator == 1 for contribution in units)
    if bounded.per_unit:
        return sum(min(max(contribution.numerator, bounded.low), bounded.high) for contribution in units)
    return sum(contribution.numerator for contribution in units)


def _measured(measure: UnitMeasure, rows: Sequence[Row], domain: Domain) -> Value:
    values = [value for row in rows if (value := value_of(measure.value, row.values)) is not None]
    match measure.function:
        case UnitFunction.COUNT:
            return Fraction(len(values))
        case UnitFunction.COUNT_DISTINCT:
            return Fraction(len(set(values)))
        case UnitFunction.SUM:
            return _total(values)
        case UnitFunction.MIN:
            return min(values, key=_BY_VALUE, default=None)
        case UnitFunction.MAX:
            return max(values, key=_BY_VALUE, default=None)
        case UnitFunction.MEAN:
            total = _total(values)
            if total is None:
                return None
            assert isinstance(domain, NumberDomain)
            steps = 10 ** max(domain.scale, min(12, domain.scale + 6))
            return Fraction(trunc(total / len(values) * steps), steps)
        case _:
            assert_never(measure.function)


def _windowed(measure: WindowMeasure, values: Sequence[Value], position: int) -> Value:
    """The measure at a position of the ordered values of one partition."""
    reached = [value for value in (values[: position + 1] if measure.order else values) if value is not None]
    match measure.function:
        case WindowFunction.ROW_NUMBER:
            return Fraction(position + 1)
        case WindowFunction.LAG:
            return values[position - measure.offset] if position >= measure.offset else None
        case WindowFunction.LEAD:
            return values[position + measure.offset] if position + measure.offset < len(values) else None
        case WindowFunction.COUNT:
            return Fraction(len(reached))
        case WindowFunction.SUM:
            return _total(reached)
        case WindowFunction.MIN:
            return min(reached, key=_BY_VALUE, default=None)
        case WindowFunction.MAX:
            return max(reached, key=_BY_VALUE, default=None)
        case _:
            assert_never(measure.function)


def _total(values: Sequence[Value]) -> Fraction | None:
    total = Fraction(0)
    for value in values:
        assert isinstance(value, Fraction)
        total += value
    return total if values else None


def _place(measure: WindowMeasure, row: Row) -> tuple[object, ...]:
    """Where a row stands in its partition: by the order asked for (NULLs last), the stored ranks, then its visible values,
    so that rows which still tie are alike."""
    asked = tuple(_nulls_last(value_of(expr, row.values), descending=descending) for expr, descending in measure.order)
    ranks = tuple((rank is None, rank or 0) for rank in row.ranks)
    return (*asked, *ranks, *(_nulls_last(value, descending=False) for value in row.values.values()))


def _nulls_last(value: Value, *, descending: bool) -> tuple[object, ...]:
    return (1,) if value is None else (0, (_BY_VALUE_DOWN if descending else _BY_VALUE)(value))


def _compare_down(one: Value, other: Value) -> int:
    return compare(other, one)


_BY_VALUE = cmp_to_key(compare)
_BY_VALUE_DOWN = cmp_to_key(_compare_down)
