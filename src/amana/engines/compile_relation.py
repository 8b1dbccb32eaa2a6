"""Relations as nested SELECTs over the store's layout (docs/decisions/0001-store-layout.md).

Every column gets a name of our own, unique in the statement: no text of a question becomes an identifier. Only columns
that something above needs are selected. Hidden beside them: the unit, and the stored ranks of the scans.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never, final

from amana.catalog.domains import BooleanDomain, KeyDomain, NumberDomain
from amana.catalog.schema import Schema, Table
from amana.engines.compile_expr import compile_expr, truth_sql
from amana.engines.compile_grams import buckets_sql, codes_sql, folded_sql
from amana.engines.compile_typed import OTHER_KEY, UNIT, Typed, as_text, converted, integer_for, scaled, together, widest_number
from amana.engines.connection import identifier
from amana.query.expr import Among, Call, Case, Column, Expr, Literal, Lookup, Op
from amana.query.infer import columns_of, multiplicity_of, rows_of
from amana.query.kinds import NullDomain, number
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
)
from amana.query.tables import is_private, table_of
from amana.terms.refusal import Refusal

HIDDEN_UNIT, HIDDEN_RANKS = "\0unit", "\0ranks"
"""Among the needed names: that the unit, or the ranks, are needed too. No visible name has a NUL."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A SELECT. `unit` and `ranks` are names of hidden columns; `untied`: the ranks tell all rows of a unit apart."""

    sql: str
    columns: Mapping[str, Typed]
    unit: str | None
    ranks: tuple[str, ...] = ()
    untied: bool = False


@final
class Namer:
    """Names that are unique in one statement."""

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}

    def name(self, wanted: str) -> str:
        """A quoted name near to the wanted one, of small ASCII letters, digits and _."""
        plain = re.sub(r"[^a-z0-9_]", "_", wanted.lower())[:40] or "_"
        count = self._taken.get(plain, 0)
        self._taken[plain] = count + 1
        return identifier(plain if count == 0 else f"{plain}#{count}")


