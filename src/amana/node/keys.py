"""The keys of a node: data keys, each wrapped by one key-encryption key, in `keys/wrapped.json`.

- `rank` and `digest` are made once and never replaced: the first is the order of rows (PRIVACY 3), the second finds an earlier
  answer again (PRIVACY 10). A rotation wraps them anew.
- `version/<id>` opens the file of one published version. To forget it is to erase the version.
- The file of wrapped keys is replaced as a whole, by one rename: every change is all or nothing. One writer at a time
  (`keys/lock`); readers need no lock.
- Nothing here makes a key where keys were before: a key that is lost is a refusal, never a new key.
"""

import base64
import fcntl
import json
import re
import threading
import time
from collections.abc import Callable, Generator, Iterable
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TypeVar, cast, final

from amana.log.durable import move_durably, remove_durably, write_durably
from amana.node.key_source import (
    FILE,
    KMS,
    SOURCES,
    FileKey,
    KeyMeans,
    KeySource,
    KmsKey,
    Secret,
    SecretText,
    UnwrapError,
    make_key,
    new_key,
    read_key,
)
from amana.node.settings import Settings
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal, cause_of

FORMAT = 1
RANK, DIGEST, VERSION = "rank", "digest", "version/"
LOCK_WAIT_S = 30.0
LOCK_STEP_S = 0.02
READ_TRIES = 5
OLD_FILES = ("store.key", "rank.key", "digest.key")
NAME = re.compile(rf"{RANK}|{DIGEST}|{VERSION}[0-9A-Za-z_-]+")
Opened = TypeVar("Opened")


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class WrappedKey:
    """One data key. `generation`: how often the file of a version was encrypted anew."""

    name: str
    made_at: datetime
    wrapped: bytes = field(repr=False)
    generation: int = 0

    @property
    def file_name(self) -> str:
        """The file that this key opens, in `versions/`."""
        stem = self.name.removeprefix(VERSION)
        return f"{stem}.{self.generation}.duckdb" if self.generation else f"{stem}.duckdb"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapped:
    """All data keys, and which key-encryption key wraps them: its source, its id, and when it came into use."""

    source: str
    kek: str
    made_at: datetime
    keys: tuple[WrappedKey, ...]

    def key(self, name: str) -> WrappedKey | None:
        """The key of that name."""
        return next((each for each in self.keys if each.name == name), None)


def utc_now() -> datetime:
    """The time of the machine."""
    return datetime.now(UTC)


