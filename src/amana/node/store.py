"""The data folder: keys, the file of each published version, and the catalogue that says which version serves.

`settings.toml` · `keys/` (0700, see `node/keys.py`) · `versions/<random id>.duckdb` · `node.sqlite` (catalogue and ledger) ·
`log/` (public, see `log/writer.py`), `log.journal` · `spill/`.

Publishing writes a version's file first and switches last, in one transaction: a crash before it leaves the old version
serving and a file that nothing names, which the next publishing removes.
"""

import base64
import fcntl
import hmac
import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import final

from amana.catalog.profile import Profile
from amana.catalog.schema import Dataset, Population, Version
from amana.catalog.written import read_dataset, read_profile, write_dataset, write_profile
from amana.log.durable import sync, write_durably
from amana.node.audit import MACHINE, note
from amana.node.key_source import Secret, SecretText
from amana.node.keys import DIGEST, RANK, KeyRing, default_means
from amana.node.programme_record import note_listing
from amana.node.public_record import note_version
from amana.terms.database import Database, Value, text
from amana.terms.ids import VersionId
from amana.terms.refusal import Refusal

RETIRE = "UPDATE version SET serves = 0 WHERE dataset = :dataset AND serves = 1"
INSERT = """INSERT INTO version (id, dataset, published_at, serves, schema_json, profile_json)
VALUES (:id, :dataset, :at, 1, :schema, :profile)"""
SERVED = "SELECT id FROM version WHERE dataset = :dataset AND serves = 1"
CURRENT = "SELECT id, published_at, schema_json, profile_json FROM version WHERE serves = 1 ORDER BY dataset"
FIRST = "SELECT dataset, MIN(published_at) FROM version GROUP BY dataset"
IDS = "SELECT id FROM version WHERE serves = 1 ORDER BY dataset"
IDENTITY = "SELECT id FROM belonging"
IDENTIFY = "INSERT INTO belonging (only_row, id) VALUES (1, :id)"
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

    Errors: `keys.*` refusals for keys that are lost, wrong or open to others; node.other_database.
    """

    def __init__(self, folder: Path, database: Database, *, keys: KeyRing | None = None) -> None:
        self.folder, self._database = folder, database
        for each in (folder, folder / "keys", folder / "versions", folder / "samples", folder / "spill"):
            each.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.keys = keys or KeyRing(folder, means=default_means(folder))
        self.keys.open()
        self._rank_key = self.keys.data_key(RANK)
        self._digest_key = self.keys.data_key(DIGEST)
        self._belong()

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

    def sample_file(self, version: VersionId) -> Path:
        """The file of the invented sample of that version, which nobody needs to protect."""
        return self.folder / "samples" / f"{version}.duckdb"

    def sample_key(self, version: VersionId) -> SecretText:
        """The key of that file: it is encrypted like any other, so that no reader need tell them apart."""
        return SecretText(base64.b64encode(hmac.digest(self._digest_key, f"sample {version}".encode(), "sha256")).decode())

    def _belong(self) -> None:
        """See that folder and database are each other's. Errors: Refusal node.other_database."""
        mark = self.folder / "database.id"
        known = mark.read_text("ascii") if mark.exists() else None
        with self._database.transaction() as run:
            found = run.rows(IDENTITY, {})
            if not found and known is None:
                run.change(IDENTIFY, {"id": secrets.token_hex(16)})
                found = run.rows(IDENTITY, {})
        if not found or known not in {None, found[0][0]}:
            raise Refusal("node.other_database", folder=str(self.folder))
        if known is None:
            write_durably(mark, text(found[0][0]).encode())

    def new_version(self, dataset: Dataset) -> Version:
        """A version under a random name that says nothing (PRIVACY 10), with a key of its own."""
        version = Version(id=VersionId(secrets.token_hex(16)), dataset=dataset)
        self.keys.add_version(version.id)
        return version

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

    def first_published(self) -> Mapping[str, datetime]:
        """When each dataset was published first, in whatever version."""
        with self._database.reading() as run:
            return {text(dataset): datetime.fromisoformat(text(at)) for dataset, at in run.rows(FIRST, {})}

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
        sync(self.version_file(version.id))
        sync(self.folder / "versions")
        values: dict[str, Value] = {
            "id": version.id,
            "dataset": version.dataset.name,
            "at": now.isoformat(),
            "schema": write_dataset(version.dataset),
            "profile": write_profile(profile),
        }
        with self._database.transaction() as run:
            before = [text(name) for (name,) in run.rows(SERVED, {"dataset": version.dataset.name})]
            run.change(RETIRE, {"dataset": version.dataset.name})
            run.change(INSERT, values)
            told = {"thing": "dataset", "subject": version.dataset.name, "was": " ".join(before), "now_is": version.id}
            note(run, at=now, actor=MACHINE, action="publish", **told)
            note_version(run, version, replaces="".join(before), now=now)
            note_listing(run, version, at=now)
        return Published(version=version, profile=profile, published_at=now)

    def remove_orphans(self) -> int:
        """Remove version files that no serving version names, and erase their keys. Call only while holding `publishing`."""
        serving = set(self.serving())
        files = self.keys.keep_versions(serving)
        orphans = [file for file in (self.folder / "versions").iterdir() if file.name.removesuffix(".wal") not in files]
        orphans += [file for file in (self.folder / "samples").iterdir() if file.name.partition(".")[0] not in serving]
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
