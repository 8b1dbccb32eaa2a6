"""Two processes adopt, bring, verify and measure while they are killed: the log verifies, a copy says what the node says, nothing twice."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

from amana.log.quorum import policy_of
from amana.log.read import FolderReader
from amana.log.verify import verify
from amana.node.service import open_service
from amana.programme.copy import evaluate_copy
from tests.programme import carried

CHILD = """
import json, sys
from pathlib import Path

from amana.node.service import open_service
from amana.terms.refusal import Fault, Refusal
from tests.doors.http_node import HttpNode
from tests.programme import Carried, plan_text

folder, ids, permit = Path(sys.argv[1]), json.loads(sys.argv[2]), sys.argv[3]
service = open_service(folder)
service.begin()
world = Carried(node=HttpNode(service=service, client=None, people=ids, tokens={}, project="", permit=permit), ids=ids)
print("begun", flush=True)
state = service.programme_state
while True:
    number = state.plan().version + 1 if state.plan() is not None else 1
    for step in (
        lambda: world.adopt(plan_text(version=number)),
        world.measure,
        lambda: world.verify(world.state(25)),
        lambda: service.programme.drop(world.asker("decider"), commitment="open-data", reasons="No money."),
        lambda: service.programme.resume(world.asker("decider"), commitment="open-data", reasons="Money."),
        service.private_figures.measure_again,
    ):
        try:
            step()
        except (Refusal, Fault):
            pass
"""
ROUNDS = 4


def test_what_is_killed_in_the_middle_leaves_log_documents_and_database_in_agreement(tmp_path: Path) -> None:
    folder = tmp_path / "node"
    with carried(folder) as made:
        ids, permit = json.dumps(made.ids), made.node.permit
    (tmp_path / "child.py").write_text(CHILD, "utf-8")
    chance, env = random.Random(7), {**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent.parent)}
    for _ in range(ROUNDS):
        command = [sys.executable, str(tmp_path / "child.py"), str(folder), ids, permit]
        children = [subprocess.Popen(command, stdout=subprocess.PIPE, env=env) for _ in "ab"]
        for child in children:
            assert child.stdout is not None
            while child.stdout.readline() != b"begun\n":
                assert child.poll() is None
        time.sleep(1 + 2 * chance.random())
        for child in children:
            child.send_signal(signal.SIGKILL)
            child.communicate()
    service = open_service(folder)
    service.begin()
    service.tend()
    reader, policy = FolderReader(folder / "log"), policy_of(*service._wired.log.signed_by)
    verified = verify(reader, policy=policy, since=None, progress=lambda _done, _total: None)
    assert verified.documents_missing == ()
    copy = evaluate_copy(reader, policy=policy, today=service.now().date()).evaluation
    assert copy.standings == service.programme_state.evaluation().standings
    entries = [json.loads(each) for each in service._wired.log.entries(0)]
    kinds = Counter(each["kind"] for each in entries)
    with service.database.reading() as run:
        kept = {name: run.rows(f"SELECT COUNT(*) FROM {name}", {})[0][0] for name in ("evidence", "plan_version", "outbox")}
        ((judged,),) = run.rows("SELECT COUNT(*) FROM evidence WHERE verdict IS NOT NULL", {})
    assert kept == {"evidence": kinds["evidence"], "plan_version": kinds["plan"], "outbox": 0}
    assert judged == kinds["verification"] > 0
    assert len({each["evidence"] for each in entries if each["kind"] == "evidence"}) == kinds["evidence"] > 0
    service.close()
