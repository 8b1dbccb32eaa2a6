"""What is proposed to a person who reads a source text: each find with its place, none of it confirmed.

All places are those of the original text. Units: code points, the end not included.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from amana.programme.findings import Finding
from amana.programme.source import Source
from amana.programme.spans import Span

AgreementKind: TypeAlias = Literal["agreement", "convention", "protocol", "memorandum", "partnership"]
BodyKind: TypeAlias = Literal[
    "ministry", "university", "organisation", "institute", "programme", "agency", "bank", "council", "centre", "authority", "company"
]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A sentence, or an item of a list. `clauses`: its parts between commas and semicolons; all of it where there is one."""

    span: Span
    clauses: tuple[Span, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """`parties`: where their names stand; none where the text names none. `purpose`: None where it tells none."""

    span: Span
    kind: AgreementKind
    parties: tuple[Span, ...]
    purpose: Span | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Recommendation:
    """One thing that is asked for. `statement`: the sentence that it stands in, of which it may be a part."""

    span: Span
    statement: Span


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """A number with what it counts. `value`: decimal text. `unit`: where its words stand; None for the one before it in a list, as in
    "200 people from here and 400 from there". `of`: whose or of what part. `counts`: a word of `lexicon.COUNTED`, or empty.
    """

    span: Span
    value: str
    at_least: bool
    unit: Span | None
    of: Span | None
    counts: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Body:
    """A named body, once, with all the places where the text names it in these words."""

    kind: BodyKind
    spans: tuple[Span, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All that was found in one source."""

    source: Source
    statements: tuple[Statement, ...]
    agreements: tuple[Agreement, ...]
    recommendations: tuple[Recommendation, ...]
    figures: tuple[Figure, ...]
    bodies: tuple[Body, ...]
    findings: tuple[Finding, ...]

    def piece(self, span: Span) -> str:
        """The words of the original at that place."""
        return self.source.text[span.start : span.end]

    def digest(self, span: Span) -> str:
        """SHA-256 of the UTF-8 bytes of the piece, in hexadecimal: what is compared when the source is looked at again."""
        return hashlib.sha256(self.piece(span).encode("utf-8")).hexdigest()
