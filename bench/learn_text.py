"""How well a text is learned: Arabic tweets, through the kernel as `learn.py`, beside the same buckets learned without privacy.

No peer measured here reads texts. The constants of the learner were chosen on these tweets, so the scores are a little kind.
"""

import argparse
import time

import numpy as np
import pandas as pd
from learn import RESULTS, auc_of, loss_for, problem_in, row_of, score, write
from learn_data import MIRROR, Data
from learn_node import opened, published, taken

from amana.learn.choose import learner_for
from amana.learn.texts import GRAMS
from amana.terms.training import AUTO

TARGETS = {
    "sarcasm": ("sarcasm", True),
    "bad mood": ("sentiment", "negative"),
    "Egyptian": ("dialect", "egypt"),
}
STEPS, RIDGE = 300, 20.0


def tweets(target: str) -> Data:
    """Tweets in Arabic, official split (PROVENANCE: language/arsarcasm)."""
    folder = MIRROR / "language" / "arsarcasm"
    parts = [pd.read_csv(folder / f"ArSarcasm_{part}.csv") for part in ("train", "test")]
    frame = pd.concat(parts, ignore_index=True)
    column, member = TARGETS[target]
    frame["target"] = np.where(frame[column] == member, "yes", "no")
    official = np.arange(len(frame)) >= len(parts[0])
    return Data(
        name=f"tweets-{target.replace(' ', '-')}", frame=frame, numbers={}, choices=(), texts={"tweet": 300}, official=official
    )  # fmt: skip


def without_privacy(data: Data) -> float:
    """Of a line over the same buckets, with a ridge."""
    rows = np.zeros((len(data.frame), GRAMS.buckets), dtype=np.float32)
    for place, text in enumerate(data.frame["tweet"]):
        rows[place, list(GRAMS.of(text))] = 1
    yes = (data.frame["target"] == "yes").to_numpy()
    learned, held_back = data.fold(0)
    x, y = rows[learned], yes[learned].astype(np.float32)
    effects, speed = np.zeros(GRAMS.buckets, dtype=np.float32), np.zeros(GRAMS.buckets, dtype=np.float32)
    step = 4 / (len(y) * GRAMS.most)
    for _ in range(STEPS):
        gradient = x.T @ (y - 1 / (1 + np.exp(-x @ effects))) - RIDGE * effects
        speed = 0.9 * speed + step * gradient
        effects = effects + speed
    return auc_of(yes[held_back], rows[held_back] @ effects)


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--targets", nargs="*", default=list(TARGETS), choices=list(TARGETS))
    asked.add_argument("--epsilon", type=float, default=1.0)
    asked.add_argument("--seeds", type=int, default=5)
    words = asked.parse_args()
    nano_rho = loss_for(words.epsilon)
    for target in words.targets:
        try:
            data = tweets(target)
        except FileNotFoundError as missing:
            print(f"{target}: skipped, {missing}", flush=True)
            continue
        folder, runs = published(data, 0), list[tuple[float, float]]()
        with opened(folder) as version:
            for _ in range(words.seeds):  # the split is the official one: only the noise differs
                cpu = time.process_time()
                learner = learner_for(problem_in(version, data), AUTO, nano_rho=nano_rho)
                model = learner.finish(taken(version, learner, folder, rows_per_unit=1))
                runs.append((score(model, data, data.fold(0)[1]), time.process_time() - cpu))
                print(f"  {data.name}: {runs[-1][0]:.4f} {runs[-1][1]:.1f} CPU s", flush=True)
        cpu = time.process_time()
        ceiling = (without_privacy(data), time.process_time() - cpu)
        print(f"  {data.name} without privacy: {ceiling[0]:.4f}", flush=True)
        told = {"epsilon": words.epsilon, "splits": "tuned", "who": "ours", "runs": runs}
        rows = [row_of(data.name, name, **told) for name in ("auto", "linear")]
        write(
            [*rows, row_of(data.name, "line over the same buckets", epsilon=None, splits="tuned", who="ceiling", runs=[ceiling])], RESULTS
        )


if __name__ == "__main__":
    main()
