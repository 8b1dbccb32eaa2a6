"""The schema of the node's database, in numbered steps that are applied once and never changed."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from importlib.resources import files
from typing import final

from amana.node.database import NodeDatabase, PostgresRun
from amana.terms.database import text, whole
from amana.terms.refusal import Refusal

STEPS = (
    ("amana.privacy", "ledger.sql"),
    ("amana.node", "schema/catalogue.sql"),
    ("amana.node", "schema/governance.sql"),
    ("amana.node", "schema/sign_in.sql"),
    ("amana.node", "schema/idempotency.sql"),
    ("amana.node", "schema/jobs.sql"),
    ("amana.node", "schema/token_origin.sql"),
    ("amana.node", "schema/public_record.sql"),
    ("amana.node", "schema/receipts.sql"),
    ("amana.node", "schema/history.sql"),
    ("amana.node", "schema/applications.sql"),
    ("amana.node", "schema/returned.sql"),
    ("amana.node", "schema/models.sql"),
    ("amana.node", "schema/programme_roles.sql"),
    ("amana.node", "schema/programme.sql"),
    ("amana.node", "schema/consultation.sql"),
    ("amana.node", "schema/programme_notices.sql"),
)
"""In order; a change of the schema is one step more. A step that PostgreSQL needs in other words has a file `.postgres.sql` beside it."""

TABLE = """CREATE TABLE IF NOT EXISTS migration (
    number INTEGER PRIMARY KEY,
    name TEXT NOT NULL,
    digest TEXT NOT NULL,
    applied_at TEXT NOT NULL
) STRICT"""
APPLIED = "SELECT number, name, digest FROM migration ORDER BY number"
APPLY = "INSERT INTO migration (number, name, digest, applied_at) VALUES (:number, :name, :digest, :at)"


@final
@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One numbered change. `postgres`: the same in the words of PostgreSQL, where they are others."""

    number: int
    name: str
    sql: str
    postgres: str = ""

    @property
    def digest(self) -> str:
        """Of its text: an applied step whose text was changed stops the start."""
        return hashlib.sha256(f"{self.sql}{self.postgres}".encode()).hexdigest()


def steps() -> tuple[Step, ...]:
    """Every step of this version."""
    return tuple(_step(number, package, name) for number, (package, name) in enumerate(STEPS, start=1))


def _step(number: int, package: str, name: str) -> Step:
    sql, other = files(package).joinpath(name), files(package).joinpath(name.replace(".sql", ".postgres.sql"))
    return Step(number=number, name=name, sql=sql.read_text("utf-8"), postgres=other.read_text("utf-8") if other.is_file() else "")


def migrate(database: NodeDatabase, *, now: datetime) -> int:
    """Bring the schema up to date, all or nothing, and tell how many steps it took.

    Errors: Refusal node.schema_unknown when the database was made by a newer version, or by other steps.
    """
    known = steps()
    with database.alone() as run:
        run.script(TABLE)
        applied = [(whole(number), text(name), text(digest)) for number, name, digest in run.rows(APPLIED, {})]
        for found, step in zip(applied, known, strict=False):
            if found != (step.number, step.name, step.digest):
                raise Refusal("node.schema_unknown", step=found[1])
        if len(applied) > len(known):
            raise Refusal("node.schema_unknown", step=applied[len(known)][1])
        for step in known[len(applied) :]:
            run.script(step.postgres if step.postgres and isinstance(run, PostgresRun) else step.sql)
            run.change(APPLY, {"number": step.number, "name": step.name, "digest": step.digest, "at": now.isoformat()})
    return len(known) - len(applied)
