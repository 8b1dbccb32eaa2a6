"""What a bounded plan costs at a wanted precision, or how precise it is at a given loss: mechanism, scales and price in one value.

The split between sums minimises the sum of squared relative errors of the figures (Cauchy-Schwarz; closed form). The
weights come from predictions and may be wrong: then the split is poor, never the price.
"""

from dataclasses import dataclass
from fractions import Fraction
from math import floor, frexp, inf, ldexp, sqrt
from typing import TypeAlias, final

from amana.privacy.loss import NANO, NO_DELTA, SCALE_MAX, Event, EventKind, event_of, levels_of, loss_of, reach_of, threshold_for
from amana.query.plan import BoundedPlan, BoundedSum, UnknownKeys
from amana.query.released import NoiseKind
from amana.terms.course import Course
from amana.terms.ids import DeltaUnits, NanoRho
from amana.terms.refusal import Refusal

Z95 = 1.959964
WITNESS_SHARE = 0.1
"""Share of the loss for sums that no figure shows (the witness of unknown keys)."""
LEAST_SHARE = 0.01
"""Share of the loss that any other sum gets at least: a prediction that it matters less may be wrong."""
SCALE_MIN = 2.0**-4


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Aim:
    """How figures hang on sums. Shapes: `weights[figure][sum]`, variance of a figure for each unit of variance of a sum;
    `half_widths[figure]`, wanted half of the 95 % interval in the figure's units (0: the figure asks for nothing)."""

    weights: tuple[tuple[float, ...], ...]
    half_widths: tuple[float, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Reach the aim's half-widths, whatever that costs."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RhoCap:
    """Spend at most that."""

    nano_rho: NanoRho


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PureCap:
    """Spend at most that pure epsilon, with the discrete Laplace."""

    epsilon: Fraction


Target: TypeAlias = Wanted | RhoCap | PureCap


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PrivatePlan:
    """A bounded plan with its mechanism and its price, frozen together so that they cannot drift.

    Shapes: one of `scales` for each sum, in units of the sum. `threshold`: of the witness, for unknown keys.
    """

    bounded: BoundedPlan
    kind: NoiseKind
    scales: tuple[float, ...]
    threshold: int | None
    events: tuple[Event, ...]
    nano_rho: NanoRho
    delta_units: DeltaUnits


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CoursePrice:
    """All rounds as one event: adaptive composition adds what each may cost."""

    nano_rho: NanoRho
    events: tuple[Event, ...]
    kind: NoiseKind = NoiseKind.GAUSSIAN
    delta_units: DeltaUnits = NO_DELTA


Priced: TypeAlias = PrivatePlan | CoursePrice


def price_course(course: Course) -> CoursePrice:
    """The price of a course, whatever is proposed in it."""
    if not course.rounds or any(cap.nano_rho <= 0 for cap in course.rounds):
        raise Refusal("budget.precision_unreachable", reason="word.imprecise.scale")
    reach = 2 * NANO * sum(cap.nano_rho for cap in course.rounds)
    events = (Event(kind=EventKind.COURSE, sensitivity_squared=reach, scale=Fraction(NANO)),)
    return CoursePrice(nano_rho=loss_of(events)[0], events=events)


def price(bounded: BoundedPlan, target: Target, *, aim: Aim, threshold_delta: DeltaUnits) -> PrivatePlan:
    """The cheapest scales that reach the target.

    Errors: Refusal budget.precision_unreachable.
    """
    kind = NoiseKind.LAPLACE if isinstance(target, PureCap) else NoiseKind.GAUSSIAN
    if isinstance(target, RhoCap) and target.nano_rho < len(bounded.sums):  # each sum costs a nano-rho at least
        raise Refusal("budget.precision_unreachable", reason="word.imprecise.scale")
    shapes = _shapes(bounded, aim, kind)
    factor = _factor(bounded, target, aim, shapes)
    scales = tuple(_rounded_up(factor * shape) for shape in shapes)
    while all(scale / total.grain <= SCALE_MAX for total, scale in zip(bounded.sums, scales, strict=True)):
        private = assemble(bounded, kind, scales, threshold_delta=threshold_delta)
        if not isinstance(target, RhoCap) or private.nano_rho <= target.nano_rho:
            return private
        wider = max(1 + 1e-5, sqrt(private.nano_rho / target.nano_rho))  # over by a few nano-rho, for rounding up
        scales = tuple(_rounded_up(scale * wider) for scale in scales)
    raise Refusal("budget.precision_unreachable", reason="word.imprecise.scale")


def assemble(bounded: BoundedPlan, kind: NoiseKind, scales: tuple[float, ...], *, threshold_delta: DeltaUnits) -> PrivatePlan:
    """The plan with these scales, its threshold and its exact loss. (The only place where a price is made.)"""
    events = tuple(event_of(total, kind, scale) for total, scale in zip(bounded.sums, scales, strict=True))
    threshold: int | None = None
    if isinstance(bounded.keys, UnknownKeys):
        keys = bounded.keys
        threshold, delta = threshold_for(
            kind=kind,
            scale=scales[keys.witness],
            witness_high=keys.witness_high + 2 * (bounded.sums[keys.witness].grain - 1),  # rounding to grains may lift a witness
            keys=keys.keys_per_unit,
            delta_units=threshold_delta,
        )
        events = (*events, Event(kind=EventKind.THRESHOLD, delta_units=delta))
    nano_rho, delta_units = loss_of(events)
    return PrivatePlan(
        bounded=bounded, kind=kind, scales=scales, threshold=threshold, events=events, nano_rho=nano_rho, delta_units=delta_units
    )


def more_precise(private: PrivatePlan, earlier: PrivatePlan) -> PrivatePlan | None:
    """The further measurement which, averaged with the earlier one, is as precise as `private`; None if the earlier one
    already is. Both are Gaussian and of the same bounded plan. (Precisions 1/sigma² add, and so do their prices.)"""
    assert private.kind is earlier.kind is NoiseKind.GAUSSIAN and private.bounded == earlier.bounded
    missing = [1 / new**2 - 1 / old**2 for new, old in zip(private.scales, earlier.scales, strict=True)]
    if all(gap <= 0 for gap in missing):
        return None
    scales = tuple(
        min(_rounded_up(1 / sqrt(gap)) if gap > 0 else inf, SCALE_MAX * total.grain)
        for gap, total in zip(missing, private.bounded.sums, strict=True)
    )
    return assemble(private.bounded, private.kind, scales, threshold_delta=DeltaUnits(0))


def noise_factor(private: PrivatePlan, aim: Aim) -> tuple[float, ...]:
    """Standard deviation of each figure under this plan's noise, predicted."""
    double = 2 if private.kind is NoiseKind.LAPLACE else 1
    return tuple(sqrt(sum(weight * double * scale**2 for weight, scale in zip(row, private.scales, strict=True))) for row in aim.weights)


def hangs_on(aim: Aim, sums: int) -> tuple[float, ...]:
    """The weight of each sum over all figures: how much the sum of their squared relative errors grows with its variance."""
    rows = [(row, half) for row, half in zip(aim.weights, aim.half_widths, strict=True) if half > 0]
    return tuple(sum(row[index] / half**2 for row, half in rows) for index in range(sums))


def _shapes(bounded: BoundedPlan, aim: Aim, kind: NoiseKind) -> tuple[float, ...]:
    """Scales up to a common factor: sigma_i² ~ l2_i / sqrt(A_i), or b_i ~ (l1_i / A_i)^(1/3), A_i the weight of sum i over all figures."""
    shapes: list[float] = []
    for total, weight in zip(bounded.sums, hangs_on(aim, len(bounded.sums)), strict=True):
        reach = max(1.0, sqrt(total.l2_squared * levels_of(total)) if kind is NoiseKind.GAUSSIAN else float(total.l1 * levels_of(total)))
        if weight <= 0:
            shapes.append(inf)
        else:
            shapes.append(sqrt(reach / sqrt(weight)) if kind is NoiseKind.GAUSSIAN else (reach / weight) ** (1 / 3))
    losses = [_unit_loss(total, shape, kind) if shape < inf else 0.0 for total, shape in zip(bounded.sums, shapes, strict=True)]
    shown, hidden = sum(losses), shapes.count(inf)
    if shown == 0:
        return tuple(_shape_for(total, 1.0, kind) for total in bounded.sums)
    least = [shown * LEAST_SHARE if shape < inf else shown * WITNESS_SHARE / hidden for shape in shapes]
    return tuple(
        shape if loss >= low else _shape_for(total, low, kind)
        for total, shape, loss, low in zip(bounded.sums, shapes, losses, least, strict=True)
    )


def _unit_loss(total: BoundedSum, shape: float, kind: NoiseKind) -> float:
    l1, squared = reach_of(total)
    if kind is NoiseKind.GAUSSIAN:
        return max(1, squared) * levels_of(total) / (2 * (shape / total.grain) ** 2)
    return max(1, l1) * levels_of(total) / (shape / total.grain)


def _shape_for(total: BoundedSum, loss: float, kind: NoiseKind) -> float:
    unit = _unit_loss(total, 1.0, kind)
    return sqrt(unit / loss) if kind is NoiseKind.GAUSSIAN else unit / loss


def _factor(bounded: BoundedPlan, target: Target, aim: Aim, shapes: tuple[float, ...]) -> float:
    match target:
        case Wanted():
            room = inf
            for row, half in zip(aim.weights, aim.half_widths, strict=True):
                variance = sum(weight * shape**2 for weight, shape in zip(row, shapes, strict=True))
                if half > 0 and variance > 0:
                    room = min(room, half / (Z95 * sqrt(variance)))
            if not 0 < room < inf:
                raise Refusal("budget.precision_unreachable", reason="word.imprecise.prediction")
            return room
        case RhoCap():
            loss = sum(_unit_loss(t, s, NoiseKind.GAUSSIAN) for t, s in zip(bounded.sums, shapes, strict=True))
            return sqrt(loss / (target.nano_rho / 1e9))
        case PureCap():
            loss = sum(_unit_loss(t, s, NoiseKind.LAPLACE) for t, s in zip(bounded.sums, shapes, strict=True))
            return loss / float(target.epsilon)


def _rounded_up(scale: float) -> float:
    """The next number with 24 binary digits, so that exact ratios stay short; noise is never made smaller by it."""
    mantissa, exponent = frexp(max(scale, SCALE_MIN))
    return ldexp(floor(mantissa * 2**24 + 1), exponent - 24)
