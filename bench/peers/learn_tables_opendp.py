"""OpenDP's contingency tables, on cells: MST and AIM over its own measurements. They protect one row. zCDP, with the loss in the job."""

import numpy as np
import opendp.prelude as dp
import polars as pl
from protocol import Job, UnsupportedError, serve

dp.enable_features("contrib")


def prepare(job: Job):
    frame = pl.read_parquet(job["cells"])
    keys = {f"c{place}": list(range(size)) for place, size in enumerate(job["sizes"])}

    def run() -> str:
        spent = {"rho": job["rho"], "delta": 0.0}
        context = dp.Context.compositor(data=frame.lazy(), privacy_unit=dp.unit_of(contributions=1), privacy_loss=dp.loss_of(**spent))
        algorithm = dp.mbi.MST() if job["method"] == "MST" else dp.mbi.AIM()
        try:
            table = context.query(**spent).select(*keys).contingency_table(keys=keys, algorithm=algorithm).release()
        except dp.OpenDPException as error:  # its own words stand last, below many stack traces
            raise UnsupportedError(str(error).rsplit("OpenDPException: ", 1)[-1][:200].strip(' ")\n').replace('"', "'")) from error
        made = table.synthesize(rows=len(frame)).select(*keys)
        np.save(job["made"], made.fill_null(0).to_numpy().astype(np.int64))  # it adds a member "null" to each column
        return job["made"]

    return run


if __name__ == "__main__":
    serve(prepare)
