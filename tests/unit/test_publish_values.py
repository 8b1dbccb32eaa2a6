"""What publishing makes of values: on the grid, inside the bounds, coded; what is no value is NULL and counted, never an error."""

import hashlib
import hmac
from datetime import date
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.domains import ChoiceDomain, TextDomain
from amana.engines.prepare_rank import Order, Written, derived_key, message
from amana.engines.prepare_report import ColumnReport, Count
from tests.unit.publishing import HEAD, VISITS, make


def costs(folder: Path, values: list[str]) -> list[object]:
    """The stored costs, in the order of the file: each row has its own person."""
    text = "person,cost\n" + "".join(f"p{number:03},{value}\n" for number, value in enumerate(values))
    rows = make(folder, HEAD + VISITS, {"visits.csv": text}).tables["visits"]
    return [row["c_cost"] for row in sorted(rows, key=lambda row: str(row["c_person"]))]


def test_numbers_are_rounded_half_away_from_zero_and_then_clipped(tmp_path: Path) -> None:
    given_ = ["0.04", "0.05", "99.94", "99.95", "100.04", "100.06", "1e9", "-3", "-0.04", "1e400", "-0.05", "7"]
    assert costs(tmp_path, given_) == [0, 1, 999, 1000, 1000, 1000, 1000, 0, 0, None, 0, 70]


def test_what_is_no_number_is_null_and_counted(tmp_path: Path) -> None:
    assert costs(tmp_path, ["nan", "inf", "-inf", "abc", "", "0x10", "1;2"]) == [None] * 7
    text = "person,cost\na,nan\nb,x\nc,\nd,101\n"
    [report] = make(tmp_path, HEAD + VISITS, {"visits.csv": text}).prepared.reports
    assert report.counts == (
        Count(event="wrong", column="cost", rows=2, dropped=False),
        Count(event="outside", column="cost", rows=1, dropped=False),
    )


@pytest.mark.parametrize(
    ("kind", "values", "wanted"),
    [
        ("DOUBLE", ["0.05", "'nan'", "'inf'", "-5.0", "1e300", "NULL"], [1, None, None, 0, 1000, None]),
        ("DECIMAL(15,2)", ["0.05", "0.04", "-0.05", "9999999999999.99", "NULL"], [1, 0, 0, 1000, None]),
        ("DECIMAL(38,20)", ["0.05", "99.94999", "100.06", "-1"], [1, 999, 1000, 0]),
        ("HUGEINT", ["170141183460469231731687303715884105727", "5", "-170141183460469231731687303715884105728"], [1000, 50, 0]),
        ("UBIGINT", ["18446744073709551615", "5", "NULL"], [1000, 50, None]),
        ("TINYINT", ["127", "-128", "3"], [1000, 0, 30]),
        ("BOOLEAN", ["true", "false"], [10, 0]),
    ],
)
def test_every_type_of_a_parquet_column_is_read_without_overflow(
    tmp_path: Path, kind: str, values: list[str], wanted: list[object]
) -> None:
    rows = ", ".join(f"('p{number}', CAST({value} AS {kind}))" for number, value in enumerate(values))
    path = tmp_path / "visits.parquet"
    duckdb.execute(f"COPY (SELECT * FROM (VALUES {rows}) t(person, cost)) TO '{path}'")
    made = make(tmp_path / "made", HEAD + VISITS, {"visits.parquet": path}).tables["visits"]
    assert [row["c_cost"] for row in sorted(made, key=lambda row: str(row["c_person"]))] == wanted


@given(st.decimals(min_value=-(10**6), max_value=10**6, places=6))
def test_text_numbers_are_quantised_as_exact_decimals_are(value: Decimal) -> None:
    from amana.catalog.domains import NumberDomain
    from amana.catalog.rules_columns import ColumnReading
    from amana.engines.prepare_columns import Source, stored, valued

    domain = NumberDomain(scale=2, low=-50_000_00, high=50_000_00)
    reading = ColumnReading(name="x", written="x")
    sources = (("text", f"'{value}'", "VARCHAR"), ("decimal", f"CAST('{value}' AS DECIMAL(20,6))", ""))
    wanted = max(domain.low, min(domain.high, int(value.scaleb(2).quantize(Decimal(1), rounding="ROUND_HALF_UP"))))
    for kind, sql, _ in sources:
        made = valued(sql, source=Source(name="x", kind=kind, digits=(20, 6)), domain=domain, reading=reading, keys_as_text=False)
        assert duckdb.execute(f"SELECT {stored(made, domain)}").fetchall() == [(wanted,)]


