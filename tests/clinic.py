"""A published clinic with one researcher and an active permit, as a data folder that a server may open."""

import os
import secrets
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from amana.node.database import open_database
from amana.node.jobs import JobView
from amana.node.people import read_accreditations, read_person
from amana.node.service import Asked, Service
from amana.node.wiring import publish
from amana.policy.people import Asker, Scope
from amana.terms.database import Row
from amana.terms.ids import JobId, PermitId, PersonId
from tests.unit.publishing import HEAD, VISITS

OWNER, OTHER, PERMIT = PersonId("p-owner"), PersonId("p-other"), PermitId("m-1")
LATER = "2099-01-01T00:00:00.000000+00:00"
EARLIER = "2020-01-01T00:00:00.000000+00:00"
ROWS = (
    "INSERT INTO organisation (id, name, kind) VALUES ('o-clinic', 'Tests', 'custodian')",
    "INSERT INTO organisation (id, name, kind) VALUES ('o-school', 'School', 'research')",
    "INSERT INTO person (id, name, organisation, language) VALUES ('p-owner', 'Owner', 'o-school', 'en')",
    "INSERT INTO person (id, name, organisation, language) VALUES ('p-other', 'Other', 'o-school', 'en')",
    "INSERT INTO person (id, name, organisation, language) VALUES ('p-decider', 'Decider', 'o-clinic', 'en')",
    "INSERT INTO person_role (person, role) VALUES ('p-owner', 'researcher')",
    "INSERT INTO person_role (person, role) VALUES ('p-other', 'researcher')",
    f"""INSERT INTO accreditation (id, person, granted_by, valid_from, valid_until)
    VALUES ('a-1', 'p-owner', 'p-decider', '{EARLIER}', '{LATER}')""",
    f"""INSERT INTO accreditation (id, person, granted_by, valid_from, valid_until)
    VALUES ('a-2', 'p-other', 'p-decider', '{EARLIER}', '{LATER}')""",
    f"""INSERT INTO project (id, version, state, applicant, organisation, title, lay_summary, purposes, datasets, ethics_reference,
    ends_on, made_at) VALUES ('p-1', 1, 'active', 'p-owner', 'o-school', '{{}}', '{{}}', '["dpv:AcademicResearch"]', '["test"]', '',
    '{LATER}', '{EARLIER}')""",
    "INSERT INTO project_member (project, person) VALUES ('p-1', 'p-owner')",
    f"""INSERT INTO permit (id, project, applicant, project_version, dataset, population, custodian, state, share_asked, cap_nrho,
    cap_delta, valid_until, granted_by, reasons) VALUES ('m-1', 'p-1', 'p-owner', 1, 'test', 'people', 'o-clinic', 'active', '1/2',
    1000000000, 4611686018, '{LATER}', 'p-decider', '')""",
)


def database_of(place: str) -> str:
    """The setting `database` for a test: a file, or an empty schema of its own on that server."""
    if place == "sqlite":
        return place
    place, name = place.replace("postgres:@", "postgres@"), f"t{secrets.token_hex(8)}"
    database = open_database(place, folder=Path())
    with database.alone() as run:
        run.script(f"CREATE SCHEMA {name}")
    database.close()
    return f"{place}{'&' if '?' in place else '?'}options=-csearch_path%3D{name}"


def publish_clinic(folder: Path, *, patients: int = 2_000) -> None:
    """Publish, and enter the people. The settings are those of the environment."""
    file = folder.parent / "visits.parquet"
    duckdb.execute(f"COPY (SELECT 'p' || range % {patients} AS person, range % 90 AS cost FROM range({5 * patients})) TO '{file}'")
    publish(folder, [file], HEAD + VISITS)
    change(folder, *ROWS)


def all_are_jobs(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A published clinic in that folder, in the tests' database, where every question becomes a job at once; give where."""
    monkeypatch.setenv("AMANA_DATABASE", database_of(os.environ.get("AMANA_TEST_DATABASE", "sqlite")))
    monkeypatch.setenv("AMANA_JOB_AFTER_MS", "0")
    monkeypatch.setenv("AMANA_DEADLINE_BASE_MS", "100")
    publish_clinic(folder / "node")
    return folder / "node"


def change(folder: Path, *statements: str) -> None:
    """Change what the database of that folder holds."""
    database = open_database(os.environ.get("AMANA_DATABASE", "sqlite"), folder=folder)
    with database.transaction() as run:
        for statement in statements:
            run.change(statement, {})
    database.close()


def rows(folder: Path, sql: str) -> list[Row]:
    """What the database of that folder holds."""
    database = open_database(os.environ.get("AMANA_DATABASE", "sqlite"), folder=folder)
    try:
        with database.reading() as run:
            return run.rows(sql, {})
    finally:
        database.close()


def asker(service: Service, person: PersonId = OWNER) -> Asker:
    """Signed in just now."""
    with service.database.reading() as run:
        return Asker(person=read_person(run, person), accreditations=read_accreditations(run, person), signed_in_at=datetime.now(UTC))


def bearer(service: Service, *, scopes: tuple[Scope, ...] = (Scope.READ, Scope.ASK), person: PersonId = OWNER) -> dict[str, str]:
    """The header of a program that speaks for her."""
    now = datetime.now(UTC)
    herself = replace(asker(service, person), stepped_up_at=now)
    made = service.sign_in.tokens.make(herself, label="test", scopes=scopes, days=1, allowance=None, now=now)
    return {"Authorization": f"Bearer {made.secret.reveal()}"}


def question(number: int = 0) -> Asked:
    """One of many."""
    return Asked(sql=f"SELECT COUNT(*) AS n FROM visits WHERE cost < {number + 10}", within="20%", permit=PERMIT)


def put(service: Service, number: int = 0) -> JobView:
    """A question in the queue."""
    made = service.put(asker(service), asked=question(number))
    assert isinstance(made, JobView)
    return made


def wait(service: Service, job: JobId, *, until: Callable[[JobView], bool] = lambda view: view.over, seconds: float = 20.0) -> JobView:
    """The job when that is so."""
    begun = time.monotonic()
    while time.monotonic() < begun + seconds:
        view = service.jobs.job(asker(service), job=job)
        if until(view):
            return view
        time.sleep(0.02)
    raise AssertionError(view)


def submit(service: Service, number: int = 0, *, seconds: float = 0.1) -> JobId:
    """Put a question in the queue, by whoever owns the permit."""
    return service.jobs.submit(asker(service), question(number), dataset="test", seconds=seconds).record.id


def look(service: Service, job: JobId) -> JobView:
    """How far that job of hers is."""
    return service.jobs.job(asker(service), job=job)
