"""Reading a precision: relative to the predicted figure, or absolute; anything else is refused."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.terms.precision import Precision, read_precision
from amana.terms.refusal import Refusal


@pytest.mark.parametrize(
    ("text", "amount", "relative"),
    [
        ("5%", Fraction(1, 20), True), (" 0.5 % ", Fraction(1, 200), True), ("٥%", Fraction(1, 20), True), ("5٪", Fraction(1, 20), True),
        ("±15", Fraction(15), False), ("+-15", Fraction(15), False), ("+/- .25", Fraction(1, 4), False), ("15", Fraction(15), False),
    ],
)  # fmt: skip
def test_a_precision_is_read(text: str, amount: Fraction, relative: bool) -> None:
    assert read_precision(text) == Precision(amount=amount, relative=relative)


@pytest.mark.parametrize("text", ["", "%", "0%", "0", "-5%", "5%%", "1e3", "nan", "inf", "5 percent", "1" * 16, "0.0000000001", "ε=1"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match="precision_malformed"):
        read_precision(text)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        assert read_precision(text).amount > 0
    except Refusal as refusal:
        assert refusal.code == "budget.precision_malformed"