COLUMNS = """
day = { kind = "date", low = 2020-01-01, high = 2020-12-31, source = "Law", nullable = true }
local = { kind = "date", low = 2020-01-01, high = 2020-12-31, source = "Law", nullable = true, format = "%d/%m/%Y" }
at = { kind = "moment", low = 1960-01-01T00:00:00, high = 2020-12-31T00:00:00, source = "Law", nullable = true }
sort = { kind = "choice", members = ["b", "a", "it's"], source = "Form", nullable = true }
rest = { kind = "choice", members = ["known", "rest"], other = "rest", source = "Form", nullable = true }
yes = { kind = "boolean", nullable = true }
note = { kind = "text", length_max = 3, nullable = true }
"""


def test_days_moments_choices_booleans_and_texts_are_stored_as_the_layout_says(tmp_path: Path) -> None:
    text = (
        "person,cost,day,local,at,sort,rest,yes,note\n"
        "p0,1,2020-05-06,06/05/2020,1969-12-31 23:59:59.5,a,known,true,héllo\n"
        "p1,1,2031-01-01,31/12/2019,2050-01-01 00:00:00,it's,new,0,\n"
        'p2,1,2020-02-30,2020-05-06,never, b ,,maybe," x"\n'
    )
    made = make(tmp_path, HEAD + VISITS + COLUMNS, {"visits.csv": text})
    rows = sorted(made.tables["visits"], key=lambda row: str(row["c_person"]))
    names = ("day", "local", "at", "sort", "rest", "yes", "note")
    assert [tuple(row[f"c_{name}"] for name in names) for row in rows] == [
        (date(2020, 5, 6), date(2020, 5, 6), -1, 0, 0, True, "hél"),
        (date(2020, 12, 31), date(2020, 1, 1), 1609372800, 2, 1, False, None),
        (None, None, None, 1, None, None, " x"),
    ]


def test_texts_that_mean_no_value_are_null(tmp_path: Path) -> None:
    rules = HEAD + VISITS.replace('unit = "person"', 'unit = "person"\nmissing = ["?", "-99"]')
    made = make(tmp_path, rules, {"visits.csv": "person,cost\na,?\nb, ?\nc,-99\nd,4\n?,5\n"})
    assert sorted((str(row["c_person"]), row["c_cost"]) for row in made.tables["visits"]) == [
        ("a", None),
        ("b", None),
        ("c", None),
        ("d", 40),
    ]
    assert made.prepared.reports[0].counts[0] == Count(event="no unit", column="person", rows=1, dropped=True)


def test_rows_outside_are_dropped_when_the_rules_say_so(tmp_path: Path) -> None:
    rules = HEAD + VISITS.replace('"clamp"', '"drop"').replace(", nullable = true", "")
    made = make(tmp_path, rules, {"visits.csv": "person,cost\na,1\nb,101\nc,x\nd,\n"})
    assert [row["c_person"] for row in made.tables["visits"]] == ["a"]
    assert [(count.event, count.rows, count.dropped) for count in made.prepared.reports[0].counts] == [
        ("missing", 1, True), ("wrong", 1, True), ("outside", 1, True),
    ]  # fmt: skip


FAMILY = """
[[table]]
name = "drugs"
private = true
parent = "visits"
parent_key = { visit = "visit" }
rows_per_unit_max = 3
out_of_bounds = "drop"
occurrence = ["drug"]
[table.columns]
visit = { kind = "key", holds = "integer" }
drug = { kind = "choice", members = ["x", "y"], source = "List" }
[[table]]
name = "towns"
private = false
source = "Census"
key = ["town"]
multiplicity = 2
[table.columns]
town = { kind = "choice" }
about = { kind = "text", length_max = 50, nullable = true }
people = { kind = "number", grid = "1", low = 0, high = 10 }
"""


