"""The benchmark's data as they stand in a node: published, then learned from through the kernel, each course on a fresh ledger."""

import json
import shutil
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from environment import WORK
from learn_data import Data, Number

from amana.log.writer import TiledLog
from amana.node.asking import Open
from amana.node.database import SqliteDatabase
from amana.node.migrations import migrate
from amana.node.openings import Vault
from amana.node.outbox import Outbox
from amana.node.public_record import PublicRecord
from amana.node.wiring import PublishingClock, Wired, publish
from amana.policy.permit import permit
from amana.privacy.bound import Choice
from amana.privacy.kernel import Training
from amana.privacy.ledger import Ledger
from amana.privacy.rounds import Learner, Rounds, train

SECONDS = 300.0
"""More than any course takes on a busy machine: here nobody waits for its end."""
HEAD = """
[dataset]
name = "bench"
custodian = "A benchmark"
controller = "A benchmark of public data"
legal_basis = "Public data"
purposes = ["NRES"]
retention = "2099-12-31"
[dataset.title]
en = "A public table"
fr = "Une table publique"
ar = "جدول عام"
zgh = "ⵜⴰⴼⵍⵡⵉⵜ ⵜⴰⴳⴷⵓⴷⴰⵏⵜ"
[population]
name = "rows"
unit = "one"
cap_rho = "1000"
cap_delta = "1e-9"
profile_share = "0.001"
[[table]]
name = "rows"
private = true
unit = "unit"
rows_per_unit_max = {rows}
key = ["row"]
out_of_bounds = "clamp"
[table.columns]
row = {{ kind = "key", holds = "integer" }}
unit = {{ kind = "key", holds = "integer" }}
"""


def rules_of(data: Data) -> str:
    """The rules file of the training rows."""
    numbers = data.numbers | ({data.target: data.regression} if data.regression is not None else {})
    lines = [HEAD.format(rows=1 if data.unit is None else 20)]
    for name, number in numbers.items():
        empty = bool(data.frame[name].isna().any())
        lines.append(f"{name} = {_number(number)}, nullable = {str(empty).lower()}, source = 'a public file' }}")
    choices = dict(data.members) | ({} if data.regression is not None else {data.target: ("no", "yes")})
    for name, members in choices.items():
        empty = bool(data.frame[name].isna().any())
        lines.append(
            f"{name} = {{ kind = 'choice', members = {json.dumps(list(members))}, nullable = {str(empty).lower()}, source = 'a public file' }}"
        )
    lines += [f"{name} = {{ kind = 'text', length_max = {most} }}" for name, most in data.texts.items()]
    text = "\n".join(lines)
    tomllib.loads(text)
    return text


def _number(number: Number) -> str:
    grid, low, high = (f"{units / 10**number.decimals:.{number.decimals}f}" for units in (1, number.low, number.high))
    return f"{{ kind = 'number', grid = '{grid}', low = '{low}', high = '{high}'"


def published(data: Data, seed: int) -> Path:
    """A data folder with the training rows of that seed, made if need be."""
    folder = WORK / "learn" / data.name / ("official" if data.official is not None else str(seed))
    if (folder / "done").exists():
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows, _ = data.fold(seed)
    named = [*data.numbers, *data.choices, *data.texts, data.target]
    frame = data.frame.iloc[rows][named].copy()
    for name, number in (data.numbers | ({data.target: data.regression} if data.regression is not None else {})).items():
        values = frame[name].astype(float)
        frame[name] = values / 10**number.decimals if number.decimals else values.astype("Int64")
    frame["row"] = np.arange(len(frame))
    frame["unit"] = pd.factorize(data.unit.iloc[rows])[0] if data.unit is not None else np.arange(len(frame))
    frame.to_parquet(folder / "rows.parquet", index=False)
    publish(folder / "node", [folder / "rows.parquet"], rules_of(data))
    (folder / "done").touch()
    return folder


@contextmanager
def opened(folder: Path) -> Iterator[Open]:
    wired = Wired(folder / "node")
    try:
        (version,) = wired.opened()
        yield version
    finally:
        wired.close()


def taken(version: Open, learner: Learner, folder: Path, *, rows_per_unit: int) -> Rounds:
    """The rounds of a learner, through the kernel: bound, price, charge, log, engine, noise. No waiting for the time of release."""
    scratch = folder / "ledger"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    database = SqliteDatabase(scratch / "fresh.sqlite")
    migrate(database, now=PublishingClock().now())
    ledger = Ledger(database, worker="bench")
    dataset = version.version.dataset
    leave = permit("custodian", dataset)
    ledger.open_population(dataset.population)
    ledger.open_permit(leave)
    log = TiledLog(scratch, origin="bench.example/log", now=PublishingClock().now)
    record = PublicRecord(database, log, box=Outbox(database, log, lock=scratch / "outbox.lock"), vault=Vault(bytes(32)))
    kernel = replace(
        version.kernel, ledger=ledger, log=record, clock=PublishingClock(), schedule=replace(version.kernel.schedule, base_s=SECONDS)
    )
    use = Training(permit=leave, version=version.version, choice=Choice(keep=(("t", rows_per_unit),)))
    try:
        with record.sealing(person="bench", sql="train") as sealed:
            return train(replace(use, sealed=sealed), learner, kernel).rounds
    finally:
        ledger.close()
        log.close()
