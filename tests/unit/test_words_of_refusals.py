"""A parameter that is the code of a word is shown as that word; everything else is shown as it was given."""

import errno
import ssl

import pytest
from fastapi.exceptions import RequestValidationError

from amana.client.http import _distrust, network_cause
from amana.client.text import LANGUAGES, load
from amana.terms.refusal import Refusal, cause_of
from amana.web.problems import misread, problem_of


def test_a_word_is_shown_in_the_readers_language_and_filled_from_the_other_parameters() -> None:
    told = {language: load(language).say("node.bad_value", field="share", wanted="word.whole", low=1, high=9) for language in LANGUAGES}
    assert told["en"] == "`share` cannot be that. Give a whole number from 1 to 9."
    assert told["fr"] == "`share` ne peut pas avoir cette valeur. Donnez : un nombre entier de 1 à 9."
    assert "عددًا صحيحًا من 1 إلى 9" in told["ar"]
    assert "ⵓⵟⵟⵓⵏ ⵓⵎⵎⵉⴷ ⵙⴳ 1 ⴰⵔ 9" in told["zgh"]


@pytest.mark.parametrize(
    ("number", "told"),
    [(1, "من حرف واحد (1) على الأكثر"), (2, "من حرفين (2) على الأكثر"), (5, "من 5 أحرف على الأكثر"), (11, "من 11 حرفًا على الأكثر")],
)
def test_a_word_that_counts_takes_the_plural_form_of_its_number(number: int, told: str) -> None:
    assert told in load("ar").say("node.bad_value", field="body", wanted="word.characters_at_most", number=number)


@pytest.mark.parametrize("written", ["word.csv", "word.", "word", "a whole number", "{low}"])
def test_what_is_no_word_is_shown_as_it_was_written(written: str) -> None:
    assert written in load("fr").say("files.missing", file=written, low=1)


def test_a_word_never_holds_another_word() -> None:
    assert load("en").say("node.bad_value", field="a", wanted="word.no_earlier", earliest="word.whole", low=1) == (
        "`a` cannot be that. Give word.whole or later."
    )


def test_a_value_that_only_a_newer_node_knows_is_shown_as_it_says_it() -> None:
    assert (load("fr").word("state", "running"), load("fr").word("state", "dreaming")) == ("en cours", "dreaming")


def test_over_http_the_parameters_keep_the_code_and_the_title_has_the_word() -> None:
    refusal = Refusal("project.waiting", project="p-1", state="word.state.draft")
    problem = problem_of(refusal, catalogue=load("fr"))
    assert problem["parameters"] == {"project": "p-1", "state": "word.state.draft"}
    assert "« brouillon »" in str(problem["title"])


@pytest.mark.parametrize(
    ("found", "wanted", "given"),
    [
        ({"type": "string_too_long", "ctx": {"max_length": 5}}, "word.characters_at_most", {"number": 5}),
        ({"type": "string_pattern_mismatch", "ctx": {"pattern": "^a+$"}}, "word.pattern", {"pattern": "^a+$"}),
        ({"type": "greater_than", "ctx": {"gt": 0.5}}, "word.more_than", {"number": "0.5"}),
        ({"type": "enum", "ctx": {"expected": "'a', 'b' or 'c'"}}, "word.one_of", {"known": "`a`, `b`, `c`"}),
        ({"type": "never_heard_of", "ctx": {"error": "secret"}}, "word.as_documented", {}),
    ],
)
def test_what_the_library_finds_in_a_request_becomes_a_word(found: dict[str, object], wanted: str, given: dict[str, object]) -> None:
    refusal = misread(RequestValidationError([{"loc": ("body", "share"), **found}]))
    assert dict(refusal.parameters) == {"field": "share", "wanted": wanted, **given}
    for language in LANGUAGES:
        assert "{" not in str(problem_of(refusal, catalogue=load(language))["title"])


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "word.system.denied"),
        (OSError(errno.ENOSPC, "No space left on device"), "word.system.disk_full"),
        (OSError(errno.EIO, "Input/output error"), "EIO"),
        (OSError("of a library"), "OSError"),
    ],
)
def test_what_the_system_answers_is_a_word_or_its_own_name(error: OSError, word: str) -> None:
    assert cause_of(error) == word
    assert word.startswith("word.") is load("en").has(word)


def test_why_a_node_does_not_answer_is_a_word() -> None:
    wrong = ssl.SSLCertVerificationError()
    causes = [ConnectionRefusedError(), TimeoutError(), ConnectionResetError(), OSError(errno.ENOENT, "No such file")]
    wrong.verify_code = 10
    words = [*map(network_cause, causes), _distrust(wrong)]
    assert words == [
        "word.network.nobody",
        "word.network.too_slow",
        "word.network.broken",
        "word.system.not_there",
        "word.certificate.expired",
    ]
    assert all(load("ar").has(word) for word in words)


def test_a_refusal_in_a_traceback_shows_number_code_and_parameters() -> None:
    refusal = Refusal("node.bad_value", field="share", wanted="word.share")
    assert str(refusal) == repr(refusal) == f"AMA-{refusal.number} node.bad_value(field='share', wanted='word.share')"
