"""How the script and a peer's own environment talk: one job file in, one result file out, rewritten after every run.

Standard library only: each peer runs under its own interpreter with its own packages.
"""

import json
import os
import resource
import sys
import time
from collections.abc import Callable
from typing import Any

SLOW_S = 60.0
Job = dict[str, Any]
Rows = list[tuple[list[str], list[float | None]]]
"""The key values as text, then one number for each figure (None: not released)."""


class UnsupportedError(Exception):
    """The peer cannot answer; the message says why, in its own words where it has some."""


def _write(path: str, result: dict[str, Any]) -> None:
    with open(path + ".part", "w", encoding="utf-8") as file:
        json.dump(result, file)
    os.replace(path + ".part", path)


def _cpu_s() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def serve(prepare: Callable[[Job], Callable[[], Rows]]) -> None:
    """Run the job named by the command line: prepare outside the clock, then time every run.

    Units: seconds of wall time, and CPU seconds of the whole process, all threads."""
    job_path, result_path = sys.argv[1:3]
    with open(job_path, encoding="utf-8") as file:
        job: Job = json.load(file)
    result: dict[str, Any] = {"wall_s": [], "cpu_s": [], "rows": [], "unsupported": None, "done": False}
    try:
        begun = time.perf_counter()
        run = prepare(job)
        result["prepare_s"] = time.perf_counter() - begun
        begun = time.perf_counter()
        while len(result["wall_s"]) < job["runs"] and (
            len(result["wall_s"]) < job["runs_slow"] or time.perf_counter() - begun + result["wall_s"][-1] < job["seconds_max"]
        ):
            cpu, wall = _cpu_s(), time.perf_counter()
            rows = run()
            result["wall_s"].append(time.perf_counter() - wall)
            result["cpu_s"].append(_cpu_s() - cpu)
            result["rows"].append(rows)
            _write(result_path, result)
            if result["wall_s"][0] > SLOW_S:
                job["runs"] = min(job["runs"], job["runs_slow"])
    except UnsupportedError as reason:
        result["unsupported"] = str(reason)
    except Exception as error:  # whatever the peer raises is its answer
        result["unsupported"] = f"{type(error).__name__}: {' '.join(str(error).split())[:240]}"
    except BaseException as error:  # a panic of a native library reaches Python as BaseException
        result["unsupported"] = f"panics ({type(error).__name__}: {str(error)[:120]})"
    result["done"] = True
    result["rss_max_bytes"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    _write(result_path, result)
