"""Exact answers from plain DuckDB, and how far an answer is from them."""

import datetime
import json
import statistics
from collections.abc import Iterable, Mapping
from decimal import Decimal

import duckdb
from environment import WORK, plain_database, scale_name
from queries import Query, plain_sql

Truth = Mapping[tuple[str, ...], tuple[float, ...]]


def key_text(value: object) -> str:
    """A key value as every engine's answer writes it here: dates as yyyymmdd."""
    if isinstance(value, datetime.date):
        return value.strftime("%Y%m%d")
    return str(int(value)) if isinstance(value, Decimal | float) and value == int(value) else str(value)


def exact_answer(scale: float, query: Query) -> Truth:
    path = WORK / "truth" / scale_name(scale) / f"{query.name}.json"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        with duckdb.connect(str(plain_database(scale)), read_only=True) as connection:
            rows = connection.execute(plain_sql(query)).fetchall()
        at = query.keys
        path.write_text(json.dumps([([key_text(k) for k in row[:at]], [float(v or 0) for v in row[at:]]) for row in rows]))
    return {tuple(key): tuple(values) for key, values in json.loads(path.read_text())}


def relative_errors(truth: Truth, rows: Iterable[tuple[list[str], list[float | None]]]) -> list[float]:
    """One error for each figure of each key of the truth; a key or figure that was not released counts as 100 %."""
    released = {tuple(key): figures for key, figures in rows}
    errors: list[float] = []
    for key, values in truth.items():
        figures = released.get(key, [None] * len(values))
        for value, figure in zip(values, figures, strict=True):
            if value:
                errors.append(1.0 if figure is None else abs(figure - value) / abs(value))
    return errors


def median_error(truth: Truth, runs: Iterable[list[tuple[list[str], list[float | None]]]]) -> float:
    """The median over runs, keys and figures together."""
    return statistics.median(error for rows in runs for error in relative_errors(truth, rows))
