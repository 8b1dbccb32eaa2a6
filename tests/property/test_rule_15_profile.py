"""PRIVACY 15: the profile is noisy and charged for each version; a check draws nothing and shows nothing of rows; true counts of
publishing are for the custodian alone."""

import re
from fractions import Fraction
from pathlib import Path

import pytest

from amana.cli import main
from amana.node.ask import open_node
from amana.node.profile import releases_count
from amana.node.wiring import publish
from amana.privacy import noise
from amana.privacy.loss import NANO
from amana.terms.code import Exit
from amana.terms.refusal import Refusal
from tests.parts import logged_entries
from tests.property.test_rule_10_digests import ROWS, RULES, VALUES, csv, published

OTHERS = [(f"q{i % 90}", str(90_000 - i), "eye", "cold") for i in range(1234)]
"""Rows that share nothing with ROWS, and many more of them."""


def entries(folder: Path) -> list[dict[str, object]]:
    """Of the log: everything."""
    return logged_entries(folder)


def uses(folder: Path) -> list[dict[str, object]]:
    """Of the log: the uses."""
    return [entry for entry in entries(folder) if entry["kind"] == "use"]


def spent(folder: Path) -> int:
    node = open_node(folder)
    try:
        return node.budget("clinic").spent_nrho
    finally:
        node.close()


def test_each_version_pays_for_a_profile_of_its_own_from_the_budget_of_its_people(tmp_path: Path) -> None:
    folder, paid = tmp_path / "data", []
    for _ in range(2):
        node = published(folder, ROWS)
        schema = node._wired.opened()[0].version.dataset.schema
        node.close()
        paid.append(spent(folder))
    share = Fraction("0.05") * 2 * NANO
    assert 0 < paid[0] <= share and paid[0] < paid[1] <= 2 * share, "the second version pays again"
    logged = uses(folder)
    assert {entry["verb"] for entry in logged} == {"profile"} and len(logged) == 2 * releases_count(schema)
    assert sum(int(str(entry["cost_nrho"])) for entry in logged) == paid[1]
    versions = [entry["version"] for entry in logged]
    assert len(set(versions)) == 2 and versions == sorted(versions, key=versions.index)


def test_no_version_serves_whose_profile_could_not_be_paid(tmp_path: Path) -> None:
    rules = RULES.replace('profile_share = "0.05"', 'profile_share = "0.4"')
    (tmp_path / "visits.csv").write_text(csv(ROWS), "utf-8")
    served = [publish(tmp_path / "data", [tmp_path / "visits.csv"], rules).published.version.id for _ in range(2)]
    with pytest.raises(Refusal, match="population_exhausted"):
        publish(tmp_path / "data", [tmp_path / "visits.csv"], rules)
    node = open_node(tmp_path / "data")
    assert [opened.version.id for opened in node._wired.opened()] == served[1:]
    assert node.budget("clinic").spent_nrho <= 2 * NANO
    node.close()
    assert [path.stem for path in (tmp_path / "data" / "versions").iterdir()] == served[1:]


def test_every_figure_of_the_profile_has_noise_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With noise that ignores the data, the profiles of two databases are the same: so nothing un-noised stands in a profile."""
    profiles = []
    for place, rows in (("one", ROWS), ("two", ROWS)):
        node = published(tmp_path / place, rows)
        profiles.append(node.profile("clinic"))
        node.close()
    assert profiles[0] != profiles[1], "the noise is drawn anew for the same rows"
    monkeypatch.setattr(noise, "add_noise", lambda exact, *, kind, scale: [100 + place for place, _ in enumerate(exact)])
    blind = []
    for place, rows in (("three", ROWS), ("four", OTHERS)):
        node = published(tmp_path / place, rows)
        blind.append(node.profile("clinic"))
        node.close()
    assert blind[0] == blind[1]


def test_what_publishing_logs_is_the_same_for_any_rows(tmp_path: Path) -> None:
    """Rows that are left out, clamped or wrong are counted for the custodian's eyes only."""
    broken = [*OTHERS, *[("", "5", "eye", "x")] * 321, *[("q1", "987654.32", "eye", "x")] * 17, *[("q2", "no number", "eye", "x")] * 29]
    logs, told, own = [], [], []
    for place, rows in (("one", ROWS), ("two", broken)):
        (tmp_path / "visits.csv").write_text(csv(rows), "utf-8")
        done = publish(tmp_path / place, [tmp_path / "visits.csv"], RULES)
        told.append(done.reports)
        logs.append(
            [
                {name: value for name, value in entry.items() if name not in ("version", "hour", "sealed", "vkey")}
                for entry in entries(tmp_path / place)
            ]
        )
        own.append((tmp_path / place / "node.log").read_text("utf-8"))
        held = b"".join(path.read_bytes() for path in (tmp_path / place).glob("node.sqlite*"))
        for count in ("321", "1601"):
            assert not re.search(rb"(?<![0-9a-f.])%s(?![0-9a-f.])" % count.encode(), held), count
    assert told[0] != told[1] and told[1][0].rows_read == 1601 and any(count.rows == 321 for count in told[1][0].counts)
    assert logs[0] == logs[1] and own[0] == own[1] == ""


@pytest.mark.parametrize("rows", [ROWS, OTHERS, [("", "not a number", "elsewhere", "x" * 500)], [*ROWS, ("p1", "1e99", "moon", "")]])
def test_a_check_shows_the_same_whatever_the_rows_are(
    rows: list[tuple[str, ...]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def drawn(*_: object, **__: object) -> None:
        raise AssertionError("a check draws no noise")

    monkeypatch.setattr(noise, "add_noise", drawn)
    monkeypatch.setenv("AMANA_LANG", "en")
    (tmp_path / "rules.toml").write_text(RULES, "utf-8")
    shown = []
    for text in (csv(rows), csv(ROWS[:2])):
        (tmp_path / "visits.csv").write_text(text, "utf-8")
        words = [
            "publish",
            str(tmp_path / "visits.csv"),
            "--rules",
            str(tmp_path / "rules.toml"),
            "--folder",
            str(tmp_path / "data"),
            "--check",
        ]
        assert main.main(words) == Exit.FINE
        shown.append(capsys.readouterr())
    assert shown[0] == shown[1] and "person" in shown[0].out
    assert not any(value in shown[0].out + shown[0].err for value in (*VALUES, "moon", "elsewhere"))
    assert not (tmp_path / "data").exists(), "nothing was published"
