"""No privacy: LightGBM, and scikit-learn's linear models, on the same rows and columns. What privacy costs is the distance from here."""

import pandas as pd
from learn_rows import matrix, serve_splits, targets
from lightgbm import LGBMClassifier, LGBMRegressor
from protocol import Job
from sklearn.linear_model import LogisticRegression, Ridge

SETTINGS = {
    "400 small trees": {"n_estimators": 400, "learning_rate": 0.05, "num_leaves": 7, "min_child_samples": 50},
    "200 trees": {"n_estimators": 200, "learning_rate": 0.05, "num_leaves": 15, "min_child_samples": 20},
    "100 small trees": {"n_estimators": 100, "learning_rate": 0.05, "num_leaves": 5, "min_child_samples": 20},
}


def _columns(frame: pd.DataFrame, job: Job) -> pd.DataFrame:
    choices = {name: pd.Categorical(frame[name], categories=members) for name, members in job["choices"].items()}
    return frame[list(job["numbers"])].astype(float).assign(**choices)


def learn(job: Job, first: pd.DataFrame, second: pd.DataFrame) -> dict[str, list[float]]:
    return (_boosted if job["method"] == "lightgbm" else _linear)(job, first, second)


def _boosted(job: Job, first: pd.DataFrame, second: pd.DataFrame) -> dict[str, list[float]]:
    train, test, truth, found = _columns(first, job), _columns(second, job), targets(first, job), {}
    for name, setting in SETTINGS.items():
        model = (LGBMRegressor if job["regression"] else LGBMClassifier)(**setting, n_jobs=1, verbose=-1)
        model.fit(train, truth)
        found[name] = (model.predict(test) if job["regression"] else model.predict_proba(test)[:, 1]).tolist()
    return found


def _linear(job: Job, first: pd.DataFrame, second: pd.DataFrame) -> dict[str, list[float]]:
    train, test, truth = matrix(first, job), matrix(second, job), targets(first, job)
    if job["regression"]:
        return {"default": Ridge(alpha=0.001).fit(train, truth).predict(test).tolist()}
    return {"default": LogisticRegression(max_iter=2000, C=10.0).fit(train, truth).decision_function(test).tolist()}


if __name__ == "__main__":
    serve_splits(learn)
