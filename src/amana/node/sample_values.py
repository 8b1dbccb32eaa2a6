"""Invented values of one column, written as text on the column's grid, inside its bounds, as often missing as the profile says."""

from bisect import bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import accumulate
from random import Random
from typing import TypeAlias, assert_never, final

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, Domain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.profile import Histogram
from amana.query.kinds import truncated

Cell: TypeAlias = str | None
"""A value as a file has it; None where there is none."""
EPOCH = date(1970, 1, 1)
START = datetime.fromisoformat("1970-01-01")
MISSING_UNKNOWN = 0.05
"""Share of missing values where no profile tells."""
TEXTS = 40
LOOKED_UP_MAX = 4_096
LETTERS = "abcdefghijklmnopqrstuvwxyz"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Shapes: bin i holds `sizes[i]` values from `lows[i]` on, and is drawn by the cumulative weights `ends`."""

    written: Callable[[int], str]
    lows: tuple[int, ...]
    sizes: tuple[int, ...]
    ends: tuple[float, ...]
    missing: float
    chance: Random

    def draw(self, count: int) -> list[Cell]:
        """That many values."""
        random, lows, sizes, ends, written, missing = self.chance.random, self.lows, self.sizes, self.ends, self.written, self.missing
        last, total = len(lows) - 1, ends[-1]
        made: list[Cell] = []
        for _ in range(count):
            if missing and random() < missing:
                made.append(None)
                continue
            place = min(bisect_right(ends, random() * total), last) if last else 0
            size = sizes[place]
            made.append(written(lows[place] + min(size - 1, int(random() * size)) if size > 1 else lows[place]))
        return made


def _writer(domain: Domain, identifiers: tuple[str, ...], low: int, high: int) -> Callable[[int], str]:
    """How a value is written: looked up where there are few."""
    if high - low >= LOOKED_UP_MAX:
        return lambda value: _written(domain, value, identifiers)
    texts = [_written(domain, value, identifiers) for value in range(low, high + 1)]
    return lambda value: texts[value - low]


def _written(domain: Domain, value: int, identifiers: tuple[str, ...]) -> str:
    match domain:
        case NumberDomain():
            return _decimal(domain.low + (value - domain.low) // domain.step * domain.step, scale=domain.scale)
        case DateDomain():
            return max(domain.low, truncated(EPOCH + timedelta(days=value), domain.step)).isoformat()
        case MomentDomain():
            return (START + timedelta(seconds=value)).isoformat(sep=" ")
        case ChoiceDomain():
            return domain.members[value]
        case BooleanDomain():
            return "true" if value else "false"
        case TextDomain():
            return f"{LETTERS[value % len(LETTERS)] * (1 + value // len(LETTERS))} invented"[: domain.length_max]
        case KeyDomain():
            return identifiers[value]
        case _:
            assert_never(domain)


def source_of(domain: Domain, histogram: Histogram | None, *, identifiers: tuple[str, ...], chance: Random) -> Source:
    """What a column's values are drawn from. `identifiers`: what a key may be."""
    low, high = _ends(domain, identifiers)
    binned = histogram is not None and not isinstance(domain, TextDomain | KeyDomain)
    bins = [(low, high - low + 1, 1.0)]
    if isinstance(domain, ChoiceDomain):
        bins = [(place, 1, 1.0) for place in range(high + 1) if _readable(domain, place)] or bins
    if histogram is not None and binned:
        within: list[tuple[int, int, float]] = []
        for place, count in enumerate(histogram.counts):
            first = histogram.low + place * histogram.width
            start, end = max(low, first), min(high, first + histogram.width - 1)
            if start <= end and count > 0 and _readable(domain, start):
                within.append((start, end - start + 1, count))
        bins = within or bins  # nothing but noise below zero: any value is as good
    return Source(
        written=_writer(domain, identifiers, low, high),
        lows=tuple(start for start, _, _ in bins),
        sizes=tuple(size for _, size, _ in bins),
        ends=tuple(accumulate(weight for _, _, weight in bins)),
        missing=_missing(domain, histogram),
        chance=chance,
    )


def _missing(domain: Domain, histogram: Histogram | None) -> float:
    if not domain.nullable:
        return 0.0
    if histogram is None:
        return MISSING_UNKNOWN
    there = sum(max(0.0, count) for count in histogram.counts)
    missing = max(0.0, histogram.missing)
    return missing / (missing + there) if missing + there > 0 else MISSING_UNKNOWN


def _ends(domain: Domain, identifiers: tuple[str, ...]) -> tuple[int, int]:
    """The lowest and the highest place of a value."""
    match domain:
        case NumberDomain():
            return domain.low, domain.high
        case DateDomain():
            return (domain.low - EPOCH).days, (domain.high - EPOCH).days
        case MomentDomain():
            return int((domain.low - START).total_seconds()), int((domain.high - START).total_seconds())
        case ChoiceDomain():
            return 0, len(domain.members) - 1
        case BooleanDomain():
            return 0, 1
        case TextDomain():
            return 0, TEXTS - 1
        case KeyDomain():
            return 0, len(identifiers) - 1
        case _:
            assert_never(domain)


def _readable(domain: Domain, place: int) -> bool:
    """Whether a file can hold the member: outer spaces are taken off when files are read."""
    return not isinstance(domain, ChoiceDomain) or bool(domain.members[place]) and domain.members[place].strip(" ") == domain.members[place]


def _decimal(units: int, *, scale: int) -> str:
    if scale == 0:
        return str(units)
    whole, part = divmod(abs(units), 10**scale)
    return f"{'-' if units < 0 else ''}{whole}.{part:0{scale}d}"
