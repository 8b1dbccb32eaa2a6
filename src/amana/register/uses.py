"""The public register of what was done with the data, read from the entries of the log in their order.

Shapes: an entry is a mapping of its members as JSON holds them (docs/reference/log.md). `Tally` adds up what each project did with each
dataset; `use_of` shows one use. Units: loss in nano-rho and in 2**-64. Persons, questions and reasons are in no public entry, so
in none of these.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Final, TypeAlias, cast, final

from amana.register.listing import Json
from amana.terms.table import write_csv

FORMAT: Final = "amana register of uses 1"
Entry: TypeAlias = Mapping[str, object]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """What one project did with one dataset. `project`: empty for the custodian on the node's own machine.

    `permit`, `permit_state`, `permit_until`, `permit_cap_nrho`, `permit_cap_delta`: of the permit that was requested last; empty and 0
    where there is none. `purposes`: of the project as it is now; of its last use where the log tells nothing else. `first_hour`,
    `last_hour`: of uses, empty before the first. `charged_count`: uses that cost something; `recalled_count`: those that cost
    nothing, for the answer was given before; `refused_count`: questions that a budget or a right refused.
    """

    project: str
    dataset: str
    custodian: str = ""
    purposes: tuple[str, ...] = ()
    project_state: str = ""
    permit: str = ""
    permit_state: str = ""
    permit_until: str = ""
    permit_cap_nrho: int = 0
    permit_cap_delta: int = 0
    first_hour: str = ""
    last_hour: str = ""
    charged_count: int = 0
    recalled_count: int = 0
    refused_count: int = 0
    loss_nrho: int = 0
    loss_delta: int = 0


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """One use. `index`: of its entry in the log; `left_nrho`, `left_delta`: what was left of the account of that period after it."""

    index: int
    hour: str
    verb: str
    project: str
    dataset: str
    version: str
    population: str
    period: str
    custodian: str
    permit: str
    purposes: tuple[str, ...]
    mechanism: str
    cost_nrho: int
    cost_delta: int
    left_nrho: int
    left_delta: int


ROW_COLUMNS: Final = tuple(each.name for each in fields(Row))
USE_COLUMNS: Final = tuple(each.name for each in fields(Use))


@final
class Tally:
    """The register as it grows with the log. Memory: by projects and datasets, not by uses."""

    def __init__(self) -> None:
        self.size = 0
        """How many entries were added: the index of the next."""
        self._rows: dict[tuple[str, str], Row] = {}
        self._projects: dict[str, tuple[str, tuple[str, ...]]] = {}

    def add(self, entry: Entry) -> None:
        """The next entry of the log."""
        self.size += 1
        match entry["kind"]:
            case "project":
                self._projects[text(entry, "project")] = (text(entry, "state"), texts(entry, "purposes"))
            case "permit":
                self._permit(entry)
            case "use":
                self._use(entry)
            case "refused":
                row = self._row(entry)
                self._put(replace(row, refused_count=row.refused_count + 1))
            case _:  # of keys, promises, versions and runs the register tells nothing
                pass

    def rows(self) -> tuple[Row, ...]:
        """By dataset, then by project."""
        return tuple(self._shown(self._rows[key]) for key in sorted(self._rows, key=lambda key: (key[1], key[0])))

    def _shown(self, row: Row) -> Row:
        """With what is known of its project now."""
        state, purposes = self._projects.get(row.project, (row.project_state, row.purposes))
        return replace(row, project_state=state, purposes=purposes)

    def _permit(self, entry: Entry) -> None:
        row = self._row(entry)
        if row.permit not in {"", text(entry, "permit")} and entry["event"] != "request":
            return  # the end of an earlier permit says nothing of the one that came after it
        self._put(
            replace(
                row,
                custodian=text(entry, "custodian"),
                permit=text(entry, "permit"),
                permit_state=text(entry, "state"),
                permit_until=text(entry, "until"),
                permit_cap_nrho=number(entry, "cap_nrho"),
                permit_cap_delta=number(entry, "cap_delta"),
            )
        )

    def _use(self, entry: Entry) -> None:
        row, use = self._row(entry), use_of(entry, index=self.size - 1)
        free = use.cost_nrho == 0 and use.cost_delta == 0
        self._put(
            replace(
                row,
                custodian=use.custodian,
                purposes=use.purposes,
                first_hour=min(row.first_hour or use.hour, use.hour),
                last_hour=max(row.last_hour, use.hour),
                charged_count=row.charged_count + (not free),
                recalled_count=row.recalled_count + free,
                loss_nrho=row.loss_nrho + use.cost_nrho,
                loss_delta=row.loss_delta + use.cost_delta,
            )
        )

    def _row(self, entry: Entry) -> Row:
        project, dataset = text(entry, "project"), text(entry, "dataset")
        return self._rows.get((project, dataset)) or Row(project=project, dataset=dataset)

    def _put(self, row: Row) -> None:
        self._rows[row.project, row.dataset] = row


def use_of(entry: Entry, *, index: int) -> Use:
    """A use as the register shows it."""
    assert entry["kind"] == "use"
    return Use(
        index=index,
        hour=text(entry, "hour"),
        verb=text(entry, "verb"),
        project=text(entry, "project"),
        dataset=text(entry, "dataset"),
        version=text(entry, "version"),
        population=text(entry, "population"),
        period=text(entry, "period"),
        custodian=text(entry, "custodian"),
        permit=text(entry, "permit"),
        purposes=texts(entry, "purposes"),
        mechanism=text(entry, "mechanism"),
        cost_nrho=number(entry, "cost_nrho"),
        cost_delta=number(entry, "cost_delta"),
        left_nrho=number(entry, "left_nrho"),
        left_delta=number(entry, "left_delta"),
    )


def tally(entries: Iterable[Entry]) -> Tally:
    """The register after all those entries."""
    made = Tally()
    for entry in entries:
        made.add(entry)
    return made


def rows_as_json(found: Tally) -> Json:
    """`size`: how many entries of the log were read. Amounts are texts: other programs lose digits of large numbers."""
    return {"format": FORMAT, "size": found.size, "projects": [_plain(each, ROW_COLUMNS) for each in found.rows()]}


def uses_as_json(uses: Sequence[Use], *, after: int | None) -> Json:
    """A part of the uses. `after`: from which entry of the log the next part begins; None: there is no more."""
    return {"format": FORMAT, "uses": [_plain(each, USE_COLUMNS) for each in uses], "next": after}


def rows_as_csv(rows: Iterable[Row]) -> str:
    """One line for each project and dataset."""
    return write_csv(ROW_COLUMNS, ([_cell(getattr(row, name)) for name in ROW_COLUMNS] for row in rows))


def uses_as_csv(uses: Iterable[Use]) -> str:
    """One line for each use."""
    return write_csv(USE_COLUMNS, ([_cell(getattr(use, name)) for name in USE_COLUMNS] for use in uses))


def text(entry: Entry, member: str) -> str:
    """A member that is a text."""
    found = entry[member]
    assert isinstance(found, str), member
    return found


def texts(entry: Entry, member: str) -> tuple[str, ...]:
    """A member that is a list of texts."""
    found = entry[member]
    assert isinstance(found, list), member
    return tuple(cast("list[str]", found))


def number(entry: Entry, member: str) -> int:
    """An amount, which an entry writes in decimal digits."""
    return int(text(entry, member))


def _plain(value: Row | Use, names: Sequence[str]) -> Json:
    return {name: _amount(name, getattr(value, name)) for name in names}


def _amount(name: str, value: object) -> object:
    if isinstance(value, tuple):
        return list(cast("tuple[str, ...]", value))
    return str(value) if name.endswith(("_nrho", "_delta")) else value


def _cell(value: object) -> object:
    return " ".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else value
