"""Expected noes (`Refusal`, raised before data is touched) and unexpected failures (`Fault`, opaque outside)."""

import errno
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import final

from amana.terms.codes import CODES


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where in the asker's own text a refusal points. Units: line and column start at 1, length in characters."""

    line: int
    column: int
    length: int = 1


@final
class Refusal(Exception):  # noqa: N818 - the word of the house
    """An expected no: a stable code, a place in the asker's text, and public parameters for the message.

    `code` is a key of `amana.terms.codes.CODES`; the message is translated at the door from the locale files. A parameter is a
    number, something that the asker or a program wrote (a name, SQL, a path), or the code of a word of the locale files
    (`word.state.draft`), which the door shows as that word: never a phrase of one language.

    >>> Refusal("project.waiting", project="p-1", state="word.state.draft")
    AMA-563 project.waiting(project='p-1', state='word.state.draft')
    """

    def __init__(self, code: str, *, where: Place | None = None, **parameters: str | int) -> None:
        assert code in CODES, code
        super().__init__(code)
        self.code = code
        self.number = CODES[code].number
        self.where = where
        self.parameters: Mapping[str, str | int] = MappingProxyType(dict(parameters))

    def at(self, where: Place | None) -> "Refusal":
        """The same refusal, pointing at `where` when it has no place yet."""
        return self if self.where is not None else Refusal(self.code, where=where, **dict(self.parameters))

    def __str__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.parameters.items())
        return f"AMA-{self.number} {self.code}({shown})"

    __repr__ = __str__


@final
@dataclass(slots=True, kw_only=True)
class Fault(Exception):  # noqa: N818 - the word of the house
    """An unexpected failure: outside only the id is shown; the cause stays in the node's own log."""

    id: str
    _: None = field(default=None, init=False, repr=False)

    def __str__(self) -> str:
        return f"fault {self.id}"


_CAUSES = {
    errno.EACCES: "denied",
    errno.EPERM: "denied",
    errno.EROFS: "read_only",
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.ENOENT: "not_there",
    errno.ENOTDIR: "no_folder",
    errno.EISDIR: "folder",
    errno.EEXIST: "exists",
    errno.ENOEXEC: "no_program",
    errno.EMFILE: "too_many_open",
    errno.ENFILE: "too_many_open",
}


def cause_of(error: OSError) -> str:
    """The code of the word for what the operating system answered; for a rare answer, its own name.

    >>> cause_of(PermissionError(errno.EACCES, "Permission denied")), cause_of(OSError(errno.EIO, "Input/output error"))
    ('word.system.denied', 'EIO')
    """
    number = error.errno or 0
    return f"word.system.{_CAUSES[number]}" if number in _CAUSES else errno.errorcode.get(number, type(error).__name__)
