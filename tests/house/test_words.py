"""Every sentence exists in the four languages, complete, with the same placeholders and in its own script."""

import ast
import re
from collections.abc import Iterator
from typing import cast

import pytest
from babel import Locale

from amana.client.explain import describe
from amana.client.text import LANGUAGES, WORD, load
from amana.policy.people import Role
from amana.policy.projects import OutputKind
from amana.policy.rights import Action
from amana.policy.transitions import MODEL, OUTPUT, PERMIT, PROJECT, RUN, ModelState, OutputState, PermitState, ProjectState, RunState
from amana.terms.codes import CODES
from amana.terms.refusal import Refusal
from amana.web.problems import WANTED
from tests.house.tree import SOURCE, called_name, sources

OTHERS = tuple(language for language in LANGUAGES if language != "en")
COUNTS = (0, 1, 2, 3, 11, 100)
SAME_AS_ENGLISH = {
    "fr": {
        "options",
        "datasets.tables",
        "profile.table",
        "publish.table",
        "list.organisation",
        "word.thing.organisation",
        "word.thing.consultation",
        "page.name",
        "page.menu.open",
    }
}
"""Words that are the same in both languages, or that no language translates."""
SCRIPT = {
    "ar": re.compile(r"[\u0600-\u06ff]"),
    "zgh": re.compile(r"[\u2d30-\u2d7f]"),
    "fr": re.compile(r"[a-zàâçéèêëîïôùûüœæ]", re.IGNORECASE),
}
QUOTED = re.compile(
    r"`[^`]*`|\"[^\"]*\"|'[^']*'|\{[^}]*\}|%(?:\(\w+\))?[sdr]|--?[a-z]\S*|(?<![A-Za-z])[A-Z_]{2,}(?![A-Za-z])"
    r"|^[^:\n]+: (?:SELECT|WITH)\b.*$|AMA-\w+",
    re.MULTILINE,
)
"""What stays as it is in every language: code, placeholders, SQL words, options, example lines."""
SCRIPT_SHARE_MIN = 0.8
MAKES_REFUSALS = {"Refusal", "bad", "add"}
"""What builds a refusal: itself, and the reader of rules, `Fields.bad` and `Problems.add`."""
SENTENCE_PARTS = {"wanted", "reason"}
"""Parameters that are parts of a sentence, whatever way they take to the refusal."""
PHRASE = re.compile(r"[A-Za-z]{2,}[,;:]?\s+[A-Za-z]{2,}")
WRITTEN_BY_PEOPLE = {
    "example": "a line that the reader types, with data as they might be",
    "clause": "words of SQL",
}
SAMPLES = {
    "wanted": "word.whole",
    "reason": "word.system.denied",
    "state": "word.state.suspended",
    "action": "word.action.publish_dataset",
    "thing": "word.thing.project",
    "origin": "word.origin.environment",
    "one": "word.kind.identifier",
    "other": "word.kind.number_or_date",
}
"""Parameters that are words, each with one of them."""


def placeholders(text: str) -> list[str]:
    """The names to fill in, of both kinds, sorted, each once."""
    return sorted({*re.findall(r"\{(\w+)\}", text), *re.findall(r"%(?:\(\w+\))?[sdr]", text)})


@pytest.mark.parametrize("code", CODES)
def test_every_refusal_has_a_message_in_english(code: str) -> None:
    assert load("en").has(code)


@pytest.mark.parametrize("language", OTHERS)
def test_every_message_is_translated_and_none_is_left_over(language: str) -> None:
    assert set(load(language).messages) == set(load("en").messages)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_catalogue_has_each_message_once(language: str) -> None:
    names = re.findall(r'^msgid "(.+)"$', (SOURCE / "locales" / f"{language}.po").read_text("utf-8"), re.MULTILINE)
    assert sorted(name for name in set(names) if names.count(name) > 1) == []


