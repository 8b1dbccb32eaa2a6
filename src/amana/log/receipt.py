"""Receipts: what a holder takes away and anybody can check offline, with nothing but the log's public key.

A receipt is the public entry, the proof that it stands in the log, the openings of those sealed fields that belong to its holder,
and, for an answer, a salted commitment to the rows that were released, in a statement that the log's key has signed. What left is
never in the log itself: the commitment is told to the holder alone, who may show it without the rows, or open it with them.
"""

import base64
import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import cast, final

from amana.log.checkpoint import Checkpoint
from amana.log.entries import EntryError, read_entry
from amana.log.note import KeyKind, Note, NoteError, read_note, signed_by
from amana.log.proof import TlogProof, check_proof, read_proof
from amana.log.quorum import Policy
from amana.log.seal import SALT_BYTES, SealError, check_seal, read_salt, write_salt
from amana.log.tree import leaf_hash

FORM = 1
STATEMENT = "amana.receipt/v1"
"""The first line of a statement: no log is called so, and no size stands on its second line, so it is no checkpoint of any."""
RECEIPT_BYTES_MAX = 2**22
OPENINGS_MAX = 16


@final
class ReceiptError(Exception):
    """A receipt that is none, or that proves nothing. `reason`: a word of the catalogue."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """What a sealed field of an entry holds, with the salt that shows it."""

    field: str
    salt: bytes
    value: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """A commitment to the rows that left: HMAC-SHA256 of the answer as CSV under a fresh salt."""

    commitment: bytes
    salt: bytes
    statement: Note


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Receipt:
    """`entry`: the bytes that stand in the log."""

    entry: bytes
    proof: TlogProof
    openings: tuple[Opening, ...] = ()
    rows: Rows | None = None


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Proven:
    """What a receipt proves: an entry in that tree. `opened`: fields that were opened; `rows`: "none", "sealed" or "opened"."""

    checkpoint: Checkpoint
    index: int
    entry: Mapping[str, object]
    opened: tuple[str, ...]
    rows: str


def commit_rows(csv: bytes, *, salt: bytes) -> bytes:
    """The commitment to released rows: 32 bytes. `csv`: the answer as CSV with its header, as it is written to a file."""
    assert len(salt) == SALT_BYTES
    return hmac.digest(salt, csv, "sha256")


def rows_of(commitment: bytes, *, salt: bytes, entry: bytes, index: int, origin: str, state: Callable[[str], Note]) -> Rows:
    """A commitment to released rows, stated by the log for one of its entries. `state`: signs a statement with the log's key."""
    return Rows(commitment=commitment, salt=salt, statement=state(statement_of(commitment, entry=entry, index=index, origin=origin)))


def statement_of(commitment: bytes, *, entry: bytes, index: int, origin: str) -> str:
    """What the log's key signs for a receipt."""
    return "".join(f"{line}\n" for line in (STATEMENT, origin, index, _base64(leaf_hash(entry)), _base64(commitment)))


def write_receipt(receipt: Receipt) -> str:
    """The receipt as a file: JSON, readable."""
    whole: dict[str, object] = {
        "amana_receipt": FORM,
        "entry": json.loads(receipt.entry),
        "proof": receipt.proof.text,
        "openings": [{"field": each.field, "salt": write_salt(each.salt), "value": each.value} for each in receipt.openings],
        "rows": None,
    }
    if receipt.rows is not None:
        rows = receipt.rows
        whole["rows"] = {
            "commitment": _base64(rows.commitment),
            "salt": write_salt(rows.salt),
            "statement": rows.statement.content.decode(),
        }
    return json.dumps(whole, ensure_ascii=False, indent=2) + "\n"


def read_receipt(content: bytes) -> Receipt:
    """Errors: ReceiptError for what is not a receipt."""
    if len(content) > RECEIPT_BYTES_MAX:
        raise ReceiptError("receipt_form")
    try:
        whole = cast("object", json.loads(content, object_pairs_hook=_once))
        return _read(whole)
    except (ValueError, KeyError, TypeError, RecursionError, NoteError, SealError, EntryError):
        raise ReceiptError("receipt_form") from None


def verify_receipt(receipt: Receipt, *, policy: Policy, csv: bytes | None = None) -> Proven:
    """What the receipt proves to who trusts that policy. `csv`: the rows, to be opened.

    Errors: ReceiptError for openings and rows, NoteError for signatures, ProofError for the place in the log.
    """
    checkpoint = check_proof(receipt.proof, entry=receipt.entry, policy=policy)
    entry = cast("dict[str, object]", json.loads(receipt.entry))
    sealed = entry.get("sealed")
    sealed_fields: Mapping[str, object] = cast("dict[str, object]", sealed) if isinstance(sealed, dict) else {}
    for each in receipt.openings:
        commitment = sealed_fields.get(each.field)
        if not isinstance(commitment, str) or not check_seal(commitment, value=each.value, salt=each.salt):
            raise ReceiptError("opening_differs")
    rows = "none" if receipt.rows is None else "sealed"
    if receipt.rows is not None:
        _check_statement(receipt.rows, receipt, origin=checkpoint.origin, policy=policy)
        if csv is not None:
            if not hmac.compare_digest(commit_rows(csv, salt=receipt.rows.salt), receipt.rows.commitment):
                raise ReceiptError("rows_differ")
            rows = "opened"
    elif csv is not None:
        raise ReceiptError("rows_not_committed")
    opened = tuple(each.field for each in receipt.openings)
    return Proven(checkpoint=checkpoint, index=receipt.proof.index, entry=entry, opened=opened, rows=rows)


def _check_statement(rows: Rows, receipt: Receipt, *, origin: str, policy: Policy) -> None:
    said = statement_of(rows.commitment, entry=receipt.entry, index=receipt.proof.index, origin=origin)
    keys = [each.key for each in policy.logs if each.key.name == origin and each.key.kind is KeyKind.ED25519]
    if rows.statement.text != said or not signed_by(rows.statement, keys):
        raise ReceiptError("statement_differs")


def _read(whole: object) -> Receipt:
    members = _object(whole, names={"amana_receipt", "entry", "proof", "openings", "rows"})
    if members["amana_receipt"] != FORM:
        raise ValueError("version")
    entry = json.dumps(members["entry"], ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
    read_entry(entry)
    openings, rows = members["openings"], members["rows"]
    if not isinstance(openings, list) or len(cast("list[object]", openings)) > OPENINGS_MAX:
        raise TypeError("openings")
    return Receipt(
        entry=entry,
        proof=read_proof(_text(members["proof"])),
        openings=tuple(_opening(each) for each in cast("list[object]", openings)),
        rows=None if rows is None else _rows(rows),
    )


def _opening(written: object) -> Opening:
    found = _object(written, names={"field", "salt", "value"})
    return Opening(field=_text(found["field"]), salt=read_salt(_text(found["salt"])), value=_text(found["value"]))


def _rows(written: object) -> Rows:
    found = _object(written, names={"commitment", "salt", "statement"})
    commitment = base64.b64decode(_text(found["commitment"]).encode("ascii"), validate=True)
    return Rows(commitment=commitment, salt=read_salt(_text(found["salt"])), statement=read_note(_text(found["statement"]).encode()))


def _object(value: object, *, names: set[str]) -> dict[str, object]:
    if not isinstance(value, dict) or set(cast("dict[str, object]", value)) != names:
        raise TypeError("members")
    return cast("dict[str, object]", value)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("text")
    return value


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("twice")
    return found


def _base64(value: bytes) -> str:
    return base64.b64encode(value).decode("ascii")
