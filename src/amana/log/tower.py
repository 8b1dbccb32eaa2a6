"""Every tile of a growing tree, made again from its leaves. Memory: the unfinished tile of each level, whatever the log's length."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import final

from amana.log.tiles import LEVELS_MAX, TILE_HEIGHT, TILE_WIDTH, Tile
from amana.log.tree import Frontier, Hash


@final
class Tower:
    """A tree that grows to the right by leaves, and gives each tile once it is full."""

    def __init__(self) -> None:
        self.size = 0
        self._levels = tuple(list[Hash]() for _ in range(LEVELS_MAX))

    @property
    def open_leaves(self) -> tuple[Hash, ...]:
        """The leaves of the unfinished tile of level 0."""
        return tuple(self._levels[0])

    def add(self, leaves: Sequence[Hash]) -> Iterator[tuple[Tile, bytes]]:
        """Take in leaves, all in one tile, and give the tiles that are full by them, the lowest first. To be read to its end."""
        level, rising = 0, leaves
        assert len(self._levels[0]) + len(leaves) <= TILE_WIDTH
        self.size += len(leaves)
        while True:
            held = self._levels[level]
            held += rising
            if len(held) < TILE_WIDTH:
                return
            yield Tile(level=level, index=(self.size >> TILE_HEIGHT * (level + 1)) - 1), b"".join(held)
            rising = (_root(held),)
            held.clear()
            level += 1

    def open_tiles(self) -> Iterator[tuple[Tile, bytes]]:
        """The unfinished tiles of the tree as it is."""
        for level, held in enumerate(self._levels):
            if held:
                yield Tile(level=level, index=self.size >> TILE_HEIGHT * (level + 1), width=len(held)), b"".join(held)

    def root(self) -> Hash:
        """The root of the tree of this size."""
        frontier = Frontier()
        for level in range(LEVELS_MAX - 1, -1, -1):
            for each in self._levels[level]:
                frontier.add_subtree(each, height=TILE_HEIGHT * level)
        assert frontier.size == self.size
        return frontier.root()


def _root(hashes: Sequence[bytes]) -> Hash:
    """`tree.perfect_root`, with nothing between it and the hash function: half of the time of a verification is spent here."""
    sha256, level = hashlib.sha256, hashes
    while len(level) > 1:
        level = [sha256(b"\1" + left + right).digest() for left, right in zip(level[::2], level[1::2], strict=True)]
    return Hash(level[0])


def leaf_hashes(entries: Sequence[bytes]) -> list[Hash]:
    """`tree.leaf_hash` of many."""
    sha256 = hashlib.sha256
    return [Hash(sha256(b"\0" + entry).digest()) for entry in entries]
