"""Receipts on every answer and decision, and what the keeper of a log does by hand, from the door to the check that needs no node."""

import json
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from amana.cli import main
from amana.log.note import KeyKind
from amana.log.quorum import policy_of, read_policy
from amana.log.read import FolderReader
from amana.log.receipt import Receipt, read_receipt, verify_receipt
from amana.log.verify import verify
from amana.node.results import csv_of
from amana.node.service import Asked
from amana.terms.code import Exit
from tests.doors.http_node import SQL, HttpNode, http_node
from tests.parts import logged_entries

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[HttpNode]:
    with http_node(tmp_path_factory.mktemp("receipts") / "node") as made:
        yield made


def got(node: HttpNode, index: int, who: str | None) -> Receipt:
    reply = node.client.get(f"/api/v1/receipts/{index}", headers=node.headers(who) if who else {})
    assert reply.status_code == 200 and reply.headers["cache-control"] == "no-store", reply.text
    return read_receipt(reply.content)


def asked(node: HttpNode, sql: str, who: str = "member") -> tuple[int, str]:
    """The entry of an answer over HTTP, and the answer as its reader would write it."""
    reply = node.client.post(
        "/api/v1/questions", json={"sql": sql, "within": "50%"}, headers=node.headers(who, Idempotency_Key=secrets.token_hex(8))
    )
    assert reply.status_code == 200, reply.text
    from amana.client.result import Cost, Result
    from amana.client.wire import read_table

    table = read_table(reply.json())
    cost = Cost(loss_nrho=0, delta_units=0, cap_nrho=1, spent_nrho=0, recalled=False)
    return int(reply.json()["receipt"]["entry"]), Result(table=table, cost=cost, version="", digest="").to_csv()


def test_an_answer_tells_its_entry_and_its_receipt_opens_question_person_and_rows(node: HttpNode) -> None:
    index, csv = asked(node, SQL)
    receipt = got(node, index, "member")
    policy = policy_of(node.service._wired.log.verifier)
    proven = verify_receipt(receipt, policy=policy, csv=csv.encode())
    assert (proven.index, proven.rows, proven.opened) == (index, "opened", ("person", "sql"))
    assert proven.entry["verb"] == "ask" and proven.entry["project"] == node.project and proven.entry["permit"] == node.permit
    assert {each.field: each.value for each in receipt.openings} == {"person": node.people["member"], "sql": SQL}
    with pytest.raises(Exception, match="rows_differ"):
        verify_receipt(receipt, policy=policy, csv=csv.encode().replace(b"Atlas", b"Coast"))


def test_others_see_the_entry_and_its_proof_and_nothing_of_the_question(node: HttpNode) -> None:
    index, _ = asked(node, SQL)
    for who in (None, "outsider", "applicant", "reviewer", "decider", "custodian", "auditor", "operator"):
        receipt = got(node, index, who)
        assert receipt.openings == () and receipt.rows is None, who
        assert verify_receipt(receipt, policy=policy_of(node.service._wired.log.verifier)).index == index


def test_the_reasons_of_a_decision_are_for_those_who_see_its_project(node: HttpNode) -> None:
    entries = logged_entries(node.service.settings.folder)
    index = next(at for at, each in enumerate(entries) if each["kind"] == "project" and each["event"] == "approve")
    assert {each.field: each.value for each in got(node, index, "decider").openings} == {
        "actor": node.people["decider"],
        "reasons": "clear",
    }
    assert [each.field for each in got(node, index, "applicant").openings] == ["reasons"]
    assert got(node, index, "outsider").openings == () == got(node, index, None).openings


def test_each_decision_about_a_project_or_permit_leads_to_its_receipt(node: HttpNode, capfd: pytest.CaptureFixture[str]) -> None:
    entries = logged_entries(node.service.settings.folder)
    for kind, name in (("project", node.project), ("permit", node.permit)):
        found = node.client.get("/api/v1/receipts", params={"of": name}).json()["items"]
        assert found == [at for at, each in enumerate(entries) if each["kind"] == kind and each[kind] == name] and len(found) > 2
        assert main.main(["receipt", "get", name, "--folder", str(node.service.settings.folder)]) == Exit.FINE
        assert json.loads(capfd.readouterr().out)["entry"]["event"] == entries[found[-1]]["event"]
    assert node.client.get("/api/v1/receipts", params={"of": "p-unknown"}).json() == {"items": []}
    assert main.main(["receipt", "get", "p-unknown", "--folder", str(node.service.settings.folder)]) == Exit.USAGE


def test_a_recall_is_a_use_with_a_receipt_of_its_own(node: HttpNode) -> None:
    first, csv = asked(node, SQL)
    answered = node.service.recall(
        node.service.sign_in.by_token(node.tokens["member"], now=node.service.now()), asked=Asked(sql=SQL, within="50%")
    )
    assert answered.entry is not None and answered.entry > first and csv_of(answered).decode() == csv
    receipt = got(node, answered.entry, "member")
    assert json.loads(receipt.entry)["verb"] == "recall"
    assert verify_receipt(receipt, policy=policy_of(node.service._wired.log.verifier), csv=csv.encode()).rows == "opened"


