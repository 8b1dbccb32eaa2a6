"""What is drawn of an answer, and what is not."""

import math
import re
from datetime import date

import pytest

from amana.terms.answer import AnswerTable, CellType, Estimate, Shown
from amana.web.pages.chart import BARS_MAX, PANELS_MAX, charts_of

FIGURE, TEXT, INTEGER, DATE = CellType.FIGURE, CellType.TEXT, CellType.INTEGER, CellType.DATE


def figure(value: float | None, width: float = 1) -> Estimate:
    return Estimate(value=value, low=None if value is None else value - width, high=None if value is None else value + width)


def table(types: tuple[CellType, ...], *rows: tuple[Shown, ...]) -> AnswerTable:
    return AnswerTable(columns=tuple(f"c{index}" for index in range(len(types))), rows=rows, types=types)


def test_a_key_of_few_values_gets_a_bar_for_each_with_its_interval() -> None:
    (chart,) = charts_of(table((TEXT, FIGURE), ("a", figure(10)), ("b", figure(20))))
    ((title, drawing),) = chart.panels
    assert (chart.name, chart.by, title) == ("c1", ("c0",), "")
    assert (chart.lowest.key, chart.highest.key) == ("a", "b")
    assert drawing.count("<rect") == drawing.count("<circle") == 2
    bars = [float(width) for width in re.findall(r'<rect [^>]*width="([0-9.]+)"', drawing)]
    assert bars[1] / bars[0] == pytest.approx(2, rel=0.01)


def test_bars_begin_at_zero_and_what_is_far_from_it_gets_dots() -> None:
    (near,) = charts_of(table((TEXT, FIGURE), ("a", figure(10)), ("b", figure(-20))))
    (far,) = charts_of(table((TEXT, FIGURE), ("a", figure(170)), ("b", figure(172))))
    assert near.panels[0][1].count("<rect") == 2 and ">0</text>" in near.panels[0][1]
    assert far.panels[0][1].count("<rect") == 0 and ">0</text>" not in far.panels[0][1]


def test_days_and_numbers_get_points_in_their_order() -> None:
    rows = [(date(2024, month, 1), figure(month)) for month in (3, 1, 2)]
    (chart,) = charts_of(table((DATE, FIGURE), *rows))
    line = re.search(r'<polyline points="([^"]*)"', chart.panels[0][1])
    assert line is not None
    places = [float(point.split(",")[0]) for point in line[1].split()]
    assert places == sorted(places) and len(places) == 3
    assert ">2024-01</text>" in chart.panels[0][1]


def test_two_keys_get_a_drawing_for_each_value_of_the_one_with_fewer() -> None:
    rows = [(sex, year, figure(year - 2000)) for sex in ("f", "m") for year in range(2020, 2025)]
    (chart,) = charts_of(table((TEXT, INTEGER, FIGURE), *rows))
    assert [title for title, _ in chart.panels] == ["f", "m"]


def test_what_cannot_be_compared_is_not_drawn() -> None:
    one = figure(1)
    assert charts_of(table((FIGURE,), (one,))) == (), "no key"
    assert charts_of(table((TEXT, FIGURE), ("a", one))) == (), "one row"
    assert charts_of(table((TEXT, TEXT, TEXT, FIGURE), ("a", "b", "c", one), ("a", "b", "d", one))) == (), "three keys"
    assert charts_of(table((TEXT, INTEGER), ("a", 1), ("b", 2))) == (), "no figure"
    assert charts_of(table((TEXT, FIGURE), ("a", one), ("a", one))) == (), "a key that stands twice"
    assert charts_of(table((TEXT, FIGURE), ("a", figure(None)), ("b", one))) == (), "one value only"
    assert charts_of(table((TEXT, FIGURE), *((f"k{index}", one) for index in range(BARS_MAX + 1)))) == (), "too many"
    many = [(f"k{index}", f"l{index % (PANELS_MAX + 1)}", one) for index in range(PANELS_MAX + 5)]
    assert charts_of(table((TEXT, TEXT, FIGURE), *many)) == (), "too many of both"


def test_missing_values_and_ends_that_are_nowhere_are_left_out() -> None:
    rows = [("a", figure(None)), ("b", figure(3)), (None, figure(4)), ("d", Estimate(value=5, low=-math.inf, high=6))]
    (chart,) = charts_of(table((TEXT, FIGURE), *rows))
    assert chart.panels[0][1].count("<circle") == 2 and ">NULL</text>" in chart.panels[0][1]


def test_figures_that_are_all_equal_or_zero_are_drawn() -> None:
    for value in (0.0, 5.0, -1e-9, 1e15):
        (chart,) = charts_of(table((TEXT, FIGURE), ("a", figure(value, 0)), ("b", figure(value, 0))))
        assert "nan" not in chart.panels[0][1] and "inf" not in chart.panels[0][1]


def test_texts_of_the_data_are_escaped() -> None:
    (chart,) = charts_of(table((TEXT, FIGURE), ("<script>", figure(1)), ('"&', figure(2))))
    assert "<script" not in chart.panels[0][1] and "&lt;script&gt;" in chart.panels[0][1]
