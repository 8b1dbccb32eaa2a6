"""Synthetic tables of Adult made by peers, on the grid of `learn_synthetic`, and how far their tables are from those of the real rows."""

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
from amana.privacy.loss import NANO
from amana.terms.model import Feature, FeatureKind

_SMARTNOISE = peer_of("smartnoise-synth", "learn_tables_smartnoise.py", "SmartNoise", "(ε, δ), of one row", "smartnoise-synth", "mbi")
_OPENDP = peer_of("opendp-mbi", "learn_tables_opendp.py", "OpenDP", "zCDP, of one row", "opendp", "mbi")
RIVALS = tuple(
    Rival(learner=f"{title} {method}", peer=peer, method=method)
    for method in ("MST", "AIM")
    for title, peer in (("smartnoise", _SMARTNOISE), ("opendp", _OPENDP))
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
    """A row of the results for each number of columns; with the reason where a run gave nothing."""
    folder = WORK / "learn-peers" / "rows"
    folder.mkdir(parents=True, exist_ok=True)
    path, found, spent, reason = folder / "adult-cells.parquet", {}, [], ""
    if not path.exists():
        pd.DataFrame(real, columns=[f"c{place}" for place in range(len(sizes))]).to_parquet(path, index=False)
    for seed in range(seeds):
        name = f"{rival.learner}-adult-{seed}".replace(" ", "-")
        job = {"cells": str(path), "sizes": sizes, "method": rival.method, "made": str(folder / f"{name}.npy"), "epsilon": EPSILON, "runs": 1,
               "delta": DELTA, "rho": loss_at(EPSILON) / NANO}  # fmt: skip
        result = serve(rival.peer, job, name=name)
        if not result.get("rows"):
            reason = result["unsupported"]
            break
        made = np.load(result["rows"][0])
        for ways in (1, 2, 3):
            found.setdefault(ways, []).append(variation(real, made, sizes, ways))
        spent.append(result["cpu_s"][0])
    common = {"data": "adult", "learner": rival.learner, "who": "peer", "splits": "tuned", "epsilon": EPSILON}
    return [
        common | {"metric": f"total_variation_{ways}_way"} | ({
            "score_mean": round(float(np.mean(found[ways])), 4),
            "score_sd": round(float(np.std(found[ways], ddof=1)), 4) if len(spent) > 1 else 0.0,
            "seeds": len(spent), "cpu_s": round(float(np.mean(spent)), 1),
        } if spent else {"score_mean": None, "score_sd": None, "seeds": 0, "cpu_s": None}) | ({"reason": reason} if reason else {})
        for ways in (1, 2, 3)
    ]  # fmt: skip


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
