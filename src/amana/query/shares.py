"""The predicted chance that a condition is true of a row, from the private profile and the policy. Not trusted."""

import re
from collections.abc import Mapping
from math import erfc, sqrt
from types import MappingProxyType
from typing import TypeAlias, assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, MomentDomain, NumberDomain
from amana.catalog.profile import Histogram, Profile
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.kinds import Columns, NullDomain
from amana.query.values import domain_of

Known: TypeAlias = Mapping[str, tuple[float, float]]
"""Predicted mean and variance of computed columns, in natural units."""
NOTHING: Known = MappingProxyType({})
UNKNOWN_SHARE = 0.5


def share_of(predicate: Expr, columns: Columns, profile: Profile, known: Known = NOTHING, *, unknown: float = UNKNOWN_SHARE) -> float:
    """The predicted chance that the predicate is true of a row, parts being independent.

    `unknown`: the chance to take for what nobody knows; 1 gives the most that the predicate may keep.
    """
    match predicate:
        case Literal():
            return 1.0 if predicate.value is True else 0.0
        case Among():
            return min(1.0, sum(_equal(predicate.value, member, columns, profile) for member in predicate.members))
        case Call(op=Op.AND):
            return _range_or_product(predicate, columns, profile, known, unknown)
        case Call(op=Op.OR):
            none = 1.0
            for arg in predicate.args:
                none *= 1 - share_of(arg, columns, profile, known, unknown=unknown)
            return 1 - none
        case Call(op=Op.NOT):
            return 1 - share_of(predicate.args[0], columns, profile, known, unknown=1 - unknown)
        case Call(op=Op.IS_NULL):
            histogram = histogram_of(predicate.args[0], columns, profile)
            if histogram is None and not isinstance(predicate.args[0], Column):
                return unknown
            return 0.05 if histogram is None else _clip(histogram.missing / max(1.0, histogram.missing + _total(histogram)))
        case Call(op=Op.EQ | Op.NE):
            equal = _equal(predicate.args[0], predicate.args[1], columns, profile)
            return equal if predicate.op is Op.EQ else 1 - equal
        case Call(op=Op.LT | Op.LE):
            return _below(predicate.args[0], predicate.args[1], columns, profile, known)
        case Call(op=Op.GT | Op.GE):
            return 1 - _below(predicate.args[0], predicate.args[1], columns, profile, known)
        case Call(op=Op.LIKE):
            return _like(predicate.args[0], predicate.args[1], columns, profile)
        case Column() | Call() | Case() | Lookup():
            return unknown
        case _:
            assert_never(predicate)


def _range_or_product(predicate: Call, columns: Columns, profile: Profile, known: Known, unknown: float) -> float:
    """Conjuncts multiply, but two bounds on one column cut its two ends."""
    share, ends = 1.0, dict[Expr, float]()
    for part in predicate.args:
        if isinstance(part, Call) and part.op in (Op.LT, Op.LE, Op.GT, Op.GE):
            ends[part.args[0]] = ends.get(part.args[0], 0.0) + 1 - share_of(part, columns, profile, known, unknown=unknown)
        else:
            share *= share_of(part, columns, profile, known, unknown=unknown)
    for cut in ends.values():
        share *= max(0.001, 1 - cut)
    return share


def _clip(share: float) -> float:
    return min(1.0, max(0.0, share))


def histogram_of(expr: Expr, columns: Columns, profile: Profile) -> Histogram | None:
    """The noisy histogram of a column as it was published; None for whatever is computed."""
    if not isinstance(expr, Column) or columns[expr.name].origin is None:
        return None
    table, column = columns[expr.name].origin or ("", "")
    found = profile.table(table)
    return None if found is None else found.histogram(column)


def _total(histogram: Histogram) -> float:
    return max(1.0, sum(max(0.0, count) for count in histogram.counts))


