"""The Merkle tree of a log: hashes, roots, proofs, and their verification.

Source: RFC 6962, section 2.1 (hashes and the two proofs); RFC 9162, sections 2.1.3.2 and 2.1.4.2 (their verification).
"""

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NewType, TypeAlias, final

Hash = NewType("Hash", bytes)
"""32 bytes of SHA-256."""

HASH_BYTES = 32
EMPTY_ROOT = Hash(hashlib.sha256(b"").digest())
PROOF_HASHES_MAX = 63
"""A tree of 2**63 leaves has no longer proof."""

Subtree: TypeAlias = Callable[[int, int], Hash]
"""(height, index) -> root of the index-th perfect subtree of 2**height leaves."""


@final
class ProofError(Exception):
    """A proof does not prove what it should. `reason`: which step failed, as a word of the catalogue."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def leaf_hash(entry: bytes) -> Hash:
    """The hash of an entry, told apart from that of a node by its first byte."""
    return Hash(hashlib.sha256(b"\0" + entry).digest())


def node_hash(left: bytes, right: bytes) -> Hash:
    """The hash of two subtrees side by side."""
    return Hash(hashlib.sha256(b"\1" + left + right).digest())


@final
class Frontier:
    """The right edge of a growing tree: the roots of its perfect subtrees, by height. Memory grows with the tree's height only."""

    def __init__(self, size: int = 0, hashes: Iterable[Hash] = ()) -> None:
        """`hashes`: roots of the perfect subtrees of a tree of that size, the largest first."""
        self.size = size
        self._roots = list(hashes)
        assert len(self._roots) == size.bit_count()

    def add(self, leaf: Hash) -> None:
        """One more leaf on the right."""
        merging, self.size = self.size, self.size + 1
        while merging & 1:
            leaf, merging = node_hash(self._roots.pop(), leaf), merging >> 1
        self._roots.append(leaf)

    def add_subtree(self, root: Hash, *, height: int) -> None:
        """One more perfect subtree of 2**height leaves on the right; the size is a multiple of that."""
        assert self.size & ((1 << height) - 1) == 0
        merging, self.size = self.size >> height, self.size + (1 << height)
        while merging & 1:
            root, merging = node_hash(self._roots.pop(), root), merging >> 1
        self._roots.append(root)

    def root(self) -> Hash:
        """The root of the tree of this size."""
        return _fold(self._roots)

    def copy(self) -> "Frontier":
        """Another one that grows by itself."""
        return Frontier(self.size, self._roots)


def perfect_root(hashes: Sequence[bytes]) -> Hash:
    """The root over 2**n hashes."""
    level: Sequence[bytes] = hashes
    assert level and len(level) & (len(level) - 1) == 0
    while len(level) > 1:
        level = [node_hash(level[at], level[at + 1]) for at in range(0, len(level), 2)]
    return Hash(level[0])


def root_of(subtree: Subtree, *, size: int) -> Hash:
    """The root of the tree of that size."""
    return _fold(_range(subtree, 0, size)) if size else EMPTY_ROOT


def inclusion_proof(subtree: Subtree, *, index: int, size: int) -> tuple[Hash, ...]:
    """The hashes from the leaf's sibling up to the root's child. Errors: ValueError for an index that the tree does not have."""
    if not 0 <= index < size:
        raise ValueError(index, size)
    proof, low, high = list[Hash](), 0, size
    while high - low > 1:
        middle = low + _split(high - low)
        if index < middle:
            proof.append(_fold(_range(subtree, middle, high)))
            high = middle
        else:
            proof.append(_fold(_range(subtree, low, middle)))
            low = middle
    return tuple(reversed(proof))


def consistency_proof(subtree: Subtree, *, old: int, size: int) -> tuple[Hash, ...]:
    """The hashes that show the tree of `old` leaves in the tree of `size`: none where they are equal.

    Errors: ValueError unless 0 < old <= size.
    """
    if not 0 < old <= size:
        raise ValueError(old, size)
    proof, low, high, whole = list[Hash](), 0, size, True
    while old != high:
        middle = low + _split(high - low)
        if old <= middle:
            proof.append(_fold(_range(subtree, middle, high)))
            high = middle
        else:
            proof.append(_fold(_range(subtree, low, middle)))
            low, whole = middle, False
    if not whole:
        proof.append(_fold(_range(subtree, low, high)))
    return tuple(reversed(proof))


def verify_inclusion(leaf: Hash, *, index: int, size: int, proof: Sequence[Hash], root: Hash) -> None:
    """Return if that leaf stands at that index of the tree. Errors: ProofError."""
    if not 0 <= index < size:
        raise ProofError("index_beyond_tree")
    at, last, found = index, size - 1, leaf
    for sibling in proof:
        if last == 0:
            raise ProofError("proof_length")
        if at & 1 or at == last:
            found = node_hash(sibling, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = node_hash(found, sibling)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError("proof_length")
    if found != root:
        raise ProofError("root_differs")


def verify_consistency(*, old: int, old_root: Hash, size: int, root: Hash, proof: Sequence[Hash]) -> None:
    """Return if the old tree is the beginning of the new one.

    A proof from size 0 proves nothing and is refused: who knows no tree yet must say so. Errors: ProofError.
    """
    if not 0 < old <= size:
        raise ProofError("size_not_provable")
    if old == size:
        if proof:
            raise ProofError("proof_length")
        if old_root != root:
            raise ProofError("root_differs")
        return
    hashes = list(proof)
    if old & (old - 1) == 0:
        hashes.insert(0, old_root)
    if not hashes:
        raise ProofError("proof_length")
    at, last = old - 1, size - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    was = now = hashes[0]
    for each in hashes[1:]:
        if last == 0:
            raise ProofError("proof_length")
        if at & 1 or at == last:
            was, now = node_hash(each, was), node_hash(each, now)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            now = node_hash(now, each)
        at, last = at >> 1, last >> 1
    if last:
        raise ProofError("proof_length")
    if was != old_root or now != root:
        raise ProofError("root_differs")


def _split(count: int) -> int:
    """The largest power of two below that count."""
    return 1 << ((count - 1).bit_length() - 1)


def _range(subtree: Subtree, low: int, high: int) -> list[Hash]:
    """The roots of the perfect subtrees that make up the leaves low … high, where low begins a subtree that is as large as any."""
    roots = list[Hash]()
    while low < high:
        height = (high - low).bit_length() - 1
        roots.append(subtree(height, low >> height))
        low += 1 << height
    return roots


def _fold(roots: Sequence[Hash]) -> Hash:
    """The root over perfect subtrees, the largest first."""
    if not roots:
        return EMPTY_ROOT
    found = roots[-1]
    for each in roots[-2::-1]:
        found = node_hash(each, found)
    return found
