"""What an answer is likely to be, from the private profile and the policy: for choosing bounds and splitting the cost.

Predictions may be wrong; then an answer is less precise or dearer than it could be, never less private. Nothing here is
trusted, and nothing here sees a row.
"""

from dataclasses import dataclass, replace
from math import erfc, exp, lgamma, log, pi, sqrt
from typing import assert_never, final

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, MomentDomain, NumberDomain
from amana.catalog.profile import Histogram, Profile
from amana.catalog.schema import Schema
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Op
from amana.query.infer import columns_of, is_private, multiplicity_of, rows_of, table_of
from amana.query.kinds import Columns, NullDomain
from amana.query.plan import Filter, Join, JoinKind, PerUnit, Project, Relation, Scan, Union, Window
from amana.query.values import domain_of

UNKNOWN_SHARE = 0.5


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Predicted rows of a private relation. `spread`: (rows of a unit before filters, number of such units); `share`: the
    chance that a row is still there after filters and joins; `origins`: predicted means by column name."""

    spread: tuple[tuple[float, float], ...]
    share: float

    @property
    def units(self) -> float:
        return sum(units for _, units in self.spread)

    @property
    def rows(self) -> float:
        return max(1.0, self.share * sum(rows * units for rows, units in self.spread))

    @property
    def units_left(self) -> float:
        """Units with at least one row left."""
        left: float = sum(units * (1 - (1 - min(1.0, self.share)) ** rows) for rows, units in self.spread)
        return max(1.0, left)

    def rows_of_unit(self) -> tuple[float, float]:
        """Mean and variance of the rows left of a unit."""
        units = max(1.0, self.units)
        mean = sum(count * rows * self.share for rows, count in self.spread) / units
        square = sum(count * ((rows * self.share) ** 2 + rows * self.share) for rows, count in self.spread) / units
        return mean, max(0.0, square - mean * mean)

    def lost(self, keep: int) -> float:
        """The share of rows that truncation to `keep` rows a unit loses."""
        whole = sum(rows * units for rows, units in self.spread)
        return 0.0 if whole <= 0 else sum(units * max(0.0, rows - keep) for rows, units in self.spread) / whole

    def lost_after(self, most: float, *, parts: float) -> float:
        """The share of rows lost when, after the filters, each unit counts at most `most` rows in each of `parts` groups."""
        whole = lost = 0.0
        for rows, units in self.spread:
            mean = rows * self.share / max(1.0, parts)
            whole += units * mean
            lost += units * _poisson_excess(mean, most)
        return 0.0 if whole <= 0 else lost / whole


def _poisson_excess(mean: float, most: float) -> float:
    """E[max(0, N - most)] for N Poisson of that mean; rows left by a filter are nearly that."""
    if mean <= 0:
        return 0.0
    if mean > 5:  # near enough to normal
        deviation = sqrt(mean)
        z = (most - mean) / deviation
        return deviation * exp(-z * z / 2) / sqrt(2 * pi) + (mean - most) * erfc(z / sqrt(2)) / 2
    n, last = int(most) + 1, mean + 8 * (sqrt(mean) + 1)
    if n >= last:
        return 0.0
    excess, chance = 0.0, exp(n * log(mean) - mean - lgamma(n + 1))
    while n < last:
        excess += (n - most) * chance
        n += 1
        chance *= mean / n
    return excess


def crowd_of(relation: Relation, schema: Schema, profile: Profile) -> Crowd:
    """Predicted rows of a private relation."""
    match relation:
        case Scan():
            found = profile.table(table_of(relation, schema).name)
            if found is None:
                return Crowd(spread=((1.0, 1.0),), share=1.0)
            pairs = zip(found.rows_edges, (*found.rows_edges[1:], found.rows_edges[-1] + 1), found.units_by_rows, strict=True)
            return Crowd(spread=tuple(((low + high - 1) / 2, max(0.0, units)) for low, high, units in pairs if low > 0), share=1.0)
        case Filter():
            below = crowd_of(relation.source, schema, profile)
            kept = share_of(relation.predicate, columns_of(relation.source, schema), profile)
            return replace(below, share=below.share * kept)
        case Project() | Window():
            return crowd_of(relation.source, schema, profile)
        case Union():
            parts = [crowd_of(part, schema, profile) for part in relation.parts]
            largest = max(parts, key=lambda part: part.rows)
            return replace(largest, share=largest.share * sum(part.rows for part in parts) / largest.rows)
        case PerUnit():
            below = crowd_of(relation.source, schema, profile)
            groups = rows_of(relation, schema) if relation.keys else 1
            left = tuple(
                (min(groups, max(1.0, rows * below.share)), units * (1 - (1 - min(1.0, below.share)) ** rows))
                for rows, units in below.spread
            )
            return Crowd(spread=left, share=1.0)
        case Join():
            return _joined(relation, schema, profile)
        case _:
            assert_never(relation)


def _joined(join: Join, schema: Schema, profile: Profile) -> Crowd:
    if join.kind in (JoinKind.SEMI, JoinKind.ANTI):
        left = crowd_of(join.left, schema, profile)
        return replace(left, share=left.share * UNKNOWN_SHARE)
    if not is_private(join.right, schema):
        left, kept = crowd_of(join.left, schema, profile), public_share(join.right, schema)
        many = max(1, multiplicity_of(join.right, frozenset(other for _, other in join.on), schema) or 1)
        joined = replace(left, share=left.share * (kept * many if join.kind is JoinKind.INNER else many))
    elif not is_private(join.left, schema):
        joined = crowd_of(join.right, schema, profile)
        joined = replace(joined, share=joined.share * public_share(join.left, schema))
    else:
        left, right = crowd_of(join.left, schema, profile), crowd_of(join.right, schema, profile)
        finer, coarser = (left, right) if sum(r * u for r, u in left.spread) >= sum(r * u for r, u in right.spread) else (right, left)
        joined = replace(finer, share=finer.share * (coarser.share if join.kind is JoinKind.INNER else 1.0))
    if join.residual is not None and join.kind is JoinKind.INNER:
        both = {**columns_of(join.left, schema), **columns_of(join.right, schema)}
        joined = replace(joined, share=joined.share * share_of(join.residual, both, profile))
    return joined


def public_share(relation: Relation, schema: Schema) -> float:
    """The predicted share of a public relation's keys that its filters keep."""
    match relation:
        case Filter():
            kept = share_of(relation.predicate, columns_of(relation.source, schema), Profile(tables=()))
            return kept * public_share(relation.source, schema)
        case Project():
            return public_share(relation.source, schema)
        case Join() if relation.kind is JoinKind.INNER:
            return public_share(relation.left, schema) * public_share(relation.right, schema)
        case _:
            return 1.0


