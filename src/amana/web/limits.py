"""What one reader, one address and one process may take: requests in a minute, questions at once, places in the queue."""

import math
import time
from collections import OrderedDict
from collections.abc import Callable
from threading import Lock
from typing import TypeVar, final

import anyio
from anyio import CapacityLimiter, Semaphore, to_thread

from amana.node.settings import Settings
from amana.terms.refusal import Refusal

KNOWN_MAX = 20_000
"""Readers that are remembered; whoever was quiet longest is forgotten first, and begins anew."""
BUSY_WAIT_S = 2
DRY_RUNS = 1
"""Dry runs at once in one process. They are open to strangers, and many would make questions late that are paid for."""
COMMENTS_PER_MINUTE = 10
"""Comments without an account that come from one network address: each sends a letter to somebody who may be another."""
Result = TypeVar("Result")


@final
class Rate:
    """A bucket for each reader: it holds the requests of one minute and is filled again at an even pace."""

    def __init__(self, per_minute: int, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._per_minute, self._elapsed = per_minute, elapsed
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = Lock()

    def take(self, reader: str) -> None:
        """Errors: Refusal http.too_many_requests."""
        now, per_s = self._elapsed(), self._per_minute / 60
        with self._lock:
            left, at = self._left.pop(reader, (float(self._per_minute), now))
            left = min(float(self._per_minute), left + (now - at) * per_s)
            self._left[reader] = (left - 1 if left >= 1 else left, now)
            if len(self._left) > KNOWN_MAX:
                self._left.popitem(last=False)
        if left < 1:
            raise Refusal("http.too_many_requests", seconds=max(1, math.ceil((1 - left) / per_s)))


@final
class Gate:
    """Questions run in a pool of threads of their own, so that they keep nothing else waiting; the queue before it has an end."""

    def __init__(self, settings: Settings, *, running: int) -> None:
        self._running = running
        self._waiting_max, self._wait_s = settings.http_queue_max, settings.http_wait_ms_max / 1e3
        self._waiting = 0
        self._turn: Semaphore | None = None
        self._threads: CapacityLimiter | None = None

    async def run(self, act: Callable[[], Result]) -> Result:
        """Do blocking work when its turn comes. Errors: Refusal http.busy when the queue is full or too slow."""
        if self._turn is None or self._threads is None:
            self._turn, self._threads = Semaphore(self._running), CapacityLimiter(self._running)
        if self._waiting >= self._waiting_max + self._running:
            raise Refusal("http.busy", seconds=BUSY_WAIT_S)
        self._waiting += 1
        try:
            with anyio.move_on_after(self._wait_s) as waited:
                await self._turn.acquire()
            if waited.cancelled_caught:
                raise Refusal("http.busy", seconds=BUSY_WAIT_S)
            try:
                return await to_thread.run_sync(act, limiter=self._threads)
            finally:
                self._turn.release()
        finally:
            self._waiting -= 1


@final
class Places:
    """How many may be in at once: for streams, which last."""

    def __init__(self, most: int) -> None:
        self._most, self._taken = most, 0
        self.closed = False

    def close(self) -> None:
        """Whoever is in leaves soon, and nobody else comes in: the server stops."""
        self.closed = True

    def check(self) -> None:
        """Errors: Refusal http.busy when nobody else may come in."""
        if self.closed or self._taken >= self._most:
            raise Refusal("http.busy", seconds=BUSY_WAIT_S)

    def __enter__(self) -> None:
        self._taken += 1

    def __exit__(self, *failure: object) -> None:
        self._taken -= 1


@final
class Limits:
    """The limits of one application."""

    def __init__(self, settings: Settings) -> None:
        self.addresses = Rate(settings.http_address_per_minute_max)
        self.people = Rate(settings.http_person_per_minute_max)
        self.comments = Rate(COMMENTS_PER_MINUTE)
        self.questions = Gate(settings, running=settings.http_questions_max)
        self.dry_runs = Gate(settings, running=min(DRY_RUNS, settings.http_questions_max))
        self.streams = Places(settings.http_streams_max)
        self.body_bytes_max = settings.http_body_bytes_max
        self.wait_s = settings.http_wait_ms_max / 1e3
        self.rows_max = settings.http_rows_max
