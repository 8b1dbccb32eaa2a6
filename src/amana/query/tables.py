"""The tables that a relation reads, from the schema alone. Part of the trusted base."""

from collections.abc import Iterator
from typing import assert_never

from amana.catalog.schema import Schema, Table
from amana.query.plan import Buckets, Filter, Join, PerUnit, Project, Relation, Scan, Union, Window
from amana.terms.refusal import Refusal


def is_private(relation: Relation, schema: Schema) -> bool:
    """Whether a private table is anywhere in what the relation shows (the right side of SEMI and ANTI counts too)."""
    match relation:
        case Scan():
            return table_of(relation, schema).private
        case Join():
            return is_private(relation.left, schema) or is_private(relation.right, schema)
        case Union():
            return any(is_private(part, schema) for part in relation.parts)
        case Filter() | Project() | PerUnit() | Window() | Buckets():
            return is_private(relation.source, schema)
        case _:
            assert_never(relation)


def table_of(scan: Scan, schema: Schema) -> Table:
    """The table a scan reads; refuses an unknown one."""
    table = schema.table(scan.table)
    if table is None:
        raise Refusal("sql.unknown_table", table=scan.table, tables=", ".join(t.name for t in schema.tables))
    return table


def nodes_of(relation: Relation) -> Iterator[Relation]:
    """The relation and every relation below it, from the left."""
    yield relation
    match relation:
        case Scan():
            return
        case Join():
            parts: tuple[Relation, ...] = (relation.left, relation.right)
        case Union():
            parts = relation.parts
        case Filter() | Project() | PerUnit() | Window() | Buckets():
            parts = (relation.source,)
        case _:
            assert_never(relation)
    for part in parts:
        yield from nodes_of(part)


def scans_of(relation: Relation) -> tuple[Scan, ...]:
    """Every scan below, in the order they stand."""
    return tuple(node for node in nodes_of(relation) if isinstance(node, Scan))


def unit_columns(table: Table, schema: Schema) -> frozenset[str]:
    """Columns that hold the unit's source key: the declared one, or the path's when it ends on the parent's."""
    if not table.private:
        return frozenset()
    if table.unit_column is not None:
        return frozenset({table.unit_column})
    parent = schema.table(table.path.parent) if table.path is not None else None
    if table.path is None or parent is None or len(table.path.on) != 1:
        return frozenset()
    here, there = table.path.on[0]
    return frozenset({here}) if there in unit_columns(parent, schema) else frozenset()
