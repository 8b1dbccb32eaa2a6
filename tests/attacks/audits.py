"""The audit of every learner, as the cards of models show it: `make attacks` writes src/amana/learn/audits.json."""

import json
from dataclasses import asdict

import amana
from amana.learn.audit import PUBLISHED
from tests.noise.audits import audit
from tests.noise.learners import LEARNERS

RUNS = 32


def main() -> None:
    """Audit each learner, and keep what was found with the version that it was found of."""
    found = []
    for name, make in LEARNERS.items():
        one = audit(name, make, runs=RUNS)
        print(f"{name}: claimed {one.claim:.2f}, surely lost {one.lower:.2f}, control {one.control:.2f}: {one.verdict.value}")
        found.append(asdict(one))
    PUBLISHED.write_text(json.dumps({"version": amana.__version__, "audits": found}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
