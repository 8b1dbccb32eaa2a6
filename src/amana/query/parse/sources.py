"""FROM, WITH, WHERE and subqueries: every relation of a question."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import final

from sqlglot import exp

from amana.catalog.schema import Schema, Table
from amana.query.expr import Column, Expr, Op
from amana.query.parse.expressions import call, checked, condition, flattened, joined
from amana.query.parse.grouping import has_aggregate, has_window, outputs_of
from amana.query.parse.joins import Pool, add_join, pool_of, split, tree_of
from amana.query.parse.nodes import bare, child, children, only, optional, refused, shown, unaliased
from amana.query.parse.scope import Named, Part, Reading, Scope, Visible, names_in
from amana.query.parse.text import place_of
from amana.query.parse.units import grouped_rows
from amana.query.parse.windows import windowed_rows
from amana.query.plan import Filter, Join, JoinKind, Project, Relation, Scan, Union, Window
from amana.terms.refusal import Refusal

Names = Mapping[str, Named]
NO_NAMES: Names = MappingProxyType({})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """FROM and WHERE of one SELECT. `correlated`: conditions that name the query around (of an EXISTS only)."""

    relation: Relation
    scope: Scope
    names: Names
    correlated: tuple[Expr, ...] = ()


def body_of(select: exp.Expr, reading: Reading, *, names: Names, outer: Scope | None = None) -> Body:
    """What a SELECT reads: its tables joined and filtered.

    Errors: Refusal for anything outside the algebra.
    """
    names = _with_names(select, names)
    first = optional(select, "from_")
    if first is None:
        raise Refusal("sql.no_from", where=place_of(select))
    only(first, "this")
    pool = _pool(child(first, "this"), children(select, "joins"), reading, names=names, outer=outer)
    conditions: list[Expr] = []
    memberships: list[exp.Expr] = []
    where = optional(select, "where")
    if where is not None:
        only(where, "this")
        for conjunct in flattened(child(where, "this"), exp.And):
            if _membership(conjunct) is not None:
                memberships.append(conjunct)
            else:
                conditions.append(condition(conjunct, pool.scope))
    here = frozenset(pool.scope.columns)
    correlated = tuple(one for one in (*pool.conditions, *conditions) if not names_in(one) <= here)
    pool.conditions = [one for one in pool.conditions if one not in correlated]
    relation = tree_of(pool, [one for one in conditions if one not in correlated], schema=reading.schema)
    units = reading.units(pool.scope.columns)  # before a LEFT join makes them look like any other column
    scope = replace(pool.scope, columns=reading.columns(relation, where or first), units=units)
    for conjunct in memberships:
        relation = _member_join(relation, conjunct, scope, reading, names=names)
    return Body(relation=relation, scope=scope, names=names, correlated=correlated)


def _with_names(select: exp.Expr, names: Names) -> Names:
    with_ = optional(select, "with_")
    if with_ is None:
        return names
    if with_.args.get("recursive"):
        raise Refusal("sql.recursive", where=place_of(with_))
    only(with_, "expressions")
    known = dict(names)
    for query in children(with_, "expressions"):
        only(query, "this", "alias", "materialized")  # whether it is kept in memory changes no answer
        name, columns = _alias(query)
        if name.lower() in {key for key in known if key not in names}:
            raise Refusal("sql.duplicate_name", where=place_of(query), name=name)
        known[name.lower()] = Named(body=child(query, "this"), column_names=columns, names=MappingProxyType(dict(known)))
    return MappingProxyType(known)


def _alias(node: exp.Expr) -> tuple[str, tuple[str, ...]]:
    """The alias of a table or query and its column names; empty where there is none."""
    alias = optional(node, "alias")
    if alias is None:
        return "", ()
    only(alias, "this", "columns")
    return alias.name, tuple(column.name for column in children(alias, "columns"))


# --- FROM ---


def _pool(first: exp.Expr, joins: tuple[exp.Expr, ...], reading: Reading, *, names: Names, outer: Scope | None) -> Pool:
    pool = pool_of(part_of(first, reading, names=names), reading=reading, outer=outer)
    for join in joins:
        if not isinstance(join, exp.Join):
            raise refused(join)
        add_join(pool, join, part_of(child(join, "this"), reading, names=names))
    return pool


def part_of(node: exp.Expr, reading: Reading, *, names: Names) -> Part:
    """A table, a WITH name, a subquery or a joined table in parentheses.

    Errors: Refusal sql.unknown_table, sql.too_many_parts and those of what is inside.
    """
    reading.count_part(node)
    if isinstance(node, exp.Table):
        return _table(node, reading, names=names)
    if isinstance(node, exp.Subquery):
        only(node, "this", "alias")
        inner = child(node, "this")
        qualifier, columns = _alias(node)
        if isinstance(inner, exp.Table) and not qualifier:
            return _joined_part(inner, reading, names=names)
        return derived(inner, reading, names=names, qualifier=qualifier, column_names=columns)
    if isinstance(node, exp.Lateral | exp.Unnest | exp.Values):
        raise Refusal("sql.unsupported", where=place_of(node), what=node.key.upper())
    raise refused(node)


def _joined_part(table: exp.Expr, reading: Reading, *, names: Names) -> Part:
    joins = children(table, "joins")
    alone = table.copy()
    alone.set("joins", None)
    pool = _pool(alone, joins, reading, names=names, outer=None)
    relation = tree_of(pool, [], schema=reading.schema)
    steps = max(item.part.steps for item in pool.items)
    return Part(relation=relation, visible=pool.scope.visible, columns=reading.columns(relation, table), node=table, steps=steps)


def _table(node: exp.Table, reading: Reading, *, names: Names) -> Part:
    only(node, "this", "alias")
    if not isinstance(node.this, exp.Identifier):
        raise refused(node.this if isinstance(node.this, exp.Expr) else node)
    alias, columns = _alias(node)
    named = names.get(node.name.lower())
    if named is not None:
        given = (*columns, *named.column_names[len(columns) :])
        return derived(named.body, reading, names=named.names, qualifier=alias or node.name, column_names=given)
    table = reading.schema.table(node.name)
    if table is None:
        known = ", ".join([*names, *(table.name for table in reading.schema.tables)])
        raise Refusal("sql.unknown_table", where=place_of(node), table=node.name, tables=known)
    if columns:
        raise Refusal("sql.unsupported", where=place_of(node), what=shown(node))
    qualifier = (alias or table.name).lower()
    internal = reading.alias(alias or table.name)
    relation = Scan(table=table.name, alias=internal)
    visible = [Visible(qualifier=qualifier, name=column.name, internal=f"{internal}.{column.name}") for column in table.columns]
    if table.private and all(column.name != reading.schema.unit for column in table.columns):
        unit = reading.schema.unit
        visible.append(Visible(qualifier=qualifier, name=unit, internal=f"{internal}.{unit}", virtual=True))
    steps = _steps(table, reading.schema)
    return Part(relation=relation, visible=tuple(visible), columns=reading.columns(relation, node), node=node, steps=steps)


def _steps(table: Table, schema: Schema) -> int:
    if not table.private:
        return -1
    count, at = 0, table
    while at.path is not None and count < len(schema.tables):
        parent = schema.table(at.path.parent)
        if parent is None:
            break
        count, at = count + 1, parent
    return count


# --- subqueries ---


def derived(node: exp.Expr, reading: Reading, *, names: Names, qualifier: str, column_names: tuple[str, ...] = ()) -> Part:
    """A subquery as a part of FROM; its columns are named "alias.name"."""
    internal = reading.alias(qualifier or "subquery")
    relation, shown_names = _rows(node, reading, names=names, alias=internal, column_names=column_names)
    visible = tuple(Visible(qualifier=qualifier.lower(), name=name, internal=f"{internal}.{name}") for name in shown_names)
    columns = reading.columns(relation, node)
    return Part(relation=relation, visible=visible, columns=columns, node=node, steps=_steps_of(relation, reading.schema))


def _steps_of(relation: Relation, schema: Schema) -> int:
    """Path steps of the finest rows that a relation shows; a PerUnit's rows are units."""
    match relation:
        case Scan():
            table = schema.table(relation.table)
            return -1 if table is None else _steps(table, schema)
        case Filter() | Project():
            return _steps_of(relation.source, schema)
        case Join():
            return max(_steps_of(relation.left, schema), _steps_of(relation.right, schema))
        case Union():
            return max(_steps_of(part, schema) for part in relation.parts)
        case _:
            return _steps_of(relation.source, schema) if isinstance(relation, Window) else 0


