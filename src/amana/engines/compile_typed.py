"""SQL text together with what it may hold: narrow exact types, codes for choices, and how one becomes another.

A domain here is wider than `query.infer`'s: no filter narrows it. DuckDB may evaluate an expression before a filter that
stands below it, so its type must hold every stored value, not only those that the filter leaves.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import final

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.engines.connection import quoted
from amana.query.expr import Fixed, Scalar
from amana.query.kinds import NUMBER_ABS_MAX, Known, NullDomain, at_scale, hull
from amana.terms.refusal import Refusal

INTEGERS = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
BITS = (7, 15, 31, 63, 127)
UNIT, OTHER_KEY, MIXED_KEY = "unit", "key", "mixed"
"""How an identifier is held: the dense number of the unit; a stored source key; either, as marked text."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Typed:
    """`kind`: for a number an integer type that the value surely has or exceeds; for an identifier how it is held; else "".

    A choice is the position of its text in `domain.members`. A moment is seconds since 1970 in BIGINT. `source`: SQL for
    the source key of a unit, where its table stores it."""

    sql: str
    domain: Known
    kind: str = ""
    constant: bool = False
    source: str = ""


NULL = Typed(sql="NULL", domain=NullDomain())
NULL_TRUTH = "CAST(NULL AS BOOLEAN)"


def literal(value: Scalar) -> Typed:
    """A literal value; every text is quoted and every number written in digits."""
    match value:
        case None:
            return NULL
        case bool():
            return Typed(sql="TRUE" if value else "FALSE", domain=BooleanDomain(), constant=True)
        case Fixed():
            domain = NumberDomain(scale=value.scale, low=value.units, high=value.units)
            return Typed(sql=whole(value.units), domain=domain, kind=integer_for(domain), constant=True)
        case str():
            return Typed(sql="0", domain=ChoiceDomain(members=(value,)), constant=True)
        case datetime():
            return Typed(sql=whole(seconds(value)), domain=MomentDomain(low=value, high=value), constant=True)
        case date():
            return Typed(sql=f"DATE '{value.isoformat()}'", domain=DateDomain(low=value, high=value), constant=True)


def whole(number: int) -> str:
    """An integer literal; a sign is bracketed, so that it never meets another."""
    return str(number) if number >= 0 else f"({number})"


def seconds(moment: datetime) -> int:
    """Seconds since 1970-01-01."""
    return int(moment.replace(tzinfo=UTC).timestamp())


def text_literal(text: str) -> str:
    """A quoted text; a NUL character, which SQL text cannot hold, is joined in by its number."""
    return "(" + " || chr(0) || ".join(map(quoted, text.split("\0"))) + ")" if "\0" in text else quoted(text)


# --- integers ---


def integer_for(*domains: NumberDomain) -> str:
    """The smallest integer type that holds all these numbers."""
    low, high = min(domain.low for domain in domains), max(domain.high for domain in domains)
    return next(name for name, bits in zip(INTEGERS, BITS, strict=True) if -(2**bits) <= low and high < 2**bits)


def wider(one: str, other: str) -> str:
    """The larger of two integer types."""
    return max(one, other, key=INTEGERS.index)


def cast(value: Typed, kind: str) -> Typed:
    """The same number in at least that integer type."""
    if INTEGERS.index(value.kind) >= INTEGERS.index(kind):
        return value
    return replace(value, sql=f"CAST({value.sql} AS {kind})", kind=kind)


def computed(template: str, operands: Sequence[Typed], domain: NumberDomain, *, passing: Sequence[NumberDomain] = ()) -> Typed:
    """An integer computation in a type that holds its operands, its result and what it passes through.

    Shapes: `template` has one {} for each operand."""
    numbers = [operand.domain for operand in operands if isinstance(operand.domain, NumberDomain)]
    needed = integer_for(domain, *numbers, *passing)
    kind = needed
    for operand in operands:
        kind = wider(kind, operand.kind)
    # One operand in the needed type draws the others with it; a constant would shrink again. What is passed through is the
    # first one's.
    order = [(not operand.constant, INTEGERS.index(operand.kind)) for operand in operands]
    widest = 0 if passing else order.index(max(order))
    shown = [cast(operand, needed) if index == widest else operand for index, operand in enumerate(operands)]
    return Typed(sql=template.format(*(operand.sql for operand in shown)), domain=domain, kind=kind)


def widest_number(scale: int) -> NumberDomain:
    """Every number an engine can hold, for what no interval bounds before a filter has spoken."""
    return NumberDomain(scale=scale, low=-NUMBER_ABS_MAX, high=NUMBER_ABS_MAX, nullable=True)


