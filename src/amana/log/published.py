"""The files of a log beside its tree: the signed checkpoint, its key and policy, archived checkpoints, and nothing else."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.documents import is_document, read_document
from amana.log.note import NOTE_BYTES_MAX, KeyKind, Note, NoteError, VerifierKey, read_note, signatures_of
from amana.log.quorum import POLICY_BYTES_MAX, Checked, Policy, check_note, read_policy
from amana.log.read import ARCHIVE, BUNDLE_BYTES_MAX, CHECKPOINT, KEY_FILE, POLICY_FILE, FolderReader, LogReader
from amana.log.tiles import TILE_WIDTH, Tile, TileError, read_bundle, read_path, width_at
from amana.log.tree import HASH_BYTES
from amana.log.violation import Violation

KEY_BYTES_MAX = 8_192
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def signed_checkpoint(reader: LogReader, *, policy: Policy, path: str = CHECKPOINT) -> tuple[Note, Checkpoint, Checked]:
    """The checkpoint of that file, as the policy accepts it. Errors: Violation, OSError."""
    content = reader.file(path, bytes_max=NOTE_BYTES_MAX)
    if content is None:
        raise Violation(path, reason="missing")
    try:
        note = read_note(content)
        checkpoint = read_checkpoint(note.text)
        checked = check_note(note, policy)
    except NoteError as error:
        raise Violation(path, reason=error.reason) from None
    if note.content != content:
        raise Violation(path, reason="note_form")
    return note, checkpoint, checked


def archived(reader: LogReader, *, day: str, policy: Policy) -> Checkpoint | None:
    """The last checkpoint of that day; None where there is none. Errors: Violation, OSError.

    Whether the witnesses had seen it is the business of its day: a quorum may have been asked for later.
    """
    path = f"{ARCHIVE}/{day}"
    try:
        return signed_checkpoint(reader, policy=Policy(logs=policy.logs), path=path)[1]
    except Violation as error:
        if error.reason == "missing":
            return None
        raise


def archived_days(reader: LogReader) -> tuple[str, ...]:
    """The days that a folder has an archived checkpoint of; nothing of a log that is not a folder."""
    if not isinstance(reader, FolderReader):
        return ()
    return tuple(each.name for each in (reader.folder / ARCHIVE).glob("*") if _DAY.fullmatch(each.name))


def check_keys(reader: LogReader, *, note: Note, checked: Checked, keys: Sequence[VerifierKey]) -> None:
    """Return if the key of the log and its policy say what its `key` entries say. Errors: Violation, OSError."""
    if not keys:
        return
    named = {key for key in checked.signed if key.kind is KeyKind.ED25519}
    if checked.signed[0].name != keys[0].name or (named and named.isdisjoint(keys)):
        raise Violation(CHECKPOINT, reason="key_unnamed")
    content = reader.file(KEY_FILE, bytes_max=KEY_BYTES_MAX)
    if content is None:
        raise Violation(KEY_FILE, reason="missing")
    key_file, content = content, reader.file(POLICY_FILE, bytes_max=POLICY_BYTES_MAX)
    if content is None:
        raise Violation(POLICY_FILE, reason="missing")
    try:
        published = read_policy(content)
    except NoteError as error:
        raise Violation(POLICY_FILE, reason=error.reason.partition(" ")[0]) from None
    said = {each.key for each in published.logs if each.key.kind is KeyKind.ED25519}
    if not said >= set(keys) or published.text.encode() != content:
        raise Violation(POLICY_FILE, reason="policy_differs")
    # While a key changes, its file may be ahead of its entry, or (from a cache) behind it: any key that signs the checkpoint will do.
    if key_file not in {f"{key.text}\n".encode() for key in said if signatures_of(note, key)}:
        raise Violation(KEY_FILE, reason="key_differs")


def check_folder(reader: LogReader, *, size: int) -> None:
    """Return if a folder holds the files of a log and no others, and partial tiles left from before agree with those of now.

    What stands beyond the signed size is nobody's word yet. Errors: Violation, OSError.
    """
    if not isinstance(reader, FolderReader):
        return
    for path in _files(reader.folder):
        tile = read_path(path)
        if tile is None and is_document(path):
            read_document(reader, digest=path.rpartition("/")[2])
        elif tile is None:
            place, _, name = path.rpartition("/")
            if path not in {CHECKPOINT, KEY_FILE, POLICY_FILE} and not (place == ARCHIVE and _DAY.fullmatch(name)):
                raise Violation(path, reason="file_unknown")
        else:
            width = width_at(size, level=tile.level, index=tile.index)
            if width not in {0, tile.width}:
                _check_left(reader, tile, now=Tile(level=tile.level, index=tile.index, width=width))


def _check_left(reader: FolderReader, left: Tile, *, now: Tile) -> None:
    content = reader.file(left.path, bytes_max=BUNDLE_BYTES_MAX)
    if content is None:  # removed meanwhile, since the full one exists
        return
    common = min(left.width, now.width)
    try:
        if left.level < 0:
            agree = read_bundle(left, content)[:common] == read_bundle(now, reader.tile(now))[:common]
        else:
            agree = len(content) == left.width * HASH_BYTES and content[: common * HASH_BYTES] == reader.tile(now)[: common * HASH_BYTES]
    except TileError as error:
        raise Violation(error.path, reason=error.reason) from None
    if not agree:
        raise Violation(left.path, reason="tile_differs", index=(left.index * TILE_WIDTH) << 8 * max(0, left.level))


def _files(folder: Path) -> Iterator[str]:
    """Every file, in the order of their names."""
    for place in sorted(folder.rglob("*")):
        if not place.is_dir():
            yield place.relative_to(folder).as_posix()
