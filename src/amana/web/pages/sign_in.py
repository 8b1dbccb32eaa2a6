"""The page where somebody signs in: its work is done in the browser (`static/sign-in.js`), for a passkey is kept by the device."""

from fastapi import Response

from amana.web.access import open_because
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages

SAME = open_because("it is the same page for everybody and holds nothing of anybody")
router = public_pages()
linked = public_pages("")
"""The address of one-time links, which know no language: what stands behind their `#` is never sent here."""


@router.get("/sign-in", openapi_extra=SAME)
@linked.get("/sign-in", openapi_extra=SAME)
def sign_in(reader: Read) -> Response:
    """The page."""
    return page(reader, "sign_in.html")
