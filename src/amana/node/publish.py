"""Publishing: the order of the steps only. Rules are in `catalog/rules.py`, the rows' way in `engines/prepare.py`.

Nothing is half-published: the new version serves only after the last step, which is one transaction.
"""

import errno
import shutil
import sqlite3
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import TypeAlias, final

import duckdb

from amana.catalog.profile import Profile
from amana.catalog.rules import Rules, read_rules
from amana.catalog.rules_heading import promise_of
from amana.catalog.schema import Dataset, Version, expired
from amana.engines.connection import connect, disk_is_full
from amana.engines.prepare import Prepared, prepare
from amana.engines.prepare_files import open_files
from amana.engines.prepare_progress import Progress, Stage, Step, quiet, stage_of
from amana.engines.prepare_report import TableReport
from amana.node.settings import Settings
from amana.node.store import Published, Store
from amana.terms.ids import NanoRho
from amana.terms.refusal import Refusal

# The doors name the stages too, and may not reach the engines.
__all__ = ["Progress", "Publication", "Stage", "Step", "TableReport", "check", "in_folder", "publish", "quiet"]

ProfileMaker: TypeAlias = Callable[[Version], Profile]
"""Releases the version's profile, charged to its population; gets the version after its file is complete."""
NO_COST = NanoRho(0)
ROOM_FACTOR = 4
"""Room that a publishing may need, in sizes of its files: the version itself, and tables that do not fit in memory."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published. `reports` are true counts for the custodian's eyes only: never logged or stored (PRIVACY 15).
    `profile_nrho`: what the profile took of the budget."""

    published: Published
    reports: tuple[TableReport, ...]
    profile_nrho: NanoRho = NO_COST


def publish(
    files: Sequence[Path | str],
    rules_text: str,
    *,
    store: Store,
    settings: Settings,
    profile: ProfileMaker,
    now: datetime,
    progress: Progress = quiet,
) -> Publication:
    """Publish the files under the rules and serve the new version. `files`: paths, and the address of a PostgreSQL database.

    `progress` is told of every stage as it begins, for the custodian's eyes only. Errors: `rules.*`, `files.*`, `publish.*`
    refusals, and what `profile` raises; the old version then serves on. A charge for a profile that was released before a later
    failure stands.
    """
    rules = read_rules(rules_text)
    check_against(rules.dataset, store, today=now.date())
    with in_folder(store.folder, files=files, settings=settings), store.publishing():
        store.remove_orphans()
        version = store.new_version(rules.dataset)
        target = store.version_file(version.id)
        try:
            prepared = _prepare(files, rules, version, store=store, settings=settings, progress=progress)
            version = replace(version, dataset=prepared.dataset)
            tables = len(rules.readings)
            progress(stage_of(Step.PROFILE, tables=tables))
            made = profile(version)
            progress(stage_of(Step.SWITCH, tables=tables))
            published = store.switch(version, made, now=now)
        except BaseException:
            with suppress(Refusal):  # the failure itself is what to tell; the next publishing removes what does not serve
                if version.id not in store.serving():  # an interrupt may come when the switch is made already
                    for leftover in (target, target.with_name(target.name + ".wal")):
                        leftover.unlink(missing_ok=True)
                    store.keys.forget_version(version.id)
            raise
        store.remove_orphans()
    return Publication(published=published, reports=prepared.reports)


def _prepare(
    files: Sequence[Path | str], rules: Rules, version: Version, *, store: Store, settings: Settings, progress: Progress
) -> Prepared:
    connection = connect(
        store.spill,
        memory_bytes_max=settings.memory_bytes_max,
        threads=settings.threads,
        spill_bytes_max=settings.spill_bytes_max,
    )
    try:
        return prepare(
            rules,
            files,
            connection=connection,
            target=store.version_file(version.id),
            target_key=store.version_key(version.id),
            rank_key=store.rank_key,
            progress=progress,
        )
    finally:
        connection.close()


@contextmanager
def in_folder(folder: Path, *, files: Sequence[Path | str] = (), settings: Settings | None = None) -> Generator[None, None, None]:
    """What the disk and the memory of the machine refuse becomes a refusal. Errors: `publish.disk_full`,
    `publish.folder_not_writable`, `publish.memory_full`."""
    try:
        yield
    except (OSError, sqlite3.Error, duckdb.Error) as error:
        refusal = _refused_by_machine(error, folder, files, settings)
        if refusal is None:
            raise
        raise refusal from None


def _refused_by_machine(error: Exception, folder: Path, files: Sequence[Path | str], settings: Settings | None) -> Refusal | None:
    near = next(each for each in (folder, *folder.parents) if each.exists())
    if disk_is_full(error):
        sizes = sum(path.stat().st_size for path in map(Path, files) if path.is_file())
        free_mb, needed_mb = shutil.disk_usage(near).free // 10**6, ROOM_FACTOR * sizes // 10**6 + 1
        return Refusal("publish.disk_full", folder=str(folder), free_mb=free_mb, needed_mb=needed_mb)
    if isinstance(error, duckdb.OutOfMemoryException) and settings is not None:
        spill = min(settings.spill_bytes_max, shutil.disk_usage(near).free)
        return Refusal("publish.memory_full", memory_mb=settings.memory_bytes_max // 10**6, spill_mb=spill // 10**6, folder=str(folder))
    if isinstance(error, PermissionError | FileExistsError | NotADirectoryError) or _is_read_only(error):
        return Refusal("publish.folder_not_writable", folder=str(folder))
    return None


def _is_read_only(error: Exception) -> bool:
    if isinstance(error, OSError):
        return error.errno == errno.EROFS
    return isinstance(error, sqlite3.OperationalError) and error.sqlite_errorcode & 0xFF in (
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_CANTOPEN,
    )


def check(files: Sequence[Path | str], rules_text: str, *, today: date, store: Store | None = None) -> Rules:
    """What would be published: every public fact a researcher would see. Reads names and types of columns, never a row,
    and draws no noise (PRIVACY 15). Errors: as `publish`, as far as they can be known without rows."""
    rules = read_rules(rules_text)
    check_against(rules.dataset, store, today=today)
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        open_files(rules, files, connection=connection)
    finally:
        connection.close()
    return rules


def check_against(dataset: Dataset, store: Store | None, *, today: date) -> None:
    """Data are not kept too long; a population's promise is for life (PRIVACY 1); a table name means one table in a node."""
    if expired(dataset, today):
        raise Refusal("publish.retention_over", dataset=dataset.name, retention=dataset.retention.isoformat())
    if store is None:
        return
    known = [each for each in store.populations() if each.name == dataset.population.name]
    if known and known[-1] != dataset.population:
        was, now = promise_of(known[-1]), promise_of(dataset.population)
        field = next(name for name in was if was[name] != now[name])
        raise Refusal("publish.population_changed", population=was["name"], field=field, was=was[field], now=now[field])
    for each in store.current():
        before = each.version.dataset
        if before.name == dataset.name and before.population.name != dataset.population.name:  # a new name is no new promise
            earlier, later = before.population.name, dataset.population.name
            raise Refusal("publish.population_changed", population=earlier, field="name", was=earlier, now=later)
    others = [each.version.dataset for each in store.current() if each.version.dataset.name != dataset.name]
    for table in dataset.schema.tables:
        for other in others:
            if other.schema.table(table.name) is not None:
                raise Refusal("publish.table_name_taken", table=table.name, dataset=other.name)
