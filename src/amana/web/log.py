"""`/log`: the public log as static files, for whoever verifies it; and proofs, ready made, which nobody needs.

What is here may as well be served by any web server over the data folder's `log`, or kept by any cache between.
"""

import base64
import re
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from amana.log.documents import is_document, path_of, read_document
from amana.log.look import find_entry, published_now
from amana.log.note import NOTE_BYTES_MAX
from amana.log.published import KEY_BYTES_MAX
from amana.log.quorum import POLICY_BYTES_MAX
from amana.log.read import ARCHIVE, BUNDLE_BYTES_MAX, CHECKPOINT, KEY_FILE, POLICY_FILE, FolderReader
from amana.log.tiles import TileError, read_path, subtrees
from amana.log.tree import Hash, consistency_proof, inclusion_proof
from amana.log.violation import Violation
from amana.node.service import Service
from amana.terms.refusal import Refusal
from amana.web.access import open_because
from amana.web.context import Here
from amana.web.route import Route
from amana.web.shapes import EntryOut, ProofOut

LOG = "/log"
INDEX_MAX = 2**53 - 1
FOLDER = "log"
TEXT, BYTES, JSON = "text/plain; charset=utf-8", "application/octet-stream", "application/json"
FOREVER = "public, max-age=31536000, immutable"
SECONDS, MINUTES = "public, max-age=2", "public, max-age=300"
SAID = open_because("the log is published so that anybody can check what was done with the data")
router = APIRouter(prefix=LOG, route_class=Route, tags=["log"])
WRITTEN: dict[int | str, dict[str, object]] = {200: {"description": "The file", "content": {"text/plain": {"schema": {"type": "string"}}}}}
TILED: dict[int | str, dict[str, object]] = {
    200: {"description": "The file", "content": {BYTES: {"schema": {"type": "string", "format": "binary"}}}}
}
DOCUMENTED: dict[int | str, dict[str, object]] = {
    200: {
        "description": "The document, whose SHA-256 is in its address",
        "content": {JSON: {"schema": {"type": "object"}, "example": {"amana_reasons": 1, "subject": "e-4f6c01d2a9b3", "event": "confirm"}}},
    }
}
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
Size = Annotated[int | None, Query(ge=1, le=INDEX_MAX, description="entries of the tree; otherwise of the one that is published now")]
Index = Annotated[int, Query(ge=0, le=INDEX_MAX, description="of the entry, from 0")]


@router.get("/checkpoint", response_class=Response, responses=WRITTEN, openapi_extra=SAID)
def checkpoint(here: Here) -> Response:
    """The tree as it is now, signed by the log and its witnesses (c2sp.org/tlog-checkpoint)."""
    return _file(here, CHECKPOINT, bytes_max=NOTE_BYTES_MAX, kept=SECONDS)


@router.get("/log.vkey", response_class=Response, responses=WRITTEN, openapi_extra=SAID)
def key(here: Here) -> Response:
    """The key with which anybody verifies the log (c2sp.org/signed-note)."""
    return _file(here, KEY_FILE, bytes_max=KEY_BYTES_MAX, kept=MINUTES)


@router.get("/policy", response_class=Response, responses=WRITTEN, openapi_extra=SAID)
def policy(here: Here) -> Response:
    """Its keys, witnesses and quorum (c2sp.org/tlog-policy)."""
    return _file(here, POLICY_FILE, bytes_max=POLICY_BYTES_MAX, kept=MINUTES)


@router.get("/archive/{day}", response_class=Response, responses=WRITTEN, openapi_extra=SAID)
def archive(here: Here, day: str) -> Response:
    """The last checkpoint of a day that is over."""
    if _DAY.fullmatch(day) is None:
        raise Refusal("http.no_route", path=f"{LOG}/{ARCHIVE}/{day}"[:80])
    return _file(here, f"{ARCHIVE}/{day}", bytes_max=NOTE_BYTES_MAX, kept=FOREVER)


@router.get("/tile/{place:path}", response_class=Response, responses=TILED, openapi_extra=SAID)
def tile(here: Here, place: str) -> Response:
    """Hashes of the tree, 256 at a time, or the entries themselves (c2sp.org/tlog-tiles)."""
    found = read_path(f"tile/{place}")
    if found is None:
        raise Refusal("http.no_route", path=f"{LOG}/tile/{place}"[:80])
    return _file(here, found.path, bytes_max=BUNDLE_BYTES_MAX, kept=FOREVER, media=BYTES)


