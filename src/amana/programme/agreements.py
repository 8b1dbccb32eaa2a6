"""Agreements: items of a list that begin with a word for one. With whom, and what for.

All places here are those of the normal text.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import cast, final

from amana.programme.language import Language
from amana.programme.lexicon import Lexicon, lexicon_of, pattern
from amana.programme.proposal import AgreementKind
from amana.programme.spans import Span
from amana.programme.statements import Block, sentences, trimmed

_WORDS_BEFORE_MAX = 3
"""How many words may stand before the one for an agreement, such as an article."""
_HEAD_WITHIN_MAX = 120
_PARTIES_AFTER_MAX = 60
"""How many characters behind it the word that names the parties begins at the latest."""
_ARTICLE = re.compile(r"(?:the|an?|les?|la|une?)\s+|l'")
_END = re.compile(r"[.;:؛]")
_WEAK = {"for", "on", "pour", "sur", "to", "en matiere"}
"""These may also stand inside a name, right behind its first word and before a capital."""
_NAME = re.compile(r"\s+(?:(?:the|le|la|les)\s+|l['’])?[A-ZÀ-Þ]")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Agreed:
    """As `proposal.Agreement`, in places of the normal text."""

    span: Span
    kind: AgreementKind
    parties: tuple[Span, ...]
    purpose: Span | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Patterns:
    heads: re.Pattern[str]
    parties: re.Pattern[str]
    purposes: re.Pattern[str]
    bodies: re.Pattern[str]
    begun: re.Pattern[str]
    joints: re.Pattern[str]


def agreements(text: str, written: str, found: tuple[Block, ...], *, lexicon: Lexicon) -> tuple[Agreed, ...]:
    """The agreements among the blocks. `text`: for comparing; `written`: the same with its capitals."""
    patterns = _patterns(lexicon.language)
    made = (_agreement(text, written, block, lexicon=lexicon, patterns=patterns) for block in found if block.item)
    return tuple(each for each in made if each is not None)


@cache
def _patterns(language: Language) -> _Patterns:
    lexicon = lexicon_of(language)
    conjunction = rf"\s+(?:{'|'.join(map(re.escape, lexicon.conjunctions))})(?:\s+|(?<=')){_ARTICLE.pattern.join(('(?:', ')?'))}"
    joints = rf"\s*[,،]\s*|{conjunction}"
    if lexicon.attached:
        heads = "|".join(map(re.escape, lexicon.bodies))
        joints += rf"|\s+{lexicon.attached}(?=(?:{heads})(?!\w))"
    return _Patterns(
        heads=pattern(lexicon.agreements),
        parties=pattern(lexicon.with_parties),
        purposes=pattern(lexicon.purposes, after=r"(?!\w)(?!')"),
        bodies=pattern(lexicon.bodies, before=r"(?<!\w)(?:ال|بال|ب|لل|ل)?" if lexicon.attached else r"(?<!\w)"),
        begun=pattern(lexicon.bodies, before=""),
        joints=re.compile(joints),
    )


def _agreement(text: str, written: str, block: Block, *, lexicon: Lexicon, patterns: _Patterns) -> Agreed | None:
    span = block.span
    head = patterns.heads.search(text, span.start, min(span.end, span.start + _HEAD_WITHIN_MAX))
    if head is None:
        return None
    before = re.findall(r"\w+", text[span.start : head.start()])
    if len(before) > _WORDS_BEFORE_MAX or any(pattern_of.search(text, span.start, head.start()) for pattern_of in (patterns.parties, _END)):
        return None
    kind = cast("AgreementKind", lexicon.agreements[" ".join(head[0].split())])
    first = next(sentences(text, Span(head.start(), span.end), lexicon=lexicon))
    told = patterns.parties.search(text, head.end(), min(first.end, head.end() + _PARTIES_AFTER_MAX))
    purpose = _purpose(text, written, Span(head.end(), first.end), patterns)
    if told is None or (purpose is not None and purpose < told.start()):
        return Agreed(span=span, kind=kind, parties=(), purpose=_rest(text, purpose, first))
    purpose = _purpose(text, written, Span(told.end(), first.end), patterns)
    zone = Span(told.end(), purpose if purpose is not None else first.end)
    parties, after = _parties(text, written, zone, patterns)
    begins = after if after is not None else purpose
    return Agreed(span=span, kind=kind, parties=parties, purpose=_rest(text, begins, first))


def _purpose(text: str, written: str, zone: Span, patterns: _Patterns) -> int | None:
    """Where the purpose begins."""
    for found in patterns.purposes.finditer(text, zone.start, zone.end):
        low = max(zone.start, found.start() - _HEAD_WITHIN_MAX)
        heads = [head for head in patterns.bodies.finditer(text, low, found.start()) if not text[head.end() : found.start()].strip()]
        if not (heads and found[0] in _WEAK and _NAME.match(written, found.end(), zone.end)):
            return found.start()
    return None


def _rest(text: str, start: int | None, sentence: Span) -> Span | None:
    if start is None:
        return None
    rest = trimmed(text, Span(start, sentence.end), also=",،;؛.(")
    return rest if rest.start < rest.end else None


def _parties(text: str, written: str, zone: Span, patterns: _Patterns) -> tuple[tuple[Span, ...], int | None]:
    """The names in the zone, and where what is no name any more begins behind a comma, if anything does."""
    end = _END.search(text, zone.start, zone.end)
    stop = end.start() if end else zone.end
    made: list[Span] = []
    start = zone.start
    for joint in patterns.joints.finditer(text, zone.start, stop):
        if _begins_name(text, written, Span(joint.end(), stop), patterns) or (
            not re.fullmatch(r"\s*[,،]\s*", joint[0]) and not patterns.bodies.search(text, start, joint.start())
        ):
            made.append(Span(start, joint.start()))
            start = joint.end()
        elif re.fullmatch(r"\s*[,،]\s*", joint[0]):
            made.append(Span(start, joint.start()))
            return _names(text, made), joint.end()
    made.append(Span(start, stop))
    return _names(text, made), None


def _begins_name(text: str, written: str, zone: Span, patterns: _Patterns) -> bool:
    """Whether a name of its own begins there: with the word for a body, or in English with words in capitals that lead to one."""
    article = _ARTICLE.match(text, zone.start, zone.end)
    start = article.end() if article else zone.start
    if patterns.begun.match(text, start, zone.end):
        return True
    capitals = re.match(r"(?:[A-ZÀ-Þ][\w'-]*\s*){1,4}", written[start : zone.end])
    return capitals is not None and patterns.bodies.search(text, start, start + capitals.end()) is not None


def _names(text: str, spans: list[Span]) -> tuple[Span, ...]:
    made: list[Span] = []
    for span in spans:
        name = trimmed(text, span, also=',،;؛.()"«»')
        article = _ARTICLE.match(text, name.start, name.end)
        name = Span(article.end(), name.end) if article else name
        if name.start < name.end:
            made.append(name)
    return tuple(made)