def _rows(node: exp.Expr, reading: Reading, *, names: Names, alias: str, column_names: tuple[str, ...]) -> tuple[Relation, tuple[str, ...]]:
    """The relation of a SELECT or UNION ALL and the names of its columns, in order."""
    if isinstance(node, exp.Subquery):
        only(node, "this")
        return _rows(child(node, "this"), reading, names=names, alias=alias, column_names=column_names)
    if isinstance(node, exp.SetOperation):
        return _union(node, reading, names=names, alias=alias, column_names=column_names)
    if not isinstance(node, exp.Select):
        raise refused(node)
    for name in ("order", "limit", "offset"):
        part = optional(node, name)
        if part is not None:
            raise Refusal("sql.order_in_subquery", where=place_of(part), clause="ORDER BY" if name == "order" else name.upper())
    only(node, "with_", "expressions", "from_", "joins", "where", "group", "having", "distinct")
    body = body_of(node, reading, names=names)
    outputs = outputs_of(node, body.scope)
    if len(column_names) > len(outputs):
        raise Refusal("sql.column_names", where=place_of(node), names=len(column_names), columns=len(outputs))
    outputs = tuple(replace(o, name=n) for o, n in zip(outputs, column_names, strict=False)) + outputs[len(column_names) :]
    shown_names = tuple(output.name for output in outputs)
    if len({name.lower() for name in shown_names}) < len(shown_names):
        raise Refusal("sql.duplicate_name", where=place_of(node), name=", ".join(shown_names))
    grouped = any(optional(node, name) is not None for name in ("group", "having", "distinct"))
    if grouped or any(output.star is None and has_aggregate(output.node) for output in outputs):
        relation = grouped_rows(node, body.relation, body.scope, outputs=outputs, alias=alias, reading=reading)
    else:
        relation = windowed_rows(body.relation, body.scope, outputs=outputs, alias=alias, reading=reading, node=node)
    return relation, shown_names


