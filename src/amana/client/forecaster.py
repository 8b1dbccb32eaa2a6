"""A forecaster in scikit-learn's form, whose rows stay where they are; see `estimators.py`."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol, Self, final

from amana.client.estimators import Parameters
from amana.client.forecasted import ForecastMade
from amana.client.foresee import foresee
from amana.client.precision import MODEL_SHARE
from amana.client.predict import Value
from amana.terms.forecast import Ahead
from amana.terms.training import Forecasting


class Forecasts(Protocol):
    """A node over HTTP, or a data folder."""

    def forecast(self, wanted: Forecasting, *, share: str, permit: str | None) -> ForecastMade: ...


@final
class PrivateForecaster(Parameters):
    """A number that is observed at even steps of time, foreseen with intervals and beside the value one season ago."""

    _names = ("node", "horizons", "season", "lags", "rows_per_unit")

    def __init__(
        self, node: Forecasts, *, horizons: Sequence[int] = (1,), season: int = 24, lags: Sequence[int] = (), rows_per_unit: int = 0
    ) -> None:
        self.node, self.horizons, self.season, self.lags, self.rows_per_unit = node, horizons, season, lags, rows_per_unit

    def fit(
        self, *, dataset: str, value: str, time: str, table: str = "", sql: str = "", share: str = MODEL_SHARE, permit: str | None = None
    ) -> Self:
        """Learn how `value` goes on in that dataset. `share`: of the lifetime budget that it may take. The same again is free.

        Errors: Refusal, Fault.
        """
        wanted = Forecasting(
            dataset=dataset,
            value=value,
            time=time,
            horizons=tuple(self.horizons),
            season=self.season,
            table=table,
            lags=tuple(self.lags),
            rows_per_unit=self.rows_per_unit,
            sql=sql,
        )
        self.made_ = self.node.forecast(wanted, share=share, permit=permit)
        self.forecast_, self.cost_ = self.made_.forecast, self.made_.cost
        return self

    def predict(self, rows: Iterable[Mapping[str, Value]]) -> list[Ahead]:
        """What comes after the last of these rows of one unit, in order of time; made here, without the node.

        Errors: Refusal predict.column_missing, forecast.history_short, forecast.history_wrong.
        """
        return list(foresee(self.forecast_, rows))
