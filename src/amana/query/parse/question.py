"""The outermost SELECT: keys, sums, figures, and what is done with released figures."""

from dataclasses import replace

from sqlglot import exp

from amana.catalog.domains import KeyDomain, NumberDomain
from amana.query.expr import Expr, Fixed, Literal, Op
from amana.query.kinds import kind_name
from amana.query.parse.aggregates import Sums
from amana.query.parse.expressions import ONE, call, checked, known
from amana.query.parse.figures import Figures
from amana.query.parse.grouping import Grouping, Output, default_name, grouping_of, has_aggregate, output_at, outputs_of
from amana.query.parse.literals import whole_number_of
from amana.query.parse.nodes import bare, child, children, function_name, only, optional, refused, shown
from amana.query.parse.scope import Reading, Scope
from amana.query.parse.sources import NO_NAMES, body_of
from amana.query.parse.text import place_of
from amana.query.parse.windows import ordered
from amana.query.plan import Figure, Key, Plan, Released, RowSum, Statistic
from amana.query.share import with_shared_sums
from amana.query.tables import is_private
from amana.terms.refusal import Refusal

LIMIT_MAX = 1_000_000
HISTOGRAM_BINS_MAX = 1_000
HISTOGRAM_BINS = 20


def plan_of(tree: exp.Expr, reading: Reading) -> Plan:
    """The plan that a whole question asks for."""
    select = _outermost(tree)
    body = body_of(select, reading, names=NO_NAMES)
    scope = body.scope
    items = children(select, "expressions")
    if not any(has_aggregate(item) for item in items):
        unknown = next((found for item in items if (found := item.find(exp.Anonymous)) is not None), None)
        if unknown is not None:  # it may have been meant as an aggregate
            raise refused(unknown)
        raise Refusal("sql.rows_asked", where=place_of(items[0]) if items else None)
    outputs = outputs_of(select, scope)
    grouping = grouping_of(select, outputs, scope)
    for key, node in zip(grouping.keys, grouping.nodes, strict=True):
        if isinstance(known(key, node, scope), KeyDomain) and is_private(body.relation, reading.schema):
            raise Refusal("plan.identifier_used", where=place_of(node), column=shown(node))
    histograms = [output for output in outputs if _is_histogram(output.node)]
    sums = Sums()
    plan = Plan(source=body.relation, keys=(), sums=(), figures=())
    if histograms:
        return _histogram(select, outputs, grouping, scope, plan)
    figures = Figures(scope=scope, keys=grouping.keys, outputs=outputs, sums=sums)
    shown_figures = tuple((output.name, figures.figure(_starless(output))) for output in outputs)
    plan = replace(plan, keys=_named_keys(grouping, shown_figures), figures=shown_figures, sets=grouping.sets)
    return _finished(plan, select, replace(figures, aliases=True))


def _outermost(tree: exp.Expr) -> exp.Expr:
    while isinstance(tree, exp.Subquery):
        only(tree, "this")
        tree = child(tree, "this")
    if isinstance(tree, exp.SetOperation):
        raise Refusal("sql.union_at_top", where=place_of(tree))
    if not isinstance(tree, exp.Select):
        raise Refusal("sql.not_one_select", where=place_of(tree))
    distinct, offset = optional(tree, "distinct"), optional(tree, "offset")
    if distinct is not None:
        code = "sql.distinct_at_top" if any(map(has_aggregate, children(tree, "expressions"))) else "sql.rows_asked"
        raise Refusal(code, where=place_of(distinct) or place_of(tree))
    if offset is not None:
        raise Refusal("sql.offset", where=place_of(offset))
    only(tree, "with_", "expressions", "from_", "joins", "where", "group", "having", "order", "limit")
    return tree


def _starless(output: Output) -> exp.Expr:
    if output.star is not None:
        raise Refusal("sql.star_place", where=place_of(output.node))
    return output.node


def _named_keys(grouping: Grouping, shown_figures: tuple[tuple[str, Figure], ...]) -> tuple[tuple[str, Expr], ...]:
    """Each key with the name of the output that shows it, or one of its own."""
    names: list[str] = []
    for index, node in enumerate(grouping.nodes):
        wanted = next((name for name, figure in shown_figures if figure == Key(index=index)), default_name(node, index + 1))
        name, number = wanted, 1
        while name in names:
            number += 1
            name = f"{wanted}_{number}"
        names.append(name)
    return tuple(zip(names, grouping.keys, strict=True))