def _union(
    node: exp.Expr, reading: Reading, *, names: Names, alias: str, column_names: tuple[str, ...]
) -> tuple[Relation, tuple[str, ...]]:
    waiting, parts = [node], list[exp.Expr]()
    names = _with_names(node, names)
    while waiting:
        part = waiting.pop()
        while isinstance(part, exp.Subquery):
            only(part, "this")
            part = child(part, "this")
        if not isinstance(part, exp.SetOperation):
            parts.append(part)
            continue
        if not isinstance(part, exp.Union) or part.args.get("distinct"):
            raise Refusal("sql.union_distinct", where=place_of(part), operation=part.key.upper())
        only(part, "this", "expression", "distinct", *(("with_",) if part is node else ()))
        waiting += [child(part, "expression"), child(part, "this")]
    relations: list[Relation] = []
    shown_names: tuple[str, ...] = ()
    for number, part in enumerate(parts):
        reading.count_part(part)
        relation, found = _rows(part, reading, names=names, alias=alias, column_names=column_names if number == 0 else ())
        shown_names = shown_names or found
        if len(found) != len(shown_names):
            raise Refusal("sql.union_columns", where=place_of(part), one=len(shown_names), other=len(found))
        if found != shown_names:
            pairs = zip(shown_names, found, strict=True)
            relation = Project(source=relation, columns=tuple((f"{alias}.{new}", Column(name=f"{alias}.{old}")) for new, old in pairs))
        relations.append(relation)
    return Union(parts=tuple(relations)), shown_names


# --- EXISTS and IN ---


def _membership(node: exp.Expr) -> tuple[exp.Expr, bool] | None:
    """(the EXISTS or IN with a subquery, whether it is negated), or None for any other condition."""
    negated = False
    plain = bare(node)
    while type(plain) is exp.Not:
        only(plain, "this")
        negated, plain = not negated, bare(child(plain, "this"))
    if isinstance(plain, exp.Exists) or (isinstance(plain, exp.In) and optional(plain, "query") is not None):
        return plain, negated
    return None


