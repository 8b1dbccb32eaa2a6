"""Receipts packed as RO-Crates: bags that verify, a graph without loose ends, what the Five Safes profile demands, and nothing sealed."""

import dataclasses
import hashlib
import io
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from amana.log.checkpoint import Checkpoint
from amana.log.crate import CrateError, write_crate
from amana.log.crate_graph import Publisher
from amana.log.entries import write_entry
from amana.log.entry_kinds import Entry, KeyEntry, PermitEntry, ProjectEntry, RefusedEntry, RunEntry
from amana.log.note import KeyKind, Note, NoteError, SigningKey, sign_note
from amana.log.proof import TlogProof
from amana.log.quorum import read_policy
from amana.log.receipt import Opening, Receipt, ReceiptError, commit_rows, read_receipt, rows_of, verify_receipt
from amana.log.seal import seal
from amana.log.tree import leaf_hash, node_hash
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId
from amana.terms.use import UseEntry

KEY = SigningKey(name="log.example/a", kind=KeyKind.ED25519, secret=bytes(32))
KEY_TEXT = f"{KEY.verifier.text}\n"
POLICY_TEXT = f"log {KEY.verifier.text}\nquorum none\n"
HOUR, MADE_AT = datetime(2026, 11, 29, 5, tzinfo=UTC), datetime(2026, 11, 29, 6, 7, 8, tzinfo=UTC)
PUBLISHER = Publisher(name="Ministry of Health", url="https://health.example/")
SECRETS = {"person": "u-Tasa", "sql": "SELECT COUNT(*) AS n\nFROM visits -- é ⵣ", "actor": "u-Idir", "reasons": "Too wide a purpose"}
SALTS = {field: field[:1].encode() * 32 for field in SECRETS}
CSV = b"n,n_lo,n_hi\r\n12,10,14\r\n"
SECRET_TRACES = [
    trace.encode() for value in SECRETS.values() for trace in (value, json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
]


def sealed(*fields: str) -> tuple[tuple[str, str], ...]:
    return tuple((field, seal(SECRETS[field], salt=SALTS[field])) for field in fields)


USE = UseEntry(
    verb="ask",
    hour=HOUR,
    population=PopulationName("people"),
    period="life",
    dataset="عيادة",
    version=VersionId("0" * 32),
    custodian="Ministry of Health",
    project="p-00000000000a",
    permit=PermitId("m-00000000000a"),
    purposes=("GRU",),
    mechanism="gauss",
    cost_nrho=NanoRho(5_000_001),
    cost_delta=DeltaUnits(3),
    left_nrho=NanoRho(10**18),
    left_delta=DeltaUnits(7),
    sealed=sealed("person", "sql"),
)
OWN = dataclasses.replace(USE, project="", permit=PermitId("custodian:clinic"))
RUN = RunEntry(
    hour=HOUR, run="j-000000000000000a", event="admit", dataset="clinic", project="p-00000000000a", permit="m-00000000000a", code=0,
    sealed=sealed("person", "sql"),
)  # fmt: skip
REFUSED = RefusedEntry(
    hour=HOUR, dataset="clinic", project="p-00000000000a", permit="m-00000000000a", code=401, sealed=sealed("person", "sql")
)
PERMIT = PermitEntry(
    hour=HOUR, permit="m-00000000000a", project="p-00000000000a", dataset="clinic", population="people", custodian="Ministry of Health",
    event="grant", state="granted", cap_nrho=10, cap_delta=0, until=date(2027, 1, 1), sealed=sealed("actor", "reasons"),
)  # fmt: skip
PROJECT = ProjectEntry(
    hour=HOUR, project="p-00000000000a", event="reject", state="rejected", datasets=("clinic", "visits"), purposes=("GRU",),
    ends=date(2027, 1, 1), sealed=sealed("actor", "reasons"),
)  # fmt: skip
ENTRIES: Mapping[str, Entry] = {
    "use": USE,
    "custodian": OWN,
    "recall": dataclasses.replace(USE, verb="recall", cost_nrho=NanoRho(0)),
    "receive": dataclasses.replace(RUN, event="receive"),
    "admit": RUN,
    "refuse": dataclasses.replace(RUN, event="refuse", code=401),
    "cancel": dataclasses.replace(RUN, event="cancel"),
    "refused": REFUSED,
    "permit": PERMIT,
    "revoked": dataclasses.replace(PERMIT, event="revoke", state="revoked"),
    "project": PROJECT,
}
OPEN, SHUT = frozenset(SECRETS), frozenset[str]()


def signed(text: str) -> Note:
    return Note(text=text, signatures=(sign_note(text, key=KEY),))


def receipt(entry: Entry, *, fields: frozenset[str] = SHUT) -> Receipt:
    """The second entry of a log of two; a use comes with its rows."""
    first, written = leaf_hash(b"first"), write_entry(entry)
    text = Checkpoint(origin=KEY.name, size=2, root=node_hash(first, leaf_hash(written))).text
    proof = TlogProof(index=1, hashes=(first,), checkpoint=Note(text=text, signatures=(sign_note(text, key=KEY),)))
    names = [field for field, _ in getattr(entry, "sealed", ()) if field in fields]
    openings = tuple(Opening(field=field, salt=SALTS[field], value=SECRETS[field]) for field in names)
    salt = b"r" * 32
    rows = None
    if isinstance(entry, UseEntry):
        rows = rows_of(commit_rows(CSV, salt=salt), salt=salt, entry=written, index=1, origin=KEY.name, state=signed)
    return Receipt(entry=written, proof=proof, openings=openings, rows=rows)


def pack(found: Receipt, *, csv: bytes | None = None, made_at: datetime = MADE_AT, publisher: Publisher = PUBLISHER) -> bytes:
    return write_crate(found, policy_text=POLICY_TEXT, key_text=KEY_TEXT, csv=csv, publisher=publisher, made_at=made_at)


def unpack(content: bytes) -> dict[str, bytes]:
    """The files of the bag, by their paths in it."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        names = archive.namelist()
        assert len({name.split("/")[0] for name in names}) == 1 and len(set(names)) == len(names)
        return {name.split("/", 1)[1]: archive.read(name) for name in names}


def graph_of(content: bytes) -> dict[str, dict[str, Any]]:
    whole = json.loads(unpack(content)["data/ro-crate-metadata.json"])
    assert whole["@context"] == ["https://w3id.org/ro/crate/1.1/context", "https://w3id.org/ro/crate/1.2/context"]
    assert len({each["@id"] for each in whole["@graph"]}) == len(whole["@graph"])
    return {each["@id"]: each for each in whole["@graph"]}


def pointed(value: object) -> Iterator[str]:
    """Every entity that a value points at, which must be all that an object says."""
    if isinstance(value, dict):
        assert set(value) == {"@id"}
        yield value["@id"]
    elif isinstance(value, list):
        for each in value:
            yield from pointed(each)


def kinds(entity: Mapping[str, Any]) -> set[str]:
    return {entity["@type"]} if isinstance(entity["@type"], str) else set(entity["@type"])


@pytest.fixture(params=sorted(ENTRIES))
def packed(request: pytest.FixtureRequest) -> bytes:
    entry = ENTRIES[request.param]
    return pack(receipt(entry, fields=OPEN), csv=CSV if isinstance(entry, UseEntry) else None)


def test_the_bag_verifies_by_its_own_manifests(packed: bytes) -> None:
    files = unpack(packed)
    assert files["bagit.txt"] == b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"
    listed = {}
    for manifest in ("manifest-sha512.txt", "tagmanifest-sha512.txt"):
        lines = dict(reversed(line.split("  ")) for line in files[manifest].decode().splitlines())  # type: ignore[arg-type]
        assert all(hashlib.sha512(files[name]).hexdigest() == digest for name, digest in lines.items())
        listed |= lines
    assert set(listed) == set(files) - {"tagmanifest-sha512.txt"}
    info = dict(line.split(": ", 1) for line in files["bag-info.txt"].decode().splitlines())
    payload = [content for name, content in files.items() if name.startswith("data/")]
    assert re.fullmatch("urn:uuid:[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", info["External-Identifier"])
    assert (info["Bagging-Date"], info["Payload-Oxum"]) == ("2026-11-29", f"{sum(map(len, payload))}.{len(payload)}")


def test_the_files_prove_what_the_receipt_proves(packed: bytes) -> None:
    files = {name.removeprefix("data/"): content for name, content in unpack(packed).items()}
    read, policy = read_receipt(files["receipt.json"]), read_policy(files["policy"])
    assert verify_receipt(read, policy=policy, csv=files.get("answer.csv")).index == 1
    assert (files["entry.json"], files["proof.tlog-proof"].decode()) == (read.entry, read.proof.text)
    assert files["log.vkey"].decode().strip() == policy.logs[0].key.text
    if "question.sql" in files:
        assert files["question.sql"].decode() == SECRETS["sql"]


def test_every_entity_that_is_pointed_at_is_there_and_every_file_is_described(packed: bytes) -> None:
    graph, files = graph_of(packed), unpack(packed)
    elsewhere = {"https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/crate/1.2"}
    for entity in graph.values():
        for name, value in entity.items():
            if name not in {"@id", "@type"}:
                assert set(pointed(value)) <= set(graph) | elsewhere, (entity["@id"], name)
    held = {entity["@id"] for entity in graph.values() if "File" in kinds(entity)}
    own = {name.removeprefix("data/") for name in files if name.startswith("data/") and not name.startswith("data/workflow/")}
    assert held == own - {"ro-crate-metadata.json"} == set(pointed(graph["./"]["hasPart"])) - {"workflow/"}
    assert all(int(graph[name]["contentSize"]) == len(files[f"data/{name}"]) for name in held)


def test_what_the_profile_demands_is_there(packed: bytes) -> None:
    graph = graph_of(packed)
    root, descriptor = graph["./"], graph["ro-crate-metadata.json"]
    assert set(pointed(descriptor["conformsTo"])) == {"https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/crate/1.2"}
    assert root["conformsTo"] == {"@id": "https://w3id.org/5s-crate/0.4"} and root["datePublished"] == "2026-11-29T06:07:08+00:00"
    assert "Project" in kinds(graph[root["sourceOrganization"]["@id"]])
    workflow = graph[root["mainEntity"]["@id"]]
    assert "Dataset" in kinds(workflow) and workflow["conformsTo"]["@id"].startswith("https://w3id.org/workflowhub/workflow-ro-crate")
    actions = {name: each for name, each in graph.items() if any(kind.endswith("Action") for kind in kinds(each))}
    assert set(pointed(root["mentions"])) == set(actions)
    (run,) = (each for each in actions.values() if "CreateAction" in kinds(each))
    assert run["instrument"] == root["mainEntity"] and run["startTime"] == "2026-11-29T05:00:00+00:00" and "endTime" not in run
    person = graph[run["agent"]["@id"]]
    assert "Person" in kinds(person) and person["memberOf"] == root["sourceOrganization"]
    for each in actions.values():
        assert isinstance(each["name"], str) and len(each["name"]) >= 10
        assert re.fullmatch("http://schema.org/(Potential|Active|Completed|Failed)ActionStatus", each["actionStatus"])
        for time in ("startTime", "endTime"):
            assert time not in each or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", each[time])
    assert set(pointed(run.get("result", []))) <= set(pointed(root["hasPart"])) | {"#rows"}


def test_the_workflow_is_a_crate_of_its_own(packed: bytes) -> None:
    files = unpack(packed)
    graph = {each["@id"]: each for each in json.loads(files["data/workflow/ro-crate-metadata.json"])["@graph"]}
    main = graph["./"]["mainEntity"]["@id"]
    assert kinds(graph[main]) == {"File", "SoftwareSourceCode", "ComputationalWorkflow"} and f"data/workflow/{main}" in files


@pytest.mark.parametrize(
    ("name", "run", "signed"),
    [
        ("use", "Completed", "Completed"),
        ("custodian", "Completed", "Completed"),
        ("receive", "Potential", "Potential"),
        ("admit", "Potential", "Completed"),
        ("refuse", "Failed", "Failed"),
        ("cancel", "Failed", None),
        ("refused", "Failed", "Failed"),
        ("permit", "Potential", "Completed"),
        ("revoked", "Potential", "Failed"),
        ("project", "Potential", "Failed"),
    ],
)
def test_the_phases_are_those_that_the_entry_tells(name: str, run: str, signed: str | None) -> None:
    graph = graph_of(pack(receipt(ENTRIES[name])))
    phase = {each["additionalType"]["@id"].split("#")[1]: each for each in graph.values() if "additionalType" in each}
    (use,) = (each for each in graph.values() if "CreateAction" in kinds(each))
    assert use["actionStatus"] == f"http://schema.org/{run}ActionStatus"
    assert phase["CheckValue"]["actionStatus"] == "http://schema.org/CompletedActionStatus"
    assert ("SignOff" in phase) is (signed is not None) and ("DisclosureCheck" in phase) is (name in {"use", "custodian"})
    if signed is not None:
        assert phase["SignOff"]["actionStatus"] == f"http://schema.org/{signed}ActionStatus"


def test_a_use_without_rows_is_not_said_to_be_completed() -> None:
    graph = graph_of(pack(dataclasses.replace(receipt(USE), rows=None)))
    (use,) = (each for each in graph.values() if "CreateAction" in kinds(each))
    assert use["actionStatus"] == "http://schema.org/ActiveActionStatus" and "result" not in use


def test_the_guarantee_is_told_in_whole_numbers() -> None:
    graph = graph_of(pack(receipt(USE)))
    told = [(each["name"], each["value"], each["unitText"]) for name, each in graph.items() if name.startswith("#guarantee-")]
    assert told == [
        ("cost", "5000001", "nano-rho"),
        ("cost", "3", "2**-64 of delta"),
        ("left of the account", "1000000000000000000", "nano-rho"),
        ("left of the account", "7", "2**-64 of delta"),
    ]


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_nothing_that_the_holder_has_not_opened_is_in_it(name: str) -> None:
    content = pack(receipt(ENTRIES[name]))
    assert not any(trace in content for trace in [*SECRET_TRACES, CSV, *SALTS.values()])
    assert {"data/answer.csv", "data/question.sql"}.isdisjoint(unpack(content))
    graph = graph_of(content)
    assert "name" not in graph["#person"] and "#actor" not in graph


@pytest.mark.parametrize("field", sorted(SECRETS))
def test_one_opened_field_opens_no_other(field: str) -> None:
    entry: Entry = USE if field in {"person", "sql"} else PERMIT
    files = unpack(pack(receipt(entry, fields=frozenset({field}))))
    whole = b"".join(files.values())
    shown = {each for each in SECRETS if json.dumps(SECRETS[each], ensure_ascii=False).encode() in whole}
    assert shown == {field}
    metadata = files["data/ro-crate-metadata.json"].decode()
    assert (SECRETS[field] in metadata) is (field != "sql") and ("data/question.sql" in files) is (field == "sql")


def test_the_same_receipt_gives_the_same_bytes() -> None:
    found = receipt(USE, fields=OPEN)
    assert pack(found, csv=CSV) == pack(found, csv=CSV) == pack(found, csv=CSV, made_at=MADE_AT.replace(microsecond=9))
    later = unpack(pack(found, csv=CSV, made_at=MADE_AT.replace(second=9)))
    assert later["bag-info.txt"] != unpack(pack(found, csv=CSV))["bag-info.txt"]


def test_a_publisher_writes_no_line_of_its_own_into_the_bag() -> None:
    info = unpack(pack(receipt(USE), publisher=Publisher(name="A\nBagging-Date: 1999-01-01")))["bag-info.txt"].decode()
    assert info.startswith("Source-Organization: A Bagging-Date: 1999-01-01\n") and info.count("\n") == 5
    assert graph_of(pack(receipt(USE), publisher=Publisher(name="A")))["./"]["publisher"] == {"@id": "#publisher"}


def test_what_proves_nothing_is_not_packed() -> None:
    good = receipt(USE, fields=OPEN)
    with pytest.raises(ReceiptError, match="rows_differ"):
        pack(good, csv=CSV.replace(b"12", b"13"))
    with pytest.raises(ReceiptError, match="rows_not_committed"):
        pack(receipt(PERMIT), csv=CSV)
    with pytest.raises(ReceiptError, match="opening_differs"):
        pack(dataclasses.replace(good, openings=(Opening(field="sql", salt=SALTS["sql"], value="SELECT 2"),)))
    other = SigningKey(name=KEY.name, kind=KEY.kind, secret=b"x" * 32).verifier.text
    for key_text in (other, "", "no key"):
        with pytest.raises(CrateError, match="key"):
            write_crate(good, policy_text=POLICY_TEXT, key_text=key_text, csv=None, publisher=PUBLISHER, made_at=MADE_AT)
    with pytest.raises(NoteError):
        write_crate(good, policy_text=f"log {other}\nquorum none\n", key_text=other, csv=None, publisher=PUBLISHER, made_at=MADE_AT)


def test_an_entry_that_is_no_use_and_no_decision_is_not_packed() -> None:
    with pytest.raises(CrateError, match="kind"):
        pack(receipt(KeyEntry(hour=HOUR, vkey=KEY.verifier.text, replaces="")))


def test_half_of_a_surrogate_pair_is_not_packed() -> None:
    salt, value = b"h" * 32, "SELECT '\ud800'"
    entry = dataclasses.replace(USE, sealed=(("person", sealed("person")[0][1]), ("sql", seal(value, salt=salt))))
    with pytest.raises(CrateError, match="text"):
        pack(dataclasses.replace(receipt(entry), openings=(Opening(field="sql", salt=salt, value=value),)))


@pytest.mark.parametrize("name", sorted(ENTRIES))
def test_the_validator_of_the_community_accepts_it(name: str, tmp_path: Path) -> None:
    """It needs the contexts of RO-Crate: from the network, or from its own cache."""
    validator = os.environ.get("AMANA_TEST_ROCRATE_VALIDATOR")
    if validator is None:
        pytest.skip("AMANA_TEST_ROCRATE_VALIDATOR is not set to the rocrate-validator of the package roc-validator")
    cache = os.environ.get("AMANA_TEST_ROCRATE_CACHE")
    entry = ENTRIES[name]
    content = pack(receipt(entry, fields=OPEN), csv=CSV if isinstance(entry, UseEntry) else None)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    (bag,) = tmp_path.iterdir()
    for profile, folder in (("ro-crate-1.1", "data"), ("ro-crate-1.2", "data"), ("workflow-ro-crate", "data/workflow")):
        report = tmp_path / f"{profile}.json"
        command = [validator, "validate", "-p", profile, "-l", "required", "--no-paging", "-f", "json", "-o", str(report)]
        kept = [] if cache is None else ["--offline", "--cache-path", cache]
        ended = subprocess.run([*command, *kept, str(bag / folder)], capture_output=True, check=False, timeout=300)
        assert report.is_file(), ended.stdout + ended.stderr
        found = json.loads(report.read_bytes())
        assert found["passed"] and not found["issues"], found["issues"]
