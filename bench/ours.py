"""Our own column: the same door as a user's (parse to released rows), with a fresh ledger for every run and no waiting.

A fresh ledger, because the same question asked twice would be recalled without work; no waiting, because the release tick
is a rule of when an answer leaves, not work: it is reported apart.
"""

import resource
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import duckdb
from environment import ROOT, TABLES, WORK, load_plain, scale_name, tpch
from queries import Query
from truth import Truth, key_text, relative_errors

from amana.engines.engine import Engine
from amana.log.writer import TiledLog
from amana.node.ask import Node
from amana.node.asking import Constants, Open, asking_of
from amana.node.database import SqliteDatabase
from amana.node.migrations import migrate
from amana.node.openings import Vault
from amana.node.outbox import Outbox
from amana.node.public_record import PublicRecord
from amana.node.wiring import PublishingClock, Wired, publish
from amana.policy.permit import permit
from amana.privacy import noise as noise_module
from amana.privacy.kernel import Asking
from amana.privacy.keys import key_domains
from amana.privacy.ledger import Ledger
from amana.privacy.loss import DELTA_ONE, epsilon_of
from amana.privacy.noise import noisy
from amana.privacy.price import PureCap, RhoCap, Target
from amana.privacy.release import answer, plan_release
from amana.privacy.schedule import seconds_of
from amana.query.figures import figures
from amana.query.released import NoiseKind
from amana.terms.answer import AnswerTable, Estimate
from amana.terms.ids import DeltaUnits, NanoRho

DELTA = 1e-7
RULES = ROOT / "examples" / "tpch" / "tpch.toml"
DRAWS = 30_000
RELEASES_MIN = 200
POOL = 20_000
"""Noise is drawn in batches of this many: building opendp's mechanism costs more than a draw."""


def pure(epsilon: float) -> Target:
    return PureCap(epsilon=Fraction(str(epsilon)))


def approximate(epsilon: float) -> Target:
    """The Gaussian loss which, by the accountant, is (epsilon, DELTA)-DP."""
    low, high = 1, 10**11
    while low < high:
        middle = (low + high + 1) // 2
        fits = epsilon_of(nano_rho=NanoRho(middle), delta_units=DeltaUnits(0), delta=DELTA) <= epsilon
        low, high = (middle, high) if fits else (low, middle - 1)
    return RhoCap(nano_rho=NanoRho(low))


@dataclass(slots=True, kw_only=True)
class Watched:
    """An engine that notes when it was started and when it was done."""

    engine: Engine
    begun_s: float = 0.0
    done_s: float = 0.0

    def run(self, bounded, *, groups_max: int, seconds_max: float):
        self.begun_s = time.perf_counter()
        try:
            return self.engine.run(bounded, groups_max=groups_max, seconds_max=max(seconds_max, 3600.0))
        finally:
            self.done_s = time.perf_counter()


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One answered question. Units: seconds; `front_s` from the text to the engine (parse, check,
    bound, price, ledger, log), `plan_s` the part of it before the ledger, `tick_s` from the charge to the release."""

    wall_s: float
    cpu_s: float
    front_s: float
    plan_s: float
    tick_s: float
    rows: list[tuple[list[str], list[float | None]]]


@contextmanager
def _pooled() -> Iterator[list[int]]:
    """The kernel's own noise, drawn in large batches; yields a box with the number of draws used."""
    draw, used = noise_module.add_noise, [0]
    pools: dict[tuple[NoiseKind, float], list[int]] = {}

    def take(exact: list[int], *, kind: NoiseKind, scale: float) -> list[int]:
        pool = pools.setdefault((kind, scale), [])
        while len(pool) < len(exact):
            pool += draw([0] * POOL, kind=kind, scale=scale)
        used[0] += len(exact)
        return [value + pool.pop() for value in exact]

    noise_module.add_noise = take
    try:
        yield used
    finally:
        noise_module.add_noise = draw


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def shown(table: AnswerTable, query: Query) -> list[tuple[list[str], list[float | None]]]:
    """An answer in the form of every engine's answer here."""
    at = query.keys
    return [
        ([key_text(cell) for cell in row[:at]], [cell.value if isinstance(cell, Estimate) else None for cell in row[at:]])
        for row in table.rows
    ]


