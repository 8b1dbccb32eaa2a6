"""Invented meters: hourly use with a daily course, a level of their own and a mood that lasts for hours; and forecasters over them."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from math import pi, sin
from pathlib import Path
from random import Random
from typing import Any

from amana.catalog.domains import KeyDomain, MomentDomain, NumberDomain
from amana.catalog.schema import Column, Schema, Table
from amana.engines.duckdb import DuckDbEngine
from amana.learn.series import Series, series_of
from amana.node.wiring import publish
from amana.privacy.bound import Choice
from amana.privacy.kernel import Training
from amana.privacy.rounds import Learner, Rounds, train
from amana.query.plan import Scan
from amana.terms.training import Forecasting
from tests.databases import write_store
from tests.parts import SCHEDULE, kernel, leave, ledger_at, version
from tests.unit.publishing import HEAD

START = datetime(2025, 1, 6)
HOURS = 24 * 6
METERS = Table(
    name="readings",
    private=True,
    unit_column="meter",
    rows_per_unit_max=400,
    columns=(
        Column(name="meter", domain=KeyDomain()),
        Column(name="at", domain=MomentDomain(low=START, high=datetime(2025, 12, 31))),
        Column(name="used", domain=NumberDomain(scale=2, low=0, high=10_000, nullable=True)),
    ),
)
SCHEMA = Schema(unit="home", tables=(METERS,))
ROWS_KEPT = 48
READINGS = """
[[table]]
name = "readings"
private = true
unit = "meter"
rows_per_unit_max = 200
out_of_bounds = "clamp"
[table.columns]
meter = { kind = "key", holds = "integer" }
at = { kind = "moment", low = 2025-01-01T00:00:00, high = 2025-12-31T23:59:59, source = "Year of the trial" }
used = { kind = "number", grid = "0.01", low = 0, high = 100, source = "Connection" }
"""
Row = dict[str, Any]


def meter(number: int, *, hours: int = HOURS) -> list[int]:
    """Use by the hour, in hundredths."""
    chance = Random(f"meter {number}")
    level, mood, found = chance.uniform(100, 300), 0.0, list[int]()
    for hour in range(hours):
        mood = 0.8 * mood + chance.gauss(0, 30)
        found.append(max(0, round(level * (1 + 0.6 * sin(2 * pi * (hour - 9) / 24)) + mood + chance.gauss(0, 10))))
    return found


def readings(count: int, *, of: Callable[[int], list[int]] = meter) -> list[Row]:
    """Rows of so many meters, as they are published: their order within a meter is chance."""
    rows = list[Row]()
    for number in range(count):
        ranks = list(range(1, HOURS + 1))
        Random(number).shuffle(ranks)
        for hour, (used, rank) in enumerate(zip(of(number), ranks, strict=True)):
            rows.append({"meter": number, "at": START + timedelta(hours=hour), "used": used, "u": number, "r": rank})
    return rows


def wanderer(number: int, *, hours: int = HOURS) -> list[int]:
    """Use that goes up or down by chance from hour to hour: the further ahead, the less is known."""
    chance, used, found = Random(f"wanderer {number}"), 5_000.0, list[int]()
    for _ in range(hours):
        used += chance.gauss(0, 60)
        found.append(min(max(round(used), 0), 10_000))
    return found


def series(
    *, horizons: tuple[int, ...] = (1, 24), season: int = 24, lags: tuple[int, ...] = (), kept: int = ROWS_KEPT, units: float = 300.0
) -> Series:
    wanted = Forecasting(dataset="grid", value="used", time="at", horizons=horizons, season=season, lags=lags)
    return series_of(wanted, METERS, source=Scan(table="readings", alias="t"), rows_per_unit=kept, units=units)


@contextmanager
def store(folder: Path, rows: list[Row]) -> Iterator[DuckDbEngine]:
    write_store({"readings": rows}, folder / "store", key="secret", schema=SCHEMA)  # type: ignore[dict-item]
    engine = DuckDbEngine(folder / "store", key="secret", schema=SCHEMA, memory_bytes_max=2**28, threads=1, folder_spill=folder / "spill")
    try:
        yield engine
    finally:
        engine.close()


def rounds_of(learner: Learner, engine: DuckDbEngine, *, kept: int = ROWS_KEPT) -> Rounds:
    """All rounds, paid from a ledger of their own."""
    of = version(schema=SCHEMA, cap_nrho=10**18)
    use = Training(permit=leave(of), version=of, choice=Choice(left=kept))
    with ledger_at(":memory:", of) as ledger:
        parts = replace(kernel(ledger, engine), schedule=replace(SCHEDULE, rows=(("readings", 60_000),), base_s=300.0))  # type: ignore[arg-type]
        return train(use, learner, parts).rounds


def publish_readings(folder: Path) -> None:
    """Fifty meters as the dataset "test"."""
    rows = [f"{number},{START + timedelta(hours=hour)},{used / 100}" for number in range(50) for hour, used in enumerate(meter(number))]
    file = folder.parent / "readings.csv"
    file.write_text("meter,at,used\n" + "\n".join(rows) + "\n", encoding="utf-8")
    publish(folder, [file], HEAD + READINGS)
