"""The page that checks a log with tools that are not ours does so: its programs run, and find what was changed."""

import os
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from amana.log.note import read_verifier_key
from tests.docs.snippets import ROOT
from tests.log_folders import KEY, THIEF, small_world, write_log, written

PAGE = (ROOT / "docs" / "how-to" / "verify-without-amana.md").read_text("utf-8")
GOPATH = Path("/usr/share/gocode")
COUNT = 600

needs_go = pytest.mark.skipif(
    shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir(),
    reason="needs Go and golang-golang-x-mod-dev",
)
needs_openssl = pytest.mark.skipif(
    any(shutil.which(name) is None for name in ("openssl", "bash", "sha256sum", "od", "awk")), reason="needs openssl and coreutils"
)


def program(kind: str) -> str:
    """The one block of that language on the page."""
    (found,) = re.findall(rf"^```{kind}\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
    return str(found)


@pytest.fixture(scope="module")
def checker(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Path, str], subprocess.CompletedProcess[str]]:
    """The Go program of the page, built once."""
    folder = tmp_path_factory.mktemp("go")
    (folder / "verify.go").write_text(program("go"))
    place = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "GOCACHE": str(folder / "cache"), "CGO_ENABLED": "0"}
    subprocess.run(["go", "build", "-o", "verify", "verify.go"], cwd=folder, env=place, check=True)

    def check(log: Path, key: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run([folder / "verify", log, key], capture_output=True, text=True, check=False)

    return check


@pytest.fixture
def log(tmp_path: Path) -> Path:
    write_log(tmp_path / "log", written(small_world(COUNT)))
    return tmp_path / "log"


@needs_go
@pytest.mark.slow
def test_go_verifies_every_entry_tile_and_proof(checker: Callable[[Path, str], subprocess.CompletedProcess[str]], log: Path) -> None:
    done = checker(log, KEY.verifier.text)
    assert done.returncode == 0 and done.stdout == "node.example/log: 600 entries, all as signed\n", done.stderr


@needs_go
@pytest.mark.slow
@pytest.mark.parametrize(
    "path", ["checkpoint", "tile/entries/000", "tile/entries/002.p/88", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2"]
)
def test_go_finds_a_flipped_byte(checker: Callable[[Path, str], subprocess.CompletedProcess[str]], log: Path, path: str) -> None:
    content = bytearray((log / path).read_bytes())
    content[len(content) // 2] ^= 1
    (log / path).write_bytes(content)
    done = checker(log, KEY.verifier.text)
    assert done.returncode == 1 and "WRONG" in done.stderr


@needs_go
@pytest.mark.slow
def test_go_believes_no_other_key(checker: Callable[[Path, str], subprocess.CompletedProcess[str]], log: Path) -> None:
    assert checker(log, THIEF.verifier.text).returncode == 1


@needs_openssl
@pytest.mark.parametrize("index", [0, 7, 256, 599])
def test_openssl_and_sha256sum_verify_an_entry(log: Path, tmp_path: Path, index: int) -> None:
    (tmp_path / "verify.sh").write_text(program("bash"))
    command = ["bash", str(tmp_path / "verify.sh"), str(log), (log / "log.vkey").read_text().strip(), str(index)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0 and "Signature Verified Successfully" in done.stdout + done.stderr, done.stderr
    entry = written(small_world(COUNT))[index].decode()
    assert re.sub(r'"pad":"0*"', '"pad":""', entry) in done.stdout


@needs_openssl
def test_openssl_and_sha256sum_find_what_was_changed(log: Path, tmp_path: Path) -> None:
    (tmp_path / "verify.sh").write_text(program("bash"))
    command = ["bash", str(tmp_path / "verify.sh"), str(log), (log / "log.vkey").read_text().strip(), "0"]
    content = (log / "tile/entries/000").read_bytes()
    (log / "tile/entries/000").write_bytes(content.replace(b"node.example", b"nodf.example", 1))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0
    (log / "tile/entries/000").write_bytes(content)
    signed = (log / "checkpoint").read_text()
    (log / "checkpoint").write_text(signed.replace("\n600\n", "\n601\n"))
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0


def test_the_page_shows_a_key_as_it_is() -> None:
    shown = KEY.verifier.text
    assert read_verifier_key(shown) == KEY.verifier and shown[: shown.index("AepK") + 4] in PAGE
