"""Aggregates over all rows: each becomes sums that can be released, and a statistic of them."""

from dataclasses import dataclass, field
from datetime import date, datetime
from fractions import Fraction
from typing import final

from sqlglot import exp

from amana.catalog.domains import BooleanDomain, DateDomain, MomentDomain, NumberDomain
from amana.query.expr import Case, Column, Expr, Fixed, Literal, Op
from amana.query.kinds import kind_name
from amana.query.parse.expressions import NULL, ONE, TRUE, ZERO, call, checked, condition, joined, known
from amana.query.parse.literals import number_of
from amana.query.parse.nodes import bare, child, children, function_name, only
from amana.query.parse.scope import Scope
from amana.query.parse.text import place_of
from amana.query.parse.units import distinct_argument, filter_of
from amana.query.plan import BinCount, DistinctCount, Released, RowSum, Statistic, Sum, UnitCount
from amana.terms.refusal import Refusal

BINS_MAX = 4096
BRANCH = 16
EXTREMES: dict[type[exp.Expr], float] = {exp.Min: 0.005, exp.Max: 0.995}
"""MIN and MAX would show one person's value; these quantiles stand in for them."""
_SPREAD: dict[type[exp.Expr], Released] = {
    exp.Variance: Released.VARIANCE_SAMP, exp.VariancePop: Released.VARIANCE_POP, exp.Stddev: Released.STDDEV_SAMP,
    exp.StddevSamp: Released.STDDEV_SAMP, exp.StddevPop: Released.STDDEV_POP,
}  # fmt: skip
_PAIRED: dict[type[exp.Expr], Released] = {
    exp.CovarSamp: Released.COVAR_SAMP, exp.CovarPop: Released.COVAR_POP, exp.Corr: Released.CORR,
    exp.RegrSlope: Released.SLOPE, exp.RegrIntercept: Released.INTERCEPT,
}  # fmt: skip


@final
@dataclass(slots=True)
class Sums:
    """The sums of a plan; equal ones are released once."""

    found: list[Sum] = field(default_factory=list[Sum])

    def index(self, wanted: Sum) -> int:
        if wanted not in self.found:
            self.found.append(wanted)
        return self.found.index(wanted)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Value:
    """The argument of an aggregate. `domain` is that of its values where `present` holds (all rows, if there is none)."""

    expr: Expr
    domain: NumberDomain
    present: tuple[Expr, ...]

    @property
    def centre(self) -> Fixed:
        """The middle of what is possible: around it a contribution is half as large as around 0."""
        middle = (self.domain.low + self.domain.high) // 2
        return Fixed(units=middle, scale=self.domain.scale if middle else 0)

    @property
    def centred(self) -> Expr:
        return self.expr if self.centre.units == 0 else call(Op.SUB, self.expr, Literal(value=self.centre))


def statistic_of(node: exp.Expr, scope: Scope, sums: Sums) -> Statistic:
    """The statistic that an aggregate node asks for.

    Errors: Refusal sql.aggregate_unsupported, sql.distinct_place, plan.kinds_differ and those of its argument.
    """
    wanted: Expr | None = None
    if isinstance(node, exp.Filter):
        wanted, node = filter_of(node, scope)
    if isinstance(node, exp.WithinGroup):
        return _within_group(node, wanted, scope, sums)
    kind = type(node)
    if kind is exp.Count:
        return _count(node, wanted, scope, sums)
    if kind is exp.CountIf:
        only(node, "this")
        rows = _ones((*_given(wanted), condition(child(node, "this"), scope)))
        return Statistic(kind=Released.TOTAL, sums=(sums.index(RowSum(value=rows)),))
    if kind in (exp.Sum, exp.Avg):
        only(node, "this")
        value = _number(child(node, "this"), wanted, scope)
        if kind is exp.Sum:
            return Statistic(kind=Released.TOTAL, sums=(sums.index(RowSum(value=_kept(value.expr, wanted))),))
        return Statistic(kind=Released.MEAN, sums=(_total(value, wanted, sums), _rows(value.present, sums)))
    if kind in _SPREAD:
        only(node, "this")
        value = _number(child(node, "this"), wanted, scope)
        found = (_total(value, wanted, sums), _product(value, value, wanted, sums), _rows(value.present, sums))
        return Statistic(kind=_SPREAD[kind], sums=found)
    if kind in _PAIRED:
        return _paired(node, wanted, scope, sums)
    if kind is exp.Median or kind in EXTREMES:
        only(node, "this")
        return _quantile(child(node, "this"), EXTREMES.get(kind, 0.5), wanted, scope, sums)
    if kind is exp.PercentileCont:
        only(node, "this", "expression")
        return _quantile(child(node, "this"), _probability(child(node, "expression")), wanted, scope, sums)
    if kind is exp.Anonymous:
        raise Refusal("sql.histogram", where=place_of(node))
    raise Refusal("sql.aggregate_unsupported", where=place_of(node), function=function_name(node))


