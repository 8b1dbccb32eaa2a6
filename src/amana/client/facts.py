"""What a node tells of its datasets, as values: the same fields as the node's own. Free to read."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import final

from amana.client.cost import Cost, Note
from amana.client.glance import budget_text, preview_text
from amana.client.wire import Json, a_list, a_number, a_text, a_whole, an_object, number_or_none, read_cost, read_notes


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class DatasetCard:
    """`title`: by language."""

    name: str
    title: Mapping[str, str]
    unit: str
    tables: tuple[str, ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectSpending:
    """What one project took; `project` is None for the custodian's own uses. Units: nano-ρ, 2**-64."""

    project: str | None
    nano_rho: int
    delta_units: int


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What a population may lose, and what it has lost. `period`: life, or year, quarter, month. Units: nano-ρ, 2**-64."""

    population: str
    unit: str
    period: str
    cap_nrho: int
    spent_nrho: int
    cap_delta_units: int
    spent_delta_units: int
    epsilon_of_cap: float
    delta_shown: float
    by: tuple[ProjectSpending, ...] = ()

    @property
    def share(self) -> float:
        """What is spent of whichever is scarcer, 0 to 1."""
        return max(self.spent_nrho / max(1, self.cap_nrho), self.spent_delta_units / max(1, self.cap_delta_units))

    def __repr__(self) -> str:
        return budget_text(self.population, self.unit, spent=self.share)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Spent:
    """A cap and what was spent of it. Units: nano-ρ, 2**-64."""

    cap_nrho: int
    spent_nrho: int
    cap_delta_units: int
    spent_delta_units: int

    @property
    def share(self) -> float:
        """What is spent of whichever is scarcer, 0 to 1."""
        return max(self.spent_nrho / max(1, self.cap_nrho), self.spent_delta_units / max(1, self.cap_delta_units))


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class PermitBudget:
    """What is left of a permit; `allowance`: of what an AI assistant may spend of it."""

    permit: str
    project: str
    dataset: str
    spent: Spent
    allowance: Spent | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Assistant:
    """What the token of an AI assistant allows. `allowance`: the share of each permit; `rows_max`: of an answer, shown at once."""

    allowance: str
    rows_max: int
    expires_at: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Histogram:
    """Noisy counts of values in bins of equal `width` from `low`; `missing` counts NULLs."""

    low: int
    width: int
    counts: tuple[float, ...]
    missing: float


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TableProfile:
    """Noisy figures of one table, paid for once."""

    table: str
    units: float
    rows: float
    columns: tuple[tuple[str, Histogram], ...]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """`figures`: name, half of the 95 % interval expected, and that as a share of the predicted figure. `share`: of the budget."""

    figures: tuple[tuple[str, float, float | None], ...]
    cost: Cost
    share: float
    notes: tuple[Note, ...]

    @property
    def cost_nrho(self) -> int:
        """What asking would cost."""
        return self.cost.loss_nrho

    def __repr__(self) -> str:
        return preview_text(self.figures, share=self.share)


def read_preview(found: Json) -> Preview:
    """Errors: Refusal client.not_understood; likewise below."""
    figures = [an_object(one, "figures") for one in a_list(found.get("figures"), "figures")]
    return Preview(
        figures=tuple(
            (
                a_text(one.get("name"), "figures.name"),
                a_number(one.get("half_width"), "figures.half_width"),
                number_or_none(one.get("relative"), "figures.relative"),
            )
            for one in figures
        ),
        cost=read_cost(found.get("cost")),
        share=a_number(found.get("share"), "share"),
        notes=read_notes(found.get("notes")),
    )


def read_card(found: Json) -> DatasetCard:
    """A dataset of the list. A table is its name, or an object that has one."""
    tables = [one if isinstance(one, str) else an_object(one, "tables").get("name") for one in a_list(found.get("tables", []), "tables")]
    title = an_object(found.get("title") or {}, "title")
    return DatasetCard(
        name=a_text(found.get("name"), "name"),
        title=MappingProxyType({language: str(words) for language, words in title.items()}),
        unit=str(found.get("unit") or ""),
        tables=tuple(a_text(name, "tables") for name in tables),
    )


def read_budget(found: Json) -> Budget:
    """The budget of a dataset's population."""
    return Budget(
        population=a_text(found.get("population"), "population"),
        unit=str(found.get("unit") or ""),
        period=a_text(found.get("period"), "period"),
        cap_nrho=a_whole(found.get("cap_nrho"), "cap_nrho"),
        spent_nrho=a_whole(found.get("spent_nrho"), "spent_nrho"),
        cap_delta_units=a_whole(found.get("cap_delta_units"), "cap_delta_units"),
        spent_delta_units=a_whole(found.get("spent_delta_units"), "spent_delta_units"),
        epsilon_of_cap=a_number(found.get("epsilon_of_cap"), "epsilon_of_cap"),
        delta_shown=a_number(found.get("delta_shown"), "delta_shown"),
        by=tuple(_spending(an_object(one, "by")) for one in a_list(found.get("by", []), "by")),
    )


