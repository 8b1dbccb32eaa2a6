"""A rules file is read strictly: what is not known, missing or wrong is refused with its path; nothing is guessed."""

from datetime import date
from pathlib import Path

import pytest

from amana.catalog.domains import ChoiceDomain, DateDomain, KeyDomain, NumberDomain
from amana.catalog.purposes import TERMS, TermKind, read_term
from amana.catalog.rules import OutOfBounds, problems_of, read_rules
from amana.catalog.rules_heading import promise_of
from amana.catalog.schema import Path as Step
from amana.catalog.schema import Period, Processing, expired
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
TOWNS = """
[[table]]
name = "towns"
private = false
source = "Census"
key = ["town"]
multiplicity = 1
[table.columns]
town = { kind = "choice" }
people = { kind = "number", grid = "1", low = 0, high = 10, source = "Census, table 2" }
"""
WITH_KEY = GOOD.replace('unit = "person"', 'unit = "person"\nkey = ["visit"]') + 'visit = { kind = "key", holds = "integer" }\n'


OTHERS = {*ROOT.glob("examples/*/project.toml"), *ROOT.glob("examples/*/card.toml"), *ROOT.glob("examples/programme/*.toml")}
"""A project's own file is read by `tests/docs/test_governing_pages.py`, the card of a model by `make demo`, a national plan by
`test_programme_example.py`."""
RULES = sorted({*ROOT.glob("examples/*/*.toml"), *ROOT.glob("tests/rules/*.toml")} - OTHERS)


@pytest.mark.parametrize("file", RULES, ids=lambda file: file.stem)
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
        (GOOD.replace("retention = ", "retain = "), "rules.missing_field", "dataset.retention"),
        (GOOD.replace('"2099-12-31"', '"in ten years"'), "rules.bad_value", "dataset.retention"),
        (GOOD.replace('"2099-12-31"', "2099-12-31T00:00:00"), "rules.bad_value", "dataset.retention"),
        (GOOD.replace('"2099-12-31"', "true"), "rules.bad_value", "dataset.retention"),
        (GOOD.replace('purposes = ["GRU"]\n', ""), "rules.missing_field", "dataset.purposes"),
        (GOOD.replace('["GRU"]', "[]"), "rules.bad_value", "dataset.purposes"),
        (GOOD.replace('["GRU"]', '"GRU"'), "rules.bad_value", "dataset.purposes"),
        (GOOD.replace('["GRU"]', '["GRU", "ANYTHING"]'), "rules.unknown_term", "dataset.purposes"),
        (GOOD.replace('["GRU"]', '["GRU:x"]'), "rules.unknown_term", "dataset.purposes"),
        (GOOD.replace('["GRU"]', '["DS"]'), "rules.term_disease", "dataset.purposes"),
        (GOOD.replace('["GRU"]', '["DS:diabetes"]'), "rules.term_disease", "dataset.purposes"),
        (GOOD.replace('["GRU"]', '["NCU", "IRB"]'), "rules.no_permission", "dataset.purposes"),
        (GOOD.replace("controller = ", "controler = "), "rules.missing_field", "dataset.controller"),
        (GOOD.replace(', zgh = "ⴰⵔⵎ"', ""), "rules.missing_field", "dataset.title.zgh"),
        (GOOD.replace('fr = "Essai"', 'fr = " "'), "rules.bad_value", "dataset.title.fr"),
        (GOOD.replace('unit = "person"', 'title.en = "Visits"\nunit = "person"'), "rules.missing_field", "table.visits.title.ar"),
        (GOOD.replace('unit = "person"', 'file = "a.csv"\nrelation = "b"\nunit = "person"'), "rules.file_and_relation", "table.visits.relation"),
        (GOOD.replace("[[table]]", 'period = "week"\n[[table]]'), "rules.bad_value", "population.period"),
        (GOOD.replace("[[table]]", "period = 12\n[[table]]"), "rules.bad_value", "population.period"),
        (GOOD + 'day = { kind = "date", low = 2020-01-01, high = 2020-12-31 }\n', "rules.missing_field", "table.visits.columns.day.source"),
        (GOOD + 'at = { kind = "moment", low = 2020-01-01T00:00:00, high = 2020-12-31T00:00:00 }\n', "rules.missing_field",
         "table.visits.columns.at.source"),
        (GOOD + 'sex = { kind = "choice", members = ["a"] }\n', "rules.missing_field", "table.visits.columns.sex.source"),
        (GOOD + TOWNS.replace('source = "Census"\n', ""), "rules.missing_field", "table.towns.source"),
        (GOOD + TOWNS.replace("multiplicity = 1\n", ""), "rules.missing_field", "table.towns.multiplicity"),
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


