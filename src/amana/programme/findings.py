"""What looks damaged in a source text: told to a person, never changed.

Two kinds are found by looking at letters alone: letters of another script inside a word, and letters of another alphabet of the same
script. `spelling.py` finds likely misspellings. Source for the look-alikes: Unicode Technical Standard 39 (confusables), by hand.
"""

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from functools import cache
from typing import Literal, TypeAlias, final

from amana.programme.spans import Span

FINDINGS_MAX = 1_000
"""Of words with strange letters, and of misspelt ones: the first so many are told of."""

FindingKind: TypeAlias = Literal["foreign_letters", "letter_variant", "misspelling"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A letter that does not belong, and its name in Unicode."""

    letter: str
    name: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A word as it stands, everywhere it so stands, and what may be meant. `letters`: those that do not belong, each once."""

    kind: FindingKind
    word: str
    spans: tuple[Span, ...]
    suggestion: str
    letters: tuple[Letter, ...] = ()


_WORD = re.compile(r"(?:[^\W\d_]|[\u0300-\u036f\u0610-\u061a\u064b-\u065f\u0670\u0640\u200c\u200d])+")
_SCRIPTS = frozenset({"ARABIC", "LATIN", "CYRILLIC", "GREEK", "HEBREW", "ARMENIAN", "TIFINAGH", "COPTIC", "CHEROKEE", "GEORGIAN", "THAI"})
_KASHIDA = "\u0640"
_VARIANTS = {"ی": "ي", "ې": "ي", "ک": "ك", "ڪ": "ك", "ہ": "ه", "ھ": "ه", "ە": "ه", "ۃ": "ة", "ٱ": "ا"}
"""Letters of Persian, Urdu, Kurdish and Pashto, and of the Koran, that keyboards and phones give for those of Arabic."""
_AS_LATIN = {
    **dict(zip("аеорсухіїјѕһԁԛԝАВЕКМНОРСТУХІЈЅ", "aeopcyxiïjshdqwABEKMHOPCTYXIJS", strict=True)),
    **dict(zip("αονρυικΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aovpuikABEZHIKMNOPTYX", strict=True)),
}
_AS_ARABIC = {
    **dict(zip("абвгджзийклмнопрстуфхчшыэя", "ابفغدجزييكلمنوبرستوفخششياي", strict=True)),
    **dict(zip("abcdefghijklmnopqrstuvwxyz", "ابكديفغهيجكلمنوبقرستوفوسيز", strict=True)),
}
"""By sound: whoever writes a name with the wrong keyboard means its sound."""
_PREFIX_MAX = 3


def foreign_letters(text: str) -> tuple[Finding, ...]:
    """The words with letters of two scripts, or of another alphabet of their own, in the order of the text."""
    most = Counter(script for letter in text if (script := _script(letter)) is not None)
    main = most.most_common(1)[0][0] if most else "LATIN"
    found: dict[tuple[FindingKind, str], list[Span]] = {}
    told: dict[tuple[FindingKind, str], tuple[str, tuple[str, ...]]] = {}
    for word, span in words_of(text):
        looked = _look(word, main)
        if looked is not None:
            kind, suggestion, letters = looked
            found.setdefault((kind, word), []).append(span)
            told[kind, word] = suggestion, letters
    made = [
        Finding(kind=kind, word=word, spans=tuple(spans), suggestion=told[kind, word][0], letters=tuple(map(_named, told[kind, word][1])))
        for (kind, word), spans in found.items()
    ]
    return tuple(made[:FINDINGS_MAX])


def words_of(text: str) -> list[tuple[str, Span]]:
    """The words, with their places. One that a prefix of Arabic and a name in other letters make together counts as two."""
    made: list[tuple[str, Span]] = []
    for found in _WORD.finditer(text):
        start = found.start()
        for cut in [*_joints(found[0]), len(found[0])]:
            piece = Span(start, found.start() + cut)
            if piece.start < piece.end:
                made.append((text[piece.start : piece.end], piece))
            start = piece.end
    return made


def _joints(word: str) -> list[int]:
    """Where a word goes on in another script as it may: behind a kashida, or in capitals behind a short prefix."""
    made: list[int] = []
    for place in range(1, len(word)):
        before, here = _script(word[place - 1]), _script(word[place])
        if before is None and word[place - 1] == _KASHIDA:
            before = "ARABIC"
        if here is not None and before is not None and here != before:
            capitals = word[place:].isupper() and len(word) - place > 1 and place <= _PREFIX_MAX
            if word[place - 1] == _KASHIDA or capitals:
                made.append(place)
    return made


def _look(word: str, main: str) -> tuple[FindingKind, str, tuple[str, ...]] | None:
    """(kind, what may be meant, the letters that do not belong) of a word that looks damaged."""
    counts = Counter(script for letter in word if (script := _script(letter)) is not None)
    if len(counts) > 1:
        most = max(counts, key=lambda script: (counts[script], script == main))
        foreign = tuple(dict.fromkeys(letter for letter in word if _script(letter) not in {most, None}))
        return "foreign_letters", _respelled(word, most, foreign), foreign
    own = next(iter(counts), None)
    if own == "ARABIC":
        variants = tuple(dict.fromkeys(letter for letter in word if letter in _VARIANTS))
        if variants:
            return "letter_variant", "".join(_VARIANTS.get(letter, letter) for letter in word), variants
    # A whole word of look-alikes in a Latin text: no reader sees it, no search finds it.
    # A Greek letter alone is a sign of mathematics.
    lone = own == "GREEK" and len(word) == 1
    if main == "LATIN" and own in {"CYRILLIC", "GREEK"} and not lone and all(letter in _AS_LATIN for letter in word):
        return "foreign_letters", "".join(_AS_LATIN[letter] for letter in word), tuple(dict.fromkeys(word))
    return None


def _respelled(word: str, script: str, foreign: tuple[str, ...]) -> str:
    """The word with each foreign letter as its script would write it; one that no table knows is left out."""
    table = {"LATIN": _AS_LATIN, "ARABIC": _AS_ARABIC, "CYRILLIC": {latin: each for each, latin in _AS_LATIN.items()}}.get(script, {})
    return "".join(table.get(letter, table.get(letter.lower(), "")) if letter in foreign else letter for letter in word)


@cache
def _script(letter: str) -> str | None:
    """The script of a letter; None for what is of no script: signs, the kashida, ordinals."""
    if letter == _KASHIDA or not letter.isalpha():
        return None
    first = unicodedata.name(letter, "").partition(" ")[0]
    return first if first in _SCRIPTS else None


def _named(letter: str) -> Letter:
    return Letter(letter=letter, name=unicodedata.name(letter))
