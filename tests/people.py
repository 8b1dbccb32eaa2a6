"""A small society for the tests of policy: one person of each part, one project, one permit, one output."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from fractions import Fraction

from amana.catalog.purposes import UseTerm
from amana.policy.models import ModelRecord
from amana.policy.people import Accreditation, Asker, Person, Role, Scope, Token
from amana.policy.projects import Output, OutputKind, PermitRecord, Project, Review, Verdict, Vote
from amana.policy.purposes import Match, Outcome
from amana.policy.transitions import ModelState, OutputState, PermitState, ProjectState
from amana.terms.ids import (
    AccreditationId,
    DeltaUnits,
    ModelId,
    NanoRho,
    OrganisationId,
    OutputId,
    PermitId,
    PersonId,
    PopulationName,
    ProjectId,
    ReviewId,
    TokenId,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
LATER = NOW + timedelta(days=365)
UNIVERSITY, CLINIC, CENTRE = OrganisationId("university"), OrganisationId("clinic"), OrganisationId("centre")
MATCH = Match(outcome=Outcome.ALLOWED, reasons=())
PARTS: dict[str, tuple[OrganisationId, tuple[Role, ...]]] = {
    "applicant": (UNIVERSITY, (Role.RESEARCHER,)),
    "member": (UNIVERSITY, (Role.RESEARCHER,)),
    "stranger": (UNIVERSITY, (Role.RESEARCHER,)),
    "reviewer": (UNIVERSITY, (Role.REVIEWER,)),
    "second": (CLINIC, (Role.REVIEWER,)),
    "decider": (CENTRE, (Role.DECIDER,)),
    "custodian": (CLINIC, (Role.CUSTODIAN,)),
    "elsewhere": (UNIVERSITY, (Role.CUSTODIAN,)),
    "operator": (CENTRE, (Role.OPERATOR,)),
    "auditor": (CENTRE, (Role.AUDITOR,)),
    "planner": (UNIVERSITY, (Role.PLANNER,)),
    "planning elsewhere": (CLINIC, (Role.PLANNER,)),
    "insider": (UNIVERSITY, (Role.VERIFIER,)),
    "verifier": (CLINIC, (Role.VERIFIER,)),
}


def pid(name: str) -> PersonId:
    return PersonId(name)


def person(name: str, *roles: Role) -> Person:
    organisation, usual = PARTS.get(name, (UNIVERSITY, ()))
    return Person(id=pid(name), name=name, organisation=organisation, language="en", roles=roles or usual)


def accreditation(name: str) -> Accreditation:
    return Accreditation(
        id=AccreditationId(f"accreditation-{name}"),
        person=pid(name),
        granted_by=pid("decider"),
        valid_from=NOW - timedelta(days=30),
        valid_until=NOW + timedelta(days=30),
    )


def asker(name: str, *roles: Role) -> Asker:
    """Signed in and stepped up a minute ago, accredited."""
    minute = NOW - timedelta(minutes=1)
    who = person(name, *roles)
    return Asker(person=who, accreditations=(accreditation(name),), signed_in_at=minute, stepped_up_at=minute)


def with_token(who: Asker, *scopes: Scope) -> Asker:
    token = Token(id=TokenId("token-1"), owner=who.person.id, scopes=scopes, expires_at=LATER)
    return replace(who, token=token)


def review(name: str, *, version: int = 1) -> Review:
    return Review(id=ReviewId(f"review-{name}"), reviewer=pid(name), version=version, verdict=Verdict.APPROVE, reasons="clear")


def project(state: ProjectState = ProjectState.ACTIVE, *, version: int = 1) -> Project:
    return Project(
        id=ProjectId("project-1"),
        version=version,
        state=state,
        title=(("en", "Visits and seasons"),),
        lay_summary=(("en", "We count visits by month."),),
        purposes=(UseTerm(code="DS", parameter="MONDO:0005148"), UseTerm(code="dpv:AcademicResearch")),
        applicant=pid("applicant"),
        organisation=UNIVERSITY,
        members=(pid("applicant"), pid("member")),
        datasets=("clinic",),
        ends_on=LATER,
    )


def record(state: PermitState = PermitState.ACTIVE, *, match: Match = MATCH) -> PermitRecord:
    ungranted = state in {PermitState.REQUESTED, PermitState.RETURNED, PermitState.REFUSED}
    return PermitRecord(
        id=PermitId("permit-1"),
        project=ProjectId("project-1"),
        project_version=1,
        dataset="clinic",
        population=PopulationName("patients"),
        custodian=CLINIC,
        state=state,
        match=match,
        share_asked=Fraction(1, 100),
        cap_nrho=NanoRho(1_000_000),
        cap_delta=DeltaUnits(1_000),
        valid_until=NOW + timedelta(days=90),
        granted_by=None if ungranted else pid("custodian"),
    )


def output(state: OutputState = OutputState.CHECKING, *votes: Vote) -> Output:
    return Output(
        id=OutputId("output-1"),
        project=ProjectId("project-1"),
        kind=OutputKind.TEXT,
        author=pid("member"),
        digest="0f",
        state=state,
        round=1,
        votes=votes,
    )


def vote(name: str, verdict: Verdict = Verdict.APPROVE, *, round: int = 1) -> Vote:  # noqa: A002 - the field's own name
    return Vote(voter=pid(name), round=round, verdict=verdict, reasons="read in full")


def model(state: ModelState = ModelState.TRAINED, *, by: str = "member") -> ModelRecord:
    """Described by that person; assessed and public as its state needs."""
    assessed = state is not ModelState.TRAINED
    return ModelRecord(
        id=ModelId("model-1"),
        project=ProjectId("project-1"),
        permit=PermitId("permit-1"),
        dataset="clinic",
        version="0f",
        custodian=CLINIC,
        state=state,
        described_by=pid(by),
        assessed_by=pid("custodian") if assessed else None,
        public=assessed and state is not ModelState.ASSESSED,
    )