# --- counts ---


def _count(node: exp.Expr, wanted: Expr | None, scope: Scope, sums: Sums) -> Statistic:
    only(node, "this", "big_int")
    argument = bare(child(node, "this"))
    found: Sum
    if isinstance(argument, exp.Distinct):
        found = _distinct(checked(distinct_argument(argument), scope), argument, wanted, scope)
    elif isinstance(argument, exp.Star):
        only(argument)
        found = RowSum(value=_ones(_given(wanted)))
    else:
        value = checked(argument, scope)
        nullable = known(value, argument, scope).nullable
        found = RowSum(value=_ones((*_given(wanted), *((_is_there(value),) if nullable else ()))))
    return Statistic(kind=Released.TOTAL, sums=(sums.index(found),))


def _distinct(value: Expr, node: exp.Expr, wanted: Expr | None, scope: Scope) -> Sum:
    """Distinct units are counted as units, whatever condition they stand under; anything else as distinct values."""
    conditions = _unit_conditions(value, scope)
    if conditions is None:
        known(value, node, scope)
        return DistinctCount(value=_kept(value, wanted))
    found = (*_given(wanted), *conditions)
    return UnitCount(condition=joined(Op.AND, found) if found else TRUE)


def _unit_conditions(value: Expr, scope: Scope) -> tuple[Expr, ...] | None:
    """Conditions under which the value is the row's unit, and else NULL; None if it is anything else."""
    if isinstance(value, Column) and value.name in scope.units:
        return (_is_there(value),) if scope.columns[value.name].domain.nullable else ()
    if isinstance(value, Case) and value.otherwise == NULL and len(value.branches) == 1:
        when, then = value.branches[0]
        inner = _unit_conditions(then, scope)
        return None if inner is None else (when, *inner)
    return None


# --- sums ---


def _number(node: exp.Expr, wanted: Expr | None, scope: Scope) -> _Value:
    plain = bare(node)
    if isinstance(plain, exp.Distinct):
        raise Refusal("sql.distinct_place", where=place_of(plain))
    expr = checked(plain, scope)
    domain = known(expr, plain, scope)
    if isinstance(domain, BooleanDomain):
        expr = call(Op.TO_NUMBER, expr, ZERO)
        domain = known(expr, plain, scope)
    if not isinstance(domain, NumberDomain):
        raise Refusal("plan.kinds_differ", where=place_of(plain), one=kind_name(domain), other="word.kind.number")
    there = (_is_there(expr),) if domain.nullable else ()
    return _Value(expr=expr, domain=domain, present=(*_given(wanted), *there))


def _total(value: _Value, wanted: Expr | None, sums: Sums) -> int:
    return sums.index(RowSum(value=_kept(value.expr, wanted), centre=value.centre))


def _product(one: _Value, other: _Value, wanted: Expr | None, sums: Sums) -> int:
    """The sum of products of the two values, each around its centre."""
    return sums.index(RowSum(value=_kept(call(Op.MUL, one.centred, other.centred), wanted)))


def _rows(present: tuple[Expr, ...], sums: Sums) -> int:
    return sums.index(RowSum(value=_ones(present)))


