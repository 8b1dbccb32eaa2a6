"""The predicted mean and spread of an expression over rows, from the private profile and the policy. Not trusted."""

from typing import assert_never

from amana.catalog.domains import ChoiceDomain, NumberDomain
from amana.catalog.profile import Profile
from amana.query.expr import Among, Call, Case, Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.kinds import Columns
from amana.query.shares import NOTHING, Known, share_of
from amana.query.values import domain_of


def mean_and_variance(expr: Expr, columns: Columns, profile: Profile, known: Known = NOTHING) -> tuple[float, float]:
    """Predicted mean and variance of a number, in natural units (not grid units); NULL rows are left out."""
    match expr:
        case Literal():
            return (expr.value.units / 10**expr.value.scale, 0.0) if isinstance(expr.value, Fixed) else (0.0, 0.0)
        case Column():
            return known[expr.name] if expr.name in known else _of_column(expr, columns, profile)
        case Case():
            return _of_case(expr, columns, profile, known)
        case Among() | Lookup():
            return _of_domain(expr, columns)
        case Call(op=Op.ADD | Op.SUB | Op.MUL | Op.DIV):
            return _of_arithmetic(expr, columns, profile, known)
        case Call(op=Op.COALESCE | Op.TO_NUMBER | Op.ROUND):
            return (
                mean_and_variance(expr.args[0], columns, profile, known)
                if isinstance(domain_of(expr.args[0], columns), NumberDomain)
                else _of_domain(expr, columns)
            )
        case Call():
            return _of_domain(expr, columns)
        case _:
            assert_never(expr)


def _of_arithmetic(expr: Call, columns: Columns, profile: Profile, known: Known) -> tuple[float, float]:
    (a, va), (b, vb) = (mean_and_variance(arg, columns, profile, known) for arg in expr.args)
    if expr.op in (Op.ADD, Op.SUB):
        return (a + b if expr.op is Op.ADD else a - b), va + vb
    if expr.op is Op.MUL:
        if expr.args[0] == expr.args[1]:
            return a * a + va, 2 * va * va + 4 * a * a * va
        return a * b, va * vb + va * b * b + vb * a * a
    return (a / b, va / (b * b)) if b else (0.0, 0.0)


def _of_case(expr: Case, columns: Columns, profile: Profile, known: Known) -> tuple[float, float]:
    first = second = 0.0
    left = counted = 1.0
    results = [*expr.branches, (Literal(value=True), expr.otherwise)]
    for condition, result in results:
        chance = left * share_of(condition, columns, profile, known)
        left -= chance
        if isinstance(result, Literal) and result.value is None:
            counted -= chance
            continue
        mean, variance = mean_and_variance(result, columns, profile, known)
        first, second = first + chance * mean, second + chance * (variance + mean * mean)
    counted = max(counted, 1e-6)
    mean = first / counted
    return mean, max(0.0, second / counted - mean * mean)


def _of_column(expr: Column, columns: Columns, profile: Profile) -> tuple[float, float]:
    info = columns[expr.name]
    found = profile.table(info.origin[0]) if info.origin is not None else None
    histogram = found.histogram(info.origin[1]) if found is not None and info.origin is not None else None
    if histogram is None or not isinstance(info.domain, NumberDomain):
        return _of_domain(expr, columns)
    unit = 10.0**info.domain.scale
    counts = [max(0.0, count) for count in histogram.counts]
    total = sum(counts)
    if total <= 0:
        return _of_domain(expr, columns)
    middles = [(histogram.low + (i + 0.5) * histogram.width - 0.5) / unit for i in range(len(counts))]
    mean = sum(c * m for c, m in zip(counts, middles, strict=True)) / total
    return mean, sum(c * (m - mean) ** 2 for c, m in zip(counts, middles, strict=True)) / total


def _of_domain(expr: Expr, columns: Columns) -> tuple[float, float]:
    """As if spread evenly over what is declared."""
    domain = domain_of(expr, columns)
    if isinstance(domain, NumberDomain):
        low, high = domain.low / 10**domain.scale, domain.high / 10**domain.scale
        return (low + high) / 2, (high - low) ** 2 / 12
    return (0.5, 0.25) if not isinstance(domain, ChoiceDomain) else (0.0, 0.0)
