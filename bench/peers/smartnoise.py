"""SmartNoise SQL on DuckDB: its own rewriter and mechanisms, DuckDB in place of PostgreSQL through its reader class."""

import logging
import warnings

import duckdb
from protocol import Job, Rows, UnsupportedError, serve
from snsql import Privacy
from snsql.sql.private_reader import PrivateReader
from snsql.sql.reader.postgres import PostgresReader
from sums import bounds, derived, figure_of, needed

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)


class DuckReader(PostgresReader):
    """The SQL of the PostgreSQL reader also runs on DuckDB as it is; only the transaction calls differ."""

    def execute(self, query: str, *_ignored: object, accuracy: bool = False) -> list[tuple]:
        cursor = self.conn.execute(query)
        return [tuple(name for name, *_ in cursor.description), *cursor.fetchall()]


def _metadata(job: Job, connection: duckdb.DuckDBPyConnection, columns: dict[str, tuple[float, float]]) -> dict:
    table: dict = {"max_ids": job["cap_rows"], "row_privacy": False, "sample_max_ids": True, "clamp_columns": True}
    table |= {"censor_dims": job["unknown_keys"], "clamp_counts": False, "use_dpsu": False}
    for name, kind in connection.execute("SELECT column_name, column_type FROM (DESCRIBE flat)").fetchall():
        if name == "u":
            table[name] = {"type": "int", "private_id": True}
        elif name in columns:
            table[name] = {"type": "float", "lower": min(0.0, columns[name][0] / columns[name][1]), "upper": 1.0}
        elif kind == "DATE":
            table[name] = {"type": "datetime"}
        else:
            table[name] = {"type": "string" if kind == "VARCHAR" else "int"}
    return {"": {"": {"flat": table}}}


def _sum_sql(name: str) -> str:
    return {"n": "COUNT(*)", "u": "COUNT(DISTINCT u)"}.get(name) or f"SUM({name[2:]})"


def prepare(job: Job):
    figures, keys = job["figures"], job["key_columns"]
    for figure in figures:
        if figure["kind"] == "quantile":
            raise UnsupportedError("refused: no quantiles")
    columns = bounds(figures)  # every value as a share of its bound: it refuses noise of a large scale
    connection = duckdb.connect()
    made = "".join(f", {a} * {b} AS {name}" for name, (a, b) in derived(figures).items())
    shares = ", ".join(f"{name} / {high} AS {name}" for name, (_, high) in columns.items() if name not in derived(figures))
    inner = f"SELECT *{f' REPLACE ({shares})' if shares else ''} FROM '{job['flat']}'"
    if job["where"] and any(f"{name} >" in job["where"] for name in columns):  # a filter on a value keeps its own units
        inner = f"SELECT * FROM ({inner})"
        for name, (_, high) in columns.items():
            job["where"] = job["where"].replace(f"{name} > ", f"{name} * {high} > ")
    connection.execute(f"CREATE TABLE flat AS SELECT *{made} FROM ({inner})")
    wanted = needed(figures)
    sql = f"SELECT {', '.join([*keys, *(f'{_sum_sql(name)} AS f{i}' for i, name in enumerate(wanted))])} FROM flat"
    sql += f" WHERE {job['where']}".replace("DATE '", "'") if job["where"] else ""
    sql += f" GROUP BY {', '.join(keys)}" if keys else ""
    metadata = _metadata(job, connection, columns)
    reader = DuckReader(conn=connection)
    mechanisms = len(wanted) + (1 if job["unknown_keys"] else 0)
    privacy = Privacy(epsilon=job["epsilon"] / mechanisms, delta=job["delta"])
    scale = {f"s {name}": high for name, (_, high) in columns.items()}

    def run() -> Rows:
        answer = PrivateReader(reader, metadata, privacy=privacy).execute(sql)[1:]
        rows: Rows = []
        for row in answer:
            cells = row[len(keys) :]
            sums = {name: float(cell or 0) * scale.get(name, 1.0) for name, cell in zip(wanted, cells, strict=True)}
            rows.append(([str(value) for value in row[: len(keys)]], [figure_of(figure, sums) for figure in figures]))
        return rows

    return run


if __name__ == "__main__":
    serve(prepare)
