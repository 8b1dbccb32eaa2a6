"""Projects with their reviews, permits as they are recorded, and outputs with their votes."""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from fractions import Fraction
from typing import final

from amana.catalog.purposes import UseTerm
from amana.policy.purposes import Match
from amana.policy.transitions import OUTPUT, PROJECT, OutputEvent, OutputState, PermitState, ProjectEvent, ProjectState, RunState, move
from amana.terms.ids import (
    DeltaUnits,
    JobId,
    NanoRho,
    OrganisationId,
    OutputId,
    PermitId,
    PersonId,
    PopulationName,
    ProjectId,
    ReviewId,
)

REVIEWS_NEEDED = 2
VOTES_NEEDED = 2


class Verdict(Enum):
    """What a reviewer or a voter thinks."""

    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Review:
    """`version`: of the project that was read."""

    id: ReviewId
    reviewer: PersonId
    version: int
    verdict: Verdict
    reasons: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What the applicant says to a custodian's question. Shapes: `question` is pairs (language, text), as it was asked."""

    dataset: str
    place: int
    question: tuple[tuple[str, str], ...]
    text: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """What a decider did with that version, and why."""

    version: int
    decider: PersonId
    event: ProjectEvent
    reasons: str
    decided_at: datetime


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Project:
    """A project of research. Each submission is a new version, which is reviewed, decided and permitted for itself: a draft starts at 0.

    `title`, `lay_summary`: pairs (language, text). `members` holds the applicant; `former`: who was a member once; `reviews` and
    `deciders`: of every version.
    """

    id: ProjectId
    version: int
    state: ProjectState
    title: tuple[tuple[str, str], ...]
    lay_summary: tuple[tuple[str, str], ...]
    purposes: tuple[UseTerm, ...]
    applicant: PersonId
    organisation: OrganisationId
    members: tuple[PersonId, ...]
    datasets: tuple[str, ...]
    ends_on: datetime
    ethics_reference: str = ""
    former: tuple[PersonId, ...] = ()
    reviews: tuple[Review, ...] = ()
    deciders: tuple[PersonId, ...] = ()
    custodians: tuple[OrganisationId, ...] = ()
    """Whose permits it asked for: they read it before they sign."""
    answers: tuple[Reply, ...] = ()
    """To what the custodians of its datasets ask, in the order of dataset and place."""
    decisions: tuple[Decision, ...] = ()
    """Of every version, the first one first."""

    def __post_init__(self) -> None:
        assert self.applicant in self.members, "the applicant is a member"

    def involves(self, person: PersonId) -> bool:
        """Whether this person is or ever was of the project: she never judges it."""
        return person in self.members or person in self.former

    def judged_by(self, person: PersonId) -> bool:
        """Whether this person reviewed or decided any version: she never joins it."""
        return person in self.deciders or any(each.reviewer == person for each in self.reviews)

    def reviewers(self) -> tuple[PersonId, ...]:
        """Who reviewed this version, each once."""
        return tuple(dict.fromkeys(each.reviewer for each in self.reviews if each.version == self.version))

    def overruled_by(self, event: ProjectEvent) -> bool:
        """Whether that decision goes against the opinion of a review of this version."""
        against = {ProjectEvent.APPROVE: (Verdict.RETURN, Verdict.REJECT), ProjectEvent.REJECT: (Verdict.APPROVE,)}.get(event, ())
        return any(each.version == self.version and each.verdict in against for each in self.reviews)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PermitRecord:
    """A permit as the node keeps it: one project on one dataset. The caps are zero until it is granted.

    `project_version`: the purposes it was requested for. `custodian`: the organisation that signs. `share_asked`: of the population's cap.
    `reasons`: the custodian's last words on it.
    """

    id: PermitId
    project: ProjectId
    project_version: int
    dataset: str
    population: PopulationName
    custodian: OrganisationId
    state: PermitState
    match: Match
    share_asked: Fraction
    cap_nrho: NanoRho
    cap_delta: DeltaUnits
    valid_until: datetime
    granted_by: PersonId | None = None
    reasons: str = ""

    def __post_init__(self) -> None:
        ungranted = self.state in {PermitState.REQUESTED, PermitState.RETURNED, PermitState.REFUSED}
        assert ungranted == (self.granted_by is None), "a permit that was granted says by whom"

    @property
    def told(self) -> str:
        """What the custodian tells the team: why a request was returned or refused. What she writes later is for the record."""
        return self.reasons if self.granted_by is None else ""

    @property
    def asked(self) -> str:
        """What a custodian reads before she grants it, so that she signs that and nothing else: purposes, share and end."""
        return f"{self.project_version} {self.share_asked} {self.valid_until.isoformat()}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run as its owner sees it."""

    id: JobId
    owner: PersonId
    state: RunState


class OutputKind(Enum):
    """Never rows of a protected table: what is voted on was private when it was released (PRIVACY 14)."""

    TEXT = "text"
    CODE = "code"
    DERIVATION = "derivation"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Vote:
    """`round`: how many times the output had been proposed."""

    voter: PersonId
    round: int
    verdict: Verdict
    reasons: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What a team wants to publish. `round` grows with each proposal; the votes of earlier rounds stay for the record."""

    id: OutputId
    project: ProjectId
    kind: OutputKind
    author: PersonId
    digest: str
    state: OutputState
    round: int
    votes: tuple[Vote, ...] = ()

    def votes_now(self) -> tuple[Vote, ...]:
        """The votes of this round."""
        return tuple(vote for vote in self.votes if vote.round == self.round)


def project_after(project: Project, *, event: ProjectEvent) -> Project:
    """The project after an event. A submission is a new version, so that no review of an earlier text counts for a changed one.

    Errors: Refusal lifecycle.not_possible.
    """
    version = project.version + 1 if event is ProjectEvent.SUBMIT else project.version
    return replace(project, state=move(PROJECT, project.state, event=event), version=version)


def output_after(output: Output, *, event: OutputEvent) -> Output:
    """The output after an event. A proposal is a new round, so that no vote on an earlier text counts for a changed one.

    Errors: Refusal lifecycle.not_possible.
    """
    proposals = output.round + 1 if event is OutputEvent.PROPOSE else output.round
    return replace(output, state=move(OUTPUT, output.state, event=event), round=proposals)


def votes_counted(output: Output, *, project: Project) -> tuple[Vote, ...]:
    """The votes of this round that decide: one whose voter joined the project afterwards counts no more."""
    return tuple(vote for vote in output.votes_now() if not project.involves(vote.voter))


def votes_shown(output: Output, *, project: Project, to: PersonId) -> tuple[Vote, ...]:
    """The votes that this person may see: those of a round are blind until both are cast; her own she knows."""
    done = len(votes_counted(output, project=project)) >= VOTES_NEEDED
    return tuple(vote for vote in output.votes if vote.round < output.round or done or vote.voter == to)


def event_of_votes(output: Output, *, project: Project) -> OutputEvent | None:
    """What two votes decide: both approve, both reject, else it goes back to its author. None while one is missing."""
    verdicts = [vote.verdict for vote in votes_counted(output, project=project)]
    if len(verdicts) < VOTES_NEEDED:
        return None
    if all(each is Verdict.APPROVE for each in verdicts):
        return OutputEvent.APPROVE
    return OutputEvent.REJECT if all(each is Verdict.REJECT for each in verdicts) else OutputEvent.RETURN
