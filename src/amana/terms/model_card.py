"""What the team says of a model, in the languages in which people read it. Standard library only."""

import json
from dataclasses import asdict, dataclass
from typing import Any, Final, TypeAlias, cast, final

Texts: TypeAlias = tuple[tuple[str, str], ...]
"""Pairs (language, text)."""


CATEGORIES: Final = ("high_risk", "impactful", "other")
"""High risk by the law on AI; of weight for people all the same; neither."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """The words of a card.

    `purpose`: what it is for. `decides`: what it says, about whom, and what follows from that for them. `weighed`: why it is used, and
    what was weighed against that. `oversight`: what a human being does before anything follows. `objection`: how somebody objects.
    `limits`: what it must not be used for, and its risks. `legal_basis`: the law under which it is used. `category`: of CATEGORIES.
    `provider`: who made it; `deployer`: who uses it, empty while nobody does. `contact`: where to ask. `assessment`: where the
    assessment of its impact is found, if there is one; `website`: more about it.
    """

    name: Texts
    purpose: Texts
    decides: Texts
    weighed: Texts
    oversight: Texts
    objection: Texts
    limits: Texts
    legal_basis: Texts
    category: str
    provider: str
    contact: str
    deployer: str = ""
    assessment: str = ""
    website: str = ""

    def __post_init__(self) -> None:
        assert self.category in CATEGORIES, self.category


TRANSLATED: Final = ("name", "purpose", "decides", "weighed", "oversight", "objection", "limits", "legal_basis")
PLAIN: Final = ("category", "provider", "contact", "deployer", "assessment", "website")
NEEDED: Final = (*TRANSLATED, "category", "provider", "contact")
"""What every card says, in one language at least."""


def missing_of(card: Card) -> tuple[str, ...]:
    """What every card says and this one does not."""
    return tuple(
        name for name in NEEDED if not (any(words for _, words in getattr(card, name)) if name in TRANSLATED else getattr(card, name))
    )


def write_card(card: Card) -> str:
    """As one line of JSON: texts as objects, language to text."""
    texts: dict[str, object] = {name: dict(getattr(card, name)) for name in TRANSLATED}
    return json.dumps(asdict(card) | texts, ensure_ascii=False)


def read_card(written: str) -> Card:
    """What `write_card` wrote."""
    plain = cast("dict[str, Any]", json.loads(written))
    texts: dict[str, Any] = {name: tuple(cast("dict[str, str]", plain[name]).items()) for name in TRANSLATED}
    return Card(**plain | texts)
