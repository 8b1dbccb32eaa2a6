"""Tables of a PostgreSQL database, read through DuckDB's scanner: for reading only, all of them as they were at one moment.

The address may hold a password. It goes to libpq alone: no message, name or log of ours has it, and what the database or DuckDB
say about a connection is never passed on, because it quotes the address.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import final

import duckdb

from amana.catalog.rules import Reading
from amana.catalog.schema import Table
from amana.engines.connection import identifier, quoted
from amana.terms.refusal import Refusal

SCHEMES = ("postgresql://", "postgres://")
ALIAS = "origin"
CONNECT_WAIT_S = 10
FIND = """SELECT c.oid::bigint, n.nspname, c.relname,
    has_any_column_privilege(c.oid, 'SELECT') AND has_schema_privilege(n.oid, 'USAGE') AND NOT row_security_active(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.oid = to_regclass({name}) AND c.relkind IN ('r', 'v', 'm', 'f', 'p')"""
NUMERICS = """SELECT a.attname FROM pg_catalog.pg_attribute a JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
WHERE a.attrelid = {oid} AND a.attnum > 0 AND NOT a.attisdropped AND coalesce(nullif(t.typbasetype, 0), t.oid) = 'numeric'::regtype"""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """A database that is attached. `server`: how messages call it, without any secret."""

    server: str
    user: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Relation:
    """A table or view. `written`: DuckDB's type of each column. `inexact`: columns that DuckDB would read as floating point,
    although PostgreSQL has exact numbers there: they are read as text."""

    schema: str
    table: str
    written: Mapping[str, str]
    inexact: frozenset[str]

    @property
    def name(self) -> str:
        """Its name for people."""
        return f"{self.schema}.{self.table}"

    def scan(self, columns: tuple[str, ...]) -> str:
        """The SQL that reads those columns."""
        place = f"{identifier(self.schema)}.{identifier(self.table)}"
        if not self.inexact.intersection(columns):
            return f"{ALIAS}.{place}"
        shown = ", ".join(
            f"{identifier(c)}::text AS {identifier(c)}" if c in self.inexact else identifier(c) for c in dict.fromkeys(columns)
        )
        return f"postgres_query('{ALIAS}', {quoted(f'SELECT {shown} FROM {place}')})"


def is_database(source: Path | str) -> bool:
    """Whether the word is an address, right or misspelt: a misspelt one must not be shown as a path, because it may hold a password."""
    return isinstance(source, str) and "://" in source


def relation_named(reading: Reading, table: Table) -> str:
    """The relation that holds the table."""
    return reading.relation or table.name


def attach_database(address: str, *, connection: duckdb.DuckDBPyConnection) -> Database:
    """Attach the database, for reading only. Errors: `client.library_missing`, `files.postgres_*`."""
    if not address.startswith(SCHEMES):
        raise Refusal("files.postgres_url")
    try:
        from psycopg import ProgrammingError
        from psycopg.conninfo import conninfo_to_dict, make_conninfo

        module = files("duckdb_extension_postgres_scanner").joinpath(
            "extensions", f"v{duckdb.__version__}", "postgres_scanner.duckdb_extension"
        )
    except ModuleNotFoundError as missing:
        raise Refusal("client.library_missing", library=missing.name or "psycopg", extra="postgres") from None
    connection.execute(f"LOAD {quoted(str(module))}")
    try:
        written = {key: str(value) for key, value in conninfo_to_dict(address).items() if value is not None}
        # Row security would hide rows without a word: with this setting the database refuses instead.
        options = f"{written.get('options', '')} -c row_security=off".strip()
        info = make_conninfo(**{"connect_timeout": str(CONNECT_WAIT_S), **written, "options": options})
    except ProgrammingError:
        raise Refusal("files.postgres_url") from None
    known = _defaults() | written
    user = known.get("user", "")
    database = Database(server=f"{known.get('host', 'localhost')}:{known.get('port', '')}/{known.get('dbname') or user}", user=user)
    # The scanner looks for a secret of this name, here and then in the user's home, which our connections may not read.
    connection.execute("CREATE SECRET __default_postgres IN memory (TYPE postgres)")
    try:
        connection.execute(f"ATTACH {quoted(info)} AS {ALIAS} (TYPE postgres, READ_ONLY)")
    except duckdb.Error:
        raise _no_way_in(info, database) from None
    return database


def find_relation(database: Database, name: str, *, connection: duckdb.DuckDBPyConnection) -> Relation:
    """The table or view of that name ("schema.table", or a table of the user's search path).

    Errors: `files.relation_missing`, `files.relation_denied`, `files.postgres_lost`.
    """
    try:
        found = None
        for spelt in dict.fromkeys((name, name.lower())):
            parts = ".".join(identifier(part) for part in spelt.split(".", 1))
            rows = _ask(FIND.format(name=quoted(parts)), connection)
            found = found or next(iter(rows), None)
        if found is None:
            raise Refusal("files.relation_missing", relation=name, server=database.server)
        oid, schema, table, readable = found
        if not readable:
            raise Refusal("files.relation_denied", relation=name, user=database.user)
        place = f"{ALIAS}.{identifier(str(schema))}.{identifier(str(table))}"
        written = {str(row[0]): str(row[1]) for row in connection.execute(f"DESCRIBE SELECT * FROM {place}").fetchall()}
        numerics = {str(row[0]) for row in _ask(NUMERICS.format(oid=oid), connection)}
    except duckdb.Error:
        raise Refusal("files.postgres_lost", relation=name) from None
    inexact = frozenset(column for column in numerics if written.get(column) == "DOUBLE")
    written |= dict.fromkeys(inexact, "VARCHAR")
    return Relation(schema=str(schema), table=str(table), written=written, inexact=inexact)


def _ask(sql: str, connection: duckdb.DuckDBPyConnection) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(f"SELECT * FROM postgres_query('{ALIAS}', {quoted(sql)})").fetchall()]


def _defaults() -> dict[str, str]:
    """What libpq takes where the address says nothing: from its environment variables, else its own."""
    from psycopg.pq import Conninfo

    return {each.keyword.decode(): each.val.decode() for each in Conninfo.get_defaults() if each.val}


def _no_way_in(info: str, database: Database) -> Refusal:
    """Whether nobody answers there, or somebody who says no. libpq tells, in any language of the server."""
    from psycopg.pq import PGconn, Ping

    if PGconn.ping(info.encode()) == Ping.OK:
        return Refusal("files.postgres_denied", server=database.server, user=database.user)
    return Refusal("files.postgres_unreachable", server=database.server)
