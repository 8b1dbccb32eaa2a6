"""Forecasts: for each horizon a correction of the value one season ago, linear in values of the past, from three rounds of noisy sums.

Round 0 counts values, and how far off the value one season ago was at each horizon, by cells of public edges: what is then measured is
standardised and cut off where the data lie. Round 1 measures how the columns move together, once for all horizons, and with what the season
leaves; the correction follows in closed form, with a ridge that grows with the noise, so that what is mostly noise is drawn to the
season alone. Round 2 measures what is left: intervals, and the errors of both.
Source: sufficient statistics for private regression, Wang 2018; direct regression for each horizon, Ben Taieb and others 2012.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor
from typing import ClassVar, final

import numpy as np

from amana.learn.forecast_fit import (
    OFF_REACHES,
    Cells,
    Correction,
    Scale,
    corrections_of,
    error_edges,
    error_of,
    nothing,
    offsets_of,
    read_errors,
    scale_of,
    widest,
)
from amana.learn.marginals import vector_of
from amana.learn.series import Series, calendar_of, column, looked_up, name_of, read_as_lag, rows_of_series
from amana.learn.stages import cap_of, measures_of
from amana.learn.words import added, between, call, cell_of, sums_by, whole
from amana.privacy.rounds import Measure, Measured, Rounds
from amana.query.check import ONE
from amana.query.expr import Expr, Op
from amana.query.plan import Plan, Project
from amana.terms.canonical import canonical_bytes
from amana.terms.course import Course
from amana.terms.forecast import Forecast, Horizon
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT, Feature, FeatureKind

SCALE, PRODUCTS, SLOPES, LEFT = 0.2, 0.2, 0.35, 0.25
"""Shares of the loss: of round 0; of the columns with each other, and with what the season leaves; of round 2."""

EVEN = 6
"""Cells of values at even distances."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Forecaster:
    """See the module."""

    name: ClassVar[str] = "forecast"
    series: Series
    nano_rho: NanoRho

    @property
    def course(self) -> Course:
        """Three rounds, their sizes from public facts."""
        series, horizons = self.series, len(self.series.horizons)
        cells, (products, slopes), left = _cells(series), _moving(series, widest(series)), _left(series, widest(series), ())
        counted = sum(len(feature.edges) + 1 for feature in _counted(series))
        sums = sum(len(plan.sums) for plan in (products, *slopes))
        bins = horizons * (len(error_edges(1)) + 1) + 1 + 2 * horizons
        return Course(
            name=canonical_bytes(self).decode(),
            rounds=(
                cap_of(self._share(SCALE), cells=counted, sources=[cells[0].source]),
                cap_of(NanoRho(self._share(PRODUCTS) + self._share(SLOPES)), cells=sums, sources=[products.source]),
                cap_of(self._share(LEFT), cells=bins, sources=[left[0].source]),
            ),
        )

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """Cells; then products; then what is left."""
        if not done:
            return measures_of(_cells(self.series), self._share(SCALE))
        scale = self._scale(done)
        if len(done) == 1:
            products, slopes = _moving(self.series, scale)
            return (*measures_of([products], self._share(PRODUCTS)), *measures_of(slopes, self._share(SLOPES)))
        errors, *bins = _left(self.series, scale, self._corrections(done, scale))
        return (*measures_of([errors], self._share(LEFT / 2)), *measures_of(bins, self._share(LEFT / 2)))

    def finish(self, done: Rounds) -> Forecast:
        """The forecast, with its intervals and errors."""
        series, scale = self.series, self._scale(done)
        corrections, (sums, *bins) = self._corrections(done, scale), done[2]
        horizons = list[Horizon]()
        for place, (correction, one, reach) in enumerate(zip(corrections, bins, scale.reaches, strict=True)):
            edges = error_edges(reach)
            counts = vector_of(one, 0, len(edges) + 1)
            cells = read_errors(edges, counts, noise=one.private.scales[0], width=series.width)
            horizons.append(_horizon(series, place, correction, cells, sums))
        return Forecast(
            value=series.value,
            time=series.time,
            dates=series.dates,
            decimals=series.decimals,
            low=series.low,
            high=series.high,
            season=series.season,
            lags=series.lags,
            centre=scale.centre,
            width=scale.width,
            horizons=tuple(horizons),
        )

    def _share(self, share: float) -> NanoRho:
        return NanoRho(floor(self.nano_rho * share))

    def _scale(self, done: Rounds) -> Scale:
        series = self.series
        (value, *off), (values, *seasonal) = _counted(series), done[0]
        read = {
            steps: _read((0, *feature.edges, series.width), one) for steps, feature, one in zip(_apart(series), off, seasonal, strict=True)
        }
        each = [read[steps + lag] for steps, lag in zip(series.horizons, series.seasonals, strict=True)]
        return scale_of(series, _read((series.low, *value.edges, series.high), values), each)

    def _corrections(self, done: Rounds, scale: Scale) -> tuple[Correction, ...]:
        products, *slopes = done[1]
        columns = 1 + len(_columns(self.series))
        square, upper = np.zeros((columns, columns)), np.triu_indices(columns)
        square[upper] = [cell[0] / UNIT**2 for cell in products.cells]
        return corrections_of(
            self.series,
            scale,
            products=np.triu(square) + np.triu(square, 1).T,
            products_noise=products.private.scales[0] / UNIT**2,
            slopes=[np.array([cell[0] / UNIT for cell in one.cells]) for one in slopes],
            slopes_noise=[one.private.scales[0] / UNIT for one in slopes],
        )


