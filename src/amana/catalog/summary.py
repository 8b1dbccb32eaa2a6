"""A private profile in figures that people read: missing values, quantiles, rows and groups of one unit, each with its interval.

Post-processing of released counts. An interval holds what the bins round away and, 95 times in 100, the noise.
"""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import sqrt
from typing import TypeAlias

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, MomentDomain, NumberDomain
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.schema import Schema, Table
from amana.terms.answer import Estimate
from amana.terms.summary import ColumnSummary, Quantile, TableSummary

SHARES = (0.05, 0.25, 0.5, 0.75, 0.95)
Z95 = 1.959964
EPOCH, START = date(1970, 1, 1), datetime.fromisoformat("1970-01-01")
Bins: TypeAlias = Sequence[tuple[int, int, float]]
"""Lowest and highest value of each bin, and its noisy count."""


def summarise(schema: Schema, profile: Profile) -> tuple[TableSummary, ...]:
    """Every profiled table, in the order of the schema."""
    found = ((table, profile.table(table.name)) for table in schema.tables)
    return tuple(_table(table, each) for table, each in found if each is not None)


def _table(table: Table, profile: TableProfile) -> TableSummary:
    edges, noise = profile.rows_edges, profile.units_deviation
    highs = (*(edge - 1 for edge in edges[1:]), max(edges[-1], table.rows_per_unit_max))
    bins = list(zip(edges, highs, profile.units_by_rows, strict=True))
    middles = [(low + high - 1) / 2 for low, high in zip(edges, (*edges[1:], edges[-1] + 1), strict=True)]
    groups = profile.groups_per_unit
    deviations = profile.groups_deviations or (0.0,) * len(groups)
    return TableSummary(
        table=table.name,
        units=_estimate(profile.units, noise * sqrt(len(edges))),
        rows=_estimate(profile.rows, noise * sqrt(sum(middle * middle for middle in middles))),
        rows_per_unit=tuple(_rows(*_quantile(bins, noise, share), share) for share in SHARES),
        groups_per_unit=tuple((name, _estimate(mean, one)) for (name, mean), one in zip(groups, deviations, strict=True)),
        columns=tuple(
            _column(column.name, column.domain, histogram)
            for column in table.columns
            if (histogram := profile.histogram(column.name) or dict(profile.presence).get(column.name)) is not None
        ),
    )


def _column(name: str, domain: Domain, histogram: Histogram) -> ColumnSummary:
    kind = type(domain).__name__.removesuffix("Domain").lower()
    total = max(1.0, histogram.missing + sum(histogram.counts))
    missing = Estimate(value=0.0, low=0.0, high=0.0)
    if domain.nullable:
        share = min(1.0, max(0.0, histogram.missing) / total)
        deviation = histogram.deviation / total * sqrt((1 - share) ** 2 + len(histogram.counts) * share**2)
        missing = _estimate(share, deviation, most=1.0)
    if isinstance(domain, ChoiceDomain | BooleanDomain):
        names = domain.members if isinstance(domain, ChoiceDomain) else ("false", "true")
        shares = [min(1.0, max(0.0, count) / total) for count in histogram.counts]
        deviation = histogram.deviation / total
        members = tuple((member, _estimate(share, deviation, most=1.0)) for member, share in zip(names, shares, strict=True))
        return ColumnSummary(name=name, kind=kind, missing=missing, members=members)
    if not isinstance(domain, NumberDomain | DateDomain | MomentDomain):
        return ColumnSummary(name=name, kind=kind, missing=missing)
    bins = _bins(domain, histogram)
    quantiles = tuple(_of_domain(domain, *_quantile(bins, histogram.deviation, share), share) for share in SHARES)
    decimals = domain.scale if isinstance(domain, NumberDomain) else 0
    return ColumnSummary(name=name, kind=kind, missing=missing, decimals=decimals, quantiles=quantiles)


def _bins(domain: NumberDomain | DateDomain | MomentDomain, histogram: Histogram) -> Bins:
    low, high = _ends(domain)
    starts = [histogram.low + place * histogram.width for place in range(len(histogram.counts))]
    return [(max(low, start), min(high, start + histogram.width - 1), count) for start, count in zip(starts, histogram.counts, strict=True)]


def _ends(domain: NumberDomain | DateDomain | MomentDomain) -> tuple[int, int]:
    match domain:
        case NumberDomain():
            return domain.low, domain.high
        case DateDomain():
            return (domain.low - EPOCH).days, (domain.high - EPOCH).days
        case MomentDomain():
            return int((domain.low - START).total_seconds()), int((domain.high - START).total_seconds())


def _quantile(bins: Bins, deviation: float, share: float) -> tuple[int, int, int]:
    """(value, lowest, highest): noise moves the share, and a bin tells no more than its two ends."""
    counts = [max(0.0, count) for _, _, count in bins]
    total = sum(counts)
    if total <= 0:
        low, high = bins[0][0], bins[-1][1]
        return (low + high) // 2, low, high
    place, within = _place(counts, share * total)
    below, above = place + within, len(bins) - place - within
    shift = Z95 * deviation / total * sqrt(below * (1 - share) ** 2 + above * share**2)
    first, last, _ = bins[place]
    lowest, _ = _place(counts, max(0.0, share - shift) * total)
    highest, _ = _place(counts, min(1.0, share + shift) * total)
    return first + min(last - first, int(within * (last - first + 1))), bins[lowest][0], bins[highest][1]


def _place(counts: Sequence[float], wanted: float) -> tuple[int, float]:
    """The bin in which the running count reaches `wanted`, and how far into it."""
    held = [place for place, count in enumerate(counts) if count > 0]
    for place in held:
        if wanted <= counts[place]:
            return place, max(0.0, wanted) / counts[place]
        wanted -= counts[place]
    return held[-1], 1.0


def _rows(value: int, low: int, high: int, share: float) -> Quantile:
    half = max(value - low, high - value)
    return Quantile(share=share, value=float(value), low=float(low), high=float(high), half_width=float(half))


def _of_domain(domain: NumberDomain | DateDomain | MomentDomain, value: int, low: int, high: int, share: float) -> Quantile:
    half = max(value - low, high - value)
    match domain:
        case NumberDomain():
            step = float(10**domain.scale)
            return Quantile(share=share, value=value / step, low=low / step, high=high / step, half_width=half / step)
        case DateDomain():
            days = [EPOCH + timedelta(days=each) for each in (value, low, high)]
            return Quantile(share=share, value=days[0], low=days[1], high=days[2], half_width=float(half))
        case MomentDomain():
            moments = [START + timedelta(seconds=each) for each in (value, low, high)]
            return Quantile(share=share, value=moments[0], low=moments[1], high=moments[2], half_width=half / 86_400)


def _estimate(value: float, deviation: float, *, most: float | None = None) -> Estimate:
    """A figure that cannot be below zero, nor above `most`; without its noise, where that was not kept."""
    if deviation <= 0:
        return Estimate(value=value, low=None, high=None)
    high = value + Z95 * deviation
    return Estimate(value=value, low=max(0.0, value - Z95 * deviation), high=high if most is None else min(most, high))
