"""What people act on, as values: each holds what the rules need to know, so that a rule reads nothing else."""

from dataclasses import dataclass
from typing import TypeAlias, final

from amana.policy.models import ModelRecord
from amana.policy.people import Accreditation, Asker, Person, Role, Token, Who
from amana.policy.projects import Job, Output, PermitRecord, Project
from amana.policy.transitions import (
    MODEL,
    OUTPUT,
    PERMIT,
    PROJECT,
    RUN,
    Event,
    ModelEvent,
    OutputEvent,
    PermitEvent,
    ProjectEvent,
    RunEvent,
    move,
)
from amana.terms.ids import OrganisationId, PersonId


@final
@dataclass(frozen=True, slots=True)
class Node:
    """The node as a whole."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetOf:
    """A dataset, published or about to be, and the organisation that answers for it."""

    name: str
    custodian: OrganisationId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PermitOf:
    record: PermitRecord
    project: Project

    def __post_init__(self) -> None:
        assert self.record.project == self.project.id, "a permit goes with its own project"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OutputOf:
    output: Output
    project: Project

    def __post_init__(self) -> None:
        assert self.output.project == self.project.id, "an output goes with its own project"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelOf:
    """A model with its project. `project`: None for the custodian's own, whose people are then its team."""

    model: ModelRecord
    project: Project | None

    def __post_init__(self) -> None:
        assert self.model.project == (None if self.project is None else self.project.id), "a model goes with its own project"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class CommitmentOf:
    """A commitment of the adopted plan, and the organisation that made it."""

    plan: str
    commitment: str
    owner: OrganisationId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class EvidenceOf:
    """Evidence for a commitment: of whose commitment, who brought it, and whether somebody has verified it."""

    evidence: str
    owner: OrganisationId
    organisation: OrganisationId
    submitted_by: PersonId
    verified: bool


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class MemberOf:
    """A person on her way into a project, or out of it."""

    person: Person
    project: Project


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RoleOf:
    """A role on its way to a person, or from her."""

    person: Person
    role: Role


Thing: TypeAlias = (
    Node
    | DatasetOf
    | Project
    | MemberOf
    | PermitOf
    | Job
    | OutputOf
    | ModelOf
    | CommitmentOf
    | EvidenceOf
    | Person
    | RoleOf
    | Accreditation
    | Token
)


def project_of(on: Thing) -> Project | None:
    """The project that a thing belongs to, if it does."""
    match on:
        case Project():
            return on
        case MemberOf() | PermitOf() | OutputOf() | ModelOf():
            return on.project
        case _:
            return None


def stands(who: Who, asker: Asker, *, on: Thing) -> bool:
    """Whether the asker stands in that relation to the thing. A membership counts as long as its holder is a researcher."""
    person, project = asker.person, project_of(on)
    match who:
        case Who.ANYONE | Who.PERSON:
            return True
        case Who.NODE:
            return False
        case Who.OWNER:
            return isinstance(on, Job | Token) and on.owner == person.id
        case Who.APPLICANT:
            return _researches(person) and project is not None and project.applicant == person.id
        case Who.MEMBER if isinstance(on, ModelOf) and project is None:
            return stands(Who.CUSTODIAN, asker, on=on)
        case Who.MEMBER:
            return _researches(person) and project is not None and person.id in project.members
        case Who.AUTHOR:
            return isinstance(on, OutputOf) and on.output.author == person.id and stands(Who.MEMBER, asker, on=on)
        case Who.CUSTODIAN:
            return Role.CUSTODIAN in person.roles and person.organisation in _custodians(on)
        case Who.PLANNER:
            return Role.PLANNER in person.roles and isinstance(on, CommitmentOf) and person.organisation == on.owner
        case Who.RESEARCHER | Who.REVIEWER | Who.DECIDER | Who.OPERATOR | Who.AUDITOR | Who.VERIFIER:
            return Role(who.value) in person.roles


def check_possible(on: Thing, *, event: Event) -> None:
    """Errors: Refusal lifecycle.not_possible where the thing's state does not allow the event."""
    match event:
        case ProjectEvent():
            project = project_of(on)
            assert project is not None
            move(PROJECT, project.state, event=event)
        case PermitEvent():
            assert isinstance(on, PermitOf)
            move(PERMIT, on.record.state, event=event)
        case RunEvent():
            assert isinstance(on, Job)
            move(RUN, on.state, event=event)
        case OutputEvent():
            assert isinstance(on, OutputOf)
            move(OUTPUT, on.output.state, event=event)
        case ModelEvent():
            assert isinstance(on, ModelOf)
            move(MODEL, on.model.state, event=event)


def _researches(person: Person) -> bool:
    return Role.RESEARCHER in person.roles


def _custodians(on: Thing) -> tuple[OrganisationId, ...]:
    match on:
        case DatasetOf():
            return (on.custodian,)
        case PermitOf():
            return (on.record.custodian,)
        case ModelOf():
            return (on.model.custodian,)
        case Project():
            return on.custodians
        case _:
            return ()