@pytest.mark.parametrize(
    ("wrong", "found"),
    [
        (GOOD.replace("private = true\n", ""), [("rules.missing_field", "table.visits.private")]),
        (GOOD.replace("private = true", 'private = "yes"'), [("rules.bad_value", "table.visits.private")]),
        (GOOD + TOWNS.replace("private = false\n", ""), [("rules.missing_field", "table.towns.private")]),
        (GOOD.replace('kind = "number"', 'kind = "numeric"'), [("rules.bad_value", "table.visits.columns.cost.kind")]),
        (GOOD.replace('kind = "number", ', ""), [("rules.missing_field", "table.visits.columns.cost.kind")]),
        (GOOD.replace("nullable = true", "nullable = 3"), [("rules.bad_value", "table.visits.columns.cost.nullable")]),
        (
            GOOD.replace('kind = "number"', 'knid = "number"'),
            [("rules.missing_field", "table.visits.columns.cost.kind"), ("rules.unknown_field", "table.visits.columns.cost.knid")],
        ),
    ],
)
def test_the_cause_alone_is_told_where_other_fields_hang_on_the_wrong_one(wrong: str, found: list[tuple[str, str]]) -> None:
    assert wrong not in {GOOD, GOOD + TOWNS}
    assert [(problem.code, problem.parameters["path"]) for problem in problems_of(wrong)] == found


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


def test_what_a_dataset_may_be_used_for_until_when_and_who_answers_is_kept() -> None:
    dataset = read_rules(GOOD.replace('["GRU"]', '["DS:MONDO:0005148", "NCU", "dpv:PublicBenefit"]')).dataset
    assert dataset.purposes == ("DS:MONDO:0005148", "NCU", "dpv:PublicBenefit")
    assert dataset.controller == "Tests, 1 Street, tests@example.org"
    assert dict(dataset.title) == {"en": "Test", "fr": "Essai", "ar": "تجربة", "zgh": "ⴰⵔⵎ"}
    assert not expired(dataset, date(2099, 12, 31))
    assert expired(dataset, date(2100, 1, 1))


def test_what_the_record_of_processing_needs_is_optional_and_an_empty_list_is_not_silence() -> None:
    assert read_rules(GOOD).dataset.processing == Processing()
    part = 'sensitive = ["health"]\nprocessors = []\nrights_contact = "Counter 4"\n'
    read = read_rules(GOOD.replace("[population]", f"[dataset.processing]\n{part}[population]")).dataset.processing
    assert read == Processing(sensitive=("health",), processors=(), rights_contact="Counter 4")


@pytest.mark.parametrize(
    ("written", "code", "field"),
    [
        ('sensitive = ["healthy"]', "rules.bad_value", "sensitive"),
        ("sensitive = true", "rules.bad_value", "sensitive"),
        ('processors = "Computing Centre"', "rules.bad_value", "processors"),
        ('processors = [" "]', "rules.bad_value", "processors"),
        ('representative = ""', "rules.bad_value", "representative"),
        ('dpo = "Office"', "rules.unknown_field", "dpo"),
    ],
)
def test_a_wrong_field_of_the_record_of_processing_is_refused_by_name(written: str, code: str, field: str) -> None:
    wrong = GOOD.replace("[population]", f"[dataset.processing]\n{written}\n[population]")
    assert [(each.code, each.parameters["path"]) for each in problems_of(wrong)] == [(code, f"dataset.processing.{field}")]


@pytest.mark.parametrize(
    ("written", "period"),
    [("", None), ('period = "life"\n', None), *((f'period = "{each.value}"\n', each) for each in Period)],
)
def test_a_promise_is_for_life_unless_the_rules_name_a_period(written: str, period: Period | None) -> None:
    population = read_rules(GOOD.replace("[[table]]", f"{written}[[table]]", 1)).dataset.population
    assert population.period is period
    assert promise_of(population)["period"] == ("life" if period is None else period.value)


def test_a_public_table_keeps_its_source_which_stands_for_its_columns_where_they_name_no_other() -> None:
    towns = read_rules(GOOD + TOWNS).dataset.schema.tables[1]
    assert towns.source == "Census"
    assert [column.source for column in towns.columns] == ["Census", "Census, table 2"]


def test_every_term_is_known_by_its_own_code_and_leads_up_to_known_terms() -> None:
    def above(code: str) -> set[str]:
        return {code}.union(*(above(each) for each in TERMS[code].broader))

    for code, term in TERMS.items():
        use = read_term({"DS": "DS:MONDO:0005148", "TS": "TS:12"}.get(code, code))
        assert use is not None and use.code == code
        assert above(code) <= set(TERMS)
        if term.kind is TermKind.PERMISSION:
            assert "NRES" in above(code)
    assert above("DS") == {"DS", "HMB", "GRU", "NRES"}
    assert above("NPUNCU") == {"NPUNCU", "NPU", "NCU"}


@pytest.mark.parametrize(
    "text", ["", "gru", "GRU ", "GRU:", "DS", "DS:", "DS:MONDO", "DS:MONDO:", "DS::1", "DS:a:b:c", "dpv:", "dpv:Marketing", "NCU:x"]
)
def test_any_other_text_is_no_term(text: str) -> None:
    assert read_term(text) is None


def test_a_term_is_written_as_it_was_read() -> None:
    assert str(read_term("DS:MONDO:0005148")) == "DS:MONDO:0005148"
    assert str(read_term("dpv:PublicBenefit")) == "dpv:PublicBenefit"
