"""`amana … --node`: the same commands, asked of a node over HTTP."""

import io
import json
import re
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from amana.cli import main
from amana.client.tokens import token_file
from amana.terms.code import Exit
from amana.terms.refusal import Refusal
from tests.doors.node_over_http import LINK, TOKEN, Memory, problem, serving

SQL = "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region"


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("AMANA_LANG", "en")
    monkeypatch.chdir(tmp_path)
    for name in ("AMANA_NODE", "AMANA_TOKEN", "AMANA_FOLDER", "AMANA_AS"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def node() -> Iterator[tuple[str, Memory]]:
    with serving() as found:
        yield found


def test_a_question_is_asked_of_a_node(node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["ask", SQL, "--node", node[0], "--share", "1%", "--permit", "p-1"]) == Exit.FINE
    out, err = capsys.readouterr()
    assert "± 67" in out and "0.10 %" in err
    assert node[1].sent[-1].body == {"sql": SQL, "share": "1%", "permit": "p-1"}


def test_previews_and_dry_runs_spend_nothing(node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["ask", SQL, "--node", node[0], "--preview"]) == Exit.FINE
    assert "Nothing was spent" in capsys.readouterr().err
    assert main.main(["ask", SQL, "--node", node[0], "--dry-run", "--json"]) == Exit.FINE
    out, err = capsys.readouterr()
    assert json.loads(out)["rows"] and "invented" in err and "would cost" in err
    assert not node[1].paid


def test_the_node_of_the_environment_gives_way_to_a_named_folder(
    node: tuple[str, Memory], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("AMANA_NODE", node[0])
    assert main.main(["datasets"]) == Exit.FINE
    assert "farms" in capsys.readouterr().out
    assert main.main(["datasets", "--folder", str(tmp_path / "nothing")]) == Exit.SETTINGS


def test_budget_and_profile_of_a_node_are_shown(node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["budget", "clinic", "--node", node[0]]) == Exit.FINE
    assert "25 %" in capsys.readouterr().out
    assert main.main(["profile", "clinic", "--node", node[0]]) == Exit.FINE
    shown = capsys.readouterr().out.replace("\N{NO-BREAK SPACE}", " ")
    assert "20 ± 1 %" in shown and "80.0 ± 5.0" in shown and "50 %" in shown


def test_a_list_of_jobs_shows_each_question_and_when_its_answer_will_be_there(
    node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]
) -> None:
    sql = "SELECT region,\n  COUNT(*) AS visits\nFROM visits WHERE year = 2024 GROUP BY region"
    told = {"id": "j-1", "state": "running", "progress": 0.5, "ready_at": "2030-01-01T10:00:05.123456+01:00", "sql": sql}
    node[1].states = [told]
    assert main.main(["jobs", "show", "j-1", "--node", node[0]]) == Exit.FINE
    shown = capsys.readouterr().out
    assert "2030-01-01 09:00:05 UTC" in shown and "SELECT region, COUNT(*) AS visits FROM visits W…" in shown


def test_the_invented_sample_of_a_node_is_kept_as_files(node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["sample", "clinic", "--node", node[0]]) == Exit.FINE
    out, err = capsys.readouterr()
    assert out == "clinic-sample/visits.csv\n" and "invented" in err
    assert Path("clinic-sample/visits.csv").read_text() == "person,cost\nk1,7\n"
    assert main.main(["sample", "clinic", "--node", node[0]]) == Exit.USAGE, "what is there is not overwritten"
    assert main.main(["sample", "clinic", "--node", node[0], "--table", "VISITS", "--parquet", "-o", "here"]) == Exit.FINE
    assert node[1].sent[-1].path == "/datasets/clinic/sample?table=visits&form=parquet" and Path("here/visits.parquet").exists()


def test_a_refusal_of_a_node_has_its_place_and_exit_class(node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]) -> None:
    node[1].before = [problem(Refusal("budget.permit_paused", permit="p-1"))]
    assert main.main(["ask", SQL, "--node", node[0]]) == Exit.BUDGET
    assert "AMA-305" in capsys.readouterr().err


def test_what_needs_a_node_says_so_without_one(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["ask", SQL, "--permit", "p"], ["login", "x"], ["logout"]):
        assert main.main(words) == Exit.SETTINGS
        assert "AMANA_NODE" in capsys.readouterr().err


@pytest.mark.parametrize("given", [LINK, TOKEN])
def test_login_keeps_a_token_that_later_commands_send(node: tuple[str, Memory], given: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["login", given, "--node", node[0]]) == Exit.FINE
    file = token_file({"XDG_CONFIG_HOME": str(Path.cwd())})
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and json.loads(file.read_text()) == {node[0]: TOKEN}
    shown = capsys.readouterr()
    assert TOKEN not in shown.out + shown.err
    assert [sent.path for sent in node[1].sent] == (["/sign-in/link", "/me"] if given == LINK else ["/me"])
    main.main(["datasets", "--node", node[0]])
    assert node[1].sent[-1].headers["Authorization"] == f"Bearer {TOKEN}"
    assert main.main(["logout", "--node", node[0]]) == Exit.FINE
    main.main(["datasets", "--node", node[0]])
    assert "Authorization" not in node[1].sent[-1].headers
    assert main.main(["logout", "--node", node[0]]) == Exit.FINE


