"""The Python database interface over a node (PEP 249): `pandas.read_sql("SELECT …", amana.client.dbapi.connect(url))`.

A figure `x` is three columns: `x`, `x_lo` and `x_hi`. Parameters are `:name`, bound to literals on this side. Nothing is ever
written, so there are no transactions: `commit` and `rollback` do nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import NoReturn, Protocol, final

from amana.client.bind import bind
from amana.client.connect import TIMEOUT_S
from amana.client.connect import connect as connect_node
from amana.client.result import Plain, Result
from amana.client.text import load
from amana.terms.answer import CellType
from amana.terms.code import Exit
from amana.terms.codes import CODES
from amana.terms.refusal import Fault, Refusal

apilevel = "2.0"
threadsafety = 1
paramstyle = "named"


class Warning(Exception):  # noqa: A001, N818 - the names of PEP 249
    """Never raised."""


class Error(Exception):
    """Any error. `refusal`: what the node refused, with its code and place."""

    refusal: Refusal | None = None
    fault: Fault | None = None


class InterfaceError(Error):
    """This module was used wrongly: a closed cursor, nothing executed yet."""


class DatabaseError(Error):
    """The node's own errors."""


class DataError(DatabaseError):
    """Never raised."""


class OperationalError(DatabaseError):
    """Refused for a reason outside the question: budget, permission, settings, the way to the node."""


class IntegrityError(DatabaseError):
    """Never raised."""


class InternalError(DatabaseError):
    """A fault inside the node; `fault` has its id."""


class ProgrammingError(DatabaseError):
    """The question cannot be answered as it is written."""


class NotSupportedError(DatabaseError):
    """What no node does."""


@final
class TypeObject:
    """Equal to each of the Python types that a column of this kind holds (PEP 249, type objects)."""

    def __init__(self, *kinds: type) -> None:
        self._kinds = kinds

    def __eq__(self, other: object) -> bool:
        return other is self or any(other is kind for kind in self._kinds)

    __hash__ = None  # type: ignore[assignment]  # it equals several types, which have hashes of their own


STRING = TypeObject(str)
NUMBER = TypeObject(int, float, bool)
DATETIME = TypeObject(date, datetime)
BINARY = TypeObject(bytes)
ROWID = TypeObject()
Date = date
Timestamp = datetime

_PYTHON = {
    CellType.FIGURE: float, CellType.NUMBER: float, CellType.INTEGER: int, CellType.TEXT: str, CellType.BOOLEAN: bool,
    CellType.DATE: date, CellType.MOMENT: datetime,
}  # fmt: skip
Column = tuple[str, type, None, None, None, None, bool]


class Asker(Protocol):
    """Whatever answers SQL: a connection to a node, or a folder's door."""

    def sql(self, sql: str, *, within: str | float | None, share: str | None) -> Result: ...
    def close(self) -> None: ...


@final
class Connection:
    """A node, or a folder, as a database. `within` and `share` are of all its questions."""

    def __init__(self, asker: Asker, *, within: str | float | None = None, share: str | None = None) -> None:
        self._asker = asker
        self._within, self._share = within, share
        self._closed = False

    def cursor(self) -> "Cursor":
        """A new cursor."""
        self.check_open()
        return Cursor(self)

    def commit(self) -> None:
        """Does nothing: an answer is kept by the node itself."""
        self.check_open()

    def rollback(self) -> None:
        """Does nothing: what was spent stays spent."""
        self.check_open()

    def close(self) -> None:
        """Give the node back."""
        self._closed = True
        self._asker.close()

    def ask(self, sql: str) -> Result:
        """The answer to a question, its errors in the words of PEP 249."""
        self.check_open()
        try:
            return self._asker.sql(sql, within=self._within, share=self._share)
        except (Refusal, Fault) as error:
            raise as_error(error) from error

    def check_open(self) -> None:
        """Errors: InterfaceError."""
        if self._closed:
            raise InterfaceError("the connection is closed")

    def __enter__(self) -> "Connection":
        return self

    def __exit__(self, *failure: object) -> None:
        self.close()


