"""Figures: numbers with what they count. Dates, years, and numbers that are names are none.

All places here are those of the normal text.
"""

import re
from dataclasses import dataclass
from functools import cache
from typing import final

from amana.programme.language import Language
from amana.programme.lexicon import Lexicon, lexicon_of, pattern
from amana.programme.spans import Span

_DIGITS = re.compile(
    r"(?:(?<![\w.,+/:-])|(?<=[\s(][وبلف]))"  # in Arabic, small words are written in one with the number
    r"(?:\d{1,3}(?:[ ,.](?=\d{3}(?!\d)))(?:\d{3}[ ,.](?=\d{3}(?!\d)))*\d{3}|\d{1,9})(?:[.,]\d{1,4})?"
    r"(?![\w/:+]|-\w|[.,]\d)"
)
_WORD = re.compile(r"[^\W\d_]+(?:[-'][^\W\d_]+)*'?")
_YEARS = range(1900, 2101)
_UNIT_WORDS_MAX = 2
_OF_WORDS_MAX = 3
_BEFORE_MAX, _BEHIND_MAX = 40, 60
"""How many characters on each side of a number are looked at for what it is."""
_FLAG_BEHIND = re.compile(r"\s+(?:على الاقل|au moins|au minimum|at least|or more|et plus|ou plus|فاكثر)(?!\w)")
_LIST_MARK = re.compile(r"(?:^|\n)\s*\(?\Z")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """As `proposal.Figure`, in places of the normal text. `value`: as decimal text."""

    span: Span
    value: str
    at_least: bool
    unit: Span | None
    of: Span | None
    counts: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class _Patterns:
    numbers: re.Pattern[str]
    units: re.Pattern[str]
    months: re.Pattern[str]
    references: re.Pattern[str]
    of: re.Pattern[str]
    at_least: re.Pattern[str]


@cache
def _patterns(language: Language) -> _Patterns:
    lexicon = lexicon_of(language)
    attached = rf"(?<!\w){lexicon.attached}?" if lexicon.attached else r"(?<!\w)"
    return _Patterns(
        numbers=pattern(lexicon.numbers, before=r"(?:(?<![\w'-])|(?<=[\s(][وبل]))", after=r"(?![\w-])"),
        units=pattern(lexicon.units, before=r""),
        months=pattern(lexicon.months, before=""),
        references=pattern(lexicon.references, before=rf"{attached}(?:ال|ب|ل|لل)?", after=r"\s*[:.]?\s*\(?\Z"),
        of=pattern(lexicon.of, before=""),
        at_least=pattern(lexicon.at_least, before=attached, after=r"\s+\Z"),
    )


def figures(text: str, statements: tuple[Span, ...], *, lexicon: Lexicon) -> tuple[Counted, ...]:
    """The figures of all statements, in their order."""
    made: list[Counted] = []
    for statement in statements:
        before: Counted | None = None
        for span, value in _numbers(text, statement, lexicon):
            figure = _figure(text, statement, span, value=value, before=before, lexicon=lexicon)
            if figure is not None:
                made.append(figure)
                before = figure
    return tuple(made)


def _numbers(text: str, statement: Span, lexicon: Lexicon) -> list[tuple[Span, str]]:
    patterns = _patterns(lexicon.language)
    digits = [(Span(*found.span()), _value(found[0], lexicon.language)) for found in _DIGITS.finditer(text, statement.start, statement.end)]
    # A word is a number where it counts something: "one of them", "a second time" do not.
    words = [
        (Span(*found.span()), lexicon.numbers[" ".join(found[0].split())])
        for found in patterns.numbers.finditer(text, statement.start, statement.end)
        if patterns.units.match(text, _behind(text, found.end(), statement.end), statement.end)
    ]
    return sorted(digits + words)


def _value(digits: str, language: Language) -> str:
    """As decimal text: French and Arabic write a comma before decimals, English a full stop.

    >>> _value("2 000", "fr"), _value("2,500", "en"), _value("12,5", "fr"), _value("01", "ar")
    ('2000', '2500', '12.5', '1')
    """
    decimal = {"fr": ",", "en": "."}.get(language, "")
    grouped = re.fullmatch(r"(\d{1,3}(?:[ ,.]\d{3})+)(?:[.,](\d{1,2}|\d{4}))?", digits)
    if grouped and not (decimal and re.fullmatch(rf"\d{{1,3}}\{decimal}\d{{3}}", digits)):
        number, decimals = re.sub(r"\D", "", grouped[1]), grouped[2] or ""
    else:
        number, _, decimals = digits.replace(",", ".").replace(" ", "").partition(".")
    return f"{int(number)}.{decimals}" if decimals else str(int(number))


