"""What the public log is told of the national programme, and of what its queries count: with the transaction that makes it so."""

from datetime import UTC, date, datetime

from amana.catalog.schema import Version
from amana.log.documents import digest_of
from amana.log.entry_forms import Sealed
from amana.log.programme_kinds import (
    AccreditationEntry,
    CommitmentEntry,
    EvidenceEntry,
    ListingEntry,
    PlanEntry,
    ReleaseEntry,
    TeamEntry,
    VerificationEntry,
)
from amana.node import openings, outbox
from amana.node.outbox import hour_of
from amana.node.release import Release
from amana.programme.evidence import Evidence
from amana.programme.plan import Plan
from amana.programme.plan_document import query_digests
from amana.terms.database import Transaction, text
from amana.terms.ids import AccreditationId, EvidenceId, PersonId, ProjectId

KEEP = "INSERT INTO document (digest, content) VALUES (:digest, :content) ON CONFLICT DO NOTHING"
TEAM = """SELECT organisation.id, organisation.kind FROM project JOIN organisation ON organisation.id = project.organisation
WHERE project.id = :project"""
TEAMS_UNTOLD = """SELECT DISTINCT project.id FROM project JOIN told_of ON told_of.subject = project.id
WHERE NOT EXISTS (SELECT 1 FROM outbox_once WHERE thing = 'team ' || project.id) ORDER BY project.id"""
OTHER_RELEASES = "DELETE FROM outbox_once WHERE thing LIKE 'release %' AND thing <> :thing"
CATEGORY = "SELECT organisation.kind FROM person JOIN organisation ON organisation.id = person.organisation WHERE person.id = :person"


def keep_document(run: Transaction, content: bytes) -> str:
    """Keep a public document, which is published when an entry that names it is. Gives its digest."""
    digest = digest_of(content)
    run.change(KEEP, {"digest": digest, "content": content.decode()})
    return digest


def note_team(run: Transaction, project: ProjectId, *, at: datetime) -> None:
    """In the name of which organisation a project applies; once."""
    ((organisation, kind),) = run.rows(TEAM, {"project": project})
    entry = TeamEntry(hour=hour_of(at), project=project, organisation=text(organisation), category=text(kind))
    outbox.put_once(run, entry, thing=f"team {project}")


def note_teams(run: Transaction, *, at: datetime) -> None:
    """The same of every project that the log knows from before teams were told."""
    for (project,) in run.rows(TEAMS_UNTOLD, {}):
        note_team(run, ProjectId(text(project)), at=at)


def note_listing(run: Transaction, version: Version, *, at: datetime) -> None:
    """What a version is about; once."""
    dataset = version.dataset
    entry = ListingEntry(hour=hour_of(at), dataset=dataset.name, version=version.id, themes=dataset.themes)
    outbox.put_once(run, entry, thing=f"listing {version.id}")


def note_accreditation(
    run: Transaction, accreditation: AccreditationId, *, person: PersonId, event: str, until: datetime, at: datetime
) -> None:
    """Somebody was accredited, or is no longer. One that the log was never told of is not told of when it ends."""
    if event == "revoke" and not outbox.done_once(run, thing=f"grant {accreditation}"):
        return
    ((kind,),) = run.rows(CATEGORY, {"person": person})
    entry = AccreditationEntry(
        hour=hour_of(at), accreditation=accreditation, event=event, category=text(kind), until=until.astimezone(UTC).date()
    )  # fmt: skip
    outbox.put_once(run, entry, thing=f"{event} {accreditation}")


def note_release(run: Transaction, release: Release, *, at: datetime) -> None:
    """A release runs. Told once, and again where another one ran meanwhile: whoever goes back to an old release does not keep the figures
    of the new one."""
    thing = f"release {release.digest}"
    run.change(OTHER_RELEASES, {"thing": thing})
    entry = ReleaseEntry(
        hour=hour_of(at), release=release.version, digest=release.digest, languages=release.languages, findings=release.findings
    )  # fmt: skip
    outbox.put_once(run, entry, thing=thing)


def note_plan(
    run: Transaction, plan: Plan, *, event: str, digest: str, until: date, organisation: str, actor: str, reasons: str, at: datetime
) -> None:
    """A version of a plan is opened for comments, answered or adopted. `digest`: of a document that is kept."""
    entry = PlanEntry(
        hour=hour_of(at), plan=plan.id, version=plan.version, event=event, digest=digest, queries=query_digests(plan), until=until,
        organisation=organisation, sealed=_sealed(run, actor, reasons),
    )  # fmt: skip
    outbox.put(run, entry)


def note_evidence(
    run: Transaction, name: EvidenceId, evidence: Evidence, *, digest: str, use: int | None, actor: str, at: datetime
) -> None:
    """Evidence was brought. `use`: of E2, the index of the use whose answer it is."""
    entry = EvidenceEntry(
        hour=hour_of(at), evidence=name, plan=evidence.plan, version=evidence.version, commitment=evidence.commitment,
        indicator=evidence.indicator, on=evidence.on, basis=evidence.basis, digest=digest, use="" if use is None else str(use),
        organisation=evidence.organisation, sealed=_sealed(run, actor, ""),
    )  # fmt: skip
    outbox.put(run, entry)


def note_verification(
    run: Transaction, name: EvidenceId, *, verdict: str, digest: str, organisation: str, actor: str, at: datetime
) -> None:
    """Another organisation said whether evidence holds."""
    entry = VerificationEntry(
        hour=hour_of(at), evidence=name, verdict=verdict, digest=digest, organisation=organisation, sealed=_sealed(run, actor, "")
    )  # fmt: skip
    outbox.put(run, entry)


def note_commitment(
    run: Transaction, plan: str, commitment: str, *, event: str, digest: str, organisation: str, actor: str, at: datetime
) -> None:
    """A commitment was dropped, or taken up again."""
    entry = CommitmentEntry(
        hour=hour_of(at), plan=plan, commitment=commitment, event=event, digest=digest, organisation=organisation,
        sealed=_sealed(run, actor, ""),
    )  # fmt: skip
    outbox.put(run, entry)


def _sealed(run: Transaction, actor: str, reasons: str) -> Sealed:
    kept = openings.sealed(actor=actor, reasons=reasons)
    openings.put(run, kept)
    return openings.pairs(kept)
