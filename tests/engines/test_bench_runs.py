"""The benchmarks keep up with the code: every question is asked once, on small tables, and the node serves a small round."""

import importlib
import json
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


@pytest.mark.slow
def test_the_node_is_measured_in_every_setting_and_each_answer_is_as_it_was_meant(tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "bench" / "node.py"), "--quick", "--databases", "sqlite", "--work", str(tmp_path / "work")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]
    rows = json.loads((tmp_path / "work" / "node.json").read_text("utf-8"))
    assert {(row["mode"], row["clients"]) for row in rows} == {(m, c) for m in ("ask", "recall", "preview") for c in (1, 8, 64)}
    assert all(row["n"] >= 4 and row["unanswered"] == 0 for row in rows)
    for row in rows:
        asked = row["mode"] == "ask"
        assert asked == (row["release_wait_ms"]["p50"] > 400) == (row["engine_in_process_ms"]["p50"] > 0), row
        assert (row["mode"] == "preview") == (row["log_ms"]["p50"] == 0), row
        assert 0 < row["overhead_ms"]["min"] < row["latency_ms"]["p99"]
    (one,) = (row["steps_ms_p50"] for row in rows if (row["mode"], row["clients"]) == ("ask", 1))
    assert all(one[step] > 0 for step in ("who asks", "repetition", "parse", "permit", "choose", "price", "charge", "engine", "settle"))


def test_overhead_is_the_latency_without_wait_log_and_the_engine_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    counting = importlib.import_module("node_figures")
    steps = {"log": 0.002, "wait for the release": 0.5, "engine": 0.009, "parse": 0.001}
    one = counting.Timed(latency_s=0.530, served_s=0.525, engine_s=0.004, steps_s=steps)
    assert one.overhead_s == pytest.approx(0.530 - 0.5 - 0.002 - 0.004)  # what the engine took longer in the server counts
    row = counting.figures([one, one], seconds=4.0)
    assert (row["n"], row["throughput_per_s"], row["overhead_ms"]["p50"]) == (2, 0.5, 24.0)
    assert row["steps_ms_p50"] == {"engine": 9.0, "parse": 1.0, "routing and threads": 13.0, "network and client": 5.0}
    values = [float(number) for number in range(1, 101)]
    assert [counting.percentile(values, share) for share in (0.5, 0.9, 0.99)] == [50.0, 90.0, 99.0]


def test_steps_inside_a_step_and_late_awakenings_are_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    server = importlib.import_module("node_server")
    now = [0.0]
    monkeypatch.setattr(server.time, "perf_counter", lambda: now[0])

    def lasts(seconds: float) -> None:
        now[0] += seconds

    watch = server.Watch()
    watch.timed("outer", lambda: (lasts(1.0), watch.timed("inner", lambda: lasts(2.0)), watch.waited(lambda: lasts(4.0), planned=3.5)))
    assert watch.steps == {"outer": 1.0, "inner": 2.0, "wait for the release": 3.5, "wake up": 0.5}
