"""Writes `bench/results/portal.json` and the portal's section of `docs/explanation/benchmarks.md`."""

import json
import os
from collections.abc import Mapping
from typing import Any

from environment import HOUSE, ROOT, machine, table

PAGE, RESULTS = ROOT / "docs" / "explanation" / "benchmarks.md", HOUSE / "results" / "portal.json"
TITLE = "## The portal\n"
LOG = "## The public log\n"
"""The section that stands after this one."""
P95_MS_MAX, FIRST_VIEW_BYTES_MAX = 100, 20_000
PEERS = (("Datasette", "82 kB"), ("Datasette, its SQL page", "503 kB"), ("Streamlit", "3.8 MB"), ("marimo", "6.9 MB"))
"""First views as they were told when the portal was planned."""
HEAD = """
`make bench-portal` measures and writes this section and `bench/results/portal.json`. One process serves the three invented datasets of
the demonstration;
{readers} readers in a process of their own on the same machine, each with an open connection, ask for public pages one after another without
a pause, and take them in gzip. A page is written anew every two seconds at most; who asks meanwhile gets what was written. {requests:,} requests.

- Machine: {machine}. Load before the run {before:.1f} (an idle machine has 0): what others take from its cores is in every figure.
"""


def write(found: dict[str, Any], *, load: float) -> None:
    """Keep the figures, and put the section into the page. `load`: of the machine before the run, as the system counts it."""
    kept = {"machine": machine(), "load_before": load, "load_after": os.getloadavg()[0], **found}
    RESULTS.write_text(json.dumps(kept, indent=1) + "\n", encoding="utf-8")
    before, _, after = PAGE.read_text(encoding="utf-8").partition(LOG)
    PAGE.write_text(f"{before.partition(TITLE)[0].rstrip()}\n\n{section()}\n{LOG}{after}", encoding="utf-8")
    print(f"wrote {PAGE} and {RESULTS}")


def section() -> str:
    """The section as measured last; nothing where it never was."""
    if not RESULTS.exists():
        return ""
    kept: Mapping[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
    largest = max(row["bytes"] for row in kept["views"])
    head = HEAD.format(readers=kept["readers"], requests=kept["requests"], machine=kept["machine"], before=kept["load_before"])
    targets = table(
        ["target", "measured", ""],
        [
            [f"{kept['readers']} readers: p95 ≤ {P95_MS_MAX} ms", f"{kept['p95_ms']:.0f} ms", _verdict(kept["p95_ms"] <= P95_MS_MAX)],
            [f"first view ≤ {FIRST_VIEW_BYTES_MAX:,} bytes", f"{largest:,} at most", _verdict(largest <= FIRST_VIEW_BYTES_MAX)],
        ],
    )
    times = table(
        ["readers", "p50", "p95", "p99", "pages in a second", "not answered"],
        [
            [
                str(kept["readers"]),
                *(f"{kept[name]:.1f} ms" for name in ("p50_ms", "p95_ms", "p99_ms")),
                f"{kept['per_s']:.0f}",
                str(kept["lost"]),
            ]
        ],
    )
    languages = list(dict.fromkeys(row["language"] for row in kept["views"]))
    sizes = {(row["path"], row["language"]): row["bytes"] for row in kept["views"]}
    views = table(
        ["first view, bytes on the wire", *languages],
        [[f"`{path}`", *(f"{sizes[path, language]:,}" for language in languages)] for path in dict.fromkeys(path for path, _ in sizes)],
    )
    peers = table(["first views of others, not measured here", ""], [list(each) for each in PEERS])
    note = "\nA first view is everything that the page names: itself, style, scripts, icon and the font of its language, with the heads of the answers."
    return "\n".join([TITLE + head, targets, "", times, "", views, note, "", peers]) + "\n"


def _verdict(hit: bool) -> str:
    return "hit" if hit else "**missed**"
