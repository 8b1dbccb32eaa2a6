"""The pages for researchers, reviewers, deciders and custodians: every command of theirs is one, and the project file is accepted."""

import re
import shlex
import tomllib
from pathlib import Path

import pytest

import amana
from amana.cli.parser import build
from amana.cli.words import read_project
from amana.client.text import load
from amana.web.projects import Written
from tests.docs.snippets import ROOT

HOW_TO = ROOT / "docs" / "how-to"
PAGES = ("apply.md", "decide.md", "sign-in.md")
COMMANDS = [
    (page, line.removeprefix("$ "))
    for page in PAGES
    for block in re.findall(r"^```text\n(.*?)^```$", (HOW_TO / page).read_text("utf-8"), re.MULTILINE | re.DOTALL)
    for line in block.splitlines()
    if line.startswith("$ amana ")
]


@pytest.mark.parametrize(("page", "command"), COMMANDS, ids=[command for _, command in COMMANDS])
def test_a_command_of_a_page_is_one(page: str, command: str) -> None:
    options = build(load("en"), version=amana.__version__).parse_args(shlex.split(command)[1:])
    assert options.command


def test_the_pages_have_commands() -> None:
    assert {page for page, _ in COMMANDS} == set(PAGES)


def test_the_project_file_of_the_page_is_what_the_node_reads(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = re.findall(r"^```toml\n(.*?)^```$", (HOW_TO / "apply.md").read_text("utf-8"), re.MULTILINE | re.DOTALL)
    monkeypatch.chdir(tmp_path)
    assert set(tomllib.loads(block)) == set(Written.model_fields)
    Path("project.toml").write_text(block, "utf-8")
    application = Written.model_validate(read_project("project.toml")).application()
    assert application.datasets == ("visits",) and application.ends_on.year == 2028


@pytest.mark.parametrize("file", sorted(ROOT.glob("examples/*/project.toml")), ids=lambda file: file.parent.name)
def test_a_project_among_the_examples_is_what_the_node_reads(file: Path) -> None:
    application = Written.model_validate(read_project(str(file))).application()
    assert application.datasets and application.purposes and application.title
