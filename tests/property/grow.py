"""Generated plans and generated source databases, small enough to run on the reference engine many times.

Values sit at the ends of their domains more often than not, so that a bound that is too small by one is met.
"""

import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, TypeAlias

from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.schema import Column as TableColumn
from amana.catalog.schema import Path as Step
from amana.catalog.schema import Schema, Table
from amana.privacy.bound import Choice
from amana.query.expr import Call, Case, Column, Expr, Fixed, Literal, Op
from amana.query.infer import columns_of
from amana.query.kinds import ColumnInfo
from amana.query.plan import (
    BinCount,
    Buckets,
    DistinctCount,
    Filter,
    Join,
    JoinKind,
    PerUnit,
    Plan,
    Project,
    Relation,
    RowSum,
    Scan,
    Sum,
    Union,
    UnitCount,
    UnitFunction,
    UnitMeasure,
    Window,
    WindowFunction,
    WindowMeasure,
)
from amana.query.scales import interval
from amana.query.tables import is_private, scans_of
from amana.terms.grams import Grams

WARDS, SIDES, ROWS_MAX = ("a", "b", "c"), ("east", "west"), 3
SCHEMA = Schema(
    unit="person",
    tables=(
        Table(
            name="people",
            private=True,
            unit_column="id",
            key=("id",),
            columns=(
                TableColumn(name="id", domain=KeyDomain()),
                TableColumn(name="side", domain=ChoiceDomain(members=SIDES)),
                TableColumn(name="size", domain=NumberDomain(scale=0, low=-2, high=5)),
            ),
        ),
        Table(
            name="visits",
            private=True,
            path=Step(parent="people", on=(("person_id", "id"),)),
            key=("visit",),
            rows_per_unit_max=ROWS_MAX,
            occurrence=("ward",),
            columns=(
                TableColumn(name="visit", domain=KeyDomain()),
                TableColumn(name="person_id", domain=KeyDomain()),
                TableColumn(name="ward", domain=ChoiceDomain(members=WARDS, nullable=True)),
                TableColumn(name="cost", domain=NumberDomain(scale=1, low=0, high=40, nullable=True)),
                TableColumn(name="stay", domain=NumberDomain(scale=0, low=-3, high=4)),
                TableColumn(name="day", domain=DateDomain(low=date(2023, 12, 30), high=date(2024, 2, 2))),
                TableColumn(name="note", domain=TextDomain(length_max=3, nullable=True)),
                TableColumn(name="urgent", domain=BooleanDomain(nullable=True)),
            ),
        ),
        Table(
            name="wards",
            private=False,
            key=("ward",),
            multiplicity=2,
            columns=(
                TableColumn(name="ward", domain=ChoiceDomain(members=WARDS)),
                TableColumn(name="floor", domain=NumberDomain(scale=0, low=1, high=3)),
            ),
        ),
        Table(
            name="sides",
            private=False,
            key=("side",),
            columns=(
                TableColumn(name="side", domain=ChoiceDomain(members=SIDES)),
                TableColumn(name="coast", domain=NumberDomain(scale=0, low=0, high=1)),
            ),
        ),
    ),
)
PUBLIC: dict[str, list[dict[str, Any]]] = {
    "wards": [{"ward": w, "floor": f} for w, f in (("a", 1), ("a", 3), ("b", 2), ("c", 3), ("c", 3))],
    "sides": [{"side": "east", "coast": 1}, {"side": "west", "coast": 0}],
}
RANK_KEY = b"the rank key of the tests"

Row: TypeAlias = Mapping[str, Any]
Source: TypeAlias = Mapping[str, tuple[tuple[Row, tuple[Row, ...]], ...]]
"""A person and their visits, by the person's source key."""
Database: TypeAlias = dict[int, tuple[Row, tuple[Row, ...]]]


