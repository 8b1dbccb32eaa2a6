"""Whether a plan says where each commitment comes from, and is the one that a log adopted: the whole list of what does not hold."""

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import final

from amana.log.documents import digest_of
from amana.log.programme_kinds import PlanEntry
from amana.programme.plan import Plan, SourceSpan
from amana.programme.plan_document import query_digests, write_document
from amana.terms.refusal import Refusal


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """A source text as it was found. `sha256`: of its file; `text`: what spans count in."""

    sha256: str
    text: str


def check_sources(plan: Plan, texts: Mapping[str, Text]) -> tuple[Refusal, ...]:
    """What does not hold between a plan and its sources; `texts`: those that were given, by the digest of their file.

    A source that was not given is reported as absent: nothing is known of its spans, so that is no success.
    """
    found = list[Refusal]()
    given = {source.id: texts.get(source.sha256) for source in plan.sources}
    others = [each for digest, each in texts.items() if digest not in {source.sha256 for source in plan.sources}]
    for source in plan.sources:
        if given[source.id] is not None:
            continue
        if others:
            found.append(Refusal("programme.source_differs", source=source.id, wanted=source.sha256, given=others[0].sha256))
        else:
            found.append(Refusal("programme.source_absent", source=source.id, wanted=source.sha256))
    for name, span in plan.spans():
        text = given[span.source]
        if text is not None and (span.end > len(text.text) or _differs(span, text.text)):
            found.append(Refusal("programme.span_differs", part=name, source=span.source, start=span.start, end=span.end))
    return tuple(found)


def _differs(span: SourceSpan, text: str) -> bool:
    return sha256(text[span.start : span.end].encode()).hexdigest() != span.sha256


def check_adopted(plan: Plan, entry: PlanEntry) -> tuple[Refusal, ...]:
    """What differs between a plan and the adoption of it in a log: its document, its queries."""
    found = list[Refusal]()
    if (entry.plan, entry.version) != (plan.id, plan.version):
        found.append(Refusal("programme.other_version", plan=plan.id, version=plan.version, adopted=entry.version))
    elif digest_of(write_document(plan)) != entry.digest:
        found.append(Refusal("programme.plan_differs", plan=plan.id, version=plan.version, wanted=entry.digest))
    if query_digests(plan) != entry.queries:
        found.append(Refusal("programme.queries_differ", plan=plan.id))
    return tuple(found)
