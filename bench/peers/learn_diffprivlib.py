"""diffprivlib's logistic and linear regression: they protect one row. Pure epsilon."""

import warnings

import numpy as np
import pandas as pd
from diffprivlib import BudgetAccountant
from diffprivlib.models import LinearRegression, LogisticRegression
from learn_rows import matrix, norm_of, serve_splits, targets
from protocol import Job

warnings.filterwarnings("ignore")
STRENGTHS = (0.01, 0.1, 1.0)
"""Of regularisation; 1 is the default."""


def learn(job: Job, first: pd.DataFrame, second: pd.DataFrame) -> dict[str, list[float]]:
    train, test, truth = matrix(first, job), matrix(second, job), targets(first, job)
    free = BudgetAccountant()  # unlimited: epsilon is given to each model
    if job["regression"]:
        bounds = (-np.ones(train.shape[1]), np.ones(train.shape[1]))
        model = LinearRegression(epsilon=job["epsilon"], bounds_X=bounds, bounds_y=tuple(job["regression"]), accountant=free)
        return {"default": model.fit(train, truth).predict(test).tolist()}
    found = {}
    for strength in STRENGTHS:
        model = LogisticRegression(epsilon=job["epsilon"], data_norm=norm_of(job), C=strength, accountant=free)
        found[f"C={strength:g}"] = model.fit(train, truth).decision_function(test).tolist()
    return found


if __name__ == "__main__":
    serve_splits(learn)
