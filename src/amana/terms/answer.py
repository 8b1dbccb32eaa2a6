"""What a user takes away: estimates with their intervals."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """A released figure and its 95 % interval, for noise only (PRIVACY 20). None: cannot be computed from the noisy sums."""

    value: float | None
    low: float | None
    high: float | None


Shown: TypeAlias = Estimate | str | int | float | bool | date | datetime | None
"""A cell of an answer: an estimate, or the value of a key."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerTable:
    """Shapes: each row has one cell for each of `columns`."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Shown, ...], ...]
