"""Figures as functions of one row of released sums: read once for a question, applied to each group.

Total: what cannot be computed is None, whatever the noise makes of the sums.
"""

import operator
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TypeAlias, assert_never, final

from amana.query.estimators import estimate
from amana.query.expr import Fixed
from amana.query.noisy import Grains, Noisy, Number, absolute, add, divide, multiply, negate, root, rounded
from amana.query.plan import BinCount, Constant, Figure, FigureCall, FigureOp, Key, Plan, Released, RowSum, Statistic, quantiles_of
from amana.query.quantiles import Ranks, quantile, ranks_of
from amana.query.released import NoisyCell

Bare: TypeAlias = float | str | bool | date | datetime | None
Value: TypeAlias = Noisy | Bare


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What a figure is computed from. Shapes: one cell for each sum; one grain for each source of `Sources`."""

    cells: tuple[NoisyCell, ...]
    grains: Grains
    keys: tuple[Value, ...]
    ranks: dict[int, Ranks] = field(default_factory=dict[int, Ranks])
    """By sum, the ranks of its tree once a figure has asked for them: several quantiles share the work."""


Reader: TypeAlias = Callable[[Row], Value]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where noise comes from: `sums[i]` for each source i; the plan's sums, then one for each different quantile.

    Two quantiles of one tree count as independent; see docs/explanation/intervals.md for what that costs.
    """

    plan: Plan
    decimals: tuple[int, ...]
    quantiles: tuple[Statistic, ...]

    def sum_of(self, source: int) -> int:
        """The index of the sum whose noise this source is."""
        own = len(self.plan.sums)
        return source if source < own else self.quantiles[source - own].sums[0]

    def count(self) -> int:
        return len(self.plan.sums) + len(self.quantiles)


def sources(plan: Plan, *, decimals: tuple[int, ...]) -> Sources:
    """Every source of noise in the plan's figures. Shapes: `decimals` has one entry for each sum."""
    assert len(decimals) == len(plan.sums), (decimals, plan.sums)
    return Sources(plan=plan, decimals=decimals, quantiles=quantiles_of(plan))


def is_estimate(figure: Figure) -> bool:
    """Whether the figure is a number that carries noise (else it is shown as it is: a key, a constant, a comparison)."""
    match figure:
        case Statistic():
            return True
        case Key() | Constant():
            return False
        case FigureCall(op=FigureOp.CASE, args=args):
            return any(is_estimate(arg) for arg in (*args[1::2], args[-1]))
        case FigureCall(op=op, args=args):
            return op in NUMBERS and any(is_estimate(arg) for arg in args)


def read_figure(figure: Figure, known: Sources) -> Reader:
    """The function that computes the figure from a row."""
    match figure:
        case Statistic():
            return _read_statistic(figure, known)
        case Key(index=index):
            return lambda row: row.keys[index]
        case Constant(value=constant):
            return lambda _: constant
        case FigureCall(op=op, args=args):
            return _read_call(op, args, tuple(read_figure(arg, known) for arg in args))


def _read_statistic(statistic: Statistic, known: Sources) -> Reader:
    indices, kind = statistic.sums, statistic.kind
    divisors = tuple(10 ** known.decimals[index] for index in indices)
    if kind is Released.QUANTILE:
        return _read_quantile(statistic, divisors[0], len(known.plan.sums) + known.quantiles.index(statistic), known)
    centres = tuple(_centre(known.plan, index) for index in indices)
    if kind is Released.TOTAL:
        assert centres == (0.0,), "a total is of values as they are"
        (index,), (divisor,), gradient = indices, divisors, {indices[0]: 1.0}

        def total(row: Row) -> Value:
            value, half = _plain(row.cells[index]) / divisor, row.grains[index].half
            return Noisy(value, gradient, value - half, value + half)

        return total

    def other(row: Row) -> Value:
        sums = [_plain(row.cells[index]) / divisor for index, divisor in zip(indices, divisors, strict=True)]
        return estimate(kind, sums, centres, sources=indices, grains=row.grains)

    return other


def _read_quantile(statistic: Statistic, divisor: int, source: int, known: Sources) -> Reader:
    (index,) = statistic.sums
    shape = known.plan.sums[index]
    assert isinstance(shape, BinCount)

    def read(row: Row) -> Value:
        if index not in row.ranks:
            levels = row.cells[index]
            assert isinstance(levels, tuple)
            row.ranks[index] = ranks_of(levels, branch=shape.branch)
        found = quantile(row.ranks[index], shape=shape, probability=statistic.parameter, variance=row.grains[source].variance)
        if found is None:
            return None
        return Noisy(found.value / divisor, {source: found.gain / divisor}, found.low / divisor, found.high / divisor)

    return read


def _centre(plan: Plan, index: int) -> float:
    measured = plan.sums[index]
    return _fixed(measured.centre) if isinstance(measured, RowSum) else 0.0


def _fixed(fixed: Fixed) -> float:
    divisor: int = 10**fixed.scale
    return fixed.units / divisor


def _plain(cell: NoisyCell) -> float:
    assert not isinstance(cell, tuple)
    return cell


