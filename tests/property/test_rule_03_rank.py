"""PRIVACY 3: a row's rank depends on the secret key and its own unit's rows only.

D without a unit is republished **from the source** under the same key; every other unit's rows keep their ranks. Order of
rows, threads and other units never matter.
"""

import random
from collections.abc import Iterable, Mapping
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.unit.publishing import HEAD, make

RULES = (
    HEAD
    + """
[[table]]
name = "visits"
private = true
unit = "person"
key = ["visit"]
rows_per_unit_max = 3
out_of_bounds = "drop"
occurrence = ["place"]
[table.columns]
visit = { kind = "key", holds = "integer" }
person = { kind = "key", holds = "text" }
place = { kind = "choice", members = ["n", "s"], source = "List", nullable = true }
[[table]]
name = "drugs"
private = true
parent = "visits"
parent_key = { visit = "visit" }
rows_per_unit_max = 4
out_of_bounds = "clamp"
occurrence = ["dose"]
[table.columns]
visit = { kind = "key", holds = "integer" }
dose = { kind = "number", grid = "1", low = 0, high = 2, source = "List" }
[[table]]
name = "notes"
private = true
unit = "person"
rows_per_unit_max = 4
out_of_bounds = "clamp"
[table.columns]
person = { kind = "key", holds = "text" }
note = { kind = "text", length_max = 5, nullable = true }
"""
)
Rows = Mapping[str, list[tuple[object, ...]]]
Ranked = dict[str, list[tuple[object, ...]]]
people = st.sampled_from(["a", "b", "c", ""])
databases = st.builds(
    lambda visits, drugs, notes: {
        "visits": [(number, person, place) for number, (person, place) in enumerate(visits)],
        "drugs": [(number % (len(visits) + 1), dose) for number, dose in drugs],
        "notes": notes,
    },
    st.lists(st.tuples(people, st.sampled_from(["n", "s", "x"])), max_size=10),
    st.lists(st.tuples(st.integers(0, 30), st.integers(-1, 3)), max_size=16),
    st.lists(st.tuples(people, st.sampled_from(["", "x", "y", "1;1;", "longer"])), max_size=12),
)
SURE: Rows = {"visits": [(900, "sure", "n")], "drugs": [(900, 1)], "notes": [("sure", "x")]}
"""A unit that is always there, so that no table is ever empty."""


def csv(header: str, rows: Iterable[tuple[object, ...]]) -> str:
    """The rows as CSV."""
    return header + "\n" + "".join(",".join(map(str, row)) + "\n" for row in rows)


def ranks(folder: Path, rows: Rows, *, threads: int = 2) -> tuple[dict[str, Ranked], dict[str, str]]:
    """For each unit: its stored rows with rank and occurrence ranks, without its number."""
    whole = {table: [*SURE[table], *rows[table]] for table in SURE}
    headers = {"visits": "visit,person,place", "drugs": "visit,dose", "notes": "person,note"}
    files = {f"{table}.csv": csv(headers[table], whole[table]) for table in whole}
    made = make(folder, RULES, files, threads=threads)
    owner = {str(row["c_visit"]): str(row["c_person"]) for row in made.tables["visits"]}
    found: dict[str, Ranked] = {}
    for table, stored in made.tables.items():
        for row in stored:
            person = str(row["c_person"]) if "c_person" in row else owner[str(row["c_visit"])]
            content = tuple(value for name, value in row.items() if name != "u")
            found.setdefault(person, {}).setdefault(table, []).append(content)
    return {person: {table: sorted(each, key=repr) for table, each in tables.items()} for person, tables in found.items()}, owner


def without(rows: Rows, unit: str) -> Rows:
    """The source with no row of that unit, in any table."""
    visits = [row for row in rows["visits"] if row[1] != unit]
    gone = {row[0] for row in rows["visits"]} - {row[0] for row in visits}
    return {
        "visits": visits,
        "drugs": [row for row in rows["drugs"] if row[0] not in gone],
        "notes": [row for row in rows["notes"] if row[0] != unit],
    }


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples."""
    return tmp_path_factory.mktemp("ranks")


@settings(max_examples=25)
@given(databases, st.sampled_from(["a", "b", "c"]))
def test_taking_a_unit_out_of_the_source_changes_no_rank_of_another(folder: Path, rows: Rows, unit: str) -> None:
    before, _ = ranks(folder, rows)
    after, _ = ranks(folder, without(rows, unit))
    assert after == {person: tables for person, tables in before.items() if person != unit}


@settings(max_examples=15)
@given(databases, st.randoms(use_true_random=False), st.sampled_from([1, 2, 4]))
def test_the_order_of_rows_and_the_number_of_threads_change_nothing(
    folder: Path, rows: Rows, shuffler: random.Random, threads: int
) -> None:
    before, _ = ranks(folder, rows)
    shuffled = {table: shuffler.sample(each, len(each)) for table, each in rows.items()}
    after, _ = ranks(folder, shuffled, threads=threads)
    assert after == before


@settings(max_examples=15)
@given(databases)
def test_ranks_count_from_one_within_each_unit_and_stay_under_the_cap(folder: Path, rows: Rows) -> None:
    found, _ = ranks(folder, rows)
    caps = {"visits": 3, "drugs": 4, "notes": 4}
    for tables in found.values():
        for table, stored in tables.items():
            assert sorted(int(str(row[0])) for row in stored) == list(range(1, len(stored) + 1))
            assert len(stored) <= caps[table]


def test_the_order_is_secret_and_differs_between_tables_and_keys(tmp_path: Path) -> None:
    rules = RULES.replace("rows_per_unit_max = 4", "rows_per_unit_max = 40")
    notes = csv("person,note", [("a", f"n{number}") for number in range(30)])
    files = {"visits.csv": csv("visit,person,place", SURE["visits"]), "drugs.csv": csv("visit,dose", SURE["drugs"]), "notes.csv": notes}
    orders = [
        [row["r"] for row in sorted(make(tmp_path, rules, files, rank_key=key).tables["notes"], key=lambda row: str(row["c_note"]))]
        for key in (b"one", b"one", b"two")
    ]
    assert orders[0] == orders[1] != orders[2]
    assert orders[0] != list(range(1, 31))
