"""Who decided what: the audit of the node as a table in words, with filters, and the exports of the oversight authority."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, final
from urllib.parse import urlencode

from fastapi import Request, Response
from fastapi.responses import StreamingResponse

from amana.client.text import Catalogue
from amana.node.audit import LATEST, Note, Wanted, notes
from amana.node.records import as_csv, as_json, processing_record_for
from amana.node.service import Service
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.terms.database import moment
from amana.terms.refusal import Refusal
from amana.terms.table import write_csv
from amana.web.access import doing
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Mine, personal_pages
from amana.web.pages.words import hour_of
from amana.web.replies import json_response

router = personal_pages()
PATH = "/desk/oversight/decisions"
LINES = 50
FILTER_CHARACTERS_MAX = 80
EXPORTED_MAX = 200_000
EXPORTED_AT_ONCE = 1_000
THINGS: Final = (
    "project", "permit", "output", "model", "job", "dataset", "person", "accreditation", "organisation", "session", "passkey", "token",
    "link", "identity", "log", "keys", "plan", "evidence", "commitment",
)  # fmt: skip
EVERYTHING: Final = "everything"
SIGNING: Final = frozenset({"session", "link"})
COLUMNS: Final = ("at", "actor", "action", "thing", "subject", "was", "now_is")
CSV = "text/csv; charset=utf-8; header=present"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A note in words. `actor`, `subject`: names where the reader may see them, else what stands in the note."""

    note: Note
    at: str
    actor: str
    did: str
    subject: str
    was: str
    now_is: str


@router.get(PATH, openapi_extra=doing(Action.SEE_AUDIT))
def decisions(reader: Mine, request: Request) -> Response:
    """A page of the audit, the latest first."""
    service = reader.service
    check(Action.SEE_AUDIT, reader.who, on=Node(), now=service.now())
    wanted, before = _wanted(request), before_of(request)
    found = notes(service.database, before=before, limit=LINES + 1, wanted=wanted)
    older = older_than(found, lines=LINES, asked=_asked(wanted))
    told, things = told_notes(reader, found[:LINES]), (EVERYTHING, *THINGS)
    return page(reader, "decisions.html", told=told, wanted=wanted, asked=_asked(wanted), things=things, older=older)


@router.get("/desk/oversight/exports/{name}", openapi_extra=doing(Action.EXPORT_RECORD, Action.SEE_AUDIT))
def export(reader: Mine, name: str) -> Response:
    """The record of processing, or the audit, as a file."""
    service, asker = reader.service, reader.who
    kept = {"Content-Disposition": f'attachment; filename="{name}"'}
    match name:
        case "processing-record.json":
            return json_response(as_json(processing_record_for(service, asker)), headers=kept)
        case "processing-record.csv":
            return Response(as_csv(processing_record_for(service, asker)), media_type=CSV, headers=kept)
        case "audit.csv":
            check(Action.SEE_AUDIT, asker, on=Node(), now=service.now())
            return StreamingResponse(_audit_csv(service), media_type=CSV, headers=kept)
        case _:
            raise Refusal("node.not_found", thing="word.thing.record", name=name[:80])


def told_notes(reader: Reader, found: Iterable[Note]) -> tuple[Told, ...]:
    """Notes in the reader's words."""
    held, catalogue = tuple(found), reader.catalogue
    names = reader.service.desks.names(reader.who, [*(each.actor for each in held), *(each.subject for each in held)])
    return tuple(
        Told(
            note=each,
            at=hour_of(each.at),
            actor=names.get(each.actor) or catalogue.word("actor", each.actor),
            did=did(each, catalogue),
            subject=names.get(each.subject) or each.subject,
            was="" if each.was == each.now_is else _state(each.was, catalogue),
            now_is=_state(each.now_is, catalogue),
        )
        for each in held
    )


def before_of(request: Request) -> tuple[str, str]:
    """The note before which a page of them begins, by its time and id."""
    at, _, name = request.query_params.get("before", "")[:200].partition(" ")
    return at or LATEST, name


def older_than(found: Sequence[Note], *, lines: int, asked: Mapping[str, str]) -> str:
    """The query of the page after this one, of which one note more than its lines was looked for; empty where there is none."""
    if len(found) <= lines:
        return ""
    last = found[lines - 1]
    return f"?{urlencode({**asked, 'before': f'{moment(last.at)} {last.id}'})}"


def did(note: Note, catalogue: Catalogue) -> str:
    """What was done, in words; what a newer node notes, as it says it."""
    thing, action = note.thing.partition(" ")[0], note.action.replace(" ", "_")
    whole, first = note.thing.replace(" ", "_"), note.action.partition(" ")[0]
    for name in (f"{whole}.{action}", f"{thing}.{action}", action, f"{whole}.{first}"):
        found = catalogue.word("audit", name)
        if found != name:
            return found
    return f"{thing}: {note.action}"


def _state(value: str, catalogue: Catalogue) -> str:
    """A state as a word; a role too."""
    for kind in ("state", "comment_state", "outcome", "role", "fact"):
        shown = catalogue.word(kind, value.replace(" ", "_"))
        if shown != value.replace(" ", "_"):
            return shown
    return value


def _wanted(request: Request) -> Wanted:
    """Errors: Refusal http.bad_request for a day that is none."""
    asked = {name: request.query_params.get(name, "").strip()[:FILTER_CHARACTERS_MAX] for name in ("actor", "thing", "since", "subject")}
    if asked["since"]:
        try:
            date.fromisoformat(asked["since"])
        except ValueError:
            raise Refusal("http.bad_request", field="since", where=None, wanted="word.day") from None
    everything = asked["thing"] == EVERYTHING
    thing = "" if everything else asked["thing"]
    return Wanted(
        actor=asked["actor"], thing=thing, subject=asked["subject"], since=asked["since"], signing=everything or thing in SIGNING
    )  # fmt: skip


def _asked(wanted: Wanted) -> dict[str, str]:
    thing = wanted.thing or (EVERYTHING if wanted.signing else "")
    held = {"actor": wanted.actor, "thing": thing, "subject": wanted.subject, "since": wanted.since}
    return {name: value for name, value in held.items() if value}


def _audit_csv(service: Service) -> Iterator[str]:
    """In parts, the latest first; the header once."""
    before, left, head = (LATEST, ""), EXPORTED_MAX, True
    while left > 0:
        found = notes(service.database, before=before, limit=min(left, EXPORTED_AT_ONCE))
        part = write_csv(COLUMNS, ([moment(each.at), *(getattr(each, name) for name in COLUMNS[1:])] for each in found))
        yield part if head else part.partition("\n")[2]
        if len(found) < EXPORTED_AT_ONCE:
            return
        before, left, head = (moment(found[-1].at), found[-1].id), left - len(found), False
