"""What the log is told of a use, before the data is touched: public facts only (PRIVACY 8, 10)."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, final

from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UseEntry:
    """One admitted use. No SQL, no person, no digest, nothing the data decided.

    `verb`: ask, recall, profile, train or synthesise. `hour`: the hour, UTC. `period`: whose account of the population pays:
    "life", "2026", "2026-Q4", "2026-11". `project`: empty for the custodian on the node's own machine. `purposes`: terms without
    what somebody wrote freely.
    `left_nrho`, `left_delta`: what the ledger says is left in that account after this. `sealed`: pairs (field, commitment), by field.
    """

    verb: str
    hour: datetime
    population: PopulationName
    period: str
    dataset: str
    version: VersionId
    custodian: str
    project: str
    permit: PermitId
    purposes: tuple[str, ...]
    mechanism: str
    cost_nrho: NanoRho
    cost_delta: DeltaUnits
    left_nrho: NanoRho
    left_delta: DeltaUnits
    sealed: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Inclusion:
    """Proof that an entry is in the log: here its index; the public log brings the rest."""

    index: int


class Log(Protocol):
    """Where each use is recorded before the data is touched."""

    def check(self) -> None:
        """Return if there is room for an entry, as far as can be told before a charge. Errors: Refusal node.file_not_writable."""
        ...

    def append(self, entry: UseEntry) -> Inclusion:
        """Durable when it returns.

        Errors: any failure raises `Fault`; then no answer leaves.
        """
        ...


class EntryLog(Protocol):
    """The public log as its writer offers it: entries that are already written."""

    def append(self, entry: bytes, *, since: int | None = None) -> Inclusion:
        """Under a published checkpoint when it returns. `since`: where the same bytes stand at that index or later, or wait to, they are
        not added again. Errors: any failure raises `Fault`; the entry may be in the log all the same."""
        ...

    def size(self) -> int:
        """How many entries are published."""
        ...

    def entries(self, start: int) -> Iterator[bytes]:
        """Every entry from that index on."""
        ...

    def check(self) -> None:
        """As of `Log`."""
        ...


class Clock(Protocol):
    """Time comes in as a value: real only from the wiring."""

    def now(self) -> datetime:
        """The time in UTC."""
        ...

    def elapsed(self) -> float:
        """Seconds on a clock that never goes back."""
        ...

    def sleep_until(self, elapsed: float) -> None:
        """Return when `elapsed()` has reached that."""
        ...
