"""The one place that makes real parts: clock, log, ledger, engines, locks. Everything else gets them as values."""

import os
from collections.abc import Generator, Sequence
from contextlib import closing, contextmanager
from dataclasses import replace
from math import inf
from pathlib import Path
from random import Random, SystemRandom
from threading import Lock
from typing import TYPE_CHECKING, Literal, TextIO, cast, final

import structlog

from amana.catalog.profile import Profile
from amana.catalog.schema import Dataset, Version
from amana.engines.connection import StoreUnreadableError, connect, copy_store
from amana.engines.duckdb import DuckDbEngine
from amana.engines.sample import SampleEngine
from amana.log.read import FolderReader
from amana.log.sequencer import LOG
from amana.node.asking import Open
from amana.node.audit import MACHINE
from amana.node.clocks import PublishingClock, SystemClock
from amana.node.database import SqliteDatabase, open_database
from amana.node.journal import Journal
from amana.node.key_source import SecretText
from amana.node.keys import KeyRing, means_of
from amana.node.logged import logged
from amana.node.migrations import migrate
from amana.node.open_log import open_log
from amana.node.openings import Vault
from amana.node.outbox import Flushing, Outbox
from amana.node.profile import build_profile, releases_count
from amana.node.public_record import NoRecord, PublicRecord
from amana.node.publish import Progress, Publication, in_folder, quiet
from amana.node.publish import check as check_steps
from amana.node.publish import publish as publish_steps
from amana.node.receipts import Receipts
from amana.node.rotate import Rotated, note_rotation, rotate
from amana.node.sample import Samples
from amana.node.settings import Settings, read_settings
from amana.node.store import Store
from amana.node.workers import Worker
from amana.policy.permit import permit
from amana.privacy.bound import Choice
from amana.privacy.kernel import Asking, Kernel
from amana.privacy.ledger import Ledger
from amana.privacy.price import Aim, RhoCap
from amana.privacy.release import answer
from amana.privacy.schedule import Schedule
from amana.query.plan import Plan
from amana.query.released import NoisyTable
from amana.terms.database import text
from amana.terms.ids import DeltaUnits, NanoRho, VersionId
from amana.terms.refusal import Refusal, cause_of
from amana.terms.use import Inclusion, UseEntry

if TYPE_CHECKING:
    from amana.node.job_queue import Place
    from amana.node.sign_in import SignIn

THRESHOLDS_PER_LIFE = 4096
"""One threshold of unknown keys may use this part of the population's lifetime delta."""
PROFILE_RUN_S = 3600.0
NETWORK_WAIT_S = 10.0
"""Longest wait for an identity provider."""


@final
class NoLog:
    """For dry runs: nothing was used, so nothing is recorded."""

    def check(self) -> None:
        """There is room for nothing."""

    def append(self, entry: UseEntry) -> Inclusion:  # noqa: ARG002 - the form of a log
        """Keep nothing."""
        return Inclusion(index=0)