@final
class Cursor:
    """One question at a time, and its rows."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self.arraysize = 1
        self.result: Result | None = None
        """The last answer in full: with cost, notes and receipt."""
        self._columns: list[tuple[str, CellType, list[Plain]]] = []
        self._next = 0
        self._closed = False

    @property
    def description(self) -> tuple[Column, ...] | None:
        """Name and Python type of each column of the last answer; any may be NULL."""
        if self.result is None:
            return None
        return tuple((name, _PYTHON[kind], None, None, None, None, True) for name, kind, _ in self._columns)

    @property
    def rowcount(self) -> int:
        """Rows of the last answer; -1 before the first."""
        return -1 if self.result is None else len(self.result)

    def execute(self, operation: str, parameters: Mapping[str, object] | None = None) -> "Cursor":
        """Ask. Errors: ProgrammingError, OperationalError, InternalError."""
        self._check_open()
        try:
            sql = bind(operation, parameters)
        except Refusal as refusal:
            raise as_error(refusal) from refusal
        self.result = self.connection.ask(sql)
        self._columns, self._next = self.result.typed(), 0
        return self

    def executemany(self, operation: str, parameters: Sequence[Mapping[str, object]]) -> NoReturn:  # noqa: ARG002 - as PEP 249 has it
        """Not supported: each question is paid for. Errors: NotSupportedError."""
        raise NotSupportedError(load("en").say("client.one_question"))

    def fetchone(self) -> tuple[Plain, ...] | None:
        """The next row; None after the last."""
        rows = self.fetchmany(1)
        return rows[0] if rows else None

    def fetchmany(self, size: int | None = None) -> list[tuple[Plain, ...]]:
        """The next rows, at most `size` (else `arraysize`)."""
        self._check_open()
        if self.result is None:
            raise InterfaceError("nothing was executed")
        first = self._next
        self._next = min(len(self.result), first + (self.arraysize if size is None else size))
        return [tuple(cells[row] for _, _, cells in self._columns) for row in range(first, self._next)]

    def fetchall(self) -> list[tuple[Plain, ...]]:
        """All rows that are left."""
        return self.fetchmany(0 if self.result is None else len(self.result))

    def __iter__(self) -> Iterator[tuple[Plain, ...]]:
        return iter(self.fetchone, None)

    def setinputsizes(self, sizes: object) -> None:
        """Does nothing, as PEP 249 allows."""

    def setoutputsize(self, size: int, column: int | None = None) -> None:
        """Does nothing, as PEP 249 allows."""

    def close(self) -> None:
        """Forget the rows."""
        self._closed = True
        self.result, self._columns = None, []

    def _check_open(self) -> None:
        if self._closed:
            raise InterfaceError("the cursor is closed")
        self.connection.check_open()


def connect(
    url: str | None = None,
    token: str | None = None,
    *,
    within: str | float | None = None,
    share: str | None = None,
    permit: str | None = None,
    language: str | None = None,
    timeout_s: float = TIMEOUT_S,
) -> Connection:
    """A connection to a node; arguments as of `amana.connect`, and the precision of all its questions."""
    try:
        node = connect_node(url, token, permit=permit, language=language, timeout_s=timeout_s)
        return Connection(node, within=within, share=share)
    except Refusal as refusal:
        raise as_error(refusal) from refusal


def as_error(error: Refusal | Fault) -> DatabaseError:
    """A refusal or fault in the classes of PEP 249, with the refusal's full message."""
    if isinstance(error, Fault):
        internal = InternalError(str(error))
        internal.fault = error
        return internal
    message = str(error)
    with suppress(AttributeError):
        message = "\n".join(error.__notes__)
    about_question = CODES[error.code].exit in (Exit.QUESTION, Exit.RULES, Exit.USAGE)
    made = ProgrammingError(message) if about_question else OperationalError(message)
    made.refusal = error
    return made
