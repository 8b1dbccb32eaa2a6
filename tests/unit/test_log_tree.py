"""The Merkle tree, against the definition in RFC 6962 and against proofs of a tree that others use as a reference."""

import hashlib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.log.tiles import Tile, TileError, read_bundle, read_path, subtrees, tiles_of, width_at, write_bundle
from amana.log.tree import (
    EMPTY_ROOT,
    Frontier,
    Hash,
    ProofError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    perfect_root,
    root_of,
    verify_consistency,
    verify_inclusion,
)

REFERENCE_LEAVES = [
    bytes.fromhex(leaf) for leaf in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f")
]
"""The leaves of the reference tree that certificate transparency logs test with."""
REFERENCE_ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def root_by_definition(leaves: Sequence[Hash]) -> Hash:
    """MTH of RFC 6962, section 2.1, over leaf hashes."""
    if len(leaves) < 2:
        return leaves[0] if leaves else EMPTY_ROOT
    half = 1 << (len(leaves) - 1).bit_length() - 1
    return node_hash(root_by_definition(leaves[:half]), root_by_definition(leaves[half:]))


def path_by_definition(at: int, leaves: Sequence[Hash]) -> list[Hash]:
    """PATH of RFC 6962, section 2.1.1."""
    if len(leaves) < 2:
        return []
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if at < half:
        return [*path_by_definition(at, leaves[:half]), root_by_definition(leaves[half:])]
    return [*path_by_definition(at - half, leaves[half:]), root_by_definition(leaves[:half])]


def subproof_by_definition(old: int, leaves: Sequence[Hash], whole: bool) -> list[Hash]:
    """SUBPROOF of RFC 6962, section 2.1.2."""
    if old == len(leaves):
        return [] if whole else [root_by_definition(leaves)]
    half = 1 << (len(leaves) - 1).bit_length() - 1
    if old <= half:
        return [*subproof_by_definition(old, leaves[:half], whole), root_by_definition(leaves[half:])]
    return [*subproof_by_definition(old - half, leaves[half:], False), root_by_definition(leaves[:half])]


class Memory:
    """The tiles of a tree, made from its leaves by what a tile is said to be."""

    def __init__(self, leaves: Sequence[Hash]) -> None:
        self.leaves = leaves

    def tile(self, tile: Tile) -> bytes:
        span = 256**tile.level
        begin = tile.index * 256 * span
        return b"".join(perfect_root(self.leaves[at : at + span]) for at in range(begin, begin + tile.width * span, span))


LEAVES = [leaf_hash(number.to_bytes(4, "big")) for number in range(1100)]


def test_the_roots_of_the_reference_tree() -> None:
    frontier = Frontier()
    assert frontier.root() == EMPTY_ROOT == hashlib.sha256(b"").digest()
    for leaf, root in zip(REFERENCE_LEAVES, REFERENCE_ROOTS, strict=True):
        frontier.add(leaf_hash(leaf))
        assert frontier.root().hex() == root


