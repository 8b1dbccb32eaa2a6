"""The private profile of a new version: a few cheap kernel releases, each over one row a unit (stored rank 1) or one sum a unit."""

from collections.abc import Callable
from datetime import date, datetime
from math import ceil, sqrt
from typing import assert_never

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.schema import Column as SchemaColumn
from amana.catalog.schema import Schema, Table
from amana.privacy.bound import Choice
from amana.query.check import ONE
from amana.query.expr import Call, Case, Column, Expr, Fixed, Literal, Op
from amana.query.plan import PerUnit, Plan, RowSum, Scan, UnitFunction, UnitMeasure
from amana.query.released import NoiseKind, NoisyTable

BINS = 64
Release = Callable[[Plan, Choice], NoisyTable]
"""Measures a plan of one sum, at the profile's even share of the loss."""


def releases_count(schema: Schema) -> int:
    """How many releases the profile takes: its loss is split evenly over them."""
    tables = [table for table in schema.tables if table.private]
    return sum(1 + len(_profiled(table)) + len(_unbinned(table)) + len(table.occurrence) for table in tables)


def build_profile(schema: Schema, release: Release) -> Profile:
    """The profile of all private tables, from `releases_count` releases."""
    return Profile(tables=tuple(_table(table, release) for table in schema.tables if table.private))


def _profiled(table: Table) -> list[SchemaColumn]:
    return [column for column in table.columns if column.name != table.unit_column and _grid(column.domain) is not None]


def _unbinned(table: Table) -> list[SchemaColumn]:
    """Columns of which nothing but their missing values can be counted."""
    linked = {here for here, _ in table.path.on} if table.path is not None else {table.unit_column}
    return [c for c in table.columns if c.domain.nullable and c.name not in linked and isinstance(c.domain, TextDomain | KeyDomain)]


def _table(table: Table, release: Release) -> TableProfile:
    edges = rows_edges(table.rows_per_unit_max)
    scan = Scan(table=table.name, alias="t")
    counted = PerUnit(source=scan, keys=(), measures=(UnitMeasure(name="n", function=UnitFunction.COUNT, value=ONE),))
    below = tuple((Call(op=Op.LT, args=(Column(name="n"), _whole(edge))), _whole(index)) for index, edge in enumerate(edges[1:]))
    last = _whole(len(edges) - 1)
    bin_of = Case(branches=below, otherwise=last) if below else last  # a table with one row a unit has one bin
    sized = release(_counts(counted, bin_of), Choice())
    units = _by_key(sized, len(edges))[0]
    middles = [(low + high - 1) / 2 for low, high in zip(edges, (*edges[1:], edges[-1] + 1), strict=True)]
    total_units = max(1.0, sum(units))
    columns = tuple(
        (column.name, _histogram(column, release(_of_first_rows(scan, column), Choice(keep=(("t", 1),))))) for column in _profiled(table)
    )
    presence = tuple((column.name, _presence(scan, column, release)) for column in _unbinned(table))
    groups = tuple((name, *_groups(scan, name, release)) for name in table.occurrence)
    return TableProfile(
        table=table.name,
        units=total_units,
        rows=max(1.0, sum(count * middle for count, middle in zip(units, middles, strict=True))),
        rows_edges=edges,
        units_by_rows=units,
        columns=columns,
        groups_per_unit=tuple((name, found / total_units) for name, found, _ in groups),
        presence=presence,
        units_deviation=_deviation(sized),
        groups_deviations=tuple(deviation / total_units for _, _, deviation in groups),
    )


def rows_edges(rows_max: int) -> tuple[int, ...]:
    """Lower edges of the bins of rows per unit: 1, 2, 3, … then about 15 % apart."""
    edges, at = [1], 1
    while at < rows_max:
        at = max(at + 1, ceil(at * 1.15))
        if at <= rows_max:
            edges.append(at)
    return tuple(edges)


def _counts(source: PerUnit | Scan, key: Expr) -> Plan:
    return Plan(source=source, keys=(("bin", key),), sums=(RowSum(value=ONE),), figures=())


def _deviation(released: NoisyTable) -> float:
    """Standard deviation of the noise on the one sum of a release: a public fact."""
    (noise,) = released.noise
    return noise.scale * (sqrt(2) if noise.kind is NoiseKind.LAPLACE else 1.0)


