"""What tests of the log's writer share: a log over a folder, and a reader of that folder that recomputes everything from its files."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.note import Note, read_note, read_verifier_key
from amana.log.quorum import check_note, policy_of, read_policy
from amana.log.read import FolderReader
from amana.log.sequencer import Cosign, Sequencer
from amana.log.tiles import TILE_WIDTH, read_bundle, subtrees, tiles_of
from amana.log.tree import Frontier, consistency_proof, leaf_hash, perfect_root, verify_consistency
from amana.log.writer import TiledLog

ORIGIN = "log.example.org/clinic"


def now() -> datetime:
    return datetime.now(UTC)


def opened(folder: Path, *, cosign: Cosign | None = None, retry_s: float = 0.02) -> TiledLog:
    """A log that tries again quickly."""
    return TiledLog(folder, origin=ORIGIN, now=now, cosign=cosign, retry_s=retry_s)


def sequencer(folder: Path, *, cosign: Cosign | None = None) -> Sequencer:
    """What writes, without its thread."""
    made = Sequencer(folder, origin=ORIGIN, now=now, cosign=cosign)
    made.open()
    return made


def some(count: int, *, name: str = "entry", start: int = 0) -> list[bytes]:
    return [f"{name} {number}".encode() for number in range(start, start + count)]


def head(folder: Path) -> tuple[Note, Checkpoint] | None:
    """The published checkpoint, signed by the published key."""
    try:
        note = read_note((folder / "log" / "checkpoint").read_bytes())
    except FileNotFoundError:
        return None
    check_note(note, policy_of(read_verifier_key((folder / "log" / "log.vkey").read_text("utf-8"))))
    check_note(note, read_policy((folder / "log" / "policy").read_bytes()))
    return note, read_checkpoint(note.text)


def whole(folder: Path) -> list[bytes]:
    """The entries of the log in that folder, when its key signed exactly them and each of its tiles is what they make."""
    found = head(folder)
    size = 0 if found is None else found[1].size
    reader, frontier, entries = FolderReader(folder / "log"), Frontier(), list[bytes]()
    levels: list[list[bytes]] = []
    for tile in tiles_of(size):
        content = reader.tile(tile)
        if tile.level < 0:
            entries += read_bundle(tile, content)
            continue
        while len(levels) <= tile.level:
            below = [leaf_hash(entry) for entry in entries] if not levels else levels[-1]
            full = len(below) - len(below) % TILE_WIDTH
            hashes = below if not levels else [perfect_root(below[at : at + TILE_WIDTH]) for at in range(0, full, TILE_WIDTH)]
            levels.append(list(hashes))
        begun = tile.index * TILE_WIDTH
        assert content == b"".join(levels[tile.level][begun : begun + tile.width]), tile.path
    for entry in entries:
        frontier.add(leaf_hash(entry))
    assert len(entries) == size and (found is None or frontier.root() == found[1].root)
    return entries


def assert_one_history(folder: Path, seen: Iterable[Checkpoint]) -> None:
    """No two of these trees disagree, nor any of them with the one that is published: each is proven the beginning of the next."""
    ends = head(folder)
    each = {(one.size, one.root): one for one in seen if one.size}
    if ends is not None:
        each[ends[1].size, ends[1].root] = ends[1]
    ordered = sorted(each.values(), key=lambda one: one.size)
    for old, new in zip(ordered, ordered[1:], strict=False):
        subtree = subtrees(FolderReader(folder / "log"), size=new.size)
        proof = consistency_proof(subtree, old=old.size, size=new.size)
        verify_consistency(old=old.size, old_root=old.root, size=new.size, root=new.root, proof=proof)


def signed(folder: Path) -> Checkpoint:
    """The signer's own record."""
    text = (folder / "keys" / "log.signed").read_text("utf-8")
    return read_checkpoint("\n".join(text.splitlines()[:3]) + "\n")


def files(folder: Path) -> Sequence[str]:
    """Every file of what is published, by its path."""
    return sorted(path.relative_to(folder / "log").as_posix() for path in (folder / "log").rglob("*") if path.is_file())
