"""Which bounds to use for a question: by predicted bias and noise, and by what it costs the engine, from public facts only.

Strategies: S1 keeps rows of low stored rank; S2 sums each unit first and clamps the sums. Any choice is sound
(`privacy/bound.py`), so this module is outside the trusted base.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from math import ceil, inf, sqrt
from typing import TypeAlias, final

from amana.catalog.profile import Profile
from amana.catalog.schema import Schema
from amana.node.outlook import Facts, Harm, RowFacts, expected_sums, facts_of, half_widths, harms_of
from amana.privacy.bound import Choice
from amana.privacy.keys import public_keys
from amana.privacy.price import Z95, Aim, PureCap, RhoCap, Target, hangs_on
from amana.query.check import ONE, is_ranked
from amana.query.expr import Literal
from amana.query.figures import growth, predicted, weights
from amana.query.plan import (
    BinCount,
    PerUnit,
    Plan,
    RowSum,
    UnitCount,
    levels_in,
)
from amana.query.scales import scale_of
from amana.query.tables import nodes_of
from amana.terms.precision import Precision

CHEAP_SHARE = 0.25
"""Per-unit sums cost a grouping by unit: taken freely only when filters leave at most this share of the rows."""
MATERIAL = 0.001
"""Relative error from which a dearer strategy is worth its time."""
FEWER_SHARE = 0.9
"""Numbering the rows that are left is of use only if filters leave so few; else the stored ranks do the same for less."""
GAIN = 0.8
REGROUPED_UNSURE = 3.0
"""By what factor a predicted loss may be too small where rows are sums inside units, whose spread nobody published."""
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


def choose(plan: Plan, schema: Schema, profile: Profile, *, within: Precision | None, target: Target, groups_max: int) -> Chosen:
    """Bounds, and how the cost is to be split. `within` None: figures weigh by their predicted size (a loss cap is given).

    Errors: Refusal budget.precision_unreachable when nothing can be predicted.
    """
    facts = facts_of(plan, schema, profile, groups_max=groups_max, pure=isinstance(target, PureCap))
    expected = expected_sums(facts)
    decimals = tuple(scale_of(total, facts.columns) for total in plan.sums)
    values = predicted(plan, expected, decimals)
    rows = weights(plan, expected, decimals)
    halves = half_widths(facts, values, rows, within)
    aim = Aim(weights=rows, half_widths=halves)
    best, best_score, best_lost = Choice(), inf, 0.0
    hang, harms = hangs_on(aim, len(plan.sums)), harms_of(facts, values, rows, growth(plan, expected, decimals))
    unsure = REGROUPED_UNSURE if any(isinstance(node, PerUnit) for node in nodes_of(plan.source)) else 1.0
    for family in _families(facts):
        score, (choice, reaches, lost) = _best_of(family, facts, lambda one: _score(aim, hang, harms, one, target, unsure=unsure))
        dear = bool(choice.clamps) or choice.left is not None
        if dear and not (
            score < best_score * GAIN**2 and (_material(aim, hang, values, reaches, target) or facts.crowd.share <= CHEAP_SHARE)
        ):
            continue
        if score < best_score:
            best, best_score, best_lost = choice, score, lost
    ample = facts.crowd.rows / facts.groups >= WITNESS_AMPLE + 10 * facts.rows_max
    counts_rows = any(row is not None and row.counts for row in facts.rows)
    choice = replace(best, witness_units=not (counts_rows and ample))
    aim = _with_hidden(aim, plan, choice, schema, groups_max=groups_max)
    named = tuple((name, value) for (name, _), value in zip(plan.figures, values, strict=True))
    return Chosen(choice=choice, aim=aim, figures=named, groups=facts.groups, lost_share=best_lost)


_Candidate: TypeAlias = tuple[Choice, tuple[float, ...], float]
"""A choice, the reach of each sum, and the predicted lost share."""


def _families(facts: Facts) -> Iterator[Callable[[int], _Candidate]]:
    """Ways to bound, by the most rows of a unit: by stored ranks; then, dearer for the engine, by clamping each unit's sums."""
    if not facts.finest:
        yield lambda _: _ranked(facts, facts.rows_max)
    else:
        yield lambda keep: _ranked(facts, keep)
    if any(facts.rows):
        yield lambda most: _clamped(facts, most)
    if is_ranked(facts.plan.source) and facts.crowd.share <= FEWER_SHARE:
        yield lambda most: _few_left(facts, most)


def _best_of(family: Callable[[int], _Candidate], facts: Facts, score: Callable[[_Candidate], float]) -> tuple[float, _Candidate]:
    """The candidate of least score: every third bound first, then those beside the best of them."""
    counts = _counts(facts.rows_max)
    tried: dict[int, tuple[float, _Candidate]] = {}

    def at(place: int) -> float:
        if place not in tried:
            candidate = family(counts[place])
            tried[place] = (score(candidate), candidate)
        return tried[place][0]

    near = min((*range(0, len(counts), 3), len(counts) - 1), key=at)
    return tried[min(range(max(0, near - 2), min(len(counts), near + 3)), key=at)]


def _ranked(facts: Facts, keep: int) -> _Candidate:
    """Rows of low rank, shared among the scans as their rows are."""
    whole = sum(rows for _, rows in facts.finest)
    kept = tuple((alias, max(1, round(keep * rows / whole))) for alias, rows in facts.finest if keep < facts.rows_max)
    return Choice(keep=kept), tuple(_row_reach(i, facts, keep) for i in range(len(facts.rows))), facts.crowd.lost(keep)


