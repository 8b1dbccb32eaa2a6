"""What each column adds to a model's score, value by value: all that a glass-box model is, in figures that people read."""

from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from typing import assert_never, final

from amana.terms.model import UNIT, Effect, Feature, FeatureKind, Model, Task

EPOCH = date(1970, 1, 1)
BLOCKS = "▁▂▃▄▅▆▇█"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """Values of a column that add the same. `low`, `high`: from the one, to below the other, None without an end; `member`: one of a
    choice. All of them None: what is missing or not known. `adds`: to the score."""

    adds: float
    low: str | None = None
    high: str | None = None
    member: str | None = None

    @property
    def values(self) -> str | None:
        """As people write them: `… 20`, `20 – 40`, `65 …`, a member; None for what is missing."""
        match self.member, self.low, self.high:
            case str(member), _, _:
                return member
            case _, None, None:
                return None
            case _, None, str(high):
                return f"… {high}"
            case _, str(low), None:
                return f"{low} …"
            case _:
                return f"{self.low} – {self.high}"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Shape:
    """Of one column. Shapes: `steps` in the order of their values, what is missing last. Units: `adds` of a classification in logits (1
    multiplies the odds by 2.7), of a regression in units of the target."""

    name: str
    steps: tuple[Step, ...]

    @property
    def least(self) -> Step:
        """Where it adds least."""
        return min(self.steps, key=lambda step: step.adds)

    @property
    def most(self) -> Step:
        """Where it adds most."""
        return max(self.steps, key=lambda step: step.adds)

    @property
    def reach(self) -> float:
        """How far the score can differ by this column alone."""
        return self.most.adds - self.least.adds

    @property
    def line(self) -> str:
        """A line of blocks, one for each step, from the least to the most."""
        floor, reach = self.least.adds, self.reach or 1.0
        return "".join(BLOCKS[round((step.adds - floor) / reach * (len(BLOCKS) - 1))] for step in self.steps)


def shapes_of(model: Model) -> tuple[Shape, ...]:
    """What each column adds by itself, the largest reach first; nothing where trees or tables of two columns add to the score too. Of a
    text nothing is drawn: what is in a bucket has no name."""
    if any(not isinstance(part, Effect) or len(part.features) != 1 for part in model.parts):
        return ()
    width = 1.0 if model.task is Task.CLASSIFICATION else (model.high - model.low) / 10**model.decimals
    found = list[Shape]()
    for place, feature in enumerate(model.features):
        if feature.kind is FeatureKind.TEXT:
            continue
        tables = [part.values for part in model.parts if isinstance(part, Effect) and part.features == (place,)]
        if tables:
            adds = [width * sum(column) / UNIT for column in zip(*tables, strict=True)]
            found.append(Shape(name=feature.name, steps=_steps(feature, adds)))
    return tuple(sorted((each for each in found if each.reach), key=lambda each: -each.reach))


def _steps(feature: Feature, adds: list[float]) -> tuple[Step, ...]:
    missing = Step(adds=adds[-1])
    match feature.kind:
        case FeatureKind.CHOICE:
            known = [Step(adds=each, member=member) for member, each in zip(feature.members, adds, strict=False)]
        case FeatureKind.BOOLEAN:
            known = [Step(adds=each, member=member) for member, each in zip(("false", "true"), adds, strict=False)]
        case FeatureKind.NUMBER:
            ends = [None, *(_told(feature, edge) for edge in feature.edges), None]
            cells = [Step(adds=each, low=ends[at], high=ends[at + 1], member=None) for at, each in enumerate(adds[:-1])]
            runs = [list(run) for _, run in groupby(cells, key=lambda step: step.adds)]
            known = [Step(adds=run[0].adds, low=run[0].low, high=run[-1].high) for run in runs]
            if len(known) == 1:
                known = [Step(adds=known[0].adds, member="…")]
        case FeatureKind.TEXT:
            raise AssertionError("not drawn")
        case _:
            assert_never(feature.kind)
    return (*known, missing)


def _told(feature: Feature, edge: int) -> str:
    if feature.dates:
        return (EPOCH + timedelta(days=edge)).isoformat()
    return f"{edge / 10**feature.decimals:.{feature.decimals}f}"
