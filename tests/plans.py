"""Generated questions over the clinic of `databases.py`: every operation, join, window and sum of the algebra.

`plans()` gives checked plans; `bounded()` puts random truncations and clamps on one, as the kernel would choose them.
"""

from dataclasses import replace
from datetime import date, datetime

from hypothesis import assume
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.query.check import check
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.infer import columns_of, visible_domain
from amana.query.kinds import Columns
from amana.query.plan import (
    BinCount,
    BoundedPlan,
    BoundedSum,
    Buckets,
    DistinctCount,
    Filter,
    Join,
    JoinKind,
    PerUnit,
    Plan,
    Project,
    PublicKeys,
    Relation,
    Released,
    RowSum,
    Scan,
    Statistic,
    Sum,
    Union,
    UnitCount,
    UnitFunction,
    UnitMeasure,
    Window,
    WindowFunction,
    WindowMeasure,
)
from amana.terms.grams import BUCKETS_MAX, SIZE_MAX, Grams
from amana.terms.refusal import Refusal
from tests.databases import SCHEMA

KINDS = ("number", "text", "boolean", "date", "moment")
TEXTS = ("", "a", "b b", "East", "east", "Östra", "zzz", "2024-02-29", "-1.25", "7", " a ", "it's", "\0", "é", "E\u0301t", "أَب٣ة")
PATTERNS = ("%", "a%", "%a", "_", "__", "E_st", "%s%", "100%", "\\%", "%é%", "")


def kind_of(domain: object) -> str:
    """The kind of expression that a column of that domain is."""
    match domain:
        case NumberDomain():
            return "number"
        case ChoiceDomain() | TextDomain():
            return "text"
        case BooleanDomain():
            return "boolean"
        case DateDomain():
            return "date"
        case MomentDomain():
            return "moment"
        case _:
            return "key"


# --- expressions ---


def literals(kind: str) -> st.SearchStrategy[Expr]:
    """Literals of a kind, sometimes NULL."""
    made: dict[str, st.SearchStrategy[object]] = {
        "number": st.builds(
            lambda units, scale: Fixed(units=units, scale=scale),
            st.integers(-200, 200) | st.sampled_from((0, 1, -1, 10_000, -12_345_678_901)),
            st.integers(0, 4),
        ),
        "text": st.sampled_from(TEXTS),
        "boolean": st.booleans(),
        "date": st.dates(date(1960, 1, 1), date(2022, 1, 1)),
        "moment": st.sampled_from(("1970-01-01T00:00:00", "1969-12-31T23:59:59", "1970-01-02T03:04:05")).map(datetime.fromisoformat),
    }
    return st.builds(lambda value: Literal(value=value), made[kind])


def _whole(low: int, high: int) -> st.SearchStrategy[Expr]:
    return st.integers(low, high).map(lambda units: Literal(value=Fixed(units=units)))


@st.composite
def expressions(draw: st.DrawFn, columns: Columns, kind: str, *, depth: int = 3) -> Expr:
    """An expression of a kind over these columns."""
    names = [name for name, info in columns.items() if kind_of(info.domain) == kind]
    leaves = [st.sampled_from(names).map(lambda name: Column(name=name))] * 3 if names else []
    if depth == 0 or draw(st.integers(0, 3)) == 0:
        return draw(st.one_of(*leaves, literals(kind)))
    if draw(st.integers(0, 25)) == 0:
        return Literal(value=None)
    op = draw(st.sampled_from(_MADE[kind]))
    return draw(_built(columns, kind, op, depth=depth - 1))


