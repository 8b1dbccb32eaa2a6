"""Signed notes, keys, checkpoints, cosignatures, proofs and policies: read only in the one way in which they are written."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from amana.log.checkpoint import Checkpoint, read_checkpoint
from amana.log.cosignature import cosign, cosigned_by
from amana.log.note import (
    KeyKind,
    Note,
    NoteError,
    SigningKey,
    read_note,
    read_signing_key,
    read_verifier_key,
    sign_note,
    signed_by,
)
from amana.log.proof import TlogProof, check_proof, read_proof
from amana.log.quorum import Group, LogKey, Policy, WitnessKey, check_note, policy_of, read_policy
from amana.log.tree import Hash, ProofError, leaf_hash, node_hash

NEUMANN = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NEUMANN_SECRET = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NEUMANN_TEXT = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
NEUMANN_LINE = "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
"""The example of the Go library that signed notes come from: key, text and signature."""


def key(name: str = "log.example/a", kind: KeyKind = KeyKind.ED25519, seed: int = 1) -> SigningKey:
    return SigningKey(name=name, kind=kind, secret=bytes([seed]) * 32)


def checkpoint(size: int = 7, origin: str = "log.example/a") -> Checkpoint:
    return Checkpoint(origin=origin, size=size, root=Hash(bytes([9]) * 32))


def signed(*keys: SigningKey, text: str | None = None) -> Note:
    text = text or checkpoint().text
    lines = (
        sign_note(text, key=each) if each.kind is KeyKind.ED25519 else cosign(read_checkpoint(text), key=each, time_s=1_700_000_000)
        for each in keys
    )
    return Note(text=text, signatures=tuple(lines))


def test_the_example_of_the_signed_note() -> None:
    secret, public = read_signing_key(NEUMANN_SECRET), read_verifier_key(NEUMANN)
    assert secret.verifier == public and secret.text == NEUMANN_SECRET and public.text == NEUMANN
    assert sign_note(NEUMANN_TEXT, key=secret).line == NEUMANN_LINE
    note = read_note(f"{NEUMANN_TEXT}\n{NEUMANN_LINE}".encode())
    assert signed_by(note, [public]) == (public,) and note.content == f"{NEUMANN_TEXT}\n{NEUMANN_LINE}".encode()


def test_unknown_keys_are_passed_over_and_a_wrong_signature_of_a_known_one_is_refused() -> None:
    known, same_name, others = key(), key(seed=2), [key(f"other.example/{number}", seed=number) for number in range(3, 20)]
    note = signed(known, same_name, *others)
    assert len(note.signatures) == 19 and signed_by(read_note(note.content), [known.verifier]) == (known.verifier,)
    assert signed_by(note, [key(seed=40).verifier]) == ()
    forged = Note(text=note.text.replace("7", "8"), signatures=note.signatures)
    with pytest.raises(NoteError, match="signature_wrong"):
        signed_by(forged, [known.verifier])


@pytest.mark.parametrize(
    "content",
    [b"", b"text\n", b"text\n\n", b"text\n\n\xe2\x80\x94 name\n", b"te\xffxt\n\n", b"te\txt\n\n\xe2\x80\x94 name AAAAAAA=\n", b"text\n\n- name AAAAAAA=\n",
     "text\n\n— na+me AAAAAAA=\n".encode(), "text\n\n— name AAAAAAA=".encode(), "text\n\n— name AAAA\n".encode(), "text\n\n— name AAAAAAB=\n".encode()],
)  # fmt: skip
def test_what_is_no_note_is_refused(content: bytes) -> None:
    with pytest.raises(NoteError):
        read_note(content)


@given(st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_are_a_note_or_are_refused(content: bytes) -> None:
    try:
        assert read_note(content).content == content
    except NoteError:
        pass


@pytest.mark.parametrize("kind", list(KeyKind))
def test_keys_are_read_as_they_are_written(kind: KeyKind) -> None:
    made = key(kind=kind)
    assert read_signing_key(made.text) == made and read_verifier_key(made.verifier.text) == made.verifier
    name, number, rest = made.verifier.text.split("+", 2)
    for wrong in (f"{name}+00000000+{rest}", f"other+{number}+{rest}", f"{name}+{number}", f"{name}+{number}+{rest[:-4]}", ""):
        with pytest.raises(NoteError):
            read_verifier_key(wrong)
    assert made.text not in repr(made) and base64.b64encode(made.secret).decode() not in repr(made)


@given(st.text(max_size=120))
def test_a_checkpoint_is_read_in_one_way(text: str) -> None:
    for whole in (text, f"origin\n{text}", f"origin\n5\n{text}"):
        try:
            assert read_checkpoint(whole).text == whole
        except NoteError:
            pass


def test_what_is_no_checkpoint_is_refused() -> None:
    good = checkpoint().text
    assert read_checkpoint(good) == checkpoint()
    for wrong in (
        good.replace("7", "07"),
        good.replace("7", "-7"),
        good.replace("7", "٧"),
        good[:-1],
        good + "\n",
        good.replace("=", ""),
        good.replace("7", "9223372036854775808"),
        "two words\n" + good.split("\n", 1)[1],
    ):
        with pytest.raises(NoteError):
            read_checkpoint(wrong)


@pytest.mark.parametrize("kind", [KeyKind.COSIGNATURE, KeyKind.COSIGNATURE_ML_DSA_44])
def test_a_cosignature_is_of_one_checkpoint_at_one_time_by_one_name(kind: KeyKind) -> None:
    witness = key("witness.example/w", kind, 5)
    note = signed(key(), witness)
    (found,) = cosigned_by(note, [witness.verifier])
    assert found.time_s == 1_700_000_000
    line = note.signatures[1]
    later = Note(text=note.text, signatures=(type(line)(name=line.name, key_id=line.key_id, value=b"\0" * 7 + b"\1" + line.value[8:]),))
    other = Note(text=checkpoint(8).text, signatures=note.signatures)
    far = Note(text=note.text, signatures=(type(line)(name=line.name, key_id=line.key_id, value=b"\xff" * 8 + line.value[8:]),))
    for wrong in (later, other, far):
        with pytest.raises(NoteError, match="signature_wrong"):
            cosigned_by(wrong, [witness.verifier])


def test_the_second_kind_of_cosignature_commits_to_the_name_and_the_first_does_not() -> None:
    for kind, holds in ((KeyKind.COSIGNATURE, True), (KeyKind.COSIGNATURE_ML_DSA_44, False)):
        line, other = cosign(checkpoint(), key=key("a", kind, 5), time_s=1), key("b", kind, 5).verifier
        renamed = Note(text=checkpoint().text, signatures=(type(line)(name="b", key_id=other.id, value=line.value),))
        if holds:
            assert cosigned_by(renamed, [other])
        else:
            with pytest.raises(NoteError):
                cosigned_by(renamed, [other])


def policy(text: str) -> Policy:
    return read_policy(text.encode())


KEYS = {name: key(name, KeyKind.COSIGNATURE, number) for number, name in enumerate(("X1", "X2", "X3", "Y1", "Y2"), start=10)}
WITNESSES = "".join(f"witness {name} {each.verifier.text} https://{name}.example\n" for name, each in KEYS.items())
TWO_LEVELS = f"""# a policy
 log {key().verifier.text}

