"""`/search`: data and projects by words, whatever the language, the accents or the spelling of Arabic letters."""

import re
import unicodedata
from collections.abc import Iterable
from functools import lru_cache
from typing import Annotated

from fastapi import Query, Response

from amana.catalog.schema import Dataset
from amana.client.text import LANGUAGES, load
from amana.node.public_projects import LISTED_MAX, PublicProject
from amana.node.service import Service
from amana.policy.rights import Action
from amana.web.access import doing
from amana.web.pages.purposes import purpose
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages

CHARACTERS_MAX = 100
FOLDED_MAX = 10_000
"""Texts of this node that are remembered as they are compared: each is folded once, however many search, for whatever."""
FOLDED_CHARACTERS_MAX = 5_000
"""Of a text that is remembered; a longer one is folded each time."""
FOUND_MAX = 50
SAME_LETTERS = str.maketrans({"ٱ": "ا", "ة": "ه", "ى": "ي", "ی": "ي", "ک": "ك", "ء": None, "ـ": None})
"""Letters that are written one for the other. Those with a hamza or a madda above are parted from it before."""
ARTICLE, ARTICLE_LETTERS = "ال", 2
router = public_pages(kept=False)


@router.get("/search", openapi_extra=doing(Action.SEE_PUBLIC))
def search(reader: Read, q: Annotated[str, Query()] = "") -> Response:
    """What bears all the words that were asked for."""
    asked = " ".join(q[:CHARACTERS_MAX].split())
    words = fold(asked).split()
    datasets = [each for each in reader.service.datasets() if words and holds(texts_of(each), words)]
    listed = reader.service.public_projects.projects(None, limit=LISTED_MAX) if words else ()
    projects = [each for each in listed if holds(_texts_of(reader, each), words)]
    return page(
        reader, "search.html", q=asked, searched=bool(words), datasets=datasets[:FOUND_MAX], projects=projects[:FOUND_MAX],
        left_off=max(0, len(datasets) - FOUND_MAX) + max(0, len(projects) - FOUND_MAX),
    )  # fmt: skip


def fold(text: str) -> str:
    """The text without what people write one way or the other: case, accents, vowel marks, hamzas, letters that look alike.

    >>> fold("Énergie"), fold("الصِّحَّة") == fold("الصحه")
    ('energie', True)
    """
    parted = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in parted if not unicodedata.combining(letter)).translate(SAME_LETTERS)
    return re.sub(r"[\W_]+", " ", bare)


@lru_cache(maxsize=FOLDED_MAX)
def remembered(text: str) -> str:
    """The same of a text that is compared again and again. What somebody searches for is none: it would push those out."""
    return fold(text)


def holds(texts: Iterable[str], words: Iterable[str]) -> bool:
    """Whether every word stands somewhere in the texts, also as a part of one; an Arabic article in front of it does not matter."""
    whole = " ".join(remembered(each) if len(each) <= FOLDED_CHARACTERS_MAX else fold(each) for each in texts)
    return all(word in whole or (len(word) > ARTICLE_LETTERS + 2 and word.removeprefix(ARTICLE) in whole) for word in words)


def texts_of(dataset: Dataset) -> tuple[str, ...]:
    """All that is public of a dataset and that somebody may look for."""
    tables = dataset.schema.tables
    themes = [load(language).word("theme", theme) for language in LANGUAGES for theme in dataset.themes]
    return (
        dataset.name, dataset.custodian, dataset.population.unit, *_said(dataset.title), *themes, *(table.name for table in tables),
        *(text for table in tables for text in _said(table.title)), *(column.name for table in tables for column in table.columns),
    )  # fmt: skip


def _texts_of(reader: Reader, project: PublicProject) -> tuple[str, ...]:
    used = _titles(reader.service, project.datasets)
    words = [str(purpose(reader, each).striptags()) for each in project.purposes]
    return (project.id, *_said(project.title), *_said(project.lay_summary), *project.purposes, *words, *project.datasets, *used)


def _titles(service: Service, names: Iterable[str]) -> tuple[str, ...]:
    return tuple(text for dataset in service.datasets() if dataset.name in names for text in _said(dataset.title))


def _said(texts: Iterable[tuple[str, str]]) -> tuple[str, ...]:
    return tuple(text for _, text in texts)
