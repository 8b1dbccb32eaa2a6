"""A table as text: columns aligned by spaces, for terminals and files alike."""

import unicodedata
from collections.abc import Sequence


def text_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, numbers: Sequence[bool]) -> list[str]:
    """The lines of a table with its header. `numbers`: columns set to the right."""
    widths = [max([_width(name), *(_width(row[index]) for row in rows)]) for index, name in enumerate(columns)]
    lines: list[str] = []
    for cells in (columns, ["-" * width for width in widths], *rows):
        padded = (_pad(cell, width, right=right) for cell, width, right in zip(cells, widths, numbers, strict=True))
        lines.append("  ".join(padded).rstrip())
    return lines


def _width(text: str) -> int:
    """Columns of a terminal that the text fills."""
    return sum(0 if unicodedata.combining(letter) else 2 if unicodedata.east_asian_width(letter) in "WF" else 1 for letter in text)


def _pad(text: str, width: int, *, right: bool) -> str:
    space = " " * (width - _width(text))
    return space + text if right else text + space
