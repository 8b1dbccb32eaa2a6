"""A file that is there whole or not at all."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from amana.terms.refusal import Refusal, cause_of


@contextmanager
def written_whole(path: Path) -> Generator[BinaryIO, None, None]:
    """A file that takes its name, and the place of an earlier one, when its bytes are on the disk. Errors: Refusal model.not_written."""
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as handle:
            yield handle
            handle.flush()
            os.fsync(handle.fileno())
        part.replace(path)
    except OSError as error:
        raise Refusal("model.not_written", file=str(path)[:400], reason=cause_of(error)) from None
    finally:
        with suppress(OSError):
            part.unlink()
