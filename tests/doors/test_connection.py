"""The Python client against a stand-in node over HTTP: the same answers and refusals as in process, never paid twice."""

import json
import os
import ssl
import stat
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import amana
from amana.client import http as channel
from amana.client import jobs, progress
from amana.client.address import read_address
from amana.client.connect import Connection
from amana.client.link import sign_in
from amana.client.tokens import find_token, forget_token, keep_token
from amana.terms.answer import CellType, Estimate
from amana.terms.refusal import Fault, Place, Refusal
from tests.doors.node_over_http import LINK, TOKEN, Memory, problem, serving
from tests.doors.stand_in import TABLE

SQL = "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region"
BUSY = (503, {"Retry-After": "0"}, b"")
BROKEN = "the line breaks"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(channel, "WAIT_FIRST_S", 0.001)
    monkeypatch.setattr(jobs, "POLL_FIRST_S", 0.001)
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("AMANA_NODE", "AMANA_TOKEN"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def node() -> Iterator[tuple[str, Memory]]:
    with serving() as found:
        yield found


@pytest.fixture
def memory(node: tuple[str, Memory]) -> Memory:
    return node[1]


@pytest.fixture
def connection(node: tuple[str, Memory]) -> Iterator[Connection]:
    with amana.connect(node[0], TOKEN, language="en") as made:
        yield made


def test_an_answer_over_http_is_the_answer_in_process(connection: Connection, memory: Memory) -> None:
    result = connection.sql(SQL, within=15)
    assert result.table == TABLE and result.table.types == (CellType.TEXT, CellType.FIGURE)
    assert result.cost.share == 0.001 and result.notes == (("note.clamped", ()),)
    (sent,) = memory.asked("/questions")
    assert sent.body == {"sql": SQL, "within": "15"}
    assert sent.headers["Authorization"] == f"Bearer {TOKEN}" and sent.headers["Accept-Language"] == "en"
    assert result.receipt["permit"] == "p-7" and result.receipt["version"] == "v-1"


def test_a_share_stands_in_place_of_a_precision(connection: Connection, memory: Memory) -> None:
    connection.sql(SQL, share="1%", permit="p-2")
    assert memory.asked("/questions")[0].body == {"sql": SQL, "share": "1%", "permit": "p-2"}


def test_all_requests_share_one_kept_connection(connection: Connection, memory: Memory) -> None:
    connection.sql(SQL)
    connection.datasets()
    connection.budget("clinic")
    assert len({sent.port for sent in memory.sent}) == 1 and len(memory.sent) == 4


@pytest.mark.parametrize("before", [[BROKEN], [BUSY], [(502, {}, b"")], [(429, {"Retry-After": "0"}, b"")], [BROKEN, BUSY, BROKEN]])
def test_a_question_is_tried_again_under_one_key_so_it_is_paid_once(connection: Connection, memory: Memory, before: list[Any]) -> None:
    tries = len(before) + 1
    memory.before = list(before)
    assert connection.sql(SQL).table == TABLE
    asked = memory.asked("/questions")
    assert len(asked) == tries and len({sent.headers["Idempotency-Key"] for sent in asked}) == 1 and len(memory.paid) == 1


def test_two_questions_have_two_keys(connection: Connection, memory: Memory) -> None:
    connection.sql(SQL)
    connection.sql(SQL)
    assert len(memory.paid) == 2, "the node knows its own earlier answer; the key is only for one question's tries"


def test_a_reply_that_is_cut_short_is_asked_for_again(connection: Connection, memory: Memory) -> None:
    memory.before = [(200, {"Content-Length": "5000", "Connection": "close"}, b"{")]
    # The stand-in closes after a header that says so, having sent one byte of 5,000.
    assert connection.sql(SQL).table == TABLE and len(memory.paid) == 1


def test_a_change_that_may_have_been_made_is_not_sent_twice(connection: Connection, memory: Memory) -> None:
    memory.before = [BROKEN]
    with pytest.raises(Refusal, match=r"client\.unreachable"):
        connection.apply({"title": "Study"})
    assert len(memory.asked("/projects")) == 1
    memory.before = [BUSY]
    assert connection.apply({"title": "Study"})["state"] == "submitted", "a node that is busy has done nothing"


def test_a_node_that_stays_away_is_told_after_a_few_tries(connection: Connection, memory: Memory) -> None:
    memory.before = [BROKEN] * 10
    with pytest.raises(Refusal, match=r"client\.unreachable"):
        connection.sql(SQL)
    assert len(memory.sent) == channel.TRIES_MAX and len(memory.paid) == 1


def test_a_long_pause_is_told_and_not_slept(connection: Connection, memory: Memory) -> None:
    refusal = Refusal("keys.busy", folder="x")
    memory.before = [(503, {"Retry-After": "3600"}, problem(refusal)[2])]
    with pytest.raises(Refusal, match=r"keys\.busy"):
        connection.sql(SQL)


def test_nobody_listening_is_a_refusal() -> None:
    with pytest.raises(Refusal, match=r"client\.unreachable"):
        amana.connect("http://127.0.0.1:9").datasets()


def test_a_refusal_over_http_is_the_very_same_refusal(connection: Connection, memory: Memory) -> None:
    sent = Refusal("sql.unknown_table", where=Place(line=1, column=15, length=5), name="visit", tables="visits", example="SELECT 1")
    memory.before = [problem(sent)]
    with pytest.raises(Refusal) as caught:
        connection.sql("SELECT 1 FROM visit")
    assert (caught.value.code, caught.value.where, dict(caught.value.parameters)) == (sent.code, sent.where, dict(sent.parameters))
    note = "".join(caught.value.__notes__)
    assert "AMA-104" in note and note.splitlines()[-2].endswith("^^^^^")


def test_a_refusal_of_a_newer_node_still_speaks(connection: Connection, memory: Memory) -> None:
    body = {"title": "The moon is full.", "code": "AMA-999", "name": "moon.full", "status": 409, "parameters": {"self": "x"}}
    memory.before = [(409, {}, json.dumps(body).encode())]
    with pytest.raises(Refusal, match=r"client\.unknown_refusal") as caught:
        connection.sql(SQL)
    assert "The moon is full." in "".join(caught.value.__notes__) and "AMA-999" in "".join(caught.value.__notes__)


def test_a_fault_keeps_its_id(connection: Connection, memory: Memory) -> None:
    memory.before = [(500, {}, json.dumps({"type": "/problems/fault", "title": "…", "status": 500, "fault": "f-17"}).encode())]
    with pytest.raises(Fault, match="f-17"):
        connection.sql(SQL)


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"[]",
        b"{}",
        b'{"columns": 1}',
        b'{"columns": [{"name": "n", "kind": "figure"}], "rows": [[1]]}',
        b"\xff",
        b'{"columns": [], "rows": [[1]]}',
    ],
)
def test_what_is_no_answer_of_a_node_is_a_refusal(connection: Connection, memory: Memory, body: bytes) -> None:
    memory.before = [(200, {}, body)]
    with pytest.raises(Refusal, match=r"client\.not_understood"):
        connection.sql(SQL)


