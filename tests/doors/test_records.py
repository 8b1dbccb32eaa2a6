"""The record of processing: made of what the node holds, for those who answer for the data, without a person in it."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from amana.catalog.schema import Processing
from amana.cli import main
from amana.node.audit import notes
from amana.node.record_fields import EHDS, FIELDS, GDPR, MOROCCAN, NOT_DECLARED, Facts
from amana.node.records import COLUMNS, processing_record, processing_record_for
from amana.node.service import open_service
from amana.node.wiring import rotate_keys
from amana.policy.projects import OutputKind, Verdict
from amana.policy.transitions import OutputEvent
from amana.terms.code import Exit
from amana.terms.refusal import Refusal
from tests.doors.http_node import HttpNode, http_node, lay_down, session_of

PATH = "/api/v1/exports/processing-record"
PUBLIC = "/api/v1/exports/public-register"
SETTINGS = 'access_body = "Access Office"\naccess_body_contact = "1 Palm Street, access@office.example"\n'
DECLARED = Processing(
    joint_controllers=("Second Ministry",),
    representative="Agent in Rabat",
    data_protection_officer="Office of data protection",
    processors=("Computing Centre",),
    recipients_abroad=(),
    data_categories=("costs of care",),
    sensitive=("health",),
    necessity="Planning needs means",
    rights_contact="Counter 4",
    authorisation="A-12 of 2026-01-01",
)


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("records") / "node", settings=SETTINGS) as made:
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
    assert gdpr["30(1)(a) controller"] == [dataset.controller]
    assert gdpr["30(1)(c) categories of personal data"][-1] == "table=visits: person, region, cost"
    assert f"legal_basis={dataset.legal_basis}" in gdpr["35(7)(a) description of the processing"]
    assert f"custodian={dataset.custodian}" in gdpr["35(7)(a) description of the processing"]
    assert moroccan["interconnexions et rapprochements"] == ["matched_with=regions; by=region; source=Map", "other_datasets=none"]
    assert moroccan["dénomination du traitement"] == [f"title.{language}={title}" for language, title in dataset.title]
    assert health["58(1)(e) access body"] == ["name=Access Office", "contact=1 Palm Street, access@office.example"]
    assert "GDPR 21 objection" in health["58(1)(c) rights of natural persons"]
    assert gdpr["30(1)(d) recipients"][1:] == moroccan["destinataires"] == ["University"]
    assert gdpr["30(1)(f) time limits for erasure"] == [f"until={dataset.retention.isoformat()}"]
    assert [value.partition(":")[0] for value in gdpr["30(1)(b) purposes"]] == list(dataset.purposes)
    assert f"epsilon<={node.service.node.budget('test').epsilon_of_cap:.4g}" in gdpr["35(7)(c) risks"]
    assert sum(value.startswith("risk=") for value in gdpr["35(7)(c) risks"]) == 5
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


UNDECLARED = {
    (GDPR, "30(1)(a) joint controllers"): [NOT_DECLARED],
    (GDPR, "30(1)(a) representative"): [NOT_DECLARED],
    (GDPR, "30(1)(a) data protection officer"): [NOT_DECLARED],
    (GDPR, "30(1)(c) categories of personal data"): [f"category={NOT_DECLARED}", f"special_category={NOT_DECLARED}"],
    (GDPR, "30(1)(e) transfers to third countries"): [f"recipient_abroad={NOT_DECLARED}"],
    (MOROCCAN, "catégories de données"): [f"category={NOT_DECLARED}", f"special_category={NOT_DECLARED}"],
    (MOROCCAN, "transferts à l'étranger"): [f"recipient_abroad={NOT_DECLARED}"],
    (GDPR, "30(1)(d) recipients"): [f"processor={NOT_DECLARED}"],
    (GDPR, "35(7)(b) necessity and proportionality"): [f"necessity={NOT_DECLARED}"],
    (MOROCCAN, "représentant"): [NOT_DECLARED],
    (MOROCCAN, "sous-traitance"): [NOT_DECLARED],
    (MOROCCAN, "service du droit d'accès"): [NOT_DECLARED],
    (MOROCCAN, "autorisation préalable"): [
        f"prior_authorisation_for_sensitive_data={NOT_DECLARED}", f"sensitive_data={NOT_DECLARED}", f"authorisation_or_receipt={NOT_DECLARED}",
    ],
    (EHDS, "58(1)(d) where natural persons exercise their rights"): [NOT_DECLARED],
}  # fmt: skip


def test_what_the_rules_do_not_declare_is_said_to_be_missing_and_never_guessed(record: dict[str, dict[str, list[str]]]) -> None:
    found = {(regulation, field): values for regulation, fields in record.items() for field, values in fields.items()}
    missing = {field: [value for value in values if NOT_DECLARED in value] for field, values in found.items()}
    assert {field: values for field, values in missing.items() if values} == UNDECLARED


def test_what_the_rules_declare_stands_in_the_record_and_none_is_not_the_same_as_silence(node: HttpNode) -> None:
    (dataset,) = node.service.datasets()
    facts = Facts(
        dataset=replace(dataset, processing=DECLARED), budget=node.service.node.budget("test"), permits=(), organisations={}, published=(),
        keys="file", address="", access_body=("", ""),
    )  # fmt: skip
    said = {(regulation, field): make(facts) for regulation, field, make in FIELDS}
    assert NOT_DECLARED not in str({field: values for field, values in said.items() if field != (EHDS, "58(1)(e) access body")})
    assert said[EHDS, "58(1)(e) access body"] == (f"name={NOT_DECLARED}", f"contact={NOT_DECLARED}")
    assert said[GDPR, "30(1)(e) transfers to third countries"][0] == "recipient_abroad=none"
    assert said[GDPR, "30(1)(c) categories of personal data"][:2] == ("category=costs of care", "special_category=health")
    assert said[MOROCCAN, "sous-traitance"] == ("Computing Centre",)
    assert said[MOROCCAN, "autorisation préalable"][0] == "prior_authorisation_for_sensitive_data=required"
    assert said[EHDS, "58(1)(d) where natural persons exercise their rights"][0] == "Counter 4"
    necessity = said[GDPR, "35(7)(b) necessity and proportionality"]
    assert necessity[0] == "necessity=Planning needs means" and necessity[-1] == "permits=none"
    innocent = replace(facts, dataset=replace(dataset, processing=replace(DECLARED, sensitive=())))
    assert innocent.authorisation()[:2] == ("prior_authorisation_for_sensitive_data=not required", "sensitive_data=none")


def test_titles_are_in_the_language_of_the_law(node: HttpNode) -> None:
    (dataset,) = node.service.datasets()
    titled = (("en", "Visits"), ("fr", "Visites"))
    tables = tuple(replace(table, title=titled) for table in dataset.schema.tables)
    facts = Facts(
        dataset=replace(dataset, schema=replace(dataset.schema, tables=tables)), budget=node.service.node.budget("test"), permits=(),
        organisations={}, published=(), keys="file", address="", access_body=("", ""),
    )  # fmt: skip
    assert facts.data()[-1] == "table=Visits (visits): person, region, cost"
    assert replace(facts, language="fr").data()[-1] == "table=Visites (visits): person, region, cost"


def test_everybody_reads_the_public_register_and_no_more_than_its_fields(node: HttpNode, record: dict[str, dict[str, list[str]]]) -> None:
    found = node.client.get(PUBLIC).json()
    assert found["format"] == "amana public register 1"
    assert found["datasets"]["test"] == {"EHDS": record["EHDS"]}
    assert "keys_wrapped_by" not in json.dumps(found), "how the keys are kept helps an intruder and nobody else"
    lines = list(csv.reader(io.StringIO(node.client.get(PUBLIC, headers={"Accept": "text/csv"}).text, newline="")))
    assert {line[0] for line in lines[1:]} == {"EHDS"} and any("access@office.example" in line[3] for line in lines)


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
    assert main.main(["export", "public-register", "--folder", folder]) == Exit.FINE
    assert set(json.loads(capsys.readouterr().out)["datasets"]["test"]) == {"EHDS"}
    file = tmp_path / "record.csv"
    assert main.main(["export", "processing-record", "--csv", "--folder", folder, "-o", str(file)]) == Exit.FINE
    assert file.read_bytes().startswith(b"regulation,field,dataset,value\r\n")
    assert main.main(["export", "processing-record", "--folder", folder, "-o", str(tmp_path)]) == Exit.USAGE


def test_a_publishing_and_a_rotation_are_in_the_audit(tmp_path: Path) -> None:
    lay_down(tmp_path / "node")
    rotate_keys(tmp_path / "node", to=None, data="keep")
    service = open_service(tmp_path / "node")
    try:
        found = [(each.actor, each.action, each.thing) for each in notes(service.database, limit=10)]
        (published,) = [each for each in notes(service.database, limit=10) if each.action == "publish"]
        assert found == [("machine", "rotate", "keys"), ("machine", "publish", "dataset")]
        assert (published.subject, published.was, published.now_is) == ("test", "", service.versions()[0].id)
    finally:
        service.close()
