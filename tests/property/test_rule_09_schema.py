"""PRIVACY 9: what is public of a dataset comes from the rules, never from private rows."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from amana.catalog.rules import read_rules
from amana.catalog.written import write_dataset
from amana.engines.connection import attach_store, connect
from tests.unit.publishing import HEAD, VISITS, make

RULES = (
    HEAD
    + VISITS
    + """place = { kind = "choice", members = ["north", "south", "nowhere"], source = "List", nullable = true }
day = { kind = "date", low = 2020-01-01, high = 2020-12-31, source = "Law", nullable = true }
note = { kind = "text", length_max = 5, nullable = true }
"""
)
rows = st.lists(
    st.tuples(
        st.sampled_from(["a", "b", "17"]),
        st.sampled_from(["", "1", "99.9", "1e9", "x"]),
        st.sampled_from(["", "north", "south", "elsewhere"]),
        st.sampled_from(["", "2020-02-03", "1066-10-14"]),
        st.sampled_from(["", "hello", "a longer text"]),
    ),
    min_size=1,
    max_size=8,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all examples."""
    return tmp_path_factory.mktemp("schema")


@settings(max_examples=25)
@given(rows)
def test_private_rows_change_neither_the_schema_nor_the_stored_types(folder: Path, rows: list[tuple[str, ...]]) -> None:
    text = "person,cost,place,day,note\n" + "".join(",".join(row) + "\n" for row in rows)
    made = make(folder, RULES, {"visits.csv": text})
    assert write_dataset(made.prepared.dataset) == write_dataset(read_rules(RULES).dataset)
    connection = connect(folder / "spill", memory_bytes_max=2**28, threads=1)
    attach_store(connection, folder / "version.duckdb", key="A" * 43 + "=", alias="seen")
    types = [(row[0], row[1]) for row in connection.execute("DESCRIBE seen.visits").fetchall()]
    connection.close()
    assert types == [
        ("u", "INTEGER"), ("r", "INTEGER"), ("c_person", "VARCHAR"), ("c_cost", "SMALLINT"), ("c_place", "UTINYINT"), ("c_day", "DATE"),
        ("c_note", "VARCHAR"),
    ]  # fmt: skip


def test_the_code_of_a_member_does_not_depend_on_which_members_occur(folder: Path) -> None:
    for others in ("", "b,1,nowhere,,\n", "b,1,north,,\nb,1,nowhere,,\n"):
        made = make(folder, RULES, {"visits.csv": "person,cost,place,day,note\na,1,south,,\n" + others})
        [south] = [row["c_place"] for row in made.tables["visits"] if row["c_person"] == "a"]
        assert south == 2  # nowhere, north, south
