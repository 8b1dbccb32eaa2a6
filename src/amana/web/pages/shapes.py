"""Drawings of what each column adds to a model's score: bars up and down from nothing, drawn by the server.

They read from left to right in every language, and need no script. What they show stands beside them as a sentence and as a table.
Units: pixels.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import final

from markupsafe import Markup

from amana.client.figures import digits_after, number
from amana.client.model_shapes import Shape, Step
from amana.web.pages.reader import Reader
from amana.web.pages.render import ltr

WIDTH, HEIGHT, LABELS = 240, 64, 16
"""HEIGHT: of the column that adds most; the others are drawn to the same scale, so that what adds little looks little."""
GAPS_MAX = 40
"""So many bars stand apart; more touch."""
STEPS_MAX = 60
"""Lines of a table; what is beyond is in the model file."""
CHARACTERS_MAX = 14
"""Of a label under the axis."""
_DRAWING = Markup(
    '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}"><path d="{}" fill="currentColor" fill-opacity=".55"/>'
    '<path d="M0 {:g}H{}" stroke="currentColor"/><text y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text></svg>'
)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A shape in words: its picture, and its steps as pairs (values, what they add). `more`: steps that are not told."""

    name: str
    sentence: str
    picture: Markup
    steps: tuple[tuple[Markup, Markup], ...]
    more: int


def span_of(shapes: Sequence[Shape]) -> float:
    """From the least to the most that one of these columns adds, with nothing between them."""
    return max((max(0.0, shape.most.adds) - min(0.0, shape.least.adds) for shape in shapes), default=0.0)


def drawn(reader: Reader, shape: Shape, *, span: float) -> Drawn:
    """The drawing of one column with its text alternative. `span`: of all columns of the model."""
    digits = digits_after(max(shape.reach / 10, 1e-9))
    least, most = shape.least, shape.most
    sentence = reader.catalogue.say(
        "page.ai.shape_told", name=shape.name, least=_signed(least.adds, digits), least_at=_plain(reader, least),
        most=_signed(most.adds, digits), most_at=_plain(reader, most),
    )  # fmt: skip
    steps = tuple((ltr(_plain(reader, step)), ltr(_signed(step.adds, digits))) for step in shape.steps[:STEPS_MAX])
    known = shape.steps[:-1] or shape.steps
    ends = (_short(known[0]), _short(known[-1]))
    return Drawn(
        name=shape.name,
        sentence=sentence,
        picture=_picture([step.adds for step in known], span=span, ends=ends, label=sentence),
        steps=steps,
        more=max(0, len(shape.steps) - STEPS_MAX),
    )


def _picture(adds: Sequence[float], *, span: float, ends: tuple[str, str], label: str) -> Markup:
    floor, top = min(0.0, *adds), max(0.0, *adds)
    scale = HEIGHT / max(span, 1e-9)
    zero, each = top * scale, WIDTH / len(adds)
    wide = each * (0.85 if len(adds) <= GAPS_MAX else 1)
    bars = "".join(f"M{place * each:.4g} {zero:.4g}v{-add * scale:.3g}h{wide:.4g}V{zero:.4g}z" for place, add in enumerate(adds) if add)
    height = ceil((top - floor) * scale) + 2 + LABELS
    below = height - 3
    return _DRAWING.format(label, WIDTH, height, WIDTH, height, bars, zero, WIDTH, below, ends[0], WIDTH, below, ends[1])


def _plain(reader: Reader, step: Step) -> str:
    return reader.catalogue.say("page.ai.shape_missing") if step.values is None else step.values


def _short(step: Step) -> str:
    told = step.values or ""
    return told if len(told) <= CHARACTERS_MAX else f"{told[: CHARACTERS_MAX - 1]}…"


def _signed(value: float, digits: int) -> str:
    return ("-" if value < 0 else "+") + number(abs(value), digits)
