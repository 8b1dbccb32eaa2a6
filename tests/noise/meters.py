"""Where forecasters are audited: meters with three readings each, of which one row knows its past and what came after."""

from dataclasses import dataclass
from datetime import date, timedelta

from amana.catalog.domains import DateDomain, KeyDomain, NumberDomain
from amana.catalog.schema import Column, Schema, Table
from amana.engines.reference import StoredRow
from amana.learn.forecast import Forecaster
from amana.learn.series import series_of
from amana.privacy.bound import Choice
from amana.privacy.rounds import Measure, Rounds
from amana.query.plan import Scan
from amana.terms.course import Course
from amana.terms.ids import NanoRho
from amana.terms.training import Forecasting
from tests.noise.audits import Stage

START = date(2025, 1, 6)
READINGS = Table(
    name="readings",
    private=True,
    unit_column="meter",
    rows_per_unit_max=3,
    columns=(
        Column(name="meter", domain=KeyDomain()),
        Column(name="day", domain=DateDomain(low=date(2025, 1, 1), high=date(2025, 12, 31))),
        Column(name="used", domain=NumberDomain(scale=0, low=0, high=100)),
    ),
)


def readings(meter: int, *used: int) -> list[StoredRow]:
    return [
        {"u": meter, "r": place + 1, "meter": meter, "day": START + timedelta(days=place), "used": value}
        for place, value in enumerate(used)
    ]


METERS = Stage(
    schema=Schema(unit="home", tables=(READINGS,)),
    everybody=[
        (readings(1, 20, 22, 21), 60),
        (readings(2, 24, 23, 26), 40),
        (readings(3, 28, 30, 27), 60),
    ],
    canary=readings(9, 98, 100, 0),
)
"""The canary's readings are beyond what anybody's are, and fall when others' stay: every product and every error is as large as it counts."""


@dataclass(frozen=True, kw_only=True)
class OnMeters:
    """A forecaster with where it is audited."""

    forecaster: Forecaster
    stage: Stage = METERS
    choice: Choice = Choice(left=1)  # noqa: RUF009 - frozen

    @property
    def course(self) -> Course:
        return self.forecaster.course

    def propose(self, done: Rounds) -> tuple[Measure, ...]:
        return self.forecaster.propose(done)


def forecaster_of_meters(nano_rho: NanoRho) -> OnMeters:
    wanted = Forecasting(dataset="grid", value="used", time="day", horizons=(1,), season=2, lags=(0, 1))
    series = series_of(wanted, READINGS, source=Scan(table="readings", alias="t"), rows_per_unit=1, units=1_000.0)
    return OnMeters(forecaster=Forecaster(series=series, nano_rho=nano_rho))
