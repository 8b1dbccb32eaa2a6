"""Two processes make transitions and flush them while they are killed: each transition stays one entry of the log."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from amana.node.outbox import Outbox
from tests.parts import connect, log_at

CHILD = """
import sys
from datetime import UTC, date, datetime
from itertools import count
from pathlib import Path

from amana.log.entry_kinds import PopulationEntry
from amana.node.audit import note
from amana.node.outbox import Flushing, Outbox, put
from tests.parts import connect, log_at

folder, name = Path(sys.argv[1]), sys.argv[2]
database, log = connect(folder / "node.sqlite"), log_at(folder / "log")
flushing = Flushing(database, Outbox(database, log, lock=folder / "outbox.lock"))
at = datetime(2026, 11, 29, tzinfo=UTC)
print("begun", flush=True)
for number in count():
    unit = f"{name}_{number}"
    with flushing.transaction() as run:
        note(run, at=at, actor="a", action="b", thing="c", subject=unit, was="", now_is="")
        put(run, PopulationEntry(hour=at, population="people", unit=unit, period="life", cap_nrho=1, cap_delta=1))
"""
ROUNDS = 5


@pytest.mark.usefixtures("each_database")
def test_two_processes_that_are_killed_leave_each_transition_as_one_entry(tmp_path: Path) -> None:
    connect(tmp_path / "node.sqlite").close()
    (tmp_path / "child.py").write_text(CHILD, "utf-8")
    chance, env = random.Random(4), {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    for number in range(ROUNDS):
        command = [sys.executable, str(tmp_path / "child.py"), str(tmp_path)]
        children = [subprocess.Popen([*command, f"r{number}{name}"], stdout=subprocess.PIPE, env=env) for name in "ab"]
        for child in children:
            assert child.stdout is not None and child.stdout.readline() == b"begun\n"
        time.sleep(0.2 + chance.random() / 2)
        for child in children:
            child.send_signal(signal.SIGKILL)
            child.communicate()
    with closing(connect(tmp_path / "node.sqlite")) as database:
        log = log_at(tmp_path / "log")
        box = Outbox(database, log, lock=tmp_path / "outbox.lock")
        box.flush()
        assert box.is_empty()
        with database.reading() as run:
            made = [str(subject) for (subject,) in run.rows("SELECT subject FROM audit", {})]
        told = [str(json.loads(entry)["unit"]) for entry in log.entries(0)]
        log.close()
    assert Counter(told) == Counter(made) and len(set(told)) == len(told) > ROUNDS
    for name in {unit.rpartition("_")[0] for unit in told}:
        own = [int(unit.rpartition("_")[2]) for unit in told if unit.rpartition("_")[0] == name]
        assert own == sorted(own), "in the order in which they were made"
