"""Model files: the same bytes for the same model, and whatever is not one is refused with its place."""

import copy
import json
import random
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from amana.client import model_file
from amana.client.explain import describe
from amana.client.model_file import open_model, read_model, read_signed, read_signed_content, to_document, write_content, write_model
from amana.client.model_tensors import read_tensors, read_tensors_signed, write_tensors
from amana.client.text import LANGUAGES, load
from amana.terms.model import Feature, FeatureKind, Model, Task
from amana.terms.refusal import Refusal
from tests.unit.models import some_model


def refusal_of(text: str) -> Refusal:
    with pytest.raises(Refusal) as caught:
        read_model(text)
    assert caught.value.code == "model.file_wrong"
    for language in LANGUAGES:
        assert "word." not in describe(caught.value, asked="", catalogue=load(language))
    return caught.value


@pytest.mark.parametrize("seed", range(20))
def test_a_model_comes_back_as_it_was_in_each_form(seed: int, tmp_path: Path) -> None:
    model = some_model(seed)
    assert read_model(write_model(model)) == model
    assert read_tensors(write_tensors(model)) == model
    for name, content in (("m.model.json", write_model(model).encode()), ("m.safetensors", write_tensors(model))):
        (tmp_path / name).write_bytes(content)
        assert open_model(tmp_path / name) == model


def test_equal_models_are_equal_files() -> None:
    assert write_model(some_model(1)) == write_model(some_model(1)) and write_tensors(some_model(1)) == write_tensors(some_model(1))
    text = write_model(some_model(1))
    assert text.endswith("}\n") and json.dumps(json.loads(text), sort_keys=True, separators=(",", ":"), ensure_ascii=False) + "\n" == text


def test_another_order_and_white_space_are_the_same_model() -> None:
    document = dict(reversed(to_document(some_model(2)).items()))
    assert read_model(json.dumps(document, indent=3)) == some_model(2)


