"""Connections that do not wait for ever: whoever opens one, or asks again on it, sends the head of the request in time."""

import asyncio
from typing import Any

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol


def patient_for(seconds: float) -> type[H11Protocol]:
    """The protocol of a server that waits so long for the head of each request, however slowly its bytes come; then it hangs up.

    The body that follows has a limit of its own (`guard.py`), and so has a connection at rest between two requests (uvicorn). What is
    left of a body once its request is answered has as long as a head.
    """

    class Patient(H11Protocol):
        _until: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._wait()

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            if not self._waits():
                self._stop()

        def on_response_complete(self) -> None:
            super().on_response_complete()
            if self._waits() and not self.transport.is_closing():
                self._wait()

        def connection_lost(self, exc: Exception | None) -> None:
            self._stop()
            super().connection_lost(exc)

        def _waits(self) -> bool:
            """Whether the head of no request has come, or the rest of one that is answered."""
            rest = self.conn.their_state is h11.SEND_BODY and self.conn.our_state is h11.DONE
            return rest or self.conn.their_state is h11.IDLE

        def _wait(self) -> None:
            self._stop()
            self._until = self.loop.call_later(seconds, self._hang_up)

        def _stop(self) -> None:
            if self._until is not None:
                self._until.cancel()
                self._until = None

        def _hang_up(self) -> None:
            self._until = None
            if not self.transport.is_closing():
                self.transport.close()

    return Patient
