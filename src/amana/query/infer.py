"""The visible columns of a relation and the values they may hold, from public facts only. Part of the trusted base."""

from dataclasses import replace
from functools import lru_cache
from types import MappingProxyType
from typing import assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, Domain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.schema import Schema
from amana.query.expr import Among, Call, Case, Column, Expr, Literal, Lookup, Op
from amana.query.kinds import ColumnInfo, Columns, NullDomain, at_scale, hull, kind_name, number, size_of
from amana.query.narrow import refined
from amana.query.plan import (
    Buckets,
    Filter,
    Join,
    JoinKind,
    PerUnit,
    Project,
    Relation,
    Scan,
    Union,
    UnitFunction,
    UnitMeasure,
    Window,
    WindowFunction,
    WindowMeasure,
)  # fmt: skip
from amana.query.tables import is_private, scans_of, table_of, unit_columns
from amana.query.values import DIV_SCALE, domain_of
from amana.terms.refusal import Refusal


@lru_cache(maxsize=4096)
def columns_of(relation: Relation, schema: Schema) -> Columns:
    """Visible columns in order, by unique name.

    Errors: Refusal for kinds that do not fit or unknown tables; assertion for a malformed plan (names not unique or absent).
    """
    match relation:
        case Scan():
            return _scan(relation, schema)
        case Filter():
            return refined(columns_of(relation.source, schema), relation.predicate)
        case Project():
            return _project(relation, schema)
        case Join():
            return _join(relation, schema)
        case Union():
            return _union(relation, schema)
        case PerUnit():
            return _per_unit(relation, schema)
        case Window():
            below = columns_of(relation.source, schema)
            columns = dict(below)
            for measure in relation.measures:
                assert measure.name not in columns, measure.name
                apart = measure.function is WindowFunction.ROW_NUMBER and all(is_single(expr, below) for expr in measure.partition)
                alike = 1 if apart else None
                columns[measure.name] = ColumnInfo(domain=_window(measure, relation.source, schema), private=True, alike=alike)
            return MappingProxyType(columns)
        case Buckets():
            return _buckets(relation, schema)
        case _:
            assert_never(relation)


def visible_domain(expr: Expr, columns: Columns) -> Domain:
    """Like `domain_of`, for an expression that becomes a column: one that is always NULL counts as a boolean that is NULL."""
    domain = domain_of(expr, columns)
    return BooleanDomain(nullable=True) if isinstance(domain, NullDomain) else domain


def _scan(scan: Scan, schema: Schema) -> Columns:
    table = table_of(scan, schema)
    columns: dict[str, ColumnInfo] = {}
    single = table.private and table.rows_per_unit_max == 1
    units = unit_columns(table, schema)
    for column in table.columns:
        unit = column.name in units
        columns[f"{scan.alias}.{column.name}"] = ColumnInfo(
            domain=KeyDomain() if unit else column.domain,
            private=table.private,
            origin=(table.name, column.name),
            alias=scan.alias,
            unit=unit,
            single=unit or single,
        )
    if table.private:
        virtual = f"{scan.alias}.{schema.unit}"
        columns.setdefault(virtual, ColumnInfo(domain=KeyDomain(), private=True, alias=scan.alias, unit=True, single=True))
    return MappingProxyType(columns)


def _project(relation: Project, schema: Schema) -> Columns:
    below = columns_of(relation.source, schema)
    private = is_private(relation.source, schema)
    columns: dict[str, ColumnInfo] = {}
    for name, expr in relation.columns:
        assert name not in columns, name
        if isinstance(expr, Column):
            columns[name] = below[expr.name]
        else:
            columns[name] = ColumnInfo(domain=visible_domain(expr, below), private=private, single=is_single(expr, below))
    return MappingProxyType(columns)


