"""A publishing that is killed at any moment leaves the old version serving, or the new one: never half of it."""

import os
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from amana.catalog.profile import Profile
from amana.engines.connection import attach_store, connect
from amana.node.publish import publish
from amana.node.settings import read_settings
from amana.node.store import Store
from tests.parts import store_at
from tests.unit.publishing import HEAD, VISITS

ROOT = Path(__file__).parents[2]
ROWS = 400_000
PUBLISH = """
import sys, time
from datetime import UTC, datetime
from pathlib import Path
from amana.catalog.profile import Profile
from amana.node.publish import publish
from amana.node.settings import read_settings
from tests.parts import store_at
folder = Path(sys.argv[1])
def profile(version):
    print("profile", flush=True)
    time.sleep(0.05)
    return Profile(tables=())
print("start", flush=True)
publish([folder / "visits.parquet"], (folder / "rules.toml").read_text(), store=store_at(folder / "node"),
        settings=read_settings(folder / "node", {}), profile=profile, now=datetime.now(UTC))
print("done", flush=True)
"""


def rows_served(store: Store) -> int:
    """Rows of the one version that serves, read as an engine reads them."""
    [current] = store.current()
    connection = connect(store.spill, memory_bytes_max=2**29, threads=1)
    attach_store(connection, store.version_file(current.version.id), key=store.version_key(current.version.id), alias="v")
    found = connection.execute("SELECT count(*) FROM v.visits").fetchone()
    connection.close()
    assert found is not None
    return int(found[0])


def wait_for(process: "subprocess.Popen[str]", word: str) -> None:
    """Until the process says that word."""
    assert process.stdout is not None
    for line in process.stdout:
        if line.strip() == word:
            return
    pytest.fail(f"never said {word}")


@pytest.mark.slow
@pytest.mark.parametrize(
    "moment", ["start+0.02", "start+0.1", "start+0.25", "start+0.5", "start+0.8", "profile+0", "profile+0.04", "profile+0.06"]
)
def test_a_killed_publishing_leaves_one_whole_version(tmp_path: Path, moment: str) -> None:
    (tmp_path / "rules.toml").write_text(HEAD + VISITS)
    path, store = tmp_path / "visits.parquet", store_at(tmp_path / "node")
    duckdb.execute(f"COPY (SELECT 'p' || range AS person, range % 90 AS cost FROM range(7)) TO '{path}'")
    publish(
        [path],
        HEAD + VISITS,
        store=store,
        settings=read_settings(tmp_path / "node", {}),
        profile=lambda version: Profile(tables=()),
        now=datetime(2026, 1, 1, tzinfo=UTC),
    )
    duckdb.execute(f"COPY (SELECT 'p' || range AS person, range % 90 AS cost FROM range({ROWS})) TO '{path}'")
    word, wait_s = moment.split("+")
    process = subprocess.Popen(
        [sys.executable, "-c", PUBLISH, str(tmp_path)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    try:
        wait_for(process, word)
        time.sleep(float(wait_s))
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert rows_served(store_at(tmp_path / "node")) in (7, ROWS)

    # The next publishing runs the normal way and removes what the killed one left.
    again = subprocess.run([sys.executable, "-c", PUBLISH, str(tmp_path)], check=True, env={**os.environ, "PYTHONPATH": str(ROOT / "src")})
    assert again.returncode == 0
    assert rows_served(store) == ROWS
    assert [file.stem for file in (tmp_path / "node" / "versions").iterdir()] == [store.current()[0].version.id]
