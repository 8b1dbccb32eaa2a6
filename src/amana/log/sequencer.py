"""The order of the steps by which entries come under a signed checkpoint; see `writer.md` for why it holds.

Every process that writes to the log has one. What is on disk is the truth: each batch first sees whether another process has written,
and after any failure everything is read again. Opening, a failed batch and another process's crash are mended by the same lines.
"""

import fcntl
import os
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from pathlib import Path
from threading import Lock
from typing import Protocol, final

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.durable import sync
from amana.log.edge import Edge, read_edge
from amana.log.folder import LogFolder
from amana.log.journal import Journal, JournalGapError
from amana.log.note import NOTE_BYTES_MAX, Note, NoteError, Signature, read_note
from amana.log.quorum import NONE, LogKey, Policy, check_note, policy_of
from amana.log.read import ARCHIVE, CHECKPOINT, KEY_FILE, POLICY_FILE, FolderReader
from amana.log.signer import KEY, Signer
from amana.log.tiles import TILE_WIDTH, Tile, TileError, read_bundle, subtrees, width_at
from amana.log.tree import Hash, consistency_proof
from amana.terms.refusal import Refusal

LOG, KEYS, JOURNAL, LOCK, PARTS = "log", "keys", "log.journal", "log.lock", "log.parts"
BEGINS = 0o700


@final
@dataclass(slots=True, kw_only=True)
class Wanted:
    """Entries that somebody waits for. `since`: the one entry is not added where the same bytes stand at that index or after it.

    `first`: the index of the first, once they are numbered.
    """

    entries: tuple[bytes, ...]
    since: int | None = None
    first: int = -1


class Cosign(Protocol):
    """Asks witnesses. `witnesses.Witnesses.cosign` is one."""

    def __call__(self, note: Note, proofs: Callable[[int], Sequence[Hash]], /) -> Sequence[Signature]:
        """Their signatures under this log's checkpoint, enough of them. `proofs`: of a smaller size, that the tree extends that one.

        Errors: any, when too few have signed; then the checkpoint is not published.
        """
        ...


