"""How far the noise may have carried a figure: variances, 95 % factors, and the interval of a ratio.

Everything here follows from public facts (the kind and scale of the noise) and released values; see
docs/explanation/intervals.md.
"""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import final

from amana.query.released import NoiseKind, SumNoise

NORMAL = 1.959963984540054
"""Half of the 95 % interval of a normal variable, in standard deviations."""
_MISS = 0.05
_EXCESS_LAPLACE = 3.0
# Through the exact factors of one Laplace variable, ln(20)/sqrt(2), and of the sum of two alike (2.05652).
_FACTOR_LINEAR, _FACTOR_SQUARE = 0.0759498, -0.0077192
_SCALE_LEAST = 0.01  # below it no noise other than 0 was ever drawn (probability under exp(-100))
_SCALE_SUMMED = 30.0  # above this scale the discrete Gaussian is the normal one rounded, to ten digits


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Grain:
    """The noise on one sum of `terms` released cells.

    Units: all in the sum's own units (`step` is its grid); `half` is half of the 95 % interval; `excess` is the excess
    kurtosis, 0 for a Gaussian and 3 for one Laplace.
    """

    variance: float
    excess: float
    step: float
    half: float


NOISELESS = Grain(variance=0.0, excess=0.0, step=0.0, half=0.0)
"""The grain of a predicted sum."""


def factor(excess: float) -> float:
    """Half of the 95 % interval in standard deviations, for a symmetric sum of that excess kurtosis.

    Exact for a normal variable (0), one Laplace (3) and two equal ones (1.5); within 0.002 for more of them.
    """
    bounded = min(max(excess, 0.0), _EXCESS_LAPLACE)
    return NORMAL + bounded * (_FACTOR_LINEAR + _FACTOR_SQUARE * bounded)


@lru_cache(maxsize=65_536)
def grain(noise: SumNoise, *, terms: int) -> Grain:
    """The noise on the total of `terms` cells of one sum. Shapes: terms >= 1."""
    assert terms >= 1, terms
    assert noise.scale >= 0, noise
    step = 10.0**-noise.decimals
    if noise.scale < _SCALE_LEAST:
        return Grain(variance=0.0, excess=0.0, step=step, half=0.0)
    laplace = noise.kind is NoiseKind.LAPLACE
    variance = (_laplace_variance(noise.scale) if laplace else _gaussian_variance(noise.scale)) * terms
    excess = _EXCESS_LAPLACE / terms if laplace else 0.0
    if terms > 1:
        # A total lies on the grid too: the half-step makes the rounding of the ends honest.
        half = max(0, math.ceil(factor(excess) * math.sqrt(variance) - 0.5))
    else:
        half = _laplace_half(noise.scale) if laplace else _gaussian_half(noise.scale)
    return Grain(variance=variance * step * step, excess=excess, step=step, half=half * step)


def _weights(scale: float) -> list[float]:
    """Unnormalised probabilities of a discrete Gaussian at 0, 1, 2, … out to where they vanish."""
    return [math.exp(-k * k / (2 * scale * scale)) for k in range(math.ceil(9 * scale) + 2)]


def _gaussian_variance(scale: float) -> float:
    if scale >= 1:
        return scale * scale  # the discrete Gaussian differs by less than 1e-6 of it
    weights = _weights(scale)
    return 2 * sum(k * k * weight for k, weight in enumerate(weights)) / (2 * sum(weights) - weights[0])


def _gaussian_half(scale: float) -> int:
    """The least m such that |noise| <= m holds with probability 0.95."""
    if scale >= _SCALE_SUMMED:
        return math.ceil(NORMAL * scale - 0.5)
    weights = _weights(scale)
    total = 2 * sum(weights) - weights[0]
    within, reach = weights[0], 0
    while within < (1 - _MISS) * total:
        reach += 1
        within += 2 * weights[reach]
    return reach


def _laplace_variance(scale: float) -> float:
    decay = math.exp(-1 / scale)
    return 2 * decay / math.expm1(-1 / scale) ** 2


def _laplace_half(scale: float) -> int:
    """The least m such that |noise| > m, of probability 2 p^(m+1) / (1+p) with p = exp(-1/scale), is at most 0.05."""
    decay = math.exp(-1 / scale)
    return max(0, math.ceil(-scale * math.log(_MISS * (1 + decay) / 2) - 1 - 1e-9))


def ratio_reach(
    *, variance: float, covariance: float, denominator: float, denominator_variance: float, factor: float
) -> tuple[float, float] | None:
    """How far below and above a ratio its 95 % interval reaches; None when the denominator may be zero.

    `variance` is of the ratio to first order, `covariance` of the ratio with its denominator: written in offsets from the
    ratio, so that nothing cancels when the noise is small.
    Source: Fieller, Some problems in interval estimation, J. Royal Statistical Society B 16 (1954).
    """
    square = factor * factor
    firm = denominator * denominator - square * denominator_variance
    if not firm > 0:
        return None
    skew = -square * denominator * covariance
    reach = factor * abs(denominator) * math.sqrt(square * covariance * covariance + firm * variance)
    return (reach - skew) / firm, (reach + skew) / firm
