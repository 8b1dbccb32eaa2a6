"""`amana receipt`: get one, read it, check it offline, pack it."""

import argparse
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, cast

from amana.cli.reach import node_of, open_node
from amana.cli.show import tell, write_table
from amana.cli.trust import read_file, trusted, with_library
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.wire import Json
    from amana.log.quorum import Policy
    from amana.log.receipt import Proven, Receipt

CSV_BYTES_MAX = 2**30
DIGITS_MAX = 18
PARQUET = ".parquet"
"""A synthetic table carries its receipt."""


def receipt(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Do the action that was asked for."""
    match options.action:
        case "get":
            _write(_got(options, catalogue).encode(), options, catalogue)
        case "show":
            _show(_read(options.thing), catalogue)
        case "crate":
            _write(_packed(options), options, catalogue)
        case _:
            _verify(options, catalogue)


def _got(options: argparse.Namespace, catalogue: Catalogue) -> str:
    """The receipt of an entry, from the folder or the node. Errors: Refusal receipt.no_entry."""
    thing, node = str(options.thing or ""), node_of(options)
    if thing[1:2] != "-" and (not (thing.isascii() and thing.isdigit()) or len(thing) > DIGITS_MAX):
        raise Refusal("cli.word_missing", word="word.metavar.number", example="amana receipt get 0")
    if node is not None:
        with open_node(node, catalogue) as connection:
            return connection.receipt(_latest(thing, connection.receipts_of))
    from amana.local.receipts import entries_of, get_receipt

    return get_receipt(_latest(thing, lambda of: entries_of(of, folder=options.folder)), folder=options.folder)


def _latest(thing: str, entries_of: Callable[[str], Sequence[int]]) -> int:
    """The entry that is meant: by its number, or the latest decision about a project, permit or job by its id."""
    if thing[1:2] != "-":
        return int(thing)
    found = entries_of(thing)
    if not found:
        raise Refusal("receipt.no_entry", index=thing[:80])
    return found[-1]


def _write(content: bytes, options: argparse.Namespace, catalogue: Catalogue) -> None:
    if options.output is None:
        sys.stdout.buffer.write(content)
        return
    try:
        Path(options.output).write_bytes(content)
    except OSError:
        raise Refusal("cli.file_unreadable", file=str(options.output)[:200]) from None
    tell(catalogue.say("receipt.written", file=str(options.output)))


def _show(found: "Receipt", catalogue: Catalogue) -> None:
    """What it says. Nothing is checked: that is told too."""
    members = cast("Mapping[str, object]", json.loads(found.entry))
    rows = [(name, _plain(value)) for name, value in members.items() if name not in {"pad", "sealed", "amana"}]
    opened = {each.field: each.value for each in found.openings}
    sealed = cast("Mapping[str, str]", members.get("sealed") or {})
    rows += [(name, opened.get(name, catalogue.say("receipt.sealed"))) for name in sealed]
    rows += [("index", str(found.proof.index)), ("log", found.proof.checkpoint.text.split("\n", 1)[0])]
    if found.rows is not None:
        rows.append(("rows", catalogue.say("receipt.committed")))
    write_table((catalogue.say("receipt.member"), catalogue.say("receipt.value")), rows, numbers=(False, False))
    tell(catalogue.say("receipt.not_checked"))


def _verify(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Check it with the log's key alone. Errors: Refusal receipt.not_proven."""
    proven = _proven(_policy(options), _read(options.thing), options, csv=_rows(options))
    said = {"index": proven.index, "log": proven.checkpoint.origin, "size": proven.checkpoint.size, "root": proven.checkpoint.root.hex()}
    if options.json:
        print(json.dumps({**said, "entry": proven.entry, "opened": proven.opened, "rows": proven.rows}, ensure_ascii=False))
    tell(catalogue.say("receipt.proven", index=str(proven.index), log=proven.checkpoint.origin, size=str(proven.checkpoint.size)))
    if proven.opened:
        tell(catalogue.say("receipt.opened", fields=", ".join(proven.opened)))
    tell(catalogue.say(f"receipt.rows_{proven.rows}"))
    if str(options.thing).endswith(PARQUET):
        tell(catalogue.say("receipt.rest_not_proven"))


def _packed(options: argparse.Namespace) -> bytes:
    """The receipt as an RO-Crate, once it is checked. Errors: Refusal receipt.not_proven."""
    policy, found, csv = _policy(options), _read(options.thing), _rows(options)
    proven = _proven(policy, found, options, csv=csv)
    from amana.log.crate import CrateError, write_crate
    from amana.log.crate_graph import Publisher

    origin = proven.checkpoint.origin
    key = next(each.key for each in policy.logs if each.key.name == origin)
    try:
        return write_crate(
            found, policy_text=policy.text, key_text=f"{key.text}\n", csv=csv, publisher=Publisher(name=origin), made_at=datetime.now(UTC)
        )
    except CrateError as error:
        raise Refusal("receipt.not_packed", file=str(options.thing)[:200], reason=f"word.crate.{error.reason}") from None


def _proven(policy: "Policy", found: "Receipt", options: argparse.Namespace, *, csv: bytes | None) -> "Proven":
    from amana.log.note import NoteError
    from amana.log.receipt import ReceiptError, verify_receipt
    from amana.log.tree import ProofError

    try:
        return verify_receipt(found, policy=policy, csv=csv)
    except (NoteError, ProofError, ReceiptError) as error:
        raise Refusal("receipt.not_proven", file=str(options.thing)[:200], reason=f"word.log.{error.reason.partition(' ')[0]}") from None


def _policy(options: argparse.Namespace) -> "Policy":
    """Errors: Refusal receipt.no_key: a receipt that says itself whose word counts proves nothing."""
    policy = trusted(options)
    if policy is None:
        raise Refusal("receipt.no_key")
    return policy


def _rows(options: argparse.Namespace) -> bytes | None:
    if options.rows is None and str(options.thing).endswith(PARQUET):
        return _table(str(options.thing))[0].encode()
    return None if options.rows is None else read_file(options.rows, bytes_max=CSV_BYTES_MAX)


def _table(name: str) -> "tuple[str, Json]":
    """A synthetic table as CSV, and what is told in its Parquet file. Errors: Refusal receipt.not_readable, client.library_missing."""
    from amana.client.invented import read_parquet

    try:
        return read_parquet(read_file(name, bytes_max=CSV_BYTES_MAX))
    except Refusal as refusal:
        if refusal.code == "client.not_understood":
            raise Refusal("receipt.not_readable", file=name[:200]) from None
        raise


def _read(thing: str | None) -> "Receipt":
    """Errors: Refusal receipt.not_readable, client.library_missing."""
    with_library()
    from amana.log.receipt import RECEIPT_BYTES_MAX, ReceiptError, read_receipt

    if thing is None:
        raise Refusal("cli.word_missing", word="word.metavar.file", example="amana receipt show receipt.json")
    try:
        if thing.endswith(PARQUET):
            return read_receipt(json.dumps(_table(thing)[1].get("receipt")).encode())
        return read_receipt(read_file(thing, bytes_max=RECEIPT_BYTES_MAX))
    except ReceiptError:
        raise Refusal("receipt.not_readable", file=thing[:200]) from None


def _plain(value: object) -> str:
    return ", ".join(str(each) for each in cast("list[object]", value)) if isinstance(value, list) else str(value)
