"""PRIVACY 8: the time of a run is reckoned from as many rows as there can be, those that a join makes among them."""

from hypothesis import assume, given
from hypothesis import strategies as st

from amana.engines.reference import ReferenceEngine
from amana.privacy.bound import Choice, bound
from amana.privacy.schedule import Schedule, seconds_of_course
from amana.query.check import ONE, check
from amana.query.expr import Call, Column, Fixed, Literal, Op
from amana.query.plan import Buckets, Filter, Join, JoinKind, Plan, RowSum, Scan
from amana.query.tables import nodes_of
from amana.query.work import made_by, steps_of
from amana.terms.course import Course, RoundCap
from amana.terms.grams import Grams
from amana.terms.ids import NanoRho
from amana.terms.refusal import Refusal
from tests.property.grow import SCHEMA, databases, plans, published


@given(data=st.data())
def test_a_relation_has_no_more_rows_than_its_time_is_reckoned_from(data: st.DataObject) -> None:
    try:
        source = check(data.draw(plans()), SCHEMA).source
    except Refusal:
        assume(False)
    for _ in range(3):
        tables = published(data.draw(databases()))
        sizes = {name: len(rows) for name, rows in tables.items()}
        for part in nodes_of(source):
            held = ReferenceEngine(tables, schema=SCHEMA)._rows(part)
            assert len(held) <= made_by(part, SCHEMA, sizes)


def test_a_text_takes_its_time_once_for_each_row_that_a_join_makes_of_it() -> None:
    grams, notes = Grams(size=2, buckets=1024, most=64), Scan(table="visits", alias="v")
    wards = Join(left=notes, right=Scan(table="wards", alias="w"), kind=JoinKind.INNER, on=(("v.ward", "w.ward"),))
    alone, joined = (
        steps_of(Buckets(source=source, text="v.note", grams=grams, name="b"), SCHEMA, {"visits": 1000, "wards": 5}, depth=1)
        for source in (notes, wards)
    )
    assert joined > 1.9 * alone, "a ward is there twice at most"


def test_a_course_takes_its_time_once_for_each_relation_of_a_round() -> None:
    schedule = Schedule(rows=(("visits", 10**6),), rows_per_s=1e6, base_s=0.0, tick_s=0.1, most_s=1e6)
    course = Course(name="c", rounds=(RoundCap(nano_rho=NanoRho(1), cells_max=1, nodes_max=1),))
    notes = Buckets(source=Scan(table="visits", alias="v"), text="v.note", grams=Grams(size=2, buckets=1024, most=64), name="b")
    once = Filter(source=notes, predicate=Call(op=Op.EQ, args=(Column(name="b"), Literal(value=Fixed(units=0)))))
    first = [
        bound(check(Plan(source=source, keys=(), sums=(RowSum(value=ONE),), figures=()), SCHEMA), SCHEMA, choice=Choice(), groups_max=10)
        for source in (notes, once)
    ]
    one, same, both = (seconds_of_course(course, plans_, SCHEMA, schedule) for plans_ in (first[:1], first[:1] * 2, first))
    assert one == same and both > 1.9 * one
