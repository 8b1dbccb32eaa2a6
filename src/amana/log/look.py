"""One entry of a log, with the proof that it stands there."""

import json
from dataclasses import dataclass
from typing import final

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.note import NOTE_BYTES_MAX, Note, NoteError, read_note
from amana.log.proof import TlogProof
from amana.log.read import CHECKPOINT, LogReader
from amana.log.tiles import TILE_WIDTH, Tile, TileError, read_bundle, subtrees, width_at
from amana.log.tree import ProofError, inclusion_proof, leaf_hash, verify_inclusion
from amana.log.violation import Violation


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """An entry, and its proof under the checkpoint that is published now."""

    entry: bytes
    proof: TlogProof

    @property
    def members(self) -> dict[str, object]:
        """What it says, without the padding."""
        found: dict[str, object] = json.loads(self.entry)
        return {name: value for name, value in found.items() if name != "pad"}


def published_now(reader: LogReader) -> tuple[Note, Checkpoint]:
    """The checkpoint of a log, whoever signed it. Errors: Violation, OSError."""
    content = reader.file(CHECKPOINT, bytes_max=NOTE_BYTES_MAX)
    if content is None:
        raise Violation(CHECKPOINT, reason="missing")
    try:
        note = read_note(content)
        return note, read_checkpoint(note.text)
    except NoteError as error:
        raise Violation(CHECKPOINT, reason=error.reason) from None


def entries_between(reader: LogReader, *, low: int, high: int, size: int) -> list[bytes]:
    """The entries low … high - 1 of a tree of that size, as its files hold them, unproved. Only their own bundles are read.

    Errors: Violation, OSError.
    """
    found = list[bytes]()
    low, high = max(0, low), min(high, size)
    for place in range(low // TILE_WIDTH, -(-high // TILE_WIDTH) if high > low else 0):
        tile = Tile(level=-1, index=place, width=width_at(size, level=-1, index=place))
        try:
            bundle = read_bundle(tile, reader.tile(tile))
        except TileError as error:
            raise Violation(error.path, reason=error.reason) from None
        begin = place * TILE_WIDTH
        found += bundle[max(0, low - begin) : high - begin]
    return found


def find_entry(reader: LogReader, *, index: int) -> Found | None:
    """The entry at that index, proved under the checkpoint of the log; None where the tree ends before.

    The signatures of the checkpoint are left to whoever relies on the proof. Errors: Violation, OSError.
    """
    note, checkpoint = published_now(reader)
    if not 0 <= index < checkpoint.size:
        return None
    place, at = divmod(index, TILE_WIDTH)
    tile = Tile(level=-1, index=place, width=width_at(checkpoint.size, level=-1, index=place))
    try:
        entry = read_bundle(tile, reader.tile(tile))[at]
        hashes = inclusion_proof(subtrees(reader, size=checkpoint.size), index=index, size=checkpoint.size)
        verify_inclusion(leaf_hash(entry), index=index, size=checkpoint.size, proof=hashes, root=checkpoint.root)
    except TileError as error:
        raise Violation(error.path, reason=error.reason, index=index) from None
    except ProofError:
        raise Violation(tile.path, reason="entry_differs", index=index) from None
    return Found(entry=entry, proof=TlogProof(index=index, hashes=hashes, checkpoint=note))
