"""The public log over HTTP: the same files from the node and from any web server, verified by whoever has its key."""

import base64
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.testclient import TestClient

from amana.cli import main
from amana.log.checkpoint import read_checkpoint
from amana.log.note import read_note
from amana.log.proof import check_proof, read_proof
from amana.log.quorum import policy_of
from amana.log.read import UrlReader, read_tile
from amana.log.tiles import Tile, read_bundle
from amana.log.tree import Hash, leaf_hash, verify_consistency, verify_inclusion
from amana.log.verify import verify
from amana.log.violation import Violation
from amana.node.service import Service
from amana.node.settings import Settings
from amana.terms.code import Exit
from amana.web.app import build
from tests.log_folders import KEY, THIEF, small_world, write_log, written

COUNT = 600
POLICY = policy_of(KEY.verifier)
ENTRIES = written(small_world(COUNT))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("node")
    write_log(made / "log", ENTRIES)
    return made


@pytest.fixture(scope="module")
def client(folder: Path) -> TestClient:
    return TestClient(build(cast("Service", SimpleNamespace(settings=Settings(folder=folder)))))


class ByClient:
    """A log as the node serves it."""

    def __init__(self, client: TestClient) -> None:
        self._client = client

    def file(self, path: str, *, bytes_max: int) -> bytes | None:
        reply = self._client.get(f"/log/{path}")
        assert reply.status_code in {200, 404} and len(reply.content) <= bytes_max
        return reply.content if reply.status_code == 200 else None

    def tile(self, tile: Tile) -> bytes:
        return read_tile(self, tile)


@pytest.fixture(scope="module")
def static(folder: Path) -> Iterator[str]:
    """The folder behind a web server that knows nothing of logs."""

    class Quiet(SimpleHTTPRequestHandler):
        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(folder / "log"))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_what_the_node_serves_is_verified_whole(client: TestClient) -> None:
    assert verify(ByClient(client), policy=POLICY, since=None, progress=lambda done, total: None).checkpoint.size == COUNT


def test_any_web_server_over_the_folder_does_as_well(static: str) -> None:
    found = verify(UrlReader(static), policy=POLICY, since=None, progress=lambda done, total: None)
    assert found.checkpoint.size == COUNT and found.archived == ("2026-11-28", "2026-11-29")


def test_the_command_verifies_an_address_with_a_key_and_refuses_another_key(
    static: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["log", "verify", static, "--key", KEY.verifier.text]) == Exit.FINE
    assert "600" in capsys.readouterr().out
    (tmp_path / "key").write_text(THIEF.verifier.text)
    assert main.main(["log", "verify", static, "--key", str(tmp_path / "key"), "--json"]) == Exit.LOG
    said = capsys.readouterr()
    assert '"reason": "not_signed"' in said.out and "AMA-831" in said.err


def test_tiles_may_be_kept_for_ever_and_the_checkpoint_for_seconds(client: TestClient) -> None:
    for path, kept, media in (
        ("tile/0/000", "public, max-age=31536000, immutable", "application/octet-stream"),
        ("tile/entries/002.p/88", "public, max-age=31536000, immutable", "application/octet-stream"),
        ("archive/2026-11-28", "public, max-age=31536000, immutable", "text/plain; charset=utf-8"),
        ("checkpoint", "public, max-age=2", "text/plain; charset=utf-8"),
        ("log.vkey", "public, max-age=300", "text/plain; charset=utf-8"),
        ("policy", "public, max-age=300", "text/plain; charset=utf-8"),
    ):
        reply = client.get(f"/log/{path}")
        assert (reply.status_code, reply.headers["Cache-Control"], reply.headers["Content-Type"]) == (200, kept, media)
        assert "Cookie" not in reply.headers["Vary"]
        again = client.get(f"/log/{path}", headers={"If-None-Match": reply.headers["ETag"]})
        assert (again.status_code, again.content) == (304, b"") and again.headers["ETag"] == reply.headers["ETag"]


@pytest.mark.parametrize(
    "path",
    ["tile/0/003", "tile/0/000.p/256", "tile/00/000", "tile/9/000", "tile/entries/2.p/88", "tile/%2e%2e/policy", "archive/2026-11-30", "archive/..%2fpolicy", "keys/log.key", "tile/0/x000/000"],
)  # fmt: skip
def test_what_is_no_file_of_the_log_is_not_there(client: TestClient, path: str) -> None:
    assert client.get(f"/log/{path}").status_code == 404


def test_a_node_without_a_log_has_none_of_it(tmp_path: Path) -> None:
    empty = TestClient(build(cast("Service", SimpleNamespace(settings=Settings(folder=tmp_path)))))
    for path in ("checkpoint", "log.vkey", "policy", "tile/0/000", "entries/0", "proof/inclusion?index=0", "proof/consistency?old=1"):
        assert empty.get(f"/log/{path}").status_code == 404


def test_an_entry_comes_with_a_proof_that_holds_by_itself(client: TestClient) -> None:
    found = client.get("/log/entries/7").json()
    assert (found["index"], found["entry"]["kind"], found["entry"]["event"]) == (7, "permit", "grant") and "pad" not in found["entry"]
    assert check_proof(read_proof(found["proof"]), entry=ENTRIES[7], policy=POLICY).size == COUNT
    assert client.get("/log/entries/600").status_code == 404


def test_proofs_ready_made_hold(client: TestClient) -> None:
    root = read_checkpoint(read_note(client.get("/log/checkpoint").content).text).root
    for index in (0, 255, 256, 599):
        found = client.get("/log/proof/inclusion", params={"index": index}).json()
        hashes = [Hash(base64.b64decode(each)) for each in found["hashes"]]
        verify_inclusion(leaf_hash(ENTRIES[index]), index=index, size=found["size"], proof=hashes, root=root)
    archived = read_checkpoint(read_note(client.get("/log/archive/2026-11-28").content).text)
    found = client.get("/log/proof/consistency", params={"old": archived.size, "size": COUNT}).json()
    hashes = [Hash(base64.b64decode(each)) for each in found["hashes"]]
    verify_consistency(old=archived.size, old_root=archived.root, size=COUNT, root=root, proof=hashes)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("proof/inclusion?index=600", 404),
        ("proof/inclusion?index=0&size=601", 404),
        ("proof/consistency?old=601", 404),
        ("proof/consistency?old=0", 422),
        ("proof/inclusion?index=-1", 422),
        ("proof/inclusion?index=0&size=0", 422),
        ("proof/inclusion?index=0&colour=red", 422),
    ],
)
def test_a_proof_of_what_is_not_there_is_refused(client: TestClient, path: str, status: int) -> None:
    assert client.get(f"/log/{path}").status_code == status


def test_a_tile_that_the_node_lost_is_told_as_such(folder: Path, client: TestClient) -> None:
    content = (folder / "log/tile/0/001").read_bytes()
    (folder / "log/tile/0/001").unlink()
    try:
        reply = client.get("/log/proof/inclusion", params={"index": 300})
        assert (reply.status_code, reply.json()["code"]) == (503, "AMA-831")
        with pytest.raises(Violation) as caught:
            verify(ByClient(client), policy=POLICY, since=None, progress=lambda done, total: None)
        assert (caught.value.path, caught.value.reason) == ("tile/0/001", "missing")
    finally:
        (folder / "log/tile/0/001").write_bytes(content)


def test_the_entries_of_a_tile_are_as_they_were_written(client: TestClient) -> None:
    tile = Tile(level=-1, index=1)
    assert read_bundle(tile, client.get(f"/log/{tile.path}").content) == ENTRIES[256:512]
