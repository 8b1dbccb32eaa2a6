"""Where an application stands: its steps, when each was taken, for how many days it waits, and whose turn it is."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias, final

from amana.node.audit import Note
from amana.policy.projects import REVIEWS_NEEDED, Project
from amana.policy.transitions import PermitEvent, ProjectEvent, ProjectState

Name: TypeAlias = Literal["write", "review_first", "review_second", "decide", "request", "sign", "ask"]
Turn: TypeAlias = Literal["applicant", "reviewers", "deciders", "custodian", "team", "nobody"]
NAMES: tuple[Name, ...] = ("write", "review_first", "review_second", "decide", "request", "sign", "ask")
TURNS: tuple[Turn, ...] = ("applicant", "reviewers", "reviewers", "deciders", "applicant", "custodian", "team")
OVER = frozenset({ProjectState.REJECTED, ProjectState.CLOSED, ProjectState.EXPIRED, ProjectState.REVOKED, ProjectState.SUSPENDED})
ASKING = frozenset({"request", PermitEvent.REVISE.value})
DECIDED = frozenset({ProjectEvent.APPROVE.value, ProjectEvent.REJECT.value})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`at`: when it was taken. `days`: that it took, or for which it has waited so far."""

    name: Name
    standing: Literal["done", "now", "later"]
    turn: Turn
    at: datetime | None
    days: int | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    steps: tuple[Step, ...]

    @property
    def current(self) -> Step | None:
        """The one that waits; None once the application is over."""
        return next((step for step in self.steps if step.standing == "now"), None)


def progress(project: Project, *, notes: Iterable[Note], permits: Iterable[Note], now: datetime) -> Progress:
    """`notes`: what happened to the project, in order; `permits`: the same of its permits."""
    told, of_permits = tuple(notes), tuple(permits)
    made = next((each.at for each in told if each.action == "create"), None)
    began = _last(told, ("create", ProjectEvent.WITHDRAW.value, ProjectEvent.RETURN.value, ProjectEvent.CHANGE_PURPOSE.value)) or made
    submitted = _last(told, (ProjectEvent.SUBMIT.value,))
    if began is None or submitted is None or submitted < began:
        submitted = None
    reviews = [each.at for each in told if each.action == "review" and submitted is not None and each.at >= submitted]
    decided = next((each.at for each in told if each.action in DECIDED and submitted is not None and each.at >= submitted), None)
    requested, granted = _asked(of_permits, since=decided)
    first, second = (reviews + [None] * REVIEWS_NEEDED)[:REVIEWS_NEEDED]
    if decided is not None:  # a decision counts, whatever came before it
        first, second = first or decided, second or decided
    times: tuple[datetime | None, ...] = (submitted, first, second, decided, requested, granted, None)
    return Progress(steps=tuple(_steps(times, began=began, over=project.state in OVER, now=now)))


def _steps(times: tuple[datetime | None, ...], *, began: datetime | None, over: bool, now: datetime) -> Iterable[Step]:
    before, waiting = began, not over
    for name, turn, at in zip(NAMES, TURNS, times, strict=True):
        if at is not None:
            yield Step(name=name, standing="done", turn=turn, at=at, days=None if before is None else _days(before, at))
            before = at
        else:
            days = _days(before, now) if waiting and before is not None and name != "ask" else None  # that is no waiting
            yield Step(name=name, standing="now" if waiting else "later", turn=turn, at=None, days=days)
            waiting = False


def _last(notes: tuple[Note, ...], actions: tuple[str, ...]) -> datetime | None:
    return next((each.at for each in reversed(notes) if each.action in actions), None)


def _asked(notes: tuple[Note, ...], *, since: datetime | None) -> tuple[datetime | None, datetime | None]:
    """When a permit was asked for last, and granted, since the decision. What was returned to the team is not asked for."""
    if since is None:
        return None, None
    grant = next((each for each in notes if each.action == "grant" and each.at >= since), None)
    if grant is not None:
        asked = [each.at for each in notes if each.subject == grant.subject and each.action in ASKING and each.at <= grant.at]
        return (asked[-1] if asked else since), grant.at
    last = {each.subject: each for each in notes if each.action in {*ASKING, "return"} and each.at >= since}
    return min((each.at for each in last.values() if each.action in ASKING), default=None), None


def _days(since: datetime, until: datetime) -> int:
    return max(0, (until - since).days)
