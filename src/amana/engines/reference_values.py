"""The meaning of every row expression, in plain Python: the definition that other engines are tested against.

A number is a `Fraction`, so that scales play no part in its meaning; a date is a `date`, a moment a `datetime` without a
zone, a choice or a text a `str`, the privacy unit a `Unit`; what cannot be computed is None.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from fractions import Fraction
from math import ceil, floor, trunc
from typing import TypeAlias, assert_never, final

from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup, Op, Scalar

PARSED_UNITS_MAX = 10**15
DIV_STEPS = 10**6


@final
@dataclass(frozen=True, slots=True)
class Unit:
    """A privacy unit by its dense number. `source`: its source key, where the column that was read holds it: that is what
    it shares with other identifiers."""

    number: int
    source: int | str | None = field(default=None, compare=False)


Value: TypeAlias = bool | Fraction | str | int | date | datetime | Unit | None
"""An int is an identifier and nothing else."""


def value_of(expr: Expr, row: Mapping[str, Value]) -> Value:
    """The value of an expression on one row."""
    match expr:
        case Column():
            return row[expr.name]
        case Literal():
            return _literal(expr.value)
        case Among():
            value = value_of(expr.value, row)
            return None if value is None else any(compare(value, _literal(member.value)) == 0 for member in expr.members)
        case Case():
            for condition, result in expr.branches:
                if value_of(condition, row) is True:
                    return value_of(result, row)
            return value_of(expr.otherwise, row)
        case Lookup():
            index = value_of(expr.index, row)
            assert index is None or isinstance(index, Fraction)
            return None if index is None else Fraction(expr.values[int(index)], 10**expr.scale)
        case Call():
            return _call(expr.op, [value_of(arg, row) for arg in expr.args])
        case _:
            assert_never(expr)


def _literal(value: Scalar) -> Value:
    return Fraction(value.units, 10**value.scale) if isinstance(value, Fixed) else value


def _call(op: Op, args: Sequence[Value]) -> Value:
    match op:
        case Op.AND:
            return False if any(arg is False for arg in args) else None if None in args else True
        case Op.OR:
            return True if any(arg is True for arg in args) else None if None in args else False
        case Op.IS_NULL:
            return args[0] is None
        case Op.COALESCE:
            return next((arg for arg in args if arg is not None), None)
        case Op.LEAST | Op.GREATEST:
            present = [arg for arg in args if arg is not None]
            if not present:
                return None
            sign = 1 if op is Op.LEAST else -1
            best = present[0]
            for other in present[1:]:
                if sign * compare(other, best) < 0:
                    best = other
            return best
        case _:
            return None if any(arg is None for arg in args) else _strict(op, args)


def _strict(op: Op, args: Sequence[Value]) -> Value:
    """Operations of which any NULL argument gives NULL: here there is none."""
    if op is Op.NOT:
        return args[0] is False
    if op in _COMPARED:
        order = compare(args[0], args[1])
        return order in _COMPARED[op]
    if op in (Op.TO_NUMBER, Op.TO_TEXT, Op.TO_DATE):
        return _cast(op, args)
    first = args[0]
    if isinstance(first, Fraction):
        return _number(op, [arg for arg in args if isinstance(arg, Fraction)])
    if isinstance(first, str):
        return _text(op, first, args[1:])
    assert isinstance(first, date), op
    return _temporal(op, first, args[1:])


_COMPARED = {Op.EQ: (0,), Op.NE: (-1, 1), Op.LT: (-1,), Op.LE: (-1, 0), Op.GT: (1,), Op.GE: (0, 1)}


def compare(one: Value, other: Value) -> int:
    """-1, 0 or 1. A date stands for its midnight; text goes by code point. A unit and
    another identifier are only told equal from unequal.

    Shapes: neither is None.
    """
    match one, other:
        case (bool() as a, bool() as b):
            return (a > b) - (a < b)
        case (Fraction() as a, Fraction() as b):
            return (a > b) - (a < b)
        case (str() as a, str() as b):
            return (a > b) - (a < b)
        case (date() as a, date() as b):
            x, y = _moment(a), _moment(b)
            return (x > y) - (x < y)
        case (Unit(number=a), Unit(number=b)) | (int() as a, int() as b):
            return (a > b) - (a < b)
        case (Unit(source=int() | str() as a), int() | str() as b) | (int() | str() as b, Unit(source=int() | str() as a)):
            return 0 if a == b else 1
        case _:
            return 1


def _number(op: Op, args: Sequence[Fraction]) -> Value:
    x = args[0]
    match op:
        case Op.ADD:
            return x + args[1]
        case Op.SUB:
            return x - args[1]
        case Op.MUL:
            return x * args[1]
        case Op.DIV:
            return None if args[1] == 0 else Fraction(trunc(x / args[1] * DIV_STEPS), DIV_STEPS)
        case Op.INT_DIV:
            return None if args[1] == 0 else Fraction(trunc(x / args[1]))
        case Op.MOD:
            return None if args[1] == 0 else x - args[1] * trunc(x / args[1])
        case Op.NEG:
            return -x
        case Op.ABS:
            return abs(x)
        case Op.SIGN:
            return Fraction((x > 0) - (x < 0))
        case Op.FLOOR:
            return Fraction(floor(x))
        case Op.CEIL:
            return Fraction(ceil(x))
        case Op.ROUND:
            return rounded(x, int(args[1]))
        case _:
            raise AssertionError(op)


def rounded(x: Fraction, digits: int) -> Fraction:
    """x to that many decimals, halves away from zero."""
    units = floor(abs(x) * 10**digits + Fraction(1, 2))
    return Fraction(units if x >= 0 else -units, 10**digits)


def _text(op: Op, text: str, rest: Sequence[Value]) -> Value:
    match op, *rest:
        case (Op.LIKE, str(pattern)):
            wild = "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in pattern)
            return re.fullmatch(wild, text, re.DOTALL) is not None
        case (Op.LOWER,):
            return "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)
        case (Op.UPPER,):
            return "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text)
        case (Op.TRIM,):
            return text.strip(" ")
        case (Op.LENGTH,):
            return Fraction(len(text))
        case (Op.SUBSTRING, Fraction() as start, Fraction() as length):
            return text[int(start) - 1 : int(start) - 1 + int(length)]
        case (Op.CONCAT, *others):
            return text + "".join(other for other in others if isinstance(other, str))
        case _:
            raise AssertionError(op)


def _temporal(op: Op, value: date, rest: Sequence[Value]) -> Value:
    day = _day(value)
    match op, *rest:
        case (Op.YEAR,):
            return Fraction(day.year)
        case (Op.QUARTER,):
            return Fraction((day.month + 2) // 3)
        case (Op.MONTH,):
            return Fraction(day.month)
        case (Op.DAY,):
            return Fraction(day.day)
        case (Op.WEEKDAY,):
            return Fraction(day.isoweekday())
        case (Op.HOUR,):
            return Fraction(_moment(value).hour)
        case (Op.TRUNC_YEAR,):
            return day.replace(month=1, day=1)
        case (Op.TRUNC_QUARTER,):
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case (Op.TRUNC_MONTH,):
            return day.replace(day=1)
        case (Op.TRUNC_WEEK,):
            return day - timedelta(days=day.weekday())
        case (Op.TRUNC_DAY,):
            return day
        case (Op.DAYS_BETWEEN, date() as end):
            return Fraction((_day(end) - day).days)
        case (Op.ADD_DAYS, Fraction() as days):
            return day + timedelta(days=int(days))
        case _:
            raise AssertionError(op)


def _cast(op: Op, args: Sequence[Value]) -> Value:
    match op, *args:
        case (Op.TO_NUMBER, bool() as truth, _):
            return Fraction(truth)
        case (Op.TO_NUMBER, Fraction() as number, Fraction() as scale):
            return rounded(number, int(scale))
        case (Op.TO_NUMBER, str() as text, Fraction() as scale):
            return _parsed(text.strip(" "), int(scale))
        case (Op.TO_TEXT, bool() as truth):
            return "true" if truth else "false"
        case (Op.TO_TEXT, str() as text):
            return text
        case (Op.TO_TEXT, Fraction() as number):
            return str(number.numerator)
        case (Op.TO_TEXT, date() as day):
            return day.isoformat()
        case (Op.TO_DATE, date() as day):
            return _day(day)
        case (Op.TO_DATE, str() as text):
            return _parsed_day(text)
        case _:
            raise AssertionError(op)


def _parsed(text: str, scale: int) -> Value:
    """A decimal number, rounded half away from zero; NULL for anything else and for too large a one."""
    if not re.fullmatch(r"[+-]?([0-9]+([.][0-9]*)?|[.][0-9]+)", text):
        return None
    number = rounded(Fraction(text), scale)
    return number if abs(number) * 10**scale <= PARSED_UNITS_MAX else None


def _parsed_day(text: str) -> Value:
    if not re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text):
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _day(value: date) -> date:
    return value.date() if isinstance(value, datetime) else value


def _moment(value: date) -> datetime:
    return value if isinstance(value, datetime) else datetime.combine(value, time())
