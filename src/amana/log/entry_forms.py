"""Forms of the members of an entry: each is at once a regular expression over canonical JSON and a JSON Schema.

Every form is closed: what it accepts has exactly one way to be written (RFC 8785), so that one match of one expression reads an
entry, checks each member, and proves that the bytes are canonical.
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import TypeAlias, assert_never, cast, final

Schema: TypeAlias = Mapping[str, object]
"""A JSON Schema, draft 2020-12."""
Sealed: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs (field, commitment), by field."""

ITEMS_MAX = 100
_ESCAPED = r'(?:[^"\\\x00-\x1f]|\\["\\bfnrt]|\\u00(?:0[0-7bef]|1[0-9a-f]))'
"""One character of a canonical JSON string (RFC 8785, section 3.2.2.2)."""
_DAY = (
    r"[1-9][0-9]{3}-(?:(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)|02-(?:0[1-9]|1[0-9]|2[0-8]))"
    r"|[1-9][0-9](?:0[48]|[2468][048]|[13579][26])-02-29|(?:[2468][048]|[13579][26])00-02-29"
)
_HASH = "[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]="
"""32 bytes in base64, in the one way."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A text of few characters, none of which JSON escapes. `pattern`: of the whole text, in the words that ECMA-262 shares with Python."""

    pattern: str
    about: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A text that people wrote, of at most `length_max` characters. `lines`: it may hold control characters, as SQL does, and be empty."""

    length_max: int
    about: str
    lines: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Hour:
    """An hour in UTC."""

    about: str = "an hour, UTC"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """A day of the Gregorian calendar."""

    about: str = "a day"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Amount:
    """A whole number below 10**19 in decimal digits, as a text: other programs lose digits of large JSON numbers."""

    about: str = "a whole number, as a text"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """A JSON number: a whole one with at most `digits_max` digits."""

    digits_max: int
    about: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Several:
    """A list of texts."""

    of: Text
    about: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seals:
    """An object of commitments, by the names of what they commit to, in order."""

    names: tuple[str, ...]
    about: str = "commitments to what is not told here"


Form: TypeAlias = Text | Written | Hour | Day | Amount | Count | Several | Seals
HASH = Text(pattern=_HASH, about="32 bytes in base64")


def pattern_of(form: Form) -> str:
    """The expression that matches how canonical JSON writes the member; its one group is what `value_of` reads."""
    match form:
        case Text():
            return f'"({form.pattern})"'
        case Written(lines=True):
            return f'"({_ESCAPED}{{0,{form.length_max}}})"'
        case Written():
            return rf'"([^"\\\x00-\x1f]{{1,{form.length_max}}}|(?:[^"\\\x00-\x1f]|\\["\\]){{1,{form.length_max}}})"'
        case Hour():
            return f'"((?:{_DAY})T(?:[01][0-9]|2[0-3])Z)"'
        case Day():
            return f'"({_DAY})"'
        case Amount():
            return f'"({_whole(19)})"'
        case Count():
            return f"({_whole(form.digits_max)})"
        case Several():
            item = f'"(?:{form.of.pattern})"'
            return rf"\[((?:{item}(?:,{item}){{0,{ITEMS_MAX - 1}}})?)\]"
        case Seals():
            return r"\{(" + ",".join(f'"{name}":"{_HASH}"' for name in form.names) + r")\}"
        case _:
            assert_never(form)


def value_of(form: Form, written: str) -> object:
    """The value of a member from the group of its expression."""
    match form:
        case Text():
            return written
        case Written():
            return cast("str", json.loads(f'"{written}"')) if "\\" in written else written
        case Hour():
            return datetime(int(written[:4]), int(written[5:7]), int(written[8:10]), int(written[11:13]), tzinfo=UTC)
        case Day():
            return date.fromisoformat(written)
        case Amount() | Count():
            return int(written)
        case Several():
            return tuple(written[1:-1].split('","')) if written else ()
        case Seals():
            return tuple((part.split('"')[1], part.split('"')[3]) for part in written.split(","))
        case _:
            assert_never(form)


def plain_of(form: Form, value: object) -> object:
    """What JSON holds of a value."""
    match form:
        case Hour():
            assert isinstance(value, datetime)
            return f"{value.astimezone(UTC):%Y-%m-%dT%H}Z"
        case Day():
            assert isinstance(value, date)
            return value.isoformat()
        case Amount():
            return str(value)
        case Several():
            return list(cast("tuple[str, ...]", value))
        case Seals():
            return dict(cast("Sealed", value))
        case Text() | Written() | Count():
            return value
        case _:
            assert_never(form)


def schema_of(form: Form) -> Schema:
    """The same form for a validator of JSON Schema."""
    match form:
        case Text():
            return _string(form.pattern, about=form.about)
        case Written(lines=True):
            return {"type": "string", "maxLength": form.length_max, "description": form.about}
        case Written():
            return _string(f"[^\\u0000-\\u001f]{{1,{form.length_max}}}", about=form.about)
        case Hour():
            return _string(f"(?:{_DAY})T(?:[01][0-9]|2[0-3])Z", about=form.about)
        case Day():
            return _string(_DAY, about=form.about)
        case Amount():
            return _string(_whole(19), about=form.about)
        case Count():
            return {"type": "integer", "minimum": 0, "maximum": 10**form.digits_max - 1, "description": form.about}
        case Several():
            return {"type": "array", "items": schema_of(form.of), "maxItems": ITEMS_MAX, "description": form.about}
        case Seals():
            return {
                "type": "object",
                "properties": {name: schema_of(HASH) for name in form.names},
                "required": list(form.names),
                "additionalProperties": False,
                "description": form.about,
            }
        case _:
            assert_never(form)


def one_of(words: tuple[str, ...], *, about: str) -> Text:
    """One of those words."""
    return Text(pattern="|".join(map(re.escape, words)), about=about)


def _whole(digits_max: int) -> str:
    return f"0|[1-9][0-9]{{0,{digits_max - 1}}}"


def _string(pattern: str, *, about: str) -> Schema:
    # What stands after `$`: some engines let a line end follow it.
    return MappingProxyType({"type": "string", "pattern": f"^(?:{pattern})$(?!\\n)", "description": about})