class Ours:
    """A node over the published TPC-H tables of one scale."""

    def __init__(self, scale: float) -> None:
        self.folder = folder_of(scale)
        self.wired = Wired(self.folder)
        self.node = Node(self.wired)
        self.scratch = WORK / "ledger"
        self.scratch.mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        self.node.close()

    def prepare(self, query: Query, target: Target) -> tuple[Open, Asking]:
        """What the node makes of the question before the kernel."""
        constants = Constants(within="5%", target=target)
        opened, plan = self.node._read(query.amana, constants)
        return opened, asking_of(plan, opened, constants)[1]

    @contextmanager
    def _books(self, opened: Open) -> Iterator[tuple[Ledger, PublicRecord]]:
        """A fresh ledger and log: the folder's own never see the bench, or the ledger would be behind its log."""
        path = self.scratch / "fresh.sqlite"
        for old in self.scratch.iterdir():
            shutil.rmtree(old) if old.is_dir() else old.unlink()
        database = SqliteDatabase(path)
        migrate(database, now=PublishingClock().now())
        ledger = Ledger(database, worker="bench")
        dataset = opened.version.dataset
        ledger.open_population(dataset.population)
        ledger.open_permit(permit("custodian", dataset))
        log = TiledLog(self.scratch, origin="bench.example/log", now=PublishingClock().now)
        try:
            yield ledger, PublicRecord(database, log, box=Outbox(database, log, lock=self.scratch / "outbox.lock"), vault=Vault(bytes(32)))
        finally:
            ledger.close()
            log.close()

    def run(self, query: Query, target: Target) -> Run:
        """Ask, with everything that a user's question pays for."""
        (opened,) = self.wired.opened()
        with self._books(opened) as (ledger, record):
            watched = Watched(engine=opened.kernel.engine)
            kernel = replace(
                opened.kernel, engine=watched, ledger=ledger, log=record, clock=PublishingClock(),
                threshold_delta=DeltaUnits(int(DELTA * DELTA_ONE)),
            )  # fmt: skip
            cpu, wall = _cpu_s(), time.perf_counter()
            _, asking = self.prepare(query, target)
            with record.sealing(person="bench", sql=query.amana) as sealed:
                answered = answer(replace(asking, sealed=sealed), kernel)
            wall_s, cpu_s, front_s = time.perf_counter() - wall, _cpu_s() - cpu, watched.begun_s - wall
        plan_s = time.perf_counter()
        _, asking = self.prepare(query, target)
        private = plan_release(asking, kernel)
        plan_s = time.perf_counter() - plan_s
        tick_s = seconds_of(private.bounded, opened.version.dataset.schema, kernel.schedule)
        return Run(wall_s=wall_s, cpu_s=cpu_s, front_s=front_s, plan_s=plan_s, tick_s=tick_s, rows=shown(answered.table, query))

    def errors(self, query: Query, target: Target, truth: Truth, *, draws: int = DRAWS) -> tuple[list[float], list[float], int]:
        """Relative errors over `draws` noise draws on one exact bounded result; the truncation bias alone; the releases."""
        opened, asking = self.prepare(query, target)
        schema = opened.version.dataset.schema
        kernel = replace(opened.kernel, threshold_delta=DeltaUnits(int(DELTA * DELTA_ONE)))
        private = plan_release(asking, kernel)
        exact = kernel.engine.run(private.bounded, groups_max=kernel.groups_max, seconds_max=3600.0)
        plan, domains = private.bounded.plan, key_domains(private.bounded.plan, schema)
        found: list[float] = []
        releases = 0
        with _pooled() as used:
            while releases < RELEASES_MIN or used[0] < draws:
                found += relative_errors(truth, shown(figures(plan, noisy(private, exact), domains), query))
                releases += 1
        quiet = replace(private, scales=tuple(2.0**-4 for _ in private.scales), threshold=None if private.threshold is None else 1)
        bias = relative_errors(truth, shown(figures(plan, noisy(quiet, exact), domains), query))
        return found, bias, releases


def folder_of(scale: float) -> Path:
    return WORK / "amana" / scale_name(scale)


def publish_tables(scale: float) -> float:
    """Publish the tables into a fresh folder. Units: seconds."""
    shutil.rmtree(folder_of(scale), ignore_errors=True)
    rules = RULES.read_text(encoding="utf-8")
    files = [tpch(scale) / f"{table}.parquet" for table in TABLES]
    begun = time.perf_counter()
    publish(folder_of(scale), files, rules)
    return time.perf_counter() - begun


def plain_load(scale: float) -> float:
    """Load the same tables into a plain DuckDB file, checkpointed. Units: seconds."""
    path = WORK / "plain" / "load.duckdb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    begun = time.perf_counter()
    with duckdb.connect(str(path)) as connection:
        load_plain(connection, scale)
        connection.execute("CHECKPOINT")
    seconds = time.perf_counter() - begun
    path.unlink(missing_ok=True)
    return seconds
