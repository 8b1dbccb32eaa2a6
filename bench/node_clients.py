"""Clients of the node: so many at once, each with a connection that stays open, each asking its next question when it has an answer.

Plain HTTP/1.1 over asyncio streams: a client costs the machine little, which it shares with the server.
"""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

from node_world import Question

PATHS = {"ask": "/api/v1/questions", "recall": "/api/v1/questions", "preview": "/api/v1/questions/preview"}
ANSWER_S_MAX = 120.0
RAMP_S = {"ask": 1.0, "recall": 0.0, "preview": 0.0}
"""The clients begin one after another in that time: all wait for the same release, and would ask in step for ever."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `id`: by which the server's times are found."""

    id: str
    mode: str
    question: Question


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What came of it. Units: seconds, as the client sees them."""

    call: Call
    status: int
    latency_s: float
    body: bytes

    @property
    def as_meant(self) -> bool:
        """Whether it was answered: what was asked anew was charged, and what was recalled was free."""
        if self.status != 200:
            return False
        return self.call.mode == "preview" or json.loads(self.body)["cost"]["recalled"] == (self.call.mode == "recall")


class Line:
    """One connection of one client."""

    def __init__(self, port: int, token: str) -> None:
        self._port, self._token = port, token

    async def __aenter__(self) -> Self:
        self._reader, self._writer = await asyncio.open_connection("127.0.0.1", self._port)
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._writer.close()
        await self._writer.wait_closed()

    async def call(self, call: Call) -> Heard:
        body = json.dumps({"sql": call.question.sql, "within": call.question.within}).encode()
        key = "" if call.mode == "preview" else f"Idempotency-Key: {call.id}\r\n"  # as the Python client: on what spends
        head = (
            f"POST {PATHS[call.mode]} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\n{key}X-Bench: {call.id}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        begun = time.perf_counter()
        self._writer.write(head.encode() + body)
        async with asyncio.timeout(ANSWER_S_MAX):
            answered = await self._reader.readuntil(b"\r\n\r\n")
            lines = answered.decode("latin-1").split("\r\n")
            fields = dict(line.lower().split(": ", 1) for line in lines[1:] if line)
            content = await self._reader.readexactly(int(fields["content-length"]))
        latency_s = time.perf_counter() - begun
        return Heard(call=call, status=int(lines[0].split(" ")[1]), latency_s=latency_s, body=content)


def call_all(
    port: int, tokens: Sequence[str], calls: Sequence[Call], *, after: Callable[[Call], None] = lambda call: None
) -> tuple[list[Heard], float]:
    """Every call, by as many clients as there are tokens; and the seconds from the first to the last. `after`: done after each
    call, for one client alone, since the others would wait for it."""
    return asyncio.run(_all(port, tokens, calls, after))


async def _all(port: int, tokens: Sequence[str], calls: Sequence[Call], after: Callable[[Call], None]) -> tuple[list[Heard], float]:
    waiting, heard, ramp_s = iter(calls), list[Heard](), RAMP_S[calls[0].mode]

    async def client(line: Line, begins_s: float) -> None:
        await asyncio.sleep(begins_s)
        for call in waiting:  # one queue: whoever is free takes the next
            heard.append(await line.call(call))
            after(call)

    lines = [await Line(port, token).__aenter__() for token in tokens]
    begun = time.perf_counter()
    try:
        await asyncio.gather(*(client(line, ramp_s * number / len(lines)) for number, line in enumerate(lines)))
    finally:
        seconds = time.perf_counter() - begun
        for line in lines:
            await line.__aexit__()
    return heard, seconds
