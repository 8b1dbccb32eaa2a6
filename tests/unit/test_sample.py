"""Invented rows: inside every bound, publishable under the rules of the real ones, shaped as the profile says, and quickly made."""

import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from random import Random
from statistics import mean

import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.catalog.domains import BooleanDomain, ChoiceDomain, DateDomain, KeyDomain, MomentDomain, NumberDomain, TextDomain
from amana.catalog.profile import Histogram, Profile, TableProfile
from amana.catalog.rules import read_rules
from amana.catalog.schema import Column, Schema, Table
from amana.catalog.schema import Path as Step
from amana.engines.connection import connect
from amana.engines.prepare import prepare
from amana.node.ask import Node, open_node
from amana.node.profile import rows_edges
from amana.node.sample import Samples
from amana.node.sample_rows import draw
from amana.node.sample_values import Cell
from amana.node.wiring import publish
from amana.terms.refusal import Refusal
from tests.databases import SCHEMA as WEIRD
from tests.property.grow import SCHEMA as SMALL
from tests.spec.conftest import CLINIC, TPCH
from tests.unit.publishing import HEAD

MAKING_SECONDS_MAX, DRY_RUN_SECONDS_MAX = 2.0, 0.1
PEOPLE = 3_000
RULES = (
    HEAD
    + """
[[table]]
name = "people"
private = true
unit = "person"
rows_per_unit_max = 1
key = ["person"]
out_of_bounds = "refuse"
[table.columns]
person = { kind = "key", holds = "text" }
born = { kind = "date", low = 1930-01-01, high = 2020-12-31, source = "Law" }
height = { kind = "number", grid = "0.01", low = "0.30", high = "2.50", source = "Law", nullable = true }
school = { kind = "key", holds = "text", nullable = true }
smoker = { kind = "boolean", nullable = true }

[[table]]
name = "visits"
private = true
parent = "people"
parent_key = { person = "person" }
rows_per_unit_max = 40
key = ["person", "number"]
occurrence = ["ward"]
out_of_bounds = "refuse"
[table.columns]
person = { kind = "key", holds = "text" }
number = { kind = "key", holds = "integer" }
at = { kind = "moment", low = 2020-01-01T06:30:00, high = 2021-12-31T18:00:00, source = "Law" }
ward = { kind = "choice", members = ["a, \\"b\\"", "eye", "heart", "œil"], source = "Law" }
weight = { kind = "number", grid = "0.001", low = "-1.5", high = "120", source = "Law" }
note = { kind = "text", length_max = 3, nullable = true }

[[table]]
name = "tests"
private = true
parent = "visits"
parent_key = { person = "person", number = "number" }
rows_per_unit_max = 60
out_of_bounds = "refuse"
[table.columns]
person = { kind = "key", holds = "text" }
number = { kind = "key", holds = "integer" }
value = { kind = "number", grid = "1e-9", low = 0, high = 1, source = "Law", nullable = true }

[[table]]
name = "schools"
private = false
source = "A list"
key = ["school"]
multiplicity = 1
[table.columns]
school = { kind = "key", holds = "text" }
town = { kind = "choice" }
"""
)


def _files(folder: Path) -> list[Path]:
    chance = Random(5)
    people, visits, tests = ["person,born,height,school,smoker"], ["person,number,at,ward,weight,note"], ["person,number,value"]
    for person in range(PEOPLE):
        height = "" if chance.random() < 0.3 else f"{chance.gauss(1.7, 0.1):.2f}"
        people.append(
            f"p{person},{1940 + person % 60}-0{1 + person % 9}-11,{height},s{person % 7},{'true' if chance.random() < 0.2 else 'false'}"
        )
        ward = chance.choice(("eye", "heart", '"a, ""b"""'))
        for number in range(chance.choice((0, 1, 2, 3, 8)) if person % 3 else 0):
            note = "" if chance.random() < 0.6 else "yes"
            visits.append(f"p{person},{number + 1},2020-0{1 + number}-02 10:00:00,{ward},{chance.gauss(70, 10):.3f},{note}")
            tests += [f"p{person},{number + 1},0.{chance.randrange(10**9):09d}" for _ in range(chance.randrange(3))]
    made = []
    for name, lines in (
        ("people", people),
        ("visits", visits),
        ("tests", tests),
        ("schools", ["school,town", *(f"s{n},t{n % 3}" for n in range(7))]),
    ):
        made.append(folder / f"{name}.csv")
        made[-1].write_text("\n".join(lines) + "\n", "utf-8")
    return made


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    folder = tmp_path_factory.mktemp("sample")
    publish(folder / "data", _files(folder), RULES)
    opened = open_node(folder / "data")
    yield opened
    opened.close()


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_sample_is_published_under_the_rules_of_the_real_tables_and_no_row_is_left_out(node: Node, form: str, tmp_path: Path) -> None:
    files = node.sample("test", folder=tmp_path / "files", table=None, form=form)
    connection = connect(tmp_path / "spill", memory_bytes_max=2**28, threads=1)
    made = prepare(
        read_rules(RULES), files, connection=connection, target=tmp_path / "made.duckdb", target_key="A" * 43 + "=", rank_key=b"k" * 32
    )
    connection.close()
    assert [(report.rows_kept, report.counts) for report in made.reports] == [(report.rows_read, ()) for report in made.reports]
    people, visits = made.reports[0], made.reports[1]
    assert people.rows_read == people.units == 1000 and 500 < visits.units < 800
    with pytest.raises(Refusal, match="file_exists"):
        node.sample("test", folder=tmp_path / "files", table="PEOPLE", form=form)


