"""Cosignatures: at that time, this was the largest tree of the log that its signer had seen, and it held all earlier ones.

Source: c2sp.org/tlog-cosignature, for Ed25519 ("cosignature/v1") and ML-DSA-44 ("subtree/v1", FIPS 204). A log may sign its own
checkpoint in the second way too, beside its plain signature: a line that a quantum computer cannot forge.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import final

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.note import KeyKind, Note, NoteError, Signature, SigningKey, VerifierKey, signatures_of

TIME_BYTES = 8
TIME_MAX = 2**63 - 1
COSIGNING = frozenset({KeyKind.COSIGNATURE, KeyKind.COSIGNATURE_ML_DSA_44})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Cosigned:
    """A cosignature that holds. `time_s`: seconds since 1970, UTC, by its signer's clock."""

    key: VerifierKey
    time_s: int


def cosign(checkpoint: Checkpoint, *, key: SigningKey, time_s: int) -> Signature:
    """A cosignature of that moment. The signer has seen that the tree holds every earlier one, and has noted it durably."""
    value = key.sign(_message(checkpoint, name=key.name, kind=key.kind, time_s=time_s))
    return Signature(name=key.name, key_id=key.verifier.id, value=time_s.to_bytes(TIME_BYTES, "big") + value)


def cosigned_by(note: Note, keys: Iterable[VerifierKey]) -> tuple[Cosigned, ...]:
    """The cosignatures of those keys under a checkpoint. Errors: NoteError for a wrong one in the name of one of them."""
    checkpoint, found = read_checkpoint(note.text), list[Cosigned]()
    for key in keys:
        assert key.kind in COSIGNING
        for each in signatures_of(note, key):
            time_s, value = int.from_bytes(each.value[:TIME_BYTES], "big"), each.value[TIME_BYTES:]
            message = _message(checkpoint, name=key.name, kind=key.kind, time_s=time_s) if time_s <= TIME_MAX else b""
            if not key.holds(message, signature=value):
                raise NoteError("signature_wrong")
            found.append(Cosigned(key=key, time_s=time_s))
    return tuple(found)


def _message(checkpoint: Checkpoint, *, name: str, kind: KeyKind, time_s: int) -> bytes:
    if kind is KeyKind.COSIGNATURE:
        return f"cosignature/v1\ntime {time_s}\n{checkpoint.text}".encode()
    cosigner, origin = name.encode(), checkpoint.origin.encode()
    if max(len(cosigner), len(origin)) > 255:
        raise NoteError("checkpoint_form")
    return b"".join(
        (
            b"subtree/v1\n\0",
            bytes([len(cosigner)]) + cosigner,
            time_s.to_bytes(8, "big"),
            bytes([len(origin)]) + origin,
            (0).to_bytes(8, "big"),
            checkpoint.size.to_bytes(8, "big"),
            checkpoint.root,
        )
    )
