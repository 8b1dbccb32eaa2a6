"""Requests to a node: kept-alive connections, tries again where that is safe, limits on what is read."""

import http.client
import json
import socket
import ssl
import time
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import final
from urllib.parse import urlencode

from amana.client.address import Address
from amana.client.problem import read_problem
from amana.client.wire import misread
from amana.terms.refusal import Refusal, cause_of

BASE = "/api/v1"
TRIES_MAX = 5
WAIT_FIRST_S = 0.25
"""Before the second try; then twice as long each time."""
WAIT_MAX_S = 60.0
"""A node that asks for a longer pause is told to the user instead."""
ANSWER_BYTES_MAX = 256 * 2**20
LINE_BYTES_MAX = 2**16
BUSY = frozenset({429, 502, 503})


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    """Names in small letters."""
    body: bytes

    def json(self) -> object:
        """The body as JSON. Errors: Refusal client.not_understood."""
        try:
            found: object = json.loads(self.body)
        except ValueError:
            raise misread("JSON") from None
        return found


@final
class Channel:
    """One user's way to one node. Not for several threads at once."""

    def __init__(
        self, address: Address, *, token: str | None, language: str, timeout_s: float, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """Errors: Refusal client.token_unprotected."""
        if token is not None and not address.keeps_secrets:
            raise Refusal("client.token_unprotected", node=str(address))
        self.address = address
        self.sleep = sleep
        self._timeout_s = timeout_s
        self._headers = {"Accept-Language": language, "Accept-Encoding": "identity", "User-Agent": "amana-python"}
        if token is not None:
            self._headers["Authorization"] = f"Bearer {token}"
        self._kept: http.client.HTTPConnection | None = None

    def get(self, path: str, *, query: Mapping[str, str] | None = None, accept: str = "application/json") -> Reply:
        """What stands there. Errors: as `_send`."""
        whole = f"{path}?{urlencode(query)}" if query else path
        return self._send("GET", whole, body=None, headers={"Accept": accept}, repeatable=True)

    def post(self, path: str, body: object, *, key: str | None = None, repeatable: bool = False) -> Reply:
        """Send JSON. `key`: made once for a question that spends, so that a try again can never pay twice.

        Errors: as `_send`.
        """
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if key is not None:
            headers["Idempotency-Key"] = key
        sent = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
        return self._send("POST", path, body=sent, headers=headers, repeatable=repeatable or key is not None)

    def put(self, path: str, body: object) -> Reply:
        """Write what stands there anew. Errors: as `_send`."""
        sent = json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        return self._send("PUT", path, body=sent, headers=headers, repeatable=True)

    def delete(self, path: str) -> Reply:
        """Take back what stands there. Errors: as `_send`."""
        return self._send("DELETE", path, body=None, headers={"Accept": "application/json"}, repeatable=True)

    def close(self) -> None:
        """Give the connection back."""
        if self._kept is not None:
            self._kept.close()
            self._kept = None

    @contextmanager
    def lines(self, path: str) -> Generator[Generator[str, None, None], None, None]:
        """A stream of server-sent lines, on a connection of its own. Errors: OSError, http.client.HTTPException, Refusal."""
        connection = self._made()
        try:
            connection.request("GET", self._path(path), headers={**self._headers, "Accept": "text/event-stream"})
            response = connection.getresponse()
            if response.status != 200 or "text/event-stream" not in response.headers.get("Content-Type", ""):
                raise misread(f"HTTP {response.status}")
            yield _lines(response)
        finally:
            connection.close()

    def _send(self, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str], repeatable: bool) -> Reply:
        """One request, tried again while that is safe and promises something.

        Errors: the Refusal or Fault that the node answers with; Refusal client.unreachable, client.answer_too_large,
        client.not_understood.
        """
        wait_s = WAIT_FIRST_S
        for left in range(TRIES_MAX - 1, -1, -1):
            connected = False
            try:
                connection = self._connected(fresh=not repeatable)
                connected = True
                reply = self._once(connection, method, path, body=body, headers=headers)
            except ssl.SSLCertVerificationError as error:
                self.close()
                raise Refusal("client.unreachable", node=str(self.address), reason=network_cause(error)) from None
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if not left or (connected and not repeatable):  # it may have been done: only the user can know
                    raise Refusal("client.unreachable", node=str(self.address), reason=network_cause(error)) from None
                self.sleep(wait_s)
            else:
                if reply.status < 300:
                    return reply
                pause_s = _pause_s(reply, wait_s)
                if not left or pause_s is None or pause_s > WAIT_MAX_S:
                    raise read_problem(reply.status, reply.body)
                self.sleep(pause_s)
            wait_s *= 2
        raise AssertionError("the last try returns or raises")

    def _once(
        self, connection: http.client.HTTPConnection, method: str, path: str, *, body: bytes | None, headers: Mapping[str, str]
    ) -> Reply:
        connection.request(method, self._path(path), body=body, headers={**self._headers, **headers})
        response = connection.getresponse()
        read = response.read(ANSWER_BYTES_MAX + 1)
        if len(read) > ANSWER_BYTES_MAX:
            self.close()
            raise Refusal("client.answer_too_large", bytes_max=ANSWER_BYTES_MAX)
        declared = response.headers.get("Content-Length", "")
        if declared.isdigit() and len(read) < int(declared):
            raise ConnectionError("the answer was cut short")
        if not response.isclosed() or response.will_close:
            self.close()
        return Reply(status=response.status, headers={name.lower(): value for name, value in response.getheaders()}, body=read)

    def _connected(self, *, fresh: bool) -> http.client.HTTPConnection:
        """The kept connection; a fresh one for what must not be sent twice, since a kept one may have died unseen."""
        if fresh:
            self.close()
        if self._kept is None:
            connection = self._made()
            connection.connect()
            self._kept = connection
        return self._kept

    def _made(self) -> http.client.HTTPConnection:
        address = self.address
        if address.secure:
            context = ssl.create_default_context()
            return http.client.HTTPSConnection(address.host, address.port, timeout=self._timeout_s, context=context)
        return http.client.HTTPConnection(address.host, address.port, timeout=self._timeout_s)

    def _path(self, path: str) -> str:
        return f"{self.address.path}{BASE}{path}"


