"""OpenDP's contingency tables, on cells: MST and AIM over its own measurements. They protect one row. zCDP, with the loss in the job."""

import numpy as np
import opendp.prelude as dp
import polars as pl
from opendp_shares import NANO, loss_that_fits
from protocol import Job, UnsupportedError, serve

dp.enable_features("contrib")


def loss_of(job: Job, algorithm: dp.mbi.MST | dp.mbi.AIM) -> float:
    """The loss of the job; for MST a little less, where its shares of the whole would not add up."""
    if isinstance(algorithm, dp.mbi.AIM):
        return job["nano_rho"] / NANO
    rho = loss_that_fits(job["nano_rho"], columns=len(job["sizes"]), measure_split=algorithm.measure_split)
    if rho is None:
        raise UnsupportedError("no loss within a millionth below that of the job has shares that add up")
    return rho


def prepare(job: Job):
    frame = pl.read_parquet(job["cells"])
    keys = {f"c{place}": list(range(size)) for place, size in enumerate(job["sizes"])}
    algorithm = dp.mbi.MST(**job["settings"]) if job["method"] == "MST" else dp.mbi.AIM(**job["settings"])
    rho = loss_of(job, algorithm)

    def run() -> dict[str, str]:
        spent = {"rho": rho, "delta": 0.0}
        context = dp.Context.compositor(data=frame.lazy(), privacy_unit=dp.unit_of(contributions=1), privacy_loss=dp.loss_of(**spent))
        try:
            table = context.query(**spent).select(*keys).contingency_table(keys=keys, algorithm=algorithm).release()
        except dp.OpenDPException as error:  # its own words stand last, below many stack traces
            raise UnsupportedError(str(error).rsplit("OpenDPException: ", 1)[-1][:200].strip(' ")\n').replace('"', "'")) from error
        for drawn, path in job["made"].items():
            made = table.synthesize(rows=len(frame), method=drawn).select(*keys)
            np.save(path, made.fill_null(0).to_numpy().astype(np.int64))  # it adds a member "null" to each column
        return job["made"]

    return run


if __name__ == "__main__":
    serve(prepare)
