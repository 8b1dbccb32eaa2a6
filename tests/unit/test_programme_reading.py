"""What a communiqué proposes: agreements, recommendations, figures, bodies, each with its place. The real one by numbers and places."""

import hashlib
import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.programme.normal import normalise
from amana.programme.proposal import Proposal
from amana.programme.reading import propose
from amana.programme.source import CHARACTERS_MAX, Source, read_source
from amana.programme.spans import Span
from amana.terms.refusal import Refusal
from tests.programme_sources import others, ours, pdf_of, real

SAMPLE = {language: ours(language).decode() for language in ("ar", "fr", "en")}


def read(text: str, language: str = "en") -> Proposal:
    """Of a text of that language, however short."""
    base = Source(sha256=hashlib.sha256(text.encode()).hexdigest(), text=text, language="en", media="text")
    return propose(replace(base, language=language))  # type: ignore[arg-type]


def pieces(made: Proposal, spans: tuple[Span, ...]) -> list[str]:
    return [" ".join(made.piece(span).split()) for span in spans]


def figures(made: Proposal) -> list[tuple[str, str, bool]]:
    return [(each.value, each.counts, each.at_least) for each in made.figures]


def places(made: Proposal) -> list[Span]:
    """Every place that is told."""
    told = [each.span for kind in (made.statements, made.agreements, made.recommendations, made.figures) for each in kind]
    told += [clause for each in made.statements for clause in each.clauses] + [span for each in made.bodies for span in each.spans]
    told += [span for each in made.agreements for span in (*each.parties, each.purpose) if span]
    told += [span for each in made.figures for span in (each.unit, each.of) if span]
    return told + [span for each in made.findings for span in each.spans]


@pytest.fixture(scope="module")
def arabic() -> Proposal:
    return propose(read_source(real()))


def test_the_real_text_has_eight_agreements(arabic: Proposal) -> None:
    assert [each.kind for each in arabic.agreements] == ["agreement"] * 7 + ["protocol"]
    assert [len(each.parties) for each in arabic.agreements] == [1] * 7 + [4]
    assert all(each.purpose and each.span.holds(each.purpose) for each in arabic.agreements)
    begin = ["وزارة", "AI", "وزارة", "جامعة", "منظمة", "برنامج", "مؤسسة", "وزارة", "ولاية", "جهة", "عمالة"]
    assert [arabic.piece(span).split()[0] for each in arabic.agreements for span in each.parties] == begin


def test_the_real_text_has_each_recommendation_of_its_last_part(arabic: Proposal) -> None:
    words = ["الخصوصية", "بيئة", "وجذب", "منصات", "وتحفيز", "السيبراني", "الصحية", "تعليمية", "الطبيعية", "المائي", "الدولي", "الإفريقية"]
    assert len(arabic.recommendations) == len(words)
    for each, word in zip(arabic.recommendations, words, strict=True):
        assert word in arabic.piece(each.span), word
    assert len({each.statement for each in arabic.recommendations}) == 7
    assert all(each.statement.holds(each.span) for each in arabic.recommendations)


def test_the_real_text_has_nine_figures(arabic: Proposal) -> None:
    assert figures(arabic) == [
        ("7", "plenaries", False),
        ("14", "round_tables", False),
        ("130", "speakers", False),
        ("35", "countries", False),
        ("200", "people", False),
        ("400", "people", False),
        ("2000", "participants", True),
        ("8", "agreements", False),
        ("30", "startups", False),
    ]


def test_the_real_text_names_thirteen_bodies(arabic: Proposal) -> None:
    kinds = [each.kind for each in arabic.bodies]
    assert len(kinds) == 13 and (kinds.count("ministry"), kinds.count("authority"), kinds.count("university")) == (4, 3, 1)
    assert [len(each.spans) for each in arabic.bodies[:2]] == [2, 2], "the host and its university stand twice each"


def test_every_place_in_the_real_text_is_a_piece_with_its_digest(arabic: Proposal) -> None:
    text = arabic.source.text
    for span in places(arabic):
        assert span.start < span.end <= len(text)
        piece = text[span.start : span.end]
        assert piece == piece.strip() and arabic.digest(span) == hashlib.sha256(piece.encode()).hexdigest()


