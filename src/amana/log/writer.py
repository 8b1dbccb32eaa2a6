"""The public log as its node writes it: whoever appends waits until the entry is under a published checkpoint.

- One thread takes whatever waits and publishes it as one batch: nobody lingers, and with many waiting a batch costs hardly more than one.
- Any failure stops the log: who waits and who comes later gets a Fault at once. Nothing is tried again on the same open files; the thread
  reads everything anew, as at an opening, a second after each failure, and goes on when that has published what was pending.
"""

import errno
import os
import secrets
from _thread import LockType, allocate_lock
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Lock, Thread
from typing import final

from amana.log.note import KeyKind, Note, VerifierKey
from amana.log.quorum import Policy
from amana.log.sequencer import JOURNAL, LOG, Cosign, Sequencer, Wanted
from amana.log.tiles import ENTRY_BYTES_MAX
from amana.terms.refusal import Fault, Refusal, cause_of
from amana.terms.use import Inclusion

BATCH_ENTRIES_MAX = 1024
BATCH_BYTES_MAX = 2**22
RETRY_S = 1.0
LOOK_S = 5.0
"""So often who waits sees whether there is still a thread to wait for."""
ROOM_BYTES = 2**23
"""Less than this on its disk, and no use begins that may not be recorded."""


@final
@dataclass(slots=True, kw_only=True)
class _Waiting:
    """Somebody who waits, on a lock that is held until all is told. `error`: why not."""

    wanted: Wanted
    bytes_count: int
    told: LockType = field(default_factory=allocate_lock)
    error: BaseException | None = None


