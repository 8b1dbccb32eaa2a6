"""The kinds of entries of the log, each a frozen value and a closed schema of its members (docs/reference/log.md).

An entry holds public facts and commitments (`seal.py`), never anything that the data decided (PRIVACY 8, 10).
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import TypeAlias, final

from amana.log.entry_forms import HASH, Amount, Count, Day, Form, Hour, Sealed, Several, Text, Written, one_of
from amana.log.entry_members import (
    ANY_PERMIT,
    ASKED,
    CODE,
    DECIDED,
    NAME,
    NO_PROJECT,
    ORGANISATION,
    PERMIT_ID,
    PROJECT_ID,
    PURPOSES,
    VERSION,
    VKEY,
)
from amana.log.programme_kinds import MEMBERS, ProgrammeEntry
from amana.policy.transitions import MODEL, PERMIT, PROJECT, ModelState, PermitEvent, PermitState, ProjectState
from amana.terms.use import UseEntry


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyEntry:
    """The key under which the log signs from now on. `replaces`: the one before; empty for the first, which is entry 0."""

    hour: datetime
    vkey: str
    replaces: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PopulationEntry:
    """The promise to a population, before any use of it. `period`: life, year, quarter or month."""

    hour: datetime
    population: str
    unit: str
    period: str
    cap_nrho: int
    cap_delta: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetEntry:
    """A version of a dataset serves from now on. `replaces`: the version before it, or empty."""

    hour: datetime
    dataset: str
    version: str
    replaces: str
    population: str
    custodian: str
    purposes: tuple[str, ...]
    retention: date


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectEntry:
    """A transition of a project: the event and the state after it. Sealed: actor, reasons."""

    hour: datetime
    project: str
    event: str
    state: str
    datasets: tuple[str, ...]
    purposes: tuple[str, ...]
    ends: date
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PermitEntry:
    """A transition of a permit. Never one that a fault caused, which may carry a bit of the data. Sealed: actor, reasons."""

    hour: datetime
    permit: str
    project: str
    dataset: str
    population: str
    custodian: str
    event: str
    state: str
    cap_nrho: int
    cap_delta: int
    until: date
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """A transition of a run up to its charge. `code`: of the refusal, else 0. Sealed: person, sql."""

    hour: datetime
    run: str
    event: str
    dataset: str
    project: str
    permit: str
    code: int
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEntry:
    """A question that budget or right refused, under a permit. Sealed: person, sql."""

    hour: datetime
    dataset: str
    project: str
    permit: str
    code: int
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ModelEntry:
    """A decision about a model, from its assessment on: what came before it was between the data and its team. Sealed: actor, reasons.

    `training`: the index of the use that it was trained by.
    """

    hour: datetime
    model: str
    project: str
    permit: str
    dataset: str
    version: str
    custodian: str
    training: int
    event: str
    state: str
    sealed: Sealed


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class OpenEntry:
    """Delayed disclosure of a sealed member of the entry at that index."""

    hour: datetime
    index: int
    field: str
    salt: str
    value: str


Entry: TypeAlias = (
    KeyEntry
    | PopulationEntry
    | DatasetEntry
    | ProjectEntry
    | PermitEntry
    | RunEntry
    | UseEntry
    | RefusedEntry
    | ModelEntry
    | OpenEntry
    | ProgrammeEntry
)

PROJECT_EVENTS = ("create", *dict.fromkeys(each.event.value for each in PROJECT.transitions if each.to is not None))
PERMIT_EVENTS = ("request", *dict.fromkeys(each.event.value for each in PERMIT.transitions if each.event is not PermitEvent.PAUSE))
MODEL_EVENTS = tuple(dict.fromkeys(each.event.value for each in MODEL.transitions if each.to is not None))
RUN_EVENTS = ("receive", "admit", "refuse", "cancel")
"""A run is reserved when it is charged: from there on the use itself is in the log, and nothing after it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """A closed schema. `members`: beside `amana`, `hour`, `kind` and `pad`, which every entry has."""

    name: str
    about: str
    make: Callable[..., Entry]
    members: tuple[tuple[str, Form], ...]

    @property
    def forms(self) -> tuple[tuple[str, Form], ...]:
        """Every member that has a value, in the order in which they are written."""
        return tuple(sorted((*self.members, ("hour", Hour()))))


def _kind(name: str, make: Callable[..., Entry], **members: Form) -> Kind:
    return Kind(name=name, about=(make.__doc__ or "").strip(), make=make, members=tuple(members.items()))


