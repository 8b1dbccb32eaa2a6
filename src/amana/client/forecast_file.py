"""Forecast files: canonical JSON of a closed form, as model files are. What passes is a forecast with which foreseeing cannot fail."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast, final

from amana.client.fields import list_of, number_of, object_of, one_of, text_of, whole_of, wholes_of, wrong
from amana.client.model_file import DECIMALS_MAX, FILE_BYTES_MAX, NAME_CHARACTERS_MAX, read_json, write_json
from amana.terms.forecast import (
    HORIZONS_MAX,
    HOURS,
    LAG_MAX,
    LAGS_MAX,
    STEPS_MAX,
    WEEKDAYS,
    WEIGHT_ABS_MAX,
    Error,
    Forecast,
    Horizon,
)
from amana.terms.model import END_ABS_MAX
from amana.terms.refusal import Refusal, cause_of

FORMAT = "amana-forecast/1"
ERROR_MAX = 2**53
_MARK = re.compile(r'"format"\s*:\s*"amana-forecast/')
_FORECAST = ("format", "value", "time", "dates", "decimals", "low", "high", "season", "lags", "centre", "width", "horizons")
_WHOLE = ("intercept", "low_95", "low_80", "high_80", "high_95")
_HORIZON = ("steps", "seasonal", "weights", "hours", "weekdays", *_WHOLE, "error", "error_seasonal")
_ERROR = ("value", "low", "high")
_RECEIPT = "receipt"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedForecast:
    """A forecast and the receipt of its training, as `client.model_file.SignedModel`."""

    forecast: Forecast
    receipt: str = ""


def write_forecast(forecast: Forecast, *, receipt: str = "") -> str:
    """The forecast as the text of a file, the same for equal forecasts. `receipt`: of its training, as JSON, which stands in it too."""
    document: dict[str, object] = {name: getattr(forecast, name) for name in _FORECAST[1:-1]}
    document |= {"format": FORMAT, "lags": list(forecast.lags), "horizons": [_horizon_document(each) for each in forecast.horizons]}
    assert read_forecast(write_json(document)) == forecast
    return write_json({**document, _RECEIPT: json.loads(receipt)} if receipt else document) + "\n"


def _horizon_document(horizon: Horizon) -> dict[str, object]:
    document: dict[str, object] = {name: getattr(horizon, name) for name in ("steps", "seasonal", *_WHOLE)}
    document |= {name: list(getattr(horizon, name)) for name in ("weights", "hours", "weekdays")}
    for name in ("error", "error_seasonal"):
        document[name] = {each: getattr(getattr(horizon, name), each) for each in _ERROR}
    return document


def read_forecast(text: str) -> Forecast:
    """The forecast that a file holds. Errors: Refusal model.file_wrong."""
    return read_signed_forecast(text).forecast


def read_signed_forecast(text: str) -> SignedForecast:
    """The forecast that a file holds, with its receipt, unproved. Errors: Refusal model.file_wrong."""
    found = read_json(text)
    document = _members(found)
    if _RECEIPT not in document:
        return SignedForecast(forecast=_read(found))
    receipt = document.pop(_RECEIPT)
    if not isinstance(receipt, dict):
        raise wrong(_RECEIPT, wanted="word.object")
    try:
        written = write_json(cast("dict[str, object]", receipt))
        written.encode()  # half of a character cannot be written
    except ValueError:
        raise wrong(_RECEIPT, wanted="word.json") from None
    return SignedForecast(forecast=_read(document), receipt=written)


def _members(found: object) -> dict[str, object]:
    return dict(cast("dict[str, object]", found)) if isinstance(found, dict) else {}


def _read(found: object) -> Forecast:
    top = object_of(found, "", names=_FORECAST)
    one_of(top["format"], "format", known=(FORMAT,))
    low, high, centre = (whole_of(top[name], name, low=-END_ABS_MAX, high=END_ABS_MAX) for name in ("low", "high", "centre"))
    if low >= high:
        raise wrong("high", wanted="word.more_than", number=low)
    if not isinstance(top["dates"], bool):
        raise wrong("dates", wanted="word.one_of", known="true, false")
    lags = wholes_of(top["lags"], "lags", most=LAGS_MAX, low=0, high=LAG_MAX)
    listed = list_of(top["horizons"], "horizons", most=HORIZONS_MAX)
    if not listed:
        raise wrong("horizons", wanted="word.items_at_least", number=1)
    return Forecast(
        value=text_of(top["value"], "value", most=NAME_CHARACTERS_MAX),
        time=text_of(top["time"], "time", most=NAME_CHARACTERS_MAX),
        dates=top["dates"],
        decimals=whole_of(top["decimals"], "decimals", low=0, high=DECIMALS_MAX),
        low=low,
        high=high,
        season=whole_of(top["season"], "season", low=1, high=STEPS_MAX),
        lags=lags,
        centre=centre,
        width=whole_of(top["width"], "width", low=1, high=2 * END_ABS_MAX),
        horizons=tuple(_horizon(each, f"horizons[{place}]", lags=len(lags)) for place, each in enumerate(listed)),
    )


def open_forecast(path: Path) -> Forecast | None:
    """The forecast of a file, or None where the file is something else, such as a model.

    Errors: Refusal model.file_unreadable, model.file_wrong.
    """
    try:
        with path.open("rb") as handle:
            content = handle.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Refusal("model.file_unreadable", file=str(path)[:400], reason=cause_of(error)) from None
    signed = signed_forecast_of(content)
    return None if signed is None else signed.forecast


def signed_forecast_of(content: bytes) -> SignedForecast | None:
    """The forecast and receipt of a file's bytes, or None where they are something else. Errors: Refusal model.file_wrong."""
    text = content.decode("utf-8", errors="replace")
    return read_signed_forecast(text) if _MARK.search(text) else None


def _horizon(found: object, path: str, *, lags: int) -> Horizon:
    table = object_of(found, path, names=_HORIZON)
    weights = _weights(table, "weights", path, sizes=(lags,))
    hours, weekdays = _weights(table, "hours", path, sizes=(0, HOURS)), _weights(table, "weekdays", path, sizes=(0, WEEKDAYS))
    error, error_seasonal = (_error(table[name], f"{path}.{name}") for name in ("error", "error_seasonal"))
    return Horizon(
        steps=whole_of(table["steps"], f"{path}.steps", low=1, high=STEPS_MAX),
        seasonal=whole_of(table["seasonal"], f"{path}.seasonal", low=0, high=STEPS_MAX),
        weights=weights,
        hours=hours,
        weekdays=weekdays,
        error=error,
        error_seasonal=error_seasonal,
        **{name: whole_of(table[name], f"{path}.{name}", low=-(2**63), high=2**63) for name in _WHOLE},
    )


def _weights(table: Mapping[str, object], name: str, path: str, *, sizes: tuple[int, ...]) -> tuple[int, ...]:
    found = wholes_of(table[name], f"{path}.{name}", most=max(sizes), low=-WEIGHT_ABS_MAX, high=WEIGHT_ABS_MAX)
    if len(found) not in sizes:
        raise wrong(f"{path}.{name}", wanted="word.model.values", size=sizes[-1])
    return found


def _error(found: object, path: str) -> Error:
    table = object_of(found, path, names=_ERROR)
    return Error(**{name: number_of(table[name], f"{path}.{name}", most=ERROR_MAX) for name in _ERROR})
