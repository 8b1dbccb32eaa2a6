"""Which bounds to use for a question: by predicted bias and noise, and by what it costs the engine, from public facts only.

Strategies: S1 keeps rows of low stored rank; S2 sums each unit first and clamps the sums. Any choice is sound
(`privacy/bound.py`), so this module is outside the trusted base.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil, inf, sqrt
from typing import assert_never, final

from amana.catalog.profile import Profile
from amana.catalog.schema import Schema
from amana.privacy.bound import Choice, interval, scale_of
from amana.privacy.keys import public_keys
from amana.privacy.price import Z95, Aim, PureCap, RhoCap, Target
from amana.query.check import ONE
from amana.query.expr import Literal
from amana.query.figures import predicted, weights
from amana.query.infer import columns_of, is_private, is_single, rows_of, size_of, visible_domain
from amana.query.kinds import Columns
from amana.query.moments import Known, known_of, mean_and_variance
from amana.query.plan import (
    BinCount,
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
from amana.query.predict import Crowd, crowd_of, share_of
from amana.terms.precision import Precision
from amana.terms.refusal import Refusal

CHEAP_SHARE = 0.25
"""Per-unit sums cost a grouping by unit: taken freely only when filters leave at most this share of the rows."""
MATERIAL = 0.003
"""Relative error from which a dearer strategy is worth its time."""
GAIN = 0.8
UNKNOWN_GROUPS = 1_000
WITNESS_AMPLE = 200


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Shapes: `figures` are (name, predicted value in one group, predicted lost share); `groups`: predicted number."""

    choice: Choice
    aim: Aim
    figures: tuple[tuple[str, float | None], ...]
    groups: float
    lost_share: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Facts:
    plan: Plan
    columns: Columns
    crowd: Crowd
    profile: Profile
    rows_max: int
    groups: float
    spread_keys: int
    """Key combinations that the rows of one unit can be spread over."""
    finest: str | None
    """Alias of the scan that truncation is for."""
    rows: tuple["_Row | None", ...]
    """For each RowSum, what one row adds."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Row:
    """One row's contribution to a RowSum, in units of its grid: its interval, predicted mean and standard deviation."""

    low: int
    high: int
    scale: int
    mean: float
    deviation: float
    counts: bool


def choose(plan: Plan, schema: Schema, profile: Profile, *, within: Precision | None, target: Target, groups_max: int) -> Chosen:
    """Bounds, and how the cost is to be split. `within` None: figures weigh by their predicted size (a loss cap is given).

    Errors: Refusal budget.precision_unreachable when nothing can be predicted.
    """
    facts = _facts(plan, schema, profile, groups_max=groups_max)
    expected = _expected(facts)
    decimals = tuple(scale_of(total, facts.columns) for total in plan.sums)
    values = predicted(plan, expected, decimals)
    rows = weights(plan, expected, decimals)
    halves = _half_widths(facts, values, rows, within)
    aim = Aim(weights=rows, half_widths=halves)
    best, best_score, best_lost = Choice(), inf, 0.0
    for choice, reaches, lost, dear in _candidates(facts):
        score = _score(aim, values, reaches, lost, target)
        if dear and not (score < best_score * GAIN**2 and (_material(aim, values, reaches, target) or facts.crowd.share <= CHEAP_SHARE)):
            continue
        if score < best_score:
            best, best_score, best_lost = choice, score, lost
    ample = facts.crowd.rows / facts.groups >= WITNESS_AMPLE + 10 * facts.rows_max
    choice = _with_scan(best, facts, rows_witness=ample)
    aim = _with_hidden(aim, plan, choice, schema, groups_max=groups_max)
    named = tuple((name, value) for (name, _), value in zip(plan.figures, values, strict=True))
    return Chosen(choice=choice, aim=aim, figures=named, groups=facts.groups, lost_share=best_lost)


