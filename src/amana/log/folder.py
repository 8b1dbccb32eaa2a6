"""The published folder of a log, as its writer changes it: a file appears whole, and is on disk before the next step relies on it.

Half-written files lie in a private folder beside it, on the same disk, so that nobody can be served one.
"""

import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import final

from amana.log.durable import FOR_EVERYBODY, sync
from amana.log.tiles import TILE_WIDTH, Tile, read_path

PRIVATE = 0o700


@final
class LogFolder:
    """One writer at a time: the caller holds a lock. `root`: what is published; `parts`: what is not yet."""

    def __init__(self, root: Path, *, parts: Path) -> None:
        self.root, self._parts = root, parts
        self._durable = set[Path]()
        """Folders whose own names are known to be on disk."""

    def open(self) -> None:
        """Make both folders. Forgets what it knew to be on disk: after a failed write that knowledge is worth nothing. Errors: OSError."""
        self._durable.clear()
        self._parts.mkdir(mode=PRIVATE, exist_ok=True)
        self.root.mkdir(exist_ok=True)
        sync(self.root.parent)

    def put(self, files: Sequence[tuple[str, bytes]], *, time_s: float | None = None) -> None:
        """Write the files of those paths and put them in the place of what was there; on disk when this returns.

        Each is whole at any moment, the new one or the one before it. `time_s`: when they say that they were written. Errors: OSError.
        """
        written, folders = list[tuple[int, Path, Path]](), dict[Path, None]()
        try:
            for number, (path, content) in enumerate(files):
                part, target = self._parts / str(number), self.root / path
                self._make(target.parent, folders)
                written.append((_write(part, content, time_s=time_s), part, target))
            # All are on their way to the disk by now, so that waiting for the first is waiting for nearly all.
            for descriptor, _, _ in written:
                os.fsync(descriptor)
        finally:
            for descriptor, _, _ in written:
                os.close(descriptor)
        # A crash before this line leaves parts that nobody sees; within the loop, some of the files: each is true by itself.
        for _, part, target in written:
            part.replace(target)
            folders[target.parent] = None
        for folder in folders:
            sync(folder)
        self._durable.update(each for _, _, target in written for each in (target.parent, *target.parent.parents))

    def remove_partials(self, tile: Tile) -> None:
        """Remove the partial tiles where the full one is on disk. What a crash leaves is removed at the next opening."""
        assert tile.width == TILE_WIDTH
        folder = self.root / f"{tile.path_full}.p"
        self._durable.discard(folder)
        shutil.rmtree(folder, ignore_errors=True)

    def sweep(self) -> None:
        """Remove every partial tile beside a full one."""
        for below, folders, _ in os.walk(self.root / "tile"):
            for name in [name for name in folders if name.endswith(".p")]:
                folders.remove(name)
                full = Path(below) / name.removesuffix(".p")
                tile = read_path(full.relative_to(self.root).as_posix())
                if tile is not None and full.is_file():
                    self.remove_partials(tile)

    def _make(self, folder: Path, changed: dict[Path, None]) -> None:
        """That folder, and those above it up to the root. `changed`: gets those that must be synced for their names to be on disk."""
        if folder in self._durable or folder == self.root:
            return
        self._make(folder.parent, changed)
        with suppress(FileExistsError):
            folder.mkdir()
        changed[folder.parent] = None


def _write(path: Path, content: bytes, *, time_s: float | None) -> int:
    """The open file, its content on the way to the disk."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC, FOR_EVERYBODY)
    try:
        os.fchmod(descriptor, FOR_EVERYBODY)
        write_all(descriptor, content)
        if time_s is not None:
            os.utime(descriptor, (time_s, time_s))
        if hasattr(os, "posix_fadvise"):
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)  # begins to write, and does not wait
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def write_all(descriptor: int, content: bytes) -> None:
    """Every byte of it, however often the system takes only a part. Errors: OSError."""
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]
