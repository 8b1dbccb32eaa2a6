"""From an empty node to a published text by commands alone: people by the folder, everything else by each person's own token."""

import json
import re
import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn

from amana.cli import main
from amana.cli.parser_govern import ACTIONS, GOVERNED, SYSTEM_FORMS
from amana.cli.words import read_until
from amana.node.service import open_service
from amana.terms.code import Exit
from amana.terms.ids import PermitId
from amana.terms.refusal import Refusal
from amana.web.app import build
from amana.web.examples import CARD
from tests.doors.http_node import lay_down
from tests.models import new_model

pytestmark = pytest.mark.slow

PROJECT = """purposes = ["HMB"]
datasets = ["test"]
ends_on = 2090-12-31
[title]
en = "Visits by region"
fr = "Visites par région"
[lay_summary]
en = "We count visits to see where staff are needed."
"""
ROLES = {
    "applicant": "researcher", "member": "researcher", "reviewer": "reviewer", "second": "reviewer", "decider": "decider",
    "custodian": "custodian", "auditor": "auditor",
}  # fmt: skip


@dataclass
class Terminal:
    """Commands as their users type them; each user has a home of her own."""

    folder: Path
    home: Path
    address: str
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *words: str, ends: Exit = Exit.FINE) -> tuple[str, str]:
        assert main.main(list(words)) == ends, self.capsys.readouterr()
        out, err = self.capsys.readouterr()
        return out.strip(), err

    def at_the_machine(self, *words: str, ends: Exit = Exit.FINE) -> str:
        return self.run(*words, "--folder", str(self.folder), ends=ends)[0]

    def by(self, who: str, *words: str, ends: Exit = Exit.FINE) -> tuple[str, str]:
        self.monkeypatch.setenv("XDG_CONFIG_HOME", str(self.home / who))
        return self.run(*words, "--node", self.address, ends=ends)

    def enter(self) -> dict[str, str]:
        """The first people, each with a role and signed in by a link of the demonstration."""
        for name, kind in (("Tests", "custodian"), ("University", "research")):
            self.at_the_machine("people", "add-organisation", name, "--kind", kind)
        ids = {}
        for name, role in ROLES.items():
            organisation = "Tests" if name == "custodian" else "University"
            ids[name] = self.at_the_machine("people", "add", name, "--organisation", organisation)
            self.at_the_machine("people", "role", ids[name], "--role", role)
            if role == "researcher":
                self.at_the_machine("people", "accredit", ids[name], "--until", "2090-12-31")
            link = self.at_the_machine("people", "link", ids[name], "--demo")
            self.by(name, "login", f"{self.address}/sign-in#{link.rpartition('#')[2]}")
        return ids


