"""Bad input is refused with its own code before anything is served, and no value of a row is in the refusal."""

import re
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from amana.catalog.profile import Profile
from amana.catalog.schema import Version
from amana.client.text import load
from amana.node.publish import Stage, check, publish
from amana.node.settings import read_settings
from amana.node.store import Store
from amana.terms.refusal import Refusal
from tests.parts import store_at
from tests.unit.publishing import HEAD, VISITS

NOW = datetime(2026, 1, 2, tzinfo=UTC)
GOOD = HEAD + VISITS
KEYED = GOOD.replace('unit = "person"', 'unit = "person"\nkey = ["visit"]') + 'visit = { kind = "key", holds = "integer" }\n'
CHILD = """
[[table]]
name = "drugs"
private = true
parent = "visits"
parent_key = { visit = "visit" }
rows_per_unit_max = 3
out_of_bounds = "clamp"
[table.columns]
visit = { kind = "key", holds = "integer" }
"""
TOWNS = """
[[table]]
name = "towns"
private = false
source = "Census"
key = ["town"]
multiplicity = 1
[table.columns]
town = { kind = "choice" }
people = { kind = "number", grid = "1", low = 0, high = 10 }
"""
REFUSING = GOOD.replace('"clamp"', '"refuse"').replace(", nullable = true", "")


def no_profile(version: Version) -> Profile:
    return Profile(tables=())


def attempt(folder: Path, rules: str, files: dict[str, bytes | str]) -> Store:
    """Publish into a node that already serves a version, which must serve on if this fails."""
    store = store_at(folder / "node")
    paths: list[Path] = []
    for name, content in files.items():
        path = folder / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        paths.append(path)
    publish(paths, rules, store=store, settings=read_settings(folder, {}), profile=no_profile, now=NOW)
    return store


@pytest.mark.parametrize(
    ("rules", "files", "code"),
    [
        (GOOD, {"visits.csv": b"person,cost\na,1\nb\xff,2\n"}, "files.not_utf8"),
        (GOOD, {"visits.csv": b""}, "files.empty"),
        (GOOD, {"visits.csv": "person,cost\n"}, "files.empty"),
        (GOOD, {"visits.csv": "person,price\na,1\n"}, "files.column_missing"),
        (GOOD, {"visits.csv": 'person,cost\na,1\nb,"2\nc,3\n'}, "files.csv_line"),
        (GOOD, {"visits.csv": "person,cost\na,1\nb,2,3,4\n"}, "files.csv_line"),
        (GOOD, {"visits.parquet": b"PAR1 is how one starts"}, "files.unreadable"),
        (GOOD, {"journeys.csv": "person,cost\na,1\n"}, "files.for_no_table"),
        (KEYED + CHILD, {"visits.csv": "person,cost,visit\na,1,1\n"}, "files.table_without_file"),
        (KEYED, {"visits.csv": "person,cost,visit\na,1,1\nb,2,1\n"}, "publish.key_repeated"),
        (KEYED + CHILD, {"visits.csv": "person,cost,visit\na,1,1\nb,2,1\n", "drugs.csv": "visit\n1\n"}, "publish.key_repeated"),
        (KEYED + CHILD, {"visits.csv": "person,cost,visit\na,1,1\n", "drugs.csv": "visit\n2\n"}, "publish.no_rows_left"),
        (GOOD, {"visits.csv": "person,cost\n,1\n"}, "publish.no_rows_left"),
        (REFUSING, {"visits.csv": "person,cost\na,1\nb,100.1\n"}, "publish.value_outside"),
        (REFUSING, {"visits.csv": "person,cost\na,1\nb,\n"}, "publish.value_missing"),
        (REFUSING, {"visits.csv": "person,cost\na,1\nb,secret\n"}, "publish.value_wrong"),
        (REFUSING, {"visits.csv": "person,cost\n,1\n"}, "publish.value_missing"),
        (GOOD + TOWNS, {"visits.csv": "person,cost\na,1\n", "towns.csv": "town,people\nA,1\nA,2\n"}, "publish.multiplicity"),
        (GOOD + TOWNS, {"visits.csv": "person,cost\na,1\n", "towns.csv": "town,people\nA,11\n"}, "publish.value_outside"),
        (GOOD + TOWNS, {"visits.csv": "person,cost\na,1\n", "towns.csv": "town,people\n,1\n"}, "publish.value_missing"),
        (GOOD.replace('unit = "person"\n', ""), {"visits.csv": "person,cost\na,1\n"}, "rules.no_unit"),
        (GOOD.replace('name = "people"', 'name = "others"'), {"visits.csv": "person,cost\na,1\n"}, "publish.population_changed"),
        (GOOD.replace('"2.0"', '"3.0"'), {"visits.csv": "person,cost\na,1\n"}, "publish.population_changed"),
        (GOOD.replace("[[table]]", 'period = "year"\n[[table]]'), {"visits.csv": "person,cost\na,1\n"}, "publish.population_changed"),
        (GOOD.replace("2099-12-31", "2026-01-01"), {"visits.csv": "person,cost\na,1\n"}, "publish.retention_over"),
        (GOOD.replace('name = "test"', 'name = "other"'), {"visits.csv": "person,cost\na,1\n"}, "publish.table_name_taken"),
    ],
)
def test_bad_input_is_refused_and_the_old_version_serves_on(tmp_path: Path, rules: str, files: dict[str, bytes | str], code: str) -> None:
    store = attempt(tmp_path, GOOD, {"visits.csv": "person,cost\nold,1\n"})
    before, kept = store.current(), sorted((tmp_path / "node" / "versions").iterdir())
    with pytest.raises(Refusal) as refused:
        attempt(tmp_path, rules, files)
    assert refused.value.code == code, refused.value
    assert store.current() == before
    assert sorted((tmp_path / "node" / "versions").iterdir()) == kept
    shown = load("en").say(code, **refused.value.parameters)
    assert "secret" not in shown
    assert "{" not in shown


