"""A forecast file is read as data alone, and foresees from the last rows of one meter; what it cannot use is refused with its place."""

import io
import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from time import process_time
from typing import Any

import pytest

from amana.cli import main
from amana.client.explain import describe
from amana.client.forecast_file import SignedForecast, open_forecast, read_forecast, read_signed_forecast, write_forecast
from amana.client.foresee import foresee, foresee_file
from amana.client.model_file import write_model
from amana.client.text import LANGUAGES, load
from amana.terms.code import Exit
from amana.terms.codes import CODES
from amana.terms.forecast import LAG_MAX, Error, Forecast, Horizon, read_lag, seasonal_lag, trunc_div
from amana.terms.refusal import Refusal
from tests.unit.models import some_model

NEVER = Error(value=0.0, low=0.0, high=0.5)
HORIZON = Horizon(
    steps=1,
    seasonal=1,
    intercept=512,
    weights=(2048, -1024),
    hours=(0,) * 23 + (1024,),
    weekdays=(),
    low_95=-2048,
    low_80=-1024,
    high_80=1024,
    high_95=2048,
    error=NEVER,
    error_seasonal=NEVER,
)
FORECAST = Forecast(
    value="used", time="at", dates=False, decimals=1, low=0, high=100, season=2, lags=(0, 1), centre=50, width=20, horizons=(HORIZON,)
)
ROWS = "meter,at,used\na,2025-01-01T21:00,4.0\na,2025-01-01T22:00,7.5\na,2025-01-01T23:00,6\n"


def test_what_is_foreseen_can_be_added_up_by_hand() -> None:
    (ahead,) = foresee_file(FORECAST, io.StringIO(ROWS), name="rows.csv")
    # 75 a season ago; 60 is half a width above the centre, 75 more than one: 75 + 1/2 + 2·1/2 - 1·1 + 1 (at 23 h), in tenths
    assert ahead.forecast == 7.65 and ahead.seasonal == 7.5
    assert (ahead.low_95, ahead.low_80, ahead.high_80, ahead.high_95) == (7.45, 7.55, 7.75, 7.85)


def test_rows_of_a_program_give_the_same_and_the_figures_stay_within_the_interval_of_the_value() -> None:
    start = datetime(2025, 1, 1, 22)
    rows = [{"at": start + timedelta(hours=hour), "used": used} for hour, used in enumerate((7.5, 6))]
    assert foresee(FORECAST, rows) == foresee_file(FORECAST, io.StringIO(ROWS), name="x")
    (ahead,) = foresee(FORECAST, [{"at": one["at"], "used": 99} for one in rows])
    assert ahead.seasonal == ahead.forecast == ahead.high_95 == 10.0


def test_a_series_of_days_reads_dates() -> None:
    days = Forecast(**{name: getattr(FORECAST, name) for name in FORECAST.__slots__} | {"dates": True})  # type: ignore[attr-defined]
    rows = [{"at": each, "used": "5"} for each in ("2025-01-31", date(2025, 2, 28))]
    (ahead,) = foresee(days, rows)
    assert ahead.forecast == 5.05  # the centre, and the intercept; no hour


def test_divisions_are_cut_towards_zero_as_engines_cut_them() -> None:
    assert [trunc_div(value, 3) for value in (-4, -3, -1, 1, 4)] == [-1, -1, 0, 0, 1]
    assert [read_lag(value, centre=50, width=20) for value in (0, 47, 50, 60, 99)] == [-1024, -153, 0, 512, 1024]
    assert [seasonal_lag(steps, 24) for steps in (1, 24, 25, 48)] == [23, 0, 23, 0]


@pytest.mark.parametrize(
    ("rows", "code", "line"),
    [
        (ROWS.replace("21:00", "yesterday"), "forecast.history_wrong", 2),
        (ROWS.replace("T23", "T22"), "forecast.history_wrong", 4),
        (ROWS.replace("7.5", ""), "forecast.history_wrong", 3),
        (ROWS.replace("7.5", "much"), "forecast.history_wrong", 3),
        ("at,used\n2025-01-01,1\n", "forecast.history_short", None),
        ("at,used\n", "forecast.history_short", None),
        ("when,used\n", "predict.column_missing", None),
        (ROWS.replace("7.5", "7.5,1"), "predict.line_wrong", 3),
    ],
)
def test_a_history_that_cannot_be_used_is_refused_with_its_line(rows: str, code: str, line: int | None) -> None:
    with pytest.raises(Refusal) as refused:
        foresee_file(FORECAST, io.StringIO(rows), name="rows.csv")
    assert refused.value.code == code and dict(refused.value.parameters).get("line") == line
    for language in LANGUAGES:
        assert "word." not in describe(refused.value, asked="", catalogue=load(language))


def test_a_missing_row_is_seen_where_it_would_shift_the_past() -> None:
    deep = Forecast(**{name: getattr(FORECAST, name) for name in FORECAST.__slots__} | {"lags": (0, 2)})  # type: ignore[attr-defined]
    with pytest.raises(Refusal) as refused:
        foresee_file(deep, io.StringIO(ROWS.replace("T21", "T19")), name="rows.csv")
    assert dict(refused.value.parameters)["reason"] == "word.history.gap"


