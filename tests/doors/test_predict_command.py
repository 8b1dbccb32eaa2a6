"""`amana predict` and `amana model`: offline, in every language, whole files or none."""

import subprocess
import sys
from pathlib import Path

import pytest

from amana.cli import main
from amana.client.model_file import open_model, write_model
from amana.client.text import LANGUAGES
from amana.terms.code import Exit
from amana.terms.model import Task
from tests.unit.models import some_model

ROWS = 'id,age,region,smokes,seen,"a b,c"\np-1,20,north,true,2020-01-01,1\np-2,old,south,maybe,,\n'


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    Path("ill.model.json").write_text(write_model(some_model(4, task=Task.CLASSIFICATION)), "utf-8")
    Path("rows.csv").write_text(ROWS, "utf-8")
    return tmp_path


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_get_their_predictions_on_stdout_and_oddities_are_told(
    language: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["--lang", language, "predict", "ill.model.json", "rows.csv"]) == Exit.FINE
    shown = capsys.readouterr()
    first, *rows = shown.out.splitlines()
    assert first.endswith(",prediction") and all(0 <= float(row.rpartition(",")[2]) <= 1 for row in rows)
    for odd in ("old", "south", "maybe"):
        assert f'"{odd}"' in shown.err
    assert "word." not in shown.err


def test_the_file_of_predictions_is_whole_or_not_there(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["predict", "ill.model.json", "rows.csv", "--out", "told.csv"]) == Exit.FINE
    assert Path("told.csv").read_text("utf-8").count("\n") == 3 and capsys.readouterr().out == ""
    Path("rows.csv").write_text(ROWS + "p-3,1\n", "utf-8")
    assert main.main(["predict", "ill.model.json", "rows.csv", "--out", "other.csv"]) == Exit.USAGE
    assert "AMA-956" in capsys.readouterr().err and sorted(path.name for path in folder.iterdir()) == [
        "ill.model.json",
        "rows.csv",
        "told.csv",
    ]
    assert main.main(["predict", "ill.model.json", "rows.csv", "--out", "nowhere/other.csv"]) == Exit.USAGE
    assert "AMA-952" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "number"),
    [
        (["none.json", "rows.csv"], 950),
        (["rows.csv", "rows.csv"], 951),
        (["ill.model.json", "none.csv"], 957),
        (["ill.model.json", "ill.model.json"], 953),
        (["ill.model.json", "rows.csv", "--column", "id"], 955),
    ],
)
def test_a_refusal_names_what_is_needed(words: list[str], number: int, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["predict", *words]) == Exit.USAGE
    assert f"AMA-{number}" in capsys.readouterr().err


def test_the_column_that_is_proposed_is_accepted(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rows.csv").write_text(ROWS.replace("id,", "prediction,"), "utf-8")
    assert main.main(["predict", "ill.model.json", "rows.csv"]) == Exit.USAGE
    assert "--column predicted" in capsys.readouterr().err
    assert main.main(["predict", "ill.model.json", "rows.csv", "--column", "predicted"]) == Exit.FINE


def test_no_numpy_and_no_network_is_needed(folder: Path) -> None:
    """In a process where importing either fails."""
    code = """
import sys
for name in ("numpy", "duckdb", "onnx", "cryptography"):
    sys.modules[name] = None
from amana.cli.main import main
import socket
socket.socket = None
raise SystemExit(main(["predict", "ill.model.json", "many.csv", "-o", "told.csv"]))
"""
    Path("many.csv").write_text(ROWS + "p-2,20,north,true,2020-01-01,1\n" * 1000, "utf-8")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert main.main(["predict", "ill.model.json", "many.csv", "-o", "here.csv"]) == Exit.FINE
    assert Path("told.csv").read_bytes() == Path("here.csv").read_bytes()


def test_whoever_reads_only_the_first_lines_gets_them(folder: Path) -> None:
    Path("many.csv").write_text(ROWS + "p-2,20,north,true,2020-01-01,1\n" * 50_000, "utf-8")
    command = f"set -o pipefail; {sys.executable} -m amana predict ill.model.json many.csv | head -1"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False)
    assert done.returncode == 0 and done.stdout.endswith("prediction\n"), done.stderr


def test_rows_that_are_not_utf8_are_refused_with_their_line(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    Path("rows.csv").write_bytes(ROWS.encode() + "p-3,1,Fès,,,\n".encode("latin-1"))
    assert main.main(["predict", "ill.model.json", "rows.csv", "-o", "told.csv"]) == Exit.USAGE
    assert "AMA-956" in capsys.readouterr().err and not Path("told.csv").exists()


def test_a_full_disk_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def full(number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    assert main.main(["predict", "ill.model.json", "rows.csv", "-o", "told.csv"]) == Exit.USAGE
    assert "the disk is full" in capsys.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["ill.model.json", "rows.csv"]


@pytest.mark.parametrize("form", ["safetensors", "onnx"])
def test_a_model_goes_into_other_forms(form: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    if form == "onnx":
        pytest.importorskip("onnx")
    assert main.main(["model", "export", "ill.model.json", "--form", form]) == Exit.FINE
    assert capsys.readouterr().out == f"ill.model.{form}\n"
    if form == "safetensors":
        assert open_model(Path("ill.model.safetensors")) == open_model(Path("ill.model.json"))
    assert main.main(["model", "export", "ill.model.json", "--form", form]) == Exit.USAGE
    assert "AMA-952" in capsys.readouterr().err


def test_a_model_is_not_written_over_itself(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = Path("ill.model.json").read_bytes()
    assert main.main(["model", "export", "ill.model.json"]) == Exit.USAGE
    assert Path("ill.model.json").read_bytes() == before


def test_without_the_library_of_onnx_the_refusal_tells_what_to_install(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "onnx", None)
    assert main.main(["model", "export", "ill.model.json", "--form", "onnx"]) == Exit.SETTINGS
    assert 'pip install "amana[learn]"' in capsys.readouterr().err and not Path("ill.model.onnx").exists()


def test_a_model_of_a_stranger_moves_no_cursor(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = (
        write_model(some_model(4))
        .replace('"target":"ill"', '"target":"\\u001b[2Jill"')
        .replace('"name":"region"', '"name":"\\u001bregion"')
    )
    Path("odd.json").write_text(text.replace('"learner":"trees"', '"learner":"\\u001btrees"'), "utf-8")
    for words in (["model", "show", "odd.json"], ["predict", "odd.json", "rows.csv"]):
        main.main(words)
        shown = capsys.readouterr()
        assert "\x1b" not in shown.err + shown.out


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_model_is_shown_with_the_columns_it_needs(language: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["--lang", language, "model", "show", "ill.model.json"]) == Exit.FINE
    shown = capsys.readouterr()
    assert "region" in shown.out and "a b,c" in shown.out and "ill" in shown.err