@pytest.mark.parametrize("status", [301, 302, 404, 500])
def test_another_server_is_a_refusal_and_is_never_followed(connection: Connection, memory: Memory, status: int) -> None:
    memory.before = [(status, {"Location": "http://127.0.0.1:9/steal"}, b"<html>")]
    with pytest.raises(Refusal, match=r"client\.not_understood"):
        connection.sql(SQL)
    assert len(memory.sent) == 1


def test_an_answer_larger_than_the_limit_is_not_read(connection: Connection, memory: Memory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(channel, "ANSWER_BYTES_MAX", 100)
    with pytest.raises(Refusal, match=r"client\.answer_too_large"):
        connection.sql(SQL)


def test_every_type_of_key_comes_back_as_itself(connection: Connection, memory: Memory) -> None:
    kinds = {"t": "text", "w": "number", "x": "number", "b": "boolean", "d": "date", "m": "moment", "none": "date", "i": "integer"}
    cells = ["a", 2024, 2.5, True, "2024-02-29", "2024-02-29T01:02:03", None, None]
    columns = [{"name": name, "kind": "key", "type": kind} for name, kind in kinds.items()]
    cost = {"loss_nrho": 1, "delta_units": 0, "cap_nrho": 2, "spent_nrho": 1, "recalled": True}
    memory.answer = {"columns": columns, "rows": [cells], "cost": cost, "notes": [], "version": "v", "digest": "d", "dry_run": False}
    result = connection.sql(SQL)
    assert [kind.value for kind in result.table.types] == ["text", "integer", "number", "boolean", "date", "moment", "date", "integer"]
    assert [str(kind) for kind in result.to_polars().dtypes] == [
        "String", "Int64", "Float64", "Boolean", "Date", "Datetime(time_unit='us', time_zone=None)", "Date", "Int64",
    ]  # fmt: skip


def test_redraws_are_asked_of_the_node_for_the_same_question(connection: Connection, memory: Memory) -> None:
    drawn = connection.sql(SQL, within="3%", permit="p-9").simulate(2)
    assert drawn == [{"region": ["Atlas", None], "visits": [12345.4 + draw, None]} for draw in (0, 1)]
    assert memory.asked("/questions/simulate")[0].body == {"sql": SQL, "within": "3%", "permit": "p-9", "draws": 2}


def test_a_dry_run_says_what_it_is(connection: Connection, memory: Memory) -> None:
    result = connection.dry_run(SQL)
    assert result.invented and not memory.paid
    with pytest.raises(Refusal, match=r"client\.no_redraws"):
        result.simulate(1)


def test_what_is_public_is_read_as_the_nodes_own_values(connection: Connection) -> None:
    assert [(card.name, card.tables) for card in connection.datasets()] == [("clinic", ("visits",)), ("farms", ("fields",))], "all pages"
    assert connection.budget("clinic").spent_nrho == 250_000
    (table,) = connection.profile("clinic")
    assert table.columns[0][0] == "cost" and table.columns[0][1].missing == 25.0
    assert connection.preview(SQL).figures == (("visits", 67.0, 0.0054),)
    assert connection.dataset("clinic")["unit"] == "patient"
    assert json.loads(connection.export()) == {"controller": "clinic"}
    assert [connection.projects()[0]["id"], connection.permits()[0]["id"], connection.jobs()[0].state] == ["x", "x", "queued"]


def test_a_table_whose_name_leads_out_of_the_folder_is_not_written(connection: Connection, memory: Memory, tmp_path: Path) -> None:
    memory.before = [(200, {}, json.dumps({"name": "clinic", "tables": ["../visits"]}).encode())]
    with pytest.raises(Refusal, match=r"client\.not_understood"):
        connection.sample("clinic", folder=tmp_path / "here")
    assert list(tmp_path.iterdir()) == []


# --- long questions ---


def state(name: str, done: float = 0.0) -> dict[str, Any]:
    return {"id": "j-1", "state": name, "stage": "noise", "progress": done, "ready_at": None}


@pytest.mark.parametrize("events", [True, False], ids=["told by the node", "asked from time to time"])
def test_a_long_question_is_waited_for(connection: Connection, memory: Memory, events: bool) -> None:
    memory.jobs, memory.events = True, events
    memory.states = [state("queued"), state("running", 0.5), state("done", 1.0)]
    assert connection.sql(SQL).table == TABLE
    assert len(memory.paid) == 1 and len(memory.asked("/jobs/j-1/answer")) == 1


def test_a_stream_that_breaks_off_is_no_failure(connection: Connection, memory: Memory) -> None:
    memory.jobs = True
    memory.states = [state("queued"), state("running", 0.5)]
    made = connection.job("j-1")
    memory.states = [state("running", 0.5)]

    def sleep(seconds: float) -> None:
        memory.states = [state("done", 1.0)]

    connection._channel.sleep = sleep
    assert made.result().table == TABLE


def test_ctrl_c_leaves_the_job_running_and_says_how_to_get_it_back(
    connection: Connection, memory: Memory, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    memory.jobs, memory.events, memory.states = True, False, [state("running")]

    def stop(seconds: float) -> None:
        raise KeyboardInterrupt

    connection._channel.sleep = stop
    with pytest.raises(KeyboardInterrupt):
        connection.sql(SQL)
    assert 'connection.job("j-1").result()' in capsys.readouterr().err
    assert not [sent for sent in memory.sent if sent.method == "DELETE"]
    memory.states = [state("done", 1.0)]
    assert connection.job("j-1").result().table == TABLE


def test_a_cancelled_job_is_a_refusal(connection: Connection, memory: Memory) -> None:
    memory.states = [state("cancelled")]
    with pytest.raises(Refusal, match=r"client\.job_stopped"):
        connection.job("j-1").result()
    connection.job("j-1").cancel()
    assert memory.sent[-1].method == "DELETE"


class Terminal:
    def __init__(self, *, watched: bool) -> None:
        self.text, self.watched = "", watched

    def write(self, text: str) -> int:
        self.text += text
        return len(text)

    def flush(self) -> None:
        pass

    def isatty(self) -> bool:
        return self.watched


def test_a_bar_is_drawn_only_where_somebody_watches(monkeypatch: pytest.MonkeyPatch) -> None:
    quiet, watched = Terminal(watched=False), Terminal(watched=True)
    for out in (quiet, watched):
        bar = progress.Bar(out)  # type: ignore[arg-type]
        bar.update(0.5, "noise\x1b[31m")
        bar.clear()
    assert quiet.text == "" and " 50% noise[31m" in watched.text and watched.text.endswith(" \r")
    monkeypatch.setitem(sys.modules, "ipykernel", sys)
    assert progress.is_watched(quiet)  # type: ignore[arg-type]


# --- addresses and tokens ---


@pytest.mark.parametrize(
    "text",
    [
        "node.example",
        "ftp://node.example",
        "https://",
        "https://me:pw@node.example",
        "https://a/?b",
        "https://a:x",
        "http://a b/",
        "https://é.example",
    ],
)
def test_what_is_no_address_of_a_node_is_refused(text: str) -> None:
    with pytest.raises(Refusal, match=r"client\.bad_address"):
        read_address(text)


@pytest.mark.parametrize(
    ("link", "node", "code"),
    [
        ("secret", None, "client.no_node"),
        ("node.example#secret", None, "client.bad_address"),
        ("https://node.example/sign-in#secret", "https://other.example", "client.other_node"),
        ("https://node.example/sign-in#secret", "http://node.example", "client.other_node"),
        ("https://node.example.evil.example/sign-in#secret", "https://node.example", "client.other_node"),
        ("https://node.example@evil.example/sign-in#secret", "https://node.example", "client.bad_address"),
    ],
)
def test_a_link_that_leads_elsewhere_is_sent_nowhere(link: str, node: str | None, code: str) -> None:
    with pytest.raises(Refusal, match=code):
        sign_in(link, node=node)


@pytest.mark.parametrize(("text", "safe"), [("http://localhost:8000", True), ("http://127.9.9.9", True), ("http://[::1]:80", True), ("http://10.0.0.1", False), ("http://node.example", False), ("https://node.example", True), ("http://localhost.evil.example", False)])  # fmt: skip
def test_a_token_goes_over_plain_http_only_to_this_machine(text: str, safe: bool) -> None:
    if safe:
        amana.connect(text, TOKEN)
    else:
        with pytest.raises(Refusal, match=r"client\.token_unprotected"):
            amana.connect(text, TOKEN)
        with pytest.raises(Refusal, match=r"client\.token_unprotected"):
            sign_in(f"{text}/sign-in#{LINK}")
        amana.connect(text)  # without a token there is nothing to read


def test_certificates_are_checked() -> None:
    made = channel.Channel(read_address("https://node.example"), token=None, language="en", timeout_s=1.0)._made()
    context: ssl.SSLContext = made._context  # type: ignore[attr-defined]
    assert context.verify_mode is ssl.CERT_REQUIRED and context.check_hostname


def test_a_token_comes_from_the_argument_then_the_environment_then_the_file(tmp_path: Path) -> None:
    address, environment = read_address("https://node.example"), {"XDG_CONFIG_HOME": str(tmp_path)}
    assert find_token(address, given=None, environment=environment) is None
    file = keep_token(address, "amana_kept", environment=environment)
    assert stat.S_IMODE(file.stat().st_mode) == 0o600 and [one.name for one in file.parent.iterdir()] == ["tokens.json"]
    assert find_token(address, given=None, environment=environment) == "amana_kept"
    named = {**environment, "AMANA_TOKEN": "amana_env\n"}
    assert find_token(address, given=None, environment=named) == "amana_env"
    assert find_token(address, given="amana_given", environment=named) == "amana_given"
    other = {**named, "AMANA_NODE": "https://other.example"}
    assert find_token(address, given=None, environment=other) == "amana_kept", "AMANA_TOKEN is for AMANA_NODE"
    assert find_token(read_address("https://node.example:444"), given=None, environment=environment) is None
    assert forget_token(address, environment=environment) and not forget_token(address, environment=environment)


def test_a_damaged_file_of_tokens_is_a_refusal(tmp_path: Path) -> None:
    (tmp_path / "amana").mkdir()
    (tmp_path / "amana" / "tokens.json").write_text("{")
    with pytest.raises(Refusal, match=r"client\.tokens_damaged"):
        amana.connect("https://node.example")


def test_a_malformed_token_is_refused_without_being_shown() -> None:
    with pytest.raises(Refusal, match=r"client\.token_malformed") as caught:
        amana.connect("https://node.example", "amana_secret\r\nX: y")
    assert "secret" not in str(caught.value) + "".join(caught.value.__notes__)


def test_without_an_address_the_node_is_the_environments(node: tuple[str, Memory], monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Refusal, match=r"client\.no_node"):
        amana.connect()
    monkeypatch.setitem(os.environ, "AMANA_NODE", node[0])
    monkeypatch.setitem(os.environ, "AMANA_TOKEN", TOKEN)
    assert amana.connect().me()["name"] == "Researcher"
    assert node[1].sent[-1].headers["Authorization"] == f"Bearer {TOKEN}"


def test_a_figure_over_http_keeps_its_interval(connection: Connection) -> None:
    assert connection.sql(SQL).rows[0]["visits"] == Estimate(value=12345.4, low=12278.4, high=12412.4)
