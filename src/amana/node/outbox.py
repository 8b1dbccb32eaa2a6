"""Entries of transitions on their way to the public log: written with the transition, appended in order, each exactly once.

A crash before the commit leaves neither transition nor entry. After it, the entry waits in the table until somebody flushes; a crash
between append and delete leaves it in both places, so it is looked for in the log, from the size that was noted before the attempt.
"""

import fcntl
import json
import os
from collections.abc import Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import cast, final

import structlog

from amana.log.documents import named_by, publish_document
from amana.log.entries import read_bundle, write_entry
from amana.log.entry_kinds import Entry
from amana.log.sequencer import LOG
from amana.log.tiles import TileError
from amana.terms.database import Database, Transaction, text, whole
from amana.terms.refusal import Fault, Refusal
from amana.terms.use import EntryLog

TURN = "UPDATE outbox_turn SET latest = latest + 1 WHERE only_row = 1"
PUT = "INSERT INTO outbox (sequence, entry) SELECT latest, :entry FROM outbox_turn WHERE only_row = 1"
ONCE = "INSERT INTO outbox_once (thing) VALUES (:thing) ON CONFLICT DO NOTHING"
DONE_ONCE = "SELECT 1 FROM outbox_once WHERE thing = :thing"
ANY = "SELECT 1 FROM outbox LIMIT 1"
WAITING = "SELECT sequence, entry, log_size FROM outbox ORDER BY sequence LIMIT :limit"
ATTEMPT = "UPDATE outbox SET log_size = :size WHERE log_size IS NULL AND sequence <= :last"
SENT = "DELETE FROM outbox WHERE sequence = :sequence"
TELLS = "INSERT INTO told_of (subject, entry) VALUES (:subject, :entry) ON CONFLICT DO NOTHING"
DOCUMENT = "SELECT content FROM document WHERE digest = :digest"
BATCH_MAX = 256


def hour_of(at: datetime) -> datetime:
    """The hour in UTC, which is all that the log tells of a time."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def put(run: Transaction, entry: Entry) -> None:
    """Let the entry go to the log when this transaction is committed, in the order of commits."""
    run.change(TURN, {})
    run.change(PUT, {"entry": write_entry(entry).decode()})


def put_once(run: Transaction, entry: Entry, *, thing: str) -> None:
    """The same, for what needs one entry in all the node's life."""
    if run.change(ONCE, {"thing": thing}) == 1:
        put(run, entry)


def done_once(run: Transaction, *, thing: str) -> bool:
    """Whether its entry was put."""
    return bool(run.rows(DONE_ONCE, {"thing": thing}))


OF_SUBJECTS = frozenset({"project", "permit", "run", "model", "plan", "evidence", "commitment"})
"""Kinds that tell of one thing, whose id stands under the name of the kind."""


def _subject(entry: bytes) -> str:
    """What a transition is of, by its id; nothing for an entry of another kind."""
    members = cast("dict[str, object]", json.loads(entry))
    return str(members[str(members["kind"])]) if members["kind"] in OF_SUBJECTS else ""


@final
class Outbox:
    """The way from the table to the log. Thread-safe; processes are kept apart by a file lock.

    `lock`: that file, in the data folder, where what the log publishes is published too.
    """

    def __init__(self, database: Database, log: EntryLog, *, lock: Path) -> None:
        self._database, self._log, self._lock = database, log, lock
        self._root = lock.parent / LOG

    def is_empty(self) -> bool:
        """Whether every transition that was committed is in the log."""
        with self._database.reading() as run:
            return not run.rows(ANY, {})

    def flush(self) -> int:
        """Append what waits, in order, and tell how much. Errors: what the log or the database raises; the rest then waits on."""
        sent = 0
        while not self.is_empty():
            with self._held(fcntl.LOCK_EX):
                sent += self._flush()
        return sent

    def try_flush(self) -> None:
        """Append what waits as far as the log takes it now. What is done is done, and goes to the log before any use does."""
        try:
            self.flush()
        except (Fault, Refusal, TileError, OSError) as error:
            structlog.get_logger("amana.node").error("outbox", kind=type(error).__name__)

    @contextmanager
    def empty(self) -> Generator[None]:
        """While this lasts, every transition that was committed before is in the log, and none is appended: for a use, which may
        happen beside other uses. Errors: as `flush`."""
        while True:
            with self._held(fcntl.LOCK_SH):
                if self.is_empty():
                    yield
                    return
            self.flush()

    def _flush(self) -> int:
        with self._database.reading() as run:
            rows = [(whole(at), text(entry).encode(), size) for at, entry, size in run.rows(WAITING, {"limit": BATCH_MAX})]
        now = self._log.size()
        if any(size is None for _, _, size in rows):
            with self._database.transaction() as run:
                run.change(ATTEMPT, {"size": now, "last": rows[-1][0]})
        for sequence, entry, size in rows:
            self._publish(entry)
            told = self._log.append(entry, since=now if size is None else whole(size))
            subject = _subject(entry)
            with self._database.transaction() as run:
                if subject:
                    run.change(TELLS, {"subject": subject, "entry": told.index})
                run.change(SENT, {"sequence": sequence})
        return len(rows)

    def _publish(self, entry: bytes) -> None:
        """The document that an entry names: it is there before the entry is. Errors: OSError."""
        (line,) = read_bundle([entry])
        digest = named_by(line)
        if digest is not None:
            with self._database.reading() as run:
                ((content,),) = run.rows(DOCUMENT, {"digest": digest})
            publish_document(self._root, digest=digest, content=text(content).encode())

    @contextmanager
    def _held(self, how: int) -> Generator[None]:
        descriptor = os.open(self._lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, how)
            yield
        finally:
            os.close(descriptor)  # which frees the lock


@final
class Flushing:
    """A database that sends the outbox on its way after each change. If the log does not take it now, it waits: the change stands."""

    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database, self._outbox = database, outbox

    @contextmanager
    def transaction(self) -> Generator[Transaction]:
        """See `Database`."""
        with self._database.transaction() as run:
            yield run
        self._outbox.try_flush()

    def reading(self) -> AbstractContextManager[Transaction]:
        """See `Database`."""
        return self._database.reading()

    def close(self) -> None:
        """See `Database`."""
        self._database.close()
