"""An indicator drawn small: the way that was planned, and what was observed on it. Time runs from left to right in every language.

Filled dots weigh; hollow ones are shown and weigh nothing. The sentence beside the drawing says the same.
"""

from collections.abc import Sequence
from datetime import date
from fractions import Fraction

from markupsafe import Markup

from amana.programme.status import Measure, Observation

WIDTH, HEIGHT, EDGE, LABELS = 300, 64, 6, 16
OBSERVATIONS_MAX = 40
"""The latest are drawn."""
_DRAWING = Markup(
    '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}"><g fill="none" stroke="currentColor">'
    '<path d="M0 {}H{}" stroke-opacity=".3"/><path d="{}" stroke-dasharray="4 3"/><path d="{}"/></g>{}<text y="{}">{}</text>'
    '<text x="{}" y="{}" text-anchor="end">{}</text></svg>'
)
_DOT = Markup('<circle cx="{}" cy="{}" r="3.5" fill="currentColor"/>')
_HOLLOW = Markup('<circle cx="{}" cy="{}" r="3" fill="none" stroke="currentColor"/>')


def drawn_way(measure: Measure, *, today: date, label: str) -> Markup:
    """The drawing. `label`: what it shows, in the reader's language."""
    indicator = measure.indicator
    way = [(indicator.baseline_on, indicator.baseline), *((each.period.last, each.value) for each in indicator.targets)]
    seen = [each for each in measure.observations if each.value is not None][-OBSERVATIONS_MAX:]
    first, last = way[0][0], max(way[-1][0], today)
    low, high = _extent(way, seen)

    def across(day: date) -> int:
        return round(EDGE + (WIDTH - 2 * EDGE) * max(0, (day - first).days) / max(1, (last - first).days))

    def up(value: Fraction) -> int:
        return round(EDGE + (HEIGHT - 2 * EDGE) * float((high - value) / (high - low)))

    planned = "M" + "L".join(f"{across(day)} {up(value)}" for day, value in way)
    spans = "".join(f"M{across(each.on)} {up(each.low)}V{up(each.high)}" for each in seen if each.low is not None and each.high is not None)
    marks = f"M{across(today)} {HEIGHT - EDGE}v6{spans}"
    dots = Markup().join((_DOT if each.weighs else _HOLLOW).format(across(each.on), up(_known(each))) for each in seen)
    below = HEIGHT + LABELS - 4
    whole = HEIGHT + LABELS
    return _DRAWING.format(
        label, WIDTH, whole, WIDTH, whole, HEIGHT, WIDTH, planned, marks, dots, below, first.year, WIDTH, below, last.year
    )  # fmt: skip


def _extent(way: Sequence[tuple[date, Fraction]], seen: Sequence[Observation]) -> tuple[Fraction, Fraction]:
    """From the lowest to the highest value, with the ends of intervals; a little more where all are one."""
    values = [value for _, value in way] + [_known(each) for each in seen]
    values += [end for each in seen for end in (each.low, each.high) if end is not None]
    low, high = min(values), max(values)
    return (low - 1, high + 1) if low == high else (low, high)


def _known(observation: Observation) -> Fraction:
    assert observation.value is not None, "only figures are drawn"
    return observation.value
