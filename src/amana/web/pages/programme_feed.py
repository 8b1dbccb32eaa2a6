"""Changes of the programme as public feeds (Atom, RFC 4287): statuses that became others, and what the log tells of evidence."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, final
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Query, Request, Response

from amana.log.programme_kinds import PlanEntry
from amana.node.service import Service
from amana.policy.rights import Action
from amana.programme.evaluate import Evaluation
from amana.terms.refusal import Refusal
from amana.web.access import doing
from amana.web.bodies import Language
from amana.web.context import Here
from amana.web.language import catalogue_of
from amana.web.pages.feeds import MEDIA
from amana.web.pages.programme import commitment_of
from amana.web.pages.projects import entries_told
from amana.web.pages.reader import Reader
from amana.web.programme_figures import EVERYWHERE
from amana.web.route import Route

ITEMS_MAX = 50
FEED = "/programme/feed.atom"
router = APIRouter(route_class=Route, include_in_schema=False)
Wished = Annotated[Language | None, Query(alias="language")]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """What happened. `id`: its address for good; `link`: the page that tells more."""

    id: str
    at: datetime
    title: str
    link: str


@router.get(FEED, openapi_extra=doing(Action.SEE_PUBLIC))
def feed(request: Request, here: Here, wished: Wished = None) -> Response:
    """Of every commitment. Errors: Refusal programme.none_adopted."""
    reader, evaluation = reader_in(request, here, wished), here.programme_state.evaluation()
    items = [*_changes(reader, evaluation, only=None), *_entries(reader, evaluation, only=None)]
    return _written(reader, items, title=reader.pick(evaluation.plan.title).striptags(), path=FEED, page="/programme")


@router.get("/programme/commitments/{name}/feed.atom", openapi_extra=doing(Action.SEE_PUBLIC))
def feed_of_one(request: Request, here: Here, name: str, wished: Wished = None) -> Response:
    """Of one commitment. Errors: Refusal node.not_found, programme.none_adopted."""
    reader, evaluation = reader_in(request, here, wished), here.programme_state.evaluation()
    standing = evaluation.standing(name)
    if standing is None:
        raise Refusal("node.not_found", thing="word.thing.commitment", name=name[:80])
    page = f"/programme/commitments/{name}"
    items = [*_changes(reader, evaluation, only=name), *_entries(reader, evaluation, only=name)]
    return _written(reader, items, title=reader.pick(standing.commitment.title).striptags(), path=f"{page}/feed.atom", page=page)


def reader_in(request: Request, here: Service, language: str | None) -> Reader:
    """Whoever reads in that language, or in the one that her program likes best."""
    return Reader(language=language or catalogue_of(request).language, path=request.url.path, service=here)


def _changes(reader: Reader, evaluation: Evaluation, *, only: str | None) -> Iterable[Item]:
    """Statuses that became others, the newest first."""
    titles = {each.id: each.title for each in evaluation.plan.commitments}
    home = reader.service.settings.public_url
    found = [
        each
        for each in reader.service.programme_state.changes(evaluation.plan.id)
        if each.commitment in titles and only in {None, each.commitment}
    ]
    for each in found[:ITEMS_MAX]:
        path = f"/programme/commitments/{each.commitment}"
        at = each.at.astimezone(UTC)
        yield Item(
            id=f"{home}{path}#{at.isoformat()}",
            at=at,
            title=reader.catalogue.say(
                "page.programme.changed",
                title=reader.pick(titles[each.commitment]).striptags(),
                status=reader.catalogue.word("status", each.status),
            ),
            link=f"{home}{reader.at(path)}",
        )


def _entries(reader: Reader, evaluation: Evaluation, *, only: str | None) -> Iterable[Item]:
    """What the log tells of the plan, of evidence and of verdicts, the newest first."""
    brought, home = reader.service.programme_state.brought(), reader.service.settings.public_url
    found = {
        index: each.hour
        for index, each in brought.history
        if (only is None and isinstance(each, PlanEntry)) or commitment_of(each, brought) in ({only} if only else _names(evaluation))
    }
    for told in entries_told(reader, sorted(found)[-ITEMS_MAX:]):
        yield Item(
            id=f"{home}/log/entries/{told.index}",
            at=found[told.index].astimezone(UTC),
            title=told.sentence.striptags(),
            link=f"{home}{reader.at(f'/log/{told.index}')}",
        )


def _names(evaluation: Evaluation) -> frozenset[str]:
    return frozenset(each.id for each in evaluation.plan.commitments)


def _written(reader: Reader, items: Iterable[Item], *, title: str, path: str, page: str) -> Response:
    home, say = reader.service.settings.public_url, reader.catalogue.say
    shown = sorted(items, key=lambda each: (each.at, each.id), reverse=True)[:ITEMS_MAX]
    updated = shown[0].at if shown else datetime.fromtimestamp(0, UTC)
    own = f"{home}{path}?language={reader.language}"
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={quoteattr(reader.language)}>',
        f"<id>{escape(own)}</id><title>{escape(say('page.programme.feed', title=title))}</title><updated>{updated.isoformat()}</updated>",
        f'<link rel="self" type="application/atom+xml" href={quoteattr(own)}/><link href={quoteattr(home + reader.at(page))}/>',
        f"<author><name>{escape(say('page.name'))}</name></author>",
    ]
    lines += [
        f"<entry><id>{escape(each.id)}</id><title>{escape(each.title)}</title><updated>{each.at.isoformat()}</updated>"
        f"<link href={quoteattr(each.link)}/></entry>"
        for each in shown
    ]
    headers = {**EVERYWHERE, "Content-Language": reader.language, "Vary": "Accept-Encoding, Accept-Language"}
    return Response("\n".join((*lines, "</feed>\n")).encode(), media_type=MEDIA, headers=headers)
