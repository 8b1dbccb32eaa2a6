"""`amana model`: what a model file holds, the same model in another form, and whether its receipt proves it."""

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from amana.cli.show import tell, write_table
from amana.cli.trust import trusted
from amana.cli.whole import written_whole
from amana.client.explain import clean
from amana.client.figures import number
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.model_file import SignedModel
    from amana.terms.model import Feature, Model

LINE_MAX = 60
"""Characters of a drawn line."""


def model(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Do the action that was asked for."""
    from amana.client.model_file import read_content, read_signed_content

    path = Path(options.file)
    content = read_content(path)
    if options.action == "verify":
        _verify(content, options, catalogue)
        return
    found = read_signed_content(content, suffix=path.suffix)
    match options.action:
        case "show":
            _show(found.model, catalogue)
        case _:
            _export(found, options, catalogue)


def _read(content: bytes, path: Path) -> tuple[str, str, bytes]:
    """(receipt, what it commits to, the file written anew) of a model or a forecast.

    Errors: Refusal model.file_wrong, client.library_missing.
    """
    from amana.client.forecast_file import signed_forecast_of, write_forecast
    from amana.client.model_file import read_signed_content, write_content, write_model

    signed = signed_forecast_of(content) if path.suffix not in (".safetensors", ".onnx") else None
    if signed is not None:
        return signed.receipt, write_forecast(signed.forecast), write_forecast(signed.forecast, receipt=signed.receipt).encode()
    found = read_signed_content(content, suffix=path.suffix)
    return found.receipt, write_model(found.model), write_content(found, suffix=path.suffix)


def _verify(content: bytes, options: argparse.Namespace, catalogue: Catalogue) -> None:
    """That this file, to its last byte, is what a training gave that stands in the log.

    Errors: Refusal model.not_signed, model.not_proven, receipt.no_key, client.library_missing.
    """
    receipt, told, again = _read(content, Path(options.file))
    if not receipt:
        raise Refusal("model.not_signed", file=options.file[:200])
    policy = trusted(options)
    if policy is None:
        raise Refusal("receipt.no_key")
    from amana.log.note import NoteError
    from amana.log.receipt import ReceiptError, read_receipt, verify_receipt
    from amana.log.tree import ProofError

    try:
        proven = verify_receipt(read_receipt(receipt.encode()), policy=policy, csv=told.encode())
        if proven.entry.get("verb") != "train" or again != content:
            raise ReceiptError("rows_differ")
    except (NoteError, ProofError, ReceiptError) as error:
        reason = "word.model.differs" if error.reason == "rows_differ" else f"word.log.{error.reason.partition(' ')[0]}"
        raise Refusal("model.not_proven", file=options.file[:200], reason=reason) from None
    tell(catalogue.say("receipt.proven", index=str(proven.index), log=proven.checkpoint.origin, size=str(proven.checkpoint.size)))
    known = {name: str(proven.entry.get(name) or "–") for name in ("dataset", "version", "project")}
    tell(catalogue.say("model.proven", cost_nrho=str(proven.entry.get("cost_nrho")), **known))


def _show(found: "Model", catalogue: Catalogue) -> None:
    """Its columns on stdout, what it predicts on stderr."""
    heads = tuple(catalogue.say(f"model.column.{name}") for name in ("name", "kind", "cells"))
    rows = [(feature.name, catalogue.say(f"model.kind.{_kind(feature)}"), number(feature.cells, 0)) for feature in found.features]
    write_table(heads, rows, numbers=(False, False, True))
    _show_shapes(found, catalogue)
    for feature in found.features:
        if feature.grams is not None:
            tell(catalogue.say("model.text_not_drawn", column=clean(feature.name)))
    task = catalogue.say(f"predict.{found.task.value}", target=clean(found.target), positive=clean(found.positive))
    tell(catalogue.say("model.is", task=task, learner=clean(found.learner), parts=number(len(found.parts), 0)))


def _show_shapes(found: "Model", catalogue: Catalogue) -> None:
    """What each column adds, where the model is so made: the largest first."""
    from amana.client.model_shapes import shapes_of

    shapes = shapes_of(found)
    if not shapes:
        return
    missing = catalogue.say("page.ai.shape_missing")
    rows = [
        (clean(each.name), f"{each.least.adds:+.2f}", clean(each.least.values or missing), f"{each.most.adds:+.2f}",
         clean(each.most.values or missing), each.line if len(each.line) <= LINE_MAX else "")
        for each in shapes
    ]  # fmt: skip
    print()
    heads = tuple(catalogue.say(f"model.shape.{name}") for name in ("name", "least", "least_at", "most", "most_at", "line"))
    write_table(heads, rows, numbers=(False, True, False, True, False, False))
    tell(catalogue.say(f"page.ai.shapes_what.{found.task.value}"))


def _kind(feature: "Feature") -> str:
    return "date" if feature.dates else feature.kind.value


def _export(found: "SignedModel", options: argparse.Namespace, catalogue: Catalogue) -> None:
    """The receipt goes with it. Errors: Refusal model.not_written, client.library_missing."""
    from amana.client.model_file import write_content

    target = Path(options.output or Path(options.file).with_suffix(f".{options.form}").name)
    if target.exists():  # such as the model itself
        raise Refusal("model.not_written", file=str(target)[:400], reason="word.system.exists")
    content = write_content(found, suffix=f".{options.form}")
    with written_whole(target) as handle:
        handle.write(content)
    print(target)
    tell(catalogue.say("export.written", file=str(target)))
