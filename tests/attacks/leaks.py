"""What attacks by somebody who has a model or a synthetic table find: `make attacks` writes src/amana/learn/attacks.json."""

import json
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np

import amana
from amana.learn.attacks import PUBLISHED, SYNTHETIC, Attacked
from amana.learn.synthetic import Synthesiser
from amana.terms.training import LEARNERS
from tests.attacks.invented import DOMAINS, NAMES, PEOPLE, cells, population, spec_of_all
from tests.attacks.members import membership
from tests.attacks.synthetic import attacked
from tests.counted import counted, schema_of


def found_of_tables() -> dict[str, Attacked]:
    """Attacks on a synthetic table at an epsilon of one."""
    spec = spec_of_all()
    maker = Synthesiser(synthesis=spec)
    done = counted(maker, schema_of(DOMAINS), population(1))  # type: ignore[arg-type]
    table = maker.finish(done, rows=PEOPLE, chance=np.random.default_rng(3))
    inside, outside = (cells(spec, list(population(seed).values())) for seed in (1, 2))
    made = cells(spec, [list(column) for column in table.columns])
    return dict(attacked(made, inside, outside, secret=NAMES.index("secret"), chance=np.random.default_rng(4)))


def _every() -> Iterator[tuple[str, str, Attacked]]:
    for name, found in found_of_tables().items():
        yield SYNTHETIC, name, found
    for learner in LEARNERS:
        with tempfile.TemporaryDirectory() as folder:
            yield learner, "membership", membership(learner, Path(folder))


def main() -> None:
    """Attack everything, and keep what was found with the version that it was found of."""
    rows = []
    for of, name, found in _every():
        print(f"{of}, {name}: excess {found.risk.excess}, control {found.control.excess}: {found.verdict.value}", flush=True)
        rows.append({"of": of, "attack": name, **asdict(found)})
    PUBLISHED.write_text(json.dumps({"version": amana.__version__, "attacks": rows}, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
