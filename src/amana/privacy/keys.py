"""Which group keys are public: enumerated from the policy, never from rows (PRIVACY 9)."""

from datetime import date, timedelta
from itertools import product
from typing import assert_never

from amana.catalog.domains import (
    BooleanDomain,
    ChoiceDomain,
    DateDomain,
    DateStep,
    Domain,
    KeyDomain,
    MomentDomain,
    NumberDomain,
    TextDomain,
)
from amana.catalog.schema import Schema
from amana.query.infer import columns_of, visible_domain
from amana.query.kinds import truncated
from amana.query.plan import KeyValue, Plan, PublicKeys

_EPOCH = date(1970, 1, 1)


def key_domains(plan: Plan, schema: Schema) -> tuple[Domain, ...]:
    """The domain of each key of the plan."""
    columns = columns_of(plan.source, schema)
    return tuple(visible_domain(expr, columns) for _, expr in plan.keys)


def public_keys(plan: Plan, schema: Schema, *, groups_max: int) -> PublicKeys | None:
    """Every key combination that policy allows, sorted with NULL last; None when unknown or more than `groups_max`."""
    columns: list[tuple[KeyValue, ...]] = []
    count = 1
    for domain in key_domains(plan, schema):
        values = values_of(domain, values_max=groups_max)
        if values is None:
            return None
        count *= len(values)
        if count > groups_max:
            return None
        columns.append(values)
    return PublicKeys(combinations=tuple(product(*columns)))


def values_of(domain: Domain, *, values_max: int) -> tuple[KeyValue, ...] | None:
    """All values of a domain as keys, in order, NULL last; None when not known or too many."""
    values: tuple[KeyValue, ...]
    match domain:
        case NumberDomain():
            if (domain.high - domain.low) // domain.step + 1 > values_max:
                return None
            values = tuple(range(domain.low, domain.high + 1, domain.step))
        case ChoiceDomain():
            values = domain.members
        case BooleanDomain():
            values = (False, True)
        case DateDomain():
            if (domain.high - domain.low).days + 1 > values_max * 400:
                return None
            values = _days(domain)
        case MomentDomain() | TextDomain() | KeyDomain():
            return None
        case _:
            assert_never(domain)
    return (*values, None) if domain.nullable else values


def _days(domain: DateDomain) -> tuple[KeyValue, ...]:
    days: list[KeyValue] = []
    day = truncated(domain.low, domain.step)
    while day <= domain.high:
        days.append((day - _EPOCH).days)
        if day.year == date.max.year and day.month == date.max.month:
            break
        ahead = {DateStep.DAY: 1, DateStep.WEEK: 7, DateStep.MONTH: 31, DateStep.QUARTER: 92, DateStep.YEAR: 366}[domain.step]
        day = truncated(day + timedelta(days=ahead), domain.step)
    return tuple(days)


def sort_key(key: tuple[KeyValue, ...]) -> tuple[tuple[bool, KeyValue], ...]:
    """Order of released keys: by value, NULL last; it depends on the keys alone."""
    return tuple((value is None, 0 if value is None else value) for value in key)
