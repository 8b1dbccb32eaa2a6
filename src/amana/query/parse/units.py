"""A GROUP BY inside a subquery: aggregation within each privacy unit (PRIVACY 4)."""

from collections.abc import Iterable
from dataclasses import replace

from sqlglot import exp

from amana.catalog.domains import BooleanDomain
from amana.catalog.schema import Schema
from amana.query.expr import Case, Column, Expr, Fixed, Literal, Op
from amana.query.kinds import ColumnInfo, Columns
from amana.query.parse.expressions import NULL, ONE, call, checked, condition, known, read
from amana.query.parse.grouping import Output, grouping_of, has_aggregate, is_aggregate, output_named, star_column
from amana.query.parse.nodes import bare, child, children, function_name, only, optional, shown
from amana.query.parse.scope import Hook, Reading, Scope
from amana.query.parse.text import place_of
from amana.query.plan import Filter, PerUnit, Project, Relation, UnitFunction, UnitMeasure
from amana.terms.refusal import Refusal

_FUNCTIONS: dict[type[exp.Expr], UnitFunction] = {
    exp.Count: UnitFunction.COUNT, exp.Sum: UnitFunction.SUM, exp.Min: UnitFunction.MIN, exp.Max: UnitFunction.MAX,
    exp.Avg: UnitFunction.MEAN, exp.CountIf: UnitFunction.COUNT,
}  # fmt: skip


def is_unit(expr: Expr, scope: Scope) -> bool:
    """Whether an expression is the unit of its row, never NULL."""
    return isinstance(expr, Column) and expr.name in scope.units and not scope.columns[expr.name].domain.nullable


def determines_unit(exprs: Iterable[Expr], scope: Scope, schema: Schema) -> bool:
    """Whether rows that agree on these expressions surely belong to one unit: the unit itself, a whole key of a private
    table, or a whole path to its parent, none of them NULL."""
    by_scan: dict[tuple[str, str | None], set[str]] = {}
    for expr in exprs:
        info = scope.columns[expr.name] if isinstance(expr, Column) else None
        if info is None or info.domain.nullable:
            continue
        if is_unit(expr, scope):
            return True
        if info.origin is not None and info.private:
            by_scan.setdefault((info.origin[0], info.alias), set()).add(info.origin[1])
    for (name, _), grouped in by_scan.items():
        table = schema.table(name)
        if table is None:
            continue
        if table.key and set(table.key) <= grouped:
            return True
        if table.path is not None and {here for here, _ in table.path.on} <= grouped:
            return True
    return False


