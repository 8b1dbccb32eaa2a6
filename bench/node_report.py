"""Writes `bench/results/node.json` and the node's section, the last one, of `docs/explanation/benchmarks.md`."""

import json
from collections.abc import Sequence
from typing import Any

from environment import HOUSE, ROOT, machine, table

PAGE, RESULTS = ROOT / "docs" / "explanation" / "benchmarks.md", HOUSE / "results" / "node.json"
TITLE = "## The node: what the service adds to the engine\n"
TARGET_MS = 15
NAMES = {"sqlite": "SQLite", "postgres": "PostgreSQL"}
MODES = {"ask": "asked anew", "recall": "recalled", "preview": "previewed"}
HEAD = """
`make bench-node` measures and writes this section and `bench/results/node.json`. One process serves generated visits of {units} people
over HTTP on the same machine; {clients} clients, each with an open connection and a token, ask small questions: a filtered count, a mean,
counts by 12 regions, distinct people. Every question is another one, so each is charged; then the same questions are recalled, and
previewed. The settings alternate, {n} requests and more for each. Every commit of the ledger is on disk before it returns.

**Overhead** is what a client waits, less the time of the engine for the same bounded plans, run alone in the process of the bench (the
median for each shape of question); less the wait for the moment of release, which is fixed before the run (PRIVACY 8); less the
publication in the log. What the engine takes longer in a busy server counts as overhead. Times in milliseconds.

- Machine: {machine}. Others were at work on it before the run with a load of {load:.1f} (an idle machine has 0): what they take
  from its cores is in every figure.
"""
READING = """
With 64 clients most of the overhead is waiting for one another: for the {cores} cores that server, engine and clients share, and for the
turn to write to the ledger, whose every commit waits for the disk. More processes (`amana serve --workers`) are not measured here.

### Where the overhead goes

Medians of each step, without the steps inside it. *engine, in the server* is the whole time of the engine there.
"""


def write(rows: list[dict[str, Any]], *, load: float) -> None:
    """Keep the figures, and put the section into the page. `load`: of the machine before the run, as the system counts it."""
    RESULTS.write_text(json.dumps({"machine": machine(), "load_before": load, "rows": rows}, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8").partition(TITLE)[0]
    PAGE.write_text(f"{page.rstrip()}\n\n{section()}", encoding="utf-8")
    print(f"wrote {PAGE} and {RESULTS}")


def section() -> str:
    """The section as measured last; nothing where it never was."""
    if not RESULTS.exists():
        return ""
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    rows: list[dict[str, Any]] = kept["rows"]
    clients = sorted({row["clients"] for row in rows})
    head = HEAD.format(
        units=f"{rows[0]['units']:,}", clients=", ".join(map(str, clients[:-1])) + f" or {clients[-1]}", machine=kept["machine"],
        load=kept["load_before"], n=min(row["n"] for row in rows),
    )  # fmt: skip
    reading = READING.format(cores=kept["machine"].split(" ")[0])
    return "\n".join([TITLE + head, _targets(rows), "", _times(rows), reading, *_steps(rows, clients[0])]) + "\n"


def _targets(rows: Sequence[dict[str, Any]]) -> str:
    lines = []
    for row in rows:
        if row["mode"] == "ask":
            p50 = row["overhead_ms"]["p50"]
            count = f"{row['clients']} client{'s' * (row['clients'] > 1)}"
            verdict = "hit" if p50 <= TARGET_MS else "**missed**"
            lines.append([f"{NAMES[row['database']]}, {count}: p50 of the overhead ≤ {TARGET_MS} ms", f"{p50:.1f} ms", verdict])
    return table(["target", "measured", ""], lines)


def _times(rows: Sequence[dict[str, Any]]) -> str:
    head = ["database", "question", "clients", "overhead p50", "p90", "p99", "latency p50", "engine alone p50", "log p50",
            "wait for the release p50", "requests in a second", "n", "unanswered"]  # fmt: skip
    lines = []
    for row in rows:
        overhead = [f"{row['overhead_ms'][name]:.1f}" for name in ("p50", "p90", "p99")]
        others = [f"{row[name]['p50']:.1f}" for name in ("latency_ms", "engine_in_process_ms", "log_ms", "release_wait_ms")]
        lines.append(
            [NAMES[row["database"]], MODES[row["mode"]], str(row["clients"]), f"**{overhead[0]}**", *overhead[1:], *others,
             f"{row['throughput_per_s']:.0f}", str(row["n"]), str(row["unanswered"])]
        )  # fmt: skip
    return table(head, lines)


def _steps(rows: Sequence[dict[str, Any]], clients: int) -> list[str]:
    shown = [row for row in rows if row["clients"] == clients]
    names = list(dict.fromkeys(name for row in shown for name in row["steps_ms_p50"]))
    head = ["step, one client", *(f"{NAMES[row['database']]}, {MODES[row['mode']]}" for row in shown)]
    lines = [
        ["engine, in the server" if name == "engine" else name]
        + [f"{row['steps_ms_p50'][name]:.2f}" if name in row["steps_ms_p50"] else "–" for row in shown]
        for name in names
    ]
    return [table(head, lines)]