@pytest.mark.parametrize(
    ("line", "first", "then"),
    [
        ("cap_rho", "0.3333", "3"),
        ("cap_rho", "1000", "999.999999999"),
        ("cap_delta", "2.5e-7", "1e-9"),
        ("cap_delta", "1.23456789e-8", "1e-9"),
        ("profile_share", "0.0333", "0.25"),
        ("profile_share", "0.0500000012", "0.05"),
        ("unit", "human", "patient"),
        ("period", "year", "life"),
    ],
)
def test_the_earlier_promise_is_quoted_so_that_it_can_be_written_again(tmp_path: Path, line: str, first: str, then: str) -> None:
    def rules(value: str) -> str:
        written = GOOD.replace("[[table]]", 'period = "life"\n[[table]]')
        return re.sub(f'(?m)^{line} = "(?!person).*"$', f'{line} = "{value}"', written)

    files: dict[str, bytes | str] = {"visits.csv": "person,cost\na,1\n"}
    store = attempt(tmp_path, rules(first), files)
    with pytest.raises(Refusal) as refused:
        attempt(tmp_path, rules(then), files)
    said = refused.value.parameters
    assert (refused.value.code, said["field"]) == ("publish.population_changed", line)
    attempt(tmp_path, rules(str(said["was"])), files)
    assert {each.version.dataset.population.name for each in store.current()} == {"people"}


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"files\.missing"):
        check([tmp_path / "visits.csv"], GOOD, today=NOW.date())


def test_a_line_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        attempt(tmp_path, GOOD, {"visits.csv": b"person,cost\na,1\nb\xff,2\n"})
    assert refused.value.parameters == {"file": "visits.csv", "line": 3}


@pytest.mark.parametrize("share", [0.2, 0.5, 0.98])
def test_a_parquet_file_that_was_cut_off_is_refused(tmp_path: Path, share: float) -> None:
    path = tmp_path / "visits.parquet"
    duckdb.execute(f"COPY (SELECT 'p' || range AS person, range % 90 AS cost FROM range(5000)) TO '{path}'")
    whole = path.read_bytes()
    with pytest.raises(Refusal) as refused:
        attempt(tmp_path, GOOD, {"visits.parquet": whole[: int(len(whole) * share)]})
    assert refused.value.code == "files.unreadable"


