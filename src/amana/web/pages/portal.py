"""All pages, in the order in which their paths are looked at."""

from fastapi import APIRouter, Request, Response

from amana.policy.rights import Action
from amana.terms.refusal import Refusal
from amana.web.access import doing, open_because
from amana.web.language import catalogue_of
from amana.web.pages import (
    assets,
    custodian,
    custodian_dataset,
    custodian_rules,
    decisions,
    home,
    oversight,
    people,
    sign_in,
)
from amana.web.pages.reader import Reader
from amana.web.pages.route import Read, public_pages

front = APIRouter(include_in_schema=False)
rest = public_pages()


@front.get("/", openapi_extra=doing(Action.SEE_PUBLIC))
def first(request: Request) -> Response:
    """The first page, in the language that the browser likes best."""
    language = catalogue_of(request).language
    return home.home(Reader(language=language, path="/", service=request.app.state.service))


@rest.get("/{path:path}", openapi_extra=open_because("it says that there is no such page"))
async def nothing(reader: Read) -> Response:
    """What is at no other address."""
    raise Refusal("http.no_route", path=reader.path[:80])


PAGES: tuple[APIRouter, ...] = (
    assets.router, front, home.router, sign_in.linked, sign_in.router,
    custodian.router, custodian_dataset.router, custodian_rules.router, oversight.router, decisions.router, people.router,
    rest,
)  # fmt: skip