@final
class KeyRing:
    """The keys of one data folder. `now` dates new keys."""

    def __init__(self, folder: Path, *, means: KeyMeans, now: Callable[[], datetime] = utc_now) -> None:
        self.folder, self.means, self.now = folder, means, now
        self.path = folder / "keys" / "wrapped.json"
        self._changing, self._depth = threading.RLock(), 0

    def __repr__(self) -> str:
        return f"KeyRing({self.folder})"

    # --- opening ---

    def open(self) -> None:
        """Make the keys of a new folder, or see that those of this folder can be used.

        Errors: `keys.*` refusals.
        """
        (self.folder / "keys").mkdir(parents=True, exist_ok=True, mode=0o700)
        for name in OLD_FILES:
            if (self.folder / "keys" / name).exists():
                raise Refusal("keys.old_layout", file=str(self.folder / "keys" / name))
        if not self.path.exists():
            with self.changing():
                if not self.path.exists():
                    self._begin()
        if self.key_file_next.exists():
            with suppress(Refusal), self.changing(wait_s=0):  # else a rotation is at work, and will do it itself
                self.settle()
        self.data_key(RANK)

    def _begin(self) -> None:
        used = (self.folder / "node.sqlite").exists() or any((self.folder / "versions").glob("*"))
        if used:
            raise Refusal("keys.missing", file=str(self.path))
        source: KeySource
        if self.means.kms_command is not None:
            source = self.kms()
        else:
            # A key file that an operator laid down beforehand is used as it is.
            source = read_key(self.means.key_file) or make_key(self.means.key_file)
        now = self.now()
        keys = tuple(self.wrap(name, new_key(), source=source, made_at=now) for name in (RANK, DIGEST))
        self.write(Wrapped(source=source.kind, kek=source.id, made_at=now, keys=keys))

    # --- reading ---

    def data_key(self, name: str) -> Secret:
        """The data key of that name. Errors: `keys.*` refusals."""
        return self._unwrapped(name)[1]

    def version_file(self, version: VersionId) -> Path:
        """The file of that version. Errors: `keys.*` refusals."""
        return self.folder / "versions" / self._entry(self.read(), VERSION + version).file_name

    def open_version(self, version: VersionId, opener: Callable[[Path, SecretText], Opened]) -> Opened:
        """What `opener` makes of the version's file and its key: both of one moment, however many rotations come between.

        Errors: those of `opener`, and `keys.*` refusals.
        """
        while True:
            entry, key = self._unwrapped(VERSION + version)
            try:
                return opener(self.folder / "versions" / entry.file_name, text_of(key))
            except Refusal:
                if self._entry(self.read(), entry.name).generation == entry.generation:
                    raise

    def version_key(self, version: VersionId) -> SecretText:
        """The key of that version's file, in base64. Errors: `keys.*` refusals."""
        return text_of(self.data_key(VERSION + version))

    def read(self) -> Wrapped:
        """What the file of wrapped keys says. Errors: Refusal `keys.missing`, `keys.damaged`, `keys.no_access`."""
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            raise Refusal("keys.missing", file=str(self.path)) from None
        except OSError as error:
            raise Refusal("keys.no_access", file=str(self.path), reason=cause_of(error)) from None
        try:
            return _read(text)
        except (ValueError, TypeError, KeyError, AttributeError):
            raise Refusal("keys.damaged", file=str(self.path), name="…") from None

    def source(self, wrapped: Wrapped) -> KeySource:
        """The source that wrapped these keys. Errors: `keys.*` refusals."""
        if wrapped.source == KMS:
            return self.kms()
        found = self._file_key(wrapped)
        if found is not None:
            return found
        present = read_key(self.means.key_file)
        if present is None:
            raise Refusal("keys.missing", file=str(self.means.key_file))
        raise Refusal("keys.wrong_key", file=str(self.means.key_file), found=present.id, wanted=wrapped.kek)

    def kms(self) -> KmsKey:
        """The KMS of the settings. Errors: Refusal `keys.kms_not_set`, `keys.kms_unusable`."""
        if self.means.kms_command is None:
            raise Refusal("keys.kms_not_set")
        return KmsKey(self.means.kms_command, wait_ms_max=self.means.kms_wait_ms_max)

    def unwrap(self, entry: WrappedKey, *, source: KeySource) -> Secret:
        """The data key. Errors: Refusal `keys.damaged`."""
        try:
            return source.unwrap(entry.wrapped, name=entry.name)
        except UnwrapError:
            raise Refusal("keys.damaged", file=str(self.path), name=entry.name) from None

    def _unwrapped(self, name: str) -> tuple[WrappedKey, Secret]:
        """A rotation renames two files, one after the other: who reads between them reads again."""
        for _ in range(READ_TRIES):
            wrapped = self.read()
            if wrapped.source == FILE and self._file_key(wrapped) is None:
                time.sleep(LOCK_STEP_S)
                continue
            entry = self._entry(wrapped, name)
            return entry, self.unwrap(entry, source=self.source(wrapped))
        wrapped = self.read()
        entry = self._entry(wrapped, name)
        return entry, self.unwrap(entry, source=self.source(wrapped))

    def _file_key(self, wrapped: Wrapped) -> FileKey | None:
        for path in (self.means.key_file, self.key_file_next):
            found = read_key(path)
            if found is not None and found.id == wrapped.kek:
                return found
        return None

    def _entry(self, wrapped: Wrapped, name: str) -> WrappedKey:
        entry = wrapped.key(name)
        if entry is None:
            raise Refusal("keys.damaged", file=str(self.path), name=name)
        return entry

    # --- changing ---

    @property
    def key_file_next(self) -> Path:
        """Where a rotation puts the new key-encryption key until every data key is wrapped by it."""
        real = self.means.key_file.resolve()
        return real.with_name(f"{real.name}.next")

    @contextmanager
    def changing(self, *, wait_s: float = LOCK_WAIT_S) -> Generator[None, None, None]:
        """One change of keys or version files at a time, over all processes; a thread may hold it again.

        The system frees the lock when the process ends, however it ends. Errors: Refusal `keys.busy`.
        """
        if not self._changing.acquire(timeout=wait_s) if wait_s else not self._changing.acquire(blocking=False):
            raise Refusal("keys.busy", folder=str(self.folder))
        try:
            if self._depth:
                yield
                return
            with self._lock_file() as held:
                self._take(held.fileno(), until=time.monotonic() + wait_s)
                self._depth += 1
                try:
                    yield
                finally:
                    self._depth -= 1
        finally:
            self._changing.release()

    def _lock_file(self) -> IO[str]:
        path = self.folder / "keys" / "lock"
        try:
            return path.open("w")
        except OSError as error:
            raise Refusal("keys.no_access", file=str(path), reason=cause_of(error)) from None

    def _take(self, descriptor: int, *, until: float) -> None:
        while True:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() >= until:
                    raise Refusal("keys.busy", folder=str(self.folder)) from None
                time.sleep(LOCK_STEP_S)
            else:
                return

    def add_version(self, version: VersionId) -> None:
        """A new random key for a new version. Errors: `keys.*` refusals."""
        with self.changing():
            wrapped = self.read()
            assert wrapped.key(VERSION + version) is None, "version ids are never used again"
            entry = self.wrap(VERSION + version, new_key(), source=self.source(wrapped), made_at=self.now())
            self.write(replace(wrapped, keys=(*wrapped.keys, entry)))

    def forget_version(self, version: VersionId) -> None:
        """Erase the key of a version: nobody can read it again. Errors: `keys.*` refusals."""
        with self.changing():
            wrapped = self.read()
            self.write(replace(wrapped, keys=tuple(each for each in wrapped.keys if each.name != VERSION + version)))

    def keep_versions(self, versions: Iterable[VersionId]) -> frozenset[str]:
        """Forget the keys of all other versions: nobody can read them again. Gives the names of the files that are left."""
        names = {VERSION + version for version in versions}
        with self.changing():
            wrapped = self.read()
            kept = tuple(each for each in wrapped.keys if not each.name.startswith(VERSION) or each.name in names)
            if kept != wrapped.keys:
                self.write(replace(wrapped, keys=kept))
        return frozenset(each.file_name for each in kept if each.name in names)

    def settle(self) -> None:
        """Finish, or undo, what a rotation left when it was killed. Call only while holding `changing`."""
        wrapped, waiting = self.read(), self.key_file_next
        if waiting.exists():
            found = read_key(waiting)
            if wrapped.source == FILE and found is not None and found.id == wrapped.kek:
                move_durably(waiting, self.means.key_file.resolve())
            else:
                remove_durably(waiting)
        files = {each.name.removeprefix(VERSION): each.file_name for each in wrapped.keys if each.name.startswith(VERSION)}
        for file in (self.folder / "versions").iterdir():
            current = files.get(file.name.partition(".")[0])
            if current is not None and file.name.removesuffix(".wal") != current:
                remove_durably(file)

    def wrap(self, name: str, key: Secret, *, source: KeySource, made_at: datetime, generation: int = 0) -> WrappedKey:
        """The data key, wrapped under its name."""
        return WrappedKey(name=name, made_at=made_at, wrapped=source.wrap(key, name=name), generation=generation)

    def write(self, wrapped: Wrapped) -> None:
        """Put these keys in place of the others, all or nothing. Call only while holding `changing`.

        Errors: Refusal `keys.no_access`; the keys are then as they were.
        """
        try:
            write_durably(self.path, _written(wrapped))
        except OSError as error:
            raise Refusal("keys.no_access", file=str(self.path), reason=cause_of(error)) from None


