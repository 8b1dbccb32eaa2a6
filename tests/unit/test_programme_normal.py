"""Normal spelling: one form for each letter, and every character's place in the original."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.programme.normal import Normal, folded, normalise

MARKS = "ًٌٍَُِّْٰٕٓٔـ\u200b\u200e\u200f\u202a\u2066\u061c\u00ad\ufeff"
ARABIC = "ابتثجحخدذرزسشصضطظعغفقكلمنهويىةءآأإؤئٱیکپ"
FORMS = "ﷺﷲﻻﻷﻵﻼﹰﹱﹶﱞﱟﭐﭑﻯﻲ"
OTHERS = "aéèÅñ\u0301\u0308\u0327\u0323\u1100\u1161\u11a8\u0b47\u0b3e٠١٢۳٫٬ \u00a0\u202f\n-.,،"
TEXTS = st.text(st.sampled_from(MARKS + ARABIC + FORMS + OTHERS) | st.characters(), max_size=40)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("أإآٱا", "ااااا"),
        ("علی على", "علي علي"),
        ("کتاب", "كتاب"),
        ("مدرسة", "مدرسه"),
        ("مُحَمَّدٌ", "محمد"),
        ("العـــربية", "العربيه"),
        ("\u200fنص\u200e \u2066a\u2069", "نص a"),
        ("٢٠٢٥ ۱۲", "2025 12"),
        ("1\u202f000\u00a0km", "1 000 km"),
        ("co\u00adoperate", "cooperate"),
        ("e\u0301cole", "école"),
        ("ﻻ ﷲ", "لا الله"),
        ("سؤال ئ", "سؤال ئ"),
        ("و\u0654", "ؤ"),
    ],
)
def test_each_letter_has_one_form(written: str, normal: str) -> None:
    assert normalise(written).text == normal


def test_a_find_in_the_normal_text_is_a_piece_of_the_original() -> None:
    written = "قال \u200fمُحَمَّـدٌ\u200f: ﻻ"
    made = normalise(written)
    at = made.text.index("محمد")
    start, end = made.span(at, at + 4)
    assert written[start:end].startswith("مُحَمَّـدٌ") and written[end] == ":"
    at = made.text.index("لا")
    assert made.span(at, at + 1) == made.span(at, at + 2) == made.span(at + 1, at + 2) == (len(written) - 1, len(written))


@given(TEXTS)
def test_places_are_in_the_text_and_never_go_back(text: str) -> None:
    made = normalise(text)
    assert len(made.places) == len(made.text) + 1 and made.places[-1] == len(text)
    assert all(0 <= place < len(text) for place in made.places[:-1])
    assert all(before <= after for before, after in zip(made.places, made.places[1:], strict=False))


@given(TEXTS)
def test_a_normal_text_is_its_own_normal_text(text: str) -> None:
    once = normalise(text).text
    assert normalise(once) == Normal(text=once, places=tuple(range(len(once) + 1)))
    assert unicodedata.is_normalized("NFC", once)


@given(TEXTS, st.data())
def test_the_piece_of_the_original_holds_what_was_found(text: str, data: st.DataObject) -> None:
    made = normalise(text)
    start = data.draw(st.integers(0, len(made.text)))
    end = data.draw(st.integers(start, len(made.text)))
    low, high = made.span(start, end)
    assert made.text[start:end] in normalise(text[low:high]).text


@given(st.text(max_size=40))
def test_a_folded_text_keeps_its_length(text: str) -> None:
    assert len(folded(text)) == len(text)


def test_folding_forgets_capitals_and_accents() -> None:
    assert folded("À l’Événement d'Été") == "a l'evenement d'ete"