@pytest.mark.parametrize("language", OTHERS)
def test_translations_have_the_placeholders_of_the_english(language: str) -> None:
    different = {
        code: form
        for code, message in load(language).messages.items()
        for form in message.forms
        if placeholders(form) != placeholders(load("en").messages[code].forms[0])
    }
    assert different == {}


@pytest.mark.parametrize("language", OTHERS)
def test_no_translation_is_the_english(language: str) -> None:
    english = load("en").messages
    same = {
        code
        for code, message in load(language).messages.items()
        if message.forms[0] == english[code].forms[0] and re.search(r"\w{2}", QUOTED.sub("", message.forms[0]))
    }
    assert same - SAME_AS_ENGLISH.get(language, set()) == set()


@pytest.mark.parametrize("language", OTHERS)
def test_a_translation_is_written_in_its_own_script(language: str) -> None:
    foreign: dict[str, float] = {}
    for code, message in load(language).messages.items():
        letters = [letter for letter in QUOTED.sub("", " ".join(message.forms)) if letter.isalpha() and letter not in "ερδσ"]
        share = sum(1 for letter in letters if SCRIPT[language].match(letter)) / len(letters) if letters else 1.0
        if share < SCRIPT_SHARE_MIN:
            foreign[code] = share
    assert foreign == {}


def test_every_amazigh_message_waits_for_a_native_reviewer_by_a_comment() -> None:
    assert all(message.comments for message in load("zgh").messages.values())


@pytest.mark.parametrize("language", LANGUAGES)
def test_plural_forms_follow_cldr(language: str) -> None:
    # CLDR has no rules of its own for zgh: those of tzm, its nearest neighbour, are used.
    rules = Locale.parse("tzm" if language == "zgh" else language).plural_form
    order = ("zero", "one", "two", "few", "many", "other")
    tags = [tag for tag in order if tag == "other" or tag in rules.rules]
    catalogue = load(language)
    for number in COUNTS:
        assert catalogue.plural(number) == tags.index(rules(number)), number
        assert str(number) in catalogue.count("ask.rows", number)
    for message in catalogue.messages.values():
        assert len(message.forms) in {1, len(tags)}


def test_a_refusal_fills_every_placeholder_of_its_message() -> None:
    """Read from the source: `Refusal("code", a=…)` must give what the message of that code asks for."""
    english = load("en")
    wanting = []
    for path, tree in sources().items():
        for node in ast.walk(tree):
            match node:
                case ast.Call(args=[ast.Constant(value=str(code)), *_], keywords=keywords) if called_name(node) == "Refusal":
                    given = {keyword.arg for keyword in keywords}
                    needed = set(placeholders(english.template(code))) if english.has(code) else set[str]()
                    if None not in given and not needed <= given:
                        wanting.append(f"{path}:{node.lineno} {code} lacks {sorted(needed - given)}")
                case _:
                    pass
    assert wanting == []


def given_to_refusals() -> Iterator[tuple[str, str, ast.expr, frozenset[str]]]:
    """Each value that the source gives to a refusal, directly or by a variable or a mapping of that name: where, under what name, the
    value, and the names of all that are given beside it (none where that cannot be read from the place)."""
    for path, tree in sources().items():
        for node in ast.walk(tree):
            given: list[tuple[str, ast.expr]] = []
            names: frozenset[str] = frozenset()
            match node:
                case ast.Call(args=arguments, keywords=keywords) if called_name(node) in MAKES_REFUSALS:
                    given = [("wanted", each) for each in arguments[1:]] + [(each.arg, each.value) for each in keywords if each.arg]
                    names = frozenset(name for name, _ in given) if len(given) == len(arguments[1:]) + len(keywords) else frozenset()
                case ast.Assign(targets=[ast.Name(id=name)], value=value) if name in SENTENCE_PARTS:
                    given = [(name, value)]
                case ast.Dict(keys=keys, values=values):
                    given = [(key.value, value) for key, value in zip(keys, values, strict=True) if is_word_of(key)]  # type: ignore[union-attr,misc]
                case _:
                    pass
            for name, value in given:
                for part in ast.walk(value):
                    yield f"{path}:{getattr(node, 'lineno', 0)}", name, cast("ast.expr", part), names


