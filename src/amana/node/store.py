"""The data folder: keys, the file of each published version, and the catalogue that says which version serves.

`settings.toml` · `keys/` (0600) · `versions/<random id>.duckdb` · `node.sqlite` (catalogue and ledger) · `log.jsonl` · `spill/`.

Publishing writes a version's file first and switches last, in one transaction: a crash before it leaves the old version
serving and a file that nothing names, which the next publishing removes.
"""

import base64
import fcntl
import hashlib
import hmac
import os
import secrets
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import final

from amana.catalog.profile import Profile
from amana.catalog.schema import Dataset, Population, Version
from amana.catalog.written import read_dataset, read_profile, write_dataset, write_profile
from amana.terms.database import Database, Value, text
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal

KEY_BYTES = 32
RETIRE = "UPDATE version SET serves = 0 WHERE dataset = :dataset AND serves = 1"
INSERT = """INSERT INTO version (id, dataset, published_at, serves, schema_json, profile_json)
VALUES (:id, :dataset, :at, 1, :schema, :profile)"""
CURRENT = "SELECT id, published_at, schema_json, profile_json FROM version WHERE serves = 1 ORDER BY dataset"
IDS = "SELECT id FROM version WHERE serves = 1 ORDER BY dataset"
ALL_SCHEMAS = "SELECT schema_json FROM version ORDER BY published_at"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Published:
    """A version with its profile, as the catalogue holds it."""

    version: Version
    profile: Profile
    published_at: datetime


@final
class Store:
    """One data folder. Keys come from the operating system's entropy and never depend on the data."""

    def __init__(self, folder: Path, database: Database) -> None:
        self.folder, self._database = folder, database
        for each in (folder, folder / "keys", folder / "versions", folder / "spill"):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._store_key = _key(folder / "keys" / "store.key")
        self._rank_key = _key(folder / "keys" / "rank.key")
        self._digest_key = _key(folder / "keys" / "digest.key")

    def __repr__(self) -> str:
        return f"Store({self.folder})"

    @property
    def spill(self) -> Path:
        """Where the embedded database may write what does not fit in memory, encrypted."""
        return self.folder / "spill"

    @property
    def rank_key(self) -> bytes:
        """The secret of the order of rows (PRIVACY 3)."""
        return self._rank_key

    @property
    def digest_key(self) -> bytes:
        """The secret of digests of questions (PRIVACY 10)."""
        return self._digest_key

    def version_file(self, version: VersionId) -> Path:
        """The encrypted file of that version."""
        return self.folder / "versions" / f"{version}.duckdb"

    def version_key(self, version: VersionId) -> str:
        """The key of that file: 32 bytes in base64, derived from the store's key."""
        digest = hmac.new(self._store_key, f"version {version}".encode(), hashlib.sha256).digest()
        return base64.b64encode(digest).decode()

    def new_version(self, dataset: Dataset) -> Version:
        """A version under a random name that says nothing (PRIVACY 10)."""
        return Version(id=VersionId(secrets.token_hex(16)), dataset=dataset)

    def current(self) -> tuple[Published, ...]:
        """The versions that serve, by dataset."""
        with self._database.reading() as run:
            rows = run.rows(CURRENT, {})
        return tuple(
            Published(
                version=Version(id=VersionId(text(name)), dataset=read_dataset(text(schema))),
                profile=read_profile(text(profile)),
                published_at=datetime.fromisoformat(text(at)),
            )
            for name, at, schema, profile in rows
        )

    def serving(self) -> tuple[VersionId, ...]:
        """The names of the versions that serve, by dataset."""
        with self._database.reading() as run:
            return tuple(VersionId(text(name)) for (name,) in run.rows(IDS, {}))

    def populations(self) -> tuple[Population, ...]:
        """Every population that any version, serving or not, was ever published for; the latest rules last."""
        with self._database.reading() as run:
            rows = run.rows(ALL_SCHEMAS, {})
        return tuple(read_dataset(text(schema)).population for (schema,) in rows)

    def switch(self, version: Version, profile: Profile, *, now: datetime) -> Published:
        """Serve this version from now on instead of the dataset's earlier one: all or nothing, durable on return."""
        _sync(self.version_file(version.id))
        _sync(self.folder / "versions")
        values: dict[str, Value] = {
            "id": version.id,
            "dataset": version.dataset.name,
            "at": now.isoformat(),
            "schema": write_dataset(version.dataset),
            "profile": write_profile(profile),
        }
        with self._database.transaction() as run:
            run.change(RETIRE, {"dataset": version.dataset.name})
            run.change(INSERT, values)
        return Published(version=version, profile=profile, published_at=now)

    def remove_orphans(self) -> int:
        """Remove version files that no serving version names. Call only while holding `publishing`."""
        named: set[str] = set(self.serving())
        orphans = [file for file in (self.folder / "versions").iterdir() if file.name.partition(".")[0] not in named]
        for file in orphans:
            file.unlink()
        return len(orphans)

    @contextmanager
    def publishing(self) -> Generator[None, None, None]:
        """One publishing at a time. The system frees the lock when the process ends, however it ends.

        Errors: `publish.already_running`.
        """
        with (self.folder / "publish.lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal("publish.already_running", folder=str(self.folder)) from None
            yield


def _key(path: Path) -> bytes:
    """The key in that file, made on first use. Written beside and linked into place: two starts agree on one key."""
    if not path.exists():
        beside = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            os.write(descriptor, os.urandom(KEY_BYTES))
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        try:
            os.link(beside, path)
        except FileExistsError:
            pass  # another start was first: its key stands
        finally:
            beside.unlink()
        _sync(path.parent)
    key = path.read_bytes()
    assert len(key) == KEY_BYTES, path.name
    return key


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
