"""jax-privacy: a linear model by descent along clipped gradients of all rows, with Gaussian noise: it protects one row. (epsilon, delta).

The noise of so many steps is that of one step times the root of their number: Gaussian mechanisms with one sensitivity compose to one.
"""

import math
import secrets
from functools import cache

import dp_accounting
import jax
import jax.numpy as jnp
import numpy as np
import pandas as pd
from dp_accounting.pld import PLDAccountant
from jax_privacy import clipped_grad
from learn_rows import matrix, norm_of, serve_splits, targets
from protocol import Job

SETTINGS = ((20, 2.0), (60, 0.5), (60, 2.0))
MOMENTUM, CLIP = 0.9, 1.0


@cache
def _one_step(epsilon: float, delta: float) -> float:
    """The noise, over the sensitivity, of one step that is (epsilon, delta)-DP."""
    return float(dp_accounting.calibrate_dp_mechanism(PLDAccountant, dp_accounting.GaussianDpEvent, epsilon, delta))


def _squared(weights: jax.Array, row: jax.Array, wanted: jax.Array) -> jax.Array:
    return (row @ weights - wanted) ** 2


def _logistic(weights: jax.Array, row: jax.Array, wanted: jax.Array) -> jax.Array:
    return jnp.logaddexp(0.0, row @ weights) - wanted * (row @ weights)


GRADIENTS = {
    loss: jax.jit(clipped_grad(loss, l2_clip_norm=CLIP, batch_argnums=(1, 2), keep_batch_dim=False)) for loss in (_squared, _logistic)
}


def learn(job: Job, first: pd.DataFrame, second: pd.DataFrame) -> dict[str, list[float]]:
    train, test = ((matrix(frame, job) / norm_of(job)).astype(np.float32) for frame in (first, second))
    train, test = (np.hstack([rows, np.full((len(rows), 1), 1 / math.sqrt(2), np.float32)]) for rows in (train, test))
    low, high = job["regression"] or (0, 1)
    truth = ((targets(first, job) - low) / (high - low)).astype(np.float32)
    gradient, found = GRADIENTS[_squared if job["regression"] else _logistic], {}
    chance = np.random.default_rng(secrets.randbits(128))
    for steps, rate in SETTINGS:
        weights, speed = np.zeros(train.shape[1], np.float32), np.zeros(train.shape[1], np.float32)
        for _ in range(steps):
            noise = chance.normal(0.0, CLIP * _one_step(job["epsilon"], job["delta"]) * math.sqrt(steps), len(weights))
            step = (np.asarray(gradient(weights, train, truth)) + noise) / len(train)
            speed = (MOMENTUM * speed + step).astype(np.float32)
            weights = (weights - rate * speed).astype(np.float32)
        found[f"{steps} steps of {rate:g}"] = (low + (high - low) * (test @ weights)).tolist()
    return found


if __name__ == "__main__":
    serve_splits(learn)
