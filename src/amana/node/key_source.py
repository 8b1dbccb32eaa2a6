"""Where the key-encryption key lives: in a file of this machine, or in a KMS or HSM behind a small command.

A source wraps and unwraps data keys and never shows its own. In a file it is 32 bytes, and wrapping is AES-256-GCM with a
fresh random nonce; the name of the data key and the id of the wrapping key are its associated data, so that no wrapped key
passes for another. (AES key wrap, RFC 3394, binds no name and is deterministic: equal keys would show.)
"""

import base64
import binascii
import hashlib
import hmac
import os
import re
import signal
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from amana.log.durable import write_durably
from amana.terms.refusal import Refusal, cause_of

KEY_BYTES = 32
NONCE_BYTES = 12
ID_DIGITS = 16
FILE, KMS = "file", "kms"
SOURCES = (FILE, KMS)
KMS_OUTPUT_BYTES_MAX = 64 * 1024
KMS_ID = re.compile(r"[\x21-\x7e]{1,200}")


@final
class Secret(bytes):
    """Bytes of a key: shown nowhere, so that no trace of local variables and no log line holds them."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "Secret(…)"

    __str__ = __repr__


@final
class SecretText(str):
    """A key written in base64, as the embedded database takes it; its repr shows nothing."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "SecretText(…)"


@final
class UnwrapError(Exception):
    """What was given is not a data key that this source wrapped under that name."""


class KeySource(Protocol):
    """A key-encryption key. Shapes: a data key has 32 bytes."""

    @property
    def kind(self) -> str:
        """`file` or `kms`."""
        ...

    @property
    def id(self) -> str:
        """The public name of the key; says nothing about it."""
        ...

    def wrap(self, key: Secret, *, name: str) -> bytes:
        """The data key, readable only by this source and only under that name."""
        ...

    def unwrap(self, wrapped: bytes, *, name: str) -> Secret:
        """The data key. Errors: UnwrapError."""
        ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class KeyMeans:
    """Where the settings say that keys are. `kms_command` answers `id`, `wrap NAME` and `unwrap NAME` (docs/how-to/keys.md)."""

    key_file: Path
    kms_command: Path | None = None
    kms_wait_ms_max: int = 10_000


