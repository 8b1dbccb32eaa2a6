"""The peers of the learners, each in an environment of its own, on the splits and columns of `learn_data`; and models without privacy.

A peer that has settings is run at several, and the one with the best mean score on the held-back rows is told: kinder than it can be in use.
What does not install, does not finish or refuses stands in the results with its reason.
"""

import argparse
import json
import os
import resource
import signal
import subprocess
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from environment import HOUSE, WORK, Peer, python_of
from learn import DELTA, EPSILON, RESULTS, SEEDS, auc_of, r2_of, row_of, seeds_of, write
from learn_data import DATA, Data

SECONDS_MAX = 600
"""Units: seconds of processor time for one run; a run that waits is ended after four times as long."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rival:
    """`peer`: whose environment and script. `method`: which of the script's methods, and its `settings` where they are not the peer's own.
    `who`: "peer", or "ceiling" without privacy."""

    learner: str
    peer: Peer
    method: str = ""
    who: str = "peer"
    does_regression: bool = True
    settings: dict[str, int] = field(default_factory=dict)


def peer_of(name: str, script: str, title: str, guarantee: str, *packages: str) -> Peer:
    return Peer(name=name, script=script, title=title, guarantee=guarantee, unit_level=False, packages=packages)


_NONE = peer_of("lightgbm", "learn_without_privacy.py", "LightGBM", "none", "lightgbm", "scikit-learn")
RIVALS = (
    Rival(learner="lightgbm", method="lightgbm", peer=_NONE, who="ceiling"),
    Rival(learner="linear without privacy", method="linear", peer=_NONE, who="ceiling"),
    Rival(
        learner="interpret",
        peer=peer_of("interpret", "learn_interpret.py", "interpret's private EBM", "(ε, δ), of one row", "interpret-core"),
    ),
    Rival(
        learner="diffprivlib",
        peer=peer_of("diffprivlib", "learn_diffprivlib.py", "diffprivlib's regressions", "pure ε, of one row", "diffprivlib"),
    ),
    Rival(
        learner="jax-privacy",
        peer=peer_of("jax-privacy", "learn_jax_privacy.py", "jax-privacy, linear", "(ε, δ), of one row", "jax-privacy", "jax"),
    ),
)


def serve(peer: Peer, job: dict[str, Any], *, name: str, seconds_max: int = SECONDS_MAX) -> dict[str, Any]:
    """The job's runs in the peer's environment, with the reason where some are missing; a result with all is kept for the next time."""
    folder = WORK / "learn-peers"
    folder.mkdir(parents=True, exist_ok=True)
    job_path, result_path = folder / f"{name}.job.json", folder / f"{name}.result.json"
    kept: dict[str, Any] = json.loads(result_path.read_text(encoding="utf-8")) if result_path.exists() else {}
    if kept.get("done") and not kept.get("unsupported"):
        return kept
    result_path.unlink(missing_ok=True)
    limit = seconds_max * job["runs"]
    job_path.write_text(json.dumps(job | {"runs_slow": 1, "seconds_max": 4 * limit}), encoding="utf-8")
    command = [str(python_of(peer)), str(HOUSE / "peers" / peer.script), str(job_path), str(result_path)]
    environment = {"PATH": os.environ.get("PATH", ""), "HOME": str(folder), "PYTHONWARNINGS": "ignore", "JAX_PLATFORMS": "cpu"}

    def limited() -> None:
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))

    reason = f"no answer in {seconds_max // 60} minutes"
    try:
        ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, preexec_fn=limited, timeout=4 * limit)
        if ended.returncode not in (0, -signal.SIGXCPU, -signal.SIGKILL):
            reason = f"died with code {ended.returncode}: {ended.stderr.strip()[-160:]}"
    except subprocess.TimeoutExpired:
        pass
    result: dict[str, Any] = json.loads(result_path.read_text(encoding="utf-8")) if result_path.exists() else {}
    if not result.get("done"):
        result |= {"unsupported": reason, "done": True}
        result_path.write_text(json.dumps(result), encoding="utf-8")
    return result


def split_of(data: Data, seed: int) -> dict[str, str]:
    """Where the rows of that split are: to learn from, and to guess."""
    folder = WORK / "learn-peers" / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    paths = {}
    for part, rows in zip(("train", "test"), data.fold(seed), strict=True):
        path = folder / f"{data.name}-{'official' if data.official is not None else seed}-{part}.parquet"
        if not path.exists():
            data.frame.iloc[rows][[*data.numbers, *data.choices, data.target]].to_parquet(path, index=False)
        paths[part] = str(path)
    return paths


def job_of(rival: Rival, data: Data, seeds: range) -> dict[str, Any]:
    """The rows and the declarations: all that a peer is told."""
    numbers = {name: [number.low, number.high, bool(data.frame[name].isna().any())] for name, number in data.numbers.items()}
    return {
        "splits": [split_of(data, seed) for seed in seeds], "runs": len(seeds), "method": rival.method,
        "numbers": numbers, "choices": {name: list(data.members[name]) for name in data.choices}, "target": data.target,
        "regression": [data.regression.low, data.regression.high] if data.regression else None, "epsilon": EPSILON, "delta": DELTA,
    }  # fmt: skip


def measured(rival: Rival, data: Data, *, splits: str, seeds: range) -> dict[str, Any]:
    """The row of the results: mean and spread over seeds at the setting that did best, or the reason why there is none."""
    name = f"{rival.learner}-{data.name}-{splits}-{len(seeds)}".replace(" ", "-")
    result = serve(rival.peer, job_of(rival, data, seeds), name=name)
    if not result.get("rows"):
        return without(rival, data.name, splits=splits, reason=result["unsupported"])
    scores: dict[str, list[float]] = {}
    for seed, guesses in zip(seeds, result["rows"], strict=False):
        truth = data.frame.iloc[data.fold(seed)[1]][data.target].to_numpy()
        for setting, guess in guesses.items():
            scores.setdefault(setting, []).append(
                r2_of(truth, np.array(guess)) if data.regression else auc_of(truth == "yes", np.array(guess))
            )
    best = max(scores, key=lambda setting: float(np.mean(scores[setting])))
    runs = [(score, spent / len(scores)) for score, spent in zip(scores[best], result["cpu_s"], strict=True)]
    row = row_of(data.name, rival.learner, epsilon=None if rival.who == "ceiling" else EPSILON, splits=splits, who=rival.who, runs=runs)
    return (
        row
        | ({"setting": best, "settings": len(scores)} if len(scores) > 1 else {})
        | ({"reason": result["unsupported"]} if result["unsupported"] else {})
    )


def without(rival: Rival, data: str, *, splits: str, reason: str) -> dict[str, Any]:
    """A row that has no score, and says why."""
    epsilon = None if rival.who == "ceiling" else EPSILON
    row = row_of(data, rival.learner, epsilon=epsilon, splits=splits, who=rival.who, runs=[(0.0, 0.0)])
    return row | {"score_mean": None, "score_sd": None, "seeds": 0, "cpu_s": None, "reason": reason}


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    names = [rival.learner for rival in RIVALS]
    asked.add_argument("--data", nargs="*", default=list(DATA), choices=list(DATA))
    asked.add_argument("--learners", nargs="*", default=names, choices=names)
    asked.add_argument("--splits", default="tuned", choices=["tuned", "fresh"])
    asked.add_argument("--seeds", type=int, default=SEEDS)
    words = asked.parse_args()
    for name in words.data:
        try:
            data = DATA[name]()
        except FileNotFoundError as missing:
            print(f"{name}: skipped, {missing}", flush=True)
            continue
        for rival in (rival for rival in RIVALS if rival.learner in words.learners):
            try:
                row = measured(rival, data, splits=words.splits, seeds=seeds_of(words.splits, words.seeds))
            except subprocess.CalledProcessError as failed:
                row = without(rival, name, splits=words.splits, reason=f"does not install: {failed}")
            print(row, flush=True)
            write([row], RESULTS)


if __name__ == "__main__":
    main()
