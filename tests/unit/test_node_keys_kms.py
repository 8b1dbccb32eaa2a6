"""Keys wrapped by a KMS behind a command: it may be slow, wrong or careless, and nothing is lost or shown."""

import json
import os
import time
from pathlib import Path

import pytest

from amana.node.keys import RANK
from amana.node.rotate import rotate
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal
from tests.unit.keyring import make_kms, refused, ring

ONE = VersionId("1" * 32)


def test_a_kms_wraps_every_key_and_no_key_file_is_made(tmp_path: Path) -> None:
    command = make_kms(tmp_path / "kms")
    made = ring(tmp_path / "node", kms=command)
    made.add_version(ONE)
    assert ring(tmp_path / "node", kms=command).version_key(ONE) == made.version_key(ONE)
    assert sorted(file.name for file in (tmp_path / "node" / "keys").iterdir()) == ["lock", "wrapped.json"]
    assert (made.read().source, made.read().kek) == ("kms", "hsm-7/node")
    asked = (tmp_path / "kms" / "asked.log").read_text()
    assert f"wrap version/{ONE}" in asked
    (tmp_path / "kms" / "2.kek").write_bytes(os.urandom(32))  # the KMS has a newer key: a rotation wraps by it
    rotate(made, to=None, copy=None)
    (tmp_path / "kms" / "1.kek").write_bytes(os.urandom(32))
    ring(tmp_path / "node", kms=command)


def test_names_are_bound_although_this_kms_binds_none(tmp_path: Path) -> None:
    command = make_kms(tmp_path / "kms")
    ring(tmp_path / "node", kms=command)
    path = tmp_path / "node" / "keys" / "wrapped.json"
    held = json.loads(path.read_text())
    held["keys"]["rank"]["wrapped"] = held["keys"]["digest"]["wrapped"]
    path.write_text(json.dumps(held))
    with pytest.raises(Refusal) as no:
        ring(tmp_path / "node", kms=command)
    refused("keys.damaged", no.value)


def test_keys_move_from_a_file_to_a_kms_and_back(tmp_path: Path) -> None:
    command = make_kms(tmp_path / "kms")
    made = ring(tmp_path / "node")
    rank = made.data_key(RANK)
    with pytest.raises(Refusal) as no:
        rotate(made, to="kms", copy=None)
    refused("keys.kms_not_set", no.value)
    both = ring(tmp_path / "node", kms=command)  # setting the command alone moves nothing
    assert both.read().source == "file"
    rotate(both, to="kms", copy=None)
    (tmp_path / "node" / "keys" / "node.key").unlink()
    assert ring(tmp_path / "node", kms=command).data_key(RANK) == rank
    with pytest.raises(Refusal) as no:
        ring(tmp_path / "node")
    refused("keys.kms_not_set", no.value)
    rotate(both, to="file", copy=None)
    assert ring(tmp_path / "node").data_key(RANK) == rank


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ({"exit": 3}, "keys.kms_failed"),
        ({"answer": "no base64!"}, "keys.kms_failed"),
        ({"answer": ""}, "keys.damaged"),
        ({"answer": "QUJD"}, "keys.damaged"),
        ({"answer": "A" * 100_000}, "keys.kms_failed"),
        ({"sleep": True}, "keys.kms_slow"),
    ],
)
def test_a_kms_that_fails_is_a_refusal_within_its_time(
    tmp_path: Path, told: dict[str, object], code: str, capfd: pytest.CaptureFixture[str]
) -> None:
    command = make_kms(tmp_path / "kms")
    ring(tmp_path / "node", kms=command)
    begun = time.monotonic()
    if told == {"answer": ""}:
        (tmp_path / "kms" / "1.kek").write_bytes(os.urandom(32))
        told, code = {}, "keys.kms_failed"
    (tmp_path / "kms" / "told.json").write_text(json.dumps(told))
    with pytest.raises(Refusal) as no:
        ring(tmp_path / "node", kms=command, wait_ms=1500)
    refused(code, no.value)
    assert time.monotonic() - begun < 10
    assert "secret" not in "".join(capfd.readouterr())


def test_a_kms_program_that_others_may_change_or_nobody_may_run_is_refused(tmp_path: Path) -> None:
    command = make_kms(tmp_path / "kms")
    for path, mode in ((command, 0o777), (command, 0o775), (command, 0o644), (tmp_path / "absent", None), (tmp_path, None)):
        if mode is not None:
            path.chmod(mode)
        if mode == 0o644 and os.geteuid() == 0:
            assert not os.access(path, os.X_OK)  # also root may not run it
        with pytest.raises(Refusal) as no:
            ring(tmp_path / f"node-{mode}-{path.name}", kms=path)
        refused("keys.kms_unusable", no.value)


def test_a_kms_whose_name_is_no_name_is_refused(tmp_path: Path) -> None:
    command = make_kms(tmp_path / "kms")
    (tmp_path / "kms" / "told.json").write_text(json.dumps({"id": "two words"}))
    with pytest.raises(Refusal) as no:
        ring(tmp_path / "node", kms=command)
    refused("keys.kms_failed", no.value)
