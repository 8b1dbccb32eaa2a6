"""Writes `docs/explanation/quality.md` from `bench/results/learn.json`: how good models are, beside peers, targets and no privacy."""

import json
from collections.abc import Sequence
from typing import Any, TypeAlias

from environment import HOUSE, ROOT, table
from learn_report_text import ATTACK, AUDIT, AUTO, CAVEATS, FRESH, HEAD, PEERS, SHORT, SYNTHETIC_NOTE, TEXT

from amana.terms.training import LEARNERS

PAGE, RESULTS = ROOT / "docs" / "explanation" / "quality.md", HOUSE / "results" / "learn.json"
AUDITS, ATTACKS = HOUSE / "results" / "learn_audit.json", HOUSE / "results" / "learn_attacks.json"
Row: TypeAlias = dict[str, Any]
TARGETS = (
    ("adult", "auc", "Adult, AUC", "row", 0.905),
    ("flchain", "auc", "free light chain, death, AUC", "row", 0.829),
    ("heart", "auc", "heart disease, four hospitals, AUC", "row", 0.86),
    ("abalone", "r2", "Abalone, R²", "row", 0.42),
    ("oulad", "auc", "OULAD, passing, AUC", "student", 0.86),
    ("diabetes", "auc", "diabetes, back within 30 days, AUC", "patient", 0.63),
)
TITLES = {
    "interpret": "interpret's private EBM", "diffprivlib": "diffprivlib, regression", "jax-privacy": "jax-privacy, DP-SGD linear",
    "lightgbm": "LightGBM", "linear without privacy": "linear", "synthetic": "Amana", "smartnoise MST": "SmartNoise MST",
    "smartnoise AIM": "SmartNoise AIM", "opendp MST": "OpenDP MST", "opendp AIM": "OpenDP AIM",
}  # fmt: skip
SYNTHETIC = (
    ("total_variation_1_way", "one column", 0.007),
    ("total_variation_2_way", "two columns", 0.030),
    ("total_variation_3_way", "three columns", 0.065),
)
FRESH_DATA = ("heart", "diabetes")
TEXTS = (("tweets-sarcasm", "sarcasm"), ("tweets-bad-mood", "a bad mood"), ("tweets-Egyptian", "Egyptian dialect"))
CPU_S_MAX = 60
AUTO_WITHIN = 0.005


def write() -> None:
    """Put the page together from what was measured last."""
    rows, audits, attacks = (json.loads(path.read_text(encoding="utf-8")) for path in (RESULTS, AUDITS, ATTACKS))
    PAGE.write_text(page(rows, audits=audits, attacks=attacks), encoding="utf-8")
    print(f"wrote {PAGE}")


def page(rows: Sequence[Row], *, audits: Sequence[Row] = (), attacks: Sequence[Row] = ()) -> str:
    """The page for these results. `audits`: of `learn_audit`; `attacks`: of `learn_attacks`."""
    models = [row for row in rows if row["metric"] in ("auc", "r2")]
    tuned = [row for row in models if row["splits"] == "tuned"]
    fresh = [row for row in models if row["splits"] == "fresh"]
    parts = [HEAD.format(seeds=max((row["seeds"] for row in tuned), default=0)), "## Models, ε = 1\n", _summary(tuned), "", *_auto(tuned)]
    parts += [*_short(tuned), "## Each of ours\n", _each(tuned, who="ours"), "", "## Each of the peers, and models without privacy\n"]
    parts += [PEERS, _each(tuned, who="peer", also="ceiling"), "", *_reasons(models)]
    if fresh:
        parts += [
            "## Splits that nobody had looked at\n",
            FRESH.format(seeds=max(row["seeds"] for row in fresh)),
            _summary(fresh),
            "",
            *_short(fresh),
            *_left_out(fresh),
        ]
    parts += [*_texts(tuned), *_synthetic(rows), *_audits(audits), *_attacks(attacks), CAVEATS]
    return "\n".join(parts).rstrip() + "\n"


def found_in(rows: Sequence[Row], data: str, *, who: str) -> dict[str, Row]:
    """The rows that have a score, by learner."""
    return {row["learner"]: row for row in rows if row["data"] == data and row["who"] == who and row["score_mean"] is not None}


def best_of(found: dict[str, Row]) -> Row | None:
    return max(found.values(), key=lambda row: float(row["score_mean"]), default=None)


