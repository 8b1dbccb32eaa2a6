"""What Go's library writes is read here, hash for hash, and what is written here it reads (docs/how-to/verify-without-amana.md)."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from amana.log.checkpoint import read_checkpoint
from amana.log.note import NoteError, read_note, read_signing_key, read_verifier_key, sign_note, signed_by
from amana.log.tiles import Tile, subtrees, tiles_of
from amana.log.tree import Frontier, Hash, consistency_proof, inclusion_proof, leaf_hash, verify_consistency, verify_inclusion

GOPATH = Path("/usr/share/gocode")
SIZE = 300
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(
        shutil.which("go") is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir(),
        reason="needs Go and golang-golang-x-mod-dev",
    ),
]


class GoLog:
    """What the Go program wrote, also as tiles to read."""

    def __init__(self, written: dict[str, object]) -> None:
        self.note, self.public, self.secret = (str(written[name]) for name in ("note", "public", "secret"))
        self.inclusions, self.consistencies = written["inclusions"], written["consistencies"]
        self.tiles = {name: base64.b64decode(each) for name, each in written["tiles"].items()}  # type: ignore[attr-defined]

    def tile(self, tile: Tile) -> bytes:
        return self.tiles[f"{tile.level} {tile.index} {tile.width}"]


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> GoLog:
    cache = tmp_path_factory.mktemp("go")
    place = {**os.environ, "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOFLAGS": "", "GOCACHE": str(cache), "CGO_ENABLED": "0"}
    command = ["go", "run", str(Path(__file__).with_name("log_writer.go")), str(SIZE)]
    return GoLog(json.loads(subprocess.run(command, env=place, capture_output=True, check=True).stdout))


def encoded(hashes: tuple[Hash, ...]) -> list[str]:
    return [base64.b64encode(each).decode() for each in hashes]


def test_a_note_that_go_signed_is_read_and_signed_again_to_the_byte(written: GoLog) -> None:
    key, note = read_verifier_key(written.public), read_note(written.note.encode())
    assert signed_by(note, [key]) == (key,) and note.content == written.note.encode()
    secret = read_signing_key(written.secret)
    assert secret.text == written.secret and secret.verifier == key
    assert (sign_note(note.text, key=secret),) == note.signatures
    with pytest.raises(NoteError, match="signature_wrong"):
        signed_by(read_note(written.note.replace("\n300\n", "\n301\n").encode()), [key])


def test_the_tree_of_go_is_the_tree_of_ours(written: GoLog) -> None:
    frontier = Frontier()
    for number in range(SIZE):
        frontier.add(leaf_hash(f"entry {number}".encode()))
    assert read_checkpoint(read_note(written.note.encode()).text).root == frontier.root()
    assert {f"{tile.level} {tile.index} {tile.width}" for tile in tiles_of(SIZE) if tile.level >= 0} <= set(written.tiles)


def test_the_proofs_of_go_are_the_proofs_of_ours(written: GoLog) -> None:
    root, below = read_checkpoint(read_note(written.note.encode()).text).root, subtrees(written, size=SIZE)
    for index in range(SIZE):
        proof = inclusion_proof(below, index=index, size=SIZE)
        assert encoded(proof) == written.inclusions[index]  # type: ignore[index]
        verify_inclusion(leaf_hash(f"entry {index}".encode()), index=index, size=SIZE, proof=proof, root=root)
    frontier = Frontier()
    for old in range(1, SIZE):
        frontier.add(leaf_hash(f"entry {old - 1}".encode()))
        proof = consistency_proof(below, old=old, size=SIZE)
        assert encoded(proof) == written.consistencies[old - 1]  # type: ignore[index]
        verify_consistency(old=old, old_root=frontier.root(), size=SIZE, root=root, proof=proof)
