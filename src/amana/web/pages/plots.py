"""Small pictures of a private profile, drawn by the server: one path for the bars, one for the noise, no more bytes than needed.

They read from left to right in every language; what they show stands beside them in words. Units: pixels.
"""

from collections.abc import Sequence

from markupsafe import Markup

from amana.terms.answer import Estimate

HEIGHT = 48
WIDTH = 240
LABELS = 16
"""Room for the line of labels under the axis."""
APART_MAX = 32
"""So many bars stand apart, each with its noise; more make one area."""
BAR_WIDTH, BAR_HEIGHT = 100, 12
_HISTOGRAM = Markup(
    '<svg role="img" aria-label="{}" viewBox="0 0 {} {}" width="{}" height="{}"><path d="{}" fill="currentColor" fill-opacity=".55"/>{}'
    '<path d="M0 {}h{}" stroke="currentColor"/><text y="{}">{}</text><text x="{}" y="{}" text-anchor="end">{}</text></svg>'
)
_WHISKERS = Markup('<path d="{}" stroke="currentColor"/>')
_BAR = Markup(
    '<svg aria-hidden="true" viewBox="0 0 {} {}" width="{}" height="{}"><path d="M0 1h{}v10H0z" fill="currentColor" fill-opacity=".55"/>'
    '<path d="M{} 6H{}m0-3v6M{} 3v6" stroke="currentColor"/></svg>'
)


def histogram(counts: Sequence[float], *, noise: float, ends: tuple[str, str], label: str) -> Markup:
    """Bars of equal width from the lowest value to the highest. `noise`: half of the 95 % interval of each count."""
    highest = max([*counts, noise, 1e-9])
    each = max(2, WIDTH // max(1, len(counts)))
    width = each * len(counts)
    tall = [round(HEIGHT * max(0.0, count) / highest) for count in counts]
    apart = len(counts) <= APART_MAX
    path = _bars(tall, each) if apart else _area(tall, each)
    half = HEIGHT * noise / highest
    whiskers = _WHISKERS.format(_whiskers(tall, each, half)) if apart and half >= 1 else Markup()
    height = HEIGHT + 2 + LABELS
    return _HISTOGRAM.format(
        label, width, height, width, height, path, whiskers, HEIGHT, width, height - 3, ends[0], width, height - 3, ends[1],
    )  # fmt: skip


def bar(share: Estimate, *, most: float) -> Markup:
    """A share as a bar with its interval; `most` is the share that fills the picture."""
    value = share.value or 0.0
    low, high = (value if end is None else end for end in (share.low, share.high))
    at, left, right = (round(min(BAR_WIDTH - 1, max(1.0, BAR_WIDTH * each / max(most, 1e-9))), 1) for each in (value, low, high))
    return _BAR.format(BAR_WIDTH, BAR_HEIGHT, BAR_WIDTH, BAR_HEIGHT, f"{at:g}", f"{left:g}", f"{right:g}", f"{left:g}")


def _bars(tall: Sequence[int], each: int) -> str:
    """Separate bars; one without height is left out."""
    wide = each - max(1, each // 6)
    return "".join(f"M{place * each} {HEIGHT}v-{high}h{wide}v{high}z" for place, high in enumerate(tall) if high)


def _area(tall: Sequence[int], each: int) -> str:
    """The outline of bars that touch."""
    steps = "".join(f"V{HEIGHT - high}h{each}" for high in tall)
    return f"M0 {HEIGHT}{steps}V{HEIGHT}z"


def _whiskers(tall: Sequence[int], each: int, half: float) -> str:
    wide = each - max(1, each // 6)
    ends = [(max(0.0, HEIGHT - high - half), min(float(HEIGHT), HEIGHT - high + half)) for high in tall]
    return "".join(f"M{place * each + wide / 2:g} {top:.4g}V{bottom:.4g}" for place, (top, bottom) in enumerate(ends))
