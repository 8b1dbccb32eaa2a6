"""What an answer is likely to look like before it is asked for: predicted sums, figures, and what losing rows does to each.

From public facts only; not trusted: a wrong prediction makes an answer dearer or less precise, never less private.
"""

from dataclasses import dataclass
from itertools import accumulate
from math import prod, sqrt
from typing import assert_never, final

from amana.catalog.domains import DateDomain, MomentDomain
from amana.catalog.profile import Profile
from amana.catalog.schema import Schema
from amana.privacy.keys import public_keys
from amana.query.check import ONE
from amana.query.expr import Call, Case, Literal, Op
from amana.query.figures import Curve, Expected
from amana.query.infer import columns_of, is_single, rows_of, visible_domain
from amana.query.kinds import Columns, size_of
from amana.query.moments import mean_and_variance
from amana.query.plan import (
    BinCount,
    Buckets,
    DistinctCount,
    Figure,
    Filter,
    Join,
    JoinKind,
    PerUnit,
    Plan,
    Project,
    Relation,
    Released,
    RowSum,
    Scan,
    Statistic,
    Union,
    UnitCount,
    Window,
)
from amana.query.predict import Crowd, crowd_of, known_of
from amana.query.scales import interval
from amana.query.shares import Known, histogram_of, share_of
from amana.query.tables import is_private, nodes_of
from amana.query.values import domain_of
from amana.terms.precision import Precision
from amana.terms.refusal import Refusal