def published(database: Database) -> dict[str, list[dict[str, Any]]]:
    """What the store would hold of this source: ranks from the key, the unit's source key and the row's own content only."""
    people: list[dict[str, Any]] = []
    visits: list[dict[str, Any]] = []
    dense = {unit: index for index, unit in enumerate(sorted(database, key=lambda unit: _digest("unit", unit)))}
    for unit, (person, rows) in database.items():
        people.append({**person, "id": unit, "u": dense[unit], "r": 1})
        seen: dict[object, int] = {}
        ranked = sorted(rows, key=lambda row: _digest("visits", unit, sorted(row.items(), key=lambda item: item[0])))
        for rank, row in enumerate(ranked, start=1):
            seen[row["ward"]] = seen.get(row["ward"], 0) + 1
            visits.append({**row, "person_id": unit, "u": dense[unit], "r": rank, "o_ward": seen[row["ward"]]})
    return {"people": people, "visits": visits, **PUBLIC}


def _digest(*parts: object) -> bytes:
    return hmac.new(RANK_KEY, repr(parts).encode(), hashlib.sha256).digest()


@st.composite
def databases(draw: st.DrawFn) -> Database:
    """One to three people; everybody's visits carry keys of their own."""
    visit = st.fixed_dictionaries(
        {
            "ward": st.sampled_from((*WARDS, None)),
            "cost": st.sampled_from((0, 40, 40, 15, None)),
            "stay": st.sampled_from((-3, 4, 4, -3, 0, 1, 2)),
            "day": st.sampled_from((date(2023, 12, 30), date(2024, 1, 1), date(2024, 2, 2))),
            "note": st.sampled_from(("", "x", "xyz", "1.5", None)),
            "urgent": st.sampled_from((True, False, None)),
        }
    )
    person = st.fixed_dictionaries({"side": st.sampled_from(SIDES), "size": st.sampled_from((-2, 5, 0, 3))})
    database: Database = {}
    for unit in range(draw(st.integers(1, 3))):
        rows = draw(st.lists(visit, min_size=0, max_size=ROWS_MAX))
        database[100 + unit] = (draw(person), tuple({**row, "visit": 1000 * unit + i} for i, row in enumerate(rows)))
    return database


@dataclass
class Names:
    """Fresh names within one plan."""

    given: int = 0
    taken: list[str] = field(default_factory=list)

    def fresh(self, stem: str) -> str:
        self.given += 1
        return f"{stem}{self.given}"


def whole(units: int, scale: int = 0) -> Literal:
    return Literal(value=Fixed(units=units, scale=scale))


def _of(columns: Mapping[str, ColumnInfo], *kinds: type) -> list[str]:
    return [name for name, info in columns.items() if isinstance(info.domain, kinds)]


def number(draw: st.DrawFn, columns: Mapping[str, ColumnInfo], depth: int = 2) -> Expr:
    """An expression that is a number."""
    leaves: list[Expr] = [Column(name=name) for name in _of(columns, NumberDomain)] or [whole(1)]
    leaf = draw(st.sampled_from(leaves))
    made = draw(st.integers(0, 12)) if depth else 0
    texts, dates, booleans = _of(columns, TextDomain, ChoiceDomain), _of(columns, DateDomain), _of(columns, BooleanDomain)
    if made <= 3:
        return leaf
    if made == 4:
        return whole(draw(st.sampled_from((1, 2, -2, 5))), draw(st.sampled_from((0, 0, 1))))
    if made == 5 and texts:
        op = draw(st.sampled_from((Op.LENGTH, Op.TO_NUMBER)))
        text = Column(name=draw(st.sampled_from(texts)))
        length = Call(op=Op.LENGTH, args=(text,))
        return length if op is Op.LENGTH else Call(op=Op.LEAST, args=(whole(3), Call(op=op, args=(text, whole(1)))))
    if made == 6 and dates:
        return Call(op=draw(st.sampled_from((Op.MONTH, Op.DAY, Op.WEEKDAY, Op.YEAR))), args=(Column(name=draw(st.sampled_from(dates))),))
    if made == 7 and booleans:
        return Call(op=Op.TO_NUMBER, args=(Column(name=draw(st.sampled_from(booleans))), whole(0)))
    if made == 8:
        return Case(branches=((condition(draw, columns, 0), number(draw, columns, depth - 1)),), otherwise=number(draw, columns, depth - 1))
    one = number(draw, columns, depth - 1)
    if made == 9:
        return Call(op=draw(st.sampled_from((Op.NEG, Op.ABS, Op.SIGN, Op.FLOOR, Op.CEIL))), args=(one,))
    if made == 10:
        return Call(op=Op.ROUND, args=(one, whole(draw(st.integers(0, 1)))))
    other = number(draw, columns, depth - 1)
    ops = (Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.INT_DIV, Op.MOD, Op.LEAST, Op.GREATEST, Op.COALESCE)
    return Call(op=draw(st.sampled_from(ops)), args=(one, other))