class _PerUnit:
    """Reads the clauses of one grouped SELECT; `measures` grow as aggregates are met."""

    def __init__(
        self, source: Relation, keys: tuple[Expr, ...], outputs: tuple[Output, ...], scope: Scope, *, alias: str, reading: Reading
    ) -> None:
        self.source, self.scope, self.outputs, self.alias, self.reading = source, scope, outputs, alias, reading
        self.columns: dict[str, ColumnInfo] = dict(scope.columns)  # and what is measured, as soon as it is met
        self.units = tuple(key for key in keys if is_unit(key, scope))
        self.keys = tuple(key for key in keys if key not in self.units)
        self.unit_name: str | None = None
        self.key_names: dict[Expr, str] = {}
        self.measures: dict[tuple[UnitFunction, Expr], str] = {}
        self.wanted: str | None = None
        self._taken: set[str] = set()

    def name(self, fallback: str) -> str:
        """A column name: that of the output being read when it is the whole output, else a hidden one."""
        wanted = self.wanted or fallback
        name, number = f"{self.alias}.{wanted}", 1
        while name in self._taken:
            number += 1
            name = f"{self.alias}.{wanted}_{number}"
        self._taken.add(name)
        return name

    def reserve(self, names: Iterable[str]) -> None:
        self._taken |= {f"{self.alias}.{name}" for name in names}

    def read_output(self, output: Output) -> Expr:
        """An output over keys and measures."""
        if output.star is not None:
            return self._grouped(star_column(output), output.node)
        whole = is_aggregate(output.node) or not has_aggregate(output.node)
        self.wanted = output.name if whole else None
        if whole:
            self._taken.discard(f"{self.alias}.{output.name}")
        expr = read(output.node, self.hooked(self.hook))
        self.wanted = None
        self._taken.add(f"{self.alias}.{output.name}")
        return expr

    def read_having(self, node: exp.Expr) -> Expr:
        def hook(part: exp.Expr) -> Expr | None:
            aliased = self._aliased(part)
            if aliased is not None:
                return self.read_output(aliased)
            if not is_aggregate(part) and any(self._aliased(inner) is not None for inner in part.walk()):
                return None  # its parts are read one by one
            return self.hook(part)

        return read(node, self.hooked(hook))

    def _aliased(self, node: exp.Expr) -> Output | None:
        """The output that a bare name means where no column has it."""
        if isinstance(node, exp.Column) and not node.table and not self.scope.find(None, node.name):
            return output_named(node.name, self.outputs)
        return None

    def hooked(self, hook: Hook) -> Scope:
        """The clause's scope, in which measures have names and kinds too."""
        return replace(self.scope, hook=hook, columns=self.columns)

    def hook(self, node: exp.Expr) -> Expr | None:
        if is_aggregate(node):
            return self._measure(node)
        if isinstance(node, exp.Window):
            raise Refusal("sql.window_place", where=place_of(node))
        if has_aggregate(node) or isinstance(node, exp.Literal | exp.Boolean | exp.Null):
            return None
        expr = checked(node, self.scope)
        if expr in self.units or expr in self.keys:
            return self._grouped(expr, node)
        if isinstance(expr, Column):
            raise Refusal("sql.not_grouped", where=place_of(node), column=shown(node))
        return None

    def _grouped(self, expr: Expr, node: exp.Expr) -> Expr:
        if expr in self.units:
            if self.unit_name is None:
                self.unit_name = self.name("unit")
                self._learn(node)
            return Column(name=self.unit_name)
        if expr not in self.keys:
            raise Refusal("sql.not_grouped", where=place_of(node), column=shown(node))
        if expr not in self.key_names:
            self.key_names[expr] = self.name(f"key{self.keys.index(expr) + 1}")
            self._learn(node)
        return Column(name=self.key_names[expr])

    def _measure(self, node: exp.Expr) -> Expr:
        function, value = measure_of(node, self.scope)
        if (function, value) not in self.measures:
            self.measures[function, value] = self.name(f"measure{len(self.measures) + 1}")
            self._learn(node)
        return Column(name=self.measures[function, value])

    def _learn(self, node: exp.Expr) -> None:
        self.columns.update(self.reading.columns(self.relation(), node))

    def relation(self) -> PerUnit:
        """The aggregation as far as it is read; keys that no output shows have names that none can have."""
        keys = tuple((self.key_names.get(key) or f"{self.alias}.#{index + 1}", key) for index, key in enumerate(self.keys))
        measures = tuple(UnitMeasure(name=name, function=function, value=value) for (function, value), name in self.measures.items())
        return PerUnit(source=self.source, keys=keys, measures=measures, unit_name=self.unit_name)


