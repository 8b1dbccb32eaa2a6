"""What the public may know of a dataset: tables, columns, domains, paths to the privacy unit, caps."""

from dataclasses import dataclass
from datetime import date
from enum import Enum
from typing import final

from amana.catalog.domains import Domain
from amana.terms.ids import DeltaUnits, NanoRho, PopulationName, VersionId


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column and where its bounds or members come from (`source` cites a public document)."""

    name: str
    domain: Domain
    source: str = ""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """The step from a table to its parent: each row has exactly one parent row, checked at publishing."""

    parent: str
    on: tuple[tuple[str, str], ...]
    """Pairs (column here, column of the parent); the parent's columns are its key."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A private table (it leads to the privacy unit) or a public one (its rows concern nobody).

    `unit_column`: the column that holds the unit's source key, for a table at the end of a path.
    `key`: columns that identify a row (unique, checked), empty if none is declared.
    `multiplicity`: public tables only, the largest number of rows that share one `key`, checked at publishing.
    `occurrence`: columns for which the rank of each row within (unit, value) is stored.
    `rows_per_unit_max`: a public cap that any choice of k stays under.
    `source`: public tables only, the public document that the table is.
    """

    name: str
    private: bool
    columns: tuple[Column, ...]
    unit_column: str | None = None
    path: Path | None = None
    key: tuple[str, ...] = ()
    multiplicity: int = 1
    occurrence: tuple[str, ...] = ()
    rows_per_unit_max: int = 1
    title: tuple[tuple[str, str], ...] = ()
    """Pairs (language, text): empty, or one for each language."""
    source: str = ""

    def column(self, name: str) -> Column | None:
        """The column of that name, or None."""
        return next((column for column in self.columns if column.name == name), None)


class Period(Enum):
    """The calendar period after which a promise to (unit, period) begins again, in UTC."""

    YEAR = "year"
    QUARTER = "quarter"
    MONTH = "month"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """The people whose budget is spent: every version and every derived table over them shares one ledger (PRIVACY 1)."""

    name: PopulationName
    unit: str
    """The word for one unit (patient, household); also the name of the virtual column on every private table."""
    cap_nrho: NanoRho
    cap_delta: DeltaUnits
    profile_nrho: NanoRho
    """The share of the cap that each version's profile may spend."""
    period: Period | None = None
    """None: the caps are for life, the strongest promise. Else they are for each calendar period."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """The public schema of one dataset: what a question is checked against."""

    unit: str
    tables: tuple[Table, ...]

    def __hash__(self) -> int:
        """Cheap, because inference remembers what it found by schema."""
        return hash((self.unit, tuple(table.name for table in self.tables)))

    def table(self, name: str) -> Table | None:
        """The table of that name (case-insensitive), or None."""
        return next((table for table in self.tables if table.name.lower() == name.lower()), None)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Processing:
    """What only the controller can say for the record of processing. None: the rules do not declare it; an empty list: there is none.

    `sensitive`: words of `catalog.rules_processing.SENSITIVE`. `recipients_abroad`: who, in which country, under which safeguard.
    `authorisation`: number and day of what the supervisory authority granted or received. Sources: GDPR articles 9, 10, 30(1) and
    35(7); Moroccan Law 09-08, articles 12 and 15."""

    joint_controllers: tuple[str, ...] | None = None
    representative: str | None = None
    data_protection_officer: str | None = None
    processors: tuple[str, ...] | None = None
    recipients_abroad: tuple[str, ...] | None = None
    data_categories: tuple[str, ...] | None = None
    sensitive: tuple[str, ...] | None = None
    necessity: str | None = None
    rights_contact: str | None = None
    authorisation: str | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """What the public knows of a dataset. `purposes`: terms of `catalog.purposes`, as the rules write them. `retention`: the
    last day on which the data may be kept. `controller`: legal name and contact of the controller (GDPR art. 30). `themes`: of
    `catalog.themes`. `checklist`: what an applicant must answer, each in every language (pairs of language and text). The last three: of
    versions published before they could be declared, nothing."""

    name: str
    title: tuple[tuple[str, str], ...]
    custodian: str
    controller: str
    legal_basis: str
    purposes: tuple[str, ...]
    retention: date
    population: Population
    schema: Schema
    processing: Processing = Processing()
    themes: tuple[str, ...] = ()
    checklist: tuple[tuple[tuple[str, str], ...], ...] = ()


def expired(dataset: Dataset, today: date) -> bool:
    """Whether the data may no longer be kept: the dataset then refuses to serve."""
    return today > dataset.retention


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """One published state of a dataset."""

    id: VersionId
    dataset: Dataset