def test_a_parquet_file_with_damage_inside_is_refused_or_read(tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    duckdb.execute(f"COPY (SELECT 'p' || range AS person, range % 90 AS cost FROM range(5000)) TO '{path}'")
    whole = bytearray(path.read_bytes())
    whole[200:1200] = bytes(1000)
    with pytest.raises(Refusal) as refused:
        attempt(tmp_path, GOOD, {"visits.parquet": bytes(whole)})
    assert refused.value.code == "files.unreadable"


def test_a_column_of_an_unusable_type_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    duckdb.execute(f"COPY (SELECT 'a' AS person, [1, 2] AS cost) TO '{path}'")
    with pytest.raises(Refusal, match=r"files\.column_kind"):
        check([path], GOOD, today=NOW.date())


def test_a_check_reads_no_row_and_makes_no_file(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_bytes(b"person,cost\na,1\nb\xff,2\n")
    rules = check([tmp_path / "visits.csv"], GOOD, today=NOW.date())
    assert rules.dataset.name == "test"
    assert [path.name for path in tmp_path.iterdir()] == ["visits.csv"]


def test_a_profile_that_fails_publishes_nothing(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("person,cost\na,1\n")
    store = store_at(tmp_path / "node")

    def exhausted(version: Version) -> Profile:
        assert store.version_file(version.id).exists()
        raise Refusal("budget.population_exhausted")

    with pytest.raises(Refusal, match="exhausted"):
        publish([tmp_path / "visits.csv"], GOOD, store=store, settings=read_settings(tmp_path, {}), profile=exhausted, now=NOW)
    assert store.current() == ()
    assert list((tmp_path / "node" / "versions").iterdir()) == []


def test_two_publishings_at_once_are_refused(tmp_path: Path) -> None:
    store = store_at(tmp_path / "node")
    with store.publishing(), pytest.raises(Refusal, match=r"publish\.already_running"):
        attempt(tmp_path, GOOD, {"visits.csv": "person,cost\na,1\n"})


@pytest.fixture(scope="module")
def million() -> list[str]:
    """The lines of a CSV file of a million rows."""
    return ["person,cost", *(f"p{row},{row % 90}" for row in range(1, 1_000_001))]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("line", "code", "place"),
    [
        ("p1000000,a secret", "publish.value_wrong", ("row", 1_000_000)),
        ("p1000000,100.1", "publish.value_outside", ("row", 1_000_000)),
        ("p1000000,", "publish.value_missing", ("row", 1_000_000)),
        ("p1000000,1,a secret", "files.csv_line", ("line", 1_000_001)),
        ('p1000000,"a secret', "files.csv_line", ("line", 1_000_001)),
    ],
)
def test_a_wrong_value_in_row_a_million_is_refused_with_its_place(
    tmp_path: Path, million: list[str], line: str, code: str, place: tuple[str, int]
) -> None:
    store = attempt(tmp_path, GOOD, {"visits.csv": "person,cost\nold,1\n"})
    before, kept = store.current(), sorted((tmp_path / "node" / "versions").iterdir())
    with pytest.raises(Refusal) as refused:
        attempt(tmp_path, REFUSING, {"visits.csv": "\n".join([*million[:-1], line, ""])})
    said = refused.value.parameters
    assert (refused.value.code, said["file"], said[place[0]]) == (code, "visits.csv", place[1])
    assert said.get("column", "cost") == "cost"
    assert "secret" not in load("en").say(code, **said)
    assert store.current() == before
    assert sorted((tmp_path / "node" / "versions").iterdir()) == kept
    assert list((tmp_path / "node" / "spill").iterdir()) == []


@pytest.mark.slow
def test_a_wrong_value_in_row_a_million_is_left_out_and_counted_where_the_rules_say_so(tmp_path: Path, million: list[str]) -> None:
    (tmp_path / "visits.csv").write_text("\n".join([*million[:-1], "p1000000,a secret", ""]))
    done = publish(
        [tmp_path / "visits.csv"],
        GOOD.replace(", nullable = true", ""),
        store=store_at(tmp_path / "node"),
        settings=read_settings(tmp_path, {}),
        profile=no_profile,
        now=NOW,
    )
    assert (done.reports[0].rows_read, done.reports[0].rows_kept) == (1_000_000, 999_999)
    assert done.reports[0].columns[1].wrong == 1


def test_data_that_may_no_longer_be_kept_are_refused_by_the_check_too(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("person,cost\na,1\n")
    last = GOOD.replace("2099-12-31", "2026-01-02")
    assert check([tmp_path / "visits.csv"], last, today=date(2026, 1, 2))
    with pytest.raises(Refusal, match=r"publish\.retention_over"):
        check([tmp_path / "visits.csv"], last, today=date(2026, 1, 3))


def test_the_first_wrong_row_is_named_by_its_place_in_the_file(tmp_path: Path) -> None:
    with pytest.raises(Refusal) as refused:
        attempt(tmp_path, REFUSING, {"visits.csv": "person,cost\na,1\nb,2\nc,none\nd,3\ne,none\n"})
    said = refused.value.parameters
    assert (refused.value.code, said["row"], said["rows"], said["column"], said["file"]) == (
        "publish.value_wrong",
        3,
        2,
        "cost",
        "visits.csv",
    )


def test_every_stage_is_told_in_order_and_counted(tmp_path: Path) -> None:
    (tmp_path / "visits.csv").write_text("person,cost,visit\na,1,1\n")
    (tmp_path / "drugs.csv").write_text("visit\n1\n")
    (tmp_path / "towns.csv").write_text("town,people\nA,1\n")
    told: list[Stage] = []
    publish(
        [tmp_path / name for name in ("visits.csv", "drugs.csv", "towns.csv")],
        KEYED + TOWNS + CHILD,
        store=store_at(tmp_path / "node"),
        settings=read_settings(tmp_path, {}),
        profile=no_profile,
        now=NOW,
        progress=told.append,
    )
    begun = [stage for stage in told if stage.share is None]
    assert [(stage.step.value, stage.table) for stage in begun] == [
        ("read", "visits"), ("read", "towns"), ("read", "drugs"), ("units", ""),
        ("write", "visits"), ("write", "drugs"), ("write", "towns"), ("profile", ""), ("switch", ""),
    ]  # fmt: skip
    assert [(stage.number, stage.count) for stage in begun] == [(number, 9) for number in range(1, 10)]


@pytest.mark.slow
def test_a_long_stage_tells_what_share_of_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "visits.parquet"
    duckdb.execute(f"COPY (SELECT 'p' || range AS person, range % 90 AS cost FROM range(1500000)) TO '{path}'")
    told: list[Stage] = []
    settings = read_settings(tmp_path, {})
    publish([path], GOOD, store=store_at(tmp_path / "node"), settings=settings, profile=no_profile, now=NOW, progress=told.append)
    shares = [stage.share for stage in told if stage.share is not None]
    assert shares
    assert all(0 <= share <= 1 for share in shares)