@pytest.fixture
def terminal(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    monkeypatch.setenv("AMANA_LANG", "en")
    monkeypatch.chdir(tmp_path)
    for name in ("AMANA_NODE", "AMANA_TOKEN", "AMANA_FOLDER"):
        monkeypatch.delenv(name, raising=False)
    folder = tmp_path / "node"
    lay_down(folder)
    service = open_service(folder)
    listening = socket.create_server(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(build(service), log_config=None, lifespan="on"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
    thread.start()
    while not server.started:
        time.sleep(0.01)
    capsys.readouterr()
    try:
        address = f"http://127.0.0.1:{listening.getsockname()[1]}"
        yield Terminal(folder=folder, home=tmp_path, address=address, capsys=capsys, monkeypatch=monkeypatch)
    finally:
        server.should_exit = True
        thread.join()
        service.close()


@pytest.mark.slow
def test_a_question_is_permitted_asked_written_down_and_published(terminal: Terminal) -> None:
    ids = terminal.enter()
    Path("project.toml").write_text(PROJECT, "utf-8")
    project, told = terminal.by("applicant", "project", "new", "project.toml")
    assert told == f"{project} is now: draft\n"
    terminal.by("applicant", "project", "add-member", project, "--person", ids["member"])
    terminal.by("applicant", "project", "submit", project)
    for who in ("reviewer", "second"):
        terminal.by(who, "project", "review", project, "--verdict", "approve", "--reasons", "clear")
    assert "is now: approved" in terminal.by("decider", "project", "approve", project, "--reasons", "useful")[1]

    wish = ("--project", project, "--dataset", "test", "--share", "50%", "--until", "2080-12-31")
    permit, _ = terminal.by("applicant", "permit", "request", *wish)
    shown, reasons = terminal.by("custodian", "permit", "show", permit)
    assert json.loads(shown)["match"]["outcome"] == "allowed" and "HMB" in reasons
    assert "grant_permit" in json.loads(shown)["may"]
    assert "is now: returned" in terminal.by("custodian", "permit", "return", permit, "--reasons", "until 2080 only")[1]
    assert json.loads(terminal.by("applicant", "permit", "show", permit)[0])["reasons"] == "until 2080 only"
    anew = ("--share", "40%", "--until", "2080-12-31")
    assert "is now: requested" in terminal.by("applicant", "permit", "revise", permit, *anew)[1]
    assert "is now: active" in terminal.by("custodian", "permit", "grant", permit, "--share", "50%", "--until", "2080-12-31")[1]

    assert "visits" in terminal.by("member", "ask", "SELECT COUNT(*) AS visits FROM visits")[0]
    budget, _ = terminal.by("member", "budget", "test")
    assert project in budget and "profile" in budget
    assert project in terminal.at_the_machine("budget", "test")

    Path("answer.md").write_text("About 3000 visits.", "utf-8")
    output, _ = terminal.by("member", "output", "add", "answer.md", "--project", project, "--title", "Visits")
    terminal.by("member", "output", "propose", output)
    for who in ("reviewer", "second"):
        terminal.by(who, "output", "vote", output, "--verdict", "approve")
    assert "is now: published" in terminal.by("decider", "output", "publish", output)[1]
    record, _ = terminal.by("auditor", "export", "processing-record")
    assert output in record and project not in json.loads(record)["datasets"]["test"]["GDPR"]["30(1)(d) recipients"]
    register, _ = terminal.by("somebody without a token", "export", "public-register")
    assert json.loads(register)["datasets"]["test"] == {"EHDS": json.loads(record)["datasets"]["test"]["EHDS"]}

    assert re.search(rf"{project}\s+active\s+Visits by region\s+2090-12-31", terminal.by("auditor", "project", "list")[0])
    assert re.search(rf"{permit}\s+active\s+test\s+{project}\s+40 %\s+50 %\s+20", terminal.by("auditor", "permit", "list")[0])
    assert re.search(rf"{output}\s+published\s+text\s+Visits", terminal.by("auditor", "output", "list", "--project", project)[0])
    assert re.search(rf"{project}\s+actif\s+Visites par région", terminal.by("auditor", "project", "list", "--lang", "fr")[0])
    assert re.search(rf"{permit}\s+نافذ\s", terminal.by("auditor", "permit", "list", "--lang", "ar")[0])
    assert re.search(rf"{output}\s+publié\s+texte\s", terminal.by("auditor", "output", "list", "--project", project, "--lang", "fr")[0])
    told = terminal.by("custodian", "permit", "suspend", permit, "--reasons", "a question", "--lang", "fr")[1]
    assert told == f"{permit} est maintenant : suspendu\n"
    told = terminal.by("custodian", "permit", "suspend", permit, "--lang", "fr", ends=Exit.PERMISSION)[1]
    assert "n'est pas possible dans l'état « suspendu » (permis)" in told
    told = terminal.by(
        "member", "permit", "grant", permit, "--share", "50%", "--until", "2080-12-31", "--lang", "fr", ends=Exit.PERMISSION
    )[1]
    assert "« élargir le permis » revient au dépositaire" in told
    _, told = terminal.by("member", "ask", "SELECT COUNT(*) AS again FROM visits", ends=Exit.PERMISSION)
    assert "suspended" in told


def test_a_project_comes_back_is_mended_and_taken_over_again(terminal: Terminal) -> None:
    ids = terminal.enter()
    Path("project.toml").write_text(PROJECT, "utf-8")
    project, _ = terminal.by("applicant", "project", "new", "project.toml")
    terminal.by("applicant", "project", "submit", project)
    terminal.by("decider", "project", "return", project, "--reasons", "which regions?")
    Path("project.toml").write_text(PROJECT.replace("staff", "nurses"), "utf-8")
    terminal.by("applicant", "project", "edit", project, "--file", "project.toml")
    terminal.by("applicant", "project", "submit", project)
    shown = json.loads(terminal.by("decider", "project", "show", project)[0])
    assert shown["version"] == 2 and "nurses" in shown["lay_summary"]["en"]
    terminal.by("applicant", "project", "withdraw", project)
    terminal.by("applicant", "project", "add-member", project, "--person", ids["member"])
    terminal.by("applicant", "project", "remove-member", project, "--person", ids["member"])
    assert "is now: closed" in terminal.by("applicant", "project", "close", project)[1]
    assert "AMA-550" in terminal.by("decider", "project", "new", "project.toml", ends=Exit.PERMISSION)[1]


def test_the_machine_lists_stops_and_lets_in_people(terminal: Terminal) -> None:
    ids = terminal.enter()
    terminal.at_the_machine("people", "disable", ids["member"])
    assert re.search(rf"{ids['member']}\s+member\s+University\s+researcher\s+disabled", terminal.at_the_machine("people", "list"))
    assert "AMA-542" in terminal.by("member", "project", "list", ends=Exit.PERMISSION)[1], "she is told why"
    terminal.at_the_machine("people", "enable", ids["member"])
    assert re.search(rf"{ids['member']}\s+member\s+University\s+researcher\s+enabled", terminal.at_the_machine("people", "list"))
    assert re.search(
        rf"{ids['member']}\s+member\s+University\s+chercheur\s+activé", terminal.at_the_machine("people", "list", "--lang", "fr")
    )
    terminal.at_the_machine("people", "link", "u-none", ends=Exit.PERMISSION)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("project", "submit"), "AMA-684"),
        (("project", "new", "nothing.toml"), "AMA-682"),
        (("project", "new", "broken.toml"), "AMA-683"),
        (("project", "review", "p-1"), "AMA-684"),
        (("permit", "request", "--project", "p-1"), "AMA-684"),
        (("permit", "grant", "m-1", "--share", "5%", "--until", "tomorrow"), "AMA-685"),
        (("output", "list"), "AMA-684"),
    ],
)
def test_a_command_that_lacks_a_word_says_which(terminal: Terminal, words: tuple[str, ...], code: str) -> None:
    Path("broken.toml").write_text("purposes = [", "utf-8")
    terminal.monkeypatch.setenv("AMANA_TOKEN", "amana_x")
    assert code in terminal.by("applicant", *words, ends=Exit.USAGE)[1]


