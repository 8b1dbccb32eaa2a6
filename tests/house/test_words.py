"""Every sentence exists in the four languages, complete, with the same placeholders and in its own script."""

import ast
import re

import pytest
from babel import Locale

from amana.client.text import LANGUAGES, load
from amana.terms.codes import CODES
from tests.house.tree import SOURCE, called_name, sources

OTHERS = tuple(language for language in LANGUAGES if language != "en")
COUNTS = (0, 1, 2, 3, 11, 100)
SAME_AS_ENGLISH = {"fr": {"options", "datasets.tables", "profile.table", "publish.table"}}
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
