"""Source texts for tests: our own, of invented meetings, in three languages; a small writer of PDF; and where the real one lies."""

import os
import zlib
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent / "communiques"
REAL = Path(__file__).parent.parent.parent / "shared" / "programme" / "communique-ar.txt"
"""Not part of the project, and never quoted in it: looked at by its counts, places and digests."""


def ours(language: str) -> bytes:
    """Our own communiqué in Arabic, French or English."""
    return (FOLDER / f"communique-{language}.txt").read_bytes()


def real() -> bytes:
    """The bytes of the real communiqué, in Arabic; the test is skipped where it is not."""
    if not REAL.is_file():
        pytest.skip("no ../shared/programme beside the project: the real communiqué is not read here")
    return REAL.read_bytes()


def pdf_of(text: str, *, lines_per_page: int = 40, drawn: bool = True) -> bytes:
    """A PDF with each line of the text on a line of its own; `drawn=False`: with a filled square in its place, as a scan has."""
    lines = text.split("\n")
    pages = [lines[start : start + lines_per_page] for start in range(0, len(lines), lines_per_page)]
    kids = " ".join(f"{4 + 2 * index} 0 R" for index in range(len(pages)))
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        f"<< /Type /Pages /Kids [{kids}] /Count {len(pages)} >>".encode(),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>",
    ]
    for index, page in enumerate(pages):
        shown = b" ".join(b"(" + _escaped(line) + b") Tj T*" for line in page)
        body = zlib.compress(b"BT /F1 9 Tf 12 TL 40 800 Td " + shown + b" ET" if drawn else b"40 40 500 700 re f")
        head = (
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Resources << /Font << /F1 3 0 R >> >> /Contents {5 + 2 * index} 0 R >>"
        )
        objects += [head.encode(), b"<< /Filter /FlateDecode /Length %d >>\nstream\n%b\nendstream" % (len(body), body)]
    return _filed(objects)


def _escaped(line: str) -> bytes:
    return line.encode("cp1252").replace(b"\\", b"\\\\").replace(b"(", b"\\(").replace(b")", b"\\)")


def _filed(objects: list[bytes]) -> bytes:
    made, places = bytearray(b"%PDF-1.4\n"), []
    for number, body in enumerate(objects, start=1):
        places.append(len(made))
        made += b"%d 0 obj\n%b\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"xref\n0 %d\n0000000000 65535 f \n%btrailer << /Size %d /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(made) + end % (len(places) + 1, table, len(places) + 1, len(made))


def others() -> list[Path]:
    """Other real texts, by their paths: AMANA_TEST_COMMUNIQUES names files, with the separator of paths between them."""
    return [Path(each) for each in os.environ.get("AMANA_TEST_COMMUNIQUES", "").split(os.pathsep) if each]