def test_rows_get_the_unit_of_their_parent_and_rows_without_one_are_dropped(tmp_path: Path) -> None:
    rules = (
        HEAD
        + VISITS.replace('unit = "person"', 'unit = "person"\nkey = ["visit"]')
        + 'visit = { kind = "key", holds = "integer" }\n'
        + FAMILY
    )
    files = {
        "visits.csv": "person,cost,visit\na,1,1\na,2,2\nb,3,3\n,4,4\n",
        "drugs.csv": "visit,drug\n1,x\n2,x\n3,y\n4,x\n9,y\n,x\n2,q\n",
        "towns.csv": "town,about,people\nB,,1\nA,one,2\nB,two,3\n",
    }
    made = make(tmp_path, rules, files)
    unit = {row["c_visit"]: row["u"] for row in made.tables["visits"]}
    assert set(unit) == {"1", "2", "3"}  # identifiers are text as soon as one of the dataset is
    assert unit["1"] == unit["2"] != unit["3"]
    assert sorted((row["c_visit"], row["u"] == unit[str(row["c_visit"])], row["c_drug"]) for row in made.tables["drugs"]) == [
        ("1", True, 0), ("2", True, 0), ("3", True, 1),
    ]  # fmt: skip
    assert sorted((row["r"], row["o_drug"]) for row in made.tables["drugs"] if row["u"] == unit["1"]) == [(1, 1), (2, 2)]
    drugs = made.prepared.reports[1]
    assert Count(event="no parent", column="", rows=2, dropped=True) in drugs.counts
    towns = made.prepared.dataset.schema.tables[2]
    assert [column.domain for column in towns.columns[:2]] == [
        ChoiceDomain(members=("A", "B")),
        ChoiceDomain(members=("one", "two"), nullable=True),
    ]
    assert [tuple(row.values()) for row in made.tables["towns"]] == [(0, 0, 2), (1, None, 1), (1, 1, 3)]


def test_rows_beyond_the_cap_of_a_unit_are_left_out_and_counted(tmp_path: Path) -> None:
    rules = HEAD + VISITS.replace("rows_per_unit_max = 100", "rows_per_unit_max = 2")
    made = make(tmp_path, rules, {"visits.csv": "person,cost\n" + "".join(f"a,{number}\n" for number in range(5)) + "b,1\n"})
    assert sorted((row["u"], row["r"]) for row in made.tables["visits"]) in ([(0, 1), (0, 2), (1, 1)], [(0, 1), (1, 1), (1, 2)])
    [report] = made.prepared.reports
    assert (report.units, report.rows_per_unit_largest, report.counts) == (
        2,
        5,
        (Count(event="beyond cap", column="", rows=3, dropped=True),),
    )


def test_each_row_may_be_a_unit_of_its_own(tmp_path: Path) -> None:
    rules = HEAD + VISITS.replace('unit = "person"\nrows_per_unit_max = 100', 'unit = "row"').replace(
        'person = { kind = "key", holds = "text" }\n', ""
    )
    made = make(tmp_path, rules, {"visits.csv": "cost\n1\n1\n2\n"})
    assert sorted((row["u"], row["r"]) for row in made.tables["visits"]) == [(0, 1), (1, 1), (2, 1)]


def test_text_of_a_public_table_with_too_many_values_stays_text(tmp_path: Path) -> None:
    rules = (
        HEAD
        + VISITS
        + FAMILY[FAMILY.index('[[table]]\nname = "towns"') :].replace('{ kind = "choice" }', '{ kind = "text", length_max = 9 }')
    )
    files = {"visits.csv": "person,cost\na,1\n", "towns.csv": "town,about,people\n" + "".join(f"t{n},,1\n" for n in range(20_001))}
    assert make(tmp_path, rules, files).prepared.dataset.schema.tables[1].columns[0].domain == TextDomain(length_max=9)


@given(
    st.lists(st.one_of(st.none(), st.text(max_size=30).filter(lambda text: "\0" not in text)), min_size=1, max_size=4),
    st.binary(max_size=80),
)
def test_the_order_is_hmac_sha256_of_an_unambiguous_message(parts: list[str | None], key: bytes) -> None:
    values = ["NULL" if part is None else "'" + part.replace("'", "''") + "'" for part in parts]
    written = message([Written(sql=f"CAST({value} AS VARCHAR)", text=True, nullable=True) for value in values])
    [(made, ordered)] = duckdb.execute(f"SELECT {written}, {Order(key, purpose='rows of t').of(written)}").fetchall()
    wanted = "".join("n;" if part is None else f"{len(part.encode())}:{part}" for part in parts) + "1;"
    assert made == wanted
    code = hmac.new(derived_key(key, purpose="rows of t"), wanted.encode(), hashlib.sha256).hexdigest()
    assert str(ordered).replace("-", "") == code[:32]


