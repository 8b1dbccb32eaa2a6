"""A canary in the rows: no file under the data folder holds it in plain, at any moment, spill and crash included.

What is published is far larger than the memory allowed, so that the database must spill, and the tests see that it did. The
controls run the same with encryption off, and the same search finds the canary.
"""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Self

import duckdb
import pytest

from amana.node.ask import Node
from amana.node.settings import read_settings
from amana.node.wiring import SystemClock, Wired
from tests.unit.publishing import HEAD

pytestmark = pytest.mark.slow
TEXT = "Qz7canary-zaynab-"
NUMBER = 4_113_125_770_014_700_000
ROWS = 120_000
MEMORY_BYTES = 2**28
ASK_MEMORY_BYTES = 112 * 2**20
POLL_S = 0.01
SPILL_BYTES_MIN = 2**25
LOW_BITS = 16
TABLE = """
[[table]]
name = "{name}"
private = true
unit = "person"
rows_per_unit_max = 100
out_of_bounds = "clamp"
[table.columns]
person = {{ kind = "key", holds = "text" }}
note = {{ kind = "text", length_max = 1200 }}
code = {{ kind = "number", grid = "1", low = 0, high = 4600000000000000000, source = "Tariff", nullable = true }}
"""
RULES = HEAD + TABLE.format(name="visits") + TABLE.format(name="stays")
JOIN = "SELECT COUNT(*) AS n FROM visits v JOIN stays s ON v.person = s.person AND v.note = s.note WHERE v.note LIKE '%a%' AND s.code > 3"
UNENCRYPTED = """
# The control: the same publishing with nothing encrypted.
import sys
import duckdb
import amana.engines.connection as connection
from amana.cli.main import main
real = duckdb.connect
class Open:
    connect = staticmethod(lambda name, config: real(name, config={**config, "temp_file_encryption": "false"}))
    def __getattr__(self, name):
        return getattr(duckdb, name)
connection.duckdb = Open()
sys.exit(main(sys.argv[1:]))
"""
FORMS = {
    "text in UTF-8": TEXT.encode(),
    "text in UTF-16": TEXT.encode("utf-16-le"),
    "text in UTF-16, big end first": TEXT.encode("utf-16-be"),
    "number as the machine holds it": (NUMBER >> LOW_BITS).to_bytes(6, "little"),
    "number, big end first": (NUMBER >> LOW_BITS).to_bytes(6, "big"),
    "number in digits": str(NUMBER)[:14].encode(),
}
"""The low bits differ from row to row, the others never."""


def forms_in(path: Path) -> tuple[set[str], int]:
    """The forms of canaries in plain in that file, and its size."""
    try:
        held = path.read_bytes() if path.is_file() else b""
    except FileNotFoundError:  # spilt files come and go
        return set(), 0
    return {form for form, needle in FORMS.items() if needle in held}, len(held)


def seen(folder: Path) -> set[tuple[str, str]]:
    """File and form of every canary in plain under the folder."""
    return {(str(path.relative_to(folder)), form) for path in folder.rglob("*") for form in forms_in(path)[0]}


class Watch:
    """Looks through the folder again and again while something runs; a file that did not change is read once."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.found, self.spill_bytes, self.looks = folder, set[tuple[str, str]](), 0, 0
        self._read: dict[Path, tuple[int, int]] = {}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._watch)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._done.set()
        self._thread.join()

    def _watch(self) -> None:
        while not self._done.wait(POLL_S):
            spilt = 0
            for path in self.folder.rglob("*"):
                try:
                    now = path.stat()
                except FileNotFoundError:
                    continue
                if self._read.get(path) == (now.st_size, now.st_mtime_ns):
                    spilt += now.st_size if path.parent.name == "spill" else 0
                    continue
                self._read[path] = (now.st_size, now.st_mtime_ns)
                forms, size = forms_in(path)
                self.found |= {(str(path.relative_to(self.folder)), form) for form in forms}
                spilt += size if path.parent.name == "spill" else 0
            self.spill_bytes = max(self.spill_bytes, spilt)
            self.looks += 1


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A CSV file and a Parquet file, full of canaries, and their rules."""
    home = tmp_path_factory.mktemp("sources")
    note = f"'{TEXT}' || md5(range::VARCHAR) || repeat(md5((range * 7)::VARCHAR), 30)"
    rows = f"SELECT 'p' || range % {ROWS // 3} AS person, {note} AS note, {NUMBER} + range % 1000 AS code FROM range({ROWS})"
    for name in ("visits.csv", "stays.parquet"):
        duckdb.execute(f"COPY ({rows}) TO '{home / name}'")
    (home / "rules.toml").write_text(RULES)
    return home


def start(home: Path, folder: Path, *program: str) -> "subprocess.Popen[str]":
    """`amana publish` with the least memory that the settings allow."""
    words = ["publish", str(home / "visits.csv"), str(home / "stays.parquet"), "--rules", str(home / "rules.toml"), "--folder", str(folder)]
    environment = {**os.environ, "AMANA_MEMORY_BYTES_MAX": str(MEMORY_BYTES), "AMANA_THREADS": "2"}
    return subprocess.Popen(
        [sys.executable, *(program or ("-m", "amana")), *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    )


def finish(process: "subprocess.Popen[str]") -> None:
    out, err = process.communicate()
    assert process.returncode == 0, out[-2000:] + err[-2000:]


@pytest.fixture(scope="module")
def published(sources: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Watch]:
    """The node, and what was seen while it was made."""
    folder = tmp_path_factory.mktemp("published") / "node"
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sources.iterdir()}
    with Watch(folder) as watch:
        finish(start(sources, folder))
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in sources.iterdir()} == before
    return folder, watch


