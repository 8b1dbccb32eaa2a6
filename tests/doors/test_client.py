"""A result in every shape a reader works with, and figures with the digits that the noise leaves."""

import json
import sys
from dataclasses import replace

import pytest

import amana
from amana.client.explain import WIDTH_MAX, point_at
from amana.client.figures import GROUP, percent, show
from amana.client.odds import epsilon_of, odds_percent
from amana.client.text import choose_language, load, read_po
from amana.terms.answer import AnswerTable, Estimate
from amana.terms.refusal import Fault, Place, Refusal
from tests.doors.stand_in import StandIn, door

RESULT = door().sql("SELECT region, COUNT(*) AS visits FROM visits GROUP BY region")
FLAT = {"region": ["Atlas", None], "visits": [12345.4, None], "visits_lo": [12278.4, None], "visits_hi": [12412.4, None]}


def test_the_ends_of_an_interval_never_hide_a_figure_of_their_name() -> None:
    table = AnswerTable(columns=("a_lo", "a"), rows=((Estimate(value=1.0, low=0.0, high=2.0), Estimate(value=5.0, low=4.0, high=6.0)),))
    assert replace(RESULT, table=table).flat() == {
        "a_lo": [1.0],
        "a_lo_lo": [0.0],
        "a_lo_hi": [2.0],
        "a": [5.0],
        "a_lo_": [4.0],
        "a_hi": [6.0],
    }


def test_refusals_are_caught_by_their_public_name_which_is_listed_before_it_is_imported() -> None:
    assert amana.Refusal is Refusal and amana.Fault is Fault
    assert {"Fault", "Refusal", "Result", "connect", "open"} <= set(dir(amana)) == set(amana.__all__)
    refusal = Refusal("sql.unknown_table", name="visit", tables="visits")
    assert str(refusal) == "AMA-104 sql.unknown_table(name='visit', tables='visits')"


def test_a_result_is_flat_with_the_ends_of_its_intervals() -> None:
    assert RESULT.flat() == FLAT


def test_pandas_polars_and_arrow_hold_the_same_columns() -> None:
    assert list(RESULT.to_pandas().columns) == list(FLAT)
    assert RESULT.to_polars().to_dict(as_series=False) == FLAT
    import pyarrow

    assert pyarrow.table(RESULT.to_arrow()).to_pydict() == FLAT


def test_any_arrow_library_reads_a_result_by_the_capsule_interface() -> None:
    import pyarrow

    assert pyarrow.table(RESULT).to_pydict() == FLAT


def test_rows_give_each_figure_with_its_interval() -> None:
    assert RESULT.rows[0]["visits"] == Estimate(value=12345.4, low=12278.4, high=12412.4)
    assert len(RESULT) == 2


def test_json_and_csv_hold_intervals_and_no_not_a_number() -> None:
    assert json.loads(RESULT.to_json())["rows"][0] == {"region": "Atlas", "visits": 12345.4, "visits_lo": 12278.4, "visits_hi": 12412.4}
    assert RESULT.to_csv().splitlines()[0] == "region,visits,visits_lo,visits_hi"


def test_a_missing_library_is_a_refusal_that_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "polars", None)
    with pytest.raises(Refusal, match="client.library_missing"):
        RESULT.to_polars()


def test_html_escapes_what_the_data_hold() -> None:
    assert "<td>Atlas</td>" in RESULT._repr_html_()


def test_a_refusal_in_a_program_carries_its_message_as_a_note() -> None:
    with pytest.raises(Refusal) as caught:
        door().sql("SELECT COUNT(*) FROM visit")
    note = "".join(caught.value.__notes__)
    assert "AMA-104" in note
    assert note.splitlines()[-2].endswith("^^^^^")


@pytest.mark.parametrize(
    ("value", "low", "high", "shown"),
    [
        (12345.4, 12278.4, 12412.4, f"12{GROUP}345 ± 67"),
        (0.51234, 0.50111, 0.52357, "0.512 ± 0.011"),
        (10.0, 9.0, 14.0, "10.0 [9.0; 14.0]"),
        (7.0, 7.0, 7.0, "7 ± 0"),
        (-0.2, -40.2, 39.8, "0 ± 40"),
    ],
)
def test_a_figure_shows_two_digits_of_its_uncertainty(value: float, low: float, high: float, shown: str) -> None:
    assert show(Estimate(value=value, low=low, high=high)) == shown


def test_what_the_noise_cannot_tell_is_a_dash() -> None:
    assert show(Estimate(value=None, low=None, high=None)) == "–"


def test_a_share_never_rounds_to_nothing() -> None:
    assert percent(0.0012) == "0.120 %" or percent(0.0012) == "0.12 %"
    assert percent(1e-9) == "< 0.0001 %"
    assert percent(0) == "0 %"


def test_odds_are_rounded_against_the_promise() -> None:
    assert odds_percent(0.0) == 50.0
    assert odds_percent(epsilon_of(1)) > 50.0
    assert odds_percent(1000.0) == 100.0


def test_the_place_of_a_refusal_is_underlined_even_in_a_very_long_line() -> None:
    asked = "x" * 100_000 + "visit" + "y" * 100_000
    line, carets = point_at(Place(line=1, column=100_001, length=5), asked=asked)
    assert len(line) < WIDTH_MAX + 20
    assert line[carets.index("^") : carets.rindex("^") + 1] == "visit"


def test_control_characters_of_a_question_do_not_reach_the_terminal() -> None:
    line, _ = point_at(Place(line=1, column=1), asked="\x1b[31mSELECT\t1")
    assert line.isprintable()


def test_a_place_beyond_the_text_still_shows_the_text() -> None:
    assert point_at(Place(line=9, column=99, length=9), asked="SELECT")[0].endswith("SELECT")


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        ("fr", {"AMANA_LANG": "ar"}, "fr"),
        (None, {"AMANA_LANG": "ar", "LANG": "fr_FR.UTF-8"}, "ar"),
        (None, {"LANG": "fr_CA.UTF-8"}, "fr"),
        (None, {"LANG": "zgh_MA"}, "zgh"),
        (None, {"LANG": "ber"}, "zgh"),
        (None, {"LANG": "C.UTF-8"}, "en"),
        ("de", {}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_environments_then_english(
    asked: str | None, environment: dict[str, str], language: str
) -> None:
    assert choose_language(asked, environment) == language


def test_a_catalogue_that_is_no_catalogue_names_its_line() -> None:
    with pytest.raises(ValueError, match="line 2"):
        read_po('msgid "a"\nnothing\n')
    with pytest.raises(ValueError, match="line 3"):
        read_po('msgid "a"\nmsgstr "b"\nmsgstr "c"\n')


def test_a_message_without_translation_is_in_english() -> None:
    catalogue = load("fr")
    assert catalogue.english is load("en")


def test_precision_is_passed_on_as_it_was_typed() -> None:
    node = StandIn()
    door(node).sql("SELECT COUNT(*) FROM visits", within="±15")
    assert node.asked == [("SELECT COUNT(*) FROM visits", "±15")]
