"""Axes are turned by noisy sums of products: what is known moves apart, what is not is never made smaller."""

from dataclasses import dataclass
from itertools import combinations
from math import sqrt
from typing import Any

import numpy as np
import pytest

from amana.learn.axes import FLOOR, HALF_SQUARE, TURNED_MAX, Axes, first_axes, products, turned_axes
from amana.learn.linear_columns import columns_of
from amana.learn.sufficient_statistics import Statistics
from amana.query.plan import Plan, Scan
from amana.terms.ids import NanoRho
from amana.terms.model import UNIT
from tests.unit.learning import problem

ROWS, CUT = 1_000.0, 2.0
TOGETHER = np.array([[1.0, 0.95, 0.0], [0.95, 1.0, 0.0], [0.0, 0.0, 1.0]])


@dataclass
class Sums:
    """What a round of products gave of lines with this covariance, whose noise has this deviation."""

    covariance: np.ndarray
    scale: float

    @property
    def private(self) -> Any:
        return self

    @property
    def bounded(self) -> Any:
        return self

    @property
    def plan(self) -> Any:
        return Plan(source=Scan(table="t", alias="t"), keys=(), sums=(), figures=())

    @property
    def scales(self) -> tuple[float, ...]:
        return (self.scale * UNIT**2 * ROWS / CUT**2,) * len(self.cells)

    @property
    def cells(self) -> tuple[tuple[float], ...]:
        count, square = len(self.covariance), self.covariance / CUT**2 * ROWS * UNIT**2
        pairs = [square[one, other] for one, other in combinations(range(count), 2)]
        return tuple((value,) for value in (*[0.0] * count, *(square.diagonal() - ROWS * HALF_SQUARE), *pairs))


def turned(covariance: np.ndarray, scale: float) -> Axes:
    count = len(covariance)
    start = Axes(places=tuple(range(count)), weights=np.eye(count), offsets=np.zeros(count), turned=count, spread=1.0)
    measured: Any = Sums(covariance, scale)
    return turned_axes(start, [measured], rows=ROWS, cut=CUT)


def test_without_noise_axes_move_apart_and_spread_alike() -> None:
    axes = turned(TOGETHER, 1e-6)
    assert np.allclose(axes.weights @ TOGETHER @ axes.weights.T, np.eye(3), atol=1e-6)


def test_a_direction_below_the_noise_is_stretched_as_far_as_the_noise_is_known() -> None:
    scale = 0.1
    floor = FLOOR * 2 * scale * sqrt(3)
    spread = np.linalg.eigvalsh((axes := turned(TOGETHER, scale)).weights @ TOGETHER @ axes.weights.T)
    assert spread == pytest.approx([0.05 / floor, 1.0, 1.0]) and axes.spread == 1.0


def test_where_all_is_noise_no_axis_is_made_smaller_than_the_number_was() -> None:
    axes = turned(np.eye(4), 10.0)
    assert np.allclose(np.linalg.norm(axes.weights, axis=1), 1.0) and axes.spread > 1.0


def test_products_are_asked_of_each_two_axes_once_and_fit_the_course() -> None:
    of = problem(target="cost")
    columns = columns_of(of)
    axes = first_axes(columns, None)
    lines = len(axes.places)
    assert lines == 4 <= TURNED_MAX, "age, income, smokes, since; a place is no line"
    (plan,) = products(columns, columns.lines, axes)
    cap = Statistics(problem=of, nano_rho=NanoRho(10**9)).course.rounds[1]
    assert len(plan.sums) == 2 * lines + lines * (lines - 1) // 2 == cap.cells_max


def test_what_all_rounds_cost_is_at_most_the_loss() -> None:
    for loss in (10**5 + 1, 10**9 + 7):
        course = Statistics(problem=problem(target="cost"), nano_rho=NanoRho(loss)).course
        assert sum(cap.nano_rho for cap in course.rounds) <= loss