def test_the_published_proofs_of_the_reference_tree() -> None:
    leaves = [leaf_hash(leaf) for leaf in REFERENCE_LEAVES]
    tree = subtrees(Memory(leaves), size=8)
    assert [each.hex() for each in inclusion_proof(tree, index=0, size=8)] == [
        "96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7",
        "5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e",
        "6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4",
    ]
    assert [each.hex() for each in consistency_proof(tree, old=6, size=8)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


@given(size=st.integers(1, 1100), data=st.data())
def test_proofs_are_those_of_the_definition_and_verify(size: int, data: st.DataObject) -> None:
    leaves, tree = LEAVES[:size], subtrees(Memory(LEAVES[:size]), size=size)
    root = root_by_definition(leaves)
    assert root_of(tree, size=size) == root
    index = data.draw(st.integers(0, size - 1))
    proof = inclusion_proof(tree, index=index, size=size)
    assert list(proof) == path_by_definition(index, leaves)
    verify_inclusion(leaves[index], index=index, size=size, proof=proof, root=root)
    old = data.draw(st.integers(1, size))
    shown = consistency_proof(tree, old=old, size=size)
    assert list(shown) == subproof_by_definition(old, leaves, True)
    verify_consistency(old=old, old_root=root_by_definition(leaves[:old]), size=size, root=root, proof=shown)


@given(size=st.integers(2, 300), data=st.data())
def test_nothing_else_verifies(size: int, data: st.DataObject) -> None:
    leaves, tree = LEAVES[:size], subtrees(Memory(LEAVES[:size]), size=size)
    root, index = root_by_definition(leaves), data.draw(st.integers(0, size - 1))
    proof = list(inclusion_proof(tree, index=index, size=size))
    wrong = data.draw(st.integers(0, size - 1).filter(lambda other: other != index))
    for changed in ([*proof, root], proof[:-1], [*proof[:-1], Hash(bytes(32))]):
        with pytest.raises(ProofError):
            verify_inclusion(leaves[index], index=index, size=size, proof=changed, root=root)
    with pytest.raises(ProofError):
        verify_inclusion(leaves[wrong], index=index, size=size, proof=proof, root=root)
    with pytest.raises(ProofError):
        verify_inclusion(leaves[index], index=wrong, size=size, proof=proof, root=root)
    old = data.draw(st.integers(1, size - 1))
    was, shown = root_by_definition(leaves[:old]), list(consistency_proof(tree, old=old, size=size))
    for changed in ([*shown, root], shown[:-1], [*shown[:-1], Hash(bytes(32))], list(reversed(shown)) if len(set(shown)) > 1 else []):
        with pytest.raises(ProofError):
            verify_consistency(old=old, old_root=was, size=size, root=root, proof=changed)
    with pytest.raises(ProofError):
        verify_consistency(old=old, old_root=root, size=size, root=root, proof=shown)


def test_a_proof_from_size_zero_is_refused() -> None:
    with pytest.raises(ProofError, match="size_not_provable"):
        verify_consistency(old=0, old_root=EMPTY_ROOT, size=8, root=Hash(bytes.fromhex(REFERENCE_ROOTS[7])), proof=())
    with pytest.raises(ProofError, match="size_not_provable"):
        verify_consistency(old=0, old_root=EMPTY_ROOT, size=0, root=EMPTY_ROOT, proof=())
    with pytest.raises(ValueError, match="0, 8"):
        consistency_proof(subtrees(Memory(LEAVES[:8]), size=8), old=0, size=8)


@given(counts=st.lists(st.integers(0, 8), max_size=40))
def test_a_frontier_grows_by_subtrees_as_by_leaves(counts: list[int]) -> None:
    by_leaf, by_subtree = Frontier(), Frontier()
    for height in counts:
        if by_leaf.size % (1 << height) or by_leaf.size + (1 << height) > len(LEAVES):
            continue
        some = LEAVES[by_leaf.size : by_leaf.size + (1 << height)]
        by_subtree.add_subtree(perfect_root(some), height=height)
        for leaf in some:
            by_leaf.add(leaf)
        assert by_leaf.root() == by_subtree.root() == root_by_definition(LEAVES[: by_leaf.size])


def test_paths_of_tiles_are_those_of_the_specification() -> None:
    assert Tile(level=0, index=1234067).path == "tile/0/x001/x234/067"
    assert Tile(level=-1, index=0, width=7).path == "tile/entries/000.p/7"
    assert Tile(level=2, index=1000, width=255).path == "tile/2/x001/000.p/255"
    assert {str(each.path) for each in tiles_of(70_000) if each.width < 256} == {
        "tile/entries/273.p/112", "tile/0/273.p/112", "tile/1/001.p/17", "tile/2/000.p/1",
    }  # fmt: skip
    assert [each.path for each in tiles_of(256)] == ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]
    assert sum(each.level == 0 and each.width == 256 for each in tiles_of(70_000)) == 273
    assert not list(tiles_of(0)) and width_at(256, level=0, index=1) == 0


@given(st.one_of(st.from_regex(r"tile/(entries|\d\d?)/(x\d{3}/){0,2}\d{3}(\.p/\d{1,3})?", fullmatch=True), st.text(max_size=30)))
def test_a_path_is_read_only_if_it_is_the_one_way_to_write_it(path: str) -> None:
    found = read_path(path)
    assert found is None or found.path == path


def test_other_paths_than_those_of_tiles_are_not_read() -> None:
    for path in (
        "tile/00/000",
        "tile/0/x000/001",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/8/000",
        "tile/0/001/000",
        "tile/0/../000",
        "/tile/0/000",
        "tile/0/٠٠٠",
    ):
        assert read_path(path) is None, path


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_a_bundle_gives_its_entries_back(entries: list[bytes]) -> None:
    content, tile = write_bundle(entries), Tile(level=-1, index=0, width=len(entries))
    assert read_bundle(tile, content) == entries
    for changed in (content[:-1], content + b"\0", content + b"\0\0"):
        with pytest.raises(TileError):
            read_bundle(tile, changed)
