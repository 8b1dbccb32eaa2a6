"""The signer of a log: it signs one tree of each size, and only what extends the tree that it signed last.

- What it signed last is its own record, kept with its keys and apart from the tree: a tree that was put back from a copy convinces nobody.
- The record is on disk before the signature exists, so no signature is ever forgotten.
- The record lies there before the first key does: a key without it has lost its memory, and is not used.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import final

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.cosignature import cosign
from amana.log.durable import remove_durably, write_durably
from amana.log.note import KeyKind, Note, NoteError, SigningKey, VerifierKey, is_name, read_signing_key, read_verifier_key, sign_note
from amana.log.tree import EMPTY_ROOT, Hash, ProofError, verify_consistency
from amana.terms.refusal import Refusal, cause_of

KEY, OLD_KEY, QUANTUM_KEY = "log.key", "log-old.key", "log-mldsa.key"
RETIRED, SIGNED = "log.retired", "log.signed"
FILE_BYTES_MAX = 2**16


@final
class Signer:
    """`folder`: of the private keys. One at a time: the caller holds a lock, shared by all processes."""

    def __init__(self, folder: Path, *, origin: str, now: Callable[[], datetime]) -> None:
        self._folder, self._origin, self._now = folder, origin, now
        self._keys: tuple[SigningKey, ...] = ()
        self._quantum: SigningKey | None = None
        self._retired: tuple[VerifierKey, ...] = ()
        self._stamp: tuple[object, ...] = ()

    def open(self) -> None:
        """Read the keys; make the first one where there is none. Errors: Refusal log.key_malformed, log.signed_missing,
        keys.readable_by_others; OSError."""
        if not self._path(KEY).exists():
            if not is_name(self._origin):
                raise Refusal("log.origin_malformed", origin=self._origin)
            # A crash between the two lines leaves a record of nothing, which the next start finds and uses.
            if not self._path(SIGNED).exists():
                self._remember(Checkpoint(origin=self._origin, size=0, root=EMPTY_ROOT))
            write_durably(self._path(KEY), _new_key(self._origin))
        self._read_keys()
        self.signed()

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """Whose signatures under this log's checkpoints are its own: the present key first, those that no longer sign last."""
        self._read_keys()
        signing = (*self._keys, *(() if self._quantum is None else (self._quantum,)))
        return tuple(dict.fromkeys((*(key.verifier for key in signing), *self._retired)))

    def signed(self) -> Checkpoint:
        """The tree that was signed last; of size 0 where none was. Errors: Refusal log.signed_missing, OSError."""
        path = self._path(SIGNED)
        try:
            with path.open("rb") as opened:
                text, _, digest = opened.read(FILE_BYTES_MAX).decode("utf-8", "replace").removesuffix("\n").rpartition("\n")
            found = read_checkpoint(text + "\n")
        except (FileNotFoundError, NoteError):
            raise Refusal("log.signed_missing", file=str(path)) from None
        if digest != _digest(found.text) or found.origin != self._origin:
            raise Refusal("log.signed_missing", file=str(path))
        return found

    def sign(self, checkpoint: Checkpoint, *, proof: Sequence[Hash]) -> Note:
        """The checkpoint with this log's signatures. `proof`: that its tree extends the one of `signed()`.

        Errors: Refusal log.older_than_signed, log.other_than_signed; OSError when the record could not be made durable: nothing was signed.
        """
        assert checkpoint.origin == self._origin and checkpoint.size > 0 and not checkpoint.extensions
        last = self.signed()
        if checkpoint.size < last.size:
            raise Refusal("log.older_than_signed", size=checkpoint.size, signed=last.size)
        if last.size:
            try:
                verify_consistency(old=last.size, old_root=last.root, size=checkpoint.size, root=checkpoint.root, proof=proof)
            except ProofError:
                raise Refusal("log.other_than_signed", size=checkpoint.size, signed=last.size) from None
        self._read_keys()
        # A crash here has signed nothing. After the next line the record is ahead of any signature: what may be signed from then on is
        # this very tree, or one that extends it.
        self._remember(checkpoint)
        lines = [sign_note(checkpoint.text, key=key) for key in self._keys]
        if self._quantum is not None:
            lines.append(cosign(checkpoint, key=self._quantum, time_s=int(self._now().timestamp())))
        return Note(text=checkpoint.text, signatures=tuple(lines))

    def state(self, text: str) -> Note:
        """A statement that is no checkpoint, such as a receipt's, signed by the present keys. Errors: OSError."""
        try:
            read_checkpoint(text)
        except NoteError:
            self._read_keys()
            return Note(text=text, signatures=tuple(sign_note(text, key=key) for key in self._keys))
        raise AssertionError("a checkpoint is signed by `sign` only")

    def rotate(self) -> tuple[VerifierKey, VerifierKey]:
        """A new key; the old one signs beside it until `retire`. Gives the old one's and the new one's public halves.

        Errors: Refusal log.key_rotating while an old key still signs; OSError.
        """
        self._read_keys()
        old, *others = self._keys
        if others:
            raise Refusal("log.key_rotating", file=str(self._path(OLD_KEY)))
        known = dict.fromkeys((*self._retired, old.verifier))
        # A crash after any of these lines leaves a log that signs with the old key; doing it again finishes it.
        write_durably(self._path(RETIRED), "".join(f"{key.text}\n" for key in known).encode())
        write_durably(self._path(OLD_KEY), old.text.encode() + b"\n")
        write_durably(self._path(KEY), _new_key(self._origin))
        return old.verifier, self.verifiers[0]

    def strengthen(self) -> VerifierKey:
        """A second line under every checkpoint, by a key of its own. Errors: OSError."""
        self._read_keys()
        if self._quantum is None:
            write_durably(self._path(QUANTUM_KEY), new_quantum_key(self._origin).text.encode() + b"\n")
            self._read_keys()
        assert self._quantum is not None
        return self._quantum.verifier

    def retire(self) -> None:
        """End the time of two signatures: the old private key is removed, its public half stays known. Errors: OSError."""
        remove_durably(self._path(OLD_KEY))
        self._read_keys()

    def _remember(self, checkpoint: Checkpoint) -> None:
        write_durably(self._path(SIGNED), f"{checkpoint.text}{_digest(checkpoint.text)}\n".encode())

    def _read_keys(self) -> None:
        """As they are now: another process may have changed them."""
        stamp = tuple(_stamp(self._path(name)) for name in (KEY, OLD_KEY, QUANTUM_KEY, RETIRED))
        if stamp == self._stamp:
            return
        key = self._read_key(KEY, kind=KeyKind.ED25519)
        if key is None:
            raise Refusal("log.key_malformed", file=str(self._path(KEY)))
        old = self._read_key(OLD_KEY, kind=KeyKind.ED25519)
        self._keys = (key,) if old is None or old.secret == key.secret else (key, old)
        self._quantum = self._read_key(QUANTUM_KEY, kind=KeyKind.COSIGNATURE_ML_DSA_44)
        retired = self._path(RETIRED)
        try:
            self._retired = tuple(read_verifier_key(line) for line in retired.read_text("utf-8").splitlines()) if retired.exists() else ()
        except (NoteError, UnicodeDecodeError):
            raise Refusal("log.key_malformed", file=str(retired)) from None
        self._stamp = stamp

    def _read_key(self, name: str, *, kind: KeyKind) -> SigningKey | None:
        path = self._path(name)
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise Refusal("keys.no_access", file=str(path), reason=cause_of(error)) from None
        with os.fdopen(descriptor, "rb") as opened:
            mode = stat.S_IMODE(os.fstat(descriptor).st_mode)
            if mode & 0o077:
                raise Refusal("keys.readable_by_others", file=str(path), mode=f"{mode:04o}")
            with suppress(NoteError, UnicodeDecodeError):
                key = read_signing_key(opened.read(FILE_BYTES_MAX).decode())
                if key.kind is kind and key.name == self._origin:
                    return key
        raise Refusal("log.key_malformed", file=str(path))

    def _path(self, name: str) -> Path:
        return self._folder / name


def origin_in(folder: Path) -> str | None:
    """How the log is called whose key lies in that folder of keys; None where there is none. Errors: Refusal log.key_malformed, OSError."""
    path = folder / KEY
    try:
        with path.open("rb") as opened:
            return read_signing_key(opened.read(FILE_BYTES_MAX).decode("utf-8", "replace")).name
    except FileNotFoundError:
        return None
    except NoteError:
        raise Refusal("log.key_malformed", file=str(path)) from None


def new_quantum_key(origin: str) -> SigningKey:
    """A key for the second line, which a quantum computer cannot forge; to be kept as `log-mldsa.key`."""
    return SigningKey(name=origin, kind=KeyKind.COSIGNATURE_ML_DSA_44, secret=os.urandom(32))


def _new_key(origin: str) -> bytes:
    secret = Ed25519PrivateKey.generate().private_bytes(
        serialization.Encoding.Raw, serialization.PrivateFormat.Raw, serialization.NoEncryption()
    )
    return SigningKey(name=origin, kind=KeyKind.ED25519, secret=secret).text.encode() + b"\n"


def _stamp(path: Path) -> tuple[int, int] | None:
    """Other whenever the file is another one."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
