"""Model files: canonical JSON of a closed form. What is read is data and never code, and every field of it is checked.

Whoever keeps such a file can change it; nobody can make it do anything but predict otherwise. So limits are on everything that
takes memory or time, and what passes is a model with which predicting cannot fail.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite, prod
from pathlib import Path
from typing import cast, final

from amana.client.fields import list_of, object_of, one_of, text_of, whole_of, wholes_of, wrong
from amana.terms.grams import BUCKETS_MAX, MOST_MAX, SIZE_MAX, Grams
from amana.terms.model import END_ABS_MAX, TABLE_ABS_MAX, Effect, Feature, FeatureKind, Model, Part, Task, Tree
from amana.terms.refusal import Refusal, cause_of

FORMAT = "amana-model/1"
FILE_BYTES_MAX = 32 * 2**20
FEATURES_MAX = 10_000
PARTS_MAX = 2**16
NUMBERS_MAX = 16_000_000
"""Of all tables together, where each level of a tree counts as a table of its feature's cells, as which some programs hold it."""
MEMBERS_MAX = 20_000
EDGES_MAX = 20_000
DEPTH_MAX = 16
NAME_CHARACTERS_MAX = 200
MEMBER_CHARACTERS_MAX = 1_000
EDGE_ABS_MAX = 2**62
DECIMALS_MAX = 18
RECEIPT_DEPTH_MAX = 16

_MODEL = ("format", "task", "learner", "target", "positive", "low", "high", "decimals", "features", "intercept", "parts")
_FEATURE: Mapping[str, tuple[str, ...]] = {
    "number": ("name", "kind", "decimals", "edges"),
    "date": ("name", "kind", "edges"),
    "choice": ("name", "kind", "members"),
    "boolean": ("name", "kind"),
    "text": ("name", "kind", "size", "buckets", "most"),
}
_GRAMS = ("size", "buckets", "most")
_RECEIPT = "receipt"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SignedModel:
    """A model and the receipt of its training, as canonical JSON; empty where there is none. A reader believes neither before
    `amana model verify` does."""

    model: Model
    receipt: str = ""


def write_model(model: Model, *, receipt: str = "") -> str:
    """The model as the text of a file, the same for equal models. `receipt`: of its training, as JSON, which stands in the file too."""
    document = to_document(model)
    assert read_document(document) == model
    return write_json({**document, _RECEIPT: json.loads(receipt)} if receipt else document) + "\n"


def read_model(text: str) -> Model:
    """The model that a file holds. Errors: Refusal model.file_wrong."""
    return read_signed(text).model


def read_signed(text: str) -> SignedModel:
    """The model that a file holds, with its receipt, unproved. Errors: Refusal model.file_wrong."""
    found = read_json(text)
    if _member(found, _RECEIPT) is None:
        return SignedModel(model=read_document(found))
    document = dict(cast("dict[str, object]", found))
    receipt = _receipt(document.pop(_RECEIPT))
    return SignedModel(model=read_document(document), receipt=receipt)


def receipt_in(text: str) -> str:
    """The receipt that a file in another form holds as text, which goes into every form as it is; empty where there is none.

    Errors: Refusal model.file_wrong.
    """
    if text:
        _receipt(read_json(text))
    return text


def _receipt(found: object) -> str:
    """The receipt as text that can be read and written anywhere; what it says is proved elsewhere."""
    if not isinstance(found, dict):
        raise wrong(_RECEIPT, wanted="word.object")
    whole = cast("dict[str, object]", found)
    _shallow(whole, left=RECEIPT_DEPTH_MAX)
    text = write_json(whole)
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise wrong(_RECEIPT, wanted="word.text")
    return text


def _shallow(found: object, *, left: int) -> None:
    """Return if it is nested no deeper, so that writing it cannot fail."""
    nested = cast("dict[str, object]", found).values() if isinstance(found, dict) else cast("list[object]", found)
    for each in nested:
        if isinstance(each, dict | list):
            if not left:
                raise wrong(_RECEIPT, wanted="word.json")
            _shallow(cast("object", each), left=left - 1)


def read_json(text: str) -> object:
    """A JSON document in which no name stands twice, and every number is one that can be written. Errors: Refusal model.file_wrong."""
    if len(text) > FILE_BYTES_MAX:
        raise wrong("", wanted="word.characters_at_most", number=FILE_BYTES_MAX)
    try:
        found: object = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise wrong(f"{error.lineno}:{error.colno}", wanted="word.json") from None
    except (ValueError, RecursionError):
        raise wrong("", wanted="word.json") from None
    return found