def _summary(rows: Sequence[Row]) -> str:
    lines = []
    for data, _, title, unit, target in TARGETS:
        ours = found_in(rows, data, who="ours")
        if not ours:
            continue
        auto = ours.pop("auto", None)
        peer, ceiling = (best_of(found_in(rows, data, who=who)) for who in ("peer", "ceiling"))
        verdict = "–" if auto is None else "yes" if auto["score_mean"] >= target else f"short by {target - auto['score_mean']:.3f}"
        cells = [score_of(auto), *(score_of(row, named=True) for row in (best_of(ours), peer, ceiling))]
        lines.append([title, unit, f"≥ {target}", *cells, verdict])
    return table(
        ["data and score", "unit", "target", "ours, auto", "ours, best by name", "best peer", "without privacy", "reached by auto"], lines
    )


def _each(rows: Sequence[Row], *, who: str, also: str = "") -> str:
    """A line for each data set, a column for each learner."""
    known = ("auto", *LEARNERS) if who == "ours" else tuple(TITLES)
    named = [name for name in known if any(row["learner"] == name and row["who"] in (who, also) for row in rows)]
    lines = []
    for data, _, title, *_ in TARGETS:
        of_data = {row["learner"]: row for row in rows if row["data"] == data and row["who"] in (who, also)}
        if of_data:
            lines.append([title, *(score_of(of_data.get(name)) for name in named)])
    return table(["data and score", *(TITLES.get(name, name) for name in named)], lines)


def _auto(rows: Sequence[Row]) -> list[str]:
    """How far the automatic choice is from the best of ours."""
    far: list[tuple[float, str]] = []
    missing: dict[str, list[str]] = {}
    for data, _, title, *_ in TARGETS:
        ours = found_in(rows, data, who="ours")
        best = best_of(ours)
        if best is None or "auto" not in ours:
            continue
        far.append((best["score_mean"] - ours["auto"]["score_mean"], title))
        for name in LEARNERS:
            if name not in ours:
                missing.setdefault(name, []).append(data)
    if not far:
        return []
    worst, where = max(far)
    said = "as it should be" if worst <= AUTO_WITHIN else f"more than the {AUTO_WITHIN} that it should be at most"
    left = "; ".join(f"{name} on {', '.join(data)}" for name, data in missing.items())
    return [AUTO.format(below=max(0.0, worst), where=where, said=said), *([f"Not measured: {left}."] if left else []), ""]


def _short(rows: Sequence[Row]) -> list[str]:
    """What `auto` did not reach, and where a peer is better than it."""
    said = []
    for data, _, title, _, target in TARGETS:
        auto, peer = found_in(rows, data, who="ours").get("auto"), best_of(found_in(rows, data, who="peer"))
        if auto is None:
            continue
        if auto["score_mean"] < target:
            said.append(f"- {title}: {auto['score_mean']:.3f} is short of {target}.")
        if peer is not None and peer["score_mean"] > auto["score_mean"]:
            more = f"{peer['score_mean']:.3f} against {auto['score_mean']:.3f}"
            chosen = f", at the best of {peer['settings']} settings" if "settings" in peer else ""
            near = peer["score_mean"] - auto["score_mean"] <= max(peer["score_sd"], auto["score_sd"])
            within = "; less than one standard deviation" if near else ""
            said.append(f"- {title}: {TITLES[peer['learner']]} is better than `auto`, {more}{chosen}{within}.")
    return [SHORT, *said, ""] if said else []


