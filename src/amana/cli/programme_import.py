"""`amana programme import`: a source text read into a draft that a person confirms. It needs no node and no folder."""

import argparse
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from amana.cli.show import tell, working
from amana.cli.words import needed
from amana.client.explain import clean, point_at
from amana.client.figures import number
from amana.client.text import Catalogue
from amana.terms.refusal import Place, Refusal, cause_of

if TYPE_CHECKING:
    from amana.programme.findings import Finding
    from amana.programme.proposal import Proposal
    from amana.programme.source import Source

PLACES_SHOWN = 12
"""Of one damaged word."""


def read_text(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """A source text, read into a draft. Errors: Refusal programme.source_*."""
    from amana.programme.proposal_file import write_draft, write_json
    from amana.programme.reading import propose

    path = Path(needed(options.what, word="TEXT", example="amana programme import speech.txt"))
    target = Path(options.output) if options.output else None
    if target is not None and target.exists():
        raise Refusal("programme.source_draft_not_written", file=str(target)[:400], reason="word.system.exists")
    with working(catalogue.say("programme.reading", file=clean(path.name))):
        found = propose(_read(path))
        content = write_json(found) if options.shape == "json" else write_draft(found)
    if target is None:
        sys.stdout.write(content)
    else:
        _write(content, target)
        print(target)
    _summarise(found, catalogue)


def _read(path: Path) -> "Source":
    """The source of that name. Errors: Refusal programme.source_*."""
    from amana.programme.source import BYTES_MAX, read_source

    try:
        with path.open("rb") as handle:
            content = handle.read(BYTES_MAX + 1)
    except OSError as error:
        raise Refusal("programme.source_not_read", file=str(path)[:400], reason=cause_of(error)) from None
    return read_source(content)


def _write(content: str, target: Path) -> None:
    """Never over a file that is there: a draft is somebody's work. What was begun and not ended is taken away."""
    begun = False
    try:
        with target.open("x", encoding="utf-8", newline="\n") as handle:
            begun = True
            handle.write(content)
    except OSError as error:
        if begun:
            with suppress(OSError):
                target.unlink()
        raise Refusal("programme.source_draft_not_written", file=str(target)[:400], reason=cause_of(error)) from None


def _summarise(found: "Proposal", catalogue: Catalogue) -> None:
    """What was found, for the person: how much of what, and each damaged word where it stands."""
    source = found.source
    language = catalogue.say(f"word.language.{source.language}")
    tell(catalogue.say("programme.source", language=language, characters=number(len(source.text), 0), sha256=source.sha256))
    counts = {
        "statements": len(found.statements),
        "agreements": len(found.agreements),
        "recommendations": len(found.recommendations),
        "figures": len(found.figures),
        "bodies": len(found.bodies),
        "findings": len(found.findings),
    }
    for name, count in counts.items():
        tell(catalogue.say(f"programme.found.{name}", number=number(count, 0)))
    for finding in found.findings:
        _point(finding, source, catalogue)
    tell(catalogue.say("programme.confirm"))


def _point(finding: "Finding", source: "Source", catalogue: Catalogue) -> None:
    letters = ", ".join(letter.name for letter in finding.letters)
    told = {"word": clean(finding.word), "suggestion": clean(finding.suggestion)}
    tell(catalogue.say(f"programme.finding.{finding.kind}", **told, **({"letters": letters} if letters else {})))
    for span in finding.spans[:PLACES_SHOWN]:
        line, column = source.line_and_column(span.start)
        where = Place(line=line, column=column, length=span.end - span.start)
        tell(catalogue.say("programme.place", line=line, column=column))
        for shown in point_at(where, asked=source.text):
            tell(shown)
    if len(finding.spans) > PLACES_SHOWN:
        tell(catalogue.say("programme.more_places", number=number(len(finding.spans) - PLACES_SHOWN, 0)))
