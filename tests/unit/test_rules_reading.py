"""A rules file is read strictly: what is not known, missing or wrong is refused with its path; nothing is guessed."""

from datetime import date
from pathlib import Path

import pytest

from amana.catalog.domains import ChoiceDomain, DateDomain, KeyDomain, NumberDomain
from amana.catalog.rules import OutOfBounds, problems_of, read_rules
from amana.catalog.schema import Path as Step
from amana.terms.refusal import Refusal
from tests.unit.publishing import HEAD, VISITS

ROOT = Path(__file__).parents[2]
GOOD = HEAD + VISITS
SECOND = """
[[table]]
name = "drugs"
private = true
parent = "visits"
parent_key = { visit = "visit" }
rows_per_unit_max = 10
out_of_bounds = "drop"
[table.columns]
visit = { kind = "key", holds = "integer" }
"""
WITH_KEY = GOOD.replace('unit = "person"', 'unit = "person"\nkey = ["visit"]') + 'visit = { kind = "key", holds = "integer" }\n'


@pytest.mark.parametrize("file", sorted([*ROOT.glob("examples/*/*.toml"), *ROOT.glob("tests/rules/*.toml")]), ids=lambda file: file.stem)
def test_every_rules_file_of_the_project_is_right(file: Path) -> None:
    assert [str(problem) for problem in problems_of(file.read_text("utf-8"))] == []


def test_rules_become_values() -> None:
    rules = read_rules(WITH_KEY + SECOND)
    visits, drugs = rules.dataset.schema.tables
    assert rules.dataset.population.cap_nrho == 2_000_000_000
    assert rules.dataset.population.profile_nrho == 100_000_000
    assert rules.dataset.population.cap_delta == 18446744073  # 1e-9 of 2**64, rounded down
    assert (visits.unit_column, visits.rows_per_unit_max, visits.key) == ("person", 100, ("visit",))
    assert visits.columns[1].domain == NumberDomain(scale=1, low=0, high=1000, nullable=True)
    assert drugs.path == Step(parent="visits", on=(("visit", "visit"),))
    assert rules.reading("drugs").out_of_bounds is OutOfBounds.DROP


