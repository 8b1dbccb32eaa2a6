"""Projects, permits and outputs as the database holds them: rows to values of `policy`, one place for each SELECT."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from fractions import Fraction
from typing import cast

from amana.catalog.purposes import UseTerm, read_term
from amana.node.people import find_organisation
from amana.policy.people import OrganisationKind
from amana.policy.projects import Decision, Output, OutputKind, PermitRecord, Project, Reply, Review, Verdict, Vote
from amana.policy.purposes import Intent, Match, match
from amana.policy.things import PermitOf
from amana.policy.transitions import OutputState, PermitState, ProjectEvent, ProjectState
from amana.terms.database import Row, Transaction, text, text_or_none, whole
from amana.terms.ids import DeltaUnits, NanoRho, OrganisationId, OutputId, PermitId, PersonId, PopulationName, ProjectId, ReviewId
from amana.terms.refusal import Refusal

PROJECT = """SELECT id, version, state, applicant, organisation, title, lay_summary, purposes, datasets, ethics_reference, ends_on
FROM project WHERE id = :id"""
PROJECTS = "SELECT id FROM project WHERE id > :after ORDER BY id LIMIT :limit"
MEMBERS = "SELECT person, left_at FROM project_member WHERE project = :id ORDER BY person"
REVIEWS = "SELECT id, reviewer, version, verdict, reasons FROM review WHERE project = :id ORDER BY given_at, id"
DECISIONS = "SELECT version, decider, event, reasons, decided_at FROM decision WHERE project = :id ORDER BY decided_at, id"
ANSWERS = "SELECT dataset, place, question, answer FROM checklist_answer WHERE project = :id ORDER BY dataset, place"
CUSTODIANS = "SELECT DISTINCT custodian FROM permit WHERE project = :id ORDER BY custodian"
HOLD = "UPDATE project SET state = state WHERE id = :id"
HOLD_BY_PERMIT = "UPDATE project SET state = state WHERE id = (SELECT project FROM permit WHERE id = :id)"
HOLD_BY_OUTPUT = "UPDATE project SET state = state WHERE id = (SELECT project FROM output WHERE id = :id)"
PERMIT = """SELECT id, project, project_version, dataset, population, custodian, state, share_asked, cap_nrho, cap_delta, valid_until,
granted_by, reasons FROM permit WHERE id = :id"""
PERMITS = "SELECT id FROM permit WHERE id > :after ORDER BY id LIMIT :limit"
PERMITS_GRANTED = "SELECT id FROM permit WHERE dataset = :dataset AND granted_by IS NOT NULL ORDER BY id"
PERMITS_OF_PERSON = """SELECT permit.id FROM permit JOIN project_member ON project_member.project = permit.project
WHERE permit.dataset = :dataset AND project_member.person = :person AND project_member.left_at IS NULL
ORDER BY CASE permit.state WHEN 'active' THEN 0 WHEN 'refused' THEN 2 ELSE 1 END, permit.id DESC"""
PERMITS_HELD = """SELECT permit.id FROM permit JOIN project_member ON project_member.project = permit.project
WHERE permit.state = 'active' AND project_member.person = :person AND project_member.left_at IS NULL ORDER BY permit.id LIMIT :limit"""
PERMITS_IN = "SELECT id FROM permit WHERE state = :state ORDER BY id"
PERMITS_OVER = """SELECT id FROM permit WHERE valid_until <= :at AND state IN ('granted', 'active', 'exhausted', 'suspended')
ORDER BY id"""
OUTPUT = "SELECT id, project, kind, author, digest, state, round FROM output WHERE id = :id"
OUTPUTS = "SELECT id, project, kind, author, digest, state, round FROM output WHERE project = :project ORDER BY made_at, id"
PUBLISHED = "SELECT id, title FROM output WHERE project = :project AND state = 'published' ORDER BY made_at, id"
VOTES = "SELECT voter, round, verdict, reasons FROM vote WHERE output = :id ORDER BY round, place"

Terms = Callable[[str], tuple[UseTerm, ...]]
"""The terms under which a dataset may be used, by its name."""


def read_project(run: Transaction, project: ProjectId) -> Project:
    """Errors: Refusal node.not_found."""
    found = run.rows(PROJECT, {"id": project})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.project", name=project[:80])
    name, version, state, applicant, organisation, title, lay, purposes, datasets, ethics, ends_on = found[0]
    members = run.rows(MEMBERS, {"id": name})
    decisions = tuple(_decision(row) for row in run.rows(DECISIONS, {"id": name}))
    return Project(
        id=ProjectId(text(name)),
        version=whole(version),
        state=ProjectState(text(state)),
        title=_texts(text(title)),
        lay_summary=_texts(text(lay)),
        purposes=read_terms(_list(text(purposes))),
        applicant=PersonId(text(applicant)),
        organisation=OrganisationId(text(organisation)),
        members=tuple(PersonId(text(person)) for person, left_at in members if left_at is None),
        former=tuple(PersonId(text(person)) for person, left_at in members if left_at is not None),
        datasets=_list(text(datasets)),
        ends_on=datetime.fromisoformat(text(ends_on)),
        ethics_reference=text(ethics),
        reviews=tuple(_review(row) for row in run.rows(REVIEWS, {"id": name})),
        deciders=tuple(sorted({each.decider for each in decisions})),
        custodians=tuple(OrganisationId(text(custodian)) for (custodian,) in run.rows(CUSTODIANS, {"id": name})),
        decisions=decisions,
        answers=tuple(_answer(row) for row in run.rows(ANSWERS, {"id": name})),
    )


def hold_project(run: Transaction, project: ProjectId) -> Project:
    """The project, which nobody else changes until the transaction ends, nor its members, reviews, permits and outputs.

    Errors: Refusal node.not_found.
    """
    run.change(HOLD, {"id": project})
    return read_project(run, project)


def hold_permit(run: Transaction, permit: PermitId, *, terms: Terms) -> PermitOf:
    """The permit, its project held. Errors: Refusal node.not_found."""
    run.change(HOLD_BY_PERMIT, {"id": permit})
    return read_permit(run, permit, terms=terms)


def read_permit(run: Transaction, permit: PermitId, *, terms: Terms) -> PermitOf:
    """The permit with its project. Whether the purposes match is worked out from what dataset and project say now.

    Errors: Refusal node.not_found.
    """
    found = run.rows(PERMIT, {"id": permit})
    if not found:
        raise Refusal("node.not_found", thing="word.thing.permit", name=permit[:80])
    name, owner, version, dataset, population, custodian, state, share, cap_nrho, cap_delta, valid_until, granted_by, reasons = found[0]
    project, granter = read_project(run, ProjectId(text(owner))), text_or_none(granted_by)
    record = PermitRecord(
        id=PermitId(text(name)),
        project=project.id,
        project_version=whole(version),
        dataset=text(dataset),
        population=PopulationName(text(population)),
        custodian=OrganisationId(text(custodian)),
        state=PermitState(text(state)),
        match=matched(run, project.purposes, project.organisation, project.ethics_reference, allowed=terms(text(dataset))),
        share_asked=Fraction(text(share)),
        cap_nrho=NanoRho(whole(cap_nrho)),
        cap_delta=DeltaUnits(whole(cap_delta)),
        valid_until=datetime.fromisoformat(text(valid_until)),
        granted_by=None if granter is None else PersonId(granter),
        reasons=text(reasons),
    )
    return PermitOf(record=record, project=project)


def matched(
    run: Transaction, purposes: tuple[UseTerm, ...], organisation: OrganisationId, ethics_reference: str, *, allowed: tuple[UseTerm, ...]
) -> Match:
    """What a project of that organisation wants to do, compared with what the dataset allows."""
    found = find_organisation(run, organisation)
    kind = OrganisationKind.OPERATOR if found is None else found.kind
    return match(Intent(terms=purposes, organisation=kind, ethics_reference=ethics_reference), allowed=allowed)


def read_output(run: Transaction, row: Row) -> Output:
    """A row of OUTPUT or OUTPUTS."""
    name, project, kind, author, digest, state, rounds = row
    votes = run.rows(VOTES, {"id": name})
    return Output(
        id=OutputId(text(name)),
        project=ProjectId(text(project)),
        kind=OutputKind(text(kind)),
        author=PersonId(text(author)),
        digest=text(digest),
        state=OutputState(text(state)),
        round=whole(rounds),
        votes=tuple(
            Vote(voter=PersonId(text(voter)), round=whole(number), verdict=Verdict(text(verdict)), reasons=text(reasons))
            for voter, number, verdict, reasons in votes
        ),
    )


def read_terms(written: tuple[str, ...]) -> tuple[UseTerm, ...]:
    """The terms in their written forms. Errors: Refusal project.unknown_purpose."""
    found: list[UseTerm] = []
    for each in written:
        term = read_term(each)
        if term is None:
            raise Refusal("project.unknown_purpose", term=each[:80])
        found.append(term)
    return tuple(found)


def swapped(changed: int) -> None:
    """A change that names the state it starts from has changed one row. Errors: Refusal node.changed_meanwhile."""
    if changed != 1:
        raise Refusal("node.changed_meanwhile")


def written(pairs: Mapping[str, str] | tuple[tuple[str, str], ...]) -> str:
    """Texts by language, or pairs, as a column holds them."""
    return json.dumps(dict(pairs), ensure_ascii=False)


def written_list(items: tuple[str, ...]) -> str:
    """A list as a column holds it."""
    return json.dumps(items, ensure_ascii=False)


def _review(row: Row) -> Review:
    name, reviewer, version, verdict, reasons = row
    return Review(
        id=ReviewId(text(name)),
        reviewer=PersonId(text(reviewer)),
        version=whole(version),
        verdict=Verdict(text(verdict)),
        reasons=text(reasons),
    )


def _decision(row: Row) -> Decision:
    version, decider, event, reasons, at = row
    return Decision(
        version=whole(version),
        decider=PersonId(text(decider)),
        event=ProjectEvent(text(event)),
        reasons=text(reasons),
        decided_at=datetime.fromisoformat(text(at)),
    )


def _answer(row: Row) -> Reply:
    dataset, place, question, answer = row
    return Reply(dataset=text(dataset), place=whole(place), question=_texts(text(question)), text=text(answer))


def _texts(held: str) -> tuple[tuple[str, str], ...]:
    return tuple(cast("dict[str, str]", json.loads(held)).items())


def _list(held: str) -> tuple[str, ...]:
    return tuple(cast("list[str]", json.loads(held)))
