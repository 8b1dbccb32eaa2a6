"""From a bounded plan to SQL for DuckDB, and how the rows of each statement become exact sums.

Sums of one plan share statements wherever one scan can compute them: one statement for sums over rows and distinct counts,
one for contributions clamped per unit, one for each bin count. Everything is integer; the order of rows carries nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import assert_never, final

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.schema import Schema
from amana.engines.compile_expr import compile_expr, truth_sql
from amana.engines.compile_relation import HIDDEN_RANKS, HIDDEN_UNIT, Part, Relations, names_in, visible
from amana.engines.compile_time import EPOCH
from amana.engines.compile_typed import Typed, whole
from amana.query.expr import Column, Expr, Fixed, Literal
from amana.query.infer import rows_of
from amana.query.kinds import NullDomain, size_of
from amana.query.plan import BinCount, BoundedPlan, BoundedSum, DistinctCount, Plan, Relation, RowSum, Scan, UnitCount

PREGROUPED_MAX = 20_000
"""Keys made from columns of at most that many combinations are computed once per combination, not once per row."""
SETS_KEYS_MAX = 60
"""Keys of one statement for several plans: as many as GROUPING tells apart in 63 bits."""
SETS_SUMS_MAX = 2_000
"""Sums of one statement, over all its sets of keys: each is computed for every set."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CellColumn:
    """How a column of a statement becomes the cell of sum `index`: factor * column - centre * count, NULL being 0.

    `count` is a column, or None where there is no centre. `bins` is 0, or the number of bins: then `bin` lists those that
    rows are in (NULL: none) and `column` lists how many."""

    index: int
    column: int
    factor: int = 1
    centre: int = 0
    count: int | None = None
    bins: int = 0
    bin: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """`keys`: domains of the first columns; a choice comes as its code in `members`."""

    sql: str
    keys: tuple[Domain, ...]
    cells: tuple[CellColumn, ...]


def compile_plan(bounded: BoundedPlan, *, schema: Schema, catalog: str) -> tuple[Statement, ...]:
    """The statements of a plan, whose tables lie in the attached database `catalog`.

    Errors: assertion for a plan that `query/check.py` would not pass.
    """
    clamped = any(total.per_unit for total in bounded.sums)
    over_units: list[int] = []
    over_rows: list[int] = []
    binned: list[int] = []
    for index, total in enumerate(bounded.sums):
        match total.sum:
            case BinCount():
                binned.append(index)
            case DistinctCount():
                over_rows.append(index)
            case RowSum() | UnitCount():
                (over_units if clamped else over_rows).append(index)
            case _:
                assert_never(total.sum)
    statements = [_Statement(bounded, schema, catalog).over_units(over_units)] if over_units else []
    statements += [_Statement(bounded, schema, catalog).over_rows(over_rows)] if over_rows else []
    statements += [_Statement(bounded, schema, catalog).bins(index) for index in binned]
    return tuple(statements)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """A statement for several plans. The last column of a row tells by `sets[value]` which plan it is of, which of the
    statement's keys are that plan's, and how its sums are read."""

    statement: Statement
    sets: Mapping[int, tuple[int, tuple[int, ...], tuple[CellColumn, ...]]]


def compile_shared(plans: Sequence[BoundedPlan], *, schema: Schema, catalog: str) -> tuple[tuple[Shared, ...], tuple[int, ...]]:
    """Statements for the plans that ask for sums over the rows of one relation, by different keys; and the places of the
    plans that none of these computes."""
    alike: dict[Relation, list[int]] = {}
    alone: list[int] = []
    for place, bounded in enumerate(plans):
        if all(isinstance(total.sum, RowSum) and not total.per_unit for total in bounded.sums):
            alike.setdefault(bounded.plan.source, []).append(place)
        else:
            alone.append(place)
    shared: list[Shared] = []
    for places in alike.values():
        while places:
            exprs: dict[Expr, int] = {}
            sums: dict[BoundedSum, None] = {}
            sets: dict[frozenset[int], tuple[int, tuple[int, ...]]] = {}
            for place in tuple(places):
                keys, wanted = [expr for _, expr in plans[place].plan.keys], [_same(total) for total in plans[place].sums]
                if len(set(keys)) < len(keys) or len({*exprs, *keys}) > SETS_KEYS_MAX:
                    continue
                if (len(sets) + 1) * len({*sums, *wanted}) > SETS_SUMS_MAX:
                    continue
                at = tuple(exprs.setdefault(expr, len(exprs)) for expr in keys)
                if frozenset(at) not in sets:
                    sets[frozenset(at)] = (place, at)
                    sums |= dict.fromkeys(wanted)
                    places.remove(place)
            if not sets:
                alone.extend(places)
                break
            together = replace(_keyed(plans[next(iter(sets.values()))[0]], tuple(exprs)), sums=tuple(sums))
            order = {place: [list(sums).index(_same(total)) for total in plans[place].sums] for place, _ in sets.values()}
            shared.append(_Statement(together, schema, catalog).over_sets(sets, order))
    return tuple(shared), tuple(sorted(alone))


