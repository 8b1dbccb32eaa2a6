"""What the registers are made of: a node as others reach it, and the datasets that it lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, final
from urllib.parse import quote, urlencode

from amana.catalog.schema import Dataset, Version

Json: TypeAlias = dict[str, object]

API = "/api/v1"
"""Where the routes of a node begin, below its address."""
FORMS = {"csv": "text/csv", "parquet": "application/vnd.apache.parquet"}
"""Forms of the files of an invented sample, with their media types."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A node. `address`: where others reach it, without a path. `body`, `contact`: of who gives access to its data, empty if unknown."""

    address: str
    body: str = ""
    contact: str = ""

    def at(self, path: str, **query: str) -> str:
        """The address of one of its routes."""
        return f"{self.address}{API}{path}" + (f"?{urlencode(query)}" if query else "")

    def of(self, dataset: str, path: str = "", **query: str) -> str:
        """The address of a dataset, or of something of it."""
        return self.at(f"/datasets/{quote(dataset, safe='')}{path}", **query)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """A dataset that serves. `issued_at`: when its first version was published; `modified_at`: when this one was."""

    version: Version
    issued_at: datetime
    modified_at: datetime

    @property
    def dataset(self) -> Dataset:
        """What the version is of."""
        return self.version.dataset


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SampleFile:
    """One file of the invented sample of a version, as the node gives it out. `form`: of FORMS. `whole`: columns of identifiers in which
    it holds whole numbers, which no rules tell; of CSV files."""

    table: str
    form: str
    sha256: str
    size_bytes: int
    whole: tuple[str, ...] = ()
