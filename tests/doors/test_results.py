"""A result as other libraries read it, as a notebook draws it, and redrawn."""

import json
import re
import subprocess
import sys
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pandas
import polars
import pyarrow
import pyarrow.ipc
import pytest

import amana
from amana.client.drawing import ROWS_SHOWN
from amana.terms.answer import AnswerTable, CellType, Estimate
from amana.terms.refusal import Refusal
from tests.doors.stand_in import TABLE, StandIn, door
from tests.parts import logged_entries

TYPES = {
    "text": CellType.TEXT, "whole": CellType.INTEGER, "number": CellType.NUMBER, "truth": CellType.BOOLEAN,
    "day": CellType.DATE, "at": CellType.MOMENT, "n": CellType.FIGURE,
}  # fmt: skip
CELLS = ("a", 7, 2.5, True, date(1969, 12, 31), datetime(2024, 2, 29, 1, 2, 3, 4), Estimate(value=5.0, low=4.0, high=6.0))
MISSING = (None,) * 6 + (Estimate(value=None, low=None, high=None),)
ARROW = {
    "text": pyarrow.string(), "whole": pyarrow.int64(), "number": pyarrow.float64(), "truth": pyarrow.bool_(), "day": pyarrow.date32(),
    "at": pyarrow.timestamp("us"), "n": pyarrow.float64(), "n_lo": pyarrow.float64(), "n_hi": pyarrow.float64(),
}  # fmt: skip
RESULT = door().sql("SELECT region, COUNT(*) AS visits FROM visits GROUP BY region")


def typed(*rows: tuple[Any, ...]) -> amana.Result:
    return replace(RESULT, table=AnswerTable(columns=tuple(TYPES), rows=rows, types=tuple(TYPES.values())))


@pytest.mark.parametrize("rows", [(CELLS, MISSING), (MISSING,), ()], ids=["values", "only NULL", "no row"])
def test_types_come_from_the_answer_also_where_every_cell_is_null(rows: tuple[Any, ...]) -> None:
    result = typed(*rows)
    table = pyarrow.table(result)
    assert dict(zip(table.schema.names, table.schema.types, strict=True)) == ARROW
    assert table.to_pydict() == result.flat()
    assert polars.DataFrame(result).schema == result.to_polars().schema
    assert [str(kind) for kind in result.to_pandas().dtypes][-3:] == ["float64"] * 3


def test_polars_pandas_duckdb_and_pyarrow_read_the_same_cells() -> None:
    result = typed(CELLS, MISSING)
    flat = result.flat()
    assert polars.DataFrame(result).to_dict(as_series=False) == flat
    assert pandas.DataFrame.from_arrow(result)["n_lo"].tolist()[0] == 4.0
    assert result.to_pandas()["at"].tolist()[0] == pandas.Timestamp(2024, 2, 29, 1, 2, 3, 4)
    assert duckdb.sql("SELECT whole, n, n_hi, day FROM result").fetchall() == [(7, 5.0, 6.0, date(1969, 12, 31)), (None,) * 4]


def test_the_stream_says_of_what_it_is_the_answer() -> None:
    read = pyarrow.ipc.open_stream(RESULT.to_arrow_bytes()).read_all()
    about = json.loads(read.schema.metadata[b"amana"])
    assert about["columns"][1] == {"name": "visits", "kind": "figure", "type": "number"}
    assert about["receipt"]["purpose"] == "research" and about["version"] == "v-1"
    assert "rows" not in about


