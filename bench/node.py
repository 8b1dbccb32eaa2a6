"""`make bench-node`: what the whole service adds to the engine, with 1, 8 and 64 clients, on SQLite and on PostgreSQL.

Writes bench/results/node.json and the last section of docs/explanation/benchmarks.md. `node_world.py` lays a node down,
`node_server.py` serves it in a process of its own, `node_clients.py` asks, `node_figures.py` counts, `node_report.py` writes.
"""

import argparse
import json
import os
import secrets
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import node_report
from environment import HOUSE, WORK
from node_clients import Call, Heard, call_all
from node_figures import Timed, figures
from node_world import Question, database_on, generate, lay_down, questions
from postgres_server import postgres

from amana.node.ask import Node
from amana.node.asking import Constants, asking_of
from amana.node.wiring import Wired
from amana.privacy.release import plan_release

CLIENTS = (1, 8, 64)
MODES = ("ask", "recall", "preview")
WARM = 8
"""Questions before the first that counts."""
SECONDS_MAX = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How much is measured. `counts`: requests of one round, by mode and clients; `rounds`: so that every setting is measured
    several times, between the others."""

    units: int
    rounds: int
    counts: dict[str, dict[int, int]]


FULL = Size(
    units=100_000,
    rounds=3,
    counts={"ask": {1: 20, 8: 96, 64: 640}, "recall": {1: 120, 8: 240, 64: 320}, "preview": {1: 120, 8: 240, 64: 320}},
)
QUICK = Size(units=2_000, rounds=1, counts={mode: {1: 4, 8: 16, 64: 64} for mode in MODES})


class InProcess:
    """The engine alone: the same questions with the same bounds, in this process."""

    def __init__(self, folder: Path) -> None:
        self._wired = Wired(folder)
        self._node = Node(self._wired)

    def run_s(self, question: Question) -> float:
        """Units: seconds, of the engine only."""
        constants = Constants(within=question.within, target=None)
        opened, plan = self._node._read(question.sql, constants)
        private = plan_release(asking_of(plan, opened, constants)[1], opened.kernel)
        begun = time.perf_counter()
        opened.kernel.engine.run(private.bounded, groups_max=opened.kernel.groups_max, seconds_max=SECONDS_MAX)
        return time.perf_counter() - begun

    def close(self) -> None:
        self._node.close()


@dataclass(slots=True, kw_only=True)
class Measured:
    """What one setting has given so far."""

    heard: list[Heard] = field(default_factory=list)
    seconds: float = 0.0


class Bench:
    """One node being measured. `kept`: by mode and number of clients."""

    def __init__(self, port: int, tokens: Sequence[str], engine: InProcess, size: Size) -> None:
        self._port, self._tokens, self._engine, self._size = port, tokens, engine, size
        self._run, self._asked, self._calls = secrets.token_hex(4), 0, 0
        self.kept = {(mode, clients): Measured() for mode in MODES for clients in CLIENTS}
        self._engine_s: dict[Question, float] = {}

    def run(self) -> None:
        for question in self._new(WARM):
            self._call("ask", 1, [question])
            self._engine.run_s(question)
        for _ in range(self._size.rounds):
            for clients in CLIENTS:
                self._round(clients)

    def engine_s(self) -> dict[str, float]:
        """The engine alone, by the shape of the question: the median, for one run that was disturbed shall not count as overhead."""
        by_shape: dict[str, list[float]] = {}
        for question, seconds in self._engine_s.items():
            by_shape.setdefault(question.shape, []).append(seconds)
        return {shape: statistics.median(seconds) for shape, seconds in by_shape.items()}

    def _round(self, clients: int) -> None:
        """The three modes with so many clients; then the engine alone, but beside each question where one client asks."""
        asked = self._new(self._size.counts["ask"][clients])
        for mode in MODES:
            chosen = asked if mode == "ask" else [asked[i % len(asked)] for i in range(self._size.counts[mode][clients])]
            heard, seconds = self._call(mode, clients, chosen)
            kept = self.kept[mode, clients]
            kept.heard += heard
            kept.seconds += seconds
        for question in asked:
            if question not in self._engine_s:
                self._engine_s[question] = self._engine.run_s(question)

    def _call(self, mode: str, clients: int, chosen: Sequence[Question]) -> tuple[list[Heard], float]:
        calls = [Call(id=f"{self._run}-{self._calls + i}", mode=mode, question=each) for i, each in enumerate(chosen)]
        self._calls += len(calls)
        beside = 0.0

        def after(call: Call) -> None:
            nonlocal beside
            if mode == "ask" and clients == 1:
                begun = time.perf_counter()
                self._engine_s[call.question] = self._engine.run_s(call.question)
                beside += time.perf_counter() - begun

        heard, seconds = call_all(self._port, self._tokens[:clients], calls, after=after)
        return heard, seconds - beside

    def _new(self, count: int) -> list[Question]:
        self._asked += count
        return questions(self._asked - count, count)


@contextmanager
def serving(folder: Path, times: Path) -> Iterator[int]:
    """The node in a process of its own, until the end of the block; then its times are in the file."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    command = [sys.executable, str(HOUSE / "node_server.py"), str(folder), str(port), str(times)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        if not process.stdout.readline():
            sys.exit("the server did not start")
        yield port
        process.send_signal(signal.SIGTERM)
        process.wait(60)
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def measure(folder: Path, rows: Path, *, database: str, size: Size) -> list[dict[str, Any]]:
    """Every setting on a new node with that database."""
    name = "sqlite" if database == "sqlite" else "postgres"
    tokens = lay_down(folder, rows, database=database, clients=max(CLIENTS))
    times, engine = folder.parent / f"{name}-times.jsonl", InProcess(folder)
    try:
        with serving(folder, times) as port:
            bench = Bench(port, tokens, engine, size)
            bench.run()
    finally:
        engine.close()
    served = {each["id"]: each for each in map(json.loads, times.read_text(encoding="utf-8").splitlines())}
    found, engine_s = [], bench.engine_s()
    for (mode, clients), kept in bench.kept.items():
        answered = [heard for heard in kept.heard if heard.as_meant]
        timed = [
            Timed(
                latency_s=heard.latency_s,
                served_s=served[heard.call.id]["served_s"],
                engine_s=engine_s[heard.call.question.shape] if mode == "ask" else 0.0,
                steps_s=served[heard.call.id]["steps_s"],
            )
            for heard in answered
        ]
        others = len(kept.heard) - len(answered)
        row = {"database": name, "mode": mode, "clients": clients, "units": size.units, "unanswered": others}
        found.append(row | (figures(timed, seconds=kept.seconds) if timed else {"n": 0}))
        print(f"  {name} {mode} {clients}: {found[-1].get('overhead_ms')} unanswered {others}", file=sys.stderr, flush=True)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few people and requests, and nothing published: for work on the bench itself")
    parser.add_argument("--databases", nargs="*", default=["sqlite", "postgres"], choices=["sqlite", "postgres"])
    parser.add_argument("--work", type=Path, default=WORK / "node", help="folder for what is generated; emptied")
    chosen = parser.parse_args()
    size, load = QUICK if chosen.quick else FULL, os.getloadavg()[0]
    shutil.rmtree(chosen.work, ignore_errors=True)
    chosen.work.mkdir(parents=True)
    rows = chosen.work / "visits.parquet"
    generate(rows, units=size.units)
    found: list[dict[str, Any]] = []
    if "sqlite" in chosen.databases:
        found += measure(chosen.work / "sqlite", rows, database="sqlite", size=size)
    if "postgres" in chosen.databases:
        with postgres() as server:
            if server is None:
                print("  no PostgreSQL: neither the wheel pgserver nor AMANA_TEST_POSTGRES", file=sys.stderr)
            else:
                found += measure(chosen.work / "postgres", rows, database=database_on(server), size=size)
    if chosen.quick:
        (chosen.work / "node.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    else:
        node_report.write(found, load=load)


if __name__ == "__main__":
    main()
