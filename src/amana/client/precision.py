"""What a user says of precision, as the text that travels."""

import math
from decimal import Decimal

from amana.terms.refusal import Refusal

WITHIN = "5%"
"""The precision of a question that names none."""
MODEL_SHARE = "5%"
"""Of the lifetime budget, where nobody says how much a model or a synthetic table may take."""


def asked_precision(within: str | float | None, share: str | None) -> tuple[str, str | None]:
    """How precise an answer is to be, as text: a width (else 5 %), or the share of the budget that it may take, not both.

    Errors: Refusal budget.precision_and_share, budget.precision_malformed, budget.share_malformed.
    """
    if within is not None and share is not None:
        raise Refusal("budget.precision_and_share", within=str(within)[:40], share=str(share)[:40])
    return within_text(WITHIN if within is None else within), share_text(share)


def within_text(within: str | float) -> str:
    """Text as it is; a number as half of the interval in the figure's own unit: 15 is ±15, and 0.05 is ±0.05, not 5 %.

    >>> within_text(0.05)
    '0.05'

    Errors: Refusal budget.precision_malformed.
    """
    if isinstance(within, str):
        return within
    if isinstance(within, bool) or not math.isfinite(within):
        raise Refusal("budget.precision_malformed", text=str(within))
    return f"{Decimal(repr(within)):f}"


def share_text(share: str | None) -> str | None:
    """A share of the budget is always per cent, as text. Errors: Refusal budget.share_malformed."""
    if share is None:
        return None
    text = str(share)  # whoever passes a number learns that its unit is missing
    if not text.strip().endswith(("%", "٪")):
        raise Refusal("budget.share_malformed", text=text[:40])
    return text