def test_arrow_needs_no_pyarrow() -> None:
    code = (
        "import sys; sys.modules['pyarrow'] = None\n"
        "from tests.doors.stand_in import door\n"
        "result = door().sql('SELECT 1')\n"
        "import polars\n"
        "assert polars.DataFrame(result).shape == (2, 4), polars.DataFrame(result)\n"
        "assert len(result.to_arrow_bytes()) > 100"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_a_notebook_shows_intervals_drawn_and_escaped() -> None:
    rows = tuple((f"<b>{index}</b>", Estimate(value=10.0 + index, low=8.0, high=70.0)) for index in range(ROWS_SHOWN + 5))
    shown = replace(RESULT, table=AnswerTable(columns=("<i>", "n"), rows=rows), notes=(("note.clamped", ()),))._repr_html_()
    assert "<b>" not in shown and "<i>" not in shown and "&lt;b&gt;0&lt;/b&gt;" in shown
    assert shown.count("<svg") == ROWS_SHOWN and "+5" in shown
    assert "<script" not in shown and "http" not in shown and "url(" not in shown
    assert set(re.findall(r'(?:stroke|fill)="([^"]+)"', shown)) == {"currentColor", "none"}, "colours of the page, dark or light"


def test_a_bar_lies_where_its_interval_lies_on_one_scale_for_the_column() -> None:
    rows = (("a", Estimate(value=50.0, low=0.0, high=100.0)), ("b", Estimate(value=None, low=None, high=None)))
    shown = replace(RESULT, table=AnswerTable(columns=("k", "n"), rows=rows))._repr_html_()
    circles = [float(x) for x in re.findall(r'<circle cx="([\d.]+)"', shown)]
    assert circles == [60.0], "the middle of a drawing of 120, and none where there is no figure"


def test_a_drawing_keeps_its_direction_in_a_page_from_right_to_left() -> None:
    shown = replace(RESULT, language="ar")._repr_html_()
    assert shown.startswith('<div dir="rtl" lang="ar">')
    assert 'direction="ltr"' in shown and '<bdi dir="ltr">' in shown
    assert "الكلفة" in shown


def test_a_result_shows_itself_as_a_short_table() -> None:
    lines = repr(RESULT).splitlines()
    assert lines[0].split() == ["region", "visits"]
    assert "± 67" in lines[2] and len(lines) == 5


def test_a_receipt_tells_purpose_permit_version_mechanism_and_cost() -> None:
    assert dict(RESULT.receipt) == {
        "version": "v-1",
        "digest": "d-1",
        "cost": {"loss_nrho": 1_000, "delta_units": 0, "recalled": False},
        "dataset": "clinic",
        "permit": "p-1",
        "purpose": "research",
        "mechanism": "discrete gaussian",
    }


def test_a_redraw_is_a_whole_flat_answer() -> None:
    drawn = RESULT.simulate(3)
    assert drawn[2] == {"region": ["Atlas", None], "visits": [12347.4, None]} and len(drawn) == 3


def test_a_result_whose_node_is_closed_says_what_to_do() -> None:
    with door() as node:
        result = node.sql("SELECT 1")
    with pytest.raises(Refusal, match=r"client\.no_redraws"):
        result.simulate(2)
    with pytest.raises(Refusal, match=r"client\.no_redraws"):
        amana.Result(table=TABLE, cost=RESULT.cost, version="v", digest="d").simulate(2)


@pytest.mark.parametrize(("within", "asked"), [(15, "15"), (0.05, "0.05"), (1e-7, "0.0000001"), ("5%", "5%")])
def test_a_number_is_a_width_in_the_figures_own_unit(within: str | float, asked: str) -> None:
    node = StandIn()
    door(node).sql("SELECT 1", within=within)
    assert node.asked == [("SELECT 1", asked)]


@pytest.mark.parametrize("within", [True, float("nan"), float("inf")])
def test_what_is_no_precision_is_refused(within: float) -> None:
    with pytest.raises(Refusal, match=r"budget\.precision_malformed"):
        door().sql("SELECT 1", within=within)


def test_a_share_of_the_budget_is_per_cent() -> None:
    node = StandIn()
    door(node).sql("SELECT 1", share="1%")
    assert node.asked == [("SELECT 1", "1%")]
    with pytest.raises(Refusal, match=r"budget\.share_malformed"):
        door().sql("SELECT 1", share=0.01)  # type: ignore[arg-type]


@pytest.mark.slow
def test_a_released_answer_is_redrawn_for_free_and_another_question_never_is(own_demo_folder: Path) -> None:
    sql = "SELECT region, COUNT(*) AS n, AVG(cost) AS mean FROM visits WHERE age > 17 GROUP BY region"
    with amana.open(own_demo_folder) as node:
        with pytest.raises(Refusal, match=r"ask\.not_answered"):
            node._node.simulate(sql, within="6%", draws=2)
        result = node.sql(sql, within="6%")
        spent = node.budget("clinic").spent_nrho
        uses = len(logged_entries(own_demo_folder))
        drawn = result.simulate(400)
        written = logged_entries(own_demo_folder)
        assert node.budget("clinic").spent_nrho == spent
        last = written[-1]
        assert len(written) == uses + 1 and last["verb"] == "recall" and last["cost_nrho"] == "0"
        for index, row in enumerate(result.rows):
            for name in ("n", "mean"):
                cell = row[name]
                assert isinstance(cell, Estimate) and cell.low is not None and cell.high is not None
                inside = [cell.low <= float(str(draw[name][index])) <= cell.high for draw in drawn]
                assert 0.88 <= sum(inside) / len(inside) <= 0.99
        with pytest.raises(Refusal, match=r"ask\.too_many_draws"):
            result.simulate(100_000)
        with pytest.raises(Refusal, match=r"ask\.not_answered"):
            node._node.simulate(sql, within="5.9%", draws=2)
        assert node.budget("clinic").spent_nrho == spent


@pytest.mark.slow
def test_a_share_of_the_budget_is_never_exceeded_also_with_subqueries(own_demo_folder: Path) -> None:
    sql = "SELECT COUNT(*) AS dear FROM visits WHERE cost > (SELECT AVG(cost) FROM visits WHERE age < 33)"
    with amana.open(own_demo_folder) as node:
        preview = node.preview(sql, share="0.02%")
        result = node.sql(sql, share="0.02%")
        assert 0.00015 < result.cost.share <= 0.0002
        assert preview.share == pytest.approx(result.cost.share, rel=0.05)
        assert node.sql(sql, share="0.02%").cost.recalled
        assert len(result.simulate(5)) == 5
        with pytest.raises(Refusal, match=r"budget\.share_malformed"):
            node.sql(sql, share="101%")
