"""Public documents that entries name by digest: plans, evidence, reasons. Each is a file `document/<SHA-256>` beside the tiles.

The entry is the proof that a document is the one that was meant; whoever copies a log copies them, and a copy without one can say so.
"""

import hashlib
import re
from pathlib import Path

from amana.log.durable import FOR_EVERYBODY, sync, write_durably
from amana.log.entries import Line, places
from amana.log.programme_kinds import DOCUMENTED
from amana.log.read import LogReader
from amana.log.violation import Violation

DOCUMENTS = "document"
DOCUMENT_BYTES_MAX = 2**23
"""The longest are the answers to a consultation: its comments, reasons and differences."""
_PATH = re.compile(rf"{DOCUMENTS}/[0-9a-f]{{64}}")
_PLACE = {kind: places(kind, "digest")[0] for kind in DOCUMENTED}


def digest_of(content: bytes) -> str:
    """The name of a document: SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def path_of(digest: str) -> str:
    """Where it is published, from the log's root."""
    return f"{DOCUMENTS}/{digest}"


def is_document(path: str) -> bool:
    """Whether that is the path of a document."""
    return _PATH.fullmatch(path) is not None


def named_by(line: Line) -> str | None:
    """The digest of the document that an entry names; None where it names none."""
    kind, written = line
    return written[_PLACE[kind]] if kind in _PLACE else None


def read_document(reader: LogReader, *, digest: str) -> bytes | None:
    """The document; None where this copy of the log has none. Errors: Violation where it is another; OSError."""
    content = reader.file(path_of(digest), bytes_max=DOCUMENT_BYTES_MAX)
    if content is not None and digest_of(content) != digest:
        raise Violation(path_of(digest), reason="document_differs")
    return content


def publish_document(root: Path, *, digest: str, content: bytes) -> None:
    """Put a document below the log's root, whole or not at all; on disk when this returns. `root`: as of `LogFolder`.

    One writer at a time: the caller holds a lock. Errors: OSError.
    """
    assert digest_of(content) == digest and len(content) <= DOCUMENT_BYTES_MAX
    target = root / path_of(digest)
    target.parent.mkdir(exist_ok=True)
    sync(root)
    if not target.exists():
        whole = root.parent / f"{DOCUMENTS}.part"  # beside the log: nobody can be served a half
        write_durably(whole, content, mode=FOR_EVERYBODY)
        whole.replace(target)
    sync(target.parent)
