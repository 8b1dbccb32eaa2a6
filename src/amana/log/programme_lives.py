"""The lives of plans, commitments and evidence by the public entries alone.

Whoever brings evidence does not verify it: another organisation does, once. A plan is adopted in versions that grow; one that was opened
for comments is adopted when its comments were answered, after their last day.
"""

from typing import final

from amana.log.spent import LedgerError, picker

_TEAM = picker("team", "project", "organisation")
_ACCREDITATION = picker("accreditation", "accreditation", "event", "category")
_PLAN = picker("plan", "plan", "version", "event", "until", "hour")
_EVIDENCE = picker("evidence", "evidence", "plan", "version", "basis", "use", "organisation")
_VERIFICATION = picker("verification", "evidence", "organisation")
_COMMITMENT = picker("commitment", "plan", "commitment", "event")


@final
class _Plan:
    __slots__ = ("adopted", "answered", "consulted", "until")

    def __init__(self) -> None:
        self.adopted = self.consulted = 0
        self.until = ""
        self.answered = True


@final
class ProgrammeLives:
    """Plans and evidence as the log tells of them. Memory: by plans, evidence, teams and accreditations."""

    def __init__(self) -> None:
        self._teams = set[str]()
        self._accreditations: dict[str, tuple[str, str]] = {}
        self._plans: dict[str, _Plan] = {}
        self._evidence: dict[str, str] = {}
        self._verified = set[str]()
        self._dropped = set[tuple[str, str]]()

    def team(self, written: tuple[str, ...]) -> None:
        """Each project applies in one name. Errors: LedgerError."""
        project, _ = _TEAM(written)
        if project in self._teams:
            raise LedgerError("lifecycle")
        self._teams.add(project)

    def accreditation(self, written: tuple[str, ...]) -> None:
        """Granted once, then revoked at most once. Errors: LedgerError."""
        name, event, category = _ACCREDITATION(written)
        wanted = None if event == "grant" else ("grant", category)
        if self._accreditations.get(name) != wanted:
            raise LedgerError("lifecycle")
        self._accreditations[name] = event, category

    def plan(self, written: tuple[str, ...]) -> None:
        """A version is opened, answered or adopted. Errors: LedgerError."""
        name, version_written, event, until, hour = _PLAN(written)
        plan, version = self._plans.setdefault(name, _Plan()), int(version_written)
        match event:
            case "consult":
                if version <= plan.adopted or version <= plan.consulted or not plan.answered:
                    raise LedgerError("lifecycle")
                plan.consulted, plan.until, plan.answered = version, until, False
            case "answer":
                if version != plan.consulted or plan.answered or hour[:10] <= plan.until:
                    raise LedgerError("lifecycle")
                plan.answered = True
            case _:
                if version <= plan.adopted or not plan.answered:
                    raise LedgerError("lifecycle")
                plan.adopted = version

    def evidence(self, written: tuple[str, ...], *, index: int) -> None:
        """For the plan that is adopted; of a private figure, after the use that it is the answer of. Errors: LedgerError."""
        name, plan, version, basis, use, organisation = _EVIDENCE(written)
        adopted = self._plans[plan].adopted if plan in self._plans else 0
        if name in self._evidence or not adopted or int(version) != adopted:
            raise LedgerError("lifecycle")
        if (basis == "E2") != bool(use) or (use and int(use) >= index):
            raise LedgerError("evidence_use")
        self._evidence[name] = organisation

    def verification(self, written: tuple[str, ...]) -> None:
        """By another organisation, once. Errors: LedgerError."""
        name, organisation = _VERIFICATION(written)
        if name not in self._evidence or name in self._verified:
            raise LedgerError("lifecycle")
        if organisation == self._evidence[name]:
            raise LedgerError("evidence_own")
        self._verified.add(name)

    def commitment(self, written: tuple[str, ...]) -> None:
        """Dropped, or taken up again. Errors: LedgerError."""
        plan, name, event = _COMMITMENT(written)
        adopted = plan in self._plans and self._plans[plan].adopted
        if not adopted or ((plan, name) in self._dropped) == (event == "drop"):
            raise LedgerError("lifecycle")
        (self._dropped.add if event == "drop" else self._dropped.discard)((plan, name))
