"""A text in parts: blocks (paragraphs, items of a list), their sentences, and the clauses of these.

All places here are those of the normal text (`normal.py`); `reading.py` turns them into places of the original.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import final

from amana.programme.lexicon import Lexicon
from amana.programme.spans import Span

_MARK = re.compile(r"[-–—•*▪◦‣·●○]\s*(?=[^\W\d_])|[-–—•*▪◦‣·●○]\s+|\(?\d{1,2}\s?[.)]\s+(?=\D)|[a-z]\)\s+")
"""What an item of a list begins with."""
_ENDED = re.compile(r"[.!?؟:;؛…]\W*$")
_STOP = re.compile(r"[.!?؟…]+[»\"')\]”]*(?=\s|$)")
_PAUSE = re.compile(r"[,،;؛()]")
_SHORT_MAX = 8
_SHORT = re.compile(r"(?:^|(?<=[^\w.]))[\w.]*\Z")
SENTENCE_MAX = 4_000
"""Characters. No sentence is so long; what is, is looked at in pieces, so that no text takes for ever."""
_NARROW_SHARE = 0.6
"""A line that is shorter than this share of the longest was not broken for want of room."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """A paragraph, a heading or an item. `span`: without the mark of an item. `apart`: an empty line stands before it."""

    span: Span
    item: bool
    apart: bool


def blocks(text: str) -> tuple[Block, ...]:
    """The blocks of a text. A line that ran out of room goes on in the next."""
    lines = tuple(_lines(text))
    room = _NARROW_SHARE * max((line.end - line.start for line in lines), default=0)
    made: list[Block] = []
    apart, goes_on = True, False
    for line in lines:
        if line.start == line.end:
            apart, goes_on = True, False
            continue
        mark = _MARK.match(text, line.start, line.end)
        if mark:
            made.append(Block(span=Span(mark.end(), line.end), item=True, apart=apart))
        elif goes_on:
            made[-1] = Block(span=Span(made[-1].span.start, line.end), item=made[-1].item, apart=made[-1].apart)
        else:
            made.append(Block(span=line, item=False, apart=apart))
        apart = False
        goes_on = line.end - line.start >= room and not _ENDED.search(text[line.start : line.end])
    return tuple(block for block in made if block.span.start < block.span.end)


def _lines(text: str) -> Iterator[Span]:
    start = 0
    for line in text.splitlines(keepends=True):
        yield trimmed(text, Span(start, start + len(line)))
        start += len(line)


def sentences(text: str, block: Span, *, lexicon: Lexicon) -> Iterator[Span]:
    """The sentences of a block, each with its full stop."""
    start = block.start
    for stop in _STOP.finditer(text, block.start, block.end):
        word = _SHORT.search(text[max(start, stop.start() - _SHORT_MAX) : stop.start()])
        short = word[0].strip() if word else ""
        if stop[0] == "." and (short in lexicon.abbreviations or (len(short) == 1 and short.isalpha())):
            continue
        yield from _bounded(text, Span(start, stop.end()))
        start = stop.end()
    yield from _bounded(text, Span(start, block.end))


def _bounded(text: str, span: Span) -> Iterator[Span]:
    """The sentence; one that no writer would write, in pieces."""
    start = span.start
    while span.end - start > SENTENCE_MAX:
        blank = text.rfind(" ", start + 1, start + SENTENCE_MAX)
        cut = blank if blank > 0 else start + SENTENCE_MAX
        yield trimmed(text, Span(start, cut))
        start = cut
    made = trimmed(text, Span(start, span.end))
    if made.start < made.end:
        yield made


def clauses(text: str, sentence: Span) -> tuple[Span, ...]:
    """The parts of a sentence between commas and semicolons that stand in no brackets."""
    starts, open_brackets = [sentence.start], 0
    for pause in _PAUSE.finditer(text, sentence.start, sentence.end):
        if pause[0] in "()":
            open_brackets += 1 if pause[0] == "(" else -1
            continue
        inside = open_brackets > 0
        between_digits = text[pause.start() - 1 : pause.end() + 1].replace(",", "").isdigit()
        if not inside and not between_digits:
            starts.append(pause.end())
    parts = [trimmed(text, Span(start, end), also=",،;؛") for start, end in zip(starts, [*starts[1:], sentence.end], strict=True)]
    return tuple(part for part in parts if part.start < part.end)


def trimmed(text: str, span: Span, *, also: str = "") -> Span:
    """The same place without blanks, and the signs that are named, at both ends."""
    start, end = span.start, span.end
    while start < end and (text[start].isspace() or text[start] in also):
        start += 1
    while start < end and (text[end - 1].isspace() or text[end - 1] in also):
        end -= 1
    return Span(start, end)
