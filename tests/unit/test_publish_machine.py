"""What the machine refuses (a full disk, a folder that cannot be written, too little memory) is a clear refusal; nothing is left."""

import os
import resource
import subprocess
import sys
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from amana.catalog.profile import Profile
from amana.client.text import load
from amana.local.publishing import publish_files
from amana.node.publish import Publication, check, publish
from amana.node.settings import read_settings
from amana.terms.code import Exit
from amana.terms.refusal import Refusal
from tests.parts import store_at
from tests.unit.publishing import HEAD, VISITS

NOW = datetime(2026, 1, 2, tzinfo=UTC)
RULES = HEAD + VISITS
DISK = "size=12m"
FILE_BYTES_MAX = 6 * 10**6


def visits(path: Path, rows: int) -> Path:
    duckdb.execute(f"COPY (SELECT 'p' || md5(range::VARCHAR) AS person, range % 90 AS cost FROM range({rows})) TO '{path}'")
    return path


def put(folder: Path, file: Path, **environment: str) -> Publication:
    store = store_at(folder)
    settings = read_settings(folder, environment)
    try:
        return publish([file], RULES, store=store, settings=settings, profile=lambda version: Profile(tables=()), now=NOW)
    finally:
        store._database.close()


def mounted(folder: Path) -> bool:
    folder.mkdir()
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", DISK, "tmpfs", str(folder)], capture_output=True, check=False)
    return done.returncode == 0


@pytest.fixture
def disk(tmp_path: Path) -> Generator[Path, None, None]:
    """A disk of 12 MB."""
    folder = tmp_path / "disk"
    try:
        if not mounted(folder):
            pytest.skip("only a superuser may mount a small disk here; the limit on files is tested anyway")
    except FileNotFoundError:
        pytest.skip("no command mount here; the limit on files is tested anyway")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)


def holds(folder: Path) -> list[str]:
    """Versions and spilled files, by name."""
    return sorted(path.name for part in ("versions", "spill") for path in (folder / part).iterdir())


@pytest.mark.slow
def test_a_full_disk_is_refused_and_the_old_version_serves_on(tmp_path: Path, disk: Path) -> None:
    put(disk / "node", visits(tmp_path / "visits.parquet", 100))
    before, kept = store_at(disk / "node").current(), holds(disk / "node")
    with pytest.raises(Refusal) as refused:
        put(disk / "node", visits(tmp_path / "visits.parquet", 800_000))
    assert refused.value.code == "publish.disk_full"
    assert 0 < int(refused.value.parameters["free_mb"]) <= 12 < int(refused.value.parameters["needed_mb"])
    assert refused.value.__cause__ is None
    assert store_at(disk / "node").current() == before
    assert holds(disk / "node") == kept
    put(disk / "node", visits(tmp_path / "visits.parquet", 200))


def test_a_disk_without_room_for_the_first_key_is_refused(tmp_path: Path, disk: Path) -> None:
    with pytest.raises(OSError, match="No space left"):
        (disk / "filler").write_bytes(bytes(20 * 10**6))
    with pytest.raises(Refusal) as refused:
        publish_files([visits(tmp_path / "visits.parquet", 10)], RULES, folder=disk / "node")
    assert refused.value.code in {"publish.disk_full", "keys.no_access"}
    assert refused.value.parameters.get("reason", "word.system.disk_full") == "word.system.disk_full"


@pytest.mark.slow
def test_a_limit_on_the_size_of_files_is_a_full_disk(tmp_path: Path) -> None:
    put(tmp_path / "node", visits(tmp_path / "visits.parquet", 100))
    before, kept = store_at(tmp_path / "node").current(), holds(tmp_path / "node")
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "amana",
            "publish",
            str(visits(tmp_path / "visits.parquet", 500_000)),
            "--rules",
            "rules.toml",
            "--folder",
            "node",
        ],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES_MAX, FILE_BYTES_MAX)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == Exit.RULES, done.stderr
    assert "AMA-461" in done.stderr
    assert "Traceback" not in done.stderr
    assert store_at(tmp_path / "node").current() == before
    assert holds(tmp_path / "node") == kept


def test_a_data_folder_on_a_read_only_disk_is_refused(tmp_path: Path, disk: Path) -> None:
    file = visits(tmp_path / "visits.parquet", 10)
    subprocess.run(["mount", "-o", f"remount,ro,{DISK}", str(disk)], check=True)
    with pytest.raises(Refusal) as refused:
        publish_files([file], RULES, folder=disk / "node")
    assert refused.value.code == "publish.folder_not_writable"
    assert "--folder" in load("en").say(refused.value.code, **refused.value.parameters)


def test_a_data_folder_that_became_read_only_is_refused_and_serves_on(tmp_path: Path, disk: Path) -> None:
    put(disk / "node", visits(tmp_path / "visits.parquet", 10))
    store = store_at(disk / "node")
    before = store.current()
    store._database.close()
    file = visits(tmp_path / "visits.parquet", 20)
    subprocess.run(["mount", "-o", f"remount,ro,{DISK}", str(disk)], check=True)
    with pytest.raises(Refusal) as refused:
        publish_files([file], RULES, folder=disk / "node")
    assert refused.value.code == "publish.folder_not_writable"
    subprocess.run(["mount", "-o", f"remount,rw,{DISK}", str(disk)], check=True)
    assert store_at(disk / "node").current() == before


def test_a_file_in_the_place_of_the_data_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "node").write_text("a file")
    with pytest.raises(Refusal, match=r"publish\.folder_not_writable"):
        publish_files([visits(tmp_path / "visits.parquet", 10)], RULES, folder=tmp_path / "node")


@pytest.mark.slow
def test_too_little_memory_and_spill_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "visits.parquet"
    wide = "concat(md5(range::VARCHAR), md5((-range)::VARCHAR), md5((range / 7)::VARCHAR))"
    duckdb.execute(f"COPY (SELECT {wide} AS person, range % 90 AS cost FROM range(4000000)) TO '{file}'")
    with pytest.raises(Refusal) as refused:
        put(tmp_path / "node", file, AMANA_MEMORY_BYTES_MAX=str(2**28), AMANA_SPILL_BYTES_MAX="0")
    assert refused.value.code == "publish.memory_full"
    assert holds(tmp_path / "node") == []


def test_a_file_that_may_not_be_read_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "visits.csv"
    file.write_text("person,cost\na,1\n")
    assert check([file], RULES, today=NOW.date())
    file.chmod(0)
    was = os.geteuid()
    try:
        if was == 0:
            os.seteuid(65534)  # a superuser may read everything
        with pytest.raises(Refusal, match=r"files\.not_allowed"):
            check([file], RULES, today=NOW.date())
    finally:
        os.seteuid(was)
