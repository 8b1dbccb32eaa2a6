"""What goes into the kernel and what comes out of it, as values; the steps between are in `release.py`."""

from dataclasses import dataclass
from typing import TypeAlias, final

from amana.catalog.schema import Version
from amana.engines.engine import Engine
from amana.policy.permit import Permit
from amana.privacy.bound import Choice
from amana.privacy.ledger import Ledger, Standing
from amana.privacy.price import Aim, Priced, Target
from amana.privacy.schedule import Schedule
from amana.query.plan import Plan
from amana.query.released import NoisyTable
from amana.terms.answer import AnswerTable
from amana.terms.ids import DeltaUnits, Digest, NanoRho
from amana.terms.use import Clock, Inclusion, Log, UseEntry


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Kernel:
    """What the kernel works with, given by the wiring. `threshold_delta`: delta of one threshold, in 2**-64."""

    engine: Engine
    ledger: Ledger
    log: Log
    clock: Clock
    digest_key: bytes
    schedule: Schedule
    groups_max: int
    threshold_delta: DeltaUnits


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Asking:
    """A checked permit, a plan, and how to answer it. Any `choice`, `target` and `aim` are sound; they decide only the errors.
    `kind`: what the log calls the use; "recall" is refused where nothing was answered before, and never charged. `sealed`: pairs
    (field, commitment) to what the log commits to and does not tell."""

    permit: Permit
    version: Version
    plan: Plan
    choice: Choice
    target: Target
    aim: Aim
    kind: str = "ask"
    sealed: tuple[tuple[str, str], ...] = ()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Training:
    """A checked permit to take the sums of a course. `choice`: of the scans of all its plans; `kind`, `sealed`: as of `Asking`."""

    permit: Permit
    version: Version
    choice: Choice
    kind: str = "train"
    sealed: tuple[tuple[str, str], ...] = ()


Use: TypeAlias = Asking | Training


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What leaves: figures with intervals, the noisy sums they come from, what they cost, and where the log tells of it. Built in
    `release.py` only."""

    table: AnswerTable
    released: NoisyTable
    cost_nrho: NanoRho
    cost_delta: DeltaUnits
    recalled: bool
    digest: Digest
    included: Inclusion


def entry_of(use: Use, kernel: Kernel, priced: Priced, *, standing: Standing) -> UseEntry:
    """The public record of a use, before the data is touched. `standing`: of the population's account after its charge."""
    dataset, permit = use.version.dataset, use.permit
    return UseEntry(
        verb=use.kind,
        hour=kernel.clock.now().replace(minute=0, second=0, microsecond=0),
        population=dataset.population.name,
        period=standing.period,
        dataset=dataset.name,
        version=use.version.id,
        custodian=dataset.custodian,
        project=permit.project,
        permit=permit.id,
        purposes=tuple(term.closed for term in permit.purposes),
        mechanism=priced.kind.value,
        cost_nrho=priced.nano_rho,
        cost_delta=priced.delta_units,
        left_nrho=standing.left_nrho,
        left_delta=standing.left_delta,
        sealed=use.sealed,
    )
