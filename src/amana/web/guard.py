"""The outermost layer: limits on who sends how much, headers that every response bears, HEAD, and an end for every exception."""

from collections.abc import MutableMapping
from typing import TYPE_CHECKING, Any, cast, final

import anyio
from fastapi import Request
from starlette.datastructures import Headers, MutableHeaders

from amana.terms.refusal import Fault, Refusal
from amana.web.health import HEALTH
from amana.web.language import catalogue_of
from amana.web.limits import Limits
from amana.web.problems import respond, unforeseen

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

SECURITY = {
    "Cache-Control": "no-store",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}
"""Pages that need more say so themselves: what a response sets stays."""
ONLY_ENCRYPTED = {"Strict-Transport-Security": "max-age=31536000"}
"""Of a node that is reached by https: a browser that was here once asks by nothing else for a year. Source: RFC 6797."""
BODILESS = frozenset({"GET", "HEAD", "OPTIONS", "DELETE"})


@final
class Guard:
    """ASGI around the application."""

    def __init__(self, app: "ASGIApp", *, limits: Limits, encrypted: bool) -> None:
        self._app, self._limits = app, limits
        self._headers = {**SECURITY, **(ONLY_ENCRYPTED if encrypted else {})}

    async def __call__(self, scope: "Scope", receive: "Receive", send: "Send") -> None:
        """Source: the ASGI specification, HTTP; RFC 9110, 9.3.2 HEAD."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started, over, bare = False, False, scope["method"] == "HEAD"
        if bare:  # what GET would say, without its body
            scope = {**scope, "method": "GET"}

        async def guarded(message: "Message") -> None:
            nonlocal started, over
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            elif bare:
                if over:
                    return
                over, message = True, {"type": "http.response.body", "body": b"", "more_body": False}
            await send(message)

        try:
            if scope["path"] != HEALTH:  # whoever watches over many nodes asks often, and must not take one that is well for a lost one
                self._limits.addresses.take(source_of(scope))
            heard = await self._heard(scope, receive)
            await self._app(scope, heard, guarded)
        except Exception as error:  # noqa: BLE001 - the last place where an exception can be made opaque
            failure = error if isinstance(error, Refusal | Fault) else unforeseen(error)
            if not started:
                await respond(failure, catalogue=catalogue_of(Request(scope)))(scope, receive, guarded)

    async def _heard(self, scope: "Scope", receive: "Receive") -> "Receive":
        """The request with its body read, so that a large or slow one is refused before anything begins.

        Errors: Refusal http.body_too_large, http.bad_request.
        """
        most = self._limits.body_bytes_max
        headers = Headers(scope=scope)
        declared = headers.get("content-length", "")
        if declared.isascii() and declared.isdigit() and int(declared) > most:
            raise Refusal("http.body_too_large", bytes_max=most)
        if scope["method"] in BODILESS and not declared and "transfer-encoding" not in headers:
            return receive
        body, more = bytearray(), True
        with anyio.move_on_after(self._limits.wait_s) as waited:
            while more:
                message = await receive()
                body += cast("bytes", message.get("body", b""))
                more = message["type"] == "http.request" and bool(message.get("more_body", False))
                if len(body) > most:
                    raise Refusal("http.body_too_large", bytes_max=most)
        if waited.cancelled_caught:
            raise Refusal("http.bad_request", field="body", wanted="word.sent_within", wait=f"{self._limits.wait_s:g}")
        whole: list[MutableMapping[str, Any]] = [{"type": "http.request", "body": bytes(body), "more_body": False}]

        async def again() -> "Message":
            return whole.pop() if whole else await receive()

        return again


def source_of(scope: "Scope") -> str:
    """The network address that a request comes from."""
    client = cast("tuple[str, int] | None", scope.get("client"))
    return "" if client is None else client[0]
