"""The closed lists of words that the reading of a source text goes by, one for each language.

Words are written as people write them; they are compared in normal spelling (`normal.py`), small, without accents.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import final

from amana.programme.language import Language
from amana.programme.normal import folded, normalise

COUNTED = (
    "plenaries", "round_tables", "workshops", "speakers", "participants", "people", "countries", "agreements", "startups",
    "recommendations", "companies", "universities", "students", "projects", "places",
)  # fmt: skip
"""What figures of such texts count."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Lexicon:
    """One language. Shapes: a mapping leads from a word, or from several with spaces, to a kind; `|` in a field's text parts the words."""

    language: Language
    agreements: Mapping[str, str]
    """What an item that is an agreement begins with."""
    with_parties: tuple[str, ...]
    purposes: tuple[str, ...]
    """What parts the names of the parties from what they agreed on."""
    conjunctions: tuple[str, ...]
    attached: str
    """A conjunction written in one with the word behind it, or empty."""
    recommending: tuple[str, ...]
    """Words for recommendations."""
    leading: tuple[str, ...]
    """Words that, near one for recommendations, announce that they follow."""
    asking: tuple[str, ...]
    """Words of whoever asks for something: with them a paragraph still recommends."""
    closing: tuple[str, ...]
    """How what follows the recommendations begins."""
    joined: tuple[str, ...]
    """Verbal nouns or verbs that begin a recommendation of their own behind a comma and a conjunction."""
    joining: tuple[str, ...]
    """What begins one behind a comma without any more."""
    numbers: Mapping[str, str]
    """Small numbers as words."""
    units: Mapping[str, str]
    """What is counted: from its first word, or its first two, to a word of `COUNTED`."""
    at_least: tuple[str, ...]
    months: tuple[str, ...]
    references: tuple[str, ...]
    """Behind these, a number is a name: an article, a law, a year."""
    of: tuple[str, ...]
    """What leads from a unit to whose it is."""
    stops: frozenset[str]
    """Where a unit or a name ends."""
    bodies: Mapping[str, str]
    """What the name of a body begins with, or in English ends with."""
    links: frozenset[str]
    """Small words inside a name."""
    abbreviations: frozenset[str]
    """Behind these, a full stop ends nothing."""


def matching(text: str) -> str:
    """The text in the spelling in which words are compared."""
    return folded(normalise(text).text)


def words(text: str) -> tuple[str, ...]:
    """The words or phrases of a list, parted by bars."""
    return tuple(" ".join(matching(each).split()) for each in text.split("|") if each.strip())


def kinds(**lists: str) -> dict[str, str]:
    """From each word to the kind under whose name it is listed."""
    return {word: kind for kind, text in lists.items() for word in words(text)}


def pattern(phrases: Iterable[str], *, before: str = r"(?<!\w)", after: str = r"(?!\w)") -> re.Pattern[str]:
    """Finds any of the phrases as whole words, the longest first; nothing for an empty list."""
    made = sorted((r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases), key=len, reverse=True)
    return re.compile(f"{before}(?:{'|'.join(made)}){after}" if made else r"(?!)")


@cache
def lexicon_of(language: Language) -> Lexicon:
    """The lists of a language."""
    from amana.programme import lexicon_ar, lexicon_en, lexicon_fr

    return {"ar": lexicon_ar.ARABIC, "fr": lexicon_fr.FRENCH, "en": lexicon_en.ENGLISH}[language]