def _join(join: Join, schema: Schema) -> Columns:
    left, right = columns_of(join.left, schema), columns_of(join.right, schema)
    assert not set(left) & set(right), set(left) & set(right)
    both = MappingProxyType({**left, **right})
    for one, other in join.on:
        domain_of(Call(op=Op.EQ, args=(Column(name=one), Column(name=other))), both)
    if join.residual is not None:
        domain_of(join.residual, both)
    if join.kind in (JoinKind.SEMI, JoinKind.ANTI):
        return left
    # a row may meet several, so what told the rows of a unit apart need not any more
    left, right = ({name: replace(info, alike=None) for name, info in side.items()} for side in (left, right))
    match join.kind:
        case JoinKind.LEFT:
            # an unmatched row has no unit on the right: there the column is no longer the unit of the row, and NULL is a value more
            right = _followed(join, left, right, schema)
            opened = {n: replace(info, domain=replace(info.domain, nullable=True), origin=None, unit=False) for n, info in right.items()}
            return MappingProxyType({**left, **opened})
        case JoinKind.INNER:
            if not is_private(join.left, schema):
                left = _followed(
                    Join(left=join.right, right=join.left, kind=join.kind, on=tuple((b, a) for a, b in join.on)), right, left, schema
                )
            both = MappingProxyType({**left, **_followed(join, left, right, schema)})
            equal = [(both[one].single or both[other].single, one, other) for one, other in join.on]  # rows that stay agree on them
            both = MappingProxyType({**both, **{n: replace(both[n], single=True) for single, *pair in equal if single for n in pair}})
            return both if join.residual is None else refined(both, join.residual)
        case _:
            assert_never(join.kind)


def _followed(join: Join, left: Columns, right: Columns, schema: Schema) -> Columns:
    """Columns of a public right side: one row of it follows from left columns of which a unit has one value each."""
    if is_private(join.right, schema):
        if join.kind is JoinKind.INNER:
            return right
        return MappingProxyType({name: replace(info, single=False) for name, info in right.items()})
    certain = join.residual is None and all(left[one].single for one, _ in join.on)
    follows = certain and multiplicity_of(join.right, frozenset(other for _, other in join.on), schema) == 1
    return MappingProxyType({name: replace(info, single=follows) for name, info in right.items()})


def is_single(expr: Expr, columns: Columns) -> bool:
    """Whether the rows of one unit give at most one value of `expr`."""
    match expr:
        case Column():
            return columns[expr.name].single
        case Literal():
            return True
        case Among():
            return is_single(expr.value, columns)
        case Lookup():
            return is_single(expr.index, columns)
        case Call():
            return all(is_single(arg, columns) for arg in expr.args)
        case Case():
            return all(is_single(a, columns) and is_single(b, columns) for a, b in expr.branches) and is_single(expr.otherwise, columns)
        case _:
            assert_never(expr)


def _union(union: Union, schema: Schema) -> Columns:
    parts = [columns_of(part, schema) for part in union.parts]
    names = list(parts[0])
    assert all(list(part) == names for part in parts), "parts of a union name their columns alike"
    columns: dict[str, ColumnInfo] = {}
    for name in names:
        domain = hull(*(part[name].domain for part in parts))
        assert not isinstance(domain, NullDomain)
        columns[name] = ColumnInfo(domain=domain, private=True, unit=all(part[name].unit for part in parts))
    return MappingProxyType(columns)


def _per_unit(relation: PerUnit, schema: Schema) -> Columns:
    below = columns_of(relation.source, schema)
    rows = rows_of(relation.source, schema)
    columns: dict[str, ColumnInfo] = {}
    if relation.unit_name is not None:
        columns[relation.unit_name] = ColumnInfo(domain=KeyDomain(), private=True, unit=True, single=True)
    for name, expr in relation.keys:
        assert name not in columns, name
        if isinstance(expr, Column):
            columns[name] = below[expr.name]
        else:
            columns[name] = ColumnInfo(domain=visible_domain(expr, below), private=True, single=is_single(expr, below))
    one_row = all(is_single(expr, below) for _, expr in relation.keys)
    for measure in relation.measures:
        assert measure.name not in columns, measure.name
        columns[measure.name] = ColumnInfo(domain=_unit_measure(measure, below, rows), private=True, single=one_row)
    return MappingProxyType(columns)


def _buckets(relation: Buckets, schema: Schema) -> Columns:
    """A row is in a bucket once, so no more rows of a unit are in one bucket than it had before."""
    below, most = columns_of(relation.source, schema), relation.grams.most
    assert relation.name not in below, relation.name
    text = below[relation.text].domain
    if not isinstance(text, TextDomain | ChoiceDomain):
        raise Refusal("plan.kinds_differ", one=kind_name(text), other="word.kind.text")
    columns = {name: replace(info, alike=info.alike and info.alike * most) for name, info in below.items()}
    bucket = number(0, 0, relation.grams.buckets - 1, nullable=False)
    columns[relation.name] = ColumnInfo(domain=bucket, private=True, alike=rows_of(relation.source, schema))
    return MappingProxyType(columns)


