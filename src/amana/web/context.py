"""What every route gets: the node, and who asks."""

from typing import TYPE_CHECKING, Annotated, cast
from urllib.parse import urlsplit

from anyio import to_thread
from fastapi import Depends, Request

from amana.node.service import Service
from amana.policy.people import Asker
from amana.terms.refusal import Refusal
from amana.web.limits import Limits

if TYPE_CHECKING:
    from starlette.datastructures import State

COOKIE = "amana_session"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


async def service_of(request: Request) -> Service:
    """The node that this application serves."""
    state: State = request.app.state
    return cast("Service", state.service)


async def caller_of(request: Request) -> Asker | None:
    """Who asks: by a token in the Authorization header, else by the session of the cookie; None for a stranger.

    Read once for a request, in a thread, for it asks the database; from then on it is told without one.
    Errors: Refusal sign_in.needed for a token or session that is not, or no longer, good; http.cross_site for a change that a page of
    another site asks a signed-in browser for.
    """
    if not hasattr(request.state, "asker"):
        request.state.asker = await to_thread.run_sync(_found, request)
    return cast("Asker | None", request.state.asker)


def caller_now(request: Request) -> Asker | None:
    """Who asked in a request that goes on, as she is now. Errors: as of `caller_of`."""
    return _signed_in(request, cast("Service", request.app.state.service))


def _found(request: Request) -> Asker | None:
    asker = caller_now(request)
    if asker is not None:
        cast("Limits", request.app.state.limits).people.take(asker.person.id)
    return asker


def _signed_in(request: Request, service: Service) -> Asker | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if secret:
        return service.sign_in.by_token(secret.strip() if scheme.lower() == "bearer" else "", now=service.now())
    session = request.cookies.get(COOKIE)
    if session is None:
        return None
    from_own_page(request)
    return service.sign_in.by_session(session, now=service.now())


def from_own_page(request: Request) -> None:
    """A change that a browser asks for comes from a page of this node. Errors: Refusal http.cross_site."""
    if request.method not in SAFE and not _same_site(request):
        raise Refusal("http.cross_site")


async def session_of(request: Request) -> str:
    """The secret of the browser's session, "" where it has none. Errors: Refusal http.cross_site."""
    from_own_page(request)
    return request.cookies.get(COOKIE, "")


def _same_site(request: Request) -> bool:
    """Whether a browser says that a page of this very node sent it. What is no browser says nothing."""
    fetched = request.headers.get("sec-fetch-site")
    if fetched is not None:
        return fetched in {"same-origin", "none"}
    origin = request.headers.get("origin")
    if origin is None:
        return True
    service = cast("Service", request.app.state.service)
    return urlsplit(origin)[:2] == urlsplit(service.settings.public_url)[:2]  # not the Host header, which whoever sends it chooses


Here = Annotated[Service, Depends(service_of)]
Caller = Annotated[Asker | None, Depends(caller_of)]
SessionSecret = Annotated[str, Depends(session_of)]
