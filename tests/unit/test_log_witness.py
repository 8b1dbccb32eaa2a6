"""Witnesses: they sign what extends all that they have signed, and remember before they answer."""

import threading
from pathlib import Path

import pytest

from amana.log import witness as witness_module
from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.cosignature import cosigned_by
from amana.log.note import KeyKind, Note, SigningKey, read_note, read_signature, sign_note
from amana.log.quorum import Policy, WitnessKey, policy_of, read_policy
from amana.log.tiles import subtrees
from amana.log.tree import EMPTY_ROOT, Hash, consistency_proof, leaf_hash, root_of
from amana.log.witness import Reply, Submission, Witness
from amana.log.witnesses import QuorumError, Witnesses
from tests.unit.test_log_tree import Memory

LOG = SigningKey(name="log.example/a", kind=KeyKind.ED25519, secret=bytes(32))
MINE = SigningKey(name="witness.example/w", kind=KeyKind.COSIGNATURE, secret=b"w" * 32)
STRONG = SigningKey(name="witness.example/w", kind=KeyKind.COSIGNATURE_ML_DSA_44, secret=b"w" * 32)
LEAVES = [leaf_hash(bytes([number])) for number in range(40)]
OTHERS = [*LEAVES[:10], *(leaf_hash(bytes([number, 1])) for number in range(10, 40))]
"""Another history from entry 10 on."""


def note(size: int, leaves: list[Hash] = LEAVES, key: SigningKey = LOG) -> Note:
    root = root_of(subtrees(Memory(leaves[:size]), size=size), size=size) if size else EMPTY_ROOT
    text = Checkpoint(origin=LOG.name, size=size, root=root).text
    return Note(text=text, signatures=(sign_note(text, key=key),))


def proof(old: int, size: int, leaves: list[Hash] = LEAVES) -> tuple[Hash, ...]:
    return consistency_proof(subtrees(Memory(leaves[:size]), size=size), old=old, size=size) if 0 < old < size else ()


def body(old: int, size: int, leaves: list[Hash] = LEAVES, **other: object) -> bytes:
    made = note(size, leaves)
    return Submission(old=old, proof=proof(old, size, leaves), note=made, checkpoint=read_checkpoint(made.text)).text.encode()


@pytest.fixture
def witness(tmp_path: Path) -> Witness:
    return new(tmp_path / "w")


def new(folder: Path, *keys: SigningKey) -> Witness:
    return Witness(folder, policy=policy_of(LOG.verifier), keys=keys or (MINE, STRONG), now_s=lambda: 1_700_000_000)


def signed(reply: Reply, size: int, leaves: list[Hash] = LEAVES) -> None:
    lines = tuple(read_signature(line) for line in reply.body.splitlines())
    found = cosigned_by(Note(text=note(size, leaves).text, signatures=lines), (MINE.verifier, STRONG.verifier))
    assert reply.status == 200 and len(found) == 2 and {each.time_s for each in found} == {1_700_000_000}


def test_it_signs_a_first_checkpoint_and_those_that_extend_it(witness: Witness) -> None:
    signed(witness.add_checkpoint(body(0, 7)), 7)
    signed(witness.add_checkpoint(body(7, 7)), 7)
    signed(witness.add_checkpoint(body(7, 33)), 33)
    latest = witness.latest(LOG.name)
    assert latest is not None and read_checkpoint(latest.text).size == 33 and witness.latest("other") is None


def test_an_empty_log_may_be_signed_and_then_grow(witness: Witness) -> None:
    signed(witness.add_checkpoint(body(0, 0)), 0)
    signed(witness.add_checkpoint(body(0, 5)), 5)


def test_who_has_another_size_in_mind_is_told_the_true_one(witness: Witness) -> None:
    witness.add_checkpoint(body(0, 20))
    for old, size in ((0, 25), (7, 25), (0, 20), (3, 12)):
        assert witness.add_checkpoint(body(old, size)) == Reply(status=409, body="20\n", type="text/x.tlog.size")
    assert witness.add_checkpoint(body(0, 3).replace(b"old 0", b"old 4")).status == 400


def test_a_stranger_and_a_forger_are_refused(witness: Witness) -> None:
    made = note(5, key=SigningKey(name=LOG.name, kind=LOG.kind, secret=b"x" * 32))
    forged = Submission(old=0, proof=(), note=made, checkpoint=read_checkpoint(made.text)).text.encode()
    assert witness.add_checkpoint(forged).status == 403
    assert witness.add_checkpoint(forged.replace(b"log.example/a\n", b"log.example/b\n")).status == 404
    for wrong in (
        b"",
        b"old 0\n",
        b"old 00\n\n" + made.content,
        b"old -1\n\n" + made.content,
        b"size 0\n\n" + made.content,
        b"old 0\nAAAA\n\n" + made.content,
        b"old 0\n" + b"A\n" * 64 + b"\n" + made.content,
        b"\xff",
        b"x" * (witness_module.BODY_BYTES_MAX + 1),
    ):
        assert witness.add_checkpoint(wrong).status == 400, wrong[:30]


