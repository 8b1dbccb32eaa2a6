"""PipelineDP on its local backend; rows are Python tuples in memory, already joined and filtered, before the clock starts."""

import logging
import math
import warnings

import pandas
import pipeline_dp
from pipeline_dp import Metrics
from protocol import Job, Rows, UnsupportedError, serve

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
METRICS = {"count": Metrics.COUNT, "units": Metrics.PRIVACY_ID_COUNT, "sum": Metrics.SUM, "mean": Metrics.MEAN,
           "variance": Metrics.VARIANCE}  # fmt: skip
FIELDS = {"count": "count", "units": "privacy_id_count", "sum": "sum", "mean": "mean", "variance": "variance"}
Part = tuple[str, float, float, list]
"""An aggregation over one value column: its name, its bounds, the metrics."""


def _metric(figure: dict):
    return Metrics.PERCENTILE(figure["level"] * 100) if figure["kind"] == "quantile" else METRICS[figure["kind"]]


def _parts(figures: list[dict]) -> dict[str, Part]:
    """One aggregation for each value column; counts ride with the first column."""
    parts: dict[str, Part] = {}

    def add(column: str, low: float, high: float, metric) -> None:
        held = parts.setdefault(column, (column, float(low), float(high), []))
        if metric not in held[3]:
            held[3].append(metric)

    first = next((figure["column"] for figure in figures if figure["column"]), "")
    for figure in figures:
        column, other = figure["column"] or first, figure["other"]
        if figure["kind"] == "ratio":
            add(column, figure["low"], figure["high"], Metrics.SUM)
            add(other, figure["other_low"], figure["other_high"], Metrics.SUM)
        elif figure["kind"] == "corr":
            add(column, figure["low"], figure["high"], Metrics.COUNT)
            high, top = figure["high"], figure["other_high"]
            for name, bound in ((column, high), (other, top), ("xy", high * top), (column + "2", high**2), (other + "2", top**2)):
                add(name, 0, bound, Metrics.SUM)
        elif figure["kind"] in METRICS or figure["kind"] == "quantile":
            bounds = next(((f["low"], f["high"]) for f in figures if f["column"] == column), (0, 1))
            add(column, *bounds, _metric(figure))
        else:
            raise UnsupportedError(f"no {figure['kind']}")
    return parts


def _figure(figure: dict, got: dict[str, dict[str, float]], first: str) -> float | None:
    cells = got.get(figure["column"] or first)
    if cells is None:
        return None
    match figure["kind"]:
        case "quantile":
            return next((float(value) for name, value in cells.items() if name.startswith("percentile")), None)
        case "ratio":
            under = got.get(figure["other"], {}).get("sum", 0.0)
            return figure["level"] * cells["sum"] / under if under else None
        case "corr":
            x, y = figure["column"], figure["other"]
            n, sx, sy = cells["count"], cells["sum"], got[y]["sum"]
            spread = (n * got[x + "2"]["sum"] - sx * sx) * (n * got[y + "2"]["sum"] - sy * sy)
            return (n * got["xy"]["sum"] - sx * sy) / math.sqrt(spread) if spread > 0 else None
        case kind:
            return float(cells[FIELDS[kind]])


def _rows(job: Job, parts: dict[str, Part]) -> dict[str, list[tuple]]:
    frame = pandas.read_parquet(job["flat_filtered"])
    for figure in job["figures"]:
        if figure["kind"] == "corr":
            x, y = figure["column"], figure["other"]
            frame = frame.assign(xy=frame[x] * frame[y], **{x + "2": frame[x] ** 2, y + "2": frame[y] ** 2})
    keys = job["key_columns"]
    key = list(zip(*(frame[name].astype(str) for name in keys), strict=True)) if keys else [()] * len(frame)
    shared: dict[tuple, tuple] = {}
    key = [shared.setdefault(value, value) for value in key]
    units = frame["u"].tolist()
    return {name: list(zip(units, key, frame[name].tolist() if name else [1.0] * len(key), strict=True)) for name in parts}


def prepare(job: Job):
    parts = _parts(job["figures"])
    rows = _rows(job, parts)
    first = next(iter(parts))
    public = None if job["unknown_keys"] else [tuple(key) for key in job["public_keys"]] or [()]
    extract = pipeline_dp.DataExtractors(
        privacy_id_extractor=lambda row: row[0], partition_extractor=lambda row: row[1], value_extractor=lambda row: row[2]
    )

    def run() -> Rows:
        delta = job["delta"] if job["unknown_keys"] else 0
        accountant = pipeline_dp.NaiveBudgetAccountant(total_epsilon=job["epsilon"], total_delta=delta)
        engine = pipeline_dp.DPEngine(accountant, pipeline_dp.LocalBackend())
        answers = {}
        for name, low, high, metrics in parts.values():
            wanted = pipeline_dp.AggregateParams(
                metrics=metrics, noise_kind=pipeline_dp.NoiseKind.LAPLACE,
                max_partitions_contributed=job["cap_groups"], max_contributions_per_partition=job["cap_in_group"],
                min_value=low if name else None, max_value=high if name else None,
            )  # fmt: skip
            answers[name] = engine.aggregate(rows[name], wanted, extract, public)
        accountant.compute_budgets()
        merged: dict[tuple, dict[str, dict[str, float]]] = {}
        for name, answer in answers.items():
            for key, metrics in answer:
                merged.setdefault(key, {})[name] = metrics._asdict()
        return [([str(k) for k in key], [_figure(figure, got, first) for figure in job["figures"]]) for key, got in merged.items()]

    return run


if __name__ == "__main__":
    serve(prepare)
