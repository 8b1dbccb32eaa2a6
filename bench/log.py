"""`make bench-log`: how fast entries of the public log are published, beside an SQLite insert with fsync on the same disk.

Writes bench/results/log.json and the log's section of docs/explanation/benchmarks.md. `log_report.py` writes.

Everything alternates in one process: a round of each setting on the log, the same on SQLite, and again, so that what others do on the
machine meets both. SQLite has the node's own settings (WAL, synchronous=FULL), one connection and one transaction for each batch.
"""

import argparse
import os
import random
import shutil
import sqlite3
import sys
import threading
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Protocol

import log_report
from environment import WORK

from amana.log.checkpoint import read_checkpoint
from amana.log.note import read_note
from amana.log.read import FolderReader
from amana.log.tiles import Tile, subtrees, width_at
from amana.log.tree import inclusion_proof, leaf_hash, verify_inclusion
from amana.log.writer import TiledLog
from amana.node.database import PRAGMAS

ENTRY_BYTES = 512
BATCHES = (1, 256, 1024)
CLIENTS = (1, 64, 256)
COLD_SIZE = 1_000_000


class Store(Protocol):
    """Takes entries; they are on disk, and for the log published, when it returns."""

    def add(self, entries: Sequence[bytes]) -> None: ...


class Published:
    """The public log."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True)
        self.log = TiledLog(folder, origin="bench.example.org", now=lambda: datetime.now(UTC))

    def add(self, entries: Sequence[bytes]) -> None:
        if len(entries) == 1:
            self.log.append(entries[0])
        else:
            self.log.append_many(entries)


class Inserted:
    """A table of SQLite."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for pragma in PRAGMAS:
            self._connection.execute(f"PRAGMA {pragma}")
        self._connection.execute("CREATE TABLE entry (id INTEGER PRIMARY KEY, content BLOB NOT NULL)")
        self._lock = threading.Lock()

    def add(self, entries: Sequence[bytes]) -> None:
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            self._connection.executemany("INSERT INTO entry (content) VALUES (?)", [(entry,) for entry in entries])
            self._connection.execute("COMMIT")


def entry() -> bytes:
    return random.randbytes(ENTRY_BYTES)


def batches(store: Store, *, batch: int, seconds: float) -> dict[str, float]:
    """One who appends batch after batch. Gives entries in a second."""
    entries, count, begun = [entry() for _ in range(batch)], 0, time.perf_counter()
    while (passed := time.perf_counter() - begun) < seconds:
        store.add(entries)
        count += batch
    return {"per_s": count / passed}


def clients(store: Store, *, count: int, seconds: float) -> dict[str, float]:
    """Clients, a thread each, that append one entry, wait until it counts, and append the next."""
    waited, entries = list[float](), [[entry()] for _ in range(count)]
    begun = time.perf_counter()

    def run(mine: list[bytes]) -> None:
        seen, now = list[float](), time.perf_counter()
        while now - begun < seconds:
            store.add(mine)
            before, now = now, time.perf_counter()
            seen.append(now - before)
        waited.extend(seen)

    threads = [threading.Thread(target=run, args=(each,)) for each in entries]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    passed = time.perf_counter() - begun
    waited.sort()
    at = {name: waited[min(len(waited) - 1, int(len(waited) * share))] * 1000 for name, share in (("p50_ms", 0.5), ("p99_ms", 0.99))}
    return {"per_s": len(waited) / passed, **at}


def cold_proofs(folder: Path, *, size: int, count: int) -> list[float]:
    """Milliseconds for one inclusion proof by a reader that knows nothing, the tiles not in the system's memory either."""
    times = list[float]()
    for _ in range(count):
        index = random.randrange(size)
        for level in range(8):
            forget(folder / "log", Tile(level=level, index=index >> 8 * (level + 1)))
        begun = time.perf_counter()
        reader = FolderReader(folder / "log")
        checkpoint = read_checkpoint(read_note(reader.file("checkpoint", bytes_max=2**16) or b"").text)
        proof = inclusion_proof(subtrees(reader, size=checkpoint.size), index=index, size=checkpoint.size)
        times.append((time.perf_counter() - begun) * 1000)
        width = width_at(size, level=-1, index=index >> 8)
        bundle = reader.tile(Tile(level=-1, index=index >> 8, width=width))
        at = (index & 255) * (ENTRY_BYTES + 2) + 2
        leaf = leaf_hash(bundle[at : at + ENTRY_BYTES])
        verify_inclusion(leaf, index=index, size=checkpoint.size, proof=proof, root=checkpoint.root)
    return times


def forget(root: Path, tile: Tile) -> None:
    """Ask the system to drop what it has of that tile, or of the partial one at its place."""
    for path in (root / tile.path, *(root / f"{tile.path}.p").glob("*")):
        if path.is_file():
            descriptor = os.open(path, os.O_RDONLY)
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
            os.close(descriptor)


def measure(work: Path, *, rounds: int, seconds: float) -> list[dict[str, Any]]:
    """Every setting in every round, on the log and on SQLite."""
    stores: dict[str, Store] = {"log": Published(work / "node"), "sqlite": Inserted(work / "entries.sqlite")}
    settings: list[tuple[str, int, Callable[[Store], dict[str, float]]]] = [
        *(("batch", n, lambda store, n=n: batches(store, batch=n, seconds=seconds)) for n in BATCHES),  # type: ignore[misc]
        *(("clients", n, lambda store, n=n: clients(store, count=n, seconds=seconds)) for n in CLIENTS),  # type: ignore[misc]
    ]
    found: dict[tuple[str, int, str], list[dict[str, float]]] = {}
    for number in range(rounds + 1):  # the first does not count
        for what, n, run in settings:
            for name, store in stores.items():
                figures = run(store)
                if number:
                    found.setdefault((what, n, name), []).append(figures)
                print(f"  {number} {what} {n} {name}: {figures}", file=sys.stderr, flush=True)
    return [{"what": what, "n": n, "store": name, "rounds": each} for (what, n, name), each in found.items()]


def cold(work: Path, *, size: int, count: int) -> dict[str, Any]:
    """A log of that size, and the proofs from it."""
    log = Published(work / "cold")
    entries = [entry() for _ in range(1024)]
    try:
        while (more := min(1024, size - log.log.size())) > 0:
            log.add([*entries[: more - 1], entry()] if more > 1 else [entry()])
    finally:
        log.log.close()
    times = sorted(cold_proofs(work / "cold", size=size, count=count))
    return {
        "what": "cold proof",
        "n": size,
        "count": count,
        "p50_ms": times[count // 2],
        "p99_ms": times[int(count * 0.99)],
        "most_ms": times[-1],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--quick", action="store_true", help="short rounds, a small tree, and nothing published: for work on the bench itself"
    )
    parser.add_argument("--work", type=Path, default=WORK / "log", help="folder for what is written; emptied")
    chosen = parser.parse_args()
    load = os.getloadavg()[0]
    shutil.rmtree(chosen.work, ignore_errors=True)
    chosen.work.mkdir(parents=True)
    rows = measure(chosen.work, rounds=1 if chosen.quick else 5, seconds=0.3 if chosen.quick else 2.0)
    rows.append(cold(chosen.work, size=2_000 if chosen.quick else COLD_SIZE, count=20 if chosen.quick else 200))
    if chosen.quick:
        print(log_report.section({"machine": "quick", "load_before": load, "load_after": os.getloadavg()[0], "rows": rows}))
    else:
        log_report.write(rows, load=load)
    shutil.rmtree(chosen.work)


if __name__ == "__main__":
    main()
