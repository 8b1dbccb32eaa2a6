"""PRIVACY 4: what is computed before the noise is a sum of what each unit gives, whatever the order of rows."""

import random
from typing import Any

from hypothesis import assume, given
from hypothesis import strategies as st

from amana.engines.engine import Cell
from amana.privacy.bound import bound
from amana.query.check import check
from amana.query.plan import BoundedPlan, DistinctCount
from amana.terms.refusal import Refusal
from tests.property.distance import results
from tests.property.grow import SCHEMA, choices, databases, plans, published


def any_bounded(data: st.DataObject) -> BoundedPlan:
    try:
        plan = check(data.draw(plans()), SCHEMA)
        return bound(plan, SCHEMA, choice=data.draw(choices(plan)), groups_max=10_000)
    except Refusal:
        assume(False)
        raise AssertionError from None


def added(one: Cell | None, other: Cell) -> Cell:
    if one is None:
        return other
    if isinstance(one, tuple) and isinstance(other, tuple):
        return tuple(a + b for a, b in zip(one, other, strict=True))
    assert isinstance(one, int) and isinstance(other, int)
    return one + other


@given(data=st.data())
def test_the_result_of_all_is_the_sum_of_the_results_of_each_published_alone(data: st.DataObject) -> None:
    bounded, database = any_bounded(data), data.draw(databases())
    whole = results(bounded, published(database))
    parts: dict[Any, list[Cell | None]] = {}
    for unit, rows in database.items():
        for key, cells in results(bounded, published({unit: rows})).items():
            held = parts.setdefault(key, [None] * len(cells))
            parts[key] = [added(one, other) for one, other in zip(held, cells, strict=True)]
    assert whole.keys() == parts.keys()
    for key, cells in whole.items():
        for cell, part, total in zip(cells, parts[key], bounded.sums, strict=True):
            if not isinstance(total.sum, DistinctCount):  # sound with k, but not additive: the declared exception (PRIVACY 17)
                assert cell == part, (key, total)


@given(data=st.data(), seed=st.integers(0, 10**6))
def test_the_order_in_which_rows_lie_changes_nothing(data: st.DataObject, seed: int) -> None:
    bounded, tables = any_bounded(data), published(data.draw(databases()))
    shuffled = {name: random.Random(seed).sample(rows, len(rows)) for name, rows in tables.items()}
    assert results(bounded, tables) == results(bounded, shuffled)
