"""Dates and moments as DuckDB SQL, and the domain of one operation."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime, time

from amana.catalog.domains import DateDomain, MomentDomain
from amana.engines.compile_typed import Typed, literal
from amana.query.expr import Call, Column, Literal, Op
from amana.query.kinds import ColumnInfo, Known, NullDomain
from amana.query.values import domain_of
from amana.terms.refusal import Refusal

EPOCH = "DATE '1970-01-01'"


def domain_of_call(call: Call, args: Sequence[Typed]) -> Known:
    """Inference for one operation over arguments of these domains: the one authority for scales and bounds."""
    stand_ins = tuple(arg if isinstance(arg, Literal) else Column(name=str(i)) for i, arg in enumerate(call.args))
    infos: dict[str, ColumnInfo] = {}
    for index, arg in enumerate(args):
        assert not isinstance(arg.domain, NullDomain)
        infos[str(index)] = ColumnInfo(domain=arg.domain, private=False)
    return domain_of(Call(op=call.op, args=stand_ins), infos)


def stamp(value: Typed) -> str:
    """A date as it is, a moment as a TIMESTAMP."""
    return f"make_timestamp(CAST({value.sql} AS BIGINT) * 1000000)" if isinstance(value.domain, MomentDomain) else value.sql


def as_day(value: Typed) -> Typed:
    """The day that a date or a moment is in."""
    if isinstance(value.domain, DateDomain):
        return value
    assert isinstance(value.domain, MomentDomain)
    domain = DateDomain(low=value.domain.low.date(), high=value.domain.high.date(), nullable=value.domain.nullable)
    return Typed(sql=f"CAST({stamp(value)} AS DATE)", domain=domain)


def as_moment(value: Typed) -> Typed:
    """A date as the seconds of its midnight."""
    if isinstance(value.domain, MomentDomain):
        return value
    if value.constant and isinstance(value.domain, DateDomain):
        return literal(datetime.combine(value.domain.low, time()))
    return replace(value, sql=f"(({value.sql} - {EPOCH}) * 86400)")


_PARTS = {Op.YEAR: "year", Op.QUARTER: "quarter", Op.MONTH: "month", Op.DAY: "day", Op.WEEKDAY: "isodow", Op.HOUR: "hour"}
_TRUNCATIONS = {Op.TRUNC_YEAR: "year", Op.TRUNC_QUARTER: "quarter", Op.TRUNC_MONTH: "month", Op.TRUNC_WEEK: "week"}


def temporal(call: Call, args: Sequence[Typed]) -> Typed:
    """An operation whose first argument is a date or a moment."""
    op, x = call.op, args[0]
    try:
        domain = domain_of_call(call, args)
    except Refusal:  # days added before a filter has spoken
        domain = DateDomain(low=date.min, high=date.max, nullable=True)
    if op in _PARTS:
        return Typed(sql=f"{_PARTS[op]}({stamp(x)})", domain=domain, kind="BIGINT")
    if op in _TRUNCATIONS:
        return Typed(sql=f"CAST(date_trunc('{_TRUNCATIONS[op]}', {stamp(x)}) AS DATE)", domain=domain)
    if op is Op.TRUNC_DAY:
        return replace(as_day(x), domain=domain)
    if op is Op.DAYS_BETWEEN:
        return Typed(sql=f"({as_day(args[1]).sql} - {as_day(x).sql})", domain=domain, kind="BIGINT")
    return Typed(sql=f"({as_day(x).sql} + {args[1].sql})", domain=domain)