def condition(draw: st.DrawFn, columns: Mapping[str, ColumnInfo], depth: int = 1) -> Expr:
    """An expression that is true, false or NULL."""
    made = draw(st.integers(0, 6))
    if made == 0:
        return Literal(value=True)
    if made == 1 and _of(columns, BooleanDomain):
        return Column(name=draw(st.sampled_from(_of(columns, BooleanDomain))))
    if made == 2 and _of(columns, ChoiceDomain):
        choice = Column(name=draw(st.sampled_from(_of(columns, ChoiceDomain))))
        return Call(op=Op.EQ, args=(choice, Literal(value=draw(st.sampled_from((*WARDS, *SIDES, "absent"))))))
    if made == 3 and depth:
        parts = (condition(draw, columns, depth - 1), condition(draw, columns, depth - 1))
        return Call(op=draw(st.sampled_from((Op.AND, Op.AND, Op.OR))), args=parts)
    if made == 4:
        return Call(op=Op.NOT, args=(Call(op=Op.IS_NULL, args=(Column(name=draw(st.sampled_from(list(columns)))),)),))
    names = _of(columns, NumberDomain)
    if made == 5 and names:
        op = draw(st.sampled_from((Op.LE, Op.LT, Op.GE, Op.GT, Op.EQ)))
        return Call(
            op=op,
            args=(Column(name=draw(st.sampled_from(names))), whole(draw(st.sampled_from((0, 1, 5, 3, -1))), draw(st.sampled_from((0, 1))))),
        )
    return Call(op=draw(st.sampled_from((Op.LE, Op.NE, Op.GT))), args=(number(draw, columns, depth), number(draw, columns, depth)))


def key(draw: st.DrawFn, columns: Mapping[str, ColumnInfo]) -> Expr:
    """An expression that may be a GROUP BY key."""
    names = _of(columns, ChoiceDomain, BooleanDomain, NumberDomain, TextDomain, DateDomain)
    made = draw(st.integers(0, 5))
    if made <= 2 and names:
        return Column(name=draw(st.sampled_from(names)))
    if made == 3 and _of(columns, DateDomain):
        return Call(op=Op.TRUNC_MONTH, args=(Column(name=draw(st.sampled_from(_of(columns, DateDomain)))),))
    return number(draw, columns, 1) if made == 4 else condition(draw, columns, 0)


def _scan(draw: st.DrawFn, names: Names) -> Scan:
    return Scan(table=draw(st.sampled_from(("visits", "visits", "people"))), alias=names.fresh("t"))


def _units(columns: Mapping[str, ColumnInfo]) -> list[str]:
    return [name for name, info in columns.items() if info.unit]


def _join(draw: st.DrawFn, names: Names, depth: int) -> Relation:
    left = relation(draw, names, depth - 1)
    columns = columns_of(left, SCHEMA)
    kind = draw(st.sampled_from(tuple(JoinKind)))
    publics = [(name, "wards") for name in _of(columns, ChoiceDomain)] + [(name, "sides") for name in _of(columns, ChoiceDomain)]
    on: tuple[tuple[str, str], ...]
    if publics and draw(st.booleans()):
        name, table = draw(st.sampled_from(publics))
        right: Relation = Scan(table=table, alias=names.fresh("p"))
        on = ((name, f"{right.alias}.{table[:-1]}"),)
        if kind is JoinKind.INNER and draw(st.booleans()):
            return Join(left=right, right=left, kind=kind, on=tuple((b, a) for a, b in on))
    else:
        right = relation(draw, names, depth - 1)
        others = columns_of(right, SCHEMA)
        on = tuple((one, other) for one in _units(columns)[:1] for other in _units(others)[:1])
        same = [
            (one, other)
            for one, a in columns.items()
            for other, b in others.items()
            if type(a.domain) is type(b.domain)
            and (a.origin and a.origin == b.origin or a.origin and {a.origin[1], b.origin and b.origin[1]} == {"id", "person_id"})
        ]
        if same and draw(st.booleans()):
            on = (*on, draw(st.sampled_from(same)))
        elif same and draw(st.booleans()):
            on = (draw(st.sampled_from(same)),)
        on = tuple(dict.fromkeys(on))
    joined = Join(left=left, right=right, kind=kind, on=on)
    if draw(st.integers(0, 3)) == 0:
        both = {**columns, **columns_of(right, SCHEMA)}
        return Join(left=left, right=right, kind=kind, on=on, residual=condition(draw, both, 0))
    return joined