@pytest.mark.parametrize("action", [action for action in ACTIONS["people"] if action != "list"])
def test_every_action_on_people_says_what_it_lacks(terminal: Terminal, action: str) -> None:
    _, told = terminal.run("people", action, "--folder", str(terminal.folder), ends=Exit.USAGE)
    assert "AMA-684" in told and f"amana people {action} " in told


@pytest.mark.parametrize("written", ["2027-13-01", "2027-12-31T10:00", "soon", "", "2027-1-1"])
def test_a_date_without_a_day_or_an_offset_is_refused(written: str) -> None:
    with pytest.raises(Refusal, match="cli.bad_date"):
        read_until(written)


def test_a_model_is_described_assessed_and_registered_by_commands(terminal: Terminal) -> None:
    terminal.enter()
    service = open_service(terminal.folder)  # as a training on the custodian's own machine leaves it
    of = service.versions()[0]
    new = new_model(project=None, permit=PermitId("custodian:test"), dataset="test", version=of.id, custodian=of.dataset.custodian)
    model = service.models.add(new)
    service.close()
    words = {name: value for name, value in CARD.items() if isinstance(value, str)}
    texts = {name: value for name, value in CARD.items() if not isinstance(value, str)}
    written = [f"{name} = {json.dumps(value)}" for name, value in words.items()]
    written += [f"[{name}]\n" + "\n".join(f"{key} = {json.dumps(text)}" for key, text in each.items()) for name, each in texts.items()]  # type: ignore[attr-defined]
    Path("card.toml").write_text("\n".join(written), encoding="utf-8")
    assert model in terminal.by("custodian", "system", "list")[0]
    terminal.by("custodian", "system", "describe", model, "--file", "card.toml")
    terminal.by("custodian", "system", "assess", model, ends=Exit.PERMISSION)
    terminal.by("decider", "system", "assess", model, "--reasons", "Read in full.")
    terminal.by("custodian", "system", "register", model)
    assert json.loads(terminal.by("decider", "system", "show", model)[0])["state"] == "registered"
    assert model in terminal.by("auditor", "register", "ai", "--csv")[0]
    exported = {form: terminal.by("auditor", "system", "export", model, "--format", form)[0] for form in SYSTEM_FORMS}
    assert json.loads(exported["json"])["system"]["id"] == model and json.loads(exported["cyclonedx"])["bomFormat"] == "CycloneDX"
    assert exported["huggingface"].startswith("---\n") and len(exported["csv"].splitlines()) == 2 and model in exported["csv"]
    assert all(json.loads(exported[form]) for form in ("algoritmeregister", "atrs", "ai-act"))
    assert json.loads(terminal.at_the_machine("register", "ai"))["systems"][0]["id"] == model


def test_every_transition_of_the_policy_that_people_make_is_a_command() -> None:
    from amana.node.models import ACTIONS as MODELS
    from amana.node.outputs import ACTIONS as OUTPUTS
    from amana.node.permits import ACTIONS as PERMITS
    from amana.node.projects import APPLICANT_EVENTS, DECISIONS

    for name, events in (("project", (*APPLICANT_EVENTS, *DECISIONS)), ("permit", PERMITS), ("output", OUTPUTS), ("system", MODELS)):
        assert name in GOVERNED
        assert {event.value.replace("_", "-") for event in events} <= set(ACTIONS[name])
