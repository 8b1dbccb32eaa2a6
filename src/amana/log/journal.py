"""The log's journal: a private file in which entries are on disk before anything is made of them.

- A record holds the entries of one batch, where they begin in the log, and a SHA-256 of all that.
- A record counts when it is whole. What follows the last whole one was never acknowledged, and is cut off.
- After a failed sync nobody knows what of a file is on disk, and a second sync that succeeds proves nothing. So entries that are not
  published yet are never taken as they lie there: they are written to a new file, which takes the old one's place.
"""

import hashlib
import os
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import final

from amana.log.durable import write_durably
from amana.log.folder import write_all
from amana.log.tiles import Tile, read_bundle, write_bundle

JOURNAL_BYTES_MAX = 2**20
"""A longer one is begun anew as soon as all of it is published."""
ENTRIES_MAX = 256
"""In one record, as in one tile: one form of bytes for both."""
_MAGIC = b"amJ1"
_HEAD = struct.Struct(">4sQII")
_DIGEST_BYTES = 32


@final
class JournalGapError(Exception):
    """The journal begins after the end of the tree: entries between them are in neither."""


@final
class Journal:
    """One writer at a time: the caller holds a lock, shared by all processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = -1
        self._inode = self._end = 0

    @property
    def is_long(self) -> bool:
        """Whether to begin anew."""
        return self._end > JOURNAL_BYTES_MAX

    @property
    def is_as_known(self) -> bool:
        """Whether nobody else has written since: every batch of anybody begins by an append here. Errors: OSError."""
        try:
            found = self._path.stat()
        except FileNotFoundError:
            return False
        return self._file >= 0 and (found.st_ino, found.st_size) == (self._inode, self._end)

    def append(self, entries: Sequence[bytes], *, start: int) -> None:
        """The entries from that index on, on disk when this returns. Errors: OSError; then `load` must come before the next append."""
        content = _records(entries, start=start)
        write_all(self._file, content)
        os.fdatasync(self._file)
        self._end += len(content)

    def load(self, size: int) -> tuple[list[bytes], bool]:
        """The entries that stand here from index `size` on, which the caller takes as not published; and whether the file is in order.

        A file with pending entries or a torn end is not: `begin` must come before the next append. Errors: JournalGapError, OSError.
        """
        content = self._read()
        pending, whole = list[bytes](), 0
        while (record := _read_record(content, whole, published=size)) is not None:
            start, entries, whole = record
            reached = size + len(pending)
            if start > reached:
                raise JournalGapError
            pending += entries[reached - start :]
        return pending, self._file >= 0 and whole == len(content) and not pending

    def begin(self, entries: Sequence[bytes] = (), *, start: int) -> None:
        """A new file with these entries only. A crash leaves the old file or the new one, whole. Errors: OSError."""
        self.close()
        write_durably(self._path, _records(entries, start=start))
        self._read()

    def close(self) -> None:
        """Give the file back."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _read(self) -> bytes:
        """All of the file that has the name now."""
        self.close()
        try:
            self._open()
        except FileNotFoundError:
            return b""
        parts = list[bytes]()
        while part := os.read(self._file, 2**20):
            parts.append(part)
        content = b"".join(parts)
        self._end = len(content)
        return content

    def _open(self) -> None:
        self._file = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._inode = os.fstat(self._file).st_ino


def _records(entries: Sequence[bytes], *, start: int) -> bytes:
    parts = list[bytes]()
    for begun in range(0, len(entries), ENTRIES_MAX):
        some = entries[begun : begun + ENTRIES_MAX]
        body = write_bundle(some)
        record = _HEAD.pack(_MAGIC, start + begun, len(some), len(body)) + body
        parts += (record, hashlib.sha256(record).digest())
    return b"".join(parts)


def _read_record(content: bytes, at: int, *, published: int) -> tuple[int, list[bytes], int] | None:
    """Where the record at that place begins in the log, its entries, and where it ends in the file; None where no whole one stands.

    Of a record that is published altogether the entries are not read.
    """
    if at + _HEAD.size > len(content):
        return None
    magic, start, count, length = _HEAD.unpack_from(content, at)
    digest_at = at + _HEAD.size + length
    end = digest_at + _DIGEST_BYTES
    if magic != _MAGIC or end > len(content) or not 0 < count <= ENTRIES_MAX:
        return None
    if start + count <= published:
        return start, [], end
    if hashlib.sha256(memoryview(content)[at:digest_at]).digest() != content[digest_at:end]:
        return None
    return start, read_bundle(Tile(level=-1, index=0, width=count), content[at + _HEAD.size : digest_at]), end
