"""A `.tlog-proof`: that an entry stands in a log, to be checked offline. Source: c2sp.org/tlog-proof."""

import base64
from dataclasses import dataclass
from typing import final

from amana.log.checkpoint import Checkpoint, read_checkpoint, read_size
from amana.log.note import Note, NoteError, read_base64, read_note
from amana.log.quorum import Policy, check_note
from amana.log.tree import HASH_BYTES, PROOF_HASHES_MAX, Hash, leaf_hash, verify_inclusion

HEADER = "c2sp.org/tlog-proof@v1"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class TlogProof:
    """`checkpoint`: the note under which the entry stands, with all its signatures. `extra`: authenticated by nothing."""

    index: int
    hashes: tuple[Hash, ...]
    checkpoint: Note
    extra: bytes = b""

    @property
    def text(self) -> str:
        """The proof as a file."""
        extra = (f"extra {base64.b64encode(self.extra).decode('ascii')}",) if self.extra else ()
        lines = (HEADER, *extra, f"index {self.index}", *(base64.b64encode(each).decode("ascii") for each in self.hashes), "")
        return "".join(f"{line}\n" for line in lines) + self.checkpoint.content.decode()


def read_proof(text: str) -> TlogProof:
    """Errors: NoteError for what is not a proof."""
    head, between, below = text.partition("\n\n")
    lines = head.split("\n")
    if not between or len(lines) < 2 or lines[0] != HEADER:
        raise NoteError("proof_form")
    extra = lines[1].removeprefix("extra ") if lines[1].startswith("extra ") else ""
    rest = lines[2:] if extra else lines[1:]
    if not rest or not rest[0].startswith("index ") or len(rest) > 1 + PROOF_HASHES_MAX:
        raise NoteError("proof_form")
    hashes = tuple(read_hash(line) for line in rest[1:])
    found = TlogProof(
        index=read_size(rest[0].removeprefix("index ")), hashes=hashes, checkpoint=read_note(below.encode()), extra=read_base64(extra)
    )
    if found.text != text:
        raise NoteError("proof_form")
    return found


def check_proof(proof: TlogProof, *, entry: bytes, policy: Policy) -> Checkpoint:
    """The signed tree that holds the entry. Errors: NoteError for the signatures, ProofError for the hashes."""
    check_note(proof.checkpoint, policy)
    checkpoint = read_checkpoint(proof.checkpoint.text)
    verify_inclusion(leaf_hash(entry), index=proof.index, size=checkpoint.size, proof=proof.hashes, root=checkpoint.root)
    return checkpoint


def read_hash(line: str) -> Hash:
    """A hash from its base64. Errors: NoteError."""
    value = read_base64(line)
    if len(value) != HASH_BYTES:
        raise NoteError("proof_form")
    return Hash(value)
