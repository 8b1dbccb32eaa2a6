"""Where the node keeps what it knows: SQLite in the data folder, or PostgreSQL for several workers, behind one Protocol.

The same statements run on both: names of values are `:name`, and two words of the schema differ (`INTEGER`, `STRICT`).
"""

import logging
import re
import secrets
import sqlite3
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from threading import RLock
from typing import TYPE_CHECKING, TypeAlias, final

import structlog

from amana.terms.database import DuplicateError, Row, Value
from amana.terms.refusal import Fault, Refusal

if TYPE_CHECKING:
    from psycopg import Connection
    from psycopg_pool import ConnectionPool

BUSY_S = 30.0
CONNECTIONS_MAX = 8
CONNECTION_WAIT_S = 5.0
"""For one of them to be free, or for a server that was just lost to come back."""
LOST_WAIT_S = 0.5
"""The same once the server is known to be lost: not every step of a request waits for it anew."""
RECONNECT_S = 2.0
"""After so long without a server the pool begins anew: else the pauses between its attempts grow as long as the outage."""
SILENCE_MS = 10_000
"""Longest time in which a server beyond a network may not confirm what it was sent."""
TAKEN = frozenset({sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY})
LOST = frozenset({sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_BUSY})
PRAGMAS = ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON", "secure_delete = ON", f"busy_timeout = {int(BUSY_S * 1000)}")


def open_database(url: str, *, folder: Path) -> "NodeDatabase":
    """`url`: "sqlite" for a file in the folder, else a PostgreSQL URL. Errors: Refusal node.database_lost, client.library_missing."""
    if url == "sqlite":
        return SqliteDatabase(folder / "node.sqlite")
    try:
        from psycopg_pool import ConnectionPool
    except ImportError:
        raise Refusal("client.library_missing", library="psycopg", extra="postgres") from None
    logging.getLogger("psycopg.pool").disabled = True  # its words name hosts and users; what is lost is a refusal
    server = _Server()
    pool: ConnectionPool[Connection[Row]] = ConnectionPool(
        url,
        kwargs={"connect_timeout": int(CONNECTION_WAIT_S), "tcp_user_timeout": SILENCE_MS},
        min_size=1,
        max_size=CONNECTIONS_MAX,
        reconnect_timeout=RECONNECT_S,
        open=False,
        configure=server.found,
        check=server.look,
    )
    return PostgresDatabase(pool, server=server)


