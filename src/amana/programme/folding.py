"""Computing queries over a log, entry by entry: what is kept of the entries, and the figure at any moment.

Memory: one record for each combination of the members that the queries name; of things, one for each.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache
from heapq import nlargest
from operator import itemgetter
from typing import TypeAlias, cast, final

from amana.log.entries import Line, places
from amana.log.entry_forms import Form, Several, value_of
from amana.programme.fold import COUNT, COUNT_DISTINCT, LATEST, TODAY, Companion, Condition, Fold, Query, folds_of, forms_of
from amana.programme.plan import Period

SHOWN = 8
"""So many of the last entries that a figure was made of are named."""
Need: TypeAlias = tuple[str, tuple[str, ...], str, bool]
"""A kind, the members that are looked at, of what only the last entry counts, and whether the day of each is kept."""
Values: TypeAlias = tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """What a query gives. `value`: None where a whole is empty, or nothing was told yet. `matched`: of how many entries it was made;
    `entries`: the indexes of the last ones, in order."""

    value: Fraction | None
    matched: int
    entries: tuple[int, ...]


@final
class _Record:
    """Entries that are alike: how many, the index of the last, and its day."""

    __slots__ = ("count", "day", "last", "values")

    def __init__(self, values: Values, *, index: int, day: str) -> None:
        self.values, self.count, self.last, self.day = values, 1, index, day


@final
class _Kept:
    """What is kept of one kind."""

    def __init__(self, need: Need) -> None:
        kind, members, last_of, daily = need
        self._at, self._daily = [places(kind, each)[0] for each in members], daily
        self._key = None if not last_of else places(kind, last_of)[0]
        self._hour = places(kind, "hour")[0]
        self._records: dict[tuple[str, ...], _Record] = {}

    def add(self, index: int, written: Sequence[str]) -> None:
        values = tuple(written[place] for place in self._at)
        day = written[self._hour][:10]
        if self._key is not None:
            self._records[(written[self._key],)] = _Record(values, index=index, day=day)
            return
        key = (*values, day) if self._daily else values
        record = self._records.get(key)
        if record is None:
            self._records[key] = _Record(values, index=index, day=day)
        else:
            record.count += 1
            record.last, record.day = index, day

    def records(self) -> Iterable[_Record]:
        return self._records.values()


@final
class Folding:
    """The queries of a plan on their way through a log."""

    def __init__(self, queries: Iterable[Query]) -> None:
        self._kept: dict[Need, _Kept] = {}
        self._by_kind: dict[str, list[_Kept]] = {}
        for query in queries:
            for need in _needs(query):
                if need not in self._kept:
                    self._kept[need] = _Kept(need)
                    self._by_kind.setdefault(need[0], []).append(self._kept[need])

    def add(self, index: int, line: Line) -> None:
        """The next entry."""
        kind, written = line
        for kept in self._by_kind.get(kind, ()):
            kept.add(index, written)

    def figure(self, query: Query, *, on: date, period: Period | None) -> Figure:
        """What a query gives of the entries so far. `on`: the day that is "today"; `period`: which is asked about, for `in_period`."""
        if isinstance(query, Fold):
            return self._fold(query, on=on, period=period)
        part, whole = (self._fold(each, on=on, period=period) for each in (query.part, query.whole))
        value = None if not whole.value or part.value is None else 100 * part.value / whole.value
        entries = tuple(sorted({*part.entries, *whole.entries}))[-SHOWN:]
        return Figure(value=value, matched=whole.matched, entries=entries)

    def _fold(self, fold: Fold, *, on: date, period: Period | None) -> Figure:
        need = _need_of_fold(fold)
        fits = [_fits(each, need=need, on=on) for each in fold.where]
        exist = [self._exists(each, need=need, on=on) for each in fold.companions]
        found = list(self._kept[need].records())
        if fold.in_period:
            found = [record for record in found if _within(record.day, period, on=on)]
        for holds in (*fits, *exist):
            found = [record for record in found if holds(record.values)]
        matched = sum(record.count for record in found)
        last = nlargest(SHOWN, (each.last for each in found))
        return Figure(value=_value(fold, found, need=need), matched=matched, entries=tuple(reversed(last)))

    def _exists(self, companion: Companion, *, need: Need, on: date) -> Callable[[Values], bool]:
        its = _need_of_companion(companion)
        fits = [_fits(each, need=its, on=on) for each in companion.where]
        key = _picker(its, [each for _, each in companion.on])
        held = {key(record.values) for record in self._kept[its].records() if all(holds(record.values) for holds in fits)}
        own = _picker(need, [each for each, _ in companion.on])
        return lambda values: own(values) in held


def _value(fold: Fold, found: list[_Record], *, need: Need) -> Fraction | None:
    if fold.fold == COUNT:
        return Fraction(sum(record.count for record in found))
    at = need[1].index(fold.member)
    if fold.fold == COUNT_DISTINCT:
        return Fraction(len({record.values[at] for record in found}))
    form = forms_of(fold.of)[fold.member]
    if fold.fold == LATEST:
        if not found:
            return None
        last = value_of(form, max(found, key=lambda record: record.last).values[at])
        return Fraction(len(cast("tuple[str, ...]", last)) if isinstance(form, Several) else cast("int", last))
    return Fraction(sum(record.count * cast("int", value_of(form, record.values[at])) for record in found))


def _needs(query: Query) -> Iterable[Need]:
    for fold in folds_of(query):
        yield _need_of_fold(fold)
        yield from map(_need_of_companion, fold.companions)


def _need_of_fold(fold: Fold) -> Need:
    own = [each for companion in fold.companions for each, _ in companion.on]
    members = {*own, *(each.member for each in fold.where), *([fold.member] if fold.member else [])}
    return fold.of, tuple(sorted(members)), fold.last_of, fold.in_period


def _need_of_companion(companion: Companion) -> Need:
    members = {*(each for _, each in companion.on), *(each.member for each in companion.where)}
    return companion.of, tuple(sorted(members)), companion.last_of, False


def _picker(need: Need, members: Sequence[str]) -> Callable[[Values], object]:
    return cast("Callable[[Values], object]", itemgetter(*(need[1].index(each) for each in members)))


def _fits(condition: Condition, *, need: Need, on: date) -> Callable[[Values], bool]:
    at, form = need[1].index(condition.member), forms_of(need[0])[condition.member]
    meets = cache(_meets(condition, form=form, on=on))  # most members have few values
    return lambda values: meets(values[at])


def _meets(condition: Condition, *, form: Form, on: date) -> Callable[[str], bool]:
    if condition.among:
        wanted = frozenset(condition.among)
        if isinstance(form, Several):
            return lambda written: not wanted.isdisjoint(cast("tuple[str, ...]", value_of(form, written)))
        return lambda written: _text(value_of(form, written)) in wanted
    low, high = (on.isoformat() if each == TODAY else each for each in (condition.low, condition.high))

    def within(written: str) -> bool:
        value = value_of(form, written)
        if isinstance(value, date):
            day = value.isoformat()
            return (not low or day >= low) and (not high or day <= high)
        return (not low or cast("int", value) >= int(low)) and (not high or cast("int", value) <= int(high))

    return within


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _within(day: str, period: Period | None, *, on: date) -> bool:
    return period is not None and period.first.isoformat() <= day <= min(period.last, on).isoformat()
