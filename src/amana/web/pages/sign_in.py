"""The page where somebody signs in: its work is done in the browser (`static/sign-in.js`), for a passkey is kept by the device."""

from fastapi import APIRouter, Request, Response

from amana.web.access import open_because
from amana.web.language import catalogue_of
from amana.web.pages.reader import Reader
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages

SAME = open_because("it is the same page for everybody and holds nothing of anybody")
router = public_pages()
linked = APIRouter(include_in_schema=False)
"""The address of one-time links, which know no language: what stands behind their `#` is never sent here."""


@router.get("/sign-in", openapi_extra=SAME)
def sign_in(reader: Read) -> Response:
    """The page."""
    return page(reader, "sign_in.html")


@linked.get("/sign-in", openapi_extra=SAME)
def by_link(request: Request) -> Response:
    """The page in the language that the browser likes best."""
    found = page(Reader(language=catalogue_of(request).language, path="/sign-in", service=request.app.state.service), "sign_in.html")
    found.headers.update({"Cache-Control": "no-store", "Vary": "Accept-Language"})
    return found
