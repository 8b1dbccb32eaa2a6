"""Refusals, section 2: the corrected example in each message is accepted, and each message names its parameters."""

import re
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from amana.terms.codes import CODES
from tests.spec.conftest import Ask
from tests.spec.refusals.test_refusals import REFUSED

LOCALES = Path(__file__).parents[3] / "src" / "amana" / "locales"
with (LOCALES / "en.po").open("rb") as file:
    MESSAGES = {str(message.id): str(message.string) for message in read_po(file) if str(message.id) in CODES}
PARSER = {code: text for code, text in MESSAGES.items() if code.startswith("sql.")}
EXAMPLES = {code: text.split("Example: ")[1] for code, text in PARSER.items() if "Example: " in text}


@pytest.mark.parametrize("code", sorted(EXAMPLES))
def test_the_example_of_a_message_is_accepted(clinic: Ask, code: str) -> None:
    clinic(EXAMPLES[code])


def test_every_refusal_of_the_parser_has_a_message() -> None:
    assert {code for code in CODES if code.startswith("sql.")} == set(PARSER)


def test_only_messages_about_names_and_sizes_have_no_example() -> None:
    assert set(PARSER) - set(EXAMPLES) == {"sql.too_long", "sql.too_many_parts", "sql.unknown_table", "sql.unknown_column"}


@pytest.mark.parametrize(("sql", "code"), [pytest.param(sql, code, id=sql[:90]) for sql, code, _ in REFUSED if code.startswith("sql.")])
def test_a_message_is_filled_from_its_refusal(refusal: object, sql: str, code: str) -> None:
    found = refusal(sql)  # type: ignore[operator]
    wanted = set(re.findall(r"\{(\w+)\}", PARSER[code]))
    assert wanted <= set(found.parameters), code
