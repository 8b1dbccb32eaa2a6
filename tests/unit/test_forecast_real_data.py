"""Real series: with next to no noise a forecast beats the value one season ago, or equals it; skipped where the data are not present.

Three zones and a hundred homes are too few to learn from in private, which is as it should be: here the learner is judged, not the noise.
"""

import csv
import zipfile
from collections.abc import Iterable, Iterator
from datetime import datetime
from io import TextIOWrapper
from pathlib import Path
from random import Random

import pytest

from amana.learn.forecast import Forecaster
from amana.learn.series import series_of
from amana.query.plan import Scan
from amana.terms.forecast import Forecast
from amana.terms.ids import NanoRho
from amana.terms.training import Forecasting
from tests.unit.series import METERS, Row, rounds_of, store

DATA = Path(__file__).parents[3] / "shared" / "data"
ROWS_MAX = 400
NO_NOISE = NanoRho(10**18)


def found(name: str) -> Path:
    path = DATA / name
    if not path.exists():
        pytest.skip(f"shared data are not here: {name}")
    return path


def moment(text: str, form: str) -> datetime:
    return datetime.strptime(text, form)  # noqa: DTZ007 - a series has no zone


def zones() -> Iterator[tuple[str, datetime, int]]:
    """The load of three zones of Tetouan, hour by hour of 2017, in 10 kW."""
    with found("energy/tetouan_power/Tetuan City power consumption.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            at = moment(row["Date"], "%m/%d/%y %H:%M")
            if at.minute == 0:
                for zone in ("Zone1", "Zone2", "Zone3"):
                    yield zone, at, round(float(row[zone]) / 10)


def homes() -> Iterator[tuple[str, datetime, int]]:
    """The water of homes of Alicante, hour by hour, in litres."""
    with zipfile.ZipFile(found("water/daiad_swm_households/swm_trialA.zip")) as archive:
        (name,) = [name for name in archive.namelist() if name.endswith(".csv")]
        with archive.open(name) as file:
            for row in csv.DictReader(TextIOWrapper(file, "utf-8"), delimiter=";"):
                yield row["user key"], moment(row["datetime"], "%d/%m/%Y %H:%M:%S"), min(max(int(row["diff"]), 0), 2_000)


def learned(readings: Iterable[tuple[str, datetime, int]], folder: Path) -> Forecast:
    """From the last rows of each unit."""
    units: dict[str, list[tuple[datetime, int]]] = {}
    for unit, at, value in readings:
        units.setdefault(unit, []).append((at, value))
    rows: list[Row] = []
    for number, own in enumerate(units.values()):
        last = sorted(own)[-ROWS_MAX:]
        ranks = list(range(1, len(last) + 1))
        Random(number).shuffle(ranks)
        rows += [{"meter": number, "at": at, "used": used, "u": number, "r": rank} for (at, used), rank in zip(last, ranks, strict=True)]
    wanted = Forecasting(dataset="real", value="used", time="at", horizons=(1, 24), season=24)
    series = series_of(wanted, METERS, source=Scan(table="readings", alias="t"), rows_per_unit=ROWS_MAX, units=float(len(units)))
    forecaster = Forecaster(series=series, nano_rho=NO_NOISE)
    with store(folder, rows) as engine:
        return forecaster.finish(rounds_of(forecaster, engine, kept=ROWS_MAX))


@pytest.mark.slow
@pytest.mark.parametrize(("readings", "hour", "day"), [(zones, 0.7, 1.03), (homes, 0.95, 0.97)])
def test_a_forecast_beats_or_equals_the_value_one_season_ago(readings: object, hour: float, day: float, tmp_path: Path) -> None:
    forecast = learned(readings(), tmp_path)  # type: ignore[operator]
    for horizon, share in zip(forecast.horizons, (hour, day), strict=True):
        assert horizon.error.value <= share * horizon.error_seasonal.value, (horizon.steps, horizon.error, horizon.error_seasonal)
