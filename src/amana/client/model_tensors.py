"""A model as safetensors: its tables as three tensors, all else as text in the header. Read and written without a library.

`edges` (I64), `effects` and `leaves` (I32) hold the numbers of all features, effects and trees one after the other; in the text,
`amana` of `__metadata__`, a count stands where a list of them was; `amana_receipt` beside it is the receipt of the training.
Source: safetensors, README, "Format".
"""

import struct
from collections.abc import Callable, Mapping, Sequence
from typing import cast

from amana.client.fields import wrong
from amana.client.model_file import FILE_BYTES_MAX, SignedModel, read_document, read_json, receipt_in, to_document, write_json
from amana.terms.model import Model

_WIDTHS = {"edges": ("I64", "q"), "effects": ("I32", "i"), "leaves": ("I32", "i")}
_TEXT, _RECEIPT = "amana", "amana_receipt"
Swap = Callable[[str, object], object]


def write_tensors(model: Model, *, receipt: str = "") -> bytes:
    """The model as the content of a `.safetensors` file, the same for equal models. `receipt`: of its training."""
    numbers: dict[str, list[int]] = {name: [] for name in _WIDTHS}

    def count(tensor: str, values: object) -> object:
        numbers[tensor] += cast("list[int]", values)
        return len(cast("list[int]", values))

    text = write_json(_with(to_document(model), count))
    header: dict[str, object] = {"__metadata__": {_TEXT: text, **({_RECEIPT: receipt} if receipt else {})}}
    body = b""
    for name, (kind, letter) in _WIDTHS.items():
        packed = struct.pack(f"<{len(numbers[name])}{letter}", *numbers[name])
        header[name] = {"dtype": kind, "shape": [len(numbers[name])], "data_offsets": [len(body), len(body) + len(packed)]}
        body += packed
    head = write_json(header).encode()
    head += b" " * (-len(head) % 8)
    return struct.pack("<Q", len(head)) + head + body


def read_tensors(content: bytes) -> Model:
    """The model that such a file holds. Errors: Refusal model.file_wrong."""
    return read_tensors_signed(content).model


def read_tensors_signed(content: bytes) -> SignedModel:
    """The model that such a file holds, and its receipt, unproved. Errors: Refusal model.file_wrong."""
    if len(content) > FILE_BYTES_MAX:
        raise wrong("", wanted="word.characters_at_most", number=FILE_BYTES_MAX)
    length = int.from_bytes(content[:8], "little")
    head, body = content[8 : 8 + length], content[8 + length :]
    try:
        header = read_json(head.decode("utf-8"))
    except UnicodeDecodeError:
        raise wrong("", wanted="word.json") from None
    tensors = _object(header, "header", names=("__metadata__", *_WIDTHS))
    told = _object(tensors["__metadata__"], "__metadata__", names=(_TEXT,), perhaps=_RECEIPT)
    text, receipt = told[_TEXT], told.get(_RECEIPT, "")
    if len(head) < length or not isinstance(text, str) or not isinstance(receipt, str):
        raise wrong("__metadata__", wanted="word.text")
    numbers: dict[str, tuple[int, ...]] = {}
    start = 0
    for name, (kind, letter) in _WIDTHS.items():
        width = struct.calcsize(f"<{letter}")
        described = _object(tensors[name], name, names=("dtype", "shape", "data_offsets"))
        shape = described["shape"]
        size = cast("list[object]", shape)[0] if isinstance(shape, list) and len(cast("list[object]", shape)) == 1 else None
        if type(size) is not int or not 0 <= size <= (len(body) - start) // width:
            raise wrong(f"{name}.shape", wanted="word.whole", low=0, high=max(0, len(body) - start) // width)
        expected = {"dtype": kind, "shape": [size], "data_offsets": [start, start + size * width]}
        if described != expected:
            raise wrong(name, wanted="word.model.tensor", known=write_json(expected))
        numbers[name] = struct.unpack_from(f"<{size}{letter}", body, start)
        start += size * width
    if start != len(body):
        raise wrong("", wanted="word.model.bytes", size=8 + length + start)
    return SignedModel(model=read_document(_filled(read_json(text), numbers)), receipt=receipt_in(receipt))


def _filled(document: object, numbers: Mapping[str, Sequence[int]]) -> object:
    """The document with its lists of numbers, each of which is used once."""
    used = dict.fromkeys(numbers, 0)

    def take(tensor: str, count: object) -> object:
        start, left = used[tensor], len(numbers[tensor]) - used[tensor]
        if type(count) is not int or not 0 <= count <= left:
            raise wrong(tensor, wanted="word.whole", low=0, high=left)
        used[tensor] += count
        return list(numbers[tensor][start : start + count])

    filled = _with(document, take)
    for tensor, count in used.items():
        if count != len(numbers[tensor]):
            raise wrong(f"{tensor}.shape", wanted="word.whole", low=count, high=count)
    return filled


def _with(document: object, swap: Swap) -> object:
    """The document with each list of numbers swapped; what is otherwise than it must be is left for the reader to find."""
    if not isinstance(document, dict):
        return document
    top = dict(cast("dict[str, object]", document))
    top["features"] = _each(top.get("features"), {"edges": "edges"}, swap)
    top["parts"] = _each(top.get("parts"), {"values": "effects", "leaves": "leaves"}, swap)
    return top


def _each(listed: object, tensors: Mapping[str, str], swap: Swap) -> object:
    if not isinstance(listed, list):
        return listed
    return [_swapped(each, tensors, swap) for each in cast("list[object]", listed)]


def _swapped(found: object, tensors: Mapping[str, str], swap: Swap) -> object:
    if not isinstance(found, dict):
        return found
    table = cast("dict[str, object]", found)
    return {name: swap(tensors[name], value) if name in tensors else value for name, value in table.items()}


def _object(found: object, path: str, *, names: Sequence[str], perhaps: str = "") -> Mapping[str, object]:
    """Those fields, and `perhaps` one more."""
    if not isinstance(found, dict) or set(cast("dict[str, object]", found)) - {perhaps} != set(names):
        raise wrong(path, wanted="word.model.fields", known=", ".join(names))
    return cast("Mapping[str, object]", found)