@final
class Relations:
    """The compiler of the relations of one statement."""

    def __init__(self, *, schema: Schema, catalog: str) -> None:
        self._schema = schema
        self._catalog = catalog
        self.namer = Namer()

    def part(self, relation: Relation, needed: frozenset[str]) -> Part:
        """A SELECT of the needed columns of a relation."""
        match relation:
            case Scan():
                return self._scan(relation, needed)
            case Filter():
                below = self.part(relation.source, needed | names_in(relation.predicate))
                return replace(below, sql=f"SELECT * FROM ({below.sql}) WHERE {truth_sql(relation.predicate, below.columns)}")
            case Project():
                return self._project(relation, needed)
            case Join():
                return self._join(relation, needed)
            case Union():
                return self._union(relation, needed)
            case PerUnit():
                return self._per_unit(relation)
            case Window():
                return self._window(relation, needed)
            case Buckets():
                return self._buckets(relation, needed)
            case _:
                assert_never(relation)

    def _scan(self, scan: Scan, needed: frozenset[str]) -> Part:
        table = table_of(scan, self._schema)
        columns: dict[str, Typed] = {}
        shown: list[str] = []
        unit: str | None = None
        ranks: tuple[str, ...] = ()
        units = unit_columns(table, self._schema)
        if table.private:
            unit, ranks = self.namer.name("u"), (self.namer.name("r"),)
            shown += [f"u AS {unit}"] if HIDDEN_UNIT in needed else []
            shown += [f"r AS {ranks[0]}"] if HIDDEN_RANKS in needed else []
        for visible, info in columns_of(scan, self._schema).items():
            if visible not in needed:
                continue
            name = self.namer.name(visible)
            if info.origin is None:  # the virtual column of the unit
                columns[visible] = Typed(sql=name, domain=info.domain, kind=UNIT)
                shown.append(f"u AS {name}")
                continue
            stored = identifier(f"c_{info.origin[1]}")
            if info.origin[1] in units:
                source = self.namer.name(f"{visible}_key")
                columns[visible] = Typed(sql=name, domain=info.domain, kind=UNIT, source=source)
                shown += [f"u AS {name}", f"{stored} AS {source}"]
                continue
            kind = OTHER_KEY if isinstance(info.domain, KeyDomain) else ""
            kind = integer_for(info.domain) if isinstance(info.domain, NumberDomain) else kind
            columns[visible] = Typed(sql=name, domain=info.domain, kind=kind)
            shown.append(f"{stored} AS {name}")
        kept: list[str] = []
        if scan.keep is not None and scan.keep < table.rows_per_unit_max:  # no row beyond that cap is stored
            kept.append(f"r <= {scan.keep}")
        if scan.keep_within is not None:
            kept.append(f"{identifier(f'o_{scan.keep_within[0]}')} <= {scan.keep_within[1]}")
        where = f" WHERE {' AND '.join(kept)}" if kept else ""
        sql = f"SELECT {', '.join(shown) or '1 AS one'} FROM {identifier(self._catalog)}.{identifier(table.name)}{where}"
        return Part(sql=sql, columns=columns, unit=unit, ranks=ranks, untied=table.private)

    def _project(self, relation: Project, needed: frozenset[str]) -> Part:
        chosen = [(name, expr) for name, expr in relation.columns if name in needed]
        below = self.part(relation.source, _hidden(needed).union(*(names_in(expr) for _, expr in chosen)))
        columns, shown = self._shown(chosen, below.columns)
        sql = f"SELECT {', '.join([*shown, *_carried(below, needed)]) or '1 AS one'} FROM ({below.sql})"
        return replace(below, sql=sql, columns=columns)

    def _shown(self, chosen: Iterable[tuple[str, Expr]], scope: Mapping[str, Typed]) -> tuple[dict[str, Typed], list[str]]:
        columns: dict[str, Typed] = {}
        shown: list[str] = []
        for name, expr in chosen:
            value, made = visible(compile_expr(expr, scope)), self.namer.name(name)
            columns[name] = replace(value, sql=made, constant=False)
            shown.append(f"{value.sql} AS {made}")
            if value.source:
                source = self.namer.name(f"{name}_key")
                columns[name] = replace(columns[name], source=source)
                shown.append(f"{value.source} AS {source}")
        return columns, shown

    def _join(self, join: Join, needed: frozenset[str]) -> Part:
        residual = names_in(join.residual) if join.residual is not None else frozenset[str]()
        wanted = needed | residual | {name for pair in join.on for name in pair}
        whole = join.kind in (JoinKind.INNER, JoinKind.LEFT)
        left = self.part(join.left, wanted)
        right = self.part(join.right, wanted if whole else wanted - {HIDDEN_UNIT, HIDDEN_RANKS})
        both = {**left.columns, **right.columns}
        conditions = [self._agreement(one, other, both) for one, other in join.on]
        if join.residual is not None:
            conditions.append(truth_sql(join.residual, both))
        agree = " AND ".join(conditions) or "TRUE"
        if not whole:
            # EXISTS and not SEMI JOIN: then DuckDB first narrows the right side to what the left side holds
            test = "EXISTS" if join.kind is JoinKind.SEMI else "NOT EXISTS"
            return replace(left, sql=f"SELECT * FROM ({left.sql}) WHERE {test} (SELECT 1 FROM ({right.sql}) WHERE {agree})")
        sql = f"SELECT * FROM ({left.sql}) {'LEFT ' if join.kind is JoinKind.LEFT else ''}JOIN ({right.sql}) ON {agree}"
        if join.kind is JoinKind.LEFT:
            both = {**left.columns, **{name: _opened(column) for name, column in right.columns.items()}}
        return Part(
            sql=sql,
            columns=both,
            unit=left.unit or right.unit,
            ranks=left.ranks + right.ranks,
            untied=self._untied(join, left, right),
        )

    def _agreement(self, one: str, other: str, both: Mapping[str, Typed]) -> str:
        kinds = {both[one].kind, both[other].kind}
        if kinds == {UNIT, OTHER_KEY} and not (both[one].source or both[other].source):
            return "FALSE"  # never equal; said so plainly, no pair is compared
        return truth_sql(Call(op=Op.EQ, args=(Column(name=one), Column(name=other))), both)

    def _untied(self, join: Join, left: Part, right: Part) -> bool:
        """Whether the ranks of both sides tell the joined rows apart: a public side must add one row at most to each."""
        if left.untied and right.untied:
            return True
        public, on = (join.right, 1) if left.untied else (join.left, 0)
        if not (left.untied or right.untied) or is_private(public, self._schema):
            return False
        return multiplicity_of(public, frozenset(pair[on] for pair in join.on), self._schema) == 1

    def _union(self, union: Union, needed: frozenset[str]) -> Part:
        wanted = needed - {HIDDEN_RANKS}
        parts = [self.part(part, wanted) for part in union.parts]
        names = [name for name in columns_of(union, self._schema) if name in needed]
        unit = self.namer.name("u")
        forms = {name: together([part.columns[name] for part in parts]) for name in names}
        made = {name: self.namer.name(name) for name in names}
        selects: list[str] = []
        for number_, part in enumerate(parts):
            shown = [f"{forms[name][1][number_].sql} AS {made[name]}" for name in names]
            shown += [f"{part.unit} AS {unit}"] if HIDDEN_UNIT in needed else []
            selects.append(f"SELECT {', '.join(shown) or '1 AS one'} FROM ({part.sql})")
        columns: dict[str, Typed] = {}
        for name in names:
            domain, values = forms[name]
            kind = integer_for(domain) if isinstance(domain, NumberDomain) else values[0].kind
            columns[name] = Typed(sql=made[name], domain=domain, kind=kind)
        return Part(sql=" UNION ALL ".join(selects), columns=columns, unit=unit)

    def _per_unit(self, relation: PerUnit) -> Part:
        asked = [expr for _, expr in relation.keys] + [measure.value for measure in relation.measures]
        below = self.part(relation.source, frozenset({HIDDEN_UNIT}).union(*map(names_in, asked)))
        assert below.unit is not None
        columns: dict[str, Typed] = {}
        shown: list[str] = []
        for name, expr in relation.keys:
            value = visible(compile_expr(expr, below.columns))
            columns[name] = replace(value, sql=self.namer.name(name), constant=False, source="")
            shown.append(f"{value.sql} AS {columns[name].sql}")
        unit = self.namer.name("u")
        rows = rows_of(relation.source, self._schema)
        for measure in relation.measures:
            value = _measured(measure, visible(compile_expr(measure.value, below.columns)), rows)
            made = self.namer.name(measure.name)
            columns[measure.name] = replace(value, sql=made)
            shown.append(f"{value.sql} AS {made}")
        if relation.unit_name is not None:
            columns[relation.unit_name] = Typed(sql=unit, domain=KeyDomain(), kind=UNIT)
        places = ", ".join(str(place + 1) for place in range(1 + len(relation.keys)))
        sql = f"SELECT {', '.join([f'{below.unit} AS {unit}', *shown])} FROM ({below.sql}) GROUP BY {places}"
        return Part(sql=sql, columns=columns, unit=unit)

    def _window(self, relation: Window, needed: frozenset[str]) -> Part:
        measures = [measure for measure in relation.measures if measure.name in needed]
        asked = [expr for m in measures for expr in (m.value, *m.partition, *(expr for expr, _ in m.order))]
        # which rows are alike is decided by all columns that are visible here
        every = frozenset(columns_of(relation.source, self._schema))
        below = self.part(relation.source, needed.union({HIDDEN_UNIT, HIDDEN_RANKS}, *map(names_in, asked)))
        if not below.untied:
            below = self.part(relation.source, needed | {HIDDEN_UNIT, HIDDEN_RANKS} | every)
        ties = [*below.ranks, *([] if below.untied else [below.columns[name].sql for name in columns_of(relation.source, self._schema)])]
        columns = dict(below.columns)
        shown: list[str] = []
        rows = rows_of(relation.source, self._schema)
        for measure in measures:
            value = _windowed(measure, below, ties, rows)
            made = self.namer.name(measure.name)
            columns[measure.name] = replace(value, sql=made, constant=False)
            shown.append(f"{value.sql} AS {made}")
        return replace(below, sql=f"SELECT {', '.join(['*', *shown])} FROM ({below.sql})", columns=columns)

    def _buckets(self, relation: Buckets, needed: frozenset[str]) -> Part:
        below = self.part(relation.source, (needed - {relation.name}) | {relation.text})
        made, (folded, letters) = self.namer.name(relation.name), (self.namer.name(name) for name in ("folded", "letters"))
        text = f"SELECT *, {folded_sql(as_text(below.columns[relation.text]).sql)} AS {folded} FROM ({below.sql})"
        codes = f"SELECT *, {codes_sql(folded)} AS {letters} FROM ({text})"
        bucket = Typed(sql=made, domain=number(0, 0, relation.grams.buckets - 1, nullable=False), kind="INTEGER")
        sql = f"SELECT *, unnest({buckets_sql(letters, relation.grams)}) AS {made} FROM ({codes})"
        return replace(below, sql=sql, columns={**below.columns, relation.name: bucket}, untied=False)


