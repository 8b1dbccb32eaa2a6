"""What a plan's evidence refers to in the log: uses of data, and the versions of the plan for which it was brought."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from typing import TypeAlias, final

from amana.log.entries import Line, places
from amana.log.programme_kinds import EvidenceEntry
from amana.log.tree import HASH_BYTES, Hash, leaf_hash
from amana.programme.evidence import EvidenceError
from amana.programme.plan import Indicator
from amana.programme.plan_file import read_document
from amana.terms.refusal import Refusal

Read: TypeAlias = Callable[[str], bytes | None]
"""The document of a digest, or None where this copy has none. It is the one that was named: whoever gives it has compared the digest."""
_DATASET = places("use", "dataset")[0]


@final
class Uses:
    """The uses of some datasets in one log: a receipt may be of another log, or of a tree that a stolen key has signed.

    Memory: 40 bytes for each use of those datasets.
    """

    def __init__(self, datasets: Iterable[str]) -> None:
        self._datasets = frozenset(datasets)
        self._indexes, self._leaves = array("Q"), bytearray()

    def add(self, index: int, line: Line, entry: bytes) -> None:
        """The next entry."""
        if line[0] == "use" and line[1][_DATASET] in self._datasets:
            self._indexes.append(index)
            self._leaves += leaf_hash(entry)

    def leaf(self, index: int) -> Hash | None:
        """The leaf of the use at that index; None where there is none."""
        at = bisect_left(self._indexes, index)
        if at == len(self._indexes) or self._indexes[at] != index:
            return None
        return Hash(bytes(self._leaves[at * HASH_BYTES : (at + 1) * HASH_BYTES]))


@final
class Versions:
    """The versions of a plan that a log has adopted, by their documents. `digest`: of the one that is evaluated."""

    def __init__(self, digest: str, *, read: Read) -> None:
        self._digest, self._read = digest, read
        self._meanings: dict[int, Mapping[str, object]] = {}
        """What the indicators of a version mean, by indicator."""

    def check(self, entry: EvidenceEntry, *, indicator: Indicator, adopted: Mapping[int, str]) -> None:
        """Return if an indicator means what it meant when a document was brought for it: "10 people" are not "10 thousand people".

        `adopted`: digests by version. Errors: EvidenceError `absent` without the document of that version, `other_basis`.
        """
        digest = adopted.get(entry.version)
        if digest == self._digest:
            return
        if entry.version not in self._meanings:
            content = None if digest is None else self._read(digest)
            if content is None:
                raise EvidenceError("absent")
            try:
                plan = read_document(content)
            except Refusal:
                raise EvidenceError("form") from None
            self._meanings[entry.version] = {each.id: _meaning(each) for _, each in plan.indicators()}
        if self._meanings[entry.version].get(entry.indicator) != _meaning(indicator):
            raise EvidenceError("other_basis")


def _meaning(indicator: Indicator) -> object:
    return indicator.unit, indicator.method
