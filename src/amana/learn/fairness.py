"""How differently a model treats the members of a declared group, from the rates that were measured of each of them.

Differences and ratios are those of fairlearn: between groups, the worst case of true and false positives. The interval of each holds for
all members at once (Bonferroni), for the largest of several noisy rates is too large and the least too small: it is for noise only.
A member of whom nothing is told may be treated in any way: the interval then reaches to the worst.

Source: fairlearn, `demographic_parity_difference`, `demographic_parity_ratio`, `equalized_odds_difference`; Hardt, Price and Srebro 2016.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist
from typing import final

from amana.learn.quality import Quality, Score
from amana.terms.training_facts import ODDS_DIFFERENCE, PARITY_DIFFERENCE, PARITY_RATIO

SELECTION, TRUE_POSITIVE, FALSE_POSITIVE = "selection_rate", "true_positive_rate", "false_positive_rate"
MISTAKES = 0.05
"""Of all rates together, how often one may lie outside its interval."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """The lowest and the highest of the rates of a group's members, each with its ends."""

    least: tuple[float, float, float]
    most: tuple[float, float, float]

    @property
    def difference(self) -> tuple[float, float, float]:
        """Highest less lowest: value, low, high."""
        value = self.most[0] - self.least[0]
        return value, min(value, max(0.0, self.most[1] - self.least[2])), max(value, min(1.0, self.most[2] - self.least[1]))

    @property
    def ratio(self) -> tuple[float, float, float]:
        """Lowest through highest: value, low, high. Only where the highest is surely above 0."""
        value = self.least[0] / self.most[0]
        return value, min(value, self.least[1] / self.most[2]), max(value, min(1.0, self.least[2] / self.most[1]))


def fairness_of(qualities: Sequence[Quality]) -> dict[str, tuple[Score, ...]]:
    """By group column: what its members' rates say together. A member of whom nothing is told widens the intervals; where fewer than two
    are told of, nothing is.

    Shapes: as `quality_of` gives them.
    """
    found: dict[str, tuple[Score, ...]] = {}
    for group in dict.fromkeys(one.group for one in qualities if one.group):
        every = [{score.metric: score for score in one.scores} for one in qualities if one.group == group]
        members = [member for member in every if member]
        if len(members) >= 2 and all(SELECTION in member for member in members):
            found[group] = _summaries(members, whole=len(members) == len(every))
    return found


def _summaries(members: Sequence[dict[str, Score]], *, whole: bool) -> tuple[Score, ...]:
    """`whole`: whether these are all members. Others can only make differences larger and the ratio smaller."""
    chosen = _spread([member[SELECTION] for member in members], rates=len(members))
    odds = [_spread([member[name] for member in members], rates=2 * len(members)).difference for name in (TRUE_POSITIVE, FALSE_POSITIVE)]
    worst = tuple(max(each[end] for each in odds) for end in range(3))
    told = [
        Score(metric=name, value=value, low=low, high=high if whole else 1.0)
        for name, (value, low, high) in ((PARITY_DIFFERENCE, chosen.difference), (ODDS_DIFFERENCE, worst))
    ]
    if chosen.most[1] > 0:  # else it may be a share of nothing
        value, low, high = chosen.ratio
        told.insert(1, Score(metric=PARITY_RATIO, value=value, low=low if whole else 0.0, high=high))
    return tuple(told)


def _spread(scores: Sequence[Score], *, rates: int) -> Spread:
    """`rates`: how many intervals must hold at once."""
    z = NormalDist().inv_cdf(1 - MISTAKES / (2 * rates))
    ends = [(one.value, max(0.0, one.value - z * one.deviation), min(1.0, one.value + z * one.deviation)) for one in scores]
    least, most = (tuple(pick(each[end] for each in ends) for end in range(3)) for pick in (min, max))
    return Spread(least=(least[0], least[1], least[2]), most=(most[0], most[1], most[2]))