def _paired(node: exp.Expr, wanted: Expr | None, scope: Scope, sums: Sums) -> Statistic:
    """Statistics of two values, over the rows that have both. REGR_*(y, x) name the dependent value first."""
    only(node, "this", "expression")
    y, x = _number(child(node, "this"), None, scope), _number(child(node, "expression"), None, scope)
    present = tuple(dict.fromkeys((*_given(wanted), *x.present, *y.present)))
    both = joined(Op.AND, present) if present else None
    kind = _PAIRED[type(node)]
    found = [_total(x, both, sums), _total(y, both, sums), _product(x, y, both, sums)]
    if kind in (Released.CORR, Released.SLOPE, Released.INTERCEPT):
        found.append(_product(x, x, both, sums))
    if kind is Released.CORR:
        found.append(_product(y, y, both, sums))
    return Statistic(kind=kind, sums=(*found, _rows(present, sums)))


# --- quantiles ---


def _within_group(node: exp.Expr, wanted: Expr | None, scope: Scope, sums: Sums) -> Statistic:
    only(node, "this", "expression")
    inner, order = child(node, "this"), child(node, "expression")
    if not isinstance(inner, exp.PercentileCont):
        raise Refusal("sql.aggregate_unsupported", where=place_of(node), function=function_name(inner))
    only(inner, "this")
    only(order, "expressions")
    items = children(order, "expressions")
    probability = _probability(child(inner, "this"))
    if len(items) != 1 or not isinstance(items[0], exp.Ordered) or items[0].args.get("nulls_first"):
        raise Refusal("sql.quantile", where=place_of(order))
    only(items[0], "this", "desc")
    if items[0].args.get("desc"):
        probability = 1 - probability
    return _quantile(child(items[0], "this"), probability, wanted, scope, sums)


def _probability(node: exp.Expr) -> float:
    plain = bare(node)
    if isinstance(plain, exp.Literal) and not plain.is_string:
        value = number_of(plain, text=str(plain.this)).value
        if isinstance(value, Fixed) and 0 <= value.units <= 10**value.scale:
            return float(Fraction(value.units, 10**value.scale))
    raise Refusal("sql.quantile", where=place_of(node))


def _quantile(node: exp.Expr, probability: float, wanted: Expr | None, scope: Scope, sums: Sums) -> Statistic:
    plain = bare(node)
    if isinstance(plain, exp.Distinct):
        raise Refusal("sql.distinct_place", where=place_of(plain))
    value = checked(plain, scope)
    low, high = grid_of(value, plain, scope)
    points = high - low + 1
    bins = BRANCH
    while bins < min(points, BINS_MAX):
        bins *= BRANCH
    found = BinCount(value=_kept(value, wanted), low=low, width=-(-points // bins), bins=bins, branch=BRANCH)
    return Statistic(kind=Released.QUANTILE, sums=(sums.index(found),), parameter=probability)


def grid_of(value: Expr, node: exp.Expr, scope: Scope) -> tuple[int, int]:
    """The ends of what a value may be, counted on its own grid: 10**-scale, days since 1970, seconds since 1970."""
    domain = known(value, node, scope)
    match domain:
        case NumberDomain():
            return domain.low, domain.high
        case DateDomain():
            return _days(domain.low), _days(domain.high)
        case MomentDomain():
            return _seconds(domain.low), _seconds(domain.high)
        case _:
            raise Refusal("plan.kinds_differ", where=place_of(node), one=kind_name(domain), other="word.kind.number_or_date")


def _seconds(moment: datetime) -> int:
    return _days(moment.date()) * 86_400 + moment.hour * 3_600 + moment.minute * 60 + moment.second


def _days(day: date) -> int:
    return (day - date(1970, 1, 1)).days


# --- small words ---


def _given(wanted: Expr | None) -> tuple[Expr, ...]:
    return () if wanted is None else (wanted,)


def _is_there(value: Expr) -> Expr:
    return call(Op.NOT, call(Op.IS_NULL, value))


def _ones(conditions: tuple[Expr, ...]) -> Expr:
    """1 for rows that fulfil all conditions, else 0."""
    return Case(branches=((joined(Op.AND, conditions), ONE),), otherwise=ZERO) if conditions else ONE


def _kept(value: Expr, wanted: Expr | None) -> Expr:
    """The value where it is wanted, else NULL."""
    return value if wanted is None else Case(branches=((wanted, value),), otherwise=NULL)