_MADE: dict[str, tuple[Op | str, ...]] = {
    "number": (
        Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.INT_DIV, Op.MOD, Op.NEG, Op.ABS, Op.SIGN, Op.FLOOR, Op.CEIL, Op.ROUND, Op.LENGTH,
        Op.YEAR, Op.QUARTER, Op.MONTH, Op.DAY, Op.WEEKDAY, Op.HOUR, Op.DAYS_BETWEEN, Op.TO_NUMBER, "case", "common", "lookup",
    ),
    "text": (Op.LOWER, Op.UPPER, Op.TRIM, Op.SUBSTRING, Op.CONCAT, Op.TO_TEXT, "case", "common"),
    "boolean": (Op.NOT, Op.AND, Op.OR, Op.IS_NULL, Op.LIKE, "compare", "compare", "compare", "among", "case", "common"),
    "date": (
        Op.TRUNC_YEAR, Op.TRUNC_QUARTER, Op.TRUNC_MONTH, Op.TRUNC_WEEK, Op.TRUNC_DAY, Op.ADD_DAYS, Op.TO_DATE, "case", "common",
    ),
    "moment": ("case", "common"),
}  # fmt: skip


@st.composite
def _built(draw: st.DrawFn, columns: Columns, kind: str, op: Op | str, *, depth: int) -> Expr:
    def one(wanted: str) -> Expr:
        return draw(expressions(columns, wanted, depth=depth))

    def call(what: Op, *args: Expr) -> Expr:
        return Call(op=what, args=args)

    temporal = draw(st.sampled_from(("date", "moment")))
    match op:
        case "case":
            branches = tuple((one("boolean"), one(kind)) for _ in range(draw(st.integers(1, 2))))
            return Case(branches=branches, otherwise=one(kind))
        case "common":
            choices = (Op.COALESCE, Op.LEAST, Op.GREATEST)
            return call(draw(st.sampled_from(choices)), *(one(kind) for _ in range(draw(st.integers(1, 3)))))
        case "lookup":
            values = tuple(draw(st.lists(st.integers(-(2**40), 2**40), min_size=1, max_size=5)))
            whole = call(Op.TO_NUMBER, one("number"), Literal(value=Fixed(units=0)))
            index = call(Op.LEAST, call(Op.GREATEST, whole, Literal(value=Fixed(units=0))), Literal(value=Fixed(units=len(values) - 1)))
            kept = call(Op.ADD, index, call(Op.MUL, whole, Literal(value=Fixed(units=0))))  # NULL where the number is
            return Lookup(index=draw(st.sampled_from((index, kept))), values=values, scale=draw(st.integers(0, 3)))
        case "compare":
            compared = draw(st.sampled_from(KINDS))
            other = draw(st.sampled_from(("date", "moment"))) if compared in ("date", "moment") else compared
            return call(draw(st.sampled_from((Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE))), one(compared), one(other))
        case "among":
            wanted = draw(st.sampled_from(KINDS))
            listed = tuple(draw(literals(wanted)) for _ in range(draw(st.integers(1, 3))))
            return Among(value=one(wanted), members=tuple(member for member in listed if isinstance(member, Literal)))
        case Op.ADD | Op.SUB | Op.MUL | Op.DIV | Op.INT_DIV | Op.MOD:
            return call(op, one("number"), one("number"))
        case Op.ROUND:
            return call(op, one("number"), draw(_whole(0, 5)))
        case Op.NEG | Op.ABS | Op.SIGN | Op.FLOOR | Op.CEIL:
            return call(op, one("number"))
        case Op.LOWER | Op.UPPER | Op.TRIM | Op.LENGTH:
            return call(op, one("text"))
        case Op.SUBSTRING:
            return call(op, one("text"), draw(_whole(1, 5)), draw(_whole(0, 4)))
        case Op.CONCAT:
            return call(op, one("text"), one("text"))
        case Op.LIKE:
            return call(op, one("text"), Literal(value=draw(st.sampled_from(PATTERNS))))
        case Op.NOT:
            return call(op, one("boolean"))
        case Op.AND | Op.OR:
            return call(op, *(one("boolean") for _ in range(draw(st.integers(2, 3)))))
        case Op.IS_NULL:
            return call(op, one(draw(st.sampled_from(KINDS))))
        case Op.HOUR:
            return call(op, one("moment"))
        case Op.DAYS_BETWEEN:
            return call(op, one(temporal), one(draw(st.sampled_from(("date", "moment")))))
        case Op.ADD_DAYS:
            return call(op, one(temporal), draw(_whole(-400, 400)))
        case Op.TO_NUMBER:
            return call(op, one(draw(st.sampled_from(("number", "text", "boolean")))), draw(_whole(0, 4)))
        case Op.TO_TEXT:
            return call(op, one(draw(st.sampled_from(("text", "boolean", "date", "number")))))
        case Op.TO_DATE:
            return call(op, one(draw(st.sampled_from(("text", "date", "moment")))))
        case Op():
            return call(op, one(temporal))
        case _:
            raise AssertionError(op)