def is_word_of(key: ast.expr | None) -> bool:
    """Whether a mapping's key names a parameter that is a word."""
    return isinstance(key, ast.Constant) and key.value in SENTENCE_PARTS


def test_no_refusal_is_given_a_phrase_of_one_language() -> None:
    """What a refusal says is in the catalogues: its parameters are names, numbers, what the asker wrote, or the code of a word."""
    phrases = []
    for place, name, value, _ in given_to_refusals():
        match value:
            case ast.Constant(value=str(text)):
                pass
            case ast.JoinedStr(values=parts):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "…" for part in parts)
            case _:
                continue
        if name not in WRITTEN_BY_PEOPLE and PHRASE.search(QUOTED.sub("", text)):
            phrases.append(f"{place} {name}={text!r}")
    assert phrases == []


def test_the_systems_own_words_are_shown_to_nobody() -> None:
    """They are English, or of the machine's language: `cause_of` gives the code of a word."""
    spoken = [
        f"{path}:{node.lineno}"
        for path, tree in sources().items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and node.attr in {"strerror", "verify_message"} and path != "engines/connection.py"
    ]
    assert spoken == []


def test_every_word_given_to_a_refusal_is_in_the_catalogues_and_is_filled() -> None:
    english = load("en")
    wanting = []
    for place, name, value, names in given_to_refusals():
        if isinstance(value, ast.Constant) and isinstance(value.value, str) and value.value.startswith(WORD):
            code = value.value
            part_of_code = code.endswith(".")  # the rest is filled in from an enumeration
            if not part_of_code and not english.has(code):
                wanting.append(f"{place} {name}={code} is not in the catalogues")
            elif not part_of_code and names and not set(placeholders(english.template(code))) <= names:
                wanting.append(f"{place} {name}={code} lacks {placeholders(english.template(code))}")
    assert wanting == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_state_action_role_and_thing_has_its_word(language: str) -> None:
    catalogue = load(language)
    states = {each.value for kind in (ProjectState, PermitState, RunState, OutputState, ModelState) for each in kind} | {"queued"}
    codes = (
        {f"state.{state}" for state in states} | {f"role.{role.value}" for role in Role} | {f"output.{kind.value}" for kind in OutputKind}
    )
    codes |= {f"thing.{machine.name}" for machine in (PROJECT, PERMIT, RUN, OUTPUT, MODEL)} | set(WANTED.values())
    missing = {code for code in codes if not catalogue.has(f"{WORD}{code}")} | {
        each.word for each in Action if not catalogue.has(each.word)
    }
    assert missing == set()


@pytest.mark.parametrize("language", OTHERS)
@pytest.mark.parametrize("code", CODES)
def test_a_refusal_reads_in_the_language_of_its_reader_alone(code: str, language: str) -> None:
    """With every parameter a word: no placeholder is left, no code of a word is seen, and no English."""
    parameters = {name: SAMPLES.get(name, 3) for name in placeholders(load("en").template(code))}
    told = describe(Refusal(code, **parameters), asked="", catalogue=load(language))
    assert not re.search(r"\bword\.", told)
    assert not any(f"{{{name}}}" in told for name in parameters)
    for name in parameters.keys() & SAMPLES.keys():
        assert load("en").say(SAMPLES[name], number=3, low=1, high=9) not in told or load(language).say(SAMPLES[name]) == load("en").say(
            SAMPLES[name]
        )


def test_every_message_named_in_the_doors_exists() -> None:
    english = load("en")
    unknown = []
    for path, tree in sources().items():
        if not path.startswith(("cli/", "client/", "local/", "mcp/")):
            continue
        for node in ast.walk(tree):
            match node:
                case ast.Call(args=[ast.Constant(value=str(code)), *_]) if called_name(node) in {"say", "count"}:
                    if not english.has(code):
                        unknown.append(f"{path}:{node.lineno} {code}")
                case _:
                    pass
    assert unknown == []