def _unit_measure(measure: UnitMeasure, below: Columns, rows: int) -> Domain:
    value = visible_domain(measure.value, below)
    match measure.function:
        case UnitFunction.COUNT | UnitFunction.COUNT_DISTINCT:
            return number(0, 0, rows, nullable=False)
        case UnitFunction.MIN | UnitFunction.MAX:
            if isinstance(value, KeyDomain):
                raise Refusal("plan.identifier_used")
            return value
        case UnitFunction.SUM:
            return _sum(value, rows)
        case UnitFunction.MEAN:
            if not isinstance(value, NumberDomain):
                raise Refusal("plan.kinds_differ", one="word.kind.value", other="word.kind.number")
            total = _sum(value, rows)
            fine = at_scale(value, max(value.scale, min(12, value.scale + DIV_SCALE)))
            at_scale(total, fine.scale)  # the dividend must fit too
            return number(fine.scale, fine.low, fine.high, nullable=value.nullable)
        case _:
            assert_never(measure.function)


def _sum(value: Domain, rows: int) -> NumberDomain:
    if not isinstance(value, NumberDomain):
        raise Refusal("plan.kinds_differ", one="word.kind.value", other="word.kind.number")
    return number(value.scale, min(value.low, rows * value.low), max(value.high, rows * value.high), nullable=value.nullable)


def _window(measure: WindowMeasure, source: Relation, schema: Schema) -> Domain:
    below = columns_of(source, schema)
    for expr in (*measure.partition, *(expr for expr, _ in measure.order)):
        domain_of(expr, below)
    value, rows = visible_domain(measure.value, below), rows_of(source, schema)
    match measure.function:
        case WindowFunction.ROW_NUMBER:
            return number(0, 1, max(1, rows), nullable=False)
        case WindowFunction.COUNT:
            return number(0, 0, rows, nullable=False)
        case WindowFunction.SUM:
            return replace(_sum(value, rows), nullable=value.nullable)
        case WindowFunction.LAG | WindowFunction.LEAD:
            return replace(value, nullable=True)
        case WindowFunction.MIN | WindowFunction.MAX:
            if isinstance(value, KeyDomain):
                raise Refusal("plan.identifier_used")
            return value
        case _:
            assert_never(measure.function)


# --- stability: how many rows of a relation one unit can have ---


def rows_of(relation: Relation, schema: Schema) -> int:
    """The largest number of rows of a private relation that belong to one unit (PRIVACY 5, 6).

    Adding or removing one unit adds or removes that many rows at most, and changes no other row, because every
    operation works inside units. Proof: `stability.md`.
    """
    match relation:
        case Scan():
            table = table_of(relation, schema)
            assert table.private
            return min(table.rows_per_unit_max, relation.keep or table.rows_per_unit_max)
        case Filter():
            held = [size_of(info.domain) * info.alike for info in columns_of(relation, schema).values() if info.alike is not None]
            return min((rows_of(relation.source, schema), *held))
        case Project() | Window():
            return rows_of(relation.source, schema)
        case Buckets():
            return rows_of(relation.source, schema) * relation.grams.most
        case Union():
            return sum(rows_of(part, schema) for part in relation.parts)
        case PerUnit():
            below, parent = columns_of(relation.source, schema), grouping_scan(relation, schema)
            groups = 1 if parent is None else rows_of(parent, schema)
            for _, expr in relation.keys:
                if not (is_single(expr, below) or (parent is not None and _of_key(expr, below, parent, schema))):
                    groups *= size_of(visible_domain(expr, below))
            return min(rows_of(relation.source, schema), groups)
        case Join():
            return _rows_of_join(relation, schema)
        case _:
            assert_never(relation)