def _same(total: BoundedSum) -> BoundedSum:
    """The sum without what depends on the keys beside it."""
    return replace(total, l1=0, l2_squared=0, cells=0, grain=1)


def _keyed(bounded: BoundedPlan, exprs: tuple[Expr, ...]) -> BoundedPlan:
    return replace(bounded, plan=replace(bounded.plan, keys=tuple((f"key {place}", expr) for place, expr in enumerate(exprs))))


@final
class _Statement:
    """One statement in the making."""

    def __init__(self, bounded: BoundedPlan, schema: Schema, catalog: str) -> None:
        self._bounded = bounded
        self._plan: Plan = bounded.plan
        self._schema = schema
        self._relations = Relations(schema=schema, catalog=catalog)
        self._shown: list[str] = []

    def over_rows(self, indices: Sequence[int]) -> Statement:
        """Sums over all rows of a key."""
        sums = [(index, self._bounded.sums[index]) for index in indices]
        hidden = {HIDDEN_UNIT} if any(isinstance(total.sum, UnitCount) for _, total in sums) else set[str]()
        if hidden and self._first_rows():
            hidden = {HIDDEN_RANKS}
        part = self._source([total for _, total in sums], frozenset(hidden))
        base = self._base(part) if all(isinstance(total.sum, RowSum) for _, total in sums) else None
        if base is None:
            keys, shown = self._keys(part)
            cells = [self._cell(index, total, part) for index, total in sums]
            sql = f"SELECT {', '.join([*shown, *self._shown]) or '1'} FROM ({part.sql}){_grouped(len(shown))}"
            return Statement(sql=sql, keys=keys, cells=tuple(cells))
        # keys that are functions of few values: first the sums for each value, then the sums of those
        keys, shown = self._keys(part)
        columns = [part.columns[name].sql for name in base]
        self._shown = []
        offset = len(shown)
        cells = [self._cell(index, total, part) for index, total in sums]
        made = [self._relations.namer.name("s") for _ in self._shown]
        inner = ", ".join([*columns, *(f"{sql} AS {name}" for sql, name in zip(self._shown, made, strict=True))])
        outer = ", ".join([*shown, *(f"sum({name})" for name in made)])
        sql = f"SELECT {outer} FROM (SELECT {inner} FROM ({part.sql}){_grouped(len(columns))}){_grouped(offset)}"
        return Statement(sql=sql, keys=keys, cells=tuple(cells))

    def over_sets(self, sets: Mapping[frozenset[int], tuple[int, tuple[int, ...]]], order: Mapping[int, Sequence[int]]) -> Shared:
        """Sums over all rows, by each of several sets of the plan's keys, in one pass. `order`: of each plan, which are its sums."""
        sums = list(enumerate(self._bounded.sums))
        part = self._source([total for _, total in sums], frozenset())
        keys, shown = self._keys(part)
        named = [self._relations.namer.name("k") for _ in shown]
        cells = tuple(self._cell(index, total, part) for index, total in sums)
        listed = ", ".join(f"({', '.join(named[place] for place in at)})" for _, at in sets.values())
        inner = ", ".join(["*", *(f"{sql} AS {name}" for sql, name in zip(shown, named, strict=True))])
        which = f"GROUPING({', '.join(named)})" if named else "0"
        outer = ", ".join([*named, *self._shown, f"CAST({which} AS BIGINT)"])
        sql = f"SELECT {outer} FROM (SELECT {inner} FROM ({part.sql})) GROUP BY GROUPING SETS ({listed})"
        statement = Statement(sql=sql, keys=keys, cells=cells)
        # GROUPING has a bit for each key, the first the highest: 1 where the key is not of the set
        last = len(named) - 1
        marks = {
            sum(1 << (last - key) for key in range(len(named)) if key not in at): (
                place, keyed, tuple(replace(cells[one], index=index) for index, one in enumerate(order[place])),
            )
            for at, (place, keyed) in sets.items()
        }  # fmt: skip
        return Shared(statement=statement, sets=marks)

    def over_units(self, indices: Sequence[int]) -> Statement:
        """Sums over units of what each contributes to a key, clamped where the plan says so."""
        sums = [(index, self._bounded.sums[index]) for index in indices]
        part = self._source([total for _, total in sums], frozenset({HIDDEN_UNIT}))
        assert part.unit is not None
        keys, shown = self._keys(part)
        named = [self._relations.namer.name("k") for _ in shown]
        inner = [part.unit, *(f"{sql} AS {name}" for sql, name in zip(shown, named, strict=True))]
        outer: list[str] = []
        cells: list[CellColumn] = []
        made: dict[str, str] = {}

        def column(sql: str) -> str:
            if sql not in made:
                made[sql] = self._relations.namer.name("s")
                inner.append(f"{sql} AS {made[sql]}")
            return made[sql]

        for index, total in sums:
            if isinstance(total.sum, UnitCount):
                always = total.sum.condition == Literal(value=True)
                condition = "" if always else f" FILTER (WHERE {column(f'bool_or({truth_sql(total.sum.condition, part.columns)})')})"
                outer.append(f"count(*){condition}")
            else:
                contribution = self._contribution(total, part, column)
                clamped = f"least(greatest({contribution}, {total.low}), {total.high})" if total.per_unit else contribution
                outer.append(f"sum({clamped})")
            cells.append(CellColumn(index=index, column=len(shown) + len(outer) - 1))
        grouped = _grouped(1 + len(shown))
        sql = f"SELECT {', '.join([*named, *outer])} FROM (SELECT {', '.join(inner)} FROM ({part.sql}){grouped}){_grouped(len(shown))}"
        return Statement(sql=sql, keys=keys, cells=tuple(cells))

    def bins(self, index: int) -> Statement:
        """Rows by key and bin. Rows without a value are in no bin, but their key is present."""
        total = self._bounded.sums[index]
        assert isinstance(total.sum, BinCount)
        part = self._source([total], frozenset())
        keys, shown = self._keys(part)
        value = _number_sql(compile_expr(total.sum.value, part.columns))
        low, width, bins = total.sum.low, total.sum.width, total.sum.bins
        # the ends first: between them nothing is negative, and nothing overflows
        kind = "BIGINT" if max(abs(low), abs(low + width * bins)) < 2**62 else "HUGEINT"
        place = f"(CAST({value} AS {kind}) - {whole(low)})" if low else value
        ends = f"WHEN {value} < {whole(low + width)} THEN 0 WHEN {value} >= {whole(low + width * (bins - 1))} THEN {bins - 1}"
        bin_sql = f"CASE {ends} ELSE {place} // {width} END"
        counted = ", ".join([*(f"{sql} AS k{place}" for place, sql in enumerate(shown)), f"{bin_sql} AS bin", "count(*) AS n"])
        listed = ", ".join([*(f"k{place}" for place in range(len(shown))), "list(bin)", "list(n)"])
        sql = f"SELECT {listed} FROM (SELECT {counted} FROM ({part.sql}){_grouped(len(shown) + 1)}){_grouped(len(shown))}"
        cell = CellColumn(index=index, column=len(shown) + 1, bins=bins, bin=len(shown))
        return Statement(sql=sql, keys=keys, cells=(cell,))

    # --- parts of a statement ---

    def _source(self, sums: Sequence[BoundedSum], hidden: frozenset[str]) -> Part:
        exprs = [expr for _, expr in self._plan.keys]
        exprs += [total.sum.condition if isinstance(total.sum, UnitCount) else total.sum.value for total in sums]
        return self._relations.part(self._plan.source, hidden.union(*map(names_in, exprs)))

    def _keys(self, part: Part) -> tuple[tuple[Domain, ...], list[str]]:
        values = [visible(compile_expr(expr, part.columns)) for _, expr in self._plan.keys]
        return tuple(_domain(value) for value in values), [value.sql for value in values]

    def _base(self, part: Part) -> list[str] | None:
        """The columns that all keys are functions of, when some key is a function and they have few combinations."""
        keys = [expr for _, expr in self._plan.keys]
        if all(isinstance(expr, Column | Literal) for expr in keys):
            return None
        base = sorted(frozenset[str]().union(*map(names_in, keys)))
        combinations = 1
        for name in base:
            domain = part.columns[name].domain
            assert not isinstance(domain, NullDomain)
            combinations *= size_of(domain)
        return base if base and combinations <= PREGROUPED_MAX else None

    def _column(self, sql: str) -> int:
        """The place of an aggregate in the statement, after the keys; each is computed once."""
        if sql not in self._shown:
            self._shown.append(sql)
        return len(self._plan.keys) + self._shown.index(sql)

    def _cell(self, index: int, total: BoundedSum, part: Part) -> CellColumn:
        match total.sum:
            case RowSum():
                return self._row_sum(index, total, total.sum, part)
            case UnitCount():
                return CellColumn(index=index, column=self._column(self._unit_count(total.sum, part)))
            case DistinctCount():
                value = visible(compile_expr(total.sum.value, part.columns))
                return CellColumn(index=index, column=self._column(f"count(DISTINCT {value.sql})"))
            case BinCount():
                raise AssertionError("bins have a statement of their own")
            case _:
                assert_never(total.sum)

    def _row_sum(self, index: int, total: BoundedSum, row_sum: RowSum, part: Part) -> CellColumn:
        """The sum of values and, where there is a centre, how many there are: both are shared by other sums."""
        centre = row_sum.centre.units * 10 ** (total.scale - row_sum.centre.scale)
        if isinstance(row_sum.value, Literal) and isinstance(row_sum.value.value, Fixed):
            literal = row_sum.value.value
            each = literal.units * 10 ** (total.scale - literal.scale) - centre
            return CellColumn(index=index, column=self._column("count(*)"), factor=each)
        value = compile_expr(row_sum.value, part.columns)
        assert isinstance(value.domain, NumberDomain)
        factor = 10 ** (total.scale - value.domain.scale)
        count = None
        if centre:
            count = self._column(f"count({value.sql})" if value.domain.nullable else "count(*)")
        return CellColumn(index=index, column=self._column(f"sum({value.sql})"), factor=factor, centre=centre, count=count)

    def _contribution(self, total: BoundedSum, part: Part, column: Callable[[str], str]) -> str:
        """SQL over the groups of one unit: its sum of (value - centre), in the plan's scale, in BIGINT where that holds it."""
        assert isinstance(total.sum, RowSum)
        value = visible(compile_expr(total.sum.value, part.columns))
        assert isinstance(value.domain, NumberDomain)
        centre = total.sum.centre.units * 10 ** (total.scale - total.sum.centre.scale)
        factor = 10 ** (total.scale - value.domain.scale)
        constant = isinstance(total.sum.value, Literal)
        counted = "count(*)" if constant or not value.domain.nullable else f"count({value.sql})"
        rows = rows_of(self._plan.source, self._schema)
        largest = rows * (max(abs(value.domain.low), abs(value.domain.high)) * factor + abs(centre))
        kind = "BIGINT" if largest < 2**62 else "HUGEINT"
        if constant:
            each = value.domain.low * factor - centre
            return column(counted) if each == 1 else f"CAST({column(counted)} AS {kind}) * {whole(each)}"
        summed = f"sum({value.sql})" if kind == "HUGEINT" else f"CAST(sum({value.sql}) AS {kind})"
        contribution = f"coalesce({column(summed)}, 0)" + (f" * {factor}" if factor != 1 else "")
        return f"{contribution} - {whole(centre)} * CAST({column(counted)} AS {kind})" if centre else contribution

    def _unit_count(self, total: UnitCount, part: Part) -> str:
        always = total.condition == Literal(value=True)
        where = "" if always else f" FILTER (WHERE {truth_sql(total.condition, part.columns)})"
        if always and self._first_rows() and part.ranks:
            return f"count(*) FILTER (WHERE {part.ranks[0]} = 1)"
        return f"count(DISTINCT {part.unit}){where}"

    def _first_rows(self) -> bool:
        """Whether units are counted by their first rows: an unfiltered scan, no keys, and nothing else asks for units."""
        conditions = [total.sum.condition for total in self._bounded.sums if isinstance(total.sum, UnitCount)]
        plain = isinstance(self._plan.source, Scan) and self._plan.source.keep_within is None
        return plain and not self._plan.keys and all(condition == Literal(value=True) for condition in conditions)


def _grouped(count: int) -> str:
    return f" GROUP BY {', '.join(str(place + 1) for place in range(count))}" if count else ""


def _domain(value: Typed) -> Domain:
    assert isinstance(value.domain, NumberDomain | DateDomain | MomentDomain | BooleanDomain | ChoiceDomain | TextDomain | KeyDomain)
    return value.domain


def _number_sql(value: Typed) -> str:
    """A number, date or moment as the integer that bins count."""
    return f"({value.sql} - {EPOCH})" if isinstance(value.domain, DateDomain) else value.sql
