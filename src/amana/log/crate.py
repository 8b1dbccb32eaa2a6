"""A receipt packed for archives: a ZIP of one BagIt bag whose payload is an RO-Crate, read by the Five Safes profile 0.4.

Nothing stands in it but what the receipt proves and its holder has opened. The same receipt packed for the same time gives the same bytes.
Source: RFC 8493 (BagIt), RO-Crate 1.1, https://w3id.org/5s-crate/0.4.
"""

import hashlib
import io
import json
import uuid
import zipfile
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import final

from amana.log.crate_graph import ANSWER, QUESTION, Case, Publisher, describe
from amana.log.crate_phases import phases_of
from amana.log.crate_words import METADATA
from amana.log.crate_workflow import workflow_files
from amana.log.entries import read_entry
from amana.log.note import NoteError, VerifierKey, read_verifier_key
from amana.log.quorum import read_policy
from amana.log.receipt import Receipt, verify_receipt, write_receipt

_EPOCH = (1980, 1, 1, 0, 0, 0)
"""The first time that a ZIP can write: every file has it."""
_UNIX, _MODE = 3, 0o100644 << 16


@final
class CrateError(Exception):
    """An entry that is neither a use nor a decision, a key that is not the log's, an opening that is no text: "kind", "key", "text"."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def write_crate(receipt: Receipt, *, policy_text: str, key_text: str, csv: bytes | None, publisher: Publisher, made_at: datetime) -> bytes:
    """The receipt, verified under that policy, as the bytes of a ZIP. `csv`: the rows that it commits to; `made_at`: to the second.

    Errors: those of `verify_receipt` and `read_policy`; CrateError.
    """
    policy = read_policy(policy_text.encode())
    proven = verify_receipt(receipt, policy=policy, csv=csv)
    origin = proven.checkpoint.origin
    if not any(_is_key(key_text, known=each.key) for each in policy.logs if each.key.name == origin):
        raise CrateError("key")
    made_at = made_at.astimezone(UTC).replace(microsecond=0)
    opened = {each.field: each.value for each in receipt.openings}
    if any("\ud800" <= letter <= "\udfff" for value in opened.values() for letter in value):
        raise CrateError("text")  # half of a surrogate pair is no text that a file can hold
    entry = read_entry(receipt.entry)
    phases = phases_of(entry, opened=opened, rows=proven.rows)
    if phases is None:
        raise CrateError("kind")
    files = {
        "receipt.json": write_receipt(receipt).encode(),
        "entry.json": receipt.entry,
        "proof.tlog-proof": receipt.proof.text.encode(),
        "log.vkey": key_text.encode(),
        "policy": policy_text.encode(),
    }
    if csv is not None:
        files[ANSWER] = csv
    if "sql" in opened:
        files[QUESTION] = opened["sql"].encode()
    identity = _identity(receipt.entry, origin=origin, index=proven.index, made_at=made_at)
    case = Case(
        phases=phases, sizes={name: len(content) for name, content in files.items()}, origin=origin, index=proven.index,
        commitment=None if receipt.rows is None else receipt.rows.commitment, identity=identity, publisher=publisher, made_at=made_at,
    )  # fmt: skip
    files |= workflow_files(made_at)
    files[METADATA] = (json.dumps(describe(case), ensure_ascii=False, indent=2) + "\n").encode()
    return _zip(_bag(files, identity=identity, publisher=publisher, made_at=made_at), folder=f"amana-receipt-{proven.index}")


def _is_key(text: str, *, known: VerifierKey) -> bool:
    try:
        return read_verifier_key(text.strip()) == known
    except NoteError:
        return False


def _identity(entry: bytes, *, origin: str, index: int, made_at: datetime) -> uuid.UUID:
    """A name of the bag, of public facts only."""
    said = "\n".join(("amana.crate/v1", origin, str(index), hashlib.sha256(entry).hexdigest(), made_at.isoformat()))
    return uuid.uuid5(uuid.NAMESPACE_URL, said)


def _bag(files: Mapping[str, bytes], *, identity: uuid.UUID, publisher: Publisher, made_at: datetime) -> dict[str, bytes]:
    payload = {f"data/{name}": files[name] for name in sorted(files)}
    size = sum(len(content) for content in payload.values())
    tags = {
        "bag-info.txt": _lines(
            f"Source-Organization: {' '.join(publisher.name.split())}",
            "Bag-Software-Agent: Amana",
            f"External-Identifier: urn:uuid:{identity}",
            f"Bagging-Date: {made_at:%Y-%m-%d}",
            f"Payload-Oxum: {size}.{len(payload)}",
        ),
        "bagit.txt": _lines("BagIt-Version: 1.0", "Tag-File-Character-Encoding: UTF-8"),
        "manifest-sha512.txt": _manifest(payload),
    }
    return {**tags, "tagmanifest-sha512.txt": _manifest(tags), **payload}


def _manifest(files: Mapping[str, bytes]) -> bytes:
    return _lines(*(f"{hashlib.sha512(content).hexdigest()}  {name}" for name, content in files.items()))


def _lines(*lines: str) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


def _zip(files: Mapping[str, bytes], *, folder: str) -> bytes:
    """Stored, not compressed: two versions of a compressor may write the same files differently."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(f"{folder}/{name}", date_time=_EPOCH)
            info.create_system, info.external_attr = _UNIX, _MODE
            archive.writestr(info, content)
    return whole.getvalue()