def _rows_of_join(join: Join, schema: Schema) -> int:
    if join.kind in (JoinKind.SEMI, JoinKind.ANTI):
        return rows_of(join.left, schema)
    left_on, right_on = frozenset(one for one, _ in join.on), frozenset(other for _, other in join.on)
    if not is_private(join.right, schema):
        each = multiplicity_of(join.right, right_on, schema)
        assert each is not None, "checked"
        return rows_of(join.left, schema) * max(1, each)
    if not is_private(join.left, schema):
        each = multiplicity_of(join.left, left_on, schema)
        assert each is not None and join.kind is JoinKind.INNER, "checked"
        return rows_of(join.right, schema) * max(1, each)
    left, right = rows_of(join.left, schema), rows_of(join.right, schema)
    one_on_right = any(key <= right_on for key in keys_of(join.right, schema))
    one_on_left = any(key <= left_on for key in keys_of(join.left, schema))
    if join.kind is JoinKind.INNER:
        return min(left if one_on_right else left * right, right if one_on_left else left * right)
    return min(left if one_on_right else left * max(1, right), left + right if one_on_left else left * max(1, right))


def grouping_scan(relation: PerUnit, schema: Schema) -> Scan | None:
    """A private table whose whole key is among the keys of the grouping: a unit has as many such groups as rows of it, at most."""
    below = columns_of(relation.source, schema)
    grouped = {(info.alias, info.origin) for _, expr in relation.keys if isinstance(expr, Column) for info in (below[expr.name],)}
    found: list[Scan] = []
    scans = scans_of(relation.source)
    for scan in scans:
        table = table_of(scan, schema)
        whole = bool(table.key) and all((scan.alias, (table.name, name)) in grouped for name in table.key)
        if whole and table.private and sum(other.alias == scan.alias for other in scans) == 1:
            found.append(scan)
    return min(found, key=lambda scan: rows_of(scan, schema), default=None)


def _of_key(expr: Expr, columns: Columns, scan: Scan, schema: Schema) -> bool:
    """Whether the expression is a column of that table's key."""
    table = table_of(scan, schema)
    info = columns[expr.name] if isinstance(expr, Column) else None
    return info is not None and info.alias == scan.alias and info.origin in {(table.name, name) for name in table.key}


def multiplicity_of(relation: Relation, columns: frozenset[str], schema: Schema) -> int | None:
    """The largest number of rows of a public relation that agree on `columns`; None if nothing declared bounds it."""
    match relation:
        case Scan():
            table = table_of(relation, schema)
            keyed = bool(table.key) and {f"{relation.alias}.{name}" for name in table.key} <= columns
            return table.multiplicity if keyed else None
        case Filter():
            return multiplicity_of(relation.source, columns, schema)
        case Project():
            below = frozenset(e.name for name, e in relation.columns if name in columns and isinstance(e, Column))
            return multiplicity_of(relation.source, below, schema)
        case Join() if relation.kind in (JoinKind.SEMI, JoinKind.ANTI):
            return multiplicity_of(relation.left, columns, schema)
        case Join():
            left = multiplicity_of(relation.left, columns, schema)
            right = multiplicity_of(relation.right, frozenset(other for _, other in relation.on), schema)
            return None if left is None or right is None else left * max(1, right)
        case _:
            return None


def keys_of(relation: Relation, schema: Schema) -> frozenset[frozenset[str]]:
    """Sets of visible columns of which no two rows of the relation share the values; NULL-free by checks at publishing."""
    match relation:
        case Scan():
            table = table_of(relation, schema)
            unique = frozenset({frozenset(f"{relation.alias}.{name}" for name in table.key)}) if table.key else frozenset[frozenset[str]]()
            if table.private and table.rows_per_unit_max == 1:
                units = {name for name, info in columns_of(relation, schema).items() if info.unit}
                unique |= {frozenset({name}) for name in units}
            return unique if not (table.key and not table.private and table.multiplicity > 1) else frozenset()
        case Filter() | Window():
            return keys_of(relation.source, schema)
        case Project():
            renamed = {e.name: name for name, e in relation.columns if isinstance(e, Column)}
            below = keys_of(relation.source, schema)
            return frozenset(frozenset(renamed[name] for name in key) for key in below if key <= set(renamed))
        case PerUnit():
            if relation.unit_name is None:
                return frozenset()
            return frozenset({frozenset({relation.unit_name, *(name for name, _ in relation.keys)})})
        case Join() if relation.kind in (JoinKind.SEMI, JoinKind.ANTI):
            return keys_of(relation.left, schema)
        case Join():
            right_on = frozenset(other for _, other in relation.on)
            single = any(key <= right_on for key in keys_of(relation.right, schema))
            return keys_of(relation.left, schema) if single else frozenset()
        case Union() | Buckets():
            return frozenset()
        case _:
            assert_never(relation)
