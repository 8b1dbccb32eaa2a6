"""What the log is told of a use, before the data is touched: public facts only (PRIVACY 8, 10)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, final

from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class UseEntry:
    """One admitted use. `kind`: ask, recall or profile. `hour`: the hour, UTC. No SQL, no digest, nothing the data decided."""

    kind: str
    hour: datetime
    population: PopulationName
    dataset: str
    version: VersionId
    custodian: str
    permit: PermitId
    purpose: str
    mechanism: str
    cost_nrho: NanoRho
    cost_delta: DeltaUnits


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
