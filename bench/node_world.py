"""The node that `bench/node.py` measures: generated data, published; researchers with a project, a permit and tokens; questions."""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

import duckdb

from amana.node.database import open_database
from amana.node.projects import Application
from amana.node.service import Service, open_service
from amana.node.wiring import publish
from amana.policy.people import Asker, OrganisationKind, Role, Scope
from amana.policy.projects import Verdict
from amana.policy.transitions import ProjectEvent
from amana.terms.ids import PersonId

RULES = Path(__file__).with_name("node.toml")
REGIONS = ("Atlas", "Coast", "Desert", "East", "North", "Oases", "Plain", "Ports", "Rif", "South", "Valleys", "West")
VISITS_PER_PERSON = 3
RESEARCHERS = 8
SETTINGS = """# As an operator would set a node that one program may ask as fast as it can.
http_address_per_minute_max = 10000000
http_person_per_minute_max = 10000000
database = "{database}"
"""
SHAPES = (
    ("count", "SELECT COUNT(*) AS visits FROM visits WHERE cost < {cost}", "5%"),
    ("mean", "SELECT AVG(cost) AS cost FROM visits WHERE cost < {cost} AND year >= 2023", "5%"),
    ("by region", "SELECT region, COUNT(*) AS visits FROM visits WHERE cost >= {low} GROUP BY region", "10%"),
    ("people", "SELECT COUNT(DISTINCT patient) AS people FROM visits WHERE cost < {cost} AND emergency", "5%"),
)
"""Small questions: name, SQL, precision. A number makes each another question, so each is charged anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    shape: str
    sql: str
    within: str


def questions(start: int, count: int) -> list[Question]:
    """So many questions that no other start gives."""
    made = []
    for number in range(start, start + count):
        name, sql, within = SHAPES[number % len(SHAPES)]
        tenths = number // len(SHAPES)
        filled = sql.format(cost=f"{500 - tenths / 10:.1f}", low=f"{tenths / 10:.1f}")
        made.append(Question(shape=name, sql=filled, within=within))
    return made


def generate(path: Path, *, units: int) -> None:
    """Visits of so many people, as a Parquet file; the same each time."""
    regions = ", ".join(f"'{name}'" for name in REGIONS)
    rows = f"""SELECT i % {units} AS person, [{regions}][1 + (i * 7 + i // 13) % {len(REGIONS)}] AS region, 2020 + i % 6 AS year,
    (hash(i) % 6000)::INTEGER / 10 AS cost, hash(i, 1) % 5 = 0 AS emergency FROM range({units * VISITS_PER_PERSON}) t(i)"""
    duckdb.execute(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")


def database_on(server: str) -> str:
    """The setting `database`: an empty schema of its own on that PostgreSQL server."""
    place, name = server.replace("postgres:@", "postgres@"), f"bench{secrets.token_hex(8)}"
    database = open_database(place, folder=Path())
    with database.alone() as run:
        run.script(f"CREATE SCHEMA {name}")
    database.close()
    return f"{place}{'&' if '?' in place else '?'}options=-csearch_path%3D{name}"


def lay_down(folder: Path, rows: Path, *, database: str, clients: int) -> list[str]:
    """Publish the rows into a new folder and enter the people. Gives a token for each client."""
    folder.mkdir(parents=True)
    (folder / "settings.toml").write_text(SETTINGS.format(database=database), encoding="utf-8")
    publish(folder, [rows], RULES.read_text(encoding="utf-8"))
    service = open_service(folder)
    try:
        return _populate(service, clients=clients)
    finally:
        service.close()


def _populate(service: Service, *, clients: int) -> list[str]:
    """The whole way to a permit, each step as the person whose part it is."""
    for name, kind in (("Custodian", OrganisationKind.CUSTODIAN), ("University", OrganisationKind.RESEARCH)):
        service.people.add_organisation(None, name=name, kind=kind)

    def enter(name: str, role: Role) -> PersonId:
        organisation = "Custodian" if role is Role.CUSTODIAN else "University"
        made = service.people.add_person(None, name=name, organisation=organisation, language="en")
        service.people.give_role(None, person=made, role=role)
        return made

    def asker(person: PersonId) -> Asker:
        now = service.now()
        held = service.people.accreditations(person)
        return Asker(person=service.people.person(person), accreditations=held, signed_in_at=now, stepped_up_at=now)

    researchers = [enter(f"Researcher {number}", Role.RESEARCHER) for number in range(RESEARCHERS)]
    reviewers = [enter(f"Reviewer {number}", Role.REVIEWER) for number in range(2)]
    decider, custodian = enter("Decider", Role.DECIDER), enter("Custodian", Role.CUSTODIAN)
    until = service.now() + timedelta(days=60)
    for person in researchers:
        service.people.accredit(None, person=person, valid_until=until)
    application = Application(
        title=(("en", "Visits"),), lay_summary=(("en", "Visits are counted."),), purposes=("HMB",), datasets=("visits",), ends_on=until
    )
    first = researchers[0]
    project = service.projects.create(asker(first), application=application)
    for person in researchers[1:]:
        service.projects.add_member(asker(first), project=project, person=person)
    service.projects.act(asker(first), project=project, event=ProjectEvent.SUBMIT)
    for person in reviewers:
        service.projects.review(asker(person), project=project, verdict=Verdict.APPROVE, reasons="clear")
    service.projects.decide(asker(decider), project=project, event=ProjectEvent.APPROVE, reasons="clear")
    permit = service.permits.request(asker(first), project=project, dataset="visits", share=Fraction(9, 10), valid_until=until)
    service.permits.grant(asker(custodian), permit=permit, share=Fraction(9, 10), valid_until=until)
    return [_token(service, asker(researchers[number % RESEARCHERS])) for number in range(clients)]


def _token(service: Service, asker: Asker) -> str:
    scopes, now = (Scope.READ, Scope.ASK), service.now()
    return service.sign_in.tokens.make(asker, label="bench", scopes=scopes, days=1, allowance=None, now=now).secret.reveal()


def distinct(asked: Sequence[Question]) -> bool:
    """Whether no question stands there twice."""
    return len({(each.sql, each.within) for each in asked}) == len(asked)