@st.composite
def sound(draw: st.DrawFn, columns: Columns, kind: str, *, depth: int = 2) -> Expr:
    """An expression that inference accepts; a plain one where the drawn one is refused."""
    for _ in range(3):
        expr = draw(expressions(columns, kind, depth=depth))
        try:
            if kind_of(visible_domain(expr, columns)) == kind:
                return expr
        except Refusal:
            continue
    return draw(literals(kind))


@st.composite
def predicates(draw: st.DrawFn, columns: Columns) -> Expr:
    """A condition; often one that many rows pass."""
    drawn = draw(sound(columns, "boolean"))
    unknown = Call(op=Op.IS_NULL, args=(drawn,))
    shapes = (drawn, Call(op=Op.NOT, args=(drawn,)), Call(op=Op.NOT, args=(unknown,)), Call(op=Op.OR, args=(drawn, unknown)))
    return draw(st.sampled_from(shapes))


# --- relations ---


@st.composite
def _bases(draw: st.DrawFn) -> Relation:
    patients, visits, tests = Scan(table="patients", alias="p"), Scan(table="visits", alias="v"), Scan(table="tests", alias="t")
    again, regions, codes = Scan(table="visits", alias="w"), Scan(table="regions", alias="g"), Scan(table="codes", alias="c")
    kind = draw(st.sampled_from(tuple(JoinKind)))
    by_patient, by_visit = (("v.patient_id", "p.patient_id"),), (("t.visit_id", "v.visit_id"),)
    shapes: tuple[Relation, ...] = (
        patients,
        visits,
        tests,
        Join(left=visits, right=patients, kind=kind, on=by_patient),
        Join(left=patients, right=visits, kind=kind, on=(("p.patient", "v.patient"),)),
        Join(left=tests, right=visits, kind=kind, on=by_visit),
        Join(left=visits, right=again, kind=kind, on=(("v.patient", "w.patient"),)),
        Join(left=visits, right=again, kind=kind, on=(("v.patient", "w.patient_id"), ("v.region", "w.region"))),
        Join(left=visits, right=regions, kind=kind, on=(("v.region", "g.region"),)),
        Join(left=tests, right=codes, kind=kind, on=(("t.code", "c.code"),)),
        Join(left=regions, right=visits, kind=JoinKind.INNER, on=(("g.region", "v.region"),)),
        Join(
            left=Join(left=tests, right=visits, kind=JoinKind.INNER, on=by_visit),
            right=patients, kind=kind, on=by_patient,
        ),
        Join(
            left=Join(left=tests, right=codes, kind=JoinKind.LEFT, on=(("t.code", "c.code"),)),
            right=visits, kind=kind, on=by_visit,
        ),
    )  # fmt: skip
    base = draw(st.sampled_from(shapes))
    if isinstance(base, Join) and draw(st.integers(0, 2)) == 0:
        both = {**columns_of(base.left, SCHEMA), **columns_of(base.right, SCHEMA)}
        return replace(base, residual=draw(predicates(both)))
    return base


@st.composite
def relations(draw: st.DrawFn, *, layers_max: int = 3) -> Relation:
    """A private relation: a scan or join with filters, projections, windows, unions and inner aggregates above it."""
    relation = draw(_bases())
    for layer in range(draw(st.integers(0, layers_max))):
        made = draw(_layer(relation, layer))
        try:
            columns_of(made, SCHEMA)
        except Refusal:
            continue
        relation = made
    return relation


