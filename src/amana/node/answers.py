"""What the use cases of asking give back, as values a door shows."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from amana.catalog.schema import Dataset
from amana.client.glance import budget_text, preview_text
from amana.node.asking import Note
from amana.node.spending import ProjectSpending
from amana.query.simulate import Draw
from amana.terms.answer import AnswerTable
from amana.terms.ids import DeltaUnits, Digest, NanoRho, VersionId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """An answer as a door shows it. Units: losses in nano-rho and in 2**-64; `notes` are message codes with parameters."""

    table: AnswerTable
    cost_nrho: NanoRho
    cost_delta_units: DeltaUnits
    cap_nrho: NanoRho
    spent_nrho: NanoRho
    recalled: bool
    notes: tuple[Note, ...]
    version: VersionId
    digest: Digest
    dataset: str
    permit: str
    purpose: str
    mechanism: str
    """Empty for a question about public tables, which adds no noise."""
    entry: int | None = None
    """Where the public log tells of it; None for what it does not tell: exact figures of public tables, and dry runs."""
    invented: bool = False
    """The rows are invented: the answer shows its shape, its precision and what it would cost."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Simulated:
    """Redraws of an answer. Shapes: `columns` are the figures that carry noise; each draw has the rows of the answer."""

    columns: tuple[str, ...]
    draws: tuple[Draw, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`figures`: name, half of the 95 % interval expected in a typical group, and that as a share of the predicted figure."""

    figures: tuple[tuple[str, float, float | None], ...]
    cost_nrho: NanoRho
    cost_delta_units: DeltaUnits
    cap_nrho: NanoRho
    spent_nrho: NanoRho
    share: float
    notes: tuple[Note, ...]

    def __repr__(self) -> str:
        return preview_text(self.figures, share=self.share)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Everything about how a question would be answered, except data."""

    lines: tuple[tuple[str, str], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    population: str
    unit: str
    period: str
    """For which the cap holds: "life", or the calendar period after which it begins again; spent is of the current one."""
    cap_nrho: NanoRho
    spent_nrho: NanoRho
    cap_delta_units: DeltaUnits
    spent_delta_units: DeltaUnits
    epsilon_of_cap: float
    """epsilon at delta = 1e-6 or, if that is smaller, ten times the cap's delta: for display (dp-accounting)."""
    delta_shown: float
    by: tuple[ProjectSpending, ...] = ()
    """Who took it, in all the population's life."""

    @property
    def share(self) -> float:
        """What is spent of whichever is scarcer, 0 to 1."""
        return max(self.spent_nrho / max(1, self.cap_nrho), self.spent_delta_units / max(1, self.cap_delta_units))

    def __repr__(self) -> str:
        return budget_text(self.population, self.unit, spent=self.share)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard:
    name: str
    title: Mapping[str, str]
    unit: str
    tables: tuple[str, ...]


def card_of(dataset: Dataset) -> DatasetCard:
    """What a list of datasets shows of one."""
    return DatasetCard(
        name=dataset.name,
        title=MappingProxyType(dict(dataset.title)),
        unit=dataset.population.unit,
        tables=tuple(table.name for table in dataset.schema.tables),
    )
