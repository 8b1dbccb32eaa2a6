"""A national plan: what was promised, by whom, until when, and by which figures anybody sees how far it is.

Nothing here holds a status: it is computed (`status.py`). Names of things follow IATI: indicator, baseline, period, target, actual.
"""

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import TypeAlias, final

from amana.programme.fold import Fold, Query, Share, folds_of

Words: TypeAlias = tuple[tuple[str, str], ...]
"""(language, text), in the order in which they were written."""
LANGUAGES = ("ar", "fr", "zgh", "en")
EVENT_KINDS = ("conference", "consultation", "exhibition", "meeting")
AGREEMENT_KINDS = ("agreement", "protocol", "memorandum")
CATEGORIES = (
    "plenaries", "round_tables", "speakers", "countries", "public_sector", "private_sector", "participants", "agreements", "startups",
)  # fmt: skip
LOW, HIGH = "_lo", "_hi"
"""How the columns of an interval's ends are called in an answer, after their figure."""
UP, DOWN = "up", "down"
_PERIOD = re.compile(r"([1-9][0-9]{3})(?:-(?:Q([1-4])|(0[1-9]|1[0-2])))?")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpan:
    """A piece of a source text. `start`, `end`: its characters, from 0, `end` after its last; `sha256`: of the piece as UTF-8."""

    source: str
    start: int
    end: int
    sha256: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SourceText:
    """A text that commitments come from. `sha256`: of its file."""

    id: str
    sha256: str
    title: Words
    on: date


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Theme:
    id: str
    title: Words


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """Of an event: how many of one category. `at_least`: the text says "more than"."""

    category: str
    count: int
    at_least: bool
    span: SourceSpan | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """A conference, a consultation."""

    id: str
    kind: str
    title: Words
    first: date
    last: date
    figures: tuple[Count, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What several parties signed. `document`: SHA-256 of the signed text, empty where nobody gave it."""

    id: str
    kind: str
    title: Words
    parties: tuple[Words, ...]
    signed_on: date
    event: str
    document: str
    span: SourceSpan


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """A year, a quarter or a month, by its first and last day."""

    name: str
    first: date
    last: date


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """What is to be reached at the end of a period."""

    period: Period
    value: Fraction


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PrivateFigure:
    """E2: which figure of which question to a custodian's data. `figure`: a column; else `part` of `whole` in per cent.

    `by`: the column that names regions, or empty; `row`: columns and values by which the row of the country is known.
    """

    dataset: str
    sql: str
    within: str
    figure: str
    part: str
    whole: str
    by: str
    row: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """E3: a figure that a document shows. `shows`: what it must show."""

    shows: Words


Method: TypeAlias = Query | PrivateFigure | Document


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Indicator:
    """A figure by which a commitment is measured. `direction`: in which it becomes better."""

    id: str
    title: Words
    unit: Words
    direction: str
    baseline: Fraction
    baseline_on: date
    targets: tuple[Target, ...]
    method: Method

    @property
    def within_periods(self) -> bool:
        """Whether its figure begins anew in each period."""
        return isinstance(self.method, Fold | Share) and any(each.in_period for each in folds_of(self.method))

    def reaches(self, value: Fraction, *, wanted: Fraction) -> bool:
        """Whether a value is as good as the one wanted."""
        return value >= wanted if self.direction == UP else value <= wanted


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Milestone:
    """A step on the way: done when an indicator reaches a value."""

    id: str
    title: Words
    due: date
    indicator: str
    value: Fraction


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Commitment:
    """What an organisation promised. `agreement`, `event`: of which it is a deliverable or an outcome; empty where of none."""

    id: str
    title: Words
    summary: Words
    theme: str
    owner: str
    partners: tuple[str, ...]
    due: date
    goals: tuple[int, ...]
    agreement: str
    event: str
    span: SourceSpan
    indicators: tuple[Indicator, ...]
    milestones: tuple[Milestone, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One version of a plan."""

    id: str
    version: int
    title: Words
    sources: tuple[SourceText, ...]
    themes: tuple[Theme, ...]
    events: tuple[Event, ...]
    agreements: tuple[Agreement, ...]
    commitments: tuple[Commitment, ...]

    def indicators(self) -> tuple[tuple[Commitment, Indicator], ...]:
        """Every indicator with its commitment."""
        return tuple((commitment, indicator) for commitment in self.commitments for indicator in commitment.indicators)

    def spans(self) -> tuple[tuple[str, SourceSpan], ...]:
        """Every span, with the name of what came from it."""
        found = [*((each.id, each.span) for each in self.agreements), *((each.id, each.span) for each in self.commitments)]
        figures = [(f"{event.id}.{each.category}", each.span) for event in self.events for each in event.figures if each.span is not None]
        return (*found, *figures)


def period_of(written: str) -> Period | None:
    """The period of that name: "2026", "2026-Q3" or "2026-09"; None for any other text."""
    found = _PERIOD.fullmatch(written)
    if found is None:
        return None
    year, quarter, month = int(found[1]), found[2], found[3]
    if quarter:
        first, last = 3 * int(quarter) - 2, 3 * int(quarter)
    else:
        first, last = (int(month), int(month)) if month else (1, 12)
    return Period(name=written, first=date(year, first, 1), last=date(year, last, monthrange(year, last)[1]))


def value_of(written: str) -> Fraction | None:
    """A decimal number of at most 18 digits written as a text; None for any other text."""
    return Fraction(written) if re.fullmatch(r"-?[0-9]{1,18}(?:\.[0-9]{1,9})?", written) else None


def written_of(value: Fraction) -> str:
    """A value as a decimal text, rounded to nine places.

    >>> written_of(Fraction(5, 2)), written_of(Fraction(7))
    ('2.5', '7')
    """
    scaled = round(value * 10**9)
    whole, rest = divmod(abs(scaled), 10**9)
    decimals = f".{rest:09}".rstrip("0").rstrip(".")
    return f"{'-' if scaled < 0 else ''}{whole}{decimals}"
