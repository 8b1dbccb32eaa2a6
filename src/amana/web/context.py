"""What every route gets: the node, and who asks."""

from typing import TYPE_CHECKING, Annotated, cast

from fastapi import Depends, Request

from amana.node.service import Service
from amana.policy.people import Asker

if TYPE_CHECKING:
    from starlette.datastructures import State

COOKIE = "amana_session"


def service_of(request: Request) -> Service:
    """The node that this application serves."""
    state: State = request.app.state
    return cast("Service", state.service)


def caller_of(request: Request) -> Asker | None:
    """Who asks: by a token in the Authorization header, else by the session of the cookie; None for a stranger.

    Errors: Refusal sign_in.needed for a token or session that is not, or no longer, good.
    """
    service = service_of(request)
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    if secret:
        return service.sign_in.by_token(secret if scheme.lower() == "bearer" else "", now=service.now())
    session = request.cookies.get(COOKIE)
    return None if session is None else service.sign_in.by_session(session, now=service.now())


Here = Annotated[Service, Depends(service_of)]
Caller = Annotated[Asker | None, Depends(caller_of)]
