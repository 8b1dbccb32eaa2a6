"""The lives of a project, a permit, a run, an output and a model: ONE table of transitions each, from which the page of lifecycles is made.

What is not in a table cannot happen. Who may do it and whether a step-up is needed stand beside each transition: `rights.py` reads
them here.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Generic, TypeAlias, TypeVar, final

from amana.policy.people import Who
from amana.terms.refusal import Refusal


class ProjectState(Enum):
    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    APPROVED = "approved"
    REJECTED = "rejected"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    CLOSED = "closed"
    EXPIRED = "expired"
    REVOKED = "revoked"


class ProjectEvent(Enum):
    EDIT = "edit"
    ADD_MEMBER = "add_member"
    REMOVE_MEMBER = "remove_member"
    SUBMIT = "submit"
    WITHDRAW = "withdraw"
    REVIEW = "review"
    RETURN = "return"
    APPROVE = "approve"
    REJECT = "reject"
    REQUEST_PERMIT = "request_permit"
    ACTIVATE = "activate"
    SUSPEND = "suspend"
    RESUME = "resume"
    CHANGE_PURPOSE = "change_purpose"
    CLOSE = "close"
    EXPIRE = "expire"
    REVOKE = "revoke"


class PermitState(Enum):
    REQUESTED = "requested"
    RETURNED = "returned"
    GRANTED = "granted"
    REFUSED = "refused"
    ACTIVE = "active"
    EXHAUSTED = "exhausted"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    REVOKED = "revoked"


class PermitEvent(Enum):
    RETURN = "return"
    REVISE = "revise"
    GRANT = "grant"
    REFUSE = "refuse"
    ACTIVATE = "activate"
    EXHAUST = "exhaust"
    WIDEN = "widen"
    SUSPEND = "suspend"
    PAUSE = "pause"
    RESUME = "resume"
    EXPIRE = "expire"
    REVOKE = "revoke"


class RunState(Enum):
    RECEIVED = "received"
    ADMITTED = "admitted"
    REFUSED = "refused"
    CANCELLED = "cancelled"
    RESERVED = "reserved"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    SETTLED = "settled"


class RunEvent(Enum):
    ADMIT = "admit"
    REFUSE = "refuse"
    CANCEL = "cancel"
    RESERVE = "reserve"
    START = "start"
    FINISH = "finish"
    FAIL = "fail"
    SETTLE = "settle"


class OutputState(Enum):
    RELEASED = "released"
    CHECKING = "checking"
    APPROVED = "approved"
    RETURNED = "returned"
    REJECTED = "rejected"
    PUBLISHED = "published"
    RETRACTED = "retracted"


class OutputEvent(Enum):
    PROPOSE = "propose"
    VOTE = "vote"
    APPROVE = "approve"
    RETURN = "return"
    REJECT = "reject"
    PUBLISH = "publish"
    RETRACT = "retract"


class ModelState(Enum):
    TRAINED = "trained"
    ASSESSED = "assessed"
    REGISTERED = "registered"
    IN_SERVICE = "in_service"
    SUSPENDED = "suspended"
    RETIRED = "retired"


class ModelEvent(Enum):
    DESCRIBE = "describe"
    ASSESS = "assess"
    REVISE = "revise"
    REGISTER = "register"
    SERVE = "serve"
    SUSPEND = "suspend"
    RESUME = "resume"
    RETIRE = "retire"


Event: TypeAlias = ProjectEvent | PermitEvent | RunEvent | OutputEvent | ModelEvent
S = TypeVar("S", bound=Enum)
E = TypeVar("E", bound=Enum)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Transition(Generic[S, E]):
    """From any of `states`, `event` leads to `to`; None: the state stays. `who`: any one of them may."""

    states: tuple[S, ...]
    event: E
    to: S | None
    who: tuple[Who, ...]
    step_up: bool = False


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Machine(Generic[S, E]):
    name: str
    start: S
    transitions: tuple[Transition[S, E], ...]

    def text(self, event: E) -> str:
        """The message that says in words what this event does."""
        return f"lifecycle.{self.name}.{event.value}"

    def word(self, event: E) -> str:
        """The code of the word for the action by which a person makes this happen; what the node does by itself has none."""
        by_people = any(each.event is event and each.who != _NODE for each in self.transitions)
        return f"word.action.{_NAMED.get(event.value, f'{event.value}_{self.name}')}" if by_people else event.value

    def possible(self, state: S) -> tuple[E, ...]:
        """What can happen next."""
        return tuple(each.event for each in self.transitions if state in each.states)


_ALIVE = (ProjectState.APPROVED, ProjectState.ACTIVE, ProjectState.SUSPENDED)
_WRITING = (ProjectState.DRAFT, ProjectState.RETURNED)
_OPEN = (ProjectState.APPROVED, ProjectState.ACTIVE)
_ASIDE = (ProjectState.DRAFT, ProjectState.SUBMITTED, ProjectState.RETURNED)
_APPLICANT, _DECIDER, _CUSTODIAN, _NODE = (Who.APPLICANT,), (Who.DECIDER,), (Who.CUSTODIAN,), (Who.NODE,)
_NAMED = {
    **{name: name for name in ("add_member", "remove_member", "request_permit", "change_purpose")},
    "cancel": "cancel_job",
}
"""Actions that are not named by the event and its thing."""

PROJECT: Machine[ProjectState, ProjectEvent] = Machine(
    name="project",
    start=ProjectState.DRAFT,
    transitions=(
        Transition(states=_WRITING, event=ProjectEvent.EDIT, to=None, who=(Who.MEMBER,)),
        Transition(states=(*_WRITING, *_OPEN), event=ProjectEvent.ADD_MEMBER, to=None, who=_APPLICANT),
        Transition(states=(*_WRITING, *_ALIVE), event=ProjectEvent.REMOVE_MEMBER, to=None, who=_APPLICANT),
        Transition(states=_WRITING, event=ProjectEvent.SUBMIT, to=ProjectState.SUBMITTED, who=_APPLICANT),
        Transition(states=(ProjectState.SUBMITTED,), event=ProjectEvent.WITHDRAW, to=ProjectState.DRAFT, who=_APPLICANT),
        Transition(states=(ProjectState.SUBMITTED,), event=ProjectEvent.REVIEW, to=None, who=(Who.REVIEWER,)),
        Transition(states=(ProjectState.SUBMITTED,), event=ProjectEvent.RETURN, to=ProjectState.RETURNED, who=_DECIDER),
        Transition(states=(ProjectState.SUBMITTED,), event=ProjectEvent.APPROVE, to=ProjectState.APPROVED, who=_DECIDER),
        Transition(states=(ProjectState.SUBMITTED,), event=ProjectEvent.REJECT, to=ProjectState.REJECTED, who=_DECIDER),
        Transition(states=_OPEN, event=ProjectEvent.REQUEST_PERMIT, to=None, who=_APPLICANT),
        Transition(states=(ProjectState.APPROVED,), event=ProjectEvent.ACTIVATE, to=ProjectState.ACTIVE, who=_NODE),
        Transition(states=(ProjectState.ACTIVE,), event=ProjectEvent.SUSPEND, to=ProjectState.SUSPENDED, who=_DECIDER),
        Transition(states=(ProjectState.SUSPENDED,), event=ProjectEvent.RESUME, to=ProjectState.ACTIVE, who=_DECIDER),
        # Not from SUSPENDED: a new purpose is no way round a suspension.
        Transition(states=_OPEN, event=ProjectEvent.CHANGE_PURPOSE, to=ProjectState.DRAFT, who=_APPLICANT),
        Transition(states=(*_ASIDE, *_ALIVE), event=ProjectEvent.CLOSE, to=ProjectState.CLOSED, who=_APPLICANT),
        Transition(states=_ALIVE, event=ProjectEvent.EXPIRE, to=ProjectState.EXPIRED, who=_NODE),
        Transition(states=_ALIVE, event=ProjectEvent.REVOKE, to=ProjectState.REVOKED, who=_DECIDER),
    ),
)

_HELD = (PermitState.GRANTED, PermitState.ACTIVE, PermitState.EXHAUSTED, PermitState.SUSPENDED)

PERMIT: Machine[PermitState, PermitEvent] = Machine(
    name="permit",
    start=PermitState.REQUESTED,
    transitions=(
        Transition(states=(PermitState.REQUESTED,), event=PermitEvent.RETURN, to=PermitState.RETURNED, who=_CUSTODIAN),
        Transition(states=(PermitState.RETURNED,), event=PermitEvent.REVISE, to=PermitState.REQUESTED, who=_APPLICANT),
        Transition(states=(PermitState.REQUESTED,), event=PermitEvent.GRANT, to=PermitState.GRANTED, who=_CUSTODIAN, step_up=True),
        Transition(states=(PermitState.REQUESTED, PermitState.RETURNED), event=PermitEvent.REFUSE, to=PermitState.REFUSED, who=_CUSTODIAN),
        Transition(states=(PermitState.GRANTED,), event=PermitEvent.ACTIVATE, to=PermitState.ACTIVE, who=_NODE),
        Transition(states=(PermitState.ACTIVE,), event=PermitEvent.EXHAUST, to=PermitState.EXHAUSTED, who=_NODE),
        Transition(
            states=(PermitState.ACTIVE, PermitState.EXHAUSTED),
            event=PermitEvent.WIDEN,
            to=PermitState.ACTIVE,
            who=_CUSTODIAN,
            step_up=True,
        ),
        Transition(states=(PermitState.ACTIVE,), event=PermitEvent.SUSPEND, to=PermitState.SUSPENDED, who=_CUSTODIAN),
        Transition(states=(PermitState.ACTIVE,), event=PermitEvent.PAUSE, to=PermitState.SUSPENDED, who=_NODE),
        Transition(states=(PermitState.SUSPENDED,), event=PermitEvent.RESUME, to=PermitState.ACTIVE, who=_CUSTODIAN, step_up=True),
        Transition(states=_HELD, event=PermitEvent.EXPIRE, to=PermitState.EXPIRED, who=_NODE),
        Transition(states=_HELD, event=PermitEvent.REVOKE, to=PermitState.REVOKED, who=_CUSTODIAN),
    ),
)

RUN: Machine[RunState, RunEvent] = Machine(
    name="run",
    start=RunState.RECEIVED,
    transitions=(
        Transition(states=(RunState.RECEIVED,), event=RunEvent.ADMIT, to=RunState.ADMITTED, who=_NODE),
        # An admitted run is refused when the budget is gone by the time its turn comes.
        Transition(states=(RunState.RECEIVED, RunState.ADMITTED), event=RunEvent.REFUSE, to=RunState.REFUSED, who=_NODE),
        # Not once it is charged: the charge stands, so there is nothing left to save.
        Transition(states=(RunState.RECEIVED, RunState.ADMITTED), event=RunEvent.CANCEL, to=RunState.CANCELLED, who=(Who.OWNER,)),
        Transition(states=(RunState.ADMITTED,), event=RunEvent.RESERVE, to=RunState.RESERVED, who=_NODE),
        Transition(states=(RunState.RESERVED,), event=RunEvent.START, to=RunState.RUNNING, who=_NODE),
        Transition(states=(RunState.RUNNING,), event=RunEvent.FINISH, to=RunState.DONE, who=_NODE),
        Transition(states=(RunState.RESERVED, RunState.RUNNING), event=RunEvent.FAIL, to=RunState.FAILED, who=_NODE),
        Transition(states=(RunState.DONE, RunState.FAILED), event=RunEvent.SETTLE, to=RunState.SETTLED, who=_NODE),
    ),
)

OUTPUT: Machine[OutputState, OutputEvent] = Machine(
    name="output",
    start=OutputState.RELEASED,
    transitions=(
        Transition(
            states=(OutputState.RELEASED, OutputState.RETURNED), event=OutputEvent.PROPOSE, to=OutputState.CHECKING, who=(Who.AUTHOR,)
        ),
        Transition(states=(OutputState.CHECKING,), event=OutputEvent.VOTE, to=None, who=(Who.REVIEWER,)),
        Transition(states=(OutputState.CHECKING,), event=OutputEvent.APPROVE, to=OutputState.APPROVED, who=_NODE),
        Transition(states=(OutputState.CHECKING,), event=OutputEvent.RETURN, to=OutputState.RETURNED, who=_NODE),
        Transition(states=(OutputState.CHECKING,), event=OutputEvent.REJECT, to=OutputState.REJECTED, who=_NODE),
        Transition(states=(OutputState.APPROVED,), event=OutputEvent.PUBLISH, to=OutputState.PUBLISHED, who=_DECIDER, step_up=True),
        Transition(states=(OutputState.PUBLISHED,), event=OutputEvent.RETRACT, to=OutputState.RETRACTED, who=(Who.AUTHOR, Who.DECIDER)),
    ),
)

_OVERSEERS = (Who.CUSTODIAN, Who.DECIDER)
_LIVING = (ModelState.TRAINED, ModelState.ASSESSED, ModelState.REGISTERED, ModelState.IN_SERVICE, ModelState.SUSPENDED)

MODEL: Machine[ModelState, ModelEvent] = Machine(
    name="model",
    start=ModelState.TRAINED,
    transitions=(
        Transition(states=(ModelState.TRAINED,), event=ModelEvent.DESCRIBE, to=None, who=(Who.MEMBER,)),
        Transition(states=(ModelState.TRAINED,), event=ModelEvent.ASSESS, to=ModelState.ASSESSED, who=_OVERSEERS, step_up=True),
        # Not once it was in service: what stands in the register about a system that people met is not taken back.
        Transition(states=(ModelState.ASSESSED, ModelState.REGISTERED), event=ModelEvent.REVISE, to=ModelState.TRAINED, who=(Who.MEMBER,)),
        Transition(states=(ModelState.ASSESSED,), event=ModelEvent.REGISTER, to=ModelState.REGISTERED, who=(Who.MEMBER,)),
        Transition(states=(ModelState.REGISTERED,), event=ModelEvent.SERVE, to=ModelState.IN_SERVICE, who=_OVERSEERS, step_up=True),
        Transition(states=(ModelState.IN_SERVICE,), event=ModelEvent.SUSPEND, to=ModelState.SUSPENDED, who=_OVERSEERS),
        Transition(states=(ModelState.SUSPENDED,), event=ModelEvent.RESUME, to=ModelState.IN_SERVICE, who=_OVERSEERS, step_up=True),
        Transition(states=_LIVING, event=ModelEvent.RETIRE, to=ModelState.RETIRED, who=(Who.MEMBER, Who.CUSTODIAN)),
    ),
)


def move(machine: Machine[S, E], state: S, *, event: E) -> S:
    """The state after the event. Errors: Refusal lifecycle.not_possible where the table has no such step."""
    for each in machine.transitions:
        if each.event is event and state in each.states:
            return state if each.to is None else each.to
    words = (machine.word(each) for each in machine.possible(state))
    possible = ", ".join(word for word in words if word.startswith("word.")) or "–"
    raise Refusal(
        "lifecycle.not_possible",
        thing=f"word.thing.{machine.name}",
        state=f"word.state.{state.value}",
        event=machine.word(event),
        possible=possible,
    )


def rule_of(event: Event) -> tuple[tuple[Who, ...], bool]:
    """Who may make this happen, and whether a step-up is needed. Each event has one row in its table."""
    rows = [
        (each.who, each.step_up)
        for rows in (PROJECT.transitions, PERMIT.transitions, RUN.transitions, OUTPUT.transitions, MODEL.transitions)
        for each in rows
        if each.event is event
    ]
    (found,) = rows
    return found
