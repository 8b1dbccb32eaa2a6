"""Evidence as a public document: what an organisation brings for an indicator, and what another says of it.

A document is canonical JSON beside the log; its entry names it by digest, and says again for what it is.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from typing import cast, final

from amana.programme.plan import value_of, written_of
from amana.programme.plan_document import canonical

FORM = 1
NOTE_MAX, TITLE_MAX, LINK_MAX = 2_000, 300, 500


@final
class EvidenceError(Exception):
    """A document that is no evidence, or evidence that does not show its figure. `reason`: a word of the catalogue (`word.evidence.*`)."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The document that a figure is in. `sha256`: of the file, which stays where it is; `link`: where it can be read, or empty."""

    sha256: str
    title: str
    link: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What was brought. `value`: of E3 and E4; `shown`: of E3; `receipt`, `answer`: of E2, the receipt of a use and its answer as CSV."""

    plan: str
    version: int
    commitment: str
    indicator: str
    on: date
    basis: str
    organisation: str
    note: str
    value: Fraction | None = None
    shown: Shown | None = None
    receipt: str = ""
    answer: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reasons:
    """Why somebody decided: of a verification (`subject`: the evidence), or of a commitment dropped or taken up (`subject`: its name).

    `sha256`: of the document that a verifier has compared, or empty.
    """

    subject: str
    event: str
    organisation: str
    reasons: str
    sha256: str = ""


def write_evidence(evidence: Evidence) -> bytes:
    """The document."""
    shown = evidence.shown
    return canonical(
        {
            "amana_evidence": FORM,
            "plan": evidence.plan,
            "version": evidence.version,
            "commitment": evidence.commitment,
            "indicator": evidence.indicator,
            "on": evidence.on.isoformat(),
            "basis": evidence.basis,
            "organisation": evidence.organisation,
            "note": evidence.note,
            "value": None if evidence.value is None else written_of(evidence.value),
            "document": None if shown is None else {"sha256": shown.sha256, "title": shown.title, "link": shown.link},
            "receipt": evidence.receipt,
            "answer": evidence.answer,
        }
    )


def read_evidence(content: bytes) -> Evidence:
    """The evidence of a document. Errors: EvidenceError `form`, also for evidence that is written in another way than `write_evidence`
    does: another program might read something else in it."""
    found = _members(content, name="amana_evidence")
    try:
        text = _texts(found)
        value = found["value"]
        figure = None if value is None else value_of(cast("str", value))
        if value is not None and figure is None:
            raise EvidenceError("form")
        shown = found["document"]
        document = _texts(cast("dict[str, object]", shown)) if isinstance(shown, dict) else None
        evidence = Evidence(
            plan=text("plan"), version=int(cast("int", found["version"])), commitment=text("commitment"), indicator=text("indicator"),
            on=date.fromisoformat(text("on")), basis=text("basis"), organisation=text("organisation"), note=text("note"), value=figure,
            shown=None if document is None else Shown(sha256=document("sha256"), title=document("title"), link=document("link")),
            receipt=text("receipt"), answer=text("answer"),
        )  # fmt: skip
        if write_evidence(evidence) != content:
            raise EvidenceError("form")
    except (KeyError, ValueError, TypeError, OverflowError):
        raise EvidenceError("form") from None
    return evidence


def write_reasons(reasons: Reasons) -> bytes:
    """The document."""
    return canonical(
        {
            "amana_reasons": FORM,
            "subject": reasons.subject,
            "event": reasons.event,
            "organisation": reasons.organisation,
            "reasons": reasons.reasons,
            "sha256": reasons.sha256,
        }
    )


def read_reasons(content: bytes) -> Reasons:
    """The reasons of a document. Errors: EvidenceError `form`, as of `read_evidence`."""
    found = _members(content, name="amana_reasons")
    try:
        text = _texts(found)
        reasons = Reasons(
            subject=text("subject"), event=text("event"), organisation=text("organisation"), reasons=text("reasons"), sha256=text("sha256")
        )  # fmt: skip
        if write_reasons(reasons) != content:
            raise EvidenceError("form")
    except (KeyError, ValueError, TypeError):
        raise EvidenceError("form") from None
    return reasons


def _members(content: bytes, *, name: str) -> Mapping[str, object]:
    try:
        found: object = json.loads(content)
    except (ValueError, RecursionError):
        raise EvidenceError("form") from None
    if not isinstance(found, dict) or cast("dict[str, object]", found).get(name) != FORM:
        raise EvidenceError("form")
    return cast("dict[str, object]", found)


def _texts(members: Mapping[str, object]) -> Callable[[str], str]:
    def text(key: str) -> str:
        value = members[key]
        if not isinstance(value, str):
            raise TypeError(key)
        return value

    return text
