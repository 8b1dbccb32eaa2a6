"""The data folder: keys, the file of each published version, and the catalogue that says which version serves.

`settings.toml` · `keys/` (0700, see `node/keys.py`) · `versions/<random id>.duckdb` · `node.sqlite` (catalogue and ledger) ·
`log.jsonl` · `spill/`.

Publishing writes a version's file first and switches last, in one transaction: a crash before it leaves the old version
serving and a file that nothing names, which the next publishing removes.
"""

import fcntl
import secrets
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import final

from amana.catalog.profile import Profile
from amana.catalog.schema import Dataset, Population, Version
from amana.catalog.written import read_dataset, read_profile, write_dataset, write_profile
from amana.node.durable import sync
from amana.node.key_source import Secret, SecretText
from amana.node.keys import DIGEST, RANK, KeyRing, default_means
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal

CATALOGUE = """CREATE TABLE IF NOT EXISTS version (
    id TEXT PRIMARY KEY,
    dataset TEXT NOT NULL,
    published_at TEXT NOT NULL,
    current INTEGER NOT NULL CHECK (current IN (0, 1)),
    schema_json TEXT NOT NULL,
    profile_json TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX IF NOT EXISTS version_current ON version (dataset) WHERE current = 1;"""
RETIRE = "UPDATE version SET current = 0 WHERE dataset = ? AND current = 1"
INSERT = "INSERT INTO version (id, dataset, published_at, current, schema_json, profile_json) VALUES (?, ?, ?, 1, ?, ?)"
CURRENT = "SELECT id, published_at, schema_json, profile_json FROM version WHERE current = 1 ORDER BY dataset"
IDS = "SELECT id FROM version WHERE current = 1"
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
    """One data folder. Keys come from the operating system's entropy and never depend on the data.

    Errors: `keys.*` refusals for keys that are lost, wrong or open to others.
    """

    def __init__(self, folder: Path, *, keys: KeyRing | None = None) -> None:
        self.folder = folder
        for each in (folder, folder / "keys", folder / "versions", folder / "spill"):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keys = keys or KeyRing(folder, means=default_means(folder))
        self.keys.open()
        self._rank_key = self.keys.data_key(RANK)
        self._digest_key = self.keys.data_key(DIGEST)
        with closing(self.connect()) as connection:
            connection.executescript(CATALOGUE)

    def __repr__(self) -> str:
        return f"Store({self.folder})"

    @property
    def spill(self) -> Path:
        """Where the embedded database may write what does not fit in memory, encrypted."""
        return self.folder / "spill"

    @property
    def rank_key(self) -> Secret:
        """The secret of the order of rows (PRIVACY 3)."""
        return self._rank_key

    @property
    def digest_key(self) -> Secret:
        """The secret of digests of questions (PRIVACY 10)."""
        return self._digest_key

    def version_file(self, version: VersionId) -> Path:
        """The encrypted file of that version."""
        return self.keys.version_file(version)

    def version_key(self, version: VersionId) -> SecretText:
        """The key of that file: 32 random bytes in base64."""
        return self.keys.version_key(version)

    def connect(self) -> sqlite3.Connection:
        """The node's SQLite file, durable at each commit; for the catalogue and for the ledger."""
        path = self.folder / "node.sqlite"
        new = not path.exists()
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        for pragma in ("journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON"):
            connection.execute(f"PRAGMA {pragma}")
        if new:
            path.chmod(0o600)
        return connection

    def new_version(self, dataset: Dataset) -> Version:
        """A version under a random name that says nothing (PRIVACY 10), with a key of its own."""
        version = Version(id=VersionId(secrets.token_hex(16)), dataset=dataset)
        self.keys.add_version(version.id)
        return version

    def current(self) -> tuple[Published, ...]:
        """The versions that serve, by dataset."""
        with closing(self.connect()) as connection:
            rows: list[tuple[str, str, str, str]] = connection.execute(CURRENT).fetchall()
        return tuple(
            Published(
                version=Version(id=VersionId(name), dataset=read_dataset(schema)),
                profile=read_profile(profile),
                published_at=datetime.fromisoformat(at),
            )
            for name, at, schema, profile in rows
        )

    def populations(self) -> tuple[Population, ...]:
        """Every population that any version, serving or not, was ever published for; the latest rules last."""
        with closing(self.connect()) as connection:
            rows: list[tuple[str]] = connection.execute(ALL_SCHEMAS).fetchall()
        return tuple(read_dataset(text).population for (text,) in rows)

    def switch(self, version: Version, profile: Profile, *, now: datetime) -> Published:
        """Serve this version from now on instead of the dataset's earlier one: all or nothing, durable on return."""
        sync(self.version_file(version.id))
        sync(self.folder / "versions")
        with closing(self.connect()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            connection.execute(RETIRE, (version.dataset.name,))
            values = (version.id, version.dataset.name, now.isoformat(), write_dataset(version.dataset), write_profile(profile))
            connection.execute(INSERT, values)
            connection.execute("COMMIT")
        return Published(version=version, profile=profile, published_at=now)

    def remove_orphans(self) -> int:
        """Remove version files that no serving version names, and erase their keys. Call only while holding `publishing`."""
        with closing(self.connect()) as connection:
            named = {VersionId(name) for (name,) in connection.execute(IDS).fetchall()}
        files = self.keys.keep_versions(named)
        orphans = [file for file in (self.folder / "versions").iterdir() if file.name.removesuffix(".wal") not in files]
        for file in orphans:
            file.unlink()
        return len(orphans)

    @contextmanager
    def publishing(self) -> Generator[None, None, None]:
        """One publishing at a time, and no rotation of keys. The system frees the locks when the process ends, however it ends.

        Errors: `publish.already_running`, `keys.busy`.
        """
        with (self.folder / "publish.lock").open("w") as held:
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Refusal("publish.already_running", folder=str(self.folder)) from None
            with self.keys.changing():
                yield
