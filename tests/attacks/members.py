"""Was she among those a model learned from? Whoever has the model, and knows all of her, sees whether it is right of her.

A model that learned people by heart is right of them oftener than of others. The control is a copy of the data that answers as the nearest
of its people does: it is right of everybody who is in it. Source: Yeom, Giacomelli, Fredrikson and Jha 2018 (membership by loss).
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeAlias

import numpy as np

from amana.learn.attacks import Attacked, Hits, Risk
from amana.learn.choose import learner_for
from amana.terms.ids import NanoRho
from amana.terms.model import Model
from tests.unit.learning import Row, cells, people, problem, rounds_of, store

EPSILON_ONE = NanoRho(30_552_742)
Known: TypeAlias = list[tuple[tuple[int, ...], bool]]
"""The cells of each person, and whether she is ill."""


def membership(learner: str, folder: Path, *, nano_rho: NanoRho = EPSILON_ONE) -> Attacked:
    """The attack on a model of that learner, trained through the kernel, and on a copy of what it learned from."""
    rows, of = people(1), problem()
    with store(folder, rows) as engine:
        made = learner_for(of, learner, nano_rho=nano_rho)
        model = made.finish(rounds_of(made, engine))
    return against(model, rows, people(2))


def against(model: Model, inside: Sequence[Row], outside: Sequence[Row]) -> Attacked:
    """The same of a model that is there."""
    members, strangers = _known(model, inside), _known(model, outside)
    copy = np.array([features for features, _ in members]), np.array([ill for _, ill in members])

    def told(features: tuple[int, ...]) -> bool:
        return model.score(features) > 0

    def nearest(features: tuple[int, ...]) -> bool:
        return bool(copy[1][np.argmin((copy[0] != np.array(features)).sum(axis=1))])

    risk, control = (Risk(inside=_right(guess, members), outside=_right(guess, strangers)) for guess in (told, nearest))
    return Attacked(risk=risk, control=control)


def _known(model: Model, rows: Sequence[Row]) -> Known:
    return [(cells(model.features, row), row["ill"] == "yes") for row in rows if row["ill"] is not None]


def _right(guess: Callable[[tuple[int, ...]], bool], people_known: Known) -> Hits:
    return sum(guess(features) == ill for features, ill in people_known), len(people_known)
