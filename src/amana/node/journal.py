"""The node's own journal, `node.log`: a line that the disk does not take is lost, and no question with it."""

import logging
import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import final

import structlog

from amana.log.durable import OWNER_ONLY

CLOSED = -1
AGAIN_S = 10.0
"""The same failure of a library is written down once in so long: who makes it fail again and again must not fill the disk."""


@final
class Journal:
    """A file that lines are added to, by any thread and process. Errors: OSError when it cannot be opened, and none after that."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, OWNER_ONLY)

    def write(self, line: str) -> int:
        """Add a line if there is room."""
        with suppress(OSError):
            os.write(self._file, line.encode())
        return len(line)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Give the file back; what is written later is lost."""
        given, self._file = self._file, CLOSED
        os.close(given)


@final
class LibraryWords(logging.Handler):
    """What libraries fail at, by kind and place only: their words may hold an address, a password or a row. Their warnings, which
    anybody could cause who speaks to the server, go nowhere."""

    def __init__(self, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        super().__init__(level=logging.ERROR)
        self._elapsed, self._written = elapsed, dict[tuple[str, str, str | None], float]()

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler`."""
        kind = record.exc_info[0] if record.exc_info else None
        place = f"{record.module}:{record.lineno}"
        named = None if kind is None else kind.__name__
        same, now = (record.name, place, named), self._elapsed()
        before = self._written.get(same)
        if before is not None and now < before + AGAIN_S:
            return
        self._written[same] = now
        structlog.get_logger("amana.node").error("library", name=record.name, place=place, kind=named)


def noted(failed: threading.ExceptHookArgs) -> None:
    """A thread ended by an exception, by its kind only."""
    kind = failed.exc_type.__name__
    structlog.get_logger("amana.node").error("thread", name=failed.thread and failed.thread.name, kind=kind)
