"""Nodes as witnesses of a log, each a process: a quorum, one that is down, a fork, and a death before the answer."""

import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.testclient import TestClient

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.note import Note, read_note, read_verifier_key, sign_note
from amana.log.quorum import Group, LogKey, Policy, WitnessKey, check_note, policy_of
from amana.log.tiles import subtrees
from amana.log.tower import leaf_hashes
from amana.log.tree import Hash, consistency_proof, root_of
from amana.log.witnesses import QuorumError, Witnesses, post_http
from amana.node.service import Service
from amana.node.settings import Settings
from amana.web.app import build
from tests.log_folders import KEY, THIEF, signed_note
from tests.unit.test_log_tree import Memory

NAMES = ("one", "two", "three")
LEAVES = leaf_hashes([f"entry {number}".encode() for number in range(40)])
OTHERS = [*LEAVES[:10], *leaf_hashes([f"another {number}".encode() for number in range(30)])]
"""Another history from entry 10 on."""
ROOT = Path(__file__).parent.parent.parent


def note(size: int, leaves: list[Hash] = LEAVES) -> Note:
    root = root_of(subtrees(Memory(leaves[:size]), size=size), size=size)
    return read_note(signed_note(size, root))


def proofs(size: int, leaves: list[Hash] = LEAVES) -> Callable[[int], tuple[Hash, ...]]:
    return lambda old: consistency_proof(subtrees(Memory(leaves[:size]), size=size), old=old, size=size)


@contextmanager
def serving(folder: Path, name: str, *words: str) -> Iterator[tuple[str, "subprocess.Popen[str]"]]:
    """A witness of our log, and where it is."""
    folder.mkdir(exist_ok=True)
    (folder / "keys").mkdir(exist_ok=True)
    (folder / "logs").write_text(policy_of(KEY.verifier).text)
    command = [sys.executable, "-m", "tests.doors.witness_server", str(folder), name, *words]
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        assert server.stdout is not None
        yield f"http://127.0.0.1:{int(server.stdout.readline())}/witness", server
    finally:
        server.kill()
        server.wait(30)


def key_of(address: str) -> str:
    with urllib.request.urlopen(f"{address}/vkey") as answer:
        return str(answer.read().decode())


def two_of_three(addresses: dict[str, str], *, keys: dict[str, str]) -> Policy:
    """Two of the three witnesses must have seen a checkpoint."""
    witnesses = tuple(WitnessKey(name=name, key=read_verifier_key(keys[name]), url=addresses[name]) for name in NAMES)
    return Policy(logs=(LogKey(key=KEY.verifier),), witnesses=witnesses, groups=(Group(name="q", least=2, members=NAMES),), quorum="q")


def seen_by(policy: Policy, size: int, leaves: list[Hash] = LEAVES) -> Note:
    """The checkpoint with the signatures of its witnesses. Errors: QuorumError."""
    asked = Witnesses(policy, post=post_http, wait_s=10)
    try:
        made = note(size, leaves)
        return Note(text=made.text, signatures=(*made.signatures, *asked.cosign(made, proofs(size, leaves))))
    finally:
        asked.close()


@pytest.mark.slow
def test_two_of_three_nodes_are_enough_and_none_signs_a_fork(tmp_path: Path) -> None:
    with ExitStack() as running:
        begun = {name: running.enter_context(serving(tmp_path / name, name)) for name in NAMES}
        addresses = {name: address for name, (address, _) in begun.items()}
        keys = {name: key_of(address) for name, address in addresses.items()}
        policy = two_of_three(addresses, keys=keys)
        assert {read_verifier_key(each).name for each in keys.values()} == {f"{name}.example/witness" for name in NAMES}

        assert len(check_note(seen_by(policy, 12), policy).cosigned) >= 2
        begun["three"][1].kill()
        begun["three"][1].wait(30)
        cosigned = check_note(seen_by(policy, 30), policy).cosigned
        assert set(cosigned) == {"one", "two"}

        with pytest.raises(QuorumError) as caught:
            seen_by(policy, 30, OTHERS)
        assert set(caught.value.missing) == set(NAMES)
        with pytest.raises(QuorumError):
            seen_by(policy, 40, OTHERS)
        for name in ("one", "two"):
            with urllib.request.urlopen(f"{addresses[name]}/forks") as answer:
                told = answer.read().decode()
            assert told.count("node.example/log") >= 2 and '"forks":["' in told.replace(" ", "")

        begun["two"][1].kill()
        begun["two"][1].wait(30)
        with pytest.raises(QuorumError) as caught:
            seen_by(policy, 40)
        assert set(caught.value.missing) == {"two", "three"}


