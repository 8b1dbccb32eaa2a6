"""A text is in the same buckets wherever it is read: in the engine, and where a model file predicts offline."""

from collections.abc import Iterator
from dataclasses import replace
from unicodedata import normalize

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.engines.compile_grams import buckets_sql, codes_sql, folded_sql
from amana.learn.texts import GRAMS
from amana.terms.grams import BUCKETS_MAX, CHARACTERS_MAX, FACTORS, FOLD, MODULUS, SIZE_MAX, Grams

WORDS = st.lists(st.sampled_from(("السلام", "عليكم", "شكرا بزاف", "rendez-vous", "École", "👩‍👧", "٣٤")), max_size=250).map(" ".join)
LETTERS = st.text(st.sampled_from([*map(chr, FOLD), *"abz 019اأةيٱىⴰⵣж\0\U0010ffff\u200d"]), max_size=12)
TEXTS = WORDS | LETTERS | st.text(st.characters(exclude_categories=("Cs",)), max_size=12)


@pytest.fixture(scope="module")
def connection() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as opened:
        yield opened


@st.composite
def ways(draw: st.DrawFn) -> Grams:
    if draw(st.booleans()):
        return GRAMS
    buckets = draw(st.integers(2, 40) | st.just(1024) | st.just(BUCKETS_MAX))
    return Grams(size=draw(st.integers(1, SIZE_MAX)), buckets=buckets, most=draw(st.integers(1, min(buckets, 12))))


@given(st.lists(st.none() | TEXTS, max_size=20), ways())
def test_the_engine_reads_every_text_as_everybody_does(
    connection: duckdb.DuckDBPyConnection, texts: list[str | None], grams: Grams
) -> None:
    connection.execute("CREATE OR REPLACE TEMP TABLE said (place INTEGER, text VARCHAR)")
    if texts:
        connection.executemany("INSERT INTO said VALUES (?, ?)", list(enumerate(texts)))
    folded = f"SELECT place, {folded_sql('text')} AS folded FROM said"
    codes = f"SELECT place, {codes_sql('folded')} AS codes FROM ({folded})"
    found = connection.execute(f"SELECT {buckets_sql('codes', grams)} FROM ({codes}) ORDER BY place").fetchall()
    assert [tuple(buckets) for (buckets,) in found] == [grams.of(text) for text in texts]


@given(TEXTS, ways())
def test_a_text_is_in_bucket_0_and_in_no_more_than_it_may_be(text: str, grams: Grams) -> None:
    found = grams.of(text)
    assert grams.possible and found[0] == 0 and len(found) <= grams.most and max(found) < grams.buckets
    assert list(found) == sorted(set(found))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("École", "ecole"), ("مَرْحَبًا", "مرحبا"), ("إلى آخر", "الي اخر"), ("مدرسة", "مدرسه"), ("ســـلام", "سلام"), ("٣٤", "34"),
        ("a\tb", "a b"), ("مؤمن", "مومن"),
    ],
)  # fmt: skip
def test_what_people_write_alike_is_read_alike(one: str, other: str) -> None:
    grams = Grams(size=2, buckets=1024, most=64)
    assert grams.of(one) == grams.of(other) != grams.of("xyz")


@given(st.text(st.sampled_from("eéÉèñÅǖ aأإآؤئ"), max_size=8))
def test_composed_and_decomposed_letters_are_read_alike(text: str) -> None:
    grams = Grams(size=2, buckets=1024, most=64)
    assert grams.of(normalize("NFC", text)) == grams.of(normalize("NFD", text))


def test_the_start_of_a_text_is_read_and_of_its_buckets_the_lowest() -> None:
    start = "".join(chr(0x4E00 + place) for place in range(CHARACTERS_MAX))
    assert GRAMS.of(start + "more") == GRAMS.of(start) and GRAMS.of("a" * CHARACTERS_MAX + "bc") == GRAMS.of("aa")
    assert GRAMS.of(start) == replace(GRAMS, most=1024).of(start)[: GRAMS.most] and len(GRAMS.of(start)) == GRAMS.most


def test_a_gram_is_in_the_bucket_that_the_formula_says() -> None:
    grams = Grams(size=2, buckets=1024, most=64)
    assert grams.of("ab") == (0, 1 + (97 * FACTORS[0] + 98 * FACTORS[1]) % MODULUS % 1023)
    assert grams.of("b") == grams.of("") == grams.of(None) == (0,)


@pytest.mark.parametrize(("size", "buckets", "most"), [(0, 9, 2), (5, 9, 2), (2, 1, 1), (2, 9, 10), (2, 70_000, 9), (2, 9, 0)])
def test_sizes_beyond_the_limits_are_told(size: int, buckets: int, most: int) -> None:
    assert not Grams(size=size, buckets=buckets, most=most).possible
