"""Model files and synthetic tables carry the receipt of their making, from the door that trains to the check that needs no node."""

import json
import secrets
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

import pytest

from amana.cli import main
from amana.client.invented import read_parquet
from amana.client.model_file import SignedModel, read_signed, write_content, write_json
from amana.client.trained import read_synthesised, read_trained
from amana.learn.attacks import SYNTHETIC
from amana.learn.audit import published_audit
from amana.terms.code import Exit
from tests.doors.http_node import HttpNode, http_node
from tests.models import TEXT

pytestmark = pytest.mark.slow
TRAIN = {"dataset": "test", "target": "cost", "learner": "linear", "share": "1%"}
TABLE = {"dataset": "test", "rows": 20, "share": "1%"}


@dataclass(frozen=True, kw_only=True)
class Made:
    node: HttpNode
    key: Path
    signed: SignedModel
    """As the node sent it."""
    model: str

    def runs(self, *words: str, ends: int = Exit.FINE) -> None:
        assert main.main([*words, "--lang", "en"]) == ends


def sent(node: HttpNode, path: str, body: dict[str, object]) -> bytes:
    headers = node.headers("member", Idempotency_Key=secrets.token_hex(8))
    reply = node.client.post(f"/api/v1/{path}", json={**body, "permit": node.permit}, headers=headers)
    assert reply.status_code == 200, reply.text
    return reply.content


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Made]:
    with http_node(tmp_path_factory.mktemp("made") / "node") as node:
        node.service.settings = replace(node.service.settings, machine_power_w=120, grid_carbon_g_per_kwh=500)
        found = read_trained(json.loads(sent(node, "models", dict(TRAIN))))
        key = node.service.settings.folder / "log" / "log.vkey"
        yield Made(node=node, key=key, signed=SignedModel(model=found.model, receipt=found.receipt), model=found.id)


