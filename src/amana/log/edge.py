"""The right edge of a log's tree: all that must be known of it to add entries. What lies left of it never changes again."""

from collections.abc import Sequence
from typing import final

from amana.log.tiles import LEVELS_MAX, TILE_HEIGHT, TILE_WIDTH, Tile, TileError, Tiles, read_bundle, read_hashes, width_at, write_bundle
from amana.log.tree import Frontier, Hash, leaf_hash, perfect_root


@final
class Edge:
    """The incomplete tile of each level and of the entries, and the roots left of them. Memory: one bundle, and 8 kB a level."""

    def __init__(self, levels: Sequence[list[Hash]] = (), *, size: int = 0, bundle: bytes = b"") -> None:
        """`levels`: the hashes of the incomplete tile of each level, the leaves' first. `bundle`: the incomplete tile of the entries."""
        self._levels = [*levels, *([] for _ in range(LEVELS_MAX - len(levels)))]
        self._bundle = bytearray(bundle)
        self._frontier = Frontier(size, (root for hashes in reversed(self._levels) for root in _perfect(hashes)))

    @property
    def size(self) -> int:
        """Entries in the tree."""
        return self._frontier.size

    @property
    def root(self) -> Hash:
        """Of the tree of this size."""
        return self._frontier.root()

    def grow(self, entries: Sequence[bytes]) -> list[tuple[Tile, bytes]]:
        """Add the entries. Gives every tile that is new or wider than before: the entries' before the hashes, full before partial."""
        before = self.size
        bundles, tiles = list[tuple[Tile, bytes]](), list[tuple[Tile, bytes]]()
        for begun, entry in enumerate(entries, start=before + 1):
            self._bundle += write_bundle((entry,))
            leaf = leaf_hash(entry)
            self._frontier.add(leaf)
            self._levels[0].append(leaf)
            if begun % TILE_WIDTH == 0:
                bundles.append((Tile(level=-1, index=begun // TILE_WIDTH - 1), bytes(self._bundle)))
                self._bundle.clear()
                tiles += self._full(begun)
        if before != self.size:
            bundles += [(tile, bytes(self._bundle)) for tile in self._partial(-1)]
            for level, hashes in enumerate(self._levels):
                if self.size >> TILE_HEIGHT * level != before >> TILE_HEIGHT * level:
                    tiles += [(tile, b"".join(hashes)) for tile in self._partial(level)]
        return bundles + tiles

    def copy(self) -> "Edge":
        """Another one that grows by itself."""
        return Edge([list(hashes) for hashes in self._levels], size=self.size, bundle=bytes(self._bundle))

    def tiles(self) -> dict[tuple[int, int], bytes]:
        """The incomplete tiles of hashes, by level and index."""
        return {(tile.level, tile.index): b"".join(self._levels[level]) for level in range(LEVELS_MAX) for tile in self._partial(level)}

    def _full(self, size: int) -> list[tuple[Tile, bytes]]:
        """The tiles of hashes that the last of so many entries has made full."""
        found = list[tuple[Tile, bytes]]()
        for level, hashes in enumerate(self._levels):
            if len(hashes) < TILE_WIDTH:
                break
            found.append((Tile(level=level, index=(size >> TILE_HEIGHT * (level + 1)) - 1), b"".join(hashes)))
            self._levels[level + 1].append(perfect_root(hashes))
            self._levels[level] = []
        return found

    def _partial(self, level: int) -> list[Tile]:
        count = self.size >> TILE_HEIGHT * max(0, level)
        return [Tile(level=level, index=count // TILE_WIDTH, width=count % TILE_WIDTH)] if count % TILE_WIDTH else []


def read_edge(tiles: Tiles, *, size: int) -> Edge:
    """The edge of the tree of that size, from its tiles. Errors: TileError, OSError. The caller compares its root."""
    levels, bundle = list[list[Hash]](), b""
    for level in range(LEVELS_MAX):
        index = (size >> TILE_HEIGHT * level) // TILE_WIDTH
        width = width_at(size, level=level, index=index)
        tile = Tile(level=level, index=index, width=width or TILE_WIDTH)
        levels.append(read_hashes(tile, tiles.tile(tile)) if width else [])
    if levels[0]:
        tile = Tile(level=-1, index=size // TILE_WIDTH, width=len(levels[0]))
        bundle = tiles.tile(tile)
        if [leaf_hash(entry) for entry in read_bundle(tile, bundle)] != levels[0]:
            raise TileError(tile.path, reason="hash")
    return Edge(levels, size=size, bundle=bundle)


def _perfect(hashes: Sequence[Hash]) -> list[Hash]:
    """The roots of the perfect subtrees that so many hashes make up, the largest first."""
    roots, begun = list[Hash](), 0
    while begun < len(hashes):
        width = 1 << ((len(hashes) - begun).bit_length() - 1)
        roots.append(perfect_root(hashes[begun : begun + width]))
        begun += width
    return roots