def relation(draw: st.DrawFn, names: Names, depth: int) -> Relation:
    """A relation; whether the kernel takes it is for `check` to say."""
    made = draw(st.integers(0, 9)) if depth else 0
    if made <= 1:
        return _scan(draw, names)
    if made in (2, 3):
        return _join(draw, names, depth)
    below = relation(draw, names, depth - 1)
    columns = columns_of(below, SCHEMA)
    if made == 4:
        numbers = [name for name, info in columns.items() if info.alike == 1]
        if numbers and draw(st.booleans()):  # WHERE ROW_NUMBER() <= 1, as people write it
            few = Call(op=draw(st.sampled_from((Op.LE, Op.EQ, Op.GE))), args=(Column(name=numbers[0]), whole(draw(st.integers(1, 2)))))
            more = Call(op=Op.LE, args=(Column(name=numbers[0]), whole(draw(st.integers(2, 3)))))
            return Filter(source=below, predicate=Call(op=Op.AND, args=(few, more)))
        return Filter(source=below, predicate=condition(draw, columns))
    if made == 5:
        kept = draw(st.lists(st.sampled_from(list(columns)), min_size=1, max_size=4, unique=True))
        kept = list(dict.fromkeys((*_units(columns)[:1], *kept)))
        return Project(
            source=below,
            columns=(*((names.fresh("c"), Column(name=name)) for name in kept), (names.fresh("n"), number(draw, columns))),
        )
    if made == 6:
        functions = draw(st.lists(st.sampled_from(tuple(UnitFunction)), min_size=1, max_size=2))
        keys = tuple((names.fresh("k"), key(draw, columns)) for _ in range(draw(st.integers(0, 2))))
        if (identifiers := _of(columns, KeyDomain)) and draw(st.integers(0, 2)) == 0:
            keys = (*keys, (names.fresh("k"), Column(name=draw(st.sampled_from(identifiers)))))
        measures = tuple(UnitMeasure(name=names.fresh("m"), function=f, value=number(draw, columns, 1)) for f in functions)
        return PerUnit(source=below, keys=keys, measures=measures, unit_name=names.fresh("u") if draw(st.booleans()) else None)
    if made == 7:
        partition = (key(draw, columns),) if draw(st.booleans()) else ()
        order = ((number(draw, columns, 1), draw(st.booleans())),) if draw(st.booleans()) else ()
        function = draw(st.sampled_from(tuple(WindowFunction)))
        value = number(draw, columns, 1)
        return Window(
            source=below,
            measures=(WindowMeasure(name=names.fresh("w"), function=function, value=value, partition=partition, order=order),),
        )
    if made == 8 and (texts := _of(columns, TextDomain, ChoiceDomain)):
        most = draw(st.integers(1, 3))
        grams = Grams(size=draw(st.integers(1, 2)), buckets=draw(st.integers(max(2, most), 4)), most=most)
        return Buckets(source=below, text=draw(st.sampled_from(texts)), grams=grams, name=names.fresh("b"))
    other = below if draw(st.booleans()) else relation(draw, names, depth - 1)
    shown = (names.fresh("c"), names.fresh("n"), names.fresh("k"))
    return Union(parts=tuple(_part(draw, part, shown) for part in (below, other)))


