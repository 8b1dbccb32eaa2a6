"""What people do with the programme by commands, each by her own token: a document is named by its digest and never leaves."""

import hashlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
import uvicorn

from amana.cli.main import main
from amana.cli.parser_programme_act import VERDICTS
from amana.cli.programme_act import EXAMPLES
from amana.log import programme_kinds
from amana.policy.people import Scope
from amana.terms.code import Exit
from amana.web.app import build
from tests.programme import Carried, carried, plan_text

REPORT = b"Forty people were trained; their names stand on page 4.\n"
TODAY = "2026-01-15"


@dataclass
class Terminal:
    """Commands as people of the programme type them."""

    world: Carried
    address: str
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def by(self, who: str, *words: str, ends: Exit = Exit.FINE) -> tuple[str, str]:
        service = self.world.node.service
        made = service.sign_in.tokens.make(
            self.world.asker(who), label="t", scopes=tuple(Scope), days=1, allowance=None, now=service.now(), for_link=True
        )
        self.monkeypatch.setenv("AMANA_TOKEN", made.secret.reveal())
        self.capsys.readouterr()
        ended = main(["programme", *words, "--node", self.address])
        out, err = self.capsys.readouterr()
        assert ended == ends, (out, err)
        return out.strip(), err

    def submit(self, *more: str) -> str:
        return self.by("planner", "submit", "trained", "--value", "40", "--on", TODAY, *more)[0]


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("AMANA_LANG", "en")
    monkeypatch.chdir(tmp_path)
    for name in ("AMANA_NODE", "AMANA_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    Path("report.pdf").write_bytes(REPORT)
    Path("other.pdf").write_bytes(REPORT + b"!")
    Path("plan.toml").write_text(plan_text(), "utf-8")
    with carried(tmp_path / "node") as world:
        listening = socket.create_server(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(build(world.node.service), log_config=None, lifespan="on"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        while not server.started:
            time.sleep(0.01)
        try:
            yield Terminal(world, f"http://127.0.0.1:{listening.getsockname()[1]}", capsys, monkeypatch)
        finally:
            server.should_exit = True
            thread.join()


def test_a_plan_is_adopted_evidence_brought_and_verified_by_commands_alone(terminal: Terminal) -> None:
    digest, told = terminal.by("decider", "adopt", "plan.toml")
    assert len(digest) == 64 and "3 commitments, 3 indicators" in told
    report = ("--document", "report.pdf", "--title", "Report of January")
    evidence, told = terminal.by("planner", "submit", "trained", "--value", "40", "--on", TODAY, *report, "--note", "In two towns.")
    assert "another organisation" in told
    listed, _ = terminal.by("verifier", "evidence", "list")
    assert evidence in listed and "Report of January" in listed and TODAY in listed
    assert terminal.by("insider", "evidence")[0].find(evidence) == -1
    shown = json.loads(terminal.by("verifier", "evidence", "show", evidence)[0])
    assert shown["document"]["sha256"] == hashlib.sha256(REPORT).hexdigest() and shown["note"] == "In two towns."
    verdict = ("--verdict", "confirm", "--reasons", "Page 4 names them.")
    told = terminal.by("verifier", "judge", evidence, *verdict, "--document", "other.pdf", ends=Exit.USAGE)[1]
    assert "AMA-939" in told, "another file"
    for who, code in (("insider", "AMA-934"), ("planner", "AMA-897")):
        assert code in terminal.by(who, "judge", evidence, *verdict, "--document", "report.pdf", ends=Exit.PERMISSION)[1]
    assert "is now: confirmed" in terminal.by("verifier", "judge", evidence, *verdict, "--document", "report.pdf")[1]
    assert "AMA-935" in terminal.by("verifier", "judge", evidence, *verdict, "--document", "report.pdf", ends=Exit.USAGE)[1]
    assert terminal.world.statuses()["training"] != "no_evidence"


def test_the_file_itself_never_leaves(terminal: Terminal) -> None:
    terminal.world.adopt()
    terminal.submit("--document", "report.pdf", "--title", "Report")
    folder = terminal.world.node.service.settings.folder
    held = [path for path in folder.rglob("*") if path.is_file() and REPORT.strip() in path.read_bytes()]
    assert held == []


def test_without_a_document_it_is_a_claim_and_the_command_says_what_that_weighs(terminal: Terminal) -> None:
    terminal.world.adopt()
    claim, told = terminal.by("planner", "submit", "trained", "--value", "40", "--on", TODAY)
    assert "weighs nothing" in told and "--document" in told
    assert json.loads(terminal.by("planner", "evidence", "show", claim)[0])["basis"] == "E4"
    assert terminal.world.statuses()["training"] == "no_evidence"


def test_a_private_figure_is_measured_under_a_permit(terminal: Terminal) -> None:
    terminal.world.adopt()
    evidence, told = terminal.by("planner", "measure", "seen", "--permit", terminal.world.node.permit)
    assert "receipt" in told and json.loads(terminal.by("planner", "evidence", "show", evidence)[0])["basis"] == "E2"
    assert terminal.world.statuses()["people-seen"] == "done"
    assert "AMA-896" in terminal.by("stranger", "measure", "seen", "--permit", terminal.world.node.permit, ends=Exit.PERMISSION)[1]


def test_a_commitment_is_dropped_and_taken_up_again_with_reasons(terminal: Terminal) -> None:
    terminal.world.adopt()
    assert "is now: dropped" in terminal.by("decider", "drop", "training", "--reasons", "No money.")[1]
    told = terminal.by("planner", "submit", "trained", "--value", "1", "--on", TODAY, ends=Exit.USAGE)[1]
    assert "AMA-892" in told
    assert "is now: no evidence" in terminal.by("decider", "resume", "training", "--reasons", "There is money.")[1]
    told = terminal.by("decider", "resume", "training", "--reasons", "There is money.", "--lang", "fr", ends=Exit.USAGE)[1]
    assert "n'est pas abandonné" in told
    assert "AMA-896" in terminal.by("stranger", "submit", "trained", "--value", "1", "--on", TODAY, ends=Exit.PERMISSION)[1]


@pytest.mark.parametrize(
    "words",
    [
        ("--value", "many"), ("--value", "1e9"), ("--value", "9" * 19), ("--on", "2999-01-01"), ("--on", "soon"),
        ("--document", "report.pdf", "--title", "x", "--link", "javascript:alert(1)"), ("--document", "report.pdf", "--title", "x" * 301),
        ("--document", "report.pdf", "--title", "a\x1bb"), ("--note", "\u202ex"),
    ],
)  # fmt: skip
def test_hostile_words_are_refused(one: Terminal, words: tuple[str, ...]) -> None:
    told = one.by("planner", "submit", "trained", "--value", "4", "--on", TODAY, *words, ends=Exit.USAGE)[1]
    assert "AMA-" in told
    assert one.world.node.service.programme.brought("training") == ()


@pytest.fixture
def one(terminal: Terminal) -> Terminal:
    terminal.world.adopt()
    return terminal


@pytest.mark.parametrize("action", EXAMPLES)
def test_a_command_that_lacks_a_word_says_which_with_an_example_that_is_a_command(
    action: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMANA_LANG", "en")
    monkeypatch.setenv("AMANA_TOKEN", "amana_x")
    words = ["show"] if action == "evidence" else []
    assert main(["programme", action, *words, "--node", "http://127.0.0.1:9"]) == Exit.USAGE
    told = capsys.readouterr().err
    assert "AMA-684" in told and EXAMPLES[action] in told


def test_a_document_that_cannot_be_read_is_refused_before_anything_is_sent(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AMANA_TOKEN", "amana_x")
    about = ("--value", "1", "--on", TODAY, "--document", "nothing.pdf", "--title", "x")
    assert main(["--lang", "en", "programme", "submit", "trained", *about, "--node", "http://127.0.0.1:9"]) == Exit.USAGE
    assert "AMA-898" in capsys.readouterr().err


def test_the_verdicts_of_the_command_are_those_of_the_log() -> None:
    assert VERDICTS == programme_kinds.VERDICTS


def test_a_version_is_opened_for_comments_by_a_decider_before_it_is_adopted(terminal: Terminal) -> None:
    service = terminal.world.node.service
    Path("next.toml").write_text(plan_text(version=2, open_target="2"), "utf-8")
    until = (service.now().date() + timedelta(days=30)).isoformat()
    terminal.by("planner", "consult", "next.toml", "--until", until, ends=Exit.PERMISSION)
    _, told = terminal.by("decider", "consult", "next.toml", "--until", until)
    assert until in told
    (opened, _) = service.consultations.consultations()[0]
    assert (opened.version, opened.until.isoformat()) == (2, until)
