"""Attacks on a synthetic table by somebody who has it: singling out, linking, inferring. Run on stand-ins, never on members (PRIVACY 16).

Each attack is led against people who were in the data and, just the same, against people of the same population who were not. What
works on both tells of the population; only what works better on those who were in tells of them. The same attacks on a plain copy
of the data must be caught: else they show nothing (PRIVACY 21).

Source: the three risks of Article 29 Working Party opinion 05/2014; Giomi, Boenisch, Wehmeyer & Tasnádi 2023 (with such controls).
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from amana.learn.attacks import Attacked, Hits, Risk

Rows: TypeAlias = NDArray[np.int32]
"""Cells. Shapes: (people, columns)."""
TRIES = 500
COLUMNS_OF_PREDICATE = (3, 5)
NEIGHBOURS = 3


def attacked(made: Rows, inside: Rows, outside: Rows, *, secret: int, chance: np.random.Generator) -> Mapping[str, Attacked]:
    """Every attack on a table that was made from `inside`. `secret`: the column to be inferred."""
    attacks: dict[str, Callable[[Rows, Rows], Hits]] = {
        "singling_out": lambda table, people: singled_out(table, people, chance),
        "linking": lambda table, people: linked(table, people, chance),
        "inference": lambda table, people: inferred(table, people, secret, chance),
    }
    found: dict[str, Attacked] = {}
    for name, attack in attacks.items():
        risk, control = (Risk(inside=attack(table, inside), outside=attack(table, outside)) for table in (made, inside))
        found[name] = Attacked(risk=risk, control=control)
    return MappingProxyType(found)


def singled_out(made: Rows, people: Rows, chance: np.random.Generator) -> Hits:
    """Predicates that hold for one row of the table: how many hold for one person."""
    hits = tries = 0
    for _ in range(20 * TRIES):
        size = int(chance.integers(COLUMNS_OF_PREDICATE[0], min(COLUMNS_OF_PREDICATE[1], made.shape[1]) + 1))
        columns = chance.choice(made.shape[1], size, replace=False)
        wanted = made[int(chance.integers(len(made))), columns]
        if int((made[:, columns] == wanted).all(axis=1).sum()) != 1:
            continue
        hits += int((people[:, columns] == wanted).all(axis=1).sum()) == 1
        tries += 1
        if tries == TRIES:
            break
    return hits, tries


def linked(made: Rows, people: Rows, chance: np.random.Generator) -> Hits:
    """Somebody knows half of the columns of a person from one source and half from another: how often the table brings both together,
    because one of its rows is among the nearest to each half."""
    order = chance.permutation(made.shape[1])
    halves = order[: len(order) // 2], order[len(order) // 2 :]
    chosen = chance.permutation(len(people))[:TRIES]
    hits = 0
    for person in people[chosen]:
        one, two = (_nearest(made[:, half], person[half], chance) for half in halves)
        hits += bool(set(one) & set(two))
    return hits, len(chosen)


def inferred(made: Rows, people: Rows, secret: int, chance: np.random.Generator) -> Hits:
    """Somebody knows all of a person but the secret: how often the nearest row of the table tells it."""
    known = [column for column in range(made.shape[1]) if column != secret]
    chosen = chance.permutation(len(people))[:TRIES]
    hits = 0
    for person in people[chosen]:
        nearest = _nearest(made[:, known], person[known], chance)[0]
        hits += bool(made[nearest, secret] == person[secret])
    return hits, len(chosen)


def _nearest(table: Rows, person: NDArray[np.int32], chance: np.random.Generator) -> list[int]:
    """Rows that agree in most columns; those that agree in as many are in chance order."""
    differ = (table != person).sum(axis=1) + chance.random(len(table))
    found: list[int] = np.argsort(differ)[:NEIGHBOURS].tolist()
    return found