def _part(draw: st.DrawFn, part: Relation, shown: tuple[str, str, str]) -> Relation:
    columns = columns_of(part, SCHEMA)
    unit, choices = _units(columns), _of(columns, ChoiceDomain, TextDomain)
    label: Expr = Column(name=draw(st.sampled_from(choices))) if choices else Literal(value="none")
    first: Expr = Column(name=unit[0]) if unit else whole(1)
    return Project(source=part, columns=((shown[0], first), (shown[1], number(draw, columns)), (shown[2], label)))


def _sum(draw: st.DrawFn, columns: Mapping[str, ColumnInfo]) -> Sum:
    made = draw(st.integers(0, 6))
    if made <= 1:
        return RowSum(value=whole(1))
    if made <= 3:
        centre = Fixed(units=draw(st.sampled_from((0, 0, 2, -15))), scale=draw(st.sampled_from((0, 1))))
        return RowSum(value=number(draw, columns), centre=centre)
    if made == 4:
        return UnitCount(condition=condition(draw, columns))
    if made == 5:
        return DistinctCount(value=key(draw, columns))
    return BinCount(value=number(draw, columns, 1), low=-1, width=2, bins=8, branch=2)


def _notes(draw: st.DrawFn) -> Relation:
    """Visits, numbered or the first of them, in the buckets of their notes; perhaps with what their buckets add up to, once each."""
    rows: Relation = Scan(table="visits", alias="v")
    number_of = WindowMeasure(name="n", function=WindowFunction.ROW_NUMBER, value=whole(1))
    rows = Window(source=rows, measures=(number_of,))
    if draw(st.booleans()):
        rows = Filter(source=rows, predicate=Call(op=Op.LE, args=(Column(name="n"), whole(draw(st.integers(1, 2))))))
    most = draw(st.integers(1, 3))
    rows = Buckets(source=rows, text="v.note", grams=Grams(size=1, buckets=draw(st.integers(max(2, most), 4)), most=most), name="b")
    if draw(st.booleans()):
        added = WindowMeasure(name="w", function=WindowFunction.SUM, value=Column(name="b"), partition=(Column(name="n"),))
        rows = Window(source=rows, measures=(added,))
    at = draw(st.sampled_from((None, None, Op.EQ, Op.GE)))
    return rows if at is None else Filter(source=rows, predicate=Call(op=at, args=(Column(name="b"), whole(draw(st.integers(0, 1))))))


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A plan of up to two keys and two sums over a relation up to three steps deep, or over notes in buckets as learners read them."""
    noted = draw(st.integers(0, 4)) == 0
    source = _notes(draw) if noted else relation(draw, Names(), draw(st.integers(0, 3)))
    columns = columns_of(source, SCHEMA)
    keys = tuple((f"key{i}", key(draw, columns)) for i in range(draw(st.sampled_from((0, 1, 1, 2)))))
    if noted and draw(st.booleans()):
        keys = (("bucket", Column(name="b")), *keys[1:])
    sums = tuple(_sum(draw, columns) for _ in range(draw(st.integers(1, 2))))
    return Plan(source=source, keys=keys, sums=sums, figures=())


@st.composite
def choices(draw: st.DrawFn, plan: Plan) -> Choice:
    """Any bounds that the kernel must be sound with."""
    scans = [scan for scan in scans_of(plan.source) if is_private(scan, SCHEMA)]
    columns = columns_of(plan.source, SCHEMA)
    keep = tuple((scan.alias, draw(st.integers(1, ROWS_MAX))) for scan in scans if draw(st.integers(0, 2)) == 0)
    within = tuple((s.alias, "ward", draw(st.integers(1, ROWS_MAX))) for s in scans if s.table == "visits" and draw(st.integers(0, 1)) == 0)
    clamps: list[tuple[int, int] | None] = []
    for total in plan.sums:
        if isinstance(total, RowSum) and draw(st.booleans()):
            _, low, high = interval(total, columns)
            clamps.append((-draw(st.integers(0, abs(low) + 2)), draw(st.integers(0, abs(high) + 2))))
        else:
            clamps.append(None)
    left = draw(st.sampled_from((None, None, 1, 2)))
    return Choice(keep=keep, within=within, clamps=tuple(clamps), left=left, witness_units=draw(st.booleans()))
