"""Synthetic tables: how far their 1-, 2- and 3-way tables are from those of the real rows, and what a model learns from them.

The grid of the comparison is declared here and is the grid of the synthesis: ages and hours by 5, fnlwgt by 50,000, gains and losses 0 and
then 1-2-5 by decade, years of education and choices as they are; a missing value is a member. No column is left out.
The columns, their domains and the privacy unit are those of the benchmark of learners, with the three columns that it leaves out.
"""

import itertools
import time
from importlib.util import find_spec

import numpy as np
import pandas as pd
from learn import RESULTS, write
from learn_data import MIRROR, Data, Number
from learn_node import opened, published, taken

from amana.learn.synthesis import Synthesis, synthesis_of
from amana.learn.synthetic import Synthesiser
from amana.learn.synthetic_table import SyntheticTable
from amana.privacy.loss import NO_DELTA, epsilon_of
from amana.terms.ids import NanoRho
from amana.terms.model import Feature, FeatureKind

EPSILON, DELTA, SEEDS = 1.0, 1e-5, 5
GRIDS = {
    "age": tuple(range(20, 85, 5)),
    "fnlwgt": tuple(range(50_000, 550_000, 50_000)),
    "education_num": tuple(range(2, 17)),
    "capital_gain": (1, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000),
    "capital_loss": (1, 10, 20, 50, 100, 200, 500, 1_000, 2_000),
    "hours": tuple(range(5, 100, 5)),
}


def adult() -> Data:
    """Census income, official split, all fifteen columns (PROVENANCE: general/adult)."""
    names = "age workclass fnlwgt education education_num marital occupation relationship race sex capital_gain capital_loss hours country target"
    folder = MIRROR / "general" / "adult"
    parts = [
        pd.read_csv(folder / f"adult.{part}", header=None, names=names.split(), skipinitialspace=True, na_values="?", skiprows=skip)
        for part, skip in (("data", 0), ("test", 1))
    ]
    frame = pd.concat(parts, ignore_index=True)
    frame["target"] = np.where(frame["target"].str.startswith(">50K"), "yes", "no")
    return Data(
        name="adult_whole",
        frame=frame,
        numbers={
            "age": Number(low=17, high=90), "fnlwgt": Number(low=0, high=1_500_000), "education_num": Number(low=1, high=16),
            "capital_gain": Number(low=0, high=99_999), "capital_loss": Number(low=0, high=4_356), "hours": Number(low=1, high=99),
        },
        choices=("workclass", "education", "marital", "occupation", "relationship", "race", "sex", "country"),
        official=np.arange(len(frame)) >= len(parts[0]),
    )  # fmt: skip


def loss_at(epsilon: float) -> NanoRho:
    """The largest rho that is (epsilon, DELTA)-differentially private."""
    low, high = 1, 10**9
    while high - low > 1:
        middle = (low + high) // 2
        inside = epsilon_of(nano_rho=NanoRho(middle), delta_units=NO_DELTA, delta=DELTA) <= epsilon
        low, high = (middle, high) if inside else (low, middle)
    return NanoRho(low)


def cells_of(spec: Synthesis, columns: list[list[object]]) -> np.ndarray:
    """The cell of each value. Shapes: (rows, columns)."""
    made = []
    for feature, values in zip(spec.features, columns, strict=True):
        known = {value: feature.cell(value) for value in set(values)}
        made.append([known[value] for value in values])
    return np.array(made, dtype=np.int64).T


def rows_of(spec: Synthesis, frame: pd.DataFrame) -> np.ndarray:
    """The cells of real rows."""
    return cells_of(
        spec,
        [
            [None if pd.isna(value) else int(value) if feature.kind is FeatureKind.NUMBER else str(value) for value in frame[feature.name]]
            for feature in spec.features
        ],
    )


def variation(one: np.ndarray, other: np.ndarray, sizes: list[int], ways: int) -> float:
    """Mean total variation over all tables of so many columns."""
    found = []
    for columns in itertools.combinations(range(len(sizes)), ways):
        shape = [sizes[column] for column in columns]
        shares = [
            np.bincount(np.ravel_multi_index(tuple(rows[:, column] for column in columns), shape), minlength=int(np.prod(shape)))
            / len(rows)
            for rows in (one, other)
        ]
        found.append(np.abs(shares[0] - shares[1]).sum() / 2)
    return float(np.mean(found))


