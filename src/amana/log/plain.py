"""The log until the public one comes: an append-only file, one entry (canonical JSON) a line, on disk before it counts."""

import errno
import fcntl
import os
import secrets
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import final

from amana.log.entries import EntryError, read_entry
from amana.terms.refusal import Fault, Refusal, cause_of
from amana.terms.use import Inclusion, UseEntry

READ_BYTES = 2**20
"""Longer than any entry."""
ROOM_BYTES = 2**16
"""Less than this on its disk, and no use begins that may not be recorded."""


@final
class PlainLog:
    """Writers take turns, threads and processes. A torn last line, left by a power cut or a killed process, is cut off: its
    append never returned, so nothing was released on it."""

    def __init__(self, path: Path) -> None:
        self._lock, self._path = Lock(), path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
        self._count = self._end = 0
        with self._alone():
            pass
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def check(self) -> None:
        """Return if its disk has room. Errors: Refusal node.file_not_writable."""
        disk = os.statvfs(self._path.parent)
        if disk.f_flag & os.ST_RDONLY or disk.f_bavail * disk.f_frsize < ROOM_BYTES:
            full = OSError(errno.EROFS if disk.f_flag & os.ST_RDONLY else errno.ENOSPC, "")
            raise Refusal("node.file_not_writable", file=self._path.name, reason=cause_of(full))

    def append(self, entry: bytes) -> Inclusion:
        """Write and sync one entry. Errors: Fault when the disk does not take it; nothing of it stays then."""
        line = entry + b"\n"
        with self._alone():
            try:
                if os.write(self._file, line) != len(line):
                    raise OSError("short write")
                os.fsync(self._file)
            except OSError:
                os.ftruncate(self._file, self._end)
                raise Fault(id=secrets.token_hex(8)) from None
            self._count, self._end = self._count + 1, self._end + len(line)
            return Inclusion(index=self._count - 1)

    @contextmanager
    def _alone(self) -> Generator[None]:
        """The only writer, having counted what others wrote meanwhile."""
        with self._lock:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            try:
                self._catch_up()
                yield
            finally:
                fcntl.flock(self._file, fcntl.LOCK_UN)

    def _catch_up(self) -> None:
        size = os.fstat(self._file).st_size
        while self._end < size:
            part = os.pread(self._file, READ_BYTES, self._end)
            kept = part.rfind(b"\n") + 1
            if not kept:
                os.ftruncate(self._file, self._end)
                os.fsync(self._file)
                return
            self._count, self._end = self._count + part.count(b"\n"), self._end + kept

    def size(self) -> int:
        """How many entries it holds."""
        with self._alone():
            return self._count

    def entries(self, start: int) -> Iterator[bytes]:
        """Every entry from that index on, as they are when this is called."""
        with self._alone():
            whole = self._end  # what others append from now on may be half written when it is read
        read = 0
        with self._path.open("rb") as lines:
            for number, line in enumerate(lines):
                read += len(line)
                if read > whole:
                    break
                if number >= start:
                    yield line[:-1]

    def totals(self) -> dict[str, tuple[int, int]]:
        """What each population has spent by the log: (nano-rho, delta in 2**-64).

        Errors: Refusal budget.log_damaged.
        """
        spent: dict[str, tuple[int, int]] = {}
        for number, line in enumerate(self.entries(0), start=1):
            try:
                entry = read_entry(line)
            except EntryError:
                raise Refusal("budget.log_damaged", line=number) from None
            if isinstance(entry, UseEntry):
                nrho, delta = spent.get(entry.population, (0, 0))
                spent[entry.population] = (nrho + entry.cost_nrho, delta + entry.cost_delta)
        return spent

    def close(self) -> None:
        """Give the file back."""
        os.close(self._file)