def _reasons(rows: Sequence[Row]) -> list[str]:
    """Why a peer has no score, or fewer runs."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if row.get("reason"):
            runs = "no score" if row["score_mean"] is None else f"{row['seeds']} runs only"
            reasons.setdefault((title_of(row["learner"]), f"{runs}: {row['reason']}"), []).append(row["data"])
    return [f"- {learner}, {', '.join(dict.fromkeys(data))}: {said}." for (learner, said), data in reasons.items()] + (
        [""] if reasons else []
    )


def _left_out(rows: Sequence[Row]) -> list[str]:
    """What was to be measured on fresh splits and was not."""
    left = [
        f"{name} on {data}"
        for data in FRESH_DATA
        for name, who in (("ours", "ours"), ("peers", "peer"))
        if not found_in(rows, data, who=who)
    ]
    return [f"Not measured on these splits: {', '.join(left)}.", ""] if left else []


def _texts(rows: Sequence[Row]) -> list[str]:
    lines = []
    for data, title in TEXTS:
        ours, ceiling = found_in(rows, data, who="ours").get("auto"), best_of(found_in(rows, data, who="ceiling"))
        if ours is not None:
            lines.append([title, score_of(ours), score_of(ceiling), f"{ours['cpu_s']:g}"])
    head = ["what is told from the text, AUC", "ours, auto", "the same buckets without privacy", "CPU s"]
    return ["## Texts: Arabic tweets, ε = 1\n", TEXT, table(head, lines), ""] if lines else []


def _synthetic(rows: Sequence[Row]) -> list[str]:
    """A line for each maker, a column for each number of columns."""
    metrics = [name for name, *_ in SYNTHETIC]
    found = [row for row in rows if row["metric"] in metrics]
    if not found:
        return []
    lines = [["*target*", *(f"≤ {target}" for *_, target in SYNTHETIC), f"≤ {CPU_S_MAX}", "", ""]]
    for learner in sorted(dict.fromkeys(row["learner"] for row in found), key=lambda name: list(TITLES).index(name.split(", ")[0])):
        of_learner = {row["metric"]: row for row in found if row["learner"] == learner}
        measured = [row for row in of_learner.values() if row["score_mean"] is not None]
        first = next(iter(of_learner.values()))
        reached = len(measured) == len(SYNTHETIC) and first["cpu_s"] <= CPU_S_MAX
        reached = reached and all(of_learner[name]["score_mean"] <= target for name, _, target in SYNTHETIC)
        spent = [f"{first['cpu_s']:.1f}", str(first["seeds"]), "yes" if reached else "no"] if measured else ["–", "0", ""]
        lines.append([title_of(learner), *(score_of(of_learner.get(name)) for name in metrics), *spent])
    head = ["made by", *(said for _, said, _ in SYNTHETIC), "CPU s", "seeds", "reached"]
    return ["## Synthetic tables of Adult, ε = 1\n", SYNTHETIC_NOTE, table(head, lines), "", *_reasons(found)]


def _audits(rows: Sequence[Row]) -> list[str]:
    """How near the bounds come to what is lost, and how often they claim more."""
    if not rows:
        return []
    measured = [row for row in rows if "reason" not in row]
    found = {(row["mu"], row["trainings"], row["by"]): f"{row['epsilon_lower_mean']:.2f}, {row['above_share']:.0%}" for row in measured}
    by = list(dict.fromkeys(row["by"] for row in measured))
    cases = {(row["mu"], row["trainings"]): f"{row['epsilon_lost']:.2f}" for row in measured}
    lines = [[lost, str(case[1]), *(found.get((*case, name), "–") for name in by)] for case, lost in cases.items()]
    reasons = [f"- {row['by']}, {row['trainings']} trainings: {row['reason']}." for row in rows if "reason" in row]
    return ["## The bound of the audits\n", AUDIT, table(["ε lost", "trainings", *by], lines), "", *reasons]


def _attacks(rows: Sequence[Row]) -> list[str]:
    """Two attackers on the same tables."""
    if not rows:
        return []
    found = {(row["table"], row["attack"], row["by"]): row for row in rows}
    lines = []
    for made, attack in dict.fromkeys((row["table"], row["attack"]) for row in rows):
        both = [found[made, attack, by] for by in ("ours", "anonymeter")]
        cells = [f"none: {row['reason']}" if "reason" in row else f"{row['low']:.3f} to {row['high']:.3f}" for row in both]
        lines.append([made, attack.replace("_", " "), *cells])
    return ["## Attacks on synthetic tables\n", ATTACK, table(["table", "attack", "ours", "anonymeter"], lines), ""]


def title_of(learner: str) -> str:
    """The title of a learner, with its options and its way to draw where it has some."""
    name, *options = learner.split(", ")
    return ", ".join([TITLES.get(name, name), *options])


def score_of(row: Row | None, *, named: bool = False) -> str:
    if row is None:
        return "–"
    if row["score_mean"] is None:
        return "none, see below"
    if row["metric"] not in ("auc", "r2"):
        return f"{row['score_mean']:.4f}"
    if row["score_mean"] < -1:  # far worse than the mean of the target: its digits say nothing
        return "less than -1"
    spread = f" ± {row['score_sd']:.3f}" if row["seeds"] > 1 else " (one run)"
    said = f"{row['score_mean']:.3f}{spread}"
    return f"{said}, {TITLES.get(row['learner'], row['learner'])}" if named else said


if __name__ == "__main__":
    write()
