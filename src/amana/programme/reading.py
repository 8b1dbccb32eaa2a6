"""From a source text to what it proposes: statements, agreements, recommendations, figures, bodies and what looks damaged.

Nothing is decided here. Each find carries its place in the original, so that a person sees what it was found by, and confirms it or not.
"""

from collections.abc import Callable

from amana.programme.agreements import agreements
from amana.programme.bodies import bodies
from amana.programme.figures import figures
from amana.programme.findings import foreign_letters
from amana.programme.lexicon import lexicon_of
from amana.programme.normal import folded, normalise
from amana.programme.proposal import Agreement, Body, Figure, Proposal, Recommendation, Statement
from amana.programme.recommendations import recommendations
from amana.programme.source import CHARACTERS_MAX, PAGES_MAX, STATEMENTS_MAX, Source
from amana.programme.spans import Span
from amana.programme.spelling import likely_misspellings
from amana.programme.statements import blocks, clauses, sentences
from amana.terms.refusal import Refusal


def propose(source: Source) -> Proposal:
    """All finds in a source, each in the order of the text. Errors: Refusal programme.source_too_long."""
    normal = normalise(source.text)
    written, text, lexicon = normal.text, folded(normal.text), lexicon_of(source.language)

    def place(span: Span) -> Span:
        return _tight(source.text, Span(*normal.span(span.start, span.end)))

    found = blocks(text)
    said = tuple(sentence for block in found for sentence in sentences(text, block.span, lexicon=lexicon))
    if len(said) > STATEMENTS_MAX:
        raise Refusal("programme.source_too_long", characters=CHARACTERS_MAX, pages=PAGES_MAX, statements=STATEMENTS_MAX)
    return Proposal(
        source=source,
        statements=tuple(Statement(span=place(each), clauses=tuple(map(place, clauses(text, each)))) for each in said),
        agreements=tuple(
            Agreement(
                span=place(each.span), kind=each.kind, parties=tuple(map(place, each.parties)), purpose=_maybe(each.purpose, place)
            )
            for each in agreements(text, written, found, lexicon=lexicon)
        ),
        recommendations=tuple(
            Recommendation(span=place(each.span), statement=place(each.statement))
            for each in recommendations(text, found, lexicon=lexicon)
        ),
        figures=tuple(
            Figure(
                span=place(each.span), value=each.value, at_least=each.at_least, unit=_maybe(each.unit, place), of=_maybe(each.of, place),
                counts=each.counts,
            )
            for each in figures(text, said, lexicon=lexicon)
        ),
        bodies=tuple(
            Body(kind=each.kind, spans=tuple(map(place, each.spans))) for each in bodies(text, written, said, lexicon=lexicon)
        ),
        findings=(*foreign_letters(source.text), *likely_misspellings(source.text, language=source.language)),
    )  # fmt: skip


def _maybe(span: Span | None, place: Callable[[Span], Span]) -> Span | None:
    return None if span is None else place(span)


def _tight(text: str, span: Span) -> Span:
    """Without blanks at the end, which marks that are not read can leave there."""
    end = span.end
    while end > span.start and text[end - 1].isspace():
        end -= 1
    return Span(span.start, end)
