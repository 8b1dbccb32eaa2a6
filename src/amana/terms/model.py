"""A trained model as it leaves the node: how a row is read, and a sum of tables over what was read. Standard library only.

Every learner ends in this one form. A model is small, holds no row and no text of one, and gives the same whole number
wherever it is computed, so that the engine that trains it and a clinic without a network agree to the last bit.
"""

from bisect import bisect_right
from dataclasses import dataclass
from enum import Enum
from math import exp, prod
from typing import TypeAlias, assert_never, final

from amana.terms.grams import Grams

UNIT = 1024
"""Scores count 1/1024 of a logit, or of the width of the target's interval."""
END_ABS_MAX = 2**51
"""Of a target's interval, in its units: products with a score are exact in 64 bits."""
TABLE_ABS_MAX = 2**31 - 1
"""Of one value of a table, and of the intercept. The sum over all parts stays far inside 64 bits."""


class FeatureKind(Enum):
    NUMBER = "number"
    CHOICE = "choice"
    BOOLEAN = "boolean"
    TEXT = "text"


Cell: TypeAlias = int | tuple[int, ...]
"""The cell that a value is in; of a text the cells, one for each of its buckets."""
Cells: TypeAlias = tuple[Cell, ...]


class Task(Enum):
    CLASSIFICATION = "classification"
    REGRESSION = "regression"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Feature:
    """How a column becomes one of `cells` cells; the last cell holds what is missing or not known.

    NUMBER: cell = how many of `edges` are at most the value. Units: `edges` count 10**-`decimals`, strictly increasing; where
    `dates`, the values are dates, and days since 1970 are counted. CHOICE: the place in `members`. BOOLEAN: 0 false, 1 true.
    TEXT: a cell for each bucket of its `grams`, which it counts in together; what is missing is in the first alone.
    """

    name: str
    kind: FeatureKind
    decimals: int = 0
    edges: tuple[int, ...] = ()
    members: tuple[str, ...] = ()
    dates: bool = False
    grams: Grams | None = None

    @property
    def cells(self) -> int:
        """How many cells there are, the last for what is missing, but for a text."""
        match self.kind:
            case FeatureKind.NUMBER:
                return len(self.edges) + 2
            case FeatureKind.CHOICE:
                return len(self.members) + 1
            case FeatureKind.BOOLEAN:
                return 3
            case FeatureKind.TEXT:
                assert self.grams is not None
                return self.grams.buckets
            case _:
                assert_never(self.kind)

    def cell(self, value: int | str | bool | None) -> Cell:  # noqa: FBT001 - a value of a row, not a switch
        """The cell of a value: of a number in units of 10**-decimals, of a choice as text; the cells of a text."""
        if self.grams is not None:
            return self.grams.of(None if value is None else str(value))
        if value is None:
            return self.cells - 1
        match self.kind:
            case FeatureKind.NUMBER:
                assert isinstance(value, int)
                return bisect_right(self.edges, value)
            case FeatureKind.CHOICE:
                return self.members.index(str(value)) if value in self.members else self.cells - 1
            case FeatureKind.BOOLEAN:
                return int(bool(value))
            case FeatureKind.TEXT:
                raise AssertionError("a text has its grams")
            case _:
                assert_never(self.kind)


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """A table over the cells of one or two features, or of a text alone, whose values add up. Shapes: `values` in row-major order, one
    for each combination of cells. Units: 1/1024."""

    features: tuple[int, ...]
    values: tuple[int, ...]

    def added(self, cells: Cells, features: tuple[Feature, ...]) -> int:
        """What it adds to the score of a row."""
        place = 0
        for feature in self.features:
            cell = cells[feature]
            if isinstance(cell, tuple):
                return sum(self.values[one] for one in cell)
            place = place * features[feature].cells + cell
        return self.values[place]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Tree:
    """A tree that asks the same at every node of a level. Level j asks whether the cell of `splits[j][0]` is among `splits[j][1]`;
    leaf = sum of 2**j over the levels that say yes. Shapes: `leaves` has 2**len(splits) values. Units: 1/1024."""

    splits: tuple[tuple[int, tuple[int, ...]], ...]
    leaves: tuple[int, ...]


Part: TypeAlias = Effect | Tree


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    """`score` = intercept + the parts' sum, in 1/1024. CLASSIFICATION: the chance of `positive` is 1 / (1 + exp(-score / 1024)).
    REGRESSION: the value is low + (high - low) * score / 1024, kept within [low, high]; the ends count 10**-`decimals`.
    `learner`: the name of what made it ("linear", "statistics", "glass-box", "trees")."""

    task: Task
    learner: str
    target: str
    positive: str
    low: int
    high: int
    decimals: int
    features: tuple[Feature, ...]
    intercept: int
    parts: tuple[Part, ...]

    def __post_init__(self) -> None:
        for part in self.parts:
            match part:
                case Effect():
                    assert len(part.values) == prod(self.features[feature].cells for feature in part.features)
                    assert len(part.features) == 1 or not any(self.features[feature].grams for feature in part.features)
                case Tree():
                    assert len(part.leaves) == 2 ** len(part.splits)
                    assert not any(self.features[feature].grams for feature, _ in part.splits)
                case _:
                    assert_never(part)

    def score(self, cells: Cells) -> int:
        """The score of a row from the cells of its features, in 1/1024."""
        total = self.intercept
        for part in self.parts:
            match part:
                case Effect():
                    total += part.added(cells, self.features)
                case Tree():
                    total += part.leaves[sum(1 << level for level, (feature, yes) in enumerate(part.splits) if cells[feature] in yes)]
                case _:
                    assert_never(part)
        return total

    def predict(self, cells: Cells) -> float:
        """The chance of the positive class, or the predicted value in the target's own units."""
        return self.answer(self.score(cells))

    def answer(self, score: int) -> float:
        """What that score says: the chance of the positive class, or the predicted value in the target's own units."""
        match self.task:
            case Task.CLASSIFICATION:
                return 1 / (1 + exp(-max(-700 * UNIT, min(700 * UNIT, score)) / UNIT))
            case Task.REGRESSION:
                inside = min(max(score, 0), UNIT)
                return (self.low + (self.high - self.low) * inside / UNIT) / float(10**self.decimals)
            case _:
                assert_never(self.task)
