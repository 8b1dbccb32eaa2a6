"""From the times of single requests to the figures of the report: pure arithmetic."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

OUTSIDE = ("log", "wait for the release")
"""Steps that are no overhead: reported apart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timed:
    """One answered request. Units: seconds. `engine_s`: the same bounded plan on the engine in the bench's own process, the
    median over questions of its shape, 0 where the request needs no engine; `steps_s`: the server's own times, each without the steps inside it."""

    latency_s: float
    served_s: float
    engine_s: float
    steps_s: dict[str, float]

    @property
    def overhead_s(self) -> float:
        """What the service adds to the engine: neither the wait for the moment of release nor the publication in the log counts.

        The engine's time is that of the engine alone. What it takes longer inside the busy server counts as overhead.
        """
        return self.latency_s - sum(self.steps_s.get(name, 0.0) for name in OUTSIDE) - self.engine_s


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that is not below that share of them (nearest rank)."""
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def figures(timed: Sequence[Timed], *, seconds: float) -> dict[str, Any]:
    """The row of one setting. `seconds`: how long the clients were at work for them. Units: milliseconds; requests in a second."""
    steps = sorted({name for each in timed for name in each.steps_s})
    inside = [name for name in steps if name not in OUTSIDE]
    return {
        "n": len(timed),
        "throughput_per_s": round(len(timed) / seconds, 1),
        "overhead_ms": _spread([each.overhead_s for each in timed]),
        "latency_ms": _spread([each.latency_s for each in timed]),
        "engine_in_process_ms": _spread([each.engine_s for each in timed]),
        "log_ms": _spread([each.steps_s.get("log", 0.0) for each in timed]),
        "release_wait_ms": _spread([each.steps_s.get("wait for the release", 0.0) for each in timed]),
        "steps_ms_p50": {
            **{name: _ms(statistics.median(each.steps_s.get(name, 0.0) for each in timed)) for name in inside},
            "routing and threads": _ms(statistics.median(each.served_s - sum(each.steps_s.values()) for each in timed)),
            "network and client": _ms(statistics.median(each.latency_s - each.served_s for each in timed)),
        },
    }


def _spread(values: Sequence[float]) -> dict[str, float]:
    shares = {"p50": 0.5, "p90": 0.9, "p99": 0.99}
    return {"min": _ms(min(values)), **{name: _ms(percentile(values, share)) for name, share in shares.items()}}


def _ms(seconds: float) -> float:
    return round(1e3 * seconds, 3)
