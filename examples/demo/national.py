"""The national plan of the invented country: adopted, measured, and verified by others, by the same ways as on any node.

The plan is `examples/programme/plan.toml`. Its owners bring what they have: private figures, reports (invented files in
`reports/`), claims; the Data Authority and the Ministry of Digital Transition compare reports with what was stated.
Nobody enters a status anywhere.
"""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from earlier import Earlier, approved, permitted, person

from amana.node.programme import Stated
from amana.node.projects import Application
from amana.node.service import Service, open_service
from amana.policy.people import Asker, OrganisationKind, Role
from amana.programme.evidence import Shown
from amana.programme.plan import Plan, PrivateFigure
from amana.terms.ids import PermitId

PLAN = Path(__file__).parent.parent / "programme" / "plan.toml"
OWNERS = (
    ("Omar", "Invented Ministry of Digital Transition"),
    ("Salma", "Invented Ministry of Health"),
    ("Rachid", "Invented Ministry of Education"),
    ("Tarik", "Invented Electricity Utility"),
    ("Widad", "Invented Ministry of Agriculture"),
    ("Zahra", "Invented University"),
)
"""Who answers for the commitments of an organisation. They may ask under the plan's own permits."""
VERIFIERS = (("Yassine", "Invented Data Authority"), ("Asma", "Invented Ministry of Digital Transition"))
CUSTODIANS = (("Hamid", "Invented Ministry of Health", "clinic"), ("Jamila", "Invented Electricity Utility", "meters"))
TITLE = (
    ("en", "Figures of the national plan"),
    ("fr", "Chiffres du plan national"),
    ("ar", "أرقام الخطة الوطنية"),
    ("zgh", "ⵓⵟⵟⵓⵏⵏ ⵏ ⵓⵖⴰⵡⴰⵙ ⴰⵏⴰⵎⵓⵔ"),
)
SUMMARY = (
    ("en", "We measure how far the commitments of the plan are, with the questions that stand in the plan itself."),
    ("fr", "Nous mesurons où en sont les engagements du plan, avec les questions qui figurent dans le plan même."),
    ("ar", "نقيس إلى أين وصلت التزامات الخطة، بالأسئلة المكتوبة في الخطة نفسها."),
    ("zgh", "ⴷⴰ ⵏⵙⵖⴰⵍ ⵎⴰⵏⵉ ⵍⴽⵎⵏ ⵉⵙⵖⵏⵓⵜⵏ ⵏ ⵓⵖⴰⵡⴰⵙ, ⵙ ⵉⵙⵇⵙⵉⵜⵏ ⵍⵍⵉ ⵢⵓⵔⴰⵏ ⴳ ⵓⵖⴰⵡⴰⵙ ⵏⵏⵉⵜ."),
)
PURPOSES: Mapping[str, tuple[str, ...]] = {
    "clinic": ("HMB", "dpv:ScientificResearch"),
    "meters": ("GRU", "dpv:ResearchAndDevelopment"),
    "school": ("GRU", "dpv:PublicPolicyMaking"),
}
ANSWERS = (
    "The office of the plan in each organisation, with the answers alone.",
    "Regions and towns or villages: the plan asks about no smaller group.",
)
"""To what the custodian of the clinics asks of every applicant."""
START_UP = "Invented Start-up for Clean Power"
START_UP_TITLE = (
    ("en", "When do households need the most power?"),
    ("fr", "Quand les ménages ont-ils le plus besoin d'électricité ?"),
    ("ar", "متى تحتاج الأسر إلى أكبر قدر من الكهرباء؟"),
    ("zgh", "ⵎⴰⵍⵎⵉ ⴰⵢⴷ ⵔⴰⵏⵜ ⵜⵡⴰⵛⵓⵏⵉⵏ ⵓⴳⴰⵔ ⵏ ⵜⵔⵉⵙⵉⵜⵉ?"),
)
START_UP_SUMMARY = (
    ("en", "We learn from sums over all households when storage would help the grid; nobody's own readings are seen."),
    ("fr", "Des sommes sur tous les ménages, nous apprenons quand un stockage aiderait le réseau ; aucun relevé individuel n'est vu."),
    ("ar", "نتعلم من مجاميع على كل الأسر متى يفيد التخزين الشبكة؛ ولا يُرى استهلاك أسرة بعينها."),
    ("zgh", "ⵙⴳ ⵉⵙⵎⵓⵏⵏ ⵏ ⵜⵡⴰⵛⵓⵏⵉⵏ ⴽⵓⵍⵍⵓ ⴷⴰ ⵏⵍⵎⵎⴷ ⵎⴰⵍⵎⵉ ⵔⴰⴷ ⵉⴰⵡⵙ ⵓⵃⵟⵟⵓ ⵉ ⵓⵥⵟⵟⴰ; ⵓⵔ ⴷⴰ ⵜⵜⵓⵥⵕⴰⵏⵜ ⵜⵉⵖⵔⵉⵡⵉⵏ ⵏ ⴽⵔⴰ ⵏ ⵢⴰⵏ."),
)
REPORTED: Mapping[str, tuple[int, str]] = {
    "teachers-trained": (400, "confirm"),
    "contribution-paid": (5, "confirm"),
    "site-energy": (108_000, "confirm"),
    "clean-share": (22, "confirm"),
    "funding-granted": (12, "confirm"),
    "farms-digital": (300, "confirm"),
    "institute-people": (20, "confirm"),
    "defenders-trained": (230, "confirm"),
    "clinics-connected": (4, "confirm"),
    "joint-protocols": (1, "confirm"),
    "water-lost": (26, "reject"),
    "institute-statutes": (1, ""),
    "investment-recorded": (40, ""),
    "research-hours": (5_000, ""),
}
"""What reports state, and what the verifier finds: an empty verdict waits at her desk."""
CLAIMED = {"partnerships-signed": 1}
DROPPED = ("world-institutions", "The two institutions went another way; the money goes to joint research with neighbours.")
SHARE = Fraction(1, 4)
NEXT = PLAN.read_text(encoding="utf-8").replace("version = 1\n", "version = 2\n", 1)
"""The next version of the plan, open for comments before it is adopted."""
DAYS_OPEN = 30