def test_what_does_not_extend_is_refused_and_a_fork_is_kept_as_a_proof(witness: Witness) -> None:
    witness.add_checkpoint(body(0, 20))
    assert witness.add_checkpoint(body(20, 30, OTHERS)).status == 422
    garbled = body(20, 30).replace(b"\n\n", b"\n" + b"A" * 43 + b"=\n\n", 1)
    assert witness.add_checkpoint(garbled).status == 422 and not witness.forks()
    for old in (20, 20, 0):
        assert witness.add_checkpoint(body(old, 20, OTHERS)).status == 409
    (fork,) = witness.forks()
    one, other = fork.split(f"\n{LOG.name}\n")[0], note(20, OTHERS).content.decode()
    assert one.startswith(note(20).content.decode().rstrip("\n")[:80]) and fork.endswith(other)
    latest = witness.latest(LOG.name)
    assert latest is not None and latest.text == note(20).text


def test_it_remembers_before_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = new(tmp_path)
    first.add_checkpoint(body(0, 7))

    def full(*_: object, **__: object) -> None:
        raise OSError

    with monkeypatch.context() as broken:
        broken.setattr(witness_module, "write_durably", full)
        with pytest.raises(OSError):
            first.add_checkpoint(body(7, 20))
    again = new(tmp_path)
    signed(again.add_checkpoint(body(7, 12)), 12)
    with monkeypatch.context() as killed:
        killed.setattr(witness_module, "cosign", full)  # the state is on disk, the signature never left
        with pytest.raises(OSError):
            again.add_checkpoint(body(12, 20))
    reopened = new(tmp_path)
    assert reopened.add_checkpoint(body(12, 15, OTHERS)).status == 409
    signed(reopened.add_checkpoint(body(20, 20)), 20)


def test_of_two_that_come_at_once_one_is_signed(tmp_path: Path) -> None:
    one, two = new(tmp_path), new(tmp_path)
    one.add_checkpoint(body(0, 10))
    replies: list[int] = []
    start = threading.Barrier(8)

    def ask(which: Witness, leaves: list[Hash]) -> None:
        start.wait()
        replies.append(which.add_checkpoint(body(10, 20, leaves)).status)

    threads = [threading.Thread(target=ask, args=(which, leaves)) for which in (one, two) for leaves in (LEAVES, OTHERS) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert min(replies) == 200 and replies.count(200) == 1 and replies.count(409) == 7


class Network:
    """Witnesses by address; one that is down does not answer."""

    def __init__(self, **witnesses: Witness | None) -> None:
        self.witnesses, self.asked = witnesses, list[str]()

    def __call__(self, url: str, body: bytes, *, wait_s: float) -> tuple[int, str, bytes]:
        name = url.removeprefix("https://").partition(".")[0]
        self.asked.append(name)
        found = self.witnesses[name]
        if found is None:
            raise OSError("down")
        reply = found.add_checkpoint(body)
        return reply.status, reply.type, reply.body.encode()


KEYS = {name: SigningKey(name=f"{name}.example", kind=KeyKind.COSIGNATURE, secret=name.encode() * 32) for name in "abc"}


def three(quorum: str = "group q 2 a b c\nquorum q") -> Policy:
    lines = "".join(f"witness {name} {key.verifier.text} https://{name}.example/\n" for name, key in KEYS.items())
    return read_policy(f"{lines}{quorum}\n".encode())


def test_a_quorum_is_gathered_though_one_is_down_and_one_was_ahead(tmp_path: Path) -> None:
    folders = {name: new(tmp_path / name, KEYS[name]) for name in "abc"}
    folders["a"].add_checkpoint(body(0, 7))
    network = Network(a=folders["a"], b=folders["b"], c=None)
    asking = Witnesses(three(), post=network, wait_s=1)
    lines = asking.cosign(note(20), lambda old: proof(old, 20))
    seen = cosigned_by(Note(text=note(20).text, signatures=lines), [key.verifier for key in KEYS.values()])
    assert {each.key.name for each in seen} == {"a.example", "b.example"}
    network.asked.clear()
    assert len(asking.cosign(note(30), lambda old: proof(old, 30))) == 2
    assert sorted(name for name in network.asked if name != "c") == ["a", "b"]  # each was asked once: its size was known
    asking.close()


def test_a_fork_finds_no_quorum(tmp_path: Path) -> None:
    folders = {name: new(tmp_path / name, KEYS[name]) for name in "abc"}
    asking = Witnesses(three("group q all a b c\nquorum q"), post=Network(a=folders["a"], b=folders["b"], c=folders["c"]), wait_s=1)
    asking.cosign(note(20), lambda old: proof(old, 20))
    with pytest.raises(QuorumError) as missed:
        Witnesses(three(), post=Network(a=folders["a"], b=folders["b"], c=folders["c"]), wait_s=1).cosign(
            note(20, OTHERS), lambda old: proof(old, 20, OTHERS)
        )
    assert missed.value.missing == ("a", "b", "c")
    assert any(each.forks() for each in folders.values())
    asking.close()


def test_a_witness_that_signs_with_another_key_does_not_count(tmp_path: Path) -> None:
    wrong = new(tmp_path / "a", SigningKey(name="a.example", kind=KeyKind.COSIGNATURE, secret=b"z" * 32))
    asking = Witnesses(three("quorum a"), post=Network(a=wrong, b=None, c=None), wait_s=1)
    with pytest.raises(QuorumError):
        asking.cosign(note(5), lambda old: proof(old, 5))
    no_one = Witnesses(Policy(witnesses=(WitnessKey(name="a", key=KEYS["a"].verifier),)), post=Network(), wait_s=1)
    assert no_one.cosign(note(5), lambda old: proof(old, 5)) == () and read_note(note(5).content)
    asking.close()
    no_one.close()