def _facts(plan: Plan, schema: Schema, profile: Profile, *, groups_max: int) -> _Facts:
    columns, crowd = columns_of(plan.source, schema), crowd_of(plan.source, schema, profile)
    keys = public_keys(plan, schema, groups_max=groups_max)
    groups = min(float(UNKNOWN_GROUPS), crowd.units_left) if keys is None else float(len(keys.combinations))
    known = known_of(plan.source, schema, profile)
    spread = 1
    for _, expr in plan.keys:
        if not is_single(expr, columns):
            spread *= min(10**6, size_of(visible_domain(expr, columns)))
    return _Facts(
        plan=plan,
        columns=columns,
        crowd=crowd,
        profile=profile,
        rows_max=rows_of(plan.source, schema),
        groups=max(1.0, groups),
        spread_keys=max(1, min(spread, len(keys.combinations) if keys is not None else 10**6)),
        finest=_finest(plan.source, schema),
        rows=tuple(_row(total, columns, profile, known) if isinstance(total, RowSum) else None for total in plan.sums),
    )


def _row(total: RowSum, columns: Columns, profile: Profile, known: Known) -> _Row:
    scale, low, high = interval(total, columns)
    mean, variance = (1.0, 0.0) if total.value == ONE else mean_and_variance(total.value, columns, profile, known)
    unit, centre = 10.0**scale, total.centre.units * 10.0 ** (scale - total.centre.scale)
    return _Row(low=low, high=high, scale=scale, mean=mean * unit - centre, deviation=sqrt(variance) * unit, counts=total.value == ONE)


def _expected(facts: _Facts) -> tuple[float, ...]:
    """Predicted sums in one typical group, in units of their grids."""
    rows, units = facts.crowd.rows / facts.groups, facts.crowd.units_left / min(facts.groups, max(1.0, facts.groups / facts.spread_keys))
    found: list[float] = []
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
                found.append(rows)
    return tuple(found)


def _half_widths(
    facts: _Facts, values: tuple[float | None, ...], rows: tuple[tuple[float, ...], ...], within: Precision | None
) -> tuple[float, ...]:
    halves: list[float] = []
    for (_, figure), value, row in zip(facts.plan.figures, values, rows, strict=True):
        if value is None or not any(row):
            halves.append(0.0)
        elif within is not None and not within.relative:
            halves.append(float(within.amount))
        else:
            share = 1.0 if within is None else float(within.amount)
            halves.append(max(abs(value), _natural(figure, facts)) * share)
    if not any(half > 0 for half in halves):
        raise Refusal("budget.precision_unreachable", reason="prediction")
    return tuple(halves)


def _natural(figure: Figure, facts: _Facts) -> float:
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


def _candidates(facts: _Facts) -> Iterator[tuple[Choice, tuple[float, ...], float, bool]]:
    """(choice with one `keep` for all scans, L2 reach of each sum, predicted lost share, whether it costs the engine much)."""
    for keep in _counts(facts.rows_max) if facts.finest is not None else [facts.rows_max]:
        yield Choice(keep=(("", keep),)), tuple(_row_reach(i, facts, keep) for i in range(len(facts.rows))), facts.crowd.lost(keep), False
    if not any(facts.rows):
        return
    keys = min(facts.spread_keys, facts.rows_max)
    for most in _counts(facts.rows_max):
        clamps = tuple(_clamp(row, most) if row is not None else None for row in facts.rows)
        reaches = tuple(
            _row_reach(i, facts, facts.rows_max) if clamp is None else sqrt(keys) * max(-clamp[0], clamp[1])
            for i, clamp in enumerate(clamps)
        )
        yield Choice(clamps=clamps), reaches, facts.crowd.lost_after(most, parts=keys), True


def _counts(most: int) -> list[int]:
    """Candidate bounds: every whole number at first, then about 20 % apart, up to the public cap."""
    counts: list[int] = []
    at = 1
    while at < most:
        counts.append(at)
        at = max(at + 1, ceil(at * 1.2))
    return [*counts, most]


def _row_reach(index: int, facts: _Facts, keep: int) -> float:
    row = facts.rows[index]
    if row is not None:
        return float(keep * max(abs(row.low), abs(row.high)))
    return sqrt(min(facts.spread_keys, keep)) if isinstance(facts.plan.sums[index], UnitCount) else float(keep)


def _clamp(row: _Row, most: int) -> tuple[int, int]:
    """Where to clamp one unit's sum, if it has at most `most` rows: its likely end (mean and three deviations), or its largest."""
    if row.counts:
        return 0, most
    room = 3 * row.deviation * sqrt(most)
    top = min(most * max(0, row.high), ceil(max(0.0, row.mean * most) + room))
    bottom = max(most * min(0, row.low), -ceil(max(0.0, -row.mean * most) + room))
    return bottom, max(top, 1)