def read_permit_budget(found: Json) -> PermitBudget:
    """What is left of one permit."""
    allowance = found.get("allowance")
    return PermitBudget(
        permit=a_text(found.get("permit"), "permit"),
        project=a_text(found.get("project"), "project"),
        dataset=a_text(found.get("dataset"), "dataset"),
        spent=_spent(found),
        allowance=None if allowance is None else _spent(an_object(allowance, "allowance")),
    )


def read_assistant(me: Json) -> Assistant | None:
    """What `/me` says of an assistant's token."""
    found = me.get("assistant")
    if found is None:
        return None
    told = an_object(found, "assistant")
    return Assistant(
        allowance=a_text(told.get("allowance"), "assistant.allowance"),
        rows_max=max(1, a_whole(told.get("rows_max"), "assistant.rows_max")),
        expires_at=a_text(told.get("expires_at"), "assistant.expires_at"),
    )


def read_profile(found: Json) -> tuple[TableProfile, ...]:
    """The tables of a profile, each column with its name and histogram."""
    return tuple(_table(an_object(one, "tables")) for one in a_list(found.get("tables"), "tables"))


def _spent(found: Json) -> Spent:
    return Spent(
        cap_nrho=a_whole(found.get("cap_nrho"), "cap_nrho"),
        spent_nrho=a_whole(found.get("spent_nrho"), "spent_nrho"),
        cap_delta_units=a_whole(found.get("cap_delta_units"), "cap_delta_units"),
        spent_delta_units=a_whole(found.get("spent_delta_units"), "spent_delta_units"),
    )


def _spending(found: Json) -> ProjectSpending:
    project = found.get("project")
    return ProjectSpending(
        project=None if project is None else a_text(project, "by.project"),
        nano_rho=a_whole(found.get("loss_nrho"), "by.loss_nrho"),
        delta_units=a_whole(found.get("delta_units"), "by.delta_units"),
    )


def _table(found: Json) -> TableProfile:
    columns = [an_object(one, "columns") for one in a_list(found.get("columns"), "columns")]
    return TableProfile(
        table=a_text(found.get("table"), "table"),
        units=a_number(found.get("units"), "units"),
        rows=a_number(found.get("rows"), "rows"),
        columns=tuple((a_text(one.get("name"), "columns.name"), _histogram(one)) for one in columns),
    )


def _histogram(found: Json) -> Histogram:
    return Histogram(
        low=a_whole(found.get("low"), "columns.low"),
        width=a_whole(found.get("width"), "columns.width"),
        counts=tuple(a_number(count, "columns.counts") for count in a_list(found.get("counts"), "columns.counts")),
        missing=a_number(found.get("missing"), "columns.missing"),
    )
