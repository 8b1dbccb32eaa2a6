"""The invented sample of a version: a store of its own beside the version's, made when it is first wanted and removed with it.

It is post-processing: made from the schema, the released profile and the public tables, so it costs nothing and tells
nothing more. The same version gives the same sample.
"""

import csv
import hashlib
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from io import BufferedReader
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import final

import duckdb

from amana.catalog.profile import Profile
from amana.catalog.schema import Dataset, Version
from amana.engines.connection import StoreUnreadableError, connect
from amana.engines.duckdb import DuckDbEngine
from amana.engines.sample import SampleEngine, attach_version, export, public_keys_of, units_in, write_sample
from amana.node.sample_rows import Drawn, Keys, draw
from amana.node.settings import Settings
from amana.node.store import Store
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal

FORMS = ("csv", "parquet")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Sample:
    """Where it lies, and how many invented units it has, each of which stands for `times` units of the population."""

    file: Path
    key: str
    units: int
    times: int


@final
class Samples:
    """The samples of one data folder."""

    def __init__(self, store: Store, settings: Settings) -> None:
        self._store, self._settings, self._lock = store, settings, threading.Lock()
        self._known: dict[VersionId, Sample] = {}

    def of(self, version: Version, profile: Profile) -> Sample:
        """The sample of that version, made if there is none that can be read."""
        with self._lock:
            if version.id not in self._known:
                found = self._found(version, profile)
                if found is None:
                    self._make(version, profile)
                    found = self._found(version, profile)
                    assert found is not None
                self._known[version.id] = found
            return self._known[version.id]

    def forget(self, version: VersionId) -> None:
        """It serves no more, and its file is removed with it."""
        with self._lock:
            self._known.pop(version, None)

    def engine(self, version: Version, profile: Profile) -> tuple[SampleEngine, DuckDbEngine]:
        """An engine that answers from the sample, and the one below it, to be closed."""
        sample, schema = self.of(version, profile), version.dataset.schema
        below = DuckDbEngine(
            sample.file,
            key=sample.key,
            schema=schema,
            memory_bytes_max=self._settings.memory_bytes_max,
            threads=self._settings.threads,
            folder_spill=self._store.spill,
        )
        return SampleEngine(below, schema=schema, times=sample.times), below

    def export(self, version: Version, profile: Profile, folder: Path, *, tables: Sequence[str], form: str) -> tuple[Path, ...]:
        """Write these tables as files of that form into a folder, made if need be.

        Errors: Refusal sample.file_exists, sample.folder_unwritable.
        """
        assert form in FORMS
        sample, schema = self.of(version, profile), version.dataset.schema
        wanted = [table for table in schema.tables if table.name in tables]
        files = tuple(folder / f"{table.name}.{form}" for table in wanted)
        for file in files:
            if file.exists():
                raise Refusal("sample.file_exists", file=str(file))
        connection = self._connect()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            units_in(connection, sample.file, key=sample.key, schema=schema)
            for table, file in zip(wanted, files, strict=True):
                export(connection, table, file, form=form)
        except (OSError, duckdb.IOException):
            _remove([file for file in files if file.is_file()])  # none was there before
            raise Refusal("sample.folder_unwritable", folder=str(folder)) from None
        finally:
            connection.close()
        return files

    def file(self, version: Version, profile: Profile, *, table: str, form: str) -> BufferedReader:
        """One table as an open file of that form, which is gone when it is closed."""
        with TemporaryDirectory(prefix="sample-", dir=self._store.spill) as folder:
            (made,) = self.export(version, profile, Path(folder), tables=[table], form=form)
            return made.open("rb")

    def _place(self, version: Version) -> tuple[Path, str]:
        """Its file and its key. The file bears the version's name, so that it goes when the version goes."""
        return self._store.sample_file(version.id), self._store.sample_key(version.id)

    def _connect(self) -> duckdb.DuckDBPyConnection:
        settings = self._settings
        return connect(self._store.spill, memory_bytes_max=settings.memory_bytes_max, threads=settings.threads)

    def _found(self, version: Version, profile: Profile) -> Sample | None:
        file, key = self._place(version)
        if not file.exists():
            return None
        connection = self._connect()
        try:
            units = units_in(connection, file, key=key, schema=version.dataset.schema)
        except (duckdb.Error, StoreUnreadableError):  # damaged, or of another key: nothing in it is worth keeping
            return None
        finally:
            connection.close()
        return Sample(file=file, key=key, units=units, times=_times(profile, units))

    def _make(self, version: Version, profile: Profile) -> None:
        file, key = self._place(version)
        origin = hashlib.sha256(f"sample of {version.id}".encode()).digest()
        schema = version.dataset.schema
        connection = self._connect()
        making = file.with_name(f"{file.name}.making")
        leftovers = (making, making.with_name(making.name + ".wal"))
        try:
            _remove(leftovers)
            keys: Keys = {}
            key_text = False
            if any(not table.private for table in schema.tables):
                attach_version(connection, self._store.version_file(version.id), key=self._store.version_key(version.id))
                keys, key_text = public_keys_of(connection, schema)
            drawn = self._drawn(version, profile, keys=keys, chance=Random(origin))  # noqa: S311 - it draws nothing secret
            with TemporaryDirectory(prefix="sample-", dir=self._store.spill) as folder:
                files = write_files(drawn, version, Path(folder))
                write_sample(version.dataset, files, connection=connection, target=making, key=key, rank_key=origin, key_text=key_text)
            making.replace(file)  # whole or not at all
        finally:
            connection.close()
            _remove(leftovers)

    def _drawn(self, version: Version, profile: Profile, *, keys: Keys, chance: Random) -> Drawn:
        settings = self._settings
        return draw(
            version.dataset.schema,
            profile,
            units_max=settings.sample_units_max,
            rows_max=settings.sample_rows_max,
            keys=keys,
            chance=chance,
        )


def write_files(drawn: Drawn, version: Version, folder: Path) -> list[Path]:
    """One CSV file for each private table."""
    files: list[Path] = []
    for table in version.dataset.schema.tables:
        if not table.private:
            continue
        files.append(folder / f"{table.name}.csv")
        with files[-1].open("w", encoding="utf-8", newline="") as opened:
            writer = csv.writer(opened, lineterminator="\n")
            writer.writerow(column.name for column in table.columns)
            writer.writerows(drawn.tables[table.name])
    return files


def _remove(files: Sequence[Path]) -> None:
    for file in files:
        file.unlink(missing_ok=True)


def _times(profile: Profile, units: int) -> int:
    return max(1, round(max(table.units for table in profile.tables) / max(1, units)))


def sampled(dataset: Dataset, table: str | None) -> list[str]:
    """The tables that are meant: that one, or all. Errors: Refusal sample.unknown_table."""
    known = [each.name for each in dataset.schema.tables]
    wanted = [name for name in known if table is None or name.lower() == table.lower()]
    if not wanted:
        raise Refusal("sample.unknown_table", dataset=dataset.name, table=str(table)[:80], tables=", ".join(known))
    return wanted