def _presence(scan: Scan, column: SchemaColumn, release: Release) -> Histogram:
    absent = Call(op=Op.TO_NUMBER, args=(Call(op=Op.IS_NULL, args=(Column(name=f"t.{column.name}"),)), _whole(0)))
    released = release(_counts(scan, absent), Choice(keep=(("t", 1),)))
    there, missing = _by_key(released, 2)[0]
    return Histogram(low=0, width=1, counts=(there,), missing=missing, deviation=_deviation(released))


def _groups(scan: Scan, column: str, release: Release) -> tuple[float, float]:
    """The noisy number of pairs (unit, value), and the deviation of its noise."""
    measure = UnitMeasure(name="n", function=UnitFunction.COUNT_DISTINCT, value=Column(name=f"t.{column}"))
    source = PerUnit(source=scan, keys=(), measures=(measure,))
    released = release(Plan(source=source, keys=(), sums=(RowSum(value=Column(name="n")),), figures=()), Choice())
    cell = released.cells[0][0]
    assert not isinstance(cell, tuple)
    return max(0.0, float(cell)), _deviation(released)


def _by_key(released: NoisyTable, bins: int) -> tuple[tuple[float, ...], float]:
    """(noisy counts by bin, noisy count of NULL)."""
    counts, missing = [0.0] * bins, 0.0
    for key, row in zip(released.keys, released.cells, strict=True):
        value, cell = key[0], row[0]
        assert not isinstance(cell, tuple)
        if value is None:
            missing = float(cell)
        else:
            assert isinstance(value, int)
            counts[int(value)] = float(cell)
    return tuple(counts), missing


def _grid(domain: Domain) -> tuple[int, int, int] | None:
    """(lowest place, width, bins) of a column's histogram on its own grid; None for a column that has no profile."""
    match domain:
        case NumberDomain():
            low, span = domain.low, domain.high - domain.low + 1
        case DateDomain():
            low, span = _days(domain.low), (domain.high - domain.low).days + 1
        case MomentDomain():
            low, span = _days(domain.low.date()), (domain.high.date() - domain.low.date()).days + 1
        case ChoiceDomain():
            return (0, 1, len(domain.members)) if 0 < len(domain.members) <= 10_000 else None
        case BooleanDomain():
            return 0, 1, 2
        case TextDomain() | KeyDomain():
            return None
        case _:
            assert_never(domain)
    width = max(1, -(-span // BINS))
    return low, width, -(-span // width)


def _days(day: date) -> int:
    return day.toordinal() - 719_163


def _of_first_rows(scan: Scan, column: SchemaColumn) -> Plan:
    value, grid = Column(name=f"t.{column.name}"), _grid(column.domain)
    assert grid is not None
    low, width, _ = grid
    domain = column.domain
    key: Expr
    match domain:
        case NumberDomain():
            key = _binned(
                Call(op=Op.SUB, args=(value, Literal(value=Fixed(units=low, scale=domain.scale)))), Fixed(units=width, scale=domain.scale)
            )
        case DateDomain() | MomentDomain():
            first = domain.low.date() if isinstance(domain.low, datetime) else domain.low
            key = _binned(Call(op=Op.DAYS_BETWEEN, args=(Literal(value=first), value)), Fixed(units=width))
        case ChoiceDomain():
            key = value
        case _:
            true = Call(op=Op.TO_NUMBER, args=(value, Literal(value=Fixed(units=0))))
            key = true
    return _counts(scan, key)


def _binned(above: Expr, width: Fixed) -> Expr:
    return Call(op=Op.INT_DIV, args=(above, Literal(value=width)))


def _whole(number: int) -> Literal:
    return Literal(value=Fixed(units=number))


def _histogram(column: SchemaColumn, released: NoisyTable) -> Histogram:
    grid = _grid(column.domain)
    assert grid is not None
    low, width, bins = grid
    if isinstance(column.domain, ChoiceDomain):
        places = {member: index for index, member in enumerate(column.domain.members)}
        keys = tuple((None,) if key[0] is None else (places[str(key[0])],) for key in released.keys)
        released = NoisyTable(keys=keys, cells=released.cells, noise=released.noise)
    counts, missing = _by_key(released, bins)
    seconds = 86_400 if isinstance(column.domain, MomentDomain) else 1
    return Histogram(low=low * seconds, width=width * seconds, counts=counts, missing=missing, deviation=_deviation(released))
