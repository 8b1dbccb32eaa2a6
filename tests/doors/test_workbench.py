"""The workbench without a browser: a history that survives, what is charged once, the price of more precision, files, forms."""

import ast
import html
import io
import os
import re
import threading
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pandas
import pyarrow as pa
import pytest
from pyarrow import parquet

from amana.log.receipt import commit_rows, read_receipt
from amana.node import history
from amana.node.database import open_database
from amana.node.history import History
from amana.node.service import Asked
from amana.web.pages.asked import python_of
from amana.web.pages.precisions import finer
from tests.doors.http_node import SQL, HttpNode, http_node
from tests.doors.pages_of import Visitor, visitor


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("workbench") / "node") as made:
        yield made


@pytest.fixture
def amal(node: HttpNode) -> Visitor:
    return visitor(node)


def database_setting() -> str:
    """A line of the settings: a schema of its own on the server of the test, if it has one."""
    server = os.environ.get("AMANA_TEST_DATABASE")
    if server is None:
        return ""
    url = f"{server}{'&' if '?' in server else '?'}options=-csearch_path%3Dhistory"
    database = open_database(url, folder=Path())
    with database.alone() as reading:
        reading.script("CREATE SCHEMA history")
    database.close()
    return f'database = "{url}"'


def above(cost: int) -> str:
    """A question of its own for each test."""
    return f"SELECT region, COUNT(*) AS visits FROM visits WHERE cost > {cost} GROUP BY region"


def run(who: Visitor, sql: str, *, within: str = "20%") -> str:
    """Ask, and give the path of the page that the browser is sent to."""
    reply = who.post("/desk/work", act="run", sql=sql, within="other", other=within)
    assert reply.status_code == 303, reply.text
    address = str(reply.headers["location"])
    assert "SELECT" not in address and re.fullmatch(r"/en/desk/work/q-[0-9a-f]{16}", address)
    return address.removeprefix("/en")


def test_an_answer_is_shown_with_its_drawing_its_price_and_its_receipt(amal: Visitor, node: HttpNode) -> None:
    page = amal.get(run(amal, above(1)))
    assert page.status_code == 200
    for text in ("Atlas", "Coast", "Desert", "±", "<svg", "/api/v1/receipts/", "amana.connect(", html.escape(above(1))):
        assert text in page.text, text
    entry = re.search(r"/api/v1/receipts/(\d+)", page.text)
    assert entry is not None and node.client.get(f"/api/v1/receipts/{entry[1]}").status_code == 200