@final
class SqliteRun:
    """One transaction of SQLite."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def rows(self, sql: str, values: Mapping[str, Value]) -> list[Row]:
        """See `Transaction`."""
        found: list[Row] = self._connection.execute(sql, values).fetchall()
        return found

    def change(self, sql: str, values: Mapping[str, Value]) -> int:
        """See `Transaction`."""
        try:
            return self._connection.execute(sql, values).rowcount
        except sqlite3.IntegrityError as error:
            if error.sqlite_errorcode in TAKEN:
                raise DuplicateError from None
            raise

    def script(self, sql: str) -> None:
        """Several statements of a schema."""
        for statement in _statements(sql):
            self._connection.execute(statement)


@final
class SqliteDatabase:
    """One file, one connection that threads take in turn. Each commit is on disk before it returns."""

    def __init__(self, path: Path | str) -> None:
        self._lock = RLock()
        new = isinstance(path, Path) and not path.exists()
        with _answering():
            self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=BUSY_S)
            for pragma in PRAGMAS:
                self._connection.execute(f"PRAGMA {pragma}")
        if new:
            Path(path).chmod(0o600)

    @contextmanager
    def transaction(self) -> Generator[SqliteRun]:
        """See `Database`. One writer at a time, other processes included."""
        with self._lock, _answering():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield SqliteRun(self._connection)
                self._commit()
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    alone = transaction

    @contextmanager
    def reading(self) -> Generator[SqliteRun]:
        """See `Database`."""
        with self._lock, _answering():
            yield SqliteRun(self._connection)

    def close(self) -> None:
        """See `Database`."""
        with self._lock:
            self._connection.close()

    def _commit(self) -> None:
        try:
            self._connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if (getattr(error, "sqlite_errorcode", 0) & 0xFF) == sqlite3.SQLITE_IOERR:
                raise _unknown(error) from None  # the disk may hold it all the same
            raise


@final
class PostgresRun:
    """One transaction of PostgreSQL."""

    def __init__(self, connection: "Connection[Row]") -> None:
        self._connection = connection

    def rows(self, sql: str, values: Mapping[str, Value]) -> list[Row]:
        """See `Transaction`."""
        return self._connection.execute(_postgres(sql).encode(), values).fetchall()

    def change(self, sql: str, values: Mapping[str, Value]) -> int:
        """See `Transaction`."""
        from psycopg.errors import UniqueViolation

        try:
            return self._connection.execute(_postgres(sql).encode(), values).rowcount
        except UniqueViolation:
            raise DuplicateError from None

    def script(self, sql: str) -> None:
        """Several statements of a schema."""
        for statement in _statements(sql):
            self._connection.execute(_postgres(statement).encode())


@final
class _Server:
    """What the pool last knew of the server."""

    def __init__(self) -> None:
        self.lost = False

    def found(self, connection: "Connection[Row]") -> None:
        """A new connection: each commit on it is durable."""
        connection.autocommit = True  # transactions are opened by name
        connection.execute("SET synchronous_commit = on")
        connection.execute("SET default_transaction_isolation = 'read committed'")
        connection.execute("SET lock_timeout = '30s'")
        self.lost = False

    def look(self, connection: "Connection[Row]") -> None:
        """Whether a connection is still good. Errors: what the library raises if not."""
        try:
            connection.execute("SELECT 1")
        except Exception:
            self.lost = True
            raise
        self.lost = False


@final
class PostgresDatabase:
    """A server that several workers share. Each commit is on its disk before it returns (`synchronous_commit`)."""

    def __init__(self, pool: "ConnectionPool[Connection[Row]]", *, server: _Server) -> None:
        self._pool, self._server = pool, server
        with _answering():
            self._pool.open(wait=True, timeout=BUSY_S)

    @contextmanager
    def transaction(self) -> Generator[PostgresRun]:
        """See `Database`. Rows that are changed are held until the end; what another writer held is read anew."""
        ended = False
        with _answering(), self._connected() as connection:
            try:
                with connection.transaction():
                    yield PostgresRun(connection)
                    ended = True
            except Exception as error:
                if ended and _is_lost(error):
                    raise _unknown(error) from None
                raise

    @contextmanager
    def alone(self) -> Generator[PostgresRun]:
        """A transaction that no other of this kind overlaps: to change the schema."""
        with self.transaction() as run:
            run.rows("SELECT CAST(pg_advisory_xact_lock(1098740321) AS TEXT)", {})
            yield run

    @contextmanager
    def reading(self) -> Generator[PostgresRun]:
        """See `Database`. Read committed, each statement sees what is committed when it begins, also in a transaction: none is opened."""
        with _answering(), self._connected() as connection:
            yield PostgresRun(connection)

    def close(self) -> None:
        """See `Database`."""
        self._pool.close()

    @contextmanager
    def _connected(self) -> "Generator[Connection[Row]]":
        from psycopg_pool import PoolTimeout

        try:
            with self._pool.connection(timeout=LOST_WAIT_S if self._server.lost else CONNECTION_WAIT_S) as connection:
                yield connection
        except PoolTimeout:
            self._server.lost = True  # who comes next does not wait as long again
            raise


NodeDatabase: TypeAlias = SqliteDatabase | PostgresDatabase


@contextmanager
def _answering() -> Generator[None]:
    """What a database cannot do any more becomes one refusal; its own message may hold a password or a row."""
    lost: BaseException | None = None
    try:
        yield
    except sqlite3.OperationalError as error:
        if (getattr(error, "sqlite_errorcode", 0) & 0xFF) not in LOST:
            raise
        lost = error
    except Exception as error:
        if not _is_lost(error):
            raise
        lost = error
    if lost is not None:
        raise Refusal("node.database_lost", cause=type(lost).__name__)


def _is_lost(error: Exception) -> bool:
    if type(error).__module__.partition(".")[0] not in {"psycopg", "psycopg_pool"}:
        return False
    from psycopg import InterfaceError, OperationalError

    return isinstance(error, InterfaceError | OperationalError)  # PoolTimeout and PoolClosed are OperationalErrors


def _unknown(error: Exception) -> Fault:
    """The word of a commit was lost: it may stand, so nothing is promised."""
    fault = Fault(id=secrets.token_hex(8))
    structlog.get_logger("amana.node").error("commit_unknown", fault=fault.id, kind=type(error).__name__)
    return fault


@lru_cache(maxsize=512)
def _postgres(sql: str) -> str:
    """The statement in the words of PostgreSQL."""
    words = re.sub(r"\bINTEGER\b", "BIGINT", sql.replace("%", "%%"))
    return re.sub(r"(?<![:\w]):([a-z_]+)", r"%(\1)s", words.replace(") STRICT", ")"))


def _statements(sql: str) -> list[str]:
    """The statements of a schema file: none of ours holds a semicolon inside."""
    bare = re.sub(r"--.*", "", sql)
    return [statement.strip() for statement in bare.split(";") if statement.strip()]
