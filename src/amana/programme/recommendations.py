"""Recommendations: what stands between the words that announce them and the words that close.

All places here are those of the normal text.
"""

import re
from dataclasses import dataclass
from itertools import pairwise
from typing import final

from amana.programme.lexicon import Lexicon, pattern
from amana.programme.spans import Span
from amana.programme.statements import Block, sentences, trimmed

_NEAR = 60
"""How many characters may part the word for recommendations from the one that says that they follow."""
_WORDS_MIN = 3
"""Of a recommendation, on both sides of where a sentence is parted."""
_PREPOSITIONS = r"(?:(?:في|على|ل|ب)\s+|(?:in|on|to|for|by|of|de|dans|sur|pour|par|a)\s+|d')?"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A recommendation and its sentence, in places of the normal text."""

    span: Span
    statement: Span


def recommendations(text: str, found: tuple[Block, ...], *, lexicon: Lexicon) -> tuple[Asked, ...]:
    """The recommendations of a text: none where no words announce them."""
    parts = [(block, sentence) for block in found for sentence in sentences(text, block.span, lexicon=lexicon)]
    begun = _announced(text, parts, lexicon)
    if begun is None:
        return ()
    index, rest = begun
    made = [(rest, parts[index][1])] if rest is not None else []
    asking, closing = pattern(lexicon.asking), pattern(lexicon.closing)
    block = parts[index][0]
    for each, sentence in parts[index + 1 :]:
        begins = each.span.start == sentence.start
        if closing.match(text, sentence.start, sentence.end):
            break
        if each is not block and begins and each.apart and not each.item and not asking.search(text, sentence.start, each.span.end):
            break
        block = each
        made.append((sentence, sentence))
    return tuple(Asked(span=piece, statement=whole) for part, whole in made for piece in _parted(text, part, lexicon))


def _announced(text: str, parts: list[tuple[Block, Span]], lexicon: Lexicon) -> tuple[int, Span | None] | None:
    """The sentence that announces them, and its rest when that is already the first."""
    naming, leading, asking = (pattern(each) for each in (lexicon.recommending, lexicon.leading, lexicon.asking))
    named = None
    for index, (block, sentence) in enumerate(parts):
        for name in naming.finditer(text, sentence.start, sentence.end):
            low, high = max(sentence.start, name.start() - _NEAR), min(sentence.end, name.end() + _NEAR)
            for lead in leading.finditer(text, low, high):
                pause = re.compile(r"[,،:]").search(text, max(name.end(), lead.end()), sentence.end)
                if pause:
                    rest = trimmed(text, Span(pause.end(), sentence.end))
                    return index, rest if _words(text, rest) >= _WORDS_MIN else None
            follows = parts[index + 1] if index + 1 < len(parts) else None
            if follows and (follows[0].item or asking.search(text, follows[1].start, follows[1].end)) and not block.item:
                named = index
    return None if named is None else (named, None)


def _parted(text: str, span: Span, lexicon: Lexicon) -> list[Span]:
    """The clauses of a sentence that ask for something of their own."""
    joined = "|".join(r"\s+".join(map(re.escape, each.split())) for each in sorted(lexicon.joined, key=len, reverse=True))
    joining = "|".join(r"\s+".join(map(re.escape, each.split())) for each in sorted(lexicon.joining, key=len, reverse=True))
    conjunction = (
        rf"{lexicon.attached}(?:في\s+|على\s+|إلى\s+|ب|ل)?(?:ال)?"
        if lexicon.attached
        else rf"(?:(?:{'|'.join(map(re.escape, lexicon.conjunctions))})\s+{_PREPOSITIONS}|(?!\w+ing\b))"
    )
    joint = re.compile(rf"[,،]\s*(?=(?:{conjunction}(?:{joined})|(?:{joining}))(?!\w))|[;؛]\s*")
    cuts = [span.start]
    for found in joint.finditer(text, span.start, span.end):
        if all(_words(text, part) >= _WORDS_MIN for part in (Span(cuts[-1], found.start()), Span(found.end(), span.end))):
            cuts.append(found.end())
    return [trimmed(text, Span(start, end), also=",،;؛.") for start, end in pairwise([*cuts, span.end])]


def _words(text: str, span: Span) -> int:
    return len(re.findall(r"\w+", text[span.start : span.end]))
