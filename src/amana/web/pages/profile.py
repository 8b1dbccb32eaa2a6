"""The private profile of a dataset as a page shows it: figures with their intervals, and small pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from math import sqrt
from typing import final

from markupsafe import Markup

from amana.catalog.domains import DateDomain, MomentDomain, NumberDomain
from amana.catalog.profile import Histogram, TableProfile
from amana.catalog.schema import Column, Dataset, Table
from amana.catalog.summary import Z95
from amana.client.figures import GROUP, digits_after, number, show
from amana.node.service import Service
from amana.terms.answer import Estimate
from amana.terms.summary import ColumnSummary, Quantile, TableSummary
from amana.web.pages import plots
from amana.web.pages.reader import Reader

GROUPED_MIN = 10_000
TOGETHER = str.maketrans({" ": "\N{NO-BREAK SPACE}"})
"""A figure and its interval stay on one line."""
MEMBERS_MAX = 12
"""So many of a long list of members are shown, the largest; the others together."""
OPEN_MAX = 6
"""A table of so many columns is shown at once; a longer one when it is opened."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """One member of a choice, or the others together, without a bar, where `name` is None. `share`: of the rows, with its interval."""

    name: str | None
    share: str
    bar: Markup


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnShown:
    """A column. `missing`: None where it always has a value. `quantiles`: share, and the value with its interval."""

    name: str
    kind: str
    missing: str | None
    picture: Markup
    quantiles: tuple[tuple[str, str], ...]
    members: tuple[Member, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TableShown:
    """A private table. `rows_max`: of one unit; `rows_of_one`: rows that half of the units, and nearly all, do not exceed. `bare`:
    columns of which nothing is told."""

    name: str
    title: tuple[tuple[str, str], ...]
    units: str
    rows: str
    rows_max: int
    rows_of_one: tuple[str, str]
    groups: tuple[tuple[str, str], ...]
    columns: tuple[ColumnShown, ...]
    bare: tuple[str, ...]
    open: bool


def profile_shown(reader: Reader, service: Service, dataset: Dataset) -> tuple[TableShown, ...]:
    """Every private table, in the order of the schema: the figures of `/api/v1/datasets/{name}/profile`."""
    profiles = {each.table: each for each in service.node.profile(dataset.name)}
    told = {each.table: each for each in service.node.profile_summary(dataset.name)}
    return tuple(_table(reader, table, told[table.name], profiles[table.name]) for table in dataset.schema.tables if table.name in told)


def _table(reader: Reader, table: Table, told: TableSummary, profile: TableProfile) -> TableShown:
    columns = {column.name: column for column in table.columns}
    shares = {each.share: each for each in told.rows_per_unit}
    return TableShown(
        name=table.name,
        title=table.title,
        units=show(told.units).translate(TOGETHER),
        rows=show(told.rows).translate(TOGETHER),
        rows_max=table.rows_per_unit_max,
        rows_of_one=(quantile_text(reader, shares[0.5], decimals=0), quantile_text(reader, shares[0.95], decimals=0)),
        groups=tuple((name, show(mean).translate(TOGETHER)) for name, mean in told.groups_per_unit),
        columns=tuple(_column(reader, columns[each.name], each, profile.histogram(each.name)) for each in told.columns),
        bare=tuple(name for name in columns if name not in {each.name for each in told.columns}),
        open=len(told.columns) <= OPEN_MAX,
    )


def _column(reader: Reader, column: Column, told: ColumnSummary, histogram: Histogram | None) -> ColumnShown:
    return ColumnShown(
        name=told.name,
        kind=told.kind,
        missing=share_text(told.missing) if column.domain.nullable else None,
        picture=_picture(reader, column, told, histogram) if histogram is not None and told.quantiles else Markup(),
        quantiles=tuple((f"{100 * each.share:g} %", quantile_text(reader, each, decimals=told.decimals)) for each in told.quantiles),
        members=_members(told.members),
    )


def _picture(reader: Reader, column: Column, told: ColumnSummary, histogram: Histogram) -> Markup:
    ends = _ends(column)
    quarters = [value_text(each.value, decimals=told.decimals) for each in told.quantiles if each.share in {0.25, 0.75}]
    label = reader.catalogue.say(
        "page.dataset.picture", column=column.name, low=ends[0], high=ends[1], first=quarters[0], third=quarters[-1]
    )
    return plots.histogram(histogram.counts, noise=Z95 * histogram.deviation, ends=ends, label=label)


def _ends(column: Column) -> tuple[str, str]:
    """The declared ends of what a column may hold, as an axis names them."""
    match column.domain:
        case NumberDomain(low=low, high=high, scale=scale):
            return end_text(low / 10**scale), end_text(high / 10**scale)
        case DateDomain(low=low, high=high):
            return low.isoformat(), high.isoformat()
        case MomentDomain(low=low, high=high):
            return low.date().isoformat(), high.date().isoformat()
        case _:
            return "", ""


def end_text(value: float) -> str:
    """A declared bound with the digits that it has."""
    return bare_number(value, 0 if float(value).is_integer() else max(0, digits_after(abs(value) / 10)))


def bare_number(value: float, digits: int) -> str:
    """A number of up to four digits before the point without groups: many of those are years."""
    shown = number(value, digits)
    return shown.replace(GROUP, "") if abs(value) < GROUPED_MIN else shown


def value_text(value: float | date, *, decimals: int) -> str:
    """A number on its grid, a day, or a moment to the minute."""
    match value:
        case datetime():
            return f"{value:%Y-%m-%d %H:%M}"
        case date():
            return value.isoformat()
        case _:
            return bare_number(value, decimals)


def quantile_text(reader: Reader, quantile: Quantile, *, decimals: int) -> str:
    """The value and how far bins and noise may move it: in days for days and moments."""
    value = value_text(quantile.value, decimals=decimals)
    if quantile.half_width == 0:
        return value
    if isinstance(quantile.value, date):
        days = number(quantile.half_width, 0 if quantile.half_width.is_integer() else digits_after(quantile.half_width))
        return reader.catalogue.say("page.dataset.days", value=value, days=days).translate(TOGETHER)
    return f"{value} ± {bare_number(quantile.half_width, decimals)}".translate(TOGETHER)


def share_text(share: Estimate) -> str:
    """A share as per cent, with its interval."""
    ends = (None if each is None else 100 * each for each in (share.value, share.low, share.high))
    value, low, high = ends
    return f"{show(Estimate(value=value, low=low, high=high))} %".translate(TOGETHER)


def _members(members: Sequence[tuple[str, Estimate]]) -> tuple[Member, ...]:
    most = max([each.high or each.value or 0.0 for _, each in members], default=0.0)
    if len(members) <= MEMBERS_MAX + 1:
        return tuple(Member(name=name, share=share_text(share), bar=plots.bar(share, most=most)) for name, share in members)
    largest = sorted(members, key=lambda each: -(each[1].value or 0.0))
    others = Member(name=None, share=share_text(together([share for _, share in largest[MEMBERS_MAX:]])), bar=Markup())
    return (*(Member(name=name, share=share_text(share), bar=plots.bar(share, most=most)) for name, share in largest[:MEMBERS_MAX]), others)


def together(shares: Sequence[Estimate]) -> Estimate:
    """The share of several members at once. Their noise is independent, so the squares of the half widths add up."""
    value = sum(each.value or 0.0 for each in shares)
    halves = [max((each.high or 0.0) - (each.value or 0.0), 0.0) for each in shares if each.high is not None]
    if not halves:
        return Estimate(value=value, low=None, high=None)
    half = sqrt(sum(each * each for each in halves))
    return Estimate(value=value, low=max(0.0, value - half), high=min(1.0, value + half))