KINDS = MappingProxyType(
    {
        kind.name: kind
        for kind in (
            _kind(
                "key",
                KeyEntry,
                vkey=Text(pattern=VKEY, about="a verifier key of signed notes"),
                replaces=Text(pattern=f"(?:{VKEY})?", about="the key before"),
            ),
            _kind(
                "population",
                PopulationEntry,
                population=NAME,
                unit=NAME,
                period=one_of(("life", "year", "quarter", "month"), about="after which the promise begins again"),
                cap_nrho=Amount(about="nano-rho for each period"),
                cap_delta=Amount(about="delta for each period, in 2**-64"),
            ),
            _kind(
                "dataset",
                DatasetEntry,
                dataset=NAME,
                version=VERSION,
                replaces=Text(pattern=f"(?:{VERSION.pattern})?", about="the version before, or empty"),
                population=NAME,
                custodian=ORGANISATION,
                purposes=PURPOSES,
                retention=Day(about="the last day on which the data may be kept"),
            ),
            _kind(
                "project",
                ProjectEntry,
                project=PROJECT_ID,
                event=one_of(PROJECT_EVENTS, about="what happened"),
                state=one_of(tuple(each.value for each in ProjectState), about="the state after it"),
                datasets=Several(of=NAME, about="which it wants to use"),
                purposes=PURPOSES,
                ends=Day(about="its last day"),
                sealed=DECIDED,
            ),
            _kind(
                "permit",
                PermitEntry,
                permit=PERMIT_ID,
                project=PROJECT_ID,
                dataset=NAME,
                population=NAME,
                custodian=ORGANISATION,
                event=one_of(PERMIT_EVENTS, about="what happened"),
                state=one_of(tuple(each.value for each in PermitState), about="the state after it"),
                cap_nrho=Amount(about="nano-rho; 0 until it is granted"),
                cap_delta=Amount(about="delta in 2**-64"),
                until=Day(about="the day on which it ends"),
                sealed=DECIDED,
            ),
            _kind(
                "run",
                RunEntry,
                run=Text(pattern="j-[0-9a-f]{1,32}", about="a run"),
                event=one_of(RUN_EVENTS, about="what happened"),
                dataset=NAME,
                project=PROJECT_ID,
                permit=PERMIT_ID,
                code=CODE,
                sealed=ASKED,
            ),
            _kind(
                "use",
                UseEntry,
                verb=Text(pattern="[a-z][a-z_]{0,19}", about="ask, recall, profile, train, synthesise"),
                dataset=NAME,
                version=VERSION,
                population=NAME,
                period=Text(pattern="life|[1-9][0-9]{3}(?:-Q[1-4]|-(?:0[1-9]|1[0-2]))?", about="whose account of the population paid"),
                custodian=ORGANISATION,
                project=NO_PROJECT,
                permit=ANY_PERMIT,
                purposes=PURPOSES,
                mechanism=Text(pattern="[a-z][a-z ]{0,39}", about="of the noise"),
                cost_nrho=Amount(about="nano-rho that it costs"),
                cost_delta=Amount(about="delta that it costs, in 2**-64"),
                left_nrho=Amount(about="nano-rho that the ledger says is left of the account"),
                left_delta=Amount(about="delta that is left of it, in 2**-64"),
                sealed=ASKED,
            ),
            _kind("refused", RefusedEntry, dataset=NAME, project=PROJECT_ID, permit=PERMIT_ID, code=CODE, sealed=ASKED),
            _kind(
                "model",
                ModelEntry,
                model=Text(pattern="s-[0-9a-f]{1,32}", about="a model"),
                project=NO_PROJECT,
                permit=ANY_PERMIT,
                dataset=NAME,
                version=VERSION,
                custodian=ORGANISATION,
                training=Count(digits_max=15, about="index of the use by which it was trained"),
                event=one_of(MODEL_EVENTS, about="what happened"),
                state=one_of(tuple(each.value for each in ModelState), about="the state after it"),
                sealed=DECIDED,
            ),
            _kind(
                "open",
                OpenEntry,
                index=Count(digits_max=15, about="of an earlier entry"),
                field=one_of(("actor", "person", "reasons", "sql"), about="which of its sealed members"),
                salt=HASH,
                value=Written(length_max=60_000, about="what was sealed", lines=True),
            ),
            *(_kind(make.__name__.removesuffix("Entry").lower(), make, **members) for make, members in MEMBERS.items()),
        )
    }
)
