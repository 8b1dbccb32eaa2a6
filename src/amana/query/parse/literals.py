"""Constants: numbers as exact integers with a scale, dates, moments, and intervals folded into them."""

import re
from calendar import monthrange
from datetime import date, datetime, time, timedelta

from sqlglot import exp

from amana.query.expr import Fixed, Literal
from amana.query.parse.nodes import bare, child, only, shown, word
from amana.query.parse.text import place_of
from amana.terms.refusal import Refusal

_NUMBER = re.compile(r"(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?\Z", re.ASCII)
_DIGITS_MAX = 36
_SCALE_MAX = 18
_MONTHS = {"YEAR": 12, "QUARTER": 3, "MONTH": 1}
_DAYS = {"WEEK": 7, "DAY": 1}
_SECONDS = {"HOUR": 3600, "MINUTE": 60, "SECOND": 1}


def number_of(node: exp.Expr, *, text: str) -> Literal:
    """An unsigned number as written; zeros at the end of its decimals are dropped."""
    found = _NUMBER.match(text.replace("_", ""))
    if found is None or not (found[1] or found[2]):
        raise Refusal("sql.bad_number", where=place_of(node), text=shown(node), decimals_max=_SCALE_MAX, digits_max=_DIGITS_MAX)
    whole, decimals, exponent = found[1], (found[2] or "").rstrip("0"), int(found[3] or 0)
    scale = len(decimals) - exponent
    digits = (whole + decimals).lstrip("0") or "0"
    if digits == "0":
        return Literal(value=Fixed(units=0))
    if scale > 0:
        stripped = digits.rstrip("0")
        dropped = min(scale, len(digits) - len(stripped))
        digits, scale = digits[: len(digits) - dropped], scale - dropped
    if scale > _SCALE_MAX or len(digits) + max(0, -scale) > _DIGITS_MAX:
        raise Refusal("sql.bad_number", where=place_of(node), text=shown(node), decimals_max=_SCALE_MAX, digits_max=_DIGITS_MAX)
    return Literal(value=Fixed(units=int(digits) * 10 ** max(0, -scale), scale=max(0, scale)))


def whole_number_of(node: exp.Expr, *, low: int, high: int, function: str) -> int:
    """A whole literal within bounds that an operation needs as a constant."""
    plain, sign = bare(node), 1
    if type(plain) is exp.Neg:
        plain, sign = bare(child(plain, "this")), -1
    if type(plain) is exp.Literal and not plain.is_string:
        value = number_of(plain, text=str(plain.this)).value
        if isinstance(value, Fixed) and value.scale == 0 and low <= sign * value.units <= high:
            return sign * value.units
    raise Refusal("sql.literal_needed", where=place_of(node), function=function, low=low, high=high)


def date_of(node: exp.Expr, *, text: str) -> Literal:
    """A date written YYYY-MM-DD."""
    try:
        if re.fullmatch(r"\d{4}-\d{1,2}-\d{1,2}", text.strip(), re.ASCII):
            year, month, day = map(int, text.strip().split("-"))
            return Literal(value=date(year, month, day))
    except ValueError:
        pass
    raise Refusal("sql.bad_date", where=place_of(node), text=shown(node))


def moment_of(node: exp.Expr, *, text: str) -> Literal:
    """A moment written YYYY-MM-DD HH:MM:SS, without a zone; seconds may have no fraction but zeros."""
    plain = re.sub(r"\.0+\Z", "", text.strip())
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2})?)?", plain, re.ASCII):
        try:
            return Literal(value=datetime.fromisoformat(plain))
        except ValueError:
            pass
    raise Refusal("sql.bad_moment", where=place_of(node), text=shown(node))


def interval_of(node: exp.Expr, *, sign: int) -> tuple[int, int, int]:
    """(months, days, seconds) of an INTERVAL with a constant number."""
    only(node, "this", "unit")
    unit = word(node, "unit").removesuffix("S")
    number = bare(child(node, "this"))
    if type(number) is exp.Neg:
        number, sign = bare(child(number, "this")), -sign
    text = str(number.this) if type(number) is exp.Literal else ""
    if text.startswith("-"):
        text, sign = text[1:], -sign
    if not re.fullmatch(r"\d{1,6}", text, re.ASCII):
        raise Refusal("sql.interval", where=place_of(node), text=shown(node))
    count = sign * int(text)
    if unit in _MONTHS:
        return count * _MONTHS[unit], 0, 0
    if unit in _DAYS:
        return 0, count * _DAYS[unit], 0
    if unit in _SECONDS:
        return 0, 0, count * _SECONDS[unit]
    raise Refusal("sql.interval", where=place_of(node), text=shown(node))


def moved(value: date | datetime, *, by: tuple[int, int, int], node: exp.Expr) -> Literal:
    """A constant date or moment plus an interval; a day that a month lacks becomes the month's last."""
    months, days, seconds = by
    try:
        month = value.month - 1 + months
        year, month = value.year + month // 12, month % 12 + 1
        if not 1 <= year <= 9999:
            raise OverflowError
        shifted = value.replace(year=year, month=month, day=min(value.day, monthrange(year, month)[1])) + timedelta(days=days)
        if seconds:
            start = shifted if isinstance(shifted, datetime) else datetime.combine(shifted, time())
            return Literal(value=start + timedelta(seconds=seconds))
        return Literal(value=shifted)
    except OverflowError:
        raise Refusal("sql.bad_date", where=place_of(node), text=shown(node)) from None
