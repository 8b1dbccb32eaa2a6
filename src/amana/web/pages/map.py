"""Figures by region, as a map and beside it as a table that says the same. Regions are numbered, for colours do not tell everybody.

The map is not turned around where a page reads from right to left: east is on the right.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, final

from markupsafe import Markup

from amana.client.figures import number, show
from amana.programme.outline import Outline, Shape
from amana.terms.answer import Estimate
from amana.web.pages.reader import Reader
from amana.web.pages.render import ltr, part

CLASSES: Final = 5
DIGITS_MAX: Final = 12
NONE = Estimate(value=None, low=None, high=None)
SVG = Markup(
    '<svg role="img" aria-label="{}" viewBox="0 0 {} {}"><defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<path d="M0 6 6 0"/></pattern></defs>{}</svg>'
)
REGION = Markup('<g class="s{}"><title>{}</title><path d="{}"/>{}</g>')
NUMBER = Markup('<text x="{}" y="{}">{}</text>')


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shade:
    """What a region shows. `step`: the class of its figure, from 1; 0 where it has none."""

    figure: Estimate
    step: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shades:
    """`borders`: the ends of the classes, one more than there are classes; none where there is no figure. A class holds its lower end, the
    last one both."""

    borders: tuple[float, ...]
    by_region: Mapping[str, Shade]

    def of(self, region: str) -> Shade:
        """What that region shows."""
        return self.by_region.get(region, Shade(figure=NONE, step=0))


def shades_of(figures: Mapping[str, Estimate]) -> Shades:
    """Figures by region in classes that are equally wide and end at round numbers."""
    known = {region: figure.value for region, figure in figures.items() if figure.value is not None and math.isfinite(figure.value)}
    if not known:
        return Shades(borders=(), by_region={})
    borders = _borders(min(known.values()), max(known.values()))
    by_region = {region: Shade(figure=figures[region], step=_step(value, borders)) for region, value in known.items()}
    return Shades(borders=borders, by_region=by_region)


def drawn_map(reader: Reader, outline: Outline, shades: Shades, *, what: str) -> Markup:
    """The map, its legend and its table, for a page that names `map.css` among its styles and has no other map. `what`: what the figures
    are and their unit, in the reader's language."""
    rows = [(shape.number, reader.pick(shape.names), shades.of(shape.id)) for shape in outline.shapes]
    drawing = _drawing(reader, outline, shades, what=what)
    legend = [(step, ltr(text)) for step, text in enumerate(_ranges(shades.borders), start=1)]
    unknown = any(shade.step == 0 for _, _, shade in rows)
    noisy = any(shade.figure.low is not None for _, _, shade in rows)
    return part(reader, "map.html", what=what, drawing=drawing, rows=rows, legend=legend, unknown=unknown, noisy=noisy)


def _drawing(reader: Reader, outline: Outline, shades: Shades, *, what: str) -> Markup:
    """Large regions first, so that small ones that lie in them are seen."""
    shapes = sorted(outline.shapes, key=lambda shape: -shape.area)
    regions = Markup().join(_region(reader, shape, shades.of(shape.id)) for shape in shapes)
    return SVG.format(reader.catalogue.say("page.map.label", what=what), outline.width, outline.height, regions)


def _region(reader: Reader, shape: Shape, shade: Shade) -> Markup:
    name = reader.pick(shape.names).striptags()
    figure = f"\u2066{show(shade.figure)}\u2069" if shade.step else reader.catalogue.say("page.map.none")  # isolated, from left to right
    spot = Markup() if shape.spot is None else NUMBER.format(*shape.spot, shape.number)
    return REGION.format(shade.step, f"{shape.number}. {name}: {figure}", shape.path, spot)


def _borders(low: float, high: float) -> tuple[float, ...]:
    """Round ends of classes that hold both figures. One figure alone is in a class as wide as itself."""
    width = max(high - low, abs(high) * 1e-6) or 1.0
    power = 10.0 ** math.floor(math.log10(width / CLASSES))
    for step in (factor * power * more for more in (1, 10, 100) for factor in (1, 1.5, 2, 2.5, 3, 4, 5)):
        first = math.floor(low / step)
        if (first + CLASSES) * step >= high:
            return tuple((first + each) * step for each in range(CLASSES + 1))
    raise AssertionError(low, high)


def _step(value: float, borders: Sequence[float]) -> int:
    """The class that holds a figure."""
    return max(1, min(CLASSES, sum(value >= border for border in borders)))


def _ranges(borders: Sequence[float]) -> list[str]:
    """The classes as texts, with the digits that tell their ends apart."""
    if not borders:
        return []
    step = (borders[-1] - borders[0]) / CLASSES
    digits = next((count for count in range(DIGITS_MAX) if math.isclose(round(step, count), step, rel_tol=1e-6)), DIGITS_MAX)
    ends = [number(border, digits) for border in borders]
    return [f"{low} – {high}" for low, high in pairwise(ends)]