def _pause_s(reply: Reply, wait_s: float) -> float | None:
    """How long to wait before a try again; None when it would change nothing."""
    asked = reply.headers.get("retry-after")
    if reply.status not in BUSY and not (reply.status == 409 and asked is not None):
        return None
    if asked is None:
        return wait_s
    if asked.strip().isdigit():
        return float(asked)
    try:
        return max(0.0, parsedate_to_datetime(asked).timestamp() - time.time())
    except ValueError:
        return wait_s


def network_cause(error: Exception) -> str:
    """The code of the word for why a connection failed."""
    match error:
        case ssl.SSLCertVerificationError():
            return _distrust(error)
        case ConnectionRefusedError():
            return "word.network.nobody"
        case TimeoutError():
            return "word.network.too_slow"
        case socket.gaierror():
            return "word.network.unknown_name"
        case ConnectionError() | http.client.HTTPException() | ssl.SSLError():
            return "word.network.broken"
        case OSError():
            return cause_of(error)
        case _:
            return type(error).__name__


def _distrust(error: ssl.SSLCertVerificationError) -> str:
    """Why the node's certificate is not trusted. Source: OpenSSL, x509_vfy.h."""
    known = {10: "expired", **dict.fromkeys((18, 19, 20, 21), "unknown_issuer"), **dict.fromkeys((62, 64), "other_name")}
    return f"word.certificate.{known.get(error.verify_code, 'not_trusted')}"


def _lines(response: http.client.HTTPResponse) -> Generator[str, None, None]:
    while line := response.readline(LINE_BYTES_MAX):
        yield line.decode("utf-8", "replace").rstrip("\r\n")
