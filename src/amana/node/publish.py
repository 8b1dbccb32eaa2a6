"""Publishing: the order of the steps only. Rules are in `catalog/rules.py`, the rows' way in `engines/prepare.py`.

Nothing is half-published: the new version serves only after the last step, which is one transaction.
"""

from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, final

from amana.catalog.profile import Profile
from amana.catalog.rules import Rules, promise_of, read_rules
from amana.catalog.schema import Dataset, Version
from amana.engines.connection import connect
from amana.engines.prepare import TableReport, prepare
from amana.engines.prepare_files import open_files
from amana.node.settings import Settings
from amana.node.store import Published, Store
from amana.terms.refusal import Refusal

ProfileMaker: TypeAlias = Callable[[Version], Profile]
"""Releases the version's profile, charged to its population; gets the version after its file is complete."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Publication:
    """What was published. `reports` are true counts for the custodian's eyes only: never logged or stored (PRIVACY 15)."""

    published: Published
    reports: tuple[TableReport, ...]


def publish(
    files: Sequence[Path], rules_text: str, *, store: Store, settings: Settings, profile: ProfileMaker, now: datetime
) -> Publication:
    """Publish the files under the rules and serve the new version.

    Errors: `rules.*`, `files.*`, `publish.*` refusals, and what `profile` raises; the old version then serves on. A charge
    for a profile that was released before a later failure stands.
    """
    rules = read_rules(rules_text)
    _check_against(rules.dataset, store)
    with store.publishing():
        store.remove_orphans()
        version = store.new_version(rules.dataset)
        target = store.version_file(version.id)
        try:
            connection = connect(
                store.spill,
                memory_bytes_max=settings.memory_bytes_max,
                threads=settings.threads,
                spill_bytes_max=settings.spill_bytes_max,
            )
            try:
                prepared = prepare(
                    rules, files, connection=connection, target=target, target_key=store.version_key(version.id), rank_key=store.rank_key
                )
            finally:
                connection.close()
            version = replace(version, dataset=prepared.dataset)
            published = store.switch(version, profile(version), now=now)
        except BaseException:
            for leftover in (target, target.with_name(target.name + ".wal")):
                with suppress(FileNotFoundError):
                    leftover.unlink()
            with suppress(Refusal):  # the failure itself is what to tell; the next publishing erases the key too
                store.keys.forget_version(version.id)
            raise
        store.remove_orphans()
    return Publication(published=published, reports=prepared.reports)


def check(files: Sequence[Path], rules_text: str, *, store: Store | None = None) -> Rules:
    """What would be published: every public fact a researcher would see. Reads names and types of columns, never a row,
    and draws no noise (PRIVACY 15). Errors: as `publish`, as far as they can be known without rows."""
    import duckdb

    rules = read_rules(rules_text)
    if store is not None:
        _check_against(rules.dataset, store)
    connection = duckdb.connect(":memory:", config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    try:
        open_files(rules, files, connection=connection)
    finally:
        connection.close()
    return rules


def _check_against(dataset: Dataset, store: Store) -> None:
    """A population's promise is for life (PRIVACY 1), and a table name means one table in a node."""
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