def _place(literal: Literal, expr: Expr, columns: Columns) -> float | None:
    """A literal on the grid of the histogram that it is compared with."""
    domain, value = domain_of(expr, columns), literal.value
    match domain:
        case NumberDomain() if isinstance(value, Fixed):
            return value.units * 10.0 ** (domain.scale - value.scale)
        case DateDomain() if value is not None and not isinstance(value, bool | str | Fixed):
            return float(value.toordinal() - 719_163)
        case MomentDomain() if value is not None and not isinstance(value, bool | str | Fixed):
            return float((value.toordinal() - 719_163) * 86_400)
        case ChoiceDomain() if isinstance(value, str) and value in domain.members:
            return float(domain.members.index(value))
        case _:
            return None


def _ends(expr: Expr, columns: Columns) -> tuple[float, float]:
    domain = domain_of(expr, columns)
    match domain:
        case NumberDomain():
            return float(domain.low), float(domain.high) + 1
        case DateDomain():
            return float(domain.low.toordinal() - 719_163), float(domain.high.toordinal() - 719_163) + 1
        case MomentDomain():
            return (domain.low.toordinal() - 719_163) * 86_400.0, (domain.high.toordinal() - 719_162) * 86_400.0
        case _:
            return 0.0, 1.0


def _equal(expr: Expr, other: Expr, columns: Columns, profile: Profile) -> float:
    histogram = histogram_of(expr, columns, profile)
    domain = domain_of(expr, columns)
    if histogram is not None and isinstance(other, Literal):
        place = _place(other, expr, columns)
        if place is None:
            return 0.0
        index = int((place - histogram.low) // histogram.width)
        if 0 <= index < len(histogram.counts):
            return max(0.001, _clip(histogram.counts[index] / _total(histogram) / histogram.width))
    match domain:
        case BooleanDomain():
            return 0.5
        case ChoiceDomain():
            return 1 / max(1, len(domain.members))
        case NumberDomain():
            return 1 / max(1.0, (domain.high - domain.low) / domain.step + 1)
        case _:
            return 0.01


def _below(expr: Expr, other: Expr, columns: Columns, profile: Profile, known: Known) -> float:
    if isinstance(expr, Literal) and not isinstance(other, Literal):
        return 1 - _below(other, expr, columns, profile, known)
    if not isinstance(other, Literal) or isinstance(domain_of(expr, columns), NullDomain):
        return UNKNOWN_SHARE
    place = _place(other, expr, columns)
    if place is None:
        return UNKNOWN_SHARE
    if isinstance(expr, Column) and expr.name in known and isinstance(other.value, Fixed):
        mean, variance = known[expr.name]
        far = (other.value.units / 10**other.value.scale - mean) / sqrt(max(variance, 1e-9))
        return _clip(erfc(-far / sqrt(2)) / 2)
    histogram = histogram_of(expr, columns, profile)
    if histogram is None:
        low, high = _ends(expr, columns)
        return _clip((place - low) / max(1.0, high - low))
    below = sum(
        max(0.0, count) * _clip((place - histogram.low - i * histogram.width) / histogram.width) for i, count in enumerate(histogram.counts)
    )
    return _clip(below / _total(histogram))


def _like(expr: Expr, pattern: Expr, columns: Columns, profile: Profile) -> float:
    domain = domain_of(expr, columns)
    if not (isinstance(domain, ChoiceDomain) and isinstance(pattern, Literal) and isinstance(pattern.value, str)):
        return 0.1
    histogram = histogram_of(expr, columns, profile)
    counts = [max(0.0, count) for count in histogram.counts] if histogram is not None else [1.0] * len(domain.members)
    wanted = re.compile("".join({"%": ".*", "_": "."}.get(sign, re.escape(sign)) for sign in pattern.value), re.DOTALL)
    found = sum(count for member, count in zip(domain.members, counts, strict=False) if wanted.fullmatch(member))
    return _clip(found / max(1e-9, sum(counts)))
