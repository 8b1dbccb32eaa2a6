"""The text of a PDF from standard input, on standard output behind one word of what was found. Started by `source.py`."""

import io
import sys

from amana.programme.source import CHARACTERS_MAX, PAGES_MAX, PDF_SECONDS_MAX

MEMORY_BYTES_MAX = 1024**3


def extract(content: bytes) -> tuple[str, str]:
    """(what was found, the text): `text`, `empty` (pictures only), `locked`, `long`, `broken` or `missing` (the library)."""
    try:
        from pypdf import PdfReader
    except ImportError:
        return "missing", ""
    pages: list[str] = []
    length = 0
    try:
        reader = PdfReader(io.BytesIO(content))
        if reader.is_encrypted:
            return "locked", ""
        if len(reader.pages) > PAGES_MAX:
            return "long", ""
        for page in reader.pages:
            pages.append(page.extract_text().strip("\n"))  # a sentence goes on over the end of its page
            length += len(pages[-1]) + 1
            if length > CHARACTERS_MAX:
                return "long", ""
    except Exception:  # noqa: BLE001 - whatever a strange file makes the library raise, it cannot be read
        return "broken", ""
    text = "\n".join(pages)
    return ("text", text) if any(map(str.isalnum, text)) else ("empty", "")


def limit() -> None:
    """Let the system end this process rather than have it fill the machine's memory or run for ever."""
    try:
        import resource
    except ImportError:  # not on this system: its parent still ends it in time
        return
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES_MAX, MEMORY_BYTES_MAX))
    resource.setrlimit(resource.RLIMIT_CPU, (PDF_SECONDS_MAX, PDF_SECONDS_MAX))


if __name__ == "__main__":
    limit()
    found, text = extract(sys.stdin.buffer.read())
    sys.stdout.buffer.write(f"{found}\n{text}".encode("utf-8", errors="replace"))
