"""The signer signs one history only, remembers it before it signs, and keeps its keys to itself."""

from pathlib import Path

import pytest

from amana.log.checkpoint import Checkpoint
from amana.log.note import KeyKind, SigningKey
from amana.log.quorum import check_note, policy_of
from amana.log.signer import Signer, new_quantum_key
from amana.log.tree import Frontier, Hash, Subtree, consistency_proof, leaf_hash, perfect_root
from amana.terms.refusal import Refusal
from tests.log_writing import ORIGIN, now, signed, some


def tree(count: int, *, name: str = "entry") -> Checkpoint:
    frontier = Frontier()
    for entry in some(count, name=name):
        frontier.add(leaf_hash(entry))
    return Checkpoint(origin=ORIGIN, size=count, root=frontier.root())


def subtree(*, name: str = "entry") -> Subtree:
    leaves = [leaf_hash(entry) for entry in some(64, name=name)]
    return lambda height, index: perfect_root(leaves[index << height : (index + 1) << height])


def proof(old: int, size: int, *, name: str = "entry") -> tuple[Hash, ...]:
    return consistency_proof(subtree(name=name), old=old, size=size)


def signer(folder: Path) -> Signer:
    (folder / "keys").mkdir(exist_ok=True)
    made = Signer(folder / "keys", origin=ORIGIN, now=now)
    made.open()
    return made


def test_a_first_start_makes_a_key_that_only_its_owner_reads(tmp_path: Path) -> None:
    made = signer(tmp_path)
    assert (tmp_path / "keys" / "log.key").stat().st_mode & 0o777 == 0o600
    assert (tmp_path / "keys" / "log.key").read_text("utf-8").startswith(f"PRIVATE+KEY+{ORIGIN}+")
    assert signer(tmp_path).verifiers == made.verifiers and made.verifiers[0].kind is KeyKind.ED25519


def test_what_is_signed_holds_under_the_public_key(tmp_path: Path) -> None:
    made = signer(tmp_path)
    note = made.sign(tree(5), proof=())
    assert check_note(note, policy_of(*made.verifiers)).signed == made.verifiers


def test_a_smaller_tree_is_not_signed(tmp_path: Path) -> None:
    made = signer(tmp_path)
    made.sign(tree(5), proof=())
    with pytest.raises(Refusal) as refused:
        made.sign(tree(4), proof=proof(4, 5))
    assert refused.value.code == "log.older_than_signed" and refused.value.parameters == {"size": 4, "signed": 5}


def test_another_tree_of_the_same_size_is_not_signed(tmp_path: Path) -> None:
    made = signer(tmp_path)
    made.sign(tree(5), proof=())
    with pytest.raises(Refusal, match="log.other_than_signed"):
        made.sign(tree(5, name="other"), proof=())
    assert made.sign(tree(5), proof=()).text == tree(5).text


@pytest.mark.parametrize("name", ["entry", "other"])
def test_a_larger_tree_is_signed_only_with_a_proof_that_it_extends_the_last_one(tmp_path: Path, name: str) -> None:
    made = signer(tmp_path)
    made.sign(tree(5), proof=())
    with pytest.raises(Refusal, match="log.other_than_signed"):
        made.sign(tree(9, name=name), proof=())
    if name == "other":
        with pytest.raises(Refusal, match="log.other_than_signed"):
            made.sign(tree(9, name=name), proof=proof(5, 9, name=name))
        assert made.signed() == tree(5)
    else:
        assert made.sign(tree(9), proof=proof(5, 9)).text == tree(9).text


def test_the_record_is_on_disk_before_the_signature_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, order = signer(tmp_path), list[int]()
    monkeypatch.setattr("amana.log.signer.sign_note", lambda text, *, key: order.append(signed(tmp_path).size))
    made.sign(tree(5), proof=())
    assert order == [5]


def test_nothing_is_signed_when_the_record_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, order = signer(tmp_path), list[str]()

    def full(*_: object, **__: object) -> None:
        raise OSError

    monkeypatch.setattr("amana.log.signer.write_durably", full)
    monkeypatch.setattr("amana.log.signer.sign_note", lambda text, *, key: order.append(text))
    with pytest.raises(OSError):
        made.sign(tree(5), proof=())
    assert order == [] and made.signed().size == 0