@final
class TiledLog:
    """`folder`: the node's data folder. `tell`: hears why the log stopped, and "" when it goes on. Threads and processes may share it.

    Errors at opening: Refusal when what is on disk cannot be what was signed, or cannot be written. A quorum of witnesses that is missed
    for entries left by a crash does not hinder the opening: the log is stopped then, and tries again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        origin: str,
        now: Callable[[], datetime],
        cosign: Cosign | None = None,
        policy: Policy | None = None,
        tell: Callable[[str], None] | None = None,
        retry_s: float = RETRY_S,
    ) -> None:
        self._folder, self._tell, self._retry_s = folder, tell, retry_s
        self._queue = SimpleQueue[_Waiting | None]()
        self._closing = Lock()
        self._stopped: BaseException | None = None
        self._closed = False
        try:
            self._sequencer = Sequencer(folder, origin=origin, now=now, cosign=cosign, policy=policy)
            self._sequencer.open()
        except OSError as error:
            raise Refusal("node.file_not_writable", file=str(error.filename or folder / LOG), reason=cause_of(error)) from None
        self._publish(())
        self._thread = Thread(target=self._run, name="log", daemon=True)
        self._thread.start()

    @property
    def stopped(self) -> str | None:
        """Why nothing is taken, for the node's own journal; None when all is well."""
        error = self._stopped
        if error is None:
            return None
        return "; ".join(f"{type(each).__name__}: {each}" for each in (error, error.__cause__) if each is not None)

    def check(self) -> None:
        """Return if an entry would be taken, as far as can be told.

        Errors: Refusal node.file_not_writable, or the one that stopped the log, as log.no_quorum.
        """
        error = self._stopped
        if isinstance(error, Refusal):
            raise error.at(None)
        if not self._thread.is_alive():
            raise Refusal("log.stopped", reason="thread")
        if error is not None and not isinstance(error, OSError):
            raise Refusal("log.stopped", reason=type(error).__name__)
        disk = os.statvfs(self._folder)
        if error is None and disk.f_flag & os.ST_RDONLY:
            error = OSError(errno.EROFS, "")
        if error is None and disk.f_bavail * disk.f_frsize < ROOM_BYTES:
            error = OSError(errno.ENOSPC, "")
        if error is not None:
            raise Refusal("node.file_not_writable", file=str(self._folder / JOURNAL), reason=cause_of(error))

    def append(self, entry: bytes, *, since: int | None = None) -> Inclusion:
        """Returns when a published checkpoint covers the entry. `since`: where the same bytes stand already at that index or after it,
        that place is given, and nothing is added: so whoever was told of a Fault may ask again.

        Errors: Fault; the entry is then not in the log, or it will be though nobody was told.
        """
        return Inclusion(index=self._wait(self._put((entry,), since=since)))

    def append_many(self, entries: Sequence[bytes]) -> list[Inclusion]:
        """The same for several, in their order; those of one process that others append may stand between them. Errors: Fault."""
        waiting = list[_Waiting]()
        for begun in range(0, len(entries), BATCH_ENTRIES_MAX):
            waiting.append(self._put(tuple(entries[begun : begun + BATCH_ENTRIES_MAX]), since=None))
        firsts = [self._wait(each) for each in waiting]
        return [Inclusion(index=first + n) for first, each in zip(firsts, waiting, strict=True) for n in range(len(each.wanted.entries))]

    def size(self) -> int:
        """Entries under the present checkpoint. Errors: Refusal log.damaged, OSError."""
        found = self._sequencer.published()
        return 0 if found is None else found[1].size

    def checkpoint(self) -> Note | None:
        """The present one; None before the first entry. Errors: Refusal log.damaged, OSError."""
        found = self._sequencer.published()
        return None if found is None else found[0]

    def entries(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        """The published entries of those indexes. Errors: TileError, Refusal log.damaged, OSError."""
        size = self.size()
        return self._sequencer.entries(start, size if stop is None else stop, size=size)

    @property
    def verifier(self) -> VerifierKey:
        """The key that signs now."""
        return self._sequencer.signer.verifiers[0]

    @property
    def signed_by(self) -> tuple[VerifierKey, ...]:
        """The Ed25519 keys of this log: the present one, then the one that it replaces while both sign, then those that no longer sign."""
        return tuple(key for key in self._sequencer.signer.verifiers if key.kind is KeyKind.ED25519)

    @property
    def policy(self) -> Policy:
        """As it is published."""
        return self._sequencer.policy

    def state(self, text: str) -> Note:
        """A statement of this log that is no checkpoint, signed. Errors: OSError."""
        return self._sequencer.signer.state(text)

    def rotate(self) -> tuple[VerifierKey, VerifierKey]:
        """Begin to sign with a new key, beside the old one until `retire`: gives the old one and the new one.

        The caller appends the entry that says so. Errors: Refusal log.key_rotating; OSError.
        """
        with self._sequencer.alone():
            keys = self._sequencer.signer.rotate()
            self._sequencer.introduce()
        return keys

    def strengthen(self) -> VerifierKey:
        """Sign every checkpoint with ML-DSA-44 too. Gives the key, which stays the same when asked again. Errors: OSError."""
        with self._sequencer.alone():
            key = self._sequencer.signer.strengthen()
            self._sequencer.introduce()
        return key

    def retire(self) -> None:
        """End the time of two signatures. Errors: OSError."""
        with self._sequencer.alone():
            self._sequencer.signer.retire()
            self._sequencer.introduce()

    def close(self) -> None:
        """Publish what waits, end the thread, give the files back."""
        with self._closing:
            if self._closed:
                return
            self._closed = True
            self._queue.put(None)
        self._thread.join()
        self._sequencer.close()

    def _put(self, entries: tuple[bytes, ...], *, since: int | None) -> _Waiting:
        assert all(0 < len(entry) <= ENTRY_BYTES_MAX for entry in entries)
        waiting = _Waiting(wanted=Wanted(entries=entries, since=since), bytes_count=sum(map(len, entries)))
        waiting.told.acquire()
        if self._stopped is not None or self._closed:
            _tell_all([waiting], self._stopped)
        else:
            self._queue.put(waiting)
        return waiting

    def _wait(self, waiting: _Waiting) -> int:
        """The index of its first entry. Errors: Fault."""
        while not waiting.told.acquire(timeout=LOOK_S):
            if not self._thread.is_alive():
                raise Fault(id=secrets.token_hex(8))
        if waiting.wanted.first < 0:
            raise Fault(id=secrets.token_hex(8)) from waiting.error
        return waiting.wanted.first

    def _run(self) -> None:
        """The thread: a batch, or a second's silence while the log is stopped, then another try."""
        held: _Waiting | None = None
        while True:
            try:
                first = held or self._queue.get(timeout=None if self._stopped is None else self._retry_s)
            except Empty:
                self._publish(())
                continue
            if first is None:
                return
            batch, held, ends = self._batch(first)
            self._publish(batch)
            if ends:
                return

    def _batch(self, first: _Waiting) -> tuple[list[_Waiting], _Waiting | None, bool]:
        """What waits, as much as one batch may hold; what waits beyond that; and whether the end was asked for."""
        batch, count, size = [first], len(first.wanted.entries), first.bytes_count
        with suppress(Empty):
            while count < BATCH_ENTRIES_MAX:
                after = self._queue.get_nowait()
                if after is None:
                    return batch, None, True
                count, size = count + len(after.wanted.entries), size + after.bytes_count
                if count > BATCH_ENTRIES_MAX or size > BATCH_BYTES_MAX:
                    return batch, after, False
                batch.append(after)
        return batch, None, False

    def _publish(self, batch: Sequence[_Waiting]) -> None:
        """Publish the batch, or stop; in either case everybody in it is told."""
        if batch and self._stopped is not None:  # it was put before the stop was seen
            _tell_all(batch, self._stopped)
            return
        error: BaseException | None = None
        try:
            self._sequencer.publish([each.wanted for each in batch])
        except BaseException as raised:  # noqa: BLE001 - the thread lives on, and nothing that it meets may pass for success
            error = raised
        changed, self._stopped = (error is None) != (self._stopped is None), error
        _tell_all(batch, error)
        if changed and self._tell is not None:
            with suppress(Exception):  # who hears of it does not decide whether the log goes on
                self._tell(self.stopped or "")
        self._sequencer.tidy()


def _tell_all(batch: Sequence[_Waiting], error: BaseException | None) -> None:
    for each in batch:
        if error is not None:
            each.error, each.wanted.first = error, -1
        each.told.release()
