"""SmartNoise's synthesisers, on cells: MST and AIM by private-pgm. They protect one row. (epsilon, delta)."""

import logging

import numpy as np
import pandas as pd
from protocol import Job, serve
from snsynth.aim import AIMSynthesizer
from snsynth.mst import MSTSynthesizer
from snsynth.transform import LabelTransformer, TableTransformer

logging.disable(logging.WARNING)


def prepare(job: Job):
    cells, sizes = pd.read_parquet(job["cells"]), job["sizes"]
    every = pd.DataFrame({f"c{place}": np.arange(max(sizes)) % size for place, size in enumerate(sizes)})
    known = TableTransformer([LabelTransformer(nullable=False) for _ in sizes])
    known.fit(every)  # all members of each column: nothing is inferred from rows

    def run() -> str:
        made = (MSTSynthesizer if job["method"] == "MST" else AIMSynthesizer)(epsilon=job["epsilon"], delta=job["delta"])
        made.fit(cells, transformer=known)
        np.save(job["made"], np.asarray(made.sample(len(cells)), dtype=np.int64))
        return job["made"]

    return run


if __name__ == "__main__":
    serve(prepare)
