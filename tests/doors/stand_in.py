"""A node that answers from memory, so that the doors are tested alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from amana.client.text import load
from amana.local.door import Door
from amana.terms.answer import AnswerTable, Estimate
from amana.terms.refusal import Place, Refusal

TABLE = AnswerTable(
    columns=("region", "visits"),
    rows=(
        ("Atlas", Estimate(value=12345.4, low=12278.4, high=12412.4)),
        (None, Estimate(value=None, low=None, high=None)),
    ),
)


@dataclass(frozen=True, kw_only=True)
class Answer:
    table: AnswerTable = TABLE
    cost_nrho: int = 1_000
    cap_nrho: int = 1_000_000
    spent_nrho: int = 250_000
    cost_delta_units: int = 0
    recalled: bool = False
    notes: tuple[tuple[str, tuple[tuple[str, str | int], ...]], ...] = ()
    version: str = "v-1"
    digest: str = "d-1"
    dataset: str = "clinic"
    permit: str = "p-1"
    purpose: str = "research"
    mechanism: str = "discrete gaussian"


@dataclass(frozen=True, kw_only=True)
class Simulated:
    draws: tuple[tuple[tuple[float | None, ...], ...], ...]


@dataclass(frozen=True, kw_only=True)
class Budget:
    population: str = "patients"
    unit: str = "patient"
    cap_nrho: int = 1_000_000
    spent_nrho: int = 250_000
    cap_delta_units: int = 100
    spent_delta_units: int = 3
    epsilon_of_cap: float = 0.2
    delta_shown: float = 1e-6


@dataclass(frozen=True, kw_only=True)
class Preview:
    figures: tuple[tuple[str, float, float | None], ...] = (("visits", 67.0, 0.0054),)
    cost_nrho: int = 1_000
    share: float = 0.001
    notes: tuple[()] = ()


@dataclass(frozen=True, kw_only=True)
class Explanation:
    lines: tuple[tuple[str, str], ...] = (("plan", "scan visits"),)


@dataclass(frozen=True, kw_only=True)
class Card:
    name: str = "clinic"
    title: Mapping[str, str] = field(default_factory=lambda: {"en": "Visits", "fr": "Visites"})
    unit: str = "patient"
    tables: tuple[str, ...] = ("visits",)


@dataclass(kw_only=True)
class StandIn:
    """Refuses questions that name `visit`; `asked` keeps the others."""

    answer: Answer = field(default_factory=Answer)
    asked: list[tuple[str, str]] = field(default_factory=list)

    def ask(self, sql: str, *, within: str, share: str | None = None) -> Answer:
        self._read(sql, share or within)
        return self.answer

    def simulate(self, sql: str, *, within: str, share: str | None = None, draws: int) -> Simulated:
        return Simulated(draws=tuple(((12345.4 + draw,), (None,)) for draw in range(draws)))

    def preview(self, sql: str, *, within: str, share: str | None = None) -> Preview:
        self._read(sql, share or within)
        return Preview()

    def explain(self, sql: str, *, within: str) -> Explanation:
        self._read(sql, within)
        return Explanation()

    def budget(self, name: str) -> Budget:
        return Budget(population=name)

    def datasets(self) -> tuple[Card, ...]:
        return (Card(),)

    def profile(self, name: str) -> tuple[object, ...]:
        return ()

    def close(self) -> None:
        pass

    def _read(self, sql: str, within: str) -> None:
        if sql.endswith("FROM visit"):
            where = Place(line=1, column=sql.index("visit") + 1, length=5)
            raise Refusal("sql.unknown_table", where=where, name="visit", tables="visits", example="SELECT COUNT(*) FROM visits")
        self.asked.append((sql, within))


def door(node: StandIn | None = None) -> Door:
    """A door to the stand-in."""
    return Door(node or StandIn(), catalogue=load("en"))
