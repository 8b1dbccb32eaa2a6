"""One column of a rules file: its domain, where its bounds come from, how the file writes it."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import TypeVar, final

from amana.catalog.domains import (
    BooleanDomain,
    ChoiceDomain,
    DateDomain,
    Domain,
    KeyDomain,
    MomentDomain,
    NumberDomain,
    TextDomain,
)
from amana.catalog.rules_fields import Fields, is_name
from amana.catalog.schema import Column

DayOrMoment = TypeVar("DayOrMoment", date, datetime)
KINDS = ("number", "date", "moment", "choice", "boolean", "text", "key")
OF_ANY_KIND = ("nullable", "from", "source", "format", "other", "holds", "low", "high", "grid", "members", "length_max")
"""Every field that a column of some kind has, besides `kind`."""
UNITS_MAX = 2**62
"""Largest bound in units of the grid: leaves room for one step beyond it in 64 bits."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnReading:
    """How the file writes a column. `written`: its name there. `format`: strptime form of dates and moments given as text.
    `other`: the member that stands for every value that is none. `key_text`: identifiers are text, not whole numbers."""

    name: str
    written: str
    format: str | None = None
    other: str | None = None
    key_text: bool = False


def read_column(name: str, fields: Fields, *, private: bool) -> tuple[Column, ColumnReading] | None:
    """The column, or None when a problem was noted."""
    before = len(fields.problems.found)
    if not is_name(name):
        fields.problems.add("rules.bad_value", fields.path, value=name, wanted="word.rules.column_name")
    kind = fields.word("kind", KINDS)
    if kind is None:  # what else a column needs hangs on its kind: to complain of that too would hide the cause
        fields.allow(*OF_ANY_KIND)
        fields.close()
        return None
    nullable = fields.truth("nullable", default=False)
    written = fields.text("from", required=False)
    bounded = kind in ("number", "date", "moment", "choice")
    source = fields.text("source", required=private and bounded, example="Tariff 2024, article 3")
    form = fields.text("format", required=False, example="%d/%m/%Y") if kind in ("date", "moment") else None
    other = fields.text("other", required=False) if kind == "choice" else None
    holds = fields.word("holds", ("integer", "text")) if kind == "key" else None
    domain = _domain(kind, fields, nullable=bool(nullable), private=private)
    if isinstance(domain, ChoiceDomain) and other is not None and other not in domain.members:
        fields.bad("other", "word.rules.a_member")
    fields.close()
    if domain is None or len(fields.problems.found) > before:
        return None
    reading = ColumnReading(name=name, written=written or name, format=form, other=other, key_text=holds == "text")
    return Column(name=name, domain=domain, source=source or ""), reading


def _domain(kind: str, fields: Fields, *, nullable: bool, private: bool) -> Domain | None:
    match kind:
        case "number":
            return _number(fields, nullable=nullable)
        case "date":
            days = _interval(fields, date, "2020-01-01")
            return None if days is None else DateDomain(low=days[0], high=days[1], nullable=nullable)
        case "moment":
            moments = _interval(fields, datetime, "2020-01-01T00:00:00")
            return None if moments is None else MomentDomain(low=moments[0], high=moments[1], nullable=nullable)
        case "choice":
            members = fields.texts("members", required=private)
            if not members and (private or fields.has("members")):
                fields.bad("members", "word.rules.members")
                return None
            return ChoiceDomain(members=tuple(sorted(members)), nullable=nullable)
        case "boolean":
            return BooleanDomain(nullable=nullable)
        case "text":
            length_max = fields.whole("length_max", low=1, high=10_000)
            return None if length_max is None else TextDomain(length_max=length_max, nullable=nullable)
        case _:
            return KeyDomain(nullable=nullable)


def _number(fields: Fields, *, nullable: bool) -> NumberDomain | None:
    grid = fields.decimal("grid", example='"0.01"')
    low = fields.decimal("low", example="0")
    high = fields.decimal("high", example="100")
    if grid is None or low is None or high is None:
        return None
    sign, digits, exponent = grid.normalize().as_tuple()
    if sign or digits != (1,) or not isinstance(exponent, int) or not -18 <= exponent <= 0:
        fields.bad("grid", "word.rules.grid")
        return None
    scale = -exponent
    units = (_units(low, scale), _units(high, scale))
    for key, value in (("low", units[0]), ("high", units[1])):
        if value is None:
            fields.bad(key, "word.rules.on_grid", grid=str(grid), number=UNITS_MAX)
    if units[0] is None or units[1] is None:
        return None
    if units[0] > units[1]:
        fields.bad("high", "word.rules.at_least_low", low=str(low))
        return None
    return NumberDomain(scale=scale, low=units[0], high=units[1], nullable=nullable)


def _units(value: Decimal, scale: int) -> int | None:
    # Shifting the exponent is exact; Decimal arithmetic would round at the context's precision.
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    whole = int("".join(map(str, digits)) or "0")
    shift = exponent + scale
    if shift < 0:
        whole, rest = divmod(whole, 10**-shift)
        if rest:
            return None
    elif whole:
        if shift > 40:
            return None
        whole *= 10**shift
    return None if whole > UNITS_MAX else (-whole if sign else whole)


def _interval(fields: Fields, kind: type[DayOrMoment], example: str) -> tuple[DayOrMoment, DayOrMoment] | None:
    ends: list[DayOrMoment] = []
    for key in ("low", "high"):
        value = fields.raw(key)
        if value is None:
            fields.missing(key, example)
            continue
        end = _end(value, kind)
        if end is None:
            fields.bad(key, "word.rules.day" if kind is date else "word.rules.moment", example=example)
        else:
            ends.append(end)
    if len(ends) < 2:
        return None
    if ends[0] > ends[1]:
        fields.bad("high", "word.rules.at_least_low", low=ends[0].isoformat())
        return None
    return ends[0], ends[1]


def _end(value: object, kind: type[DayOrMoment]) -> DayOrMoment | None:
    if isinstance(value, str):
        try:
            value = kind.fromisoformat(value)
        except ValueError:
            return None
    # A datetime is a date too, but not one of these rules.
    if not isinstance(value, kind) or (kind is date and isinstance(value, datetime)):
        return None
    exact = getattr(value, "tzinfo", None) is None and getattr(value, "microsecond", 0) == 0
    return value if exact else None
