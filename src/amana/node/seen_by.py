"""Which of the configured witnesses signed which of the checkpoints that the node has kept."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import final

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.cosignature import TIME_MAX, cosigned_by
from amana.log.note import NOTE_BYTES_MAX, Note, NoteError, read_note
from amana.log.published import archived_days
from amana.log.quorum import Policy
from amana.log.read import ARCHIVE, CHECKPOINT, FolderReader

DAYS_MAX = 90
"""Archived checkpoints that are looked through, from the latest on."""
YEAR_9999_S = 253_370_764_800


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """A witness. `at`: when it signed last, None where no kept checkpoint has its signature; `behind`: entries that came after that."""

    name: str
    url: str
    at: datetime | None
    behind: int | None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Witnessed:
    """`met`: whether the quorum has seen the checkpoint that is published now."""

    quorum: str
    met: bool
    witnesses: tuple[Seen, ...]


def witnessed(folder: Path, policy: Policy) -> Witnessed:
    """By the checkpoint that is published now and those of past days. `folder`: of the log. Errors: OSError."""
    reader = FolderReader(folder)
    found: dict[str, tuple[datetime, int]] = {}
    size, met = 0, policy.met(())
    for place, (note, checkpoint) in enumerate(_kept(reader)):
        signed = {each.name: _time(note, each.name, policy) for each in policy.witnesses}
        if place == 0:
            size, met = checkpoint.size, policy.met([name for name, at in signed.items() if at is not None])
        for name, at in signed.items():
            if at is not None and name not in found:
                found[name] = (at, max(0, size - checkpoint.size))
        if len(found) == len(policy.witnesses):
            break
    held = {each.name: found.get(each.name, (None, None)) for each in policy.witnesses}
    return Witnessed(
        quorum=policy.quorum,
        met=met,
        witnesses=tuple(Seen(name=each.name, url=each.url, at=held[each.name][0], behind=held[each.name][1]) for each in policy.witnesses),
    )


def _kept(reader: FolderReader) -> Iterator[tuple[Note, Checkpoint]]:
    """The published checkpoint, then those of past days, the latest first; one that cannot be read is left out."""
    days = sorted(archived_days(reader), reverse=True)[:DAYS_MAX]
    for path in (CHECKPOINT, *(f"{ARCHIVE}/{day}" for day in days)):
        content = reader.file(path, bytes_max=NOTE_BYTES_MAX)
        if content is not None:
            try:
                note = read_note(content)
                yield note, read_checkpoint(note.text)
            except NoteError:
                continue


def _time(note: Note, name: str, policy: Policy) -> datetime | None:
    key = next(each.key for each in policy.witnesses if each.name == name)
    try:
        signed = cosigned_by(note, (key,))
    except NoteError:
        return None
    times = [each.time_s for each in signed if each.time_s <= min(TIME_MAX, YEAR_9999_S)]
    return datetime.fromtimestamp(max(times), UTC) if times else None
