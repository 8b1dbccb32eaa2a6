"""Prediction without a node: the same number in pure Python, with NumPy and in ONNX; rows of a file with their oddities."""

import csv
import io
import sys
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.client.predict import Scorer, Value, cells_of, predict, read_cell
from amana.client.predict_rows import predict_rows
from amana.terms.model import Feature, FeatureKind, Task
from amana.terms.refusal import Refusal
from tests.unit.models import some_model, some_rows

AGE = Feature(name="age", kind=FeatureKind.NUMBER, decimals=1, edges=(-25, 0, 5, 180))


@pytest.mark.parametrize("seed", range(10))
def test_all_ways_to_compute_agree_to_the_last_bit(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    model = some_model(seed, parts=30)
    rows = some_rows(model, 1000, seed=seed)
    obvious = [model.predict(row) for row in rows]
    assert predict(model, rows[:50]) == obvious[:50]
    pytest.importorskip("numpy")
    assert Scorer(model)._fast is not None and predict(model, rows) == obvious
    monkeypatch.setitem(sys.modules, "numpy", None)
    assert Scorer(model)._fast is None and predict(model, rows) == obvious
    assert Scorer(model).scores(rows) == [model.score(row) for row in rows]


@given(st.decimals(allow_nan=False, allow_infinity=False, places=4, min_value=-(10**9), max_value=10**9), st.integers(0, 6))
def test_a_number_is_rounded_half_away_from_zero_exactly(number: Decimal, decimals: int) -> None:
    exact = int((number * 10**decimals).to_integral_value(ROUND_HALF_UP))
    feature = Feature(name="x", kind=FeatureKind.NUMBER, decimals=decimals, edges=(exact,))
    assert read_cell(feature, format(number, "f")) == (1, True)
    assert read_cell(Feature(name="x", kind=FeatureKind.NUMBER, decimals=decimals, edges=(exact + 1,)), format(number, "f")) == (0, True)


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        ("-2.5", 1), ("-2.45", 1), ("-2.44", 1), ("-2.55", 0), ("0", 2), ("-0.04", 2), ("-0.05", 1), ("0.45", 3), ("0.44", 2), (" 18 ", 4),
        ("1.8e1", 4), ("+17.95", 4), ("17.949999999999999999999999999999999999", 3), ("1e9999", 4), ("-1e9999", 0), ("1e-9999", 2), (".5", 3),
        (0.5, 3), (0.45, 3), (18, 4), (Decimal("17.95"), 4), (True, 3),
    ],
)  # fmt: skip
def test_numbers_as_programs_and_files_write_them(value: Value, cell: int) -> None:
    assert read_cell(AGE, value) == (cell, True)


@pytest.mark.parametrize(
    "value", ["x", "1,5", "1_000", "٣", "0x10", "1 2", "nan", "inf", "--1", "1e", "9" * 101, float("inf"), date(2020, 1, 1)]
)
def test_what_is_no_number_is_missing_and_said(value: Value) -> None:
    assert read_cell(AGE, value) == (AGE.cells - 1, False)


@pytest.mark.parametrize("value", ["", "  ", None, float("nan")])
def test_what_is_missing_is_missing_and_not_said(value: Value) -> None:
    for feature in (AGE, Feature(name="c", kind=FeatureKind.CHOICE, members=("a",)), Feature(name="b", kind=FeatureKind.BOOLEAN)):
        assert read_cell(feature, value)[0] == feature.cells - 1
    assert read_cell(AGE, value)[1]


def test_dates_choices_and_truths() -> None:
    seen = Feature(name="seen", kind=FeatureKind.NUMBER, edges=(0, 19_000), dates=True)
    for value, cell in {
        "1969-12-31": 0,
        "1970-01-01": 1,
        "2022-01-07": 1,
        "2022-01-08": 2,
        date(2022, 1, 8): 2,
        datetime(2022, 1, 7, 23): 1,
    }.items():
        assert read_cell(seen, value) == (cell, True)
    for value in ("2022-1-8", "20220108", "2022-02-30", "19000", "08/01/2022", "2022-W01-6"):
        assert read_cell(seen, value) == (3, False)
    region = Feature(name="region", kind=FeatureKind.CHOICE, members=("north", "", "7"))
    assert [read_cell(region, value) for value in ("north", "", "7", 7, "North")] == [
        (0, True),
        (1, True),
        (2, True),
        (2, True),
        (3, False),
    ]
    smokes = Feature(name="smokes", kind=FeatureKind.BOOLEAN)
    assert [read_cell(smokes, value)[0] for value in ("true", "F", "1", "no", True, False, 0, "maybe")] == [1, 0, 1, 0, 1, 0, 0, 2]


def test_a_row_of_a_program_lacks_no_column() -> None:
    model = some_model(1)
    row: dict[str, Value] = {"age": 20, "region": "north", "smokes": True, "seen": date(2020, 1, 1), "a b,c": None, "more": 1}
    assert len(cells_of(model, row)) == len(model.features)
    del row["smokes"], row["age"]
    with pytest.raises(Refusal) as caught:
        cells_of(model, row)
    assert caught.value.code == "predict.column_missing" and caught.value.parameters["needed"] == "age, region, smokes, seen, a b,c"


def predicted(text: str, *, column: str = "prediction", seed: int = 3) -> tuple[list[list[str]], object]:
    out = io.StringIO()
    told = predict_rows(some_model(seed), io.StringIO(text, newline=""), out, name="rows.csv", column=column)
    return list(csv.reader(io.StringIO(out.getvalue()))), told


