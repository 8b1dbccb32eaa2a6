"""`amana programme check` and `evaluate`, as whoever has a plan file and a copy of a log types them."""

import hashlib
import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from amana.cli.main import main
from amana.terms.code import Exit
from tests.programme import SOURCE, Carried, carried, plan_text


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Carried]:
    with carried(tmp_path_factory.mktemp("programme") / "node") as made:
        made.adopt()
        made.verify(made.state(25))
        made.measure()
        yield made


@pytest.fixture
def files(tmp_path: Path, world: Carried) -> dict[str, Path]:
    plan, source, log = tmp_path / "plan.toml", tmp_path / "speech.txt", tmp_path / "copy"
    plan.write_text(plan_text(), "utf-8")
    source.write_text(SOURCE, "utf-8")
    shutil.copytree(world.node.service.settings.folder / "log", log)
    return {"plan": plan, "source": source, "log": log}


def run(capsys: pytest.CaptureFixture[str], *words: object) -> tuple[int, str, str]:
    code = main(["--lang", "en", "programme", *map(str, words)])
    shown = capsys.readouterr()
    return code, shown.out, shown.err


def test_a_plan_that_holds_is_told_so_with_its_source_and_its_log(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "check", files["plan"], "--source", files["source"], "--log", files["log"])
    assert code == Exit.FINE and "3 commitments, 3 indicators, 5 spans" in told and "adopted in entry" in told


def test_without_the_source_it_is_no_success(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "check", files["plan"], "--log", files["log"])
    assert code == Exit.RULES and "AMA-926" in told and hashlib.sha256(SOURCE.encode()).hexdigest() in told


@pytest.mark.parametrize(
    ("file", "old", "new", "number"),
    [
        ("source", "forty", "fifty", "AMA-927"),
        ("plan", 'value = "1"', 'value = "2"', "AMA-932"),
        ("plan", "profile", "ask", "AMA-933"),
        ("plan", "from = 0", "from = 1", "AMA-928"),
        ("plan", "version = 1", "version = 2", "AMA-931"),
        ("plan", "direction", "way", "AMA-915"),
    ],
)
def test_whatever_was_changed_is_named(
    files: dict[str, Path], file: str, old: str, new: str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = files[file].read_text("utf-8")
    assert old in text
    files[file].write_text(text.replace(old, new, 1), "utf-8")
    code, _, told = run(capsys, "check", files["plan"], "--source", files["source"], "--log", files["log"])
    assert code == Exit.RULES and number in told, told


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"", "AMA-901"),
        (b"x" * 50_000_000, "AMA-"),
        ("Das ist ein Text, der in keiner der drei Sprachen steht, und er ist lang genug. " * 5, "AMA-"),
        (b"\xff\xfe\x00", "AMA-"),
    ],
)  # fmt: skip
def test_a_source_that_cannot_be_read_is_refused(
    files: dict[str, Path], content: bytes | str, number: str, capsys: pytest.CaptureFixture[str]
) -> None:
    files["source"].write_bytes(content if isinstance(content, bytes) else content.encode())
    code, _, told = run(capsys, "check", files["plan"], "--source", files["source"])
    assert code != Exit.FINE and number in told


def test_every_status_is_computed_from_a_copy(files: dict[str, Path], world: Carried, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, told = run(capsys, "evaluate", "--log", files["log"])
    assert code == Exit.FINE and "Nothing was typed" in told
    assert [line.split()[0] for line in out.splitlines()[2:]] == ["open-data", "people-seen", "training"]
    code, out, _ = run(capsys, "evaluate", "--log", files["log"], "--json")
    found = {each["iati-identifier"].partition("/")[2]: each["status"] for each in json.loads(out)["activities"]}
    assert found == world.statuses()
    code, out, _ = run(capsys, "evaluate", "--log", files["log"], "--csv")
    assert code == Exit.FINE and len(out.splitlines()) == 5 and out.startswith("iati-identifier,status,")
    code, out, _ = run(capsys, "evaluate", "--folder", world.node.service.settings.folder, "--json")
    assert {each["iati-identifier"].partition("/")[2]: each["status"] for each in json.loads(out)["activities"]} == found


def test_a_changed_byte_of_a_copy_gives_no_status_at_all(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    document = next((files["log"] / "document").iterdir())
    document.write_bytes(document.read_bytes() + b" ")
    code, out, told = run(capsys, "evaluate", "--log", files["log"])
    assert (code, out) == (Exit.LOG, "") and "AMA-831" in told


def test_a_day_before_the_evidence_shows_none(files: dict[str, Path], capsys: pytest.CaptureFixture[str]) -> None:
    code, _, told = run(capsys, "evaluate", "--log", files["log"], "--at", "2026-01-01")
    assert code == Exit.USAGE and "AMA-929" in told, "the plan itself was adopted later"
    code, out, _ = run(capsys, "evaluate", files["plan"], "--log", files["log"], "--at", "2026-01-01", "--json")
    assert code == Exit.FINE and {each["status"] for each in json.loads(out)["activities"]} == {"no_evidence"}
    code, _, told = run(capsys, "evaluate", "--log", files["log"], "--at", "soon")
    assert code == Exit.USAGE and "soon" in told