@pytest.mark.parametrize(
    ("wrong", "code", "path"),
    [
        (GOOD.replace('unit = "person"\n', ""), "rules.no_unit", "table.visits"),
        (GOOD.replace("rows_per_unit_max = 100\n", ""), "rules.missing_field", "table.visits.rows_per_unit_max"),
        (GOOD.replace('out_of_bounds = "clamp"\n', ""), "rules.missing_field", "table.visits.out_of_bounds"),
        (GOOD.replace('"clamp"', '"clip"'), "rules.bad_value", "table.visits.out_of_bounds"),
        (GOOD.replace('source = "Tariff", ', ""), "rules.missing_field", "table.visits.columns.cost.source"),
        (GOOD.replace("low = 0, ", ""), "rules.missing_field", "table.visits.columns.cost.low"),
        (GOOD.replace("nullable", "nulable"), "rules.unknown_field", "table.visits.columns.cost.nulable"),
        (GOOD + 'sex = { kind = "choice", members = [], source = "List" }\n', "rules.bad_value", "table.visits.columns.sex.members"),
        (GOOD.replace("high = 100", "high = 100.05"), "rules.bad_value", "table.visits.columns.cost.high"),
        (GOOD.replace("high = 100", "high = -1"), "rules.bad_value", "table.visits.columns.cost.high"),
        (GOOD.replace("high = 100", "high = nan"), "rules.bad_value", "table.visits.columns.cost.high"),
        (GOOD.replace("high = 100", 'high = "1e40"'), "rules.bad_value", "table.visits.columns.cost.high"),
        (GOOD.replace('grid = "0.1"', 'grid = "0.5"'), "rules.bad_value", "table.visits.columns.cost.grid"),
        (GOOD.replace('cap_rho = "2.0"', "cap_rho = true"), "rules.bad_value", "population.cap_rho"),
        (GOOD.replace('cap_rho = "2.0"', 'cap_rho = "-2"'), "rules.bad_value", "population.cap_rho"),
        (GOOD.replace('cap_rho = "2.0"\n', ""), "rules.missing_field", "population.cap_rho"),
        (GOOD.replace("[population]", "[populations]"), "rules.missing_field", "population"),
        (GOOD.replace("private = true", 'private = "no"'), "rules.bad_value", "table.visits.private"),
        (GOOD.replace("private = true\n", ""), "rules.missing_field", "table.visits.private"),
        (GOOD.replace('unit = "person"', 'unit = "cost"'), "rules.column_kind", "table.visits.columns.cost"),
        (GOOD.replace('unit = "person"', 'unit = "who"'), "rules.unknown_name", "table.visits.unit"),
        (GOOD.replace('unit = "patient"', 'unit = "cost"'), "rules.unit_word_taken", "table.visits.columns.cost"),
        (GOOD + VISITS, "rules.duplicate_name", "table.visits.name"),
        (GOOD + VISITS.replace('"visits"', '"more"').replace('unit = "person"\nrows_per_unit_max = 100', 'unit = "row"'),
         "rules.row_unit_alone", "table.more.unit"),
        (GOOD + SECOND, "rules.unknown_name", "table.drugs.parent_key"),
        (WITH_KEY + SECOND.replace('parent = "visits"', 'parent = "visit"'), "rules.unknown_name", "table.drugs.parent"),
        (WITH_KEY.replace('key = ["visit"]', 'key = ["visit", "person"]') + SECOND, "rules.parent_key", "table.drugs.parent_key"),
        (WITH_KEY.replace('unit = "person"', 'parent = "drugs"\nparent_key = { visit = "visit" }')
         + SECOND.replace("rows_per_unit_max = 10", 'rows_per_unit_max = 10\nkey = ["visit"]'), "rules.path_circle", "table.visits.parent"),
        (GOOD.replace('unit = "person"', 'unit = "person"\noccurrence = ["when"]'), "rules.unknown_name", "table.visits.occurrence"),
        (GOOD.replace('unit = "person"', 'unit = "person"\nkey = ["cost"]'), "rules.column_kind", "table.visits.columns.cost"),
    ],
)  # fmt: skip
def test_a_wrong_field_is_refused_with_its_path(wrong: str, code: str, path: str) -> None:
    assert (code, path) in [(problem.code, problem.parameters.get("path")) for problem in problems_of(wrong)]
    with pytest.raises(Refusal):
        read_rules(wrong)


def test_every_wrong_field_is_listed_at_once_with_its_line() -> None:
    wrong = GOOD.replace('cap_rho = "2.0"', 'cap_rho = "lots"').replace("low = 0", 'low = "none"')
    problems = problems_of(wrong)
    assert [problem.parameters["path"] for problem in problems] == ["population.cap_rho", "table.visits.columns.cost.low"]
    places = [problem.where.line for problem in problems if problem.where is not None]
    assert [wrong.splitlines()[line - 1].split(" ")[0] for line in places] == ["cap_rho", "cost"]


def test_a_file_that_is_not_toml_is_refused_with_its_place() -> None:
    [problem] = problems_of("[dataset]\nname = clinic\n")
    assert problem.code == "rules.not_toml"
    assert problem.where is not None
    assert problem.where.line == 2


@pytest.mark.parametrize(
    "text", ["", "a = " + "[" * 5000, "x = 1", "[[table]]\nname = 3", "table = 5", "[table]\nname = 'x'", "dataset = 1"]
)
def test_any_text_gives_refusals_and_no_other_error(text: str) -> None:
    assert problems_of(text)


def test_bounds_are_exact_and_never_pass_through_floating_point() -> None:
    text = GOOD.replace('grid = "0.1", low = 0, high = 100', 'grid = "0.000001", low = -0.3, high = 123456789012.345679')
    assert read_rules(text).dataset.schema.tables[0].columns[1].domain == NumberDomain(
        scale=6, low=-300000, high=123456789012345679, nullable=True
    )


def test_days_members_and_keys_are_read() -> None:
    more = """
day = { kind = "date", low = 2020-01-01, high = "2020-12-31", source = "Law" }
kind_of = { kind = "choice", members = ["b", "a", "é"], other = "b", source = "Form" }
"""
    columns = {column.name: column.domain for column in read_rules(GOOD + more).dataset.schema.tables[0].columns}
    assert columns["day"] == DateDomain(low=date(2020, 1, 1), high=date(2020, 12, 31))
    assert columns["kind_of"] == ChoiceDomain(members=("a", "b", "é"))
    assert columns["person"] == KeyDomain()
