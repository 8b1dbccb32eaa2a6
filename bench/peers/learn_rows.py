"""Rows as matrices, for the peers that learn models: every bound and member is from the declarations in the job, none from the rows.

A job has `splits`, each with `train` and `test` (Parquet, numbers in whole units of their grid), `numbers` (name -> [low, high, may be missing]), `choices`
(name -> members), `target`, and `regression` ([low, high] or None).
"""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
import pandas as pd
from protocol import Job, serve

Learn: TypeAlias = Callable[[Job, pd.DataFrame, pd.DataFrame], dict[str, list[float]]]
"""(job, rows to learn from, rows to guess) -> the guess of each row, at each of the peer's settings."""


def serve_splits(learn: Learn) -> None:
    """One run for each split of the job."""

    def prepare(job: Job):
        splits = iter(job["splits"])

        def run() -> dict[str, list[float]]:
            split = next(splits)
            return learn(job, pd.read_parquet(split["train"]), pd.read_parquet(split["test"]))

        return run

    serve(prepare)


def matrix(frame: pd.DataFrame, job: Job) -> np.ndarray:
    """Numbers from -1 to 1 over their declared interval, a missing one 0 beside a mark; choices as one column for each member, none for
    a missing one. Shapes: (rows, columns)."""
    columns = []
    for name, (low, high, missing) in job["numbers"].items():
        values = frame[name].to_numpy(dtype=float)
        columns.append(np.nan_to_num(2 * (values - low) / (high - low) - 1, nan=0.0))
        if missing:
            columns.append(np.isnan(values).astype(float))
    for name, members in job["choices"].items():
        columns += [(frame[name] == member).to_numpy(dtype=float) for member in members]
    return np.array(columns).T


def norm_of(job: Job) -> float:
    """No row of `matrix` is longer: a number or its mark is at most 1, and a choice has one member."""
    return float(np.sqrt(len(job["numbers"]) + len(job["choices"])))


def targets(frame: pd.DataFrame, job: Job) -> np.ndarray:
    """0 or 1, or the number in its own units. Shapes: (rows,)."""
    column = frame[job["target"]]
    return column.to_numpy(dtype=float) if job["regression"] else (column == "yes").to_numpy(dtype=int)
