"""A disk without room: refused before anything is paid, a fault after that, nothing half done, and service when there is room again."""

import json
import os
import subprocess
import sys
import time
from collections import namedtuple
from collections.abc import Callable
from pathlib import Path

import pytest

from amana.privacy.release import answer
from amana.terms.refusal import Fault, Refusal
from tests.doors.http_node import SQL, http_node
from tests.log_entries import used
from tests.parts import FakeEngine, FakeLog, asking, balance_of, held, kernel, ledger_at, log_at, version

Disk = namedtuple("Disk", "f_flag f_bavail f_frsize")  # noqa: PYI024 - as the library has it
ON_A_SMALL_DISK = """
# A node on a disk of its own, in a space of mounts of its own.
import json, os, sys
from pathlib import Path
from amana.engines.duckdb import DuckDbEngine
from amana.terms.refusal import Refusal
from tests.doors.http_node import RULES, http_node
from amana.node.wiring import publish
disk, told = Path(sys.argv[1]), {}
def fill():
    file = os.open(disk / "filler", os.O_CREAT | os.O_WRONLY)
    try:
        while True:
            os.write(file, bytes(4096))
    except OSError:
        os.close(file)
def empty():
    (disk / "filler").unlink()
with http_node(disk / "node", settings="tend_ms = 3600000\\n") as node:
    def ask(number, key):
        body = {"sql": f"SELECT COUNT(*) AS n FROM visits WHERE cost < {number}", "within": "30%"}
        reply = node.client.post("/api/v1/questions", json=body, headers=node.headers(idempotency_key=key))
        return reply.status_code, reply.json().get("name")
    def checkpoint(how):
        with node.service.database.reading() as run:
            run.rows(f"PRAGMA wal_checkpoint({how})", {})
    told["before"], spent = ask(20, "a"), node.spent()
    checkpoint("RESTART")  # so that the ledger has room in its own file
    fill()
    told["full"] = ask(21, "b")
    told["health"] = node.client.get("/healthz").status_code
    told["kept"] = node.spent() == spent
    empty()
    told["room"] = ask(21, "b"), node.client.get("/healthz").status_code
    real = DuckDbEngine.run
    def filling(self, bounded, **named):
        found = real(self, bounded, **named)
        fill()
        return found
    DuckDbEngine.run = filling
    checkpoint("TRUNCATE")
    told["filled after the charge"] = ask(22, "c")
    DuckDbEngine.run = real
    empty()
    node.service.tend()
    told["again"] = ask(22, "c")[0], ask(22, "d")[0]
    with node.service.database.reading() as run:
        told["states"] = run.rows("SELECT state FROM charge WHERE permit LIKE 'permit m-%' ORDER BY charged_at", {})
        told["faults"] = run.rows("SELECT SUM(faults) FROM account", {})
    fill()
    try:
        publish(disk / "node", [disk / "visits.csv"], RULES)
    except Refusal as refusal:
        told["publish"] = refusal.code
    empty()
    told["serves"] = ask(20, "e")[0]
print(json.dumps(told))
"""


def test_no_use_begins_that_the_log_has_no_room_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = log_at(tmp_path / "log")
    log.check()
    for disk, reason in ((Disk(0, 1, 4096), "disk_full"), (Disk(os.ST_RDONLY, 2**30, 4096), "read_only")):
        monkeypatch.setattr(os, "statvfs", lambda _, disk=disk: disk)
        with pytest.raises(Refusal, match=f"file_not_writable.*{reason}"):
            log.check()
    log.close()


def test_a_log_without_room_is_a_refusal_before_the_charge_and_a_fault_that_nobody_is_blamed_for_after_it() -> None:
    def full() -> None:
        raise Refusal("node.file_not_writable", file="log.jsonl", reason="full")

    def torn() -> None:
        raise Fault(id="log")

    of = version()
    with ledger_at(":memory:", of) as ledger:
        engine = FakeEngine(cells={(): (1000,)})
        with pytest.raises(Refusal, match="file_not_writable"):
            answer(asking(of), kernel(ledger, engine, log=FakeLog(check=full)))
        assert balance_of(ledger, of).spent_nrho == 0 and held(ledger, "SELECT id FROM charge") == []
        with pytest.raises(Fault):
            answer(asking(of), kernel(ledger, engine, log=FakeLog(before=torn)))
        assert held(ledger, "SELECT faults FROM account WHERE kind = 'permit'") == [(0,)] and not engine.runs


def test_an_entry_that_the_disk_does_not_take_is_a_fault_and_the_log_stands_still_until_it_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = log_at(tmp_path / "log")
    log.append(used())
    with monkeypatch.context() as patched:
        patched.setattr(os, "fdatasync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
        patched.setattr(os, "fsync", lambda _: (_ for _ in ()).throw(OSError(28, "full")))
        with pytest.raises(Fault):
            log.append(used())
        with pytest.raises(Refusal, match="file_not_writable"):
            log.check()
    eventually(lambda: log.stopped is None)
    assert log.append(used()).index in {1, 2}, "the entry of the fault may stand in the log, though nobody was told"
    log.close()


def eventually(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 30
    while not true():
        assert time.monotonic() < until
        time.sleep(0.05)


def test_a_journal_that_the_disk_does_not_take_spoils_no_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write

    def full(file: int, line: bytes) -> int:
        if b'"event": "ask"' in bytes(line):
            raise OSError(28, "No space left on device")
        return real(file, line)

    with http_node(tmp_path / "node") as node:
        monkeypatch.setattr(os, "write", full)
        reply = node.client.post("/api/v1/questions", json={"sql": SQL, "within": "30%"}, headers=node.headers(idempotency_key="k"))
        assert reply.status_code == 200
    assert "ask" not in (tmp_path / "node" / "node.log").read_text()


@pytest.mark.slow
def test_a_node_on_a_full_disk_pays_nothing_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    alone = ["unshare", "-m"] if os.geteuid() == 0 else ["unshare", "-Urm"]
    mount = f"mount -t tmpfs -o size=24m disk {tmp_path}"
    if subprocess.run([*alone, "sh", "-c", mount], capture_output=True, check=False).returncode != 0:
        pytest.skip("this machine lets nobody mount a disk of his own")
    command = [*alone, "sh", "-c", f'{mount} && exec "$0" "$@"', sys.executable, "-c", ON_A_SMALL_DISK, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    told = json.loads(done.stdout.splitlines()[-1])
    assert told["before"] == [200, None]
    assert told["full"] in ([503, "node.file_not_writable"], [503, "node.database_lost"]) and told["health"] == 503 and told["kept"]
    assert told["room"] == [[200, None], 200], "the same request, without a restart"
    assert told["filled after the charge"] == [500, None], "a fault, with its id alone"
    assert told["again"] == [500, 200], "the key has its outcome; asked anew, it is paid anew"
    assert told["states"] == [["settled"], ["settled"], ["faulted"], ["settled"]] and told["faults"] == [[0]]
    assert told["publish"] in {"publish.disk_full", "keys.no_access"}, "both name the disk"
    assert told["serves"] == 200, "the version that served still does"
