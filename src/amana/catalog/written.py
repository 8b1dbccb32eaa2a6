"""Values of the catalogue as JSON and back, exactly: what `node/store.py` keeps of a version.

`read(write(value)) == value` for every Dataset and Profile; the classes are a closed list, so nothing else can be read.
"""

import json
from collections.abc import Callable
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import cast

from amana.catalog.domains import (
    BooleanDomain,
    ChoiceDomain,
    DateDomain,
    DateStep,
    KeyDomain,
    MomentDomain,
    NumberDomain,
    TextDomain,
)
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.schema import Column, Dataset, Path, Period, Population, Processing, Schema, Table

CLASSES: dict[str, Callable[..., object]] = {
    each.__name__: each
    for each in (
        *(BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain),
        *(Column, Dataset, Path, Population, Processing, Schema, Table, Histogram, Profile, TableProfile),
    )
}


def write_dataset(dataset: Dataset) -> str:
    """JSON of a dataset."""
    return _write(dataset)


def read_dataset(text: str) -> Dataset:
    """The dataset again. Errors: ValueError, KeyError or TypeError if the text was not written here."""
    value = _read(json.loads(text))
    if not isinstance(value, Dataset):
        raise TypeError("not a dataset")
    return value


def write_profile(profile: Profile) -> str:
    """JSON of a profile."""
    return _write(profile)


def read_profile(text: str) -> Profile:
    """The profile again. Errors: as `read_dataset`."""
    value = _read(json.loads(text))
    if not isinstance(value, Profile):
        raise TypeError("not a profile")
    return value


def _write(value: object) -> str:
    return json.dumps(_plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | float() | str():
            return value
        case DateStep():
            return {"step": value.value}
        case Period():
            return {"period": value.value}
        case datetime():
            return {"moment": value.isoformat()}
        case date():
            return {"date": value.isoformat()}
        case tuple():
            return [_plain(item) for item in cast("tuple[object, ...]", value)]
        case _ if is_dataclass(value) and not isinstance(value, type | Enum) and type(value).__name__ in CLASSES:
            return {"is": type(value).__name__} | {each.name: _plain(getattr(value, each.name)) for each in fields(value)}
        case _:
            raise TypeError(f"not a value of the catalogue: {type(value).__name__}")


def _read(plain: object) -> object:
    if isinstance(plain, list):
        return tuple(_read(item) for item in cast("list[object]", plain))
    if not isinstance(plain, dict):
        return plain
    parts = cast("dict[str, object]", plain)
    if "is" in parts:
        return CLASSES[str(parts["is"])](**{name: _read(item) for name, item in parts.items() if name != "is"})
    [(kind, held)] = parts.items()
    match kind:
        case "step":
            return DateStep(held)
        case "period":
            return Period(held)
        case "moment":
            return datetime.fromisoformat(str(held))
        case "date":
            return date.fromisoformat(str(held))
        case _:
            raise ValueError(kind)