def tried(template: str, operands: Sequence[Typed], *, scale: int) -> Typed:
    """A computation that may pass the largest integer on rows that a filter drops anyway: there it is NULL."""
    huge = [f"CAST({operand.sql} AS HUGEINT)" for operand in operands]
    return Typed(sql=f"TRY({template.format(*huge)})", domain=widest_number(scale), kind="HUGEINT")


def scaled(value: Typed, scale: int) -> Typed:
    """The same number counted in a finer unit."""
    assert isinstance(value.domain, NumberDomain) and scale >= value.domain.scale
    factor = 10 ** (scale - value.domain.scale)
    if factor == 1:
        return value
    if value.constant:
        return literal(Fixed(units=value.domain.low * factor, scale=scale))
    try:
        return computed("({} * " + str(factor) + ")", [value], at_scale(value.domain, scale))
    except Refusal:
        return tried("({} * " + str(factor) + ")", [value], scale=scale)


# --- choices and text ---


def code_kind(domain: ChoiceDomain) -> str:
    """The type of a code, as docs/decisions/0001-store-layout.md has it."""
    count = len(domain.members)
    return "UTINYINT" if count <= 2**8 else "USMALLINT" if count <= 2**16 else "UINTEGER"


def recoded(value: Typed, domain: ChoiceDomain, codes: Sequence[int]) -> Typed:
    """A choice whose old codes become these new ones."""
    if value.constant:
        return Typed(sql=str(codes[0]), domain=domain, constant=False)
    if list(codes) == list(range(len(codes))):
        return Typed(sql=value.sql, domain=domain)
    listed = f"[{', '.join(map(str, codes))}]::{code_kind(domain)}[]"
    return Typed(sql=f"list_extract({listed}, CAST({value.sql} AS INTEGER) + 1)", domain=domain)


def as_text(value: Typed) -> Typed:
    """A choice or a text as text."""
    if not isinstance(value.domain, ChoiceDomain):
        return value
    members = value.domain.members
    domain = TextDomain(length_max=max(map(len, members), default=0), nullable=value.domain.nullable)
    if value.constant:
        return Typed(sql=text_literal(members[0]), domain=domain, constant=True)
    listed = f"[{', '.join(map(text_literal, members))}]::VARCHAR[]"
    return Typed(sql=f"list_extract({listed}, CAST({value.sql} AS INTEGER) + 1)", domain=domain)


# --- from one domain to a wider one ---


def together(values: Sequence[Typed]) -> tuple[Known, list[Typed]]:
    """The values in one common form, and the smallest domain of all."""
    try:
        whole_domain = hull(*(value.domain for value in values))
    except Refusal:
        numbers = [value.domain for value in values if isinstance(value.domain, NumberDomain)]
        if not numbers:
            raise
        whole_domain = widest_number(max(domain.scale for domain in numbers))
    if isinstance(whole_domain, KeyDomain):
        kinds = {value.kind for value in values if not isinstance(value.domain, NullDomain)}
        return whole_domain, list(values) if len(kinds) == 1 else [marked(value) for value in values]
    return whole_domain, [converted(value, whole_domain) for value in values]


def converted(value: Typed, domain: Known) -> Typed:
    """The value in a domain of its own kind that holds its own."""
    if isinstance(value.domain, NullDomain):
        return Typed(sql=f"CAST(NULL AS {type_of(domain)})", domain=domain, kind=_kind_of(domain))
    match domain:
        case NumberDomain():
            return cast(scaled(value, domain.scale), integer_for(domain))
        case ChoiceDomain():
            assert isinstance(value.domain, ChoiceDomain)
            places = {member: code for code, member in enumerate(domain.members)}
            return recoded(value, domain, [places[member] for member in value.domain.members])
        case TextDomain():
            return as_text(value)
        case _:
            return value


def marked(value: Typed) -> Typed:
    """An identifier of any holding as text that tells units from other keys."""
    if isinstance(value.domain, NullDomain):
        return Typed(sql="CAST(NULL AS VARCHAR)", domain=KeyDomain(nullable=True), kind=MIXED_KEY)
    if value.kind == MIXED_KEY:
        return value
    mark = "u" if value.kind == UNIT else "k"
    return Typed(sql=f"('{mark}' || CAST({value.sql} AS VARCHAR))", domain=value.domain, kind=MIXED_KEY)


def type_of(domain: Known) -> str:
    """The DuckDB type of a value of that domain."""
    match domain:
        case NumberDomain():
            return integer_for(domain)
        case ChoiceDomain():
            return code_kind(domain)
        case DateDomain():
            return "DATE"
        case MomentDomain():
            return "BIGINT"
        case TextDomain() | KeyDomain():
            return "VARCHAR"
        case BooleanDomain() | NullDomain():
            return "BOOLEAN"


def _kind_of(domain: Known) -> str:
    return integer_for(domain) if isinstance(domain, NumberDomain) else ""
