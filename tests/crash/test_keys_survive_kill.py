"""A rotation of keys that is killed at any step leaves the old keys or the new ones: all of them, each with its file."""

import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

import amana
from amana.engines.connection import attach_store, connect
from amana.node.keys import DIGEST, RANK, KeyRing
from amana.node.rotate import rotate
from amana.terms.ids import VersionId
from tests.parts import store_at
from tests.unit.keyring import make_kms, ring
from tests.unit.publishing import HEAD, VISITS

ONE, TWO, THREE = (VersionId(digit * 32) for digit in "123")
STEPS_MAX = 300
KILLS = 12
LOG_KEYS = {"log.key", "log.signed"}
EVERY_STEP = """
# Forks a child for each step: the child is killed just before its n-th call that changes a file, until one child ends by itself.
import os, shutil, signal, sys
from pathlib import Path
from amana.node.rotate import rotate
from amana.terms.ids import VersionId
from tests.unit.keyring import ring
from tests.crash.test_keys_survive_kill import copied, work
home, what, steps_max = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
kms = home / "kms" / "kms" if (home / "kms").exists() else None
for n in range(steps_max):
    folder = home / f"step-{n}"
    if (home / "base").exists():
        shutil.copytree(home / "base", folder)
    child = os.fork()
    if child == 0:
        left = [n]
        def counted(real):
            def call(*given, **named):
                if left[0] == 0:
                    os.kill(os.getpid(), signal.SIGKILL)
                left[0] -= 1
                return real(*given, **named)
            return call
        for name in ("open", "write", "fsync", "fchmod"):
            setattr(os, name, counted(getattr(os, name)))
        for name in ("replace", "unlink", "chmod", "open", "write_text"):
            setattr(Path, name, counted(getattr(Path, name)))
        work(what, folder, kms)
        os._exit(0)
    _, status = os.waitpid(child, 0)
    print(n, os.waitstatus_to_exitcode(status), flush=True)
    if os.waitstatus_to_exitcode(status) != -signal.SIGKILL:
        sys.exit(os.waitstatus_to_exitcode(status))
sys.exit("never ended by itself")
"""


def copied(store: Path, key: str, target: Path, target_key: str) -> None:
    """Stands for the database: a file says which key opens it."""
    assert store.read_text() == str(key)
    target.write_text(str(target_key))


def work(what: str, folder: Path, kms: Path | None) -> None:
    """What is killed."""
    made = ring(folder, kms=kms)
    match what:
        case "rotate":
            rotate(made, to=None, copy=None)
        case "rotate the data too":
            rotate(made, to=None, copy=copied)
        case "move to a KMS":
            rotate(made, to="kms", copy=copied)
        case "add":
            made.add_version(THREE)
        case "forget":
            made.keep_versions([TWO])
        case _:
            assert what == "begin"


def base(home: Path) -> KeyRing:
    """Two versions under a first key."""
    made = ring(home / "base")
    for version in (ONE, TWO):
        made.add_version(version)
        made.version_file(version).write_text(str(made.version_key(version)))
    return made


