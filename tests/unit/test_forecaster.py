"""A forecaster in scikit-learn's form, and the same over HTTP: charged once, recalled, and refused before anything is paid."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

import amana
from amana.cli import main
from amana.client.forecast_file import read_forecast, write_forecast
from amana.client.forecasted import read_made
from amana.client.forecaster import PrivateForecaster
from amana.client.wire import an_object
from amana.learn.audit import FORECAST, published_audit
from amana.local.door import Door, open_folder
from amana.terms.code import Exit
from amana.terms.refusal import Refusal
from tests.unit.series import HOURS, START, meter, publish_readings

WANTED = {"dataset": "test", "value": "used", "time": "at"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("grid")
    (made / "node").mkdir()
    publish_readings(made / "node")
    return made / "node"


@pytest.fixture
def node(folder: Path) -> Iterator[Door]:
    with open_folder(folder, language="en") as door:
        yield door


def test_a_forecaster_learns_where_the_rows_are_and_foresees_here(node: Door) -> None:
    forecaster = PrivateForecaster(node, horizons=[24, 1]).fit(**WANTED, share="10%")
    assert forecaster.cost_.share == pytest.approx(0.1, rel=1e-6) and forecaster.made_.rows_per_unit == 200
    past = [{"at": START + timedelta(hours=hour), "used": used / 100} for hour, used in enumerate(meter(1_000))]
    one, day = forecaster.predict(past)
    assert (one.steps, day.steps) == (1, 24) and one.low_95 <= one.low_80 <= one.forecast <= one.high_80 <= one.high_95
    assert day.seasonal == meter(1_000)[HOURS - 1] / 100
    again = PrivateForecaster(node, horizons=(1, 24)).fit(**WANTED, share="10%")
    assert again.cost_.recalled and again.forecast_ == forecaster.forecast_
    assert read_made(an_object(forecaster.made_.to_wire(), "forecast")) == forecaster.made_
    assert forecaster.made_.audit is not None and forecaster.made_.audit == published_audit(FORECAST)


def test_rows_may_be_those_of_a_select(node: Door) -> None:
    rows = "SELECT at, used FROM readings WHERE used > 0"
    forecaster = PrivateForecaster(node, lags=[0, 24], rows_per_unit=20).fit(dataset="test", value="used", time="at", sql=rows, share="1%")
    assert forecaster.forecast_.lags == (0, 24) and forecaster.made_.rows_per_unit == 20


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"value": "nobody"}, "learn.no_column"),
        ({"value": "at"}, "learn.series_columns"),
        ({"time": "used"}, "learn.series_columns"),
        ({"table": "nobody"}, "learn.no_table"),
        ({"horizons": ()}, "learn.series_steps"),
        ({"horizons": (0,)}, "learn.series_steps"),
        ({"horizons": tuple(range(1, 14))}, "learn.series_steps"),
        ({"season": 0}, "learn.series_steps"),
        ({"lags": (-1,)}, "learn.series_steps"),
        ({"lags": tuple(range(13))}, "learn.series_steps"),
        ({"table": "readings", "sql": "SELECT at, used FROM readings"}, "learn.table_and_sql"),
        ({"sql": "SELECT at, used FROM readings UNION ALL SELECT at, used FROM readings"}, "learn.rows_per_unit"),
        ({"share": "0.0001%"}, "budget.precision_unreachable"),
    ],
)
def test_what_does_not_fit_is_refused_before_anything_is_paid(node: Door, fields: dict[str, object], code: str) -> None:
    spent = node.budget("test").spent_nrho
    given = {name: fields.pop(name) for name in ("horizons", "season", "lags") if name in fields}
    with pytest.raises(Refusal) as refused:
        PrivateForecaster(node, **given).fit(**{**WANTED, **fields})  # type: ignore[arg-type]
    assert refused.value.code == code
    assert node.budget("test").spent_nrho == spent


def test_parameters_are_those_of_the_constructor_so_that_a_forecaster_can_be_copied() -> None:
    model = PrivateForecaster(None, horizons=[2], season=7, lags=[0])  # type: ignore[arg-type]
    copy = PrivateForecaster(**model.get_params())
    assert copy.get_params() == model.get_params() and copy.set_params(season=12).season == 12
    with pytest.raises(ValueError, match="colour"):
        copy.set_params(colour="red")
    assert amana.PrivateForecaster is PrivateForecaster


def test_the_command_writes_the_file_and_tells_both_errors(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["forecast", "test", "--value", "used", "--time", "at", "--horizons", "1,24", "--season", "24", "--folder", str(folder)]
    assert main.main([*words, "--share", "10%", "--preview"]) == Exit.FINE
    assert "3" in capsys.readouterr().err
    assert main.main([*words, "--share", "10%"]) == Exit.FINE
    shown = capsys.readouterr().out
    assert "±" in shown and "test-used.forecast.json" in shown and Path("test-used.forecast.json").exists()
    file, key = Path("test-used.forecast.json"), str(folder / "log" / "log.vkey")
    assert main.main(["model", "verify", str(file), "--key", key]) == Exit.FINE
    file.write_text(file.read_text("utf-8").replace('"steps":24', '"steps":25'), "utf-8")
    assert main.main(["model", "verify", str(file), "--key", key]) == Exit.PERMISSION
    file.write_text(write_forecast(read_forecast(file.read_text("utf-8"))), "utf-8")
    assert main.main(["model", "verify", str(file), "--key", key]) == Exit.PERMISSION  # without its receipt
    assert main.main([*words, "--season", "0"]) == Exit.USAGE
