"""diffprivlib: protects one row, not one customer: context only. Frames are in memory, joined and filtered beforehand."""

import warnings

import pandas
from diffprivlib import BudgetAccountant, tools
from protocol import Job, Rows, UnsupportedError, serve

warnings.filterwarnings("ignore")
ROW_FUNCTIONS = {"count", "sum", "mean", "variance", "quantile", "ratio"}


def _figure(figure: dict, frame: pandas.DataFrame, epsilon: float) -> float:
    bounds = (float(figure["low"]), float(figure["high"]))
    free = BudgetAccountant()  # unlimited: epsilon is given to each call
    if figure["kind"] == "count":
        return float(tools.count_nonzero(frame["u"].to_numpy() >= 0, epsilon=epsilon, accountant=free))
    values = frame[figure["column"]].to_numpy()
    match figure["kind"]:
        case "sum":
            return float(tools.sum(values, epsilon=epsilon, bounds=bounds, accountant=free))
        case "mean":
            return float(tools.mean(values, epsilon=epsilon, bounds=bounds, accountant=free))
        case "variance":
            return float(tools.var(values, epsilon=epsilon, bounds=bounds, accountant=free))
        case "quantile":
            return float(tools.quantile(values, figure["level"], epsilon=epsilon, bounds=bounds, accountant=free))
        case _:
            top = tools.sum(values, epsilon=epsilon / 2, bounds=bounds, accountant=free)
            wide = (float(figure["other_low"]), float(figure["other_high"]))
            under = tools.sum(frame[figure["other"]].to_numpy(), epsilon=epsilon / 2, bounds=wide, accountant=free)
            return figure["level"] * float(top) / float(under)


def prepare(job: Job):
    for figure in job["figures"]:
        if figure["kind"] not in ROW_FUNCTIONS:
            raise UnsupportedError(f"no {figure['kind']}" + (": rows only, no unit" if figure["kind"] == "units" else ""))
    if job["unknown_keys"]:
        raise UnsupportedError("no release of unknown keys")
    frame = pandas.read_parquet(job["flat_filtered"])
    keys = job["key_columns"]
    for name in keys:
        frame[name] = frame[name].astype(str).astype("category")
    each = job["epsilon"] / len(job["figures"])

    def run() -> Rows:
        if not keys:
            return [([], [_figure(figure, frame, each) for figure in job["figures"]])]
        rows: Rows = []
        for key, part in frame.groupby(keys, observed=True):
            rows.append(([str(value) for value in key], [_figure(figure, part, each) for figure in job["figures"]]))
        return rows

    return run


if __name__ == "__main__":
    serve(prepare)
