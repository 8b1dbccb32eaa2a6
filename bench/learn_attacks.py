"""Our attacks on synthetic tables, beside anonymeter's on the same tables of the same invented population.

Three tables: ours at epsilon 1; one whose half copies people; and a copy of all.
"""

import json
import sys
from typing import Any

import numpy as np
from environment import HOUSE, ROOT
from learn_peers import peer_of, serve

from amana.learn.synthetic import Synthesiser

ATTACKS = HOUSE / "results" / "learn_attacks.json"
PEER = peer_of("anonymeter", "learn_attacks_anonymeter.py", "anonymeter", "", "anonymeter")


def tables() -> tuple[dict[str, np.ndarray], np.ndarray, np.ndarray]:
    """(synthetic tables by name, those who are in the data, those who are not). Shapes: (rows, columns) of cells."""
    from amana.learn.synthesis import synthesis_of
    from tests.attacks.test_synthetic_tables import DOMAINS, EPSILON_ONE, PEOPLE, cells, population
    from tests.counted import counted, schema_of

    spec = synthesis_of(schema_of(DOMAINS).tables[0], nano_rho=EPSILON_ONE)
    inside, outside, strangers = (cells(spec, list(population(seed).values())) for seed in (1, 2, 7))
    learner = Synthesiser(synthesis=spec)
    table = learner.finish(counted(learner, schema_of(DOMAINS), population(1)), rows=PEOPLE, chance=np.random.default_rng(3))
    made = cells(spec, [list(column) for column in table.columns])
    half = np.concatenate([inside[: PEOPLE // 2], strangers[PEOPLE // 2 :]])
    return {"ours at ε = 1": made, "half a copy": half, "a copy": inside}, inside, outside


def rows_of(made: dict[str, np.ndarray], inside: np.ndarray, outside: np.ndarray) -> list[dict[str, Any]]:
    from tests.attacks.synthetic import NEIGHBOURS, TRIES, attacked
    from tests.attacks.test_synthetic_tables import NAMES

    job = {
        "names": NAMES, "secret": "secret", "tries": TRIES, "neighbours": NEIGHBOURS, "inside": inside.tolist(), "outside": outside.tolist(),
        "made": {name: table.tolist() for name, table in made.items()}, "runs": 1,
    }  # fmt: skip
    result = serve(PEER, job, name="attacks-anonymeter")
    rows: list[dict[str, Any]] = []
    for name, table in made.items():
        for attack, ours in attacked(table, inside, outside, secret=NAMES.index("secret"), chance=np.random.default_rng(4)).items():
            low, high = ours.risk.excess
            rows.append({"table": name, "attack": attack, "by": "ours", "low": round(low, 3), "high": round(high, 3)})
            told = {"table": name, "attack": attack, "by": "anonymeter"}
            if result.get("rows"):
                _, low, high = result["rows"][0][name][attack]
                rows.append(told | {"low": round(low, 3), "high": round(high, 3)})
            else:
                rows.append(told | {"reason": result["unsupported"]})
    return rows


def main() -> None:
    sys.path.append(str(ROOT))
    rows = rows_of(*tables())
    ATTACKS.write_text("[\n" + ",\n".join(f"  {json.dumps(row)}" for row in rows) + "\n]\n", encoding="utf-8")
    for row in rows:
        print(row)


if __name__ == "__main__":
    main()
