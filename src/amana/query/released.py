"""Noisy sums as they leave the kernel: input of everything that is post-processing."""

from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias, final

from amana.query.plan import KeyValue


class NoiseKind(Enum):
    GAUSSIAN = "discrete gaussian"
    LAPLACE = "discrete laplace"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class SumNoise:
    """Noise added to every cell of one sum. Units: `scale` counts 10**-decimals of the sum's value; it is the standard
    deviation of the Gaussian, the scale b of the Laplace. `decimals` is the scale of the sum's numbers, of a BinCount
    that of the value it bins, whose counts are whole; there the same noise is on every node of every level."""

    kind: NoiseKind
    scale: float
    decimals: int


NoisyTree: TypeAlias = tuple[tuple[float | None, ...], ...]
"""One tuple of noisy counts for each level, coarsest first, the last has all bins: level j of L has
bins / branch**(L - 1 - j) nodes, and the coarsest at most `branch`. None: not drawn, for nothing that was asked depends on it."""

NoisyCell: TypeAlias = float | NoisyTree
"""A noisy sum in units of 10**-decimals (a whole number, unless two releases were combined), or the tree of a BinCount."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class NoisyTable:
    """Shapes: `cells[i]` belongs to `keys[i]` and has one cell for each of `Plan.sums`. Keys are sorted, NULL last."""

    keys: tuple[tuple[KeyValue, ...], ...]
    cells: tuple[tuple[NoisyCell, ...], ...]
    noise: tuple[SumNoise, ...]