@st.composite
def _layer(draw: st.DrawFn, source: Relation, layer: int) -> Relation:
    columns = columns_of(source, SCHEMA)
    shape = draw(st.sampled_from(("filter", "filter", "project", "window", "per unit", "union", "buckets")))
    if shape == "filter":
        return Filter(source=source, predicate=draw(predicates(columns)))
    if shape == "project":
        kept = [(name, Column(name=name)) for name in columns if draw(st.integers(0, 3))]
        made = [(f"e{layer}{index}", draw(sound(columns, draw(st.sampled_from(KINDS))))) for index in range(draw(st.integers(1, 2)))]
        return Project(source=source, columns=tuple(draw(st.permutations([*kept, *made]))))
    if shape == "window":
        return Window(source=source, measures=tuple(draw(_window(columns, f"w{layer}{index}")) for index in range(draw(st.integers(1, 2)))))
    texts = [name for name, info in columns.items() if kind_of(info.domain) == "text"]
    if shape == "buckets" and texts:
        most = draw(st.integers(1, 5))
        grams = Grams(size=draw(st.integers(1, SIZE_MAX)), buckets=draw(st.integers(max(2, most), 9) | st.just(BUCKETS_MAX)), most=most)
        return Buckets(source=source, text=draw(st.sampled_from(texts)), grams=grams, name=f"b{layer}")
    if shape == "per unit":
        unit_name = f"unit{layer}" if draw(st.booleans()) else None
        keys = tuple((f"k{layer}{i}", draw(sound(columns, draw(st.sampled_from(KINDS))))) for i in range(draw(st.integers(0, 2))))
        measures = tuple(draw(_measure(columns, f"m{layer}{i}")) for i in range(draw(st.integers(1, 3))))
        return PerUnit(source=source, keys=keys, measures=measures, unit_name=unit_name)
    parts = [Filter(source=source, predicate=draw(predicates(columns))) for _ in range(draw(st.integers(1, 2)))]
    if not draw(st.booleans()):
        return Union(parts=(source, *parts))
    # parts whose columns hold other values under the same names: other members, scales, kinds of text
    return Union(
        parts=tuple(
            Project(source=part, columns=(("x", draw(sound(columns, "text"))), ("y", draw(sound(columns, "number")))))
            for part in (source, *parts)
        )
    )


@st.composite
def _window(draw: st.DrawFn, columns: Columns, name: str) -> WindowMeasure:
    function = draw(st.sampled_from(tuple(WindowFunction)))
    kind = "number" if function is WindowFunction.SUM else draw(st.sampled_from(KINDS))
    kinds = st.sampled_from(KINDS)
    partition = tuple(draw(sound(columns, draw(kinds), depth=1)) for _ in range(draw(st.integers(0, 1))))
    order = tuple((draw(sound(columns, draw(kinds), depth=1)), draw(st.booleans())) for _ in range(draw(st.integers(0, 2))))
    value = draw(sound(columns, kind, depth=1))
    return WindowMeasure(name=name, function=function, value=value, partition=partition, order=order, offset=draw(st.integers(1, 2)))


@st.composite
def _measure(draw: st.DrawFn, columns: Columns, name: str) -> UnitMeasure:
    function = draw(st.sampled_from(tuple(UnitFunction)))
    kind = "number" if function in (UnitFunction.SUM, UnitFunction.MEAN) else draw(st.sampled_from(KINDS))
    return UnitMeasure(name=name, function=function, value=draw(sound(columns, kind, depth=1)))


# --- plans ---


