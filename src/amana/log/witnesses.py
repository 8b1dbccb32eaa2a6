"""Asking witnesses to sign a checkpoint: in parallel, within a time, until the quorum has. Source: c2sp.org/tlog-witness."""

import http.client
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from threading import Lock
from typing import Protocol, TypeAlias, final

from amana.log.checkpoint import Checkpoint, read_checkpoint, read_size
from amana.log.cosignature import cosigned_by
from amana.log.note import Note, NoteError, Signature, read_signature
from amana.log.quorum import Policy, WitnessKey
from amana.log.read import OPENER, read_within
from amana.log.tree import Hash
from amana.log.witness import SIZE_TYPE, Submission

ANSWER_BYTES_MAX = 2**16
TRIES_MAX = 3
"""The first, a second after the witness has told its size, a third if another process of the node came between."""
Proofs: TypeAlias = Callable[[int], Sequence[Hash]]
"""The proof that the checkpoint's tree extends the tree of that size."""


@final
class QuorumError(Exception):
    """Too few witnesses have signed in time. `missing`: those that have not, by name."""

    def __init__(self, missing: tuple[str, ...]) -> None:
        super().__init__(missing)
        self.missing = missing


class Post(Protocol):
    """Sends a body and gives (status, type, body). Errors: OSError."""

    def __call__(self, url: str, body: bytes, *, wait_s: float) -> tuple[int, str, bytes]: ...


@final
class Witnesses:
    """The witnesses of a policy that have an address. Remembers how far each was, to ask once for each checkpoint."""

    def __init__(self, policy: Policy, *, post: Post, wait_s: float) -> None:
        self.policy, self._post, self._wait_s = policy, post, wait_s
        self._asked = tuple(each for each in policy.witnesses if each.url)
        self._sizes: dict[str, int] = {}
        self._lock = Lock()
        self._pool = ThreadPoolExecutor(max_workers=max(1, len(self._asked)), thread_name_prefix="witness")
        self._running: dict[str, Future[Signature]] = {}
        """Requests that nobody waits for any more: who has not answered the last one is not asked the next."""

    def cosign(self, note: Note, proofs: Proofs) -> tuple[Signature, ...]:
        """Their signatures of this checkpoint: returns as soon as the quorum has signed. Errors: QuorumError."""
        checkpoint = read_checkpoint(note.text)
        free = [each for each in self._asked if each.name not in self._running or self._running[each.name].done()]
        waiting: dict[Future[Signature], WitnessKey] = {self._pool.submit(self._ask, each, note, checkpoint, proofs): each for each in free}
        self._running |= {each.name: future for future, each in waiting.items()}
        signed: dict[str, Signature] = {}
        while waiting and not (signed and self.policy.met(signed)):
            done, _ = wait(waiting, timeout=self._wait_s * TRIES_MAX, return_when=FIRST_COMPLETED)
            if not done:
                break
            for future in done:
                witness = waiting.pop(future)
                if future.exception() is None:
                    signed[witness.name] = future.result()
        if not self.policy.met(signed):
            raise QuorumError(tuple(each.name for each in self.policy.witnesses if each.name not in signed))
        return tuple(signed.values())

    def close(self) -> None:
        """End the threads; a request that nobody waits for any more runs out of time by itself."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _ask(self, witness: WitnessKey, note: Note, checkpoint: Checkpoint, proofs: Proofs) -> Signature:
        """Errors: OSError, NoteError: it did not sign."""
        with self._lock:
            old = self._sizes.get(witness.name, 0)
        for _ in range(TRIES_MAX):
            if old > checkpoint.size:
                raise NoteError("witness_ahead")  # it has seen a later checkpoint, or another log of this name
            proof = tuple(proofs(old)) if 0 < old < checkpoint.size else ()
            body = Submission(old=old, proof=proof, note=note, checkpoint=checkpoint).text.encode()
            status, kind, answer = self._post(f"{witness.url.rstrip('/')}/add-checkpoint", body, wait_s=self._wait_s)
            if status == http.client.OK:
                signature = _signature(answer, witness, note)
                with self._lock:
                    self._sizes[witness.name] = max(checkpoint.size, self._sizes.get(witness.name, 0))
                return signature
            if status != http.client.CONFLICT or kind.partition(";")[0].strip() != SIZE_TYPE:
                break
            said = read_size(answer.decode("ascii", "replace").strip())
            if said == old:
                raise NoteError("witness_fork")  # it holds another tree of that size
            old = said
        raise NoteError("witness_refused")


def post_http(url: str, body: bytes, *, wait_s: float) -> tuple[int, str, bytes]:
    """See `Post`."""
    return _post(url, body, kind="text/plain", wait_s=wait_s)


def post_json(url: str, body: bytes, *, wait_s: float) -> int:
    """Send JSON, and give the status. Errors: OSError."""
    return _post(url, body, kind="application/json", wait_s=wait_s)[0]


def _post(url: str, body: bytes, *, kind: str, wait_s: float) -> tuple[int, str, bytes]:
    if not url.startswith(("http://", "https://")):
        raise OSError(url)
    asked = urllib.request.Request(url, data=body, method="POST", headers={"Content-Type": kind})  # noqa: S310 - checked above
    try:
        with OPENER.open(asked, timeout=wait_s) as answer:
            return answer.status, answer.headers.get("Content-Type", ""), read_within(answer, bytes_max=ANSWER_BYTES_MAX, wait_s=wait_s)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.headers.get("Content-Type", ""), error.read(ANSWER_BYTES_MAX)
    except http.client.HTTPException as error:
        raise OSError(type(error).__name__) from None


def _signature(answer: bytes, witness: WitnessKey, note: Note) -> Signature:
    """The line in its own key's name that holds. Errors: NoteError."""
    for line in answer.decode("utf-8", "replace").splitlines():
        signature = read_signature(line)
        if cosigned_by(Note(text=note.text, signatures=(signature,)), (witness.key,)):
            return signature
    raise NoteError("not_signed")
