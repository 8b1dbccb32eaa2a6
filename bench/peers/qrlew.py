"""Qrlew: rewrites the SQL into private SQL (PostgreSQL's dialect), which sqlglot translates and DuckDB runs, noise included."""

import duckdb
import pyqrlew.wrappers as wrappers
import sqlalchemy
import sqlglot
from protocol import Job, Rows, serve
from pyqrlew import Dialect
from sums import bounds, derived, figure_of, needed

TYPES = {"DATE": "date", "VARCHAR": "text", "DOUBLE": "float"}


def _dataset(job: Job, connection: duckdb.DuckDBPyConnection) -> wrappers.Dataset:
    """The public schema, by way of an empty SQLite database; the row count, which Qrlew takes as public, is given."""
    columns = connection.execute("SELECT column_name, column_type FROM (DESCRIBE flat)").fetchall()
    rows = connection.execute("SELECT COUNT(*) FROM flat").fetchall()[0][0]
    empty = sqlalchemy.create_engine("sqlite://")
    with empty.begin() as session:
        shown = ", ".join(f"{name} {TYPES.get(kind, 'bigint')}" for name, kind in columns)
        session.execute(sqlalchemy.text(f"CREATE TABLE flat ({shown})"))
    build = wrappers.Dataset.from_str

    def with_size(dataset: str, schema: str, size: str) -> wrappers.Dataset:
        return build(dataset, schema, size.replace('"size": "0"', f'"size": "{rows}"').replace('"size": 0', f'"size": {rows}'))

    wrappers.Dataset.from_str = staticmethod(with_size)
    dataset = wrappers.dataset_from_database("bench", empty, None, ranges=False)
    for name, (low, high) in bounds(job["figures"]).items():
        dataset = dataset.with_range(None, "flat", name, low, high)
    if not job["unknown_keys"]:
        for index, name in enumerate(job["key_columns"]):
            members = sorted({key[index] for key in job["public_keys"]})
            dataset = dataset.with_possible_values(None, "flat", name, members)
    return dataset


def _sum_sql(name: str) -> str:
    return {"n": "COUNT(*)", "u": "COUNT(DISTINCT u)"}.get(name) or f"SUM({name[2:]})"


def prepare(job: Job):
    figures, keys = job["figures"], job["key_columns"]
    connection = duckdb.connect()
    made = "".join(f", {a} * {b} AS {name}" for name, (a, b) in derived(figures).items())
    texts = ", ".join(f"{name}::VARCHAR AS {name}" for name in keys)
    connection.execute(f"CREATE TABLE flat AS SELECT *{f' REPLACE ({texts})' if texts else ''}{made} FROM '{job['flat']}'")
    dataset = _dataset(job, connection)
    wanted = needed(figures)
    selected = [f"{_sum_sql(name)} AS f{i}" for i, name in enumerate(wanted)]
    quantiles = [i for i, figure in enumerate(figures) if figure["kind"] == "quantile"]
    selected += [f"MEDIAN({figures[i]['column']}) AS q{i}" for i in quantiles]
    sql = f"SELECT {', '.join([*keys, *selected])} FROM flat"
    sql += f" WHERE {job['where']}".replace("DATE '", "'") if job["where"] else ""
    sql += f" GROUP BY {', '.join(keys)}" if keys else ""

    def run() -> Rows:
        relation = dataset.relation(sql).rewrite_with_differential_privacy(
            dataset, [("flat", [], "u")], {"epsilon": job["epsilon"], "delta": job["delta"]},
            max_multiplicity=float(job["cap_norm"]), max_multiplicity_share=1.0,
            max_privacy_unit_groups=job["cap_groups_held"],
        )  # fmt: skip
        private = sqlglot.transpile(relation.relation().to_query(Dialect.PostgreSql), read="postgres", write="duckdb")[0]
        rows: Rows = []
        for row in connection.execute(private).fetchall():
            sums = {name: float(cell or 0) for name, cell in zip(wanted, row[len(keys) :], strict=False)}
            rows.append(([str(value) for value in row[: len(keys)]], [figure_of(figure, sums) for figure in figures]))
        return rows

    return run


if __name__ == "__main__":
    serve(prepare)