def test_a_question_is_written_down_before_it_is_put_and_a_crash_between_costs_nothing_more(
    amal: Visitor, node: HttpNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    def crash(*_: object, **__: object) -> None:
        raise SystemError

    with monkeypatch.context() as patch:
        patch.setattr(History, "_keep", crash)
        assert amal.post("/desk/work", act="run", sql=above(2), within="10%").status_code == 500
    spent = node.spent()
    listed = amal.get("/desk/work/history").text
    assert html.escape(above(2)) in listed
    path = next(iter(re.findall(r"/desk/work/q-[0-9a-f]{16}", listed)))
    page = amal.get(path).text
    assert "its answer was not kept" in page and "<svg" not in page
    assert amal.post(f"{path}/again").status_code == 303
    assert "<table" in amal.get(path).text and "Nothing was charged" in amal.get(path).text
    assert node.spent() == spent


def test_a_question_put_before_a_crash_that_charged_nothing_is_put_again(
    amal: Visitor, node: HttpNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = node.spent()
    with monkeypatch.context() as patch:
        patch.setattr(type(node.service), "put", lambda *_, **__: 1 / 0)
        assert amal.post("/desk/work", act="run", sql=above(3), within="10%").status_code == 500
    assert node.spent() == before
    path = run(amal, above(3), within="10%")
    assert "<table" in amal.get(path).text and node.spent() > before
    assert amal.get("/desk/work/history").text.count(html.escape(above(3))) == 1


def test_the_same_question_is_one_row_and_charged_once(amal: Visitor, node: HttpNode) -> None:
    first = run(amal, above(4))
    spent = node.spent()
    assert run(amal, above(4)) == first
    assert node.spent() == spent


def test_a_double_click_is_charged_once_and_is_no_error(amal: Visitor, node: HttpNode) -> None:
    person = node.service.sign_in.by_session(amal.secret, now=node.service.now())
    price = node.service.preview(person, asked=Asked(sql=above(5), within="10%", permit=node.permit)).cost_nrho
    before, token, replies = node.spent(), amal.token(), list[int]()

    def click() -> None:
        replies.append(amal.post("/desk/work", token=token, act="run", sql=above(5), within="10%").status_code)

    clicks = [threading.Thread(target=click) for _ in range(3)]
    for each in clicks:
        each.start()
    for each in clicks:
        each.join()
    assert replies == [303] * 3
    run(amal, above(5), within="10%")
    assert 0 < price == node.spent() - before


def test_another_persons_question_is_as_one_that_is_not_there(amal: Visitor, node: HttpNode) -> None:
    path, other = run(amal, above(7)), visitor(node, "applicant")
    for address in (path, f"{path}.csv", path[:-1] + "x", "/desk/work/history"):
        reply = other.get(address)
        assert above(7) not in html.unescape(reply.text)
        assert reply.status_code == (200 if address.endswith("history") else 404)
    assert other.post(f"{path}/again").status_code == other.post(f"{path}/cancel").status_code == 404
    auditor = visitor(node, "auditor")
    assert auditor.get(path).status_code == 403  # she never may ask, so she has no history


def test_more_precise_pays_the_difference_that_was_shown(amal: Visitor, node: HttpNode) -> None:
    path = run(amal, above(8), within="20%")
    page = amal.get(path).text
    assert 'value="10%"' in page and 'value="5%"' in page
    person = node.service.sign_in.by_session(amal.secret, now=node.service.now())
    finer_one = Asked(sql=above(8), within="10%", permit=node.permit)
    shown, anew = node.service.preview(person, asked=finer_one).cost_nrho, Asked(sql=above(9), within="10%", permit=node.permit)
    before = node.spent()
    assert amal.post("/desk/work", act="run", sql=above(8), within="10%", permit=node.permit).status_code == 303
    assert node.spent() - before == shown
    assert 0 < shown < node.service.preview(person, asked=anew).cost_nrho


def test_finer_precisions_go_down_to_an_end() -> None:
    assert [each for each, _ in finer("5%")] == ["2%", "1%"]
    assert [each for each, _ in finer("3%")] == ["2%", "1%"]
    assert [each for each, _ in finer("15")] == ["7.5", "3"]
    assert finer("0.1%") == () and finer("0.000000001") == ()


def test_files_open_with_what_people_use(amal: Visitor, tmp_path: Path) -> None:
    path = run(amal, SQL)
    files = {form: amal.get(f"{path}.{form}") for form in ("csv", "json", "arrow", "parquet")}
    assert all(reply.status_code == 200 and "attachment" in reply.headers["content-disposition"] for reply in files.values())
    frame = pandas.read_csv(io.StringIO(files["csv"].text))
    assert list(frame.columns) == ["region", "visits", "visits_lo", "visits_hi"] and list(frame["region"]) == ["Atlas", "Coast", "Desert"]
    figures = list(frame["visits"])
    assert all(frame["visits_lo"] < frame["visits"]) and [row["visits"] for row in files["json"].json()["rows"]] == figures
    assert pa.ipc.open_stream(files["arrow"].content).read_all().column("visits").to_pylist() == figures
    assert parquet.read_table(io.BytesIO(files["parquet"].content)).column("visits").to_pylist() == figures
    file = tmp_path / "answer.parquet"
    file.write_bytes(files["parquet"].content)
    assert [row[0] for row in duckdb.sql(f"SELECT visits FROM '{file}'").fetchall()] == figures
    assert amal.get(f"{path}.exe").status_code == 404


def test_the_csv_file_is_what_the_receipt_commits_to(amal: Visitor, node: HttpNode) -> None:
    path = run(amal, above(10))
    entry = re.search(r"/api/v1/receipts/(\d+)", amal.get(path).text)
    assert entry is not None
    rows = read_receipt(node.client.get(f"/api/v1/receipts/{entry[1]}", headers=amal.cookie).content).rows
    assert rows is not None and commit_rows(amal.get(f"{path}.csv").content, salt=rows.salt) == rows.commitment


def test_a_form_that_comes_from_elsewhere_spends_nothing(amal: Visitor, node: HttpNode) -> None:
    before = node.spent()
    for token in ("", "00" * 40, visitor(node, "applicant").token()):
        assert amal.post("/desk/work", token=token, act="run", sql=above(11), within="10%").status_code == 403
    assert node.spent() == before
    assert above(11) not in html.unescape(amal.get("/desk/work/history").text)


def test_a_refusal_underlines_its_place_and_leaves_nothing_in_the_history(amal: Visitor, node: HttpNode) -> None:
    for act in ("try", "preview", "run"):
        reply = amal.post("/desk/work", act=act, sql="SELECT regiom, COUNT(*) AS n FROM visits GROUP BY regiom", within="10%")
        assert reply.status_code == 422 and "<mark>regiom</mark>" in reply.text
        assert "SELECT regiom" in html.unescape(reply.text), "what was typed is shown again"
    assert amal.post("/desk/work", act="run", sql="", within="10%").status_code == 422
    assert amal.post("/desk/work", act="preview", sql=SQL, within="other", other="5 apples").status_code == 422
    assert "regiom" not in amal.get("/desk/work/history").text


def test_a_try_spends_nothing_and_says_that_its_rows_are_invented(amal: Visitor, node: HttpNode) -> None:
    before = node.spent()
    reply = amal.post("/desk/work", act="try", sql=above(12), within="10%")
    assert reply.status_code == 200 and "These rows are invented" in reply.text and "<svg" in reply.text
    assert node.spent() == before
    assert above(12) not in html.unescape(amal.get("/desk/work/history").text)


def test_a_preview_shows_three_precisions_with_their_prices(amal: Visitor, node: HttpNode) -> None:
    before = node.spent()
    page = amal.post("/desk/work", act="preview", sql=above(13), within="5%").text
    assert page.count("of the permit, ") == 3 and page.count("visits</bdi>: ") == 3
    other = amal.post("/desk/work", act="preview", sql=above(13), within="other", other="15").text
    assert other.count("of the permit, ") == 4 and 'value="15" checked' in other
    assert node.spent() == before


def test_the_oldest_questions_and_answers_make_room(amal: Visitor, node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "ROWS_MAX", 2)
    paths = [run(amal, above(cost)) for cost in (20, 21, 22)]
    assert [amal.get(path).status_code for path in paths] == [404, 200, 200]
    monkeypatch.setattr(history, "BYTES_MAX", 1)
    last = run(amal, above(23))
    spent = node.spent()
    assert "not kept here any more" in amal.get(paths[2]).text and amal.get(f"{paths[2]}.csv").status_code == 404
    monkeypatch.setattr(history, "BYTES_MAX", 1_000_000)
    assert amal.post(f"{last}/again").status_code == 303
    assert "<table" in amal.get(last).text and node.spent() == spent


def test_after_data_were_published_anew_an_unkept_answer_is_not_asked_for(
    amal: Visitor, node: HttpNode, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(type(node.service), "put", lambda *_, **__: 1 / 0)
        amal.post("/desk/work", act="run", sql=above(24), within="10%")
    path = next(iter(re.findall(r"/desk/work/q-[0-9a-f]{16}", amal.get("/desk/work/history").text)))
    monkeypatch.setattr(History, "_serving", lambda _: "other versions")
    before = node.spent()
    assert "published anew" in amal.get(path).text
    assert amal.post(f"{path}/again").status_code == 410 and node.spent() == before


def test_whoever_has_no_permit_tries_and_is_told_why_she_cannot_run(node: HttpNode) -> None:
    stranger = visitor(node, "outsider")
    assert "You hold no permit yet" in stranger.get("/desk/work").text
    assert stranger.post("/desk/work", act="try", sql=SQL, within="10%").status_code == 200
    assert stranger.post("/desk/work", act="run", sql=SQL, within="10%").status_code == 403


def test_the_python_says_the_same_question(amal: Visitor, node: HttpNode) -> None:
    person = node.service.sign_in.by_session(amal.secret, now=node.service.now())
    assert person is not None
    for sql in (SQL, "SELECT COUNT(*) AS n\nFROM visits", "SELECT '\\' || '\"\"\"'", 'SELECT 1 AS "a"'):
        record = node.service.history._begun(person, Asked(sql=sql, within="5%", permit=node.permit))[0]
        call = next(
            each
            for each in ast.walk(ast.parse(python_of(record, address="https://node.example")))
            if isinstance(each, ast.Call) and each.keywords
        )
        assert ast.literal_eval(call.args[0]) == sql
        assert {each.arg: ast.literal_eval(each.value) for each in call.keywords} == {"within": "5%", "permit": node.permit}


@pytest.mark.usefixtures("each_database")
def test_the_history_is_the_same_on_each_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with http_node(tmp_path / "node", settings=database_setting()) as node:
        amal = visitor(node)
        monkeypatch.setattr(history, "BYTES_MAX", 1)
        path = run(amal, above(1))
        monkeypatch.setattr(history, "BYTES_MAX", 1_000_000)
        assert run(amal, above(1)) == path
        assert "<table" in amal.get(path).text
        monkeypatch.setattr(history, "ROWS_MAX", 1)
        run(amal, above(2))
        assert amal.get(path).status_code == 404


@pytest.mark.slow
def test_a_long_question_is_waited_for_and_its_answer_kept(tmp_path: Path) -> None:
    with http_node(tmp_path / "node", settings="job_after_ms = 0\ndeadline_base_ms = 300") as node:
        node.service.work()
        amal, over = visitor(node), threading.Event()
        path = run(amal, above(1))
        page = amal.get(path).text
        for _ in range(200):
            if "data-poll" not in page:
                break
            assert "<progress" in page
            over.wait(0.1)
            page = amal.get(path).text
        assert "<table" in page and ".parquet" in page
        assert run(amal, above(1)) == path
        with node.service.database.reading() as reading:
            assert reading.rows("SELECT state FROM asked", {}) == [("answered",)]