def test_a_token_may_come_from_stdin_so_that_no_list_of_processes_shows_it(
    node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{TOKEN}\n"))
    assert main.main(["login", "-", "--node", node[0]]) == Exit.FINE
    assert node[1].sent[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_link_goes_to_its_own_node_whatever_else_is_named(
    node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = f"{node[0]}/sign-in#{LINK}"
    with serving() as (other, memory):
        monkeypatch.setenv("AMANA_NODE", other)
        assert main.main(["login", link]) == Exit.FINE
        assert (node[1].sent[0].path, node[1].sent[0].body) == ("/sign-in/link", {"link": LINK}), "only the secret part travels"
        assert json.loads(token_file({"XDG_CONFIG_HOME": str(Path.cwd())}).read_text()) == {node[0]: TOKEN}
        capsys.readouterr()
        assert main.main(["login", link, "--node", other]) == Exit.USAGE
        shown = capsys.readouterr().err
        assert "AMA-733" in shown and node[0] in shown and LINK not in shown
        assert memory.sent == [], "the other node learns nothing"


def test_a_link_may_come_from_stdin(node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO(f"{node[0]}/sign-in#{LINK}\n"))
    assert main.main(["login", "-"]) == Exit.FINE
    assert node[1].sent[0].body == {"link": LINK}


def test_whoever_amana_as_names_is_never_a_stranger_without_a_word(
    node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AMANA_AS", "reviewer")
    assert main.main(["datasets", "--node", node[0]]) == Exit.PERMISSION
    shown = capsys.readouterr().err
    assert "AMA-732" in shown and "AMANA_AS=reviewer amana login" in shown and node[1].sent == []
    assert main.main(["login", TOKEN, "--node", node[0]]) == Exit.FINE
    assert main.main(["datasets", "--node", node[0]]) == Exit.FINE


def test_an_assistants_token_is_kept_apart_and_its_budget_shown(
    node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    link = f"{node[0]}/sign-in#{LINK}"
    node[1].me = {"name": "Amal", "assistant": {"allowance": "1/10", "rows_max": 200, "expires_at": "2030-01-01T00:00:00+00:00"}}
    assert main.main(["login", link, "--assistant"]) == Exit.FINE
    assert node[1].sent[0].body == {"link": LINK, "allowance": "10%"}
    assert json.loads(token_file({"XDG_CONFIG_HOME": str(Path.cwd())}).read_text()) == {f"{node[0]} assistant": TOKEN}
    assert "10 %" in (told := capsys.readouterr().err) and f"amana mcp --node {node[0]}" in told and "2030-01-01" in told
    monkeypatch.setenv("AMANA_AS", "assistant")
    assert main.main(["budget", "clinic", "--node", node[0]]) == Exit.FINE
    assert re.search(r"m-1\s+30 %\s+70 %\s+80 %\s+20 %", capsys.readouterr().out)


def test_a_whole_token_is_not_kept_for_an_assistant(node: tuple[str, Memory], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["login", TOKEN, "--assistant", "--node", node[0]]) == Exit.PERMISSION
    assert "AMA-731" in capsys.readouterr().err and not list(tmp_path.rglob("tokens.json"))


def test_a_token_that_the_node_refuses_is_not_kept(node: tuple[str, Memory], tmp_path: Path) -> None:
    node[1].before = [problem(Refusal("permit.not_admitted", asker="x", dataset="y"))]
    assert main.main(["login", TOKEN, "--node", node[0]]) == Exit.PERMISSION
    assert not list(tmp_path.rglob("tokens.json"))


def test_jobs_are_listed_shown_cancelled_and_answered(node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]) -> None:
    node[1].states = [{"id": "j-1", "state": "running", "stage": "running", "progress": 0.25, "ready_at": "2030-01-01T00:00:00+00:00"}]
    assert main.main(["jobs", "--node", node[0]]) == Exit.FINE
    assert "queued" in capsys.readouterr().out
    assert main.main(["jobs", "show", "j-1", "--node", node[0], "--lang", "fr"]) == Exit.FINE
    out = capsys.readouterr().out
    assert "en cours" in out and "25" in out and "2030-01-01" in out
    assert main.main(["jobs", "cancel", "j-1", "--node", node[0]]) == Exit.FINE
    assert "nothing was charged" in capsys.readouterr().err
    node[1].states, node[1].events = [{"id": "j-1", "state": "done", "progress": 1}], False
    assert main.main(["jobs", "answer", "j-1", "--node", node[0]]) == Exit.FINE
    out, err = capsys.readouterr()
    assert "± 67" in out and "0.10 %" in err


def test_a_job_must_be_named(node: tuple[str, Memory], capsys: pytest.CaptureFixture[str]) -> None:
    assert main.main(["jobs", "cancel", "--node", node[0]]) == Exit.USAGE
    assert "amana jobs list" in capsys.readouterr().err
    assert main.main(["jobs"]) == Exit.SETTINGS
