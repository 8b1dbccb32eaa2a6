"""FROM: tables put together into one tree of joins, whatever the order and the syntax they were written in.

The tree is left-deep and starts at the finest private table, because a private row then only ever meets rows that are
found by their key. INNER joins commute with each other, and a LEFT, SEMI or ANTI join with every INNER join that stands
on the rows it keeps; so a part is attached as soon as the parts that its condition names are there.
"""

from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import final

from sqlglot import exp

from amana.catalog.schema import Schema
from amana.query.expr import Call, Column, Expr, Op
from amana.query.infer import keys_of, multiplicity_of
from amana.query.parse.expressions import call, condition, flattened, joined
from amana.query.parse.nodes import children, only, optional, word
from amana.query.parse.scope import Part, Reading, Scope, Visible, names_in
from amana.query.parse.text import place_of
from amana.query.plan import Filter, Join, JoinKind, Relation
from amana.terms.refusal import Refusal

_KINDS = {
    ("", ""): JoinKind.INNER, ("", "INNER"): JoinKind.INNER, ("", "CROSS"): JoinKind.INNER,
    ("LEFT", ""): JoinKind.LEFT, ("LEFT", "OUTER"): JoinKind.LEFT,
    ("", "SEMI"): JoinKind.SEMI, ("LEFT", "SEMI"): JoinKind.SEMI, ("", "ANTI"): JoinKind.ANTI, ("LEFT", "ANTI"): JoinKind.ANTI,
}  # fmt: skip


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A part and how it joins. `on` and `residual` are of LEFT, SEMI and ANTI; `needs`: columns that must be there first."""

    part: Part
    kind: JoinKind
    on: tuple[tuple[str, str], ...] = ()
    residual: Expr | None = None
    needs: frozenset[str] = frozenset()


@final
@dataclass(slots=True)
class Pool:
    """What FROM holds so far: items in the order written, and conditions that all rows must fulfil."""

    items: list[Item]
    conditions: list[Expr]
    scope: Scope

    def add(self, item: Item, visible: tuple[Visible, ...]) -> None:
        self.items.append(item)
        columns = MappingProxyType({**self.scope.columns, **item.part.columns})
        shown = self.scope.visible if item.kind in (JoinKind.SEMI, JoinKind.ANTI) else (*self.scope.visible, *visible)
        self.scope = replace(self.scope, visible=shown, columns=columns)


def pool_of(first: Part, *, reading: Reading, outer: Scope | None) -> Pool:
    """A pool with its first part."""
    scope = Scope(visible=first.visible, columns=first.columns, unit=reading.schema.unit, outer=outer)
    return Pool([Item(part=first, kind=JoinKind.INNER)], [], scope)


def add_join(pool: Pool, node: exp.Expr, part: Part) -> None:
    """Put the part that a JOIN (or a comma) brings into the pool.

    Errors: Refusal for kinds of join outside the algebra, and for outer, semi and anti joins without an equality.
    """
    only(node, "this", "side", "kind", "on", "using", "method")
    side, kind_word, method = word(node, "side"), word(node, "kind"), word(node, "method")
    if side in ("RIGHT", "FULL"):
        raise Refusal("sql.right_join", where=place_of(node), kind=side)
    kind = _KINDS.get((side, kind_word))
    if kind is None or method:
        raise Refusal("sql.join_kind", where=place_of(node), kind=method or f"{side} {kind_word}".strip())
    taken = {visible.qualifier for visible in pool.scope.visible}
    again = next((visible.qualifier for visible in part.visible if visible.qualifier in taken), None)
    if again is not None:
        raise Refusal("sql.duplicate_name", where=place_of(part.node), name=again)
    both = replace(
        pool.scope,
        visible=(*pool.scope.visible, *part.visible),
        columns=MappingProxyType({**pool.scope.columns, **part.columns}),
    )
    pairs, visible = _using(pool.scope, part, children(node, "using"))
    conditions: list[Expr] = [call(Op.EQ, Column(name=one), Column(name=other)) for one, other in pairs]
    on = optional(node, "on")
    if on is not None:
        conditions += [condition(conjunct, both) for conjunct in flattened(on, exp.And)]
    if kind is JoinKind.INNER:
        pool.conditions += conditions
        pool.add(Item(part=part, kind=kind), visible)
    else:
        pool.add(_dependent(kind, part, conditions, frozenset(pool.scope.columns), node), visible)


def _using(left: Scope, right: Part, names: tuple[exp.Expr, ...]) -> tuple[list[tuple[str, str]], tuple[Visible, ...]]:
    """Pairs of columns that USING equates; the right ones no longer answer to their bare name."""
    pairs: list[tuple[str, str]] = []
    visible = right.visible
    for name in names:
        found_left = left.find(None, name.name)
        found_right = tuple(v for v in visible if v.name.lower() == name.name.lower())
        if len(found_left) != 1 or len(found_right) != 1:
            raise Refusal("sql.unknown_column", where=place_of(name), column=name.name, columns=", ".join(v.name for v in visible))
        pairs.append((found_left[0].internal, found_right[0].internal))
        visible = tuple(replace(v, merged=True) if v is found_right[0] else v for v in visible)
    return pairs, visible


def _dependent(kind: JoinKind, part: Part, conditions: list[Expr], left: frozenset[str], node: exp.Expr) -> Item:
    """A LEFT, SEMI or ANTI join: its condition decides on partners, so each conjunct keeps its side."""
    pairs, residual, inside = split(conditions, left=left, right=frozenset(part.columns))
    if not pairs:
        raise Refusal("sql.join_without_equality", where=place_of(node))
    if inside:
        part = replace(part, relation=Filter(source=part.relation, predicate=joined(Op.AND, inside)))
    needs = frozenset(one for one, _ in pairs) | frozenset(name for one in residual for name in names_in(one)) - frozenset(part.columns)
    return Item(part=part, kind=kind, on=pairs, residual=joined(Op.AND, residual) if residual else None, needs=needs)


def split(
    conditions: list[Expr], *, left: frozenset[str], right: frozenset[str]
) -> tuple[tuple[tuple[str, str], ...], tuple[Expr, ...], tuple[Expr, ...]]:
    """Conditions as (pairs of columns that are equal, others that name the left side, those of the right side alone)."""
    pairs: list[tuple[str, str]] = []
    residual: list[Expr] = []
    inside: list[Expr] = []
    for one in conditions:
        pair = equal_columns(one)
        if pair is not None and pair[0] in left and pair[1] in right:
            pairs.append(pair)
        elif pair is not None and pair[1] in left and pair[0] in right:
            pairs.append((pair[1], pair[0]))
        elif names_in(one) <= right:
            inside.append(one)
        else:
            residual.append(one)
    return tuple(dict.fromkeys(pairs)), tuple(residual), tuple(inside)


def equal_columns(expr: Expr) -> tuple[str, str] | None:
    """The two columns of `a = b`."""
    if isinstance(expr, Call) and expr.op is Op.EQ:
        one, other = expr.args
        if isinstance(one, Column) and isinstance(other, Column):
            return one.name, other.name
    return None


# --- the tree ---


def tree_of(pool: Pool, conditions: list[Expr], *, schema: Schema) -> Relation:
    """All parts joined, and a Filter with every condition that did not become a join's.

    Errors: Refusal sql.join_without_equality for a part that nothing connects.
    """
    if len(pool.items) > 1:
        conditions = [part for one in (*pool.conditions, *conditions) for part in factored(one)]
    starts = sorted((item for item in pool.items if item.kind is JoinKind.INNER), key=lambda item: -item.part.steps)
    stuck: Item | None = None
    for start in starts:
        found = _grown(start, pool.items, conditions, schema)
        if not isinstance(found, Item):
            return found
        stuck = stuck or found  # what is tied only to a LEFT joined table waits for the table that one hangs on
    assert stuck is not None
    raise Refusal("sql.join_without_equality", where=place_of(stuck.part.node))


def _grown(start: Item, items: list[Item], conditions: list[Expr], schema: Schema) -> Relation | Item:
    """The tree that grows from `start`, or the first item that nothing ties to it."""
    links = [one for one in conditions if equal_columns(one) is not None]
    waiting = [item for item in items if item is not start]
    relation, there = start.part.relation, frozenset(start.part.columns)
    used: set[Expr] = set()
    while waiting:
        chosen = _next(waiting, links, there, schema)
        if chosen is None:
            return waiting[0]
        item, pairs = chosen
        waiting.remove(item)
        relation = Join(left=relation, right=item.part.relation, kind=item.kind, on=pairs, residual=item.residual)
        there |= frozenset(item.part.columns)
        if item.kind is JoinKind.INNER:
            used |= {link for link in links if _oriented(link, pairs)}
    left_over = tuple(dict.fromkeys(one for one in conditions if one not in used))
    return Filter(source=relation, predicate=joined(Op.AND, left_over)) if left_over else relation


def _oriented(link: Expr, pairs: tuple[tuple[str, str], ...]) -> bool:
    pair = equal_columns(link)
    return pair is not None and (pair in pairs or (pair[1], pair[0]) in pairs)


def _next(waiting: list[Item], links: list[Expr], there: frozenset[str], schema: Schema) -> tuple[Item, tuple[tuple[str, str], ...]] | None:
    """The next item that can be attached: one that is found by its key, if there is one; else the first connected."""
    connected: list[tuple[Item, tuple[tuple[str, str], ...]]] = []
    for item in waiting:
        if item.kind is not JoinKind.INNER:
            if item.needs <= there:
                return item, item.on
            continue
        pairs, _, _ = split(links, left=there, right=frozenset(item.part.columns))
        if pairs:
            if _found_by_key(item.part, frozenset(other for _, other in pairs), schema):
                return item, pairs
            connected.append((item, pairs))
    return connected[0] if connected else None


def _found_by_key(part: Part, columns: frozenset[str], schema: Schema) -> bool:
    if part.steps < 0:
        return multiplicity_of(part.relation, columns, schema) is not None
    units = {name for name in columns if part.columns[name].unit}
    return bool(units) or any(key <= columns for key in keys_of(part.relation, schema))


def factored(expr: Expr) -> tuple[Expr, ...]:
    """Conjuncts; `(a AND b) OR (a AND c)` gives `a` apart when it equates columns, so that it can join (Kleene logic allows it)."""
    if isinstance(expr, Call) and expr.op is Op.AND:
        return tuple(part for arg in expr.args for part in factored(arg))
    branches = _parts(expr, Op.OR)
    if len(branches) == 1:
        return (expr,)
    common = [part for part in _parts(branches[0], Op.AND) if equal_columns(part) is not None]
    common = [part for part in common if all(part in _parts(branch, Op.AND) for branch in branches[1:])]
    if not common:
        return (expr,)
    rests = [tuple(part for part in _parts(branch, Op.AND) if part not in common) for branch in branches]
    if not all(rests):
        return tuple(common)
    return (*common, joined(Op.OR, tuple(joined(Op.AND, rest) for rest in rests)))


def _parts(expr: Expr, op: Op) -> tuple[Expr, ...]:
    if isinstance(expr, Call) and expr.op is op:
        return tuple(part for arg in expr.args for part in _parts(arg, op))
    return (expr,)
