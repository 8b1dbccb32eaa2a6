"""From what is asked for to a forecaster of it: which rows, how many of each unit. Public facts only."""

from dataclasses import dataclass
from typing import final

from amana.catalog.schema import Schema
from amana.learn.forecast import Forecaster
from amana.learn.series import series_of
from amana.learn.wanted import COLUMNS_MAX, Rows, check_size, versioned
from amana.privacy.bound import Choice
from amana.privacy.rounds import Measure, Rounds
from amana.query.infer import rows_of
from amana.terms.course import Course
from amana.terms.forecast import Forecast
from amana.terms.ids import NanoRho
from amana.terms.training import Forecasting

ROWS_KEPT = 200
"""Of each unit, where nobody says: noise grows with them as the sums do, and a unit's own days are told apart from its neighbours'."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WantedForecast:
    """A forecaster with the bound of its rows, which is put on those that windows made of all rows of a unit."""

    forecaster: Forecaster
    choice: Choice
    course: Course
    half: None = None

    @property
    def name(self) -> str:
        """Of the learner."""
        return self.forecaster.name

    @property
    def rows_per_unit(self) -> int:
        """Kept of each privacy unit."""
        return self.forecaster.series.rows_per_unit

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        """See `privacy.rounds.Learner`."""
        return self.forecaster.propose(done)

    def finish(self, done: Rounds) -> Forecast:
        """The forecast of a whole course."""
        return self.forecaster.finish(done)


def forecast_wanted(wanted: Forecasting, rows: Rows, schema: Schema, *, nano_rho: NanoRho) -> WantedForecast:
    """The forecaster of a specification.

    Errors: Refusal learn.no_column, learn.series_columns, learn.numbers_large, learn.series_steps, budget.precision_unreachable.
    """
    kept = min(wanted.rows_per_unit or ROWS_KEPT, rows_of(rows.source, schema))
    series = series_of(wanted, rows.table, source=rows.source, rows_per_unit=kept, units=rows.units)
    check_size(len(series.lags), nano_rho, most=COLUMNS_MAX)
    forecaster = Forecaster(series=series, nano_rho=nano_rho)
    return WantedForecast(forecaster=forecaster, choice=Choice(left=kept), course=versioned(forecaster.course))
