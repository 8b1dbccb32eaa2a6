"""What every route of the API does around its own work.

All: a parameter of the query that nobody declared is refused, as such a field of a body is; it would look as if it had been heard.
Reading: an ETag, `If-None-Match` answered with 304, and a word about who may keep it; a route that gives out a secret says
`Cache-Control: no-store` itself. Changing by POST: an `Idempotency-Key` makes it happen once (`web/once.py`).
"""

import hashlib
from collections.abc import Callable, Coroutine
from typing import Any, TypeAlias

from fastapi import Request, Response
from fastapi.dependencies.utils import get_flat_params
from fastapi.exceptions import RequestValidationError
from fastapi.params import Query
from fastapi.responses import StreamingResponse
from fastapi.routing import APIRoute

from amana.web.access import SPENDS
from amana.web.once import once

Handler: TypeAlias = Callable[[Request], Coroutine[Any, Any, Response]]


class Heeding(APIRoute):
    """A route that drops nothing of what it is asked."""

    def get_route_handler(self) -> Handler:
        """Errors: RequestValidationError for a parameter that is not declared."""
        handle = super().get_route_handler()
        declared = {each.alias for each in get_flat_params(self.dependant) if isinstance(each.field_info, Query)}

        async def heeding(request: Request) -> Response:
            unknown = [name for name in request.query_params if name not in declared]
            if unknown:
                raise RequestValidationError([{"type": "extra_forbidden", "loc": ("query", unknown[0])}])
            return await handle(request)

        return heeding if self.include_in_schema else handle  # a page of ours may be opened with whatever a link of others adds


class Route(Heeding):
    """One route of the API that keeps what it gave, for a reader who has it and for a request that is sent again."""

    def get_route_handler(self) -> Handler:
        """The handler, with what every route of its kind does around it."""
        handle = super().get_route_handler()
        spends = bool((self.openapi_extra or {}).get(SPENDS))

        async def reading(request: Request) -> Response:
            return tagged(request, await handle(request))

        async def changing(request: Request) -> Response:
            return await once(request, handle, spends=spends)

        methods: set[str] = self.methods or set()
        return reading if "GET" in methods else changing if "POST" in methods else handle


def tagged(request: Request, response: Response) -> Response:
    """The response with its ETag, or 304 when the reader has it already."""
    public = not {"authorization", "cookie"} & set(request.headers)
    response.headers.setdefault("Cache-Control", "public, no-cache" if public else "private, no-cache")
    response.headers.setdefault("Vary", "Accept, Accept-Language, Authorization, Cookie")
    if response.status_code != 200 or "no-store" in response.headers["Cache-Control"]:
        return response
    if not isinstance(response, StreamingResponse):  # a stream that is the same again brings its own
        response.headers["ETag"] = f'"{hashlib.sha256(response.body).hexdigest()[:32]}"'
    tag = response.headers.get("ETag")
    if tag is None:
        return response
    known = {each.strip().removeprefix("W/") for each in request.headers.get("if-none-match", "").split(",")}
    if not known & {tag, "*"}:
        return response
    kept = {name: value for name, value in response.headers.items() if name in {"etag", "cache-control", "vary"}}
    return Response(status_code=304, headers=kept)