def _figure(text: str, statement: Span, span: Span, *, value: str, before: Counted | None, lexicon: Lexicon) -> Counted | None:
    patterns = _patterns(lexicon.language)
    behind = _behind(text, span.end, statement.end)
    counted = patterns.units.match(text, behind, statement.end)
    if _is_name(text, statement, span, patterns=patterns) or (
        not counted and _is_date(text, statement, span, value=value, patterns=patterns)
    ):
        return None
    flag = patterns.at_least.search(text, max(statement.start, span.start - _BEFORE_MAX), span.start)
    unit = _unit(text, statement, behind, lexicon=lexicon)
    counts = lexicon.units[" ".join(counted[0].split())] if counted else ""
    end = unit.end if unit else span.end
    later = _FLAG_BEHIND.match(text, end, statement.end)
    of = patterns.of.match(text, _behind(text, end, statement.end), statement.end)
    whose = _run(text, Span(of.end(), statement.end), lexicon=lexicon, words_max=_OF_WORDS_MAX) if of else None
    if unit is None:
        # "200 people from here and 400 from there": of the same; a number that counts nothing is no figure.
        if whose is None or before is None:
            return None
        counts = before.counts
    start = span.start - len(flag[0]) if flag else span.start
    return Counted(
        span=Span(start, (whose or unit or span).end if whose or unit else span.end),
        value=value, at_least=bool(flag or later), unit=unit, of=whose, counts=counts,
    )  # fmt: skip


def _is_name(text: str, statement: Span, span: Span, *, patterns: _Patterns) -> bool:
    """A number of a law, of a list, or one that is written together with letters."""
    low = max(statement.start, span.start - _BEFORE_MAX)
    if patterns.references.search(text, low, span.start):
        return True
    return re.match(r"[.)]\s", text[span.end : span.end + 2]) is not None and _LIST_MARK.search(text[low : span.start]) is not None


def _is_date(text: str, statement: Span, span: Span, *, value: str, patterns: _Patterns) -> bool:
    """A year, or a day beside a month, also several: "1 and 2 July"."""
    if value.isdigit() and int(value) in _YEARS and span.end - span.start == 4:
        return True
    if not value.isdigit() or int(value) > 31:
        return False
    following = text[span.end : min(statement.end, span.end + _BEHIND_MAX)]
    month = r"(?:" + patterns.months.pattern + r")"
    return bool(
        re.match(
            rf"(?:er|st|nd|rd|th)?(?:\s*(?:و|et|and|au|to|-|–|,|،|الى)\s*\d{{1,2}}(?:er|st|nd|rd|th)?)*\s+(?:de\s+|of\s+|من\s+)?{month}",
            following,
        )
        or re.search(
            rf"(?<!\w){month}\s+(?:\d{{1,2}}(?:st|nd|rd|th)?\s*(?:and|to|-|–|,|et|و)\s*)*\Z",
            text[max(statement.start, span.start - _BEFORE_MAX) : span.start],
        )
    )


def _unit(text: str, statement: Span, start: int, *, lexicon: Lexicon) -> Span | None:
    if start < statement.end and text[start] == "%":
        return Span(start, start + 1)
    known = _patterns(lexicon.language).units.match(text, start, statement.end)
    if known and (" " in known[0] or "-" in known[0]):
        return Span(*known.span())
    return _run(text, Span(start, statement.end), lexicon=lexicon, words_max=_UNIT_WORDS_MAX)


def _run(text: str, zone: Span, *, lexicon: Lexicon, words_max: int) -> Span | None:
    """Words with nothing but blanks between them, up to one at which units end."""
    place = _behind(text, zone.start, zone.end)
    start = end = place
    for _ in range(words_max):
        word = _WORD.match(text, place, zone.end)
        if word is None or word[0] in lexicon.stops or (word[0].endswith("'") and word[0][:-1] in lexicon.stops):
            break
        if end > start and lexicon.attached and word[0].startswith(lexicon.attached) and word[0] not in lexicon.units:
            break
        end = word.end()
        place = _behind(text, end, zone.end)
    return Span(start, end) if end > start else None


def _behind(text: str, place: int, end: int) -> int:
    while place < end and text[place].isspace():
        place += 1
    return place
