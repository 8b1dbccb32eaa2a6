"""An answer drawn: figures with their intervals, as SVG that the server writes. What a picture would not show well is not drawn.

Numbers grow to the right in every language. Widths of texts are estimated, for the server has no fonts; estimates are generous.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TypeAlias, final

from markupsafe import Markup

from amana.client.figures import digits_after, number, show
from amana.terms.answer import AnswerTable, CellType, Estimate, Shown

WIDTH = 360.0
"""Of every drawing, in its own units: as wide as the column of a small phone, so that texts stay readable there."""
BARS_MAX, POINTS_MAX, PANELS_MAX, CHARTS_MAX = 40, 400, 6, 3
TICKS = 4
CHARACTERS_MAX = 44
UNGROUPED = 10_000
"""Years, and whatever is no longer than they are, are written without a gap."""
SIDE_MAX = 120.0
"""Labels that are no wider stand beside their bars, wider ones above."""
ORDERED = frozenset({CellType.DATE, CellType.MOMENT, CellType.INTEGER, CellType.NUMBER})
BAR, LINE, FOOT, TOP = 14.0, 17.0, 32.0, 12.0
PLOT = 170.0
FLAT = 0.4
"""Where intervals span a smaller part of the largest figure, bars from zero would hide what differs: dots are drawn."""
Key: TypeAlias = str | int | float | bool | date | None
"""`datetime` is a `date`."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One figure to be drawn, with the ends of its interval."""

    key: Key
    low: float
    value: float
    high: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Panel:
    """Marks on one scale. `title`: empty where there is but one."""

    title: str
    marks: tuple[Mark, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One figure of an answer by its keys. `by`: the names of the keys; `lowest`, `highest`: the marks at the ends; `panels`: drawings
    with their titles, all on one scale."""

    name: str
    by: tuple[str, ...]
    lowest: Mark
    highest: Mark
    panels: tuple[tuple[str, Markup], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """What a scale holds: from one round number to another, in round steps. `from_zero`: whether zero is among them."""

    low: float
    high: float
    step: float
    from_zero: bool

    def labels(self) -> list[tuple[float, str]]:
        """The round numbers, and how they are written."""
        digits = next((count for count in range(12) if math.isclose(round(self.step, count), self.step, rel_tol=1e-9)), 12)
        count = round((self.high - self.low) / self.step)
        return [(self.low + index * self.step, number(self.low + index * self.step, digits)) for index in range(count + 1)]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Scale:
    """From values to places. Units: of the drawing."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Where a value stands."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def charts_of(table: AnswerTable) -> tuple[Chart, ...]:
    """The drawings of an answer, one for each of its first figures; none where there is nothing to compare, or too much."""
    keys = [index for index, kind in enumerate(table.types) if kind is not CellType.FIGURE]
    figures = [index for index, kind in enumerate(table.types) if kind is CellType.FIGURE]
    if not 1 <= len(keys) <= 2:
        return ()
    made = (_chart(table, figure, keys) for figure in figures[:CHARTS_MAX])
    return tuple(each for each in made if each is not None)


def _chart(table: AnswerTable, figure: int, keys: Sequence[int]) -> Chart | None:
    axis, split = _roles(table, keys)
    if axis is None:
        return None
    ordered = table.types[axis] in ORDERED
    panels: dict[str, list[Mark]] = {}
    for row in table.rows:
        mark = _mark(row[axis], row[figure])
        if mark is not None and not (ordered and mark.key is None):
            panels.setdefault("" if split is None else show(row[split]), []).append(mark)
    marks = [mark for each in panels.values() for mark in each]
    if len(marks) < 2 or len(panels) > PANELS_MAX:
        return None
    most = POINTS_MAX if ordered else BARS_MAX
    if any(len(each) > most or len({mark.key for mark in each}) < len(each) for each in panels.values()):
        return None
    drawn: list[tuple[str, Markup]] = []
    for title, each in panels.items():
        panel = Panel(title=title, marks=tuple(each))
        drawn.append((title, _points(panel, marks) if ordered else _bars(panel, marks)))
    return Chart(
        name=table.columns[figure],
        by=tuple(table.columns[index] for index in keys),
        lowest=min(marks, key=lambda mark: mark.value),
        highest=max(marks, key=lambda mark: mark.value),
        panels=tuple(drawn),
    )


def _roles(table: AnswerTable, keys: Sequence[int]) -> tuple[int | None, int | None]:
    """Which key is the axis, and which one splits the drawing: an ordered key is the axis, else the one of more values."""
    if len(keys) == 1:
        return keys[0], None
    counts = {key: len({row[key] for row in table.rows}) for key in keys}
    one, other = sorted(keys, key=lambda key: (table.types[key] not in ORDERED, -counts[key]))
    if counts[other] > PANELS_MAX and counts[one] <= PANELS_MAX:
        one, other = other, one
    return (None, None) if counts[other] > PANELS_MAX else (one, other)


def _mark(key: Shown, cell: Shown) -> Mark | None:
    """What can be drawn of a cell: nothing where it has no value, or no end."""
    if not isinstance(cell, Estimate) or isinstance(key, Estimate) or cell.value is None:
        return None
    low, high = (cell.value if end is None else end for end in (cell.low, cell.high))
    return Mark(key=key, low=low, value=cell.value, high=high) if all(map(math.isfinite, (low, cell.value, high))) else None


def _bars(panel: Panel, everything: Sequence[Mark]) -> Markup:
    """One bar for each key, from zero; dots where zero is far away."""
    span = _span(everything)
    labels = {mark.key: _cut(show(mark.key)) for mark in panel.marks}
    widest = max(width_of(_cut(show(mark.key))) for mark in everything)
    beside = widest <= SIDE_MAX
    start, step = (widest + 8 if beside else 4.0), (BAR + 8 if beside else LINE + BAR + 6)
    numbers = span.labels()
    scale = Scale(low=span.low, high=span.high, start=start, end=WIDTH - max(12.0, width_of(numbers[-1][1]) / 2 + 2))
    bottom = TOP + step * len(panel.marks)
    parts = _ticks(numbers, scale, bottom)
    for index, mark in enumerate(panel.marks):
        top = TOP + index * step + (0 if beside else LINE)
        middle = top + BAR / 2
        place = (widest, middle + 4) if beside else (start, top - 4)
        parts.append(_text(*place, labels[mark.key], anchor="end" if beside else "start"))
        if span.from_zero:
            left, right = sorted((scale.at(0.0), scale.at(mark.value)))
            parts.append(
                Markup('<rect x="{}" y="{}" width="{}" height="{}" fill="currentColor" fill-opacity=".3"/>').format(
                    _n(left), _n(top), _n(max(right - left, 0.5)), _n(BAR)
                )
            )
        parts.append(_whisker(scale.at(mark.low), scale.at(mark.value), scale.at(mark.high), middle))
    return _drawing(parts, bottom + FOOT)


def _points(panel: Panel, everything: Sequence[Mark]) -> Markup:
    """Points in their order, joined by a line, each with its interval."""
    span = _span(everything)
    margin = max(width_of(text) for _, text in span.labels()) + 10
    places = [_number(mark.key) for mark in everything]
    if min(places) == max(places):
        places = [places[0] - 1, places[0] + 1]
    across = Scale(low=min(places), high=max(places), start=margin + 6, end=WIDTH - 14)
    up = Scale(low=span.low, high=span.high, start=TOP + PLOT, end=TOP)
    parts: list[Markup] = []
    for value, label in span.labels():
        y = up.at(value)
        parts.append(_rule(margin, y, WIDTH - 4, y))
        parts.append(_text(margin - 4, y + 4, label, anchor="end"))
    marks = sorted(panel.marks, key=lambda mark: _number(mark.key))
    line = " ".join(f"{_n(across.at(_number(mark.key)))},{_n(up.at(mark.value))}" for mark in marks)
    parts.append(Markup('<polyline points="{}" fill="none" stroke="currentColor" stroke-opacity=".5"/>').format(line))
    for mark in marks:
        x = across.at(_number(mark.key))
        parts.append(_rule(x, up.at(mark.low), x, up.at(mark.high), strong=True))
        parts.append(Markup('<circle cx="{}" cy="{}" r="2.5" fill="currentColor"/>').format(_n(x), _n(up.at(mark.value))))
    parts += _across(marks, across, bottom=TOP + PLOT)
    return _drawing(parts, TOP + PLOT + FOOT)


def _across(marks: Sequence[Mark], scale: Scale, *, bottom: float) -> Iterable[Markup]:
    """The keys below the points: as many as have room, the first and the last among them."""
    texts = _key_texts([mark.key for mark in marks])
    room = max(width_of(text) for text in texts) + 10
    most = max(2, int((scale.end - scale.start) / room))
    chosen = sorted({round(index * (len(marks) - 1) / (most - 1)) for index in range(most)})
    last = min(scale.at(_number(marks[-1].key)), WIDTH - room / 2)
    free = -math.inf
    for index in chosen:
        x = min(max(scale.at(_number(marks[index].key)), room / 2), WIDTH - room / 2)
        if x - room / 2 >= free and (index == len(marks) - 1 or x + room <= last):
            yield _text(x, bottom + 23, texts[index], anchor="middle")
            free = x + room / 2


def _key_texts(keys: Sequence[Key]) -> list[str]:
    """Days without what is the same in all of them."""
    days = [key for key in keys if isinstance(key, date)]
    if len(days) == len(keys) and all(day.day == 1 and str(day)[10:] in {"", " 00:00:00"} for day in days):
        return [str(day)[: 4 if all(each.month == 1 for each in days) else 7] for day in days]
    if any(isinstance(key, float) for key in keys):
        return [
            number(float(key), 0 if float(key).is_integer() else digits_after(abs(float(key)) / 10))
            if isinstance(key, (int, float))
            else show(key)
            for key in keys
        ]
    return [number(key, 0) if isinstance(key, int) and abs(key) >= UNGROUPED else show(key)[:16] for key in keys]


def _ticks(labels: Sequence[tuple[float, str]], scale: Scale, bottom: float) -> list[Markup]:
    """Lines and numbers below bars; as many numbers as have room."""
    parts = [_rule(scale.at(value), TOP - 4, scale.at(value), bottom) for value, _ in labels]
    room = max(width_of(text) for _, text in labels) + 8
    free = -math.inf
    for value, text in labels:
        half = width_of(text) / 2
        x = min(max(scale.at(value), half + 1), WIDTH - half - 1)
        if x - room / 2 >= free:
            parts.append(_text(x, bottom + 18, text, anchor="middle"))
            free = x + room / 2
    return parts


def _span(marks: Sequence[Mark]) -> Span:
    """What the scale of all marks holds."""
    low, high = min(mark.low for mark in marks), max(mark.high for mark in marks)
    largest = max(abs(low), abs(high))
    from_zero = low <= 0 <= high or (high - low) >= FLAT * largest
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if high <= low:
        low, high = low - 1, high + 1
    step = _step(low, high)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return Span(low=step * first, high=step * last, step=step, from_zero=from_zero)


def _step(low: float, high: float) -> float:
    rough = (high - low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)


def _number(key: Key) -> float:
    """Where an ordered key stands. Units: days, or the key's own."""
    if isinstance(key, date):
        whole = float(key.toordinal())
        return whole + (getattr(key, "hour", 0) * 3600 + getattr(key, "minute", 0) * 60 + getattr(key, "second", 0)) / 86_400
    assert isinstance(key, (int, float))
    return float(key)


def _cut(text: str) -> str:
    return text if len(text) <= CHARACTERS_MAX else text[: CHARACTERS_MAX - 1] + "…"


def width_of(text: str) -> float:
    """About how wide a text of 12 units is; rather too wide."""
    return sum(_advance(letter) for letter in text)


def _advance(letter: str) -> float:
    if letter in "ilj.,:;'|! \N{NO-BREAK SPACE}()[]":
        return 4.2
    if "\u2d30" <= letter <= "\u2d7f" or letter in "mwMW%@—":
        return 11.0
    if letter.isupper():
        return 9.2
    return 7.4 if ord(letter) < 0x2000 else 12.5


def _whisker(low: float, value: float, high: float, y: float) -> Markup:
    path = f"M{_n(low)} {_n(y)}H{_n(high)}M{_n(low)} {_n(y - 4)}V{_n(y + 4)}M{_n(high)} {_n(y - 4)}V{_n(y + 4)}"
    drawn = Markup('<path d="{}" fill="none" stroke="currentColor" stroke-width="1.5"/>').format(path)
    return drawn + Markup('<circle cx="{}" cy="{}" r="3" fill="currentColor"/>').format(_n(value), _n(y))


def _rule(x: float, y: float, to_x: float, to_y: float, *, strong: bool = False) -> Markup:
    opacity = "1" if strong else ".25"
    return Markup('<path d="M{} {}L{} {}" stroke="currentColor" stroke-opacity="{}"/>').format(_n(x), _n(y), _n(to_x), _n(to_y), opacity)


def _text(x: float, y: float, text: str, *, anchor: str) -> Markup:
    return Markup('<text x="{}" y="{}" text-anchor="{}">{}</text>').format(_n(x), _n(y), anchor, text)


def _drawing(parts: Iterable[Markup], height: float) -> Markup:
    return Markup('viewBox="0 0 {} {}">').format(_n(WIDTH), _n(height)) + Markup().join(parts)


def _n(value: float) -> str:
    return f"{value:.1f}".removesuffix(".0")
