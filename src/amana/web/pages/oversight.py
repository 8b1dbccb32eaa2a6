"""The oversight authority's desk: whether the log holds and who saw it, what was stopped, what can be exported, whose leave ends."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import final

from fastapi import Request, Response

from amana.log.look import published_now
from amana.log.read import FolderReader
from amana.log.violation import Violation
from amana.node.seen_by import Witnessed, witnessed
from amana.node.service import Service
from amana.node.verification import Finding
from amana.policy.rights import Action, check
from amana.policy.things import Node
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.pages.decisions import Told, before_of, older_than, told_notes
from amana.web.pages.render import page
from amana.web.pages.route import Mine, gone_to, personal_pages
from amana.web.pages.words import day_of, hour_of

router = personal_pages()
DESK = "/desk/oversight"
INCIDENTS = 20
REFUSED_DAYS = 30
REFUSED_MAX = 40
ASKED_WAIT_S = 5.0
"""So long a look that somebody asks for is waited for; a longer one is found on the page later."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """The checkpoint that is published now."""

    origin: str
    size: int
    root: str


@router.get(DESK, openapi_extra=doing(Action.SEE_AUDIT))
def oversight(reader: Mine, request: Request) -> Response:
    """Everything that the authority looks at first; of what was stopped, a page."""
    service, asker, now = reader.service, reader.who, reader.service.now()
    check(Action.SEE_AUDIT, asker, on=Node(), now=now)
    finding = service.verification.last()
    stopped = service.desks.stopped(asker, before=before_of(request), limit=INCIDENTS + 1)
    ending = service.desks.ending(asker)
    return page(
        reader,
        "oversight.html",
        finding=finding,
        wrong=None if finding is None else wrong_of(finding),
        verifying=service.verification.running,
        head=_head(service),
        seen=_witnessed(service),
        forks=None if service.witness is None else len(service.witness.forks()),
        incidents=with_entries(service, told_notes(reader, stopped[:INCIDENTS])),
        older=older_than(stopped, lines=INCIDENTS, asked={}),
        refused_questions=service.desks.refusals(since=day_of(now - timedelta(days=REFUSED_DAYS)))[:REFUSED_MAX],
        ending=[(each.person, day_of(each.until), each.until <= now) for each in ending],
        hour=hour_of,
    )


@router.post(f"{DESK}/verify", openapi_extra=doing(Action.SEE_AUDIT))
def verify(reader: Mine) -> Response:
    """Look now; whoever waits too long finds it on the page later."""
    check(Action.SEE_AUDIT, reader.who, on=Node(), now=reader.service.now())
    reader.service.verification.begin()
    reader.service.verification.wait(ASKED_WAIT_S)
    return gone_to(reader, DESK)


def wrong_of(finding: Finding) -> Refusal | None:
    """The first thing that is wrong, for people; None where nothing is."""
    if finding.holds:
        return None
    if finding.holds is None:
        return Refusal("log.unreadable", place="log", reason=finding.reason)
    reason = f"word.log.{finding.reason}"
    if finding.index is None:
        return Refusal("log.file_wrong", path=finding.path, reason=reason)
    return Refusal("log.entry_wrong", path=finding.path, index=finding.index, reason=reason)


def with_entries(service: Service, told: Iterable[Told]) -> tuple[tuple[Told, int | None], ...]:
    """Each with the last entry of the public log that tells of its permit or project, if one does."""
    known: dict[str, int | None] = {}
    found: list[tuple[Told, int | None]] = []
    for each in told:
        subject = each.note.subject
        if subject not in known:
            entries = service.entries_of(subject) if each.note.thing in {"permit", "project"} else ()
            known[subject] = max(entries, default=None)
        found.append((each, known[subject]))
    return tuple(found)


def _head(service: Service) -> Head | None:
    try:
        _, checkpoint = published_now(FolderReader(service.settings.folder / "log"))
    except (Violation, OSError):
        return None
    return Head(origin=checkpoint.origin, size=checkpoint.size, root=checkpoint.root.hex()[:16])


def _witnessed(service: Service) -> Witnessed | None:
    policy = service.log_policy()
    if not policy.witnesses:
        return None
    try:
        return witnessed(service.settings.folder / "log", policy)
    except OSError:
        return None