@pytest.mark.slow
def test_a_node_that_died_before_it_answered_knows_what_it_was_about_to_sign(tmp_path: Path) -> None:
    with serving(tmp_path / "w", "w") as (address, _):
        key = key_of(address)
        assert post(address, note(12), old=0)[0] == 200
    with serving(tmp_path / "w", "w", "kill") as (address, server):
        with pytest.raises(OSError):
            post(address, note(20), old=12)
        assert server.wait(30) == 9
    with serving(tmp_path / "w", "w") as (address, _):
        assert key_of(address) == key
        assert post(address, note(20, OTHERS), old=12)[0] == 409
        assert post(address, note(15, OTHERS), old=12) == (409, "text/x.tlog.size", b"20\n")
        policy = Policy(
            logs=(LogKey(key=KEY.verifier),), witnesses=(WitnessKey(name="w", key=read_verifier_key(key), url=address),), quorum="w"
        )
        assert read_checkpoint(seen_by(policy, 20).text).size == 20
    with serving(tmp_path / "again", "w") as (address, _):
        assert key_of(address) != key


def post(address: str, sent: Note, *, old: int) -> tuple[int, str, bytes]:
    size = read_checkpoint(sent.text).size
    lines = [f"old {old}\n"]
    if 0 < old < size:
        import base64

        lines += [f"{base64.b64encode(each).decode()}\n" for each in proofs(size)(old)]
    return post_http(f"{address}/add-checkpoint", ("".join(lines) + "\n").encode() + sent.content, wait_s=20)


@pytest.fixture
def nobody(tmp_path: Path) -> TestClient:
    return TestClient(build(cast("Service", SimpleNamespace(settings=Settings(folder=tmp_path), witness=None))))


def test_a_node_is_nobodys_witness_unless_it_is_told_whose(nobody: TestClient) -> None:
    body = b"old 0\n\n" + note(12).content
    assert nobody.post("/witness/add-checkpoint", content=body).status_code == 404
    assert nobody.get("/witness/vkey").status_code == nobody.get("/witness/forks").status_code == 404


def test_the_answers_are_those_of_the_protocol(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from amana.node.witnessing import open_witness

    (tmp_path / "keys").mkdir()
    (tmp_path / "logs").write_text(policy_of(KEY.verifier).text)
    settings = Settings(folder=tmp_path, witness_policy_file=str(tmp_path / "logs"), public_url="https://node.example")
    witness = open_witness(tmp_path, settings, now=lambda: datetime.now(UTC))
    client = TestClient(build(cast("Service", SimpleNamespace(settings=settings, witness=witness))))

    def asked(sent: bytes) -> tuple[int, str]:
        reply = client.post("/witness/add-checkpoint", content=sent)
        return reply.status_code, reply.headers.get("Content-Type", "")

    stranger = Checkpoint(origin="other.example/log", size=12, root=read_checkpoint(note(12).text).root).text
    forged = Note(text=note(12).text, signatures=(sign_note(note(12).text, key=THIEF),))
    assert asked(b"nothing")[0] == 400
    assert asked(b"old 0\n\n" + Note(text=stranger, signatures=note(12).signatures).content)[0] == 404
    assert asked(b"old 0\n\n" + forged.content)[0] == 403
    assert asked(b"old 0\n\n" + note(12).content) == (200, "text/plain; charset=utf-8")
    assert asked(b"old 0\n\n" + note(20).content) == (409, "text/x.tlog.size")
    assert asked(b"old 12\n\n" + note(20).content)[0] == 422
    assert (tmp_path / "keys/witness.key").stat().st_mode & 0o777 == 0o600
    secret = (tmp_path / "keys/witness.key").read_text().strip().split("+", 4)[4]  # the secret itself may hold a plus
    assert secret not in client.get("/witness/vkey").text