@st.composite
def plans(draw: st.DrawFn, *, layers_max: int = 3, sums_max: int = 3) -> Plan:
    """A plan that `query/check.py` passes."""
    source = draw(relations(layers_max=layers_max))
    columns = columns_of(source, SCHEMA)
    keys = tuple((f"key{index}", draw(sound(columns, draw(st.sampled_from(KINDS))))) for index in range(draw(st.integers(0, 2))))
    sums = tuple(draw(_sums(columns)) for _ in range(draw(st.integers(1, sums_max))))
    figures = tuple(
        (f"f{index}", Statistic(kind=Released.QUANTILE if isinstance(total, BinCount) else Released.TOTAL, sums=(index,), parameter=0.5))
        for index, total in enumerate(sums)
    )
    try:
        return check(Plan(source=source, keys=keys, sums=sums, figures=figures), SCHEMA)
    except Refusal:
        assume(False)
        raise


@st.composite
def _sums(draw: st.DrawFn, columns: Columns) -> Sum:
    match draw(st.sampled_from(("rows", "sum", "sum", "units", "distinct", "bins"))):
        case "rows":
            return RowSum(value=Literal(value=Fixed(units=1)))
        case "sum":
            centre = Fixed(units=draw(st.sampled_from((0, 0, 5, -1234))), scale=draw(st.integers(0, 3)))
            return RowSum(value=draw(sound(columns, "number")), centre=centre)
        case "units":
            return UnitCount(condition=Literal(value=True) if draw(st.booleans()) else draw(sound(columns, "boolean")))
        case "distinct":
            keys = [name for name, info in columns.items() if isinstance(info.domain, KeyDomain)]
            if keys and draw(st.booleans()):
                return DistinctCount(value=Column(name=draw(st.sampled_from(keys))))
            return DistinctCount(value=draw(sound(columns, draw(st.sampled_from(KINDS)))))
        case _:
            value = draw(sound(columns, draw(st.sampled_from(("number", "date", "moment")))))
            low, width = draw(st.integers(-2_000, 20_000)), draw(st.integers(1, 500))
            return BinCount(value=value, low=low, width=width, bins=draw(st.sampled_from((1, 4, 64))), branch=4)


@st.composite
def bounded(draw: st.DrawFn, plan: Plan) -> BoundedPlan:
    """The plan with truncated scans, and some sums clamped per unit. Its keys stand for any: an engine does not read them."""
    source = draw(_truncated(plan.source))
    columns = columns_of(plan.source, SCHEMA)
    sums = tuple(draw(_bounded_sum(total, columns)) for total in plan.sums)
    return BoundedPlan(plan=replace(plan, source=source), sums=sums, keys=PublicKeys(combinations=()), keys_per_unit=1)


@st.composite
def _bounded_sum(draw: st.DrawFn, total: Sum, columns: Columns) -> BoundedSum:
    if not isinstance(total, RowSum):
        return BoundedSum(sum=total, scale=0, low=0, high=1, per_unit=False, l1=1, l2_squared=1)
    domain = visible_domain(total.value, columns)
    scale = max(domain.scale if isinstance(domain, NumberDomain) else 0, total.centre.scale)
    low, high = draw(st.sampled_from(((0, 1), (-5, 0), (-100, 2_000), (-(10**30), 10**30))))
    return BoundedSum(sum=total, scale=scale, low=low, high=high, per_unit=draw(st.booleans()), l1=1, l2_squared=1)


@st.composite
def _truncated(draw: st.DrawFn, relation: Relation) -> Relation:
    def again(below: Relation) -> Relation:
        return draw(_truncated(below))

    match relation:
        case Scan(table="patients" | "visits" | "tests"):
            keep = draw(st.sampled_from((None, None, 1, 2, 3)))
            within = draw(st.sampled_from((None, ("region", 1)))) if relation.table == "visits" else None
            return replace(relation, keep=keep, keep_within=within)
        case Scan():
            return relation
        case Join():
            return replace(relation, left=again(relation.left), right=again(relation.right))
        case Union():
            return replace(relation, parts=tuple(again(part) for part in relation.parts))
        case _:
            return replace(relation, source=again(relation.source))
