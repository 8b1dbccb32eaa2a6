"""What an answer is likely to be, from the private profile and the policy: for choosing bounds and splitting the cost.

Predictions may be wrong; then an answer is less precise or dearer than it could be, never less private. Nothing here is
trusted, and nothing here sees a row.
"""

from dataclasses import dataclass, replace
from functools import lru_cache
from math import erfc, exp, lgamma, log, pi, sqrt
from typing import assert_never, final

from amana.catalog.profile import Profile
from amana.catalog.schema import Schema
from amana.query.expr import Call, Column, Fixed, Literal, Op
from amana.query.infer import columns_of, grouping_scan, multiplicity_of, rows_of
from amana.query.moments import mean_and_variance
from amana.query.plan import Buckets, Filter, Join, JoinKind, PerUnit, Project, Relation, Scan, Union, UnitFunction, Window, WindowFunction
from amana.query.shares import Known, share_of
from amana.query.tables import is_private, scans_of, table_of

WIDE_BIN = 4
"""Bins of that many numbers of rows or more are taken as two halves."""
MORE_EQUALITIES = 0.05
"""Share of rows that an equality beside the key of a public table is taken to keep."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Crowd:
    """Predicted rows of a private relation. `spread`: (rows of a unit before filters, number of such units); `share`: the
    chance that a row is still there after filters and joins."""

    spread: tuple[tuple[float, float], ...]
    share: float
    clump: float = 1.0
    """Rows of a unit come in clumps of that many (those of one parent), before filters."""
    unsure: float = 1.0
    """By what factor filters that nobody can predict may keep more than `share`."""

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

    def first(self, most: int, *, exactly: bool) -> "Crowd":
        """The crowd of each unit's first rows, or of the row of that number alone, numbered after the filters."""
        left = [(rows * self.share, units) for rows, units in self.spread]
        if exactly:
            there = [units * (float(rows >= most) if self.share >= 1 else min(1.0, rows / most)) for rows, units in left]
            return Crowd(spread=tuple((1.0, units) for units in there), share=1.0)
        return Crowd(spread=tuple((min(float(most), max(1.0, rows)), units * min(1.0, rows)) for rows, units in left), share=1.0)

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
        return _lost_after(self, most, parts)


@lru_cache(maxsize=4096)
def _lost_after(crowd: Crowd, most: float, parts: float) -> float:
    whole = lost = 0.0
    clump = 1 + (crowd.clump - 1) * sqrt(min(1.0, crowd.share))  # filters on the parent keep clumps whole, others thin them
    share = min(1.0, crowd.share * crowd.unsure) if crowd.unsure > 1 else crowd.share
    for rows, units in crowd.spread:
        mean = rows * share / max(1.0, parts)
        whole += units * mean
        lost += units * clump * _poisson_excess(mean / clump, most / clump)
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
            spread = _spread(table_of(relation, schema).name, profile)
            return Crowd(spread=spread, share=1.0, clump=_clump(relation, schema, profile))
        case Filter():
            below, known = crowd_of(relation.source, schema, profile), known_of(relation.source, schema, profile)
            first = _first_rows(relation)
            if first is not None:
                return below.first(first[0], exactly=first[1])
            columns = columns_of(relation.source, schema)
            kept = share_of(relation.predicate, columns, profile, known)
            most = share_of(relation.predicate, columns, profile, known, unknown=1.0)
            return replace(below, share=below.share * kept, unsure=below.unsure * (most / kept if kept > 0 else 1.0))
        case Buckets():
            below = crowd_of(relation.source, schema, profile)
            return replace(below, spread=tuple((rows * relation.grams.most, units) for rows, units in below.spread))
        case Project() | Window():
            return crowd_of(relation.source, schema, profile)
        case Union():
            parts = [crowd_of(part, schema, profile) for part in relation.parts]
            largest = max(parts, key=lambda part: part.rows)
            more = sum(part.rows for part in parts) / largest.rows
            return replace(largest, spread=tuple((rows * more, units) for rows, units in largest.spread))
        case PerUnit():
            below, parent = crowd_of(relation.source, schema, profile), grouping_scan(relation, schema)
            if parent is not None:  # as many groups as the parent has rows, but for those that nothing is left of
                groups_whole = crowd_of(parent, schema, profile)
                return replace(groups_whole, share=_any(below.rows / groups_whole.rows))
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


