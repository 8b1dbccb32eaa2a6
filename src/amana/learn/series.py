"""Rows of a time series as the algebra makes them: the last known value, values before and after it, and the calendar.

Windows lie inside a privacy unit and are computed over all of its rows; which of the rows that they make are kept is the kernel's to
say, above them (`Choice.left`). So a row that is kept knows its true past, and a unit still gives no more rows than are kept.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import cos, pi, sin
from typing import final

from amana.catalog.domains import DateDomain, MomentDomain, NumberDomain
from amana.catalog.schema import Table
from amana.learn.problem import check_ends, column_in, column_of
from amana.learn.words import between, call, whole
from amana.query.expr import Column, Expr, Fixed, Literal, Lookup, Op
from amana.query.plan import Filter, Project, Relation, Window, WindowFunction, WindowMeasure
from amana.terms.forecast import HORIZONS_MAX, HOURS, LAGS_MAX, STEPS_MAX, WEEKDAYS, seasonal_lag
from amana.terms.model import UNIT
from amana.terms.refusal import Refusal
from amana.terms.training import Forecasting


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Series:
    """What is to be foreseen, as public facts. `source`: the rows, whose columns are named "t.<column>". `units`: how many there are,
    by the profile. Units: `low`, `high` count 10**-`decimals`."""

    source: Relation
    value: str
    time: str
    dates: bool
    decimals: int
    low: int
    high: int
    season: int
    horizons: tuple[int, ...]
    lags: tuple[int, ...]
    rows_per_unit: int
    units: float

    @property
    def seasonals(self) -> tuple[int, ...]:
        """Of each horizon, the lag of the value one season before."""
        return tuple(seasonal_lag(steps, self.season) for steps in self.horizons)

    @property
    def width(self) -> int:
        """Of the value's interval, in units of its grid."""
        return self.high - self.low


def series_of(wanted: Forecasting, table: Table, *, source: Relation, rows_per_unit: int, units: float) -> Series:
    """The series of a specification.

    Errors: Refusal learn.no_column, learn.series_columns, learn.numbers_large, learn.series_steps.
    """
    value, time = column_in(table, wanted.value), column_in(table, wanted.time)
    if not isinstance(value.domain, NumberDomain) or value.domain.low == value.domain.high:
        raise Refusal("learn.series_columns", table=table.name, column=value.name, wanted="word.kind.number")
    check_ends(table, value, value.domain)
    if not isinstance(time.domain, DateDomain | MomentDomain):
        raise Refusal("learn.series_columns", table=table.name, column=time.name, wanted="word.kind.time")
    horizons, season = tuple(sorted(set(wanted.horizons))), wanted.season
    reach = (*horizons, season, *(lag + 1 for lag in wanted.lags))
    if not horizons or not all(1 <= steps <= STEPS_MAX for steps in reach):
        raise Refusal("learn.series_steps", horizons=HORIZONS_MAX, lags=LAGS_MAX, steps=STEPS_MAX)
    lags = tuple(sorted(set(wanted.lags))) or lags_by_rule(horizons, season)
    if len(horizons) > HORIZONS_MAX or len(lags) > LAGS_MAX:
        raise Refusal("learn.series_steps", horizons=HORIZONS_MAX, lags=LAGS_MAX, steps=STEPS_MAX)
    return Series(
        source=source,
        value=value.name,
        time=time.name,
        dates=isinstance(time.domain, DateDomain),
        decimals=value.domain.scale,
        low=value.domain.low,
        high=value.domain.high,
        season=season,
        horizons=horizons,
        lags=lags,
        rows_per_unit=rows_per_unit,
        units=units,
    )


def lags_by_rule(horizons: Sequence[int], season: int) -> tuple[int, ...]:
    """The last two values and, for each horizon while there is room, the values one season and two before the one to come.

    >>> lags_by_rule((1, 24), 24)
    (0, 1, 23, 24, 47)
    """
    found: dict[int, None] = dict.fromkeys((0, 1))
    for seasons in (0, 1):
        for steps in horizons:
            if len(found) < LAGS_MAX:
                found.setdefault(seasonal_lag(steps, season) + seasons * season)
    return tuple(sorted(found))


def name_of(lag: int) -> str:
    """Of the column with the value so many steps before the last known row; after it where negative."""
    return f"v{lag}" if lag >= 0 else f"y{-lag}"


def rows_of_series(series: Series) -> Project:
    """The rows of which all values are known: values in units of their grid, the hour and the weekday of the last known one."""
    reach = sorted({*series.lags, *series.seasonals, *(-steps for steps in series.horizons)})
    order = ((column_of(series.time), False),)
    value = column_of(series.value)
    measures = tuple(
        WindowMeasure(
            name=name_of(lag),
            function=WindowFunction.LAG if lag > 0 else WindowFunction.LEAD,
            value=value,
            order=order,
            offset=abs(lag),
        )
        for lag in reach
        if lag
    )
    read: dict[int, Expr] = {lag: Column(name=name_of(lag)) if lag else value for lag in reach}
    known = [call(Op.NOT, call(Op.IS_NULL, column)) for column in (*read.values(), column_of(series.time))]
    rows = Filter(source=Window(source=series.source, measures=measures), predicate=call(Op.AND, *known))
    grid = Literal(value=Fixed(units=1, scale=series.decimals))
    columns: list[tuple[str, Expr]] = [
        (name_of(lag), between(call(Op.INT_DIV, column, grid), series.low, series.high)) for lag, column in read.items()
    ]
    time = column_of(series.time)
    if not series.dates:
        columns.append(("hour", call(Op.COALESCE, call(Op.HOUR, time), whole(0))))
    columns.append(("weekday", call(Op.SUB, call(Op.COALESCE, call(Op.WEEKDAY, time), whole(1)), whole(1))))
    return Project(source=rows, columns=tuple(columns))


def column(name: str) -> Expr:
    """A column of the rows of a series."""
    return Column(name=name)


def waves(places: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """One turn of a circle over so many places, in 1/1024: whatever the horizon, what is a wave in the time to come is one in that of the
    last known row."""
    turns = [2 * pi * place / places for place in range(places)]
    return tuple(round(UNIT * sin(turn)) for turn in turns), tuple(round(UNIT * cos(turn)) for turn in turns)


def calendar_of(series: Series) -> list[tuple[str, tuple[int, ...]]]:
    """Columns of the calendar with their values by place: waves of the day, where the time has hours, and of the week."""
    kinds = [*([] if series.dates else [("hour", HOURS)]), ("weekday", WEEKDAYS)]
    return [(name, wave) for name, places in kinds for wave in waves(places)]


def read_as_lag(value: Expr, *, centre: int, width: int) -> Expr:
    """As `terms.forecast.read_lag`."""
    distance = call(Op.INT_DIV, call(Op.MUL, call(Op.SUB, value, whole(centre)), whole(UNIT)), whole(width))
    return between(distance, -UNIT, UNIT)


def looked_up(name: str, values: Sequence[int]) -> Expr:
    """The value at the place that the column holds."""
    return Lookup(index=column(name), values=tuple(values))
