"""A source text as it was published: a communiqué, a declaration, an agreement, in Arabic, French or English.

Its bytes are known by their digest, and every place in it is counted in code points of the text that they hold, so that whoever has
the same bytes finds the same piece. A byte order mark is the first of these.
"""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from typing import Literal, TypeAlias, final

from amana.programme.language import Language, language_of
from amana.terms.refusal import Refusal

BYTES_MAX = 4 * 1024 * 1024
CHARACTERS_MAX = 1_000_000
PAGES_MAX = 200
STATEMENTS_MAX = 2_000
PDF_SECONDS_MAX = 30
"""How long the process that reads a PDF may take."""

_COMMAND = (sys.executable, "-m", "amana.programme.pdf_process")
_BLANK = b"\xef\xbb\xbf \t\r\n"

Media: TypeAlias = Literal["text", "pdf"]


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source text. `sha256`: of the file's bytes. Units: places in `text` are code points from 0."""

    sha256: str
    text: str
    language: Language
    media: Media

    def line_and_column(self, place: int) -> tuple[int, int]:
        """Where a person finds that place. Units: from 1."""
        before = self.text[:place]
        return before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1


def read_source(content: bytes) -> Source:
    """The text of a plain UTF-8 file or a PDF. It is enough to give one byte more than `BYTES_MAX` of a file that is too large.

    Errors: Refusal programme.source_*, client.library_missing.
    """
    if len(content) > BYTES_MAX:
        raise Refusal("programme.source_too_large", megabytes=BYTES_MAX // 1024**2)
    is_pdf = content.lstrip(_BLANK).startswith(b"%PDF-")
    text = _text_of_pdf(content) if is_pdf else _text_of(content)
    if len(text) > CHARACTERS_MAX:
        raise Refusal("programme.source_too_long", characters=CHARACTERS_MAX, pages=PAGES_MAX, statements=STATEMENTS_MAX)
    digest = hashlib.sha256(content).hexdigest()
    return Source(sha256=digest, text=text, language=language_of(text), media="pdf" if is_pdf else "text")


def _text_of(content: bytes) -> str:
    if not content.strip():
        raise Refusal("programme.source_empty")
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Refusal("programme.source_not_utf8", byte=error.start + 1) from None
    if not text.strip("\ufeff\n\r\t\f\v "):
        raise Refusal("programme.source_empty")
    return text


def _text_of_pdf(content: bytes) -> str:
    """Read by a process of its own, with limits on its time and memory: a PDF is a program, and may be made to harm."""
    try:
        done = subprocess.run(  # noqa: S603 - our own program
            _COMMAND, input=content, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False, timeout=PDF_SECONDS_MAX
        )
    except subprocess.TimeoutExpired:
        raise Refusal("programme.source_broken_pdf") from None
    found, _, text = done.stdout.partition(b"\n")
    match found:
        case b"text":
            return text.decode("utf-8")
        case b"empty":
            raise Refusal("programme.source_without_text")
        case b"locked":
            raise Refusal("programme.source_locked_pdf")
        case b"long":
            raise Refusal("programme.source_too_long", characters=CHARACTERS_MAX, pages=PAGES_MAX, statements=STATEMENTS_MAX)
        case b"missing":
            raise Refusal("client.library_missing", library="pypdf", extra="programme")
        case _:
            raise Refusal("programme.source_broken_pdf")
