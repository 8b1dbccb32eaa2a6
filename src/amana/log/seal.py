"""Sealed facts: what the log commits to without telling it. Erasing the salt makes the commitment say nothing for ever (PRIVACY 10).

A fact is a text. Its commitment is HMAC-SHA256 under a fresh secret salt, over the canonical JSON of the text (RFC 8785).
"""

import base64
import binascii
import hashlib
import hmac
import json
from typing import final

SALT_BYTES = 32


@final
class SealError(Exception):
    """A salt is not 32 bytes in base64."""


def seal(value: str, *, salt: bytes) -> str:
    """The commitment to a text: base64 of 32 bytes. `salt`: 32 secret bytes, used for nothing else.

    >>> seal("a", salt=bytes(32))
    'CRnx7zw2aR5DOdLCK6x0/F2rzgeM0qfBtqOMoN9Z3nk='
    """
    assert len(salt) == SALT_BYTES
    said = json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return base64.b64encode(hmac.digest(salt, said, hashlib.sha256)).decode("ascii")


def check_seal(commitment: str, *, value: str, salt: bytes) -> bool:
    """Whether that text and salt are what the commitment was made of."""
    return len(salt) == SALT_BYTES and hmac.compare_digest(commitment.encode(), seal(value, salt=salt).encode())


def write_salt(salt: bytes) -> str:
    """A salt as files and entries hold it."""
    return base64.b64encode(salt).decode("ascii")


def read_salt(written: str) -> bytes:
    """The 32 bytes of a salt. Errors: SealError."""
    try:
        salt = base64.b64decode(written.encode("ascii"), validate=True)
    except (binascii.Error, ValueError):
        raise SealError from None
    if len(salt) != SALT_BYTES or write_salt(salt) != written:
        raise SealError
    return salt