def carry_on(folder: Path, earlier: Earlier) -> None:
    """From the adoption to what everybody can see of it. All three datasets serve."""
    service = open_service(folder)
    try:
        for name in ("Invented Ministry of Digital Transition", "Invented Ministry of Agriculture"):
            service.people.add_organisation(None, name=name, kind=OrganisationKind.AUTHORITY)
        owners = {
            organisation: person(service, name, organisation=organisation, roles=(Role.PLANNER, Role.RESEARCHER))
            for name, organisation in OWNERS
        }
        custodians = {
            dataset: person(service, name, organisation=organisation, roles=(Role.CUSTODIAN,)) for name, organisation, dataset in CUSTODIANS
        } | {"school": earlier.custodian}
        plan = service.programme.adopt(earlier.judges[2], content=PLAN.read_bytes())
        _permit_start_up(service, earlier, custodians["meters"])
        _measure(service, plan, owners, permits=_permits(service, earlier, owners, custodians))
        _report(service, plan, owners, folder=folder / "reports")
        commitment, reasons = DROPPED
        service.programme.drop(earlier.judges[2], commitment=commitment, reasons=reasons)
        until = service.now().date() + timedelta(days=DAYS_OPEN)
        service.consultations.open(earlier.judges[2], content=NEXT.encode(), until=until)
    finally:
        service.close()


def _permits(service: Service, earlier: Earlier, owners: Mapping[str, Asker], custodians: Mapping[str, Asker]) -> dict[str, PermitId]:
    """One project of all owners for each dataset, for its own purposes, with a permit."""
    applicant, *members = owners.values()
    until, permits = datetime.now(UTC) + timedelta(days=1_000), dict[str, PermitId]()
    for dataset, custodian in custodians.items():
        application = Application(
            title=TITLE,
            lay_summary=SUMMARY,
            purposes=PURPOSES[dataset],
            datasets=(dataset,),
            ends_on=until,
            ethics_reference="Invented Ethics Board, 2026-14",
            answers=(("clinic", ANSWERS),) if dataset == "clinic" else (),
        )
        project = approved(service, applicant, application, judges=earlier.judges, members=members)
        permits[dataset] = permitted(service, applicant, custodian, project=project, dataset=dataset, share=SHARE)
    return permits


def _permit_start_up(service: Service, earlier: Earlier, custodian: Asker) -> None:
    service.people.add_organisation(None, name=START_UP, kind=OrganisationKind.COMPANY)
    founder = person(service, "Ilyas", organisation=START_UP, roles=(Role.RESEARCHER,))
    until = datetime.now(UTC) + timedelta(days=1_000)
    application = Application(
        title=START_UP_TITLE,
        lay_summary=START_UP_SUMMARY,
        purposes=("GRU", "dpv:ResearchAndDevelopment"),
        datasets=("meters",),
        ends_on=until,
    )
    project = approved(service, founder, application, judges=earlier.judges)
    permitted(service, founder, custodian, project=project, dataset="meters", share=Fraction(1, 20))


def _measure(service: Service, plan: Plan, owners: Mapping[str, Asker], *, permits: Mapping[str, PermitId]) -> None:
    """Every private figure of the plan, by whoever owns its commitment."""
    for commitment, indicator in plan.indicators():
        if isinstance(indicator.method, PrivateFigure):
            service.private_figures.measure(owners[commitment.owner], indicator=indicator.id, permit=permits[indicator.method.dataset])


def _report(service: Service, plan: Plan, owners: Mapping[str, Asker], *, folder: Path) -> None:
    """Reports and claims, and what verifiers of other organisations find."""
    verifiers = [person(service, name, organisation=organisation, roles=(Role.VERIFIER,)) for name, organisation in VERIFIERS]
    folder.mkdir()
    on = service.now().date() - timedelta(days=20)
    owner_of = {indicator.id: commitment.owner for commitment, indicator in plan.indicators()}
    for name, (value, verdict) in REPORTED.items():
        file = folder / f"{name}.txt"
        file.write_text(f"Invented report, of no real country.\n{name}: {value}, as of {on.isoformat()}.\n", encoding="utf-8")
        digest = hashlib.sha256(file.read_bytes()).hexdigest()
        shown = Shown(sha256=digest, title=f"Report: {name}", link="")
        stated = Stated(indicator=name, on=on, value=Fraction(value), shown=shown, note="")
        evidence = service.programme.state(owners[owner_of[name]], stated=stated)
        if verdict:
            verifier = next(each for each in verifiers if service.people.organisation(owner_of[name]).id != each.person.organisation)
            reasons = "The report shows this figure." if verdict == "confirm" else "The report shows another figure for that day."
            service.programme.verify(verifier, evidence=evidence, verdict=verdict, reasons=reasons, sha256=digest)
    for name, value in CLAIMED.items():
        stated = Stated(indicator=name, on=on, value=Fraction(value), shown=None, note="")
        service.programme.state(owners[owner_of[name]], stated=stated)
