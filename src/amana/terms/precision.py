"""What a user asks for instead of an epsilon: a precision, relative to the predicted figure or absolute."""

from dataclasses import dataclass
from fractions import Fraction
from re import fullmatch
from typing import final

from amana.terms.refusal import Refusal


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Precision:
    """Half of the 95 % interval. `relative`: a share of the predicted figure (PRIVACY 11); else in the figure's own units."""

    amount: Fraction
    relative: bool


def read_share(text: str) -> Fraction:
    """The share in `1%`: more than nothing, at most all.

    >>> read_share("1%")
    Fraction(1, 100)

    Errors: Refusal budget.share_malformed.
    """
    found = fullmatch(r"\s*(\d{1,3}(?:\.\d{1,9})?|\.\d{1,9})\s*[%٪]\s*", text)
    if found is None or not 0 < Fraction(found[1]) <= 100:
        raise Refusal("budget.share_malformed", text=text[:40])
    return Fraction(found[1]) / 100


def read_precision(text: str) -> Precision:
    """The precision in `5%`, `±15`, `+-15` or `15`.

    >>> read_precision("5%")
    Precision(amount=Fraction(1, 20), relative=True)

    Errors: Refusal budget.precision_malformed.
    """
    found = fullmatch(r"\s*(?:±|\+-|\+/-)?\s*(\d{1,15}(?:\.\d{1,9})?|\.\d{1,9})\s*([%٪]?)\s*", text)
    if found is None or Fraction(found[1]) <= 0:
        raise Refusal("budget.precision_malformed", text=text[:40])
    amount, relative = Fraction(found[1]), bool(found[2])
    return Precision(amount=amount / 100 if relative else amount, relative=relative)
