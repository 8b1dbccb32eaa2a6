"""`amana receipt`: get one, read it, check it offline, pack it."""

import argparse
import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from amana.cli.show import tell, write_table
from amana.cli.trust import policy_asked, read_file, with_library
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.log.receipt import Receipt

CSV_BYTES_MAX = 2**30
DIGITS_MAX = 18


def receipt(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Do the action that was asked for."""
    match options.action:
        case "get" | "crate":
            _write(_got(options, catalogue), options, catalogue)
        case "show":
            _show(_read(options.thing), catalogue)
        case _:
            _verify(options, catalogue)


def _got(options: argparse.Namespace, catalogue: Catalogue) -> bytes:
    """The receipt of an entry, from the folder or the node. Errors: Refusal receipt.no_entry."""
    thing = str(options.thing or "")
    if not (thing.isascii() and thing.isdigit()) or len(thing) > DIGITS_MAX:
        raise Refusal("cli.word_missing", word="word.metavar.number")
    node, form = node_of(options), "json" if options.action == "get" else "crate"
    if node is not None:
        with open_node(node, catalogue) as connection:
            return connection.receipt(int(thing), form=form)
    from amana.local.receipts import get_receipt

    return get_receipt(int(thing), folder=options.folder, form=form)


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
    policy, found = policy_asked(options), _read(options.thing)
    from amana.log.note import NoteError
    from amana.log.receipt import ReceiptError, verify_receipt
    from amana.log.tree import ProofError

    csv = None if options.rows is None else read_file(options.rows, bytes_max=CSV_BYTES_MAX)
    try:
        proven = verify_receipt(found, policy=policy, csv=csv)
    except (NoteError, ProofError, ReceiptError) as error:
        raise Refusal("receipt.not_proven", file=str(options.thing)[:200], reason=f"word.log.{error.reason.partition(' ')[0]}") from None
    said = {"index": proven.index, "log": proven.checkpoint.origin, "size": proven.checkpoint.size, "root": proven.checkpoint.root.hex()}
    if options.json:
        print(json.dumps({**said, "entry": proven.entry, "opened": proven.opened, "rows": proven.rows}, ensure_ascii=False))
    tell(catalogue.say("receipt.proven", index=str(proven.index), log=proven.checkpoint.origin, size=str(proven.checkpoint.size)))
    if proven.opened:
        tell(catalogue.say("receipt.opened", fields=", ".join(proven.opened)))
    tell(catalogue.say(f"receipt.rows_{proven.rows}"))


def _read(thing: str | None) -> "Receipt":
    """Errors: Refusal receipt.not_readable, trust.library_missing."""
    with_library()
    from amana.log.receipt import RECEIPT_BYTES_MAX, ReceiptError, read_receipt

    if thing is None:
        raise Refusal("cli.word_missing", word="word.metavar.file")
    try:
        return read_receipt(read_file(thing, bytes_max=RECEIPT_BYTES_MAX))
    except ReceiptError:
        raise Refusal("receipt.not_readable", file=thing[:200]) from None


def _plain(value: object) -> str:
    return ", ".join(str(each) for each in cast("list[object]", value)) if isinstance(value, list) else str(value)
