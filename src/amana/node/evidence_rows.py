"""Evidence as the node keeps it: rows of its table, as values."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import final

from amana.policy.people import Person
from amana.policy.things import EvidenceOf
from amana.terms.database import Row, Transaction, Value, text, text_or_none
from amana.terms.ids import EvidenceId, OrganisationId, PersonId
from amana.terms.refusal import Refusal

_COLUMNS = """SELECT id, commitment, indicator, held_on, basis, digest, owner, organisation, submitted_by, submitted_at, verdict
FROM evidence"""
ONE = f"{_COLUMNS} WHERE id = :id"
UNVERIFIED = f"""{_COLUMNS} WHERE verdict IS NULL AND basis = 'E3' AND owner <> :organisation AND organisation <> :organisation
AND submitted_by <> :person AND (submitted_at > :at OR (submitted_at = :at AND id > :id)) ORDER BY submitted_at, id LIMIT :limit"""
OF_COMMITMENT = f"{_COLUMNS} WHERE plan = :plan AND commitment = :commitment ORDER BY submitted_at DESC, id LIMIT :limit"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Evidence as the node keeps it. `document`: digest of its public document; `verdict`: None while nobody has verified it."""

    id: EvidenceId
    place: EvidenceOf
    commitment: str
    indicator: str
    on: date
    basis: str
    document: str
    submitted_at: datetime
    verdict: str | None


def find_evidence(run: Transaction, evidence: EvidenceId) -> Waiting:
    """One piece of it. Errors: Refusal node.not_found."""
    found = run.rows(ONE, {"id": evidence})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.evidence", name=evidence[:80])
    return _of_row(found[0])


def unverified(run: Transaction, *, by: Person, after: tuple[str, str] = ("", ""), limit: int) -> tuple[Waiting, ...]:
    """Documents that nobody has verified and somebody else than these may: her organisation, and herself. What has waited longest comes
    first. `after`: moment and id of the last one of the page before."""
    values: dict[str, Value] = {"organisation": by.organisation, "person": by.id, "at": after[0], "id": after[1], "limit": limit}
    return tuple(map(_of_row, run.rows(UNVERIFIED, values)))


def evidence_of(run: Transaction, *, plan: str, commitment: str, limit: int) -> tuple[Waiting, ...]:
    """What was brought for a commitment, the latest first."""
    return tuple(map(_of_row, run.rows(OF_COMMITMENT, {"plan": plan, "commitment": commitment, "limit": limit})))


def _of_row(row: Row) -> Waiting:
    name, commitment, indicator, on, basis, digest, owner, organisation, person, at, verdict = row
    verified = text_or_none(verdict)
    return Waiting(
        id=EvidenceId(text(name)),
        place=EvidenceOf(
            evidence=text(name),
            owner=OrganisationId(text(owner)),
            organisation=OrganisationId(text(organisation)),
            submitted_by=PersonId(text(person)),
            verified=verified is not None,
        ),
        commitment=text(commitment),
        indicator=text(indicator),
        on=date.fromisoformat(text(on)),
        basis=text(basis),
        document=text(digest),
        submitted_at=datetime.fromisoformat(text(at)),
        verdict=verified,
    )