def test_there_is_no_receipt_of_what_is_not_in_the_log(node: HttpNode) -> None:
    assert node.client.get(f"/api/v1/receipts/{10**9}").json()["name"] == "receipt.no_entry"
    for wrong in ("-1", "x", str(2**70)):
        assert node.client.get(f"/api/v1/receipts/{wrong}").status_code in {400, 404, 422}
    dry = node.client.post("/api/v1/questions/dry-run", json={"sql": SQL, "within": "50%"}).json()
    assert "entry" not in (dry["receipt"] or {})


def test_what_is_opened_is_told_to_all_and_what_is_erased_to_nobody(node: HttpNode) -> None:
    opened, _ = asked(node, "SELECT COUNT(*) AS opened FROM visits WHERE cost < 41")
    erased, _ = asked(node, "SELECT COUNT(*) AS erased FROM visits WHERE cost < 42")
    keeper = node.service.keeper()
    keeper.open(opened, field="sql")
    told = logged_entries(node.service.settings.folder)[-1]
    assert (told["kind"], told["index"], told["field"]) == ("open", opened, "sql") and "opened FROM visits" in told["value"]
    assert keeper.erase(erased, field="sql") == 1 and keeper.erase(erased, field="") == 1
    for field in ("sql", "person", ""):
        with pytest.raises(Exception, match="nothing_sealed"):
            keeper.erase(erased, field=field)
    with pytest.raises(Exception, match="nothing_sealed"):
        keeper.open(erased, field="sql")
    with pytest.raises(Exception, match="nothing_sealed"):
        keeper.open(0, field="sql")
    assert got(node, erased, "member").openings == ()
    whole = b"".join(path.read_bytes() for path in node.service.settings.folder.rglob("*") if path.is_file())
    assert b"AS erased FROM" not in whole
    policy = policy_of(node.service._wired.log.verifier)
    assert verify(FolderReader(node.service.settings.folder / "log"), policy=policy, since=None, progress=lambda _, __: None)


def test_a_log_whose_keys_changed_verifies_under_the_old_key_and_the_new(node: HttpNode) -> None:
    log, reader = node.service._wired.log, FolderReader(node.service.settings.folder / "log")
    index, csv = asked(node, SQL)
    before, old = got(node, index, "member"), log.verifier
    keeper = node.service.keeper()
    keeper.strengthen()
    new = keeper.rotate()
    asked(node, "SELECT COUNT(*) AS n FROM visits WHERE cost < 43")
    assert new == log.verifier.text != old.text
    for key in (old, log.verifier):
        assert verify(reader, policy=policy_of(key), since=None, progress=lambda _, __: None)
    keeper.retire()
    asked(node, "SELECT COUNT(*) AS n FROM visits WHERE cost < 44")
    policy = read_policy((reader.folder / "policy").read_bytes())
    assert {each.key.kind for each in policy.logs} == {KeyKind.ED25519, KeyKind.COSIGNATURE_ML_DSA_44} and len(policy.logs) == 3
    found = verify(reader, policy=policy_of(log.verifier), since=None, progress=lambda _, __: None)
    assert [key.text for key in found.keys] == [old.text, new]
    with pytest.raises(Exception, match="not_signed"):
        verify(reader, policy=policy_of(old), since=None, progress=lambda _, __: None)
    assert verify_receipt(before, policy=policy_of(old), csv=csv.encode()).rows == "opened", "what an old key signed stays signed"
    assert verify_receipt(got(node, index, "member"), policy=policy_of(log.verifier), csv=csv.encode()).rows == "opened"


def test_the_command_gets_shows_checks_and_packs(node: HttpNode, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    index, csv = asked(node, SQL)
    folder, file, rows = str(node.service.settings.folder), str(tmp_path / "r.json"), tmp_path / "a.csv"
    rows.write_bytes(csv.encode())
    key = f"{folder}/log/log.vkey"
    assert main.main(["receipt", "get", str(index), "--folder", folder, "-o", file]) == Exit.FINE
    assert main.main(["receipt", "show", file]) == Exit.FINE
    assert SQL in capfd.readouterr().out
    assert main.main(["receipt", "verify", file, "--key", key, "--rows", str(rows), "--json"]) == Exit.FINE
    assert json.loads(capfd.readouterr().out)["rows"] == "opened"
    assert main.main(["receipt", "crate", file, "--key", key, "--rows", str(rows), "-o", str(tmp_path / "r.zip")]) == Exit.FINE
    assert (tmp_path / "r.zip").read_bytes()[:2] == b"PK"
    changed = tmp_path / "changed.json"
    changed.write_text(Path(file).read_text("utf-8").replace("GROUP BY region", "GROUP BY person"), "utf-8")
    assert main.main(["receipt", "verify", str(changed), "--key", key]) == Exit.PERMISSION
    assert "is not what was sealed" in capfd.readouterr().err
    assert main.main(["receipt", "verify", file]) == Exit.USAGE
    assert main.main(["receipt", "verify", key, "--key", key]) == Exit.USAGE
    assert main.main(["receipt", "get", "x", "--folder", folder]) == Exit.USAGE