def test_codes_are_ordered_as_their_bytes_are() -> None:
    codes = [f"{first}{'0' * 31}" for first in "0789af"]
    values = ", ".join(f"(CAST('{code}' AS UUID))" for code in reversed(codes))
    found = duckdb.execute(f"SELECT replace(CAST(x AS VARCHAR), '-', '') FROM (VALUES {values}) t(x) ORDER BY x").fetchall()
    assert [row[0] for row in found] == codes


@pytest.mark.parametrize("text", ["person;cost\r\na;1\r\nb;2\r\n", "\ufeffperson;cost\na;1\nb;2", 'person;cost\n"a";"1"\n"b";2\n'])
def test_csv_files_of_other_forms_are_read(tmp_path: Path, text: str) -> None:
    rules = HEAD + VISITS.replace('unit = "person"', 'unit = "person"\ncsv.delimiter = ";"')
    assert sorted((str(row["c_person"]), row["c_cost"]) for row in make(tmp_path, rules, {"visits.csv": text}).tables["visits"]) == [
        ("a", 10), ("b", 20),
    ]  # fmt: skip


def test_a_file_without_header_takes_its_names_from_the_rules(tmp_path: Path) -> None:
    rules = HEAD + VISITS.replace('unit = "person"', 'unit = "person"\nfile = "x.data"\ncsv.names = ["who", "cost"]')
    rules = rules.replace('holds = "text"', 'holds = "text", from = "who"')
    assert len(make(tmp_path, rules, {"x.data": "a,1\nb,2\n"}).tables["visits"]) == 2


def test_the_report_counts_by_column_what_is_missing_wrong_outside_or_not_declared(tmp_path: Path) -> None:
    more = """sex = { kind = "choice", members = ["f", "m"], source = "Form", nullable = true }
town = { kind = "choice", members = ["a", "b"], other = "b", source = "List", nullable = true }
"""
    text = "person,cost,sex,town\np,1,f,a\np,,f,c\np,x,m,c\np,200,u,d\np,-1,u,\nq,300,w,b\nq,2,,e\n,3,f,a\n"
    [report] = make(tmp_path, HEAD + VISITS + more, {"visits.csv": text}).prepared.reports
    nothing = {"missing": 0, "wrong": 0, "outside": 0, "clamped": 0, "undeclared": 0, "members": 0}
    assert report.columns == (
        ColumnReport(column="person", **nothing | {"missing": 1}),
        ColumnReport(column="cost", **nothing | {"missing": 1, "wrong": 1, "outside": 3, "clamped": 3}),
        ColumnReport(column="sex", **nothing | {"missing": 1, "undeclared": 3, "members": 2}),
        ColumnReport(column="town", **nothing | {"missing": 1, "undeclared": 4, "members": 3}),
    )
    assert report.rows_kept == 7


@pytest.mark.parametrize("outcome", ["clamp", "drop", "refuse"])
def test_a_value_that_stands_as_other_is_inside_whatever_the_rules_do_with_values_outside(tmp_path: Path, outcome: str) -> None:
    more = 'town = { kind = "choice", members = ["a", "b"], other = "b", source = "List" }\n'
    rules = HEAD + VISITS.replace('"clamp"', f'"{outcome}"') + more
    made = make(tmp_path, rules, {"visits.csv": "person,cost,town\np,1,a\nq,1,z\n"})
    assert sorted(str(row["c_town"]) for row in made.tables["visits"]) == ["0", "1"]
    assert made.prepared.reports[0].counts == ()


def test_a_dropped_value_is_not_reported_as_clamped(tmp_path: Path) -> None:
    rules = HEAD + VISITS.replace('"clamp"', '"drop"')
    [report] = make(tmp_path, rules, {"visits.csv": "person,cost\np,1\nq,200\n"}).prepared.reports
    assert (report.columns[1].outside, report.columns[1].clamped, report.rows_kept) == (1, 0, 1)
