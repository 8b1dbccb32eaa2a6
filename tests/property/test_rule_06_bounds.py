"""PRIVACY 6: every value a generated expression takes lies in the interval that inference gives it, on its grid, or is a NULL it foretold."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, DateStep, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.engines.reference import ReferenceEngine
from amana.engines.reference_values import value_of
from amana.privacy.bound import Choice, bound
from amana.query.check import ONE, check
from amana.query.expr import Call, Column, Expr, Fixed, Literal, Op
from amana.query.infer import columns_of, rows_of, visible_domain
from amana.query.kinds import ColumnInfo, truncated
from amana.query.narrow import refined
from amana.query.plan import (
    Buckets,
    Filter,
    Join,
    JoinKind,
    PerUnit,
    Plan,
    Project,
    Relation,
    RowSum,
    Scan,
    UnitCount,
    UnitFunction,
    UnitMeasure,
    Window,
    WindowFunction,
    WindowMeasure,
)
from amana.query.tables import is_private
from amana.terms.grams import Grams
from amana.terms.refusal import Refusal
from tests.property.grow import SCHEMA, Database, Names, condition, databases, key, number, plans, published, relation


def assert_holds(domain: Any, value: Any) -> None:
    if value is None:
        assert domain.nullable, domain
        return
    match domain:
        case NumberDomain():
            units = Fraction(value) * 10**domain.scale
            assert units.denominator == 1 and domain.low <= units <= domain.high, (domain, value)
            assert (units.numerator - domain.low) % domain.step == 0, (domain, value)
        case DateDomain():
            assert truncated(domain.low, domain.step) <= value <= domain.high and truncated(value, domain.step) == value, (domain, value)
        case MomentDomain():
            assert domain.low <= value <= domain.high
        case ChoiceDomain():
            assert value in domain.members, (domain, value)
        case TextDomain():
            assert len(value) <= domain.length_max, (domain, value)
        case BooleanDomain():
            assert isinstance(value, bool)
        case KeyDomain():
            pass


@st.composite
def checked_relations(draw: st.DrawFn) -> Relation:
    source = relation(draw, Names(), draw(st.integers(0, 3)))
    try:
        check(Plan(source=source, keys=(), sums=(UnitCount(condition=Literal(value=True)),), figures=()), SCHEMA)
    except Refusal:
        assume(False)
    return source


@given(data=st.data())
def test_every_column_holds_only_what_is_foretold(data: st.DataObject) -> None:
    source = data.draw(checked_relations())
    columns = columns_of(source, SCHEMA)
    exprs = []
    for make in (number, key, condition):
        try:
            expr = make(data.draw, columns)
            exprs.append((expr, visible_domain(expr, columns)))
        except Refusal:
            continue
    for _ in range(5):
        assert_foretold(source, data.draw(databases()), exprs)


def assert_foretold(source: Relation, database: Database, exprs: list[tuple[Expr, Any]]) -> int:
    """Every claim about the rows of a relation, on one database; the most rows that a unit has."""
    columns, per_unit = columns_of(source, SCHEMA), dict[Any, list[Any]]()
    for row in ReferenceEngine(published(database), schema=SCHEMA)._rows(source):
        assert list(row.values) == list(columns) or set(row.values) == set(columns)
        per_unit.setdefault(row.unit, []).append(row)
        for name, info in columns.items():
            assert_holds(info.domain, row.values[name])
        for expr, domain in exprs:
            assert_holds(domain, value_of(expr, row.values))
    assert is_private(source, SCHEMA) and None not in per_unit
    for unit, held in per_unit.items():
        assert len(held) <= rows_of(source, SCHEMA), (unit, len(held))
        for name, info in columns.items():
            if info.single:
                assert len({row.values[name] for row in held}) == 1, (name, "is said to be one for a unit")
            if info.alike is not None:
                most = max(Counter(row.values[name] for row in held).values())
                assert most <= info.alike, (name, "is said to be alike in fewer rows of a unit")
    return max(map(len, per_unit.values()), default=0)


BUSY: Database = {
    100: (
        {"side": "east", "size": 5},
        tuple(
            {"visit": i, "ward": ward, "cost": 40, "stay": 4, "day": date(2024, 1, 1 + i), "note": "x", "urgent": True}
            for i, ward in enumerate(("a", "c", "a"))
        ),
    )
}
"""One person with the most visits that the schema allows, all in wards that a public table lists twice."""
VISITS = Scan(table="visits", alias="v")
IN_WARDS = Join(left=VISITS, right=Scan(table="wards", alias="w"), kind=JoinKind.INNER, on=(("v.ward", "w.ward"),))
WARD, FLOOR = Column(name="v.ward"), Column(name="w.floor")


def numbered(source: Relation, *partition: Expr) -> Window:
    return Window(source=source, measures=(WindowMeasure(name="n", function=WindowFunction.ROW_NUMBER, value=ONE, partition=partition),))


def first(source: Relation) -> Filter:
    return Filter(source=source, predicate=Call(op=Op.LE, args=(Column(name="n"), ONE)))


def grouped(source: Relation, *keys: Expr) -> PerUnit:
    count = UnitMeasure(name="m", function=UnitFunction.COUNT, value=ONE)
    return PerUnit(source=source, keys=tuple((f"k{i}", expr) for i, expr in enumerate(keys)), measures=(count,))


VISIT = Column(name="v.visit")
NOTES = Buckets(source=numbered(VISITS), text="v.note", grams=Grams(size=1, buckets=4, most=2), name="b")
TIGHT = {
    "first row of a unit": (first(numbered(VISITS)), 1),
    "first row in each ward": (first(numbered(VISITS, WARD)), 2),
    "first row, then joined with wards of two floors": (first(Project(source=Join(left=numbered(VISITS), right=Scan(table="wards", alias="w"), kind=JoinKind.INNER, on=(("v.ward", "w.ward"),)), columns=(("n", Column(name="n")), ("floor", FLOOR)))), 2),
    "groups by the key of visits": (grouped(VISITS, VISIT), 3),
    "groups by that key and a floor": (grouped(IN_WARDS, VISIT, FLOOR), 5),
    "rows in the buckets of their notes": (NOTES, 6),
    "rows in one bucket": (Filter(source=NOTES, predicate=Call(op=Op.EQ, args=(Column(name="b"), Literal(value=Fixed(units=0))))), 3),
    "first row, in its buckets": (first(NOTES), 2),
    "groups by a ward of the join": (grouped(IN_WARDS, WARD), 2),
}  # fmt: skip
"""Relations, and the rows that the busy person has in them."""


@pytest.mark.parametrize("name", TIGHT)
def test_rows_told_apart_or_grouped_by_a_key_are_bounded_by_what_occurs(name: str) -> None:
    source, rows = TIGHT[name]
    check(Plan(source=source, keys=(), sums=(UnitCount(condition=Literal(value=True)),), figures=()), SCHEMA)
    assert assert_foretold(source, BUSY, []) == rows


def test_these_bounds_are_as_tight_as_they_can_be() -> None:
    held = {name: rows_of(source, SCHEMA) for name, (source, _) in TIGHT.items()}
    assert held["first row of a unit"] == 1 and held["groups by the key of visits"] == 3
    assert [held[name] for name in TIGHT if "bucket" in name] == [6, 3, 2]


def test_a_key_that_few_rows_show_alike_bounds_a_sum_by_it() -> None:
    plans_of = [Plan(source=NOTES, keys=keys, sums=(RowSum(value=ONE),), figures=()) for keys in ((), (("b", Column(name="b")),))]
    alone, by_bucket = (bound(check(plan, SCHEMA), SCHEMA, choice=Choice(), groups_max=100).sums[0] for plan in plans_of)
    assert (alone.l1, alone.l2_squared) == (6, 36)
    assert (by_bucket.l1, by_bucket.l2_squared, by_bucket.cells) == (6, 18, 4)


def test_an_occurrence_bound_gives_nothing_under_a_window_that_counts_other_rows_too() -> None:
    # Of visits to b, a, a the last two are numbered 2 and 3: two of ward a have a number that two rows alone could not have.
    wanted = Call(
        op=Op.AND,
        args=(Call(op=Op.GE, args=(Column(name="n"), Literal(value=Fixed(units=2)))), Call(op=Op.EQ, args=(WARD, Literal(value="a")))),
    )
    plan = Plan(source=Filter(source=numbered(VISITS), predicate=wanted), keys=(), sums=(RowSum(value=ONE),), figures=())
    grouped_plan = replace(plan, source=Filter(source=numbered(VISITS), predicate=wanted.args[0]), keys=(("ward", WARD),))
    for one in (plan, grouped_plan):
        chosen, free = (
            bound(check(one, SCHEMA), SCHEMA, choice=choice, groups_max=100) for choice in (Choice(within=(("v", "ward", 2),)), Choice())
        )
        assert (chosen.sums[0].l1, chosen.sums[0].l2_squared) == (free.sums[0].l1, free.sums[0].l2_squared)


@given(data=st.data())
def test_any_plan_is_checked_or_refused_and_nothing_else(data: st.DataObject) -> None:
    try:
        plan = data.draw(plans())
        assert check(plan, SCHEMA) is plan
    except Refusal as refusal:
        assert 100 <= refusal.number < 300


COMPARISONS = (Op.LT, Op.LE, Op.GT, Op.GE, Op.EQ, Op.NE)


@given(
    scale=st.integers(0, 2),
    low=st.integers(-12, 6),
    steps=st.integers(0, 6),
    step=st.integers(1, 4),
    units=st.integers(-130, 130),
    literal_scale=st.integers(0, 2),
)
def test_a_filter_keeps_in_the_domain_every_number_that_passes_it(
    scale: int, low: int, steps: int, step: int, units: int, literal_scale: int
) -> None:
    domain = NumberDomain(scale=scale, low=low, high=low + steps * step, step=step)
    columns = {"x": ColumnInfo(domain=domain, private=True)}
    literal = Literal(value=Fixed(units=units, scale=literal_scale))
    for op in COMPARISONS:
        for args in ((Column(name="x"), literal), (literal, Column(name="x"))):
            predicate = Call(op=op, args=args)
            narrowed = refined(columns, predicate)["x"].domain
            for value in range(domain.low, domain.high + 1, step):
                if value_of(predicate, {"x": Fraction(value, 10**scale)}) is True:
                    assert_holds(narrowed, Fraction(value, 10**scale))


@given(
    low=st.dates(date(2023, 1, 1), date(2024, 12, 31)),
    days=st.integers(0, 60),
    at=st.integers(-5, 65),
    step=st.sampled_from(DateStep),
    noon=st.booleans(),
)
def test_a_filter_keeps_in_the_domain_every_day_that_passes_it(low: date, days: int, at: int, step: DateStep, noon: bool) -> None:
    domain = DateDomain(low=low, high=low + timedelta(days=days), step=step)
    day = low + timedelta(days=at)
    literal = Literal(value=datetime.combine(day, time(12)) if noon else day)
    columns = {"x": ColumnInfo(domain=domain, private=True)}
    for op in COMPARISONS:
        predicate = Call(op=op, args=(Column(name="x"), literal))
        narrowed = refined(columns, predicate)["x"].domain
        for value in {truncated(low + timedelta(days=i), step) for i in range(days + 1)}:
            if value_of(predicate, {"x": value}) is True:
                assert_holds(narrowed, value)
