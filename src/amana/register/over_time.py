"""What the log tells day by day: what was spent of each population's budget and what was refused.

Each entry is read once. Memory: by days on which something happened and by projects, not by uses. Units: loss in nano-rho and in 2**-64.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias, final

from amana.register.uses import Entry, number, text, use_of

Loss: TypeAlias = tuple[int, int]
NOTHING: Final[Loss] = (0, 0)
REFUSALS_MAX: Final = 5_000
"""Days and codes of refused questions that are remembered, the latest."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """What was spent of one account of a population. `gone`: pairs of day and share of the budget that was gone at its end, by what the
    entries say is left; `projects`: the same of what each project's uses cost, the largest first ("" is the custodian's own)."""

    population: str
    period: str
    gone: tuple[tuple[str, float], ...]
    projects: tuple[tuple[str, tuple[tuple[str, float], ...]], ...]


@final
class _Account:
    """What was seen of one account so far, by day."""

    __slots__ = ("gone", "projects")

    def __init__(self) -> None:
        self.gone: dict[str, Loss] = {}
        self.projects: dict[str, dict[str, Loss]] = {}


@final
class OverTime:
    """The sums as they grow with the log."""

    def __init__(self) -> None:
        self.size = 0
        """How many entries were added: the index of the next."""
        self._caps: dict[str, Loss] = {}
        self._accounts: dict[str, dict[str, _Account]] = {}
        self._refused: dict[tuple[str, int], int] = {}

    def add(self, entry: Entry) -> None:
        """The next entry of the log."""
        kind = text(entry, "kind")
        match kind:
            case "population":
                self._caps[text(entry, "population")] = (number(entry, "cap_nrho"), number(entry, "cap_delta"))
            case "use":
                self._use(entry)
            case "refused":
                self._refuse(text(entry, "hour")[:10], code=int(str(entry["code"])))
            case _:  # the others cost nothing and refuse no question
                pass
        self.size += 1

    def spent(self, population: str) -> Spent | None:
        """Of the account that was used last; None before the first use."""
        accounts = self._accounts.get(population)
        if not accounts:
            return None
        period = max(accounts)
        account, cap = accounts[period], self._caps.get(population, NOTHING)
        projects = [(name, _summed(days, cap=cap)) for name, days in account.projects.items()]
        return Spent(
            population=population,
            period=period,
            gone=_highest(account.gone, cap=cap),
            projects=tuple(sorted(projects, key=lambda each: (-each[1][-1][1], each[0]))),
        )

    def refusals(self, *, since: str) -> tuple[tuple[str, int, int], ...]:
        """Questions that a budget or a right refused from that day on, the latest first. Shapes: (day, code, count)."""
        return tuple((day, code, count) for (day, code), count in sorted(self._refused.items(), reverse=True) if day >= since)

    def _use(self, entry: Entry) -> None:
        use = use_of(entry, index=self.size)
        account = self._accounts.setdefault(use.population, {}).setdefault(use.period, _Account())
        cap, day = self._caps.get(use.population, NOTHING), use.hour[:10]
        gone, before = (cap[0] - use.left_nrho, cap[1] - use.left_delta), account.gone.get(day, NOTHING)
        account.gone[day] = (max(gone[0], before[0]), max(gone[1], before[1]))
        days = account.projects.setdefault(use.project, {})
        sums = days.get(day, NOTHING)
        days[day] = (sums[0] + use.cost_nrho, sums[1] + use.cost_delta)

    def _refuse(self, day: str, *, code: int) -> None:
        self._refused[day, code] = self._refused.get((day, code), 0) + 1
        if len(self._refused) > REFUSALS_MAX:
            del self._refused[min(self._refused)]


def _summed(days: dict[str, Loss], *, cap: Loss) -> tuple[tuple[str, float], ...]:
    """Day by day, what was spent until then, as a share."""
    nrho = delta = 0
    found: list[tuple[str, float]] = []
    for day in sorted(days):
        nrho, delta = nrho + days[day][0], delta + days[day][1]
        found.append((day, _share((nrho, delta), cap=cap)))
    return tuple(found)


def _highest(days: dict[str, Loss], *, cap: Loss) -> tuple[tuple[str, float], ...]:
    """What is gone never comes back within an account, whatever order the hours are in."""
    nrho = delta = 0
    found: list[tuple[str, float]] = []
    for day in sorted(days):
        nrho, delta = max(nrho, days[day][0]), max(delta, days[day][1])
        found.append((day, _share((nrho, delta), cap=cap)))
    return tuple(found)


def _share(loss: Loss, *, cap: Loss) -> float:
    return max(loss[0] / max(1, cap[0]), loss[1] / max(1, cap[1]))
