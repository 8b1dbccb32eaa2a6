"""A person's notices as a feed (Atom, RFC 4287), under a secret address, since readers of feeds cannot sign in."""

import hashlib
from xml.sax.saxutils import escape, quoteattr

from fastapi import APIRouter, Request, Response

from amana.client.text import load
from amana.node.notices import Notice
from amana.policy.people import Person
from amana.web.access import open_because
from amana.web.context import Here

router = APIRouter(include_in_schema=False)
SECRET = open_because("whoever knows its secret address reads it: it holds kinds of events and addresses of pages, and nothing else")
MEDIA = "application/atom+xml; charset=utf-8"
NEVER = "1970-01-01T00:00:00+00:00"


@router.get("/feeds/{secret}.atom", openapi_extra=SECRET)
def feed(request: Request, service: Here, secret: str) -> Response:
    """The feed of whoever made that address. Errors: Refusal node.not_found."""
    person, notices = service.contacts.feed(secret)
    body = _written(person, notices, home=service.settings.public_url)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    headers = {"Cache-Control": "private, no-cache", "ETag": tag, "X-Robots-Tag": "noindex"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=MEDIA, headers=headers)


def _written(person: Person, notices: tuple[Notice, ...], *, home: str) -> bytes:
    catalogue = load(person.language)
    updated = notices[0].at.isoformat() if notices else NEVER
    name = hashlib.sha256(f"amana feed {person.id}".encode()).hexdigest()[:32]
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        f'<feed xmlns="http://www.w3.org/2005/Atom" xml:lang={quoteattr(person.language)}>',
        f"<id>urn:amana:feed:{name}</id><title>{escape(catalogue.say('page.settings.feed_title'))}</title><updated>{updated}</updated>",
        f"<author><name>{escape(catalogue.say('page.name'))}</name></author>",
    ]
    for each in notices:
        link = f"{home}/{person.language}{each.path}"
        title = escape(catalogue.say(f"notice.{each.kind}"))
        lines.append(
            f"<entry><id>urn:amana:notice:{each.id}</id><title>{title}</title><updated>{each.at.isoformat()}</updated>"
            f"<link href={quoteattr(link)}/></entry>"
        )
    return "\n".join((*lines, "</feed>\n")).encode()
