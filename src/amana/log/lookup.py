"""One entry of a log, and the proof that it stands there: for receipts, and for whoever asks over HTTP."""

from amana.log.checkpoint import read_checkpoint
from amana.log.note import NOTE_BYTES_MAX, Note, NoteError, read_note
from amana.log.proof import TlogProof
from amana.log.read import CHECKPOINT, LogReader
from amana.log.tiles import TILE_WIDTH, Tile, TileError, read_bundle, subtrees, width_at
from amana.log.tree import inclusion_proof


def latest(reader: LogReader) -> Note:
    """The published checkpoint. Nothing is checked. Errors: TileError where there is none, OSError."""
    content = reader.file(CHECKPOINT, bytes_max=NOTE_BYTES_MAX)
    try:
        if content is not None:
            return read_note(content)
    except NoteError as error:
        raise TileError(CHECKPOINT, reason=error.reason) from None
    raise TileError(CHECKPOINT, reason="missing")


def entry_at(reader: LogReader, *, index: int, size: int) -> bytes:
    """The entry of that index in the tree of that size. Errors: TileError, OSError."""
    assert 0 <= index < size
    place, at = divmod(index, TILE_WIDTH)
    tile = Tile(level=-1, index=place, width=width_at(size, level=-1, index=place))
    return read_bundle(tile, reader.tile(tile))[at]


def prove(reader: LogReader, *, index: int) -> tuple[bytes, TlogProof] | None:
    """An entry, and the proof that it stands under the published checkpoint; None where the log is not so long.

    Nothing is checked: whoever relies on it checks it (`proof.check_proof`). Errors: TileError, OSError.
    """
    note = latest(reader)
    try:
        size = read_checkpoint(note.text).size
    except NoteError as error:
        raise TileError(CHECKPOINT, reason=error.reason) from None
    if not 0 <= index < size:
        return None
    entry = entry_at(reader, index=index, size=size)
    return entry, TlogProof(index=index, hashes=inclusion_proof(subtrees(reader, size=size), index=index, size=size), checkpoint=note)
