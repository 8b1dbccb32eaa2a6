"""Plausible redraws of an answer: what else its figures could have been, jointly, had the noise fallen otherwise.

A parametric bootstrap around the released sums: each draw adds new noise of the released kind and scale to every sum, and
computes the figures from the result as if it were true. Sums get independent noise and figures share sums, so the figures of one draw
hang together as the true ones do. The noise is symmetric, so a draw is as well a draw of the true sums from what the release
tells of them (under a flat prior). Post-processing: released sums and public facts come in, nothing else. See
docs/explanation/intervals.md.
"""

import math
from bisect import bisect_left
from dataclasses import replace
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import TypeAlias

from amana.catalog.domains import Domain
from amana.query.figures import kept_rows, rows_over
from amana.query.formula import Value, is_estimate, read_figure, sources
from amana.query.noisy import Noisy
from amana.query.plan import BinCount, Plan
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, SumNoise

Draw: TypeAlias = tuple[tuple[float | None, ...], ...]
"""One redraw. Shapes: one tuple for each row of the answer, with one number for each figure that carries noise."""

DRAWS_ROWS_MAX = 10_000
"""Draws times rows of one simulation."""
TREE_ROWS = 50
"""Redrawing a tree of bins takes as long as that many sums."""
_SCALE_LEAST = 0.01
_SCALE_SUMMED = 30.0  # from here on the discrete Gaussian is the normal one rounded (as in `query/intervals.py`)


def draws_max(plan: Plan, released: NoisyTable, key_domains: tuple[Domain, ...]) -> int:
    """How many redraws of this answer may be made at once, at least one."""
    kept, beneath = _beneath(plan, released, key_domains)
    rows = max(1, len(kept), len(beneath.keys))
    return max(1, DRAWS_ROWS_MAX // (rows * TREE_ROWS if any(isinstance(one, BinCount) for one in plan.sums) else rows))


def simulate(plan: Plan, released: NoisyTable, key_domains: tuple[Domain, ...], *, draws: int, chance: Random) -> tuple[Draw, ...]:
    """That many redraws of the rows shown: those that the released figures chose, in their order. What was NULL stays NULL."""
    kept, beneath = _beneath(plan, released, key_domains)
    known = sources(plan, decimals=tuple(noise.decimals for noise in released.noise))
    shown = [index for index, (_, figure) in enumerate(plan.figures) if is_estimate(figure)]
    readers = [read_figure(plan.figures[index][1], known) for index in shown]
    quiet = tuple(replace(noise, scale=0.0) for noise in released.noise)  # a draw is taken for true
    made: list[Draw] = []
    for _ in range(draws):
        cells = tuple(tuple(_redrawn(cell, own, chance) for cell, own in zip(row, released.noise, strict=True)) for row in beneath.cells)
        rows = list(rows_over(plan, NoisyTable(keys=beneath.keys, cells=cells, noise=quiet), known, key_domains))
        made.append(
            tuple(
                tuple(None if values[at] is None else _number(reader(rows[place])) for at, reader in zip(shown, readers, strict=True))
                for place, values in kept
            )
        )
    return tuple(made)


def _beneath(plan: Plan, released: NoisyTable, key_domains: tuple[Domain, ...]) -> tuple[list[tuple[int, tuple[Value, ...]]], NoisyTable]:
    """The rows shown, as `kept_rows` gives them, and the released sums that have a part in them: of totals all, else their own."""
    kept = kept_rows(plan, released, key_domains)
    if plan.sets:
        return kept, released
    places = [place for place, _ in kept]
    narrow = replace(released, keys=tuple(released.keys[at] for at in places), cells=tuple(released.cells[at] for at in places))
    return [(index, values) for index, (_, values) in enumerate(kept)], narrow


def _redrawn(cell: NoisyCell, own: SumNoise, chance: Random) -> NoisyCell:
    if isinstance(cell, tuple):
        return tuple(tuple(None if count is None else count + noise_like(own, chance) for count in level) for level in cell)
    return cell + noise_like(own, chance)


def _number(value: Value) -> float | None:
    bare = value.value if isinstance(value, Noisy) else value
    return float(bare) if isinstance(bare, (int, float)) and math.isfinite(bare) else None


def noise_like(own: SumNoise, chance: Random) -> int:
    """Noise of that kind and scale, for simulation only: what protects anybody is drawn in the kernel."""
    scale = own.scale
    if scale < _SCALE_LEAST:
        return 0
    if own.kind is NoiseKind.LAPLACE:  # the difference of two geometric variables
        return _geometric(scale, chance) - _geometric(scale, chance)
    if scale >= _SCALE_SUMMED:
        return round(chance.gauss(0.0, scale))
    below = _below(scale)
    return bisect_left(below, chance.random() * below[-1]) - len(below) // 2


def _geometric(scale: float, chance: Random) -> int:
    return math.floor(-scale * math.log(1.0 - chance.random()))


@lru_cache(maxsize=1024)
def _below(scale: float) -> tuple[float, ...]:
    """Running totals of the discrete Gaussian's weights, from far left to far right."""
    reach = math.ceil(9 * scale) + 1
    return tuple(accumulate(math.exp(-k * k / (2 * scale * scale)) for k in range(-reach, reach + 1)))
