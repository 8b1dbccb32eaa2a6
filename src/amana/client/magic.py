"""`%%amana` in a notebook: SQL in the cell, options on its first line, the answer below it or in a variable.

`%%amana --node https://node.example --within 5% visits <<` keeps the answer as `visits` and shows nothing.
"""

import os
import shlex
from collections.abc import Callable, MutableMapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Protocol, final

from amana.client.connect import connect
from amana.client.explain import speaking
from amana.client.result import Result
from amana.client.text import choose_language, load
from amana.terms.refusal import Refusal


class Shell(Protocol):
    """What of IPython is used."""

    user_ns: MutableMapping[str, object]

    def register_magic_function(self, func: Callable[[str, str], object], magic_kind: str, magic_name: str) -> None: ...


class Door(Protocol):
    """What both doors answer: a folder on this machine, and a node."""

    def sql(self, sql: str, *, within: str | float | None, share: str | None) -> Result: ...
    def preview(self, sql: str, *, within: str | float | None, share: str | None) -> object: ...


class Opener(Protocol):
    """Opens the data folder on this machine; given, since clients know of nodes only."""

    def __call__(self, folder: str | None) -> "AbstractContextManager[Door]": ...


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """The first line of a cell, read. `name`: the variable that the answer goes to."""

    node: str | None = None
    folder: str | None = None
    within: str | None = None
    share: str | None = None
    permit: str | None = None
    preview: bool = False
    dry_run: bool = False
    name: str | None = None


def register(shell: object, *, open_folder: Opener) -> None:
    """Give the notebook its `%%amana`."""
    notebook: Shell = shell  # type: ignore[assignment]  # IPython itself is never imported

    def magic(line: str, cell: str) -> object:
        with speaking("", catalogue=load(choose_language(None, os.environ))):
            wish = read_line(line)
        answer = ask(wish, cell, open_folder=open_folder)
        if wish.name is None:
            return answer
        notebook.user_ns[wish.name] = answer
        return None

    notebook.register_magic_function(magic, "cell", "amana")


def read_line(line: str) -> Wish:
    """The options on the first line of a cell. Errors: Refusal client.magic_words."""
    try:
        words = shlex.split(line.replace("<<", " << "))
    except ValueError:
        raise Refusal("client.magic_words", word=line[:80]) from None
    given: dict[str, str] = {}
    switches: set[str] = set()
    name: str | None = None
    while words:
        word = words.pop(0)
        option, joined, value = word.partition("=")
        if option in ("--node", "--folder", "--within", "--share", "--permit") and (joined or words):
            given[option.removeprefix("--")] = value if joined else words.pop(0)
        elif word in ("--preview", "--dry-run"):
            switches.add(word)
        elif word.isidentifier() and words == ["<<"]:
            words.clear()
            name = word
        else:
            raise Refusal("client.magic_words", word=word[:80])
    return Wish(
        node=given.get("node"),
        folder=given.get("folder"),
        within=given.get("within"),
        share=given.get("share"),
        permit=given.get("permit"),
        preview="--preview" in switches,
        dry_run="--dry-run" in switches,
        name=name,
    )


def ask(wish: Wish, sql: str, *, open_folder: Opener) -> object:
    """The answer to a cell: of the node that is named, else of the folder, else of AMANA_NODE, else of the folder on this machine.

    A folder has no permits, so a word of one asks for a node, as a dry run does.
    """
    sql = sql.strip()
    node = wish.node or (None if wish.folder else os.environ.get("AMANA_NODE"))
    if node or wish.dry_run or wish.permit:
        with connect(node, permit=wish.permit) as connection:
            if wish.dry_run:
                return connection.dry_run(sql, within=wish.within, share=wish.share)
            return _asked(connection, wish, sql)
    with open_folder(wish.folder) as door:
        return _asked(door, wish, sql)


def _asked(door: Door, wish: Wish, sql: str) -> object:
    return (door.preview if wish.preview else door.sql)(sql, within=wish.within, share=wish.share)
