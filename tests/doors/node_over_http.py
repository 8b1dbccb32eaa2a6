"""A node over HTTP that answers from memory, in the form of the HTTP contract: the client is tested against it."""

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from amana.client.cost import Cost
from amana.client.text import load
from amana.client.wire import write_head, write_rows
from amana.terms.codes import CODES
from amana.terms.refusal import Refusal
from tests.doors.stand_in import TABLE, Budget, Card

TOKEN = "amana_stand-in"
LINK = "one-time-link"
COST = Cost(loss_nrho=1_000, cap_nrho=1_000_000, spent_nrho=250_000, delta_units=0, recalled=False)
RECEIPT = {"purpose": "research", "permit": "p-7", "mechanism": "discrete gaussian"}


@dataclass
class Sent:
    method: str
    path: str
    headers: dict[str, str]
    body: Any
    port: int
    """Of the client's end: the same for all requests of one kept-alive connection."""


@dataclass
class Memory:
    """What the stand-in was sent, and how it is to behave. `before`: replies to give first, each (status, headers, body)."""

    sent: list[Sent] = field(default_factory=list)
    before: list[tuple[int, dict[str, str], bytes] | str] = field(default_factory=list)
    paid: dict[str, int] = field(default_factory=dict)
    """Charges by idempotency key."""
    jobs: bool = False
    events: bool = True
    me: dict[str, Any] = field(default_factory=lambda: {"name": "Researcher"})
    states: list[dict[str, Any]] = field(default_factory=list)
    answer: dict[str, Any] | None = None

    def asked(self, path: str) -> list[Sent]:
        return [one for one in self.sent if one.path == path]


def answer(*, dry_run: bool = False) -> dict[str, Any]:
    invented = (("note.dry_run", (("units", 1000), ("times", 12))),) if dry_run else ()
    head = write_head(
        TABLE, cost=COST, notes=(*invented, ("note.clamped", ())), version="v-1", digest="d-1", receipt=RECEIPT, invented=dry_run
    )
    return {**head, "rows": write_rows(TABLE)}


