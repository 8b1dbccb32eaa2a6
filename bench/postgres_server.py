"""A PostgreSQL server for a bench: the one that AMANA_TEST_POSTGRES names, else one that the `pgserver` wheel starts."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgres() -> Iterator[str | None]:
    """Its address, None where there is none."""
    named = os.environ.get("AMANA_TEST_POSTGRES")
    if named:
        yield named
        return
    try:
        import pgserver
    except ImportError:
        yield None
        return
    folder = Path(tempfile.mkdtemp(prefix="amana-pg-"))  # short: the path of a socket has a limit
    server = pgserver.get_server(folder)
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)