def test_a_sample_looks_as_the_profile_says(node: Node, tmp_path: Path) -> None:
    tables = {
        file.stem: pyarrow.parquet.read_table(file).to_pylist() for file in node.sample("test", folder=tmp_path, table=None, form="parquet")
    }
    people, visits, tests = tables["people"], tables["visits"], tables["tests"]
    assert 0.2 < mean(row["height"] is None for row in people) < 0.4
    assert 1.6 < mean(row["height"] for row in people if row["height"] is not None) < 1.8
    assert 0.45 < mean(row["note"] is None for row in visits) < 0.75, "missing texts are counted too"
    assert {row["school"] for row in people} <= {f"s{n}" for n in range(7)} | {None}, "they meet the public table"
    rows = Counter(row["person"] for row in visits)
    assert 2.5 < mean(rows.values()) < 4.5
    wards = Counter(person for person, _ in {(row["person"], row["ward"]) for row in visits})
    assert mean(wards.values()) < 1.3, "a unit keeps to one ward"
    assert {(row["person"], row["number"]) for row in tests} <= {(row["person"], row["number"]) for row in visits}
    assert {row["person"] for row in visits} <= {row["person"] for row in people}


def test_a_sample_and_a_dry_run_are_quick(tmp_path: Path) -> None:
    publish(tmp_path / "data", _files(tmp_path), RULES)
    opened = open_node(tmp_path / "data")
    (one,) = opened._wired.opened()
    times = []
    for _ in range(3):  # the quickest, as other programs may be at work
        for file in (tmp_path / "data" / "samples").glob("*.duckdb"):
            file.unlink()
        begun = time.perf_counter()
        assert Samples(opened._wired.store, opened._wired.settings).of(one.version, one.profile).units == 1_000
        times.append(time.perf_counter() - begun)
    assert min(times) <= MAKING_SECONDS_MAX
    sql = "SELECT ward, COUNT(*) AS visits, AVG(weight) AS weight FROM visits JOIN people USING (person) WHERE born > DATE '1950-01-01' GROUP BY ward"
    opened.dry_run(sql, within="20%")
    times = []
    for tenth in range(5):
        begun = time.perf_counter()
        opened.dry_run(sql.replace("1950", f"195{tenth}"), within="20%")
        times.append(time.perf_counter() - begun)
    opened.close()
    assert min(times) <= DRY_RUN_SECONDS_MAX


def test_one_table_alone_may_be_wanted_and_an_unknown_one_is_refused(node: Node, tmp_path: Path) -> None:
    assert [file.name for file in node.sample("test", folder=tmp_path / "a", table="Visits", form="csv")] == ["visits.csv"]
    with pytest.raises(Refusal, match="unknown_table") as refused:
        node.sample("test", folder=tmp_path / "a", table="visit", form="csv")
    assert refused.value.parameters["tables"] == "people, visits, tests, schools"
    (tmp_path / "file").write_text("x")
    with pytest.raises(Refusal, match="folder_unwritable"):
        node.sample("test", folder=tmp_path / "file" / "below", table=None, form="csv")


# --- whatever the noise made of the profile ---

noisy = st.floats(-200, 5_000) | st.just(0.0)


@st.composite
def profiles(draw_: st.DrawFn, schema: Schema) -> Profile:
    """Any released counts: negative ones, none at all, bins beyond the bounds."""
    tables = []
    for table in schema.tables:
        if not table.private:
            continue
        edges = rows_edges(table.rows_per_unit_max)
        columns = []
        for column in table.columns:
            low, width, bins = _grid(column)
            if bins and draw_(st.booleans()):
                counts = tuple(draw_(st.lists(noisy, min_size=bins, max_size=bins)))
                columns.append((column.name, Histogram(low=low, width=width, counts=counts, missing=draw_(noisy))))
        counts = tuple(draw_(st.lists(noisy, min_size=len(edges), max_size=len(edges))))
        groups = tuple((name, draw_(st.floats(0, 9))) for name in table.occurrence)
        units = max(1.0, sum(counts))
        tables.append(
            TableProfile(
                table=table.name,
                units=units,
                rows=units,
                rows_edges=edges,
                units_by_rows=counts,
                columns=tuple(columns),
                groups_per_unit=groups,
            )
        )
    return Profile(tables=tuple(tables))


