"""An answer as a notebook shows it: a table in which each figure has its interval, also drawn. No script, nothing loaded."""

import html
import math
from collections.abc import Sequence

from amana.client.cost import Cost, Note
from amana.client.figures import percent, show
from amana.client.text import load
from amana.terms.answer import AnswerTable, CellType, Estimate, Shown

ROWS_SHOWN = 50
_WIDTH, _HEIGHT, _EDGE = 120, 14, 3
_RIGHT_TO_LEFT = ("ar",)


def draw(table: AnswerTable, *, cost: Cost, notes: Sequence[Note], language: str) -> str:
    """HTML of the first rows, the notes and the cost, in the reader's language and direction."""
    say = load(language).say
    rows = table.rows[:ROWS_SHOWN]
    spans = [_span([row[index] for row in rows]) if kind is CellType.FIGURE else None for index, kind in enumerate(table.types)]
    head = "".join(f"<th>{html.escape(name)}</th>" for name in table.columns)
    body = "".join("<tr>" + "".join(_cell(cell, span) for cell, span in zip(row, spans, strict=True)) + "</tr>" for row in rows)
    left = len(table.rows) - len(rows)
    more = f'<tr><td colspan="{len(table.columns)}">… +{left}</td></tr>' if left else ""
    told = [say("ask.interval")] if any(spans) else []
    told += [say(code, **dict(parameters)) for code, parameters in notes if load("en").has(code)]
    told.append(cost_line(cost, language=language))
    lines = "".join(f"<div>{html.escape(line)}</div>" for line in told)
    direction = "rtl" if language in _RIGHT_TO_LEFT else "ltr"
    return (
        f'<div dir="{direction}" lang="{language}"><table style="text-align:start">'
        f"<thead><tr>{head}</tr></thead><tbody>{body}{more}</tbody></table>"
        f'<div style="font-size:smaller;opacity:.8">{lines}</div></div>'
    )


def cost_line(cost: Cost, *, language: str) -> str:
    """What the answer took of the budget, in one sentence."""
    say = load(language).say
    if cost.recalled:
        return say("ask.recalled", spent=percent(cost.share_spent))
    return say("ask.cost", share=percent(cost.share), spent=percent(cost.share_spent))


def _cell(cell: Shown, span: tuple[float, float] | None) -> str:
    if span is None or not isinstance(cell, Estimate):
        return f"<td>{html.escape(show(cell))}</td>"
    return f'<td style="white-space:nowrap">{_bar(cell, span)} <bdi dir="ltr">{html.escape(show(cell))}</bdi></td>'


def _span(cells: Sequence[Shown]) -> tuple[float, float] | None:
    """From the least to the largest end of all intervals of a column: one scale for all its rows."""
    ends = [
        end
        for cell in cells
        if isinstance(cell, Estimate)
        for end in (cell.value, cell.low, cell.high)
        if end is not None and math.isfinite(end)
    ]
    if not ends:
        return (0.0, 1.0)
    low, high = min(0.0, *ends), max(0.0, *ends)
    return (low, high) if high > low else (low, low + 1.0)


def _bar(cell: Estimate, span: tuple[float, float]) -> str:
    """The interval as a line, the value as a dot; numbers grow to the right in every language. Colours are those of the text."""
    drawn = ""
    if cell.value is not None and cell.low is not None and cell.high is not None:
        low, value, high = (_place(end, span) for end in (cell.low, cell.value, cell.high))
        zero, middle = _place(0.0, span), _HEIGHT / 2
        drawn = (
            f'<path d="M{zero:.1f} 0V{_HEIGHT}" stroke-opacity=".3"/>'
            f'<path d="M{low:.1f} {middle}H{high:.1f}M{low:.1f} {_EDGE}V{_HEIGHT - _EDGE}M{high:.1f} {_EDGE}V{_HEIGHT - _EDGE}"/>'
            f'<circle cx="{value:.1f}" cy="{middle}" r="2" fill="currentColor"/>'
        )
    return (
        f'<svg width="{_WIDTH}" height="{_HEIGHT}" viewBox="0 0 {_WIDTH} {_HEIGHT}" direction="ltr" aria-hidden="true"'
        f' stroke="currentColor" fill="none" style="direction:ltr;vertical-align:middle">{drawn}</svg>'
    )


def _place(value: float, span: tuple[float, float]) -> float:
    share = (min(max(value, span[0]), span[1]) - span[0]) / (span[1] - span[0])
    return _EDGE + share * (_WIDTH - 2 * _EDGE)
