"""A filter narrows what a column may hold: rows outside are gone. Part of the trusted base."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from types import MappingProxyType

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, MomentDomain, NumberDomain
from amana.query.expr import Among, Call, Column, Expr, Fixed, Literal, Op
from amana.query.kinds import ColumnInfo, Columns, NullDomain, day_of, midnight, truncated
from amana.query.values import domain_of
from amana.terms.refusal import Refusal


def refined(columns: Columns, predicate: Expr) -> Columns:
    """The columns where the predicate is true. Only conjuncts `column op literal` narrow; anything else narrows nothing."""
    if not isinstance(domain_of(predicate, columns), BooleanDomain | NullDomain):
        raise Refusal("plan.kinds_differ", one="word.kind.condition", other="word.kind.boolean")
    narrowed = dict(columns)
    for conjunct in conjuncts(predicate):
        found = _narrowing(conjunct, narrowed)
        if found is not None:
            name, domain = found
            narrowed[name] = replace(narrowed[name], domain=domain)
    return MappingProxyType(narrowed)


def conjuncts(predicate: Expr) -> tuple[Expr, ...]:
    """The parts of a conjunction, flattened."""
    if isinstance(predicate, Call) and predicate.op is Op.AND:
        return tuple(part for arg in predicate.args for part in conjuncts(arg))
    return (predicate,)


_FLIPPED = {Op.LT: Op.GT, Op.LE: Op.GE, Op.GT: Op.LT, Op.GE: Op.LE, Op.EQ: Op.EQ}


def _narrowing(conjunct: Expr, columns: Mapping[str, ColumnInfo]) -> tuple[str, Domain] | None:
    if isinstance(conjunct, Among) and isinstance(conjunct.value, Column):
        domain = columns[conjunct.value.name].domain
        texts = {member.value for member in conjunct.members if isinstance(member.value, str)}
        if isinstance(domain, ChoiceDomain) and texts & set(domain.members):
            return conjunct.value.name, ChoiceDomain(members=tuple(m for m in domain.members if m in texts))
        return None
    if not isinstance(conjunct, Call) or conjunct.op not in _FLIPPED or len(conjunct.args) != 2:
        return None
    op, (one, other) = conjunct.op, conjunct.args
    if isinstance(one, Literal) and isinstance(other, Column):
        op, one, other = _FLIPPED[op], other, one
    if not (isinstance(one, Column) and isinstance(other, Literal)) or other.value is None:
        return None
    narrowed = _cut(columns[one.name].domain, op, other)
    return None if narrowed is None else (one.name, narrowed)


def _cut(domain: Domain, op: Op, literal: Literal) -> Domain | None:
    value = literal.value
    match domain:
        case NumberDomain() if isinstance(value, Fixed):
            scale = max(domain.scale, value.scale)
            factor, units = 10 ** (scale - domain.scale), value.units * 10 ** (scale - value.scale)
            least, most = -(-units // factor), units // factor  # the grid points at or above, at or below
            exact = units % factor == 0
            low, high = domain.low, domain.high
            if op in (Op.GE, Op.GT, Op.EQ):
                bound = least + 1 if op is Op.GT and exact else least
                low = max(low, low + -(-(bound - low) // domain.step) * domain.step)
            if op in (Op.LE, Op.LT, Op.EQ):
                high = min(high, most - 1 if op is Op.LT and exact else most)
            high -= (high - low) % domain.step  # a bound between two grid points would count a wrong grid later
            return replace(domain, low=low, high=high, nullable=False) if low <= high else None
        case DateDomain() if isinstance(value, date):
            return _cut_date(domain, op, value)
        case MomentDomain() if isinstance(value, date):
            moment = midnight(value)
            first = max(domain.low, moment) if op in (Op.GE, Op.GT, Op.EQ) else domain.low
            last = min(domain.high, moment) if op in (Op.LE, Op.LT, Op.EQ) else domain.high
            return MomentDomain(low=first, high=last) if first <= last else None
        case ChoiceDomain() if isinstance(value, str):
            return ChoiceDomain(members=(value,)) if op is Op.EQ and value in domain.members else None
        case _:
            return None


def _cut_date(domain: DateDomain, op: Op, value: date) -> DateDomain | None:
    day = day_of(value)
    whole = not isinstance(value, datetime) or midnight(day) == value
    low, high = domain.low, domain.high
    if op in (Op.GE, Op.GT, Op.EQ):
        low = max(low, truncated(day, domain.step))
        if op is Op.GT and whole and low == day and low < high and domain.step.value == "day":
            low = date.fromordinal(low.toordinal() + 1)
    if op in (Op.LE, Op.LT, Op.EQ):
        high = min(high, day)
        if op is Op.LT and whole and high == day and high > low:
            high = date.fromordinal(high.toordinal() - 1)
        high = truncated(high, domain.step)
    return replace(domain, low=low, high=high, nullable=False) if low <= high else None
