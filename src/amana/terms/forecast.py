"""A forecast as it leaves the node: what is added to the value one season ago, and how far off that was. Standard library only.

Whole numbers throughout, so that the engine that measures its errors and a meter without a network agree to the last bit.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import final

from amana.terms.model import UNIT

HORIZONS_MAX = 12
LAGS_MAX = 12
STEPS_MAX = 2_000
"""How far a horizon, a season, and a lag that somebody names may reach."""
LAG_MAX = 2 * STEPS_MAX
"""A lag by the public rule may lie two seasons back."""
HOURS, WEEKDAYS = 24, 7
WEIGHT_ABS_MAX = 2**50
"""Of whatever is added or multiplied."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Error:
    """A mean absolute error with its 95 % interval for noise only, in the value's own unit."""

    value: float
    low: float
    high: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Horizon:
    """So many `steps` ahead. `seasonal`: how far back the value lies that is one season (or the fewest whole ones) before the one to come.
    Shapes: `weights` one for each lag; `hours` 24 values, `weekdays` 7 from Monday, for those of the last known row; both may be empty.
    Units: 1/1024 of the value's grid; `low_80` … `high_95`: added to the forecast, ends of intervals that held 80 % and 95 % of the rows
    learned from. `error`: of the forecast; `error_seasonal`: of the value one season ago, on the same rows."""

    steps: int
    seasonal: int
    intercept: int
    weights: tuple[int, ...]
    hours: tuple[int, ...]
    weekdays: tuple[int, ...]
    low_95: int
    low_80: int
    high_80: int
    high_95: int
    error: Error
    error_seasonal: Error


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Ahead:
    """What is foreseen at one horizon, in the value's own unit. `seasonal`: the value one season ago, to compare with."""

    steps: int
    forecast: float
    low_80: float
    high_80: float
    low_95: float
    high_95: float
    seasonal: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Forecast:
    """`lags`: steps back from the last known row, each read as its distance from `centre`, at most `width`. `dates`: the time is a date.
    Units: `low`, `high`, `centre`, `width` count 10**-`decimals`."""

    value: str
    time: str
    dates: bool
    decimals: int
    low: int
    high: int
    season: int
    lags: tuple[int, ...]
    centre: int
    width: int
    horizons: tuple[Horizon, ...]

    def __post_init__(self) -> None:
        assert self.low < self.high and self.width >= 1 and self.horizons
        for horizon in self.horizons:
            assert len(horizon.weights) == len(self.lags)
            assert len(horizon.hours) in (0, HOURS) and len(horizon.weekdays) in (0, WEEKDAYS)

    @property
    def rows_needed(self) -> int:
        """Rows of one unit, up to the last known, that a forecast reads."""
        return 1 + max((*self.lags, *(horizon.seasonal for horizon in self.horizons)))

    def in_value(self, units: int) -> float:
        """From 1/1024 of the grid to the value's own unit."""
        return units / float(UNIT * 10**self.decimals)

    def ahead(self, past: Mapping[int, int], *, at: date) -> tuple[Ahead, ...]:
        """One for each horizon. Shapes: `past` holds the value of each lag and season. Units: 10**-`decimals`, within the interval of the
        value or cut to it. `at`: the time of the last known row."""
        within = {lag: min(max(value, self.low), self.high) for lag, value in past.items()}
        read = [read_lag(within[lag], centre=self.centre, width=self.width) for lag in self.lags]
        return tuple(self._ahead(horizon, within[horizon.seasonal], read, at) for horizon in self.horizons)

    def _ahead(self, horizon: Horizon, seasonal: int, read: list[int], at: date) -> Ahead:
        total = seasonal * UNIT + horizon.intercept
        total += trunc_div(sum(weight * one for weight, one in zip(horizon.weights, read, strict=True)), UNIT)
        if horizon.hours and isinstance(at, datetime):
            total += horizon.hours[at.hour]
        if horizon.weekdays:
            total += horizon.weekdays[at.weekday()]
        ends = (0, horizon.low_80, horizon.high_80, horizon.low_95, horizon.high_95)
        cut = min(max(total, self.low * UNIT), self.high * UNIT)
        figures = [self.in_value(min(max(cut + end, self.low * UNIT), self.high * UNIT)) for end in ends]
        forecast, low_80, high_80, low_95, high_95 = figures
        return Ahead(
            steps=horizon.steps,
            forecast=forecast,
            low_80=low_80,
            high_80=high_80,
            low_95=low_95,
            high_95=high_95,
            seasonal=seasonal / 10**self.decimals,
        )


def seasonal_lag(steps: int, season: int) -> int:
    """How far before the last known row the value lies that is the fewest whole seasons before the one `steps` ahead.

    >>> seasonal_lag(1, 24), seasonal_lag(24, 24), seasonal_lag(30, 24)
    (23, 0, 18)
    """
    return -(-steps // season) * season - steps


def read_lag(value: int, *, centre: int, width: int) -> int:
    """The distance of a value from the centre, at most the width, in 1/1024 of it."""
    return min(max(trunc_div((value - centre) * UNIT, width), -UNIT), UNIT)


def trunc_div(value: int, by: int) -> int:
    """Divided and cut towards zero, as engines do."""
    return value // by if value >= 0 else -(-value // by)
