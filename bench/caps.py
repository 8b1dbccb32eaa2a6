"""For every peer and question, the contribution caps that minimise that peer's own expected error, found with the exact data.

A user of the peer could not do so (it looks at the data): the caps are better than any that a user would choose.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import duckdb
from queries import Figure, Query

SPREAD = 0.6
"""Assumed coefficient of variation of values, for the error of sampling rows when the answer is a mean or a quantile."""
QUANTILES = (0.0, 0.5, 0.75, 0.9, 0.97, 0.995, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """`rows`: of a unit. `groups` and `in_group`: keys of a unit, and its rows in one key. `norm`: Qrlew's multiplicity.
    `held`: the most keys that any unit has."""

    rows: int
    groups: int
    in_group: int
    norm: int
    held: int


def _laplace(bias: float, scale: float) -> float:
    """Expected absolute value of a bias plus Laplace noise."""
    return abs(bias) + scale * math.exp(-abs(bias) / scale) if scale else abs(bias)


def _gauss(bias: float, deviation: float) -> float:
    if not deviation:
        return abs(bias)
    z = abs(bias) / deviation
    return deviation * math.sqrt(2 / math.pi) * math.exp(-z * z / 2) + abs(bias) * math.erf(z / math.sqrt(2))


def _columns(figures: Iterable[Figure]) -> dict[str, float]:
    columns: dict[str, float] = {}
    for figure in figures:
        if figure.column:
            columns[figure.column] = max(abs(figure.low), abs(figure.high))
        if figure.other:
            columns[figure.other] = max(abs(figure.other_low), abs(figure.other_high))
    return columns


def _error(query: Query, exact: Mapping, kept: Mapping, *, sensitivity: float, epsilon: float, delta: float, gauss: bool) -> float:
    """Mean expected relative error over keys and figures, from sums that are truncated as `kept` against `exact`."""
    columns = _columns(query.figures)
    parts = len(columns) + any(figure.kind in ("count", "mean", "variance", "corr") for figure in query.figures)
    noisy = _gauss if gauss else _laplace
    errors: list[float] = []
    for key, (count, sums) in exact.items():
        held, held_sums = kept.get(key, (0.0, dict.fromkeys(sums, 0.0)))
        scale = sensitivity * parts / epsilon
        if query.unknown_keys and held < 2 * scale * (1.0 if gauss else math.log(1 / delta)):  # stays below any threshold
            errors.extend(1.0 for _ in query.figures)
            continue
        for figure in query.figures:
            n_error = noisy(held - count, scale) / max(count, 1)
            sampling = SPREAD * math.sqrt(max(0.0, 1 - held / max(count, 1)) / max(held, 1))
            column = figure.column
            total = sums.get(column, 0.0)
            s_error = noisy(held_sums.get(column, 0.0) - total, scale * columns.get(column, 0.0)) / max(abs(total), 1e-9)
            s_noise = noisy(0.0, scale * columns.get(column, 0.0)) / max(abs(held_sums.get(column, 0.0)), 1e-9)
            if figure.kind in ("count", "units"):
                errors.append(n_error)
            elif figure.kind == "sum":
                errors.append(s_error)
            elif figure.kind == "quantile":
                errors.append(noisy(0.0, scale) / max(held, 1) + sampling)
            else:
                mean, mean_held = total / max(count, 1), held_sums.get(column, 0.0) / max(held, 1)
                spread = (SPREAD * mean) ** 2 if figure.kind in ("variance", "corr") else 0.0
                squares = noisy(0.0, scale * columns.get(column, 0.0) ** 2) / max(held * spread, 1e-9) if spread else 0.0
                bias = abs(mean_held - mean) / max(abs(mean), 1e-9)
                errors.append(s_noise + noisy(0.0, scale) / max(held, 1) + sampling + squares + bias)
    return sum(errors) / max(len(errors), 1)


def _measure(connection: duckdb.DuckDBPyConnection, query: Query, weight: str) -> dict:
    """Expected count and sums by key when every row of (unit, key) counts for `weight`, where @ stands for the column."""
    columns = list(_columns(query.figures))
    keys = ", ".join(f"k{i}" for i in range(query.keys))
    sums = [f"SUM(s_{name} * ({weight.replace('@', name)}))::DOUBLE" for name in columns]
    head = f"{keys}, " if keys else ""
    tail = f" GROUP BY {keys}" if keys else ""
    counts = f"SUM(n * ({weight.replace('@', 'n')}))::DOUBLE"
    rows = connection.execute(f"SELECT {head}{', '.join([counts, *sums])} FROM held{tail}").fetchall()
    at = query.keys
    return {row[:at]: (row[at] or 0.0, dict(zip(columns, row[at + 1 :], strict=True))) for row in rows}


def choose(connection: duckdb.DuckDBPyConnection, query: Query, *, flat_path: str, epsilon: float, delta: float) -> Caps:
    """The best caps of a small grid. `flat_path`: the question's flat rows, already filtered."""
    columns = _columns(query.figures)
    keys = "".join(f", {name} AS k{i}" for i, name in enumerate(query.key_columns))
    group = "".join(f", k{i}" for i in range(query.keys))
    sums = "".join(f", SUM({name}) AS s_{name}" for name in columns)
    norms = "".join(f", SQRT(SUM(pow(s_{name} / {high}, 2)) OVER (PARTITION BY u)) AS norm_{name}" for name, high in columns.items())
    connection.execute(f"CREATE OR REPLACE TEMP TABLE raw AS SELECT u{keys}, COUNT(*) AS n{sums} FROM '{flat_path}' GROUP BY u{group}")
    connection.execute(f"""CREATE OR REPLACE TEMP TABLE held AS SELECT *, SUM(n) OVER (PARTITION BY u) AS rows_u,
        COUNT(*) OVER (PARTITION BY u) AS groups_u, SQRT(SUM(n * n) OVER (PARTITION BY u)) AS norm_n{norms} FROM raw""")
    if query.figures[0].kind == "units":
        return Caps(rows=1, groups=1, in_group=1, norm=1, held=1)
    exact = _measure(connection, query, "1")

    def grid(column: str) -> list[int]:
        cuts = connection.execute(f"SELECT quantile_cont({column}, {list(QUANTILES)}) FROM held").fetchall()[0][0]
        return sorted({max(1, math.ceil(cut)) for cut in cuts})

    def best(options: list, weight, sensitivity, *, gauss: bool = False):
        def cost(option) -> float:
            kept = _measure(connection, query, weight(option))
            return _error(query, exact, kept, sensitivity=sensitivity(option), epsilon=epsilon, delta=delta, gauss=gauss)

        return min(options, key=cost)

    rows = best(grid("rows_u"), lambda k: f"LEAST(1.0, {k} / rows_u)", lambda k: k)
    pairs = [(m, j) for m in grid("groups_u") for j in grid("n")]
    groups, in_group = best(pairs, lambda p: f"LEAST(1.0, {p[0]} / groups_u) * LEAST(1.0, {p[1]} / n)", lambda p: p[0] * p[1])
    multiplier = math.sqrt(2 * math.log(1.25 / delta))
    every = sorted({k for name in ("n", *columns) for k in grid(f"norm_{name}")})
    norm = best(every, lambda k: f"LEAST(1.0, {k} / GREATEST(norm_@, 1e-9))", lambda k: k * multiplier, gauss=True)
    held = connection.execute("SELECT MAX(groups_u) FROM held").fetchall()[0][0]
    return Caps(rows=rows, groups=groups, in_group=in_group, norm=norm, held=held)
