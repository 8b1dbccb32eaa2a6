"""PRIVACY 6: every value a generated expression takes lies in the interval that inference gives it, on its grid, or is a NULL it foretold."""

from fractions import Fraction
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.engines.reference import ReferenceEngine
from amana.engines.reference_values import value_of
from amana.query.check import check
from amana.query.expr import Literal
from amana.query.infer import columns_of, is_private, rows_of, visible_domain
from amana.query.kinds import truncated
from amana.query.plan import Plan, Relation, UnitCount
from amana.terms.refusal import Refusal
from tests.property.grow import SCHEMA, Names, condition, databases, key, number, plans, published, relation


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
        rows = ReferenceEngine(published(data.draw(databases())), schema=SCHEMA)._rows(source)
        per_unit: dict[Any, list[Any]] = {}
        for row in rows:
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


@given(data=st.data())
def test_any_plan_is_checked_or_refused_and_nothing_else(data: st.DataObject) -> None:
    try:
        plan = data.draw(plans())
        assert check(plan, SCHEMA) is plan
    except Refusal as refusal:
        assert 100 <= refusal.number < 300
