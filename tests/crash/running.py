"""A real `amana serve` over a folder, which a test may kill, and questioners who ask until each has an outcome."""

import http.client
import json
import os
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import amana
from amana.terms.refusal import Fault, Refusal

START_S = 30.0
ASK_S = 60.0
PAUSE_S = 0.1
FINAL = "application/problem+json"


def free_port() -> int:
    """A port that nobody listens on."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


class Running:
    """One server after another over the same folder and port. What they say goes to `said`, beside the folder."""

    def __init__(self, folder: Path, *, workers: int = 1, port: int | None = None) -> None:
        self.folder, self.workers, self.port = folder, workers, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.said = folder.parent / f"said-{self.port}"
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Returns when requests are answered."""
        ready = self._ready()
        command = [sys.executable, "-m", "amana", "serve", "--folder", str(self.folder), "--port", str(self.port)]
        with self.said.open("ab") as said:
            self._process = subprocess.Popen(
                [*command, "--workers", str(self.workers)], stdout=said, stderr=said, start_new_session=True, close_fds=True
            )
        until = time.monotonic() + START_S
        while self._ready() == ready:
            assert self._process.poll() is None, self.said.read_text()[-3000:]
            assert time.monotonic() < until, "it did not start"
            time.sleep(0.05)

    def _ready(self) -> int:
        """How often one told that it was ready."""
        return self.said.read_text().count(self.url) if self.said.exists() else 0

    def answers(self) -> bool:
        """Whether somebody answers there."""
        try:
            return get(self.url, "/healthz").status == 200
        except (OSError, http.client.HTTPException):
            return False

    def kill(self, *, group: bool = True) -> None:
        """kill -9: all its processes at once, or the first alone."""
        assert self._process is not None
        if group:
            os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._process.wait()

    def stop(self, *, seconds_max: float = 40.0) -> int:
        """SIGTERM; the exit status."""
        assert self._process is not None
        self._process.terminate()
        return self._process.wait(seconds_max)

    def end(self) -> None:
        """Whatever still runs."""
        if self._process is not None and self._process.poll() is None:
            self.kill()


@contextmanager
def running(folder: Path, *, workers: int = 1) -> Iterator[Running]:
    """A server that answers, killed at the end if it still runs."""
    server = Running(folder, workers=workers)
    try:
        server.start()
        yield server
    finally:
        server.end()


@dataclass(frozen=True, kw_only=True)
class Got:
    """One response."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.body)
        return found

    @property
    def name(self) -> str:
        """Of the refusal."""
        return str(self.json.get("name", "")) if self.headers.get("content-type") == FINAL else ""

    @property
    def final(self) -> bool:
        """Whether sending it again would change nothing."""
        return self.status not in {429, 502, 503} and not (self.status == 409 and "retry-after" in self.headers)


def get(url: str, path: str, *, token: str | None = None) -> Got:
    return send(url, "GET", path, token=token)


def send(
    url: str, method: str, path: str, *, token: str | None = None, body: object = None, key: str | None = None, wait_s: float = ASK_S
) -> Got:
    """One request on a connection of its own. Errors: OSError, http.client.HTTPException."""
    headers = {"Accept": "application/json", "Connection": "close"}
    headers |= {} if token is None else {"Authorization": f"Bearer {token}"}
    headers |= {} if key is None else {"Idempotency-Key": key}
    headers |= {} if body is None else {"Content-Type": "application/json"}
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=wait_s)
    try:
        connection.request(method, path, body=None if body is None else json.dumps(body), headers=headers)
        response = connection.getresponse()
        read = response.read()
        named = {name.lower(): value for name, value in response.getheaders()}
        if len(read) < int(named.get("content-length", 0)):
            raise ConnectionError("cut short")
        return Got(status=response.status, headers=named, body=read)
    finally:
        connection.close()


@dataclass(kw_only=True, eq=False)
class Questioner(threading.Thread):
    """Who asks one question under one key until there is an outcome, and notes what it was."""

    url: str
    token: str
    sql: str
    share: str
    permit: str | None = None
    seconds_max: float = ASK_S
    key: str = field(default_factory=lambda: secrets.token_hex(16))
    tries: int = 0
    job: str | None = None
    states: list[str] = field(default_factory=list)
    outcome: Got | None = None
    failure: BaseException | None = None

    def __post_init__(self) -> None:
        super().__init__(daemon=True)

    def run(self) -> None:
        try:
            self.outcome = self._asked()
        except BaseException as error:  # noqa: BLE001 - for the test to see
            self.failure = error

    @property
    def answer(self) -> dict[str, Any] | None:
        return self.outcome.json if self.outcome is not None and self.outcome.status == 200 else None

    def _asked(self) -> Got:
        body = {"sql": self.sql, "share": self.share, **({} if self.permit is None else {"permit": self.permit})}
        got = self._until_final("POST", "/api/v1/questions", body=body, key=self.key)
        if got.status != 202:
            return got
        self.job = str(got.json["job"]["id"])
        while True:
            state = self._until_final("GET", f"/api/v1/jobs/{self.job}")
            assert state.status == 200, state.body
            self.states.append(state.json["state"])
            if self.states[-1] not in {"queued", "running"}:
                return self._until_final("GET", f"/api/v1/jobs/{self.job}/answer")
            time.sleep(3 * PAUSE_S)

    def _until_final(self, method: str, path: str, *, body: object = None, key: str | None = None) -> Got:
        until = time.monotonic() + self.seconds_max
        while True:
            self.tries += 1
            try:
                got = send(self.url, method, path, token=self.token, body=body, key=key)
                if got.final:
                    return got
            except (OSError, http.client.HTTPException):
                got = None
            assert time.monotonic() < until, f"no outcome: {path} {got}"
            time.sleep(PAUSE_S)


@dataclass(kw_only=True, eq=False)
class PythonQuestioner(Questioner):
    """The same with the client that users have; who finds nobody there asks again later."""

    def _asked(self) -> Got:
        until = time.monotonic() + self.seconds_max
        with amana.connect(self.url, self.token) as connection:
            while True:
                self.tries += 1
                try:
                    result = connection.sql(self.sql, share=self.share, permit=self.permit)
                except Fault as fault:
                    return Got(status=500, headers={}, body=json.dumps({"fault": fault.id}).encode())
                except Refusal as refusal:
                    if refusal.code == "client.unreachable" and time.monotonic() < until:
                        continue
                    return Got(status=409, headers={"content-type": FINAL}, body=json.dumps({"name": refusal.code}).encode())
                rows = [[vars_of(cell) for cell in row] for row in result.table.rows]
                return Got(status=200, headers={}, body=json.dumps({"digest": result.digest, "rows": rows}).encode())


def vars_of(cell: object) -> object:
    """A cell as it travels."""
    if hasattr(cell, "low"):
        return {"value": cell.value, "low": cell.low, "high": cell.high}  # type: ignore[attr-defined]
    return cell


def ask_at_once(questioners: Sequence[Questioner]) -> None:
    """All of them begin."""
    for each in questioners:
        each.start()


def wait_for(questioners: Sequence[Questioner], *, seconds_max: float) -> None:
    """Until each has an outcome."""
    until = time.monotonic() + seconds_max
    for each in questioners:
        each.join(max(0.0, until - time.monotonic()))
    failed = [each.failure for each in questioners if each.failure is not None]
    assert not failed, failed[:3]
    assert all(each.outcome is not None for each in questioners), f"{sum(each.outcome is None for each in questioners)} wait still"
