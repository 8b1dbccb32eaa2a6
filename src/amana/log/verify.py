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
from amana.log.documents import read_document
from amana.log.history import History, HistoryError
from amana.log.note import Note, VerifierKey
from amana.log.published import archived, archived_days, check_folder, check_keys, signed_checkpoint
from amana.log.quorum import Checked, LogKey, Policy
from amana.log.read import ARCHIVE, CHECKPOINT, LogReader
from amana.log.spent import Total
from amana.log.tiles import TILE_WIDTH, Tile, TileError, Tiles, read_bundle, read_hashes, subtrees, width_at
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
Told = Callable[[int, bytes], None]
"""(index, entry), of each entry that was found right so far: what comes after it may still be wrong."""


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
    missing: tuple[str, ...]
    """Days of entries whose last checkpoint is not archived: nobody can compare any more what was said then, and nothing else is wrong."""
    totals: tuple[Total, ...]
    latest: str
    documents_missing: tuple[str, ...]
    """Digests of documents that entries name and this copy of the log lacks: nobody can read them here, and nothing else is wrong."""
    hour_back: int | None
    """The first entry whose hour is more than a day before one that stands before it, if any: a clock was wrong."""


@final
class Replay:
    """A log verified up to some size. Memory: the unfinished tiles and what `History` keeps; not the log."""

    def __init__(self, reader: LogReader, *, policy: Policy, tell: Told | None = None) -> None:
        self._reader, self._policy, self._tell = reader, policy, tell
        self.tower = Tower()
        self._goal = Checkpoint(origin="", size=0, root=EMPTY_ROOT)
        self.history = History()
        self._archived: dict[str, None] = {}
        self._missing: dict[str, None] = {}
        self._documents = set[str]()
        """Of those that entries name, the ones that were read and are what they name."""
        self._uncompared = list[tuple[Tile, bytes]]()
        """Full tiles, made again and not yet compared with the published ones."""

    def advance(self, *, since: Checkpoint | None, progress: Progress) -> Verified:
        """Verify on to the checkpoint that is published now. Errors: Violation; OSError when the log cannot be read.

        After a violation, this value is good for nothing more.
        """
        note, checkpoint, checked = signed_checkpoint(self._reader, policy=self._policy)
        if checkpoint.size < self.tower.size:
            raise Violation(CHECKPOINT, reason="rollback")
        self._goal = checkpoint
        self._compare_full()
        while self.tower.size < checkpoint.size:
            self._next()
            self._compare_full()
            progress(self.tower.size, checkpoint.size)
        for tile, content in self.tower.open_tiles():
            self._compare(tile, content)
        if self.tower.root() != checkpoint.root:
            raise Violation(CHECKPOINT, reason="root_differs")
        self._check_opened()
        if since is not None:
            self.check_beginning(since, checkpoint, path="")
        self._check_published(note, checkpoint, checked)
        for digest in self.history.documents:
            if digest not in self._documents and read_document(self._reader, digest=digest) is not None:
                self._documents.add(digest)
        return Verified(
            checkpoint=checkpoint,
            note=note,
            checked=checked,
            keys=tuple(self.history.keys),
            archived=tuple(self._archived),
            missing=tuple(day for day in self._missing if day not in self._archived),
            totals=self.history.spent.totals(),
            latest=self.history.latest,
            documents_missing=tuple(digest for digest in self.history.documents if digest not in self._documents),
            hour_back=self.history.hour_back,
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
        first = self.tower.size
        index, known = divmod(first, TILE_WIDTH)
        tile = self._bundle(first)
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
        if wrong is not None:
            raise Violation(wrong.path, reason=wrong.reason, index=wrong.index)
        if self._tell is not None:
            for index_of, entry in enumerate(entries[known:], start=first):
                self._tell(index_of, entry)
        self._uncompared += self.tower.add(leaves[known:])

    def _wrong_leaf(self, leaves: list[Hash], *, index: int) -> Violation | None:
        """The first of these leaves that is not as the published tile has it, and whether entry or tile is to blame.

        The signed root decides: where it follows from the entries of this tile, the published hashes are to blame.
        Errors: Violation for a tile that cannot be read.
        """
        tile = Tile(level=0, index=index, width=len(leaves))
        published = self._tile(tile)
        if published == b"".join(leaves):
            return None
        place = _differing(leaves, read_hashes(tile, published))
        at = index * TILE_WIDTH + place
        if self._included(leaves[place], index=at, tiles=_Instead(self._reader, tile, b"".join(leaves))):
            return Violation(tile.path, reason="tile_differs", index=at)
        return Violation(self._bundle(at).path, reason="entry_differs", index=at)

    def _included(self, leaf: Hash, *, index: int, tiles: Tiles) -> bool:
        """Whether those tiles lead from that leaf to the signed root."""
        size = self._goal.size
        try:
            proof = inclusion_proof(subtrees(tiles, size=size), index=index, size=size)
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

    def _compare_full(self) -> None:
        """One by one, so that none is left out where a look ends in the middle. Errors: Violation, OSError."""
        while self._uncompared:
            self._compare(*self._uncompared[0])
            del self._uncompared[0]

    def _tile(self, tile: Tile) -> bytes:
        try:
            published = self._reader.tile(tile)
        except TileError as error:
            raise Violation(error.path, reason=error.reason) from None
        if len(published) != tile.width * HASH_BYTES:
            raise Violation(tile.path, reason="width")
        return published

    def _check_opened(self) -> None:
        """What was disclosed, now that every tile is known to be right. Errors: Violation, OSError."""
        try:
            self.history.check_opened(self._entry_at)
        except HistoryError as error:
            raise Violation(self._bundle(error.index).path, reason=error.reason, index=error.index) from None
        except TileError as error:
            raise Violation(error.path, reason=error.reason) from None

    def _entry_at(self, index: int) -> bytes:
        """An entry verified before: read again, so proved again. Errors: TileError, OSError."""
        tile = self._bundle(index)
        entry = read_bundle(tile, self._reader.tile(tile))[index % TILE_WIDTH]
        if not self._included(leaf_hash(entry), index=index, tiles=self._reader):
            raise TileError(tile.path, reason="entry_differs")
        return entry

    def _bundle(self, index: int) -> Tile:
        place = index // TILE_WIDTH
        return Tile(level=-1, index=place, width=width_at(self._goal.size, level=-1, index=place))

    def _check_published(self, note: Note, checkpoint: Checkpoint, checked: Checked) -> None:
        """The files beside the tiles."""
        check_keys(self._reader, note=note, checked=checked, keys=self.history.keys)
        last, days = self.history.latest[:10], self.history.days
        # The tree that was just verified names the keys of its past: a reader who knows the present one need not know them.
        trusted = {each.key for each in self._policy.logs}
        past = tuple(LogKey(key=key) for key in self.history.keys if key not in trusted)
        known = Policy(logs=(*self._policy.logs, *past))
        for day in sorted({*days, *archived_days(self._reader)} - self._archived.keys()):
            earlier = archived(self._reader, day=day, policy=known)
            # What is decided late on a day, or waits for witnesses, is published on the next one: a day may have had no checkpoint.
            if earlier is None and day < last and days[day] < f"{day}T23Z":
                self._missing |= {day: None}
            # The day that still runs may have been archived since the checkpoint was read.
            if earlier is not None and (day < last or earlier.size <= checkpoint.size):
                self.check_beginning(earlier, checkpoint, path=f"{ARCHIVE}/{day}")
                self._archived |= {day: None} if day < last else {}
        check_folder(self._reader, size=checkpoint.size)


def verify(reader: LogReader, *, policy: Policy, since: Checkpoint | None, progress: Progress) -> Verified:
    """The log, read from its first byte to its last. `since`: a checkpoint of it that the reader has kept.

    Errors: Violation for the first thing that is wrong; OSError when the log cannot be read.
    """
    return Replay(reader, policy=policy).advance(since=since, progress=progress)


def _differing(left: list[Hash] | tuple[Hash, ...], right: list[Hash] | tuple[Hash, ...]) -> int:
    return next((at for at, (one, other) in enumerate(zip(left, right, strict=False)) if one != other), min(len(left), len(right)))


@final
class _Instead:
    """The tiles of a reader, one of them replaced by what the entries say."""

    def __init__(self, reader: LogReader, replaced: Tile, content: bytes) -> None:
        self._reader, self._replaced, self._content = reader, replaced, content

    def tile(self, tile: Tile) -> bytes:
        """See `tiles.Tiles`."""
        return self._content if tile == self._replaced else self._reader.tile(tile)
