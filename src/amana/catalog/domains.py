"""What values a column may hold, as public facts: the policy declares them, never the rows (PRIVACY 9).

A number is an integer count of units of 10**-scale, so that every engine adds the same exact integers.
"""

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import TypeAlias, final


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NumberDomain:
    """Numbers on a public grid: low, low + step, … up to `high`. Units: `low`, `high`, `step` count 10**-scale."""

    scale: int
    low: int
    high: int
    nullable: bool = False
    step: int = 1

    def __post_init__(self) -> None:
        assert 0 <= self.scale <= 18 and self.low <= self.high and self.step >= 1, (self.scale, self.low, self.high, self.step)


class DateStep(Enum):
    """The grid a date lies on: every day, or only the first day of each week (Monday), month, quarter, year."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    YEAR = "year"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DateDomain:
    low: date
    high: date
    nullable: bool = False
    step: DateStep = DateStep.DAY

    def __post_init__(self) -> None:
        assert self.low <= self.high


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MomentDomain:
    """Points in time without a zone. Units: whole seconds."""

    low: datetime
    high: datetime
    nullable: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class BooleanDomain:
    nullable: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ChoiceDomain:
    """One of declared members; `members` is sorted by code point, so the order of codes is the order of text."""

    members: tuple[str, ...]
    nullable: bool = False

    def __post_init__(self) -> None:
        assert self.members == tuple(sorted(set(self.members)))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TextDomain:
    """Free text of unknown content. Units: `length_max` in characters."""

    length_max: int
    nullable: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyDomain:
    """An identifier: it may join, count distinct and tell units apart, and nothing else; it has no literal values."""

    nullable: bool = False


Domain: TypeAlias = NumberDomain | DateDomain | MomentDomain | BooleanDomain | ChoiceDomain | TextDomain | KeyDomain
