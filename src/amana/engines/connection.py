"""One hardened way to open DuckDB: nothing is fetched, nothing outside is read after `seal`, and what spills is encrypted."""

import errno
import os
from collections.abc import Generator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path
from typing import final

import duckdb

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
SPILL_BYTES_MAX = 2**40
"""Largest size of the spill folder unless the caller gives one."""


def connect(
    folder_spill: Path, *, memory_bytes_max: int, threads: int, spill_bytes_max: int = SPILL_BYTES_MAX
) -> duckdb.DuckDBPyConnection:
    """A fresh in-memory database that may still read files and attach stores; call `seal` before any question runs on it.

    The OpenSSL module of the wheel is loaded by its path: it makes AES fast, and without it DuckDB would seed its keys from
    a weak generator. Units: `memory_bytes_max`, `spill_bytes_max` in bytes. Errors: `duckdb.Error`, OSError.
    """
    assert memory_bytes_max > 0 and threads > 0 and spill_bytes_max >= 0
    folder_spill.mkdir(parents=True, exist_ok=True, mode=0o700)
    connection = duckdb.connect(
        ":memory:",
        config={
            "autoinstall_known_extensions": "false",
            "autoload_known_extensions": "false",
            "allow_community_extensions": "false",
            "allow_persistent_secrets": "false",
            "python_enable_replacements": "false",
            "temp_file_encryption": "true",
            "temp_directory": str(folder_spill.resolve()),
            "memory_limit": f"{memory_bytes_max}B",
            "threads": str(threads),
            "preserve_insertion_order": "false",
        },
    )
    # Set afterwards: given with the folder, DuckDB takes the limit and does not hold it.
    connection.execute(f"SET max_temp_directory_size = '{spill_bytes_max}B'")
    module = files("duckdb_extension_httpfs").joinpath("extensions", f"v{duckdb.__version__}", "httpfs.duckdb_extension")
    connection.execute(f"LOAD {quoted(str(module))}")
    return connection


@final
class StoreUnreadableError(Exception):
    """The key is not the file's, or the file is damaged, missing or cannot be written; says nothing more, so no key is quoted."""


def attach_store(connection: duckdb.DuckDBPyConnection, store: Path, *, key: str, alias: str) -> None:
    """Attach one published version for reading only. Errors: StoreUnreadableError for a wrong key or a damaged file."""
    _attach(connection, store, key=key, alias=alias, how=", READ_ONLY")


def create_store(connection: duckdb.DuckDBPyConnection, store: Path, *, key: str, alias: str) -> None:
    """Attach a new encrypted file for writing. Errors: StoreUnreadableError where none can be made."""
    _attach(connection, store, key=key, alias=alias, how="")


def copy_store(connection: duckdb.DuckDBPyConnection, store: Path, *, key: str, target: Path, target_key: str) -> None:
    """Write the tables of a version, row by row in the same order, into a new file under another key.

    Errors: StoreUnreadableError for either file, a full disk, or a copy that is not equal; the target is then not complete.
    """
    attach_store(connection, store, key=key, alias="before")
    create_store(connection, target, key=target_key, alias="after")
    try:
        connection.execute("SET preserve_insertion_order = true")  # the rows lie as the publishing laid them down
        connection.execute("COPY FROM DATABASE before TO after")
        same = _contents(connection, "before") == _contents(connection, "after")
        connection.execute("DETACH after")
    except duckdb.Error:
        same = False
    if not same:
        raise StoreUnreadableError


def _attach(connection: duckdb.DuckDBPyConnection, store: Path, *, key: str, alias: str, how: str) -> None:
    # The key is a bound value of a variable: it stands in no statement, so no message or log of the database can quote it.
    options = f"ENCRYPTION_KEY getvariable('amana_key'), ENCRYPTION_CIPHER 'GCM'{how}"
    try:
        connection.execute("SET VARIABLE amana_key = ?", [str(key)])
        connection.execute(f"ATTACH {quoted(str(store.resolve()))} AS {identifier(alias)} ({options})")
        attached = True
    except duckdb.Error:
        attached = False
    finally:
        connection.execute("RESET VARIABLE amana_key")
    if not attached:  # outside the handler: the database's own exception does not travel with ours
        raise StoreUnreadableError


def _contents(connection: duckdb.DuckDBPyConnection, alias: str) -> list[tuple[object, ...]]:
    """Every table with the number of its rows and a sum over them."""
    listed = "SELECT table_name FROM duckdb_tables() WHERE database_name = ? ORDER BY table_name"
    names = [str(row[0]) for row in connection.execute(listed, [alias]).fetchall()]
    sums = "SELECT count(*), sum(CAST(hash(t) AS HUGEINT)) FROM"
    return [(name, *connection.execute(f"{sums} {alias}.{identifier(name)} t").fetchall()[0]) for name in names]


def seal(connection: duckdb.DuckDBPyConnection) -> None:
    """From here on: no file but those attached and the spill, no network, no change of any setting."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


@contextmanager
def interruptible(connection: duckdb.DuckDBPyConnection) -> Generator[None, None, None]:
    """Ctrl-C ends at once what runs here. DuckDB tells of it as a RuntimeError, and its statement runs on until it is told to stop."""
    try:
        yield
    except RuntimeError as error:
        if not isinstance(error.__cause__, KeyboardInterrupt):
            raise
        connection.interrupt()
        raise error.__cause__ from None


def disk_is_full(error: Exception) -> bool:
    """Whether the failure is that a file could not grow."""
    if isinstance(error, OSError):
        return error.errno in NO_ROOM
    # DuckDB and SQLite pass on the system's own words for the number of the error.
    return any(os.strerror(number) in str(error) for number in NO_ROOM) or "disk is full" in str(error)


def storage_failed(error: duckdb.Error) -> bool:
    """Whether the machine is at fault, and not what is read: no room on the disk, or in memory and its spill."""
    return isinstance(error, duckdb.OutOfMemoryException) or disk_is_full(error)


def identifier(name: str) -> str:
    """A quoted SQL name. Names are the schema's, never a question's; NUL has no place in either."""
    assert "\0" not in name
    return '"' + name.replace('"', '""') + '"'


def quoted(text: str) -> str:
    """A SQL text literal; DuckDB knows no escapes inside plain quotes but the doubled quote."""
    assert "\0" not in text
    return "'" + text.replace("'", "''") + "'"
