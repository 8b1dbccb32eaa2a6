"""The lives of projects and permits by the public entries alone, and what each permit was used for (policy/transitions.py).

A pause after a fault, and the end of that pause, are in no log (they may carry a bit of the data): for the log such a permit stays
active. A use that was charged before its permit ended may stand after that end, in the same hour.
"""

from typing import final

from amana.log.spent import LedgerError, picker
from amana.policy.transitions import PERMIT, PROJECT, PermitEvent, PermitState, ProjectEvent, ProjectState, move
from amana.terms.refusal import Refusal

CUSTODIANS = "custodian:"
"""How a custodian's own permit begins: nobody granted it, so the log holds no life of it."""
_CAPPING = frozenset({"request", PermitEvent.GRANT.value, PermitEvent.WIDEN.value})
_NEW_END = frozenset({*_CAPPING, PermitEvent.RESUME.value})

_PROJECT = picker("project", "project", "event", "state")
_PERMIT = picker("permit", "permit", "event", "state", "hour", "until", "cap_nrho", "cap_delta")
_PERMIT_FOR = picker("permit", "project", "dataset", "population", "custodian")
_USE = picker("use", "permit", "hour")
_USE_FOR = picker("use", "project", "dataset", "population", "custodian")
_UNDER = {kind: picker(kind, "permit", "project", "dataset") for kind in ("run", "refused")}


@final
class _Permit:
    __slots__ = ("cap_delta", "cap_nrho", "delta", "ended", "given_for", "nrho", "state", "until")

    def __init__(self, given_for: tuple[str, ...]) -> None:
        self.given_for, self.state = given_for, PERMIT.start
        self.cap_nrho = self.cap_delta = self.nrho = self.delta = 0
        self.until = self.ended = ""


@final
class Lives:
    """Projects and permits as the log tells of them. Memory: by projects and permits, not by uses."""

    def __init__(self) -> None:
        self._projects: dict[str, ProjectState] = {}
        self._permits: dict[str, _Permit] = {}

    def project(self, written: tuple[str, ...]) -> None:
        """A transition of a project. Errors: LedgerError."""
        project, event, state = _PROJECT(written)
        before = self._projects.get(project)
        if (before is None) != (event == "create"):
            raise LedgerError("lifecycle")
        try:
            after = PROJECT.start if before is None else move(PROJECT, before, event=ProjectEvent(event))
        except Refusal:
            raise LedgerError("lifecycle") from None
        if after.value != state:
            raise LedgerError("lifecycle")
        self._projects[project] = after

    def permit(self, written: tuple[str, ...]) -> None:
        """A transition of a permit. Errors: LedgerError."""
        name, event, state, hour, until, nrho, delta = _PERMIT(written)
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
        if permit.state is PermitState.ACTIVE and after is not PermitState.ACTIVE:
            permit.ended = hour
        permit.state, permit.until, permit.cap_nrho, permit.cap_delta = after, until, int(nrho), int(delta)
        self._permits[name] = permit

    def use(self, written: tuple[str, ...], *, nrho: int, delta: int) -> None:
        """A use of that cost. Errors: LedgerError."""
        name, hour = _USE(written)
        used_for = _USE_FOR(written)
        permit = self._permits.get(name)
        if permit is None:
            if name.startswith(CUSTODIANS) and not used_for[0]:
                return
            raise LedgerError("permit_unknown")
        if permit.given_for != used_for:
            raise LedgerError("permit_other")
        if permit.state is not PermitState.ACTIVE and hour > permit.ended:
            raise LedgerError("permit_not_active")
        if hour[:10] > permit.until:
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