def write_json(document: object) -> str:
    """Canonical: keys sorted, no white space."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def open_model(path: Path) -> Model:
    """The model of a file, in the form that its name tells. Errors: as `read_content` and `read_signed_content`."""
    return read_signed_content(read_content(path), suffix=path.suffix).model


def read_content(path: Path) -> bytes:
    """The bytes of a model file. Errors: Refusal model.file_unreadable."""
    try:
        with path.open("rb") as handle:
            return handle.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Refusal("model.file_unreadable", file=str(path)[:400], reason=cause_of(error)) from None


def read_signed_content(content: bytes, *, suffix: str) -> SignedModel:
    """The model and the receipt of a file in JSON, as `.safetensors` or as `.onnx`.

    Errors: Refusal model.file_wrong, client.library_missing.
    """
    match suffix:
        case ".safetensors":
            from amana.client.model_tensors import read_tensors_signed

            return read_tensors_signed(content)
        case ".onnx":
            from amana.client.model_onnx import read_onnx

            return read_onnx(content)
        case _:
            try:
                return read_signed(content.decode("utf-8"))
            except UnicodeDecodeError:
                raise wrong("", wanted="word.json") from None


def write_content(signed: SignedModel, *, suffix: str) -> bytes:
    """The file of that form, the same for equal models and receipts. Errors: Refusal client.library_missing."""
    match suffix:
        case ".safetensors":
            from amana.client.model_tensors import write_tensors

            return write_tensors(signed.model, receipt=signed.receipt)
        case ".onnx":
            from amana.client.model_onnx import write_onnx

            try:
                return write_onnx(signed.model, receipt=signed.receipt)
            except ImportError as missing:
                raise Refusal("client.library_missing", library=missing.name or "onnx", extra="learn") from None
        case _:
            return write_model(signed.model, receipt=signed.receipt).encode()


def to_document(model: Model) -> dict[str, object]:
    """The model in the types of JSON."""
    return {
        "format": FORMAT,
        "task": model.task.value,
        "learner": model.learner,
        "target": model.target,
        "positive": model.positive,
        "low": model.low,
        "high": model.high,
        "decimals": model.decimals,
        "features": [_feature_document(feature) for feature in model.features],
        "intercept": model.intercept,
        "parts": [_part_document(part) for part in model.parts],
    }


def _feature_document(feature: Feature) -> dict[str, object]:
    kind = "date" if feature.dates else feature.kind.value
    every = {"name": feature.name, "kind": kind, "decimals": feature.decimals}
    every |= {"edges": list(feature.edges), "members": list(feature.members)}
    every |= {} if feature.grams is None else {name: getattr(feature.grams, name) for name in _GRAMS}
    return {name: every[name] for name in _FEATURE[kind]}


def _part_document(part: Part) -> dict[str, object]:
    if isinstance(part, Effect):
        return {"features": list(part.features), "values": list(part.values)}
    return {"splits": [[feature, list(cells)] for feature, cells in part.splits], "leaves": list(part.leaves)}


def read_document(found: object) -> Model:
    """The model of such a document. Errors: Refusal model.file_wrong, with the place."""
    top = object_of(found, "", names=_MODEL)
    one_of(top["format"], "format", known=(FORMAT,))
    task = Task(one_of(top["task"], "task", known=tuple(each.value for each in Task)))
    low, high = (whole_of(top[name], name, low=-END_ABS_MAX, high=END_ABS_MAX) for name in ("low", "high"))
    if low > high:
        raise wrong("high", wanted="word.at_least", number=low)
    listed = list_of(top["features"], "features", most=FEATURES_MAX)
    if not listed:
        raise wrong("features", wanted="word.items_at_least", number=1)
    features = tuple(_feature(each, f"features[{place}]") for place, each in enumerate(listed))
    _same_kinds(features)
    texts = [place for place, feature in enumerate(features) if feature.grams is not None]
    if len(texts) > 1:
        raise wrong(f"features[{texts[1]}].kind", wanted="word.model.text_once")
    parts: list[Part] = []
    numbers = sum(len(feature.edges) + len(feature.members) for feature in features)
    for place, each in enumerate(list_of(top["parts"], "parts", most=PARTS_MAX)):
        part, count = _part(each, f"parts[{place}]", features=features)
        parts.append(part)
        numbers += count
        if numbers > NUMBERS_MAX:
            raise wrong(f"parts[{place}]", wanted="word.items_at_most", number=NUMBERS_MAX)
    return Model(
        task=task,
        learner=text_of(top["learner"], "learner", most=NAME_CHARACTERS_MAX),
        target=text_of(top["target"], "target", most=NAME_CHARACTERS_MAX),
        positive=text_of(top["positive"], "positive", most=MEMBER_CHARACTERS_MAX),
        low=low,
        high=high,
        decimals=whole_of(top["decimals"], "decimals", low=0, high=DECIMALS_MAX),
        features=features,
        intercept=whole_of(top["intercept"], "intercept", low=-TABLE_ABS_MAX, high=TABLE_ABS_MAX),
        parts=tuple(parts),
    )


def _feature(found: object, path: str) -> Feature:
    kind = _member(found, "kind")
    known = _FEATURE.get(kind) if isinstance(kind, str) else None
    table = object_of(found, path, names=known or ("name", "kind"))
    kind = one_of(table["kind"], f"{path}.kind", known=tuple(_FEATURE))
    name = text_of(table["name"], f"{path}.name", most=NAME_CHARACTERS_MAX)
    if kind in ("number", "date"):
        edges = wholes_of(table["edges"], f"{path}.edges", most=EDGES_MAX, low=-EDGE_ABS_MAX, high=EDGE_ABS_MAX)
        _increasing(edges, f"{path}.edges")
        decimals = whole_of(table["decimals"], f"{path}.decimals", low=0, high=DECIMALS_MAX) if kind == "number" else 0
        return Feature(name=name, kind=FeatureKind.NUMBER, decimals=decimals, edges=edges, dates=kind == "date")
    if kind == "boolean":
        return Feature(name=name, kind=FeatureKind.BOOLEAN)
    if kind == "text":
        size, buckets, most = (
            whole_of(table[each], f"{path}.{each}", low=low, high=high)
            for each, low, high in zip(_GRAMS, (1, 2, 1), (SIZE_MAX, BUCKETS_MAX, MOST_MAX), strict=True)
        )
        whole_of(most, f"{path}.most", low=1, high=buckets)
        return Feature(name=name, kind=FeatureKind.TEXT, grams=Grams(size=size, buckets=buckets, most=most))
    listed = list_of(table["members"], f"{path}.members", most=MEMBERS_MAX)
    members = tuple(text_of(each, f"{path}.members[{place}]", most=MEMBER_CHARACTERS_MAX) for place, each in enumerate(listed))
    if len(set(members)) < len(members):
        again = next(place for place, member in enumerate(members) if member in members[:place])
        raise wrong(f"{path}.members[{again}]", wanted="word.model.new")
    return Feature(name=name, kind=FeatureKind.CHOICE, members=members)


def _same_kinds(features: Sequence[Feature]) -> None:
    """One column may be read in several ways (finely alone, coarsely in a pair), but is of one kind."""
    kinds: dict[str, tuple[FeatureKind, bool]] = {}
    for place, feature in enumerate(features):
        if kinds.setdefault(feature.name, (feature.kind, feature.dates)) != (feature.kind, feature.dates):
            raise wrong(f"features[{place}].kind", wanted="word.model.same_kind")


def _part(found: object, path: str, *, features: Sequence[Feature]) -> tuple[Part, int]:
    """A part, and how many numbers its tables hold."""
    if _member(found, "leaves") is not None:
        return _tree(object_of(found, path, names=("splits", "leaves")), path, features=features)
    table = object_of(found, path, names=("features", "values"))
    of = wholes_of(table["features"], f"{path}.features", most=2, low=0, high=len(features) - 1)
    if not of:
        raise wrong(f"{path}.features", wanted="word.items_at_least", number=1)
    if len(of) > 1 and any(features[feature].grams is not None for feature in of):
        raise wrong(f"{path}.features", wanted="word.model.text_alone")
    values = _table(table["values"], f"{path}.values", size=prod(features[feature].cells for feature in of))
    return Effect(features=of, values=values), len(values)


def _tree(table: Mapping[str, object], path: str, *, features: Sequence[Feature]) -> tuple[Tree, int]:
    splits: list[tuple[int, tuple[int, ...]]] = []
    for level, each in enumerate(list_of(table["splits"], f"{path}.splits", most=DEPTH_MAX)):
        at = f"{path}.splits[{level}]"
        pair = list_of(each, at, most=2)
        if len(pair) < 2:
            raise wrong(at, wanted="word.items_at_least", number=2)
        feature = whole_of(pair[0], f"{at}[0]", low=0, high=len(features) - 1)
        if features[feature].grams is not None:
            raise wrong(f"{at}[0]", wanted="word.model.text_alone")
        last = features[feature].cells - 1
        cells = wholes_of(pair[1], f"{at}[1]", most=last + 1, low=0, high=last)
        _increasing(cells, f"{at}[1]")
        splits.append((feature, cells))
    leaves = _table(table["leaves"], f"{path}.leaves", size=2 ** len(splits))
    return Tree(splits=tuple(splits), leaves=leaves), len(leaves) + sum(features[feature].cells for feature, _ in splits)


def _table(found: object, path: str, *, size: int) -> tuple[int, ...]:
    values = wholes_of(found, path, most=NUMBERS_MAX, low=-TABLE_ABS_MAX, high=TABLE_ABS_MAX)
    if len(values) != size:
        raise wrong(path, wanted="word.model.values", size=size)
    return values


def _member(found: object, name: str) -> object:
    return cast("dict[str, object]", found).get(name) if isinstance(found, dict) else None


def _increasing(values: Sequence[int], path: str) -> None:
    for place in range(1, len(values)):
        if values[place] <= values[place - 1]:
            raise wrong(f"{path}[{place}]", wanted="word.more_than", number=values[place - 1])


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A name that stands twice would be read in two ways by two readers."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(text)
    return number


def _no_number(text: str) -> object:
    raise ValueError(text)
