"""interpret's private explainable boosting: it protects one row. (epsilon, delta), Gaussian noise."""

import warnings

import numpy as np
import pandas as pd
from interpret.privacy import DPExplainableBoostingClassifier, DPExplainableBoostingRegressor
from learn_rows import serve_splits, targets
from protocol import Job

warnings.filterwarnings("ignore")
SETTINGS: dict[str, dict[str, float]] = {
    "default": {},
    "100 rounds, 16 bins": {"max_rounds": 100, "max_bins": 16},
    "30 rounds, 8 bins": {"max_rounds": 30, "max_bins": 8, "learning_rate": 0.05},
}


def _columns(frame: pd.DataFrame, job: Job) -> pd.DataFrame:
    """Numbers as they are, choices as text; a missing number in the middle of its interval, and its absence a choice."""
    made = {}
    for name, (low, high, missing) in job["numbers"].items():
        made[name] = frame[name].astype(float).fillna((low + high) / 2)
        if missing:
            made[f"{name} is missing"] = np.where(frame[name].isna(), "yes", "no").astype(object)
    for name in job["choices"]:
        made[name] = frame[name].astype(object).where(frame[name].notna(), "missing")
    return pd.DataFrame(made)


def learn(job: Job, first: pd.DataFrame, second: pd.DataFrame) -> dict[str, list[float]]:
    train, test, truth = _columns(first, job), _columns(second, job), targets(first, job)
    kinds = ["continuous" if name in job["numbers"] else "nominal" for name in train.columns]
    bounds = {name: (float(low), float(high)) for name, (low, high, _) in job["numbers"].items()}
    common = {"feature_types": kinds, "epsilon": job["epsilon"], "delta": job["delta"], "privacy_bounds": bounds, "random_state": None}
    found = {}
    for name, setting in SETTINGS.items():
        if job["regression"]:
            low, high = job["regression"]
            model = DPExplainableBoostingRegressor(**common, **setting, privacy_target_min=low, privacy_target_max=high)
            found[name] = model.fit(train, truth).predict(test).tolist()
        else:
            model = DPExplainableBoostingClassifier(**common, **setting)
            found[name] = model.fit(train, truth).predict_proba(test)[:, 1].tolist()
    return found


if __name__ == "__main__":
    serve_splits(learn)
