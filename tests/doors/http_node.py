"""A small published folder with people, a project and a permit, and its tokens: what a test of the HTTP door starts from."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from fractions import Fraction
from pathlib import Path
from random import Random

from starlette.testclient import TestClient

from amana.node.links import LinkKind
from amana.node.projects import Application
from amana.node.service import Service, open_service
from amana.node.wiring import publish
from amana.policy.people import Asker, OrganisationKind, Role, Scope
from amana.policy.projects import Verdict
from amana.policy.transitions import ProjectEvent
from amana.terms.ids import PermitId, PersonId, ProjectId
from amana.web.app import build
from tests.unit.publishing import HEAD

RULES = (
    HEAD
    + """
[[table]]
name = "visits"
private = true
unit = "person"
rows_per_unit_max = 20
out_of_bounds = "clamp"
[table.columns]
person = { kind = "key", holds = "text" }
region = { kind = "choice", members = ["Atlas", "Coast", "Desert"], source = "Map" }
cost = { kind = "number", grid = "0.1", low = 0, high = 100, source = "Tariff", nullable = true }
[[table]]
name = "regions"
private = false
multiplicity = 1
key = ["region"]
source = "Map"
[table.columns]
region = { kind = "choice", members = ["Atlas", "Coast", "Desert"], source = "Map" }
people = { kind = "number", grid = "1", low = 0, high = 1000000, source = "Census" }
"""
)
SQL = "SELECT region, COUNT(*) AS visits FROM visits GROUP BY region"
ROLES = {
    "applicant": Role.RESEARCHER, "member": Role.RESEARCHER, "outsider": Role.RESEARCHER, "reviewer": Role.REVIEWER,
    "second": Role.REVIEWER, "decider": Role.DECIDER, "custodian": Role.CUSTODIAN, "auditor": Role.AUDITOR, "operator": Role.OPERATOR,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class HttpNode:
    """`people`, `tokens`: by the names of `ROLES`."""

    service: Service
    client: TestClient
    people: Mapping[str, PersonId]
    tokens: Mapping[str, str]
    project: ProjectId
    permit: PermitId

    def headers(self, who: str = "member", **more: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.tokens[who]}", **{name.replace("_", "-"): value for name, value in more.items()}}

    def spent(self) -> int:
        spent: int = self.client.get("/api/v1/datasets/test/budget").json()["spent_nrho"]
        return spent


def lay_down(folder: Path, *, rows: int = 3000, settings: str = "") -> None:
    """Publish an invented table into the folder; its settings allow links of the demo."""
    write_settings(folder, settings)
    publish_visits(folder, rows=rows)


def write_settings(folder: Path, settings: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "settings.toml").write_text(f'sign_in_links = "demo"\nrelease_tick_ms = 10\n{settings}', "utf-8")


def publish_visits(folder: Path, *, rows: int = 3000) -> None:
    chance = Random(7)
    lines = [
        f"u{chance.randrange(rows // 3)},{chance.choice(('Atlas', 'Coast', 'Desert'))},{chance.randrange(1000) / 10}" for _ in range(rows)
    ]
    file = folder.parent / "visits.csv"
    file.write_text("person,region,cost\n" + "\n".join(lines) + "\n", "utf-8")
    regions = folder.parent / "regions.csv"
    regions.write_text("region,people\nAtlas,70000\nCoast,90000\nDesert,4000\n", "utf-8")
    publish(folder, [file, regions], RULES)


def session_of(service: Service, person: PersonId) -> str:
    """The secret of a session, by a link of the demo."""
    sign_in, now = service.sign_in, service.now()
    link = sign_in.links.invite(person, kind=LinkKind.DEMO, actor="machine", now=now)
    return sign_in.links.open(link.reveal(), now=now).session.reveal()


def populate(service: Service) -> tuple[dict[str, PersonId], dict[str, str], ProjectId, PermitId]:
    """People of every role, accredited; a project that was reviewed and approved; a permit for half of the budget."""
    service.people.add_organisation(None, name="Tests", kind=OrganisationKind.CUSTODIAN)
    service.people.add_organisation(None, name="University", kind=OrganisationKind.RESEARCH)
    people: dict[str, PersonId] = {}
    for name, role in ROLES.items():
        organisation = "Tests" if role is Role.CUSTODIAN else "University"
        people[name] = service.people.add_person(None, name=name.title(), organisation=organisation, language="en")
        service.people.give_role(None, person=people[name], role=role)

    def asker(name: str) -> Asker:
        return service.sign_in.by_session(session_of(service, people[name]), now=service.now())

    until = service.now() + timedelta(days=60)
    for name in ("applicant", "member"):
        service.people.accredit(asker("decider"), person=people[name], valid_until=until)
    application = Application(
        title=(("en", "Visits by region"),), lay_summary=(("en", "We count visits."),), purposes=("HMB",), datasets=("test",), ends_on=until
    )
    project = service.projects.create(asker("applicant"), application=application)
    service.projects.add_member(asker("applicant"), project=project, person=people["member"])
    service.projects.act(asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
    for name in ("reviewer", "second"):
        service.projects.review(asker(name), project=project, verdict=Verdict.APPROVE, reasons="clear")
    service.projects.decide(asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="clear")
    permit = service.permits.request(asker("applicant"), project=project, dataset="test", share=Fraction(1, 2), valid_until=until)
    service.permits.grant(asker("custodian"), permit=permit, share=Fraction(1, 2), valid_until=until)
    tokens = {
        name: service.sign_in.tokens.make(
            asker(name), label="tests", scopes=tuple(Scope), days=30, allowance=None, now=service.now()
        ).secret.reveal()
        for name in ROLES
    }
    return people, tokens, project, permit


@contextmanager
def http_node(folder: Path, *, settings: str = "", publish_into: Callable[[Path], None] = publish_visits) -> Iterator[HttpNode]:
    """The application over a new folder. `publish_into`: what lays the dataset "test" there."""
    write_settings(folder, settings)
    publish_into(folder)
    service = open_service(folder)
    people, tokens, project, permit = populate(service)
    with TestClient(build(service), raise_server_exceptions=False) as client:
        yield HttpNode(service=service, client=client, people=people, tokens=tokens, project=project, permit=permit)
    service.close()
