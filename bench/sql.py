"""`make bench`: private SQL against plain DuckDB and against other engines. See docs/explanation/benchmarks.md, which it writes."""

import argparse
import sys

import state
from environment import PEERS
from peer_runs import Limits, run_peer
from queries import QUERIES

EPSILONS = (0.1, 1.0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="scale 0.1 and few repetitions, for work on the bench itself")
    parser.add_argument("--only", nargs="*", default=[], help="questions by name")
    parser.add_argument("--engines", nargs="*", default=[], help="engines by name")
    parser.add_argument("--scale", type=float, default=None)
    parser.add_argument("--phases", nargs="*", default=["time", "accuracy"])
    parser.add_argument("--peer-seconds", type=float, default=600.0)
    chosen = parser.parse_args()
    if chosen.quick:
        state.use("state-quick")
    scale = chosen.scale or (0.1 if chosen.quick else 1.0)
    limits = Limits(runs_time=3, runs_accuracy=5, seconds_max=30) if chosen.quick else Limits(seconds_max=chosen.peer_seconds)
    for query in QUERIES:
        if chosen.only and query.name not in chosen.only:
            continue
        print(query.name, file=sys.stderr, flush=True)
        for peer in PEERS:
            if chosen.engines and peer.name not in chosen.engines:
                continue
            if "time" in chosen.phases:
                run_peer(scale, query, peer, kind="time", epsilon=1.0, limits=limits)
            if "accuracy" in chosen.phases:
                for epsilon in EPSILONS:
                    run_peer(scale, query, peer, kind=f"accuracy-{epsilon:g}", epsilon=epsilon, limits=limits)


if __name__ == "__main__":
    main()
