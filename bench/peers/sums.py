"""Figures as functions of sums, each sum released once: for the peers that have sums and counts but not every statistic.

A sum is named "n" (rows), "u" (units), "s x" (sum of the column x). Squares and products are columns "x2" and "x_y".
"""

import math


def derived(figures: list[dict]) -> dict[str, tuple[str, str]]:
    """The columns to make beforehand: name -> the two columns multiplied."""
    made: dict[str, tuple[str, str]] = {}
    for figure in figures:
        x, y = figure["column"], figure["other"]
        if figure["kind"] in ("variance", "corr"):
            made[f"{x}2"] = (x, x)
        if figure["kind"] == "corr":
            made |= {f"{y}2": (y, y), f"{x}_{y}": (x, y)}
    return made


def bounds(figures: list[dict]) -> dict[str, tuple[float, float]]:
    """The declared bounds of every column, the derived ones too (all columns that are multiplied start at 0)."""
    known: dict[str, tuple[float, float]] = {}
    for figure in figures:
        if figure["column"]:
            known[figure["column"]] = (float(figure["low"]), float(figure["high"]))
        if figure["other"]:
            known[figure["other"]] = (float(figure["other_low"]), float(figure["other_high"]))
    return known | {name: (0.0, known[a][1] * known[b][1]) for name, (a, b) in derived(figures).items()}


def needed(figures: list[dict]) -> list[str]:
    """The distinct sums that the figures need, in a fixed order."""
    wanted: list[str] = []
    for figure in figures:
        x, y = figure["column"], figure["other"]
        wanted += {
            "count": ["n"],
            "units": ["u"],
            "sum": [f"s {x}"],
            "mean": [f"s {x}", "n"],
            "ratio": [f"s {x}", f"s {y}"],
            "variance": ["n", f"s {x}", f"s {x}2"],
            "corr": ["n", f"s {x}", f"s {y}", f"s {x}_{y}", f"s {x}2", f"s {y}2"],
        }.get(figure["kind"], [])
    return list(dict.fromkeys(wanted))


def figure_of(figure: dict, sums: dict[str, float]) -> float | None:
    """The figure from released sums; None where the noise leaves nothing sensible."""
    x, y = figure["column"], figure["other"]
    n = sums.get("n", 0.0)
    try:
        match figure["kind"]:
            case "count":
                return n
            case "units":
                return sums["u"]
            case "sum":
                return sums[f"s {x}"]
            case "mean":
                return sums[f"s {x}"] / n if n > 0 else None
            case "ratio":
                return figure["level"] * sums[f"s {x}"] / sums[f"s {y}"]
            case "variance":
                return (sums[f"s {x}2"] - sums[f"s {x}"] ** 2 / n) / (n - 1) if n > 1 else None
            case "corr":
                spread = (n * sums[f"s {x}2"] - sums[f"s {x}"] ** 2) * (n * sums[f"s {y}2"] - sums[f"s {y}"] ** 2)
                return (n * sums[f"s {x}_{y}"] - sums[f"s {x}"] * sums[f"s {y}"]) / math.sqrt(spread) if spread > 0 else None
            case _:
                return None
    except ZeroDivisionError:
        return None
