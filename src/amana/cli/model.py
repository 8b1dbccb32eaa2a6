"""`amana model`: what a model file holds, and the same model in another form."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from amana.cli.show import tell, write_table
from amana.cli.whole import written_whole
from amana.client.explain import clean
from amana.client.figures import number
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.terms.model import Feature, Model


def model(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Do the action that was asked for."""
    from amana.client.model_file import open_model

    found = open_model(Path(options.file))
    if options.action == "show":
        _show(found, catalogue)
    else:
        _export(found, options, catalogue)


def _show(found: "Model", catalogue: Catalogue) -> None:
    """Its columns on stdout, what it predicts on stderr."""
    heads = tuple(catalogue.say(f"model.column.{name}") for name in ("name", "kind", "cells"))
    rows = [(feature.name, catalogue.say(f"model.kind.{_kind(feature)}"), number(feature.cells, 0)) for feature in found.features]
    write_table(heads, rows, numbers=(False, False, True))
    task = catalogue.say(f"predict.{found.task.value}", target=clean(found.target), positive=clean(found.positive))
    tell(catalogue.say("model.is", task=task, learner=clean(found.learner), parts=number(len(found.parts), 0)))


def _kind(feature: "Feature") -> str:
    return "date" if feature.dates else feature.kind.value


def _export(found: "Model", options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Errors: Refusal model.not_written, client.library_missing."""
    target = Path(options.output or Path(options.file).with_suffix(f".{options.form}").name)
    if target.exists():  # such as the model itself
        raise Refusal("model.not_written", file=str(target)[:400], reason="word.system.exists")
    content = _content(found, options.form)
    with written_whole(target) as handle:
        handle.write(content)
    print(target)
    tell(catalogue.say("export.written", file=str(target)))


def _content(found: "Model", form: str) -> bytes:
    match form:
        case "onnx":
            from amana.client.model_onnx import write_onnx

            try:
                return write_onnx(found)
            except ImportError as missing:
                raise Refusal("client.library_missing", library=missing.name or "onnx", extra="learn") from None
        case "safetensors":
            from amana.client.model_tensors import write_tensors

            return write_tensors(found)
        case _:
            from amana.client.model_file import write_model

            return write_model(found).encode()
