"""The one place that makes real parts: clock, log, ledger, engines, locks. Everything else gets them as values."""

import fcntl
import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random, SystemRandom
from typing import IO, final

import structlog

from amana.catalog.profile import Profile
from amana.catalog.schema import Version
from amana.engines.duckdb import DuckDbEngine
from amana.log.plain import PlainLog
from amana.node.asking import Open
from amana.node.profile import build_profile, releases_count
from amana.node.publish import Publication
from amana.node.publish import publish as publish_steps
from amana.node.settings import Settings, read_settings
from amana.node.store import Store
from amana.policy.permit import permit
from amana.privacy.bound import Choice
from amana.privacy.kernel import Asking, Kernel
from amana.privacy.ledger import Ledger
from amana.privacy.price import Aim, RhoCap
from amana.privacy.release import answer
from amana.privacy.schedule import Schedule
from amana.query.plan import Plan
from amana.query.released import NoisyTable
from amana.terms.ids import DeltaUnits, NanoRho
from amana.terms.refusal import Refusal

LOCK_WAIT_S = 30.0
THRESHOLDS_PER_LIFE = 4096
"""One threshold of unknown keys may use this part of the population's lifetime delta."""
PROFILE_RUN_S = 3600.0


@final
class SystemClock:
    """The clock of the machine."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def elapsed(self) -> float:
        """Seconds since some start; never goes back."""
        return time.monotonic()

    def sleep_until(self, elapsed: float) -> None:
        """Return when `elapsed()` has reached that."""
        time.sleep(max(0.0, elapsed - time.monotonic()))


@final
class PublishingClock:
    """For the profile: its releases are seen only when the version is published, so nobody waits for each one's time."""

    now = SystemClock.now
    elapsed = SystemClock.elapsed

    def sleep_until(self, elapsed: float) -> None:
        """Return at once."""


@final
class Wired:
    """Real parts over one data folder, held by one process at a time."""

    def __init__(self, folder: Path) -> None:
        self.settings: Settings = read_settings(folder, os.environ)
        self._lock = _locked(folder)
        self._own_log = (folder / "node.log").open("a", encoding="utf-8")
        structlog.configure(
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso"),
                structlog.processors.JSONRenderer(),
            ],
            logger_factory=structlog.WriteLoggerFactory(file=self._own_log),
            cache_logger_on_first_use=False,
        )
        self.store = Store(folder)
        self.ledger = Ledger(self.store.connect())
        self.log = PlainLog(folder / self.settings.log_file)
        self.ledger.recover()
        self.ledger.check_against_log(self.log.totals())
        self._opened: tuple[Open, ...] | None = None
        self.chance: Random = SystemRandom()
        """For simulations of released answers only."""
        self._engines: list[DuckDbEngine] = []

    def opened(self) -> tuple[Open, ...]:
        """The versions that serve. (No other process can publish while this one holds the folder.)"""
        if self._opened is None:
            self._opened = tuple(self._open(each.version, each.profile) for each in self.store.current())
        return self._opened

    def kernel(self, version: Version, profile: Profile | None) -> tuple[Kernel, DuckDbEngine]:
        """A kernel over one version; without a profile, for making it."""
        settings, population = self.settings, version.dataset.population
        self.ledger.open_population(population)
        self.ledger.open_permit(permit("custodian", version.dataset, purpose="profile"))
        engine = DuckDbEngine(
            self.store.version_file(version.id),
            key=self.store.version_key(version.id),
            schema=version.dataset.schema,
            memory_bytes_max=settings.memory_bytes_max,
            threads=settings.threads,
            folder_spill=self.store.spill,
        )
        self._engines.append(engine)
        rows = tuple((table.table, round(table.rows)) for table in profile.tables) if profile is not None else ()
        made = Kernel(
            engine=engine,
            ledger=self.ledger,
            log=self.log,
            clock=SystemClock() if profile is not None else PublishingClock(),
            digest_key=self.store.digest_key,
            schedule=Schedule(
                rows=rows,
                rows_per_s=1e9 / settings.deadline_row_ns,
                base_s=settings.deadline_base_ms / 1e3 if profile is not None else PROFILE_RUN_S,
                tick_s=settings.release_tick_ms / 1e3,
            ),
            groups_max=settings.groups_count_max,
            threshold_delta=DeltaUnits(population.cap_delta // THRESHOLDS_PER_LIFE),
        )
        return made, engine

    def profile_of(self, version: Version) -> Profile:
        """Release the profile of a version that does not serve yet, charged to its population (PRIVACY 15)."""
        made, engine = self.kernel(version, None)
        schema = version.dataset.schema
        share = NanoRho(version.dataset.population.profile_nrho // max(1, releases_count(schema)))
        if share < 1:
            raise Refusal("publish.profile_share_too_small", releases=releases_count(schema))
        leave = permit("custodian", version.dataset, purpose="profile")

        def release(plan: Plan, choice: Choice) -> NoisyTable:
            aim = Aim(weights=((1.0,),), half_widths=(1.0,))
            target = RhoCap(nano_rho=share)
            return answer(
                Asking(permit=leave, version=version, plan=plan, choice=choice, target=target, aim=aim, kind="profile"), made
            ).released

        try:
            return build_profile(schema, release)
        finally:
            engine.close()

    def close(self) -> None:
        """Give everything back."""
        for engine in self._engines:
            engine.close()
        self.ledger.close()
        self.log.close()
        structlog.reset_defaults()
        self._own_log.close()
        self._lock.close()

    def _open(self, version: Version, profile: Profile) -> Open:
        made, engine = self.kernel(version, profile)
        return Open(version=version, profile=profile, kernel=made, sql_of=engine.sql_of)


def wire(folder: Path) -> Wired:
    """The parts for asking. Errors: Refusal node.no_folder where nothing was ever published."""
    if not (folder / "node.sqlite").exists():
        raise Refusal("node.no_folder", folder=str(folder))
    return Wired(folder)


def publish(folder: Path, files: Sequence[Path], rules_text: str) -> Publication:
    """Publish files into a data folder, made if need be."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    wired = Wired(folder)
    try:
        return publish_steps(
            files, rules_text, store=wired.store, settings=wired.settings, profile=wired.profile_of, now=SystemClock().now()
        )
    finally:
        wired.close()


def _locked(folder: Path) -> IO[str]:
    """One process at a time; the system frees the lock however the process ends. Errors: Refusal node.folder_busy."""
    held = (folder / "node.lock").open("w")
    until = time.monotonic() + LOCK_WAIT_S
    while True:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                held.close()
                raise Refusal("node.folder_busy", folder=str(folder)) from None
            time.sleep(0.05)
        else:
            return held
