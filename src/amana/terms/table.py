"""Tables as CSV (RFC 4180), in which nothing is a formula."""

import csv
import io
from collections.abc import Iterable, Sequence
from typing import Final

FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A spreadsheet would run a value that begins so."""


def write_csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """The table as text. A text that a spreadsheet would run begins with an apostrophe instead."""
    written = io.StringIO()
    lines = csv.writer(written, lineterminator="\r\n")
    lines.writerow(columns)
    lines.writerows([harmless(each) for each in row] for row in rows)
    return written.getvalue()


def harmless(value: object) -> object:
    """The value, so that no program runs it.

    >>> harmless("=1+1")
    "'=1+1"
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULA) else value
