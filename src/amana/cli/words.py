"""Words of the governing commands, read into values."""

import tomllib
from datetime import UTC, date, datetime, time
from pathlib import Path

from amana.terms.refusal import Refusal

FILE_BYTES_MAX = 2_000_000


def needed(given: object, *, word: str, example: str) -> str:
    """A word that this action cannot do without. Errors: Refusal cli.word_missing."""
    if given is None or given == "":
        raise Refusal("cli.word_missing", word=word, example=example)
    return str(given)


def read_until(written: str) -> datetime:
    """The end of that day in UTC, or a moment with its offset. Errors: Refusal cli.bad_date.

    >>> read_until("2027-12-31").isoformat()
    '2027-12-31T23:59:59+00:00'
    """
    try:
        if len(written) == len("2027-12-31"):
            return datetime.combine(date.fromisoformat(written), time(23, 59, 59), tzinfo=UTC)
        moment = datetime.fromisoformat(written)
    except ValueError:
        raise Refusal("cli.bad_date", text=written[:40]) from None
    if moment.tzinfo is None:
        raise Refusal("cli.bad_date", text=written[:40])
    return moment


def read_text(name: str) -> str:
    """Errors: Refusal cli.file_unreadable."""
    try:
        with Path(name).open("rb") as file:
            read = file.read(FILE_BYTES_MAX + 1)
        if len(read) > FILE_BYTES_MAX:
            raise Refusal("cli.file_unreadable", file=name[:200])
        return read.decode("utf-8")
    except (OSError, ValueError):
        raise Refusal("cli.file_unreadable", file=name[:200]) from None


def read_project(name: str) -> dict[str, object]:
    """A project as its applicant writes it in a file: the fields of `POST /projects`, dates as TOML writes them.

    Errors: Refusal cli.file_unreadable, cli.file_not_toml.
    """
    written = read_text(name)
    try:
        found: dict[str, object] = tomllib.loads(written)
    except tomllib.TOMLDecodeError as error:
        from amana.catalog.rules_fields import place_in_toml

        line, column = place_in_toml(written, error)
        raise Refusal("cli.file_not_toml", file=name[:200], line=line, column=column) from None
    return {field: _plain(value) for field, value in found.items()}


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return read_until(value.isoformat()).isoformat()
    return read_until(value.isoformat()).isoformat() if isinstance(value, date) else value