@pytest.mark.parametrize("suffix", [".json", ".safetensors", ".onnx"])
def test_each_form_of_a_model_proves_itself_and_a_changed_byte_is_found(
    made: Made, suffix: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    if suffix == ".onnx":
        pytest.importorskip("onnx")
    content, file = write_content(made.signed, suffix=suffix), tmp_path / f"m{suffix}"
    file.write_bytes(content)
    made.runs("model", "verify", str(file), "--key", str(made.key))
    assert "it is the model that was trained on test" in capfd.readouterr().err
    for place in range(0, len(content), max(1, len(content) // 25)):
        file.write_bytes(content[:place] + bytes([content[place] ^ 1]) + content[place + 1 :])
        code = main.main(["model", "verify", str(file), "--key", str(made.key)])
        assert code in {Exit.PERMISSION, Exit.USAGE}, (place, content[max(0, place - 30) : place + 30])
    file.write_bytes(content + b" ")
    assert main.main(["model", "verify", str(file), "--key", str(made.key)]) != Exit.FINE


def test_a_receipt_in_a_file_tells_the_public_entry_and_not_who_asked(made: Made) -> None:
    receipt = json.loads(made.signed.receipt)
    assert receipt["openings"] == [] and receipt["entry"]["verb"] == "train" and receipt["entry"]["dataset"] == "test"
    assert made.node.people["member"] not in made.signed.receipt


def test_the_kept_file_carries_the_same_commitment(made: Made) -> None:
    reply = made.node.client.get(f"/api/v1/models/{made.model}/file", headers=made.node.headers("custodian"))
    kept = read_signed(reply.text)
    assert kept.model == made.signed.model
    assert json.loads(kept.receipt)["rows"]["commitment"] == json.loads(made.signed.receipt)["rows"]["commitment"]


def test_a_model_trained_again_for_nothing_is_signed_too(made: Made, tmp_path: Path) -> None:
    again = read_trained(json.loads(sent(made.node, "models", dict(TRAIN))))
    assert again.cost.recalled and json.loads(again.receipt)["entry"]["cost_nrho"] == "0"
    made.runs("model", "verify", str(again.save(tmp_path / "again.safetensors")), "--key", str(made.key))


def test_a_file_without_a_receipt_or_with_that_of_another_model_proves_nothing(
    made: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    bare, other = tmp_path / "bare.json", tmp_path / "other.json"
    bare.write_text(TEXT, encoding="utf-8")
    made.runs("model", "verify", str(bare), "--key", str(made.key), ends=Exit.PERMISSION)
    assert "carries no receipt" in capfd.readouterr().err
    other.write_text(write_json({**json.loads(TEXT), "receipt": json.loads(made.signed.receipt)}) + "\n", encoding="utf-8")
    made.runs("model", "verify", str(other), "--key", str(made.key), ends=Exit.PERMISSION)
    assert "not the model that left the node" in capfd.readouterr().err
    other.write_bytes(write_content(made.signed, suffix=".json"))
    made.runs("model", "verify", str(other), ends=Exit.USAGE)


def test_a_receipt_goes_with_a_model_into_every_form(made: Made, tmp_path: Path) -> None:
    source, target = tmp_path / "m.json", tmp_path / "m.safetensors"
    source.write_bytes(write_content(made.signed, suffix=".json"))
    made.runs("model", "export", str(source), "--form", "safetensors", "-o", str(target))
    made.runs("model", "verify", str(target), "--key", str(made.key))
    made.runs("model", "show", str(target))


def test_a_synthetic_table_carries_receipt_and_report_as_csv_and_as_parquet(
    made: Made, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    table = read_synthesised(json.loads(sent(made.node, "synthetic-tables", dict(TABLE))))
    assert table.audit is not None and table.audit == published_audit(SYNTHETIC)
    csv, key = table.save(tmp_path / "made.csv"), str(made.key)
    made.runs("receipt", "verify", str(tmp_path / "made.receipt.json"), "--rows", str(csv), "--key", key)
    beside = json.loads((tmp_path / "made.report.json").read_text())
    assert beside["report"] and beside["audit"] == asdict(table.audit)
    parquet = tmp_path / "made.parquet"
    parquet.write_bytes(sent(made.node, "synthetic-tables", {**TABLE, "format": "parquet"}))
    text, about = read_parquet(parquet.read_bytes())
    assert text == table.csv and about["report"] == table.about()["report"] and about["audit"] == beside["audit"]
    assert "no receipt proves" not in capfd.readouterr().err
    made.runs("receipt", "verify", str(parquet), "--key", key)
    assert "its cost, its report and its dataset, no receipt proves" in capfd.readouterr().err
    csv.write_text(table.csv.replace("Atlas", "Coast", 1), encoding="utf-8")
    made.runs("receipt", "verify", str(tmp_path / "made.receipt.json"), "--rows", str(csv), "--key", key, ends=Exit.PERMISSION)


def test_energy_is_that_of_the_time_until_the_release_which_was_public_before(made: Made) -> None:
    facts = made.node.client.get(f"/api/v1/models/{made.model}", headers=made.node.headers("member")).json()["facts"]
    wanted = json.loads(sent(made.node, "models/preview", dict(TRAIN)))
    assert facts["energy_wh"] == pytest.approx(120 * wanted["seconds"] / 3600) and facts["carbon_g"] == pytest.approx(
        facts["energy_wh"] / 2
    )


def commands(folder: Path, *words: str) -> Sequence[str]:
    return [*words, "--folder", str(folder)]


def test_the_command_writes_either_form(made: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = made.node.service.settings.folder
    for form in ("csv", "parquet"):
        made.runs(*commands(folder, "synthesise", "test", "--rows", "20", "--share", "1%", "--format", form))
    made.runs("receipt", "verify", "test-synthetic.receipt.json", "--rows", "test-synthetic.csv", "--key", str(made.key))
    made.runs("receipt", "verify", "test-synthetic.parquet", "--key", str(made.key))
