"""Reading again without a network: what a browser keeps of public pages (`static/offline.js`), and the page where nothing is kept."""

from fastapi import APIRouter, Request, Response

from amana.web.access import open_because
from amana.web.pages.assets import assets, sent
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages

SAME = open_because("it is the same for everybody and holds nothing of anybody")
POLICY = "default-src 'none'; connect-src 'self'"
"""Of the worker itself: it fetches from here and does nothing else."""
router = public_pages()
worker = APIRouter(include_in_schema=False)
"""A browser lets a worker see the addresses below its own, so it stands at the root."""


@worker.get("/offline.js", openapi_extra=SAME)
async def script(request: Request) -> Response:
    """The worker: asked for anew each time, so that a new one replaces the old at the next visit."""
    return sent(request, assets()["offline.js"], {"Cache-Control": "no-cache", "Content-Security-Policy": POLICY})


@router.get("/offline", openapi_extra=SAME)
def offline(reader: Read) -> Response:
    """What is shown where nothing was kept."""
    return page(reader, "offline.html")
