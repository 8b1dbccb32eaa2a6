"""All values of a domain, from the policy and never from rows (PRIVACY 9). Part of the trusted base."""

from datetime import date, timedelta
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
from amana.query.kinds import truncated
from amana.query.plan import KeyValue

_EPOCH = date(1970, 1, 1)


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
