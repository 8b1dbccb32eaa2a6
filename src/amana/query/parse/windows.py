"""OVER in a subquery: windows whose partitions lie inside a unit."""

from dataclasses import replace

from sqlglot import exp

from amana.query.expr import Column, Expr, Fixed, Literal
from amana.query.parse.expressions import ONE, checked, known, read
from amana.query.parse.grouping import Output, star_column
from amana.query.parse.literals import whole_number_of
from amana.query.parse.nodes import bare, child, children, function_name, only, optional
from amana.query.parse.scope import Reading, Scope
from amana.query.parse.text import place_of
from amana.query.parse.units import determines_unit, is_unit
from amana.query.plan import Project, Relation, Window, WindowFunction, WindowMeasure
from amana.terms.refusal import Refusal

_FUNCTIONS: dict[type[exp.Expr], WindowFunction] = {
    exp.RowNumber: WindowFunction.ROW_NUMBER, exp.Lag: WindowFunction.LAG, exp.Lead: WindowFunction.LEAD,
    exp.Count: WindowFunction.COUNT, exp.Sum: WindowFunction.SUM, exp.Min: WindowFunction.MIN, exp.Max: WindowFunction.MAX,
}  # fmt: skip
OFFSET_MAX = 1_000


def ordering_of(order: exp.Expr | None, scope: Scope) -> tuple[tuple[Expr, bool], ...]:
    """(expression, descending) of each item of ORDER BY; NULLs come last, as they do by default."""
    if order is None:
        return ()
    only(order, "expressions")
    found: list[tuple[Expr, bool]] = []
    for item in children(order, "expressions"):
        expression, descending = ordered(item)
        found.append((checked(expression, scope), descending))
    return tuple(found)


def ordered(item: exp.Expr) -> tuple[exp.Expr, bool]:
    """An item of ORDER BY and whether it is descending.

    Errors: Refusal sql.nulls_order for NULLS FIRST.
    """
    if not isinstance(item, exp.Ordered):
        return bare(item), False
    if item.args.get("nulls_first"):
        raise Refusal("sql.nulls_order", where=place_of(item))
    only(item, "this", "desc")
    return bare(child(item, "this")), bool(item.args.get("desc"))


def windowed_rows(source: Relation, scope: Scope, *, outputs: tuple[Output, ...], alias: str, reading: Reading, node: exp.Expr) -> Relation:
    """A subquery whose outputs may use windows, one column "alias.name" for each output."""
    measures: dict[WindowMeasure, str] = {}
    columns = dict(scope.columns)  # and the windows, as soon as they are met

    def hook(part: exp.Expr) -> Expr | None:
        if not isinstance(part, exp.Window):
            return None
        measure = _measure(part, scope, reading)
        name = measures.setdefault(measure, f"{alias}.window{len(measures) + 1}")
        columns.update(reading.columns(_window(source, measures), part))
        return Column(name=name)

    hooked = replace(scope, hook=hook, columns=columns)
    shown = tuple(
        (f"{alias}.{output.name}", star_column(output) if output.star is not None else read(output.node, hooked)) for output in outputs
    )
    if measures:
        source = _window(source, measures)
    below = Scope(visible=(), columns=reading.columns(source, node), unit=scope.unit)
    for (_, expr), output in zip(shown, outputs, strict=True):
        if not measures and output.star is None:
            checked(output.node, scope)  # points at the innermost node that does not fit
        known(expr, output.node, below)
    return Project(source=source, columns=shown)


def _window(source: Relation, measures: dict[WindowMeasure, str]) -> Window:
    return Window(source=source, measures=tuple(replace(measure, name=name) for measure, name in measures.items()))


def _measure(node: exp.Expr, scope: Scope, reading: Reading) -> WindowMeasure:
    if node.args.get("spec") is not None:
        raise Refusal("sql.window_frame", where=place_of(node))
    only(node, "this", "partition_by", "order", "over")
    inner = child(node, "this")
    function = _FUNCTIONS.get(type(inner))
    if function is None:
        raise Refusal("sql.window_function", where=place_of(node), function=function_name(inner))
    only(inner, "this", "offset", "big_int")
    partition = tuple(checked(bare(part), scope) for part in children(node, "partition_by"))
    if not determines_unit(partition, scope, reading.schema):
        raise Refusal("sql.window_not_by_unit", where=place_of(node), unit=scope.unit)
    rest = tuple(dict.fromkeys(p for p in partition if not is_unit(p, scope)))
    order = ordering_of(optional(node, "order"), scope)
    if function in (WindowFunction.ROW_NUMBER, WindowFunction.LAG, WindowFunction.LEAD) and not order:
        raise Refusal("sql.window_order", where=place_of(node), function=function_name(inner))
    offset_node = optional(inner, "offset")
    offset = 1 if offset_node is None else whole_number_of(offset_node, low=1, high=OFFSET_MAX, function=function_name(inner))
    return WindowMeasure(name="", function=function, value=_value(inner, function, scope), partition=rest, order=order, offset=offset)


def _value(inner: exp.Expr, function: WindowFunction, scope: Scope) -> Expr:
    if function is WindowFunction.ROW_NUMBER:
        return ONE
    argument = bare(child(inner, "this"))
    if isinstance(argument, exp.Star):
        only(argument)
        return ONE
    if isinstance(argument, exp.Distinct):
        raise Refusal("sql.distinct_place", where=place_of(inner))
    value = checked(argument, scope)
    if function is WindowFunction.COUNT and not known(value, argument, scope).nullable:
        return Literal(value=Fixed(units=1))
    return value
