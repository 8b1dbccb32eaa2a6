"""The plan that ships with the project: whole, in four languages, each commitment with a way to be measured and the place it came from."""

import hashlib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amana.catalog.rules import read_rules
from amana.query.parse import parse

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "examples" / "programme"
COMMUNIQUE = ROOT.parent / "shared" / "programme" / "communique-ar.txt"
LANGUAGES = ("ar", "en", "fr", "zgh")
SCRIPT = {"ar": re.compile("[\u0600-\u06ff]"), "zgh": re.compile("[\u2d30-\u2d7f]"), "en": re.compile("[a-zé]", re.IGNORECASE)}
SCRIPT_SHARE_MIN = 0.8
TEXTS = frozenset({".py", ".po", ".md", ".toml", ".html", ".txt", ".json", ".sql"})
QUOTED_WORDS_MIN = 5
CATEGORIES = {
    "plenaries": 7,
    "round_tables": 14,
    "speakers": 130,
    "countries": 35,
    "public_sector": 200,
    "private_sector": 400,
    "participants": 2000,
    "agreements": 8,
    "startups": 30,
}
PERIOD = re.compile(r"20\d\d(?:-Q[1-4]|-(?:0[1-9]|1[0-2]))?")
METHODS = {"log", "private", "document"}


@pytest.fixture(scope="module")
def plan() -> dict[str, Any]:
    return tomllib.loads((FOLDER / "plan.toml").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def communique() -> bytes:
    if not COMMUNIQUE.exists():
        pytest.skip(f"shared data are not here: {COMMUNIQUE}")
    return COMMUNIQUE.read_bytes()


def tables(value: Any) -> Iterator[dict[str, Any]]:
    """Every table in it, outermost first."""
    if isinstance(value, dict):
        yield value
        for each in value.values():
            yield from tables(each)
    elif isinstance(value, list):
        for each in value:
            yield from tables(each)


def texts(plan: dict[str, Any]) -> list[dict[str, str]]:
    return [each for each in tables(plan) if set(each) & set(LANGUAGES)]


def spans(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [each["span"] for each in tables(plan) if "span" in each]


def indicators(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [each for commitment in plan["commitment"] for each in commitment["indicator"]]


def words(text: str) -> list[str]:
    """Words as a reader compares them: without vowel marks and kashida."""
    return re.findall(r"\w+", re.sub("[\u0640\u064b-\u0652\u0670]", "", text).casefold())


def runs(text: str) -> set[tuple[str, ...]]:
    found = words(text)
    return {tuple(found[at : at + QUOTED_WORDS_MIN]) for at in range(len(found) - QUOTED_WORDS_MIN + 1)}


def test_every_name_stands_once_among_its_kind(plan: dict[str, Any]) -> None:
    milestones = [each for commitment in plan["commitment"] for each in commitment.get("milestone", [])]
    groups = (*(plan[kind] for kind in ("source", "theme", "event", "agreement", "commitment")), indicators(plan), milestones)
    for group in groups:
        names = [each["id"] for each in group]
        assert len(names) == len(set(names)), names
        assert all(re.fullmatch(r"[a-z][a-z0-9]*(?:-[a-z0-9]+)*", name) for name in names)


def test_everything_that_people_read_stands_in_four_languages(plan: dict[str, Any]) -> None:
    assert all(sorted(each) == sorted(LANGUAGES) and all(each.values()) for each in texts(plan))
    for each in (*tables(plan["commitment"]), *plan["theme"], *plan["event"], *plan["agreement"], *plan["source"]):
        assert "id" not in each or "title" in each, each["id"]
    assert all("summary" in commitment for commitment in plan["commitment"])
    assert all("unit" in indicator for indicator in indicators(plan))


def test_no_text_is_its_english_and_each_is_in_its_own_script(plan: dict[str, Any]) -> None:
    for text in texts(plan):
        if not any(letter.isalpha() for letter in text["en"]):
            continue  # a sign such as % is the same everywhere
        others = [text[language] for language in LANGUAGES if language != "en"]
        assert text["en"] not in others, text["en"]
        for language, script in SCRIPT.items():
            letters = [letter for letter in text[language] if letter.isalpha()]
            assert sum(1 for each in letters if script.match(each)) >= SCRIPT_SHARE_MIN * len(letters), text[language]


def test_the_file_says_that_its_amazigh_texts_wait_for_a_native_reviewer() -> None:
    head = (FOLDER / "plan.toml").read_text(encoding="utf-8").split("\nplan =")[0]
    assert "native reviewer" in head


def test_the_conference_has_all_figures_of_the_communique(plan: dict[str, Any]) -> None:
    (event,) = plan["event"]
    assert {figure["category"]: figure["count"] for figure in event["figure"]} == CATEGORIES
    assert [figure["category"] for figure in event["figure"] if figure["at_least"]] == ["participants"]


def test_there_are_eight_agreements_and_each_has_a_deliverable(plan: dict[str, Any]) -> None:
    assert len(plan["agreement"]) == 8
    assert sum(1 for each in plan["agreement"] if each["kind"] == "protocol") == 1
    assert all(len(each["party"]) >= 2 for each in plan["agreement"])
    delivered = {each["agreement"] for each in plan["commitment"] if "agreement" in each}
    assert delivered == {each["id"] for each in plan["agreement"]}


def test_what_a_part_of_the_plan_names_is_in_the_plan(plan: dict[str, Any]) -> None:
    known = {kind: {each["id"] for each in plan[kind]} for kind in ("theme", "event", "agreement", "source")}
    for part in (*plan["commitment"], *plan["agreement"]):
        for kind in ("theme", "event", "agreement"):
            assert kind not in part or part[kind] in known[kind], part["id"]
    assert {each["source"] for each in spans(plan)} <= known["source"]
    assert {each["theme"] for each in plan["commitment"]} == known["theme"], "a theme without a commitment"
    for commitment in plan["commitment"]:
        own = {each["id"] for each in commitment["indicator"]}
        assert all(each["done_when"]["indicator"] in own for each in commitment.get("milestone", []))


def test_every_commitment_has_an_indicator_with_exactly_one_method(plan: dict[str, Any]) -> None:
    assert all(commitment["indicator"] for commitment in plan["commitment"])
    methods = [set(indicator["method"]) for indicator in indicators(plan)]
    assert all(len(method) == 1 and method <= METHODS for method in methods)
    assert set.union(*methods) == METHODS, "one of each at least"


def test_targets_go_forward_in_the_direction_of_their_indicator(plan: dict[str, Any]) -> None:
    for indicator in indicators(plan):
        periods = [target["period"] for target in indicator["targets"]]
        assert periods == sorted(periods) and all(PERIOD.fullmatch(period) for period in periods), indicator["id"]
        values = [float(each["value"]) for each in (indicator["baseline"], *indicator["targets"])]
        assert values == sorted(values, reverse=indicator["direction"] == "down"), indicator["id"]
        assert values[0] != values[-1], indicator["id"]


def test_a_private_figure_is_a_question_that_a_data_set_of_the_demo_accepts(plan: dict[str, Any]) -> None:
    asked = [indicator["method"]["private"] for indicator in indicators(plan) if "private" in indicator["method"]]
    for method in asked:
        rules = read_rules((ROOT / "examples" / "demo" / f"{method['dataset']}.toml").read_text(encoding="utf-8"))
        question = parse(method["sql"], rules.dataset.schema)
        given = {name for name, _ in (*question.keys, *question.figures)}
        assert ("figure" in method) != ("part" in method) and ("part" in method) == ("whole" in method)
        named = {method[each] for each in ("figure", "part", "whole", "by") if each in method} | set(method.get("row", {}))
        assert named <= given, method["sql"]


def test_a_private_figure_of_many_rows_says_which_one_counts(plan: dict[str, Any]) -> None:
    asked = [indicator["method"]["private"] for indicator in indicators(plan) if "private" in indicator["method"]]
    assert any("row" in method for method in asked)
    assert all(("row" in method) == ("GROUP BY" in method["sql"]) for method in asked)


def test_every_span_is_the_piece_of_the_communique_that_it_says(plan: dict[str, Any], communique: bytes) -> None:
    (source,) = plan["source"]
    assert hashlib.sha256(communique).hexdigest() == source["sha256"]
    text = communique.decode("utf-8")
    for span in spans(plan):
        piece = text[span["from"] : span["to"]]
        assert piece and hashlib.sha256(piece.encode("utf-8")).hexdigest() == span["sha256"], span


def test_no_two_commitments_come_from_the_same_place(plan: dict[str, Any]) -> None:
    places = sorted((each["span"]["from"], each["span"]["to"]) for each in plan["commitment"])
    assert all(end <= start for (_, end), (start, _) in zip(places, places[1:], strict=False))


def test_nothing_of_the_communique_is_quoted(communique: bytes) -> None:
    theirs = runs(communique.decode("utf-8"))
    root = FOLDER.parent.parent
    written = [path for name in ("src", "tests", "docs", "examples") for path in sorted((root / name).rglob("*")) if path.suffix in TEXTS]
    assert len(written) > 1_000
    for path in written:
        assert runs(path.read_text(encoding="utf-8")) & theirs == set(), path
