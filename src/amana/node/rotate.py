"""Rotation: a new key-encryption key for every data key and, if asked, new keys and files for the published versions.

The file of wrapped keys is replaced once, by one rename: before it everything old is in place, after it everything new. What
a crash leaves on either side is settled by the next start or the next rotation. A running server goes on with the files that
it holds open, and opens the new ones next time.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TypeAlias, final

from amana.log.durable import remove_durably, sync
from amana.node.audit import MACHINE, note
from amana.node.key_source import FILE, KMS, KeySource, SecretText, make_key, new_key
from amana.node.keys import VERSION, KeyRing, Wrapped, WrappedKey, text_of
from amana.terms.database import Database
from amana.terms.refusal import Refusal, cause_of

Copy: TypeAlias = Callable[[Path, SecretText, Path, SecretText], None]
"""Writes the first file, opened with the first key, anew as the second file under the second key."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rotated:
    """Before and after: source and id of the key-encryption key; how many data keys it wraps, how many files are new."""

    before: str
    after: str
    keys_count: int
    files_count: int


def rotate(keys: KeyRing, *, to: str | None, copy: Copy | None) -> Rotated:
    """Wrap all data keys by a new key of the source `to` (`file`, `kms`, or None for the one in use).

    Errors: Refusal `keys.*`; the old keys then serve on.
    """
    with keys.changing():
        keys.settle()
        before = keys.read()
        source = keys.source(before)
        made: list[Path] = []
        try:
            after = _next_source(keys, to or before.source)
            entries = tuple(_rewrapped(keys, each, source=source, after=after, copy=copy, made=made) for each in before.keys)
            # A crash before this line leaves the old keys and files, after it the new ones.
            keys.write(Wrapped(source=after.kind, kek=after.id, made_at=keys.now(), keys=entries))
        except BaseException:
            if keys.read() == before:
                for file in made:
                    remove_durably(file)
                remove_durably(keys.key_file_next)
            raise
        keys.settle()
    return Rotated(before=f"{before.source} {before.kek}", after=f"{after.kind} {after.id}", keys_count=len(entries), files_count=len(made))


def note_rotation(database: Database, rotated: Rotated, *, data: str, now: datetime) -> None:
    """Write into the audit that keys were rotated, on the node's own machine."""
    with database.transaction() as run:
        told = {"thing": "keys", "subject": data, "was": rotated.before, "now_is": rotated.after}
        note(run, at=now, actor=MACHINE, action="rotate", **told)


def _next_source(keys: KeyRing, kind: str) -> KeySource:
    assert kind in {FILE, KMS}
    return keys.kms() if kind == KMS else make_key(keys.key_file_next)


def _rewrapped(keys: KeyRing, entry: WrappedKey, *, source: KeySource, after: KeySource, copy: Copy | None, made: list[Path]) -> WrappedKey:
    key = keys.unwrap(entry, source=source)
    file = keys.folder / "versions" / entry.file_name
    if copy is None or not entry.name.startswith(VERSION) or not file.exists():
        return keys.wrap(entry.name, key, source=after, made_at=entry.made_at, generation=entry.generation)
    fresh = new_key()
    anew = keys.wrap(entry.name, fresh, source=after, made_at=keys.now(), generation=entry.generation + 1)
    target = keys.folder / "versions" / anew.file_name
    made.append(target)
    copy(file, text_of(key), target, text_of(fresh))
    try:
        target.chmod(0o600)
        sync(target)
        sync(target.parent)
    except OSError as error:
        raise Refusal("keys.no_access", file=str(target), reason=cause_of(error)) from None
    return anew
