"""Writing that survives a power cut: after a crash a file is whole, the new one or the one before it."""

import os
from contextlib import suppress
from pathlib import Path

OWNER_ONLY = 0o600
FOR_EVERYBODY = 0o644
"""Of what is published."""


def write_durably(path: Path, content: bytes, *, mode: int = OWNER_ONLY) -> None:
    """Put the content in place of the file, all or nothing, readable by its owner only unless `mode` says more; on disk when this returns.

    One writer at a time: the caller holds a lock. Errors: OSError; the file is then as it was.
    """
    beside = path.with_name(f".{path.name}.tmp")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
        try:
            os.fchmod(descriptor, mode)
            left = memoryview(content)
            while left:
                left = left[os.write(descriptor, left) :]
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise
    sync(path.parent)


def move_durably(source: Path, target: Path) -> None:
    """Rename within one folder, on disk when this returns. Errors: OSError."""
    source.replace(target)
    sync(target.parent)


def remove_durably(path: Path) -> None:
    """Remove the file if it is there. Errors: OSError."""
    with suppress(FileNotFoundError):
        path.unlink()
        sync(path.parent)


def sync(path: Path) -> None:
    """Wait until the file, or the names in the folder, are on disk. Errors: OSError."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
