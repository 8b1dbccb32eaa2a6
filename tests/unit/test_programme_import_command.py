"""`amana programme import`: the draft on stdout or in a file, what a person must know on stderr, no node, no folder."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from amana.cli import main
from amana.client.text import LANGUAGES
from amana.programme.source import BYTES_MAX
from amana.terms.code import Exit
from tests.programme_sources import ours, pdf_of, real


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "en.txt").write_bytes(ours("en"))
    return tmp_path


def test_the_draft_is_on_stdout_and_the_summary_on_stderr(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["programme", "import", "en.txt"]) == Exit.FINE
    shown = capsys.readouterr()
    assert len(tomllib.loads(shown.out)["agreement"]) == 6
    assert (
        "language English" in shown.err
        and "Agreements: 6" in shown.err
        and "Recommendations: 11" in shown.err
        and "Figures: 9" in shown.err
    )
    assert [path.name for path in place.iterdir()] == ["en.txt"], "no folder is made"


def test_a_draft_in_a_file_is_named_on_stdout(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["programme", "import", "en.txt", "-o", "draft.toml"]) == Exit.FINE
    assert capsys.readouterr().out == "draft.toml\n" and len(tomllib.loads(Path("draft.toml").read_text("utf-8"))["figure"]) == 9


def test_a_draft_that_somebody_worked_in_is_not_written_over(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("draft.toml").write_text("work", "utf-8")
    assert main.main(["programme", "import", "en.txt", "-o", "draft.toml"]) == Exit.USAGE
    shown = capsys.readouterr()
    assert "AMA-909" in shown.err and shown.out == "" and Path("draft.toml").read_text("utf-8") == "work"
    assert main.main(["programme", "import", "en.txt", "-o", "no/where.toml"]) == Exit.USAGE and "AMA-909" in capsys.readouterr().err


def test_a_program_reads_json(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["programme", "import", "en.txt", "--json"]) == Exit.FINE
    assert len(json.loads(capsys.readouterr().out)["statement"]) > 20


def test_a_pdf_is_read_alike(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("en.pdf").write_bytes(pdf_of(ours("en").decode()))
    assert main.main(["programme", "import", "en.pdf"]) == Exit.FINE
    read = tomllib.loads(capsys.readouterr().out)
    assert read["source"]["media"] == "pdf" and (len(read["agreement"]), len(read["recommendation"]), len(read["figure"])) == (6, 11, 9)


def test_a_damaged_word_is_shown_with_its_line_and_underlined(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("bad.txt").write_text(ours("en").decode().replace("Ministry of Health", "Minstry of Hеalth"), "utf-8")
    assert main.main(["programme", "import", "bad.txt"]) == Exit.FINE
    lines = capsys.readouterr().err.splitlines()
    at = next(number for number, line in enumerate(lines) if "CYRILLIC SMALL LETTER IE" in line)
    assert "Health" in lines[at] and "line 11, column 33" in lines[at + 1]
    assert lines[at + 2][lines[at + 3].index("^") :].startswith("Hеalth") and lines[at + 3].count("^") == len("Hеalth")
    assert any("Minstry" in line and "Ministry" in line for line in lines)


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_real_text_is_summed_up_in_each_language(language: str, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("real.txt").write_bytes(real())
    assert main.main(["--lang", language, "programme", "import", "real.txt"]) == Exit.FINE
    shown = capsys.readouterr()
    read = tomllib.loads(shown.out)
    assert [len(read[name]) for name in ("agreement", "recommendation", "figure", "finding")] == [8, 12, 9, 4]
    assert "CYRILLIC SMALL LETTER ER" in shown.err and len(re.findall(r"\^+", shown.err)) == 9 and "word." not in shown.err


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (None, 900),
        (b"", 901),
        (b"the " * (50 * 1024 * 1024 // 4), 902),
        (b"\xff\xfe" * 100, 903),
        (pdf_of("", drawn=False), 904),
        (b"%PDF-1.4 nothing", 905),
        (b"lorem ipsum dolor sit amet " * 40, 908),
    ],
    ids=("absent", "empty", "large", "bytes", "scan", "broken", "language"),
)
def test_a_file_that_is_no_source_is_refused(content: bytes | None, number: int, place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if content is not None:
        Path("source").write_bytes(content)
    assert main.main(["programme", "import", "source", "-o", "draft.toml"]) == Exit.USAGE
    shown = capsys.readouterr()
    assert f"AMA-{number}" in shown.err and shown.out == "" and not Path("draft.toml").exists()


def test_a_large_file_is_not_read_to_its_end(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import tracemalloc

    with Path("large").open("wb") as handle:
        handle.truncate(200 * 1024 * 1024)
    tracemalloc.start()
    assert main.main(["programme", "import", "large"]) == Exit.USAGE
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert "AMA-902" in capsys.readouterr().err and most < 3 * BYTES_MAX
