"""A forecaster corrects the value one season ago, tells how far off both were, and says the same without the node."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from amana.catalog.domains import NumberDomain
from amana.catalog.schema import Column
from amana.engines.duckdb import DuckDbEngine
from amana.learn.forecast import Forecaster
from amana.learn.forecast_fit import Scale, corrections_of, error_edges, error_of, nothing, offsets_of, read_errors
from amana.learn.series import lags_by_rule, rows_of_series, series_of
from amana.privacy.kernel import Training
from amana.privacy.rounds import train
from amana.query.infer import rows_of
from amana.query.plan import Scan
from amana.terms.forecast import LAG_MAX, STEPS_MAX, Forecast
from amana.terms.ids import NanoRho
from amana.terms.model import END_ABS_MAX
from amana.terms.refusal import Refusal
from amana.terms.training import Forecasting
from tests.noise.audits import Worlds
from tests.noise.meters import METERS as AUDITED
from tests.noise.meters import forecaster_of_meters
from tests.parts import FakeEngine, kernel, leave, ledger_at, version
from tests.unit.series import HOURS, METERS, ROWS_KEPT, SCHEMA, START, meter, readings, rounds_of, series, store, wanderer

METERS_COUNT = 40
NO_NOISE = NanoRho(10**18)


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DuckDbEngine]:
    with store(tmp_path_factory.mktemp("meters"), readings(METERS_COUNT)) as opened:
        yield opened


@pytest.fixture(scope="module")
def learned(engine: DuckDbEngine) -> Forecast:
    """With all rows of every meter, and next to no noise."""
    forecaster = Forecaster(series=series(kept=HOURS), nano_rho=NO_NOISE)
    return forecaster.finish(rounds_of(forecaster, engine, kept=HOURS))


def errors(
    forecast: Forecast, numbers: range, place: int, *, of: Callable[[int], list[int]] = meter, last: int = 24
) -> tuple[float, float, float, float]:
    """(mean error of the forecast, of the season, share inside the 80 % and the 95 % interval) over all rows of these meters."""
    horizon = forecast.horizons[place]
    ours, seasonal, inside_80, inside_95 = list[float](), list[float](), 0, 0
    for used in map(of, numbers):
        for now in range(forecast.rows_needed - 1, HOURS - last):
            past = {lag: used[now - lag] for lag in (*forecast.lags, *(each.seasonal for each in forecast.horizons))}
            ahead = forecast.ahead(past, at=START + timedelta(hours=now))[place]
            truth = used[now + horizon.steps] / 100
            ours.append(abs(ahead.forecast - truth))
            seasonal.append(abs(ahead.seasonal - truth))
            inside_80 += ahead.low_80 <= truth <= ahead.high_80
            inside_95 += ahead.low_95 <= truth <= ahead.high_95
    return sum(ours) / len(ours), sum(seasonal) / len(ours), inside_80 / len(ours), inside_95 / len(ours)


def test_the_errors_that_are_told_are_those_of_the_forecast_without_the_node(learned: Forecast) -> None:
    for place, horizon in enumerate(learned.horizons):
        ours, seasonal, inside_80, inside_95 = errors(learned, range(METERS_COUNT), place)
        assert horizon.error.value == pytest.approx(ours, rel=0.04)  # few errors are cut off
        assert horizon.error_seasonal.value == pytest.approx(seasonal, rel=0.04)
        assert 0.77 < inside_80 < 0.83 and 0.93 < inside_95 < 0.98


def test_far_ahead_the_intervals_and_errors_are_those_of_that_horizon(tmp_path: Path) -> None:
    with store(tmp_path, readings(METERS_COUNT, of=wanderer)) as engine:
        forecaster = Forecaster(series=series(horizons=(1, 12, 48), season=1, kept=HOURS), nano_rho=NO_NOISE)
        forecast = forecaster.finish(rounds_of(forecaster, engine, kept=HOURS))
    for place, horizon in enumerate(forecast.horizons):
        ours, seasonal, inside_80, inside_95 = errors(forecast, range(METERS_COUNT), place, of=wanderer, last=48)
        assert horizon.error.value == pytest.approx(ours, rel=0.04)
        assert horizon.error_seasonal.value == pytest.approx(seasonal, rel=0.04)
        assert 0.77 < inside_80 < 0.83 and 0.93 < inside_95 < 0.98


def test_the_outer_cells_reach_as_far_as_an_error_can() -> None:
    cells = read_errors(error_edges(10), np.array([40.0] + [0.0] * 9 + [20.0] + [0.0] * 9), noise=0.0, width=1_000)
    low_95, *_ = offsets_of(cells)
    assert cells.edges[0] == -1_024_000 and cells.edges[-1] == 1_024_000
    assert low_95 < -900_000  # most of the rows lie anywhere in the outer cell


def test_the_forecast_itself_is_inside_its_intervals_whatever_the_noise() -> None:
    for sides in ([-2_000.0] * 10 + [3_000.0] * 10, [3_000.0] * 10 + [-2_000.0] * 10):
        for noise in (500.0, 1_000.0):  # of the rows something is known, and nothing
            low_95, low_80, high_80, high_95 = offsets_of(read_errors(error_edges(10), np.array(sides), noise=noise, width=1_000))
            assert low_95 <= low_80 <= 0 <= high_80 <= high_95


def test_the_interval_of_an_error_knows_that_its_rows_are_noisy_too() -> None:
    error = error_of(50.0, 100.0, size_noise=0.0, rows_noise=10.0)
    assert error.value == 0.5 and error.high - error.value == pytest.approx(0.098, abs=0.001)
    assert error.high - error.value == pytest.approx(error.value - error.low)


def test_one_hour_ahead_the_mood_is_known_and_a_day_ahead_the_season_is_smoothed(learned: Forecast) -> None:
    for place, better in ((0, 0.65), (1, 0.95)):
        ours, seasonal, _, _ = errors(learned, range(1_000, 1_020), place)  # meters that were not learned from
        assert ours < better * seasonal


def test_where_noise_hides_the_scale_the_forecast_is_the_season(engine: DuckDbEngine) -> None:
    forecaster = Forecaster(series=series(), nano_rho=NanoRho(10**6))
    forecast = forecaster.finish(rounds_of(forecaster, engine))
    ours, seasonal, inside_80, _ = errors(forecast, range(1_000, 1_003), 1)
    assert ours == seasonal and inside_80 > 0.8


def test_of_errors_that_noise_may_have_made_nothing_is_said() -> None:
    for counts in ([100.0] * 9 + [2_000.0] + [-100.0] * 10, [0.0] * 20, [-50.0] * 20):
        cells = read_errors(error_edges(10), np.array(counts), noise=1_000.0, width=1_000)
        assert offsets_of(cells) == (cells.edges[0], cells.edges[0], cells.edges[-1], cells.edges[-1])


def test_noise_alone_corrects_nothing() -> None:
    columns, chance = 1 + 5 + 4, np.random.default_rng(7)
    products, slopes = chance.normal(0, 1e6, (columns, columns)), [chance.normal(0, 1e6, columns) for _ in range(2)]
    scale = Scale(centre=300, width=200, reaches=(100, 100), seen=True)
    found = corrections_of(series(), scale, products=products, products_noise=1e6, slopes=slopes, slopes_noise=[1e6, 1e6])
    for correction in found:
        assert all(abs(weight) < 2 * 1024 for weight in (correction.intercept, *correction.weights))  # a fiftieth of what the season leaves


def test_every_round_costs_and_measures_what_its_course_says(engine: DuckDbEngine) -> None:
    forecaster = Forecaster(series=series(horizons=(1, 6, 30), lags=(0, 24)), nano_rho=NanoRho(10**9))
    rounds = rounds_of(forecaster, engine)
    assert len(rounds) == len(forecaster.course.rounds) == 3
    assert sum(cap.nano_rho for cap in forecaster.course.rounds) <= 10**9
    for cap, measured in zip(forecaster.course.rounds, rounds, strict=True):
        assert sum(len(cells) for one in measured for cells in one.cells) == cap.cells_max


def test_a_unit_gives_no_more_rows_than_are_kept_and_each_knows_its_true_past(engine: DuckDbEngine) -> None:
    forecaster = Forecaster(series=series(kept=ROWS_KEPT), nano_rho=NO_NOISE)
    rounds = rounds_of(forecaster, engine)
    (rows,), *_ = rounds[2][0].cells
    assert rows == pytest.approx(METERS_COUNT * ROWS_KEPT, abs=1)
    assert all(total.l1 == ROWS_KEPT for one in rounds[0] for total in one.private.bounded.sums)
    assert rows_of(rows_of_series(forecaster.series), SCHEMA) == 400  # before the kernel bounds them


def test_no_meter_changes_a_sum_by_more_than_is_claimed_and_the_canary_by_half_of_it() -> None:
    learner, worlds = forecaster_of_meters(NanoRho(2_000_000_000)), Worlds(stage=AUDITED, with_canary=True)
    of = version(cap_nrho=10**12, schema=AUDITED.schema)
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, FakeEngine(cells={}), groups_max=100_000), engine=worlds)
        rounds = train(Training(permit=leave(of), version=of, choice=learner.choice), learner, parts).rounds
    for measured, seen in zip(rounds, worlds.seen, strict=True):
        for one, (without, with_) in zip(measured, seen, strict=True):
            used = 0.0
            for place, total in enumerate(one.private.bounded.sums):
                keys, zeros = {*without.cells, *with_.cells}, (0,) * len(one.private.bounded.sums)
                changes = [int(with_.cells.get(key, zeros)[place]) - int(without.cells.get(key, zeros)[place]) for key in keys]  # type: ignore[arg-type]
                assert sum(change**2 for change in changes) <= total.l2_squared
                used = max(used, sum(change**2 for change in changes) / total.l2_squared)
            assert used > 0.5


def test_a_value_whose_ends_no_file_holds_is_refused_before_anything_is_paid() -> None:
    wide = Column(name="used", domain=NumberDomain(scale=0, low=0, high=END_ABS_MAX + 1))
    table = replace(METERS, columns=(*METERS.columns[:-1], wide))
    wanted = Forecasting(dataset="grid", value="used", time="at", horizons=(1,), season=24)
    with pytest.raises(Refusal, match="learn.numbers_large"):
        series_of(wanted, table, source=Scan(table="readings", alias="t"), rows_per_unit=1, units=1.0)


def test_lags_by_rule_hold_each_season_once_and_no_more_than_there_is_room_for() -> None:
    assert lags_by_rule((1, 24), 24) == (0, 1, 23, 24, 47)
    assert lags_by_rule((30,), 24) == (0, 1, 18, 42)
    assert len(lags_by_rule(tuple(range(1, 13)), 24)) == 12
    assert max(lags_by_rule((1,), STEPS_MAX)) <= LAG_MAX  # what a node makes, a file holds


def test_the_season_alone_is_a_forecast() -> None:
    assert nothing(series()).weights == (0,) * 5
