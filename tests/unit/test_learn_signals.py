"""Which columns are worth their noise: those that show something, and in a regression those that could not have shown it."""

import numpy as np
import pytest

from amana.learn.additive import PACES
from amana.learn.marginals import SIGNAL_MIN, Marginal, Marginals, signal_of
from amana.terms.model import Task

CELLS, ROWS = 10, 300.0


def beyond(task: Task, *, deviation: float, effect: float = 0.0) -> float:
    """How far cells with alternating effects differ, under noise of that deviation on the sum of targets."""
    counts = np.full(CELLS, ROWS)
    marginal = Marginal(counts=counts, labels=counts * effect * np.resize([1.0, -1.0], CELLS), added=np.ones(CELLS))
    dispersion, curvature = (0.013, 1.0) if task is Task.REGRESSION else (1.0, 0.25)
    of = Marginals(
        task=task, groups=(marginal,), count_deviation=1.0, label_deviation=deviation, rows=CELLS * ROWS, mean=0.5,
        dispersion=dispersion, curvature=curvature,
    )  # fmt: skip
    return signal_of(of, marginal)[1]


@pytest.mark.parametrize("task", Task)
def test_a_column_that_would_have_shown_and_did_not_is_left_out(task: Task) -> None:
    assert beyond(task, deviation=0.5) < SIGNAL_MIN < beyond(task, deviation=0.5, effect=0.1)


def test_a_column_of_a_regression_that_noise_hides_is_kept() -> None:
    assert beyond(Task.REGRESSION, deviation=22.0) > SIGNAL_MIN
    assert beyond(Task.CLASSIFICATION, deviation=22.0) < SIGNAL_MIN


def test_the_more_groups_may_say_the_same_the_shorter_a_step_of_a_regression() -> None:
    pace = PACES[Task.REGRESSION]
    assert pace.step_of(4) == pace.step > pace.step_of(24) and pace.step_of(24) * 24 < 2 * (1 + pace.momentum), "no step overshoots"
