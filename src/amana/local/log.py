"""The public log, for whoever holds the data folder: opening and forgetting what was sealed, and the log's keys."""

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from amana.local.people import service_in

if TYPE_CHECKING:
    from amana.node.log_keeper import LogKeeper


@contextmanager
def keeping(folder: str | Path | None) -> "Generator[LogKeeper]":
    """The keeper of that folder's log. Errors: a refusal."""
    service = service_in(folder)
    try:
        yield service.keeper()
    finally:
        service.close()
