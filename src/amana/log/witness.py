"""A witness: it signs checkpoints of other logs, and only such as extend all that it has signed before.

Source: c2sp.org/tlog-witness (`add-checkpoint`). What it signed last is on the disk before the signature leaves; so it never signs two
trees of one log, whatever crashes. Two signed checkpoints that cannot both be true are kept, and shown to everybody.
"""

import base64
import fcntl
import hashlib
import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import final

from amana.log.checkpoint import Checkpoint, read_checkpoint, read_size
from amana.log.cosignature import cosign
from amana.log.durable import sync, write_durably
from amana.log.note import Note, NoteError, SigningKey, VerifierKey, read_note
from amana.log.proof import read_hash
from amana.log.quorum import Policy, check_note
from amana.log.tree import PROOF_HASHES_MAX, Hash, ProofError, verify_consistency

BODY_BYTES_MAX = 2**17
SIZE_TYPE = "text/x.tlog.size"
TEXT_TYPE = "text/plain; charset=utf-8"
FORKS_MAX = 8
"""So many proofs of forks are kept for one log: one is enough to condemn it."""


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a witness answers over HTTP."""

    status: int
    body: str = ""
    type: str = TEXT_TYPE


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Submission:
    """A request: the checkpoint, and the proof that it extends the tree of size `old`."""

    old: int
    proof: tuple[Hash, ...]
    note: Note
    checkpoint: Checkpoint

    @property
    def text(self) -> str:
        """As it travels."""
        lines = (f"old {self.old}", *(base64.b64encode(each).decode("ascii") for each in self.proof), "")
        return "".join(f"{line}\n" for line in lines) + self.note.content.decode()


@final
class Witness:
    """`policy`: the logs that it knows. `keys`: its own, each signs. `now_s`: seconds since 1970."""

    def __init__(self, folder: Path, *, policy: Policy, keys: tuple[SigningKey, ...], now_s: Callable[[], int]) -> None:
        self._folder, self._policy, self._keys, self._now_s = folder, policy, keys, now_s
        self._lock = Lock()
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    @property
    def verifiers(self) -> tuple[VerifierKey, ...]:
        """Its public keys, as others put them into their policies."""
        return tuple(key.verifier for key in self._keys)

    def add_checkpoint(self, body: bytes) -> Reply:
        """Sign a checkpoint, or say why not. Errors: OSError when its state cannot be written; then nothing was signed."""
        try:
            asked = read_submission(body)
        except NoteError:
            return Reply(status=400)
        origin = asked.checkpoint.origin
        if origin not in {each.key.name for each in self._policy.logs}:
            return Reply(status=404)
        try:
            check_note(asked.note, Policy(logs=self._policy.logs))
        except NoteError:
            return Reply(status=403)
        if asked.old > asked.checkpoint.size:
            return Reply(status=400)
        with self._alone(origin) as place:
            return self._decide(asked, place)

    def latest(self, origin: str) -> Note | None:
        """The largest tree of that log that it has signed."""
        return _read(self._place(origin))

    def forks(self) -> tuple[str, ...]:
        """Proofs that a log showed two trees: pairs of signed checkpoints, as text, each log's in order of discovery."""
        return tuple(each.read_text("utf-8") for each in sorted(self._folder.glob("*/fork-*")))

    def _decide(self, asked: Submission, place: Path) -> Reply:
        known = _read(place)
        last = None if known is None else read_checkpoint(known.text)
        have = 0 if last is None else last.size
        if asked.old != have:
            if last is not None and asked.checkpoint.size == last.size and asked.checkpoint.root != last.root:
                assert known is not None
                self._keep_fork(place, known, asked.note)
            return Reply(status=409, body=f"{have}\n", type=SIZE_TYPE)
        if last is None or last.size == 0:  # nothing was seen yet that could be extended
            if asked.proof or (last is not None and asked.checkpoint.size == 0 and asked.checkpoint.root != last.root):
                return Reply(status=422)
        else:
            assert known is not None
            if asked.checkpoint.size == last.size and asked.checkpoint.root != last.root:
                self._keep_fork(place, known, asked.note)
                return Reply(status=409, body=f"{have}\n", type=SIZE_TYPE)
            try:
                size, root = asked.checkpoint.size, asked.checkpoint.root
                verify_consistency(old=last.size, old_root=last.root, size=size, root=root, proof=asked.proof)
            except ProofError:
                return Reply(status=422)
        # A crash before this line has signed nothing; after it, the log sends the same checkpoint again and gets its signature.
        write_durably(place / "checkpoint", asked.note.content)
        at = self._now_s()
        return Reply(status=200, body="".join(cosign(asked.checkpoint, key=key, time_s=at).line for key in self._keys))

    def _keep_fork(self, place: Path, known: Note, other: Note) -> None:
        """Two checkpoints of one size and different roots, both signed by the log: whoever has its key sees that it lied."""
        name = f"fork-{hashlib.sha256(other.text.encode()).hexdigest()[:32]}"
        if (place / name).exists() or len(list(place.glob("fork-*"))) >= FORKS_MAX:
            return
        keys = {(each.key.name, each.key.id) for each in self._policy.logs}
        kept = (
            Note(text=each.text, signatures=tuple(line for line in each.signatures if (line.name, line.key_id) in keys))
            for each in (known, other)
        )
        write_durably(place / name, b"\n".join(each.content for each in kept))

    def _place(self, origin: str) -> Path:
        return self._folder / hashlib.sha256(origin.encode()).hexdigest()

    @contextmanager
    def _alone(self, origin: str) -> Generator[Path]:
        """Compare and persist are one step, among threads and processes."""
        place = self._place(origin)
        if not place.is_dir():
            place.mkdir(exist_ok=True, mode=0o700)
            sync(self._folder)
        with self._lock:
            held = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
            try:
                fcntl.flock(held, fcntl.LOCK_EX)
                yield place
            finally:
                os.close(held)


def read_submission(body: bytes) -> Submission:
    """Errors: NoteError."""
    if len(body) > BODY_BYTES_MAX:
        raise NoteError("submission_form")
    head, between, rest = body.partition(b"\n\n")
    try:
        lines = head.decode("ascii").split("\n")
    except UnicodeDecodeError:
        raise NoteError("submission_form") from None
    if not between or not lines[0].startswith("old ") or len(lines) > 1 + PROOF_HASHES_MAX:
        raise NoteError("submission_form")
    note = read_note(rest)
    proof = tuple(read_hash(line) for line in lines[1:])
    return Submission(old=read_size(lines[0][4:]), proof=proof, note=note, checkpoint=read_checkpoint(note.text))


def _read(place: Path) -> Note | None:
    try:
        return read_note((place / "checkpoint").read_bytes())
    except FileNotFoundError:
        return None
