"""What everybody may know of the portal itself: what its guarantee means, what attacks find, whom it reaches, and what is wrong with it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import final

from fastapi import Response
from markupsafe import Markup

from amana.client.odds import epsilon_of, odds_percent, right_of_100
from amana.node.service import Service
from amana.policy.rights import Action
from amana.register.findings import findings_text
from amana.web.access import doing
from amana.web.pages.plain import items_of
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages

QUESTION_PART = 100
"""A question that takes a hundredth of the budget stands for any."""
NRHO_PER_RHO = 1_000_000_000
router = public_pages()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """Of 100 who guess, how many say "she is in" when she is not, and when she is. `code`: of the message that says what was released."""

    code: str
    absent: int
    present: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Odds:
    """What the budget of one dataset means. Units: rho; per cent."""

    title: tuple[tuple[str, str], ...]
    guesses: tuple[Guess, ...]
    unit: str
    cap_rho: float
    spent_rho: float
    epsilon: float
    delta: float
    sure_percent: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attack:
    """How often one attack was right: with each loss, the smallest first, by chance alone, and where nothing is protected."""

    name: str
    right: tuple[int, ...]
    chance: int
    unprotected: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Attacks:
    """What the attacks found, of how many guesses each, and in which version of the program."""

    version: str
    day: str
    of: int
    rows: tuple[Attack, ...]


@router.get("/privacy", openapi_extra=doing(Action.SEE_PUBLIC))
def privacy(reader: Read) -> Response:
    """What the guarantee means, and how well it holds."""
    return page(reader, "privacy.html", datasets=odds_of(reader.service), attacks=attacks())


@router.get("/accessibility", openapi_extra=doing(Action.SEE_PUBLIC))
def accessibility(reader: Read) -> Response:
    """Whom the portal reaches, and whom not yet."""
    return page(reader, "accessibility.html", contact=contact_of(reader.service))


@router.get("/vulnerabilities", openapi_extra=doing(Action.SEE_PUBLIC))
def vulnerabilities(reader: Read) -> Response:
    """What is known to be wrong or limited."""
    return page(reader, "vulnerabilities.html", known=known(), contact=contact_of(reader.service))


def odds_of(service: Service) -> Sequence[Odds]:
    """Of every dataset."""
    found = list[Odds]()
    for dataset in service.datasets():
        budget = service.node.budget(dataset.name)
        question = budget.cap_nrho // QUESTION_PART
        losses = {"one_question": question, "so_far": budget.spent_nrho, "whole": budget.cap_nrho}
        found.append(
            Odds(
                title=dataset.title,
                guesses=tuple(_guess(code, nrho) for code, nrho in losses.items()),
                unit=budget.unit,
                cap_rho=budget.cap_nrho / NRHO_PER_RHO,
                spent_rho=budget.spent_nrho / NRHO_PER_RHO,
                epsilon=budget.epsilon_of_cap,
                delta=budget.delta_shown,
                sure_percent=odds_percent(epsilon_of(question)),
            )
        )
    return found


@cache
def attacks() -> Attacks:
    """As `make attacks` measured them last."""
    kept = json.loads(_text("attacks.json"))
    rows = tuple(
        Attack(
            name=str(row["attack"]),
            right=tuple(int(right) for right in row["right"]),
            chance=int(row["chance"]),
            unprotected=int(row["right_without_protection"]),
        )
        for row in kept["attacks"]
    )
    return Attacks(version=str(kept["version"]), day=str(kept["on"]), of=int(kept["guesses"]), rows=rows)


@cache
def known() -> tuple[Markup, ...]:
    """The known vulnerabilities, one by one."""
    return items_of(findings_text())


def contact_of(service: Service) -> str:
    """Whom to tell, as the settings name it; empty where they name nobody."""
    settings = service.settings
    return ", ".join(each for each in (settings.access_body, settings.access_body_contact) if each)


def _guess(code: str, nrho: int) -> Guess:
    present = right_of_100(nrho)
    return Guess(code=f"page.privacy.{code}", absent=100 - present, present=present)


def _text(name: str) -> str:
    return files("amana.web.pages").joinpath(name).read_text("utf-8")
