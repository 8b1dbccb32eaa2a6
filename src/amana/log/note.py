"""Signed notes: a text, and the signatures of keys that have names. Source: c2sp.org/signed-note, c2sp.org/tlog-cosignature.

- A text counts only when a key that the reader trusts has signed it; signatures of other keys are passed over.
- A signature that names a trusted key and is wrong makes the whole note refused.
"""

import base64
import binascii
import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.mldsa import MLDSA44PrivateKey, MLDSA44PublicKey

NOTE_BYTES_MAX = 2**20
SIGNATURES_MAX = 100
NAME_CHARACTERS_MAX = 255
SECRET_BYTES = 32
_DASH = "\N{EM DASH} "
_PRIVATE = "PRIVATE+KEY+"


class KeyKind(Enum):
    """What a key signs, and how: the first byte of its public form."""

    ED25519 = 1
    COSIGNATURE = 4
    COSIGNATURE_ML_DSA_44 = 6


_PUBLIC_BYTES = {KeyKind.ED25519: 32, KeyKind.COSIGNATURE: 32, KeyKind.COSIGNATURE_ML_DSA_44: 1312}


@final
class NoteError(Exception):
    """A note, a key or a signature is not what it should be. `reason`: a word of the catalogue."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class VerifierKey:
    """A public key with its name, as `vkey` text: name+id+base64."""

    name: str
    kind: KeyKind
    public: bytes

    @property
    def id(self) -> bytes:
        """Four bytes that tell keys of one name apart; they identify and prove nothing."""
        return hashlib.sha256(self.name.encode() + b"\n" + bytes([self.kind.value]) + self.public).digest()[:4]

    @property
    def text(self) -> str:
        """The key as people and other tools exchange it."""
        return f"{self.name}+{self.id.hex()}+{_base64(bytes([self.kind.value]) + self.public)}"

    def holds(self, message: bytes, *, signature: bytes) -> bool:
        """Whether this key made that signature of exactly that message."""
        try:
            if self.kind is KeyKind.COSIGNATURE_ML_DSA_44:
                MLDSA44PublicKey.from_public_bytes(self.public).verify(signature, message)
            else:
                Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except (InvalidSignature, ValueError):
            return False
        return True


@final
@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class SigningKey:
    """A private key with its name. Its text is the secret itself."""

    name: str
    kind: KeyKind
    secret: bytes
    """32 bytes: the seed of either kind of key."""

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        public = self._private().public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return VerifierKey(name=self.name, kind=self.kind, public=public)

    @property
    def text(self) -> str:
        """The key as a file holds it."""
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{_base64(bytes([self.kind.value]) + self.secret)}"

    def sign(self, message: bytes) -> bytes:
        """The signature of that message."""
        return self._private().sign(message)

    def _private(self) -> Ed25519PrivateKey | MLDSA44PrivateKey:
        if self.kind is KeyKind.COSIGNATURE_ML_DSA_44:
            return MLDSA44PrivateKey.from_seed_bytes(self.secret)
        return Ed25519PrivateKey.from_private_bytes(self.secret)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """One signature line: who signed, by name and key id, and the bytes."""

    name: str
    key_id: bytes
    value: bytes

    @property
    def line(self) -> str:
        """As it stands under a note."""
        return f"{_DASH}{self.name} {_base64(self.key_id + self.value)}\n"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`text` ends in a newline. Nothing says yet that any signature holds: see `verified`."""

    text: str
    signatures: tuple[Signature, ...]

    @property
    def content(self) -> bytes:
        """The note as a file."""
        return (self.text + "\n" + "".join(each.line for each in self.signatures)).encode()


def read_note(content: bytes) -> Note:
    """Errors: NoteError for what is not a note."""
    if len(content) > NOTE_BYTES_MAX:
        raise NoteError("note_form")
    try:
        whole = content.decode()
    except UnicodeDecodeError:
        raise NoteError("note_form") from None
    text, between, below = whole.rpartition("\n\n")
    if not between or any(character < " " and character != "\n" for character in whole) or not below.endswith("\n"):
        raise NoteError("note_form")
    lines = below[:-1].split("\n")
    if len(lines) > SIGNATURES_MAX:
        raise NoteError("note_form")
    return Note(text=text + "\n", signatures=tuple(read_signature(line) for line in lines))


def read_signature(line: str) -> Signature:
    """One signature line, without its newline. Errors: NoteError."""
    name, _, written = line.removeprefix(_DASH).partition(" ")
    value = read_base64(written)
    if not line.startswith(_DASH) or not is_name(name) or len(value) < 5:
        raise NoteError("note_form")
    return Signature(name=name, key_id=value[:4], value=value[4:])


def sign_note(text: str, *, key: SigningKey) -> Signature:
    """The plain signature of a text by an Ed25519 note key."""
    assert key.kind is KeyKind.ED25519 and text.endswith("\n")
    return Signature(name=key.name, key_id=key.verifier.id, value=key.sign(text.encode()))


def signed_by(note: Note, keys: Iterable[VerifierKey]) -> tuple[VerifierKey, ...]:
    """Those of the note keys that have signed it. Errors: NoteError for a wrong signature in the name of one of them."""
    found = list[VerifierKey]()
    for key in keys:
        assert key.kind is KeyKind.ED25519
        for each in signatures_of(note, key):
            if not key.holds(note.text.encode(), signature=each.value):
                raise NoteError("signature_wrong")
            found.append(key)
    return tuple(dict.fromkeys(found))


def signatures_of(note: Note, key: VerifierKey) -> tuple[Signature, ...]:
    """The lines in that key's name."""
    return tuple(each for each in note.signatures if (each.name, each.key_id) == (key.name, key.id))


def read_verifier_key(text: str) -> VerifierKey:
    """A key from its text. Errors: NoteError."""
    name, key_id, value = _parts(text.strip())
    try:
        kind = KeyKind(value[0])
    except ValueError:
        raise NoteError("key_kind") from None
    key = VerifierKey(name=name, kind=kind, public=value[1:])
    if len(key.public) != _PUBLIC_BYTES[kind] or key.id.hex() != key_id:
        raise NoteError("key_form")
    return key


def read_signing_key(text: str) -> SigningKey:
    """A private key from its file. Errors: NoteError."""
    if not text.startswith(_PRIVATE):
        raise NoteError("key_form")
    name, key_id, value = _parts(text.strip().removeprefix(_PRIVATE))
    try:
        key = SigningKey(name=name, kind=KeyKind(value[0]), secret=value[1:])
    except ValueError:
        raise NoteError("key_kind") from None
    if len(key.secret) != SECRET_BYTES or key.verifier.id.hex() != key_id:
        raise NoteError("key_form")
    return key


def is_name(name: str) -> bool:
    """Whether a key may be called so: no spaces, no plus."""
    return 0 < len(name) <= NAME_CHARACTERS_MAX and "+" not in name and not any(each.isspace() or each < "!" for each in name)


def _parts(text: str) -> tuple[str, str, bytes]:
    name, _, rest = text.partition("+")
    key_id, _, written = rest.partition("+")
    value = read_base64(written)
    if not is_name(name) or not value:
        raise NoteError("key_form")
    return name, key_id, value


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")


def read_base64(written: str) -> bytes:
    """Strict base64: one text for one value. Errors: NoteError."""
    try:
        value = base64.b64decode(written.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteError("base64") from None
    if _base64(value) != written:
        raise NoteError("base64")
    return value
