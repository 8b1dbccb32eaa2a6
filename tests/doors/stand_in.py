"""A node that answers from memory, so that the doors are tested alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

from amana.catalog.domains import ChoiceDomain, DateDomain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.schema import Column, Schema, Table
from amana.catalog.summary import summarise
from amana.client.text import load
from amana.local.door import Door
from amana.terms.answer import AnswerTable, Estimate
from amana.terms.refusal import Place, Refusal
from amana.terms.summary import TableSummary

TABLE = AnswerTable(
    columns=("region", "visits"),
    rows=(
        ("Atlas", Estimate(value=12345.4, low=12278.4, high=12412.4)),
        (None, Estimate(value=None, low=None, high=None)),
    ),
)


WARDS = ("a ward with quite a long name", "another ward of such a name", "general", "heart")
PROFILED = (
    Schema(
        unit="patient",
        tables=(
            Table(
                name="visits", private=True, unit_column="patient_id", rows_per_unit_max=9, occurrence=("ward",),
                columns=(
                    Column(name="patient_id", domain=KeyDomain()),
                    Column(name="day_of_the_visit", domain=DateDomain(low=date(2020, 1, 1), high=date(2024, 12, 31), nullable=True)),
                    Column(name="cost", domain=NumberDomain(scale=2, low=0, high=99_999_999)),
                    Column(name="year", domain=NumberDomain(scale=0, low=2020, high=2024)),
                    Column(name="ward", domain=ChoiceDomain(members=WARDS)),
                    Column(name="note", domain=TextDomain(length_max=9, nullable=True)),
                ),
            ),
        ),
    ),
    Profile(
        tables=(
            TableProfile(
                table="visits", units=12_000.0, rows=24_000.0, rows_edges=(1, 2, 3), units_by_rows=(6000.0, 3000.0, 3000.0),
                columns=(
                    ("day_of_the_visit", Histogram(low=18_262, width=29, counts=(100.0,) * 63, missing=700.0, deviation=3.0)),
                    ("cost", Histogram(low=0, width=1_562_500, counts=(100.0,) * 64, missing=0.0, deviation=3.0)),
                    ("year", Histogram(low=2020, width=1, counts=(9.0, 9.0, 9.0, 9.0, 900.0), missing=0.0, deviation=3.0)),
                    ("ward", Histogram(low=0, width=1, counts=(400.0, 300.0, 200.0, 100.0), missing=0.0, deviation=3.0)),
                ),
                presence=(("note", Histogram(low=0, width=1, counts=(750.0,), missing=250.0, deviation=3.0)),),
                groups_per_unit=(("ward", 1.25),), groups_deviations=(0.01,), units_deviation=3.0,
            ),
        )
    ),
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Answer:
    table: AnswerTable = TABLE
    cost_nrho: int = 1_000
    cap_nrho: int = 1_000_000
    spent_nrho: int = 250_000
    cost_delta_units: int = 0
    recalled: bool = False
    notes: tuple[tuple[str, tuple[tuple[str, str | int], ...]], ...] = ()
    invented: bool = False
    version: str = "v-1"
    digest: str = "d-1"
    dataset: str = "clinic"
    permit: str = "p-1"
    purpose: str = "research"
    mechanism: str = "discrete gaussian"
    entry: int | None = None


@dataclass(frozen=True, kw_only=True)
class Simulated:
    draws: tuple[tuple[tuple[float | None, ...], ...], ...]


@dataclass(frozen=True, kw_only=True)
class Budget:
    population: str = "patients"
    unit: str = "patient"
    period: str = "life"
    cap_nrho: int = 1_000_000
    spent_nrho: int = 250_000
    cap_delta_units: int = 100
    spent_delta_units: int = 3
    epsilon_of_cap: float = 0.2
    delta_shown: float = 1e-6
    by: tuple[()] = ()

    @property
    def share(self) -> float:
        return self.spent_nrho / self.cap_nrho


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

    def dry_run(self, sql: str, *, within: str, share: str | None = None) -> Answer:
        self._read(sql, share or within)
        return replace(self.answer, invented=True, digest="", notes=(("note.dry_run", (("units", 1000), ("times", 89))),))

    def budget(self, name: str) -> Budget:
        return Budget(population=name)

    def datasets(self) -> tuple[Card, ...]:
        return (Card(),)

    def profile(self, name: str) -> tuple[object, ...]:
        return ()

    def profile_summary(self, name: str) -> tuple[TableSummary, ...]:
        return summarise(*PROFILED)

    def sample(self, name: str, *, folder: Path, table: str | None, form: str) -> tuple[Path, ...]:
        self.asked.append((name, f"{folder} {table} {form}"))
        return (folder / f"visits.{form}",)

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
