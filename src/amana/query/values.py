"""What values an expression may hold, from public facts only: the authority for scales and bounds.

Sensitivities rest on these intervals, so each rule here is an upper bound proved by the meaning of its operation in
`query/expr.py`; `tests/engines` holds every engine to them. Part of the trusted base.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import date, datetime, timedelta
from math import gcd
from typing import assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, DateStep, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.kinds import (
    MEMBERS_MAX,
    PARSED_ABS_MAX,
    Columns,
    Known,
    NullDomain,
    at_scale,
    choice,
    day_of,
    hull,
    kind_name,
    length_max,
    number,
    rescaled,
    truncated,
)  # fmt: skip
from amana.terms.refusal import Refusal

DIV_SCALE = 6


def domain_of(expr: Expr, columns: Columns) -> Known:
    """The values that `expr` may take, given the columns below it.

    Errors: Refusal plan.kinds_differ, plan.number_too_large, plan.identifier_used.
    """
    match expr:
        case Column():
            return columns[expr.name].domain
        case Literal():
            return _literal(expr)
        case Among():
            value = domain_of(expr.value, columns)
            for member in expr.members:
                _comparable(value, _literal(member))
            return BooleanDomain(nullable=value.nullable)
        case Case():
            for condition, _ in expr.branches:
                _logical(domain_of(condition, columns))
            results = [domain_of(result, columns) for _, result in expr.branches] + [domain_of(expr.otherwise, columns)]
            return hull(*results)
        case Lookup():
            index = _numeric(domain_of(expr.index, columns))
            if index.scale != 0 or not 0 <= index.low <= index.high < len(expr.values):
                raise Refusal("plan.kinds_differ", one="word.kind.number", other="word.whole", low=0, high=len(expr.values) - 1)
            return number(expr.scale, min(expr.values), max(expr.values), nullable=index.nullable)
        case Call():
            return _call(expr, columns)
        case _:
            assert_never(expr)


def _literal(literal: Literal) -> Known:
    value = literal.value
    match value:
        case None:
            return NullDomain()
        case bool():
            return BooleanDomain()
        case Fixed():
            return number(value.scale, value.units, value.units, nullable=False)
        case str():
            return ChoiceDomain(members=(value,))
        case datetime():
            return MomentDomain(low=value, high=value)
        case date():
            return DateDomain(low=value, high=value)
        case _:
            assert_never(value)


def _differ(domain: Known, wanted: str) -> Refusal:
    if isinstance(domain, KeyDomain):
        return Refusal("plan.identifier_used")
    return Refusal("plan.kinds_differ", one=kind_name(domain), other=wanted)


def _logical(domain: Known) -> None:
    if not isinstance(domain, BooleanDomain | NullDomain):
        raise _differ(domain, "word.kind.boolean")


def _comparable(one: Known, two: Known) -> None:
    if isinstance(one, NullDomain) or isinstance(two, NullDomain):
        return
    if isinstance(one, KeyDomain) != isinstance(two, KeyDomain):
        raise Refusal("plan.identifier_used")  # `unit = 17` would single a unit out
    temporal = DateDomain | MomentDomain
    if isinstance(one, temporal) and isinstance(two, temporal):
        return  # a date stands for its midnight
    if kind_name(one) != kind_name(two):
        raise Refusal("plan.kinds_differ", one=kind_name(one), other=kind_name(two))


_LOGIC = {Op.NOT, Op.AND, Op.OR}
_COMPARISON = {Op.EQ, Op.NE, Op.LT, Op.LE, Op.GT, Op.GE}
_ARITHMETIC = {Op.ADD, Op.SUB, Op.MUL, Op.DIV, Op.INT_DIV, Op.MOD}
_ROUNDING = {Op.NEG, Op.ABS, Op.SIGN, Op.FLOOR, Op.CEIL, Op.ROUND}
_CASTS = {Op.TO_NUMBER: "word.kind.to_number", Op.TO_TEXT: "word.kind.to_text", Op.TO_DATE: "word.kind.to_date"}
"""What can be cast."""
_PARTS = {
    Op.YEAR: (1, 9999), Op.QUARTER: (1, 4), Op.MONTH: (1, 12), Op.DAY: (1, 31), Op.WEEKDAY: (1, 7), Op.HOUR: (0, 23),
}  # fmt: skip
_TRUNCATIONS = {
    Op.TRUNC_YEAR: DateStep.YEAR, Op.TRUNC_QUARTER: DateStep.QUARTER, Op.TRUNC_MONTH: DateStep.MONTH,
    Op.TRUNC_WEEK: DateStep.WEEK, Op.TRUNC_DAY: DateStep.DAY,
}  # fmt: skip
_TEXT = {Op.LOWER, Op.UPPER, Op.TRIM, Op.LENGTH, Op.SUBSTRING, Op.CONCAT, Op.LIKE}


def _call(call: Call, columns: Columns) -> Known:
    op, args = call.op, [domain_of(arg, columns) for arg in call.args]
    nullable = any(arg.nullable for arg in args)
    if op in _LOGIC:
        for arg in args:
            _logical(arg)
        return BooleanDomain(nullable=nullable)
    if op is Op.IS_NULL:
        return BooleanDomain()
    if op in _COMPARISON:
        _comparable(args[0], args[1])
        if isinstance(args[0], KeyDomain) and op not in (Op.EQ, Op.NE):
            raise Refusal("plan.identifier_used")
        return BooleanDomain(nullable=nullable)
    if op in (Op.COALESCE, Op.LEAST, Op.GREATEST):
        whole = hull(*args)
        if op is not Op.COALESCE and isinstance(whole, KeyDomain):
            raise Refusal("plan.identifier_used")
        return _narrow_extreme(op, whole, args)
    if any(isinstance(arg, NullDomain) for arg in args):
        return NullDomain()
    if op in _TEXT:
        return _text(call, args, nullable=nullable)
    if op in _ARITHMETIC:
        return _arithmetic(op, _numeric(args[0]), _numeric(args[1]), nullable=nullable)
    if op in _ROUNDING:
        return _rounding(call, _numeric(args[0]), nullable=nullable)
    if op in (Op.TO_NUMBER, Op.TO_TEXT, Op.TO_DATE):
        return _cast(call, args[0])
    return _temporal(call, args, nullable=nullable)


def _narrow_extreme(op: Op, whole: Known, args: list[Known]) -> Known:
    nullable = all(arg.nullable for arg in args)
    if isinstance(whole, NullDomain):
        return whole
    if op is Op.COALESCE or not isinstance(whole, NumberDomain):
        return replace(whole, nullable=nullable)
    numbers = [at_scale(arg, whole.scale) for arg in args if isinstance(arg, NumberDomain)]
    sure = [number for number in numbers if not number.nullable]  # a NULL is ignored, so only sure ones narrow
    low, high = whole.low, whole.high
    if op is Op.LEAST and sure:
        high = min(high, *(number.high for number in sure))
    if op is Op.GREATEST and sure:
        low = max(low, *(number.low for number in sure))
    return number(whole.scale, low, max(low, high), nullable=nullable)


def _numeric(domain: Known) -> NumberDomain:
    if not isinstance(domain, NumberDomain):
        raise _differ(domain, "word.kind.number")
    return domain


def _arithmetic(op: Op, a: NumberDomain, b: NumberDomain, *, nullable: bool) -> NumberDomain:
    if op is Op.MUL:
        ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
        step = a.step * abs(b.low) if b.low == b.high else b.step * abs(a.low) if a.low == a.high else 1
        return number(a.scale + b.scale, min(ends), max(ends), nullable=nullable, step=step or 1)
    scale = max(a.scale, b.scale)
    x, y = at_scale(a, scale), at_scale(b, scale)
    if op in (Op.ADD, Op.SUB):
        low, high = (x.low + y.low, x.high + y.high) if op is Op.ADD else (x.low - y.high, x.high - y.low)
        step = gcd(x.step if x.high > x.low else 0, y.step if y.high > y.low else 0) or 1
        return number(scale, low, high, nullable=nullable, step=step)
    zero_possible = y.low <= 0 <= y.high
    least = max(1, min(abs(y.low), abs(y.high))) if not zero_possible else 1
    most = max(abs(x.low), abs(x.high))
    if op is Op.MOD:
        top = min(most, max(abs(y.low), abs(y.high)) - 1 if (y.low, y.high) != (0, 0) else 0)
        return number(scale, -top if x.low < 0 else 0, top if x.high > 0 else 0, nullable=nullable or zero_possible)
    power = DIV_SCALE if op is Op.DIV else 0
    bound = number(power, 0, most * 10**power, nullable=False).high // least
    same_sign = (x.low >= 0 and y.low >= 0) or (x.high <= 0 and y.high <= 0)
    return number(power, 0 if same_sign else -bound, bound, nullable=nullable or zero_possible)


def _rounding(call: Call, x: NumberDomain, *, nullable: bool) -> NumberDomain:
    op, unit = call.op, 10**x.scale
    match op:
        case Op.NEG:
            step = x.step if (x.high - x.low) % x.step == 0 else 1
            return number(x.scale, -x.high, -x.low, nullable=nullable, step=step)
        case Op.ABS:
            low = 0 if x.low <= 0 <= x.high else min(abs(x.low), abs(x.high))
            return number(x.scale, low, max(abs(x.low), abs(x.high)), nullable=nullable)
        case Op.SIGN:
            return number(0, -1 if x.low < 0 else 0 if x.low == 0 else 1, 1 if x.high > 0 else 0 if x.high == 0 else -1, nullable=nullable)
        case Op.FLOOR:
            return number(0, x.low // unit, x.high // unit, nullable=nullable)
        case Op.CEIL:
            return number(0, -(-x.low // unit), -(-x.high // unit), nullable=nullable)
        case _:
            digits = _whole_literal(call.args[1], low=0, high=18)
            return x if digits >= x.scale else rescaled(x, digits)


def _whole_literal(expr: Expr, *, low: int, high: int) -> int:
    if isinstance(expr, Literal) and isinstance(expr.value, Fixed) and expr.value.scale == 0 and low <= expr.value.units <= high:
        return expr.value.units
    raise Refusal("plan.kinds_differ", one="word.kind.expression", other="word.whole", low=low, high=high)


def _text(call: Call, args: list[Known], *, nullable: bool) -> Known:
    texts = [arg for arg in args if isinstance(arg, ChoiceDomain | TextDomain)]
    wanted = 1 if call.op is Op.SUBSTRING else len(args)
    if len(texts) < wanted:
        raise _differ(next(arg for arg in args if not isinstance(arg, ChoiceDomain | TextDomain)), "word.kind.text")
    first = texts[0]
    match call.op:
        case Op.LIKE:
            if not isinstance(call.args[1], Literal):
                raise Refusal("plan.kinds_differ", one="word.kind.expression", other="word.kind.pattern")
            return BooleanDomain(nullable=nullable)
        case Op.LENGTH:
            return number(0, 0, length_max(first), nullable=nullable)
        case Op.CONCAT:
            if all(isinstance(text, ChoiceDomain) for text in texts):
                members = {""}
                for text in texts:
                    assert isinstance(text, ChoiceDomain)
                    if len(members) * len(text.members) > MEMBERS_MAX:
                        break
                    members = {head + tail for head in members for tail in text.members}
                else:
                    return choice(members, nullable=nullable)
            return TextDomain(length_max=sum(map(length_max, texts)), nullable=nullable)
        case _:
            change = text_function(call)
            if isinstance(first, ChoiceDomain):
                return choice({change(member) for member in first.members}, nullable=nullable)
            return TextDomain(length_max=length_max(first), nullable=nullable)


def text_function(call: Call) -> Callable[[str], str]:
    """The meaning of LOWER, UPPER, TRIM, SUBSTRING on one text. Case is of ASCII letters only, the same in all engines."""
    match call.op:
        case Op.LOWER:
            return lambda text: "".join(chr(ord(c) + 32) if "A" <= c <= "Z" else c for c in text)
        case Op.UPPER:
            return lambda text: "".join(chr(ord(c) - 32) if "a" <= c <= "z" else c for c in text)
        case Op.TRIM:
            return lambda text: text.strip(" ")
        case _:
            start = _whole_literal(call.args[1], low=1, high=10**6)
            length = _whole_literal(call.args[2], low=0, high=10**6)
            return lambda text: text[start - 1 : start - 1 + length]


def _cast(call: Call, x: Known) -> Known:
    match call.op, x:
        case (Op.TO_NUMBER, NumberDomain()):
            return rescaled(x, _whole_literal(call.args[1], low=0, high=18))
        case (Op.TO_NUMBER, BooleanDomain()):
            return number(0, 0, 1, nullable=x.nullable)
        case (Op.TO_NUMBER, ChoiceDomain() | TextDomain()):
            return number(_whole_literal(call.args[1], low=0, high=18), -PARSED_ABS_MAX, PARSED_ABS_MAX, nullable=True)
        case (Op.TO_TEXT, ChoiceDomain() | TextDomain()):
            return x
        case (Op.TO_TEXT, BooleanDomain()):
            return ChoiceDomain(members=("false", "true"), nullable=x.nullable)
        case (Op.TO_TEXT, NumberDomain()) if x.scale == 0:
            return TextDomain(length_max=40, nullable=x.nullable)
        case (Op.TO_TEXT, DateDomain()):
            return TextDomain(length_max=10, nullable=x.nullable)
        case (Op.TO_DATE, DateDomain()):
            return x
        case (Op.TO_DATE, MomentDomain()):
            return DateDomain(low=x.low.date(), high=x.high.date(), nullable=x.nullable)
        case (Op.TO_DATE, ChoiceDomain() | TextDomain()):
            return DateDomain(low=date(1, 1, 1), high=date(9999, 12, 31), nullable=True)
        case _:
            raise _differ(x, _CASTS[call.op])


def _temporal(call: Call, args: list[Known], *, nullable: bool) -> Known:
    ends: list[tuple[date, date]] = []
    for arg in args if call.op is Op.DAYS_BETWEEN else args[:1]:
        if not isinstance(arg, DateDomain | MomentDomain):
            raise _differ(arg, "word.kind.date")
        ends.append((day_of(arg.low), day_of(arg.high)))
    low, high = ends[0]
    if call.op in _TRUNCATIONS:
        step = _TRUNCATIONS[call.op]
        return DateDomain(low=truncated(low, step), high=truncated(high, step), nullable=nullable, step=step)
    if call.op is Op.DAYS_BETWEEN:
        (from_low, from_high), (to_low, to_high) = ends
        return number(0, (to_low - from_high).days, (to_high - from_low).days, nullable=nullable)
    if call.op is Op.ADD_DAYS:
        days = timedelta(days=_whole_literal(call.args[1], low=-100_000, high=100_000))
        try:
            return DateDomain(low=low + days, high=high + days, nullable=nullable)
        except OverflowError:
            raise Refusal("plan.number_too_large", digits=5) from None
    bottom, top = _PARTS[call.op]
    if call.op is Op.HOUR and isinstance(args[0], DateDomain):
        raise _differ(args[0], "word.kind.moment")
    if call.op is Op.YEAR:
        bottom, top = low.year, high.year
    elif low.year == high.year and call.op in (Op.MONTH, Op.QUARTER):
        bottom, top = (low.month, high.month) if call.op is Op.MONTH else ((low.month + 2) // 3, (high.month + 2) // 3)
    return number(0, bottom, top, nullable=nullable)
