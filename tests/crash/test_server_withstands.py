"""A real server that meets an empty folder, a parent that was killed, clients that never finish, and a disk without room."""

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import pytest

from tests.crash.running import get, running
from tests.doors.http_node import lay_down

HEAD_S = 1.0
WHOLE, HEAD = b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: x\r\nX: "
REFUSED = b"POST /api/v1/questions/dry-run HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
HANG_UP_S_MAX = 4.0
END_S_MAX = 15.0


def hung_up_after(port: int, sent: bytes, *, more: bytes = b"") -> float | None:
    """Seconds until the server hung up on who sent that, and now and then a little more; None if it never did."""
    begun = time.monotonic()
    with closing(socket.create_connection(("127.0.0.1", port))) as connection:
        connection.sendall(sent)
        connection.settimeout(0.2)
        while time.monotonic() < begun + HANG_UP_S_MAX:
            try:
                if not connection.recv(65_536):
                    return time.monotonic() - begun
            except TimeoutError:
                if more:
                    connection.sendall(more)
            except OSError:
                return time.monotonic() - begun
    return None


@pytest.mark.slow
def test_a_node_serves_before_anything_is_published_hangs_up_on_the_slow_and_ends_with_its_parent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "new" / "node"
    folder.parent.mkdir()
    monkeypatch.setenv("AMANA_HTTP_HEAD_MS_MAX", str(round(1000 * HEAD_S)))
    with running(folder, workers=2) as server:
        assert get(server.url, "/healthz").json == {"state": "serving"}
        assert get(server.url, "/api/v1/datasets").json["items"] == []
        for words, code in ((("people", "list"), 0), (("ask", "SELECT COUNT(*) FROM visits"), 10)):
            done = subprocess.run(
                [sys.executable, "-m", "amana", *words, "--folder", str(folder)], capture_output=True, text=True, check=False
            )
            assert done.returncode == code and "Traceback" not in done.stderr, done.stderr
        lay_down(folder, rows=300)
        assert [each["name"] for each in get(server.url, "/api/v1/datasets").json["items"]] == ["test"]
        for sent, more in ((b"", b""), (HEAD, b""), (HEAD, b"a"), (WHOLE + HEAD, b""), (REFUSED, b"a")):
            after = hung_up_after(server.port, sent, more=more)
            assert after is not None and after >= 0.9 * HEAD_S, (sent, more)
        held = [int(each) for each in children_of(server.pid)]
        assert len(held) == 2
        server.kill(group=False)
        until = time.monotonic() + END_S_MAX
        while any(alive(each) for each in held):
            assert time.monotonic() < until, "they hold the port and the folder"
            time.sleep(0.1)


def children_of(process: int) -> list[str]:
    return Path(f"/proc/{process}/task/{process}/children").read_text().split()


def alive(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
