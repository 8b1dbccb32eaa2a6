"""A project that came before: applied for, reviewed, approved and permitted like any other, with three questions asked.

So that whoever opens the portal of the invented country finds something that was done with its data.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from amana.node.links import LinkKind
from amana.node.projects import Application
from amana.node.results import result_of
from amana.node.service import Asked, Service, open_service
from amana.policy.people import Asker, OrganisationKind, Role
from amana.policy.projects import OutputKind, Verdict
from amana.policy.transitions import OutputEvent, ProjectEvent
from amana.terms.ids import PermitId, ProjectId

TITLE = (
    ("en", "Do pupils learn alike in towns and villages?"),
    ("fr", "Les élèves apprennent-ils autant en ville et au village ?"),
    ("ar", "هل يتعلّم التلاميذ في المدن والقرى على حدّ سواء؟"),
    ("zgh", "ⵉⵙ ⴰⵔ ⵍⵎⵎⴷⵏ ⵉⵏⵍⵎⴰⴷⵏ ⴳ ⵜⵎⴷⵉⵏⵉⵏ ⴷ ⵜⵓⴷⴰⵔ ⵣⵓⵏⴷ ⵣⵓⵏⴷ?"),
)
SUMMARY = (
    ("en", "We compare mean marks in towns and villages, subject by subject, to see where schools need more teachers."),
    ("fr", "Nous comparons les notes moyennes en ville et au village, matière par matière, pour voir où il manque des professeurs."),
    ("ar", "نقارن معدّلات النقط في المدن والقرى، مادّة بمادّة، لنعرف أين تحتاج المدارس إلى مزيد من المدرّسين."),
    ("zgh", "ⴷⴰ ⵏⵙⵎⵣⴰⵣⴰⵍ ⵜⵉⵏⵇⵇⵉⴹⵉⵏ ⴳ ⵜⵎⴷⵉⵏⵉⵏ ⴷ ⵜⵓⴷⴰⵔ, ⵙ ⵜⵏⵖⴰⵎⵓⵙⵉⵏ, ⵃⵎⴰ ⴰⴷ ⵏⵉⵙⵉⵏ ⵎⴰⵏⵉ ⵔⴰⵏⵜ ⵜⵏⵎⵍⵉⵏ ⵓⴳⴰⵔ ⵏ ⵉⵙⵍⵎⴰⴷⵏ."),
)
QUESTIONS = (
    ("SELECT setting, COUNT(*) AS pupils FROM pupils GROUP BY setting", "5%"),
    ("SELECT setting, AVG(mark) AS mark FROM marks JOIN pupils USING (pupil_id) GROUP BY setting", "3%"),
    ("SELECT subject, AVG(mark) AS mark FROM marks GROUP BY subject", "3%"),
)
PEOPLE = (
    ("Idris", "Invented School of Education", Role.RESEARCHER),
    ("Kenza", "Invented Data Authority", Role.REVIEWER),
    ("Lahcen", "Invented Data Authority", Role.REVIEWER),
    ("Malika", "Invented Data Authority", Role.DECIDER),
    ("Nabil", "Invented Ministry of Education", Role.CUSTODIAN),
)


@dataclass(frozen=True, kw_only=True)
class Earlier:
    """Who may go on with it, under which permit, and the people of the authority who judge applications."""

    applicant: Asker
    custodian: Asker
    permit: PermitId
    judges: tuple[Asker, Asker, Asker]


def carry_out(folder: Path) -> Earlier:
    """From the application to the answers and what was published of them."""
    service = open_service(folder)
    try:
        applicant, first, second, decider, custodian = _people(service)
        until = datetime.now(UTC) + timedelta(days=1_000)
        application = Application(
            title=TITLE, lay_summary=SUMMARY, purposes=("GRU", "dpv:PublicPolicyMaking"), datasets=("school",), ends_on=until
        )
        project = approved(service, applicant, application, judges=(first, second, decider))
        permit = permitted(service, applicant, custodian, project=project, dataset="school", share=Fraction(1, 10))
        asked = [Asked(sql=sql, within=within, permit=permit) for sql, within in QUESTIONS]
        answers = [result_of(service.ask(applicant, asked=each), language="en") for each in asked]
        output = service.outputs.add(applicant, project=project, kind=OutputKind.TEXT, title=TITLE[0][1], body=str(answers[1]))
        service.outputs.act(applicant, output=output, event=OutputEvent.PROPOSE)
        for reviewer in (first, second):
            service.outputs.vote(reviewer, output=output, verdict=Verdict.APPROVE, reasons="")
        service.outputs.act(decider, output=output, event=OutputEvent.PUBLISH)
        return Earlier(applicant=applicant, custodian=custodian, permit=permit, judges=(first, second, decider))
    finally:
        service.close()


def approved(
    service: Service, applicant: Asker, application: Application, *, judges: tuple[Asker, Asker, Asker], members: Sequence[Asker] = ()
) -> ProjectId:
    """A project that two reviewers read and a decider approved."""
    first, second, decider = judges
    project = service.projects.create(applicant, application=application)
    for each in members:
        service.projects.add_member(applicant, project=project, person=each.person.id)
    service.projects.act(applicant, project=project, event=ProjectEvent.SUBMIT)
    for reviewer in (first, second):
        service.projects.review(reviewer, project=project, verdict=Verdict.APPROVE, reasons="The question is clear.")
    service.projects.decide(decider, project=project, event=ProjectEvent.APPROVE, reasons="Two reviewers agree.")
    return project


def permitted(service: Service, applicant: Asker, custodian: Asker, *, project: ProjectId, dataset: str, share: Fraction) -> PermitId:
    """A permit that its custodian has signed."""
    until = datetime.now(UTC) + timedelta(days=1_000)
    permit = service.permits.request(applicant, project=project, dataset=dataset, share=share, valid_until=until)
    service.permits.grant(custodian, permit=permit, share=share, valid_until=until)
    return permit


def person(service: Service, name: str, *, organisation: str, roles: Sequence[Role]) -> Asker:
    """Somebody who is entered, accredited where she researches, and signed in. Her organisation is there."""
    made = service.people.add_person(None, name=name, organisation=organisation, language="en")
    for role in roles:
        service.people.give_role(None, person=made, role=role)
    if Role.RESEARCHER in roles:
        service.people.accredit(None, person=made, valid_until=datetime.now(UTC) + timedelta(days=3_650))
    sign_in, now = service.sign_in, service.now()
    link = sign_in.links.invite(made, kind=LinkKind.DEMO, actor="machine", now=now)
    return sign_in.by_session(sign_in.links.open(link.reveal(), now=now).session.reveal(), now=now)


def _people(service: Service) -> tuple[Asker, ...]:
    service.people.add_organisation(None, name="Invented School of Education", kind=OrganisationKind.RESEARCH)
    return tuple(person(service, name, organisation=organisation, roles=(role,)) for name, organisation, role in PEOPLE)
