"""Predictions for the rows of a CSV file: columns by name, every other column kept, what is not understood counted and told."""

import csv
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, TextIO, final

from amana.client.predict import Scorer, named, needed_columns, read_cell
from amana.terms.model import Cell, Cells, Model
from amana.terms.refusal import Refusal, cause_of

COLUMN = "prediction"
BLOCK_ROWS = 10_000
KNOWN_VALUES_MAX = 50_000
KNOWN_CHARACTERS_MAX = 40
"""Of one feature, whose cells are remembered."""
DELIMITERS = (",", ";", "\t", "|")
_SHOWN_CHARACTERS_MAX = 60


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Misread:
    """Values of a column that were not understood, or are of no declared member: how many, and the first of them."""

    column: str
    count: int
    line: int
    text: str


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Predicted:
    rows_count: int
    misread: tuple[Misread, ...]


@contextmanager
def open_rows(path: Path) -> Generator[TextIO, None, None]:
    """A CSV file as text. Errors: Refusal predict.rows_unreadable."""
    try:
        handle = path.open("r", encoding="utf-8-sig", newline="")
    except OSError as error:
        raise Refusal("predict.rows_unreadable", file=str(path)[:400], reason=cause_of(error)) from None
    with handle:
        yield handle


def predict_rows(model: Model, source: TextIO, out: TextIO, *, name: str, column: str = COLUMN) -> Predicted:
    """Write every row with its prediction in a last column. `name`: of the source, for refusals.

    Errors: Refusal predict.column_missing, predict.column_taken, predict.line_wrong.
    """
    header, delimiter = header_of(needed_columns(model), source, name=name)
    if column in header:
        raise Refusal("predict.column_taken", column=column)
    reader = _Cells(model, header)
    writer = csv.writer(out, delimiter=delimiter, lineterminator="\n")
    writer.writerow([*header, column])
    scorer, rows_count = Scorer(model), 0
    block: list[list[str]] = []
    cells: list[Cells] = []
    for line, row in rows_of(source, name=name, delimiter=delimiter, width=len(header)):
        block.append(row)
        cells.append(reader.read(row, line=line))
        if len(block) == BLOCK_ROWS:
            rows_count += _write(writer, block, scorer.predict(cells))
            block.clear()
            cells.clear()
    rows_count += _write(writer, block, scorer.predict(cells))
    return Predicted(rows_count=rows_count, misread=reader.misread())


def header_of(needed: Sequence[str], source: TextIO, *, name: str) -> tuple[list[str], str]:
    """The names of the columns, and what stands between them: whatever makes the needed columns be there.

    Errors: Refusal predict.column_missing, predict.column_twice.
    """
    lines = _lines(source, name=name)
    first = next(lines, "")
    found = {delimiter: _parted(first, delimiter) for delimiter in DELIMITERS}
    for delimiter, header in found.items():
        if set(needed) <= set(header):
            repeated = [column for column in needed if header.count(column) > 1]
            if repeated:
                raise Refusal("predict.column_twice", file=name[:400], columns=named(repeated))
            return header, delimiter
    header = max(found.values(), key=len)
    missing = [column for column in needed if column not in header]
    raise Refusal("predict.column_missing", columns=named(missing), needed=named(needed))


def _parted(line: str, delimiter: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=delimiter), list[str]())
    except csv.Error:
        return []


def _lines(source: TextIO, *, name: str) -> Iterator[str]:
    """Errors: Refusal predict.line_wrong for what is not UTF-8, predict.rows_unreadable."""
    line = 0
    try:
        for text in source:
            line += 1
            yield text
    except UnicodeDecodeError:
        raise Refusal("predict.line_wrong", file=name[:400], line=line + 1, reason="word.rows.not_utf8") from None
    except OSError as error:
        raise Refusal("predict.rows_unreadable", file=name[:400], reason=cause_of(error)) from None


def rows_of(source: TextIO, *, name: str, delimiter: str, width: int) -> Iterator[tuple[int, list[str]]]:
    """Each row with the line that it ends in; empty lines are none. Errors: Refusal predict.line_wrong."""
    reader = csv.reader(_lines(source, name=name), delimiter=delimiter, strict=True)
    try:
        for row in reader:
            if row and len(row) != width:
                raise Refusal("predict.line_wrong", file=name[:400], line=reader.line_num + 1, reason="word.rows.other_width")
            if row:
                yield reader.line_num + 1, row
    except csv.Error:
        raise Refusal("predict.line_wrong", file=name[:400], line=reader.line_num + 1, reason="word.rows.no_csv") from None


class _Writer(Protocol):
    """What `csv.writer` gives."""

    def writerows(self, rows: Iterable[Sequence[str]], /) -> None: ...


def _write(writer: _Writer, block: Sequence[list[str]], predictions: Sequence[float]) -> int:
    """Numbers as the shortest text that reads as the same number."""
    writer.writerows([*row, repr(value)] for row, value in zip(block, predictions, strict=True))
    return len(block)


@final
class _Cells:
    """Reads rows into cells, and counts what it did not understand."""

    def __init__(self, model: Model, header: Sequence[str]) -> None:
        self._features = [(feature, header.index(feature.name)) for feature in model.features]
        self._known: list[dict[str, tuple[Cell, bool]]] = [{} for _ in model.features]
        self._misread: dict[str, Misread] = {}

    def read(self, row: Sequence[str], *, line: int) -> Cells:
        cells: list[Cell] = []
        odd: dict[str, str] = {}
        for (feature, place), known in zip(self._features, self._known, strict=True):
            text = row[place]
            found = known.get(text)
            if found is None:
                found = read_cell(feature, text)
                if len(known) < KNOWN_VALUES_MAX and len(text) <= KNOWN_CHARACTERS_MAX:
                    known[text] = found
            cells.append(found[0])
            if not found[1]:
                odd[feature.name] = text
        for column, text in odd.items():
            first = self._misread.get(column) or Misread(column=column, count=0, line=line, text=text[:_SHOWN_CHARACTERS_MAX])
            self._misread[column] = Misread(column=column, count=first.count + 1, line=first.line, text=first.text)
        return tuple(cells)

    def misread(self) -> tuple[Misread, ...]:
        return tuple(self._misread.values())
