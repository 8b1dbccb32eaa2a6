"""Organisations, people, accreditations, tokens; and the asker: a person as one request brings her."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from typing import final

from amana.terms.ids import AccreditationId, OrganisationId, PersonId, TokenId

SESSION_LASTS = timedelta(hours=12)
STEP_UP_LASTS = timedelta(minutes=10)


class OrganisationKind(Enum):
    """What an organisation is; COMPANY is the one that works for profit."""

    CUSTODIAN = "custodian"
    RESEARCH = "research"
    COMPANY = "company"
    AUTHORITY = "authority"
    OPERATOR = "operator"


class Role(Enum):
    """What a person may be on this node. CUSTODIAN: of the datasets, PLANNER: of the
    commitments of her own organisation only; VERIFIER: of the evidence of others."""

    RESEARCHER = "researcher"
    REVIEWER = "reviewer"
    DECIDER = "decider"
    CUSTODIAN = "custodian"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    PLANNER = "planner"
    VERIFIER = "verifier"


class Who(Enum):
    """In what relation to a thing somebody acts on it. NODE is the program itself, never a person."""

    ANYONE = "anyone"
    PERSON = "person"
    OWNER = "owner"
    RESEARCHER = "researcher"
    APPLICANT = "applicant"
    MEMBER = "member"
    AUTHOR = "author"
    REVIEWER = "reviewer"
    DECIDER = "decider"
    CUSTODIAN = "custodian"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    PLANNER = "planner"
    VERIFIER = "verifier"
    NODE = "node"


class Scope(Enum):
    """What a token may be used for: it narrows what its person may, and never widens it."""

    READ = "read"
    ASK = "ask"
    APPLY = "apply"
    REVIEW = "review"
    GOVERN = "govern"
    PUBLISH = "publish"
    OPERATE = "operate"


ASSISTANT_SCOPES = (Scope.READ, Scope.ASK)
"""All that the token of an AI assistant may do, within an allowance."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Organisation:
    id: OrganisationId
    name: str
    kind: OrganisationKind


def compatible(roles: tuple[Role, ...]) -> bool:
    """Whether one person may hold these roles: whoever runs the machine has no other part in what is done with the data."""
    return Role.OPERATOR not in roles or set(roles) == {Role.OPERATOR}


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """`language`: of the messages to her. `disabled_at`: any date at all disables; a clock that goes back enables nobody."""

    id: PersonId
    name: str
    organisation: OrganisationId
    language: str
    roles: tuple[Role, ...]
    disabled_at: datetime | None = None

    def __post_init__(self) -> None:
        assert compatible(self.roles), "an operator holds no other role"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Accreditation:
    """Somebody answered for this person, for a time. `granted_by`: None on the node's own machine. `revoked_at`: as `disabled_at` of a
    person."""

    id: AccreditationId
    person: PersonId
    granted_by: PersonId | None
    valid_from: datetime
    valid_until: datetime
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether it holds at that moment."""
        return self.revoked_at is None and self.valid_from <= now < self.valid_until


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """What a program shows in a person's name; the secret itself is not here."""

    id: TokenId
    owner: PersonId
    scopes: tuple[Scope, ...]
    expires_at: datetime
    revoked_at: datetime | None = None

    def valid(self, now: datetime) -> bool:
        """Whether it holds at that moment."""
        return self.revoked_at is None and now < self.expires_at


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """A person with what is known of her at this request: sign-in, step-up (a fresh strong sign-in), the token that spoke for her.

    `demo`: she came with a demo link, so nothing that she makes to sign in with outlives the demonstration.
    """

    person: Person
    accreditations: tuple[Accreditation, ...]
    signed_in_at: datetime
    stepped_up_at: datetime | None = None
    token: Token | None = None
    demo: bool = False

    def __post_init__(self) -> None:
        assert self.token is None or self.token.owner == self.person.id, "a token speaks for its own person"
        assert all(each.person == self.person.id for each in self.accreditations), "an accreditation is for one person"

    def accredited(self, now: datetime) -> bool:
        """Whether any of her accreditations holds."""
        return any(each.valid(now) for each in self.accreditations)

    def signed_in(self, now: datetime) -> bool:
        """Whether her session still lasts. A sign-in in the future is none: the clock went back."""
        return timedelta(0) <= now - self.signed_in_at < SESSION_LASTS

    def stepped_up(self, now: datetime) -> bool:
        """Whether she signed in strongly just now."""
        return self.stepped_up_at is not None and timedelta(0) <= now - self.stepped_up_at < STEP_UP_LASTS
