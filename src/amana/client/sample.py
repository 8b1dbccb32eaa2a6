"""The invented tables of a dataset, kept as files."""

from collections.abc import Callable, Sequence
from pathlib import Path

from amana.client.wire import misread
from amana.terms.refusal import Refusal


def write_sample(folder: Path, tables: Sequence[str], *, form: str, read: Callable[[str], bytes]) -> tuple[Path, ...]:
    """Write each table as a file of that form; none that exists is touched. `read`: what the node gives for a table.

    Errors: Refusal sample.file_exists, sample.folder_unwritable, client.not_understood for a name that would lead elsewhere.
    """
    for table in tables:
        if Path(table).name != table or "\\" in table:
            raise misread("tables")
    files = tuple(folder / f"{table}.{form}" for table in tables)
    for file in files:
        if file.exists():
            raise Refusal("sample.file_exists", file=str(file))
    for table, file in zip(tables, files, strict=True):
        body = read(table)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            file.write_bytes(body)
        except OSError:
            raise Refusal("sample.folder_unwritable", folder=str(folder)) from None
    return files
