"""Receipts: checked offline with the log's public key, opened by their holder, and worth nothing once altered."""

import dataclasses
import hmac
import json
from collections.abc import Callable
from datetime import UTC, datetime

import pytest

from amana.log.checkpoint import Checkpoint
from amana.log.entries import write_entry
from amana.log.note import KeyKind, Note, NoteError, SigningKey, sign_note
from amana.log.proof import TlogProof
from amana.log.quorum import policy_of
from amana.log.receipt import (
    Opening,
    Receipt,
    ReceiptError,
    commit_rows,
    read_receipt,
    rows_of,
    statement_of,
    verify_receipt,
    write_receipt,
)
from amana.log.seal import seal
from amana.log.tree import ProofError, leaf_hash, node_hash
from amana.terms.ids import DeltaUnits, NanoRho, PermitId, PopulationName, VersionId
from amana.terms.use import UseEntry

KEY = SigningKey(name="log.example/a", kind=KeyKind.ED25519, secret=bytes(32))
POLICY = policy_of(KEY.verifier)
SALTS = {"person": b"p" * 32, "sql": b"s" * 32}
SQL, PERSON = "SELECT COUNT(*) AS n\nFROM visits -- é ⵣ", "u-1"
CSV = b"n,n_lo,n_hi\r\n12,10,14\r\n"


def entry(sql: str = SQL) -> bytes:
    sealed = (("person", seal(PERSON, salt=SALTS["person"])), ("sql", seal(sql, salt=SALTS["sql"])))
    return write_entry(
        UseEntry(
            verb="ask", hour=datetime(2026, 11, 29, 5, tzinfo=UTC), population=PopulationName("people"), period="life", dataset="clinic",
            version=VersionId("0" * 32), custodian="Ministry of Health", project="p-00000000000a", permit=PermitId("m-00000000000a"),
            purposes=("GRU",), mechanism="gauss", cost_nrho=NanoRho(5), cost_delta=DeltaUnits(0), left_nrho=NanoRho(10**18),
            left_delta=DeltaUnits(7), sealed=sealed,
        )
    )  # fmt: skip


def signer(key: SigningKey) -> Callable[[str], Note]:
    return lambda text: Note(text=text, signatures=(sign_note(text, key=key),))


def receipt() -> Receipt:
    """The second entry of a log of two."""
    first, found = leaf_hash(b"first"), entry()
    text = Checkpoint(origin=KEY.name, size=2, root=node_hash(first, leaf_hash(found))).text
    proof = TlogProof(index=1, hashes=(first,), checkpoint=Note(text=text, signatures=(sign_note(text, key=KEY),)))
    openings = tuple(Opening(field=name, salt=SALTS[name], value=value) for name, value in (("person", PERSON), ("sql", SQL)))
    rows = rows_of(commit_rows(CSV, salt=b"r" * 32), salt=b"r" * 32, entry=found, index=1, origin=KEY.name, state=signer(KEY))
    return Receipt(entry=found, proof=proof, openings=openings, rows=rows)


def test_a_receipt_is_verified_with_the_key_alone() -> None:
    read = read_receipt(write_receipt(receipt()).encode())
    assert read == receipt()
    proven = verify_receipt(read, policy=POLICY)
    assert (proven.index, proven.checkpoint.size, proven.rows, proven.opened) == (1, 2, "sealed", ("person", "sql"))
    assert proven.entry["dataset"] == "clinic" and proven.entry["cost_nrho"] == "5"
    assert verify_receipt(read, policy=POLICY, csv=CSV).rows == "opened"


def test_a_receipt_without_openings_shows_nothing_that_was_sealed() -> None:
    bare = dataclasses.replace(receipt(), openings=(), rows=None)
    written = write_receipt(bare)
    assert SQL not in written and PERSON not in written and "12" not in json.loads(written)["entry"].values()
    proven = verify_receipt(read_receipt(written.encode()), policy=POLICY)
    assert (proven.opened, proven.rows) == ((), "none")
    with pytest.raises(ReceiptError, match="rows_not_committed"):
        verify_receipt(bare, policy=POLICY, csv=CSV)