def problem(refusal: Refusal) -> tuple[int, dict[str, str], bytes]:
    where = refusal.where and {"line": refusal.where.line, "column": refusal.where.column, "length": refusal.where.length}
    code = f"AMA-{CODES[refusal.code].number}"
    body = {"type": f"/problems/{code}", "title": load("en").say(refusal.code, **refusal.parameters), "status": 422, "code": code}
    body |= {"name": refusal.code, "parameters": dict(refusal.parameters), "where": where}
    return 422, {"Content-Type": "application/problem+json"}, json.dumps(body).encode()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    memory: Memory

    def log_message(self, *arguments: object) -> None:
        pass

    def do_GET(self) -> None:
        self._handle()

    def do_POST(self) -> None:
        self._handle()

    def do_DELETE(self) -> None:
        self._handle()

    def _handle(self) -> None:
        memory = self.memory
        text = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = json.loads(text) if text else None
        path = self.path.removeprefix("/api/v1")
        memory.sent.append(Sent(self.command, path, dict(self.headers.items()), body, self.client_address[1]))
        key = self.headers.get("Idempotency-Key")
        if key is not None:
            memory.paid.setdefault(key, 1)  # charged when it arrives, whatever becomes of the reply
        if memory.before:
            first = memory.before.pop(0)
            if isinstance(first, str):  # the line breaks
                self.close_connection = True
                self.connection.close()
                return
            self._reply(*first)
            return
        if path == "/jobs/j-1/events" and memory.events:
            self._stream()
            return
        if path.startswith("/datasets/clinic/sample?"):
            self._reply(200, {"Content-Type": "text/csv"}, b"person,cost\nk1,7\n")
            return
        status, found = self._found(path, body)
        self._reply(status, {"Content-Type": "application/json"}, json.dumps(found).encode())

    def _found(self, path: str, body: Any) -> tuple[int, Any]:
        memory = self.memory
        match (self.command, path):
            case ("POST", "/questions") if memory.jobs:
                return 202, {"job": memory.states[0]}
            case ("POST", "/questions") | ("GET", "/jobs/j-1/answer"):
                return 200, memory.answer or answer()
            case ("POST", "/questions/dry-run"):
                return 200, answer(dry_run=True)
            case ("POST", "/questions/preview"):
                figures = [{"name": "visits", "half_width": 67.0, "relative": 0.0054}]
                return 200, {"figures": figures, "cost": memory.answer or answer()["cost"], "share": 0.001, "notes": []}
            case ("POST", "/questions/simulate"):
                return 200, {"columns": ["visits"], "draws": [[[12_345.4 + draw], [None]] for draw in range(body["draws"])]}
            case ("GET", "/jobs/j-1"):
                return 200, memory.states.pop(0) if len(memory.states) > 1 else memory.states[0]
            case ("GET", "/datasets"):
                return 200, {"items": [vars(Card())], "next": "2"}
            case ("GET", "/datasets?cursor=2"):
                return 200, {"items": [{**vars(Card()), "name": "farms", "tables": [{"name": "fields"}]}], "next": None}
            case ("GET", "/datasets/clinic"):
                return 200, vars(Card())
            case ("GET", "/datasets/clinic/budget"):
                return 200, vars(Budget(population="clinic"))
            case ("GET", "/datasets/clinic/profile"):
                share = {"value": 0.2, "low": 0.19, "high": 0.21}
                told = {"kind": "number", "decimals": 0, "missing_share": share, "quantiles": [], "members": []}
                column = {"name": "cost", "low": 0, "width": 10, "counts": [90.0, 10.0], "missing": 25.0, **told}
                counted = {"units": 80.0, "rows": 125.0, "units_interval": [75.0, 85.0], "rows_interval": [120.0, 130.0]}
                one = {"share": 0.5, "value": 1.0, "low": 1.0, "high": 2.0, "half_width": 0.5}
                return 200, {"tables": [{"table": "visits", **counted, "rows_per_unit": [one], "groups_per_unit": [], "columns": [column]}]}
            case ("GET", "/me"):
                return 200, memory.me
            case ("POST", "/sign-in/link"):
                return 200, {"token": TOKEN, "expires_at": "2030-01-01T00:00:00Z"}
            case ("POST", "/projects"):
                return 201, {"id": "pr 1", **body, "state": "draft"}
            case ("POST", "/projects/pr%201/submit"):
                return 200, {"id": "pr 1", "state": "submitted"}
            case ("GET", "/permits") if memory.me.get("assistant"):
                return 200, {"items": [{"id": "m-1", "dataset": "clinic", "may": ["ask"]}], "next": None}
            case ("GET", "/permits/m-1/budget"):
                spent = {"cap_nrho": 100, "spent_nrho": 30, "cap_delta_units": 0, "spent_delta_units": 0}
                return 200, {"permit": "m-1", "project": "p-1", "dataset": "clinic", **spent, "allowance": {**spent, "spent_nrho": 80}}
            case ("GET", "/projects" | "/permits" | "/jobs"):
                return 200, {"items": [{"id": "x", "state": "queued", "progress": 0}], "next": None}
            case ("DELETE", "/jobs/j-1"):
                return 200, {"id": "j-1", "state": "cancelled"}
            case ("GET", "/exports/processing-record"):
                return 200, {"controller": "clinic"}
            case _:
                return 404, {"title": "There is nothing here."}

    def _reply(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        if "Content-Length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        for state in self.memory.states:
            self.wfile.write(f": tick\nevent: job\ndata: {json.dumps(state)}\n\n".encode())


@contextmanager
def serving() -> Iterator[tuple[str, Memory]]:
    """The stand-in's address and memory."""
    memory = Memory()
    handler = type("Bound", (Handler,), {"memory": memory})
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", memory
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
