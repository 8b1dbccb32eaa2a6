"""What a SELECT shows and groups by: outputs with unique names, GROUP BY items by name, position, alias or ALL."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations, product
from typing import TypeAlias, final

from sqlglot import exp

from amana.query.expr import Column, Expr, Literal
from amana.query.parse.expressions import checked
from amana.query.parse.nodes import alias_of, bare, child, children, flag, function_name, only, optional, unaliased
from amana.query.parse.scope import Scope, Visible
from amana.query.parse.text import place_of
from amana.terms.refusal import Refusal

LEVELS_MAX = 64


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """An item of a SELECT list. `star`: the column, when `*` stands for it; `named`: the asker gave the name."""

    name: str
    node: exp.Expr
    named: bool
    star: Visible | None = None


def outputs_of(select: exp.Expr, scope: Scope) -> tuple[Output, ...]:
    """The items, `*` written out, each with its own name.

    Errors: Refusal sql.duplicate_name when the asker gives a name twice.
    """
    found: list[Output] = []
    taken: set[str] = set()
    for position, item in enumerate(children(select, "expressions"), start=1):
        node = bare(unaliased(item))
        found += [Output(name=_free(v.name, taken), node=node, named=False, star=v) for v in _starred(node, scope)]
        if _is_star(node):
            continue
        given = alias_of(item)
        if given is not None and any(output.named and output.name.lower() == given.lower() for output in found):
            raise Refusal("sql.duplicate_name", where=place_of(item), name=given)
        name = _free(given or default_name(node, position), taken)
        found.append(Output(name=name, node=node, named=given is not None))
    return tuple(found)


def _is_star(node: exp.Expr) -> bool:
    return isinstance(node, exp.Star) or (isinstance(node, exp.Column) and isinstance(node.this, exp.Star))


def _starred(node: exp.Expr, scope: Scope) -> tuple[Visible, ...]:
    if not _is_star(node):
        return ()
    only(node, "this", "table")
    qualifier = node.table.lower() if isinstance(node, exp.Column) else ""
    if isinstance(node, exp.Column):
        only(child(node, "this"))
    shown = tuple(v for v in scope.visible if (v.qualifier == qualifier if qualifier else not v.merged))
    if not shown:
        raise Refusal("sql.unknown_table", where=place_of(node), table=qualifier, tables=", ".join({v.qualifier for v in scope.visible}))
    units = [v for v in shown if v.virtual]
    return tuple(v for v in shown if not v.virtual or v is units[0])


def _free(name: str, taken: set[str]) -> str:
    free, number = name, 1
    while free.lower() in taken:
        number += 1
        free = f"{name}_{number}"
    taken.add(free.lower())
    return free


def default_name(node: exp.Expr, position: int) -> str:
    """A name for an item without AS: of the column, or of the function and its column, or of the place."""
    if isinstance(node, exp.Column):
        return node.name
    inner = bare(child(node, "this")) if isinstance(node, exp.Filter | exp.Window) else node
    if isinstance(inner, exp.WithinGroup):
        inner = child(inner, "this")
    if not is_aggregate(inner) and not isinstance(node, exp.Window):
        return f"column_{position}"
    words = [function_name(inner)]
    argument = optional(inner, "this")
    if isinstance(argument, exp.Distinct) and children(argument, "expressions"):
        words.append("distinct")
        argument = children(argument, "expressions")[0]
    if isinstance(argument, exp.Column) and not isinstance(argument.this, exp.Star):
        words.append(argument.name)
    return "_".join(words)


def is_aggregate(node: exp.Expr) -> bool:
    """Whether the node itself is an aggregate (not a window)."""
    if isinstance(node, exp.Filter | exp.WithinGroup | exp.AggFunc | exp.IgnoreNulls | exp.RespectNulls):
        return True
    return type(node) is exp.Anonymous and function_name(node) == "histogram"


def has_aggregate(node: exp.Expr) -> bool:
    """Whether an aggregate is anywhere in it, outside windows and subqueries."""
    return any(is_aggregate(part) for part in node.walk(prune=_closed) if not _closed(part))


def _closed(node: exp.Expr) -> bool:
    return isinstance(node, exp.Window | exp.Query)


def has_window(node: exp.Expr) -> bool:
    return any(isinstance(part, exp.Window) for part in node.walk(prune=lambda part: isinstance(part, exp.Query)))


# --- GROUP BY ---

KeyReader: TypeAlias = Callable[[exp.Expr], Expr]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grouping:
    """`keys` in the order of GROUP BY, with the node that wrote each; `sets` as in Plan."""

    keys: tuple[Expr, ...]
    nodes: tuple[exp.Expr, ...]
    sets: tuple[tuple[int, ...], ...] = ()


def grouping_of(select: exp.Expr, outputs: tuple[Output, ...], scope: Scope) -> Grouping:
    """The GROUP BY of a select, positions and aliases resolved.

    Errors: Refusal sql.position, and those of reading an expression.
    """
    group = optional(select, "group")
    if group is None:
        return Grouping(keys=(), nodes=())
    only(group, "expressions", "all")
    if flag(group, "all"):
        items: tuple[exp.Expr, ...] = tuple(output.node for output in outputs if not has_aggregate(output.node))
        stars = any(output.star is not None for output in outputs)
        if stars:
            raise Refusal("sql.star_place", where=place_of(group))
    else:
        items = children(group, "expressions")
    keys: list[Expr] = []
    nodes: list[exp.Expr] = []

    def index(node: exp.Expr) -> int:
        meant = _meant(bare(node), outputs, scope)
        key = checked(meant, scope)
        if isinstance(key, Literal):
            raise Refusal("sql.group_constant", where=place_of(node))
        if key not in keys:
            keys.append(key)
            nodes.append(meant)
        return keys.index(key)

    levels: list[tuple[tuple[int, ...], ...]] = [_levels(bare(item), index) for item in items]
    if all(len(level) == 1 for level in levels) and not any(isinstance(bare(item), exp.GroupingSets) for item in items):
        return Grouping(keys=tuple(keys), nodes=tuple(nodes))
    count = 1
    for level in levels:
        count *= len(level)
        if count > LEVELS_MAX:
            raise Refusal("sql.too_many_levels", where=place_of(group), levels_max=LEVELS_MAX)
    sets = [tuple(sorted({index for part in parts for index in part})) for parts in product(*levels)]
    return Grouping(keys=tuple(keys), nodes=tuple(nodes), sets=tuple(dict.fromkeys(sets)))


def _levels(item: exp.Expr, index: Callable[[exp.Expr], int]) -> tuple[tuple[int, ...], ...]:
    """The levels that one item of GROUP BY stands for, each as the keys it keeps."""
    if isinstance(item, exp.Rollup | exp.Cube | exp.GroupingSets):
        only(item, "expressions")
        parts = children(item, "expressions")
        if len(parts) > 6 and isinstance(item, exp.Cube):
            raise Refusal("sql.too_many_levels", where=place_of(item), levels_max=LEVELS_MAX)
        if isinstance(item, exp.GroupingSets):
            return tuple(level for part in parts for level in _levels(bare(part), index))
        columns = [_levels(bare(part), index)[0] for part in parts]
        if isinstance(item, exp.Rollup):
            kept = [columns[:length] for length in range(len(columns), -1, -1)]
        else:
            kept = [list(chosen) for length in range(len(columns), -1, -1) for chosen in combinations(columns, length)]
        return tuple(tuple(index for column in level for index in column) for level in kept)
    if isinstance(item, exp.Tuple):
        only(item, "expressions")
        return (tuple(index(part) for part in children(item, "expressions")),)
    return ((index(item),),)


def _meant(node: exp.Expr, outputs: tuple[Output, ...], scope: Scope) -> exp.Expr:
    """What a GROUP BY item means: a column comes before an alias, a whole number is a position."""
    if isinstance(node, exp.Literal) and not node.is_string:
        return output_at(node, outputs).node
    if isinstance(node, exp.Column) and not node.table and not scope.find(None, node.name):
        aliased = output_named(node.name, outputs)
        if aliased is not None:
            return aliased.node
    return node


def output_at(node: exp.Expr, outputs: tuple[Output, ...]) -> Output:
    """The output at a position written as a number from 1."""
    text = str(node.this)
    if not text.isdigit() or not 1 <= int(text[:6]) <= len(outputs) or len(text) > 5:
        raise Refusal("sql.position", where=place_of(node), position=text[:20], positions=len(outputs))
    found = outputs[int(text) - 1]
    if found.star is not None:
        raise Refusal("sql.star_place", where=place_of(node))
    return found


def output_named(name: str, outputs: tuple[Output, ...]) -> Output | None:
    """The output that AS gave that name."""
    return next((output for output in outputs if output.named and output.name.lower() == name.lower()), None)


def star_column(output: Output) -> Column:
    assert output.star is not None
    return Column(name=output.star.internal)
