"""A disk that fails at a moment that a test chooses, and one that forgets what was not synced: in the place of the system's own calls."""

import errno
import os
import random
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

CALLS = ("open", "write", "fsync", "fdatasync", "replace", "mkdir", "ftruncate", "unlink")
"""What changes a disk."""


class PowerCut(BaseException):
    """Nothing runs after it."""


class Disk:
    """Counts the calls that change it. `fails`: told the number of the call and its name, raises or returns how many bytes are taken.

    Syncs cost nothing here: what they would have put on disk is noted, for `remains`.
    """

    def __init__(self, patch: pytest.MonkeyPatch, root: Path, *, fails: Callable[[int, str], int | None]) -> None:
        self.calls, self._fails, self._root = 0, fails, root
        self._real = {name: getattr(os, name) for name in CALLS}
        self._held = list[int]()
        """Open descriptors of all that was ever made: so no inode is used twice."""
        self._files, self._folders = dict[int, bytes](), dict[int, dict[str, int]]()
        for below, _, names in os.walk(root):
            self._sync_folder(below)
            for name in names:
                descriptor = self._real["open"](Path(below) / name, os.O_RDONLY)
                self._held.append(descriptor)
                self._sync_file(descriptor)
        for name in CALLS:
            patch.setattr(os, name, self._watched(name))

    def close(self) -> None:
        for descriptor in self._held:
            os.close(descriptor)

    def _watched(self, name: str) -> Callable[..., object]:
        real = self._real[name]

        def call(*given: object, **named: object) -> object:
            if name == "open" and not int(given[1] if len(given) > 1 else 0) & os.O_CREAT:  # type: ignore[call-overload]
                return real(*given, **named)
            self.calls += 1
            taken = self._fails(self.calls, name)
            match name:
                case "fsync" | "fdatasync":
                    self._sync(given[0])  # type: ignore[arg-type]
                    return None
                case "write" if taken is not None:
                    real(given[0], bytes(given[1])[:taken])  # type: ignore[call-overload]
                    raise OSError(errno.EIO, "torn")
                case _:
                    done = real(*given, **named)
            if name in {"open", "mkdir"}:
                self._held.append(os.dup(done) if name == "open" else self._real["open"](given[0], os.O_RDONLY))
            return done

        return call

    def _sync(self, descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            self._sync_folder(f"/proc/self/fd/{descriptor}")
        else:
            self._sync_file(descriptor)

    def _sync_folder(self, path: str) -> None:
        self._folders[Path(path).stat().st_ino] = {each.name: each.inode() for each in os.scandir(path)}

    def _sync_file(self, descriptor: int) -> None:
        self._files[os.fstat(descriptor).st_ino] = Path(f"/proc/self/fd/{descriptor}").read_bytes()

    def remains(self, target: Path, *, chance: random.Random) -> None:
        """Lay down what a power cut leaves: all that was synced; of the rest what chance has written back, torn or not."""
        now = {os.fstat(each).st_ino: each for each in self._held}
        current: dict[int, dict[str, int]] = {}
        for below, _, _ in os.walk(self._root):
            current[Path(below).stat().st_ino] = {each.name: each.inode() for each in os.scandir(below)}

        def content(inode: int) -> bytes:
            written = Path(f"/proc/self/fd/{now[inode]}").read_bytes() if inode in now else b""
            synced = self._files.get(inode, b"")
            if written == synced:
                return synced
            kept = chance.randint(0, len(written))
            return chance.choice([synced, written, written[:kept] + bytes(len(written) - kept)])

        def lay(inode: int, path: Path) -> None:
            path.mkdir()
            synced, later = self._folders.get(inode, {}), current.get(inode, {})
            for name in sorted({*synced, *later}):
                found = chance.choice([synced, later]).get(name)
                if found is None:
                    continue
                if found in current or found in self._folders:
                    lay(found, path / name)
                else:
                    (path / name).write_bytes(content(found))
                    (path / name).chmod(0o600)

        lay(self._root.stat().st_ino, target)