def _first_rows(relation: Filter) -> tuple[int, bool] | None:
    """(n, exactly the n-th) when the filter keeps the first n rows of each unit, or the n-th of them."""
    source, call = relation.source, relation.predicate
    renamed: dict[str, str] = {}
    if isinstance(source, Project):
        renamed = {name: expr.name for name, expr in source.columns if isinstance(expr, Column)}
        source = source.source
    if not (isinstance(source, Window) and isinstance(call, Call) and call.op in (Op.EQ, Op.LE, Op.LT)):
        return None
    column, literal = call.args
    if not (isinstance(column, Column) and isinstance(literal, Literal) and isinstance(literal.value, Fixed) and literal.value.scale == 0):
        return None
    name = renamed.get(column.name, column.name)
    if not any(m.name == name and m.function is WindowFunction.ROW_NUMBER and not m.partition for m in source.measures):
        return None
    return max(1, literal.value.units - (call.op is Op.LT)), call.op is Op.EQ


def _any(expected: float) -> float:
    """The chance that there is at least one of so many expected."""
    return max(0.001, 1 - exp(-expected))


def _clump(scan: Scan, schema: Schema, profile: Profile) -> float:
    table = table_of(scan, schema)
    parent = schema.table(table.path.parent) if table.path is not None else None
    if parent is None or parent.rows_per_unit_max == 1:
        return 1.0
    own, above = (max(1.0, sum(rows * units for rows, units in _spread(name, profile))) for name in (table.name, parent.name))
    return max(1.0, own / above)


@lru_cache(maxsize=256)
def _spread(table: str, profile: Profile) -> tuple[tuple[float, float], ...]:
    """(rows of a unit, number of such units) of a whole table."""
    found = profile.table(table)
    if found is None:
        return ((1.0, 1.0),)
    points: list[tuple[float, float]] = []
    for low, high, units in zip(
        found.rows_edges, (*found.rows_edges[1:], found.rows_edges[-1] + 1), _falling(found.units_by_rows), strict=True
    ):
        if units > 0 and high - low >= WIDE_BIN:  # spread evenly inside: a bound may well pass through it
            points += [(low + (high - 1 - low) * quarter / 4, units / 2) for quarter in (1, 3)]
        elif units > 0:
            points.append(((low + high - 1) / 2, units))
    return tuple(points) or ((1.0, 1.0),)


def _falling(counts: tuple[float, ...]) -> tuple[float, ...]:
    """Noisy counts as true ones can be: none negative, and nothing beyond the last that noise alone does not explain.

    The size of the noise is seen in the negative counts. The numbers of units with at least so many rows never rise, so they
    are pooled where noise makes them rise.
    """
    below = [count for count in counts if count < 0]
    noise = sqrt(sum(count * count for count in below) / len(below)) if below else 0.0
    last = max((at for at in range(len(counts)) if sum(counts[at:]) > 3 * noise * sqrt(len(counts) - at)), default=-1)
    blocks: list[tuple[float, int]] = []  # (mean of the numbers of units from there on, how many of them are pooled)
    for place in range(len(counts)):
        mean, size = sum(counts[place : last + 1]), 1
        while blocks and blocks[-1][0] < mean:
            before, many = blocks.pop()
            mean, size = (before * many + mean * size) / (many + size), size + many
        blocks.append((mean, size))
    at_least = [max(0.0, mean) for mean, size in blocks for _ in range(size)]
    return tuple(one - next_one for one, next_one in zip(at_least, (*at_least[1:], 0.0), strict=True))