@final
class Sequencer:
    """`folder`: the node's data folder. `policy`: the witnesses and the quorum to publish; the log's own keys are added.

    Not for several threads: only `alone` may be entered by several.
    """

    def __init__(
        self, folder: Path, *, origin: str, now: Callable[[], datetime], cosign: Cosign | None = None, policy: Policy | None = None
    ) -> None:
        self._folder, self._origin, self._now, self._cosign = folder, origin, now, cosign
        self._witnesses = Policy() if policy is None else policy
        self._log, self._reader = LogFolder(folder / LOG, parts=folder / PARTS), FolderReader(folder / LOG)
        self.signer = Signer(folder / KEYS, origin=origin, now=now)
        self._journal = Journal(folder / JOURNAL)
        self._edge: Edge | None = None
        """None when the disk must be read again."""
        self._pending: list[bytes] = []
        """Entries of the journal that no checkpoint covers."""
        self._replaced = list[Tile]()
        self._last: bytes | None = None
        """The checkpoint that the edge belongs to."""
        self._known: tuple[bytes, Note, Checkpoint] | None = None
        """The checkpoint that was read last, as its file and as what it says."""
        self._turn = Lock()
        self._lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)

    @contextmanager
    def alone(self) -> Generator[None]:
        """The only writer, among threads and processes."""
        with self._turn:
            fcntl.flock(self._lock, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._lock, fcntl.LOCK_UN)

    def open(self) -> None:
        """Make what is not there, see that all of it is true, and say whose log it is. Errors: Refusal, OSError."""
        with self.alone():
            (self._folder / KEYS).mkdir(mode=BEGINS, exist_ok=True)
            sync(self._folder)
            if not (self._folder / KEYS / KEY).exists() and (self._log.root / CHECKPOINT).exists():
                raise Refusal("keys.missing", file=str(self._folder / KEYS / KEY))
            self._log.open()
            self.signer.open()
            self._load()
            self.introduce()
            self._log.sweep()

    def publish(self, wanted: Sequence[Wanted]) -> None:
        """Bring these entries, and those that are pending, under a published checkpoint; gives each its index. Told in `writer.md`.

        Errors: any; nothing is acknowledged then, and what is in the journal is published by the next call or the next opening.
        """
        with self.alone():
            try:
                self._publish(wanted)
            except BaseException:
                self._edge = None  # what is in memory may be ahead of the disk
                raise

    def _publish(self, wanted: Sequence[Wanted]) -> None:
        # Another process, or a failure, may have changed what is on disk. `_load` reads all of it, and gives what is pending.
        if self._edge is None or not self._journal.is_as_known or self._reader.file(CHECKPOINT, bytes_max=NOTE_BYTES_MAX) != self._last:
            self._load()
        edge, pending = self._edge, self._pending
        assert edge is not None
        entries = self._number(wanted, edge)
        if not entries and not pending:
            return
        if self._journal.is_long and not pending:
            self._journal.begin(start=edge.size)
        # 1. The entries, privately. A crash before leaves nothing of them; within, a torn record, which is cut off; after, they are
        # pending, and published under these very indices: no other batch can be numbered before `_load` has found them.
        if entries:
            self._journal.append(entries, start=edge.size + len(pending))
        # 2. Bundles and tiles. A crash leaves tiles of a larger tree than the checkpoint's, which nobody asks for; the next publication
        # writes them again.
        before = edge.size
        tiles = edge.grow([*pending, *entries])
        self._log.put([(tile.path, content) for tile, content in tiles])
        # 3. The signer's record, then the signature. A crash between them leaves a promise to sign no other tree. This one can be made
        # again, for all of it is on disk: it will be signed, alone or extended.
        checkpoint = Checkpoint(origin=self._origin, size=edge.size, root=edge.root)
        note = self._sign(checkpoint, edge, tiles)
        # 4. The last checkpoint of a day that is over. A crash leaves it archived while it is still the present one.
        now = self._now()
        self._archive(now)
        # 5. The checkpoint. A crash before leaves the earlier one, and the entries pending; after, they are public, though nobody was told.
        self._log.put([(CHECKPOINT, note.content)], time_s=now.timestamp())
        self._pending, self._last = [], note.content
        full = (tile for tile, _ in tiles if tile.width == TILE_WIDTH)
        self._replaced += [tile for tile in full if width_at(before, level=tile.level, index=tile.index)]

    def tidy(self) -> None:
        """6. Remove the partial tiles that a full one has replaced; nobody writes there again, and nobody waits for it.

        What a crash leaves of them is swept at the next opening.
        """
        while self._replaced:
            self._log.remove_partials(self._replaced.pop())

    def _sign(self, checkpoint: Checkpoint, edge: Edge, tiles: Sequence[tuple[Tile, bytes]]) -> Note:
        """The checkpoint with its signatures, those of the witnesses too. Errors: Refusal; whatever `cosign` raises."""
        memory = edge.tiles() | {(tile.level, tile.index): content for tile, content in tiles if tile.level >= 0}
        subtree = subtrees(_Overlay(memory, self._reader), size=checkpoint.size)

        def proofs(old: int) -> tuple[Hash, ...]:
            return consistency_proof(subtree, old=old, size=checkpoint.size)

        last = self.signer.signed().size
        note = self.signer.sign(checkpoint, proof=proofs(last) if 0 < last <= checkpoint.size else ())
        try:
            if self._cosign is not None:
                note = Note(text=note.text, signatures=(*note.signatures, *self._cosign(note, proofs)))
            if self._witnesses.quorum != NONE:
                check_note(note, self.policy)
        except Exception as error:
            raise Refusal("log.no_quorum") from error
        return note

    def _load(self) -> None:
        """Read the tree from disk, and the pending entries; refuse what is not what was signed. Errors: Refusal, OSError."""
        self._edge = None
        self._log.open()
        published = self.published()
        size = 0 if published is None else published[1].size
        edge = self._read_edge(size)
        if published is not None and edge.root != published[1].root:
            raise Refusal("log.damaged", file=str(self._log.root / CHECKPOINT))
        signed = self.signer.signed()
        try:
            pending, in_order = self._journal.load(size)
        except JournalGapError:
            self._check_signed(signed, edge=edge, pending=())
            raise Refusal("log.damaged", file=str(self._folder / JOURNAL)) from None
        self._check_signed(signed, edge=edge, pending=pending)
        if not in_order:
            self._journal.begin(pending, start=size)
        self._edge, self._pending, self._last = edge, pending, None if published is None else published[0].content

    def _read_edge(self, size: int) -> Edge:
        """Errors: Refusal log.damaged, OSError."""
        try:
            return read_edge(self._reader, size=size)
        except TileError as error:
            raise Refusal("log.damaged", file=str(self._log.root / error.path)) from None

    def _check_signed(self, signed: Checkpoint, *, edge: Edge, pending: Sequence[bytes]) -> None:
        """Return if the tree on disk, with what is pending, holds the tree that was signed last. Errors: Refusal."""
        if signed.size > edge.size + len(pending):
            raise Refusal("log.older_than_signed", size=edge.size + len(pending), signed=signed.size)
        if 0 < edge.size <= signed.size or edge.size < signed.size:  # else the signer itself wants a proof before it signs again
            same = edge.copy()
            same.grow(pending[: signed.size - edge.size])
            if same.root != signed.root:
                raise Refusal("log.other_than_signed", size=signed.size, signed=signed.size)

    def _number(self, wanted: Sequence[Wanted], edge: Edge) -> list[bytes]:
        """Give each its index; the entries that are new."""
        begun, new = edge.size + len(self._pending), list[bytes]()
        for each in wanted:
            each.first = begun + len(new)
            if each.since is not None:
                (entry,) = each.entries
                standing = chain(self.entries(each.since, edge.size, size=edge.size), self._pending, new)
                found = next((index for index, other in enumerate(standing, start=each.since) if other == entry), None)
                if found is not None:
                    each.first = found
                    continue
            new += each.entries
        return new

    def _archive(self, now: datetime) -> None:
        """Keep the checkpoint of an earlier day, UTC. Its day is that of its file: a copy that was put back counts on the day it was."""
        try:
            written_s = (self._log.root / CHECKPOINT).stat().st_mtime
        except FileNotFoundError:
            return
        day = datetime.fromtimestamp(written_s, UTC).date()
        if day < now.astimezone(UTC).date():
            content = (self._log.root / CHECKPOINT).read_bytes()
            self._log.put([(f"{ARCHIVE}/{day.isoformat()}", content)], time_s=written_s)

    @property
    def policy(self) -> Policy:
        """What a reader of this log needs to know: all its keys, its witnesses, and the quorum."""
        others = self._witnesses
        keys = tuple(LogKey(key=key) for key in self.signer.verifiers)
        return Policy(logs=keys, witnesses=others.witnesses, groups=others.groups, quorum=others.quorum)

    def introduce(self) -> None:
        """Write the log's key and its policy where they are missing or others. The caller is `alone`. Errors: OSError."""
        for path, text in ((KEY_FILE, f"{self.signer.verifiers[0].text}\n"), (POLICY_FILE, self.policy.text)):
            if self._reader.file(path, bytes_max=NOTE_BYTES_MAX) != text.encode():
                self._log.put([(path, text.encode())])

    def published(self) -> tuple[Note, Checkpoint] | None:
        """The present checkpoint; None before the first. Errors: Refusal log.damaged where it is none of this log's; OSError."""
        content = self._reader.file(CHECKPOINT, bytes_max=NOTE_BYTES_MAX)
        if content is None:
            return None
        known = self._known
        if known is None or known[0] != content:
            try:
                note = read_note(content)
                check_note(note, policy_of(*self.signer.verifiers))
                known = content, note, read_checkpoint(note.text)
            except NoteError:
                raise Refusal("log.damaged", file=str(self._log.root / CHECKPOINT)) from None
            self._known = known
        return known[1], known[2]

    def entries(self, start: int, stop: int, *, size: int) -> Iterator[bytes]:
        """The entries of those indexes, of a published tree of that size. Errors: TileError, OSError."""
        while start < min(stop, size):
            index, begun = divmod(start, TILE_WIDTH)
            tile = Tile(level=-1, index=index, width=width_at(size, level=-1, index=index))
            yield from read_bundle(tile, self._reader.tile(tile))[begun : stop - index * TILE_WIDTH]
            start = (index + 1) * TILE_WIDTH

    def close(self) -> None:
        """Give the files back."""
        self._journal.close()
        os.close(self._lock)


@final
class _Overlay:
    """Tiles of hashes in memory before those on disk."""

    def __init__(self, memory: dict[tuple[int, int], bytes], reader: FolderReader) -> None:
        self._memory, self._reader = memory, reader

    def tile(self, tile: Tile) -> bytes:
        """See `tiles.Tiles`."""
        found = self._memory.get((tile.level, tile.index))
        return self._reader.tile(tile) if found is None else found
