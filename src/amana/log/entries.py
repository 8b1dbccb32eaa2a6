"""Entries of the log: their one canonical form, and its reading (RFC 8785; docs/reference/log.md).

An entry is a JSON object of a closed schema (`entry_kinds.py`), padded to a size class, so that its length tells next to nothing.
The schema of a kind is one regular expression over canonical JSON: what it matches is an entry, and nothing else is.
"""

import json
import re
from collections.abc import Callable, Sequence
from types import MappingProxyType
from typing import TypeAlias, cast, final

from amana.log.entry_forms import Schema, pattern_of, plain_of, schema_of, value_of
from amana.log.entry_kinds import KINDS, Entry, Kind

SCHEMA_VERSION = 1
ENTRY_BYTES_MAX = 2**16 - 1
"""A tile holds the length of an entry in two bytes."""
SIZES_BYTES = (*(2**power for power in range(9, 16)), 65_024)
"""An entry is padded to the smallest of these that holds it."""


@final
class EntryError(Exception):
    """Bytes that are no entry. `reason`: a word of REASONS; `member`: which member is wrong, if one is."""

    def __init__(self, reason: str, *, member: str = "") -> None:
        assert reason in REASONS, reason
        super().__init__(reason, member)
        self.reason, self.member = reason, member


@final
class BundleError(Exception):
    """An entry among others that is none. `place`: where it stands among them, from 0."""

    def __init__(self, place: int, *, error: EntryError) -> None:
        super().__init__(place, error.reason, error.member)
        self.place, self.reason, self.member = place, error.reason, error.member


REASONS = frozenset(
    {"size", "not_text", "not_json", "version", "kind", "member_missing", "member_unknown", "member_wrong", "not_canonical"}
)
"""Why bytes are no entry: their length is no class, they are not UTF-8, no JSON object, of another version of these schemas, of no
kind, lack a member, have one too many, one has no value of its form, or all is right but written in another way."""


Line: TypeAlias = tuple[str, tuple[str, ...]]
"""An entry as it is read among many: its kind, and its members as they are written, at `places`."""

_MARK, _MARK_PAD = b'"kind":"', b'"pad":"'
"""Neither can stand inside a text, where the quotation mark is escaped."""


def _expression(kind: Kind) -> str:
    written = {name: pattern_of(form) for name, form in kind.forms}
    written |= {"amana": str(SCHEMA_VERSION), "kind": f'"{kind.name}"', "pad": '"0*"'}
    return r"\{" + ",".join(f'"{name}":{written[name]}' for name in sorted(written)) + r"\}"


_MATCH: MappingProxyType[str, Callable[[str], re.Match[str] | None]] = MappingProxyType(
    {name: re.compile(_expression(kind)).fullmatch for name, kind in KINDS.items()}
)
_KIND_OF = MappingProxyType({kind.make: name for name, kind in KINDS.items()})


def write_entry(entry: Entry) -> bytes:
    """The bytes of an entry, padded. Errors: EntryError `size` when it is longer than a tile can hold."""
    kind = KINDS[_KIND_OF[type(entry)]]
    members: dict[str, object] = {name: plain_of(form, getattr(entry, name)) for name, form in kind.forms}
    members |= {"amana": SCHEMA_VERSION, "kind": kind.name, "pad": ""}
    text = _canonical(members)
    try:
        length = len(text.encode())
    except UnicodeEncodeError:  # half of a surrogate pair
        raise EntryError("not_text") from None
    size = next((each for each in SIZES_BYTES if length <= each), None)
    if size is None:
        raise EntryError("size")
    padded = text.replace('"pad":"', '"pad":"' + "0" * (size - length), 1)
    assert _MATCH[kind.name](padded) is not None, f"no {kind.name} entry"
    return padded.encode()


def read_entry(content: bytes) -> Entry:
    """The entry that those bytes are. Errors: EntryError."""
    kind, written = _read(content)
    return entry_of((kind, written))


def entry_of(line: Line) -> Entry:
    """The value of an entry read among many."""
    kind = KINDS[line[0]]
    return kind.make(**{name: value_of(form, each) for (name, form), each in zip(kind.forms, line[1], strict=True)})


