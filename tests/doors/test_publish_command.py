"""`amana publish` as a custodian meets it: what a check shows, a bar where she watches, true counts for her alone."""

import json
import re
import sys
from pathlib import Path

import pytest

from amana.cli import main
from amana.client.text import LANGUAGES, load
from amana.terms.code import Exit
from tests.parts import logged_entries
from tests.unit.publishing import HEAD, VISITS
from tests.unit.test_publish_refusals import CHILD, TOWNS

RULES = (
    (HEAD + VISITS + TOWNS)
    .replace('["GRU"]', '["DS:MONDO:0005148", "NCU"]')
    .replace("[population]", '[dataset.processing]\nprocessors = []\nrights_contact = "Counter 4"\n[population]')
    .replace(
        'unit = "person"', 'title = { en = "Stays", fr = "Séjours", ar = "إقامات", zgh = "ⵜⵉⵖⵉⵎⵉⵜⵉⵏ" }\nunit = "person"\nkey = ["visit"]'
    )
)
RULES = RULES.replace('\n[[table]]\nname = "towns"', 'visit = { kind = "key", holds = "integer" }\n\n[[table]]\nname = "towns"') + CHILD


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AMANA_LANG", "en")
    Path("rules.toml").write_text(RULES, "utf-8")
    Path("visits.csv").write_text("person,cost,visit\n" + "".join(f"secret-{n},{n},{n}\n" for n in range(200)), "utf-8")
    Path("drugs.csv").write_text("visit\n1\n2\n", "utf-8")
    Path("towns.csv").write_text("town,people\nsecret-town,1\n", "utf-8")
    return ["visits.csv", "drugs.csv", "towns.csv"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_shows_every_public_fact_and_nothing_of_the_rows(
    files: list[str], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["--lang", language, "publish", *files, "--rules", "rules.toml", "--check"]) == Exit.FINE
    out, err = capsys.readouterr()
    say = load(language).say
    facts = (
        "en: Test", "fr: Essai", "ar: تجربة", "zgh: ⴰⵔⵎ", "Tests, 1 Street, tests@example.org", "None needed", "DS:MONDO:0005148", "NCU",
        "2099-12-31", "people (patient)", "visits", "visits.cost", say("holds.nullable", kind=say("holds.number", low="0.0", high="100.0")), say("holds.key"), "Tariff", "towns",
        "Census", "100", say("term.DS"), say("term.NCU"), say("public.caps", rho="2", delta="1e-9", share="0.05", period=say("public.period.life")),
        say("public.controller"), say("public.rows_public"), say("public.processing"), "processors: []", "rights_contact: Counter 4",
    )  # fmt: skip
    assert [fact for fact in facts if fact not in out] == []
    assert {"en": "Stays", "fr": "Séjours", "ar": "إقامات", "zgh": "ⵜⵉⵖⵉⵎⵉⵜⵉⵏ"}[language] in out
    assert "secret" not in out + err
    assert not Path("amana-data").exists()


def test_every_problem_of_the_rules_is_told_once_in_the_order_of_the_file(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    wrong = RULES.replace('cap_rho = "2.0"', 'cap_rho = "lots"').replace('kind = "number", grid = "0.1"', 'kind = "numeric", grid = "0.1"')
    Path("rules.toml").write_text(wrong.replace('"2099-12-31"', '"in ten years"'), "utf-8")
    assert main.main(["publish", *files, "--rules", "rules.toml", "--check"]) == Exit.RULES
    told = re.findall(r"In the rules, (\S+) has the value", capsys.readouterr().err)
    assert told == ["dataset.retention", "population.cap_rho", "table.visits.columns.cost.kind"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_check_says_what_the_promise_means_as_the_budget_does(
    files: list[str], language: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["--lang", language, "publish", *files, "--rules", "rules.toml", "--check"]) == Exit.FINE
    checked = capsys.readouterr().err
    assert main.main(["--lang", language, "publish", *files, "--rules", "rules.toml"]) == Exit.FINE
    capsys.readouterr()
    assert main.main(["--lang", language, "budget", "test"]) == Exit.FINE
    told = capsys.readouterr().err
    promise = re.search(r"ε ≤ [\d.]+ .*= 1e-06", told)
    odds = re.search(r"[\d.]{4,}:[\d.]+", told)
    assert promise and odds and promise[0] in checked and odds[0] in checked


def test_a_check_into_a_folder_finds_that_a_promise_was_changed(files: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["publish", *files, "--rules", "rules.toml"]) == Exit.FINE
    Path("rules.toml").write_text(RULES.replace('cap_rho = "2.0"', 'cap_rho = "3.0"'), "utf-8")
    assert main.main(["publish", *files, "--rules", "rules.toml", "--check"]) == Exit.RULES
    assert "AMA-456" in capsys.readouterr().err


def test_publishing_tells_true_counts_by_table_and_column_and_keeps_none(files: list[str], capfd: pytest.CaptureFixture[str]) -> None:
    assert main.main(["publish", *files, "--rules", "rules.toml"]) == Exit.FINE
    out, err = capfd.readouterr()
    lines = [line.split() for line in out.splitlines()]
    assert ["visits", "200", "200", "200", "1"] in lines
    assert ["visits.cost", "0", "0", "99", "99", "0", "0"] in lines
    assert "visits.cost: 99 rows" in err
    assert "neither stored nor logged" in err
    assert "Its profile took 5.0 % of the lifetime budget" in err
    told = (Path("amana-data/node.log").read_text("utf-8"), json.dumps(logged_entries(Path("amana-data"))))
    assert all("99" not in [word.strip('",:{}[]') for word in text.split()] for text in told)


def test_ctrl_c_says_that_nothing_was_published_and_the_old_version_serves(
    files: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("amana.node.publish.prepare", stopped)
    with pytest.raises(SystemExit) as left:
        main.main(["publish", *files, "--rules", "rules.toml"])
    err = capfd.readouterr().err
    assert left.value.code == 130 and "Nothing was published" in err and "ask again" not in err
    monkeypatch.undo()


def test_a_bar_moves_on_stderr_only_where_a_person_watches(
    files: list[str], capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["publish", *files, "--rules", "rules.toml"]
    assert main.main(words) == Exit.FINE
    assert "100%" not in capfd.readouterr().err
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "120")
    assert main.main(words) == Exit.FINE
    out, err = capfd.readouterr()
    assert "100%" in err
    assert load("en").say("publish.working") in err
    assert "%" not in out
