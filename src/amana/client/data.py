"""Public data sets for trials and benchmarks: where each comes from, what its files must be, what is known to be odd about it."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import cast, final
from urllib.parse import unquote, urlsplit

from amana.terms.refusal import Refusal

_REGISTRY = Path(__file__).parent / "data.toml"
_SHA256 = re.compile(r"[0-9a-f]{64}")
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Copy:
    """Another form of a file, which is accepted too; `differs` says how, in English."""

    bytes_count: int
    sha256: str
    differs: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DataFile:
    """One file. `url`: where its origin gives it, empty when it comes from folders only; `inside`: its way through ZIP archives there.
    `mirror`: its name in a folder, where that is another."""

    name: str
    bytes_count: int
    sha256: str
    url: str
    inside: tuple[str, ...]
    mirror: str
    copies: tuple[Copy, ...]

    @property
    def bytes_max(self) -> int:
        """No accepted form of it is larger."""
        return max(self.bytes_count, *(copy.bytes_count for copy in self.copies)) if self.copies else self.bytes_count

    @property
    def names(self) -> tuple[str, ...]:
        """What it, or the archive around it, may be called in a folder, most likely first."""
        archive = PurePosixPath(unquote(urlsplit(self.url).path.replace("+", " "))).name if self.inside else ""
        found = (self.mirror, self.name, archive, archive.replace(" ", "+"))
        return tuple(dict.fromkeys(name for name in found if name))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DataSet:
    """A public data set. `unit`: whom one adds to the data, so who is to be protected; `folder`: where it lies in a folder of many."""

    name: str
    title: str
    page: str
    licence: str
    citation: str
    rows_count: int
    row: str
    unit: str
    folder: str
    quirks: tuple[str, ...]
    files: tuple[DataFile, ...]

    @property
    def bytes_count(self) -> int:
        """What its files take."""
        return sum(file.bytes_count for file in self.files)


def find(name: str) -> DataSet:
    """The data set of that name. Errors: Refusal data.unknown."""
    known = registry()
    if name not in known:
        raise Refusal("data.unknown", name=name[:80], names=", ".join(known))
    return known[name]


@cache
def registry() -> Mapping[str, DataSet]:
    """Every data set of the package."""
    return read_registry(_REGISTRY.read_text(encoding="utf-8"))


def read_registry(text: str) -> Mapping[str, DataSet]:
    """A registry of the form of `data.toml`. It is part of a program, not of what people bring: it asserts."""
    tables = cast("dict[str, dict[str, object]]", tomllib.loads(text))
    return MappingProxyType({name: _data_set(name, table) for name, table in tables.items()})


def _data_set(name: str, table: Mapping[str, object]) -> DataSet:
    assert _NAME.fullmatch(name), name
    files = tuple(_file(each) for each in _tables(table, "files"))
    assert files and len({file.name for file in files}) == len(files), name
    return DataSet(
        name=name,
        title=_text(table, "title"),
        page=_text(table, "page"),
        licence=_text(table, "licence"),
        citation=_text(table, "citation"),
        rows_count=_count(table, "rows"),
        row=_text(table, "row"),
        unit=_text(table, "unit"),
        folder=_path(_text(table, "folder")),
        quirks=_texts(table, "quirks"),
        files=files,
    )


def _file(table: Mapping[str, object]) -> DataFile:
    url = _text(table, "url") if "url" in table else ""
    return DataFile(
        name=_path(_text(table, "name")),
        bytes_count=_count(table, "bytes"),
        sha256=_digest(table),
        url=url,
        inside=_texts(table, "inside") if "inside" in table else (),
        mirror=_path(_text(table, "mirror")) if "mirror" in table else "",
        copies=tuple(
            Copy(bytes_count=_count(each, "bytes"), sha256=_digest(each), differs=_text(each, "differs"))
            for each in _tables(table, "copies")
        ),
    )


def _text(table: Mapping[str, object], key: str) -> str:
    value = table[key]
    assert isinstance(value, str) and value, key
    return value


def _count(table: Mapping[str, object], key: str) -> int:
    value = table[key]
    assert isinstance(value, int) and value > 0, key
    return value


def _texts(table: Mapping[str, object], key: str) -> tuple[str, ...]:
    values = table[key]
    assert isinstance(values, list), key
    return tuple(str(value) for value in cast("list[object]", values))


def _tables(table: Mapping[str, object], key: str) -> tuple[Mapping[str, object], ...]:
    return tuple(cast("list[Mapping[str, object]]", table.get(key, [])))


def _digest(table: Mapping[str, object]) -> str:
    value = _text(table, "sha256")
    assert _SHA256.fullmatch(value), value
    return value


def _path(text: str) -> str:
    """A way down from a folder, and nowhere else."""
    path = PurePosixPath(text)
    assert not path.is_absolute() and ".." not in path.parts and "\\" not in text and ":" not in text, text
    return text
