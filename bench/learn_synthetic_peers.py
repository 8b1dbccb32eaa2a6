"""Synthetic tables of Adult made by peers, on the grid of `learn_synthetic`, and how far their tables are from those of the real rows.

All of them draw rows from a model of private-pgm, which has two ways: rounding, which is its default, and sampling. From each model rows are
drawn in both, and both are told."""

import argparse
import subprocess
from typing import Any

import numpy as np
import pandas as pd
from environment import WORK
from learn import RESULTS, write
from learn_peers import Rival, peer_of, serve
from learn_synthetic import DELTA, EPSILON, GRIDS, SEEDS, adult, loss_at, opened, published, rows_of, variation

from amana.learn.synthesis import synthesis_of
from amana.terms.model import Feature, FeatureKind

SECONDS_MAX = 1200
"""Units: seconds of processor time for one table."""
WAYS = (1, 2, 3)
DRAWN = {"round": "", "sample": ", sampled"}
"""How rows are drawn, and what that adds to the name of a learner."""

_SMARTNOISE = peer_of("smartnoise-synth", "learn_tables_smartnoise.py", "SmartNoise", "(ε, δ), of one row", "smartnoise-synth", "mbi")
_OPENDP = peer_of("opendp-mbi", "learn_tables_opendp.py", "OpenDP", "zCDP, of one row", "opendp", "mbi")
RIVALS = (
    Rival(learner="smartnoise MST", peer=_SMARTNOISE, method="MST"),
    Rival(learner="opendp MST", peer=_OPENDP, method="MST"),
    Rival(learner="smartnoise AIM", peer=_SMARTNOISE, method="AIM"),
    Rival(learner="smartnoise AIM, rounds=32", peer=_SMARTNOISE, method="AIM", settings={"rounds": 32}),
    Rival(learner="opendp AIM, queries=2, rounds=16", peer=_OPENDP, method="AIM", settings={"queries": 2, "rounds": 16}),
)


def cells() -> tuple[np.ndarray, list[int]]:
    """The cells of the rows to learn from, and how many each column has. Shapes: (rows, columns), (columns,)."""
    data = adult()
    features = tuple(Feature(name=name, kind=FeatureKind.NUMBER, decimals=0, edges=edges) for name, edges in GRIDS.items())
    with opened(published(data, 0)) as version:
        (table,) = version.version.dataset.schema.tables
        spec = synthesis_of(table, target=data.target, features=features, nano_rho=loss_at(EPSILON))
    return rows_of(spec, data.frame.iloc[data.fold(0)[0]]), [feature.cells for feature in spec.features]


def measured(rival: Rival, real: np.ndarray, sizes: list[int], *, seeds: int) -> list[dict[str, Any]]:
    """A row of the results for each way to draw and each number of columns; with the reason where a run gave nothing."""
    folder = WORK / "learn-peers" / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    path, found, spent, reason = folder / "adult-cells.parquet", {}, [], ""
    if not path.exists():
        pd.DataFrame(real, columns=[f"c{place}" for place in range(len(sizes))]).to_parquet(path, index=False)
    for seed in range(seeds):
        name = f"{rival.learner}-adult-{seed}".replace(",", "").replace(" ", "-")
        job = {"cells": str(path), "sizes": sizes, "method": rival.method, "settings": rival.settings, "epsilon": EPSILON, "delta": DELTA,
               "nano_rho": int(loss_at(EPSILON)), "runs": 1, "made": {drawn: str(folder / f"{name}-{drawn}.npy") for drawn in DRAWN}}  # fmt: skip
        result = serve(rival.peer, job, name=name, seconds_max=SECONDS_MAX)
        if not result.get("rows"):
            reason = result["unsupported"]
            break
        for drawn, made in result["rows"][0].items():
            rows = np.load(made)
            for ways in WAYS:
                found.setdefault((drawn, ways), []).append(variation(real, rows, sizes, ways))
        spent.append(result["cpu_s"][0])
    drawings = DRAWN if found else {"round": ""}
    return [_row(rival, drawn, ways, found.get((drawn, ways), []), spent, reason=reason) for drawn in drawings for ways in WAYS]


def _row(rival: Rival, drawn: str, ways: int, found: list[float], spent: list[float], *, reason: str) -> dict[str, Any]:
    row: dict[str, Any] = {
        "data": "adult", "learner": rival.learner + DRAWN[drawn], "who": "peer", "splits": "tuned", "epsilon": EPSILON,
        "metric": f"total_variation_{ways}_way", "score_mean": None, "score_sd": None, "seeds": len(found), "cpu_s": None,
    }  # fmt: skip
    if found:
        row["score_mean"], row["cpu_s"] = round(float(np.mean(found)), 4), round(float(np.mean(spent)), 1)
        row["score_sd"] = round(float(np.std(found, ddof=1)), 4) if len(found) > 1 else 0.0
    return row | ({"reason": reason} if reason else {})


def main() -> None:
    asked = argparse.ArgumentParser(description=__doc__)
    names = [rival.learner for rival in RIVALS]
    asked.add_argument("--learners", nargs="*", default=names, choices=names)
    asked.add_argument("--seeds", type=int, default=SEEDS)
    words = asked.parse_args()
    try:
        real, sizes = cells()
    except FileNotFoundError as missing:
        print(f"adult: skipped, {missing}", flush=True)
        return
    for rival in (rival for rival in RIVALS if rival.learner in words.learners):
        try:
            rows = measured(rival, real, sizes, seeds=words.seeds)
        except subprocess.CalledProcessError as failed:
            rows = [row | {"reason": f"does not install: {failed}"} for row in measured(rival, real, sizes, seeds=0)]
        for row in rows:
            print(row, flush=True)
        write(rows, RESULTS)


if __name__ == "__main__":
    main()