def _member_join(relation: Relation, node: exp.Expr, scope: Scope, reading: Reading, *, names: Names) -> Relation:
    found = _membership(node)
    assert found is not None
    test, negated = found
    kind = JoinKind.ANTI if negated else JoinKind.SEMI
    reading.count_part(test)
    if isinstance(test, exp.Exists):
        only(test, "this")
        pairs: tuple[tuple[str, str], ...] = ()
        query = child(test, "this")
    else:
        only(test, "this", "query")
        query = child(test, "query")
    while isinstance(query, exp.Subquery):
        only(query, "this")
        query = child(query, "this")
    if isinstance(test, exp.Exists):
        inner, pairs, residual = _correlated(query, scope, reading, names=names, wanted=None)
    else:
        values = _compared_columns(child(test, "this"), scope)
        if _is_plain(query):
            inner, pairs, residual = _correlated(query, scope, reading, names=names, wanted=values)
        else:
            part = derived(query, reading, names=names, qualifier="")
            inner, residual = part.relation, ()
            pairs = _paired(values, tuple(v.internal for v in part.visible), query)
        if negated:
            nullable = [Column(name=value) for value in values if scope.columns[value].domain.nullable]
            for column in nullable:  # NULL NOT IN (…) is not true
                relation = Filter(source=relation, predicate=call(Op.NOT, call(Op.IS_NULL, column)))
    if not pairs:
        raise Refusal("sql.exists_without_equality", where=place_of(test))
    joined_up = Join(left=relation, right=inner, kind=kind, on=pairs, residual=joined(Op.AND, residual) if residual else None)
    reading.columns(joined_up, test)
    return joined_up


def _is_plain(query: exp.Expr) -> bool:
    """A SELECT of columns without grouping: it can be read like an EXISTS."""
    if not isinstance(query, exp.Select):
        return False
    if any(query.args.get(name) for name in ("group", "having", "distinct", "order", "limit", "offset")):
        return False
    items = [bare(unaliased(item)) for item in children(query, "expressions")]
    return all(isinstance(item, exp.Column) and not isinstance(item.this, exp.Star) for item in items)


def _compared_columns(node: exp.Expr, scope: Scope) -> tuple[str, ...]:
    plain = bare(node)
    parts = children(plain, "expressions") if isinstance(plain, exp.Tuple) else (plain,)
    values = [checked(part, scope) for part in parts]
    names = tuple(value.name for value in values if isinstance(value, Column) and value.name in scope.columns)
    if len(names) < len(values):
        raise Refusal("sql.in_needs_columns", where=place_of(node))
    return names


def _paired(values: tuple[str, ...], columns: tuple[str, ...], query: exp.Expr) -> tuple[tuple[str, str], ...]:
    if len(values) != len(columns):
        raise Refusal("sql.subquery_columns", where=place_of(query), wanted=len(values), found=len(columns))
    return tuple(zip(values, columns, strict=True))


def _correlated(
    query: exp.Expr, scope: Scope, reading: Reading, *, names: Names, wanted: tuple[str, ...] | None
) -> tuple[Relation, tuple[tuple[str, str], ...], tuple[Expr, ...]]:
    """(relation inside, pairs, residual) of an EXISTS, or of an IN whose value columns are `wanted`."""
    if not isinstance(query, exp.Select):
        raise refused(query)
    only(query, "with_", "expressions", "from_", "joins", "where")
    body = body_of(query, reading, names=names, outer=scope)
    items = [bare(unaliased(item)) for item in children(query, "expressions")]
    shown_columns: list[str] = []
    for item in items:
        if isinstance(item, exp.Star) or (wanted is None and isinstance(item, exp.Column) and isinstance(item.this, exp.Star)):
            continue
        if has_window(item):
            raise Refusal("sql.window_place", where=place_of(item))
        value = checked(item, body.scope)
        if isinstance(value, Column) and value.name in body.scope.columns:
            shown_columns.append(value.name)
    here, outside = frozenset(body.scope.columns), frozenset(scope.columns)
    if any(not names_in(one) <= here | outside for one in body.correlated):
        raise Refusal("sql.correlated_too_far", where=place_of(query))
    pairs, residual, _ = split(list(body.correlated), left=outside, right=here)
    if wanted is not None:
        pairs = (*_paired(wanted, tuple(shown_columns), query), *pairs)
    return body.relation, tuple(dict.fromkeys(pairs)), residual
