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
from amana.query.plan import BinCount, BoundedSum, PublicKeys, levels_in, quantiles_of
from amana.query.quantiles import opened
from amana.query.released import NoiseKind, NoisyCell, NoisyTable, NoisyTree, SumNoise
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
    domain = dp.vector_domain(dp.atom_domain(T="i64"))
    if kind is NoiseKind.GAUSSIAN:
        mechanism = dp.m.make_gaussian(domain, dp.l2_distance(T="f64"), scale=scale)
    else:
        mechanism = dp.m.make_laplace(domain, dp.l1_distance(T="f64"), scale=scale)
    drawn: list[int] = mechanism([0] * len(exact))
    return [value + noise for value, noise in zip(exact, drawn, strict=True)]


def noisy(private: PrivatePlan, exact: Exact[SumTable], *, like: NoisyTable | None = None) -> NoisyTable:
    """Every public key, or every key whose noisy witness passes the threshold, with noise on each cell; sorted by key.

    `like`: an earlier release of the same sums and keys; of its trees the same nodes are drawn again.
    """
    bounded = private.bounded
    cells = exact.open_for_noise().cells
    columns: dict[int, list[NoisyCell]] = {}
    if isinstance(bounded.keys, PublicKeys):
        keys = bounded.keys.combinations
    else:
        assert private.threshold is not None
        witness, found = bounded.keys.witness, sorted(cells, key=sort_key)
        drawn = add_noise_to([cells[key][witness] for key in found], private, witness)
        passed = [(key, cell) for key, cell in zip(found, drawn, strict=True) if _number(cell) >= private.threshold]
        keys, columns = tuple(key for key, _ in passed), {witness: [cell for _, cell in passed]}
    zeros = tuple(_zero(total) for total in bounded.sums)
    rows = [cells.get(key, zeros) for key in keys]
    for index in range(len(bounded.sums)):
        if index not in columns:
            trees = None if like is None else [row[index] for row in like.cells]
            columns[index] = add_noise_to([row[index] for row in rows], private, index, like=trees)
    released = tuple(zip(*(columns[index] for index in range(len(bounded.sums))), strict=True)) if columns else ((),) * len(keys)
    noise = tuple(SumNoise(kind=private.kind, scale=s, decimals=t.scale) for s, t in zip(private.scales, bounded.sums, strict=True))
    return NoisyTable(keys=keys, cells=released, noise=noise)


def add_noise_to(column: list[Cell], private: PrivatePlan, index: int, *, like: list[NoisyCell] | None = None) -> list[NoisyCell]:
    """Noise on one sum over all keys, drawn in one batch; for bins in one batch a level."""
    total, scale = private.bounded.sums[index], private.scales[index]
    if isinstance(total.sum, BinCount):
        wanted = tuple(statistic.parameter for statistic in quantiles_of(private.bounded.plan) if statistic.sums == (index,))
        return [*_noisy_trees(column, total.sum, private.kind, scale, wanted, like)]
    grain = total.grain  # a power of two, so the division of the scale is exact
    grains = [(_whole(cell) + grain // 2) // grain for cell in column]
    return [noised * grain for noised in add_noise(grains, kind=private.kind, scale=scale / grain)]


def _noisy_trees(
    column: list[Cell], shape: BinCount, kind: NoiseKind, scale: float, wanted: tuple[float, ...], like: list[NoisyCell] | None
) -> list[NoisyTree]:
    """Trees of noisy counts, level by level. Which nodes are drawn follows from noisy counts alone, those of coarser levels or
    of an earlier release, so a tree is what one would get by drawing every node and then leaving out some."""
    exact = [_levels(cell, shape) for cell in column]
    trees: list[list[tuple[float | None, ...]]] = [[] for _ in column]
    for level in range(len(exact[0]) if exact else 0):
        drawn = [_nodes(tree, level, shape, wanted, 2 * scale**2, None if like is None else like[at]) for at, tree in enumerate(trees)]
        flat = iter(add_noise([exact[at][level][node] for at, nodes in enumerate(drawn) for node in nodes], kind=kind, scale=scale))
        for at, nodes in enumerate(drawn):
            counts: list[float | None] = [None] * len(exact[at][level])
            for node in nodes:
                counts[node] = next(flat)
            trees[at].append(tuple(counts))
    return [tuple(tree) for tree in trees]


def _nodes(
    tree: list[tuple[float | None, ...]], level: int, shape: BinCount, wanted: tuple[float, ...], variance: float, like: NoisyCell | None
) -> list[int]:
    """The nodes of that level to be drawn: those of the earlier tree, else all children of nodes that may hold a quantile."""
    if isinstance(like, tuple):
        return [node for node, count in enumerate(like[level]) if count is not None]
    if level == 0 or not wanted:  # whoever asks for no quantile asks for the counts themselves
        return list(range(shape.bins // shape.branch ** (levels_in(shape) - 1 - level)))
    parents = opened(tree, shape=shape, probabilities=wanted, variance=variance)
    return [parent * shape.branch + child for parent in parents for child in range(shape.branch)]


def _zero(total: BoundedSum) -> Cell:
    return (0,) * total.sum.bins if isinstance(total.sum, BinCount) else 0


def _whole(cell: Cell) -> int:
    assert isinstance(cell, int)
    return cell


def _number(cell: NoisyCell) -> float:
    assert not isinstance(cell, tuple)
    return cell


def _levels(cell: Cell, shape: BinCount) -> tuple[tuple[int, ...], ...]:
    """The tree of exact counts over the finest bins, coarsest level first."""
    assert isinstance(cell, tuple) and len(cell) == shape.bins
    levels = [cell]
    while len(levels) < levels_in(shape):
        below = levels[0]
        levels.insert(0, tuple(sum(below[i : i + shape.branch]) for i in range(0, len(below), shape.branch)))
    return tuple(levels)