def _read(edges: Sequence[int], one: Measured) -> Cells:
    return Cells(edges=tuple(edges), counts=vector_of(one, 0, len(edges) - 1), noise=one.private.scales[0])


def _horizon(series: Series, place: int, correction: Correction, bins: Cells, sums: Measured) -> Horizon:
    grid, scales = UNIT * float(10**series.decimals), sums.private.scales
    error, error_seasonal = (
        error_of(sums.cells[at][0] / grid, sums.cells[0][0], size_noise=scales[at] / grid, rows_noise=scales[0])
        for at in (1 + 2 * place, 2 + 2 * place)
    )
    low_95, low_80, high_80, high_95 = offsets_of(bins)
    return Horizon(
        steps=series.horizons[place],
        seasonal=series.seasonals[place],
        intercept=correction.intercept,
        weights=correction.weights,
        hours=correction.hours,
        weekdays=correction.weekdays,
        low_95=low_95,
        low_80=low_80,
        high_80=high_80,
        high_95=high_95,
        error=error,
        error_seasonal=error_seasonal,
    )


def _apart(series: Series) -> dict[int, int]:
    """How many steps lie between the value to come and the one a season (or more) before, with the place of a horizon where it is so
    many: there the season is off alike, and need be measured once only."""
    found = {steps + lag: place for place, (steps, lag) in enumerate(zip(series.horizons, series.seasonals, strict=True))}
    return dict(sorted(found.items()))


def _counted(series: Series) -> list[Feature]:
    """The cells of values, and of how far off the season was, once for each of `_apart`. Units: of the value's grid."""
    edges = (_edges(series.low, series.high, even=EVEN), *[_edges(0, series.width, even=1)] * len(_apart(series)))
    return [Feature(name="cell", kind=FeatureKind.NUMBER, edges=each) for each in edges]


