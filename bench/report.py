"""Writes `docs/explanation/benchmarks.md` and `bench/results/sql.json` from what has been measured."""

import json
import math
import statistics
from collections.abc import Callable, Iterable
from importlib.metadata import version

import node_report
import portal_report
import state
from environment import HOUSE, PEERS, ROOT, WORK, Peer, machine, table, versions_of
from queries import QUERIES, Query
from report_text import ACCURACY, HEAD, NOTES, SPEED

EPSILONS = (0.1, 1.0)
PEER_NAMES = tuple(peer.name for peer in PEERS)
ENGINES = ("amana", *PEER_NAMES)
UNIT_LEVEL = tuple(peer.name for peer in PEERS if peer.unit_level)
RESOLVED = 1e-4
"""Relative errors below it count as equal: there it matters whether one whole count more or less was drawn."""
PURE = ("smartnoise", "opendp", "pipelinedp")
"""Peers with pure epsilon for known keys; for unknown keys, and Qrlew always, (epsilon, delta)."""


def _median(record: state.Record | None, field: str) -> float | None:
    return statistics.median(record[field]) if record and record.get("n") and record.get(field) else None


def _spread(record: state.Record | None) -> str:
    if not record or not record.get("n"):
        return ""
    low, high = min(record["wall_s"]), max(record["wall_s"])
    return f"{low:.3g}–{high:.3g} s"


def _timed(scale: float, engine: str, query: Query) -> state.Record | None:
    """The runs that were timed: a peer's at epsilon 1."""
    return state.read(scale, "peer-1" if engine in PEER_NAMES else "time", engine, query.name)


def ratio(scale: float, engine: str, query: Query, field: str = "wall_s") -> float | None:
    """The multiple of plain DuckDB's median."""
    own, plain = (_median(_timed(scale, name, query), field) for name in (engine, "plain"))
    return own / plain if own and plain else None


def prepared_ratio(scale: float, peer: Peer, query: Query) -> float | None:
    """What the peer's user waits for, as a multiple of plain DuckDB: its own time and that of making its flat rows."""
    own, flat = ratio(scale, peer.name, query), state.read(scale, "flat", "plain", query.name)
    base = _median(_timed(scale, "plain", query), "wall_s")
    if own is None or flat is None or not base:
        return None
    made = flat["wall_s" if peer.filters else "filtered_wall_s"]
    return own + (statistics.median(made) / base if made else 0.0)


def error(scale: float, engine: str, query: Query, epsilon: float) -> float | None:
    record = state.read(scale, f"{'peer' if engine in PEER_NAMES else 'accuracy'}-{epsilon:g}", engine, query.name)
    return record["rel_error_median"] if record and record.get("n") else None


def geometric_mean(values: Iterable[float]) -> float | None:
    kept = [value for value in values if value > 0]
    return math.exp(statistics.fmean(map(math.log, kept))) if kept else None


def _times(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}" if value < 10 else f"{value:.0f}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.2g} %"


def _speed_rows(scale: float) -> list[list[str]]:
    rows = []
    for query in QUERIES:
        plain, own = (state.read(scale, "time", name, query.name) for name in ("plain", "amana"))
        base = _median(plain, "wall_s")
        row = [query.title, f"{1e3 * base:.0f} ms ({_spread(plain)})" if base else "–"]
        shown = _times(ratio(scale, "amana", query))
        cpu = ratio(scale, "amana", query, "cpu_s")
        row.append(f"**{shown}** (CPU {_times(cpu)}; {_spread(own)})" if own and own.get("n") else "refused" if own else "–")
        for peer in PEERS:
            record = _timed(scale, peer.name, query)
            value, whole = ratio(scale, peer.name, query), prepared_ratio(scale, peer, query)
            shown = _times(value) if whole is None or whole == value else f"{_times(whole)} ({_times(value)})"
            row.append(shown if value else "–" if record is None else "no¹")
        rows.append(row)
    return rows


def _best_peer(scale: float, query: Query, epsilon: float, *, pure: bool) -> tuple[str, float] | None:
    names = [name for name in UNIT_LEVEL if (name in PURE and not query.unknown_keys) == pure] if pure else list(UNIT_LEVEL)
    found = [(name, value) for name in names if (value := error(scale, name, query, epsilon)) is not None]
    return min(found, key=lambda pair: pair[1]) if found else None


def _ours_at(scale: float, query: Query, epsilon: float, *, pure: bool) -> float | None:
    """At (epsilon, delta) the better of the two mechanisms: a pure guarantee is also an approximate one."""
    values = [error(scale, name, query, epsilon) for name in (("amana",) if pure else ("amana", "amana_delta"))]
    return min((value for value in values if value is not None), default=None)


