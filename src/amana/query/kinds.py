"""Arithmetic of domains: the smallest public set of values that holds others. Part of the trusted base."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from math import gcd
from typing import TypeAlias, assert_never, final

from amana.catalog.domains import (
    BooleanDomain,
    ChoiceDomain,
    DateDomain,
    DateStep,
    Domain,
    KeyDomain,
    MomentDomain,
    NumberDomain,
    TextDomain,
)
from amana.terms.refusal import Refusal

NUMBER_ABS_MAX = 2**120
"""Largest intermediate number, in units: well inside the 128-bit integers of the engines, sums included."""
PARSED_ABS_MAX = 10**15
"""Text that reads as a number of more units than this gives NULL."""
MEMBERS_MAX = 20_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NullDomain:
    """Of an expression that is always NULL."""

    nullable: bool = True


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnInfo:
    """A visible column. `origin`: (table, column) of an unchanged base column, `alias` its scan; `unit`: the unit itself.
    `single`: the rows of one unit show at most one value here (NULL counts as a value); `alike`: at most so many of them the same."""

    domain: Domain
    private: bool
    origin: tuple[str, str] | None = None
    alias: str | None = None
    unit: bool = False
    single: bool = False
    alike: int | None = None


Columns: TypeAlias = Mapping[str, ColumnInfo]
Known: TypeAlias = Domain | NullDomain


def hull(*parts: "Known") -> "Known":
    """The smallest known domain that holds all parts; refuses parts of different kinds."""
    whole = parts[0]
    for part in parts[1:]:
        whole = _hull2(whole, part)
    return whole


def at_scale(domain: NumberDomain, scale: int) -> NumberDomain:
    """The same numbers counted in a finer unit; `scale` is at least the domain's."""
    factor = 10 ** (scale - domain.scale)
    return number(scale, domain.low * factor, domain.high * factor, nullable=domain.nullable, step=domain.step * factor)


def kind_name(domain: "Known") -> str:
    """The code of the word for a domain's kind in a refusal."""
    names: dict[type, str] = {
        NumberDomain: "number", DateDomain: "date", MomentDomain: "moment", BooleanDomain: "boolean",
        ChoiceDomain: "text", TextDomain: "text", KeyDomain: "identifier", NullDomain: "null",
    }  # fmt: skip
    return f"word.kind.{names[type(domain)]}"


def _hull2(one: "Known", two: "Known") -> "Known":
    nullable = one.nullable or two.nullable
    match one, two:
        case (NullDomain(), _):
            return two if isinstance(two, NullDomain) else replace(two, nullable=True)
        case (_, NullDomain()):
            return replace(one, nullable=True)
        case (NumberDomain(), NumberDomain()):
            scale = max(one.scale, two.scale)
            a, b = at_scale(one, scale), at_scale(two, scale)
            step = gcd(a.step if a.high > a.low else 0, b.step if b.high > b.low else 0, abs(a.low - b.low)) or 1
            return number(scale, min(a.low, b.low), max(a.high, b.high), nullable=nullable, step=step)
        case (DateDomain(), DateDomain()):
            grid = one.step if one.step is two.step else DateStep.DAY
            return DateDomain(low=min(one.low, two.low), high=max(one.high, two.high), nullable=nullable, step=grid)
        case (MomentDomain(), MomentDomain()):
            return MomentDomain(low=min(one.low, two.low), high=max(one.high, two.high), nullable=nullable)
        case (BooleanDomain(), BooleanDomain()):
            return BooleanDomain(nullable=nullable)
        case (ChoiceDomain(), ChoiceDomain()):
            return choice({*one.members, *two.members}, nullable=nullable)
        case (ChoiceDomain() | TextDomain(), ChoiceDomain() | TextDomain()):
            return TextDomain(length_max=max(length_max(one), length_max(two)), nullable=nullable)
        case (KeyDomain(), KeyDomain()):
            return KeyDomain(nullable=nullable)
        case _:
            raise Refusal("plan.kinds_differ", one=kind_name(one), other=kind_name(two))


def number(scale: int, low: int, high: int, *, nullable: bool, step: int = 1) -> NumberDomain:
    """A number domain that the engines can hold; refuses larger ones."""
    if max(abs(low), abs(high)) > NUMBER_ABS_MAX or scale > 18:
        raise Refusal("plan.number_too_large", digits=len(str(max(abs(low), abs(high)))))
    assert (high - low) % step == 0, "both ends lie on the grid: negation and differences rest on it"
    return NumberDomain(scale=scale, low=low, high=high, nullable=nullable, step=step)


def choice(members: set[str], *, nullable: bool) -> Domain:
    """Text with known members, or free text when they are too many to list."""
    if len(members) > MEMBERS_MAX:
        return TextDomain(length_max=max(map(len, members)), nullable=nullable)
    return ChoiceDomain(members=tuple(sorted(members)), nullable=nullable)


def length_max(domain: ChoiceDomain | TextDomain) -> int:
    """The longest text, in characters."""
    return max(map(len, domain.members), default=0) if isinstance(domain, ChoiceDomain) else domain.length_max


def rescaled(x: NumberDomain, scale: int) -> NumberDomain:
    """The domain of x rounded half away from zero to `scale` decimals (or counted finer)."""
    if scale >= x.scale:
        return at_scale(x, scale)
    divisor = 10 ** (x.scale - scale)
    return number(scale, round_half_away(x.low, divisor), round_half_away(x.high, divisor), nullable=x.nullable)


def round_half_away(units: int, divisor: int) -> int:
    """units / divisor rounded to a whole number, halves away from zero."""
    magnitude = (2 * abs(units) + divisor) // (2 * divisor)
    return magnitude if units >= 0 else -magnitude


def truncated(day: date, step: DateStep) -> date:
    """The first day of the week (Monday), month, quarter or year that holds `day`."""
    match step:
        case DateStep.DAY:
            return day
        case DateStep.WEEK:
            return day - timedelta(days=day.weekday())
        case DateStep.MONTH:
            return day.replace(day=1)
        case DateStep.QUARTER:
            return day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1)
        case DateStep.YEAR:
            return day.replace(month=1, day=1)
        case _:
            assert_never(step)


def day_of(value: date | datetime) -> date:
    """The day that a date or a moment is in."""
    return value.date() if isinstance(value, datetime) else value


def midnight(value: date | datetime) -> datetime:
    """A date as the moment at which it begins."""
    return value if isinstance(value, datetime) else datetime.combine(value, time())


def size_of(domain: Domain) -> int:
    """How many values a domain holds at most, NULL included; very large when unknown."""
    match domain:
        case NumberDomain():
            count = (domain.high - domain.low) // domain.step + 1
        case ChoiceDomain():
            count = max(1, len(domain.members))
        case BooleanDomain():
            count = 2
        case DateDomain():
            count = (domain.high - domain.low).days + 1
        case MomentDomain() | TextDomain() | KeyDomain():
            count = 10**12
        case _:
            assert_never(domain)
    return count + domain.nullable