def kill_at_every_step(home: Path, what: str) -> list[Path]:
    """The folders that the killed children left, and that of the last, which ended by itself."""
    done = subprocess.run([sys.executable, "-c", EVERY_STEP, str(home), what, str(STEPS_MAX)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-300:] + done.stderr[-2000:]
    return [home / f"step-{line.split()[0]}" for line in done.stdout.splitlines()]


@pytest.mark.slow
@pytest.mark.parametrize("what", ["rotate", "rotate the data too", "move to a KMS", "add", "forget"])
def test_a_kill_at_any_step_leaves_the_old_keys_or_the_new_ones(tmp_path: Path, what: str) -> None:
    before = base(tmp_path)
    kms = make_kms(tmp_path / "kms") if what == "move to a KMS" else None
    long_lived = (before.data_key(RANK), before.data_key(DIGEST))
    old_kek, old_keys = before.read().kek, {before.version_key(each) for each in (ONE, TWO)}
    seen: list[bool] = []
    folders = kill_at_every_step(tmp_path, what)
    for folder in folders:
        after = ring(folder, kms=kms)
        assert (after.data_key(RANK), after.data_key(DIGEST)) == long_lived
        versions = [VersionId(each.name.removeprefix("version/")) for each in after.read().keys if each.name.startswith("version/")]
        assert TWO in versions
        for version in {ONE, TWO} & set(versions):
            assert after.version_file(version).read_text() == str(after.version_key(version)), folder
        keys = {after.version_key(version) for version in versions}
        is_new = after.read().kek != old_kek if what not in {"add", "forget"} else len(versions) != 2
        if what in {"rotate the data too", "move to a KMS"}:
            assert keys.isdisjoint(old_keys) if is_new else keys == old_keys
        seen.append(is_new)
        # the next one runs the normal way and leaves nothing of the killed one behind
        rotate(after, to="file", copy=copied)
        assert {file.name for file in (folder / "keys").iterdir()} - LOG_KEYS == {"lock", "node.key", "wrapped.json"}
        left = {file for file in (folder / "versions").iterdir() if file.name.partition(".")[0] in versions}
        assert left == {after.version_file(each) for each in versions if each != THREE}
        ring(folder)
    assert seen == sorted(seen), "once new, always new"
    assert (seen[0], seen[-1]) == (False, True)
    assert len(folders) > 5


def test_a_kill_at_any_step_of_the_first_start_leaves_a_folder_that_starts(tmp_path: Path) -> None:
    folders = kill_at_every_step(tmp_path, "begin")
    assert len(folders) > 5
    for folder in folders:
        made = ring(folder)
        assert made.data_key(RANK) != made.data_key(DIGEST)
        rotate(made, to=None, copy=None)
        assert {file.name for file in (folder / "keys").iterdir()} - LOG_KEYS == {"lock", "node.key", "wrapped.json"}


def amana_command(*words: str) -> "subprocess.Popen[str]":
    return subprocess.Popen([sys.executable, "-m", "amana", *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A node with one published table."""
    home = tmp_path_factory.mktemp("published")
    (home / "rules.toml").write_text(HEAD + VISITS)
    duckdb.execute(f"COPY (SELECT 'p' || range % 40000 AS person, range % 90 AS cost FROM range(400000)) TO '{home / 'visits.parquet'}'")
    process = amana_command("publish", str(home / "visits.parquet"), "--rules", str(home / "rules.toml"), "--folder", str(home / "node"))
    out, err = process.communicate()
    assert process.returncode == 0, out + err
    return home / "node"


def rows(folder: Path) -> list[tuple[object, ...]]:
    """Everything stored, in the order in which it lies."""
    store = store_at(folder)
    [current] = store.current()
    connection = connect(store.spill, memory_bytes_max=2**29, threads=1)
    attach_store(connection, store.version_file(current.version.id), key=store.version_key(current.version.id), alias="v")
    found = connection.execute("SELECT count(*), sum(hash(v) % 1000003 * (rowid % 1009 + 1)) FROM v.visits v").fetchall()
    connection.close()
    return found


@pytest.mark.slow
def test_rotations_killed_at_random_moments_lose_nothing(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "node"
    shutil.copytree(published, folder)
    before, moments = rows(folder), random.Random(7)
    begun = time.monotonic()
    process = amana_command("keys", "rotate", "--data", "--folder", str(folder))
    assert process.wait() == 0
    whole_s = time.monotonic() - begun
    for number in range(KILLS):
        process = amana_command("keys", "rotate", "--data", "--folder", str(folder))
        time.sleep(whole_s * moments.uniform(0.4 if number % 2 else 0.75, 1.0))
        process.send_signal(signal.SIGKILL)
        process.communicate()
        assert rows(folder) == before
    process = amana_command("keys", "rotate", "--data", "--folder", str(folder))
    process.communicate()
    assert process.returncode == 0
    assert rows(folder) == before
    assert len(list((folder / "versions").iterdir())) == 1
    assert {file.name for file in (folder / "keys").iterdir()} - LOG_KEYS == {"lock", "node.key", "wrapped.json"}


@pytest.mark.slow
def test_a_server_answers_on_while_keys_rotate_and_finds_its_answers_again(published: Path, tmp_path: Path) -> None:
    folder = tmp_path / "node"
    shutil.copytree(published, folder)
    with amana.open(folder) as door:
        first = door.sql("SELECT COUNT(*) AS n FROM visits", within="20%")
        file = next((folder / "versions").iterdir()).name
        process = amana_command("keys", "rotate", "--data", "--folder", str(folder))
        _, err = process.communicate()
        assert process.returncode == 0, err
        assert next((folder / "versions").iterdir()).name != file
        door.sql("SELECT SUM(cost) AS s FROM visits", within="20%")  # from the file that is open, though it has no name any more
    with amana.open(folder) as door:
        again = door.sql("SELECT COUNT(*) AS n FROM visits", within="20%")
        assert again.cost.recalled
        assert again.table == first.table
        door.sql("SELECT COUNT(*) AS n FROM visits WHERE cost > 50", within="20%")


def test_show_tells_names_and_ages_and_no_secret(tmp_path: Path) -> None:
    made = ring(tmp_path)
    made.add_version(ONE)
    done = subprocess.run(
        [sys.executable, "-m", "amana", "keys", "show", "--folder", str(tmp_path)], capture_output=True, text=True, check=True
    )
    for part in ("rank", "digest", f"version/{ONE}", made.read().kek, str(tmp_path / "keys" / "node.key")):
        assert part in done.stdout
    assert str(made.version_key(ONE)) not in done.stdout + done.stderr
    lost = subprocess.run(
        [sys.executable, "-m", "amana", "keys", "rotate", "--folder", str(tmp_path / "none")], capture_output=True, text=True, check=False
    )
    assert (lost.returncode, "AMA-523" in lost.stderr) == (14, True)
    (tmp_path / "keys" / "node.key").unlink()
    lost = subprocess.run(
        [sys.executable, "-m", "amana", "keys", "rotate", "--folder", str(tmp_path)], capture_output=True, text=True, check=False
    )
    assert (lost.returncode, "AMA-590" in lost.stderr) == (14, True)
