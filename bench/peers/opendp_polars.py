"""OpenDP's Polars context: the plan is Polars', truncation per unit and noise are OpenDP's; frames are in memory beforehand."""

import warnings

import opendp.prelude as dp
import polars as pl
from protocol import Job, Rows, serve
from sums import bounds, derived, figure_of, needed

warnings.filterwarnings("ignore")
dp.enable_features("contrib")
CANDIDATES = 6000


def _whole(column: str) -> pl.Expr:
    return pl.col(column).fill_nan(0.0).fill_null(0.0)


def _expressions(figures: list[dict]) -> dict[str, pl.Expr]:
    """One expression for each distinct sum, and one for each quantile."""
    known = bounds(figures)
    made: dict[str, pl.Expr] = {}
    for name in needed(figures):
        made[name] = dp.len(signed=True) if name in ("n", "u") else _whole(name[2:]).dp.sum(known[name[2:]])
    for index, figure in enumerate(figures):
        if figure["kind"] == "quantile":
            low, high = known[figure["column"]]
            step = (high - low) / CANDIDATES
            made[f"q{index}"] = _whole(figure["column"]).dp.quantile(figure["level"], [low + step * i for i in range(CANDIDATES + 1)])
    return made


def prepare(job: Job):
    figures, keys = job["figures"], job["key_columns"]
    frame = pl.read_parquet(job["flat"]).with_columns(pl.col("u").cast(pl.Int64))
    frame = frame.with_columns((pl.col(a) * pl.col(b)).alias(name) for name, (a, b) in derived(figures).items()).lazy()
    rows_max = frame.select(pl.len()).collect().item()
    public = None
    schema = frame.collect_schema()
    if keys and not job["unknown_keys"]:
        columns = list(zip(*job["public_keys"], strict=True))
        public = pl.LazyFrame({name: pl.Series(list(columns[i])).cast(schema[name]) for i, name in enumerate(keys)})
    margin = dp.polars.Margin(by=keys, max_length=rows_max, max_groups=max(1, len(job["public_keys"])))
    named = _expressions(figures)
    flat = [expr.alias(f"f{i}") for i, expr in enumerate(named.values())]
    loss = {"epsilon": job["epsilon"]} | ({"delta": job["delta"]} if job["unknown_keys"] else {})
    units = figures[0]["kind"] == "units"

    def run() -> Rows:
        context = dp.Context.compositor(
            data=frame, privacy_unit=dp.unit_of(contributions=1, identifier=pl.col("u")), privacy_loss=dp.loss_of(**loss),
            split_evenly_over=1, margins=[margin],
        )  # fmt: skip
        query = context.query()
        if job["where"]:
            query = query.filter(pl.sql_expr(job["where"]))
        query = query.truncate_per_group(1 if units else job["cap_rows"])
        if keys:
            query = query.group_by(keys).agg(*flat)
            query = query.with_keys(public) if public is not None else query
        else:
            query = query.select(*flat)
        rows: Rows = []
        for row in query.release().collect().iter_rows(named=True):
            sums = {name: float(row[f"f{i}"] or 0) for i, name in enumerate(named)}
            shown = [sums.get(f"q{i}") if figure["kind"] == "quantile" else figure_of(figure, sums) for i, figure in enumerate(figures)]
            rows.append(([str(row[name]) for name in keys], shown))
        return rows

    return run


if __name__ == "__main__":
    serve(prepare)
