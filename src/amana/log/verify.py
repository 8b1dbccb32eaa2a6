"""Verifying a whole log: that it is what its key signed, in every byte, and that what it says adds up.

- Every tile is made again from the entries and compared with the published one; the root with the signed checkpoint.
- Every earlier checkpoint that is known (archived, or kept by the reader) is the beginning of this tree.
- Every entry is of its form, at its place, and within the budgets that the log itself promised (`history.py`).
The first thing that is wrong is named. A log that grows can be verified on from where it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import final

from amana.log.checkpoint import Checkpoint
from amana.log.history import History, HistoryError
from amana.log.note import Note, VerifierKey
from amana.log.published import archived, check_folder, check_keys, signed_checkpoint
from amana.log.quorum import Checked, Policy
from amana.log.read import ARCHIVE, CHECKPOINT, LogReader
from amana.log.spent import Total
from amana.log.tiles import TILE_WIDTH, Tile, TileError, read_bundle, read_hashes, subtrees, width_at
from amana.log.tower import Tower, leaf_hashes
from amana.log.tree import (
    EMPTY_ROOT,
    HASH_BYTES,
    Hash,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from amana.log.violation import Violation

Progress = Callable[[int, int], None]
"""(entries verified, entries in all), now and then."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """A log in which nothing was found wrong. `latest`: the hour of its last entry, or nothing."""

    checkpoint: Checkpoint
    note: Note
    checked: Checked
    keys: tuple[VerifierKey, ...]
    archived: tuple[str, ...]
    """Days whose last checkpoint is archived, and is the beginning of this tree."""
    totals: tuple[Total, ...]
    latest: str


@final
class Replay:
    """A log verified up to some size. Memory: the unfinished tiles and what `History` keeps; not the log."""

    def __init__(self, reader: LogReader, *, policy: Policy) -> None:
        self._reader, self._policy = reader, policy
        self.tower = Tower()
        self._goal = Checkpoint(origin="", size=0, root=EMPTY_ROOT)
        self.history = History(entry_at=self._entry_at)
        self._archived: dict[str, None] = {}

    def advance(self, *, since: Checkpoint | None, progress: Progress) -> Verified:
        """Verify on to the checkpoint that is published now. Errors: Violation; OSError when the log cannot be read.

        After a violation, this value is good for nothing more.
        """
        note, checkpoint, checked = signed_checkpoint(self._reader, policy=self._policy)
        if checkpoint.size < self.tower.size:
            raise Violation(CHECKPOINT, reason="rollback")
        self._goal = checkpoint
        while self.tower.size < checkpoint.size:
            self._next()
            progress(self.tower.size, checkpoint.size)
        for tile, content in self.tower.open_tiles():
            self._compare(tile, content)
        if self.tower.root() != checkpoint.root:
            raise Violation(CHECKPOINT, reason="root_differs")
        if since is not None:
            self.check_beginning(since, checkpoint, path="")
        self._check_published(checkpoint, checked)
        return Verified(
            checkpoint=checkpoint,
            note=note,
            checked=checked,
            keys=tuple(self.history.keys),
            archived=tuple(self._archived),
            totals=self.history.spent.totals(),
            latest=self.history.latest,
        )

    def check_beginning(self, earlier: Checkpoint, now: Checkpoint, *, path: str) -> None:
        """Return if the tree of an earlier checkpoint is the beginning of this one. `path`: of the earlier. Errors: Violation, OSError."""
        if earlier.origin != now.origin:
            raise Violation(path or CHECKPOINT, reason="origin_other")
        if earlier.size > now.size:
            raise Violation(CHECKPOINT, reason="rollback")
        if earlier.size == 0:
            return
        try:
            proof = consistency_proof(subtrees(self._reader, size=now.size), old=earlier.size, size=now.size)
            verify_consistency(old=earlier.size, old_root=earlier.root, size=now.size, root=now.root, proof=proof)
        except TileError as error:
            raise Violation(error.path, reason=error.reason) from None
        except ProofError:
            raise Violation(path or CHECKPOINT, reason="fork") from None

    def _next(self) -> None:
        """The rest of one bundle. Errors: Violation, OSError."""
        first, size = self.tower.size, self._goal.size
        index, known = divmod(first, TILE_WIDTH)
        tile = Tile(level=-1, index=index, width=width_at(size, level=-1, index=index))
        try:
            entries = read_bundle(tile, self._reader.tile(tile))
        except TileError as error:
            raise Violation(error.path, reason=error.reason, index=first) from None
        leaves = leaf_hashes(entries)
        if tuple(leaves[:known]) != self.tower.open_leaves:
            raise Violation(tile.path, reason="entry_differs", index=first - known + _differing(leaves, self.tower.open_leaves))
        wrong = self._wrong_leaf(leaves, index=index)
        try:
            # An entry of a wrong form before the first one that differs is the first wrong one.
            self.history.read(entries[known : len(entries) if wrong is None or wrong.index is None else wrong.index % TILE_WIDTH])
        except HistoryError as error:
            raise Violation(tile.path, reason=error.reason, index=error.index) from None
        except TileError as error:
            raise Violation(error.path, reason=error.reason) from None
        if wrong is not None:
            raise Violation(wrong.path, reason=wrong.reason, index=wrong.index)
        for full, content in self.tower.add(leaves[known:]):
            if full.level:
                self._compare(full, content)

    def _wrong_leaf(self, leaves: list[Hash], *, index: int) -> Violation | None:
        """The first of these leaves that is not as the published tile has it, and whether entry or tile is to blame.

        The signed root decides; where it agrees with neither, more than one thing is wrong, and the entry is named.
        Errors: Violation for a tile that cannot be read.
        """
        tile = Tile(level=0, index=index, width=len(leaves))
        published = self._tile(tile)
        if published == b"".join(leaves):
            return None
        place = _differing(leaves, read_hashes(tile, published))
        at = index * TILE_WIDTH + place
        if self._included(leaves[place], index=at):
            return Violation(tile.path, reason="tile_differs", index=at)
        return Violation(Tile(level=-1, index=index, width=len(leaves)).path, reason="entry_differs", index=at)

    def _included(self, leaf: Hash, *, index: int) -> bool:
        """Whether the published tiles lead from that leaf to the signed root."""
        size = self._goal.size
        try:
            proof = inclusion_proof(subtrees(self._reader, size=size), index=index, size=size)
            verify_inclusion(leaf, index=index, size=size, root=self._goal.root, proof=proof)
        except (ProofError, TileError):
            return False
        return True

    def _compare(self, tile: Tile, content: bytes) -> None:
        """Return if the published tile is this one. Errors: Violation."""
        if tile.level == 0 and tile.width == TILE_WIDTH:
            return  # compared leaf by leaf
        published = self._tile(tile)
        if published != content:
            place = next(
                at for at in range(tile.width) if published[at * HASH_BYTES :][:HASH_BYTES] != content[at * HASH_BYTES :][:HASH_BYTES]
            )
            raise Violation(tile.path, reason="tile_differs", index=(tile.index * TILE_WIDTH + place) << 8 * tile.level)

    def _tile(self, tile: Tile) -> bytes:
        try:
            published = self._reader.tile(tile)
        except TileError as error:
            raise Violation(error.path, reason=error.reason) from None
        if len(published) != tile.width * HASH_BYTES:
            raise Violation(tile.path, reason="width")
        return published

    def _entry_at(self, index: int) -> bytes:
        """An entry verified before: read again, so proved again. Errors: TileError, OSError."""
        place, at = divmod(index, TILE_WIDTH)
        tile = Tile(level=-1, index=place, width=width_at(self._goal.size, level=-1, index=place))
        entry = read_bundle(tile, self._reader.tile(tile))[at]
        if not self._included(leaf_hash(entry), index=index):
            raise TileError(tile.path, reason="entry_differs")
        return entry

    def _check_published(self, checkpoint: Checkpoint, checked: Checked) -> None:
        """The files beside the tiles."""
        check_keys(self._reader, checked=checked, keys=self.history.keys)
        last = self.history.latest[:10]
        for day in sorted(self.history.days):
            if day in self._archived:
                continue
            earlier = archived(self._reader, day=day, policy=self._policy)
            if earlier is None and day < last:
                raise Violation(f"{ARCHIVE}/{day}", reason="missing")
            # The day that still runs may have been archived since the checkpoint was read.
            if earlier is not None and (day < last or earlier.size <= checkpoint.size):
                self.check_beginning(earlier, checkpoint, path=f"{ARCHIVE}/{day}")
                self._archived |= {day: None} if day < last else {}
        check_folder(self._reader, size=checkpoint.size, days=self.history.days)


def verify(reader: LogReader, *, policy: Policy, since: Checkpoint | None, progress: Progress) -> Verified:
    """The log, read from its first byte to its last. `since`: a checkpoint of it that the reader has kept.

    Errors: Violation for the first thing that is wrong; OSError when the log cannot be read.
    """
    return Replay(reader, policy=policy).advance(since=since, progress=progress)


def _differing(left: list[Hash] | tuple[Hash, ...], right: list[Hash] | tuple[Hash, ...]) -> int:
    return next((at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right)))
