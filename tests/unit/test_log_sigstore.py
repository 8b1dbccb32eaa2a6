"""The Merkle code of sigstore-python, written for another log, accepts our proofs and refuses what they do not prove."""

from types import SimpleNamespace
from typing import Any

import pytest

from amana.log.tiles import Tile, subtrees
from amana.log.tower import Tower, leaf_hashes
from amana.log.tree import Hash, inclusion_proof
from tests.unit.test_log_tree import Memory

merkle = pytest.importorskip("sigstore._internal.merkle", reason="needs sigstore")
SIZES = (1, 2, 3, 255, 256, 257, 600)
ENTRIES = [f"entry {number}".encode() for number in range(max(SIZES))]


def entry_of(index: int, *, size: int, body: bytes, root: bytes, hashes: tuple[Hash, ...]) -> Any:
    proof = SimpleNamespace(log_index=index, tree_size=size, hashes=list(hashes), root_hash=root)
    return SimpleNamespace(_inner=SimpleNamespace(inclusion_proof=proof, canonicalized_body=body))


def root_of_tower(size: int) -> Hash:
    tower = Tower()
    for begin in range(0, size, 256):
        assert all(isinstance(tile, Tile) for tile, _ in tower.add(leaf_hashes(ENTRIES[begin : min(size, begin + 256)])))
    return tower.root()


@pytest.mark.parametrize("size", SIZES)
def test_sigstore_accepts_every_proof_and_no_other(size: int) -> None:
    root, below = root_of_tower(size), subtrees(Memory(leaf_hashes(ENTRIES[:size])), size=size)
    for index in range(size):
        hashes = inclusion_proof(below, index=index, size=size)
        merkle.verify_merkle_inclusion(entry_of(index, size=size, body=ENTRIES[index], root=root, hashes=hashes))
        with pytest.raises(Exception, match="inclusion proof"):
            merkle.verify_merkle_inclusion(entry_of(index, size=size, body=b"another entry", root=root, hashes=hashes))
