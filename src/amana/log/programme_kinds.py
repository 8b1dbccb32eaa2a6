"""Entries about the national programme, and what its queries count: plans, evidence, who applies, what a dataset is about, releases.

None holds a figure or a person. What they name by digest is a public document beside the log (`documents.py`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeAlias, final

from amana.catalog.themes import THEMES
from amana.log.entry_forms import Count, Day, Form, Sealed, Several, Text, Written, one_of
from amana.log.entry_members import DECIDED, NAME, PROJECT_ID, VERSION


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TeamEntry:
    """In the name of which organisation a project applies: the organisation's random id, and what it is."""

    hour: datetime
    project: str
    organisation: str
    category: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ListingEntry:
    """What a version of a dataset is about."""

    hour: datetime
    dataset: str
    version: str
    themes: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class AccreditationEntry:
    """Somebody answers for a person until a day, or does so no longer. Of the person, only what her organisation is."""

    hour: datetime
    accreditation: str
    event: str
    category: str
    until: date


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ReleaseEntry:
    """A release of the program runs from now on. `digest`: of its files; `languages`: in which nothing is left untranslated;
    `findings`: known vulnerabilities that it lists."""

    hour: datetime
    release: str
    digest: str
    languages: tuple[str, ...]
    findings: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PlanEntry:
    """A version of a plan is opened for comments, its comments are answered, or it is adopted. `digest`: of the plan, or of the answers;
    `queries`: digests of its queries over this log; `until`: the last day for comments, else the day itself. Sealed: actor, reasons."""

    hour: datetime
    plan: str
    version: int
    event: str
    digest: str
    queries: tuple[str, ...]
    until: date
    organisation: str
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceEntry:
    """An organisation brings evidence for an indicator. `on`: the day for which it holds; `basis`: E2, E3 or E4; `digest`: of the document
    that says what; `use`: of E2, the index of the use whose answer it is. Sealed: actor, reasons."""

    hour: datetime
    evidence: str
    plan: str
    version: int
    commitment: str
    indicator: str
    on: date
    basis: str
    digest: str
    use: str
    organisation: str
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerificationEntry:
    """Another organisation says whether evidence holds. `digest`: of its reasons. Sealed: actor, reasons."""

    hour: datetime
    evidence: str
    verdict: str
    digest: str
    organisation: str
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentEntry:
    """A commitment is dropped, or taken up again. `digest`: of the reasons, which are public. Sealed: actor, reasons."""

    hour: datetime
    plan: str
    commitment: str
    event: str
    digest: str
    organisation: str
    sealed: Sealed


ProgrammeEntry: TypeAlias = (
    TeamEntry | ListingEntry | AccreditationEntry | ReleaseEntry | PlanEntry | EvidenceEntry | VerificationEntry | CommitmentEntry
)

DIGEST = Text(pattern="[0-9a-f]{64}", about="SHA-256 in hexadecimal")
PLAN = Text(pattern="[a-z][a-z0-9-]{0,39}", about="a plan")
PART = Text(pattern=PLAN.pattern, about="a part of the plan, by its name there")
EVIDENCE = Text(pattern="e-[0-9a-f]{1,32}", about="a piece of evidence")
WHOSE = Written(length_max=500, about="the organisation that says so")
CATEGORY = one_of(("custodian", "research", "company", "authority", "operator"), about="what the organisation is")
NUMBER = Count(digits_max=6, about="the version of the plan")
PLAN_EVENTS, VERDICTS, COMMITMENT_EVENTS = ("consult", "answer", "adopt"), ("confirm", "reject"), ("drop", "resume")
BASES = ("E2", "E3", "E4")

MEMBERS: Mapping[type[ProgrammeEntry], Mapping[str, Form]] = MappingProxyType(
    {
        TeamEntry: {
            "project": PROJECT_ID,
            "organisation": Text(pattern="o-[0-9a-f]{1,32}", about="an organisation, by its random id"),
            "category": CATEGORY,
        },
        ListingEntry: {
            "dataset": NAME,
            "version": VERSION,
            "themes": Several(of=one_of(tuple(THEMES), about="a theme"), about="its themes"),
        },
        AccreditationEntry: {
            "accreditation": Text(pattern="a-[0-9a-f]{1,32}", about="an accreditation, by its random id"),
            "event": one_of(("grant", "revoke"), about="what happened"),
            "category": CATEGORY,
            "until": Day(about="its last day"),
        },
        ReleaseEntry: {
            "release": Text(pattern="[0-9A-Za-z.+-]{1,40}", about="the version of the program"),
            "digest": DIGEST,
            "languages": Several(of=Text(pattern="[a-z]{2,3}", about="a language"), about="covered as a whole"),
            "findings": Count(digits_max=6, about="known vulnerabilities that it lists"),
        },
        PlanEntry: {
            "plan": PLAN,
            "version": NUMBER,
            "event": one_of(PLAN_EVENTS, about="what happened"),
            "digest": DIGEST,
            "queries": Several(of=DIGEST, about="digests of its queries over this log"),
            "until": Day(about="the last day for comments, or the day itself"),
            "organisation": WHOSE,
            "sealed": DECIDED,
        },
        EvidenceEntry: {
            "evidence": EVIDENCE,
            "plan": PLAN,
            "version": NUMBER,
            "commitment": PART,
            "indicator": PART,
            "on": Day(about="the day for which it holds"),
            "basis": one_of(BASES, about="E2: a private figure; E3: a document; E4: a claim, which weighs nothing"),
            "digest": DIGEST,
            "use": Text(pattern="(?:0|[1-9][0-9]{0,14})?", about="of E2, the index of the use whose answer it is"),
            "organisation": WHOSE,
            "sealed": DECIDED,
        },
        VerificationEntry: {
            "evidence": EVIDENCE,
            "verdict": one_of(VERDICTS, about="whether it holds"),
            "digest": DIGEST,
            "organisation": WHOSE,
            "sealed": DECIDED,
        },
        CommitmentEntry: {
            "plan": PLAN,
            "commitment": PART,
            "event": one_of(COMMITMENT_EVENTS, about="what happened"),
            "digest": DIGEST,
            "organisation": WHOSE,
            "sealed": DECIDED,
        },
    }
)
DOCUMENTED = ("plan", "evidence", "verification", "commitment")
"""Kinds whose `digest` is that of a public document."""
