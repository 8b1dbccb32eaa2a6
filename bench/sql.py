"""`make bench`: private SQL against plain DuckDB and other engines. Writes docs/explanation/benchmarks.md and bench/results/sql.json.

Every piece is kept under `.bench/` as soon as it is measured, so a run that was cut goes on where it stopped.
"""

import argparse
import subprocess
import sys

import report
import state
from environment import HOUSE, PEERS, plain_database
from peer_runs import Limits, run_peer
from queries import QUERIES, Query

EPSILONS = (1.0, 0.1)
PHASES = ("publish", "time", "peers", "accuracy", "large", "report")


def _own(folder: str, scale: float, what: str, runs: int, queries: list[Query]) -> None:
    """Ours in a process of its own, so that its memory and threads are its own."""
    plain_database(scale)
    names = [query.name for query in queries]
    subprocess.run([sys.executable, str(HOUSE / "own_runs.py"), folder, f"{scale:g}", what, str(runs), *names], check=True)


def _read() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="scale 0.1 and few repetitions, for work on the bench itself")
    parser.add_argument("--only", nargs="*", default=[], help="questions by name")
    parser.add_argument("--engines", nargs="*", default=[], help="engines by name (amana is ours)")
    parser.add_argument("--phases", nargs="*", default=list(PHASES), choices=PHASES)
    parser.add_argument("--epsilons", nargs="*", type=float, default=list(EPSILONS), help="of the peers")
    parser.add_argument("--peer-seconds", type=float, default=600.0, help="limit for one (peer, question)")
    return parser.parse_args()


def main() -> None:
    chosen = _read()
    folder, scale, large, runs = ("state-quick", 0.1, 1.0, 3) if chosen.quick else ("state", 1.0, 10.0, 9)
    limits = Limits(runs=5, seconds_max=30) if chosen.quick else Limits(seconds_max=chosen.peer_seconds)
    state.use(folder)
    queries = [query for query in QUERIES if not chosen.only or query.name in chosen.only]
    peers = [peer for peer in PEERS if not chosen.engines or peer.name in chosen.engines]
    ours = not chosen.engines or "amana" in chosen.engines
    if ours and {"publish", "time", "accuracy"} & set(chosen.phases):
        _own(folder, scale, "publish", 3, [])
    for query in queries:  # question by question, so that an engine and plain DuckDB are measured close together
        print(query.title, file=sys.stderr, flush=True)
        if ours and "time" in chosen.phases:
            _own(folder, scale, "time", runs, [query])
            _own(folder, scale, "flatten", 5, [query])
        for peer in peers:
            if "peers" in chosen.phases:
                for epsilon in chosen.epsilons:
                    run_peer(scale, query, peer, epsilon=epsilon, limits=limits)
    for query in queries if "accuracy" in chosen.phases else []:
        if ours:
            _own(folder, scale, "accuracy", 1, [query])
    if ours and "large" in chosen.phases:
        _own(folder, large, "publish", 1, [])
        _own(folder, large, "time", runs, queries)
        _own(folder, large, "memory", 1, [])
    if "report" in chosen.phases:
        report.write(scale, large, quick=chosen.quick)


if __name__ == "__main__":
    main()
