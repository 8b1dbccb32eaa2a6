"""SmartNoise's synthesisers, on cells: MST and AIM by private-pgm. They protect one row. (epsilon, delta)."""

import logging
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from protocol import Job, serve
from snsynth.aim import AIMSynthesizer
from snsynth.mst import MSTSynthesizer
from snsynth.transform import LabelTransformer, TableTransformer

logging.disable(logging.WARNING)


@dataclass(frozen=True)
class Drawn:
    """A model that draws its rows in this way; a synthesiser leaves the way to private-pgm's default."""

    model: Any
    method: str

    def synthetic_data(self, rows: int) -> Any:
        return self.model.synthetic_data(rows=rows, method=self.method)


def prepare(job: Job):
    cells, sizes = pd.read_parquet(job["cells"]), job["sizes"]
    every = pd.DataFrame({f"c{place}": np.arange(max(sizes)) % size for place, size in enumerate(sizes)})
    known = TableTransformer([LabelTransformer(nullable=False) for _ in sizes])
    known.fit(every)  # all members of each column: nothing is inferred from rows

    def run() -> dict[str, str]:
        synthesiser = MSTSynthesizer if job["method"] == "MST" else AIMSynthesizer
        made = synthesiser(epsilon=job["epsilon"], delta=job["delta"], **job["settings"])
        made.fit(cells, transformer=known)
        model = made.synthesizer
        for drawn, path in job["made"].items():
            made.synthesizer = Drawn(model, drawn)
            np.save(path, np.asarray(made.sample(len(cells)), dtype=np.int64))
        return job["made"]

    return run


if __name__ == "__main__":
    serve(prepare)