@final
class Wired:
    """Real parts over one data folder, which several processes may share."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = read_settings(folder, os.environ)
        self.worker = Worker(folder)
        self._journal = Journal(folder / "node.log")
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.WriteLoggerFactory(file=cast("TextIO", self._journal)),
            cache_logger_on_first_use=False,
        )
        self.clock = SystemClock()
        keys = KeyRing(folder, means=means_of(self.settings))
        keys.open()  # before the database: a folder that has one and no keys has lost them
        self.database = open_database(self.settings.database, folder=folder)
        migrate(self.database, now=self.clock.now())
        self.store = Store(folder, self.database, keys=keys)
        self.ledger = Ledger(self.database, worker=self.worker.name)
        self.log = open_log(folder, self.settings, now=self.clock.now)
        self.vault, self.reader = Vault(self.store.digest_key), FolderReader(folder / LOG)
        self.receipts = Receipts(self.database, self.reader, vault=self.vault, state=self.log.state)
        self.box = Outbox(self.database, self.log, lock=folder / "outbox.lock")
        self.record = PublicRecord(self.database, self.log, box=self.box, vault=self.vault)
        self.recorded = Flushing(self.database, self.box)
        """The database, for whoever makes transitions that the log is told of."""
        self.recover()
        self.record.introduce(self.log.signed_by, now=self.clock.now())
        spent = logged(self.log, kept=folder / "log.spent")
        self.ledger.check_against_log(spent)  # the log is read first: what is charged meanwhile only adds to the ledger
        self.chance: Random = SystemRandom()
        """For simulations of released answers only."""
        self._opening = Lock()
        self._opened: dict[VersionId, Open] = {}
        self._engines: dict[VersionId, list[DuckDbEngine]] = {}
        self._replaced: dict[VersionId, float] = {}
        """Versions that serve no more and are open, and since when, on the clock's own scale, that is known."""
        self.samples = Samples(self.store, self.settings)
        self._sample_engines: dict[VersionId, SampleEngine] = {}

    def opened(self) -> tuple[Open, ...]:
        """The versions that serve now. Another process may have published: an older version's engine stays open for its askers."""
        serving = self.store.serving()
        with self._opening:
            while any(version not in self._opened for version in serving):
                for each in self.store.current():
                    if each.version.id not in self._opened:
                        self._open(each.version, each.profile)
                serving = self.store.serving()
            return tuple(self._opened[version] for version in serving)

    def retire(self) -> int:
        """Close the engines of versions that have not served for the longest time a question may take, and on which nothing runs."""
        serving, now = self.store.serving(), self.clock.elapsed()
        with self._opening:
            for version in self._engines.keys() - set(serving):
                self._replaced.setdefault(version, now)
            over = [
                version
                for version, since in self._replaced.items()
                if now - since >= self.settings.deadline_ms_max / 1e3 and not any(engine.running for engine in self._engines[version])
            ]
            for version in over:
                self._opened.pop(version, None)
                self._sample_engines.pop(version, None)
                self.samples.forget(version)
                for engine in self._engines.pop(version):
                    engine.close()
                del self._replaced[version]
        return len(over)

    def sign_in(self) -> "SignIn":
        """Signing in, for doors that know who asks. What speaks to browsers and identity providers is loaded here."""
        import httpx

        from amana.node.sign_in import SignIn, open_provider

        network = httpx.Client(timeout=NETWORK_WAIT_S, follow_redirects=False)
        return SignIn(self.database, self.settings, provider=open_provider(self.settings, network, elapsed=self.clock.elapsed))

    def recover(self) -> int:
        """Close the charges of processes that ended before they could."""
        return self.ledger.recover(alive=self.worker.alive)

    def kernel(self, version: Version, profile: Profile | None) -> tuple[Kernel, DuckDbEngine]:
        """A kernel over one version; without a profile, for making it."""
        settings, population = self.settings, version.dataset.population
        self.ledger.open_population(population)
        self.ledger.open_permit(permit("custodian", version.dataset))
        self.record.promise(population, now=self.clock.now())
        if profile is not None:
            self.record.serve(version, now=self.clock.now())
        engine = self._engine(version)
        rows = tuple((table.table, round(table.rows)) for table in profile.tables) if profile is not None else ()
        made = Kernel(
            engine=engine,
            ledger=self.ledger,
            log=self.record,
            clock=self.clock if profile is not None else PublishingClock(),
            digest_key=self.store.digest_key,
            schedule=Schedule(
                rows=rows,
                rows_per_s=1e9 / settings.deadline_row_ns,
                base_s=settings.deadline_base_ms / 1e3 if profile is not None else PROFILE_RUN_S,
                tick_s=settings.release_tick_ms / 1e3,
                most_s=settings.deadline_ms_max / 1e3 if profile is not None else inf,
            ),
            groups_max=settings.groups_count_max,
            threshold_delta=DeltaUnits(population.cap_delta // THRESHOLDS_PER_LIFE),
        )
        return made, engine

    def profile_of(self, version: Version) -> tuple[Profile, NanoRho]:
        """Release the profile of a version that does not serve yet, charged to its population (PRIVACY 15), and what it took."""
        made, engine = self.kernel(version, None)
        schema = version.dataset.schema
        share = NanoRho(version.dataset.population.profile_nrho // max(1, releases_count(schema)))
        if share < 1:
            raise Refusal("publish.profile_share_too_small", releases=releases_count(schema))
        leave = permit("custodian", version.dataset)
        took = list[int]()

        def release(plan: Plan, choice: Choice) -> NoisyTable:
            aim = Aim(weights=((1.0,),), half_widths=(1.0,))
            target = RhoCap(nano_rho=share)
            asking = Asking(permit=leave, version=version, plan=plan, choice=choice, target=target, aim=aim, kind="profile")
            with self.record.sealing(person=MACHINE, sql="") as sealed:
                given = answer(replace(asking, sealed=sealed), made)
            took.append(given.cost_nrho)
            return given.released

        try:
            return build_profile(schema, release), NanoRho(sum(took))
        finally:
            engine.close()
            self._engines[version.id].remove(engine)

    @contextmanager
    def rehearsal(self, opened: Open) -> Generator[Open]:
        """The version over its invented sample, with a throwaway ledger whose caps are what is really left of the budget.

        A dry run takes the whole way of a question, so it is refused where the question would be; but it needs no permit.
        """
        version, population = opened.version, opened.version.dataset.population
        balance = self.ledger.balance(population, now=self.clock.now())
        left = replace(
            population,
            cap_nrho=NanoRho(balance.cap_nrho - balance.spent_nrho),
            cap_delta=DeltaUnits(balance.cap_delta - balance.spent_delta),
        )
        staged = replace(version, dataset=replace(version.dataset, population=left))
        engine = self._sample_engine(opened)
        database = SqliteDatabase(":memory:")
        migrate(database, now=self.clock.now())
        ledger = Ledger(database, worker="dry run")
        try:
            ledger.open_population(left)
            ledger.open_permit(permit("custodian", staged.dataset))
            made = replace(opened.kernel, engine=engine, ledger=ledger, log=NoLog(), clock=PublishingClock())
            yield replace(opened, version=staged, kernel=made, record=NoRecord())
        finally:
            ledger.close()

    def job_place(self) -> "Place":
        """Where the queue of jobs is kept: beside the node's own database."""
        from amana.node.job_queue import Place, file_in  # it takes seconds

        if self.settings.database == "sqlite":
            return file_in(self.settings.folder)
        with self.database.reading() as run:
            schema = text(run.rows("SELECT CAST(current_schema() AS TEXT)", {})[0][0])
        return Place(url=self.settings.database, schema=f"{schema}_jobs")

    def close(self) -> None:
        """Give everything back."""
        for engines in self._engines.values():
            for engine in engines:
                engine.close()
        self.ledger.close()
        self.log.close()
        structlog.reset_defaults()
        self._journal.close()
        self.worker.close()

    def _engine(self, version: Version) -> DuckDbEngine:
        settings = self.settings

        def opened(file: Path, key: SecretText) -> DuckDbEngine:
            try:
                return DuckDbEngine(
                    file,
                    key=key,
                    schema=version.dataset.schema,
                    memory_bytes_max=settings.memory_bytes_max,
                    threads=settings.threads,
                    folder_spill=self.store.spill,
                    spill_bytes_max=settings.spill_bytes_max,
                )
            except StoreUnreadableError:
                raise Refusal("keys.store_unreadable", file=str(file)) from None

        engine = self.store.keys.open_version(version.id, opened)
        self._engines.setdefault(version.id, []).append(engine)
        return engine

    def _sample_engine(self, opened: Open) -> SampleEngine:
        version = opened.version
        self.samples.of(version, opened.profile)  # it may have to be made first, and nobody else waits for that
        with self._opening:
            if version.id not in self._sample_engines:
                self._sample_engines[version.id], below = self.samples.engine(version, opened.profile)
                self._engines.setdefault(version.id, []).append(below)
            return self._sample_engines[version.id]

    def _open(self, version: Version, profile: Profile) -> None:
        try:
            made, engine = self.kernel(version, profile)
        except Refusal:
            if version.id in self.store.serving():
                raise
            return  # replaced and removed since it was read
        self._opened[version.id] = Open(version=version, profile=profile, kernel=made, sql_of=engine.sql_of, record=self.record)


def wire(folder: Path, *, absent: Literal["refuse", "make"]) -> Wired:
    """The parts for asking. `absent`: what to do where there is no node yet. Errors: Refusal node.no_folder, node.file_not_writable."""
    if absent == "refuse" and not (folder / "versions").is_dir():
        raise Refusal("node.no_folder", folder=str(folder))
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        return Wired(folder)
    except OSError as error:
        raise Refusal("node.file_not_writable", file=str(error.filename or folder), reason=cause_of(error)) from None


def publish(folder: Path, files: Sequence[Path | str], rules_text: str, *, progress: Progress = quiet) -> Publication:
    """Publish files, or tables of a PostgreSQL database, into a data folder, made if need be."""
    with in_folder(folder):
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        wired = Wired(folder)
    took: list[NanoRho] = []

    def profile(version: Version) -> Profile:
        made, nrho = wired.profile_of(version)
        took.append(nrho)
        return made

    try:
        done = publish_steps(
            files,
            rules_text,
            store=wired.store,
            settings=wired.settings,
            profile=profile,
            now=SystemClock().now(),
            progress=progress,
        )
        wired.box.try_flush()
        return replace(done, profile_nrho=NanoRho(sum(took)))
    finally:
        wired.close()


def check(folder: Path, files: Sequence[Path | str], rules_text: str) -> Dataset:
    """The public facts that publishing into the folder would show; nothing is written into one that does not exist."""
    if not (folder / "versions").is_dir():
        return check_steps(files, rules_text, today=SystemClock().now().date(), store=None).dataset
    with in_folder(folder):
        settings = read_settings(folder, os.environ)
        database = open_database(settings.database, folder=folder)
        try:
            migrate(database, now=SystemClock().now())
            store = Store(folder, database, keys=KeyRing(folder, means=means_of(settings)))
            return check_steps(files, rules_text, today=SystemClock().now().date(), store=store).dataset
        finally:
            database.close()


def rotate_keys(folder: Path, *, to: str | None, data: Literal["keep", "encrypt anew"]) -> Rotated:
    """A new key-encryption key; with `encrypt anew`, new keys and files of the versions too. A server may be running.

    Errors: Refusal `node.no_folder`, `keys.*`.
    """
    if not (folder / "keys").is_dir():
        raise Refusal("node.no_folder", folder=str(folder))
    settings = read_settings(folder, os.environ)

    def copied(store: Path, key: SecretText, target: Path, target_key: SecretText) -> None:
        most = {"memory_bytes_max": settings.memory_bytes_max, "spill_bytes_max": settings.spill_bytes_max}
        with closing(connect(folder / "spill", threads=settings.threads, **most)) as connection:
            try:
                copy_store(connection, store, key=key, target=target, target_key=target_key)
            except StoreUnreadableError:
                raise Refusal("keys.copy_failed", file=str(store)) from None

    ring = KeyRing(folder, means=means_of(settings))
    ring.open()
    rotated = rotate(ring, to=to, copy=copied if data == "encrypt anew" else None)
    with closing(open_database(settings.database, folder=folder)) as database:
        migrate(database, now=SystemClock().now())
        note_rotation(database, rotated, data=data, now=SystemClock().now())
    return rotated