# --- columns ---


def unit_columns(table: Table, schema: Schema) -> frozenset[str]:
    """The columns of a private table that hold the unit's source key: its own, or by its path its parent's."""
    own = frozenset({table.unit_column}) if table.private and table.unit_column is not None else frozenset[str]()
    if table.path is None:
        return own
    parent = schema.table(table.path.parent)
    assert parent is not None, "rules name parents that exist"
    above = unit_columns(parent, schema)
    return own | {here for here, there in table.path.on if there in above}


def names_in(expr: Expr) -> frozenset[str]:
    """The columns that an expression reads."""
    match expr:
        case Column():
            return frozenset({expr.name})
        case Literal():
            return frozenset()
        case Among():
            return names_in(expr.value)
        case Lookup():
            return names_in(expr.index)
        case Call():
            return frozenset[str]().union(*map(names_in, expr.args))
        case Case():
            return names_in(expr.otherwise).union(*(names_in(one) | names_in(two) for one, two in expr.branches))
        case _:
            assert_never(expr)


def visible(value: Typed) -> Typed:
    """An expression as a column: one that is always NULL is a boolean, and a constant text keeps its code."""
    return converted(value, BooleanDomain(nullable=True)) if isinstance(value.domain, NullDomain) else value


def _hidden(needed: frozenset[str]) -> frozenset[str]:
    return needed & {HIDDEN_UNIT, HIDDEN_RANKS}