@final
class FileKey:
    """A key-encryption key that was read from a file."""

    __slots__ = ("_id", "_kek")

    def __init__(self, kek: Secret) -> None:
        assert len(kek) == KEY_BYTES
        self._kek = kek
        # 64 bits of a keyed one-way function of 256 random bits: a name that helps nobody.
        self._id = hmac.new(kek, b"amana key id", hashlib.sha256).hexdigest()[:ID_DIGITS]

    def __repr__(self) -> str:
        return f"FileKey({self._id})"

    @property
    def kind(self) -> str:
        """See `KeySource`."""
        return FILE

    @property
    def id(self) -> str:
        """See `KeySource`."""
        return self._id

    def wrap(self, key: Secret, *, name: str) -> bytes:
        """See `KeySource`. Shapes: nonce, then ciphertext and tag."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + AESGCM(self._kek).encrypt(nonce, key, self._bound(name))

    def unwrap(self, wrapped: bytes, *, name: str) -> Secret:
        """See `KeySource`."""
        try:
            key = AESGCM(self._kek).decrypt(wrapped[:NONCE_BYTES], wrapped[NONCE_BYTES:], self._bound(name))
        except (InvalidTag, ValueError):
            raise UnwrapError from None
        if len(key) != KEY_BYTES:
            raise UnwrapError
        return Secret(key)

    def _bound(self, name: str) -> bytes:
        return f"amana wrapped key 1\0{name}\0{self._id}".encode()


@final
class KmsKey:
    """A key-encryption key that never leaves its KMS: one run of a command for each wrapping."""

    __slots__ = ("_command", "_id", "_wait_ms_max")

    def __init__(self, command: Path, *, wait_ms_max: int) -> None:
        try:
            mode = command.stat().st_mode
        except OSError:
            mode = 0
        if not stat.S_ISREG(mode) or mode & 0o022 or not os.access(command, os.X_OK):
            raise Refusal("keys.kms_unusable", command=str(command))
        self._command, self._wait_ms_max, self._id = command, wait_ms_max, ""

    def __repr__(self) -> str:
        return f"KmsKey({self._command})"

    @property
    def kind(self) -> str:
        """See `KeySource`."""
        return KMS

    @property
    def id(self) -> str:
        """See `KeySource`. Errors: as `wrap`."""
        if not self._id:
            answered = self._run("id", given=b"").decode("ascii", "replace").strip()
            if not KMS_ID.fullmatch(answered):
                raise Refusal("keys.kms_failed", command=str(self._command), action="id", reason="word.kms.not_a_name")
            self._id = answered
        return self._id

    def wrap(self, key: Secret, *, name: str) -> bytes:
        """See `KeySource`. Errors: Refusal `keys.kms_failed` or `keys.kms_slow`."""
        return self._coded("wrap", name, key + _check(key, name))

    def unwrap(self, wrapped: bytes, *, name: str) -> Secret:
        """See `KeySource`. A KMS may bind no names, so the name is checked here. Errors: as `wrap`, and UnwrapError."""
        given = self._coded("unwrap", name, wrapped)
        key = Secret(given[:KEY_BYTES])
        if not hmac.compare_digest(given[KEY_BYTES:], _check(key, name)):
            raise UnwrapError
        return key

    def _coded(self, action: str, name: str, given: bytes) -> bytes:
        try:
            found = base64.b64decode(self._run(action, name, given=base64.b64encode(given) + b"\n").strip(), validate=True)
        except binascii.Error:
            found = b""
        if not found:
            raise Refusal("keys.kms_failed", command=str(self._command), action=action, reason="word.kms.not_base64")
        return found

    def _run(self, *words: str, given: bytes) -> bytes:
        """What the command writes. Its stderr is dropped: a careless script may repeat there what it was given."""
        command, action = str(self._command), words[0]
        try:
            process = subprocess.Popen(  # noqa: S603 - an absolute path from the settings, no shell
                [command, *words],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        except OSError as error:
            raise Refusal("keys.kms_failed", command=command, action=action, reason=cause_of(error)) from None
        with process:
            try:
                written, _ = process.communicate(given, timeout=self._wait_ms_max / 1e3)
            except subprocess.TimeoutExpired:
                raise Refusal("keys.kms_slow", command=command, action=action, wait_ms=self._wait_ms_max) from None
            finally:
                if process.returncode is None:
                    os.killpg(process.pid, signal.SIGKILL)  # with whatever it started: a child would hold our pipe open
        if process.returncode != 0:
            raise Refusal("keys.kms_failed", command=command, action=action, reason="word.kms.exit", exit=str(process.returncode))
        if len(written) > KMS_OUTPUT_BYTES_MAX:
            raise Refusal("keys.kms_failed", command=command, action=action, reason="word.kms.too_long")
        return written


def read_key(path: Path) -> FileKey | None:
    """The key in that file; None if there is no file.

    Errors: Refusal `keys.readable_by_others`, `keys.malformed`, `keys.no_access`.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise Refusal("keys.no_access", file=str(path), reason=cause_of(error)) from None
    try:
        mode = os.fstat(descriptor).st_mode
        if mode & 0o077:
            raise Refusal("keys.readable_by_others", file=str(path), mode=f"{stat.S_IMODE(mode):04o}")
        held = Secret(os.read(descriptor, KEY_BYTES + 1) if stat.S_ISREG(mode) else b"")
    finally:
        os.close(descriptor)
    if len(held) != KEY_BYTES:
        raise Refusal("keys.malformed", file=str(path), bytes=KEY_BYTES)
    return FileKey(held)


def make_key(path: Path) -> FileKey:
    """A new key in that file, on disk when this returns. The caller has made sure that no key is lost by it.

    Errors: Refusal `keys.no_access`.
    """
    kek = new_key()
    try:
        write_durably(path, kek)
    except OSError as error:
        raise Refusal("keys.no_access", file=str(path), reason=cause_of(error)) from None
    return FileKey(kek)


def new_key() -> Secret:
    """32 bytes of the operating system's entropy."""
    return Secret(os.urandom(KEY_BYTES))


def _check(key: Secret, name: str) -> bytes:
    return hmac.new(key, b"amana data key\0" + name.encode(), hashlib.sha256).digest()
