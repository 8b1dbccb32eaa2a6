"""The bound that our audits find, beside that of jax-privacy's auditor on the same scores.

The scores are as our attack sees them where a claim is tight: log-likelihood ratios of two Gaussian worlds, normal with variance mu² and
mean -mu²/2 or mu²/2. So the epsilon that is lost is known, and a bound of 95 % may be above it one time in twenty.
"""

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from environment import HOUSE
from learn_peers import peer_of, serve

from amana.learn.audit import CONFIDENCE, epsilon_lower, epsilon_of_mu

AUDITS = HOUSE / "results" / "learn_audit.json"
DELTA, TIMES = 1e-5, 200
MUS, TRAININGS = (0.25, 1.0, 2.0), (32, 256)
PEER = peer_of("jax-privacy", "learn_audit_jax_privacy.py", "jax-privacy's auditor", "", "jax-privacy")


def scores() -> list[dict[str, Any]]:
    """For each loss and number of trainings, so many times the scores (without, with) a canary."""
    chance = np.random.default_rng(0)

    def world(mean: float, mu: float, trainings: int) -> list[float]:
        return [round(float(score), 6) for score in chance.normal(mean, mu, trainings)]

    return [
        {"mu": mu, "trainings": n, "scores": [(world(-(mu**2) / 2, mu, n), world(mu**2 / 2, mu, n)) for _ in range(TIMES)]}
        for mu in MUS
        for n in TRAININGS
    ]


def row_of(mu: float, trainings: int, by: str, bounds: Sequence[float]) -> dict[str, Any]:
    lost = epsilon_of_mu(mu, delta=DELTA)
    return {
        "mu": mu, "epsilon_lost": round(lost, 3), "trainings": trainings, "by": by, "epsilon_lower_mean": round(float(np.mean(bounds)), 3),
        "above_share": round(float(np.mean([bound > lost for bound in bounds])), 3), "times": len(bounds),
    }  # fmt: skip


def main() -> None:
    cases, rows = scores(), []
    result = serve(PEER, {"cases": cases, "delta": DELTA, "significance": 1 - CONFIDENCE, "runs": 1}, name="audit-jax-privacy")
    for place, case in enumerate(cases):
        mu, trainings = case["mu"], case["trainings"]
        rows.append(row_of(mu, trainings, "ours", [epsilon_lower(*pair, delta=DELTA) for pair in case["scores"]]))
        for by, bounds in (result["rows"][0] if result.get("rows") else {}).items():
            rows.append(row_of(mu, trainings, f"jax-privacy, {by}", bounds[place]))
        if not result.get("rows"):
            rows.append({"mu": mu, "trainings": trainings, "by": "jax-privacy", "reason": result["unsupported"]})
    AUDITS.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n", encoding="utf-8")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
