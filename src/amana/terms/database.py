"""The database as the house sees it: transactions that run SQL with named values. SQLite or PostgreSQL behind it (`node`)."""

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from typing import Protocol, TypeAlias, final

Value: TypeAlias = str | int | None
"""What a column holds. Times are ISO texts in UTC, truths are 0 and 1, lists are JSON."""

Row: TypeAlias = tuple[Value, ...]


@final
class DuplicateError(Exception):
    """A row with that key is there already: somebody else was first."""


class Transaction(Protocol):
    """Statements name their values as `:name`. They are constants of the code, never put together."""

    def rows(self, sql: str, values: Mapping[str, Value]) -> list[Row]:
        """What a SELECT finds."""
        ...

    def change(self, sql: str, values: Mapping[str, Value]) -> int:
        """How many rows a statement changed. Errors: `DuplicateError`."""
        ...


class Database(Protocol):
    """All or nothing: a transaction is durable when its block is left, and leaves nothing when the block raises.

    Errors: Refusal node.database_lost when the database does not answer, and nothing was changed; Fault when its last word was lost, so
    that the change may stand.
    """

    def transaction(self) -> AbstractContextManager[Transaction]:
        """To change: writers of the same rows wait for each other."""
        ...

    def reading(self) -> AbstractContextManager[Transaction]:
        """To read what is committed."""
        ...

    def close(self) -> None:
        """Give the connections back."""
        ...


def whole(value: Value) -> int:
    """A number of a column that is never NULL."""
    assert isinstance(value, int)
    return value


def text(value: Value) -> str:
    """A text of a column that is never NULL."""
    assert isinstance(value, str)
    return value


def text_or_none(value: Value) -> str | None:
    """A text of a column that may be NULL."""
    return None if value is None else text(value)


def moment(at: datetime) -> str:
    """A time as a column holds it: in UTC, as a text that sorts."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def moment_or_none(value: Value) -> datetime | None:
    """The time of a column that may be NULL."""
    return None if value is None else datetime.fromisoformat(text(value))
