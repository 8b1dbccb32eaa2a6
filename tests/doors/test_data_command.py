"""`amana data`: paths on stdout, for the next program; licence and citation on stderr, for people, in their language."""

from pathlib import Path

import pytest

from amana.cli import main
from amana.client import data as registry_module
from amana.client import data_fetch
from amana.client.text import LANGUAGES
from amana.terms.code import Exit
from tests.unit.data_origin import data_file, data_set, origin


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder with the only file of the only data set."""
    made = data_set(data_file("a.csv", b"a\n1\n"))
    monkeypatch.setattr(registry_module, "registry", lambda: {"made-up": made})
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mirror").mkdir()
    (tmp_path / "mirror" / "a.csv").write_bytes(b"a\n1\n")
    return tmp_path


def test_the_list_names_every_set_with_its_licence(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["data", "list"]) == Exit.FINE
    shown = capsys.readouterr().out
    assert "heart-disease" in shown and "CC BY-SA 4.0" in shown and "101 766" in shown.replace("\u202f", " ").replace("\u00a0", " ")


def test_one_set_is_told_with_its_oddities(capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["data", "list", "adult"]) == Exit.FINE
    assert "? means missing" in capsys.readouterr().out


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_was_got_is_named_with_licence_and_citation(language: str, made_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--lang", language, "data", "get", "made-up", "--from", "mirror", "--to", language]) == Exit.FINE
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [str(Path(language, "a.csv"))]
    assert "licence" in shown.err and "citation" in shown.err and Path(language, "a.csv").read_bytes() == b"a\n1\n"


def test_the_origin_is_asked_when_no_folder_is_named(
    made_up: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with origin() as place:
        place.bodies["/a.csv"] = b"a\n1\n"
        made = data_set(data_file("a.csv", b"a\n1\n", url=f"{place.address}/a.csv"))
        monkeypatch.setattr(registry_module, "registry", lambda: {"made-up": made})
        monkeypatch.setattr(data_fetch, "open_https", place.open_url)
        assert main.main(["data", "get", "made-up"]) == Exit.FINE
    assert f"Asking {place.address}/a.csv" in capsys.readouterr().err and Path("made-up", "a.csv").is_file()


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["get"], 684),
        (["get", "../../etc"], 940),
        (["list", "nothing"], 940),
        (["get", "made-up"], 944),
        (["get", "made-up", "--from", "nowhere"], 943),
    ],
)
def test_a_refusal_tells_what_to_write(words: list[str], number: int, made_up: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["data", *words]) == Exit.USAGE
    shown = capsys.readouterr()
    assert f"AMA-{number}" in shown.err and shown.out == "" and sorted(path.name for path in made_up.iterdir()) == ["mirror"]