def _few_left(facts: Facts, most: int) -> _Candidate:
    return Choice(left=most), tuple(_row_reach(i, facts, most) for i in range(len(facts.rows))), facts.crowd.lost_after(most, parts=1)


def _clamped(facts: Facts, most: int) -> _Candidate:
    keys = min(facts.spread_keys, facts.rows_max)
    clamps = tuple(_clamp(row, most) if row is not None else None for row in facts.rows)
    reaches = tuple(
        _row_reach(i, facts, facts.rows_max) if clamp is None else facts.over(keys) * max(-clamp[0], clamp[1])
        for i, clamp in enumerate(clamps)
    )
    return Choice(clamps=clamps), reaches, facts.crowd.lost_after(most, parts=keys)


def _counts(most: int) -> list[int]:
    """Candidate bounds: every whole number at first, then about 20 % apart, up to the public cap."""
    counts: list[int] = []
    at = 1
    while at < most:
        counts.append(at)
        at = max(at + 1, ceil(at * 1.2))
    return [*counts, most]


def _row_reach(index: int, facts: Facts, keep: int) -> float:
    row, total = facts.rows[index], facts.plan.sums[index]
    if row is not None:
        return float(keep * max(abs(row.low), abs(row.high)))
    if isinstance(total, UnitCount):
        return facts.over(min(facts.spread_keys, keep))
    return keep * facts.over(levels_in(total) if isinstance(total, BinCount) else 1)


def _clamp(row: RowFacts, most: int) -> tuple[int, int]:
    """Where to clamp one unit's sum, if it has at most `most` rows: its likely end (mean and three deviations), or its largest."""
    if row.counts:
        return 0, most
    room = 3 * row.deviation * sqrt(most) + row.drift * most
    top = min(most * max(0, row.high), ceil(max(0.0, row.mean * most) + room))
    bottom = max(most * min(0, row.low), -ceil(max(0.0, -row.mean * most) + room))
    return bottom, max(top, 1)


def _score(
    aim: Aim, hang: tuple[float, ...], harms: tuple[Harm | None, ...], candidate: _Candidate, target: Target, *, unsure: float
) -> float:
    """Smaller is better: the loss needed for the wanted half-widths, or the squared relative error at a given loss."""
    choice, reaches, lost = candidate
    noise, strength = _noise_at_one(aim, hang, reaches, pure=isinstance(target, PureCap)), _strength(target)
    worst = 0.0
    for harm, half, one in zip(harms, aim.half_widths, noise, strict=True):
        if half <= 0 or harm is None:
            continue
        if choice.clamps:
            square = (lost * unsure * harm.clamped) ** 2
        else:
            left = max(1 - lost, 1e-6)
            square = (lost * harm.cut) ** 2 + lost / left * harm.drawn
            one = one / left**harm.of_sample  # noqa: PLW2901 - of fewer rows, the same noise is more
        if strength is not None:
            worst = max(worst, ((one / strength) ** 2 + square) / half**2)
        else:
            room = half**2 - 25 * square  # bias may take a fifth of what is wanted at most
            if room <= 0:
                return 1e30 * (1 + sqrt(square) / half)
            worst = max(worst, (Z95 * one) ** 2 / room)
    return worst


def _noise_at_one(aim: Aim, hang: tuple[float, ...], reaches: tuple[float, ...], *, pure: bool) -> list[float]:
    """Standard deviation of each figure when the whole question costs rho = 1 (or epsilon = 1, if pure), split as `price` splits it."""
    pairs = [(max(reach, 1.0), weight) for reach, weight in zip(reaches, hang, strict=True)]
    if pure:
        cost = sum((reach * reach * weight) ** (1 / 3) for reach, weight in pairs)
        variances = [2 * ((reach / weight) ** (1 / 3) * cost) ** 2 if weight > 0 else 0.0 for reach, weight in pairs]
    else:
        cost = sum(reach * sqrt(weight) for reach, weight in pairs) / 2
        variances = [reach / sqrt(weight) * cost if weight > 0 else 0.0 for reach, weight in pairs]
    return [sqrt(sum(w * v for w, v in zip(row, variances, strict=True))) for row in aim.weights]


def _strength(target: Target) -> float | None:
    """What noise at loss 1 is divided by; None when a precision, not a loss, is given."""
    match target:
        case RhoCap():
            return sqrt(target.nano_rho / 1e9)
        case PureCap():
            return float(target.epsilon)
        case _:
            return None


def _material(aim: Aim, hang: tuple[float, ...], values: tuple[float | None, ...], reaches: tuple[float, ...], target: Target) -> bool:
    """Whether noise at this loss would be seen at all; a precision that was asked for is always worth saving loss."""
    strength = _strength(target)
    if strength is None:
        return True
    noise = _noise_at_one(aim, hang, reaches, pure=isinstance(target, PureCap))
    shares = [one / strength / abs(value) for value, one in zip(values, noise, strict=True) if value]
    return max(shares, default=0.0) > MATERIAL


def _with_hidden(aim: Aim, plan: Plan, choice: Choice, schema: Schema, *, groups_max: int) -> Aim:
    """A column of zeros for the witness that `bound` adds when no sum of the question can serve."""
    if public_keys(plan, schema, groups_max=groups_max) is not None:
        return aim
    units = any(isinstance(total, UnitCount) and total.condition == Literal(value=True) for total in plan.sums)
    rows = not choice.witness_units and any(isinstance(total, RowSum) and total.value == ONE for total in plan.sums)
    if units or rows:
        return aim
    return Aim(weights=tuple((*row, 0.0) for row in aim.weights), half_widths=aim.half_widths)