def grouped_rows(
    select: exp.Expr, source: Relation, scope: Scope, *, outputs: tuple[Output, ...], alias: str, reading: Reading
) -> Relation:
    """The relation of a grouped or DISTINCT subquery, one column "alias.name" for each output.

    Errors: Refusal plan.not_unit_wise when the groups do not lie inside units; sql.not_grouped; sql.unit_aggregate.
    """
    distinct = optional(select, "distinct")
    if distinct is not None:
        only(distinct)
        if optional(select, "group") is not None or any(has_aggregate(output.node) for output in outputs):
            raise Refusal("sql.distinct_place", where=place_of(distinct))
        keys = tuple(dict.fromkeys(_distinct_key(output, scope) for output in outputs))
        clause: exp.Expr = select
    else:
        grouping = grouping_of(select, outputs, scope)
        keys, clause = grouping.keys, optional(select, "group") or select
        if grouping.sets:
            raise Refusal("sql.levels_in_subquery", where=place_of(clause))
    if not determines_unit(keys, scope, reading.schema):
        raise Refusal("plan.not_unit_wise", where=place_of(clause), clause="GROUP BY" if distinct is None else "DISTINCT", unit=scope.unit)
    reader = _PerUnit(source, keys, outputs, scope, alias=alias, reading=reading)
    reader.reserve(output.name for output in outputs)
    shown_exprs = tuple((f"{alias}.{output.name}", reader.read_output(output)) for output in outputs)
    having = optional(select, "having")
    predicate = None
    if having is not None:
        only(having, "this")
        predicate = reader.read_having(child(having, "this"))
    relation: Relation = reader.relation()
    if predicate is not None:
        assert having is not None
        _check(predicate, child(having, "this"), scope, reading.columns(relation, select))
        relation = Filter(source=relation, predicate=predicate)
    columns = reading.columns(relation, select)
    if tuple(columns) == tuple(name for name, _ in shown_exprs) and all(expr == Column(name=name) for name, expr in shown_exprs):
        return relation
    for (_, expr), output in zip(shown_exprs, outputs, strict=True):
        known(expr, output.node, Scope(visible=(), columns=columns, unit=scope.unit))
    return Project(source=relation, columns=shown_exprs)


def _distinct_key(output: Output, scope: Scope) -> Expr:
    return star_column(output) if output.star is not None else checked(output.node, scope)


def _check(predicate: Expr, node: exp.Expr, scope: Scope, columns: Columns) -> None:
    domain = known(predicate, node, Scope(visible=(), columns=columns, unit=scope.unit))
    if not isinstance(domain, BooleanDomain):
        raise Refusal("sql.not_a_condition", where=place_of(node), text=shown(node))


def measure_of(node: exp.Expr, scope: Scope) -> tuple[UnitFunction, Expr]:
    """The aggregate within a unit that a node writes, FILTER put into its value."""
    wanted: Expr | None = None
    if isinstance(node, exp.Filter):
        wanted, node = filter_of(node, scope)
    function = _FUNCTIONS.get(type(node))
    if function is None:
        raise Refusal("sql.unit_aggregate", where=place_of(node), function=function_name(node))
    only(node, "this", "big_int")
    argument = bare(child(node, "this"))
    if isinstance(node, exp.CountIf):
        return function, Case(branches=((within(wanted, condition(argument, scope)), ONE),), otherwise=NULL)
    if isinstance(argument, exp.Distinct):
        if function is not UnitFunction.COUNT:
            raise Refusal("sql.distinct_place", where=place_of(node))
        function, value = UnitFunction.COUNT_DISTINCT, checked(distinct_argument(argument), scope)
    elif isinstance(argument, exp.Star):
        only(argument)
        value = ONE
    else:
        value = checked(argument, scope)
        if function in (UnitFunction.SUM, UnitFunction.MEAN) and isinstance(known(value, argument, scope), BooleanDomain):
            value = call(Op.TO_NUMBER, value, Literal(value=Fixed(units=0)))
        if function is UnitFunction.COUNT and not known(value, argument, scope).nullable:
            value = ONE
    return function, value if wanted is None else Case(branches=((wanted, value),), otherwise=NULL)


def filter_of(node: exp.Expr, scope: Scope) -> tuple[Expr, exp.Expr]:
    """The condition of FILTER (WHERE …) and the aggregate it stands on."""
    only(node, "this", "expression")
    where = child(node, "expression")
    only(where, "this")
    return condition(child(where, "this"), scope), bare(child(node, "this"))


def within(wanted: Expr | None, predicate: Expr) -> Expr:
    """The predicate, and the condition of FILTER if there is one."""
    return predicate if wanted is None else call(Op.AND, wanted, predicate)


def distinct_argument(node: exp.Expr) -> exp.Expr:
    """The one expression of COUNT(DISTINCT …)."""
    only(node, "expressions")
    parts = children(node, "expressions")
    if len(parts) != 1:
        raise Refusal("sql.distinct_columns", where=place_of(node))
    return bare(parts[0])
