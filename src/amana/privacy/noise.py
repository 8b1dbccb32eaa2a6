"""The only noise of the house: opendp's discrete Gaussian and discrete Laplace, with opendp's own entropy. Proof: `noise.md`.

Nothing is injected here: no seed, no generator, no switch. Tests replace the whole module.
"""

# pyright: reportUnknownMemberType=false
# (opendp's own annotations leave types open)
import opendp.prelude as dp

from amana.engines.engine import Cell, SumTable
from amana.privacy.keys import sort_key
from amana.privacy.loss import SCALE_MAX
from amana.privacy.price import PrivatePlan
from amana.query.plan import BinCount, BoundedSum, PublicKeys
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, SumNoise
from amana.terms.exact import Exact

FEATURES = ("contrib",)
"""The opendp feature flags in use, all of them (PRIVACY 18)."""

dp.enable_features(*FEATURES)


def add_noise(exact: list[int], *, kind: NoiseKind, scale: float) -> list[int]:
    """Each exact integer plus independent noise.

    Units: `scale` in units of the integers: sigma of the Gaussian, b of the Laplace. The integers may be of any size:
    opendp draws the noise on zeros, as 64-bit integers, and whole numbers add without rounding, so the released value has
    the distribution that the mechanism on the value itself would have.
    """
    assert 0 < scale <= SCALE_MAX, scale
    if not exact:
        return []
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    if kind is NoiseKind.GAUSSIAN:
        mechanism = dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale=scale)
    else:
        mechanism = dp.m.make_laplace(domain, dp.l1_distance(T="f64"), scale=scale)
    drawn: list[int] = mechanism([0] * len(exact))
    return [value + noise for value, noise in zip(exact, drawn, strict=True)]


def noisy(private: PrivatePlan, exact: Exact[SumTable]) -> NoisyTable:
    """Every public key, or every key whose noisy witness passes the threshold, with noise on each cell; sorted by key."""
    bounded = private.bounded
    cells = exact.open_for_noise().cells
    if isinstance(bounded.keys, PublicKeys):
        keys = bounded.keys.combinations
        zeros = tuple(_zero(total) for total in bounded.sums)
        rows = [cells.get(key, zeros) for key in keys]
    else:
        keys = tuple(sorted(cells, key=sort_key))
        rows = [cells[key] for key in keys]
    columns = [_noisy_column([row[i] for row in rows], total, private, scale=private.scales[i]) for i, total in enumerate(bounded.sums)]
    released = list(zip(keys, zip(*columns, strict=True), strict=True)) if columns else [(key, ()) for key in keys]
    if not isinstance(bounded.keys, PublicKeys):
        witness = bounded.keys.witness
        assert private.threshold is not None
        released = [(key, row) for key, row in released if _number(row[witness]) >= private.threshold]
    noise = tuple(SumNoise(kind=private.kind, scale=s, decimals=t.scale) for s, t in zip(private.scales, bounded.sums, strict=True))
    return NoisyTable(keys=tuple(key for key, _ in released), cells=tuple(row for _, row in released), noise=noise)


def _noisy_column(column: list[Cell], total: BoundedSum, private: PrivatePlan, *, scale: float) -> list[NoisyCell]:
    """Noise on one sum over all keys, drawn in one batch; for bins on every node of every level."""
    if not isinstance(total.sum, BinCount):
        grain = total.grain  # a power of two, so the division of the scale is exact
        grains = [(_whole(cell) + grain // 2) // grain for cell in column]
        return [noised * grain for noised in add_noise(grains, kind=private.kind, scale=scale / grain)]
    trees = [_levels(cell, total.sum) for cell in column]
    flat = add_noise([count for tree in trees for level in tree for count in level], kind=private.kind, scale=scale)
    drawn = iter(flat)
    return [tuple(tuple(next(drawn) for _ in level) for level in tree) for tree in trees]


def _zero(total: BoundedSum) -> Cell:
    return (0,) * total.sum.bins if isinstance(total.sum, BinCount) else 0


def _whole(cell: Cell) -> int:
    assert isinstance(cell, int)
    return cell


def _number(cell: NoisyCell) -> float:
    assert not isinstance(cell, tuple)
    return cell


def _levels(cell: Cell, shape: BinCount) -> tuple[tuple[int, ...], ...]:
    """The tree of counts over the finest bins, coarsest level first."""
    assert isinstance(cell, tuple) and len(cell) == shape.bins
    levels = [cell]
    while len(levels[0]) > shape.branch:
        below = levels[0]
        levels.insert(0, tuple(sum(below[i : i + shape.branch]) for i in range(0, len(below), shape.branch)))
    return tuple(levels)
