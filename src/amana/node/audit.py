"""The custodian's own record of every transition: written in the transaction that makes it, never changed."""

import secrets
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import final

from amana.terms.database import Database, Row, Transaction, Value, moment, text

_ORDER = count()
MACHINE = "machine"
"""The actor of what is done on the node's own machine, by whoever holds the data folder."""
NODE = "node"
"""The actor of what the program does by itself."""

NOTE = """INSERT INTO audit (id, at, actor, action, thing, subject, was, now_is)
VALUES (:id, :at, :actor, :action, :thing, :subject, :was, :now_is)"""
PAGE = """SELECT id, at, actor, action, thing, subject, was, now_is FROM audit
WHERE (at < :at OR (at = :at AND id < :id)) ORDER BY at DESC, id DESC LIMIT :limit"""
OF_SUBJECT = """SELECT id, at, actor, action, thing, subject, was, now_is FROM audit
WHERE thing = :thing AND subject = :subject ORDER BY at, id LIMIT 2000"""
FILTERED = r"""SELECT id, at, actor, action, thing, subject, was, now_is FROM audit
WHERE (at < :at OR (at = :at AND id < :id)) AND at >= :since
AND actor LIKE :actor ESCAPE '\' AND thing LIKE :thing ESCAPE '\' AND subject LIKE :subject ESCAPE '\'
AND (:signing = 1 OR NOT (thing LIKE 'session%' OR thing LIKE 'link%' OR thing LIKE 'every %'))
ORDER BY at DESC, id DESC LIMIT :limit"""
LATEST = "9999"
"""Sorts after every moment."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """`was`, `now_is`: states of the thing's machine, or other public facts; empty where there is none."""

    id: str
    at: datetime
    actor: str
    action: str
    thing: str
    subject: str
    was: str
    now_is: str


def note(run: Transaction, *, at: datetime, actor: str, action: str, thing: str, subject: str, was: str, now_is: str) -> None:
    """Write one transition."""
    name = f"{next(_ORDER):012x}{secrets.token_hex(6)}"  # of two notes at one moment, the later sorts last
    values = {"id": name, "at": moment(at), "actor": actor, "action": action, "thing": thing}
    run.change(NOTE, {**values, "subject": subject, "was": was, "now_is": now_is})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which notes somebody looks for. `actor`, `subject`: whole; `thing`: its first word; empty: any. `since`: a day."""

    actor: str = ""
    thing: str = ""
    subject: str = ""
    since: str = ""
    signing: bool = True
    """Also of who signed in and out."""


ANY = Wanted()


def notes(database: Database, *, before: tuple[str, str] = (LATEST, ""), limit: int, wanted: Wanted = ANY) -> tuple[Note, ...]:
    """The latest first. `before`: (at, id) of the last note of the page before."""
    values: dict[str, Value] = {"at": before[0], "id": before[1], "limit": limit}
    with database.reading() as run:
        if wanted == ANY:
            return tuple(map(note_of, run.rows(PAGE, values)))
        sought: dict[str, Value] = {"actor": _like(wanted.actor), "thing": _like(wanted.thing, more="%"), "subject": _like(wanted.subject)}
        values |= {**sought, "since": wanted.since, "signing": int(wanted.signing)}
        return tuple(map(note_of, run.rows(FILTERED, values)))


def notes_of(run: Transaction, *, thing: str, subject: str) -> tuple[Note, ...]:
    """What happened to one thing, the first note first."""
    return tuple(map(note_of, run.rows(OF_SUBJECT, {"thing": thing, "subject": subject})))


def note_of(row: Row) -> Note:
    """A row with every column of the table, in their order."""
    name, at, actor, action, thing, subject, was, now_is = row
    return Note(
        id=text(name), at=datetime.fromisoformat(text(at)), actor=text(actor), action=text(action), thing=text(thing),
        subject=text(subject), was=text(was), now_is=text(now_is),
    )  # fmt: skip


def _like(sought: str, *, more: str = "") -> str:
    """A pattern for SQL that finds that text and what `more` says; everything for an empty one."""
    if not sought:
        return "%"
    return "".join(f"\\{letter}" if letter in "%_\\" else letter for letter in sought) + more