def _carried(below: Part, needed: frozenset[str]) -> list[str]:
    carried = [below.unit] if HIDDEN_UNIT in needed and below.unit is not None else []
    return carried + (list(below.ranks) if HIDDEN_RANKS in needed else [])


def _opened(column: Typed) -> Typed:
    """A column of the right side of LEFT: it may be NULL."""
    assert not isinstance(column.domain, NullDomain)
    return replace(column, domain=replace(column.domain, nullable=True))


# --- measures inside a unit ---


def _measured(measure: UnitMeasure, value: Typed, rows: int) -> Typed:
    constant = isinstance(measure.value, Literal) and measure.value.value is not None
    match measure.function:
        case UnitFunction.COUNT:
            return _count("count(*)" if constant else f"count({value.sql})", rows)
        case UnitFunction.COUNT_DISTINCT:
            return _count(f"count(DISTINCT {value.sql})", rows)
        case UnitFunction.SUM:
            return _summed(f"sum({value.sql})", value, rows)
        case UnitFunction.MIN | UnitFunction.MAX:
            return replace(value, sql=f"{measure.function.value}({value.sql})", constant=False)
        case UnitFunction.MEAN:
            assert isinstance(value.domain, NumberDomain)
            scale = max(value.domain.scale, min(12, value.domain.scale + 6))
            total = scaled(_summed(f"sum({value.sql})", value, rows), scale)
            return replace(total, sql=f"({total.sql} // count({value.sql}))")
        case _:
            assert_never(measure.function)


def _count(sql: str, rows: int) -> Typed:
    return Typed(sql=sql, domain=NumberDomain(scale=0, low=0, high=rows), kind="BIGINT")


def _summed(sql: str, value: Typed, rows: int) -> Typed:
    """A sum over rows of one unit, in the smallest type that holds it."""
    assert isinstance(value.domain, NumberDomain)
    low, high = min(value.domain.low, rows * value.domain.low), max(value.domain.high, rows * value.domain.high)
    try:
        domain = number(value.domain.scale, low, high, nullable=True)
    except Refusal:  # what a filter below leaves does fit: an aggregate never runs before it
        return Typed(sql=sql, domain=widest_number(value.domain.scale), kind="HUGEINT")
    kind = integer_for(domain)
    return Typed(sql=sql if kind == "HUGEINT" else f"CAST({sql} AS {kind})", domain=domain, kind=kind)


def _windowed(measure: WindowMeasure, below: Part, ties: Sequence[str], rows: int) -> Typed:
    value = visible(compile_expr(measure.value, below.columns))
    partition = [below.unit or "", *(visible(compile_expr(expr, below.columns)).sql for expr in measure.partition)]
    order = [_ordered(compile_expr(expr, below.columns), descending=descending) for expr, descending in measure.order]
    order += [f"{tie} NULLS LAST" for tie in ties]
    over = f"OVER (PARTITION BY {', '.join(partition)} ORDER BY {', '.join(order)}"
    constant = isinstance(measure.value, Literal) and measure.value.value is not None
    if measure.order or measure.function in (WindowFunction.ROW_NUMBER, WindowFunction.LAG, WindowFunction.LEAD):
        running = f"{over} ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW)"
    else:
        running = f"OVER (PARTITION BY {', '.join(partition)})"
    match measure.function:
        case WindowFunction.ROW_NUMBER:
            return _count(f"row_number() {over})", max(1, rows))
        case WindowFunction.LAG | WindowFunction.LEAD:
            return replace(_opened(value), sql=f"{measure.function.value}({value.sql}, {measure.offset}) {over})")
        case WindowFunction.COUNT:
            return _count(f"count({'*' if constant else value.sql}) {running}", rows)
        case WindowFunction.SUM:
            return _summed(f"sum({value.sql}) {running}", value, rows)
        case WindowFunction.MIN | WindowFunction.MAX:
            return replace(value, sql=f"{measure.function.value}({value.sql}) {running}")
        case _:
            assert_never(measure.function)


def _ordered(value: Typed, *, descending: bool) -> str:
    return f"{visible(value).sql} {'DESC' if descending else 'ASC'} NULLS LAST"
