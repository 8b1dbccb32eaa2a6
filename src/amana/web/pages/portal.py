"""All pages, in the order in which their paths are looked at."""

from fastapi import APIRouter, Response

from amana.policy.rights import Action
from amana.terms.refusal import Refusal
from amana.web.access import doing, open_because
from amana.web.pages import about, assets, home, sign_in
from amana.web.pages.route import Read, nameless_pages, public_pages

front = nameless_pages()
rest = public_pages()


@front.get("/", openapi_extra=doing(Action.SEE_PUBLIC))
def first(reader: Read) -> Response:
    """The first page, in the language that the browser likes best."""
    return home.home(reader)


@rest.get("/{path:path}", openapi_extra=open_because("it says that there is no such page"))
async def nothing(reader: Read) -> Response:
    """What is at no other address."""
    raise Refusal("http.no_route", path=reader.path[:80])


PAGES: tuple[APIRouter, ...] = (assets.router, front, home.router, sign_in.linked, sign_in.router, about.router, rest)
