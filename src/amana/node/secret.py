"""What a browser or a program shows to be known: random, shown once, kept as a hash.

A secret has 256 random bits, so plain SHA-256 keeps it: a slow hash helps only texts that people choose and others can guess.
It is found by the index of its hash. How long that takes tells at most about the hash, which nobody can steer without the secret.
"""

import hashlib
import hmac
import secrets
from enum import Enum
from typing import NoReturn, final

BYTES = 32


class Kind(Enum):
    """What a secret is for; part of what is hashed, so that one kind never passes for another."""

    SESSION = "session"
    TOKEN = "token"  # noqa: S105 - a word, not a secret
    LINK = "link"
    CEREMONY = "ceremony"
    FEED = "feed"
    COMMENT = "comment"


PREFIXES = {Kind.TOKEN: "amana_"}
"""A token shows what it is, so that scanners of published code find it."""


@final
class Secret:
    """Shown once, by `reveal`. It has no repr, no pickle and no equality, so that no log holds it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text, for whom it was made and nobody else."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(…)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not written down")


def new_secret(kind: Kind) -> Secret:
    """A fresh one, from the operating system's entropy."""
    return Secret(PREFIXES.get(kind, "") + secrets.token_urlsafe(BYTES))


def hash_of(kind: Kind, text: str) -> str:
    """What is kept of it: 64 hexadecimal digits."""
    return hashlib.sha256(f"amana {kind.value} {text}".encode("utf-8", "surrogatepass")).hexdigest()


def derive(text: str, purpose: str) -> bytes:
    """32 bytes that only the holder of the secret can name, another for each purpose."""
    return hmac.new(text.encode("utf-8", "surrogatepass"), purpose.encode(), hashlib.sha256).digest()
