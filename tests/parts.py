"""Parts the kernel's tests share: a small schema, a clock that never waits, engines that give what they are told."""

import hashlib
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, NumberDomain, TextDomain
from amana.catalog.schema import Column, Dataset, Population, Schema, Table, Version
from amana.catalog.schema import Path as Step
from amana.engines.engine import Cell, SumTable
from amana.log.entries import write_entry
from amana.log.look import find_entry, published_now
from amana.log.read import FolderReader
from amana.log.writer import TiledLog
from amana.node.database import NodeDatabase, SqliteDatabase, open_database
from amana.node.keys import KeyRing, default_means
from amana.node.migrations import migrate
from amana.node.openings import pairs, sealed
from amana.node.store import Store
from amana.policy.permit import Permit, permit
from amana.privacy.bound import Choice
from amana.privacy.kernel import Asking, Kernel
from amana.privacy.ledger import Balance, Ledger
from amana.privacy.loss import DELTA_ONE
from amana.privacy.price import Aim, RhoCap, Target
from amana.privacy.schedule import Schedule
from amana.query.check import ONE
from amana.query.plan import BoundedPlan, KeyValue, Plan, Released, RowSum, Scan, Statistic
from amana.terms.database import Row
from amana.terms.exact import Exact
from amana.terms.ids import DeltaUnits, NanoRho, PopulationName, VersionId
from amana.terms.use import EntryLog, Inclusion, UseEntry

REGIONS = ("north", "south", "west")

SCHEMA = Schema(
    unit="patient",
    tables=(
        Table(
            name="patients",
            private=True,
            unit_column="id",
            key=("id",),
            columns=(
                Column(name="id", domain=KeyDomain()),
                Column(name="region", domain=ChoiceDomain(members=REGIONS)),
                Column(name="born", domain=DateDomain(low=date(1920, 1, 1), high=date(2024, 12, 31), nullable=True)),
                Column(name="name", domain=TextDomain(length_max=40)),
            ),
        ),
        Table(
            name="visits",
            private=True,
            path=Step(parent="patients", on=(("patient_id", "id"),)),
            key=("visit",),
            rows_per_unit_max=20,
            occurrence=("ward",),
            columns=(
                Column(name="visit", domain=KeyDomain()),
                Column(name="patient_id", domain=KeyDomain()),
                Column(name="ward", domain=ChoiceDomain(members=("a", "b", "c", "d"), nullable=True)),
                Column(name="note", domain=TextDomain(length_max=40, nullable=True)),
                Column(name="cost", domain=NumberDomain(scale=2, low=0, high=50_000, nullable=True)),
                Column(name="stay", domain=NumberDomain(scale=0, low=-3, high=9)),
                Column(name="urgent", domain=BooleanDomain(nullable=True)),
            ),
        ),
        Table(
            name="wards",
            private=False,
            key=("ward",),
            multiplicity=2,
            columns=(
                Column(name="ward", domain=ChoiceDomain(members=("a", "b", "c", "d"))),
                Column(name="floor", domain=NumberDomain(scale=0, low=0, high=4)),
            ),
        ),
        Table(
            name="areas",
            private=False,
            key=("region",),
            columns=(
                Column(name="region", domain=ChoiceDomain(members=REGIONS)),
                Column(name="coast", domain=BooleanDomain()),
            ),
        ),
    ),
)

COUNT_VISITS = Plan(
    source=Scan(table="visits", alias="v"),
    keys=(),
    sums=(RowSum(value=ONE),),
    figures=(("n", Statistic(kind=Released.TOTAL, sums=(0,))),),
)
"""SELECT COUNT(*) AS n FROM visits"""


def version(*, cap_nrho: int = 10**9, cap_delta: int = 2**40, schema: Schema = SCHEMA, name: str = "clinic") -> Version:
    population = Population(
        name=PopulationName(f"people_of_{name.replace(' ', '_')}"),
        unit=schema.unit,
        cap_nrho=NanoRho(cap_nrho),
        cap_delta=DeltaUnits(cap_delta),
        profile_nrho=NanoRho(1),
    )
    dataset = Dataset(
        name=name,
        title=(),
        custodian="clinic",
        controller="clinic",
        legal_basis="",
        purposes=("GRU",),
        retention=date(2099, 12, 31),
        population=population,
        schema=schema,
    )
    return Version(id=VersionId(hashlib.sha256(name.encode()).hexdigest()[:32]), dataset=dataset)


def leave(of: Version) -> Permit:
    return permit("custodian", of.dataset)


@dataclass
class FakeClock:
    """Time passes only when somebody sleeps or works."""

    at_s: float = 0.0
    slept_until: list[float] = field(default_factory=list)

    def now(self) -> datetime:
        return datetime(2025, 7, 1, 9, 30, tzinfo=UTC) + timedelta(seconds=self.at_s)

    def elapsed(self) -> float:
        return self.at_s

    def sleep_until(self, elapsed: float) -> None:
        self.slept_until.append(elapsed)
        self.at_s = max(self.at_s, elapsed)


