"""Ours and plain DuckDB in one process, alternated; publishing against a plain load; our error. Each result is kept at once.

Run as a script in a process of its own for each scale: `own_runs.py <scale> <what> [question…]`.
"""

import gc
import resource
import statistics
import sys
import time

import duckdb
import state
from environment import plain_database
from ours import Ours, approximate, folder_of, plain_load, publish_tables, pure
from queries import QUERIES, Query, plain_sql
from truth import exact_answer, median_error

from amana.terms.refusal import Fault, Refusal

EPSILONS = (0.1, 1.0)


def _plain_once(connection: duckdb.DuckDBPyConnection, sql: str) -> tuple[float, float]:
    used = resource.getrusage(resource.RUSAGE_SELF)
    cpu, wall = used.ru_utime + used.ru_stime, time.perf_counter()
    connection.execute(sql).fetchall()
    wall_s = time.perf_counter() - wall
    used = resource.getrusage(resource.RUSAGE_SELF)
    return wall_s, used.ru_utime + used.ru_stime - cpu


def publish(scale: float, *, runs: int) -> None:
    """Publishing and a plain load, alternated."""
    if state.read(scale, "publish", "amana", "all") is not None and folder_of(scale).exists():
        return
    ours, plain = [], []
    for _ in range(runs):
        plain.append(plain_load(scale))
        ours.append(publish_tables(scale))
    state.write(scale, "publish", "amana", "all", {"wall_s": ours, "plain_wall_s": plain, "n": runs})


def _why(error: Exception) -> str:
    return f"refused: {error}" if isinstance(error, Refusal) else f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"


def alternate(scale: float, queries: list[Query], *, runs: int) -> None:
    """Time ours and plain DuckDB in turn, after one run of each that is not counted."""
    plain = duckdb.connect(str(plain_database(scale)), read_only=True)
    ours, target = Ours(scale), pure(1.0)
    for query in queries:
        if state.read(scale, "time", "amana", query.name) is not None:
            continue
        refused, last = None, None
        walls: dict[str, list[float]] = {"plain": [], "amana": []}
        cpus: dict[str, list[float]] = {"plain": [], "amana": []}
        fronts: list[float] = []
        plans: list[float] = []
        for turn in range(runs + 1):
            gc.collect()
            wall_s, cpu_s = _plain_once(plain, plain_sql(query))
            if turn:
                walls["plain"].append(wall_s)
                cpus["plain"].append(cpu_s)
            if refused:
                continue
            try:
                last = ours.run(query, target)
            except (Refusal, Fault, AssertionError, NotImplementedError) as error:
                refused = _why(error)
                continue
            if turn:
                walls["amana"].append(last.wall_s)
                cpus["amana"].append(last.cpu_s)
                fronts.append(last.front_s)
                plans.append(last.plan_s)
        state.write(scale, "time", "plain", query.name, {"wall_s": walls["plain"], "cpu_s": cpus["plain"], "n": runs, "unsupported": None})
        record: dict = {
            "wall_s": walls["amana"],
            "cpu_s": cpus["amana"],
            "front_s": fronts,
            "plan_s": plans,
            "n": len(fronts),
            "unsupported": refused,
        }
        if last is not None and not refused:
            record |= {"tick_s": last.tick_s, "rel_error_median": median_error(exact_answer(scale, query), [last.rows])}
        state.write(scale, "time", "amana", query.name, record)
        ratio = statistics.median(walls["amana"]) / statistics.median(walls["plain"]) if fronts else float("nan")
        print(f"  time amana {query.name}: {refused or f'{ratio:.2f} x plain'}", file=sys.stderr, flush=True)
    ours.close()
    plain.close()


def flatten(scale: float, queries: list[Query], *, runs: int) -> None:
    """What is done for the peers before their clock: the time plain DuckDB takes to make their flat rows, whole and filtered."""
    for query in queries:
        if state.read(scale, "flat", "plain", query.name) is not None:
            continue
        record: dict = {"n": runs}
        for kind, where in (("wall_s", ""), ("filtered_wall_s", f" WHERE {query.where}" if query.where else "")):
            record[kind] = []
            prepared = any(
                word in query.flat for word in (" JOIN ", "EXISTS", "GROUP BY", "UNION")
            )  # else columns of one table, as they are
            if not (prepared or where):
                continue
            for _ in range(runs + 1):
                with duckdb.connect(str(plain_database(scale)), read_only=True) as connection:
                    begun = time.perf_counter()
                    connection.execute(f"CREATE TEMP TABLE flat AS SELECT * FROM ({query.flat}){where}")
                    record[kind].append(time.perf_counter() - begun)
            record[kind] = record[kind][1:]
        state.write(scale, "flat", "plain", query.name, record)


def measure_memory(scale: float, queries: list[Query]) -> None:
    """The peak resident memory of a process that does nothing but answer each question once."""
    if state.read(scale, "memory", "amana", "all") is not None:
        return
    ours, answered = Ours(scale), 0
    for query in queries:
        try:
            ours.run(query, pure(1.0))
            answered += 1
        except (Refusal, Fault, AssertionError, NotImplementedError):
            continue
    ours.close()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    state.write(scale, "memory", "amana", "all", {"rss_max_bytes": peak, "n": answered})


def errors(scale: float, queries: list[Query]) -> None:
    """Our error for each epsilon, at both guarantees: pure, and (epsilon, delta)."""
    ours = Ours(scale)
    for query in queries:
        truth = exact_answer(scale, query)
        for epsilon in EPSILONS:
            for engine, target in (("amana", pure(epsilon)), ("amana_delta", approximate(epsilon))):
                kind = f"accuracy-{epsilon:g}"
                if state.read(scale, kind, engine, query.name) is not None:
                    continue
                record: dict = {"unsupported": None, "n": 0}
                try:
                    found, bias, releases = ours.errors(query, target, truth)
                    record |= {"n": releases, "draws": len(found), "epsilon": epsilon}
                    record |= {"rel_error_median": statistics.median(found), "bias_median": statistics.median(bias)}
                except (Refusal, Fault, AssertionError, NotImplementedError) as error:
                    record["unsupported"] = _why(error)
                state.write(scale, kind, engine, query.name, record)
                print(f"  {kind} {engine} {query.name}: {record}", file=sys.stderr, flush=True)
    ours.close()


def main() -> None:
    folder, scale, what, runs, *names = sys.argv[1:]
    state.use(folder)
    queries = [query for query in QUERIES if not names or query.name in names]
    match what:
        case "publish":
            publish(float(scale), runs=int(runs))
        case "time":
            alternate(float(scale), queries, runs=int(runs))
        case "flatten":
            flatten(float(scale), queries, runs=int(runs))
        case "memory":
            measure_memory(float(scale), queries)
        case "accuracy":
            errors(float(scale), queries)


if __name__ == "__main__":
    main()