HEADER = 'note,seen,"a b,c",smokes,region,age\n'


def test_columns_are_found_by_name_and_others_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("amana.client.predict_rows.BLOCK_ROWS", 2)
    body = ['"two\nlines",2020-01-01,1.5,true,north,20', "x,,,,,", "", "y,1960-05-05,-3,no,الجنوب,-2.5"]
    rows, told = predicted(HEADER + "\n".join(body) + "\n")
    model = some_model(3)
    assert rows[0] == ["note", "seen", "a b,c", "smokes", "region", "age", "prediction"] and rows[1][0] == "two\nlines"
    for row in rows[1:]:
        values: dict[str, Value] = dict(zip(rows[0], row, strict=True))
        assert float(row[-1]) == model.predict(cells_of(model, values))
    assert told.rows_count == 3 and told.misread == ()


def test_what_was_not_understood_is_counted_for_each_column_with_its_first_line() -> None:
    _, told = predicted(HEADER + "x,,,,,\nx,yesterday,,,,old\nx,,,,nowhere,older\n")
    assert [(each.column, each.count, each.line, each.text) for each in told.misread] == [
        ("age", 2, 3, "old"),
        ("seen", 1, 3, "yesterday"),
        ("region", 1, 4, "nowhere"),
    ]


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_other_signs_between_columns_are_understood_and_kept(delimiter: str) -> None:
    out = io.StringIO()
    names = delimiter.join(("age", "region", "smokes", "seen", "a b,c"))
    predict_rows(some_model(3), io.StringIO(f"{names}\n{delimiter * 4}\n"), out, name="rows.csv")
    assert out.getvalue().splitlines()[0] == f"{names}{delimiter}prediction"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "predict.column_missing"),
        ("\n", "predict.column_missing"),
        ("age,region\n1,2\n", "predict.column_missing"),
        (HEADER.replace("note", "age"), "predict.column_twice"),
        (HEADER.replace("note", "prediction"), "predict.column_taken"),
        (HEADER + "1,2\n", "predict.line_wrong"),
        (HEADER + "1,2,3,4,5,6,7\n", "predict.line_wrong"),
        (HEADER + '"x,,,,,\n', "predict.line_wrong"),
        (HEADER + '"x"y,,,,,\n', "predict.line_wrong"),
        (HEADER + "x" * 200_000 + ",,,,,\n", "predict.line_wrong"),
    ],
)
def test_a_file_that_is_not_as_needed_is_refused(text: str, code: str) -> None:
    with pytest.raises(Refusal) as caught:
        predicted(text)
    assert caught.value.code == code
    if code == "predict.line_wrong":
        assert caught.value.parameters["line"] == 2


@pytest.mark.parametrize("evaluator", ["reference", "runtime"])
@pytest.mark.parametrize("seed", range(6))
def test_onnx_says_the_same(seed: int, evaluator: str) -> None:
    pytest.importorskip("onnx")
    numpy = pytest.importorskip("numpy")
    from amana.client.model_onnx import write_onnx

    model = some_model(seed, parts=[0, 1, 5, 20, 40, 60][seed], task=list(Task)[seed % 2])
    written = write_onnx(model)
    assert write_onnx(model) == written
    texts: dict[str, list[str]] = {
        "age": [
            "-2.5",
            "-2.55",
            "-2.45",
            "0",
            "-0.05",
            "-0.04",
            "0.45",
            "0.449",
            "17.95",
            "18.04",
            "64.95",
            "65",
            "",
            "1e300",
            "64.5",
            "17.5",
        ],
        "region": ["north", "الجنوب", "ⵜⴰⵎⵓⵔⵜ", "", "south", "North"],
        "smokes": ["1", "0", ""],
        "seen": ["1969-12-30", "1969-12-31", "1970-01-01", "2022-01-07", "2022-01-08", "2023-05-23", "2023-05-24", ""],
        "a b,c": ["0", "1", "", "-7"],
    }
    rows = [{name: values[(place * 7 + step) % len(values)] for step, (name, values) in enumerate(texts.items())} for place in range(300)]
    cells = [cells_of(model, row) for row in rows]
    epoch = date(1970, 1, 1).toordinal()
    feeds = {
        **{name: numpy.array([float(row[name] or "nan") for row in rows]) for name in ("age", "a b,c")},
        "seen": numpy.array([float(date.fromisoformat(row["seen"]).toordinal() - epoch) if row["seen"] else float("nan") for row in rows]),
        "region": numpy.array([row["region"] for row in rows], dtype=object),
        "smokes": numpy.array([int(row["smokes"] or 9) for row in rows], dtype=numpy.int64),
    }
    if evaluator == "reference":
        from onnx.reference import ReferenceEvaluator

        scores, predictions = ReferenceEvaluator(written).run(None, feeds)
    else:
        runtime = pytest.importorskip("onnxruntime")
        session = runtime.InferenceSession(written, providers=["CPUExecutionProvider"])
        scores, predictions = session.run(["score", "prediction"], feeds)
    assert list(scores) == [model.score(row) for row in cells]
    assert numpy.allclose(predictions, [model.predict(row) for row in cells], rtol=1e-12, atol=1e-15)


def test_the_answers_that_are_remembered_are_bounded() -> None:
    scorer = Scorer(some_model(2))
    for score in range(100_500):
        scorer._answer(score)
    assert len(scorer._answers) < 100_100
