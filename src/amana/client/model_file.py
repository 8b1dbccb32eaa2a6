"""Model files: canonical JSON of a closed form. What is read is data and never code, and every field of it is checked.

Whoever keeps such a file can change it; nobody can make it do anything but predict otherwise. So limits are on everything that
takes memory or time, and what passes is a model with which predicting cannot fail.
"""

import json
from collections.abc import Mapping, Sequence
from math import prod
from pathlib import Path
from typing import cast

from amana.terms.model import Effect, Feature, FeatureKind, Model, Part, Task, Tree
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
TABLE_ABS_MAX = 2**31 - 1
"""Of one value of a table. The sum over all parts stays far inside 64 bits."""
EDGE_ABS_MAX = 2**62
END_ABS_MAX = 2**51
"""Of a target's interval, in its units: products with a score are exact in 64 bits."""
DECIMALS_MAX = 18

_MODEL = ("format", "task", "learner", "target", "positive", "low", "high", "decimals", "features", "intercept", "parts")
_FEATURE: Mapping[str, tuple[str, ...]] = {
    "number": ("name", "kind", "decimals", "edges"),
    "date": ("name", "kind", "edges"),
    "choice": ("name", "kind", "members"),
    "boolean": ("name", "kind"),
}


def write_model(model: Model) -> str:
    """The model as the text of a file, the same for equal models."""
    document = to_document(model)
    assert read_document(document) == model
    return write_json(document) + "\n"


def read_model(text: str) -> Model:
    """The model that a file holds. Errors: Refusal model.file_wrong."""
    return read_document(read_json(text))


