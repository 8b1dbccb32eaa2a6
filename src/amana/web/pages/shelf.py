"""Public pages that were written, kept for a short time: however many ask, each is written once.

A page whose address names its language is the same for everybody who asks for that address; it is given out before any route is looked for.
"""

import hashlib
import time
from asyncio import Lock
from collections import OrderedDict
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast, final

from fastapi import Response
from starlette.datastructures import Headers

from amana.web.pages.render import packed

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

KEPT_MAX = 400
"""Public pages that are kept written."""
FRESH_S = 2.0
"""So old a kept page may be: a budget, a queue or a checkpoint is shown at most this late."""
STALE_S = 20.0
"""So old it may be while somebody is writing it anew."""
KEEP = "public, max-age=0, must-revalidate"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A page that was written: when, what names it, and its body, plain and in gzip."""

    at: float
    tag: str
    response: Response
    packed: bytes | None


@final
class Shelf:
    """The public pages of one process, by their addresses."""

    def __init__(self, *, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed, self._kept, self._writing = elapsed, OrderedDict[str, Kept](), dict[str, Lock]()

    def look(self, name: str) -> Kept | None:
        """The page of that name, where it is fresh, or somebody is writing it anew."""
        found = self._kept.get(name)
        if found is None:
            return None
        lock, age = self._writing.get(name), self._elapsed() - found.at
        if age >= FRESH_S and (age >= STALE_S or lock is None or not lock.locked()):
            return None
        self._kept.move_to_end(name)
        return found

    async def get(self, name: str, write: Callable[[], Coroutine[Any, Any, Response]]) -> Kept:
        """The page of that name; written anew where it is not fresh, by one request at a time."""
        found = self.look(name)
        if found is not None:
            return found
        async with self._writing.setdefault(name, Lock()):
            again = self._kept.get(name)
            if again is not None and self._elapsed() - again.at < FRESH_S:
                return again
            response = await write()
            made = Kept(at=self._elapsed(), tag=f'"{_digest(response)}"', response=response, packed=packed(response))
            if response.status_code == 200:
                self._kept[name] = made
                self._kept.move_to_end(name)
            else:
                self._writing.pop(name, None)
            if len(self._kept) > KEPT_MAX:
                over, _ = self._kept.popitem(last=False)
                self._writing.pop(over, None)
        return made


@final
class Front:
    """ASGI around the application: what is on the shelf needs no route."""

    def __init__(self, app: "ASGIApp", *, shelf: Shelf) -> None:
        self._app, self._shelf = app, shelf

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Source: the ASGI specification, HTTP."""
        found = self._shelf.look(address_of(scope)) if scope["type"] == "http" and scope["method"] == "GET" else None
        if found is None:
            await self._app(scope, receive, send)
        else:
            await kept_response(found, Headers(scope=scope), vary="Accept-Encoding")(scope, receive, send)


def address_of(scope: "Scope") -> str:
    """What names a page: path and query."""
    return f"{scope['path']}?{cast('bytes', scope['query_string']).decode('latin-1')}"


def kept_response(found: Kept, asked: Headers, *, vary: str) -> Response:
    """A kept page, packed for whoever can read that, or only the news that it has not changed."""
    status = found.response.status_code
    kept = {"Cache-Control": KEEP if status == 200 else "no-store", "ETag": found.tag, "Vary": vary}
    headers = {name: value for name, value in found.response.headers.items() if name != "content-length"} | kept
    if found.tag in asked.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)  # a browser puts these in the place of those that it kept
    if found.packed is not None and "gzip" in asked.get("accept-encoding", ""):
        return Response(found.packed, status_code=status, headers={**headers, "Content-Encoding": "gzip"})
    return Response(found.response.body, status_code=status, headers=headers)


def _digest(response: Response) -> str:
    return hashlib.sha256(bytes(response.body)).hexdigest()[:32]