def read_bundle(entries: Sequence[bytes]) -> list[Line]:
    """Many entries at once, as fast as they can be checked. Errors: BundleError, for the first that is none."""
    read = list[Line]()
    try:
        for content in entries:
            read.append(_read(content))
    except EntryError as error:
        raise BundleError(len(read), error=error) from None
    return read


def places(kind: str, *members: str) -> tuple[int, ...]:
    """Where the members of that kind stand in a `Line`: for `operator.itemgetter`."""
    names = [name for name, _ in KINDS[kind].forms]
    return tuple(names.index(member) for member in members)


def json_schema(kind: str) -> Schema:
    """The JSON Schema (draft 2020-12) of a kind. It cannot say that the bytes are canonical, nor their size."""
    found = KINDS[kind]
    own: dict[str, Schema] = {name: schema_of(form) for name, form in found.forms}
    common: dict[str, Schema] = {
        "amana": {"const": SCHEMA_VERSION, "description": "the version of these schemas"},
        "kind": {"const": kind, "description": "what this entry tells"},
        "pad": {
            "type": "string",
            "pattern": "^0*$(?!\\n)",
            "maxLength": SIZES_BYTES[-1],
            "description": "fills the entry up to its size class",
        },
    }
    members = dict(sorted((own | common).items()))
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:amana:log:{SCHEMA_VERSION}:{kind}",
        "title": f"Entry of kind {kind}",
        "description": found.about,
        "type": "object",
        "properties": members,
        "required": list(members),
        "additionalProperties": False,
    }


def _read(content: bytes) -> Line:
    at = content.find(_MARK) + len(_MARK)
    end = content.find(b'"', at)
    try:
        text, kind = content.decode(), content[at:end].decode()
        found = _MATCH[kind](text)
    except (UnicodeDecodeError, KeyError):
        found = None
        kind = ""
    if found is None or not _fits(content):
        raise _wrong(content)
    return kind, found.groups()


_TOO_MUCH = MappingProxyType(
    {size: _MARK_PAD + b"0" * (size - before) for size, before in zip(SIZES_BYTES, (0, *SIZES_BYTES[:-1]), strict=True)}
)
"""Padding with which an entry of that size would have found place in the class before."""


def _fits(content: bytes) -> bool:
    return len(content) in _TOO_MUCH and not content.startswith(_TOO_MUCH[len(content)], content.find(_MARK_PAD))


def _wrong(content: bytes) -> EntryError:
    """Why those bytes are no entry."""
    if not _fits(content):
        return EntryError("size")
    try:
        read: object = json.loads(content.decode(), object_pairs_hook=_members)
    except UnicodeDecodeError:
        return EntryError("not_text")
    except (ValueError, RecursionError):
        return EntryError("not_json")
    if not isinstance(read, dict):
        return EntryError("not_json")
    members = cast("dict[str, object]", read)
    if members.get("amana") != SCHEMA_VERSION:
        return EntryError("version", member="amana")
    kind = KINDS.get(cast("str", members.get("kind"))) if isinstance(members.get("kind"), str) else None
    if kind is None:
        return EntryError("kind", member="kind")
    forms = dict(kind.forms)
    names = {*forms, "amana", "kind", "pad"}
    for name in sorted(names - members.keys()):
        return EntryError("member_missing", member=name)
    for name in sorted(members.keys() - names):
        return EntryError("member_unknown", member=name)
    for name in sorted(names):
        pattern = pattern_of(forms[name]) if name in forms else {"pad": '"0*"', "amana": str(SCHEMA_VERSION)}.get(name, ".*")
        if re.fullmatch(pattern, _canonical(members[name])) is None:
            return EntryError("member_wrong", member=name)
    return EntryError("not_canonical")


def _members(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Errors: ValueError for a name that stands twice."""
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError
    return found


def _canonical(value: object) -> str:
    """Canonical JSON of what entries hold: texts, whole numbers, lists, and objects with names in ASCII."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