def read_json(text: str) -> object:
    """A JSON document in which no name stands twice, and every number is one. Errors: Refusal model.file_wrong."""
    if len(text) > FILE_BYTES_MAX:
        raise wrong("", wanted="word.characters_at_most", number=FILE_BYTES_MAX)
    try:
        found: object = json.loads(text, object_pairs_hook=_once, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise wrong(f"{error.lineno}:{error.colno}", wanted="word.json") from None
    except (ValueError, RecursionError):
        raise wrong("", wanted="word.json") from None
    return found


def write_json(document: object) -> str:
    """Canonical: keys sorted, no white space."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def open_model(path: Path) -> Model:
    """The model of a file, in JSON or as safetensors by its name. Errors: Refusal model.file_unreadable, model.file_wrong."""
    try:
        with path.open("rb") as handle:
            content = handle.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        raise Refusal("model.file_unreadable", file=str(path)[:400], reason=cause_of(error)) from None
    if path.suffix == ".safetensors":
        from amana.client.model_tensors import read_tensors

        return read_tensors(content)
    try:
        return read_model(content.decode("utf-8"))
    except UnicodeDecodeError:
        raise wrong("", wanted="word.json") from None


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
    return {name: every[name] for name in _FEATURE[kind]}


def _part_document(part: Part) -> dict[str, object]:
    if isinstance(part, Effect):
        return {"features": list(part.features), "values": list(part.values)}
    return {"splits": [[feature, list(cells)] for feature, cells in part.splits], "leaves": list(part.leaves)}


def read_document(found: object) -> Model:
    """The model of such a document. Errors: Refusal model.file_wrong, with the place."""
    top = _object(found, "", names=_MODEL)
    _one_of(top["format"], "format", known=(FORMAT,))
    task = Task(_one_of(top["task"], "task", known=tuple(each.value for each in Task)))
    low, high = (_whole(top[name], name, low=-END_ABS_MAX, high=END_ABS_MAX) for name in ("low", "high"))
    if low > high:
        raise wrong("high", wanted="word.at_least", number=low)
    listed = _list(top["features"], "features", most=FEATURES_MAX)
    if not listed:
        raise wrong("features", wanted="word.items_at_least", number=1)
    features = tuple(_feature(each, f"features[{place}]") for place, each in enumerate(listed))
    _same_kinds(features)
    parts: list[Part] = []
    numbers = sum(len(feature.edges) + len(feature.members) for feature in features)
    for place, each in enumerate(_list(top["parts"], "parts", most=PARTS_MAX)):
        part, count = _part(each, f"parts[{place}]", features=features)
        parts.append(part)
        numbers += count
        if numbers > NUMBERS_MAX:
            raise wrong(f"parts[{place}]", wanted="word.items_at_most", number=NUMBERS_MAX)
    return Model(
        task=task,
        learner=_text(top["learner"], "learner", most=NAME_CHARACTERS_MAX),
        target=_text(top["target"], "target", most=NAME_CHARACTERS_MAX),
        positive=_text(top["positive"], "positive", most=MEMBER_CHARACTERS_MAX),
        low=low,
        high=high,
        decimals=_whole(top["decimals"], "decimals", low=0, high=DECIMALS_MAX),
        features=features,
        intercept=_whole(top["intercept"], "intercept", low=-TABLE_ABS_MAX, high=TABLE_ABS_MAX),
        parts=tuple(parts),
    )


def _feature(found: object, path: str) -> Feature:
    kind = _member(found, "kind")
    known = _FEATURE.get(kind) if isinstance(kind, str) else None
    table = _object(found, path, names=known or ("name", "kind"))
    kind = _one_of(table["kind"], f"{path}.kind", known=tuple(_FEATURE))
    name = _text(table["name"], f"{path}.name", most=NAME_CHARACTERS_MAX)
    if kind in ("number", "date"):
        edges = _wholes(table["edges"], f"{path}.edges", most=EDGES_MAX, low=-EDGE_ABS_MAX, high=EDGE_ABS_MAX)
        _increasing(edges, f"{path}.edges")
        decimals = _whole(table["decimals"], f"{path}.decimals", low=0, high=DECIMALS_MAX) if kind == "number" else 0
        return Feature(name=name, kind=FeatureKind.NUMBER, decimals=decimals, edges=edges, dates=kind == "date")
    if kind == "boolean":
        return Feature(name=name, kind=FeatureKind.BOOLEAN)
    listed = _list(table["members"], f"{path}.members", most=MEMBERS_MAX)
    members = tuple(_text(each, f"{path}.members[{place}]", most=MEMBER_CHARACTERS_MAX) for place, each in enumerate(listed))
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
        return _tree(_object(found, path, names=("splits", "leaves")), path, features=features)
    table = _object(found, path, names=("features", "values"))
    of = _wholes(table["features"], f"{path}.features", most=2, low=0, high=len(features) - 1)
    if not of:
        raise wrong(f"{path}.features", wanted="word.items_at_least", number=1)
    values = _table(table["values"], f"{path}.values", size=prod(features[feature].cells for feature in of))
    return Effect(features=of, values=values), len(values)


def _tree(table: Mapping[str, object], path: str, *, features: Sequence[Feature]) -> tuple[Tree, int]:
    splits: list[tuple[int, tuple[int, ...]]] = []
    for level, each in enumerate(_list(table["splits"], f"{path}.splits", most=DEPTH_MAX)):
        at = f"{path}.splits[{level}]"
        pair = _list(each, at, most=2)
        if len(pair) < 2:
            raise wrong(at, wanted="word.items_at_least", number=2)
        feature = _whole(pair[0], f"{at}[0]", low=0, high=len(features) - 1)
        last = features[feature].cells - 1
        cells = _wholes(pair[1], f"{at}[1]", most=last + 1, low=0, high=last)
        _increasing(cells, f"{at}[1]")
        splits.append((feature, cells))
    leaves = _table(table["leaves"], f"{path}.leaves", size=2 ** len(splits))
    return Tree(splits=tuple(splits), leaves=leaves), len(leaves) + sum(features[feature].cells for feature, _ in splits)


def _table(found: object, path: str, *, size: int) -> tuple[int, ...]:
    values = _wholes(found, path, most=NUMBERS_MAX, low=-TABLE_ABS_MAX, high=TABLE_ABS_MAX)
    if len(values) != size:
        raise wrong(path, wanted="word.model.values", size=size)
    return values


def _member(found: object, name: str) -> object:
    return cast("dict[str, object]", found).get(name) if isinstance(found, dict) else None


def _object(found: object, path: str, *, names: Sequence[str]) -> Mapping[str, object]:
    """Those fields, all of them and no other."""
    if not isinstance(found, dict):
        raise wrong(path, wanted="word.object")
    table = cast("dict[str, object]", found)
    if set(table) != set(names):
        raise wrong(path, wanted="word.model.fields", known=", ".join(names))
    return table


def _list(found: object, path: str, *, most: int) -> Sequence[object]:
    if not isinstance(found, list):
        raise wrong(path, wanted="word.list")
    listed = cast("list[object]", found)
    if len(listed) > most:
        raise wrong(path, wanted="word.items_at_most", number=most)
    return listed


def _wholes(found: object, path: str, *, most: int, low: int, high: int) -> tuple[int, ...]:
    listed = _list(found, path, most=most)
    for place, each in enumerate(listed):
        if type(each) is not int or not low <= each <= high:
            raise wrong(f"{path}[{place}]", wanted="word.whole", low=low, high=high)
    return tuple(cast("Sequence[int]", listed))


def _increasing(values: Sequence[int], path: str) -> None:
    for place in range(1, len(values)):
        if values[place] <= values[place - 1]:
            raise wrong(f"{path}[{place}]", wanted="word.more_than", number=values[place - 1])


def _whole(found: object, path: str, *, low: int, high: int) -> int:
    if type(found) is not int or not low <= found <= high:
        raise wrong(path, wanted="word.whole", low=low, high=high)
    return found


def _text(found: object, path: str, *, most: int) -> str:
    if not isinstance(found, str) or len(found) > most:
        raise wrong(path, wanted="word.characters_at_most", number=most)
    if any("\ud800" <= letter <= "\udfff" for letter in found):
        raise wrong(path, wanted="word.text")
    return found


def _one_of(found: object, path: str, *, known: Sequence[str]) -> str:
    if not isinstance(found, str) or found not in known:
        raise wrong(path, wanted="word.one_of", known=", ".join(known))
    return found


def wrong(path: str, *, wanted: str, **parameters: str | int) -> Refusal:
    """A file that is none, at that place in it."""
    return Refusal("model.file_wrong", where=None, path=path or ".", wanted=wanted, **parameters)


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """A name that stands twice would be read in two ways by two readers."""
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError
    return dict(pairs)


def _no_number(text: str) -> object:
    raise ValueError(text)
