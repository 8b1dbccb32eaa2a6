"""What a plan owner states, and what whoever decides says: looked at before any of it is kept, for it becomes a public document."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import final

from amana.programme.evidence import LINK_MAX, NOTE_MAX, TITLE_MAX, Shown
from amana.programme.plan import value_of, written_of
from amana.programme.plan_file import HEX
from amana.terms.refusal import Refusal

REASONS_MAX = 2_000
LINK = re.compile(r"https?://[!-~]+")
TURNING = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that make a line read otherwise than it is written. Source: Unicode Standard Annex 9, 2.1 to 2.4."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Stated:
    """What a plan owner states for an indicator. `shown`: the document that the figure is in; None: a claim, which weighs nothing."""

    indicator: str
    on: date
    value: Fraction
    shown: Shown | None
    note: str


def check_statement(stated: Stated, *, today: date) -> None:
    """Return if it can be kept. Errors: Refusal programme.evidence_wrong for a day to come; node.bad_value."""
    if stated.on > today:
        raise Refusal("programme.evidence_wrong", reason="word.evidence.future")
    if value_of(written_of(stated.value)) != stated.value:
        raise Refusal("node.bad_value", field="value", wanted="word.programme.value")
    _check_text("note", stated.note, most=NOTE_MAX, lines="\n")
    if stated.shown is not None:
        _check_shown(stated.shown)


def check_reasons(reasons: str) -> None:
    """Return if they say something. Errors: Refusal node.bad_value."""
    _check_text("reasons", reasons, most=REASONS_MAX, lines="\n", needed=1)


def check_digest(sha256: str) -> None:
    """Return if it can be one. Errors: Refusal node.bad_value."""
    if HEX.fullmatch(sha256) is None:
        raise Refusal("node.bad_value", field="sha256", wanted="word.programme.digest")


def _check_shown(shown: Shown) -> None:
    check_digest(shown.sha256)
    _check_text("title", shown.title, most=TITLE_MAX, needed=1)
    if shown.link and (len(shown.link) > LINK_MAX or LINK.fullmatch(shown.link) is None):
        raise Refusal("node.bad_value", field="link", wanted="word.programme.link")


def _check_text(field: str, text: str, *, most: int, lines: str = "", needed: int = 0) -> None:
    """What people read: neither what a terminal obeys nor what turns a line around. `lines`: what may break it."""
    hidden = any((unicodedata.category(each) in {"Cc", "Cs"} and each not in lines) or each in TURNING for each in text)
    if hidden or len(text) > most or len(text.strip()) < needed:
        raise Refusal("node.bad_value", field=field, wanted="word.printable", number=most)
