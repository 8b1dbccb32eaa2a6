"""Runs of the peers, each in a process of its own environment, with a limit of time for each question."""

import json
import os
import subprocess
import sys
from dataclasses import asdict, dataclass
from functools import cache

import duckdb
import state
from caps import Caps, choose
from environment import HOUSE, WORK, Peer, flat_rows, python_of
from queries import Query
from truth import exact_answer, median_error

DELTA = 1e-7


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`runs` give the median time and the error of one (peer, question); `runs_slow` are enough where one takes over a minute.
    Units: seconds for one (peer, question), of which the first `runs_slow` are always measured."""

    runs: int = 20
    runs_slow: int = 3
    seconds_max: float = 600.0


@cache
def _caps(scale: float, query: Query, epsilon: float) -> Caps:
    kept = state.read(scale, "caps", f"eps{epsilon:g}", query.name)
    if kept is None:
        with duckdb.connect() as connection:
            flat = str(flat_rows(scale, query, filtered=True))
            kept = asdict(choose(connection, query, flat_path=flat, epsilon=epsilon, delta=DELTA))
        state.write(scale, "caps", f"eps{epsilon:g}", query.name, kept)
    return Caps(**kept)


def _job(scale: float, query: Query, epsilon: float, limits: Limits) -> dict:
    caps = _caps(scale, query, epsilon)
    truth = exact_answer(scale, query)
    return {
        "flat": str(flat_rows(scale, query, filtered=False)),
        "flat_filtered": str(flat_rows(scale, query, filtered=True)),
        "where": query.where,
        "key_columns": list(query.key_columns),
        "unknown_keys": query.unknown_keys,
        "public_keys": [list(key) for key in sorted(truth)] if query.keys else [],
        "figures": [asdict(figure) for figure in query.figures],
        "epsilon": epsilon,
        "delta": DELTA,
        "cap_rows": caps.rows,
        "cap_groups": caps.groups,
        "cap_in_group": caps.in_group,
        "cap_norm": caps.norm,
        "cap_groups_held": caps.held,
        "runs": limits.runs,
        "runs_slow": limits.runs_slow,
        "seconds_max": limits.seconds_max,
    }


def _serve(peer: Peer, job: dict, *, name: str) -> dict:
    """Run one job; when the limit passes, keep the runs that were finished."""
    folder = WORK / "jobs"
    folder.mkdir(parents=True, exist_ok=True)
    job_path, result_path = folder / f"{name}.job.json", folder / f"{name}.result.json"
    result_path.unlink(missing_ok=True)
    job_path.write_text(json.dumps(job), encoding="utf-8")
    command = [str(python_of(peer)), str(HOUSE / "peers" / peer.script), str(job_path), str(result_path)]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "PYTHONWARNINGS": "ignore", "RUST_BACKTRACE": "0"}
    late, died = False, ""
    try:
        done = subprocess.run(command, env=environment, capture_output=True, timeout=job["seconds_max"] * 1.5 + 60, check=False, text=True)
        died = "" if done.returncode == 0 else f"died with code {done.returncode}: {done.stderr.strip()[-160:]}"
    except subprocess.TimeoutExpired:
        late = True
    result = json.loads(result_path.read_text(encoding="utf-8")) if result_path.exists() else {}
    if not result.get("wall_s") and not result.get("unsupported"):
        result["unsupported"] = f"no answer in {job['seconds_max'] / 60:.0f} minutes" if late else died or "no answer"
    return result


def run_peer(scale: float, query: Query, peer: Peer, *, epsilon: float, limits: Limits) -> None:
    """Measure one (peer, question) at that epsilon, time and error from the same runs, and keep it."""
    kind = f"peer-{epsilon:g}"
    if state.read(scale, kind, peer.name, query.name) is not None:
        return
    job = _job(scale, query, epsilon, limits)
    result = _serve(peer, job, name=f"{kind}-{peer.name}-{query.name}")
    record: dict = {"unsupported": result.get("unsupported"), "n": len(result.get("wall_s", [])), "seconds_max": limits.seconds_max}
    if record["n"]:
        record |= {
            "wall_s": result["wall_s"],
            "cpu_s": result["cpu_s"],
            "rel_error_median": median_error(exact_answer(scale, query), result["rows"]),
            "epsilon": epsilon,
        }
    state.write(scale, kind, peer.name, query.name, record)
    shown = (
        f"{min(record['wall_s']):.2f} s, error {record['rel_error_median']:.3%}, n {record['n']}" if record["n"] else record["unsupported"]
    )
    print(f"  {kind} {peer.name} {query.name}: {shown}", file=sys.stderr, flush=True)
