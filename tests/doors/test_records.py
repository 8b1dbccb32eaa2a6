"""The record of processing: made of what the node holds, for those who answer for the data, without a person in it."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from amana.cli import main
from amana.node.records import COLUMNS, FIELDS, processing_record, processing_record_for
from amana.policy.projects import OutputKind, Verdict
from amana.policy.transitions import OutputEvent
from amana.terms.codes import Exit
from amana.terms.refusal import Refusal
from tests.doors.http_node import HttpNode, http_node, session_of

PATH = "/api/v1/exports/processing-record"


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("records") / "node") as made:
        yield made


@pytest.fixture(scope="module")
def record(node: HttpNode) -> dict[str, dict[str, list[str]]]:
    """Of the only dataset, after an output was published."""
    service, now = node.service, node.service.now()

    def asker(name: str) -> Any:
        return service.sign_in.by_session(session_of(service, node.people[name]), now=service.now())

    output = service.outputs.add(asker("member"), project=node.project, kind=OutputKind.TEXT, title="=Visits by region", body="Many.")
    service.outputs.act(asker("member"), output=output, event=OutputEvent.PROPOSE)
    for name in ("reviewer", "second"):
        service.outputs.vote(asker(name), output=output, verdict=Verdict.APPROVE, reasons="")
    service.outputs.act(asker("decider"), output=output, event=OutputEvent.PUBLISH)
    found = node.client.get(PATH, headers=node.headers("auditor")).json()
    assert found["made_at"] >= now.isoformat(timespec="seconds")
    held: dict[str, dict[str, list[str]]] = found["datasets"]["test"]
    return held


def test_every_field_of_every_regulation_is_filled(record: dict[str, dict[str, list[str]]]) -> None:
    assert {(regulation, field) for regulation, fields in record.items() for field in fields} == {each[:2] for each in FIELDS}
    assert [field for fields in record.values() for field, values in fields.items() if not values] == []


def test_the_values_are_what_the_node_holds(node: HttpNode, record: dict[str, dict[str, list[str]]]) -> None:
    (dataset,) = node.service.datasets()
    permit = node.service.permits.place(node.permit).record
    gdpr, moroccan, health = record["GDPR"], record["Loi 09-08"], record["EHDS"]
    assert gdpr["30(1)(a) controller"] == [dataset.controller, f"custodian={dataset.custodian}"]
    assert gdpr["30(1)(c) categories of personal data"] == ["visits.person", "visits.region", "visits.cost"]
    assert gdpr["30(1)(d) recipients"] == moroccan["destinataires"] == ["University"]
    assert gdpr["30(1)(f) time limits for erasure"] == [f"until={dataset.retention.isoformat()}"]
    assert [value.partition(":")[0] for value in gdpr["30(1)(b) purposes"]] == list(dataset.purposes)
    assert f"epsilon<={node.service.node.budget('test').epsilon_of_cap:.4g}" in gdpr["35(7)(c) risks"]
    assert any(
        value.startswith(f"permit={permit.id}; outcome=allowed; purpose.covered=HMB")
        for value in gdpr["35(7)(b) necessity and proportionality"]
    )
    (access,) = health["58(1)(f) access granted"]
    assert f"permit={permit.id}; organisation=University; dataset=test; title=Visits by region; purposes=HMB" in access
    assert permit.valid_until.date().isoformat() in access and "permit_is=active; project_is=active" in access
    (result,) = health["58(1)(g) results"]
    address = result.rpartition(": ")[2].removeprefix(node.service.settings.public_url)
    assert node.client.get(address).json()["body"] == "Many.", "the link opens for everybody"


def test_no_person_is_in_a_record(node: HttpNode, record: dict[str, dict[str, list[str]]]) -> None:
    written = json.dumps(record)
    for name, person in node.people.items():
        assert person not in written and f'"{name.title()}"' not in written


def test_csv_says_the_same_and_runs_in_no_spreadsheet(node: HttpNode, record: dict[str, dict[str, list[str]]]) -> None:
    reply = node.client.get(PATH, headers=node.headers("auditor", Accept="text/csv"))
    assert reply.headers["content-type"].startswith("text/csv")
    head, *lines = csv.reader(io.StringIO(reply.text, newline=""))
    assert tuple(head) == COLUMNS
    flat = {(regulation, field, value) for regulation, fields in record.items() for field, values in fields.items() for value in values}
    assert {(regulation, field, value.removeprefix("'")) for regulation, field, dataset, value in lines if dataset == "test"} == flat
    assert not any(value.startswith(("=", "+", "-", "@")) for *_, value in lines)
    assert any(value.startswith("'=Visits") for *_, value in lines)


def test_who_answers_for_the_data_or_audits_may_export_and_nobody_else(node: HttpNode) -> None:
    for who in ("custodian", "auditor"):
        assert set(node.client.get(PATH, headers=node.headers(who)).json()["datasets"]) == {"test"}
    with pytest.raises(Refusal, match="sign_in_needed"):
        processing_record_for(node.service, None)
    assert node.client.get("/api/v1/exports/other", headers=node.headers("auditor")).status_code == 404


def test_the_machine_exports_without_anybody(node: HttpNode, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    folder = str(node.service.settings.folder)
    entries = len(processing_record(node.service).entries)
    assert main.main(["export", "processing-record", "--folder", folder]) == Exit.FINE
    assert sum(len(fields) for fields in json.loads(capsys.readouterr().out)["datasets"]["test"].values()) == entries == len(FIELDS)
    file = tmp_path / "record.csv"
    assert main.main(["export", "processing-record", "--csv", "--folder", folder, "-o", str(file)]) == Exit.FINE
    assert file.read_bytes().startswith(b"regulation,field,dataset,value\r\n")
    assert main.main(["export", "processing-record", "--folder", folder, "-o", str(tmp_path)]) == Exit.USAGE
