"""The secret order of rows: HMAC-SHA256 (RFC 2104) written in SQL, so that it runs in parallel inside the engine (PRIVACY 3).

A message is an unambiguous writing of the unit's source key, the row's content and a duplicate number: numbers end in `;`,
texts start with their length in bytes and `:`, a missing value is `n;`. The first 128 bits of the code order the rows.
"""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

BLOCK_BYTES = 64


@final
class Order:
    """The order of one table (or of the units), under a key of its own derived from the store's rank key."""

    __slots__ = ("_inner", "_outer")

    def __init__(self, rank_key: bytes, *, purpose: str) -> None:
        key = derived_key(rank_key, purpose=purpose).ljust(BLOCK_BYTES, b"\0")
        self._inner = _blob(bytes(byte ^ 0x36 for byte in key))
        self._outer = _blob(bytes(byte ^ 0x5C for byte in key))

    def of(self, message_sql: str) -> str:
        """SQL for the code of a message given as SQL text. Units: 128 bits, compared as a UUID."""
        inner = f"unhex(sha256({self._inner} || encode({message_sql})))"
        return f"CAST(left(sha256({self._outer} || {inner}), 32) AS UUID)"

    def __repr__(self) -> str:
        return "Order(…)"


def derived_key(rank_key: bytes, *, purpose: str) -> bytes:
    """A key for one purpose: HMAC of its name, so that two tables never share an order."""
    return hmac.new(rank_key, purpose.encode(), hashlib.sha256).digest()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """One part of a message: a column's SQL, whether it is text, whether it may be NULL."""

    sql: str
    text: bool
    nullable: bool


def message(parts: Sequence[Written], *, duplicate_sql: str = "1") -> str:
    """SQL text that writes these parts and the duplicate number."""
    return f"concat({', '.join(_part(part) for part in parts)}, {duplicate_sql}, ';')"


def _part(part: Written) -> str:
    shown = f"strlen({part.sql}), ':', {part.sql}" if part.text else f"{part.sql}, ';'"
    # concat skips NULL, so a column that may be NULL is written by itself first.
    return f"CASE WHEN {part.sql} IS NULL THEN 'n;' ELSE concat({shown}) END" if part.nullable else shown


def _blob(data: bytes) -> str:
    return "'" + "".join(f"\\x{byte:02X}" for byte in data) + "'::BLOB"
