"""An origin of public data on this machine: answers as told, over HTTP or HTTPS, and a small registry that points to it."""

import hashlib
import io
import ssl
import threading
import urllib.request
import zipfile
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from amana.client.data import DataFile, DataSet


@dataclass
class Origin:
    """What it gives at each path; `cut`: paths whose body breaks off in the middle; `asked`: what was asked, in order."""

    address: str
    bodies: dict[str, bytes] = field(default_factory=dict)
    cut: set[str] = field(default_factory=set)
    moved: dict[str, str] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    @contextmanager
    def open_url(self, url: str) -> Generator[object, None, None]:
        """Plain HTTP, as far as this test's own server."""
        with urllib.request.urlopen(url, timeout=5) as response:
            yield response


@contextmanager
def origin(*, secure: ssl.SSLContext | None = None) -> Generator[Origin, None, None]:
    made = Origin(address="")

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            made.asked.append(self.path)
            if self.path in made.moved:
                self.send_response(302)
                self.send_header("Location", made.moved[self.path])
                self.end_headers()
                return
            body = made.bodies.get(self.path)
            self.send_response(404 if body is None else 200)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write((body or b"")[: len(body or b"") // 2] if self.path in made.cut else body or b"")

        def log_message(self, *words: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if secure is not None:
        server.socket = secure.wrap_socket(server.socket, server_side=True)
    made.address = f"http{'s' if secure else ''}://localhost:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def data_file(name: str, body: bytes, *, url: str = "", inside: tuple[str, ...] = (), mirror: str = "") -> DataFile:
    digest = hashlib.sha256(body).hexdigest()
    return DataFile(name=name, bytes_count=len(body), sha256=digest, url=url, inside=inside, mirror=mirror, copies=())


def data_set(*files: DataFile) -> DataSet:
    words = {name: name for name in ("title", "page", "licence", "citation", "row", "unit")}
    return DataSet(name="made-up", rows_count=1, folder="here/made_up", quirks=(), files=files, **words)


def packed(members: Mapping[str, bytes]) -> bytes:
    """A ZIP archive of these files."""
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in members.items():
            archive.writestr(name, body)
    return written.getvalue()
