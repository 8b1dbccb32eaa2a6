"""Every sentence a person reads comes from here: locale files, the reader's language, plural forms.

The files are gettext catalogues (`locales/<language>.po`), read as they are: nothing is compiled, so what a translator saves
is what a reader sees. Source: GNU gettext manual, "The Format of PO Files".
"""

import ast
import gettext
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import final

LANGUAGES = ("en", "ar", "fr", "zgh")
_SAME_LANGUAGE = {"ber": "zgh", "tzm": "zgh", "shi": "zgh"}
_FOLDER = Path(__file__).parent.parent / "locales"
_COMMA = {"ar": "، "}
WORD = "word."
"""How the code of a word begins: a parameter with such a value, or with several and commas between them, is shown as words."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One entry of a catalogue. Shapes: `forms` has one text, or one for each plural form of the language."""

    id: str
    forms: tuple[str, ...]
    comments: tuple[str, ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Catalogue:
    """The messages of one language, with English where one is missing."""

    language: str
    messages: Mapping[str, Message]
    plural: Callable[[int], int]
    english: "Catalogue | None" = None

    def say(self, code: str, /, **parameters: object) -> str:
        """The message under that code, with its placeholders filled. Errors: KeyError for a code that no file has.

        A parameter that is the code of a word is shown as that word, which the other parameters fill:

        >>> load("en").say("settings.bad_value", key="a", origin="word.origin.environment", value="x", wanted="word.whole", low=1, high=9)
        'The setting a in the environment has the value x. Write a whole number from 1 to 9.'
        """
        return _fill(self._find(code)[1].forms[0], self._worded(parameters))

    def count(self, code: str, number: int, /, **parameters: object) -> str:
        """The message under that code in the plural form of `number`, which fills `{number}`."""
        return self._counted(code, number, self._worded(parameters))

    def word(self, name: str, value: str, /) -> str:
        """The word for a value of that name, such as a state; one that a newer node knows, as it says it."""
        code = f"{WORD}{name}.{value}"
        return self.say(code) if code in self._english else value

    def template(self, code: str, /) -> str:
        """The message under that code with its placeholders shown as they are."""
        return self._find(code)[1].forms[0]

    def has(self, code: str) -> bool:
        """Whether this language itself has the message."""
        return code in self.messages

    @property
    def _english(self) -> Mapping[str, Message]:
        return self.messages if self.english is None else self.english.messages

    def _worded(self, parameters: Mapping[str, object]) -> dict[str, object]:
        """The parameters with each word's code replaced by the word, in the plural form of `number` where the word counts."""
        return {name: self._in_words(value, parameters) for name, value in parameters.items()}

    def _in_words(self, value: object, parameters: Mapping[str, object]) -> object:
        """A word; several, told apart by commas; or what is no word as it is."""
        if isinstance(value, str) and value.startswith(WORD) and ", " in value:
            return _COMMA.get(self.language, ", ").join(str(self._in_words(each, parameters)) for each in value.split(", "))
        if not isinstance(value, str) or not value.startswith(WORD) or value not in self._english:
            return value
        number = parameters.get("number")
        if len(self._find(value)[1].forms) > 1 and isinstance(number, int):
            return self._counted(value, number, parameters)
        return _fill(self._find(value)[1].forms[0], parameters)

    def _counted(self, code: str, number: int, parameters: Mapping[str, object]) -> str:
        catalogue, message = self._find(code)
        return _fill(message.forms[catalogue.plural(number)], {"number": number, **parameters})

    def _find(self, code: str) -> "tuple[Catalogue, Message]":
        if code in self.messages or self.english is None:
            return self, self.messages[code]
        return self.english, self.english.messages[code]


def choose_language(asked: str | None, environment: Mapping[str, str]) -> str:
    """The language asked for, else the environment's (AMANA_LANG, then the usual locale variables), else English."""
    wishes = [asked or "", *(environment.get(name, "") for name in ("AMANA_LANG", "LC_ALL", "LC_MESSAGES", "LANG"))]
    for wish in wishes:
        primary = wish.replace("-", "_").split("_")[0].split(".")[0].lower()
        language = _SAME_LANGUAGE.get(primary, primary)
        if language in LANGUAGES:
            return language
    return "en"


@cache
def load(language: str) -> Catalogue:
    """The catalogue of that language."""
    messages = read_po((_FOLDER / f"{language}.po").read_text(encoding="utf-8"))
    header = messages.pop("", Message(id="", forms=("",))).forms[0]
    rule = next((line.split("plural=")[1].rstrip(";") for line in header.splitlines() if line.startswith("Plural-Forms:")), "0")
    english = None if language == "en" else load("en")
    return Catalogue(language=language, messages=messages, plural=gettext.c2py(rule), english=english)


def read_po(text: str) -> dict[str, Message]:
    """The messages of a PO file by msgid. Errors: ValueError names the line that is none of the format's."""
    entries: list[tuple[list[str], dict[str, str]]] = []
    comments: list[str] = []
    field = ""
    for number, line in enumerate(text.splitlines(), start=1):
        stripped = line.strip()
        if stripped.startswith("#"):
            comments.append(stripped.lstrip("#. "))
        elif stripped.startswith('"'):
            entries[-1][1][field] += _unquote(stripped, number)
        elif stripped:
            field, _, value = stripped.partition(" ")
            if field == "msgid":
                entries.append((comments, {}))
                comments = []
            if not entries or not field.startswith("msg") or field in entries[-1][1]:
                raise ValueError(f"line {number} of the catalogue: {stripped}")
            entries[-1][1][field] = _unquote(value, number)
    return {entry["msgid"]: _message(notes, entry) for notes, entry in entries}


def _fill(text: str, parameters: Mapping[str, object]) -> str:
    """Not `str.format`: messages show code with braces, and a parameter that is missing must not hide the message."""
    return re.sub(r"\{(\w+)\}", lambda found: str(parameters.get(found[1], found[0])), text)


def _message(notes: list[str], entry: Mapping[str, str]) -> Message:
    forms = tuple(value for name, value in entry.items() if name.startswith("msgstr"))
    return Message(id=entry["msgid"], forms=forms, comments=tuple(notes))


def _unquote(value: str, number: int) -> str:
    if len(value) > 1 and value[0] == value[-1] == '"' and '"' not in value[1:-1] and "\\" not in value:
        return value[1:-1]  # nearly all of them; every command reads them all
    try:
        read: object = ast.literal_eval(value)
    except (SyntaxError, ValueError) as error:
        raise ValueError(f"line {number} of the catalogue: {value}") from error
    return str(read)
