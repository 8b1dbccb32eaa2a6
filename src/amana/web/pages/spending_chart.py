"""What was spent of a budget, day by day, as lines in steps: drawn here, from the public log alone."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, final

from amana.register.over_time import Spent

WIDTH, HEIGHT = 440, 220
LEFT, RIGHT, TOP, BOTTOM = 48, 8, 8, 26
LINES_MAX: Final = 4
"""Projects with a line of their own; the others are in the line of all."""
STEPS_MAX: Final = 80
"""Steps of one line: on a longer time, the last of each stretch."""
DASHES: Final = ("7 4", "2 3", "10 3 2 3", "1 5")
TICKS: Final = (0.0, 0.25, 0.5, 0.75, 1.0)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`project`: "" is the custodian's own, None the line of all. `dash`: of the stroke, empty for an unbroken one."""

    project: str | None
    path: str
    dash: str
    share: float
    last: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """`ticks`: pairs of height and share; `top`: the share at the upper edge. `others`: projects without a line."""

    lines: tuple[Line, ...]
    ticks: tuple[tuple[float, float], ...]
    top: float
    first: str
    last: str
    others: int


def chart_of(spent: Spent, *, today: str) -> Chart:
    """The drawing of one account, up to today."""
    first, last = spent.gone[0][0], max(today, spent.gone[-1][0])
    top = next((each for each in (0.05, 0.1, 0.25, 0.5) if spent.gone[-1][1] <= each), 1.0)
    drawn = spent.projects[:LINES_MAX]
    lines = [Line(project=None, path=_path(spent.gone, first, last, top=top), dash="", share=spent.gone[-1][1], last=spent.gone[-1][0])]
    lines += [
        Line(project=project, path=_path(days, first, last, top=top), dash=dash, share=days[-1][1], last=days[-1][0])
        for (project, days), dash in zip(drawn, DASHES, strict=False)
    ]
    ticks = tuple((round(_height(top * each, top=top), 1), top * each) for each in TICKS)
    return Chart(lines=tuple(lines), ticks=ticks, top=top, first=first, last=last, others=len(spent.projects) - len(drawn))


def _path(days: Sequence[tuple[str, float]], first: str, last: str, *, top: float) -> str:
    """Steps from nothing on the first day to what was gone on the last."""
    length = max(1, _day(last) - _day(first))
    places: dict[int, float] = {}
    for day, share in days:
        place = LEFT + (WIDTH - LEFT - RIGHT) * (_day(day) - _day(first)) / length
        places[round(place * STEPS_MAX / WIDTH) * WIDTH // STEPS_MAX if len(days) > STEPS_MAX else round(place)] = share
    steps = "".join(f"H{place}V{_height(share, top=top):.1f}" for place, share in places.items())
    return f"M{LEFT} {_height(0, top=top):.1f}{steps}H{WIDTH - RIGHT}"


def _height(share: float, *, top: float) -> float:
    return TOP + (HEIGHT - TOP - BOTTOM) * (1 - min(share, top) / top)


def _day(written: str) -> int:
    return date.fromisoformat(written).toordinal()
