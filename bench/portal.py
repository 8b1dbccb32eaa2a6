"""`make bench-portal`: 64 readers on the public pages of one process, and the bytes of a first view.

Writes bench/results/portal.json and a section of docs/explanation/benchmarks.md (`portal_report.py`). The readers are a process of their
own, plain HTTP/1.1 over asyncio streams: they cost the machine little, which they share with the server.
"""

import argparse
import asyncio
import gzip
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import portal_report
from environment import ROOT, WORK
from node_figures import percentile

READERS = 64
PATHS = ("/", "/datasets", "/datasets/clinic", "/projects", "/uses", "/log", "/privacy", "/accessibility", "/vulnerabilities")
"""Public pages that are kept for a moment."""
VIEWS = (*PATHS, "/sign-in")
LANGUAGES = ("ar", "fr", "zgh", "en")
FONTS = {"ar": "arabic", "zgh": "tifinagh"}
WARM_S = 3.0
HEADERS = "Host: localhost\r\nAccept-Encoding: gzip\r\n"


@contextmanager
def serving(folder: Path) -> Iterator[int]:
    """The node of the demonstration in a process of its own. The limit on one address is lifted: all readers come from one."""
    with closing(socket.socket()) as found:
        found.bind(("127.0.0.1", 0))
        port = int(found.getsockname()[1])
    place = {**os.environ, "AMANA_HTTP_ADDRESS_PER_MINUTE_MAX": "10000000"}
    command = [sys.executable, "-m", "amana", "serve", "--folder", str(folder), "--port", str(port)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, env=place)
    try:
        assert process.stderr is not None
        if b"http://" not in process.stderr.readline():
            sys.exit("the server did not start")
        yield port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(60)


async def get(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, path: str) -> tuple[int, int, bytes]:
    """Status, bytes on the wire, and the body as it was sent."""
    writer.write(f"GET {path} HTTP/1.1\r\n{HEADERS}\r\n".encode())
    head = await reader.readuntil(b"\r\n\r\n")
    fields = dict(line.lower().split(": ", 1) for line in head.decode("latin-1").split("\r\n")[1:] if line)
    body = await reader.readexactly(int(fields["content-length"]))
    return int(head.split(b" ", 2)[1]), len(head) + len(body), body


async def read_all(port: int, *, readers: int, seconds: float) -> tuple[list[float], int]:
    """What each page took, and how many came with another status than 200. Units: seconds."""
    pages, took, lost = [f"/{language}{path}" for language in LANGUAGES for path in PATHS], list[float](), [0]
    ends = time.perf_counter() + seconds

    async def read(number: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        step = number
        while time.perf_counter() < ends:
            begun = time.perf_counter()
            status, _, _ = await get(reader, writer, pages[step % len(pages)])
            took.append(time.perf_counter() - begun)
            lost[0] += status != 200
            step += 1
        writer.close()

    await asyncio.gather(*(read(number) for number in range(readers)))
    return took, lost[0]


async def view(port: int, *, path: str, language: str) -> int:
    """Bytes of a first view."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    _, whole, body = await get(reader, writer, f"/{language}{path}")
    page = gzip.decompress(body).decode()
    names = set(re.findall(r'(?:src|href)="(/static/[^"]+)"', page))
    style = next(name for name in names if ".css" in name)
    for name in sorted(names):
        _, size, sent = await get(reader, writer, name)
        whole += size
        if name == style:
            inside = re.findall(r"url\((/static/[^)]+)\)", gzip.decompress(sent).decode())
    for name in inside:
        if language in FONTS and FONTS[language] in name:
            whole += (await get(reader, writer, name))[1]
    writer.close()
    return whole


def read_in_a_process_of_their_own(port: int, *, readers: int, seconds: float) -> dict[str, Any]:
    command = [sys.executable, __file__, "--read", str(port), "--readers", str(readers), "--seconds", str(seconds)]
    found: dict[str, Any] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return found


def figures(took: Sequence[float], *, lost: int, seconds: float) -> dict[str, float]:
    shares = {"p50_ms": 0.5, "p95_ms": 0.95, "p99_ms": 0.99}
    return {
        "requests": len(took),
        "lost": lost,
        "per_s": len(took) / seconds,
        **{name: 1e3 * percentile(took, share) for name, share in shares.items()},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readers", type=int, default=READERS)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--quick", action="store_true", help="print, and publish nothing: for work on the bench itself")
    parser.add_argument("--read", type=int, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.read:
        took, lost = asyncio.run(read_all(chosen.read, readers=chosen.readers, seconds=chosen.seconds))
        print(json.dumps(figures(took, lost=lost, seconds=chosen.seconds)))
        return
    load, folder = os.getloadavg()[0], WORK / "portal"
    if not folder.exists():
        demo = [sys.executable, str(ROOT / "examples" / "demo" / "run.py"), "--folder", str(folder), "--check"]
        if subprocess.run(demo, check=False).returncode:
            shutil.rmtree(folder, ignore_errors=True)
            sys.exit("the demonstration was not made")
    with serving(folder) as port:
        views = [
            {"path": path, "language": language, "bytes": asyncio.run(view(port, path=path, language=language))}
            for path in VIEWS
            for language in LANGUAGES
        ]
        read_in_a_process_of_their_own(port, readers=chosen.readers, seconds=WARM_S)
        found = read_in_a_process_of_their_own(port, readers=chosen.readers, seconds=chosen.seconds)
    found |= {"readers": chosen.readers, "views": views}
    if chosen.quick:
        print(json.dumps(found, indent=1))
    else:
        portal_report.write(found, load=load)


if __name__ == "__main__":
    main()
