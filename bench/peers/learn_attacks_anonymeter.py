"""Anonymeter's attacks on synthetic tables: singling out, linking, inferring, each against people who were in the data and who were not."""

import logging
import warnings

import pandas as pd
from anonymeter.evaluators import InferenceEvaluator, LinkabilityEvaluator, SinglingOutEvaluator
from protocol import Job, serve

warnings.filterwarnings("ignore")
logging.disable(logging.WARNING)


def _risk(evaluator, **words: str) -> list[float]:
    evaluator.evaluate(**words)
    risk = evaluator.risk(confidence_level=0.95)
    return [float(risk.value), float(risk.ci[0]), float(risk.ci[1])]


def prepare(job: Job):
    names, secret, tries = job["names"], job["secret"], job["tries"]
    half = len(names) // 2

    def table(cells: list[list[int]]) -> pd.DataFrame:
        """Cells are names, not sizes: as in our attacks, two of them are equal or not."""
        return pd.DataFrame(cells, columns=names).astype(str)

    def run() -> dict[str, dict[str, list[float]]]:
        inside, outside, found = table(job["inside"]), table(job["outside"]), {}
        for name, cells in job["made"].items():
            made = table(cells)
            common = {"ori": inside, "syn": made, "control": outside, "n_attacks": tries}
            known = [column for column in names if column != secret]
            found[name] = {
                "singling_out": _risk(SinglingOutEvaluator(**common, n_cols=4), mode="multivariate"),
                "linking": _risk(LinkabilityEvaluator(**common, aux_cols=(names[:half], names[half:]), n_neighbors=job["neighbours"])),
                "inference": _risk(InferenceEvaluator(**common, aux_cols=known, secret=secret)),
            }
        return found

    return run


if __name__ == "__main__":
    serve(prepare)
