"""What is public of a piece of evidence: its own document, what the log shows of it, and what another organisation found."""

from dataclasses import dataclass
from typing import final

from amana.node.evidence_rows import Waiting
from amana.node.programme_state import ProgrammeState
from amana.programme.evidence import Evidence, EvidenceError, Reasons, read_evidence, read_reasons
from amana.programme.status import Observation
from amana.terms.refusal import Refusal


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """`observed`: as statuses are computed from it, None until its entry is in the log; `judged`: the verdict with its reasons, and
    `verdict_entry` where the log tells of it, None before."""

    found: Waiting
    evidence: Evidence
    observed: Observation | None
    judged: Reasons | None
    verdict_entry: int | None

    @property
    def entry(self) -> int | None:
        """Where the log tells of it."""
        return None if self.observed is None else self.observed.entry


def facts_of(state: ProgrammeState, found: Waiting) -> Facts:
    """Everything of one. Errors: Refusal programme.evidence_wrong where its document is gone; programme.none_adopted."""
    content = state.document(found.document)
    try:
        evidence = None if content is None else read_evidence(content)
    except EvidenceError:
        evidence = None
    if evidence is None:
        raise Refusal("programme.evidence_wrong", reason="word.evidence.absent")
    standing = state.evaluation().standing(found.commitment)
    measures = () if standing is None else standing.measures
    observed = next((each for measure in measures for each in measure.observations if each.evidence == found.id), None)
    judged, entry = _judged(state, found)
    return Facts(found=found, evidence=evidence, observed=observed, judged=judged, verdict_entry=entry)


def _judged(state: ProgrammeState, found: Waiting) -> tuple[Reasons | None, int | None]:
    verification = state.brought().verified.get(found.id)
    if verification is None:
        return None, None
    content = state.document(verification[1].digest)
    try:
        return None if content is None else read_reasons(content), verification[0]
    except EvidenceError:
        return None, verification[0]