def _score(aim: Aim, values: tuple[float | None, ...], reaches: tuple[float, ...], lost: float, target: Target) -> float:
    """Smaller is better: the loss needed for the wanted half-widths, or the squared relative error at a given loss."""
    noise = _noise_at_one(aim, reaches)
    worst = 0.0
    for value, half, one in zip(values, aim.half_widths, noise, strict=True):
        if half <= 0 or value is None:
            continue
        bias = lost * abs(value)
        if isinstance(target, RhoCap | PureCap):
            loss = target.nano_rho / 1e9 if isinstance(target, RhoCap) else float(target.epsilon) ** 2 / 2
            worst = max(worst, (one**2 / loss + bias**2) / half**2)
        else:
            room = half**2 - (5 * bias) ** 2  # bias may take a fifth of what is wanted at most
            if 5 * bias >= half:
                return 1e30 * (1 + bias / half)
            worst = max(worst, (Z95 * one) ** 2 / room)
    return worst


def _noise_at_one(aim: Aim, reaches: tuple[float, ...]) -> list[float]:
    """Standard deviation of each figure when the whole question costs rho = 1, split as `price` splits it."""
    hang = [sum(r[i] / h**2 for r, h in zip(aim.weights, aim.half_widths, strict=True) if h > 0) for i in range(len(reaches))]
    variances = [max(reach, 1.0) / sqrt(weight) if weight > 0 else 0.0 for reach, weight in zip(reaches, hang, strict=True)]
    loss = sum(max(reach, 1.0) ** 2 / (2 * v) for reach, v in zip(reaches, variances, strict=True) if v > 0)
    return [sqrt(loss * sum(w * v for w, v in zip(row, variances, strict=True))) for row in aim.weights]


def _material(aim: Aim, values: tuple[float | None, ...], reaches: tuple[float, ...], target: Target) -> bool:
    """Whether noise at this loss would be seen at all; a precision that was asked for is always worth saving loss."""
    if not isinstance(target, RhoCap | PureCap):
        return True
    loss = target.nano_rho / 1e9 if isinstance(target, RhoCap) else float(target.epsilon) ** 2 / 2
    shares = [one / sqrt(loss) / abs(value) for value, one in zip(values, _noise_at_one(aim, reaches), strict=True) if value]
    return max(shares, default=0.0) > MATERIAL


def _with_scan(choice: Choice, facts: _Facts, *, rows_witness: bool) -> Choice:
    """The choice with its one `keep` given to the scan whose rows decide."""
    keep = tuple((facts.finest or "", most) for _, most in choice.keep if most < facts.rows_max)
    counts_rows = any(row is not None and row.counts for row in facts.rows)
    return Choice(keep=keep, clamps=choice.clamps, witness_units=not (counts_rows and rows_witness))


def _finest(relation: Relation, schema: Schema) -> str | None:
    """The scan of which each row gives at most as many rows as public tables multiply; None if rows are regrouped below."""
    match relation:
        case Scan():
            table = schema.table(relation.table)
            return relation.alias if table is not None and table.private else None
        case Filter() | Project():
            return _finest(relation.source, schema)
        case Join() if relation.kind in (JoinKind.SEMI, JoinKind.ANTI) or not is_private(relation.right, schema):
            return _finest(relation.left, schema)
        case Join() if not is_private(relation.left, schema):
            return _finest(relation.right, schema)
        case Join():
            sides = sorted((relation.left, relation.right), key=lambda side: rows_of(side, schema))
            decides = rows_of(relation, schema) <= rows_of(sides[1], schema)
            return _finest(sides[1], schema) if decides else None
        case PerUnit() | Union() | Window():
            return None
        case _:
            assert_never(relation)


def _with_hidden(aim: Aim, plan: Plan, choice: Choice, schema: Schema, *, groups_max: int) -> Aim:
    """A column of zeros for the witness that `bound` adds when no sum of the question can serve."""
    if public_keys(plan, schema, groups_max=groups_max) is not None:
        return aim
    units = any(isinstance(total, UnitCount) and total.condition == Literal(value=True) for total in plan.sums)
    rows = not choice.witness_units and any(isinstance(total, RowSum) and total.value == ONE for total in plan.sums)
    if units or rows:
        return aim
    return Aim(weights=tuple((*row, 0.0) for row in aim.weights), half_widths=aim.half_widths)