@dataclass
class FakeEngine:
    """Gives the cells it holds; `before` runs first and may raise."""

    cells: dict[tuple[KeyValue, ...], tuple[Cell, ...]]
    before: Callable[[], None] = lambda: None
    runs: list[BoundedPlan] = field(default_factory=list)

    def run(self, bounded: BoundedPlan, *, groups_max: int, seconds_max: float) -> Exact[SumTable]:
        self.runs.append(bounded)
        self.before()
        return Exact(SumTable(cells=dict(self.cells)))

    def run_all(self, plans: tuple[BoundedPlan, ...], *, groups_max: int, seconds_max: float) -> tuple[Exact[SumTable], ...]:
        return tuple(self.run(bounded, groups_max=groups_max, seconds_max=seconds_max) for bounded in plans)


def logged_entries(folder: Path) -> list[dict[str, Any]]:
    """What the public log of a data folder says, without the padding."""
    reader = FolderReader(folder / "log")
    found = [find_entry(reader, index=index) for index in range(published_now(reader)[1].size)]
    return [each.members for each in found if each is not None]


def log_at(folder: Path) -> TiledLog:
    """A public log in that folder."""
    folder.mkdir(parents=True, exist_ok=True)
    return TiledLog(folder, origin="test.example/log", now=lambda: datetime.now(UTC))


@dataclass
class FakeLog:
    entries: list[UseEntry] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    check: Callable[[], None] = lambda: None

    def append(self, entry: UseEntry) -> Inclusion:
        self.before()
        self.entries.append(entry)
        return Inclusion(index=len(self.entries) - 1)


@dataclass
class WritingLog:
    """A log that holds entries as they are written, for a kernel without a node around it."""

    log: EntryLog

    def check(self) -> None:
        self.log.check()

    def append(self, entry: UseEntry) -> Inclusion:
        return self.log.append(write_entry(replace(entry, sealed=pairs(sealed(person="p", sql="q")))))


def connect(place: Path | str) -> NodeDatabase:
    """The database of that place with the house's schema: a SQLite file, or a schema of the server in AMANA_TEST_DATABASE."""
    server = os.environ.get("AMANA_TEST_DATABASE")
    if server is None:
        database: NodeDatabase = SqliteDatabase(place)
    else:
        name = "t" + (secrets.token_hex(8) if place == ":memory:" else hashlib.sha256(str(place).encode()).hexdigest()[:16])
        database = open_database(f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3D{name}", folder=Path())
        with database.alone() as run:
            run.script(f"CREATE SCHEMA IF NOT EXISTS {name}")
    migrate(database, now=datetime(2025, 1, 1, tzinfo=UTC))
    return database


def store_at(folder: Path) -> Store:
    """A data folder with its database."""
    folder.mkdir(parents=True, exist_ok=True)
    keys = KeyRing(folder, means=default_means(folder))
    keys.open()  # before the database: a folder that has one and no keys has lost them
    return Store(folder, connect(folder / "node.sqlite"), keys=keys)


def nobody(worker: str) -> bool:
    """No other process lives."""
    return False


def rows_of(place: Path | str, sql: str) -> list[Row]:
    """What stands in the database of that place."""
    database = connect(place)
    try:
        with database.reading() as run:
            return run.rows(sql, {})
    finally:
        database.close()


@contextmanager
def ledger_at(place: Path | str, of: Version) -> Iterator[Ledger]:
    """A ledger with the population and the custodian's permit entered."""
    ledger = Ledger(connect(place), worker="test")
    try:
        ledger.open_population(of.dataset.population)
        ledger.open_permit(leave(of))
        yield ledger
    finally:
        ledger.close()


def held(ledger: Ledger, sql: str) -> list[Row]:
    """What stands in that ledger."""
    with ledger._database.reading() as run:
        return run.rows(sql, {})


def balance_of(ledger: Ledger, of: Version) -> Balance:
    """Of the version's population, at the time of the fake clock."""
    return ledger.balance(of.dataset.population, now=FakeClock().now())


SCHEDULE = Schedule(rows=(("visits", 1000), ("patients", 100)), rows_per_s=1e6, base_s=0.5, tick_s=0.1, most_s=600.0)


def kernel(
    ledger: Ledger, engine: FakeEngine, *, log: FakeLog | None = None, clock: FakeClock | None = None, groups_max: int = 1000
) -> Kernel:
    return Kernel(
        engine=engine,
        ledger=ledger,
        log=log if log is not None else FakeLog(),
        clock=clock if clock is not None else FakeClock(),
        digest_key=b"key of digests",
        schedule=SCHEDULE,
        groups_max=groups_max,
        threshold_delta=DeltaUnits(DELTA_ONE // 10**10),
    )


def asking(
    of: Version,
    plan: Plan = COUNT_VISITS,
    *,
    target: Target | None = None,
    choice: Choice | None = None,
    aim: Aim | None = None,
) -> Asking:
    even = Aim(
        weights=tuple(tuple(float(i == j) for j in range(len(plan.sums))) for i in range(len(plan.sums))),
        half_widths=(1.0,) * len(plan.sums),
    )
    return Asking(
        permit=leave(of),
        version=of,
        plan=plan,
        choice=choice or Choice(),
        target=target or RhoCap(nano_rho=NanoRho(1_000_000)),
        aim=aim or even,
    )