def values_of(spec: Synthesis, columns: list[list[object]]) -> np.ndarray:
    """Numbers as they are, members by their number. Shapes: (rows, columns)."""
    made = []
    for feature, values in zip(spec.features, columns, strict=True):
        number = feature.kind is FeatureKind.NUMBER
        read = {value: np.nan if pd.isna(value) else float(value) if number else feature.members.index(str(value)) for value in set(values)}
        made.append([read[value] for value in values])
    return np.array(made).T


def score(train: np.ndarray, test: np.ndarray, target: int) -> float:
    """AUC on real rows of a LightGBM that learned from these."""
    from lightgbm import LGBMClassifier
    from sklearn.metrics import roc_auc_score

    others = [column for column in range(train.shape[1]) if column != target]
    model = LGBMClassifier(n_estimators=400, learning_rate=0.05, num_leaves=7, min_child_samples=50, n_jobs=1, verbose=-1)
    chances = model.fit(train[:, others], train[:, target]).predict_proba(test[:, others])[:, 1]
    return float(roc_auc_score(test[:, target], chances))


def made(data: Data, seed: int, nano_rho: NanoRho, *, grids: dict[str, tuple[int, ...]]) -> tuple[Synthesis, SyntheticTable, float]:
    """(what was asked, the table, CPU seconds of the rounds and of the rows). `grids`: where a column is not counted on its own grid."""
    folder = published(data, 0)
    features = tuple(
        Feature(name=name, kind=FeatureKind.NUMBER, decimals=data.numbers[name].decimals, edges=edges) for name, edges in grids.items()
    )
    with opened(folder) as version:
        (table,) = version.version.dataset.schema.tables
        spec = synthesis_of(table, target=data.target, features=features, nano_rho=nano_rho)
        learner, begun = Synthesiser(synthesis=spec), time.process_time()
        done = taken(version, learner, folder, rows_per_unit=1)
        rows = len(data.fold(0)[0])
        table_made = learner.finish(done, rows=rows, chance=np.random.default_rng(seed))
        return spec, table_made, time.process_time() - begun


def results() -> list[dict]:
    """Rows of the benchmark at epsilon 1: mean total variation on the grid of the comparison; and, on the grids that follow from the
    declared domains, AUC of a model that learned from synthetic values, where LightGBM is installed."""
    data, nano_rho = adult(), loss_at(EPSILON)
    train, test = data.fold(0)
    found: dict[str, list[float]] = {}
    spent: dict[str, list[float]] = {}

    def note(metric: str, value: float, seconds: float) -> None:
        found.setdefault(metric, []).append(value)
        spent.setdefault(metric, []).append(seconds)

    for seed in range(SEEDS):
        spec, table, seconds = made(data, seed, nano_rho, grids=GRIDS)
        sizes = [feature.cells for feature in spec.features]
        real, rows = rows_of(spec, data.frame.iloc[train]), cells_of(spec, [list(column) for column in table.columns])
        for ways in (1, 2, 3):
            note(f"total_variation_{ways}_way", variation(real, rows, sizes, ways), seconds)
        for name, figure in table.utility.mean.items():
            note(f"expected_{name}", figure, seconds)
        if find_spec("lightgbm") is None or find_spec("sklearn") is None:
            continue
        spec, table, seconds = made(data, seed, nano_rho, grids={})
        held_out = values_of(spec, [data.frame[name].iloc[test].tolist() for name in spec.names])
        target = spec.names.index(data.target)
        note("auc_lightgbm_on_synthetic", score(values_of(spec, [list(column) for column in table.columns]), held_out, target), seconds)
    return [
        {
            "data": "adult", "learner": "synthetic", "who": "ours", "splits": "tuned", "epsilon": EPSILON, "metric": metric, "score_mean": round(float(np.mean(values)), 4),
            "score_sd": round(float(np.std(values, ddof=1)), 4), "seeds": SEEDS, "cpu_s": round(float(np.mean(spent[metric])), 1),
        }
        for metric, values in found.items()
    ]  # fmt: skip


if __name__ == "__main__":
    rows = results()
    write(rows, RESULTS)
    for row in rows:
        print(row)