@pytest.mark.parametrize("harm", ["missing", "flipped", "empty", "other origin"])
def test_a_key_without_its_memory_is_not_used(tmp_path: Path, harm: str) -> None:
    signer(tmp_path).sign(tree(5), proof=())
    path = tmp_path / "keys" / "log.signed"
    kept = path.read_bytes()
    match harm:
        case "missing":
            path.unlink()
        case "flipped":
            path.write_bytes(kept.replace(b"\n5\n", b"\n4\n"))
        case "empty":
            path.write_bytes(b"")
        case _:
            other = tmp_path / "other"
            (other / "keys").mkdir(parents=True)
            Signer(other / "keys", origin="log.example.org/other", now=now).open()
            path.write_bytes((other / "keys" / "log.signed").read_bytes())
    with pytest.raises(Refusal, match="log.signed_missing"):
        signer(tmp_path)


def test_a_key_that_others_may_read_is_refused(tmp_path: Path) -> None:
    signer(tmp_path)
    (tmp_path / "keys" / "log.key").chmod(0o640)
    with pytest.raises(Refusal, match="keys.readable_by_others"):
        signer(tmp_path)


@pytest.mark.parametrize(
    "content", [b"", b"PRIVATE+KEY+a", b"\xff", SigningKey(name=ORIGIN, kind=KeyKind.COSIGNATURE_ML_DSA_44, secret=bytes(32)).text.encode()]
)
def test_what_is_no_key_of_this_log_is_refused(tmp_path: Path, content: bytes) -> None:
    signer(tmp_path)
    (tmp_path / "keys" / "log.key").write_bytes(content)
    with pytest.raises(Refusal, match="log.key_malformed"):
        signer(tmp_path)


def test_the_key_of_another_origin_is_refused(tmp_path: Path) -> None:
    signer(tmp_path)
    with pytest.raises(Refusal, match="log.key_malformed"):
        Signer(tmp_path / "keys", origin="log.example.org/other", now=now).open()


def test_an_origin_that_no_key_can_have_as_its_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refusal, match="log.origin_malformed"):
        Signer(tmp_path, origin="a clinic", now=now).open()


def test_for_a_time_the_old_key_signs_beside_the_new_one(tmp_path: Path) -> None:
    made = signer(tmp_path)
    first = made.sign(tree(5), proof=())
    old, new = made.rotate()
    both = made.sign(tree(9), proof=proof(5, 9))
    for key in (old, new):
        assert check_note(both, policy_of(key)).signed == (key,)
    assert made.verifiers == (new, old) and check_note(first, policy_of(*made.verifiers)).signed == (old,)
    made.retire()
    last = signer(tmp_path).sign(tree(12), proof=proof(9, 12))
    assert len(last.signatures) == 1 and check_note(last, policy_of(new)).signed == (new,)
    assert signer(tmp_path).verifiers == (new, old)  # who reads an old checkpoint must find its key


def test_a_second_rotation_waits_for_the_end_of_the_first(tmp_path: Path) -> None:
    made = signer(tmp_path)
    made.rotate()
    with pytest.raises(Refusal, match="log.key_rotating"):
        made.rotate()


def test_another_process_signs_with_the_new_key_too(tmp_path: Path) -> None:
    one, other = signer(tmp_path), signer(tmp_path)
    _, new = one.rotate()
    assert check_note(other.sign(tree(5), proof=()), policy_of(new)).signed == (new,)


def test_a_key_against_quantum_computers_signs_a_second_line(tmp_path: Path) -> None:
    made = signer(tmp_path)
    key = new_quantum_key(ORIGIN)
    path = tmp_path / "keys" / "log-mldsa.key"
    path.touch(mode=0o600)
    path.write_text(key.text, "utf-8")
    note = made.sign(tree(5), proof=())
    assert len(note.signatures) == 2 and check_note(note, policy_of(key.verifier)).signed == (key.verifier,)
    assert key.verifier in made.verifiers
