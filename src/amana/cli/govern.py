"""`amana project`, `permit`, `output`: what people do with them on a node, each in her own name, by her token."""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, cast

from amana.cli.reach import node_of, open_node
from amana.cli.show import tell, write_table
from amana.cli.words import needed, read_project, read_text, read_until
from amana.client.figures import percent
from amana.client.text import Catalogue

if TYPE_CHECKING:
    from amana.client.connect import Connection

Json = Mapping[str, object]

JUDGING = ("review", "vote")
DECIDING = ("return", "approve", "reject", "suspend", "resume", "revoke", "refuse", "assess", "serve", "retire")
WORDED = {"state": "state", "kind": "output"}
"""Columns whose values are words, and the name of these words."""
SHARES = {"share": "share_asked", "granted": "share_granted"}
"""Columns that are shares of the budget."""
EXAMPLES = {
    "project": "amana project submit p-0f3a5c7d9b1e",
    "permit": "amana permit request --project p-0f3a5c7d9b1e --dataset visits --share 5% --until 2027-12-31",
    "system": "amana system describe s-0f3a5c7d9b1e --file card.toml",
    "output": 'amana output add answer.md --project p-0f3a5c7d9b1e --title "Visits by month"',
}


def project(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Write, submit, review, decide."""
    with open_node(node_of(options), catalogue) as node:
        match options.action:
            case "list":
                show_list(node.projects(), ("id", "state", "title", "until"), catalogue, title=_title)
            case "show":
                show_thing(node.read("projects", thing(options)))
            case "new":
                _made(node.make("/projects", read_project(thing(options, "word.metavar.file"))), catalogue)
            case "edit":
                file = needed(options.file, word="--file", example="amana project edit p-0f3a5c7d9b1e --file project.toml")
                told(node.rewrite("projects", thing(options), read_project(file)), catalogue)
            case "add-member":
                told(node.move("projects", thing(options), "members", about={"person": word_of(options, "person")}), catalogue)
            case "remove-member":
                node.remove(f"/projects/{thing(options)}/members/{word_of(options, 'person')}")
            case _:
                act(node, "projects", options, catalogue)


def permit(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Request, return and request anew, grant, stop."""
    with open_node(node_of(options), catalogue) as node:
        match options.action:
            case "list":
                show_list(node.permits(), ("id", "state", "dataset", "project", "share", "granted", "until"), catalogue, title=_title)
            case "show":
                found = node.read("permits", thing(options))
                show_thing(found)
                _tell_reasons(found, catalogue)
            case "request":
                about = {name: word_of(options, name) for name in ("project", "dataset", "share")}
                _made(node.make("/permits", {**about, "valid_until": _until(options)}), catalogue)
            case "revise":
                about = {"share": word_of(options, "share"), "valid_until": _until(options)}
                told(node.move("permits", thing(options), "revise", about=about), catalogue)
            case "grant":
                about = {"share": word_of(options, "share"), "valid_until": _until(options), "reasons": options.reasons or ""}
                told(node.move("permits", thing(options), "grant", about=about), catalogue)
            case _:
                act(node, "permits", options, catalogue)


def output(options: argparse.Namespace, catalogue: Catalogue) -> None:
    """Add, propose, vote, publish."""
    with open_node(node_of(options), catalogue) as node:
        match options.action:
            case "list":
                show_list(node.outputs(word_of(options, "project")), ("id", "state", "kind", "title"), catalogue, title=_plain_title)
            case "show":
                show_thing(node.read("outputs", thing(options)))
            case "add":
                words = {"title": word_of(options, "title"), "body": read_text(thing(options, "word.metavar.file"))}
                _made(node.make(f"/projects/{word_of(options, 'project')}/outputs", {"kind": options.kind, **words}), catalogue)
            case "rewrite":
                words = {"title": word_of(options, "title"), "body": read_text(word_of(options, "file"))}
                told(node.rewrite("outputs", thing(options), words), catalogue)
            case _:
                act(node, "outputs", options, catalogue)


def act(node: "Connection", kind: str, options: argparse.Namespace, catalogue: Catalogue) -> None:
    """A transition by its own name: what it needs are a verdict, reasons, or nothing."""
    about: dict[str, object] = {}
    if options.action in JUDGING:
        about = {"verdict": word_of(options, "verdict"), "reasons": options.reasons or ""}
    elif options.action in DECIDING:
        about = {"reasons": options.reasons or ""}
    told(node.move(kind, thing(options), options.action, about=about), catalogue)


def thing(options: argparse.Namespace, word: str = "word.metavar.id") -> str:
    """What the action is about. Errors: Refusal cli.word_missing."""
    return needed(options.thing, word=word, example=EXAMPLES[options.command])


def word_of(options: argparse.Namespace, name: str) -> str:
    """An option that the action cannot do without. Errors: Refusal cli.word_missing."""
    return needed(getattr(options, name), word=f"--{name}", example=EXAMPLES[options.command])


def _until(options: argparse.Namespace) -> str:
    return read_until(word_of(options, "until")).isoformat()


def _made(found: Json, catalogue: Catalogue) -> None:
    """The id for the next program, the state for the person."""
    print(found["id"])
    told(found, catalogue)


def told(found: Json, catalogue: Catalogue) -> None:
    """Where a thing stands now, for the person."""
    tell(catalogue.say("govern.state", id=str(found["id"]), state=catalogue.word("state", str(found["state"]))))


def show_thing(found: Json) -> None:
    """All of it, as JSON."""
    print(json.dumps(found, ensure_ascii=False, indent=2))


def _tell_reasons(found: Json, catalogue: Catalogue) -> None:
    """Why the purposes match those of the dataset, or not, in words."""
    for reason in cast("Sequence[Json]", cast("Json", found["match"])["reasons"]):
        filled = cast("Mapping[str, str]", reason["parameters"])
        tell(catalogue.say(str(reason["code"]), term=str(reason["term"]), **filled))


def show_list(
    found: Sequence[Json], columns: Sequence[str], catalogue: Catalogue, *, title: Callable[[Json, str], str] = lambda _found, _language: ""
) -> None:
    """A table, one line for each. `title`: what a column of that name holds, in a language."""
    rows = [
        tuple(title(each, catalogue.language) if name == "title" else _cell(each, name, catalogue) for name in columns) for each in found
    ]
    write_table([catalogue.say(f"list.{name}") for name in columns], rows, numbers=(False,) * len(columns))


def _cell(found: Json, name: str, catalogue: Catalogue) -> str:
    if name in SHARES:
        part = found.get(SHARES[name])
        return "–" if part is None else percent(float(Fraction(str(part))))
    held = {"until": ("ends_on", "valid_until")}
    written = str(next(found[key] for key in held.get(name, (name,)) if key in found) or "–")
    if name in WORDED:
        return catalogue.word(WORDED[name], written)
    return written.partition("T")[0] if written[:2] == "20" and "T" in written else written


def _title(found: Json, language: str) -> str:
    titles = cast("Mapping[str, str]", found["title"])
    return titles.get(language) or titles.get("en") or next(iter(titles.values()), "")


def _plain_title(found: Json, _: str) -> str:
    return str(found["title"])
