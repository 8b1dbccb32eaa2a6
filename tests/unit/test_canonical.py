"""One byte string for one value: different values differ, equal values agree, and only values of the house have one."""

from datetime import date, datetime
from fractions import Fraction

import pytest

from amana.query.expr import Column, Fixed, Literal, Op
from amana.query.plan import JoinKind
from amana.terms.canonical import canonical_bytes, keyed_digest
from tests.parts import COUNT_VISITS

VALUES: list[object] = [
    None, True, False, 0, 1, "", "1", "true", 1.0, 0.1, Fraction(1), Fraction(1, 3), date(2024, 1, 1), datetime(2024, 1, 1), "2024-01-01",
    (), (1,), ((1,),), (1, 1), ("a", "b"), ("ab",), Op.NOT, JoinKind.INNER, Literal(value=None), Literal(value=True), Literal(value="x"),
    Literal(value=Fixed(units=1)), Literal(value=Fixed(units=1, scale=1)), Column(name="x"), COUNT_VISITS,
]  # fmt: skip


def test_different_values_have_different_bytes() -> None:
    assert len({canonical_bytes(value) for value in VALUES}) == len(VALUES)


def test_digests_hang_on_the_key_and_on_the_value() -> None:
    assert keyed_digest(COUNT_VISITS, key=b"a") == keyed_digest(COUNT_VISITS, key=b"a") != keyed_digest(COUNT_VISITS, key=b"b")
    assert len({keyed_digest(value, key=b"a") for value in VALUES}) == len(VALUES)


@pytest.mark.parametrize("value", [[1], {"a": 1}, {1}, b"x", object(), int])
def test_what_is_no_frozen_value_has_no_bytes(value: object) -> None:
    with pytest.raises(TypeError):
        canonical_bytes(value)