Change = Callable[[dict[str, Any]], object]
SMALL = Model(
    task=Task.CLASSIFICATION,
    learner="linear",
    target="ill",
    positive="yes",
    low=0,
    high=1,
    decimals=0,
    features=(Feature(name="age", kind=FeatureKind.NUMBER, edges=(1, 2)), Feature(name="sex", kind=FeatureKind.CHOICE, members=("f", "m"))),
    intercept=0,
    parts=some_model(0).parts[:0],
)
TREE = {"splits": [[1, [0, 2]]], "leaves": [1, 2]}
EFFECT = {"features": [1], "values": [1, 2, 3]}
NOTE = {"name": "note", "kind": "text", "size": 2, "buckets": 9, "most": 3}
WRONG: dict[str, tuple[Change, str]] = {
    "another format": (lambda m: m.update(format="amana-model/2"), "format"),
    "a field more": (lambda m: m.update(code="print(1)"), "."),
    "a field less": (lambda m: m.pop("low"), "."),
    "a task of nobody": (lambda m: m.update(task="clustering"), "task"),
    "a text that is a number": (lambda m: m.update(target=7), "target"),
    "a text without end": (lambda m: m.update(positive="x" * 1001), "positive"),
    "half of a letter": (lambda m: m.update(target="\ud800"), "target"),
    "a fraction": (lambda m: m.update(intercept=1.0), "intercept"),
    "a truth for a number": (lambda m: m.update(intercept=True), "intercept"),
    "an end that is too far": (lambda m: m.update(high=2**52), "high"),
    "ends the wrong way round": (lambda m: m.update(low=5, high=4), "high"),
    "decimals below zero": (lambda m: m.update(decimals=-1), "decimals"),
    "no features": (lambda m: m.update(features=[]), "features"),
    "features that are no list": (lambda m: m.update(features={}), "features"),
    "a feature that is none": (lambda m: m["features"].append(3), "features[2]"),
    "a kind of nobody": (lambda m: m["features"][0].update(kind="picture"), "features[0]"),
    "a kind that is no text": (lambda m: m["features"][0].update(kind=["number"]), "features[0]"),
    "a text without its buckets": (lambda m: m["features"].append({"name": "note", "kind": "text", "size": 2, "most": 3}), "features[2]"),
    "a text of too many buckets": (lambda m: m["features"].append({**NOTE, "buckets": 65_537}), "features[2].buckets"),
    "a text in more buckets than there are": (lambda m: m["features"].append({**NOTE, "most": 10}), "features[2].most"),
    "a text in a pair": (
        lambda m: (m["features"].append(NOTE), m["parts"].append({"features": [0, 2], "values": []})),
        "parts[0].features",
    ),
    "a text in a tree": (
        lambda m: (m["features"].append(NOTE), m["parts"].append({**TREE, "splits": [[2, [0]]]})),
        "parts[0].splits[0][0]",
    ),
    "a text with a table that is too short": (
        lambda m: (m["features"].append(NOTE), m["parts"].append({"features": [2], "values": [1]})),
        "parts[0].values",
    ),
    "two texts": (lambda m: m["features"].extend([NOTE, {**NOTE, "name": "reply"}]), "features[3].kind"),
    "members of a number": (lambda m: m["features"][0].update(members=["x"]), "features[0]"),
    "edges that stand still": (lambda m: m["features"][0].update(edges=[1, 2, 2]), "features[0].edges[2]"),
    "an edge that is text": (lambda m: m["features"][0].update(edges=["1"]), "features[0].edges[0]"),
    "a member twice": (lambda m: m["features"][1].update(members=["f", "f"]), "features[1].members[1]"),
    "one column of two kinds": (lambda m: m["features"].append({"name": "age", "kind": "boolean"}), "features[2].kind"),
    "a part that is none": (lambda m: m["parts"].append([]), "parts[0]"),
    "an effect of nothing": (lambda m: m["parts"].append({"features": [], "values": [1]}), "parts[0].features"),
    "an effect of three": (lambda m: m["parts"].append({"features": [0, 0, 0], "values": []}), "parts[0].features"),
    "a feature that is not there": (lambda m: m["parts"].append({**EFFECT, "features": [2]}), "parts[0].features[0]"),
    "a table that is too short": (lambda m: m["parts"].append({**EFFECT, "values": [1, 2]}), "parts[0].values"),
    "a table that is too long": (lambda m: m["parts"].append({**EFFECT, "values": [1, 2, 3, 4]}), "parts[0].values"),
    "a value that is too large": (lambda m: m["parts"].append({**EFFECT, "values": [1, 2, 2**31]}), "parts[0].values[2]"),
    "a part of both kinds": (lambda m: m["parts"].append({**EFFECT, **TREE}), "parts[0]"),
    "a tree with a leaf less": (lambda m: m["parts"].append({**TREE, "leaves": [1]}), "parts[0].leaves"),
    "a split of one": (lambda m: m["parts"].append({**TREE, "splits": [[1]]}), "parts[0].splits[0]"),
    "a split of a cell that is not there": (lambda m: m["parts"].append({**TREE, "splits": [[1, [3]]]}), "parts[0].splits[0][1][0]"),
    "a split of a cell twice": (lambda m: m["parts"].append({**TREE, "splits": [[1, [1, 1]]]}), "parts[0].splits[0][1][1]"),
    "a tree without end": (lambda m: m["parts"].append({"splits": [[1, []]] * 17, "leaves": []}), "parts[0].splits"),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_is_no_model_is_refused_with_its_place(name: str) -> None:
    change, path = WRONG[name]
    document = to_document(SMALL)
    read_model(json.dumps(document))
    for part in (TREE, EFFECT):
        read_model(json.dumps({**document, "parts": [part]}))
    changed = copy.deepcopy(document)
    change(changed)
    assert refusal_of(json.dumps(changed)).parameters["path"] == path


@pytest.mark.parametrize(
    "text", ["", "[", "nothing", "NaN", '{"a":1,"a":1}', "[" * 100_000, "1" * 5000, "[]", "null", '{"format":"amana-model/1"}', "\x00"]
)
def test_what_is_no_json_is_refused(text: str) -> None:
    refusal_of(text)


@pytest.mark.parametrize("value", ["1e999", "-1e999", '"\\ud800"', '{"\\udfff":1}', "[" * 400 + "]" * 400, "NaN"])
def test_a_receipt_that_cannot_be_written_again_is_refused_in_every_form(value: str) -> None:
    receipt = f'{{"a":{value}}}'
    refusal_of(write_model(SMALL).rstrip("}\n") + f',"receipt":{receipt}}}')
    with pytest.raises(Refusal, match=r"model\.file_wrong"):
        read_tensors_signed(write_tensors(SMALL, receipt=receipt))
    pytest.importorskip("onnx")
    from amana.client.model_onnx import read_onnx, write_onnx

    with pytest.raises(Refusal, match=r"model\.file_wrong"):
        read_onnx(write_onnx(SMALL, receipt=receipt))


@pytest.mark.parametrize("receipt", ["7", "[]", "{"])
def test_a_receipt_as_text_is_an_object(receipt: str) -> None:
    with pytest.raises(Refusal, match=r"model\.file_wrong"):
        read_tensors_signed(write_tensors(SMALL, receipt=receipt))


def test_a_receipt_of_whole_letters_goes_through_every_form() -> None:
    signed = read_signed(write_model(SMALL, receipt='{"a":["\\ud83d\\ude00",1.5]}'))
    assert signed.receipt == '{"a":["😀",1.5]}'
    for suffix in (".json", ".safetensors"):
        assert read_signed_content(write_content(signed, suffix=suffix), suffix=suffix) == signed


def test_limits_stop_what_takes_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_file, "FILE_BYTES_MAX", 100)
    refusal_of(write_model(SMALL))
    monkeypatch.undo()
    monkeypatch.setattr(model_file, "NUMBERS_MAX", 12)
    refusal_of(json.dumps({**to_document(SMALL), "parts": [EFFECT] * 3}))
    refusal_of(json.dumps({**to_document(SMALL), "parts": [{"splits": [[0, []], [0, []]], "leaves": [0] * 4}]}))