@router.get("/document/{digest}", response_class=Response, responses=DOCUMENTED, openapi_extra=SAID)
def document(here: Here, digest: str) -> Response:
    """A public document that an entry names by its SHA-256: a plan, evidence, or the reasons of somebody who decided."""
    if not is_document(path_of(digest)):
        raise Refusal("http.no_route", path=f"{LOG}/{path_of(digest)}"[:80])
    with _undamaged():
        content = read_document(_reader(here), digest=digest)
    return _sent(content, path=path_of(digest), kept=FOREVER, media=JSON)


@router.get("/entries/{index}", response_model=EntryOut, openapi_extra=SAID)
def entry(here: Here, index: Annotated[int, Path(ge=0, le=INDEX_MAX)]) -> Mapping[str, object]:
    """One entry, readable, with the proof that it stands in the log."""
    with _undamaged():
        found = find_entry(_reader(here), index=index)
        if found is None:
            raise Refusal("log.no_entry", index=index, size=_size(here, None))
    return {"index": index, "entry": found.members, "proof": found.proof.text}


@router.get("/proof/inclusion", response_model=ProofOut, openapi_extra=SAID)
def inclusion(here: Here, index: Index, size: Size = None) -> Mapping[str, object]:
    """The hashes from an entry up to the root of a tree (RFC 6962)."""
    with _undamaged():
        whole = _size(here, size)
        if index >= whole:
            raise Refusal("log.no_entry", index=index, size=whole)
        return _written(inclusion_proof(subtrees(_reader(here), size=whole), index=index, size=whole), size=whole)


@router.get("/proof/consistency", response_model=ProofOut, openapi_extra=SAID)
def consistency(here: Here, old: Annotated[int, Query(ge=1, le=INDEX_MAX)], size: Size = None) -> Mapping[str, object]:
    """The hashes that show an earlier tree as the beginning of a later one (RFC 6962)."""
    with _undamaged():
        whole = _size(here, size)
        if old > whole:
            raise Refusal("log.no_entry", index=old - 1, size=whole)
        return _written(consistency_proof(subtrees(_reader(here), size=whole), old=old, size=whole), size=whole)


def _reader(here: Service) -> FolderReader:
    return FolderReader(here.settings.folder / FOLDER)


def _size(here: Service, asked: int | None) -> int:
    """Errors: Refusal receipt.no_entry for a tree that is not published yet; Violation."""
    now = published_now(_reader(here))[1].size
    if asked is not None and asked > now:
        raise Refusal("log.no_entry", index=asked - 1, size=now)
    return now if asked is None else asked


def _written(hashes: Sequence[Hash], *, size: int) -> Mapping[str, object]:
    return {"size": size, "hashes": [base64.b64encode(each).decode("ascii") for each in hashes]}


@contextmanager
def _undamaged() -> Generator[None]:
    """Errors: Refusal http.no_route where there is no log yet, log.file_wrong where its own files are not as they must be."""
    try:
        yield
    except TileError as error:
        raise Refusal("log.file_wrong", path=error.path, reason=f"word.log.{error.reason}") from None
    except Violation as error:
        if (error.path, error.reason) == (CHECKPOINT, "missing"):
            raise Refusal("http.no_route", path=f"{LOG}/{CHECKPOINT}") from None
        raise Refusal("log.file_wrong", path=error.path, reason=f"word.log.{error.reason}") from None


def _file(here: Service, path: str, *, bytes_max: int, kept: str, media: str = TEXT) -> Response:
    """Errors: Refusal http.no_route where there is none."""
    return _sent(_reader(here).file(path, bytes_max=bytes_max), path=path, kept=kept, media=media)


def _sent(content: bytes | None, *, path: str, kept: str, media: str) -> Response:
    """Errors: Refusal http.no_route where there is none."""
    if content is None:
        raise Refusal("http.no_route", path=f"{LOG}/{path}"[:80])
    headers = {
        "Cache-Control": kept,
        "Vary": "Accept-Encoding",
        "Access-Control-Allow-Origin": "*",
        "Cross-Origin-Resource-Policy": "cross-origin",
    }
    return Response(content, media_type=media, headers=headers)