def share_of(predicate: Expr, columns: Columns, profile: Profile) -> float:
    """The predicted chance that the predicate is true of a row, parts being independent."""
    match predicate:
        case Literal():
            return 1.0 if predicate.value is True else 0.0
        case Among():
            return min(1.0, sum(_equal(predicate.value, member, columns, profile) for member in predicate.members))
        case Call(op=Op.AND):
            return _range_or_product(predicate, columns, profile)
        case Call(op=Op.OR):
            none = 1.0
            for arg in predicate.args:
                none *= 1 - share_of(arg, columns, profile)
            return 1 - none
        case Call(op=Op.NOT):
            return 1 - share_of(predicate.args[0], columns, profile)
        case Call(op=Op.IS_NULL):
            histogram = _histogram(predicate.args[0], columns, profile)
            return 0.05 if histogram is None else _clip(histogram.missing / max(1.0, histogram.missing + _total(histogram)))
        case Call(op=Op.EQ | Op.NE):
            equal = _equal(predicate.args[0], predicate.args[1], columns, profile)
            return equal if predicate.op is Op.EQ else 1 - equal
        case Call(op=Op.LT | Op.LE):
            return _below(predicate.args[0], predicate.args[1], columns, profile)
        case Call(op=Op.GT | Op.GE):
            return 1 - _below(predicate.args[0], predicate.args[1], columns, profile)
        case Call(op=Op.LIKE):
            return 0.1
        case Column() | Call() | Case():
            return UNKNOWN_SHARE
        case _:
            assert_never(predicate)


def _range_or_product(predicate: Call, columns: Columns, profile: Profile) -> float:
    """Conjuncts multiply, but two bounds on one column cut its two ends."""
    share, ends = 1.0, dict[Expr, float]()
    for part in predicate.args:
        if isinstance(part, Call) and part.op in (Op.LT, Op.LE, Op.GT, Op.GE):
            ends[part.args[0]] = ends.get(part.args[0], 0.0) + 1 - share_of(part, columns, profile)
        else:
            share *= share_of(part, columns, profile)
    for cut in ends.values():
        share *= max(0.001, 1 - cut)
    return share


def _clip(share: float) -> float:
    return min(1.0, max(0.0, share))


def _histogram(expr: Expr, columns: Columns, profile: Profile) -> Histogram | None:
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
    histogram = _histogram(expr, columns, profile)
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


def _below(expr: Expr, other: Expr, columns: Columns, profile: Profile) -> float:
    if isinstance(expr, Literal) and not isinstance(other, Literal):
        return 1 - _below(other, expr, columns, profile)
    if not isinstance(other, Literal) or isinstance(domain_of(expr, columns), NullDomain):
        return UNKNOWN_SHARE
    place = _place(other, expr, columns)
    if place is None:
        return UNKNOWN_SHARE
    histogram = _histogram(expr, columns, profile)
    if histogram is None:
        low, high = _ends(expr, columns)
        return _clip((place - low) / max(1.0, high - low))
    below = sum(
        max(0.0, count) * _clip((place - histogram.low - i * histogram.width) / histogram.width) for i, count in enumerate(histogram.counts)
    )
    return _clip(below / _total(histogram))
