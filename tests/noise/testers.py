"""Statistical judges, used on the real noise and on a control that each of them must catch (PRIVACY 21)."""

from collections.abc import Callable, Sequence

import numpy as np
from scipy import stats

from amana.query.released import NoiseKind

ALPHA = 1e-4
"""Chance that a sound build fails anywhere in this folder; shared between `TESTS` judgements."""
TESTS = 60
EACH = ALPHA / TESTS


def mass(kind: NoiseKind, scale: float, points: np.ndarray) -> np.ndarray:
    """The discrete distribution on these whole numbers."""
    reach = np.arange(-int(80 * scale) - 80, int(80 * scale) + 81, dtype=np.float64)

    def weight(x: np.ndarray) -> np.ndarray:
        x = x.astype(np.float64)
        return np.exp(-(x**2) / (2 * scale**2)) if kind is NoiseKind.GAUSSIAN else np.exp(-np.abs(x) / scale)

    return weight(points) / weight(reach).sum()


def fits(draws: Sequence[int], kind: NoiseKind, scale: float) -> float:
    """p-value of a chi-squared test of the draws against the exact distribution, in cells that expect ten draws or more."""
    found = np.asarray(draws, dtype=np.int64)
    points = np.arange(-int(60 * scale) - 60, int(60 * scale) + 61)
    expected = mass(kind, scale, points) * len(found)
    edges, held = [points[0]], 0.0
    for point, count in zip(points, expected, strict=True):
        held += count
        if held >= max(10.0, len(found) / 60):
            edges.append(point + 1)
            held = 0.0
    if held < 10.0:
        edges.pop()
    edges.append(points[-1] + 1)
    cells = np.searchsorted(edges, found, side="right") - 1
    observed = np.bincount(np.clip(cells, 0, len(edges) - 2), minlength=len(edges) - 1)
    of_cell = np.array([expected[(points >= a) & (points < b)].sum() for a, b in zip(edges[:-1], edges[1:], strict=True)])
    return float(stats.chisquare(observed, of_cell * len(found) / of_cell.sum()).pvalue)


def independent(one: Sequence[float], other: Sequence[float]) -> float:
    """p-value of no association: of the values, and of their sizes (which share a scale if a seed is reused with a shift)."""
    a, b = np.asarray(one, dtype=np.float64), np.asarray(other, dtype=np.float64)
    values, sizes = stats.spearmanr(a, b).pvalue, stats.spearmanr(np.abs(a), np.abs(b)).pvalue
    return float(min(1.0, 2 * min(values, sizes)))


def separation_at_least(draw: Callable[[bool], float], *, cut: float, runs: int) -> float:
    """A lower bound, with confidence 1 - EACH, of mu such that telling `draw(True)` from `draw(False)` by the cut is as easy as telling
    N(mu, 1) from N(0, 1). A Gaussian mechanism with loss rho has mu = sqrt(2 rho) at most. Source: Dong, Roth & Su 2022."""
    hits = sum(draw(True) > cut for _ in range(runs))
    false = sum(draw(False) > cut for _ in range(runs))
    least_true = stats.beta.ppf(EACH / 2, hits, runs - hits + 1) if hits else 0.0
    most_false = stats.beta.ppf(1 - EACH / 2, false + 1, runs - false) if false < runs else 1.0
    return float(stats.norm.ppf(least_true) - stats.norm.ppf(most_false))


def chance_at_least(happened: int, runs: int) -> float:
    """A lower bound of a probability, with confidence 1 - EACH. Source: Clopper & Pearson 1934."""
    return float(stats.beta.ppf(EACH, happened, runs - happened + 1)) if happened else 0.0
