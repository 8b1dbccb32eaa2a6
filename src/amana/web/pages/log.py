"""The public log: how it stands now, who watches it, how anybody checks it; and each of its entries, readable."""

import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, final

from fastapi import Path, Query, Response

from amana.log.look import entries_between, find_entry, published_now
from amana.log.note import NoteError
from amana.log.published import KEY_BYTES_MAX, archived_days
from amana.log.quorum import POLICY_BYTES_MAX, Policy, read_policy
from amana.log.read import CHECKPOINT, KEY_FILE, POLICY_FILE, FolderReader
from amana.log.tree import leaf_hash
from amana.log.violation import Violation
from amana.node.service import Service
from amana.terms.refusal import Refusal
from amana.web.access import open_because
from amana.web.pages.quorum import quorum_told, witnesses_seen
from amana.web.pages.render import page
from amana.web.pages.route import Read, public_pages
from amana.web.pages.told import known_of, members_of, rows_of, sealed_of, sentence, told
from amana.web.pages.words import hour_of, written_at

ENTRIES_SHOWN = 20
DAYS_SHOWN = 14
INDEX_MAX = 2**53 - 1
FOLDER = "log"
SAID = open_because("the log is published so that anybody can check what was done with the data")
router = public_pages()


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """The key of the log as its file holds it. `digest`: SHA-256 of that file, to compare with what others say."""

    text: str
    digest: str


@router.get("/log", openapi_extra=SAID)
def log(reader: Read, before: Annotated[int | None, Query(ge=1, le=INDEX_MAX)] = None) -> Response:
    """The log as it is now, and its latest entries; `before`: those that stand before that one."""
    service, files = reader.service, reader_of(reader.service)
    with undamaged():
        try:
            note, checkpoint = published_now(files)
        except Violation as error:
            if (error.path, error.reason) != (CHECKPOINT, "missing"):
                raise
            return page(reader, "log.html", checkpoint=None)
        high = min(before or checkpoint.size, checkpoint.size)
        low = max(0, high - ENTRIES_SHOWN)
        entries = [members_of(each) for each in entries_between(files, low=low, high=high, size=checkpoint.size)]
        policy, days = policy_of_log(files), sorted(archived_days(files), reverse=True)
        return page(
            reader,
            "log.html",
            checkpoint=checkpoint,
            root=checkpoint.root.hex(),
            published=hour_of(written_at(files.folder / CHECKPOINT)),
            key=key_of_log(files),
            quorum=quorum_told(reader, policy),
            witnesses=tuple(witnesses_seen(note, policy)),
            days=days[:DAYS_SHOWN],
            days_count=len(days),
            address=service.settings.public_url,
            entries=told(reader, entries, first=low),
            older=low,
            newer=None if high >= checkpoint.size else min(checkpoint.size, high + ENTRIES_SHOWN),
        )


@router.get("/log/{index}", openapi_extra=SAID)
def entry(reader: Read, index: Annotated[int, Path(ge=0, le=INDEX_MAX)]) -> Response:
    """One entry, in words, with everything that a browser needs to check it."""
    files = reader_of(reader.service)
    with undamaged():
        checkpoint = published_now(files)[1]
        found = find_entry(files, index=index)
        if found is None:
            raise Refusal("log.no_entry", index=index, size=checkpoint.size)
    members = found.members
    known = known_of(reader.service, [members])
    return page(
        reader,
        "entry.html",
        index=index,
        last=checkpoint.size - 1,
        sentence=sentence(reader, members, known=known),
        rows=rows_of(reader, members, known=known),
        sealed=sealed_of(members),
        kind=str(members["kind"]),
        leaf=leaf_hash(found.entry).hex(),
        address=reader.service.settings.public_url,
    )


def reader_of(service: Service) -> FolderReader:
    """The files of the log."""
    return FolderReader(service.settings.folder / FOLDER)


def size_of(files: FolderReader) -> int:
    """How many entries are published; 0 before the first. Errors: Refusal log.file_wrong."""
    with undamaged():
        try:
            return published_now(files)[1].size
        except Violation as error:
            if (error.path, error.reason) != (CHECKPOINT, "missing"):
                raise
            return 0


def policy_of_log(files: FolderReader) -> Policy:
    """Errors: Violation."""
    content = files.file(POLICY_FILE, bytes_max=POLICY_BYTES_MAX)
    if content is None:
        raise Violation(POLICY_FILE, reason="missing")
    try:
        return read_policy(content)
    except NoteError as error:
        raise Violation(POLICY_FILE, reason=error.reason.partition(" ")[0]) from None


def key_of_log(files: FolderReader) -> Key:
    """Errors: Violation."""
    content = files.file(KEY_FILE, bytes_max=KEY_BYTES_MAX)
    if content is None:
        raise Violation(KEY_FILE, reason="missing")
    return Key(text=content.decode("utf-8", "replace").strip(), digest=hashlib.sha256(content).hexdigest())


@contextmanager
def undamaged() -> Generator[None]:
    """Errors: Refusal http.no_route where there is no log yet, log.file_wrong where its own files are not as they must be."""
    try:
        yield
    except Violation as error:
        if (error.path, error.reason) == (CHECKPOINT, "missing"):
            raise Refusal("http.no_route", path=f"/{FOLDER}") from None
        raise Refusal("log.file_wrong", path=error.path, reason=f"word.log.{error.reason}") from None