def _accuracy_rows(scale: float, epsilon: float) -> list[list[str]]:
    rows = []
    for query in QUERIES:
        cells = [_share(error(scale, name, query, epsilon)) for name in ("amana", "amana_delta", *(peer.name for peer in PEERS))]
        own = state.read(scale, f"accuracy-{epsilon:g}", "amana", query.name) or {}
        rows.append([query.title, *cells[:2], _share(own.get("bias_median")), *cells[2:]])
    return rows


def _verdict(hit: bool | None) -> str:
    return "not measured" if hit is None else "hit" if hit else "**missed**"


def _row(target: str, measured: str, hit: bool | None) -> list[str]:
    return [target, measured, _verdict(hit)]


def _speed_targets(scale: float) -> list[list[str]]:
    ratios = {query.title: value for query in QUERIES if (value := ratio(scale, "amana", query)) is not None}
    mean = geometric_mean(ratios.values())
    worst = max(ratios.items(), key=lambda pair: pair[1], default=None)
    gains, bare = _gains(scale, prepared_ratio), _gains(scale, lambda scale, peer, query: ratio(scale, peer.name, query))
    gain, least = geometric_mean(gains.values()), min(gains.items(), key=lambda pair: pair[1], default=None)
    bare_gain, bare_least = geometric_mean(bare.values()), min(bare.items(), key=lambda pair: pair[1], default=None)
    fronts = [_median(state.read(scale, "time", "amana", query.name), "front_s") for query in QUERIES]
    front = max((value for value in fronts if value is not None), default=None)
    answered = f"{len(ratios)} of {len(QUERIES)} questions"
    return [
        _row("geometric mean ≤ 1.3 × plain DuckDB", f"{_times(mean)} × ({answered})", mean and mean <= 1.3),
        _row("worst ≤ 2.5 × plain DuckDB", f"{_times(worst[1])} × ({worst[0]})" if worst else "–", worst and worst[1] <= 2.5),
        _row(
            "≥ 20 × faster than the fastest unit-level peer (geometric mean)",
            f"{_times(gain)} × from the custodian's tables; {_times(bare_gain)} × when their joins and filters are done before the clock",
            gain and gain >= 20,
        ),
        _row(
            "never slower than a unit-level peer",
            f"least gain {_times(least[1])} × ({least[0]}) from the custodian's tables; {_times(bare_least[1])} × ({bare_least[0]}) against rows made before the clock"
            if least and bare_least
            else "–",
            least and least[1] >= 1,
        ),
        _row("text to engine ≤ 5 ms (worst median)", f"{1e3 * front:.1f} ms" if front else "–", front and front <= 0.005),
    ]


def _gains(scale: float, of: Callable[[float, Peer, Query], float | None]) -> dict[str, float]:
    """By question, how many times faster ours is than the fastest peer that protects units."""
    gains: dict[str, float] = {}
    for query in QUERIES:
        peers = [value for peer in PEERS if peer.unit_level and (value := of(scale, peer, query)) is not None]
        own = ratio(scale, "amana", query)
        if peers and own:
            gains[query.title] = min(peers) / own
    return gains


def _size_targets(scale: float, large: float) -> list[list[str]]:
    growth = {}
    for query in QUERIES:
        small, big = (_median(state.read(each, "time", "amana", query.name), "wall_s") for each in (scale, large))
        if small and big:
            growth[query.title] = big / small
    mean, worst = geometric_mean(growth.values()), max(growth.items(), key=lambda pair: pair[1], default=None)
    memory = state.read(large, "memory", "amana", "all")
    gib = memory["rss_max_bytes"] / 2**30 if memory else None
    published = state.read(scale, "publish", "amana", "all")
    load = statistics.median(published["wall_s"]) / statistics.median(published["plain_wall_s"]) if published else None
    grown = f"{_times(mean)} × (worst {_times(worst[1])} ×, {worst[0]})" if worst else "–"
    return [
        _row(f"SF{large:g} ≤ 11 × SF{scale:g} (geometric mean)", grown, mean and mean <= 11),
        _row(f"SF{large:g} within 8 GiB", f"{gib:.1f} GiB at most" if gib else "–", gib and gib <= 8),
        _row("publishing ≤ 3 × a plain load", f"{_times(load)} ×", load and load <= 3),
    ]