def _edges(low: int, high: int, *, even: int) -> tuple[int, ...]:
    """At even distances, and at distances from the low end that double: there lies what is skewed."""
    width = high - low
    evenly = (low + width * place // even for place in range(1, even))
    doubled = (low + (width >> place) for place in range(1, width.bit_length()))
    return tuple(sorted({edge for edge in (*evenly, *doubled) if low < edge < high}))


def _seasonal_off(series: Series, place: int) -> Expr:
    """The value to come less the value one season before."""
    return call(Op.SUB, column(name_of(-series.horizons[place])), column(name_of(series.seasonals[place])))


def _cells(series: Series) -> list[Plan]:
    """Rows by the cell of the last known value, and by those of how far off the season was."""
    rows = rows_of_series(series)
    off = [call(Op.ABS, _seasonal_off(series, place)) for place in _apart(series).values()]
    read = (column(name_of(series.lags[0])), *off)
    cells = [
        (f"c{place}", cell_of(feature, one, range(feature.cells), missing=False))
        for place, (feature, one) in enumerate(zip(_counted(series), read, strict=True))
    ]
    source = Project(source=rows, columns=tuple(cells))
    return [sums_by(source, name, ONE) for name, _ in cells]


def _columns(series: Series) -> list[str]:
    """Names of the columns of the regression, but for the one that is 1 everywhere."""
    return [f"z{place}" for place in range(len(series.lags) + len(calendar_of(series)))]


def _standardised(series: Series, scale: Scale) -> list[Expr]:
    lags = [read_as_lag(column(name_of(lag)), centre=scale.centre, width=scale.width) for lag in series.lags]
    return [*lags, *(looked_up(name, wave) for name, wave in calendar_of(series))]


def _moving(series: Series, scale: Scale) -> tuple[Plan, list[Plan]]:
    """(products of the columns with each other, for each horizon with what the season leaves)."""
    rows, names = rows_of_series(series), _columns(series)
    left = [(f"s{place}", between(_seasonal_off(series, place), -reach, reach)) for place, reach in enumerate(scale.reaches)]
    source = Project(source=rows, columns=(*zip(names, _standardised(series, scale), strict=True), *left))
    columns = [whole(UNIT), *(column(name) for name in names)]
    products = [call(Op.MUL, one, other) for place, one in enumerate(columns) for other in columns[place:]]
    slopes = [[call(Op.MUL, one, column(name)) for one in columns] for name, _ in left]
    return sums_by(source, "", *products), [sums_by(source, "", *sums) for sums in slopes]


def _left(series: Series, scale: Scale, corrections: Sequence[Correction]) -> list[Plan]:
    """Rows and the errors of both forecasts at each horizon; rows by cells of the error of ours. Units of errors: 1/1024 of the grid."""
    names = _columns(series)
    base = rows_of_series(series)
    read = Project(
        source=base, columns=(*((name, column(name)) for name, _ in base.columns), *zip(names, _standardised(series, scale), strict=True))
    )
    errors: list[tuple[str, Expr]] = []
    for place, correction in enumerate(corrections or [nothing(series)] * len(series.horizons)):
        coming = call(Op.MUL, column(name_of(-series.horizons[place])), whole(UNIT))
        errors.append((f"e{place}", call(Op.SUB, coming, _foreseen(series, place, correction))))
        errors.append((f"s{place}", call(Op.MUL, _seasonal_off(series, place), whole(UNIT))))
    off = Project(source=read, columns=tuple(errors))
    features = [Feature(name="error", kind=FeatureKind.NUMBER, edges=error_edges(reach)) for reach in scale.reaches]
    cells = [
        (f"b{place}", cell_of(feature, column(f"e{place}"), range(feature.cells), missing=False)) for place, feature in enumerate(features)
    ]
    source = Project(source=off, columns=(*((name, column(name)) for name, _ in errors), *cells))
    most = [whole(round(OFF_REACHES * UNIT * reach)) for reach in scale.reaches for _ in range(2)]
    sizes = [call(Op.LEAST, call(Op.ABS, column(name)), end) for (name, _), end in zip(errors, most, strict=True)]
    return [sums_by(source, "", ONE, *sizes), *(sums_by(source, name, ONE) for name, _ in cells)]


def _foreseen(series: Series, place: int, correction: Correction) -> Expr:
    """As `terms.forecast.Forecast.ahead`."""
    weighed = [call(Op.MUL, column(name), whole(weight)) for name, weight in zip(_columns(series), correction.weights, strict=False)]
    terms = [
        call(Op.MUL, column(name_of(series.seasonals[place])), whole(UNIT)),
        whole(correction.intercept),
        call(Op.INT_DIV, added(weighed), whole(UNIT)),
        *(looked_up(name, table) for name, table in (("hour", correction.hours), ("weekday", correction.weekdays)) if table),
    ]
    return between(added(terms), series.low * UNIT, series.high * UNIT)
