"""The card of a model while it is written: what the form shows, what it brings, and what is made of it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, final

from amana.terms.model_card import CATEGORIES, PLAIN, TRANSLATED, Card
from amana.terms.refusal import Refusal
from amana.web.pages.forms import Form
from amana.web.pages.reader import NAMES

NAME_CHARACTERS_MAX = 300
TEXT_CHARACTERS_MAX = 5_000
PARTY_CHARACTERS_MAX = 200
LINE_CHARACTERS_MAX = 400
WEBSITE = re.compile(r"https?://[!-~]+")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CardDraft:
    """The fields as they are typed. Shapes: `said` by field and language, `plain` by field."""

    said: Mapping[str, Mapping[str, str]]
    plain: Mapping[str, str]

    @property
    def languages(self) -> frozenset[str]:
        """Those in which anything is said."""
        return frozenset(language for texts in self.said.values() for language, text in texts.items() if text)


def card_draft(card: Card | None) -> CardDraft:
    """The form of a card, or an empty one."""
    if card is None:
        return CardDraft(said={name: {} for name in TRANSLATED}, plain=dict.fromkeys(PLAIN, ""))
    return CardDraft(said={name: dict(getattr(card, name)) for name in TRANSLATED}, plain={name: getattr(card, name) for name in PLAIN})


def typed_card(form: Form) -> CardDraft:
    """What a form brought. Errors: Refusal http.bad_request for a text that is too long."""
    return CardDraft(
        said={
            name: {language: form.text(f"{name}_{language}", most=most_of(name)) for language in NAMES} for name in TRANSLATED
        },
        plain={name: form.text(name, most=most_of(name)) for name in PLAIN},
    )  # fmt: skip


def most_of(field: str) -> int:
    """Characters in a field."""
    if field == "name":
        return NAME_CHARACTERS_MAX
    if field in TRANSLATED:
        return TEXT_CHARACTERS_MAX
    return PARTY_CHARACTERS_MAX if field in {"provider", "contact"} else LINE_CHARACTERS_MAX


def card_of(draft: CardDraft) -> Card:
    """What is written. Errors: Refusal model.card_incomplete, http.bad_request for an address that is none."""
    if draft.plain["category"] not in CATEGORIES:
        raise Refusal("model.card_incomplete", fields="word.card.category")
    website = draft.plain["website"]
    if website and WEBSITE.fullmatch(website) is None:
        raise Refusal("http.bad_request", field="word.card.website", where=None, wanted="word.web_address")
    said: dict[str, Any] = {
        name: tuple((language, text) for language, text in texts.items() if text) for name, texts in draft.said.items()
    }  # fmt: skip
    plain: dict[str, Any] = dict(draft.plain)
    return Card(**said, **plain)