def test_the_longest_history_that_a_file_may_ask_for_is_read_at_once() -> None:
    deep = Forecast(**{name: getattr(FORECAST, name) for name in FORECAST.__slots__} | {"lags": (0, LAG_MAX)})  # type: ignore[attr-defined]
    start = datetime(2025, 1, 1)
    rows = [{"at": start + timedelta(hours=hour), "used": 5} for hour in range(deep.rows_needed)]
    began = process_time()
    assert foresee(deep, rows)
    assert process_time() - began < 0.5


def test_a_file_comes_back_as_it_was_and_a_model_is_none(tmp_path: Path) -> None:
    text = write_forecast(FORECAST)
    assert read_forecast(text) == read_forecast(json.dumps(json.loads(text), indent=2)) == FORECAST
    (tmp_path / "a.json").write_text(text, "utf-8")
    (tmp_path / "b.json").write_text(write_model(some_model(1)), "utf-8")
    assert open_forecast(tmp_path / "a.json") == FORECAST and open_forecast(tmp_path / "b.json") is None


def test_a_receipt_stands_in_the_file_and_foreseeing_ignores_it() -> None:
    text = write_forecast(FORECAST, receipt='{"a": 1}')
    assert read_signed_forecast(text) == SignedForecast(forecast=FORECAST, receipt='{"a":1}')
    assert write_forecast(read_forecast(text)) == write_forecast(FORECAST) != text
    for receipt in ("[]", "1", '{"a": 1e999}', '{"a": "\\ud800"}'):
        with pytest.raises(Refusal, match="model.file_wrong"):
            read_forecast(text.replace('{"a":1}', receipt))


Change = Callable[[dict[str, Any]], object]


@pytest.mark.parametrize(
    ("change", "path"),
    [
        (lambda top: top.update(code="import os"), "."),
        (lambda top: top.update(format="amana-forecast/2"), "format"),
        (lambda top: top.update(low=100), "high"),
        (lambda top: top.update(width=0), "width"),
        (lambda top: top.update(dates=1), "dates"),
        (lambda top: top.update(lags=[0, -1]), "lags[1]"),
        (lambda top: top.update(lags=[0, 4_001]), "lags[1]"),
        (lambda top: top.update(lags=list(range(13))), "lags"),
        (lambda top: top.update(season=2_001), "season"),
        (lambda top: top.update(horizons=top["horizons"] * 13), "horizons"),
        (lambda top: top["horizons"][0].update(weights=[2**50 + 1, 0]), "horizons[0].weights[0]"),
        (lambda top: top.update(horizons=[]), "horizons"),
        (lambda top: top["horizons"][0].pop("hours"), "horizons[0]"),
        (lambda top: top["horizons"][0].update(weights=[1]), "horizons[0].weights"),
        (lambda top: top["horizons"][0].update(weekdays=[1] * 6), "horizons[0].weekdays"),
        (lambda top: top["horizons"][0].update(intercept=1.5), "horizons[0].intercept"),
        (lambda top: top["horizons"][0]["error"].update(value=-1), "horizons[0].error.value"),
        (lambda top: top["horizons"][0]["error"].update(value=True), "horizons[0].error.value"),
    ],
)
def test_what_is_no_forecast_is_refused_with_its_place(change: Change, path: str) -> None:
    top = json.loads(write_forecast(FORECAST))
    change(top)
    with pytest.raises(Refusal) as refused:
        read_forecast(json.dumps(top))
    assert (refused.value.code, dict(refused.value.parameters)["path"]) == ("model.file_wrong", path)
    for language in LANGUAGES:
        assert "word." not in describe(refused.value, asked="", catalogue=load(language))


@pytest.mark.parametrize("language", LANGUAGES)
def test_predict_foresees_where_the_file_is_a_forecast(
    language: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("grid.forecast.json").write_text(write_forecast(FORECAST), "utf-8")
    Path("rows.csv").write_text(ROWS, "utf-8")
    assert main.main(["--lang", language, "predict", "grid.forecast.json", "rows.csv"]) == Exit.FINE
    shown = capsys.readouterr()
    assert shown.out == "steps,forecast,low_80,high_80,low_95,high_95,seasonal_naive\n1,7.65,7.55,7.75,7.45,7.85,7.5\n"
    assert "`seasonal_naive`" in shown.err
    assert main.main(["--lang", language, "predict", "grid.forecast.json", "grid.forecast.json"]) == Exit.USAGE
    Path("rows.csv").write_text("at,used\n", "utf-8")
    assert main.main(["--lang", language, "predict", "grid.forecast.json", "rows.csv", "--out", "told.csv"]) == Exit.USAGE
    assert f"AMA-{CODES['forecast.history_short'].number}" in capsys.readouterr().err and not Path("told.csv").exists()
