"""A PostgreSQL server for tests: the one that AMANA_TEST_POSTGRES names, else one that the `pgserver` wheel starts."""

import os
import shutil
import tempfile
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

VARIABLE = "AMANA_TEST_POSTGRES"


@contextmanager
def postgres() -> Generator[str, None, None]:
    """The address of a server on which databases may be made. Skips where there is neither server nor wheel."""
    named = os.environ.get(VARIABLE)
    if named:
        yield named
        return
    try:
        import pgserver
    except ImportError:
        pytest.skip(f"no PostgreSQL: neither {VARIABLE} nor the wheel pgserver")
    folder = Path(tempfile.mkdtemp(prefix="amana-pg-"))  # short: the path of a socket has a limit
    server = pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