EXPECTED_PARTIES = {
    "ar": [["المكتب الوطني للكهرباء"], ["جامعة ابن طفيل", "معهد الدراسات المائية"], ["جمعية سقاية"]],
    "en": [
        ["Ministry of Health"],
        ["University of the Coast", "Institute for Applied Statistics"],
        ["Current Commons"],
        ["Ministry of Energy", "Agency for Rural Development", "Province of Anouar"],
        ["Farmers' Bank"],
        ["World Organization for Digital Cooperation"],
    ],
    "fr": [
        ["ministère de l’Éducation nationale et de la Jeunesse"],
        ["Université de la Côte", "Institut des Statistiques appliquées"],
        ["Current Commons"],
        ["ministère de l’Énergie", "Agence pour le Développement rural", "Province d’Anouar"],
        ["Banque des Agriculteurs"],
    ],
}
EXPECTED_KINDS = {
    "ar": ["agreement", "memorandum", "protocol"],
    "en": ["agreement", "agreement", "memorandum", "protocol", "partnership", "convention"],
    "fr": ["convention", "agreement", "memorandum", "protocol", "partnership"],
}
EXPECTED_PURPOSES = {
    "ar": ["تهدف إلى", "بشأن تكوين"],
    "en": ["covering the exchange", "to train", "aimed at", "for data", "on services", "concerning the"],
    "fr": ["portant sur", "visant à", "pour les", "en vue", "dans le"],
}
EXPECTED_FIGURES = {
    "ar": [
        ("5", "plenaries", False),
        ("6", "workshops", False),
        ("1200", "participants", True),
        ("18", "places", False),
        ("3", "agreements", False),
    ],
    "en": [
        ("7", "plenaries", False),
        ("12", "round_tables", False),
        ("95", "speakers", False),
        ("28", "countries", False),
        ("150", "people", False),
        ("320", "people", False),
        ("1500", "participants", True),
        ("6", "agreements", False),
        ("24", "startups", True),
    ],
    "fr": [
        ("8", "plenaries", False),
        ("15", "round_tables", False),
        ("110", "speakers", False),
        ("31", "countries", False),
        ("180", "people", False),
        ("260", "people", False),
        ("2400", "participants", True),
        ("5", "agreements", False),
        ("27", "startups", True),
    ],
}
EXPECTED_RECOMMENDATIONS = {
    "ar": ["خريطة", "وتعزيز", "تحلية", "الواحات", "دعم الفلاحين"],
    "en": [
        "drawing up", "environment", "and of attracting", "secured data", "and strengthening", "cybersecurity", "remote areas",
        "and develop education", "manage water", "with a call", "international cooperation",
    ],
    "fr": [
        "élaborer", "propice", "et d’attirer", "sécurisées", "et de stimuler", "cybersécurité", "zones isolées", "et à développer", "gérer l’eau",
        "en appelant", "coopération internationale",
    ],
}  # fmt: skip
EXPECTED_BODIES = {
    "ar": ["ministry", "university", "institute"],
    "en": ["ministry", "university", "ministry", "university", "institute", "ministry", "agency", "authority", "bank", "organisation"],
    "fr": ["ministry", "university", "ministry", "university", "institute", "ministry", "agency", "authority", "bank"],
}


@pytest.mark.parametrize("form", ["ar", "en", "fr", "en as pdf"])
def test_our_own_texts_are_read_as_strictly(form: str) -> None:
    language = form[:2]
    made = propose(read_source(pdf_of(SAMPLE[language]) if "pdf" in form else SAMPLE[language].encode()))
    assert [pieces(made, each.parties) for each in made.agreements] == EXPECTED_PARTIES[language]
    assert [each.kind for each in made.agreements] == EXPECTED_KINDS[language]
    purposes = [" ".join(made.piece(each.purpose).split()) for each in made.agreements if each.purpose]
    assert all(told.startswith(wanted) for told, wanted in zip(purposes, EXPECTED_PURPOSES[language], strict=True))
    assert figures(made) == EXPECTED_FIGURES[language]
    recommended = pieces(made, tuple(each.span for each in made.recommendations))
    assert len(recommended) == len(EXPECTED_RECOMMENDATIONS[language])
    assert all(wanted in told for told, wanted in zip(recommended, EXPECTED_RECOMMENDATIONS[language], strict=True))
    assert [each.kind for each in made.bodies] == EXPECTED_BODIES[language]
    assert made.findings == ()
    assert all(made.piece(span) == made.piece(span).strip() != "" for span in places(made))


@pytest.mark.parametrize("change", ["crlf", "no empty lines", "no-break spaces", "mark and direction"])
def test_how_a_text_was_typed_changes_nothing(change: str) -> None:
    text = SAMPLE["fr"]
    typed = {
        "crlf": text.replace("\n", "\r\n"),
        "no empty lines": text.replace("\n\n", "\n"),
        "no-break spaces": text.replace(" :", "\u00a0:").replace("plus de", "plus\u202fde"),
        "mark and direction": "\ufeff" + text.replace("Convention", "\u200eConvention").replace("conv", "con\u00adv"),
    }[change]
    made = propose(read_source(typed.encode()))
    assert [each.kind for each in made.agreements] == EXPECTED_KINDS["fr"] and figures(made) == EXPECTED_FIGURES["fr"]
    assert len(made.recommendations) == len(EXPECTED_RECOMMENDATIONS["fr"]) and [each.kind for each in made.bodies] == EXPECTED_BODIES["fr"]


def test_a_ministry_does_not_take_the_name_of_what_it_held() -> None:
    made = read(SAMPLE["ar"], "ar")
    assert pieces(made, made.bodies[0].spans) == ["وزارة التجهيز والماء"]