def _number(value: Value) -> Number | None:
    """The value as a number; None when it is none (a truth value is not a number here)."""
    if isinstance(value, Noisy):
        return value
    return value if isinstance(value, (int, float)) and not isinstance(value, bool) else None


NUMBERS = frozenset(
    {
        FigureOp.ADD,
        FigureOp.SUB,
        FigureOp.MUL,
        FigureOp.DIV,
        FigureOp.NEG,
        FigureOp.ABS,
        FigureOp.SQRT,
        FigureOp.ROUND,
        FigureOp.COALESCE,
    }
)
"""What gives a number. (A CASE, as its branches.)"""


def _read_call(op: FigureOp, args: tuple[Figure, ...], readers: tuple[Reader, ...]) -> Reader:
    match op:
        case FigureOp.ADD | FigureOp.SUB | FigureOp.MUL | FigureOp.DIV:
            return _read_binary(op, readers)
        case FigureOp.NEG | FigureOp.ABS | FigureOp.SQRT | FigureOp.ROUND:
            digits = args[1].value if len(args) == 2 and isinstance(args[1], Constant) else 0
            assert isinstance(digits, (int, float))
            return _read_unary(op, readers[0], int(digits))
        case FigureOp.EQ | FigureOp.NE | FigureOp.LT | FigureOp.LE | FigureOp.GT | FigureOp.GE:
            return _read_comparison(op, readers)
        case FigureOp.AND | FigureOp.OR | FigureOp.NOT | FigureOp.IS_NULL:
            return _read_logic(op, readers)
        case FigureOp.COALESCE:
            return lambda row: next((value for value in (reader(row) for reader in readers) if value is not None), None)
        case FigureOp.CASE:
            branches, otherwise = tuple(zip(readers[:-1:2], readers[1::2], strict=True)), readers[-1]
            return lambda row: next((result for condition, result in branches if condition(row) is True), otherwise)(row)
    assert_never(op)


def _read_binary(op: FigureOp, readers: tuple[Reader, ...]) -> Reader:
    left_of, right_of = readers

    def read(row: Row) -> Value:
        left, right = _number(left_of(row)), _number(right_of(row))
        if left is None or right is None:
            return None
        match op:
            case FigureOp.ADD:
                return add(left, right, row.grains)
            case FigureOp.SUB:
                return add(left, negate(right), row.grains)
            case FigureOp.MUL:
                return multiply(left, right, row.grains)
            case _:
                return divide(left, right, row.grains)

    return read


def _read_unary(op: FigureOp, argument: Reader, digits: int) -> Reader:
    def read(row: Row) -> Value:
        number = _number(argument(row))
        if number is None:
            return None
        match op:
            case FigureOp.NEG:
                return negate(number)
            case FigureOp.ABS:
                return absolute(number)
            case FigureOp.SQRT:
                return root(number)
            case _:
                return rounded(number, digits=digits)

    return read


_TESTS: dict[FigureOp, Callable[[int], bool]] = {
    FigureOp.EQ: lambda order: order == 0,
    FigureOp.NE: lambda order: order != 0,
    FigureOp.LT: lambda order: order < 0,
    FigureOp.LE: lambda order: order <= 0,
    FigureOp.GT: lambda order: order > 0,
    FigureOp.GE: lambda order: order >= 0,
}


def _read_comparison(op: FigureOp, readers: tuple[Reader, ...]) -> Reader:
    (left_of, right_of), test = readers, _TESTS[op]

    def read(row: Row) -> Value:
        order = _order(_bare(left_of(row)), _bare(right_of(row)))
        return None if order is None else test(order)

    return read


def _bare(value: Value) -> Bare:
    return value.value if isinstance(value, Noisy) else value


def _order(left: Bare, right: Bare) -> int | None:
    """-1, 0 or 1; None when the two cannot be compared. Text beside a date is read as one (a figure has no date constants)."""
    if isinstance(left, date) and isinstance(right, str):
        right = _moment(right)
    elif isinstance(right, date) and isinstance(left, str):
        left = _moment(left)
    if isinstance(left, str) and isinstance(right, str):
        return (left > right) - (left < right)
    if isinstance(left, date) and isinstance(right, date):
        first, second = (_midnight(left), _midnight(right))
        return (first > second) - (first < second)
    if isinstance(left, (int, float)) and isinstance(right, (int, float)) and isinstance(left, bool) == isinstance(right, bool):
        return (left > right) - (left < right)
    return None


def _moment(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text).replace(tzinfo=None)
    except ValueError:
        return None


def _midnight(day: date) -> datetime:
    return day if isinstance(day, datetime) else datetime(day.year, day.month, day.day)


def _read_logic(op: FigureOp, readers: tuple[Reader, ...]) -> Reader:
    match op:
        case FigureOp.IS_NULL:
            return lambda row: readers[0](row) is None
        case FigureOp.NOT:
            return lambda row: operator.not_(value) if isinstance(value := readers[0](row), bool) else None
        case _:
            deciding = op is FigureOp.OR

    def read(row: Row) -> Value:
        values = [reader(row) for reader in readers]
        if any(value is deciding for value in values):
            return deciding
        return (not deciding) if all(isinstance(value, bool) for value in values) else None

    return read
