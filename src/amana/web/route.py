"""A route that tells a reader whether anything changed: every GET has an ETag, and `If-None-Match` is answered with 304."""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class Route(APIRoute):
    """Reading: an ETag, and a word about who may keep it. A route that gives out a secret says `Cache-Control: no-store` itself."""

    def get_route_handler(self) -> Handler:
        """The handler, with what every route of its kind does around it."""
        handle = super().get_route_handler()

        async def reading(request: Request) -> Response:
            return tagged(request, await handle(request))

        return reading if "GET" in self.methods else handle


def tagged(request: Request, response: Response) -> Response:
    """The response with its ETag, or 304 when the reader has it already."""
    public = getattr(request.state, "asker", None) is None
    response.headers.setdefault("Cache-Control", "public, max-age=30" if public else "private, no-cache")
    response.headers.setdefault("Vary", "Accept, Accept-Language, Authorization, Cookie")
    if response.status_code != 200 or isinstance(response, StreamingResponse):
        return response
    tag = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    response.headers["ETag"] = tag
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if not known & {tag, "*"}:
        return response
    kept = {name: value for name, value in response.headers.items() if name in {"etag", "cache-control", "vary"}}
    return Response(status_code=304, headers=kept)
