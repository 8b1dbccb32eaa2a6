"""The benchmark's own column keeps up with the code: every question is asked once, on small tables."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[1])
import environment
environment.WORK = Path(sys.argv[2])
import own_runs, state
from queries import QUERIES
state.use("state")
own_runs.publish(0.01, runs=1)
own_runs.alternate(0.01, list(QUERIES), runs=1)
own_runs.flatten(0.01, list(QUERIES), runs=1)
for query in QUERIES:
    record = state.read(0.01, "time", "amana", query.name)
    assert record["unsupported"] is None and record["n"] == 1, (query.name, record)
    assert state.read(0.01, "flat", "plain", query.name)["n"] == 1
"""


@pytest.mark.slow
def test_every_question_of_the_benchmark_is_answered(tmp_path: Path) -> None:
    command = [sys.executable, "-c", SCRIPT, str(ROOT / "bench"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