def _grid(column: Column) -> tuple[int, int, int]:
    match column.domain:
        case NumberDomain(low=low, high=high):
            width = max(1, -(-(high - low + 1) // 5))
            return low, width, -(-(high - low + 1) // width)
        case DateDomain(low=first, high=last):
            return first.toordinal() - 719_163, max(1, (last - first).days // 4), 5
        case MomentDomain(low=first, high=last):
            return (first.toordinal() - 719_163) * 86_400, 86_400 * max(1, (last - first).days // 4), 6
        case ChoiceDomain(members=members):
            return 0, 1, len(members)
        case BooleanDomain():
            return 0, 1, 2
        case _:
            return 0, 1, 0


@pytest.mark.parametrize("schema", [WEIRD, SMALL, CLINIC, TPCH], ids=["weird", "small", "clinic", "tpch"])
@given(data=st.data(), seed=st.integers(0, 2**32))
def test_whatever_the_noise_every_value_is_inside_its_bounds_and_every_parent_is_there(
    schema: Schema, data: st.DataObject, seed: int
) -> None:
    profile = data.draw(profiles(schema))
    units_max, rows_max = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 60))
    drawn = draw(schema, profile, units_max=units_max, rows_max=rows_max, keys={}, chance=Random(seed))
    again = draw(schema, profile, units_max=units_max, rows_max=rows_max, keys={}, chance=Random(seed))
    assert drawn == again and 1 <= drawn.units <= units_max
    by_name: dict[str, list[dict[str, Cell]]] = {}
    units: dict[str, list[Cell]] = {}
    for table in sorted((t for t in schema.tables if t.private), key=lambda t: _depth(t, schema)):
        rows = [dict(zip([c.name for c in table.columns], row, strict=True)) for row in drawn.tables[table.name]]
        by_name[table.name] = rows
        assert 1 <= len(rows) <= max(1, rows_max)
        for row in rows:
            for column in table.columns:
                assert _allowed(row[column.name], column), (column, row)
        if table.key:
            assert len({tuple(row[name] for name in table.key) for row in rows}) == len(rows)
        units[table.name] = _owners(table, rows, by_name, units)
        assert max(Counter(units[table.name]).values()) <= table.rows_per_unit_max


def _depth(table: Table, schema: Schema) -> int:
    parent = schema.table(table.path.parent) if table.path is not None else None
    return 0 if parent is None else 1 + _depth(parent, schema)


def _owners(
    table: Table, rows: list[dict[str, Cell]], by_name: dict[str, list[dict[str, Cell]]], units: dict[str, list[Cell]]
) -> list[Cell]:
    if not isinstance(table.path, Step):
        assert table.unit_column is not None
        return [row[table.unit_column] for row in rows]
    there = [name for _, name in table.path.on]
    of = {tuple(row[n] for n in there): unit for row, unit in zip(by_name[table.path.parent], units[table.path.parent], strict=True)}
    return [of[tuple(row[here] for here, _ in table.path.on)] for row in rows]


def _allowed(cell: Cell, column: Column) -> bool:
    domain = column.domain
    if cell is None:
        return domain.nullable
    match domain:
        case NumberDomain():
            units = round(float(cell) * 10**domain.scale)
            return domain.low <= units <= domain.high and len(cell.partition(".")[2]) == domain.scale
        case DateDomain() | MomentDomain():
            return domain.low <= type(domain.low).fromisoformat(cell) <= domain.high
        case ChoiceDomain():
            return cell in domain.members and cell != ""  # a file cannot hold an empty member
        case BooleanDomain():
            return cell in ("true", "false")
        case TextDomain():
            return 0 < len(cell) <= domain.length_max
        case KeyDomain():
            return cell.isdigit()


def test_no_unit_is_as_heavy_as_noise_alone_would_have_it() -> None:
    table = SMALL.table("visits")
    people = SMALL.table("people")
    assert table is not None and people is not None
    edges = rows_edges(table.rows_per_unit_max)
    alone = TableProfile(table="people", units=500.0, rows=500.0, rows_edges=(1,), units_by_rows=(500.0,), columns=())
    counts = (400.0, 0.0, 15.0)
    for deviation, heaviest in ((10.0, 1), (0.0, 3)):
        visits = TableProfile(
            table="visits", units=415.0, rows=445.0, rows_edges=edges, units_by_rows=counts, columns=(), units_deviation=deviation
        )
        drawn = draw(SMALL, Profile(tables=(alone, visits)), units_max=400, rows_max=5_000, keys={}, chance=Random(1))
        rows = Counter(row[1] for row in drawn.tables["visits"])
        assert max(rows.values()) == heaviest
