"""`amana serve` with a stopwatch around the steps of each request: the same server, the same functions, timed from outside.

Run as a process of its own: `node_server.py <folder> <port> <file for the times>`. A request is told by its header `x-bench`; its
times are kept in memory and written when the server has stopped. Each step is timed without the steps inside it.
"""

import functools
import json
import sys
import time
from collections.abc import Callable
from contextvars import ContextVar
from pathlib import Path
from typing import Any

from amana.engines.duckdb import DuckDbEngine
from amana.log.writer import TiledLog
from amana.node import ask, asking, lengthy, wiring
from amana.node.permits import Permits
from amana.node.repeats import Repeats
from amana.node.tokens import Tokens
from amana.privacy import release
from amana.privacy.ledger import Ledger
from amana.web import questions, server
from amana.web.limits import Gate

HEADER = b"x-bench"
STEPS: tuple[tuple[str, Any, str], ...] = (
    ("who asks", Tokens, "by_token"),
    ("repetition", Repeats, "begin"),
    ("repetition", Repeats, "complete"),
    ("repetition", Repeats, "refuse"),
    ("versions", wiring.Wired, "opened"),
    ("parse", ask, "_plan"),
    ("permit", Permits, "leave"),
    ("permit", Tokens, "allowance"),
    ("choose", ask, "asking_of"),
    ("choose", asking, "asking_of"),
    ("choose", lengthy, "asking_of"),
    ("price", ask, "plan_release"),
    ("price", asking, "plan_release"),
    ("price", lengthy, "plan_release"),
    ("price", release, "plan_release"),
    ("look for an earlier answer", release, "digests"),
    ("look for an earlier answer", asking, "digests"),
    ("look for an earlier answer", Ledger, "recall"),
    ("look for an earlier answer", Ledger, "earlier"),
    ("charge", Ledger, "charge"),
    ("log", TiledLog, "append"),
    ("engine", DuckDbEngine, "run"),
    ("noise", release, "noisy"),
    ("settle", Ledger, "settle"),
    ("figures", release, "figures"),
    ("balance", Ledger, "balance"),
    ("write the answer", questions, "answer_response"),
    ("write the answer", questions, "preview_of"),
)
"""Name of a step, and the function that does it: where the caller finds it."""


class Watch:
    """The times of one request. Units: seconds. `steps`: each without those inside it."""

    def __init__(self) -> None:
        self.steps: dict[str, float] = {}
        self._inside: list[float] = [0.0]

    def add(self, name: str, seconds: float) -> None:
        self.steps[name] = self.steps.get(name, 0.0) + seconds

    def timed(self, name: str, act: Callable[[], Any]) -> Any:
        begun = time.perf_counter()
        self._inside.append(0.0)
        try:
            return act()
        finally:
            whole = time.perf_counter() - begun
            self.add(name, whole - self._inside.pop())
            self._inside[-1] += whole

    def waited(self, act: Callable[[], None], *, planned: float) -> None:
        """A wait for the moment of release: what it lasts beyond that moment is the service's own."""
        begun = time.perf_counter()
        act()
        whole = time.perf_counter() - begun
        planned = min(whole, max(0.0, planned))
        self.add("wait for the release", planned)
        self.add("wake up", whole - planned)
        self._inside[-1] += whole


CURRENT: ContextVar[Watch | None] = ContextVar("watch", default=None)
KEPT: list[dict[str, Any]] = []


class Stopwatch:
    """ASGI around the whole application."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        name = dict(scope.get("headers", ())).get(HEADER)
        if name is None:
            await self._app(scope, receive, send)
            return
        watch, begun = Watch(), time.perf_counter()
        held = CURRENT.set(watch)
        try:
            await self._app(scope, receive, send)
        finally:
            CURRENT.reset(held)
            KEPT.append({"id": name.decode(), "served_s": time.perf_counter() - begun, "steps_s": watch.steps})


def watch_steps() -> None:
    """Put a stopwatch around every step. Threads that work for a request take its context with them."""
    for name, owner, function in STEPS:
        setattr(owner, function, _timing(name, getattr(owner, function)))
    sleep_until = wiring.SystemClock.sleep_until

    def sleeping(clock: wiring.SystemClock, elapsed: float) -> None:
        watch = CURRENT.get()
        if watch is None:
            sleep_until(clock, elapsed)
        else:
            watch.waited(lambda: sleep_until(clock, elapsed), planned=elapsed - clock.elapsed())

    wiring.SystemClock.sleep_until = sleeping  # type: ignore[method-assign]
    run = Gate.run

    async def running(gate: Gate, act: Callable[[], Any]) -> Any:
        watch = CURRENT.get()
        if watch is None:
            return await run(gate, act)
        came, done = time.perf_counter(), [0.0]

        def started() -> Any:
            watch.add("wait for a turn", time.perf_counter() - came)
            try:
                return act()
            finally:
                done[0] = time.perf_counter()

        try:
            return await run(gate, started)
        finally:
            watch.add("wait for a turn", time.perf_counter() - done[0])

    Gate.run = running  # type: ignore[method-assign]
    build = server.build

    def built(service: Any) -> Any:
        app = build(service)
        app.add_middleware(Stopwatch)
        return app

    server.build = built


def _timing(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    @functools.wraps(function)
    def timing(*args: Any, **kwargs: Any) -> Any:
        watch = CURRENT.get()
        return function(*args, **kwargs) if watch is None else watch.timed(name, lambda: function(*args, **kwargs))

    return timing


def main() -> None:
    folder, port, times = sys.argv[1:]
    watch_steps()
    server.serve(Path(folder), host="127.0.0.1", port=int(port), workers=1, ready=lambda address: print(address, flush=True))
    Path(times).write_text("\n".join(json.dumps(each) for each in KEPT), encoding="utf-8")


if __name__ == "__main__":
    main()