def _finished(plan: Plan, select: exp.Expr, figures: Figures) -> Plan:
    """The plan with HAVING, ORDER BY and LIMIT, which work on released figures only."""
    having, order, limit = (optional(select, name) for name in ("having", "order", "limit"))
    predicate: Figure | None = None
    if having is not None:
        only(having, "this")
        predicate = figures.predicate(child(having, "this"))
    ordering: list[tuple[int, bool]] = []
    if order is not None:
        only(order, "expressions")
        ordering = [_ordering(item, plan, figures) for item in children(order, "expressions")]
    count: int | None = None
    if limit is not None:
        if not isinstance(limit, exp.Limit):
            raise Refusal("sql.unsupported", where=place_of(limit), what="FETCH")
        only(limit, "expression")
        count = whole_number_of(child(limit, "expression"), low=0, high=LIMIT_MAX, function="limit")
    return with_shared_sums(replace(plan, sums=tuple(figures.sums.found), having=predicate, order=tuple(ordering), limit=count))


def _ordering(item: exp.Expr, plan: Plan, figures: Figures) -> tuple[int, bool]:
    node, descending = ordered(item)
    if isinstance(node, exp.Literal) and not node.is_string:
        wanted = output_at(node, figures.outputs).name
    elif isinstance(node, exp.Column) and not node.table and any(name.lower() == node.name.lower() for name, _ in plan.figures):
        wanted = next(name for name, _ in plan.figures if name.lower() == node.name.lower())
    elif isinstance(node, exp.Var):
        raise Refusal("sql.order_unknown", where=place_of(node), text=shown(node))
    else:
        try:
            found = figures.figure(node)
        except Refusal as refusal:
            if refusal.code not in ("sql.unknown_column", "sql.not_grouped"):
                raise
            raise Refusal("sql.order_unknown", where=place_of(node), text=shown(node)) from None
        wanted = next((name for name, figure in plan.figures if figure == found), "")
    index = next((index for index, (name, _) in enumerate(plan.figures) if name == wanted), None)
    if index is None:
        raise Refusal("sql.order_unknown", where=place_of(node), text=shown(node))
    return index, descending


# --- HISTOGRAM ---


def _is_histogram(node: exp.Expr) -> bool:
    return type(node) is exp.Anonymous and function_name(node) == "histogram"


def _histogram(select: exp.Expr, outputs: tuple[Output, ...], grouping: Grouping, scope: Scope, plan: Plan) -> Plan:
    """Two columns, the lower edge of a bin and its count, and one more key: the bin."""
    chosen = [output.node for output in outputs if _is_histogram(output.node)]
    others = [output for output in outputs if not _is_histogram(output.node)]
    if len(chosen) != 1 or any(has_aggregate(output.node) for output in others) or grouping.sets:
        raise Refusal("sql.histogram", where=place_of(chosen[-1]))
    sums = Sums()
    edge = _edge(chosen[0], scope)
    keys = (*grouping.keys, edge)
    figures = Figures(scope=scope, keys=keys, outputs=outputs, sums=sums)
    count = Statistic(kind=Released.TOTAL, sums=(sums.index(RowSum(value=ONE)),))
    shown_figures: list[tuple[str, Figure]] = []
    taken = {output.name.lower() for output in others}
    bin_name, count_name = ("bin" if "bin" not in taken else "bin_2"), ("count" if "count" not in taken else "count_2")
    for output in outputs:
        if output.node is chosen[0]:
            shown_figures += [(bin_name, Key(index=len(keys) - 1)), (count_name, count)]
        else:
            shown_figures.append((output.name, figures.figure(_starless(output))))
    named = _named_keys(grouping, tuple(shown_figures))
    free = bin_name
    while free in dict(named):
        free += "_edge"
    whole = replace(plan, keys=(*named, (free, edge)), figures=tuple(shown_figures))
    return _finished(whole, select, replace(figures, aliases=True))


def _edge(node: exp.Expr, scope: Scope) -> Expr:
    """The lower edge of the bin that the value is in: bins of one width over what the value may be."""
    args = children(node, "expressions")
    if not 1 <= len(args) <= 2:
        raise Refusal("sql.histogram", where=place_of(node))
    bins = HISTOGRAM_BINS if len(args) == 1 else whole_number_of(args[1], low=1, high=HISTOGRAM_BINS_MAX, function="histogram")
    value = checked(bare(args[0]), scope)
    domain = known(value, args[0], scope)
    if not isinstance(domain, NumberDomain):
        raise Refusal("plan.kinds_differ", where=place_of(args[0]), one=kind_name(domain), other="word.kind.number")
    width = Literal(value=Fixed(units=-(-(domain.high - domain.low + 1) // bins), scale=domain.scale))
    low = Literal(value=Fixed(units=domain.low, scale=domain.scale))
    return call(Op.ADD, call(Op.MUL, call(Op.INT_DIV, call(Op.SUB, value, low), width), width), low)
