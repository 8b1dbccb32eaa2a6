"""`amana predict`: a column of predictions beside the rows of a file; no node, no network."""

import argparse
import io
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from amana.cli.show import tell
from amana.cli.whole import written_whole
from amana.client.explain import clean
from amana.client.text import Catalogue

if TYPE_CHECKING:
    from amana.client.predict_rows import Predicted
    from amana.terms.forecast import Forecast
    from amana.terms.model import Model


def predict(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The rows with their predictions on stdout, or in a file that is there whole or not at all."""
    from amana.client.forecast_file import open_forecast
    from amana.client.model_file import open_model
    from amana.client.predict_rows import open_rows, predict_rows

    forecast = open_forecast(Path(options.model))
    if forecast is not None:
        _foresee(forecast, options, catalogue)
        return
    model = open_model(Path(options.model))
    with open_rows(Path(options.rows)) as source, _written(options.out) as out:
        predicted = predict_rows(model, source, out, name=options.rows, column=options.column)
    _tell(model, predicted, catalogue)


def _foresee(forecast: "Forecast", options: argparse.Namespace, catalogue: Catalogue) -> None:
    """One row for each horizon, after the last of the rows."""
    from amana.client.foresee import foresee_file, write_ahead
    from amana.client.predict_rows import open_rows

    with open_rows(Path(options.rows)) as source:
        ahead = foresee_file(forecast, source, name=options.rows)
    with _written(options.out) as out:
        write_ahead(ahead, out)
    tell(catalogue.say("predict.forecast", value=clean(forecast.value)))


@contextmanager
def _written(name: str | None) -> Generator[TextIO, None, None]:
    """Errors: Refusal model.not_written."""
    if name is None:
        yield sys.stdout
        return
    with written_whole(Path(name)) as handle:
        text = io.TextIOWrapper(handle, encoding="utf-8", newline="")
        try:
            yield text
        finally:
            text.detach()  # writes what is left, and leaves the file to whom it belongs


def _tell(model: "Model", predicted: "Predicted", catalogue: Catalogue) -> None:
    """What the column means, and which values were not understood."""
    task = catalogue.say(f"predict.{model.task.value}", target=clean(model.target), positive=clean(model.positive))
    tell(catalogue.count("predict.rows", predicted.rows_count, task=task))
    for each in predicted.misread:
        told = {"column": clean(each.column), "line": each.line, "text": clean(each.text)}
        tell(catalogue.count("predict.misread", each.count, **told))
