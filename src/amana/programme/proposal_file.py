"""What was proposed, as a TOML draft that a person works through, or as JSON for a program.

Every item waits with `confirmed = false`. Titles are left empty in the four languages: they are written by people, in words of their
own. An excerpt of the source stands beside each item as a comment, to work with; a program that reads the draft does not see it.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeAlias

from amana.programme.proposal import Proposal
from amana.programme.spans import Span

FORMAT = "amana-proposal/1"
EXCERPT_MAX = 90
"""Characters of the source that are shown beside an item."""
_LANGUAGES = ("ar", "fr", "en", "zgh")

Value: TypeAlias = "str | int | bool | list[Value] | Mapping[str, Value]"


def items_of(proposal: Proposal) -> dict[str, list[tuple[Span, dict[str, Value]]]]:
    """Each table of the draft: its items, and the place in the source that each comes from."""
    title: dict[str, Value] = dict.fromkeys(_LANGUAGES, "")

    def item(name: str, number: int, span: Span, facts: "Mapping[str, Value | None]") -> tuple[Span, dict[str, Value]]:
        given = {key: value for key, value in facts.items() if value is not None}
        return span, {"id": f"{name}-{number}", "confirmed": False, "span": place_of(proposal, span), **given}

    def places(spans: Iterable[Span]) -> list[Value]:
        return [place_of(proposal, span) for span in spans]

    def maybe(span: Span | None) -> "Value | None":
        return None if span is None else place_of(proposal, span)

    made: dict[str, list[tuple[Span, dict[str, Value]]]] = {
        "agreement": [
            item("agreement", number, each.span, {
                "kind": each.kind, "parties": [_words(proposal, span) for span in each.parties], "party_spans": places(each.parties),
                "purpose": maybe(each.purpose), "title": title,
            })
            for number, each in enumerate(proposal.agreements, start=1)
        ],
        "recommendation": [
            item("recommendation", number, each.span, {"title": title}) for number, each in enumerate(proposal.recommendations, start=1)
        ],
        "figure": [
            item("figure", number, each.span, {
                "value": each.value, "at_least": each.at_least, "counts": each.counts, "unit": maybe(each.unit), "of": maybe(each.of),
                "title": title,
            })
            for number, each in enumerate(proposal.figures, start=1)
        ],
        "body": [
            item("body", number, each.spans[0], {
                "kind": each.kind, "name": _words(proposal, each.spans[0]), "also": places(each.spans[1:]), "title": title,
            })
            for number, each in enumerate(proposal.bodies, start=1)
        ],
        "finding": [
            item("finding", number, each.spans[0], {
                "kind": each.kind, "word": each.word, "suggestion": each.suggestion, "letters": [letter.name for letter in each.letters],
                "also": places(each.spans[1:]),
            })
            for number, each in enumerate(proposal.findings, start=1)
        ],
    }  # fmt: skip
    return made


def place_of(proposal: Proposal, span: Span) -> dict[str, Value]:
    """A place as a file holds it: of which source, from where to where, and the digest of the piece."""
    return {"source": proposal.source.sha256, "from": span.start, "to": span.end, "sha256": proposal.digest(span)}


def write_draft(proposal: Proposal) -> str:
    """The draft in TOML."""
    return "\n".join(_lines(proposal)) + "\n"


def write_json(proposal: Proposal) -> str:
    """The same as JSON, with every statement and its clauses; without excerpts."""
    made: dict[str, object] = {"format": FORMAT, "source": _head(proposal)}
    made["statement"] = [
        {"span": place_of(proposal, each.span), "clauses": [place_of(proposal, clause) for clause in each.clauses]}
        for each in proposal.statements
    ]
    made |= {name: [facts for _, facts in items] for name, items in items_of(proposal).items()}
    return json.dumps(made, ensure_ascii=False, indent=1) + "\n"


def _head(proposal: Proposal) -> dict[str, Value]:
    source = proposal.source
    return {"sha256": source.sha256, "media": source.media, "language": source.language, "characters": len(source.text)}


def _lines(proposal: Proposal) -> Iterator[str]:
    yield "# Proposed, not confirmed. Read each item beside the source, write its title in your own words, and set confirmed = true."
    yield "# Places count code points of the source's text from 0; `to` is not included."
    yield f"format = {_toml(FORMAT)}"
    yield ""
    yield "[source]"
    for name, value in _head(proposal).items():
        yield f"{name} = {_toml(value)}"
    for table, items in items_of(proposal).items():
        for span, facts in items:
            line, column = proposal.source.line_and_column(span.start)
            yield ""
            yield f"[[{table}]]"
            yield f"# {line}:{column} {_excerpt(proposal, span)}"
            for name, value in facts.items():
                yield f"{name} = {_toml(value)}"


def _words(proposal: Proposal, span: Span) -> str:
    return " ".join(proposal.piece(span).split())


def _excerpt(proposal: Proposal, span: Span) -> str:
    """One line, without signs that would move a cursor or turn the direction of the text around them."""
    words = "".join(letter if letter.isprintable() else " " for letter in _words(proposal, span))
    return words if len(words) <= EXCERPT_MAX else words[: EXCERPT_MAX - 1] + "…"


def _toml(value: Value) -> str:
    """A value as TOML writes it. A basic string of TOML is a string of JSON, but for the sign 7F."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        case list():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return "{ " + ", ".join(f"{name} = {_toml(each)}" for name, each in value.items()) + " }"
