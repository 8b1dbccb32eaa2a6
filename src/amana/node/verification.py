"""The node's own look at its public log: all of it is verified from time to time, in the background, by one process at a time.

What was found last is kept in a file beside the log, so that every process, and the next start, can tell it.
"""

import base64
import fcntl
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from threading import Event, Lock, Thread
from typing import cast, final

import structlog

from amana.log.durable import write_durably
from amana.log.quorum import Policy
from amana.log.read import FolderReader
from amana.log.verify import Verified, verify
from amana.log.violation import Violation

FOUND = "log.verified"
LOCK = "log.verified.lock"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """What the last look found. `holds`: None where the log could not be read. `size`, `root`: of the checkpoint that was reached.
    `path`, `index`, `reason`: of the first thing that is wrong. `hour_back`: the first entry before which a clock went back."""

    at: datetime
    holds: bool | None
    size: int = 0
    root: str = ""
    path: str = ""
    index: int | None = None
    reason: str = ""
    hour_back: int | None = None
    days_missing: int = 0


@final
class Verification:
    """`folder`: the data folder. `policy`: whose signatures count. `minutes`: so old the last look may be; 0: it looks when asked only."""

    def __init__(self, folder: Path, *, now: Callable[[], datetime], policy: Callable[[], Policy], minutes: int) -> None:
        self._folder, self._now, self._policy, self._minutes = folder, now, policy, minutes
        self._begun, self._over = Lock(), Event()
        self._thread: Thread | None = None

    @property
    def running(self) -> bool:
        """Whether this process is looking now."""
        return self._thread is not None and self._thread.is_alive()

    def last(self) -> Finding | None:
        """What was found last, by whatever process; None before the first look."""
        try:
            held = cast("dict[str, object]", json.loads((self._folder / FOUND).read_bytes()))
            return Finding(**{**held, "at": datetime.fromisoformat(str(held["at"]))})  # type: ignore[arg-type]  # written by _look
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def tend(self) -> None:
        """Look again if the last look is too old."""
        if self._minutes:
            found = self.last()
            if found is None or abs(self._now() - found.at) >= timedelta(minutes=self._minutes):
                self.begin()

    def begin(self) -> bool:
        """Begin to look, in a thread of its own; False where this process is looking already."""
        with self._begun:
            if self.running or self._over.is_set():
                return False
            self._thread = Thread(target=self._alone, name="verify", daemon=True)
            self._thread.start()
            return True

    def wait(self, seconds_max: float) -> None:
        """Until it has looked, or that time is over."""
        if self._thread is not None:
            self._thread.join(seconds_max)

    def close(self) -> None:
        """Look no more."""
        self._over.set()
        self.wait(5.0)

    def _alone(self) -> None:
        try:
            with (self._folder / LOCK).open("w") as held:
                try:
                    fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    return  # another process looks
                found = self._look()
                if found is not None:
                    kept = {name: getattr(found, name) for name in Finding.__dataclass_fields__} | {"at": found.at.isoformat()}
                    write_durably(self._folder / FOUND, json.dumps(kept).encode())
        except OSError as error:
            structlog.get_logger("amana.node").error("verify", cause=type(error).__name__)

    def _look(self) -> Finding | None:
        """None where it was ended before its end."""
        try:
            found = verify(FolderReader(self._folder / "log"), policy=self._policy(), since=None, progress=self._on)
        except InterruptedError:
            return None
        except Violation as error:
            structlog.get_logger("amana.node").error("log_violation", path=error.path, index=error.index, reason=error.reason)
            return Finding(at=self._now(), holds=False, path=error.path, index=error.index, reason=error.reason)
        except OSError as error:
            return Finding(at=self._now(), holds=None, reason=type(error).__name__)
        return _good(found, at=self._now())

    def _on(self, _done: int, _total: int) -> None:
        if self._over.is_set():
            raise InterruptedError


def _good(found: Verified, *, at: datetime) -> Finding:
    return Finding(
        at=at, holds=True, size=found.checkpoint.size, root=base64.b64encode(found.checkpoint.root).decode("ascii"),
        hour_back=found.hour_back, days_missing=len(found.missing),
    )  # fmt: skip
