"""The processes that share a data folder. Each holds a lock that the system frees however it ends, so others can tell."""

import fcntl
import secrets
from pathlib import Path
from typing import IO, final


@final
class Worker:
    """This process. `name`: random, new at each start."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "workers"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.name = secrets.token_hex(8)
        self._held: IO[str] = (self._folder / f"{self.name}.lock").open("w")
        fcntl.flock(self._held, fcntl.LOCK_EX)

    def alive(self, name: str) -> bool:
        """Whether that process still runs. A name that nobody holds is of one that ended."""
        path = self._folder / f"{name}.lock"
        try:
            with path.open("r+") as found:
                fcntl.flock(found, fcntl.LOCK_EX | fcntl.LOCK_NB)
                path.unlink(missing_ok=True)
        except FileNotFoundError:
            return False
        except BlockingIOError:
            return True
        return False

    def close(self) -> None:
        """Tell the others that nothing of this process runs any more."""
        (self._folder / f"{self.name}.lock").unlink(missing_ok=True)
        self._held.close()
