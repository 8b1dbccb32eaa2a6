"""Receipts, from the node's own machine: whoever holds the data folder sees what was sealed."""

from pathlib import Path

from amana.local.people import service_in


def entries_of(thing: str, *, folder: str | Path | None) -> tuple[int, ...]:
    """The entries of the log that tell of a project, a permit or a job."""
    service = service_in(folder)
    try:
        return service.entries_of(thing)
    finally:
        service.close()


def get_receipt(index: int, *, folder: str | Path | None) -> str:
    """The receipt of that entry of the log, as a file. Errors: Refusal receipt.no_entry."""
    service = service_in(folder)
    try:
        return service.receipt("machine", index=index)
    finally:
        service.close()
