"""Writes `bench/results/log.json` and the log's section of `docs/explanation/benchmarks.md`."""

import json
import os
import statistics
from collections.abc import Mapping, Sequence
from typing import Any

from environment import HOUSE, ROOT, machine, table

PAGE, RESULTS = ROOT / "docs" / "explanation" / "benchmarks.md", HOUSE / "results" / "log.json"
TITLE = "## The public log\n"
NODE = "## The node: what the service adds to the engine\n"
"""The section that stands after this one."""
PUBLISHED_MIN, ONE_CLIENT_MS_MAX, PROOF_MS_MAX = 5_000, 25, 3
STORES = {"log": "public log", "sqlite": "SQLite"}
HEAD = """
`make bench-log` measures and writes this section and `bench/results/log.json`. Entries of 512 bytes. An entry of the log counts when a
signed checkpoint that covers it is published: journal, bundle, tiles, the signer's record and the checkpoint are on disk by then. Beside
it an SQLite insert on the same disk, with the node's own settings (WAL, `synchronous=FULL`), one transaction for each batch or client's
entry. Both alternate in one process; medians of {rounds} rounds, in brackets the least and the most.

- Machine: {machine}. Load before the run {before:.1f}, after it {after:.1f} (an idle machine has 0; the clients of this bench count too).
"""
NOTES = """
The log waits for the disk about ten times for each batch (a file and its folder, five times), SQLite once. So one who appends alone is
faster with SQLite; many who wait at once are published together. A proof is *cold* when its reader has read nothing yet and the system was
asked to forget the tiles: three tiles of 8 kB for a million entries.
"""


def write(rows: list[dict[str, Any]], *, load: float) -> None:
    """Keep the figures, and put the section into the page. `load`: of the machine before the run, as the system counts it."""
    kept = {"machine": machine(), "load_before": load, "load_after": os.getloadavg()[0], "rows": rows}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    page = PAGE.read_text(encoding="utf-8")
    before, _, after = page.partition(NODE)
    before = before.partition(TITLE)[0].rstrip()
    PAGE.write_text(f"{before}\n\n{section(kept)}\n{NODE}{after}", encoding="utf-8")
    print(f"wrote {PAGE} and {RESULTS}")


def section(kept: Mapping[str, Any]) -> str:
    """The section for these figures."""
    rows: list[dict[str, Any]] = kept["rows"]
    rounds = max(len(row.get("rounds", ())) for row in rows)
    head = HEAD.format(rounds=rounds, machine=kept["machine"], before=kept["load_before"], after=kept["load_after"])
    return "\n".join([TITLE + head, _targets(rows), "", _batches(rows), "", _clients(rows), NOTES])


def _row(rows: Sequence[dict[str, Any]], what: str, n: int, store: str) -> list[dict[str, float]]:
    found: list[dict[str, float]] = next(row["rounds"] for row in rows if (row["what"], row["n"], row.get("store")) == (what, n, store))
    return found


def _targets(rows: Sequence[dict[str, Any]]) -> str:
    most = statistics.median(each["per_s"] for each in _row(rows, "clients", 256, "log"))
    one = statistics.median(each["p50_ms"] for each in _row(rows, "clients", 1, "log"))
    proof = next(row for row in rows if row["what"] == "cold proof")
    return table(
        ["target", "measured", ""],
        [
            [f"256 clients: ≥ {PUBLISHED_MIN:,} published in a second", f"{most:,.0f}", _verdict(most >= PUBLISHED_MIN)],
            [f"one client: p50 ≤ {ONE_CLIENT_MS_MAX} ms", f"{one:.1f} ms", _verdict(one <= ONE_CLIENT_MS_MAX)],
            [
                f"cold inclusion proof at {proof['n']:,} entries ≤ {PROOF_MS_MAX} ms",
                f"{proof['p50_ms']:.2f} ms (p99 {proof['p99_ms']:.2f} ms, {proof['count']} proofs)",
                _verdict(proof["p50_ms"] <= PROOF_MS_MAX),
            ],
        ],
    )


def _batches(rows: Sequence[dict[str, Any]]) -> str:
    counts = sorted({row["n"] for row in rows if row["what"] == "batch"})
    lines = [[f"{n:,}", *(_spread(_row(rows, "batch", n, store), "per_s", ",.0f") for store in STORES)] for n in counts]
    return table(["one appends batches of", *(f"{name}, entries in a second" for name in STORES.values())], lines)


def _clients(rows: Sequence[dict[str, Any]]) -> str:
    lines = []
    for n in sorted({row["n"] for row in rows if row["what"] == "clients"}):
        for store, name in STORES.items():
            kept = _row(rows, "clients", n, store)
            lines.append(
                [str(n), name, *(_spread(kept, what, form) for what, form in (("per_s", ",.0f"), ("p50_ms", ".1f"), ("p99_ms", ".1f")))]
            )
    return table(["clients", "", "entries in a second", "p50, ms", "p99, ms"], lines)


def _spread(rounds: Sequence[Mapping[str, float]], what: str, form: str) -> str:
    found = sorted(each[what] for each in rounds)
    return f"**{statistics.median(found):{form}}** ({found[0]:{form}}–{found[-1]:{form}})"


def _verdict(hit: bool) -> str:
    return "hit" if hit else "**missed**"
