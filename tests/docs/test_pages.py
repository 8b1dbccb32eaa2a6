"""Every page does what it says: its commands and its Python run, in order, in an empty folder."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from amana.terms.code import Exit
from tests.docs.snippets import ROOT, Snippet, pages, snippets

LINK = re.compile(r"\]\((?!https?:)([^)#\s]+)")
REFUSED = {Exit.QUESTION, Exit.BUDGET, Exit.RULES, Exit.PERMISSION, Exit.SETTINGS}


@pytest.mark.slow
@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_does_what_it_says(page: Path, tmp_path: Path, demo_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copytree(demo_folder, tmp_path / "demo-data")  # a page may spend what it likes
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    known: dict[str, object] = {}
    for snippet in snippets(page):
        match snippet.kind:
            case "python":
                exec(compile(snippet.text, f"{page.name}:{snippet.line}", "exec"), known)
            case "toml" | "json" | "csv" | "text":
                Path(snippet.how["file"]).write_text(snippet.text, encoding="utf-8")
            case "sh":
                with serving(tmp_path / "demo-data") as address:
                    for link in Path("demo-data", "links").iterdir():  # a link is shown to its own node only
                        link.write_text(link.read_text("utf-8").replace(snippet.how["server"], address), "utf-8")
                    monkeypatch.setenv("AMANA_PUBLIC_URL", address)
                    in_shell(snippet.text.replace(snippet.how["server"], address), snippet, page)
                    monkeypatch.delenv("AMANA_PUBLIC_URL")
            case _:
                for command in snippet.commands():
                    run(command, snippet, page)


def run(command: str, snippet: Snippet, page: Path) -> None:
    words = shlex.split(command)
    assert words[0] == "amana", command
    folder = ["--folder", snippet.how["folder"]] if "folder" in snippet.how else []
    done = subprocess.run([sys.executable, "-m", *words, *folder], capture_output=True, text=True, check=False)
    expected = REFUSED if "refused" in snippet.how else {Exit.FINE}
    assert done.returncode in expected, f"{page.name}:{snippet.line} $ {command}\n{done.stdout}\n{done.stderr}"


@contextmanager
def serving(folder: Path) -> Iterator[str]:
    """The address of a node that serves the folder, as `make demo` does."""
    command = [sys.executable, "-m", "amana", "serve", "--folder", str(folder), "--port", "0"]
    server = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert server.stderr is not None
        found = re.search(r"http://[0-9.]+:\d+", server.stderr.readline())
        assert found, "the server did not say where it listens"
        yield found[0]
    finally:
        server.terminate()
        server.wait(30)


def in_shell(text: str, snippet: Snippet, page: Path) -> None:
    """The whole block as a person would paste it, ended by its first failure."""
    place = {**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-euo", "pipefail", "-c", text], capture_output=True, text=True, check=False, env=place)
    assert done.returncode == 0, f"{page.name}:{snippet.line}\n{done.stdout}\n{done.stderr}"


@pytest.mark.parametrize("page", [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))], ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_to_a_page_leads_somewhere(page: Path) -> None:
    lost = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if not (page.parent / link).exists()]
    assert lost == []


def test_the_readme_shows_the_two_commands() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for command in ("demo", "test"):
        assert f"make {command} " in readme
        assert f"\n{command}:" in makefile
    assert "make test" in (ROOT / ".ci" / "run").read_text(encoding="utf-8")
