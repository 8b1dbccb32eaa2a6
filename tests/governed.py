"""A governed node for the tests of its use cases: real database and ledger, one person of each part, a clock that stands still."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import timedelta
from fractions import Fraction
from pathlib import Path

from amana.catalog.schema import Dataset, Version
from amana.node.database import NodeDatabase
from amana.node.models import Models
from amana.node.outputs import Outputs
from amana.node.people import People, read_accreditations
from amana.node.permits import Permits
from amana.node.projects import Application, Projects
from amana.node.sign_in import cut_off
from amana.policy.people import Asker, OrganisationKind, Role
from amana.policy.projects import OutputKind, Verdict
from amana.policy.transitions import ModelEvent, OutputEvent, ProjectEvent
from amana.privacy.ledger import Ledger
from amana.terms.database import Row
from amana.terms.ids import ModelId, OutputId, PermitId, PersonId, ProjectId
from tests.models import card, new_model
from tests.parts import FakeClock, connect, version

PARTS: dict[str, tuple[str, tuple[Role, ...]]] = {
    "applicant": ("university", (Role.RESEARCHER,)),
    "member": ("university", (Role.RESEARCHER,)),
    "stranger": ("university", (Role.RESEARCHER,)),
    "reviewer": ("university", (Role.REVIEWER,)),
    "second": ("ministry", (Role.REVIEWER,)),
    "third": ("ministry", (Role.REVIEWER,)),
    "decider": ("ministry", (Role.DECIDER,)),
    "deputy": ("ministry", (Role.DECIDER,)),
    "custodian": ("clinic", (Role.CUSTODIAN,)),
    "elsewhere": ("other clinic", (Role.CUSTODIAN,)),
    "operator": ("centre", (Role.OPERATOR,)),
    "auditor": ("authority", (Role.AUDITOR,)),
}
ORGANISATIONS = {
    "university": OrganisationKind.RESEARCH,
    "ministry": OrganisationKind.AUTHORITY,
    "authority": OrganisationKind.AUTHORITY,
    "clinic": OrganisationKind.CUSTODIAN,
    "other clinic": OrganisationKind.CUSTODIAN,
    "centre": OrganisationKind.OPERATOR,
}
AUDIT = "SELECT actor, action, thing, subject, was, now_is FROM audit ORDER BY at, id"


@dataclass
class Governed:
    """`people_of`: the person of each part. `versions`: what serves."""

    database: NodeDatabase
    clock: FakeClock
    ledger: Ledger
    versions: list[Version]
    ids: dict[str, PersonId] = field(default_factory=dict)

    def __post_init__(self) -> None:
        now = self.clock.now
        self.people = People(self.database, now, cut_off=cut_off)
        self.projects = Projects(self.database, now, datasets=self.datasets)
        self.permits = Permits(self.database, now, ledger=self.ledger, datasets=self.datasets)
        self.outputs = Outputs(self.database, now)
        self.models = Models(self.database, now)

    def datasets(self) -> tuple[Dataset, ...]:
        return tuple(each.dataset for each in self.versions)

    def asker(self, name: str) -> Asker:
        """As she is at this moment: signed in and stepped up just now."""
        with self.database.reading() as run:
            accreditations = read_accreditations(run, self.ids[name])
        at = self.clock.now()
        return Asker(person=self.people.person(self.ids[name]), accreditations=accreditations, signed_in_at=at, stepped_up_at=at)

    def application(self, **changed: object) -> Application:
        made = Application(
            title=(("en", "Visits and seasons"),),
            lay_summary=(("en", "We count visits by month."),),
            purposes=("GRU",),
            datasets=("clinic",),
            ends_on=self.clock.now() + timedelta(days=300),
        )
        return replace(made, **changed)  # type: ignore[arg-type]

    def draft(self) -> ProjectId:
        return self.projects.create(self.asker("applicant"), application=self.application())

    def submitted(self, project: ProjectId | None = None) -> ProjectId:
        if project is None:
            project = self.draft()
            self.projects.add_member(self.asker("applicant"), project=project, person=self.ids["member"])
        self.projects.act(self.asker("applicant"), project=project, event=ProjectEvent.SUBMIT)
        return project

    def reviewed(self, project: ProjectId | None = None) -> ProjectId:
        project = self.submitted(project)
        for name in ("reviewer", "second"):
            self.projects.review(self.asker(name), project=project, verdict=Verdict.APPROVE, reasons="clear")
        return project

    def approved(self, project: ProjectId | None = None) -> ProjectId:
        """A new one, or one that is a draft again."""
        project = self.reviewed(project)
        self.projects.decide(self.asker("decider"), project=project, event=ProjectEvent.APPROVE, reasons="useful")
        return project

    def requested(self, project: ProjectId | None = None) -> PermitId:
        until = self.clock.now() + timedelta(days=90)
        asked = project or self.approved()
        return self.permits.request(self.asker("applicant"), project=asked, dataset="clinic", share=Fraction(1, 10), valid_until=until)

    def granted(self, project: ProjectId | None = None) -> PermitId:
        permit, until = self.requested(project), self.clock.now() + timedelta(days=60)
        self.permits.grant(self.asker("custodian"), permit=permit, share=Fraction(1, 20), valid_until=until)
        return permit

    def proposed(self) -> OutputId:
        project = self.permits.permit(self.asker("custodian"), permit=self.granted()).project.id
        output = self.outputs.add(self.asker("member"), project=project, kind=OutputKind.TEXT, title="Visits", body="Fewer in summer.")
        self.outputs.act(self.asker("member"), output=output, event=OutputEvent.PROPOSE)
        return output

    def trained(self, *, project: bool = True) -> ModelId:
        """A model of a project, or of the custodian's own."""
        (of,) = self.versions
        permit = self.granted() if project else PermitId("custodian:clinic")
        owner = self.permits.place(permit).project.id if project else None
        new = new_model(project=owner, permit=permit, dataset="clinic", version=of.id, custodian=of.dataset.custodian)
        return self.models.add(new)

    def described(self) -> ModelId:
        """One that its team described."""
        made = self.trained()
        self.models.describe(self.asker("member"), model=made, card=card())
        return made

    def registered(self) -> ModelId:
        """One that the custodian assessed and the team registered."""
        made = self.described()
        self.models.act(self.asker("custodian"), model=made, event=ModelEvent.ASSESS, reasons="read in full")
        self.models.act(self.asker("member"), model=made, event=ModelEvent.REGISTER)
        return made

    def rows(self, sql: str, **values: str) -> list[Row]:
        with self.database.reading() as run:
            return run.rows(sql, values)

    def audit(self) -> list[Row]:
        return self.rows(AUDIT)


@contextmanager
def governed(place: Path | str) -> Iterator[Governed]:
    """A node with its people, roles and accreditations, as its operator and its first decider would enter them."""
    database = connect(place)
    of = version(cap_nrho=10**9)
    node = Governed(database=database, clock=FakeClock(), ledger=Ledger(database, worker="test"), versions=[of])
    node.ledger.open_population(of.dataset.population)
    for name, kind in ORGANISATIONS.items():
        node.people.add_organisation(None, name=name, kind=kind)
    for name, (organisation, roles) in PARTS.items():
        node.ids[name] = node.people.add_person(None, name=name, organisation=organisation, language="en")
        for role in roles:
            node.people.give_role(None, person=node.ids[name], role=role)
        if Role.RESEARCHER in roles:
            node.people.accredit(None, person=node.ids[name], valid_until=node.clock.now() + timedelta(days=200))
    try:
        yield node
    finally:
        database.close()
