"""The registers of a node, for everybody: its catalogue, descriptions of its datasets, and what was done with them.

What stands in them: the floor `register`. Here they are given the facts of this node.
"""

import csv
import hashlib
import re
from collections.abc import Iterator
from io import BufferedReader, TextIOWrapper
from itertools import islice
from threading import Lock
from typing import TYPE_CHECKING, final

from amana.catalog.domains import KeyDomain
from amana.catalog.schema import Table
from amana.register.croissant import croissant
from amana.register.dcat import as_turtle, catalogue
from amana.register.listing import FORMS, Json, Listed, Place, SampleFile
from amana.register.promise import promise
from amana.register.uses import Tally, Use, rows_as_csv, rows_as_json, use_of, uses_as_csv, uses_as_json
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.node.service import Service

ENTRIES_MAX = 10_000
"""Entries of the log that one part of the listing of uses looks through."""
WHOLE = re.compile(r"0|-?[1-9][0-9]{0,17}")


@final
class Registers:
    """Made anew for each reader, but for what never changes: sums over the log, and digests of files of a version."""

    def __init__(self, service: "Service") -> None:
        self._service, self._lock, self._counting = service, Lock(), Lock()
        self._files: dict[VersionId, tuple[SampleFile, ...]] = {}
        self._tally = Tally()

    def catalogue(self) -> Json:
        """DCAT-AP, as a JSON-LD document."""
        return catalogue(self._place(), self._service.listed())

    def catalogue_turtle(self) -> str:
        """The same in Turtle."""
        return as_turtle(self.catalogue())

    def croissant(self, name: str) -> Json:
        """Croissant, of the invented sample of a dataset. Errors: Refusal node.unknown_dataset."""
        listed = self._listed(name)
        return croissant(self._place(), listed, self._sampled(listed))

    def promise(self, name: str) -> Json:
        """What is promised to the people in a dataset. Errors: Refusal node.unknown_dataset."""
        return promise(self._place(), self._listed(name))

    def uses(self) -> Json:
        """What each project did with each dataset."""
        with self._counting:
            return rows_as_json(self._counted())

    def uses_csv(self) -> str:
        """The same as CSV."""
        with self._counting:
            return rows_as_csv(self._counted().rows())

    def part(self, *, after: int) -> tuple[Json, int | None]:
        """Use by use: those among the next entries of the log from that index on, and where the part after it begins, if there is one."""
        found, following = self._part(after)
        return uses_as_json(found, after=following), following

    def part_csv(self, *, after: int) -> tuple[str, int | None]:
        """The same part as CSV."""
        found, following = self._part(after)
        return uses_as_csv(found), following

    def every_use(self) -> Json:
        """All uses at once, for whoever holds the data folder."""
        return uses_as_json(tuple(self._uses()), after=None)

    def every_use_csv(self) -> str:
        """The same as CSV."""
        return uses_as_csv(self._uses())

    def _uses(self) -> Iterator[Use]:
        return (use_of(entry, index=index) for index, entry in enumerate(self._service.entries()) if entry["kind"] == "use")

    def _place(self) -> Place:
        settings = self._service.settings
        return Place(address=settings.public_url, body=settings.access_body, contact=settings.access_body_contact)

    def _listed(self, name: str) -> Listed:
        listed = {each.dataset.name: each for each in self._service.listed()}
        if name not in listed:
            raise Refusal("node.unknown_dataset", name=name[:80], names=", ".join(listed))
        return listed[name]

    def _counted(self) -> Tally:
        """The log only grows, so what was added is never added again. Call it while nobody else counts."""
        for entry in self._service.entries(start=self._tally.size):
            self._tally.add(entry)
        return self._tally

    def _part(self, after: int) -> tuple[list[Use], int | None]:
        entries = list(islice(self._service.entries(start=after), ENTRIES_MAX + 1))
        found = [use_of(entry, index=index) for index, entry in enumerate(entries[:ENTRIES_MAX], start=after) if entry["kind"] == "use"]
        return found, after + ENTRIES_MAX if len(entries) > ENTRIES_MAX else None

    def _sampled(self, listed: Listed) -> tuple[SampleFile, ...]:
        """The files of a version are always the same; those of versions that serve no more are forgotten."""
        version = listed.version.id
        known = self._files.get(version)
        if known is not None:
            return known
        with self._lock:
            if version not in self._files:
                serving = {each.id for each in self._service.versions()}
                self._files = {each: files for each, files in self._files.items() if each in serving}
                self._files[version] = tuple(self._digested(listed))
            return self._files[version]

    def _digested(self, listed: Listed) -> Iterator[SampleFile]:
        for table in listed.dataset.schema.tables:
            for form in FORMS:
                with self._service.node.sample_file(listed.dataset.name, table=table.name, form=form) as file:
                    digest, size = hashlib.file_digest(file, "sha256").hexdigest(), file.tell()
                    whole = _whole(file, table) if form == "csv" else ()
                    yield SampleFile(table=table.name, form=form, sha256=digest, size_bytes=size, whole=whole)


def _whole(file: BufferedReader, table: Table) -> tuple[str, ...]:
    """Columns of identifiers in which a CSV file holds whole numbers."""
    file.seek(0)
    keys = {column.name for column in table.columns if isinstance(column.domain, KeyDomain)}
    held: dict[str, bool] = {}
    for row in csv.DictReader(TextIOWrapper(file, "utf-8", newline="")):
        for name in keys:
            if row[name]:
                held[name] = held.get(name, True) and WHOLE.fullmatch(row[name]) is not None
    return tuple(column.name for column in table.columns if held.get(column.name, False))
