"""The public registers at every door: over HTTP, by the command over a folder and over a node."""

import csv
import hashlib
import io
import json
import secrets
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from mlcroissant import Dataset
from rdflib import Graph
from rdflib.compare import isomorphic

import amana
from amana.cli import main
from amana.client.connect import Connection
from amana.node import registers
from amana.register.croissant import MEDIA
from amana.register.listing import API
from amana.register.uses import ROW_COLUMNS, USE_COLUMNS
from amana.terms.code import Exit
from amana.terms.refusal import Refusal
from tests.doors.http_node import SQL, HttpNode, http_node
from tests.register_parts import PROJECT, permit, project, use

SETTINGS = 'access_body = "Access Office"\naccess_body_contact = "1 Palm Street, access@office.example"\n'
ENTRIES = [project(), permit("request", state="requested"), *(use(at=hour, cost=hour) for hour in range(1, 12))]


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("registers") / "node", settings=SETTINGS) as made:
        yield made


@pytest.fixture
def logged(node: HttpNode, monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, object]]:
    """What stands in the log of the node: a list that may grow."""
    held: list[Mapping[str, object]] = list(ENTRIES)
    monkeypatch.setattr(node.service, "entries", lambda *, start=0: iter(held[start:]))
    monkeypatch.setattr(node.service, "registers", registers.Registers(node.service))
    return held


@contextmanager
def over_http(node: HttpNode) -> Iterator[Connection]:
    """A client of the node, on a port of this machine."""
    with socket.create_server(("127.0.0.1", 0)) as listening:
        server = uvicorn.Server(uvicorn.Config(node.client.app, lifespan="off", log_level="error"))
        serving = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        serving.start()
        try:
            with amana.connect(f"http://127.0.0.1:{listening.getsockname()[1]}", node.tokens["member"], language="en") as connection:
                yield connection
        finally:
            server.should_exit = True
            serving.join()


def got(node: HttpNode, path: str, **query: Any) -> Any:
    reply = node.client.get(f"{API}{path}", params=query)
    assert reply.status_code == 200, reply.text
    return reply


def test_the_catalogue_is_the_same_in_both_forms_and_names_this_node(node: HttpNode) -> None:
    linked, turtle = got(node, "/catalog.jsonld"), got(node, "/catalog.ttl")
    assert linked.headers["content-type"] == "application/ld+json" and turtle.headers["content-type"].startswith("text/turtle")
    assert isomorphic(Graph().parse(data=linked.text, format="json-ld"), Graph().parse(data=turtle.text, format="turtle"))
    found = linked.json()
    assert found["@id"].startswith(node.service.settings.public_url) and found["dct:publisher"]["foaf:name"] == "Access Office"
    again = node.client.get(f"{API}/catalog.ttl", headers={"If-None-Match": turtle.headers["etag"]})
    assert again.status_code == 304


def test_every_address_of_a_distribution_leads_to_it(node: HttpNode) -> None:
    (found,) = got(node, "/catalog.jsonld").json()["dcat:dataset"]
    addresses = [each["dcat:downloadURL"]["@id"] for each in (*found["adms:sample"], found["dcat:distribution"][1])]
    addresses += [each["@id"] for each in found["foaf:page"]]
    assert len(addresses) == 7
    for address in addresses:
        reply = node.client.get(address.removeprefix(node.service.settings.public_url))
        assert reply.status_code == 200, address


def test_the_files_that_croissant_describes_are_those_that_are_given_out(node: HttpNode, tmp_path: Path) -> None:
    reply = got(node, "/datasets/test/croissant.json")
    assert reply.headers["content-type"] == MEDIA
    found, files = reply.json(), {}
    for each in found["distribution"]:
        content = node.client.get(each["contentUrl"].removeprefix(node.service.settings.public_url)).content
        assert (hashlib.sha256(content).hexdigest(), f"{len(content)} B") == (each["sha256"], each["contentSize"])
        files[each["@id"]] = tmp_path / each["@id"]
        files[each["@id"]].write_bytes(content)
    assert set(files) == {"visits.csv", "visits.parquet", "regions.csv", "regions.parquet"}
    dataset = Dataset(jsonld=found, mapping=dict(files))
    assert not dataset.metadata.issues.errors
    visits = list(dataset.records("visits"))
    lines = list(csv.DictReader(io.StringIO(files["visits.csv"].read_text("utf-8"), newline="")))
    assert [each["visits/region"].decode() for each in visits] == [line["region"] for line in lines] and len(visits) > 100
    assert got(node, "/datasets/test/croissant.json").headers["etag"] == reply.headers["etag"]


def test_the_promise_is_that_of_the_budget(node: HttpNode) -> None:
    found, budget = got(node, "/datasets/test/privacy.json").json(), got(node, "/datasets/test/budget").json()
    assert found["promise"]["cap_nrho"] == budget["cap_nrho"] and found["promise"]["epsilon"] == budget["epsilon_of_cap"]
    assert found["promise"]["delta"] == budget["delta_shown"]


@pytest.mark.parametrize("path", ["croissant.json", "privacy.json"])
def test_a_dataset_that_is_not_there_is_refused_by_name(node: HttpNode, path: str) -> None:
    reply = node.client.get(f"{API}/datasets/nothing/{path}")
    assert (reply.status_code, reply.json()["name"]) == (404, "node.unknown_dataset")


def test_the_register_of_a_node_whose_log_is_empty_is_empty(node: HttpNode, logged: list[Mapping[str, object]]) -> None:
    logged.clear()
    assert got(node, "/uses.json").json() == {"format": "amana register of uses 1", "size": 0, "projects": []}
    assert got(node, "/uses.csv").text == ",".join(ROW_COLUMNS) + "\r\n"
    assert got(node, "/uses.json", part="uses").json()["uses"] == []


