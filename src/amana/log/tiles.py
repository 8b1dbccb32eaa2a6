"""Tiles: the hashes of a tree, and its entries, as files that never change. Source: c2sp.org/tlog-tiles."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol, final

from amana.log.tree import HASH_BYTES, Hash, Subtree, perfect_root

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
LEVELS_MAX = 8
"""Level 7 spans 2**64 entries."""
ENTRY_BYTES_MAX = 2**16 - 1
"""An entry's length stands before it in two bytes."""
_PATH = re.compile(r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*)([0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?")


@final
class TileError(Exception):
    """A tile is missing, or not what its name says. `path`: of the tile in the log's folder; `reason`: a word of the catalogue."""

    def __init__(self, path: str, *, reason: str) -> None:
        super().__init__(path, reason)
        self.path, self.reason = path, reason


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tile:
    """Where a tile stands. `level`: -1 for the entries themselves. `width`: hashes or entries in it, 1 to 256."""

    level: int
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """Its path in the log's folder."""
        return self.path_full if self.width == TILE_WIDTH else f"{self.path_full}.p/{self.width}"

    @property
    def path_full(self) -> str:
        """The path of the full tile at the same place."""
        digits, rest = f"{self.index % 1000:03d}", self.index // 1000
        while rest:
            digits, rest = f"x{rest % 1000:03d}/{digits}", rest // 1000
        return f"tile/{'entries' if self.level < 0 else self.level}/{digits}"


def read_path(path: str) -> Tile | None:
    """The tile of that path; None for anything that is not the one way to write a tile's path."""
    found = _PATH.fullmatch(path)
    if found is None:
        return None
    level, before, last, width = found.groups()
    index = int(before.replace("x", "").replace("/", "") + last)
    tile = Tile(level=-1 if level == "entries" else int(level), index=index, width=TILE_WIDTH if width is None else int(width))
    return tile if tile.path == path and tile.level < LEVELS_MAX else None


def width_at(size: int, *, level: int, index: int) -> int:
    """How many hashes that tile holds in a tree of that size: 0 where there is none. `level`: -1 for entries."""
    return max(0, min(TILE_WIDTH, (size >> TILE_HEIGHT * max(0, level)) - index * TILE_WIDTH))


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile of a tree of that size: those of the entries first, then level by level."""
    for level in range(-1, LEVELS_MAX):
        count = size >> TILE_HEIGHT * max(0, level)
        for index in range(-(-count // TILE_WIDTH)):
            yield Tile(level=level, index=index, width=width_at(size, level=level, index=index))


def write_bundle(entries: Sequence[bytes]) -> bytes:
    """The entries of one tile, each after its length."""
    assert all(len(entry) <= ENTRY_BYTES_MAX for entry in entries)
    return b"".join(part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry))


def read_bundle(tile: Tile, content: bytes) -> list[bytes]:
    """The entries of a tile. Errors: TileError when they are not as many as its width says, or do not end where they should."""
    entries, at, end = list[bytes](), 0, len(content)
    while at + 2 <= end:
        begin = at + 2
        at = begin + (content[at] << 8 | content[at + 1])
        entries.append(content[begin:at])
    if at != end or len(entries) != tile.width:
        raise TileError(tile.path, reason="width")
    return entries


def read_hashes(tile: Tile, content: bytes) -> list[Hash]:
    """The hashes of a tile. Errors: TileError."""
    if len(content) != tile.width * HASH_BYTES:
        raise TileError(tile.path, reason="width")
    return [Hash(content[at : at + HASH_BYTES]) for at in range(0, len(content), HASH_BYTES)]


class Tiles(Protocol):
    """Where tiles are read from."""

    def tile(self, tile: Tile) -> bytes:
        """Its content; where a partial tile is gone, the beginning of the full one. Errors: TileError."""
        ...


def subtrees(tiles: Tiles, *, size: int) -> Subtree:
    """The roots of perfect subtrees of the tree of that size, from its tiles: for proofs. A tile that a proof needs is read once.

    The hashes are as the tiles say; a proof made of them is checked against a signed root by whoever relies on it.
    Errors of what it gives: TileError.
    """
    known: dict[tuple[int, int], list[Hash]] = {}

    def subtree(height: int, index: int) -> Hash:
        level, above = divmod(height, TILE_HEIGHT)
        first = index << above
        place = (level, first // TILE_WIDTH)
        if place not in known:
            tile = Tile(level=place[0], index=place[1], width=width_at(size, level=place[0], index=place[1]))
            known[place] = read_hashes(tile, tiles.tile(tile))
        begin = first % TILE_WIDTH
        return perfect_root(known[place][begin : begin + (1 << above)])

    return subtree
