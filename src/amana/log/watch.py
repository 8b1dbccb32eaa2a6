"""Watching a log: each look verifies what is new, and that nothing of what was seen before has changed.

What was seen last is kept in a folder of the watcher's own: from one run to the next, and against the log. At its start a watcher
verifies the whole log again; from then on, what is new. At an alarm it keeps the checkpoint seen before and the one shown now: where
they cannot both be true, they are the proof.
"""

import hashlib
import json
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol, final

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.durable import write_durably
from amana.log.note import NOTE_BYTES_MAX, Note, NoteError, read_note
from amana.log.published import signed_checkpoint
from amana.log.quorum import Policy
from amana.log.read import CHECKPOINT, LogReader
from amana.log.verify import Replay, Told, Verified
from amana.log.violation import Violation

SEEN = "checkpoint"
ALARM_TRIES_MAX = 4
ALARM_WAIT_S = 5.0


class Send(Protocol):
    """Posts JSON and gives the status. Errors: OSError."""

    def __call__(self, url: str, body: bytes, *, wait_s: float) -> int: ...


@final
class Watch:
    """`folder`: what is kept. `tell`: each new entry, once all that is new has been found right. `silent_s_max`: for which no look may
    have read the log."""

    def __init__(
        self, reader: LogReader, *, policy: Policy, folder: Path, tell: Told, now: Callable[[], datetime], silent_s_max: float
    ) -> None:
        self._reader, self._policy, self._folder, self._tell, self._now = reader, policy, folder, tell, now
        self._silent = timedelta(seconds=silent_s_max)
        self._heard = now()
        self._new = list[tuple[int, bytes]]()
        self._seen = _kept(folder / SEEN)
        self._replay = Replay(reader, policy=policy, tell=self._note_entry)

    @property
    def seen(self) -> Checkpoint | None:
        """The last checkpoint that was found right; None before the first."""
        return None if self._seen is None else read_checkpoint(self._seen.text)

    def look(self) -> Verified | None:
        """Verify what is new, and tell of it; None where the log could not be read this time.

        Errors: Violation, after which this watch is over: also "silent" when nothing could be read for too long.
        """
        try:
            self._compare()
            found = self._replay.advance(since=self.seen, progress=_quiet)
        except OSError:
            if self._now() - self._heard > self._silent:
                raise Violation(CHECKPOINT, reason="silent") from None
            # A bundle may be half read: what is known up to here stays, and is read on at the next look.
            return None
        except Violation:
            self._keep_both()
            raise
        self._heard = self._now()
        self._folder.mkdir(parents=True, exist_ok=True)
        write_durably(self._folder / SEEN, found.note.content)
        self._seen = found.note
        new, self._new = self._new, []
        for index, entry in new:
            self._tell(index, entry)
        return found

    def _compare(self) -> None:
        """Return if the checkpoint of now may follow the one seen last. Errors: Violation, OSError."""
        seen = self.seen
        if seen is None:
            return
        now = signed_checkpoint(self._reader, policy=self._policy)[1]
        if now.size < seen.size:
            raise Violation(CHECKPOINT, reason="rollback")
        if now.size == seen.size and now.root != seen.root:
            raise Violation(CHECKPOINT, reason="fork")

    def _note_entry(self, index: int, entry: bytes) -> None:
        """New is what stands after the checkpoint seen last; at the very first look, nothing is."""
        seen = self.seen
        if seen is not None and index >= seen.size:
            self._new.append((index, entry))

    def _keep_both(self) -> None:
        """What was shown before and what is shown now, both signed: where they contradict, they are the proof. Errors: OSError."""
        with suppress(Violation, OSError):
            other = signed_checkpoint(self._reader, policy=self._policy)[0]
            if self._seen is None or other.text == self._seen.text:
                return
            name = f"alarm-{hashlib.sha256(other.content).hexdigest()[:32]}"
            self._folder.mkdir(parents=True, exist_ok=True)
            write_durably(self._folder / name, self._seen.content + b"\n" + other.content)


def alarm_of(error: Violation, *, log: str, at: datetime) -> bytes:
    """What a webhook is sent: public facts only, as JSON."""
    said = {
        "alarm": "log",
        "log": log,
        "file": error.path,
        "entry": error.index,
        "reason": error.reason,
        "at": f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}",
    }
    return json.dumps(said, sort_keys=True).encode()


def raise_alarm(url: str, body: bytes, *, send: Send, sleep: Callable[[float], None]) -> bool:
    """Whether the alarm was heard; sent again a few times where it was not."""
    for number in range(ALARM_TRIES_MAX):
        if number:
            sleep(ALARM_WAIT_S * number)
        with suppress(OSError):
            if 200 <= send(url, body, wait_s=ALARM_WAIT_S) < 300:
                return True
    return False


def _kept(path: Path) -> Note | None:
    """The checkpoint of an earlier run. Errors: Violation where the file is damaged."""
    try:
        with path.open("rb") as opened:
            note = read_note(opened.read(NOTE_BYTES_MAX + 1))
        read_checkpoint(note.text)
    except FileNotFoundError:
        return None
    except NoteError as error:
        raise Violation(str(path), reason=error.reason) from None
    return note


def _quiet(_done: int, _total: int) -> None:
    """A look tells what it found, not how far it is."""
