"""Reading one TOML table field by field: each wrong field becomes a problem with its path, and reading goes on."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import cast, final

from amana.terms.refusal import Place, Refusal

FIELDS_MAX = 100_000
DEEP = 32
"""So many parts no key of a file of ours has; tomllib takes the square of their number in steps."""
_HEADER, _KEY, _NAME = (re.compile(each) for each in (r"\s*\[+\s*([^\]]+?)\s*\]+", r"\s*([^=\s#]+)\s*=", r'\s*name\s*=\s*"([^"]*)"'))
_DEEP = re.compile(rf"""(?<![\w.-])(?:(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*\.[ \t]*){{{DEEP}}}""")


@final
class Problems:
    """The wrong fields found so far, in the order in which they were found."""

    def __init__(self, text: str, *, family: str = "rules") -> None:
        self._lines = text.splitlines()
        self._places: Mapping[tuple[str, ...], Place] | None = None
        self.family = family
        """How the codes of what is wrong begin."""
        self.found: list[Refusal] = []

    def add(self, code: str, path: str, **parameters: str | int) -> None:
        """Note that the field at `path` (such as `table.visits.columns.cost.low`) is wrong."""
        self.found.append(Refusal(code, where=self._locate(path), path=path, **parameters))

    def _locate(self, path: str) -> Place | None:
        """The line that writes the field, or else the nearest part around it. A hint for people: tomllib keeps no places."""
        if self._places is None:
            self._places = _places(self._lines)
        steps = tuple(path.split("."))
        while steps:
            place = self._places.get(steps)
            if place is not None:
                return place
            steps = steps[:-1]
        return None


def _places(lines: Sequence[str]) -> Mapping[tuple[str, ...], Place]:
    """Where each table and field is written first. One pass: a file can have as many faults as it has lines."""
    found: dict[tuple[str, ...], Place] = {}
    header: tuple[str, ...] = ()
    table = ""
    named = _names_below(lines)
    for number, line in enumerate(lines, start=1):
        opened = _HEADER.match(line)
        if opened:
            header = tuple(part.strip().strip('"') for part in opened[1].split("."))
            table = named[number] if header == ("table",) else table
            found.setdefault(_written(header, table), Place(line=number, column=1, length=max(1, len(line))))
            continue
        key = _KEY.match(line)
        if key and header:
            place = Place(line=number, column=1 + len(line) - len(line.lstrip()), length=max(1, len(line.strip())))
            found.setdefault((*_written(header, table), *key[1].replace('"', "").split(".")), place)
    return found


def _written(header: tuple[str, ...], table: str) -> tuple[str, ...]:
    return (header[0], table, *header[1:]) if header[0] == "table" else header


def _names_below(lines: Sequence[str]) -> Sequence[str]:
    """Of each line, the first name that is written below it."""
    found, name = [""] * (len(lines) + 1), ""
    for number in range(len(lines), 0, -1):
        found[number] = name
        written = _NAME.match(lines[number - 1])
        name = written[1] if written else name
    return found


@final
class Fields:
    """The fields of one TOML table. Every read marks its key as known; `close` refuses the keys that nothing read."""

    def __init__(self, values: Mapping[str, object], path: str, problems: Problems) -> None:
        self._values = values
        self._known: list[str] = []
        self.path = path
        self.problems = problems

    def at(self, key: str) -> str:
        """The path of that field."""
        return f"{self.path}.{key}" if self.path else key

    def has(self, key: str) -> bool:
        """Whether the field is written; does not mark it as known."""
        return key in self._values

    def raw(self, key: str) -> object | None:
        """The value as TOML gives it, or None."""
        if key not in self._known:
            self._known.append(key)
        return self._values.get(key)

    def allow(self, *keys: str) -> None:
        """Mark fields as known without reading them: what they must hold hangs on a field that is wrong itself."""
        for key in keys:
            self.raw(key)

    def missing(self, key: str, example: str) -> None:
        """Note that a required field is not written."""
        self.raw(key)
        self.problems.add(f"{self.problems.family}.missing_field", self.at(key), example=f"{key} = {example}")

    def bad(self, key: str, wanted: str, **parameters: str | int) -> None:
        """Note that the field's value is not of the wanted form: a word's code, and what fills it."""
        self.problems.add(f"{self.problems.family}.bad_value", self.at(key), value=_shown(self.raw(key)), wanted=wanted, **parameters)

    def text(self, key: str, *, example: str = "", required: bool = True, length_max: int = 500) -> str | None:
        """A text that is not blank."""
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, f'"{example}"')
            return None
        if not isinstance(value, str) or not value.strip() or len(value) > length_max or _has_control(value):
            self.bad(key, "word.rules.text", number=length_max, example=f'"{example or "…"}"')
            return None
        return value

    def name(self, key: str, *, example: str) -> str | None:
        """A name that SQL can write without quotes."""
        value = self.text(key, example=example)
        if value is not None and not is_name(value):
            self.bad(key, "word.rules.name", example=f'"{example}"')
            return None
        return value

    def word(self, key: str, allowed: Sequence[str], *, default: str | None = None) -> str | None:
        """One of a few words."""
        value = self.raw(key)
        if value is None:
            if default is None:
                self.missing(key, " | ".join(f'"{word}"' for word in allowed))
            return default
        if not isinstance(value, str) or value not in allowed:
            self.bad(key, "word.one_of", known=", ".join(f'"{word}"' for word in allowed))
            return None
        return value

    def truth(self, key: str, *, default: bool | None = None) -> bool | None:
        """true or false."""
        value = self.raw(key)
        if value is None:
            if default is None:
                self.missing(key, "true | false")
            return default
        if not isinstance(value, bool):
            self.bad(key, "word.rules.truth")
            return None
        return value

    def whole(self, key: str, *, low: int, high: int, required: bool = True) -> int | None:
        """A whole number between the two, both included."""
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, str(low))
            return None
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            self.bad(key, "word.whole", low=low, high=high)
            return None
        return value

    def decimal(self, key: str, *, example: str, required: bool = True) -> Decimal | None:
        """An exact number, written as a number or in quotes; never read through floating point."""
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, example)
            return None
        number = _decimal(value)
        if number is None:
            self.bad(key, "word.rules.number", example=example)
        return number

    def texts(self, key: str, *, required: bool = False, length_max: int = 200) -> tuple[str, ...]:
        """A list of texts, none twice."""
        value = self.raw(key)
        if value is None:
            if required:
                self.missing(key, '["…"]')
            return ()
        items = cast("list[object]", value) if isinstance(value, list) else [None]
        good = [item for item in items if isinstance(item, str) and len(item) <= length_max and not _has_control(item)]
        if len(good) != len(items) or len(set(good)) != len(good) or len(good) > FIELDS_MAX:
            self.bad(key, "word.rules.texts", number=length_max)
            return ()
        return tuple(good)

    def part(self, key: str, *, required: bool = True) -> "Fields | None":
        """The TOML table of that name inside this one."""
        value = self.raw(key)
        if value is None:
            if required:
                self.problems.add(f"{self.problems.family}.missing_field", self.at(key), example=f"[{self.at(key)}]")
            return None
        if not isinstance(value, dict):
            self.bad(key, "word.rules.part", part=f"[{self.at(key)}]")
            return None
        return Fields(cast("dict[str, object]", value), self.at(key), self.problems)

    def parts(self, key: str, *, most: int) -> "tuple[Fields, ...]":
        """The TOML tables of an array of that name, none if it is not written."""
        value = self.raw(key)
        items = cast("list[object]", value) if isinstance(value, list) else [] if value is None else [None]
        if len(items) > most or not all(isinstance(item, dict) for item in items):
            self.bad(key, "word.rules.parts", part=f"[[{self.at(key)}]]", number=most)
            return ()
        tables = cast("list[dict[str, object]]", items)
        return tuple(Fields(each, f"{self.at(key)}.{number}", self.problems) for number, each in enumerate(tables, start=1))

    def names(self) -> tuple[str, ...]:
        """All keys that are written."""
        return tuple(self._values)

    def close(self) -> None:
        """Refuse every field that was not asked for: a misspelt rule must never be an absent rule."""
        for key in self._values:
            if key not in self._known:
                self.problems.add(f"{self.problems.family}.unknown_field", self.at(key), allowed=", ".join(sorted(self._known)))


def place_in_toml(text: str, error: Exception) -> tuple[int, int]:
    """The line and column at which the text stops being TOML. The words of tomllib end in "(at line 3, column 7)"; the rest is
    ours to say."""
    found = str(error).rpartition("(at line ")[2].rstrip(")").split(", column ")
    return (int(found[0]), int(found[1])) if len(found) == 2 else (text.count("\n") + 1, 1)


def deep_in_toml(text: str) -> tuple[int, int] | None:
    """Line and column of a key of more than `DEEP` parts, if there is one."""
    found = _DEEP.search(text)
    return None if found is None else (text.count("\n", 0, found.start()) + 1, found.start() - text.rfind("\n", 0, found.start()))


def is_name(text: str) -> bool:
    """Whether SQL can write it without quotes."""
    return bool(re.fullmatch(r"[^\W\d]\w{0,59}", text))


def _has_control(text: str) -> bool:
    return any(ord(character) < 32 or ord(character) == 127 for character in text)


def _decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | Decimal | str):
        return None
    if isinstance(value, str) and not re.fullmatch(r"[+-]?\d{1,40}(\.\d{1,40})?([eE][+-]?\d{1,2})?", value):
        return None
    number = Decimal(value)
    return number if number.is_finite() else None


def _shown(value: object) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:57] + "…"
