"""All pages, in the order in which their paths are looked at."""

from fastapi import APIRouter, Response

from amana.terms.refusal import Refusal
from amana.web.access import open_because
from amana.web.pages import assets, home, log, offline, projects, sign_in, uses
from amana.web.pages.route import Read, public_pages

rest = public_pages()


@rest.get("/{path:path}", openapi_extra=open_because("it says that there is no such page"))
async def nothing(reader: Read) -> Response:
    """What is at no other address."""
    raise Refusal("http.no_route", path=reader.path[:80])


PAGES: tuple[APIRouter, ...] = (
    assets.router,
    home.front,
    home.router,
    sign_in.linked,
    sign_in.router,
    log.router,
    projects.router,
    uses.router,
    offline.worker,
    offline.router,
    rest,
)
