"""The node's own journal, `node.log`: a line that the disk does not take is lost, and no question with it."""

import os
from contextlib import suppress
from pathlib import Path
from typing import final

from amana.node.durable import OWNER_ONLY

CLOSED = -1


@final
class Journal:
    """A file that lines are added to, by any thread and process. Errors: OSError when it cannot be opened, and none after that."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, OWNER_ONLY)

    def write(self, line: str) -> int:
        """Add a line if there is room."""
        with suppress(OSError):
            os.write(self._file, line.encode())
        return len(line)

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        """Give the file back; what is written later is lost."""
        given, self._file = self._file, CLOSED
        os.close(given)
