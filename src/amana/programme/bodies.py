"""Named bodies: ministries, universities, organisations, by what their names begin with and the words that go on with it.

All places here are those of the normal text.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import cast, final

from amana.programme.language import Language
from amana.programme.lexicon import Lexicon, lexicon_of, pattern
from amana.programme.lexicon import words as words_of
from amana.programme.proposal import BodyKind
from amana.programme.spans import Span

_WORDS_MAX = 14
_WORDS_SAME = 3
"""Two names are taken for one when the shorter has more words than that."""
_WORD = re.compile(r"[^\W_]+(?:[-.&][^\W_]+)*'?|\([^()\n]{2,20}\)")
_NAMES_LEAD = frozenset(words_of("ابن|بن|عبد|سيدي|مولاي|أبي|أبو"))
"""Behind these, a word is a part of the same name."""
_TAIL_WORDS_MIN = 3
_DEFINITE = re.compile(r"(?:و)?(?:ال|بال|لل|كال)\w+")
_CAPITALS_MAX = 120
_CAPITALS_BEFORE = re.compile(r"(?<![\w'’-])(?:(?:The|A|An)\s+)?((?:[A-ZÀ-Þ][\w'’-]*\s+){0,4})\Z")
_ADJECTIVE = re.compile(r"\w{3,}(?:al|ale|ales|aux|ique|iques|el|elle|elles|aire|aires|ien|ienne|ee|ees|eur|eure|eures|if|ive|ives)")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """As `proposal.Body`, in places of the normal text."""

    kind: BodyKind
    spans: tuple[Span, ...]


@cache
def _heads(language: Language) -> re.Pattern[str]:
    lexicon = lexicon_of(language)
    return pattern(lexicon.bodies, before=r"(?<!\w)(?:و?[بلفك]?)?" if lexicon.attached else r"(?<![\w-])")


def bodies(text: str, written: str, statements: tuple[Span, ...], *, lexicon: Lexicon) -> tuple[Named, ...]:
    """The named bodies, in the order in which they are first named."""
    found: list[tuple[Span, BodyKind]] = []
    heading = " ".join(text[statements[0].start : statements[0].end].split()) if statements else ""
    for statement in statements:
        for whole, kind in _in_statement(text, written, statement, lexicon=lexicon):
            span = _without_heading(text, whole, heading) if lexicon.attached else whole
            if not found or span.start >= found[-1][0].end:
                found.append((span, kind))
    return _gathered(text, found)


def _in_statement(text: str, written: str, statement: Span, *, lexicon: Lexicon) -> list[tuple[Span, BodyKind]]:
    made: list[tuple[Span, BodyKind]] = []
    for head in _heads(lexicon.language).finditer(text, statement.start, statement.end):
        word = re.sub(r"\s+", " ", head[0])
        key = next(word[cut:] for cut in range(len(word)) if word[cut:] in lexicon.bodies)
        start = head.end() - len(head[0]) + (len(word) - len(key))
        span = (
            _in_arabic(text, Span(start, statement.end), head_end=head.end(), lexicon=lexicon)
            if lexicon.attached
            else _in_latin(text, written, statement, Span(start, head.end()), lexicon=lexicon)
        )
        if span is not None:
            made.append((span, cast("BodyKind", lexicon.bodies[key])))
    return made


def _in_arabic(text: str, zone: Span, *, head_end: int, lexicon: Lexicon) -> Span | None:
    """The head, and words behind it as long as they are definite, known parts of names, or written in other letters."""
    end = head_end
    words = _following(text, Span(head_end, zone.end))
    for index, (word, place) in enumerate(words):
        if word in lexicon.stops or _is_head(word, lexicon):
            break
        following = words[index + 1][0] if index + 1 < len(words) else ""
        # "and the reform of the administration": a part of a name that is made definite by the word behind it
        leads_on = (
            word.startswith(lexicon.attached) and index > 0 and bool(_DEFINITE.fullmatch(following)) and not following.startswith("و")
        )
        leads_on = leads_on or (index > 0 and words[index - 1][0] in _NAMES_LEAD)
        if not (_DEFINITE.fullmatch(word) or word in lexicon.links or _is_foreign(word) or word in lexicon.bodies or leads_on):
            break
        end = place.end
    return Span(zone.start, end) if end > head_end else None


def _without_heading(text: str, span: Span, heading: str) -> Span:
    """The name up to where the text's heading stands in it: "the ministry of water held" is followed, in Arabic, by what it held."""
    words = text[span.start : span.end].split()
    for count in range(2, len(words) - _TAIL_WORDS_MIN + 1):
        if f" {' '.join(words[count:])} " in f" {heading} ":
            return _first_words(text, span, count)
    return span


def _is_head(word: str, lexicon: Lexicon) -> bool:
    return word.startswith(lexicon.attached) and word[1:] in lexicon.bodies


def _is_foreign(word: str) -> bool:
    return word.startswith("(") or re.fullmatch(r"[a-z0-9.&'-]+", word) is not None


def _in_latin(text: str, written: str, statement: Span, head: Span, *, lexicon: Lexicon) -> Span | None:
    """The head with words in capitals behind it, and in English before it; small words between them, and adjectives in French."""
    start, end, capitals = head.start, head.end, 0
    for word, place in _following(text, Span(head.end, statement.end)):
        bare = word.rstrip("'")
        if bare in lexicon.bodies and capitals:
            break
        if written[place.start].isupper() or written[place.start] == "(":
            end, capitals = place.end, capitals + 1
        elif (
            lexicon.language == "fr" and capitals + (end == head.end) and _ADJECTIVE.fullmatch(bare) and not text[end : place.start].strip()
        ):
            end = place.end
        elif bare not in lexicon.links:
            break
    before = (
        _CAPITALS_BEFORE.search(written, max(statement.start, head.start - _CAPITALS_MAX), head.start) if lexicon.language == "en" else None
    )
    if before and before[1] and written[head.start].isupper():
        start, capitals = before.start(1), capitals + 1
    return Span(start, end) if capitals else None


def _following(text: str, zone: Span) -> list[tuple[str, Span]]:
    """The words behind a place with nothing but blanks and apostrophes between them."""
    made: list[tuple[str, Span]] = []
    place = zone.start
    while len(made) < _WORDS_MAX:
        while place < zone.end and text[place].isspace():
            place += 1
        word = _WORD.match(text, place, zone.end)
        if word is None:
            break
        made.append((word[0], Span(*word.span())))
        place = word.end()
    return made


def _gathered(text: str, found: list[tuple[Span, BodyKind]]) -> tuple[Named, ...]:
    """Each name once. One that begins like another and goes on, as when its sentence does, is the other."""
    names = [" ".join(text[span.start : span.end].split()) for span, _ in found]
    known = set(names)
    places: dict[str, list[Span]] = {}
    kinds: dict[str, BodyKind] = {}
    for name, (span, kind) in zip(names, found, strict=True):
        words = name.split()
        shorter = (" ".join(words[:count]) for count in range(_WORDS_SAME + 1, len(words)))
        short = next((each for each in shorter if each in known), name)
        cut = Span(span.start, span.end) if short == name else _first_words(text, span, len(short.split()))
        places.setdefault(short, []).append(cut)
        kinds.setdefault(short, kind)
    return tuple(Named(kind=kinds[name], spans=tuple(spans)) for name, spans in places.items())


def _first_words(text: str, span: Span, count: int) -> Span:
    ends = [found.end() for found in re.finditer(r"\S+", text[span.start : span.end])]
    return Span(span.start, span.start + ends[count - 1])