def means_of(settings: Settings) -> KeyMeans:
    """Where the settings say that keys are."""
    return KeyMeans(
        key_file=settings.folder / settings.key_file, kms_command=settings.kms_command, kms_wait_ms_max=settings.kms_wait_ms_max
    )


def default_means(folder: Path) -> KeyMeans:
    """Where keys are when no setting says otherwise."""
    return means_of(Settings(folder=folder))


def text_of(key: Secret) -> SecretText:
    """The key in base64, as the embedded database takes it."""
    return SecretText(base64.b64encode(key).decode())


def _written(wrapped: Wrapped) -> bytes:
    keys = {
        each.name: {
            "made_at": each.made_at.isoformat(),
            "generation": each.generation,
            "wrapped": base64.b64encode(each.wrapped).decode(),
        }
        for each in wrapped.keys
    }
    whole = {"format": FORMAT, "source": wrapped.source, "kek": wrapped.kek, "made_at": wrapped.made_at.isoformat(), "keys": keys}
    return json.dumps(whole, indent=1).encode() + b"\n"


def _read(text: bytes) -> Wrapped:
    """Errors: ValueError, TypeError, KeyError, AttributeError for anything but what `_written` writes."""
    whole = cast("dict[str, object]", json.loads(text))
    if whole["format"] != FORMAT or whole["source"] not in SOURCES:
        raise ValueError
    keys: list[WrappedKey] = []
    for name, entry in cast("dict[str, dict[str, object]]", whole["keys"]).items():
        made_at, generation, coded = entry["made_at"], entry["generation"], entry["wrapped"]
        if not isinstance(made_at, str) or not isinstance(generation, int) or not isinstance(coded, str):
            raise TypeError
        if generation < 0 or not NAME.fullmatch(name):
            raise ValueError
        wrapped = base64.b64decode(coded, validate=True)
        keys.append(WrappedKey(name=name, made_at=datetime.fromisoformat(made_at), wrapped=wrapped, generation=generation))
    return Wrapped(
        source=str(whole["source"]), kek=str(whole["kek"]), made_at=datetime.fromisoformat(str(whole["made_at"])), keys=tuple(keys)
    )
