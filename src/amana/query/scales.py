"""The grid and the interval of what a sum adds up, from public facts only. Part of the trusted base."""

from typing import assert_never

from amana.catalog.domains import NumberDomain
from amana.query.kinds import Columns
from amana.query.plan import BinCount, DistinctCount, RowSum, Sum, UnitCount
from amana.query.values import domain_of


def scale_of(total: Sum, columns: Columns) -> int:
    """Decimals of a sum; of a bin count those of the value it bins."""
    match total:
        case RowSum():
            return interval(total, columns)[0]
        case BinCount():
            domain = domain_of(total.value, columns)
            return domain.scale if isinstance(domain, NumberDomain) else 0
        case UnitCount() | DistinctCount():
            return 0
        case _:
            assert_never(total)


def interval(total: RowSum, columns: Columns) -> tuple[int, int, int]:
    """(scale, low, high) of value - centre for one row, in units of 10**-scale."""
    domain = domain_of(total.value, columns)
    assert isinstance(domain, NumberDomain), "checked"
    scale = max(domain.scale, total.centre.scale)
    factor, centre = 10 ** (scale - domain.scale), total.centre.units * 10 ** (scale - total.centre.scale)
    return scale, domain.low * factor - centre, domain.high * factor - centre
