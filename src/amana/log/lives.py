"""The lives of projects, permits and models by the public entries alone, and what each permit was used for (policy/transitions.py).

A pause after a fault, and the end of that pause, are in no log (they may carry a bit of the data): for the log such a permit stays
active. The node tells a use only while its permit and project stand by what the log was told before, so here too no use follows an end.
What a charge used up was paid: a use may stand after `exhausted`. A model is first told of when it is assessed.
"""

from datetime import date, timedelta
from typing import final

from amana.log.spent import LedgerError, picker
from amana.policy.transitions import (
    MODEL,
    PERMIT,
    PROJECT,
    ModelEvent,
    ModelState,
    PermitEvent,
    PermitState,
    ProjectEvent,
    ProjectState,
    move,
)
from amana.terms.refusal import Refusal

CUSTODIANS = "custodian:"
"""How a custodian's own permit begins: nobody granted it, so the log holds no life of it."""
_CAPPING = frozenset({"request", PermitEvent.GRANT.value, PermitEvent.WIDEN.value})
_NEW_END = frozenset({*_CAPPING, PermitEvent.RESUME.value, PermitEvent.REVISE.value})

_TEAM = picker("team", "project", "organisation")
_PROJECT = picker("project", "project", "event", "state", "purposes")
_USABLE = frozenset({PermitState.ACTIVE, PermitState.EXHAUSTED})
DAY_LATE_HOUR_MAX = "T01Z"
"""A use that was asked on its permit's last day may be told in the first hours of the next."""
_PERMIT = picker("permit", "permit", "event", "state", "until", "cap_nrho", "cap_delta")
_PERMIT_FOR = picker("permit", "project", "dataset", "population", "custodian")
_USE = picker("use", "permit", "hour", "purposes")
_USE_FOR = picker("use", "project", "dataset", "population", "custodian")
_TRAINED = picker("use", "project", "permit", "dataset", "version", "custodian")
_MODEL = picker("model", "model", "event", "state", "training")
_MODEL_OF = picker("model", "project", "permit", "dataset", "version", "custodian")
_UNDER = {kind: picker(kind, "permit", "project", "dataset") for kind in ("run", "refused")}


@final
class _Permit:
    __slots__ = ("cap_delta", "cap_nrho", "delta", "given_for", "nrho", "state", "until")

    def __init__(self, given_for: tuple[str, ...]) -> None:
        self.given_for, self.state = given_for, PERMIT.start
        self.cap_nrho = self.cap_delta = self.nrho = self.delta = 0
        self.until = ""


@final
class Lives:
    """Projects, permits and models as the log tells of them. Memory: by projects, permits and trainings, not by other uses."""

    def __init__(self) -> None:
        self._projects: dict[str, ProjectState] = {}
        self._purposes: dict[str, str] = {}
        self._permits: dict[str, _Permit] = {}
        self._trained: dict[int, tuple[str, ...]] = {}
        self._models: dict[str, tuple[ModelState, int]] = {}

    def project(self, written: tuple[str, ...]) -> None:
        """A transition of a project. Errors: LedgerError."""
        project, event, state, purposes = _PROJECT(written)
        before = self._projects.get(project)
        if (before is None) != (event == "create"):
            raise LedgerError("lifecycle")
        try:
            after = PROJECT.start if before is None else move(PROJECT, before, event=ProjectEvent(event))
        except Refusal:
            raise LedgerError("lifecycle") from None
        if after.value != state:
            raise LedgerError("lifecycle")
        self._projects[project], self._purposes[project] = after, purposes

    def check_project(self, written: tuple[str, ...]) -> None:
        """Return if the project that a `team` entry names is known. Errors: LedgerError."""
        if _TEAM(written)[0] not in self._projects:
            raise LedgerError("project_unknown")

    def permit(self, written: tuple[str, ...]) -> None:
        """A transition of a permit. Errors: LedgerError."""
        name, event, state, until, nrho, delta = _PERMIT(written)
        given_for = _PERMIT_FOR(written)
        permit = self._permits.get(name)
        if (permit is None) != (event == "request"):
            raise LedgerError("lifecycle")
        if given_for[0] not in self._projects:
            raise LedgerError("project_unknown")
        if permit is None:
            permit, after = _Permit(given_for), PERMIT.start
        else:
            try:
                after = move(PERMIT, permit.state, event=PermitEvent(event))
            except Refusal:
                raise LedgerError("lifecycle") from None
        if after.value != state:
            raise LedgerError("lifecycle")
        changed = (int(nrho), int(delta)) != (permit.cap_nrho, permit.cap_delta)
        if permit.given_for != given_for or (changed and event not in _CAPPING) or (until != permit.until and event not in _NEW_END):
            raise LedgerError("permit_changed")
        permit.state, permit.until, permit.cap_nrho, permit.cap_delta = after, until, int(nrho), int(delta)
        self._permits[name] = permit

    def use(self, written: tuple[str, ...], *, nrho: int, delta: int) -> None:
        """A use of that cost. Errors: LedgerError."""
        name, hour, purposes = _USE(written)
        used_for = _USE_FOR(written)
        permit = self._permits.get(name)
        if permit is None:
            if name.startswith(CUSTODIANS) and not used_for[0]:
                return
            raise LedgerError("permit_unknown")
        if permit.given_for != used_for:
            raise LedgerError("permit_other")
        project = used_for[0]
        if permit.state not in _USABLE:
            raise LedgerError("permit_not_active")
        if self._projects[project] is not ProjectState.ACTIVE:
            raise LedgerError("project_not_active")
        if purposes != self._purposes[project] and not set(purposes.split(",")) <= set(self._purposes[project].split(",")):
            raise LedgerError("purpose_other")
        if hour[:10] > permit.until and hour > f"{date.fromisoformat(permit.until) + timedelta(days=1)}{DAY_LATE_HOUR_MAX}":
            raise LedgerError("permit_ended")
        permit.nrho += nrho
        permit.delta += delta
        if permit.nrho > permit.cap_nrho or permit.delta > permit.cap_delta:
            raise LedgerError("permit_overdrawn")

    def under(self, kind: str, written: tuple[str, ...]) -> None:
        """A run, or a question that was refused: under a permit that the log knows. Errors: LedgerError."""
        name, *named_for = _UNDER[kind](written)
        permit = self._permits.get(name)
        if permit is None:
            raise LedgerError("permit_unknown")
        if permit.given_for[:2] != tuple(named_for):
            raise LedgerError("permit_other")

    def trained(self, index: int, written: tuple[str, ...]) -> None:
        """The use at that index trained a model."""
        self._trained[index] = _TRAINED(written)

    def model(self, written: tuple[str, ...]) -> None:
        """A decision about a model, which goes with the use that trained it. Errors: LedgerError."""
        name, event, state, training = _MODEL(written)
        before, trained_by = self._models.get(name, (None, int(training)))
        if before is None and event != ModelEvent.ASSESS.value:
            raise LedgerError("lifecycle")
        try:
            after = move(MODEL, MODEL.start if before is None else before, event=ModelEvent(event))
        except Refusal:
            raise LedgerError("lifecycle") from None
        if after.value != state:
            raise LedgerError("lifecycle")
        if trained_by != int(training) or self._trained.get(trained_by) != _MODEL_OF(written):
            raise LedgerError("model_training")
        self._models[name] = after, trained_by