def test_a_file_that_is_not_there_or_not_text_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"model\.file_unreadable"):
        open_model(tmp_path / "none.json")
    (tmp_path / "pickle.json").write_bytes(b"\x80\x04\x95")
    with pytest.raises(Refusal, match=r"model\.file_wrong"):
        open_model(tmp_path / "pickle.json")


@pytest.mark.parametrize("form", ["json", "safetensors"])
def test_a_damaged_file_is_a_refusal_or_a_model_and_never_another_error(form: str, tmp_path: Path) -> None:
    chance, path = random.Random(3), tmp_path / f"m.{form}"
    whole = write_model(some_model(5)).encode() if form == "json" else write_tensors(some_model(5))
    for turn in range(400):
        damaged = bytearray(whole)
        for _ in range(1 + turn % 4):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged[: chance.randrange(len(damaged))] if turn % 7 == 0 else damaged)
        try:
            model = open_model(path)
        except Refusal as refusal:
            assert refusal.code == "model.file_wrong"
        else:
            model.predict(tuple(0 for _ in model.features))


@pytest.mark.parametrize(
    "content", [b"", b"\xff" * 8, struct.pack("<Q", 2) + b"{}", struct.pack("<Q", 2**40) + b"{}", struct.pack("<Q", 2) + b"\xff\xff"]
)
def test_what_is_no_safetensors_is_refused(content: bytes) -> None:
    with pytest.raises(Refusal, match=r"model\.file_wrong"):
        read_tensors(content)


def test_the_library_of_safetensors_reads_and_writes_the_same(tmp_path: Path) -> None:
    safetensors = pytest.importorskip("safetensors")
    from safetensors.numpy import load as load_tensors

    model = some_model(9, parts=40)
    (tmp_path / "m.safetensors").write_bytes(write_tensors(model))
    tensors = load_tensors((tmp_path / "m.safetensors").read_bytes())
    assert {name: str(tensor.dtype) for name, tensor in tensors.items()} == {"edges": "int64", "effects": "int32", "leaves": "int32"}
    assert tensors["edges"][:6].tolist() == [-25, 0, 5, 180, 181, 650]
    with safetensors.safe_open(tmp_path / "m.safetensors", framework="numpy") as opened:
        document = json.loads(opened.metadata()["amana"])
    assert document["format"] == "amana-model/1" and document["features"][0]["edges"] == 6
