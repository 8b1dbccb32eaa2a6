"""Names that a clause can see, and what is known of them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias, final

from sqlglot import exp

from amana.catalog.schema import Schema
from amana.query.expr import Among, Call, Case, Column, Expr
from amana.query.infer import columns_of
from amana.query.kinds import ColumnInfo, Columns
from amana.query.parse.nodes import only
from amana.query.parse.text import place_of
from amana.query.plan import Relation
from amana.terms.refusal import Refusal

PARTS_MAX = 60
"""Tables and subqueries in one question, each use of a WITH name counted again."""
_NAMES_SHOWN_MAX = 40


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Visible:
    """A column as the asker may name it; `internal` is its name in the relation. `merged`: USING hides it from bare names."""

    qualifier: str
    name: str
    internal: str
    merged: bool = False
    virtual: bool = False
    """The unit word that every private table answers to, without a column of that name in the source."""


Hook: TypeAlias = Callable[[exp.Expr], Expr | None]
"""Reads a node that means something else in this clause (an aggregate, a group key); None: read it as usual."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """`outer` is that of the query around an EXISTS. `unit` is the word for the privacy unit."""

    visible: tuple[Visible, ...]
    columns: Columns
    unit: str
    outer: "Scope | None" = None
    hook: Hook | None = None
    units: frozenset[str] = frozenset()
    """Columns that hold the unit of their row or, where a LEFT join found no partner, NULL."""
    careful: bool = False
    """Check the kinds at every node, to find the one to point at."""

    def known(self) -> Columns:
        """All columns an expression of this clause may name, those of the outer query too."""
        return self.columns if self.outer is None else MappingProxyType({**self.outer.known(), **self.columns})

    def find(self, qualifier: str | None, name: str) -> tuple[Visible, ...]:
        """The columns of this scope alone that these words may mean."""
        low = name.lower()
        if qualifier is not None:
            return tuple(v for v in self.visible if v.name.lower() == low and v.qualifier == qualifier.lower())
        found = tuple(v for v in self.visible if v.name.lower() == low and not v.merged)
        if len(found) > 1 and low == self.unit.lower():
            units = tuple(v for v in found if self.columns[v.internal].unit)
            return units[:1] or found[:1]  # a row belongs to one unit, whichever table says it
        return found


def resolve(node: exp.Column, scope: Scope) -> Column:
    """The column that a node names, here or in the query around.

    Errors: Refusal sql.unknown_column, sql.ambiguous_column.
    """
    only(node, "this", "table")
    qualifier = node.table or None
    asked: Scope | None = scope
    while asked is not None:
        found = asked.find(qualifier, node.name)
        if len(found) > 1:
            tables = ", ".join(f"{v.qualifier}.{v.name}" for v in found)
            raise Refusal("sql.ambiguous_column", where=place_of(node), column=node.name, columns=tables)
        if found:
            return Column(name=found[0].internal)
        asked = asked.outer
    names = list(dict.fromkeys(v.name for v in scope.visible if qualifier is None or v.qualifier == qualifier.lower()))
    listed = ", ".join(names[:_NAMES_SHOWN_MAX]) or ", ".join(dict.fromkeys(v.qualifier for v in scope.visible))
    raise Refusal("sql.unknown_column", where=place_of(node), column=node.sql(dialect="duckdb"), columns=listed)


def names_in(expr: Expr) -> frozenset[str]:
    """The columns an expression mentions."""
    match expr:
        case Column():
            return frozenset({expr.name})
        case Call():
            return frozenset(name for arg in expr.args for name in names_in(arg))
        case Among():
            return names_in(expr.value)
        case Case():
            parts = [part for branch in expr.branches for part in branch]
            return frozenset(name for part in (*parts, expr.otherwise) for name in names_in(part))
        case _:
            return frozenset()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A WITH query: its body, its column names if given, and the WITH names it may use itself."""

    body: exp.Expr
    column_names: tuple[str, ...]
    names: Mapping[str, "Named"]


@final
@dataclass(slots=True, kw_only=True)
class Reading:
    """What one question shares while it is read: unique aliases, and how many parts it has."""

    schema: Schema
    aliases: set[str] = field(default_factory=set[str])
    parts_count: int = 0

    def alias(self, wanted: str) -> str:
        """That alias in lower case, or with a number when it is taken, so that column names never meet."""
        alias, number = wanted.lower(), 1
        while alias in self.aliases:
            number += 1
            alias = f"{wanted.lower()}_{number}"
        self.aliases.add(alias)
        return alias

    def count_part(self, node: exp.Expr) -> None:
        self.parts_count += 1
        if self.parts_count > PARTS_MAX:
            raise Refusal("sql.too_many_parts", where=place_of(node), parts_max=PARTS_MAX)

    def units(self, columns: Columns) -> frozenset[str]:
        """The columns that hold the unit of their row: the unit word, the unit's own key, and a path that ends on that key."""
        return frozenset(name for name, info in columns.items() if info.unit or self._leads_to_unit(info))

    def _leads_to_unit(self, info: ColumnInfo) -> bool:
        table = self.schema.table(info.origin[0]) if info.origin is not None and info.private else None
        if info.origin is None or table is None or table.path is None:
            return False
        parent = self.schema.table(table.path.parent)
        return parent is not None and parent.unit_column is not None and (info.origin[1], parent.unit_column) in table.path.on

    def columns(self, relation: Relation, node: exp.Expr) -> Columns:
        """The columns of a relation that `node` made."""
        try:
            return columns_of(relation, self.schema)
        except Refusal as refusal:
            raise refusal.at(place_of(node)) from None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """Something that can stand in FROM. `steps`: path steps from its finest private table to the unit, -1 if it is public."""

    relation: Relation
    visible: tuple[Visible, ...]
    columns: Columns
    node: exp.Expr
    steps: int