def test_an_item_is_an_agreement_only_where_it_begins_with_one() -> None:
    made = read(
        "They met:\n- Talks with the Ministry of Health on an agreement.\n- Training for those who keep agreements.\n- An agreement on water."
    )
    assert [each.parties for each in made.agreements] == [()] and made.piece(made.agreements[0].span) == "An agreement on water."


@pytest.mark.parametrize("mark", ["-", "•", "–", "*", "1.", "2)", "(3)"])
def test_an_item_may_have_any_mark(mark: str) -> None:
    made = read(f"Signed:\n\n{mark} Convention with the Ministry of Roads for bridges.")
    assert pieces(made, made.agreements[0].parties) == ["Ministry of Roads"]
    assert made.figures == (), "the number of an item counts nothing"


@pytest.mark.parametrize(
    ("text", "language", "wanted"),
    [
        ("On 3 and 4 April 2026 the 12 speakers of 2025 came.", "en", [("12", "speakers", False)]),
        ("April 3, 2026, law no. 12 and article 5, covid-19 and 5g", "en", []),
        ("One of the two was there, for the second time.", "en", []),
        ("At least 1,250.5 tonnes and over 40% of homes", "en", [("1250.5", "", True), ("40", "", True)]),
        ("no fewer than eight agreements", "en", [("8", "agreements", True)]),
        ("2000 participants in 2000", "en", [("2000", "participants", False)]),
        ("300 projects or more", "en", [("300", "projects", True)]),
        ("Les 3, 4 et 5 mai 2026, la loi 09-08, plus de 1\u202f250 personnes", "fr", [("1250", "people", True)]),
        ("au moins huit conventions, 12,5 % des foyers et 1.500 femmes", "fr", [("8", "agreements", True), ("12.5", "", False), ("1500", "people", False)]),
        ("le 1er juin, l’un des deux", "fr", []),
        ("في 03 و 04 يناير 2027 حضر أزيد من ٢٠٠٠ مشارك و٣٥ دولة", "ar", [("2000", "participants", True), ("35", "countries", False)]),
        ("ثماني اتفاقيات وثلاث جامعات", "ar", [("8", "agreements", False), ("3", "universities", False)]),
        ("القانون رقم 08 والمادة 12 سنة 2024", "ar", []),
    ],
)  # fmt: skip
def test_a_figure_counts_something(text: str, language: str, wanted: list[tuple[str, str, bool]]) -> None:
    assert figures(read(text, language)) == wanted


def test_a_number_of_the_same_is_of_the_same() -> None:
    made = read("200 people from the public sector and 400 from the private sector")
    first, second = made.figures
    assert first.unit and made.piece(first.unit) == "people" and second.unit is None and second.counts == "people"
    assert pieces(made, tuple(each.of for each in made.figures if each.of)) == ["public sector", "private sector"]


def test_without_words_that_announce_them_there_are_no_recommendations() -> None:
    assert read("They stressed the importance of water. They called for bridges.").recommendations == ()


def test_recommendations_may_be_a_list_and_end_with_it() -> None:
    made = read(
        "The participants adopted the following recommendations:\n\n- build bridges over the river;\n- train teachers in every village, and attract"
        " companies to the coast.\n\nThe fair had many visitors."
    )
    assert pieces(made, tuple(each.span for each in made.recommendations)) == [
        "build bridges over the river",
        "train teachers in every village",
        "and attract companies to the coast",
    ]


@pytest.mark.slow
@pytest.mark.parametrize("language", ["en", "fr", "ar"])
@pytest.mark.parametrize("unit", ["1 ", "a, ", "a. ", "Ministry of Health ", "\n- agreement with x", "((,", "x", "\n", "وزارة الصحة و"])
def test_no_text_takes_for_ever(unit: str, language: str) -> None:
    begun = time.monotonic()
    try:
        read(unit * (CHARACTERS_MAX // 4 // len(unit)), language)
    except Refusal as refusal:
        assert refusal.code == "programme.source_too_long"
    assert time.monotonic() - begun < 30


@given(st.text(st.sampled_from("aA1 .,:;-\n\u200féو ال توصيات: وزارة الصحة agreement with the Bank of, recommendations among 20 people ")))
def test_any_text_is_read_and_every_place_lies_in_it(text: str) -> None:
    for language in ("en", "fr", "ar"):
        made = read(text, language)
        for span in places(made):
            assert 0 <= span.start < span.end <= len(text)
        assert all(normalise(made.piece(each.span)).text.strip() for each in made.statements)


def test_other_real_texts_are_read_where_their_paths_are_given() -> None:
    if not others():
        pytest.skip("no other real texts: AMANA_TEST_COMMUNIQUES names none")
    for path in others():
        made = propose(read_source(path.read_bytes()))
        assert made.statements, path
        for item in (*made.agreements, *made.recommendations, *made.figures):
            assert made.piece(item.span) == made.source.text[item.span.start : item.span.end] != "", path
