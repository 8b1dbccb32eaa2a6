"""No key is shown, and the database encrypts as the decision says."""

import logging
import os
import traceback
from pathlib import Path

import duckdb
import pytest

from amana.engines.connection import StoreUnreadableError, attach_store, connect, create_store
from amana.node.key_source import KeyMeans, SecretText
from amana.node.keys import RANK
from amana.terms.ids import VersionId
from tests.parts import store_at
from tests.unit.keyring import ring

ONE = VersionId("1" * 32)


def test_no_key_is_in_a_repr_a_message_a_trace_or_a_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    made = ring(tmp_path)
    made.add_version(ONE)
    source = made.source(made.read())
    key, text = made.data_key(RANK), made.version_key(ONE)
    shown = [repr(each) for each in (made, source, key, text, made.read(), store_at(tmp_path), KeyMeans(key_file=tmp_path))] + [
        f"{key} {key!s}"
    ]
    connection = connect(tmp_path / "spill", memory_bytes_max=2**28, threads=1)
    (tmp_path / "damaged.duckdb").write_bytes(os.urandom(40_000))
    (tmp_path / "other.duckdb").unlink(missing_ok=True)
    create_store(connection, tmp_path / "other.duckdb", key="B" * 43 + "=", alias="o")
    connection.execute("DETACH o")
    for file in ("damaged.duckdb", "other.duckdb", "absent.duckdb", "other.duckdb"):
        try:
            attach_store(connection, tmp_path / file, key=text, alias="x")
        except StoreUnreadableError as error:
            assert error.__context__ is None
            trace = traceback.TracebackException.from_exception(error, capture_locals=True)
            shown.append("".join(trace.format()))
        else:
            pytest.fail("opened")
    attach_store(connection, tmp_path / "other.duckdb", key="B" * 43 + "=", alias="x")
    inside = ("duckdb_databases()", "duckdb_variables()", "duckdb_settings()", "duckdb_secrets()")
    shown += [repr(connection.execute(f"FROM {table}").fetchall()) for table in inside]
    shown.append(caplog.text)
    everything = "\n".join(shown)
    secrets = [str(text), key.hex(), repr(bytes(key)), (tmp_path / "keys" / "node.key").read_bytes().hex(), "B" * 43]
    assert [secret for secret in secrets if secret in everything] == []


def test_the_store_is_aes_256_gcm_by_openssl(tmp_path: Path) -> None:
    connection = connect(tmp_path / "spill", memory_bytes_max=2**28, threads=1)
    create_store(connection, tmp_path / "v.duckdb", key=str(SecretText("A" * 43 + "=")), alias="v")
    assert connection.execute("SELECT encrypted, cipher FROM duckdb_databases() WHERE database_name = 'v'").fetchall() == [(True, "GCM")]
    settings = "SELECT value FROM duckdb_settings() WHERE name IN ('force_mbedtls_unsafe', 'temp_file_encryption') ORDER BY name"
    assert connection.execute(settings).fetchall() == [("false",), ("true",)]
    # Without the OpenSSL module DuckDB itself refuses to write an encrypted file: what was written came from OpenSSL.
    bare = duckdb.connect(config={"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"})
    with pytest.raises(duckdb.Error, match="read-only crypto module"):
        bare.execute(f"ATTACH '{tmp_path / 'w.duckdb'}' AS w (ENCRYPTION_KEY 'x')")