CORRELATION = 0.5
"""Taken for one that is asked for: at 0 the two variances would seem not to matter."""
HEAVY_DIFFER = 0.02
"""By what share a mean over the rows that truncation cuts, those of units with many rows, is taken to differ from the mean of all."""
UNKNOWN_GROUPS = 1_000


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    plan: Plan
    columns: Columns
    crowd: Crowd
    profile: Profile
    rows_max: int
    groups: float
    spread_keys: int
    """Key combinations that the rows of one unit can be spread over."""
    finest: tuple[tuple[str, float], ...]
    """The scans that truncation is for: alias, and predicted rows."""
    rows: tuple["RowFacts | None", ...]
    """For each RowSum, what one row adds."""
    pure: bool
    """Whether noise follows L1 sensitivities (a pure loss), not L2."""

    def over(self, parts: int) -> float:
        """The sensitivity of that many parts of sensitivity 1 together."""
        return float(parts) if self.pure else sqrt(parts)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RowFacts:
    """One row's contribution to a RowSum, in units of its grid: its interval, predicted mean and standard deviation."""

    low: int
    high: int
    scale: int
    mean: float
    deviation: float
    counts: bool
    drift: float
    """By how much the mean may be off: of a product of two values nobody knows how they go together."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Harm:
    """The error of one figure when a share of all rows is lost. Units: `cut` and `clamped`, of the figure for each share lost by
    stored rank or by clamps; `drawn`, the variance for each share lost by rank, which is as good as drawing rows by lot."""

    cut: float
    drawn: float
    clamped: float
    of_sample: float
    """1 for a figure that does not shrink with its rows, 0 for a total."""


def facts_of(plan: Plan, schema: Schema, profile: Profile, *, groups_max: int, pure: bool) -> Facts:
    columns, crowd = columns_of(plan.source, schema), crowd_of(plan.source, schema, profile)
    keys = public_keys(plan, schema, groups_max=groups_max)
    groups = min(float(UNKNOWN_GROUPS), crowd.units_left) if keys is None else float(len(keys.combinations))
    known = known_of(plan.source, schema, profile)
    spread = 1
    for _, expr in plan.keys:
        if not is_single(expr, columns):
            spread *= min(10**6, size_of(visible_domain(expr, columns)))
    return Facts(
        plan=plan,
        columns=columns,
        crowd=crowd,
        profile=profile,
        rows_max=rows_of(plan.source, schema),
        groups=max(1.0, groups),
        spread_keys=max(1, min(spread, len(keys.combinations) if keys is not None else 10**6)),
        finest=tuple((scan.alias, crowd_of(scan, schema, profile).rows) for scan in _finest(plan.source, schema)),
        rows=tuple(_row(total, columns, profile, known) if isinstance(total, RowSum) else None for total in plan.sums),
        pure=pure,
    )


def _row(total: RowSum, columns: Columns, profile: Profile, known: Known) -> RowFacts:
    scale, low, high = interval(total, columns)
    mean, variance = (1.0, 0.0) if total.value == ONE else mean_and_variance(total.value, columns, profile, known)
    unit, centre = 10.0**scale, total.centre.units * 10.0 ** (scale - total.centre.scale)
    drift = 0.0
    if isinstance(total.value, Call) and total.value.op is Op.MUL and total.value.args[0] != total.value.args[1]:
        drift = sqrt(prod(mean_and_variance(arg, columns, profile, known)[1] for arg in total.value.args))
    return RowFacts(
        low=low,
        high=high,
        scale=scale,
        mean=mean * unit - centre,
        deviation=sqrt(variance) * unit,
        counts=total.value == ONE,
        drift=drift * unit,
    )


def expected_sums(facts: Facts) -> tuple[Expected, ...]:
    """Predicted sums in one typical group, in units of their grids."""
    rows, units = facts.crowd.rows / facts.groups, facts.crowd.units_left / min(facts.groups, max(1.0, facts.groups / facts.spread_keys))
    found: list[Expected] = []
    for total, row in zip(facts.plan.sums, facts.rows, strict=True):
        match total:
            case RowSum():
                assert row is not None
                found.append(rows * row.mean)
            case UnitCount():
                found.append(min(units, rows) * share_of(total.condition, facts.columns, facts.profile))
            case DistinctCount():
                found.append(min(rows, float(size_of(visible_domain(total.value, facts.columns)))))
            case BinCount():
                found.append(_curve(total, rows, facts))
    for _, figure in facts.plan.figures:
        if isinstance(figure, Statistic) and figure.kind is Released.CORR:
            x, y, product = (facts.rows[index] for index in figure.sums[:3])
            assert x is not None and y is not None and product is not None
            unit = 10.0 ** (product.scale - x.scale - y.scale)
            moved = found[figure.sums[2]]
            assert isinstance(moved, float)
            found[figure.sums[2]] = moved + rows * CORRELATION * x.deviation * y.deviation * unit
    return tuple(found)


def _curve(total: BinCount, rows: float, facts: Facts) -> Expected:
    """The bins of a profiled column as its histogram has them; of anything else the number of rows, to be spread evenly."""
    value = total.value
    if isinstance(value, Case) and len(value.branches) == 1 and value.otherwise == Literal(value=None):
        value = value.branches[0][1]  # NULL elsewhere
    histogram = histogram_of(value, facts.columns, facts.profile)
    if histogram is None:
        return rows
    counts = [max(0.0, count) for count in histogram.counts]
    whole = sum(counts)
    if whole <= 0:
        return rows
    edges = tuple((histogram.low + at * histogram.width - total.low) / total.width for at in range(len(counts) + 1))
    return Curve(total=rows, edges=edges, shares=tuple(min(1.0, below / whole) for below in accumulate(counts, initial=0.0)))


def half_widths(
    facts: Facts, values: tuple[float | None, ...], rows: tuple[tuple[float, ...], ...], within: Precision | None
) -> tuple[float, ...]:
    halves: list[float] = []
    if within is not None and within.relative and facts.crowd.share <= 0:
        raise Refusal("budget.precision_unreachable", reason="word.imprecise.prediction")  # no row is expected: a share of nothing
    for (_, figure), value, row in zip(facts.plan.figures, values, rows, strict=True):
        if value is None or not any(row):
            halves.append(0.0)
        elif within is not None and not within.relative:
            halves.append(float(within.amount))
        else:
            share = 1.0 if within is None else float(within.amount)
            halves.append((_span(figure, facts) or max(abs(value), _natural(figure, facts))) * share)
    if not any(half > 0 for half in halves):
        raise Refusal("budget.precision_unreachable", reason="word.imprecise.prediction")
    return tuple(halves)


def harms_of(
    facts: Facts, values: tuple[float | None, ...], rows: tuple[tuple[float, ...], ...], grown: tuple[tuple[float, float], ...]
) -> tuple[Harm | None, ...]:
    """What losing rows does to each figure. A total shrinks with them; a mean, a ratio, a quantile becomes that of a sample."""
    count = facts.crowd.rows / facts.groups
    windowed = any(isinstance(node, Window) for node in nodes_of(facts.plan.source))
    squares = [0.25 if row is None else row.mean**2 + row.deviation**2 for row in facts.rows]
    return tuple(
        None
        if value is None
        else Harm(
            cut=max(abs(whole), HEAVY_DIFFER * abs(value)),
            drawn=count * sum(weight * square for weight, square in zip(row, squares, strict=True)),
            # of what windows make of rows nobody knows the mean, so a clamp may cut all of it
            clamped=max(apart, abs(value), 10 * _natural(figure, facts)) if windowed else apart,
            of_sample=1 - min(1.0, abs(whole / value)) if value else 1.0,
        )
        for (_, figure), value, row, (whole, apart) in zip(facts.plan.figures, values, rows, grown, strict=True)
    )


def _span(figure: Figure, facts: Facts) -> float | None:
    """What a share of a date is a share of: the days (of a moment, the seconds) that policy declares, not those since 1970."""
    if isinstance(figure, Statistic) and figure.kind is Released.QUANTILE:
        total = facts.plan.sums[figure.sums[0]]
        if isinstance(total, BinCount) and isinstance(domain_of(total.value, facts.columns), DateDomain | MomentDomain):
            return float(total.width * total.bins)
    return None


def _natural(figure: Figure, facts: Facts) -> float:
    """The natural size of a figure that may well be near 0, where a share of it would mean nothing: 1 for a correlation,
    one deviation for a mean, a product or quotient of deviations for a covariance or slope."""
    if not isinstance(figure, Statistic):
        return 0.0
    deviations = [r.deviation / 10.0**r.scale if (r := facts.rows[i]) is not None else 0.0 for i in figure.sums]
    match figure.kind:
        case Released.CORR:
            return 1.0
        case Released.COVAR_SAMP | Released.COVAR_POP:
            return deviations[0] * deviations[1]
        case Released.SLOPE:
            return deviations[1] / deviations[0] if deviations[0] else 0.0
        case Released.INTERCEPT:
            return deviations[1]
        case Released.MEAN:
            return deviations[0] / 10
        case _:
            return 0.0


def _finest(relation: Relation, schema: Schema) -> tuple[Scan, ...]:
    """The scans whose rows are the relation's, but for what public tables multiply: one for each part of a union, or
    nothing if rows are regrouped below."""
    match relation:
        case Scan():
            return (relation,) if is_private(relation, schema) else ()
        case Filter() | Project():
            return _finest(relation.source, schema)
        case Join() if relation.kind in (JoinKind.SEMI, JoinKind.ANTI) or not is_private(relation.right, schema):
            return _finest(relation.left, schema)
        case Join() if not is_private(relation.left, schema):
            return _finest(relation.right, schema)
        case Join():
            sides = sorted((relation.left, relation.right), key=lambda side: rows_of(side, schema))
            decides = rows_of(relation, schema) <= rows_of(sides[1], schema)
            return _finest(sides[1], schema) if decides else ()
        case Union():
            parts = [_finest(part, schema) for part in relation.parts]
            return tuple(scan for part in parts for scan in part) if all(parts) else ()
        case PerUnit() | Window() | Buckets():
            return ()
        case _:
            assert_never(relation)