def test_the_register_says_what_the_ledger_says_after_a_question(node: HttpNode) -> None:
    for _ in range(2):
        asked = {"sql": SQL, "within": "20%", "permit": node.permit}
        reply = node.client.post(f"{API}/questions", json=asked, headers=node.headers(Idempotency_Key=secrets.token_hex(8)))
        assert reply.status_code == 200, reply.text
    rows = {each["project"]: each for each in got(node, "/uses.json").json()["projects"]}
    own, asked_by = rows[""], rows[node.project]
    assert (asked_by["charged_count"], asked_by["recalled_count"]) == (1, 1) and asked_by["permit"] == node.permit
    assert (asked_by["permit_state"], asked_by["purposes"], asked_by["custodian"]) == ("active", ["HMB"], "Tests")
    assert int(own["loss_nrho"]) + int(asked_by["loss_nrho"]) == node.spent()
    listing = got(node, "/uses.json", part="uses").json()["uses"]
    assert [each["verb"] for each in listing if each["project"] == node.project] == ["ask", "recall"]
    assert int(listing[-1]["left_nrho"]) == got(node, "/datasets/test/budget").json()["left_nrho"]


def test_the_register_grows_with_the_log_and_reads_no_entry_twice(node: HttpNode, logged: list[Mapping[str, object]]) -> None:
    found = got(node, "/uses.json").json()
    (row,) = found["projects"]
    assert (found["size"], row["project"], row["charged_count"], row["loss_nrho"]) == (13, PROJECT, 11, "66")
    logged.append(use("recall", cost=0))
    found = got(node, "/uses.json").json()
    (row,) = found["projects"]
    assert (found["size"], row["charged_count"], row["recalled_count"], row["loss_nrho"]) == (14, 11, 1, "66")
    lines = list(csv.DictReader(io.StringIO(got(node, "/uses.csv").text, newline="")))
    assert [line["loss_nrho"] for line in lines] == ["66"]


def test_uses_come_in_parts_each_of_which_names_the_next(
    node: HttpNode, logged: list[Mapping[str, object]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registers, "ENTRIES_MAX", 5)
    seen, after = [], 0
    while after is not None:
        reply = got(node, "/uses.json", part="uses", after=after)
        seen += [each["index"] for each in reply.json()["uses"]]
        after = reply.json()["next"]
        assert (f"after={after}>" in reply.headers.get("link", "")) == (after is not None)
    assert seen == list(range(2, 13))
    assert got(node, "/uses.json", part="uses", after=13).json()["uses"] == []
    assert node.client.get(f"{API}/uses.json", params={"part": "uses", "after": -1}).status_code == 422


def test_a_client_reads_a_register_whole(node: HttpNode, logged: list[Mapping[str, object]], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "ENTRIES_MAX", 4)
    with over_http(node) as connection:
        listing = json.loads(connection.register("uses", part="uses"))
        assert [each["index"] for each in listing["uses"]] == list(range(2, 13)) and listing["next"] is None
        lines = list(csv.reader(io.StringIO(connection.register("uses", shape="csv", part="uses"), newline="")))
        assert tuple(lines[0]) == USE_COLUMNS and [line[0] for line in lines[1:]] == [str(index) for index in range(2, 13)]
        assert json.loads(connection.register("uses"))["size"] == 13
        assert connection.register("uses", shape="csv").startswith("project,")
        assert json.loads(connection.register("privacy", name="test"))["dataset"] == "test"
        assert json.loads(connection.register("croissant", name="test"))["alternateName"] == "test"
        assert json.loads(connection.register("dcat"))["@type"] == "dcat:Catalog"
        assert connection.register("dcat", shape="turtle").startswith("@prefix")
        with pytest.raises(Refusal, match="unknown_dataset"):
            connection.register("privacy", name="nothing")


def command(*words: str) -> int:
    return main.main(["register", *words])


def test_the_command_writes_each_register_of_a_folder(node: HttpNode, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = ("--folder", str(node.service.settings.folder))
    for words, kind in ((("dcat",), "dcat:Catalog"), (("croissant", "test"), "sc:Dataset")):
        assert command(*words, *folder) == Exit.FINE
        assert json.loads(capsys.readouterr().out)["@type"] == kind
    assert command("privacy", "test", *folder) == Exit.FINE
    assert json.loads(capsys.readouterr().out)["promise"]["unit"] == "patient"
    assert command("dcat", "--turtle", *folder) == Exit.FINE and capsys.readouterr().out.startswith("@prefix")
    for words, first in ((("--csv",), "project,"), (("--csv", "--each"), "index,"), ((), "{"), (("--each",), "{")):
        assert command("uses", *words, *folder) == Exit.FINE
        assert capsys.readouterr().out.startswith(first)
    file = tmp_path / "catalogue.ttl"
    assert command("dcat", "--turtle", "-o", str(file), *folder) == Exit.FINE
    assert len(Graph().parse(file, format="turtle")) > 50


@pytest.mark.parametrize(
    "words",
    [("dcat", "--csv"), ("uses", "--turtle"), ("croissant", "test", "--csv"), ("privacy", "test", "--each"), ("croissant",), ("privacy",)],
)
def test_a_register_in_a_form_that_it_has_not_is_refused(words: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert command(*words, "--folder", "nowhere") == Exit.USAGE
    assert "AMA-860" in (told := capsys.readouterr().err) or "AMA-684" in told
