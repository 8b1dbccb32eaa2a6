"""What looks damaged is told with its place and what may be meant; what is well written is not told of."""

import html
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.client.text import load
from amana.programme.findings import Finding, FindingKind, foreign_letters, words_of
from amana.programme.language import Language
from amana.programme.spelling import likely_misspellings
from tests.programme_sources import ours, real

RIGHTS = Path(__file__).parent.parent.parent.parent / "shared" / "data" / "language" / "udhr_amazigh"
"""A well-written text in each of the three languages."""


def told(findings: tuple[Finding, ...]) -> list[tuple[FindingKind, str, str]]:
    return [(each.kind, each.word, each.suggestion) for each in findings]


def letters(text: str) -> list[tuple[FindingKind, str, str]]:
    return told(foreign_letters(text))


def slips(text: str, language: Language) -> list[tuple[str, str]]:
    return [(word, suggestion) for _, word, suggestion in told(likely_misspellings(text, language=language))]


def test_the_real_text_has_four_damaged_words_and_no_more_are_told_of() -> None:
    text = real().decode()
    findings = (*foreign_letters(text), *likely_misspellings(text, language="ar"))
    assert sorted(told(findings)) == [
        ("foreign_letters", "الجزيри", "الجزيري"),
        ("letter_variant", "جمیعا", "جميعا"),
        ("misspelling", "الجلاله", "الجلالة"),
        ("misspelling", "المنازرة", "المناظرة"),
    ]
    named = {letter.name for each in findings if each.kind == "foreign_letters" for letter in each.letters}
    assert named == {"CYRILLIC SMALL LETTER I", "CYRILLIC SMALL LETTER ER"}
    conference = next(each for each in findings if each.suggestion == "المناظرة")
    assert len(conference.spans) == 6 and all(text[span.start : span.end] == conference.word for span in conference.spans)
    assert conference.spans[0].start < text.index("\n\n", 3), "the first stands in the title"


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("la cоnférence", [("foreign_letters", "cоnférence", "conférence")]),
        ("the pοrt", [("foreign_letters", "pοrt", "port")]),
        ("all is сору here", [("foreign_letters", "сору", "copy")]),
        ("معهد الجزيри", [("foreign_letters", "الجزيри", "الجزيري")]),
        ("كلمةabكلمة طويلة", [("foreign_letters", "كلمةabكلمة", "كلمةابكلمة")]),
        ("علی کتاب", [("letter_variant", "علی", "علي"), ("letter_variant", "کتاب", "كتاب")]),
        ("في الـAI وبـIA والـWe-Elevate", []),
        ("بAI في", []),
        ("the α and Σ of 5 µm, nº 3, 2ª, Москва, كتاب", []),
        ("e\u0301cole naïve œuvre Łódź", []),
    ],
)
def test_letters_that_do_not_belong(text: str, wanted: list[tuple[FindingKind, str, str]]) -> None:
    assert letters(text) == wanted


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("the national conferrence and the goverment", "en", [("conferrence", "conference"), ("goverment", "government")]),
        ("The Ministry of Energi, artifical intelligence", "en", [("artifical", "artificial")]),
        ("Recomendations of the Minsitry", "en", [("Recomendations", "Recommendations"), ("Minsitry", "Ministry")]),
        ("organization, organisation, relations, nations, developments", "en", []),
        ("Tamasna and Tamasna and Tamasna, then Tamsna", "en", [("Tamsna", "Tamasna")]),
        ("the reader reads, readers read, a raeder", "en", []),
        ("la conférance nationnale, le developpement numérique", "fr", [("conférance", "conférence"), ("nationnale", "nationale"), ("developpement", "développement")]),
        ("sans accent: developpement numerique", "fr", []),
        ("rationnelle, relations, formations, nationales", "fr", []),
        ("وزارة المنازرة وبالمنازرة", "ar", [("المنازرة", "المناظرة"), ("وبالمنازرة", "وبالمناظرة")]),
        ("الجلاله والجلالة", "ar", [("الجلاله", "الجلالة")]),
        ("بالوزاره والله والفقه في وزارته", "ar", [("بالوزاره", "بالوزارة")]),
        ("تسميه تسمية له، جدوله وجدولة", "ar", []),
        ("الجامعات والجماعات والتعليم والتعلم", "ar", []),
        ("الأظهار الأظهار الأظهار الأزهار", "ar", [("الأزهار", "الأظهار")]),
    ],
)  # fmt: skip
def test_slips_of_the_keyboard(text: str, language: Language, wanted: list[tuple[str, str]]) -> None:
    assert slips(text, language) == wanted


@pytest.mark.parametrize(("language", "name"), [("ar", "arb"), ("fr", "fra"), ("en", "eng")])
def test_a_well_written_text_has_no_findings(language: Language, name: str) -> None:
    path = RIGHTS / f"{name}.html"
    if not path.is_file():
        pytest.skip("no ../shared/data beside the project: the declaration of rights is not read here")
    text = html.unescape(re.sub("<[^>]*>", " ", path.read_text("utf-8")))
    assert len(text.split()) > 1_000 and slips(text, language) == [] and letters(text) == []


@pytest.mark.parametrize("language", ["ar", "fr", "en"])
def test_what_this_house_says_has_no_misspellings(language: Language) -> None:
    """Twenty thousand words of each language, of another kind than those that the lists were made for."""
    said = "\n".join(form for message in load(language).messages.values() for form in message.forms)
    assert slips(re.sub(r"`[^`]*`", " ", said), language) == []


@pytest.mark.parametrize("language", ["fr", "en"])
def test_our_own_texts_have_no_findings(language: Language) -> None:
    text = ours(language).decode()
    assert slips(text, language) == [] and letters(text) == []


@given(st.text(st.sampled_from("aоابیکи\u200eـ \n-éΣ1") | st.characters(), max_size=60))
def test_every_finding_stands_where_it_is_said_to_stand(text: str) -> None:
    found = (*foreign_letters(text), *(each for language in ("ar", "fr", "en") for each in likely_misspellings(text, language=language)))
    for finding in found:
        assert finding.spans and all(finding.word and text[span.start : span.end] for span in finding.spans)
        if finding.kind != "misspelling":
            assert all(text[span.start : span.end] == finding.word for span in finding.spans) and finding.letters
    assert all(text[span.start : span.end] == word for word, span in words_of(text))