def _accuracy_targets(scale: float) -> list[list[str]]:
    rows = []
    for epsilon in EPSILONS:
        pairs = []
        for query in QUERIES:
            for pure in (True, False):
                best, own = _best_peer(scale, query, epsilon, pure=pure), _ours_at(scale, query, epsilon, pure=pure)
                if best and own is not None:
                    pairs.append((query.title, max(own, RESOLVED) / max(best[1], RESOLVED), best[0], pure))
        lost = [f"{title} ({value:.2f} × {peer}{', pure' if pure else ''})" for title, value, peer, pure in pairs if value > 1.1]
        won = sum(value < 1 for _, value, _, _ in pairs)
        shown = f"{len(pairs) - len(lost)} of {len(pairs)} within 1.10 ×; above it: {'; '.join(lost) or 'none'}"
        rows.append(_row(f"ε = {epsilon:g}: error ≤ 1.10 × the best peer, every question", shown, not lost if pairs else None))
        rows.append(
            _row(f"ε = {epsilon:g}: below the best peer on half", f"{won} of {len(pairs)}", 2 * won >= len(pairs) if pairs else None)
        )
    return rows


def _reasons(scale: float) -> str:
    lines = []
    for engine in ENGINES:
        for query in QUERIES:
            record = _timed(scale, engine, query)
            if record and record.get("unsupported"):
                lines.append(f"- {engine}, {query.title}: {record['unsupported']}".replace(str(WORK), "…").replace("|", "/"))
    return "\n".join(lines)


def _patience(scale: float) -> str:
    """The peers that had fewer than 20 runs on some question."""
    parts = []
    for epsilon in EPSILONS:
        for peer in PEERS:
            records = [state.read(scale, f"peer-{epsilon:g}", peer.name, query.name) for query in QUERIES]
            runs = [record["n"] for record in records if record and record["n"]]
            if runs and min(runs) < 20:
                parts.append(f"{peer.name}, ε = {epsilon:g}, {min(runs)} to {max(runs)} (median {statistics.median(runs):g})")
    return "; ".join(parts) or "none"


def _json(scales: Iterable[float]) -> list[dict]:
    rows = []
    for scale in scales:
        for query in QUERIES:
            for engine in ("plain", "amana", "amana_delta", *(peer.name for peer in PEERS)):
                timed = _timed(scale, engine, query)
                errors = {f"{e:g}": value for e in EPSILONS if (value := error(scale, engine, query, e)) is not None}
                if timed is None and not errors:
                    continue
                wall, cpu = _median(timed, "wall_s"), _median(timed, "cpu_s")
                rows.append(
                    {"query": query.name, "scale": scale, "engine": engine, "wall_s_median": wall, "cpu_s_median": cpu,
                     "ratio_to_plain": ratio(scale, engine, query), "rel_error_median": errors, "n": (timed or {}).get("n", 0),
                     "unsupported": (timed or {}).get("unsupported")}
                )  # fmt: skip
    return rows


def write(scale: float, large: float, *, quick: bool) -> None:
    """Write both files (a quick trial writes beside its measurements instead)."""
    page, results = ROOT / "docs" / "explanation" / "benchmarks.md", HOUSE / "results" / "sql.json"
    if quick:
        page, results = WORK / "quick.md", WORK / "quick.json"
    titles = [peer.title for peer in PEERS]
    engines = "\n".join(f"- {peer.title}: {versions_of(peer)}. Guarantee: {peer.guarantee}." for peer in PEERS)
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "opendp", "sqlglot", "tpchgen-cli"))
    parts = [
        HEAD.format(scale=f"{scale:g}", large=f"{large:g}", machine=machine(), packages=packages, engines=engines, patience=_patience(scale)),
        "## Targets\n", table(["target", "measured", ""], [*_speed_targets(scale), *_size_targets(scale, large), *_accuracy_targets(scale)]),
        SPEED, table(["question", "plain DuckDB", "Amana", *titles], _speed_rows(scale)),
    ]  # fmt: skip
    if any(state.read(large, "time", "amana", query.name) for query in QUERIES):
        rows = [row[:3] for row in _speed_rows(large)]
        parts += [f"\n### SF{large:g}\n", table(["question", "plain DuckDB", "Amana"], rows)]
    parts.append(ACCURACY)
    head = ["question", "Amana, pure", "Amana, δ", "of it bias", *titles]
    for epsilon in EPSILONS:
        parts += [f"\n### ε = {epsilon:g}\n", table(head, _accuracy_rows(scale, epsilon))]
    parts += [NOTES, _reasons(scale), "", portal_report.section(), node_report.section()]
    page.parent.mkdir(parents=True, exist_ok=True)
    results.parent.mkdir(parents=True, exist_ok=True)
    page.write_text("\n".join(parts), encoding="utf-8")
    results.write_text(json.dumps(_json((scale, large)), indent=1) + "\n", encoding="utf-8")
    print(f"wrote {page} and {results}")
