"""Checkpoints: what a log says that its tree is, signed. Source: c2sp.org/tlog-checkpoint."""

import base64
import binascii
from dataclasses import dataclass
from typing import final

from amana.log.note import NoteError, is_name
from amana.log.tree import HASH_BYTES, Hash

SIZE_MAX = 2**63 - 1


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Checkpoint:
    """The tree of a log at one size. `extensions`: further lines, which this house never writes."""

    origin: str
    size: int
    root: Hash
    extensions: tuple[str, ...] = ()

    @property
    def text(self) -> str:
        """The text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode("ascii"), *self.extensions)
        return "".join(f"{line}\n" for line in lines)


def read_checkpoint(text: str) -> Checkpoint:
    """The checkpoint that a note's text is; whether anybody signed it is another question. Errors: NoteError."""
    lines = text.split("\n")
    if len(lines) < 4 or lines[-1] or not all(lines[:-1]) or not is_name(lines[0]):
        raise NoteError("checkpoint_form")
    size = read_size(lines[1])
    try:
        root = base64.b64decode(lines[2].encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError):
        raise NoteError("base64") from None
    found = Checkpoint(origin=lines[0], size=size, root=Hash(root), extensions=tuple(lines[3:-1]))
    if len(root) != HASH_BYTES or found.text != text:
        raise NoteError("checkpoint_form")
    return found


def read_size(written: str) -> int:
    """A size as decimal digits without leading zeroes. Errors: NoteError."""
    if not (written.isascii() and written.isdigit()) or len(written) > 19 or str(int(written)) != written or int(written) > SIZE_MAX:
        raise NoteError("checkpoint_form")
    return int(written)
