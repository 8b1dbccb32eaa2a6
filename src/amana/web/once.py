"""A request that changes something, sent again under the same `Idempotency-Key`: done once, answered each time.

Source: draft-ietf-httpapi-idempotency-key-header; how it holds over a crash stands in `node/repeats.py`.
"""

import base64
import json
import re
import time
import zlib
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import datetime
from typing import cast

import anyio
from anyio import to_thread
from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from amana.node.repeats import Done, Interrupted, Repeats, Running, Standing
from amana.node.service import Service
from amana.policy.people import Asker
from amana.terms.ids import PersonId
from amana.terms.refusal import Fault, Refusal
from amana.web.context import caller_of
from amana.web.limits import Limits
from amana.web.problems import unforeseen

HEADER = "idempotency-key"
KEY = re.compile(r"[!-~]{1,200}")
POLL_S = 0.1
UNKNOWN = frozenset({"node.database_lost"})
"""Refusals that leave open whether anything was done: the answer to a commit may have been lost with the database."""
KEPT_HEADERS = ("location", "content-language")


async def once(request: Request, handle: Callable[[Request], Awaitable[Response]], *, spends: bool) -> Response:
    """The response of the first attempt. `spends`: the key must be there, and the route can go on after a crash.

    Errors: Refusal http.key_needed, http.key_reused, http.still_running, http.interrupted, http.done_before; and those of the route.
    """
    asker = await caller_of(request)
    key = request.headers.get(HEADER)
    if asker is None:  # what a stranger may do costs nobody anything
        return await handle(request)
    if key is None:
        if spends:
            raise Refusal("http.key_needed")
        return await handle(request)
    if KEY.fullmatch(key) is None:
        raise Refusal("http.bad_request", field="Idempotency-Key", wanted="word.idempotency_key")
    service = cast("Service", request.app.state.service)
    standing = await _standing(request, service, asker, key, spends=spends)
    if isinstance(standing, Done):
        replayed = _replayed(standing.outcome)
        if spends:  # permit, scopes and log, as for whoever recalls an answer (PRIVACY 13); the ledger has it, so nothing is charged
            if standing.republished:
                raise Refusal("http.done_before")
            request.state.since = standing.since
            await handle(request)
        return replayed
    return await _first(request, handle, service.repeats, asker.person.id, key, standing, resumes=spends)


async def _standing(request: Request, service: Service, asker: Asker, key: str, *, spends: bool) -> Standing:
    """How the request stands; one that is at work elsewhere is waited for as long as the settings allow."""
    accept = request.headers.get("accept", "")
    token = "" if spends or asker.token is None else asker.token.id  # else a token would get what another one may
    parts = (request.method, str(request.url.path), accept, token)
    asked = b"\0".join([*(part.encode() for part in parts), await request.body()])
    until = time.monotonic() + cast("Limits", request.app.state.limits).wait_s

    def begun() -> Standing:
        serving = " ".join(sorted(version.id for version in service.versions()))
        return service.repeats.begin(asker.person.id, key=key, request=asked, serving=serving)

    while True:
        standing = await to_thread.run_sync(begun)
        if not isinstance(standing, Running):
            return standing
        if time.monotonic() >= until:
            raise Refusal("http.still_running", seconds=2)
        await anyio.sleep(POLL_S)


async def _first(
    request: Request,
    handle: Callable[[Request], Awaitable[Response]],
    repeats: Repeats,
    person: PersonId,
    key: str,
    standing: Standing,
    *,
    resumes: bool,
) -> Response:
    async def written(act: Callable[[], None]) -> None:
        with suppress(Refusal, Fault):  # the database is lost: the key stays begun, and its next repetition finds out what was done
            await to_thread.run_sync(act)

    async def completed(outcome: str) -> None:
        await written(lambda: repeats.complete(person, key=key, outcome=outcome))

    async def refused(error: Exception | None = None) -> None:
        if isinstance(error, Refusal) and error.code in UNKNOWN:
            await written(lambda: repeats.put_down(person, key=key))
        else:
            await written(lambda: repeats.refuse(person, key=key, after=standing))

    async def done() -> Response:
        if isinstance(standing, Interrupted):
            if not resumes:
                raise Refusal("http.interrupted")
            if standing.republished:  # the first attempt may have paid for a version that serves no more
                raise unforeseen(InterruptedError())
            request.state.since = standing.since
        return await handle(request)

    with anyio.CancelScope(shield=True):  # whoever hangs up must not leave the key begun
        try:
            response = await done()
        except (Refusal, RequestValidationError, HTTPException) as error:
            await refused(error)
            raise
        except Exception as error:  # noqa: BLE001 - made opaque, as everywhere
            fault = error if isinstance(error, Fault) else unforeseen(error)
            await completed(json.dumps({"fault": fault.id}))
            raise fault from None
        if response.status_code < 400:
            await completed(_kept(response))
        else:
            await refused()
        return response
    raise AssertionError("a shield swallows nothing")


def _kept(response: Response) -> str:
    """What is written down. A response that nobody may store is one that holds a secret."""
    secret = "no-store" in response.headers.get("cache-control", "")
    return json.dumps(
        {
            "status": response.status_code,
            "media": response.headers.get("content-type", ""),
            "headers": {name: response.headers[name] for name in KEPT_HEADERS if name in response.headers},
            "body": None if secret else base64.b64encode(zlib.compress(bytes(response.body), 1)).decode(),
        }
    )


def _replayed(outcome: str) -> Response:
    found: dict[str, object] = json.loads(outcome)
    if "fault" in found:
        raise Fault(id=str(found["fault"]))
    if found["body"] is None:
        raise Refusal("http.done_before")
    headers = {**cast("dict[str, str]", found["headers"]), "Idempotency-Replayed": "true"}
    body = zlib.decompress(base64.b64decode(str(found["body"])))
    return Response(body, status_code=cast("int", found["status"]), headers={**headers, "Content-Type": str(found["media"])})


def since_of(request: Request) -> datetime | None:
    """When the first attempt of this request began, if it was cut off; else None."""
    return cast("datetime | None", getattr(request.state, "since", None))