def test_the_forms_are_those_of_every_row() -> None:
    assert {(NUMBER + low) >> LOW_BITS for low in range(1000)} == {NUMBER >> LOW_BITS}
    assert {str(NUMBER + low)[:14] for low in range(1000)} == {str(NUMBER)[:14]}


def test_nothing_in_plain_is_in_any_file_while_tables_are_published_and_after(published: tuple[Path, Watch]) -> None:
    folder, watch = published
    assert watch.spill_bytes > SPILL_BYTES_MIN, "the database did not spill: the test would show nothing"
    assert watch.looks > 10
    assert watch.found == set()
    assert seen(folder) == set()
    names = {path.name for path in folder.rglob("*")}
    assert {"node.sqlite", "checkpoint", "log.journal", "node.log", "wrapped.json"} <= names  # all of these were looked through
    assert not names & {"visits.csv", "stays.parquet"}


def test_the_search_finds_what_is_there(sources: Path, tmp_path: Path) -> None:
    """The control of the spill: the same publishing without encryption of temporary files."""
    folder = tmp_path / "node"
    with Watch(folder) as watch:
        finish(start(sources, folder, "-c", UNENCRYPTED))
    assert {form for file, form in watch.found if file.startswith("spill")} >= {"text in UTF-8", "number as the machine holds it"}


def test_the_search_finds_rows_in_a_database_that_is_not_encrypted(sources: Path, tmp_path: Path) -> None:
    connection = duckdb.connect()
    connection.execute("SET force_compression = 'uncompressed'")
    connection.execute(f"ATTACH '{tmp_path / 'open.duckdb'}' AS made")
    connection.execute(f"CREATE TABLE made.visits AS FROM '{sources / 'stays.parquet'}'")
    connection.execute("DETACH made")
    (tmp_path / "utf16").write_bytes(f"{TEXT} {NUMBER}".encode("utf-16-le") + f" {TEXT}".encode("utf-16-be") + str(NUMBER).encode())
    found = {form for _, form in seen(tmp_path)}
    assert found == {*FORMS} - {"number, big end first"}


def test_nothing_in_plain_is_in_any_file_while_questions_spill(published: tuple[Path, Watch], monkeypatch: pytest.MonkeyPatch) -> None:
    folder, _ = published
    # the run has all the time it needs beside the search, and its answer does not wait for the time of its release
    monkeypatch.setattr(SystemClock, "sleep_until", lambda clock, at: None)
    wired = Wired(folder)
    # less memory than the settings allow, so that a question of this size spills too
    wired.settings = replace(read_settings(folder, {}), memory_bytes_max=ASK_MEMORY_BYTES, threads=1, deadline_base_ms=300_000)
    try:
        with Watch(folder) as watch:
            answered = Node(wired).ask(JOIN, within="20%")
    finally:
        wired.close()
    assert len(answered.table.rows) == 1
    assert watch.spill_bytes > SPILL_BYTES_MIN, "the database did not spill: the test would show nothing"
    assert watch.found | seen(folder) == set()


@pytest.mark.parametrize("moment", ["as soon as it spills", "as soon as a version is written"])
def test_nothing_in_plain_is_left_by_a_publishing_that_is_killed(sources: Path, tmp_path: Path, moment: str) -> None:
    folder = tmp_path / "node"
    reached: dict[str, Callable[[], bool]] = {
        "as soon as it spills": lambda: any(path.stat().st_size > SPILL_BYTES_MIN // 4 for path in (folder / "spill").glob("*")),
        "as soon as a version is written": lambda: any(path.stat().st_size > 2**20 for path in (folder / "versions").glob("*")),
    }
    process = start(sources, folder)
    try:
        while not reached[moment]():
            assert process.poll() is None, "it ended before it could be killed"
            time.sleep(POLL_S)
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate()
    assert any((folder / "spill").iterdir()), "what was spilt is left by the kill"
    assert seen(folder) == set()
    with Watch(folder) as watch:
        finish(start(sources, folder))  # the next publishing runs the normal way
    assert watch.found | seen(folder) == set()
    assert len(list((folder / "versions").iterdir())) == 1


def test_the_folder_opens_nothing_without_its_key(published: tuple[Path, Watch]) -> None:
    folder, _ = published
    [version] = (folder / "versions").iterdir()
    key = (folder / "keys" / "node.key").read_bytes()
    # neither the key-encryption key itself nor any other key of 32 bytes opens a version
    for attempt in ("", f"(ENCRYPTION_KEY '{'A' * 43}=', READ_ONLY)", f"(ENCRYPTION_KEY '{key.hex()}', READ_ONLY)"):
        with pytest.raises(duckdb.Error):
            duckdb.connect().execute(f"ATTACH '{version}' AS x {attempt}")
