"""The ledger of a log, added again from its public entries alone.

Entries may stand in another order than that in which the ledger charged (questions are answered at the same time), and a charge may
stand in no entry (a crash between the two). So, for each beginning of the log, each account and each currency:

    sum of logged costs  <=  the most that any entry so far says is gone (cap - left)  <=  cap

A node that charged without logging is above its log, never below; one whose log says more than its ledger has lost charges.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from operator import itemgetter
from typing import cast, final

from amana.log.entries import places

HOURS_LATE_MAX = 1
"""An entry is made just after its charge: the hour, and so the period, may have changed between."""


@final
class LedgerError(Exception):
    """An entry that breaks the ledger. `reason`: a word of the catalogue."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Total:
    """What one account of a population has spent by the log. Units: nano-rho, delta in 2**-64."""

    population: str
    period: str
    uses: int
    spent_nrho: int
    spent_delta: int
    cap_nrho: int
    cap_delta: int


@final
class _Account:
    __slots__ = ("delta", "gone_delta", "gone_nrho", "nrho", "uses")

    def __init__(self) -> None:
        self.uses = self.nrho = self.delta = self.gone_nrho = self.gone_delta = 0


def picker(kind: str, *members: str) -> Callable[[Sequence[str]], tuple[str, ...]]:
    """What takes two or more members out of an entry of that kind, as they are written."""
    assert len(members) > 1
    return cast("Callable[[Sequence[str]], tuple[str, ...]]", itemgetter(*places(kind, *members)))


_POPULATION = picker("population", "population", "period", "unit", "cap_nrho", "cap_delta")
_USE = picker("use", "population", "period", "hour", "left_nrho", "left_delta")


@final
class Spent:
    """The promises of a log and what has been spent of them. Memory: by populations and periods, not by uses."""

    def __init__(self) -> None:
        self._promises: dict[str, tuple[str, str, int, int]] = {}
        self._accounts: dict[tuple[str, str], _Account] = {}
        self._hour = ""
        self._periods: Mapping[str, frozenset[str]] = {}

    def promise(self, written: tuple[str, ...]) -> None:
        """A population entry: what is promised, for life. Errors: LedgerError."""
        population, period, unit, cap_nrho, cap_delta = _POPULATION(written)
        said = (period, unit, int(cap_nrho), int(cap_delta))
        if self._promises.setdefault(population, said) != said:
            raise LedgerError("promise_changed")

    def knows(self, population: str) -> bool:
        """Whether there is a promise to that population."""
        return population in self._promises

    def use(self, written: tuple[str, ...], *, nrho: int, delta: int) -> None:
        """A use entry of that cost. Errors: LedgerError."""
        population, period, hour, left_nrho, left_delta = _USE(written)
        promise = self._promises.get(population)
        if promise is None:
            raise LedgerError("population_unknown")
        kind, _, cap_nrho, cap_delta = promise
        if hour != self._hour:
            self._hour, self._periods = hour, _periods(hour)
        if period not in self._periods[kind]:
            raise LedgerError("period_wrong")
        account = self._accounts.get((population, period))
        if account is None:
            account = self._accounts[population, period] = _Account()
        gone_nrho, gone_delta = cap_nrho - int(left_nrho), cap_delta - int(left_delta)
        if gone_nrho < 0 or gone_delta < 0:
            raise LedgerError("left_above_cap")
        account.uses += 1
        account.nrho += nrho
        account.delta += delta
        if gone_nrho > account.gone_nrho:
            account.gone_nrho = gone_nrho
        if gone_delta > account.gone_delta:
            account.gone_delta = gone_delta
        if account.nrho > account.gone_nrho or account.delta > account.gone_delta:
            raise LedgerError("account_overdrawn")

    def totals(self) -> tuple[Total, ...]:
        """Every account that was used."""
        return tuple(
            Total(
                population=population,
                period=period,
                uses=held.uses,
                spent_nrho=held.nrho,
                spent_delta=held.delta,
                cap_nrho=self._promises[population][2],
                cap_delta=self._promises[population][3],
            )
            for (population, period), held in sorted(self._accounts.items())
        )


def _periods(hour: str) -> Mapping[str, frozenset[str]]:
    """The periods of each kind that a use of that hour may be charged to."""
    at = moment_of(hour)
    moments = [at - timedelta(hours=each) for each in range(HOURS_LATE_MAX + 1)]
    return {
        "life": frozenset(("life",)),
        "year": frozenset(f"{each:%Y}" for each in moments),
        "quarter": frozenset(f"{each:%Y}-Q{(each.month + 2) // 3}" for each in moments),
        "month": frozenset(f"{each:%Y-%m}" for each in moments),
    }


def moment_of(hour: str) -> datetime:
    """The moment at which that hour of an entry begins."""
    return datetime(int(hour[:4]), int(hour[5:7]), int(hour[8:10]), int(hour[11:13]), tzinfo=UTC)
