"""Generated models and rows, small and odd."""

import random

from amana.terms.model import Effect, Feature, FeatureKind, Model, Part, Task, Tree

NAMES = ("age", "region", "smokes", "seen", "العمر", "a b,c", 'quo"te')


def some_model(seed: int, *, task: Task | None = None, parts: int = 6) -> Model:
    """A model with every kind of feature, one column of which is read in two ways."""
    chance = random.Random(seed)
    features = [
        Feature(name="age", kind=FeatureKind.NUMBER, decimals=1, edges=(-25, 0, 5, 180, 181, 650)),
        Feature(name="region", kind=FeatureKind.CHOICE, members=("north", "الجنوب", "ⵜⴰⵎⵓⵔⵜ", "")),
        Feature(name="smokes", kind=FeatureKind.BOOLEAN),
        Feature(name="seen", kind=FeatureKind.NUMBER, edges=(-1, 0, 19_000, 19_500), dates=True),
        Feature(name="age", kind=FeatureKind.NUMBER, decimals=0, edges=(18, 65)),
        Feature(name="a b,c", kind=FeatureKind.NUMBER, decimals=3),
    ]

    def value() -> int:
        return chance.choice(
            [chance.randrange(-3000, 3000), 0, 2**31 - 1, 1 - 2**31] if chance.random() < 0.02 else [chance.randrange(-900, 900)]
        )

    made: list[Part] = []
    for _ in range(parts):
        if chance.random() < 0.5:
            of = tuple(chance.sample(range(len(features)), chance.choice([1, 2])))
            size = 1
            for feature in of:
                size *= features[feature].cells
            made.append(Effect(features=of, values=tuple(value() for _ in range(size))))
        else:
            splits = []
            for _ in range(chance.randrange(0, 5)):
                feature = chance.randrange(len(features))
                cells = range(features[feature].cells)
                splits.append((feature, tuple(sorted(chance.sample(cells, chance.randrange(len(cells)))))))
            made.append(Tree(splits=tuple(splits), leaves=tuple(value() for _ in range(2 ** len(splits)))))
    return Model(
        task=task or chance.choice(list(Task)),
        learner="trees",
        target="ill",
        positive="yes",
        low=-150,
        high=2**40,
        decimals=2,
        features=tuple(features),
        intercept=value(),
        parts=tuple(made),
    )


def some_rows(model: Model, count: int, *, seed: int) -> list[tuple[int, ...]]:
    """Rows of cells."""
    chance = random.Random(seed)
    return [tuple(chance.randrange(feature.cells) for feature in model.features) for _ in range(count)]
