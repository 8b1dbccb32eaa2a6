"""`amana programme adopt`, `consult`, `submit`, `measure`, `evidence`, `judge`, `drop`, `resume`: what people do, each in her own name.

A document is named by its digest, which is computed here: the file itself never leaves.
"""

import argparse
import hashlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, cast
from urllib.parse import quote

from amana.cli.govern import show_list, show_thing
from amana.cli.reach import node_of, open_node
from amana.cli.show import tell
from amana.cli.words import needed, read_text
from amana.client.text import Catalogue
from amana.terms.refusal import Refusal

if TYPE_CHECKING:
    from amana.client.connect import Connection

Json = Mapping[str, object]
DOCUMENT_BYTES_MAX = 2**32
CHUNK_BYTES = 2**20
EXAMPLES = {
    "adopt": "amana programme adopt plan.toml",
    "consult": "amana programme consult plan.toml --until 2027-03-31",
    "submit": 'amana programme submit people-trained --value 12 --on 2026-11-30 --document report.pdf --title "Report of November"',
    "measure": "amana programme measure people-seen --permit m-0f3a5c7d9b1e",
    "evidence": "amana programme evidence show e-0f3a5c7d9b1e",
    "judge": 'amana programme judge e-0f3a5c7d9b1e --verdict confirm --reasons "Page 4 names them." --document report.pdf',
    "drop": 'amana programme drop young-people --reasons "The law was repealed."',
    "resume": 'amana programme resume young-people --reasons "There is a new law."',
}
COLUMNS = ("id", "commitment", "indicator", "on", "value", "title")


def act(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Do what was asked for."""
    with open_node(node_of(options), catalogue) as node:
        match options.action:
            case "adopt":
                _adopt(node, options, catalogue)
            case "consult":
                about = {"content": read_text(_thing(options, "word.metavar.file")), "until": _word(options, "until")}
                found = node.make("/programme/consultations", about)
                tell(catalogue.say("programme.consulted", **{name: str(found[name]) for name in ("plan", "version", "until")}))
            case "submit":
                _submit(node, options, catalogue)
            case "measure":
                about = {"indicator": _thing(options, "word.metavar.name"), "permit": _word(options, "permit")}
                _made(node.make("/programme/measurements", about, key=secrets.token_hex(16)), "programme.measured", catalogue)
            case "evidence" if options.what in {None, "list"}:
                show_list(node.evidence(), COLUMNS, catalogue, title=_title)
            case "evidence":
                name = options.id if options.what == "show" else options.what
                show_thing(node.read("programme/evidence", needed(name, word="word.metavar.id", example=EXAMPLES["evidence"])))
            case "judge":
                _judge(node, options, catalogue)
            case event:
                commitment = quote(_thing(options, "word.metavar.name"), safe="")
                found = node.make(f"/programme/commitments/{commitment}/{event}", {"reasons": _word(options, "reasons")})
                tell(catalogue.say("programme.now", id=str(found["id"]), status=catalogue.word("status", str(found["status"]))))


def _adopt(node: "Connection", options: argparse.Namespace, catalogue: Catalogue) -> None:
    found = node.make("/programme/plan", {"plan": read_text(_thing(options, "word.metavar.file"))})
    print(found["digest"])
    counted = {name: str(found[name]) for name in ("plan", "version", "commitments", "indicators")}
    tell(catalogue.say("programme.adopted", **counted))


def _submit(node: "Connection", options: argparse.Namespace, catalogue: Catalogue) -> None:
    about: dict[str, object] = {
        "indicator": _thing(options, "word.metavar.name"), "on": _word(options, "on"), "value": _word(options, "value"),
        "note": options.note or "",
    }  # fmt: skip
    if options.document:
        title = _word(options, "title")
        about["document"] = {"sha256": digest_of_file(options.document), "title": title, "link": options.link or ""}
    _made(node.make("/programme/evidence", about), "programme.submitted" if options.document else "programme.claimed", catalogue)


def _judge(node: "Connection", options: argparse.Namespace, catalogue: Catalogue) -> None:
    name = quote(_thing(options, "word.metavar.id"), safe="")
    about = {word: _word(options, word) for word in ("verdict", "reasons")}
    digest = digest_of_file(_word(options, "document"))
    found = node.make(f"/programme/evidence/{name}/verification", {**about, "sha256": digest})
    tell(catalogue.say("programme.judged", id=str(found["id"]), verdict=catalogue.word("fact", str(found["verdict"]))))


def digest_of_file(name: str) -> str:
    """SHA-256 of a file, in hexadecimal digits. Errors: Refusal programme.document_unreadable."""
    found, left = hashlib.sha256(), DOCUMENT_BYTES_MAX
    try:
        with Path(name).open("rb") as file:
            while part := file.read(CHUNK_BYTES):
                found.update(part)
                left -= len(part)
                if left < 0:
                    raise Refusal("programme.document_unreadable", file=name[:200])
    except OSError:
        raise Refusal("programme.document_unreadable", file=name[:200]) from None
    return found.hexdigest()


def _made(found: Json, code: str, catalogue: Catalogue) -> None:
    """The id for the next program, what it weighs for the person."""
    print(found["id"])
    tell(catalogue.say(code, id=str(found["id"])))


def _title(found: Json, _: str) -> str:
    document = found["document"]
    return str(cast("Json", document)["title"]) if document is not None else ""


def _thing(options: argparse.Namespace, word: str) -> str:
    return needed(options.what, word=word, example=EXAMPLES[options.action])


def _word(options: argparse.Namespace, name: str) -> str:
    return needed(getattr(options, name), word=f"--{name}", example=EXAMPLES[options.action])