{WITNESSES}group X 2 X1 X2 X3
group\tY any Y1 Y2
group both all X Y
quorum both
"""


@pytest.mark.parametrize(
    ("seen", "met"),
    [("X1 X2 Y1", True), ("X1 X2 X3 Y1 Y2", True), ("X1 X2", False), ("X1 Y1 Y2", False), ("Y1", False), ("", False)],
)
def test_a_quorum_counts_groups_of_witnesses(seen: str, met: bool) -> None:
    note = signed(key(), *(KEYS[name] for name in seen.split()))
    if met:
        assert set(check_note(note, policy(TWO_LEVELS)).cosigned) == set(seen.split())
    else:
        with pytest.raises(NoteError, match="quorum_missed"):
            check_note(note, policy(TWO_LEVELS))


def test_a_policy_is_written_as_it_is_read() -> None:
    found = policy(TWO_LEVELS)
    assert found.quorum == "both" and found.groups[0] == Group(name="X", least=2, members=("X1", "X2", "X3"))
    assert found.witnesses[0] == WitnessKey(name="X1", key=KEYS["X1"].verifier, url="https://X1.example") and found.logs == (
        LogKey(key=key().verifier),
    )
    assert policy(found.text) == found


@pytest.mark.parametrize(
    "wrong",
    ["", "quorum a\n", "quorum none\nquorum none\n", f"log {KEYS['X1'].verifier.text[:-3]}\nquorum none\n", f"witness X {key().verifier.text}\nquorum none\n",
     f"{WITNESSES}group g 0 X1\nquorum g\n", f"{WITNESSES}group g 2 X1\nquorum g\n", f"{WITNESSES}group g 01 X1\nquorum g\n", f"{WITNESSES}group g any\nquorum g\n",
     f"{WITNESSES}group g any X1\ngroup h any X1\nquorum g\n", f"group g any X1\n{WITNESSES}quorum g\n", f"{WITNESSES}{WITNESSES}quorum none\n", f"{WITNESSES}witness none {KEYS['X1'].verifier.text}\nquorum none\n",
     f"log {key().verifier.text}\nlog {key('other').verifier.text}\nquorum none\n", "quorum none\r\n", "quorum none\x7f\n"],
)  # fmt: skip
def test_what_is_no_policy_is_refused(wrong: str) -> None:
    with pytest.raises(NoteError):
        policy(wrong)


def test_a_log_is_trusted_by_its_name_and_its_key() -> None:
    assert check_note(signed(key()), policy_of(key().verifier)).signed == (key().verifier,)
    strong = key(kind=KeyKind.COSIGNATURE_ML_DSA_44)
    assert len(check_note(signed(key(), strong), policy_of(key().verifier, strong.verifier)).signed) == 2
    with pytest.raises(NoteError, match="origin_unknown"):
        check_note(signed(key()), policy_of(key("log.example/b").verifier))
    with pytest.raises(NoteError, match="not_signed"):
        check_note(signed(key()), policy_of(key(seed=2).verifier))


def test_a_proof_is_checked_offline_with_the_entry_and_the_key() -> None:
    entry, other = b"an entry", leaf_hash(b"another")
    tree = Checkpoint(origin="log.example/a", size=2, root=node_hash(other, leaf_hash(entry)))
    proof = TlogProof(index=1, hashes=(other,), checkpoint=signed(key(), text=tree.text), extra=b"anything")
    assert read_proof(proof.text) == proof and check_proof(proof, entry=entry, policy=policy_of(key().verifier)) == tree
    with pytest.raises(ProofError):
        check_proof(proof, entry=b"an entrY", policy=policy_of(key().verifier))
    with pytest.raises(NoteError):
        check_proof(proof, entry=entry, policy=policy_of(key(seed=3).verifier))
    for at in range(len(proof.text)):
        changed = proof.text[:at] + ("A" if proof.text[at] != "A" else "B") + proof.text[at + 1 :]
        try:
            again = read_proof(changed)
            check_proof(again, entry=entry, policy=policy_of(key().verifier))
        except (NoteError, ProofError):
            continue
        assert again.extra != proof.extra, changed  # only what nothing vouches for
