"""One byte string for one value: the canonical form of frozen values, for keyed digests and for the log."""

import hashlib
import hmac
import json
from dataclasses import fields, is_dataclass
from datetime import date
from enum import Enum
from fractions import Fraction
from functools import lru_cache
from typing import cast

from amana.terms.ids import Digest


def canonical_bytes(value: object) -> bytes:
    """The canonical JSON of a frozen value: keys sorted, no white space, every dataclass under its name.

    Errors: TypeError for anything that is not a frozen value of the house.
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False).encode()


def keyed_digest(value: object, *, key: bytes) -> Digest:
    """HMAC-SHA256 of the canonical form, in hexadecimal (PRIVACY 10)."""
    return Digest(hmac.new(key, canonical_bytes(value), hashlib.sha256).hexdigest())


def _plain(value: object) -> object:
    match value:
        case None | bool() | int() | str():
            return value
        case float():
            return {"float": value.hex()}
        case Fraction():
            return {"ratio": [value.numerator, value.denominator]}
        case Enum():
            return {"enum": [type(value).__name__, value.name]}
        case date():
            return {"date": value.isoformat()}
        case tuple():
            return [_plain(part) for part in cast("tuple[object, ...]", value)]
        case _:
            kind: type = type(value)
            names = _names(kind)
            if names is None:
                raise TypeError(f"no canonical form for {type(value).__name__}")
            return {type(value).__name__: {name: _plain(getattr(value, name)) for name in names}}


@lru_cache(maxsize=256)
def _names(kind: type) -> tuple[str, ...] | None:
    """The fields of a frozen value's class; None for any other class."""
    return tuple(field.name for field in fields(kind)) if is_dataclass(kind) else None
