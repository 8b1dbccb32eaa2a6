"""The draft that a person works through: nothing confirmed, each item with its place, no title given by a machine."""

import hashlib
import json
import tomllib
from typing import Any

import pytest

from amana.programme.proposal import Proposal
from amana.programme.proposal_file import EXCERPT_MAX, write_draft, write_json
from amana.programme.reading import propose
from amana.programme.source import read_source
from tests.programme_sources import ours, real

COUNTS = {"agreement": 6, "recommendation": 11, "figure": 9, "body": 10}


def made(text: str | None = None) -> Proposal:
    return propose(read_source(text.encode() if text is not None else ours("en")))


def items(read: dict[str, Any]) -> list[dict[str, Any]]:
    return [item for name in (*COUNTS, "finding") for item in read.get(name, [])]


def all_places(value: Any) -> list[dict[str, Any]]:
    """Every place anywhere in a file."""
    match value:
        case {"sha256": str(), "from": int(), "to": int()}:
            return [value]
        case dict():
            return [place for each in value.values() for place in all_places(each)]
        case list():
            return [place for each in value for place in all_places(each)]
        case _:
            return []


def test_a_draft_has_every_find_once_and_none_confirmed() -> None:
    read = tomllib.loads(write_draft(made()))
    assert {name: len(read[name]) for name in COUNTS} == COUNTS
    names = [item["id"] for item in items(read)]
    assert len(set(names)) == len(names) == sum(COUNTS.values()) and names[0] == "agreement-1"
    assert all(item["confirmed"] is False for item in items(read))
    assert read["source"] == {
        "sha256": hashlib.sha256(ours("en")).hexdigest(),
        "media": "text",
        "language": "en",
        "characters": len(ours("en").decode()),
    }


def test_titles_are_left_to_people_in_four_languages() -> None:
    read = tomllib.loads(write_draft(made()))
    assert all(item["title"] == {"ar": "", "fr": "", "en": "", "zgh": ""} for item in items(read))


@pytest.mark.parametrize("language", ["en", "fr", "real"])
def test_every_place_of_a_draft_holds_the_piece_with_its_digest(language: str) -> None:
    content = real() if language == "real" else ours(language)
    text, digest = content.decode(), hashlib.sha256(content).hexdigest()
    proposal = propose(read_source(content))
    for read in (tomllib.loads(write_draft(proposal)), json.loads(write_json(proposal))):
        places = all_places(read)
        assert len(places) > 40
        for place in places:
            assert place["source"] == digest and hashlib.sha256(text[place["from"] : place["to"]].encode()).hexdigest() == place["sha256"]


def test_excerpts_are_comments_of_one_short_line() -> None:
    draft = write_draft(made())
    comments = [line for line in draft.splitlines() if line.startswith("# ") and line[2].isdigit()]
    assert len(comments) == sum(COUNTS.values()) and all(len(line) < EXCERPT_MAX + 20 for line in comments)
    assert "drawing up a roadmap" in draft and "drawing up a roadmap" not in str(tomllib.loads(draft))


def test_what_a_source_says_cannot_break_the_draft() -> None:
    hostile = (
        ours("en").decode()
        + '\n- Agreement with the Bank of "Quotes\\n" \x7f\x1b[31m\u202e\u2028 = [x] for \'\'\' """ all.\n- Agreement with ]] for\x00 x.\n'
    )
    draft = write_draft(made(hostile))
    read = tomllib.loads(draft)
    assert len(read["agreement"]) == 8 and '"Quotes\\n"' in read["agreement"][6]["parties"][0] + '"Quotes\\n"'
    assert "\x1b" not in draft and "\x7f" not in draft and "\u202e" not in draft.split("[[agreement]]")[7].splitlines()[1]


def test_json_has_the_statements_with_their_clauses_too() -> None:
    proposal = made()
    read = json.loads(write_json(proposal))
    assert len(read["statement"]) == len(proposal.statements) > 20
    assert all(each["clauses"] for each in read["statement"]) and {name: len(read[name]) for name in COUNTS} == COUNTS


def test_a_finding_says_what_may_be_meant() -> None:
    read = tomllib.loads(write_draft(made(ours("en").decode().replace("national conference on", "national cоnference on"))))
    assert [(each["kind"], each["suggestion"], each["letters"], len(each["also"])) for each in read["finding"]] == [
        ("foreign_letters", "conference", ["CYRILLIC SMALL LETTER O"], 1)
    ]
