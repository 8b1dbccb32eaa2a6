"""A hundred times `kill -9` among two processes that append from several threads: nothing acknowledged is lost, one history is signed."""

import json
import subprocess
import sys
from base64 import b64decode
from pathlib import Path

import pytest

from amana.log.checkpoint import Checkpoint
from amana.log.tree import Hash
from tests.log_writing import ORIGIN, assert_one_history, opened, whole

KILLS = 100
UNDER_LOAD = """
# Two children append; now and then one of them, or both, are killed and others take their place. Whatever was signed meanwhile is noted.
import json, os, random, signal, sys, threading, time
from base64 import b64encode
from pathlib import Path
from amana.log.checkpoint import read_checkpoint
from amana.log.note import read_note
from tests.log_writing import opened, signed
folder, kills, seed = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
chance, said = random.Random(seed), os.open(folder / "acknowledged", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

def child(number):
    log = opened(folder)
    def append(thread):
        for count in range(10**6):
            entry = f"{number}-{thread}-{count}" + "." * (count % 7 * 100)
            index = log.append(entry.encode()).index
            os.write(said, f"{index} {entry}\\n".encode())
    threads = [threading.Thread(target=append, args=(thread,)) for thread in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

def start(number):
    pid = os.fork()
    if pid == 0:
        try:
            child(number)
        finally:
            os.write(2, b"a child ended by itself\\n")
            os._exit(1)
    return pid

seen, born, killed = {}, 2, 0
def look():
    notes = []
    try:
        notes.append(read_checkpoint(read_note((folder / "log" / "checkpoint").read_bytes()).text))
    except FileNotFoundError:
        pass
    try:
        notes.append(signed(folder))
    except FileNotFoundError:
        pass
    seen.update({(one.size, b64encode(one.root).decode()): None for one in notes})

children = [start(0), start(1)]
while killed < kills:
    # Either soon, while one is opening perhaps, or when more entries have been acknowledged.
    size, now = os.fstat(said).st_size, time.monotonic()
    more, until = (size + chance.choice([1, 200, 1000]), now + 3.0) if chance.random() < 0.6 else (0, now + chance.random() * 0.1)
    while time.monotonic() < until and (more == 0 or os.fstat(said).st_size < more):
        look()
        time.sleep(0.001)
    time.sleep(chance.random() * 0.01)
    for which in chance.choice([[0], [1], [0, 1]]):
        os.kill(children[which], signal.SIGKILL)
        os.waitpid(children[which], 0)
        killed += 1
        children[which], born = start(born), born + 1
time.sleep(0.2)
for pid in children:
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
look()
print(json.dumps({"killed": killed, "seen": list(seen)}))
"""


@pytest.mark.slow
def test_a_hundred_kills_lose_nothing_acknowledged_and_sign_one_history(tmp_path: Path) -> None:
    command = [sys.executable, "-c", UNDER_LOAD, str(tmp_path), str(KILLS), "20261129"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0 and done.stderr == "", done.stderr[-3000:]
    told = json.loads(done.stdout)
    assert told["killed"] >= KILLS
    seen = [Checkpoint(origin=ORIGIN, size=size, root=Hash(b64decode(root))) for size, root in told["seen"]]
    opened(tmp_path).close()
    entries = whole(tmp_path)
    acknowledged = dict(line.split(" ") for line in (tmp_path / "acknowledged").read_text().splitlines())
    assert len(acknowledged) > KILLS and len(seen) > KILLS
    assert {index: entries[int(index)].decode() for index in acknowledged} == acknowledged
    assert len(set(entries)) == len(entries)  # what a killed process left was published once
    assert_one_history(tmp_path, seen)
