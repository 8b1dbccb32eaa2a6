"""Precisions to choose from, with what each would cost: nobody types a privacy parameter."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import final

from amana.client.figures import digits_after, number, percent
from amana.client.precision import WITHIN
from amana.node.answers import Preview
from amana.node.service import Asked, Service
from amana.policy.people import Asker
from amana.terms.ids import PermitId
from amana.terms.precision import read_precision
from amana.web.pages.purses import Purse

OFFERED = (("10%", "rough"), (WITHIN, "usual"), ("2%", "fine"))
"""Each with the word for it."""
LADDER = ("20%", "10%", "5%", "2%", "1%", "0.5%", "0.2%", "0.1%")
"""On the way to a more precise answer."""
FINER_MAX = 2
DIGITS_MAX = 9
"""After the point, of a precision (`terms.precision`)."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Priced:
    """A precision and what it would cost. `figures`: name and ± of each, in its own unit and as a share; `of_permit`: None where no
    permit would pay; `beyond`: the note that says that it could not be paid."""

    within: str
    word: str
    figures: tuple[tuple[str, str, str], ...]
    free: bool
    of_permit: float | None
    of_budget: float
    notes: tuple[tuple[str, tuple[tuple[str, str | int], ...]], ...]
    beyond: tuple[tuple[str, tuple[tuple[str, str | int], ...]], ...]


def offered(other: str) -> tuple[tuple[str, str], ...]:
    """What is shown to choose from: the three, and what was typed, where it is none of them."""
    return OFFERED if not other or other in dict(OFFERED) else (*OFFERED, (other, ""))


def priced(
    service: Service, asker: Asker, *, sql: str, permit: PermitId | None, purses: Iterable[Purse], withins: Sequence[tuple[str, str]]
) -> tuple[Priced, ...]:
    """Each precision with its cost now: of what was asked less precisely, only the difference. Errors: as `Service.preview`."""
    purse = next((each for each in purses if each.record.id == permit), None)
    return tuple(
        _priced(service.preview(asker, asked=Asked(sql=sql, within=within, permit=permit)), within=within, word=word, purse=purse)
        for within, word in withins
    )


def finer(within: str) -> tuple[tuple[str, str], ...]:
    """The next more precise ones."""
    precision = read_precision(within)
    if precision.relative:
        steps = [each for each in LADDER if read_precision(each).amount < precision.amount]
    else:
        steps = [text for part in (2, 5) if (text := _written(precision.amount / part)) is not None]
    return tuple((each, "") for each in steps[:FINER_MAX])


def _priced(preview: Preview, *, within: str, word: str, purse: Purse | None) -> Priced:
    beyond = tuple(note for note in preview.notes if note[0].startswith("note.beyond"))
    return Priced(
        within=within,
        word=word,
        figures=tuple(
            (name, f"± {number(half, digits_after(half))}", "" if relative is None else percent(relative))
            for name, half, relative in preview.figures
        ),
        free=preview.cost_nrho == 0 and preview.cost_delta_units == 0,
        of_permit=None if purse is None else purse.cost(preview),
        of_budget=preview.share if purse is None else purse.cost_of_budget(preview),
        notes=tuple(note for note in preview.notes if note not in beyond),
        beyond=beyond,
    )


def _written(amount: Fraction) -> str | None:
    """None where it is too fine to be written."""
    text = f"{Decimal(amount.numerator) / Decimal(amount.denominator):.{DIGITS_MAX}f}".rstrip("0").rstrip(".")
    return text if text.strip("0.") else None