def known_of(relation: Relation, schema: Schema, profile: Profile) -> Known:
    """Predicted mean and variance of columns that are computed inside units; absent when nothing better than the domain is known."""
    match relation:
        case PerUnit():
            below, columns = crowd_of(relation.source, schema, profile), columns_of(relation.source, schema)
            each = below.rows / crowd_of(relation, schema, profile).rows
            mean, variance = (each, each) if relation.keys else below.rows_of_unit()
            found: dict[str, tuple[float, float]] = {}
            for measure in relation.measures:
                if measure.function in (UnitFunction.COUNT, UnitFunction.COUNT_DISTINCT):
                    found[measure.name] = (mean, variance)
                    continue
                one, spread = mean_and_variance(measure.value, columns, profile)
                added = (mean * one, mean * spread + variance * one * one)
                found[measure.name] = added if measure.function is UnitFunction.SUM else (one, spread)
            return found
        case Filter():
            return known_of(relation.source, schema, profile)
        case Project():
            below_known = known_of(relation.source, schema, profile)
            return {
                name: below_known[expr.name] for name, expr in relation.columns if isinstance(expr, Column) and expr.name in below_known
            }
        case _:
            return {}


def _kept_by(join: Join, left: Crowd, schema: Schema, profile: Profile) -> float:
    """The predicted share of left rows that have a partner, for SEMI (and ANTI, which keeps the others)."""
    if not is_private(join.right, schema):
        return public_share(join.right, schema)
    right, columns = crowd_of(join.right, schema, profile), columns_of(join.left, schema)
    by_unit = all(columns[one].unit for one, _ in join.on)
    found = right.rows / max(1.0, left.units if by_unit else sum(rows * units for rows, units in left.spread))
    return _any(found if join.residual is None else found / 2)


def _joined(join: Join, schema: Schema, profile: Profile) -> Crowd:
    if join.kind in (JoinKind.SEMI, JoinKind.ANTI):
        left = crowd_of(join.left, schema, profile)
        kept = _kept_by(join, left, schema, profile)
        return replace(left, share=left.share * (kept if join.kind is JoinKind.SEMI else max(0.001, 1 - kept)))
    if not is_private(join.right, schema):
        left, kept = crowd_of(join.left, schema, profile), public_share(join.right, schema)
        key = {name for table in (scan.table for scan in scans_of(join.right)) if (found := schema.table(table)) for name in found.key}
        beyond = sum(other.rsplit(".", 1)[-1] not in key for _, other in join.on)  # an equality that the public key does not need
        kept *= MORE_EQUALITIES**beyond
        many = max(1, multiplicity_of(join.right, frozenset(other for _, other in join.on), schema) or 1)
        joined = replace(left, share=left.share * (kept * many if join.kind is JoinKind.INNER else many))
    elif not is_private(join.left, schema):
        joined = crowd_of(join.right, schema, profile)
        joined = replace(joined, share=joined.share * public_share(join.left, schema))
    else:
        left, right = crowd_of(join.left, schema, profile), crowd_of(join.right, schema, profile)
        largest = max(rows_of(join.left, schema), rows_of(join.right, schema))
        if rows_of(join, schema) > largest:  # each row of a unit meets all of its others
            return _multiplied(join, left, right, schema, profile)
        finer, coarser = (left, right) if sum(r * u for r, u in left.spread) >= sum(r * u for r, u in right.spread) else (right, left)
        joined = replace(finer, share=finer.share * (coarser.share if join.kind is JoinKind.INNER else 1.0))
    if join.residual is not None and join.kind is JoinKind.INNER:
        both = {**columns_of(join.left, schema), **columns_of(join.right, schema)}
        joined = replace(joined, share=joined.share * share_of(join.residual, both, profile))
    return joined


def _multiplied(join: Join, left: Crowd, right: Crowd, schema: Schema, profile: Profile) -> Crowd:
    """Rows of a join on the unit alone. Two readings of one table have the same spread, and a unit with many rows has many in both."""
    kept = 1.0
    if join.residual is not None:
        both = {**columns_of(join.left, schema), **columns_of(join.right, schema)}
        kept = share_of(join.residual, both, profile)
    mean = sum(rows * units for rows, units in right.spread) / max(1.0, right.units)
    pairs = [(rows, rows if left.spread == right.spread else mean, units) for rows, units in left.spread]
    if join.kind is JoinKind.LEFT:
        spread = tuple((rows * max(1.0, others * right.share * kept), units) for rows, others, units in pairs)
        return Crowd(spread=spread, share=left.share, clump=max(1.0, mean * right.share * kept))
    spread = tuple((rows * others, units) for rows, others, units in pairs)
    return Crowd(spread=spread, share=left.share * right.share * kept, clump=max(1.0, mean * right.share))


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