def test_what_was_altered_proves_nothing() -> None:
    good = receipt()
    assert good.rows is not None
    forged_rows = rows_of(
        commit_rows(CSV, salt=b"r" * 32), salt=b"r" * 32, entry=good.entry, index=1, origin=KEY.name,
        state=signer(SigningKey(name=KEY.name, kind=KEY.kind, secret=b"x" * 32)),
    )  # fmt: skip
    own_statement = dataclasses.replace(good.rows, commitment=hmac.digest(good.rows.salt, b"other", "sha256"))
    of_another = rows_of(
        commit_rows(CSV, salt=b"r" * 32), salt=b"r" * 32, entry=entry("SELECT 1"), index=1, origin=KEY.name, state=signer(KEY)
    )
    elsewhere = rows_of(commit_rows(CSV, salt=b"r" * 32), salt=b"r" * 32, entry=good.entry, index=0, origin=KEY.name, state=signer(KEY))
    for rows in (forged_rows, own_statement, of_another, elsewhere):
        with pytest.raises(ReceiptError, match="statement_differs"):
            verify_receipt(dataclasses.replace(good, rows=rows), policy=POLICY)
    with pytest.raises(ReceiptError, match="rows_differ"):
        verify_receipt(good, policy=POLICY, csv=CSV.replace(b"12", b"13"))
    for opening in (
        Opening(field="sql", salt=SALTS["sql"], value="SELECT 2"),
        Opening(field="sql", salt=b"t" * 32, value=SQL),
        Opening(field="actor", salt=SALTS["sql"], value=SQL),
    ):
        with pytest.raises(ReceiptError, match="opening_differs"):
            verify_receipt(dataclasses.replace(good, openings=(opening,)), policy=POLICY)
    with pytest.raises(ProofError):
        verify_receipt(dataclasses.replace(good, entry=entry("SELECT 1")), policy=POLICY)
    with pytest.raises(NoteError):
        verify_receipt(good, policy=policy_of(SigningKey(name=KEY.name, kind=KEY.kind, secret=b"y" * 32).verifier))


def test_a_statement_can_never_pass_for_a_checkpoint() -> None:
    text = statement_of(bytes(32), entry=entry(), index=1, origin=KEY.name)
    note = Note(text=text, signatures=(sign_note(text, key=KEY),))
    from amana.log.quorum import check_note

    with pytest.raises(NoteError):
        check_note(note, POLICY)


def test_any_other_byte_is_another_receipt_or_none() -> None:
    written = write_receipt(receipt()).encode()
    whole = receipt()
    for at in range(0, len(written), 7):
        changed = bytearray(written)
        changed[at] ^= 1
        try:
            read = read_receipt(bytes(changed))
            verify_receipt(read, policy=POLICY, csv=CSV)
        except (ReceiptError, NoteError, ProofError):
            continue
        assert read == whole, at  # white space between members, or a signature of nobody known


@pytest.mark.parametrize("content", [b"", b"{}", b"[]", b"\xff", b'{"amana_receipt": 1}', b"[" * 100_000])
def test_what_is_no_receipt_is_refused(content: bytes) -> None:
    with pytest.raises(ReceiptError, match="receipt_form"):
        read_receipt(content)
    for member, wrong in (
        ("amana_receipt", 2),
        ("amana_receipt", True),
        ("entry", {}),
        ("entry", "x"),
        ("proof", ""),
        ("openings", {}),
        ("openings", [1]),
        ("rows", []),
    ):
        whole = {**json.loads(write_receipt(receipt())), member: wrong}
        if wrong is not True:  # equal to 1 in Python, and to nothing else that could mislead
            with pytest.raises(ReceiptError):
                read_receipt(json.dumps(whole).encode())
