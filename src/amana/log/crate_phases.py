"""What an entry says of the phases of the Five Safes profile: the request, its sign-off, and why nothing is disclosed."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import final

from amana.log.crate_words import ACTIVE, COMPLETED, FAILED, POTENTIAL
from amana.log.entry_kinds import Entry, PermitEntry, ProjectEntry, RefusedEntry, RunEntry
from amana.policy.transitions import PermitState, ProjectState
from amana.terms.use import UseEntry


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A sign-off. `reasons`: only if they were opened. `permit`: empty when it is about a project."""

    name: str
    status: str
    permit: str
    actor: str | None
    reasons: str | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Phases:
    """`project`, `custodian`: empty when the entry names none. `inputs`: pairs (name, value). `guarantee`: the same, empty if no use.

    `person`: who asked, if that was opened.
    """

    title: str
    hour: datetime
    project: str
    custodian: str
    run: str
    status: str
    inputs: tuple[tuple[str, str], ...]
    verdict: Verdict | None
    guarantee: tuple[tuple[str, str, str], ...] = ()
    mechanism: str = ""
    person: str | None = None


_HELD_PERMIT = {
    PermitState.GRANTED.value: COMPLETED,
    PermitState.ACTIVE.value: COMPLETED,
    PermitState.REQUESTED.value: POTENTIAL,
    PermitState.RETURNED.value: POTENTIAL,
}
_HELD_PROJECT = {
    ProjectState.APPROVED.value: COMPLETED,
    ProjectState.ACTIVE.value: COMPLETED,
    ProjectState.DRAFT.value: POTENTIAL,
    ProjectState.SUBMITTED.value: POTENTIAL,
    ProjectState.RETURNED.value: POTENTIAL,
}
_RUN = {"receive": (POTENTIAL, POTENTIAL), "admit": (POTENTIAL, COMPLETED), "refuse": (FAILED, FAILED), "cancel": (FAILED, None)}
"""By event: the status of the run, and of its sign-off; whether a cancelled run had been admitted stands in an earlier entry."""


def phases_of(entry: Entry, *, opened: Mapping[str, str], rows: str) -> Phases | None:
    """None for an entry that is neither a use nor a decision. `rows`: as in `Proven`; rows that left prove that the use was completed."""
    match entry:
        case UseEntry():
            return _use(entry, opened=opened, rows=rows)
        case RunEntry():
            return _run(entry, opened=opened)
        case RefusedEntry():
            return _refused(entry, opened=opened)
        case PermitEntry():
            return _permit(entry, opened=opened)
        case ProjectEntry():
            return _project(entry, opened=opened)
        case _:
            return None


def _use(entry: UseEntry, *, opened: Mapping[str, str], rows: str) -> Phases:
    inputs = (("dataset", entry.dataset), ("version", entry.version), *(("purpose", each) for each in entry.purposes))
    return Phases(
        title=f"Receipt of a use of the dataset {entry.dataset}",
        hour=entry.hour,
        project=entry.project,
        custodian=entry.custodian,
        run=f"Use of the dataset {entry.dataset}: {entry.verb}",
        status=ACTIVE if rows == "none" else COMPLETED,
        inputs=inputs,
        verdict=_verdict(f"Permit {entry.permit}: in force when the use was charged", COMPLETED, permit=entry.permit, opened={}),
        guarantee=(
            ("cost", str(entry.cost_nrho), "nano-rho"),
            ("cost", str(entry.cost_delta), "2**-64 of delta"),
            ("left of the account", str(entry.left_nrho), "nano-rho"),
            ("left of the account", str(entry.left_delta), "2**-64 of delta"),
        ),
        mechanism=entry.mechanism,
        person=opened.get("person"),
    )


def _run(entry: RunEntry, *, opened: Mapping[str, str]) -> Phases:
    status, signed = _RUN[entry.event]
    name = f"Run {entry.run}: {entry.event}" + (f", refusal {entry.code}" if entry.code else "")
    return Phases(
        title=f"Receipt of a decision on the run {entry.run}",
        hour=entry.hour,
        project=entry.project,
        custodian="",
        run=f"Run {entry.run} over the dataset {entry.dataset}",
        status=status,
        inputs=(("dataset", entry.dataset),),
        verdict=None if signed is None else _verdict(name, signed, permit=entry.permit, opened={}),
        person=opened.get("person"),
    )


def _refused(entry: RefusedEntry, *, opened: Mapping[str, str]) -> Phases:
    return Phases(
        title=f"Receipt of a refused question over the dataset {entry.dataset}",
        hour=entry.hour,
        project=entry.project,
        custodian="",
        run=f"Question over the dataset {entry.dataset}, refused before the data was touched",
        status=FAILED,
        inputs=(("dataset", entry.dataset),),
        verdict=_verdict(f"Permit {entry.permit}: question refused, refusal {entry.code}", FAILED, permit=entry.permit, opened={}),
        person=opened.get("person"),
    )


def _permit(entry: PermitEntry, *, opened: Mapping[str, str]) -> Phases:
    return Phases(
        title=f"Receipt of a decision on the permit {entry.permit}",
        hour=entry.hour,
        project=entry.project,
        custodian=entry.custodian,
        run=f"Uses of the dataset {entry.dataset} that the decision is about; none is told here",
        status=POTENTIAL,
        inputs=(("dataset", entry.dataset),),
        verdict=_verdict(
            f"Permit {entry.permit}: {entry.event}, now {entry.state}",
            _HELD_PERMIT.get(entry.state, FAILED),
            permit=entry.permit,
            opened=opened,
        ),
    )


def _project(entry: ProjectEntry, *, opened: Mapping[str, str]) -> Phases:
    return Phases(
        title=f"Receipt of a decision on the project {entry.project}",
        hour=entry.hour,
        project=entry.project,
        custodian="",
        run="Uses that the decision is about; none is told here",
        status=POTENTIAL,
        inputs=(*(("dataset", each) for each in entry.datasets), *(("purpose", each) for each in entry.purposes)),
        verdict=_verdict(
            f"Project {entry.project}: {entry.event}, now {entry.state}",
            _HELD_PROJECT.get(entry.state, FAILED),
            permit="",
            opened=opened,
        ),
    )


def _verdict(name: str, status: str, *, permit: str, opened: Mapping[str, str]) -> Verdict:
    return Verdict(name=name, status=status, permit=permit, actor=opened.get("actor"), reasons=opened.get("reasons"))
